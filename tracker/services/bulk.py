"""One deed on many tasks: planned on what is shown, saved in one transaction, told task by task,
and undone in one transaction too.

Each task is decided as a click on it would be (`Tasks.decide`), so a plan says beforehand which
tasks will change and why the others will not. A thousand take a second: `Planning` goes a few at a
time, between which a window goes on. The others are for another thread, with a workspace of its
own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from tracker.cache.entries import Fate
from tracker.cache.outbox import Outbox
from tracker.cache.projection import Shown
from tracker.config import Profile
from tracker.domain.change import Action, Kind
from tracker.domain.decision import Applied
from tracker.domain.errors import Refusal
from tracker.domain.moves import TARGET
from tracker.domain.page import Changes
from tracker.domain.receipt import EFFECTIVE
from tracker.domain.task import Part, Priority, Status, Task, TaskState
from tracker.services.tasks import Tasks
from tracker.services.workspace import Workspace, device_clock, open_workspace

Step = tuple[Kind, Mapping[str, Any]]
_AT_ONCE = 20
"""So many tasks are read together."""
_COMPARED = 200
"""And so many compared with how they were: a millisecond at most."""
_NOBODY_S = TaskState(
    Task("", 0, "", "", Status.ARCHIVED, Priority.LOW, 0, created_by="", created_at=0,
         updated_at=0, version=0)
)  # fmt: skip
"""In the place of a task that is not there any more."""


# -- deeds ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    """hold, resume, cancel, reopen or archive."""

    kind: Kind
    note: str = ""

    def steps(self, state: TaskState) -> Sequence[Step]:
        is_there = state.task.status is TARGET[self.kind]
        return [] if is_there else [(self.kind, {"note": self.note})]


@dataclass(frozen=True, slots=True)
class Change:
    """New values of what a person may set, by name; of a due both `due_at` and `due_date`."""

    fields: Mapping[str, Any]
    kind: Kind = Kind.EDIT_FIELDS

    def steps(self, state: TaskState) -> Sequence[Step]:
        differs = any(getattr(state.task, name) != self.fields[name] for name in self._said())
        return [(self.kind, {"fields": dict(self.fields)})] if differs else []

    def _said(self) -> list[str]:
        """The fields that tell: of a due that is a day, `due_at` follows from it."""
        by_day = self.fields.get("due_date") is not None
        return [name for name in self.fields if not (by_day and name == "due_at")]


@dataclass(frozen=True, slots=True)
class Reassign:
    """`people` are (user id, part, percent). Where one of them is an assignee, those who were so
    far are taken off, unless they `stay`; reviewers and watchers always stay."""

    people: tuple[tuple[str, Part, int], ...]
    stay: bool = False
    kind: Kind = Kind.ASSIGN

    def steps(self, state: TaskState) -> Sequence[Step]:
        wanted = {user_id for user_id, _, _ in self.people}
        steps: list[Step] = [
            (Kind.ASSIGN, {"user_id": user_id, "part": part.value, "percent": percent})
            for user_id, part, percent in self.people
            if _part_of(state, user_id) != (part, percent)
        ]
        if not self.stay and any(part is Part.ASSIGNEE for _, part, _ in self.people):
            steps += [
                (Kind.UNASSIGN, {"user_id": row.user_id})
                for row in state.people.values()
                if row.part is Part.ASSIGNEE and row.user_id not in wanted
            ]
        return steps


Deed = Move | Change | Reassign


def _part_of(state: TaskState, user_id: str) -> tuple[Part, int] | None:
    row = state.people.get(user_id)
    return (row.part, row.percent) if row else None


# -- planning ------------------------------------------------------------------------------------


class Verdict(StrEnum):
    WILL = "will change"
    NOTHING = "nothing to do"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Item:
    """A task of a plan, as it is shown `before`, and `after` its actions."""

    task_id: str
    before: TaskState
    after: TaskState
    actions: tuple[Action, ...] = ()
    refusal: Refusal | None = None

    @property
    def verdict(self) -> Verdict:
        if self.refusal is not None:
            return Verdict.REFUSED
        return Verdict.WILL if self.actions else Verdict.NOTHING


@dataclass(frozen=True, slots=True)
class Plan:
    deed: Deed
    items: tuple[Item, ...]

    def count(self, verdict: Verdict) -> int:
        return sum(item.verdict is verdict for item in self.items)


class Planning:
    """Makes a plan, a few tasks at a time. What changed meanwhile can be looked at `again`.
    `view` says how a task is shown: what can be compared with how it was."""

    def __init__(
        self,
        tasks: Tasks,
        deed: Deed,
        ids: Iterable[str],
        view: Callable[[str], object] = lambda _task_id: None,
    ) -> None:
        self._tasks, self.deed, self._view = tasks, deed, view
        self._items: dict[str, Item | None] = dict.fromkeys(ids)
        self._left = list(self._items)[::-1]
        self._seen: dict[str, object] = {}
        self._doubtful: list[str] = []
        self._new = True

    @property
    def total(self) -> int:
        return len(self._items)

    @property
    def done(self) -> int:
        return len(self._items) - len(self._left)

    @property
    def is_stale(self) -> bool:
        """Whether a task is yet to be decided, or was since `plan` was asked for."""
        return self._new or bool(self._left)

    def again(self, ids: Iterable[str] | None = None) -> bool:
        """They (None: perhaps some of all) are shown otherwise now; whether `step` has anything to
        do for that. Of all, only those are decided anew that do look otherwise, and what is being
        planned goes on: that is said every few seconds."""
        if ids is None:
            self._doubtful = list(self._seen)
            return bool(self._doubtful)
        new = (self._items.keys() & set(ids)) - set(self._left)
        self._left += sorted(new)
        return bool(new)

    def step(self, seconds: float) -> bool:
        """Decides tasks until that time is over, some at least; whether there are any left. After
        an error it can be tried again: those are decided then."""
        end = time.perf_counter() + seconds
        while self._doubtful or self._left:
            self._compare()
            self._decide(self._left[: -_AT_ONCE - 1 : -1])
            del self._left[-_AT_ONCE:]
            if time.perf_counter() >= end:
                break
        return bool(self._doubtful or self._left)

    def _compare(self) -> None:
        some, self._doubtful = self._doubtful[:_COMPARED], self._doubtful[_COMPARED:]
        self.again([one for one in some if self._seen.get(one) != self._view(one)])

    def _decide(self, some: Sequence[str]) -> None:
        if not some:
            return
        views = {task_id: self._view(task_id) for task_id in some}
        shown = self._tasks.shown(some)
        for task_id in some:
            self._items[task_id] = planned(
                self._tasks, shown, task_id, self.deed.steps(_state(shown, task_id))
            )
        self._seen |= views
        self._new = True

    def plan(self) -> Plan:
        """As far as it was decided."""
        self._new = False
        return Plan(self.deed, tuple(item for item in self._items.values() if item is not None))


def plan(tasks: Tasks, deed: Deed, ids: Iterable[str]) -> Plan:
    planning = Planning(tasks, deed, ids)
    while planning.step(1.0):
        pass
    return planning.plan()


def _state(shown: Shown, task_id: str) -> TaskState:
    return shown.states.get(task_id, _NOBODY_S)


def planned(tasks: Tasks, shown: Shown, task_id: str, steps: Sequence[Step]) -> Item:
    """The steps on a task, each decided on what the one before it leads to; it stands on those,
    too. `shown` is as after them then."""
    before = _state(shown, task_id)
    if before is _NOBODY_S:
        return Item(task_id, before, before, refusal=Refusal("E5001"))
    actions: list[Action] = []
    for kind, args in steps:
        action = tasks.draw_up(kind, task_id, args, shown)
        if kind is not Kind.ASSIGN:  # several people can be assigned at once
            needs = dict.fromkeys((*action.depends_on, *(one.op_id for one in actions)))
            action = replace(action, depends_on=tuple(needs))
        decided = tasks.decide(action, shown)
        if isinstance(decided, Refusal):
            return Item(task_id, before, before, refusal=decided)
        assert isinstance(decided, Applied)
        shown.others.take(_state(shown, task_id), decided)
        actions.append(action)
    return Item(task_id, before, _state(shown, task_id), tuple(actions))


# -- doing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """What was saved: tasks with their actions."""

    deed: Deed
    items: tuple[Item, ...]
    changes: Changes = field(default_factory=Changes)


def do(outbox: Outbox, found: Plan) -> Batch:
    """Saves all that will happen in one transaction. E3001 on a full disk, and then nothing."""
    now = device_clock()
    items = tuple(
        replace(item, actions=tuple(replace(one, made_at=now) for one in item.actions))
        for item in found.items
        if item.verdict is Verdict.WILL
    )
    changes = outbox.add([one for item in items for one in item.actions])
    return Batch(found.deed, items, changes)


def do_apart(profile: Profile, found: Plan) -> Batch:
    """For another thread: with a connection of its own."""
    with closing(Outbox(profile.folder)) as outbox:
        return do(outbox, found)


# -- telling -------------------------------------------------------------------------------------


class Outcome(StrEnum):
    WAITING = "waiting to be sent"
    STUCK = "stuck"
    SAVED = "saved at the server"
    REFUSED = "refused"
    WITHDRAWN = "taken back"


def results(outbox: Outbox, items: Sequence[Item]) -> dict[str, tuple[Outcome, Refusal | None]]:
    """What became of each of these tasks of a batch so far, by its id."""
    fates = outbox.fates([one.op_id for item in items for one in item.actions])
    return {item.task_id: _result(item, fates) for item in items}


def _result(item: Item, fates: Mapping[str, Fate]) -> tuple[Outcome, Refusal | None]:
    found = [fates[one.op_id] for one in item.actions if one.op_id in fates]
    refused = [
        fate.receipt for fate in found if fate.receipt and fate.receipt.outcome not in EFFECTIVE
    ]
    if refused:
        first = refused[0]
        return Outcome.REFUSED, Refusal(first.code or "E5008", first.field or "", first.info)
    if not found:
        return Outcome.WITHDRAWN, None
    if any(fate.parked for fate in found):
        return Outcome.STUCK, None
    waits = any(fate.receipt is None for fate in found)
    return (Outcome.WAITING if waits else Outcome.SAVED), None


# -- undoing -------------------------------------------------------------------------------------


class Back(StrEnum):
    TAKEN_BACK = "taken back before it was sent"
    REVERSED = "changed back"
    NOT_QUITE = "changed back, as far as it goes"
    NOTHING = "nothing to undo"
    CANNOT = "cannot be undone"


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing came to for each task by its id, and what was done for it."""

    results: Mapping[str, tuple[Back, Refusal | None]]
    batch: Batch


