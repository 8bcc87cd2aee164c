"""Which tasks a question is about: days, a project, people out of a request's address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from sqlalchemy.engine import Connection

from server_stub.analytics.queries import Asked
from server_stub.core import access
from server_stub.core.deps import CallerDep, Read
from server_stub.core.problems import ProblemError
from server_stub.people import service as people
from tracker.domain.errors import InputError
from tracker.domain.instants import end_of_day
from tracker.domain.reading import Bad, Reader
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


def get_asked(
    caller: CallerDep,
    conn: Read,
    users: UsersDep,
    first: Annotated[str | None, Query(alias="from", max_length=100)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=100)] = None,
    project_id: Text = None,
) -> Asked:
    """`from` and `to` are days of the tenant's zone, both in the period; `project_id` is an id or a
    number. E2004 and E2006 for what cannot be read, E5007 for a project that is not there."""
    since, until = _day("from", first), _day("to", last)
    if since is not None and until is not None and until < since:
        raise ProblemError("E2004", "It is before the first day.", "to")
    zone, project = ZoneInfo(caller.zone), None
    if project_id is not None:
        project = _find(conn, caller.tenant_id, project_id, "project_id", people.project)
    before = None if since is None else (since - timedelta(days=1)).isoformat()
    return Asked(
        since=None if before is None else end_of_day(before, zone) + 1,
        until=None if until is None else end_of_day(until.isoformat(), zone),
        project_id=None if project is None else project.id,
        user_ids=users,
    )


AskedDep = Annotated[Asked, Depends(get_asked, scope="function")]


def _day(name: str, text: str | None) -> date | None:
    try:
        found = Reader({name: text}).date(name)
    except Bad as bad:
        raise ProblemError.of(bad.refusal) from None
    return None if found is None else date.fromisoformat(found)


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
