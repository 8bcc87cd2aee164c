"""What must hold: while it runs, what a person sees; at the end, everything that was promised."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from server_stub.core import access, audit, feed
from server_stub.core.auth import Caller
from server_stub.core.marks import Marks
from server_stub.core.state import ServerState
from server_stub.sync import service as sync
from server_stub.sync.cursor import Cursor
from tracker.cache.projection import TaskView
from tracker.config import Scope
from tracker.domain.change import Kind
from tracker.domain.errors import TrackerError
from tracker.domain.receipt import EFFECTIVE, Receipt
from tracker.domain.task import Role, Status
from tracker.protocol.sync import PullPage
from tracker.services.tasks import Done
from tracker.sync.engine import State

if TYPE_CHECKING:
    from tests.simulation.device import Device
    from tests.simulation.server import SimulatedServer
    from tests.simulation.world import Made, Simulation

_OF_THE_SENDING = frozenset({"device_id", "device_seq", "replayed"})
_PEOPLE_ONLY = frozenset({Kind.ASSIGN, Kind.UNASSIGN})


class Violation(AssertionError):
    """An invariant did not hold; the message says which and for what."""


def require(holds: bool, what: str, *values: object) -> None:
    """`values` go into the braces of `what` when they are needed: most hold, and saying what would
    not takes as long as looking."""
    if not holds:
        raise Violation(what.format(*values))


@dataclass(frozen=True)
class Shown:
    """Of a task that one device alone works on, what it showed after its own last action."""

    status: Status
    progress: int
    comments: int


@dataclass
class Views:
    """Nobody else changes such a task, so whatever the network does, the device goes on showing
    what its person did, until the server refuses it."""

    writers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    own: dict[str, dict[str, Shown]] = field(default_factory=lambda: defaultdict(dict))
    fresh: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    """Acted on since the device's view was kept last, the latest last."""
    ops: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    looks: int = 0

    def acted(self, device: Device, done: Done) -> None:
        self.ops[done.task_id].append(done.op_id)
        if done.kind is Kind.UNASSIGN:
            # What waits may not be allowed any more, once the device hears of it.
            self.writers[done.task_id] |= {device.name, "whoever is on it no more"}
            self.touched(done.task_id)
        if done.kind in _PEOPLE_ONLY:
            return
        writers = self.writers[done.task_id]
        writers.add(device.name)
        if len(writers) > 1:
            self.touched(done.task_id)
        else:
            fresh = self.fresh[device.name]
            fresh.pop(done.task_id, None)
            fresh[done.task_id] = None

    def keep(self, device: Device) -> None:
        """What the device shows now of what its person acted on: before anything else happens."""
        fresh, kept = self.fresh.pop(device.name, None), self.own[device.name]
        views = device.projection.views(list(fresh)) if fresh else {}
        for task_id in fresh or ():
            if shown := _of(views.get(task_id)):
                kept.pop(task_id, None)
                kept[task_id] = shown

    def gained_children(self, task_ids: Iterable[str]) -> None:
        """What waits may not be allowed any more: progress that is sent after the child, because
        the server failed at it before, is refused."""
        for task_id in task_ids:
            self.writers[task_id] |= {"who works", "on what is below"}
            self.touched(task_id)

    def touched(self, task_id: str) -> None:
        """Something happened that may rightly change what is shown."""
        for kept in (*self.own.values(), *self.fresh.values()):
            kept.pop(task_id, None)

    def look(self, device: Device) -> None:
        kept = self.own[device.name]
        latest = list(kept)[-2:]
        views = device.projection.views(latest) if latest else {}
        for task_id in latest:
            shown = _of(views.get(task_id))
            self.looks += 1
            if shown is None or shown == kept[task_id]:
                continue
            if self._refused(device, task_id):
                del kept[task_id]
                continue
            raise Violation(f"{device.name} showed {kept[task_id]} and now {shown} of {task_id}")

    def _refused(self, device: Device, task_id: str) -> bool:
        receipts = [device.outbox.receipt_of(op_id) for op_id in self.ops[task_id]]
        return any(receipt and receipt.outcome not in EFFECTIVE for receipt in receipts)


