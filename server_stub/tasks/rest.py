"""`/api/v1/tasks`, and the same under the older `/api/tasks`: tasks themselves, lists and sums."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy.engine import Connection

from server_stub.core import access, feed
from server_stub.core.auth import Caller
from server_stub.core.deps import CallerDep, Read, State
from server_stub.core.preconditions import is_known
from server_stub.core.problems import ProblemError, StrictRoute
from server_stub.core.state import ServerState
from server_stub.people import service as people
from server_stub.sync.once import Key
from server_stub.tasks import counting, etags, finding, listing, planning, printing
from server_stub.tasks.acting import Ask, Desk, DeskDep, act
from tracker.domain.change import Kind
from tracker.protocol.rest import (
    ListQuery,
    NewTask,
    PageQuery,
    PrintedTask,
    TaskChange,
    TaskList,
    TaskStats,
)

rest = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], route_class=StrictRoute)
older = APIRouter(prefix="/api/tasks", tags=["tasks"], route_class=StrictRoute)

IfNoneMatch = Annotated[str | None, Header(max_length=10_000)]
EVERYBODY = "all"


@rest.post("", status_code=201, response_model=PrintedTask)
@older.post("", status_code=201, response_model=PrintedTask)
def create(body: NewTask, state: State, caller: CallerDep, key: Key = None) -> Response:
    """A new task. Employees make tasks for themselves, or for nobody yet."""
    content = body.model_dump(exclude_unset=True)
    ask = Ask(Kind.CREATE_TASK, content, lambda scene: planning.creation(scene, body), status=201)
    return act(Desk(state, caller, key), None, ask)


@rest.get("", response_model=TaskList)
@older.get("", response_model=TaskList)
def list_tasks(
    query: Annotated[ListQuery, Query()],
    state: State,
    caller: CallerDep,
    conn: Read,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Employees see what they are on or made, admins the tenant."""
    return _list(state, caller, conn, query, if_none_match)


@rest.get("/overdue", response_model=TaskList)
def overdue(
    query: Annotated[PageQuery, Query()],
    state: State,
    caller: CallerDep,
    conn: Read,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """What should have been finished by now, the longest overdue first."""
    wanted = ListQuery(overdue=True, sort="due", cursor=query.cursor, limit=query.limit)
    return _list(state, caller, conn, wanted, if_none_match)


@rest.get("/lead/{lead_ref}", response_model=TaskList)
def of_lead(
    lead_ref: str,
    query: Annotated[PageQuery, Query()],
    state: State,
    caller: CallerDep,
    conn: Read,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The tasks of a lead, by its UUID. E5070 where none is shared with the caller."""
    wanted = ListQuery(lead_id=lead_ref[:40], cursor=query.cursor, limit=query.limit)
    return _list(state, caller, conn, wanted, if_none_match, empty="E5070")


@rest.get("/stats", response_model=TaskStats)
def stats(
    state: State,
    caller: CallerDep,
    conn: Read,
    user_id: Annotated[str | None, Query(max_length=40)] = None,
) -> TaskStats:
    """Of what the caller has to do. Admins may ask for anybody by number or UUID, or for `all`."""
    now = state.now()
    if user_id == EVERYBODY:
        access.require_admin(caller)
        return counting.stats(conn, caller.tenant_id, None, now)
    person = caller.user_id
    if user_id is not None:
        person = _whose(conn, caller, user_id)
    ((_, number),) = printing.people_numbers(conn, caller.tenant_id, [person]).items()
    return counting.stats(conn, caller.tenant_id, (person, number), now)


def _whose(conn: Connection, caller: Caller, ref: str) -> str:
    """E1005 for an employee who asks for somebody else, be they there or not."""
    if caller.actor.is_admin:
        return finding.person_id(conn, caller.tenant_id, ref, "user_id")
    (own,) = people.people(conn, caller.tenant_id, [caller.user_id])
    if ref not in (own.id, str(own.number)):
        raise ProblemError("E1005", field="user_id")
    return own.id


@rest.get("/{task_ref}", response_model=PrintedTask)
@older.get("/{task_ref}", response_model=PrintedTask)
def one(
    task_ref: str,
    state: State,
    caller: CallerDep,
    conn: Read,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """By number or UUID, also an archived one."""
    now = state.now()
    found = finding.seen(conn, caller.tenant_id, caller.actor, task_ref)
    tag = etags.of_task(feed.look(conn, caller.tenant_id).epoch, found.task, now)
    if is_known(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    (printed,) = printing.tasks(conn, caller.tenant_id, [found], now)
    return _json(printed.model_dump_json(), tag)


@rest.put("/{task_ref}", response_model=PrintedTask)
@older.put("/{task_ref}", response_model=PrintedTask)
def change(task_ref: str, body: TaskChange, desk: DeskDep) -> Response:
    """What the body names is as it says afterwards, all of it or nothing."""
    said = desk.said(body.notes, body.occupancy_status)
    content = body.model_dump(exclude_unset=True)
    return act(desk, task_ref, Ask("put", content, lambda s: planning.change(s, body, said)))


@rest.delete("/{task_ref}", response_model=PrintedTask)
def remove(task_ref: str, desk: DeskDep) -> Response:
    """Cancels an open task and archives it; nothing is ever deleted."""
    return act(desk, task_ref, Ask("delete", {}, planning.removal))


def _list(
    state: ServerState,
    caller: Caller,
    conn: Connection,
    query: ListQuery,
    if_none_match: str | None,
    empty: str | None = None,
) -> Response:
    now = state.now()
    found, following = listing.page(conn, state.signer, caller, query, now)
    if empty and not found and query.cursor is None:
        raise ProblemError(empty)
    epoch = feed.look(conn, caller.tenant_id).epoch
    tags = [f"{one.task.number}:{etags.of_task(epoch, one.task, now)}" for one in found]
    tag = etags.of_list(tags, following)
    if is_known(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    printed = TaskList(tasks=printing.tasks(conn, caller.tenant_id, found, now), next=following)
    return _json(printed.model_dump_json(), tag)


def _json(body: str, tag: str) -> Response:
    return Response(body, headers={"ETag": tag}, media_type="application/json")
