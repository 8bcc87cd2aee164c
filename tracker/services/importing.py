"""Tasks from a CSV file, imported by this device: offline too, and nothing twice.

A file is read, each line judged by the rules that the server has (`domain.spreadsheet`), and what
is new becomes actions in the outbox. All of it may take long: whoever calls does so in a thread,
with a workspace of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import islice
from pathlib import Path

from tracker.cache.precious import new_id
from tracker.cache.projection import TaskView, zone_named
from tracker.config import Profile
from tracker.domain import spreadsheet
from tracker.domain.change import Action, Kind, other_tasks, parse
from tracker.domain.decision import Context
from tracker.domain.errors import EnvironmentFault, InputError, Refusal
from tracker.domain.receipt import EFFECTIVE, Receipt
from tracker.domain.replay import decide
from tracker.domain.spreadsheet import Judged, Layout, Planned, Verdict
from tracker.domain.task import Status, TaskState
from tracker.services.export import table
from tracker.services.workspace import Workspace, device_clock, open_workspace

SLICE = 100
"""So many tasks are committed at once: a cancelled import ends after one."""
_PATIENCE = 0.3
"""Seconds after which a window that takes nothing in any more is not waited for."""
SAMPLE = 5
"""So many lines of a file are shown before it is checked."""
WORDS = {
    "title": "Title", "description": "Description", "priority": "Priority", "project": "Project",
    "due": "Due", "people": "Assignees", "estimate": "Estimate (min)", "type": "Type",
    "parent": "Parent", "scheduled": "Scheduled start", "revenue": "Revenue",
}  # fmt: skip
"""What each field of `spreadsheet.FIELDS` is called here."""


@dataclass(frozen=True, slots=True)
class File:
    """`first` are its first lines as cells, the header among them if it has one; all of them have
    as many cells."""

    name: str
    data: bytes
    delimiter: str
    first: tuple[tuple[str, ...], ...]
    layout: Layout

    def sample(self, column: int, *, header: bool) -> str:
        """The first thing that a column says."""
        cells = [line[column].strip() for line in self.first[header:]]
        return next((cell for cell in cells if cell), "")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file: what becomes of it, and the action that makes its task."""

    judged: Judged
    line: spreadsheet.Line
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Undone:
    """How many tasks were taken back before they were sent, and how many cancelled. `left` says of
    those that stay why, by the op_id that made them. Those that the server never made, and those
    that are cancelled already, are none of these: there is nothing to undo."""

    withdrawn: int
    cancelled: int
    left: Mapping[str, Refusal]
    changed: tuple[str, ...]


# -- the file ----------------------------------------------------------------------------------


def read_file(path: Path) -> File:
    """E2078 for one that is too large, E3018 where it cannot be read, E2070 for what is no CSV in
    UTF-8, E2071 for an empty one."""
    try:
        if not path.is_file():
            raise OSError("It is no file")
        with path.open("rb") as opened:
            data = opened.read(spreadsheet.MOST_BYTES + 1)
    except OSError as error:
        raise EnvironmentFault("E3018", f"({error.strerror or error})") from error
    if len(data) > spreadsheet.MOST_BYTES:
        raise InputError("E2078", field="file")
    return file_of(path.name, data)


def file_of(name: str, data: bytes) -> File:
    text = spreadsheet.text_of(data)
    first: list[Sequence[str]] = []
    for _, cells in spreadsheet.records(text):
        if any(cell.strip() for cell in cells) and len(first) <= SAMPLE:
            first.append(cells)
    if not first:
        raise InputError("E2071", "The file is empty.", "file")
    most = max(map(len, first))
    lines = tuple(tuple(cells) + ("",) * (most - len(cells)) for cells in first)
    layout = spreadsheet.guessed(lines[0])
    return File(name, data, spreadsheet.delimiter_of(text), lines, layout)


# -- checking ----------------------------------------------------------------------------------