def _of(view: TaskView | None) -> Shown | None:
    return Shown(view.task.status, view.task.progress, view.task.comment_count) if view else None


@dataclass
class Wire:
    """What leaves a device: an action never before what it stands on, and always the same bytes."""

    bytes_of: dict[tuple[str, str], str] = field(default_factory=dict)

    def sent(self, device: Device, body: bytes) -> None:
        for action in json.loads(body)["actions"]:
            op_id = action["op_id"]
            for needed in action["depends_on"]:
                require(
                    device.outbox.receipt_of(needed) is not None,
                    "{} sent {} before {} was settled",
                    device.name,
                    op_id,
                    needed,
                )
            own = json.dumps({k: v for k, v in action.items() if k not in _OF_THE_SENDING})
            first = self.bytes_of.setdefault((device.name, op_id), own)
            require(first == own, "{} sent {} with other content", device.name, op_id)


def nothing_new(state: ServerState, caller: Caller, text: str | None, mark: str | None) -> None:
    """What was answered from memory, if it was, is so in the database."""
    payload = state.signer.unsign(text or "")
    assert payload is not None
    cursor = Cursor(*payload)
    with state.database.read() as conn:
        tenant = feed.look(conn, caller.tenant_id)
        heads = feed.heads(conn, tenant, access.audiences(caller, cursor.scope))
        known = Marks(state.signer).verify(conn, tenant, mark)
    newest = max(tenant.pruned, *heads.values())
    fresh = cursor.epoch == tenant.epoch and newest <= cursor.seq
    require(fresh, "{} is told that nothing is new after {} of {}", caller.name, cursor.seq, heads)
    require(bool(known), "{} is told that nothing is new by a restored server", caller.name)


def shut_out(server: SimulatedServer, device: Device) -> None:
    """Their token has just ended: the server knows at once."""
    tokens = device.credentials.read()
    assert tokens is not None
    try:
        caller = server.state.caller(tokens.access)
    except TrackerError:
        return
    raise Violation(f"{device.name}'s token still lets {caller.name} in")


def final(sim: Simulation) -> None:
    """After healing."""
    audited = [row for row in sim.server.audit() if row["op_id"] is not None]
    place: Place = {_trace(row): n for n, row in enumerate(audited)}
    twice = [op_id for op_id, count in Counter(r["op_id"] for r in audited).items() if count > 1]
    require(not twice, "done twice: {}", twice)
    _settled(sim, place)
    _in_order(sim, place)
    for device in sim.devices:
        report = sim.settle(device)
        calm = report.state is State.SYNCED
        require(calm, "{} does not come to rest: {}", device.name, report)
    fresh: dict[tuple[str, Scope], list[PullPage]] = {}
    for device in sim.devices:
        _same_view(sim, device, fresh)
    with sim.server.state.database.read() as conn:
        verdict = audit.verify(conn, sim.lab.world.tenant_id)
    require(verdict.broken_at is None, "audit chain: {}", verdict.reason)


Trace = tuple[str, str, str]
Place = dict[Trace, int]
"""What was done, by whom, in which words → where it stands in the audit."""


def _trace(row: dict[str, Any]) -> Trace:
    return row["op_id"], row["user"], row["note"] or row["after"].get("title", "")


