"""What screens show: confirmed rows with this device's own actions replayed on top.

Nothing is ever rolled back by hand: a refused action is one entry fewer to replay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING

from tracker.cache.confirmed import Brief, Confirmed, Position, Rows
from tracker.cache.outbox import Outbox
from tracker.cache.quick import quick
from tracker.domain.access import Actor
from tracker.domain.change import (
    NAME_PEOPLE,
    NAME_PROJECTS,
    NAME_TASKS,
    OF_NOTIFICATIONS,
    TASK_KINDS,
    Action,
    Kind,
    Marked,
    other_tasks,
    parse,
)
from tracker.domain.decision import Applied, Context
from tracker.domain.errors import Refusal
from tracker.domain.graph import counted
from tracker.domain.overtaken import Overtaken, overtaken
from tracker.domain.receipt import Receipt
from tracker.domain.replay import decide
from tracker.domain.task import (
    Assignment,
    Comment,
    HistoryEntry,
    Task,
    TaskState,
    TimeEntry,
)

if TYPE_CHECKING:  # a list of tasks does not need it: 4 ms
    from tracker.domain.notification import Notification

_MOST_IDS = 1_000
"""Above this many own changes a list reads all: a statement takes only so many ids."""

_NAMING = NAME_PEOPLE | NAME_PROJECTS


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


_new_state, _new_view = quick(TaskState), quick(TaskView)


@dataclass(frozen=True, slots=True)
class Trail:
    """What hangs on one task. What still waits comes last: history without received_at, comments
    and time with 0. `needs` are the ids of the tasks it waits for."""

    history: tuple[HistoryEntry, ...]
    comments: tuple[Comment, ...]
    entries: tuple[TimeEntry, ...] = ()
    needs: tuple[str, ...] = ()


class Projection:
    """Reads the two files in the one safe order: rows and cursor first, the outbox after them.
    The other way round an action could be missing from both."""

    def __init__(self, confirmed: Confirmed, outbox: Outbox, actor: Actor) -> None:
        self._confirmed = confirmed
        self._outbox = outbox
        self._actor = actor
        self._epoch: str | None = None
        self._lines: dict[str, _Line] = {}

    def views(self, ids: Sequence[str] | None = None) -> dict[str, TaskView]:
        """All tasks, or those of `ids` that exist."""
        shown = self._replay(ids)
        wanted = shown.states.keys() if ids is None else set(ids)
        rejected = self._outbox.refused_tasks()
        return {
            task_id: _new_view(
                state.task,
                tuple(state.people.values()),
                Mark.REJECTED
                if task_id in rejected
                else Mark.WAITING
                if task_id in shown.pending
                else Mark.SAVED,
            )
            for task_id, state in shown.states.items()
            if task_id in wanted
        }

    def listing(self) -> list[tuple[Brief, Mark]]:
        """The tasks of `views` by number, without what a list does not show. Only those with own
        changes are replayed: 10,000 tasks take 25 ms, as views 130 ms."""
        briefs, position = self._confirmed.briefs()
        own = {
            action.task_id
            for action, _ in self._outbox.overlay(position.epoch, position.seq)
            if action.kind in TASK_KINDS
        }
        own |= self._outbox.refused_tasks()
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
        shown = self._replay([task_id])
        history = self._confirmed.history(task_id)
        comments = self._confirmed.comments(task_id)
        known_ops = {entry.op_id for entry in history}
        said = {comment.id: comment for comment in comments}
        worked = {entry.id: entry for entry in self._confirmed.time_entries(task_id)}
        needs = dict.fromkeys(self._confirmed.needs(task_id))
        for action, applied in shown.steps:
            if action.task_id != task_id:
                continue
            if action.op_id not in known_ops:
                history.append(_pending_entry(action, applied, self._actor.user_id))
            if (new := applied.comment) is not None:
                old = said.get(new.id)
                if old is None or old.version < new.version:
                    said[new.id] = replace(new, received_at=old.received_at if old else 0)
            if (entry := applied.entry) is not None:
                worked.setdefault(entry.id, replace(entry, received_at=0))
            if applied.dependency is not None:
                needs[applied.dependency.needs_id] = None
            needs.pop(applied.parted or "", None)
        return Trail(tuple(history), tuple(said.values()), tuple(worked.values()), tuple(needs))

    def ids(self, most: int) -> Iterator[list[str]]:
        """Those of all that `views` has, up to so many at a time, each as it is when it is asked
        for; some others of own actions are among them, and some may come twice."""
        some = self._confirmed.task_ids("", most)
        while some:
            yield some
            some = self._confirmed.task_ids(some[-1], most)
        own = {action.task_id for action, _ in self._own(self._confirmed.position())}
        waiting = sorted(own)
        yield from (waiting[n : n + most] for n in range(0, len(waiting), most))

    def mentioned(self, needle: str, tasks: Sequence[str]) -> set[str]:
        """Those of the tasks with a comment that holds the words: also one that waits."""
        waiting = self._mentioned_waiting(needle).intersection(tasks)
        return self._confirmed.mentioned(needle, tasks) | waiting

    def mentions(self, needle: str) -> Iterator[set[str]]:
        """The same of all tasks, some at a time."""
        yield from self._confirmed.mentions(needle)
        yield self._mentioned_waiting(needle)

    def _mentioned_waiting(self, needle: str) -> set[str]:
        words, actions = needle.casefold(), (item.action for item in self._outbox.waiting())
        return {
            action.task_id
            for action in actions
            if action.kind in (Kind.COMMENT, Kind.EDIT_COMMENT)
            and words in str(action.args.get("text", "")).casefold()
        }

    def notifications(self, now: int) -> list[tuple[Notification, Mark]]:
        """The person's own that are listed at that instant of the server's, the newest first, with
        this device's marks on top."""
        from tracker.domain.notification import is_listed, mark

        rows, position = self._confirmed.notifications()
        shown = {row.id: row for row in rows}
        waiting: set[str] = set()
        for action, receipt in self._outbox.overlay(position.epoch, position.seq):
            row = shown.get(action.task_id)
            if action.kind not in OF_NOTIFICATIONS or row is None:
                continue
            if _is_in(receipt, row.version, position):
                continue
            args = parse(action.kind, action.args)
            if isinstance(args, Marked):
                when = action.made_at + (action.clock_offset or 0)
                shown[row.id] = mark(row, args, when)
                if receipt is None:
                    waiting.add(row.id)
        return [
            (row, Mark.WAITING if row.id in waiting else Mark.SAVED)
            for row in shown.values()
            if is_listed(row, now)
        ]

    def conflicts(self) -> list[tuple[Action, Refusal]]:
        """The own actions that wait and, on the rows as they are now, would be refused."""
        return self._replay(None).refused

    def shown(self, *task_ids: str) -> Shown:
        """Tasks as they are shown at this moment, those that exist: what to `decide` on. A thousand
        at most, as a statement takes only so many."""
        return self._replay(task_ids)

    def decide(self, action: Action, shown: Shown | None = None) -> Applied | Refusal:
        """What comes of a new action on what is shown, as far as is known here. `shown` of its task
        need not be read again, unless the action names another one."""
        if shown is None or other_tasks(action):
            shown = self._replay([action.task_id], action)
        nobody = frozenset[str](), frozenset[str]()
        people, projects = shown.others.names() if action.kind in _NAMING else nobody
        return self._decide(action, shown.others, shown.zone, people, projects)

    def _decide(
        self,
        action: Action,
        others: Others,
        zone: tzinfo,
        people: Container[str],
        projects: Container[str],
    ) -> Applied | Refusal:
        now = action.made_at + (action.clock_offset or 0)
        context = others.context(now, zone, people, projects)
        return decide(others.states.get(action.task_id), action, self._actor, context)

    def _named_by(self, kinds: frozenset[Kind]) -> tuple[frozenset[str], frozenset[str]]:
        """The ids of people and of projects that deciding about these kinds needs."""
        if kinds.isdisjoint(_NAMING):
            return frozenset(), frozenset()
        return self._confirmed.names()

    def overtaken(self, history: Sequence[HistoryEntry]) -> Overtaken | None:
        """What a change by this device replaced unseen, in the history of a task. Only the device
        that did it has the receipt which says so: it is no part of what all devices show alike."""
        own = self._outbox.delivered_of(entry.op_id for entry in history if entry.op_id)
        return overtaken(history, own)

    def _rows(self, ids: Sequence[str] | None) -> Rows:
        """An action whose answer was lost may be in the rows without a receipt here; the history
        that came with them tells. Which those are depends on the rows' epoch, which is the one of
        last time but after a restore."""
        while True:
            epoch = self._epoch or self._confirmed.position().epoch
            rows = self._confirmed.rows(ids, self._outbox.on_the_way(epoch, ids))
            self._epoch = rows.position.epoch
            if self._epoch == epoch:
                return rows

    def _replay(
        self, ids: Sequence[str] | None, new: Action | None = None, *, with_named: bool = False
    ) -> Shown:
        """Own actions the rows cannot contain yet, on top of them. One with a receipt is left out
        as soon as the row's version or the cursor has reached it. Where one of them (or `new`)
        names another task, that one may be new here too, or have own actions: then these are
        replayed as well, in their order. `with_named` says that `ids` holds all those already."""
        rows = self._rows(ids)
        own = self._own(rows.position, ids)
        naming = [action for action, _ in own if other_tasks(action)]
        naming += [new] if new is not None and other_tasks(new) else []
        if naming and ids is not None and not with_named:
            some = {*ids, *(task for action in naming for task in other_tasks(action))}
            if any(action.kind is not Kind.CREATE_TASK for action in naming):
                return self._replay(self._with_named([*some], rows.position), with_named=True)
            # Nothing can lie below what is only being made: the tasks above it are all it needs.
            # (An import makes thousands, and all of them would be replayed for each.)
            if len(some) > len({*ids}):
                return self._replay(sorted(some) if len(some) < _MOST_IDS else None)
        states = {
            task_id: _new_state(task, rows.people.get(task_id, {}))
            for task_id, task in rows.tasks.items()
        }
        others = Others(self._confirmed, states, self._actor.user_id)
        zone = zone_named(rows.position.zone)
        done = Shown(states, rows.position, set(), [], others, zone)
        if not own:
            self._keep(ids, {})
            return done
        people, projects = self._named_by(frozenset(action.kind for action, _ in own))
        named = (rows.position.zone, people, projects)
        lines: dict[str, _Line] = {}
        for action, receipt in own:
            row = rows.tasks.get(action.task_id)
            if row and _is_in(receipt, row.version, rows.position):
                continue
            if receipt is None:
                done.pending.add(action.task_id)
            if action.op_id in rows.ops:
                continue
            if action.task_id in rows.stubs:  # not even what made it is shown
                continue
            state = states.get(action.task_id)
            line = lines.get(action.task_id)
            if line is None:
                line = lines[action.task_id] = _Line(named, self._lines.get(action.task_id))
            decided = line.known(action, state)
            if decided is None:
                decided = self._decide(action, others, zone, people, projects)
            line.steps.append((action, state, decided))
            if isinstance(decided, Applied):
                others.take(states.get(action.task_id), decided)
                done.steps.append((action, decided))
            else:
                done.refused.append((action, decided))
        self._keep(ids, lines)
        return done

    def _own(
        self, at: Position, ids: Sequence[str] | None = None, kinds: Collection[Kind] = TASK_KINDS
    ) -> list[tuple[Action, Receipt | None]]:
        return self._outbox.overlay(at.epoch, at.seq, ids, kinds)

    def _with_named(self, ids: Sequence[str], at: Position) -> Sequence[str] | None:
        """These tasks, and those between which own actions make or end a relation: which of them
        lie below or wait for which is decided on all of that. None where they are so many that all
        are read."""
        found = set(ids)
        for action, _ in self._own(at, kinds=NAME_TASKS):
            if named := other_tasks(action):
                found |= {action.task_id, *named}
        return sorted(found) if len(found) < _MOST_IDS else None

    def _keep(self, ids: Sequence[str] | None, lines: dict[str, _Line]) -> None:
        """Remembers what was replayed on these tasks, or on all."""
        if ids is None:
            self._lines = lines
            return
        for task_id in ids:
            if task_id in lines:
                self._lines[task_id] = lines[task_id]
            else:
                self._lines.pop(task_id, None)


