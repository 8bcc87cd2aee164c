"""Which tasks a question is about: days, a project, people out of a request's address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from sqlalchemy.engine import Connection

from server_stub.analytics.queries import Asked
from server_stub.core import access
from server_stub.core.deps import CallerDep, Read
from server_stub.core.problems import ProblemError
from server_stub.people import service as people
from tracker.domain import period
from tracker.domain.errors import InputError, Refusal
from tracker.domain.period import Period
from tracker.domain.task import Person, Project, Team

_T = TypeVar("_T", bound=Person | Project | Team)
Text = Annotated[str | None, Query(max_length=100)]


def get_users(
    caller: CallerDep, conn: Read, person: Text = None, team: Text = None
) -> tuple[str, ...] | None:
    """For admins and owners: whose work it is about, None for everybody's. `person` and `team` are
    ids or numbers; of both, who is that person and in that team. E2006 for what is neither, E5006
    and E5061 for what is not there."""
    access.require_admin(caller)
    if person is None and team is None:
        return None
    one = None if person is None else _find(conn, caller.tenant_id, person, "person", people.person)
    group = None if team is None else _find(conn, caller.tenant_id, team, "team", people.team)
    found = people.people(conn, caller.tenant_id) if one is None else [one]
    return tuple(one.id for one in found if group is None or one.team_id == group.id)


UsersDep = Annotated[tuple[str, ...] | None, Depends(get_users, scope="function")]


def get_period(
    caller: CallerDep,
    first: Annotated[str | None, Query(alias="from", max_length=100)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=100)] = None,
) -> Period:
    """For admins and owners: `from` and `to` are days of the tenant's zone, both in the period.
    E2004 for what cannot be read."""
    access.require_admin(caller)
    found = period.read(first, last)
    if isinstance(found, Refusal):
        raise ProblemError.of(found)
    return found


PeriodDep = Annotated[Period, Depends(get_period, scope="function")]


def get_asked(
    caller: CallerDep, conn: Read, users: UsersDep, asked: PeriodDep, project_id: Text = None
) -> Asked:
    """`project_id` is an id or a number: E2006 for what is neither, E5007 for a project that is not
    there."""
    zone, project = ZoneInfo(caller.zone), None
    if project_id is not None:
        project = _find(conn, caller.tenant_id, project_id, "project_id", people.project)
    return Asked(
        since=asked.since(zone),
        until=asked.until(zone),
        project_id=None if project is None else project.id,
        user_ids=users,
    )


AskedDep = Annotated[Asked, Depends(get_asked, scope="function")]


def _find(
    conn: Connection,
    tenant_id: str,
    ref: str,
    name: str,
    find: Callable[[Connection, str, str], _T],
) -> _T:
    """What it finds; a refusal names the parameter."""
    try:
        return find(conn, tenant_id, ref)
    except InputError as error:
        raise ProblemError(error.code, error.info, name) from None
