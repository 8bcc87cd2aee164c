"""What hangs on a task: `/api/v1/tasks/{id}/comments`, `…/time` and `…/dependencies`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from server_stub.core import auth
from server_stub.core.auth import Caller
from server_stub.core.deps import CallerDep, Read, State
from server_stub.core.problems import StrictRoute
from server_stub.core.state import ServerState
from server_stub.tasks import finding, planning, printing
from server_stub.tasks.acting import Ask, DeskDep, Scene, Step, act, once
from server_stub.tasks.listing import Bookmark
from server_stub.tasks.rows import COMMENTS, TIME_ENTRIES
from tracker.domain.change import Kind
from tracker.domain.task import Comment, TaskState, TimeEntry
from tracker.protocol.rest import (
    CommentList,
    Needed,
    Needs,
    NewComment,
    NewWords,
    PageQuery,
    PrintedComment,
    PrintedTask,
    PrintedTime,
    TimeList,
    TimeWorked,
)

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], route_class=StrictRoute)

_BEGINNING = (-1, "")


def _place(state: ServerState, caller: Caller, what: str, found: TaskState) -> Bookmark:
    return Bookmark(state.signer, caller, what, found.task.id)


def _after(bookmark: Bookmark, query: PageQuery) -> tuple[int, str]:
    place = bookmark.read(query.cursor)
    return (place[0], place[1]) if place is not None else _BEGINNING


def _next(bookmark: Bookmark, rows: list[Comment] | list[TimeEntry], limit: int) -> str | None:
    """Of rows of which one more than `limit` was read."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return bookmark.text([last.received_at, last.id])


@router.get("/{task_ref}/comments")
def comments(
    task_ref: str,
    query: Annotated[PageQuery, Query()],
    state: State,
    caller: CallerDep,
    conn: Read,
) -> CommentList:
    """The oldest first."""
    found = finding.seen(conn, caller.tenant_id, caller.actor, task_ref)
    bookmark = _place(state, caller, "comments", found)
    after = _after(bookmark, query)
    rows = COMMENTS.page(conn, caller.tenant_id, found.task.id, after, query.limit + 1)
    printed = printing.comments(conn, caller.tenant_id, found.task, rows[: query.limit])
    return CommentList(comments=printed, next=_next(bookmark, rows, query.limit))


@router.post("/{task_ref}/comments", status_code=201, response_model=PrintedComment)
def comment(task_ref: str, body: NewComment, desk: DeskDep) -> Response:
    """Says something about the task, or in answer to a comment. Attachments are addresses."""
    comment_id = auth.new_id(desk.state.now())
    content = body.model_dump(exclude_unset=True)
    step = Step(Kind.COMMENT, {**content, "comment_id": comment_id})
    show = partial(_shown_comment, comment_id=comment_id)
    return act(desk, task_ref, Ask(Kind.COMMENT, content, lambda _: [step], show, 201))


@router.put("/{task_ref}/comments/{comment_ref}", response_model=PrintedComment)
def reword(task_ref: str, comment_ref: str, body: NewWords, desk: DeskDep) -> Response:
    """Other words in one's own comment; the audit trail keeps both. E5035, E5036."""
    args = {"comment_id": comment_ref, "text": body.text}
    show = partial(_shown_comment, comment_id=comment_ref)
    return act(desk, task_ref, replace(once(Kind.EDIT_COMMENT, args), show=show))


def _shown_comment(scene: Scene, comment_id: str) -> PrintedComment:
    rows = COMMENTS.named(scene.conn, scene.tenant.id, [comment_id])
    (printed,) = printing.comments(scene.conn, scene.tenant.id, scene.task, rows)
    return printed


@router.get("/{task_ref}/time")
def time_worked(
    task_ref: str,
    query: Annotated[PageQuery, Query()],
    state: State,
    caller: CallerDep,
    conn: Read,
) -> TimeList:
    """The oldest first."""
    found = finding.seen(conn, caller.tenant_id, caller.actor, task_ref)
    bookmark = _place(state, caller, "time", found)
    after = _after(bookmark, query)
    rows = TIME_ENTRIES.page(conn, caller.tenant_id, found.task.id, after, query.limit + 1)
    return TimeList(
        entries=printing.times(conn, caller.tenant_id, found.task, rows[: query.limit]),
        actual_duration_min=found.task.actual_minutes,
        next=_next(bookmark, rows, query.limit),
    )


@router.post("/{task_ref}/time", status_code=201, response_model=PrintedTime)
def log_time(task_ref: str, body: TimeWorked, desk: DeskDep) -> Response:
    """Minutes that the caller worked; below zero they correct an earlier entry."""
    entry_id = auth.new_id(desk.state.now())

    def plan(_: Scene) -> list[Step]:
        args: dict[str, Any] = {"minutes": body.minutes, "note": body.notes}
        if body.started_at is not None:
            args["started_at"] = planning.moment(body.started_at, "started_at")
        return [Step(Kind.LOG_TIME, {**args, "entry_id": entry_id})]

    def show(scene: Scene) -> PrintedTime:
        rows = TIME_ENTRIES.named(scene.conn, scene.tenant.id, [entry_id])
        (printed,) = printing.times(scene.conn, scene.tenant.id, scene.task, rows)
        return printed

    content = body.model_dump(exclude_unset=True)
    return act(desk, task_ref, Ask(Kind.LOG_TIME, content, plan, show, 201))


@router.get("/{task_ref}/dependencies")
def needs(task_ref: str, caller: CallerDep, conn: Read) -> Needs:
    """What the task waits for, finished or not."""
    found = finding.seen(conn, caller.tenant_id, caller.actor, task_ref)
    return Needs(needs=printing.needs(conn, caller.tenant_id, caller.actor, found.task))


@router.post("/{task_ref}/dependencies", response_model=PrintedTask)
def depend(task_ref: str, body: Needed, desk: DeskDep) -> Response:
    """The task waits for another one from now on. E5030, E5032."""
    return act(desk, task_ref, _relating(Kind.DEPEND, body.needs_id, "E5030"))


@router.delete("/{task_ref}/dependencies/{needs_ref}", response_model=PrintedTask)
def undepend(task_ref: str, needs_ref: str, desk: DeskDep) -> Response:
    """The task does not wait for that one any more. E5033 where it did not."""
    return act(desk, task_ref, _relating(Kind.UNDEPEND, needs_ref, "E5033"))


def _relating(kind: Kind, needs: int | str, unknown: str) -> Ask:
    def plan(scene: Scene) -> list[Step]:
        conn, tenant_id = scene.conn, scene.tenant.id
        found = finding.other_task_id(conn, tenant_id, needs, "needs_id", unknown)
        return [Step(kind, {"needs_id": found})]

    return Ask(kind, {"needs_id": needs}, plan)