def _settled(sim: Simulation, place: Place) -> None:
    """Every action is delivered or in the tray, and what the server says is what the device
    says."""
    devices = {device.name: device for device in sim.devices}
    epoch = sim.server.rows("SELECT epoch FROM tenants WHERE name = 'Northwind'")[0][0]
    stored = dict(sim.server.rows("SELECT op_id, outcome FROM receipts"))
    trays = {
        name: {entry.action.op_id: entry for entry in device.outbox.tray()}
        for name, device in devices.items()
    }
    there = {task_id for (task_id,) in sim.server.rows("SELECT id FROM tasks")}
    for one in sim.made:
        device = devices[one.device]
        done = one.trace in place
        receipt = device.outbox.receipt_of(one.op_id)
        if one.withdrawn:
            sent = receipt is not None or (done and one.device not in sim.copied)
            require(not sent, "withdrawn, and still sent: {}", one)
            _findable(device, one, receipt, one.op_id in trays[one.device])
            continue
        require(receipt is not None, "never settled: {}", one)
        assert receipt is not None
        kept = stored.get(one.op_id)
        # A refusal is in the tray for good; a server restored from before it need not know.
        # A refusal leaves no position behind, so losing nothing else goes unnoticed.
        lost = receipt.epoch != epoch or sim.restores
        refused_before = lost and receipt.outcome not in EFFECTIVE
        if refused_before and one.device in sim.copied:
            continue  # the copy of the profile may ask the restored server anew
        forgotten = kept is None and refused_before
        agreed = kept == receipt.outcome or forgotten or receipt.differs
        require(agreed, "{}: server has {}, device has {}", one, kept, receipt)
        require(done == (receipt.outcome in EFFECTIVE), "{}: {}, audited: {}", one, receipt, done)
        _findable(device, one, receipt, one.op_id in trays[one.device])
        unknown = receipt.code == "E5001" and device.role is Role.ADMIN
        require(not unknown or one.task_id not in there, "an admin sees every task: {}", one)
    for device in sim.devices:
        waiting = device.outbox.waiting()
        require(not waiting, "{} still waits with {}", device.name, waiting)


def _findable(device: Device, one: Made, receipt: Receipt | None, in_tray: bool) -> None:
    """What a person wrote is in the audit, in the tray, or a draft again."""
    if (receipt is not None and receipt.outcome in EFFECTIVE) or in_tray or one.retried:
        return
    given_back = one.text in device.outbox.draft(one.task_id, "note")
    require(one.kind is Kind.CREATE_TASK or given_back, "words lost: {}", one)


def _in_order(sim: Simulation, place: Place) -> None:
    last: dict[tuple[str, str], tuple[int, Made]] = {}
    for one in sim.made:
        # A copy of the profile may have withdrawn something, or offer again what the other did.
        copied = one.device in sim.copied and (sim.restores or sim.parted)
        if one.trace in place and not one.withdrawn and not copied:
            key = one.device, one.task_id
            before, earlier = last.get(key, (-1, one))
            require(place[one.trace] > before, "out of order: {} before {}", one, earlier)
            last[key] = place[one.trace], one


def _same_view(
    sim: Simulation, device: Device, fresh: dict[tuple[str, Scope], list[PullPage]]
) -> None:
    """The device shows what a new device would, but what it evicted, and has nothing of its own on
    top. What it evicted comes back when somebody wants to see it."""
    who = device.user, device.scope
    if who not in fresh:
        fresh[who] = _first_pull(sim, device)
    pages = fresh[who]
    if stubs := device.confirmed.stubs():
        _all_but_stubs(device, pages, stubs)
        for task_id in stubs:
            device.confirmed.ask(task_id, device.now())
        report = sim.settle(device)
        asked_in_vain = device.confirmed.stubs()
        require(not asked_in_vain, "{} asks in vain for {}: {}", device.name, asked_in_vain, report)
    _all(device, pages)