class Others:
    """What deciding about one task asks of others and of what hangs on them: as it is shown, so
    with own actions that came before."""

    def __init__(self, confirmed: Confirmed, states: dict[str, TaskState], user_id: str) -> None:
        self.states = states
        self._user_id = user_id
        self._confirmed = confirmed
        self._said: dict[str, Comment] = {}
        self._needs: dict[str, set[str]] = {}
        self._minutes: Counter[str] = Counter()
        self._names: tuple[frozenset[str], frozenset[str]] | None = None

    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """The ids of all people and of all projects; read once, as 500 take 0.5 ms."""
        if self._names is None:
            self._names = self._confirmed.names()
        return self._names

    def context(
        self, now: int, zone: tzinfo, people: Container[str], projects: Container[str]
    ) -> Context:
        return Context(
            now, zone, people, projects,
            task=self._task, needs=self._needs_of, comment=self._comment, logged=self._logged,
        )  # fmt: skip

    def take(self, before: TaskState | None, applied: Applied) -> None:
        """The effect of an own action."""
        task = applied.state.task
        self.states[task.id] = applied.state
        for parent_id, number in counted(before.task if before else None, task).items():
            parent = self.states.get(parent_id)
            if parent is not None and number:
                more = replace(parent.task, child_count=parent.task.child_count + number)
                self.states[parent_id] = replace(parent, task=more)
        if applied.comment is not None:
            self._said[applied.comment.id] = applied.comment
        if applied.entry is not None:
            self._minutes[task.id] += applied.entry.minutes
        if applied.dependency is not None:
            self._needs_of(task.id).add(applied.dependency.needs_id)
        if applied.parted is not None:
            self._needs_of(task.id).discard(applied.parted)

    def _task(self, task_id: str) -> TaskState | None:
        if task_id in self.states:
            return self.states[task_id]
        rows = self._confirmed.rows([task_id])
        task = rows.tasks.get(task_id)
        return TaskState(task, rows.people.get(task_id, {})) if task is not None else None

    def _needs_of(self, task_id: str) -> set[str]:
        if task_id not in self._needs:
            self._needs[task_id] = set(self._confirmed.needs(task_id))
        return self._needs[task_id]

    def _logged(self, task_id: str) -> int:
        entries = self._confirmed.time_entries(task_id)
        own = sum(entry.minutes for entry in entries if entry.user_id == self._user_id)
        return own + self._minutes[task_id]

    def _comment(self, comment_id: str) -> Comment | None:
        return self._said.get(comment_id) or self._confirmed.comment(comment_id)


