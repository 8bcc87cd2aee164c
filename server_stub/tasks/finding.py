"""What a request calls things by, a number or a UUID, as the ids that everything else uses."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from server_stub.core.problems import ProblemError
from server_stub.people import service as people
from server_stub.tasks import queries
from tracker.domain.access import Actor, may_see
from tracker.domain.ids import is_uuid
from tracker.domain.task import TaskState

Ref = int | str


def _number(ref: Ref) -> int | None:
    if isinstance(ref, int):
        return ref
    # Other alphabets have digits, too; and no number is so long.
    return int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 16 else None


def task_id(conn: Connection, tenant_id: str, ref: str) -> str:
    """The task in a path. An unknown number is E5001, like any task the caller cannot see; E2006
    for what is neither number nor UUID."""
    number = _number(ref)
    if number is None:
        if not is_uuid(ref):
            raise ProblemError("E2006", field="task_id")
        return ref
    found = queries.id_of_number(conn, tenant_id, number)
    if found is None:
        raise ProblemError("E5001")
    return found


def seen(conn: Connection, tenant_id: str, actor: Actor, ref: str) -> TaskState:
    """The task in a path, with its people. E5001 for one that the caller may not see."""
    found_id = task_id(conn, tenant_id, ref)
    found = queries.states(conn, tenant_id, [found_id]).get(found_id)
    if found is None or not may_see(actor, found[0]):
        raise ProblemError("E5001")
    return found[0]


def other_task_id(
    conn: Connection, tenant_id: str, ref: Ref, field: str, code: str = "E5030"
) -> str:
    """A task that a request names beside its own; `code` for a number that there is not."""
    number = _number(ref)
    if number is None:
        return _uuid(ref, field)
    found = queries.id_of_number(conn, tenant_id, number)
    if found is None:
        raise ProblemError(code, field=field)
    return found


def person_id(conn: Connection, tenant_id: str, ref: Ref, field: str) -> str:
    """E5006 for a person that is not in the tenant."""
    number = _number(ref)
    wanted = _uuid(ref, field) if number is None else None
    for person in people.people(conn, tenant_id):
        if person.id == wanted or person.number == number:
            return person.id
    raise ProblemError("E5006", field=field)


def project_id(conn: Connection, tenant_id: str, ref: Ref, field: str) -> str:
    """E5007 for a project that is not in the tenant."""
    number = _number(ref)
    wanted = _uuid(ref, field) if number is None else None
    for project in people.projects(conn, tenant_id):
        if project.id == wanted or project.number == number:
            return project.id
    raise ProblemError("E5007", field=field)


def _uuid(ref: Ref, field: str) -> str:
    if not is_uuid(ref):
        raise ProblemError("E2006", field=field)
    return str(ref)