def _all_but_stubs(device: Device, pages: list[PullPage], stubs: dict[str, int]) -> None:
    """A stub is the server's row of a finished task, and nothing of that task is here; the others
    are here as they are there."""
    tasks = {task.id: task for page in pages for task in page.tasks}
    there = {task_id: tasks[task_id].version for task_id in stubs if task_id in tasks}
    require(stubs == there, "{} has other stubs: {}", device.name, Differing(stubs, there))
    for task_id in stubs:
        ended = tasks[task_id].status in (Status.COMPLETED, Status.CANCELLED)
        require(ended, "{} has a stub of a task that goes on: {}", device.name, tasks[task_id])
        kept: list[object] = [*device.confirmed.comments(task_id)]
        kept += [*device.confirmed.history(task_id), *device.confirmed.time_entries(task_id)]
        require(not kept, "{} has {} of a stubbed task", device.name, kept)
    rows = device.confirmed.rows()
    left = rows.people.keys() & stubs.keys()
    require(not left, "{} has people on stubbed tasks: {}", device.name, left)
    others = {task_id: task for task_id, task in tasks.items() if task_id not in stubs}
    require(
        rows.tasks == others, "{} has other tasks: {}", device.name, Differing(rows.tasks, others)
    )
    views = {task_id: view.task for task_id, view in device.projection.views().items()}
    require(views == others, "{} shows something else: {}", device.name, Differing(views, others))


def _all(device: Device, pages: list[PullPage]) -> None:
    rows = device.confirmed.rows()
    tasks = {task.id: task for page in pages for task in page.tasks}
    require(
        rows.tasks == tasks, "{} has other tasks: {}", device.name, Differing(rows.tasks, tasks)
    )
    people = {(a.task_id, a.user_id): a for page in pages for a in page.assignments}
    mine = {(a.task_id, a.user_id): a for some in rows.people.values() for a in some.values()}
    require(mine == people, "{} has others on tasks: {}", device.name, Differing(mine, people))
    for task_id in tasks:
        comments = {c.id: c for page in pages for c in page.comments if c.task_id == task_id}
        own = {c.id: c for c in device.confirmed.comments(task_id)}
        require(own == comments, "{} has other comments: {}", device.name, Differing(own, comments))
        entries = {e.id: e for page in pages for e in page.time_entries if e.task_id == task_id}
        logged = {e.id: e for e in device.confirmed.time_entries(task_id)}
        require(
            logged == entries, "{} has other times: {}", device.name, Differing(logged, entries)
        )
        needs = {d.needs_id for page in pages for d in page.dependencies if d.task_id == task_id}
        known = set(device.confirmed.needs(task_id))
        require(
            known == needs, "{} lets {} wait for {}, not {}", device.name, task_id, known, needs
        )
        history = [h.id for page in pages for h in page.history if h.task_id == task_id]
        kept = [entry.id for entry in device.confirmed.history(task_id)]
        require(kept == history, "{} has another history: {} for {}", device.name, kept, history)
    names = {person.id: person for page in pages for person in page.people}
    require(device.confirmed.people() == names, "{} knows other people", device.name)
    told = {row.id: row for page in pages for row in page.notifications}
    heard = {row.id: row for row in device.confirmed.notifications()[0]}
    require(heard == told, "{} was told otherwise: {}", device.name, Differing(heard, told))
    views = {task_id: view.task for task_id, view in device.projection.views().items()}
    require(views == tasks, "{} shows something else: {}", device.name, Differing(views, tasks))


@dataclass(frozen=True)
class Differing:
    """Prints what two mappings do not have in common."""

    mine: Mapping[Any, object]
    theirs: Mapping[Any, object]

    def __str__(self) -> str:
        mine, theirs = self.mine, self.theirs
        keys = [key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)]
        return str({key: (mine.get(key), theirs.get(key)) for key in keys})


def _first_pull(sim: Simulation, device: Device) -> list[PullPage]:
    """Everything, as a new device of that person would get it."""
    state = sim.server.state
    caller = state.caller(sim.sign_in(device.user).access)
    pages: list[PullPage] = []
    while not pages or pages[-1].more:
        cursor = pages[-1].cursor if pages else None
        body = sync.pull(state, caller, device.scope, cursor)
        assert body is not None
        pages.append(PullPage.model_validate_json(body))
    return pages