def check(work: Workspace, file: File, layout: Layout) -> tuple[Row, ...]:
    """What an import would do, line by line; nothing is written. What the server decides later may
    be another thing where it knows more. InputError where the file as a whole cannot be read."""
    found = spreadsheet.lines(file.data, layout)
    position = work.confirmed.position()
    numbered = work.confirmed.numbered(set(spreadsheet.parents(found)))
    names = spreadsheet.names_of(
        work.confirmed.people().values(), work.confirmed.projects().values(), numbered
    )
    mark, now = spreadsheet.mark_of(file.data, layout), device_clock()
    user = work.profile.user_id
    plans = [spreadsheet.planned(line, names, user, mark, now) for line in found]
    actions = [plan.action for plan in plans if plan.action is not None]
    judge = _Judge(work, actions, zone_named(position.zone))
    rows = []
    for plan in plans:
        action, refusal = judge.ask(plan)
        if action is not None:
            action = replace(action, base_epoch=position.epoch, clock_offset=position.clock_offset)
        rows.append(Row(spreadsheet.judged(plan, refusal), plan.line, action))
    return tuple(rows)


class _Judge:
    """What deciding about the lines needs, read once for all of them."""

    def __init__(self, work: Workspace, actions: Sequence[Action], zone: tzinfo) -> None:
        self._work, self._zone = work, zone
        self._before = work.outbox.states([action.op_id for action in actions])
        self._there = work.confirmed.existing([action.task_id for action in actions])
        self._there |= work.outbox.being_made()
        parents = sorted({one for action in actions for one in other_tasks(action)})
        self._parents = _views(work, parents)
        self._stubs = work.confirmed.stubs().keys() & set(parents)
        self._names = work.confirmed.names()

    def ask(self, plan: Planned) -> tuple[Action | None, Refusal | None]:
        """The action to do, and why it is not to be done."""
        action = plan.action
        if action is None:
            return None, plan.refusal
        parsed = parse(action.kind, action.args)
        if isinstance(parsed, Refusal):
            return action, parsed
        before = self._before.get(action.op_id)
        if action.task_id in self._there or (before and before.outcome in EFFECTIVE):
            return action, Refusal("E5012")
        if before is not None:
            if not self._work.outbox.is_settled(action.op_id):
                return action, Refusal("E5042")
            # Its receipt says no for ever; the task's id still keeps it from being made twice.
            action = replace(action, op_id=new_id())
        if set(other_tasks(action)) & self._stubs:
            return action, Refusal("E4013", "parent_id")
        context = Context(action.made_at, self._zone, *self._names, task=self._parent)
        decided = decide(None, action, self._work.actor, context)
        return action, decided if isinstance(decided, Refusal) else None

    def _parent(self, task_id: str) -> TaskState | None:
        view = self._parents.get(task_id)
        return view.state if view is not None else None


def _views(work: Workspace, task_ids: Sequence[str]) -> dict[str, TaskView]:
    """As they are shown; so many ids at once that one statement takes them."""
    found: dict[str, TaskView] = {}
    for start in range(0, len(task_ids), 500):
        found |= work.projection.views(task_ids[start : start + 500])
    return found


def count(rows: Sequence[Row]) -> dict[Verdict, int]:
    verdicts = [row.judged.verdict for row in rows]
    return {verdict: verdicts.count(verdict) for verdict in Verdict}


# -- doing -------------------------------------------------------------------------------------


class Import:
    """Makes the tasks, slice by slice, in a thread of its own; `made` and `cancel` are for another
    one to look at and to set."""

    def __init__(self, profile: Profile, rows: Sequence[Row]) -> None:
        self._profile = profile
        self._left = {
            row.action.op_id: row.action
            for row in rows
            if row.action and row.judged.verdict is Verdict.NEW
        }
        self._runs = threading.Lock()
        self.all = len(self._left)
        self.cancel = threading.Event()
        self.made: list[Action] = []
        """Saved on this device so far; it only grows."""
        self.pace: threading.Semaphore | None = None
        """Released for each slice by a window that takes them in: two threads that both want
        Python wait for each other, 5 ms at every statement."""

    def run(self) -> list[Action]:
        """Returns what was made: all of it unless `cancel` was set. E3001 and its like end it; what
        was made until then is in `made`, and running it again makes the others. A RuntimeError
        while it runs already: two at once would make what the other one makes."""
        if not self._runs.acquire(blocking=False):
            raise RuntimeError("this import runs already")
        try:
            with closing(open_workspace(self._profile)) as work:
                while self._left and not self.cancel.is_set():
                    some, now = list(islice(self._left.values(), SLICE)), device_clock()
                    new = work.outbox.add_once([replace(one, made_at=now) for one in some])
                    for one in some:
                        del self._left[one.op_id]
                    self.made += new
                    if self.pace is not None:
                        self.pace.acquire(timeout=_PATIENCE)
        finally:
            self._runs.release()
        return self.made