def undo(work: Workspace, batch: Batch) -> Undone:
    """Withdraws what is unsent and does the opposite for the rest, in one transaction. The note is
    not half-typed text then: it was typed once, and would be that of every task."""
    tasks = Tasks(work)
    while True:  # again only where more of it was sent meanwhile: that ends
        fates = work.outbox.fates([one.op_id for item in batch.items for one in item.actions])
        found: dict[str, tuple[Back, Refusal | None]] = {}
        unsent: list[str] = []
        items: list[Item] = []
        for first in range(0, len(batch.items), _AT_ONCE):
            some = batch.items[first : first + _AT_ONCE]
            shown = tasks.shown([item.task_id for item in some])
            for item in some:
                back, taken, reverse = _back(tasks, shown, item, fates)
                found[item.task_id] = back
                unsent += taken
                if reverse is not None:
                    items.append(reverse)
        gone = set(unsent)
        items = [_without(item, gone) for item in items]
        actions = [one for item in items for one in item.actions]
        changes = work.outbox.take_back(unsent, actions, device_clock(), words_back=False)
        if changes is not None:
            return Undone(found, Batch(batch.deed, tuple(items), changes))


def undo_apart(profile: Profile, batch: Batch) -> Undone:
    """For another thread: with connections of its own."""
    with closing(open_workspace(profile)) as work:
        return undo(work, batch)


