"""What the sections of the detail pane say, as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tracker.cache.projection import TaskView
from tracker.domain.task import Comment, HistoryEntry, TimeEntry
from tracker.services import wording
from tracker.services.board import Board
from tracker.services.details import LATE_MS, Details
from tracker.services.freshness import freshness
from tracker.ui.widgets.rows import Row

Open = Callable[[str], None]
NOT_SHARED = "A task that is not shared with you"


def about(found: Details, board: Board, now: int) -> list[str]:
    """The lines under the title."""
    task = found.view.task
    first = [
        wording.STATUS_WORDS[task.status],
        f"{task.shown_progress} %",
        f"{task.priority.value.lower()} priority",
        board.project_of(task),
    ]
    made = f"Made by {board.name_of(task.created_by)}, {wording.clock(task.created_at, now)}"
    lines = [" · ".join(part for part in first if part), f"{made} · number {task.number}"]
    if not task.number:
        lines[1] = f"{made} · gets its number when it is sent"
    if found.parent is not None:
        lines.append(f"Part of: {found.parent.task.title}")
    if task.completion_notes:
        lines.append(f"Done: “{task.completion_notes}”")
    if task.quality_rating:
        lines.append(f"Rated {task.quality_rating} of 5")
    return lines


def people(found: Details, board: Board, now: int, *, ages: bool = False) -> list[Row]:
    """`ages`: with how fresh the data of each of them is, which admins see."""
    rows = []
    for row in sorted(found.view.people, key=lambda one: (one.part.value, one.user_id)):
        said = [row.part.value.capitalize()]
        if row.percent != 100:
            said.append(f"{row.percent} %")
        if row.completed_at is not None:
            said.append(f"done {wording.clock(row.completed_at, now)}")
        elif row.accepted_at is not None:
            said.append(f"accepted {wording.clock(row.accepted_at, now)}")
        lines = [("", ", ".join(said))]
        if ages:
            fresh = freshness(board.presence.get(row.user_id), now)
            lines.append(("", fresh.said().capitalize()))
        rows.append(Row(row.user_id, board.name_of(row.user_id), lines))
    return rows


def _brief(view: TaskView) -> str:
    task = view.task
    return f"{wording.STATUS_WORDS[task.status]}, {task.shown_progress} %"


def children(found: Details, go: Open) -> list[Row]:
    return [
        Row(
            view.task.id,
            view.task.title,
            [("", _brief(view))],
            [("Open", lambda task_id=view.task.id: go(task_id))],  # type: ignore[misc]
        )
        for view in found.children
    ]


def needs(found: Details, go: Open, part: Open | None) -> list[Row]:
    """`part` takes a task off; None where the person may not."""
    rows = []
    for needs_id, view in found.needs:
        buttons: list[tuple[str, Callable[[], None]]] = []
        if view is not None:
            buttons.append(("Open", lambda one=needs_id: go(one)))  # type: ignore[misc]
        if part is not None:
            buttons.append(("Remove", lambda one=needs_id: part(one)))  # type: ignore[misc]
        title = view.task.title if view else NOT_SHARED
        rows.append(Row(needs_id, title, [("", _brief(view))] if view else [], buttons))
    return rows


def time(entries: Sequence[TimeEntry], board: Board, now: int) -> list[Row]:
    """The newest first."""
    rows = []
    for entry in sorted(entries, key=lambda one: one.made_at, reverse=True):
        when = wording.clock(entry.started_at or entry.made_at, now)
        waits = "" if entry.received_at else " · waiting to be sent"
        who = f"{board.name_of(entry.user_id)} · {when}{waits}"
        words = wording.worked(entry.minutes)
        lines = [("", f"{words}: {entry.note}" if entry.note else words), ("", who)]
        rows.append(Row(entry.id, "", lines))
    return rows


def comments(
    found: Sequence[Comment],
    board: Board,
    now: int,
    edit: Callable[[Comment], None] | None,
    reply: Callable[[Comment], None] | None,
) -> list[Row]:
    """As they were written, the oldest first; answers name whom they answer. `edit` changes an own
    one, `reply` answers one; each is None where the person may not."""
    known = {comment.id: comment for comment in found}
    rows = []
    for comment in found:
        said = [board.name_of(comment.user_id), wording.clock(comment.made_at, now)]
        answered = known.get(comment.parent_id or "")
        if answered is not None:
            said.append(f"to {board.name_of(answered.user_id)}")
        said += ["changed"] if comment.edited_at else []
        said += [] if comment.received_at else ["waiting to be sent"]
        buttons: list[tuple[str, Callable[[], None]]] = []
        if edit is not None and comment.user_id == board.me:
            buttons.append(("Edit", lambda one=comment: edit(one)))  # type: ignore[misc]
        if reply is not None:
            buttons.append(("Reply", lambda one=comment: reply(one)))  # type: ignore[misc]
        lines = [("", comment.text), *(("", link) for link in comment.attachments)]
        rows.append(Row(comment.id, " · ".join(said), lines, buttons))
    return rows


def history(entries: Sequence[HistoryEntry], board: Board, now: int) -> list[Row]:
    """The newest first."""
    rows = []
    for entry in entries:
        what, who, note = said_of(entry, board, now)
        lines = [("", f"“{note}”")] if note else []
        rows.append(Row(f"{entry.id} {entry.op_id}", what, [*lines, ("", who)]))
    return rows


def said_of(entry: HistoryEntry, board: Board, now: int) -> tuple[str, str, str]:
    """What happened, who did it when, and the note, in words."""
    who = f"{board.name_of(entry.user_id)} · {wording.clock(entry.made_at, now)}"
    if entry.received_at is None:
        who += " · waiting to be sent"
    elif entry.received_at - entry.made_at > LATE_MS:
        later = wording.span(entry.received_at - entry.made_at)
        received = wording.clock(entry.received_at, now)
        who += f", received {received} · made offline, {later} later"
    return wording.happened(entry, board.names()), who, entry.note
