"""Which tasks a question is about: days, a project and a person out of a request's address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Protocol, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Query

from server_stub.analytics.queries import Asked
from server_stub.core import access
from server_stub.core.deps import CallerDep, Read
from server_stub.core.problems import ProblemError
from server_stub.people import service as people
from tracker.domain.ids import is_uuid
from tracker.domain.instants import end_of_day
from tracker.domain.reading import Bad, Reader


class Numbered(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int: ...


_T = TypeVar("_T", bound=Numbered)
Text = Annotated[str | None, Query(max_length=100)]


def get_asked(
    caller: CallerDep,
    conn: Read,
    first: Annotated[str | None, Query(alias="from", max_length=100)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=100)] = None,
    project_id: Text = None,
    person: Text = None,
) -> Asked:
    """For admins and owners. `from` and `to` are days of the tenant's zone, both in the period;
    `project_id` and `person` are ids or numbers. E2004 and E2006 for what cannot be read, E5006 and
    E5007 for what is not there."""
    access.require_admin(caller)
    since, until = _day("from", first), _day("to", last)
    if since is not None and until is not None and until < since:
        raise ProblemError("E2004", "It is before the first day.", "to")
    zone = ZoneInfo(caller.zone)
    before = None if since is None else (since - timedelta(days=1)).isoformat()
    projects = None if project_id is None else people.projects(conn, caller.tenant_id)
    persons = None if person is None else people.people(conn, caller.tenant_id)
    return Asked(
        since=None if before is None else end_of_day(before, zone) + 1,
        until=None if until is None else end_of_day(until.isoformat(), zone),
        project_id=None if projects is None else _find(projects, project_id, "project_id").id,
        user_ids=None if persons is None else (_find(persons, person, "person").id,),
    )


def _day(name: str, text: str | None) -> date | None:
    try:
        found = Reader({name: text}).date(name)
    except Bad as bad:
        raise ProblemError.of(bad.refusal) from None
    return None if found is None else date.fromisoformat(found)


_UNKNOWN = {"project_id": "E5007", "person": "E5006"}


def _find(rows: Sequence[_T], ref: str | None, name: str) -> _T:
    text = ref or ""
    is_number = text.isascii() and text.isdigit() and len(text) < 16
    if not is_number and not is_uuid(text):
        raise ProblemError("E2006", field=name)
    for row in rows:
        if row.id == text or (is_number and row.number == int(text)):
            return row
    raise ProblemError(_UNKNOWN[name], field=name)


AskedDep = Annotated[Asked, Depends(get_asked, scope="function")]
