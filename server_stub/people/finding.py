"""People, projects and teams by what a path calls them."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy.engine import Connection

from server_stub.people.queries import Register
from tracker.domain.errors import InputError
from tracker.domain.ids import is_uuid
from tracker.domain.task import Person, Project, Team

_T = TypeVar("_T", bound=Person | Project | Team)


def find(conn: Connection, tenant_id: str, register: Register[_T], ref: str) -> _T:
    """By UUID or by number. E2006 for what is neither; for what is not there, or is another
    tenant's, E5006, E5007 or E5061."""
    if ref.isascii() and ref.isdigit() and len(ref) < 16:
        found = register.numbered(conn, tenant_id, int(ref))
    elif is_uuid(ref):
        found = next(iter(register.rows(conn, tenant_id, [ref])), None)
    else:
        raise InputError("E2006", field=f"{register.word}_ref")
    if found is None:
        raise InputError(_UNKNOWN[register.word])
    return found


_UNKNOWN = {"person": "E5006", "project": "E5007", "team": "E5061"}
