"""`/api/v1/tasks/{id}/…`: what is done with a task, one action each."""

from __future__ import annotations

from fastapi import APIRouter, Response

from server_stub.core.problems import StrictRoute
from server_stub.tasks import finding
from server_stub.tasks.acting import Ask, DeskDep, Scene, Step, act, once
from tracker.domain.change import Kind
from tracker.protocol.rest import Move, NewPart, PrintedTask, Rating
from tracker.protocol.tasks import ProgressUpdate

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], route_class=StrictRoute)


def _move(kind: Kind, description: str) -> None:
    def move(task_ref: str, desk: DeskDep, body: Move | None = None) -> Response:
        body = body or Move()
        return act(desk, task_ref, once(kind, desk.said(body.notes, body.occupancy_status)))

    router.add_api_route(
        f"/{{task_ref}}/{kind}",
        move,
        methods=["POST"],
        name=kind,
        description=description,
        response_model=PrintedTask,
    )


_move(Kind.START, "Begins a pending task.")
_move(Kind.HOLD, "Lays the task aside.")
_move(Kind.RESUME, "Goes on with a task that was on hold.")
_move(Kind.COMPLETE, "Completes the task; progress becomes 100.")
_move(Kind.CANCEL, "The task is not to be done.")
_move(Kind.REOPEN, "Goes on with a finished task; progress is what it was before, 99 at most.")
_move(Kind.ARCHIVE, "Puts a finished task away.")


@router.post("/{task_ref}/progress", response_model=PrintedTask)
def progress(task_ref: str, body: ProgressUpdate, desk: DeskDep) -> Response:
    """Above 0 starts the task, 100 completes it."""
    said = desk.said(body.notes, body.occupancy_status)
    args = {"percent": body.progress_percentage, **said}
    return act(desk, task_ref, once(Kind.SET_PROGRESS, args, {"percent": "progress_percentage"}))


@router.post("/{task_ref}/accept", response_model=PrintedTask)
def accept(task_ref: str, desk: DeskDep) -> Response:
    """The caller takes on what they were assigned."""
    return act(desk, task_ref, once(Kind.ACCEPT, {}))


@router.post("/{task_ref}/rating", response_model=PrintedTask)
def rate(task_ref: str, body: Rating, desk: DeskDep) -> Response:
    """How well a completed task was done, 1 to 5: by its reviewers and by admins."""
    return act(desk, task_ref, once(Kind.RATE, {"rating": body.rating, "note": body.notes}))


@router.post("/{task_ref}/assign", response_model=PrintedTask)
def assign(task_ref: str, body: NewPart, desk: DeskDep) -> Response:
    """Puts a person on the task, or gives them another part or share."""

    def plan(scene: Scene) -> list[Step]:
        user_id = finding.person_id(scene.conn, scene.tenant.id, body.user_id, "user_id")
        args = {"user_id": user_id, "part": body.part.upper(), "percent": body.percent}
        return [Step(Kind.ASSIGN, args)]

    return act(desk, task_ref, Ask(Kind.ASSIGN, body.model_dump(exclude_unset=True), plan))


@router.delete("/{task_ref}/assign/{user_ref}", response_model=PrintedTask)
def unassign(task_ref: str, user_ref: str, desk: DeskDep) -> Response:
    """Takes a person off the task."""

    def plan(scene: Scene) -> list[Step]:
        user_id = finding.person_id(scene.conn, scene.tenant.id, user_ref, "user_id")
        return [Step(Kind.UNASSIGN, {"user_id": user_id})]

    return act(desk, task_ref, Ask(Kind.UNASSIGN, {"user_id": user_ref}, plan))