def _without(item: Item, gone: set[str]) -> Item:
    actions = tuple(
        replace(one, depends_on=tuple(op for op in one.depends_on if op not in gone))
        for one in item.actions
    )
    return replace(item, actions=actions)


def _back(
    tasks: Tasks, shown: Shown, item: Item, fates: Mapping[str, Fate]
) -> tuple[tuple[Back, Refusal | None], list[str], Item | None]:
    """What undoing a task comes to, which actions it takes back, and what it does instead."""
    unsent: list[Action] = []
    sent: list[Action] = []
    for action in item.actions:
        fate = fates.get(action.op_id)
        if fate is None or (fate.receipt and fate.receipt.outcome not in EFFECTIVE):
            continue  # taken back already, or refused
        (unsent if fate.unsent else sent).append(action)
    if not sent:
        done = Back.TAKEN_BACK if unsent else Back.NOTHING
        return (done, None), [one.op_id for one in unsent], None
    if item.after.task.status is Status.ARCHIVED:  # it leaves this device, too
        return (Back.CANNOT, Refusal("E5022")), [], None
    if shown.states.get(item.task_id) is None:
        return (Back.CANNOT, Refusal("E5001")), [], None
    state = shown.states[item.task_id]
    if not all(_stands(one, item, state) for one in sent):
        return (Back.CANNOT, Refusal("E5062")), [], None
    steps = [step for one in reversed(sent) for step in _opposite(one, item)]
    steps.sort(key=lambda step: step[0] is Kind.UNASSIGN)  # nobody is left without anybody
    reverse = planned(tasks, shown, item.task_id, steps)
    if reverse.refusal is not None:
        return (Back.CANNOT, reverse.refusal), [], None
    same = reverse.after.task.status is item.before.task.status
    done = Back.REVERSED if same else Back.NOT_QUITE
    return (done, None), [one.op_id for one in unsent], reverse


