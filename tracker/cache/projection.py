"""What screens show: confirmed rows with this device's own actions replayed on top.

Nothing is ever rolled back by hand: a refused action is one entry fewer to replay.
"""

from __future__ import annotations

from collections.abc import Container, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from enum import StrEnum

from tracker.cache.confirmed import Brief, Confirmed, Rows
from tracker.cache.outbox import Outbox
from tracker.domain.access import Actor
from tracker.domain.change import NAME_PEOPLE, NAME_PROJECTS, TASK_KINDS, Action, Kind
from tracker.domain.overtaken import Overtaken, overtaken
from tracker.domain.replay import Applied, Context, decide
from tracker.domain.task import Assignment, Comment, HistoryEntry, Task, TaskState

_MOST_IDS = 1_000
"""Above this many own changes a list reads all: a statement takes only so many ids."""


class Mark(StrEnum):
    """What a card says about its changes."""

    SAVED = "saved"
    WAITING = "waiting"
    REJECTED = "needs attention"


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as it is shown, with the people on it and the state of this device's changes."""

    task: Task
    people: tuple[Assignment, ...]
    mark: Mark

    @property
    def state(self) -> TaskState:
        return TaskState(self.task, {row.user_id: row for row in self.people})


@dataclass(frozen=True, slots=True)
class Trail:
    """The history and comments of one task; what still waits comes last, without received_at."""

    history: tuple[HistoryEntry, ...]
    comments: tuple[Comment, ...]


class Projection:
    """Reads the two files in the one safe order: rows and cursor first, the outbox after them.
    The other way round an action could be missing from both."""

    def __init__(self, confirmed: Confirmed, outbox: Outbox, actor: Actor) -> None:
        self._confirmed = confirmed
        self._outbox = outbox
        self._actor = actor

    def views(self, ids: Sequence[str] | None = None) -> dict[str, TaskView]:
        """All tasks, or those of `ids` that exist."""
        rows = self._rows(ids)
        shown = self._replay(rows, ids)
        tray = [entry.action for entry in self._outbox.tray()]
        rejected = {action.task_id for action in tray if action.kind in TASK_KINDS}
        return {
            task_id: TaskView(
                state.task,
                tuple(state.people.values()),
                Mark.REJECTED
                if task_id in rejected
                else Mark.WAITING
                if task_id in shown.pending
                else Mark.SAVED,
            )
            for task_id, state in shown.states.items()
        }

    def listing(self) -> list[tuple[Brief, Mark]]:
        """The tasks of `views` by number, without what a list does not show. Only those with own
        changes are replayed: 10,000 tasks take 25 ms, as views 130 ms."""
        briefs, position = self._confirmed.briefs()
        done = [action for action, _ in self._outbox.overlay(position.epoch, position.seq)]
        done += [entry.action for entry in self._outbox.tray()]
        own = {action.task_id for action in done if action.kind in TASK_KINDS}
        if not own:
            return [(brief, Mark.SAVED) for brief in briefs]
        views = self.views(sorted(own) if len(own) < _MOST_IDS else None)
        listed = [(brief, Mark.SAVED) for brief in briefs if brief.id not in own]
        listed += [
            (Brief(*(getattr(view.task, name) for name in Brief._fields)), view.mark)
            for task_id, view in views.items()
            if task_id in own
        ]
        return sorted(listed, key=lambda line: line[0].number)

    def trail(self, task_id: str) -> Trail:
        rows = self._rows([task_id])
        history = self._confirmed.history(task_id)
        comments = self._confirmed.comments(task_id)
        known_ops = {entry.op_id for entry in history}
        known_comments = {comment.id for comment in comments}
        for action, applied in self._replay(rows, [task_id]).steps:
            if action.op_id not in known_ops:
                history.append(_pending_entry(action, applied, self._actor.user_id))
            if applied.comment and applied.comment.id not in known_comments:
                comments.append(replace(applied.comment, received_at=0))
        return Trail(tuple(history), tuple(comments))

    def named_by(self, kinds: Set[Kind]) -> tuple[Container[str], Container[str]]:
        """The ids of people and of projects that deciding about these kinds needs."""
        return (
            self._confirmed.people() if kinds & NAME_PEOPLE else (),
            self._confirmed.projects() if kinds & NAME_PROJECTS else (),
        )

    def overtaken(self, history: Sequence[HistoryEntry]) -> Overtaken | None:
        """What a change by this device replaced unseen, in the history of a task. Only the device
        that did it has the receipt which says so: it is no part of what all devices show alike."""
        own = self._outbox.delivered_of(entry.op_id for entry in history if entry.op_id)
        return overtaken(history, own)

    def _rows(self, ids: Sequence[str] | None) -> Rows:
        """An action whose answer was lost may be in the rows without a receipt here; the history
        that came with them tells."""
        epoch = self._confirmed.position().epoch
        return self._confirmed.rows(ids, self._outbox.on_the_way(epoch, ids))

    def _replay(self, rows: Rows, ids: Sequence[str] | None) -> _Replayed:
        """Own actions the rows cannot contain yet, on top of them. One with a receipt is left out
        as soon as the row's version or the cursor has reached it."""
        states = {
            task_id: TaskState(task, rows.people.get(task_id, {}))
            for task_id, task in rows.tasks.items()
        }
        done = _Replayed(states, set(), [])
        waiting = self._outbox.overlay(rows.position.epoch, rows.position.seq, ids)
        own = [(action, given) for action, given in waiting if action.kind in TASK_KINDS]
        if not own:
            return done
        people, projects = self.named_by({action.kind for action, _ in own})
        zone = zone_named(rows.position.zone)
        for action, receipt in own:
            row = rows.tasks.get(action.task_id)
            comparable = receipt is not None and receipt.epoch == rows.position.epoch
            if receipt and comparable and row and row.version >= receipt.task_version:
                continue
            if receipt is None:
                done.pending.add(action.task_id)
            if action.op_id in rows.ops:
                continue
            if action.task_id in rows.stubs:  # not even what made it is shown
                continue
            now = action.made_at + (action.clock_offset or 0)
            context = Context(now, zone, people, projects)
            decided = decide(states.get(action.task_id), action, self._actor, context)
            if isinstance(decided, Applied):
                states[action.task_id] = decided.state
                done.steps.append((action, decided))
        return done


@dataclass(frozen=True, slots=True)
class _Replayed:
    """Tasks as they are shown, those with changes that wait, and what was replayed, in order."""

    states: dict[str, TaskState]
    pending: set[str]
    steps: list[tuple[Action, Applied]]


def zone_named(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # 3 ms that a list does not need

    return ZoneInfo(name)


def _pending_entry(action: Action, applied: Applied, user_id: str) -> HistoryEntry:
    fact = applied.fact
    return HistoryEntry(
        id=action.op_id,
        task_id=action.task_id,
        user_id=user_id,
        event=Kind(fact.event),
        before=fact.before,
        after=fact.after,
        note=fact.note,
        made_at=action.made_at + (action.clock_offset or 0),
        received_at=None,
        op_id=action.op_id,
    )