def results(work: Workspace, op_ids: Sequence[str]) -> dict[str, Receipt | None]:
    """What became of actions that were made: None where one still waits; one that was taken back is
    left out."""
    return work.outbox.states(op_ids)


def undo(profile: Profile, made: Sequence[Action]) -> Undone:
    """Takes back what was not sent, and cancels the others: those that nobody else changed."""
    with closing(open_workspace(profile)) as work:
        gone = work.outbox.withdraw_all([action.op_id for action in made], device_clock())
        withdrawn = {action.op_id for action in gone}
        sent = [action for action in made if action.op_id not in withdrawn]
        cancelled, left = _cancel(work, sent)
    made_back = sum(action.op_id in withdrawn for action in made)
    changed = {action.task_id for action in (*gone, *made)}
    return Undone(made_back, cancelled, left, tuple(sorted(changed)))


def _cancel(work: Workspace, made: Sequence[Action]) -> tuple[int, dict[str, Refusal]]:
    """Cancels the tasks that these actions made, slice by slice. How many, and why others stay."""
    cancelled, left = 0, dict[str, Refusal]()
    position = work.confirmed.position()
    states = work.outbox.states([action.op_id for action in made])
    waiting = {op_id for op_id, receipt in states.items() if receipt is None}
    refused = {one for one, r in states.items() if r is not None and r.outcome not in EFFECTIVE}
    made = [action for action in made if action.op_id not in refused]
    zone, names = zone_named(position.zone), work.confirmed.names()
    for start in range(0, len(made), SLICE):
        some = made[start : start + SLICE]
        views = work.projection.views([action.task_id for action in some])
        new = []
        for action in some:
            view = views.get(action.task_id)
            if view is None:
                left[action.op_id] = Refusal("E5001")
                continue
            task = view.task
            if task.status is Status.CANCELLED:
                continue
            if _somebody_else_changed(work, task.id):
                left[action.op_id] = Refusal("E5062")
                continue
            cancel = Action(
                new_id(), Kind.CANCEL, task.id, {"note": ""}, device_clock(),
                base_version=task.version, base_epoch=position.epoch,
                clock_offset=position.clock_offset,
                depends_on=(action.op_id,) if action.op_id in waiting else (),
                seen={"title": task.title, "status": task.status.value, "progress": task.progress},
            )  # fmt: skip
            now = cancel.made_at + (cancel.clock_offset or 0)
            decided = decide(view.state, cancel, work.actor, Context(now, zone, *names))
            if isinstance(decided, Refusal):
                left[action.op_id] = decided
            else:
                new.append(cancel)
        if new:
            work.outbox.add(new)
        cancelled += len(new)
    return cancelled, left


def _somebody_else_changed(work: Workspace, task_id: str) -> bool:
    """As far as it was pulled: what was done with a task since is in its history."""
    own = work.profile.user_id
    return any(entry.user_id != own for entry in work.confirmed.history(task_id))


# -- afterwards --------------------------------------------------------------------------------


def refused_as_csv(rows: Sequence[Row], later: Collection[int] = ()) -> bytes:
    """The lines that were refused, to be mended and imported again: their cells under the names
    that an import knows, without what the file had beside. `later` are those that the server
    refused."""
    kept = [
        row for row in rows if row.judged.verdict is Verdict.REFUSED or row.judged.line in later
    ]
    used = [
        field for field in spreadsheet.FIELDS if any(row.line.cells.get(field) for row in kept)
    ] or ["title"]
    header = ["assignees" if field == "people" else field for field in used]
    return table(header, [[row.line.cells.get(field, "") for field in used] for row in kept])


Check = Callable[[], tuple[Row, ...]]


def checking(profile: Profile, file: File, layout: Layout) -> Check:
    """`check` for a thread: with a workspace that is open meanwhile."""

    def run() -> tuple[Row, ...]:
        with closing(open_workspace(profile)) as work:
            return check(work, file, layout)

    return run