def _stands(action: Action, item: Item, state: TaskState) -> bool:
    """Whether what the action did is still so: nobody's later change is undone."""
    args = action.args
    match action.kind:
        case Kind.ASSIGN:
            user_id = args["user_id"]
            return _part_of(state, user_id) == _part_of(item.after, user_id)
        case Kind.UNASSIGN:
            return args["user_id"] not in state.people
        case Kind.EDIT_FIELDS:
            return all(
                getattr(state.task, name) == getattr(item.after.task, name)
                for name in args["fields"]
            )
        case _:
            return state.task.status is item.after.task.status


def _opposite(action: Action, item: Item) -> Sequence[Step]:
    """What brings back how it was before; nothing where no transition does."""
    args, before = action.args, item.before
    match action.kind:
        case Kind.ASSIGN | Kind.UNASSIGN:
            user_id = args["user_id"]
            was = _part_of(before, user_id)
            if was is None:
                return [(Kind.UNASSIGN, {"user_id": user_id})]
            part, percent = was
            return [(Kind.ASSIGN, {"user_id": user_id, "part": part.value, "percent": percent})]
        case Kind.EDIT_FIELDS:
            fields = {name: getattr(before.task, name) for name in args["fields"]}
            if fields.get("due_date") is not None:
                fields["due_at"] = None  # it follows from the day
            return [(Kind.EDIT_FIELDS, {"fields": fields})]
        case _:
            return _way_back(before.task, item.after.task.status)


def _way_back(before: Task, now: Status) -> Sequence[Step]:
    """From the status that a move led to, to the one of before, or as near as it goes: nothing
    leads back to PENDING."""
    plain: dict[str, Any] = {"note": ""}
    held = [(Kind.HOLD, plain)]
    match now, before.status:
        case Status.CANCELLED, Status.ON_HOLD:
            return [(Kind.REOPEN, plain), *held]
        case (Status.CANCELLED, _):
            return [(Kind.REOPEN, plain)]
        case Status.ON_HOLD, _:
            return [(Kind.RESUME, plain)]
        case _, Status.ON_HOLD:
            return held
        case _, Status.COMPLETED:
            return [(Kind.COMPLETE, {"note": before.completion_notes})]
        case _, Status.CANCELLED:
            return [(Kind.CANCEL, plain)]
    return []