@dataclass(frozen=True, slots=True)
class Shown:
    """Tasks as they are shown, where the rows under them were read, those with changes that wait,
    and what was replayed, in order; `refused` are own actions that do not fit the rows any more."""

    states: dict[str, TaskState]
    position: Position
    pending: set[str]
    steps: list[tuple[Action, Applied]]
    others: Others
    zone: tzinfo
    refused: list[tuple[Action, Refusal]] = field(default_factory=list)


def _is_in(receipt: Receipt | None, version: int, position: Position) -> bool:
    """Whether a row of that version has what the receipt tells of. Versions of another epoch say
    nothing."""
    return (
        receipt is not None and receipt.epoch == position.epoch and version >= receipt.task_version
    )


class _Line:
    """The own actions on one task and what became of each when it was replayed. Screens ask again
    after every change, and a queue grows at its end: as long as the task, names and actions are
    those of the time before, nothing is decided again."""

    def __init__(self, named: tuple[object, ...], before: _Line | None) -> None:
        self.steps: list[tuple[Action, TaskState | None, Applied | Refusal]] = []
        self._named = named
        same = before is not None and before._named == named
        self._before = before.steps if before is not None and same else []

    def known(self, action: Action, state: TaskState | None) -> Applied | Refusal | None:
        """What the next action on this state was decided to be last time; None from the first other
        one on, and where it depends on other things than its task."""
        place = len(self.steps)
        if place < len(self._before):
            earlier, then, decided = self._before[place]
            if earlier is action and (then is state or then == state):
                return None if _names_others(action) else decided
        self._before = []
        return None


def _names_others(action: Action) -> bool:
    named = other_tasks(action) or action.args.get("parent_id") is not None
    return bool(named) or action.kind is Kind.EDIT_COMMENT


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
