"""One seed: people work on their devices, everything goes wrong, then it heals and is checked."""

from __future__ import annotations

import itertools
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog
from argon2 import PasswordHasher, profiles

from server_stub.config import Settings
from server_stub.core import auth, sessions
from server_stub.core import feed as server_feed
from server_stub.core.database import Database
from server_stub.core.state import load
from server_stub.sync import pull as server_pull
from server_stub.tasks import service as server_tasks
from tests.simulation import checks
from tests.simulation.device import Device
from tests.simulation.faults import AT_COMMIT, NETWORK, Disk, Fault, Killed
from tests.simulation.server import SimulatedServer
from tests.support.world import START, World, make_world
from tracker.cache import database as client_database
from tracker.cache.confirmed import Confirmed
from tracker.cache.eviction import MOST_FINISHED
from tracker.cache.outbox import Outbox
from tracker.config import Scope
from tracker.domain.change import NAME_TASKS, Kind, other_tasks, words
from tracker.domain.errors import Refusal, TrackerError
from tracker.domain.ids import uuid7
from tracker.domain.page import Changes, checksum
from tracker.domain.task import Part, Role
from tracker.services import tasks as client_tasks
from tracker.services.tasks import Done, NewTask
from tracker.sync.engine import Report, State
from tracker.sync.ports import Tokens

ACTIONS = 60
HOUR, DAY = 3_600_000, 86_400_000
WHOLE = server_pull.PAGE_ROWS
"""Rows on a page as the product has them: more than there are in a seed."""
ROLES = {"sara": Role.OWNER, "rita": Role.ADMIN, "ana": Role.EMPLOYEE, "jonas": Role.EMPLOYEE}
WORKERS = ("ana", "jonas")
_BEGIN: tuple[tuple[str, Scope], ...] = (
    ("rita", "monitor"), ("rita", "desk"), ("ana", "desk"), ("jonas", "desk"),
)  # fmt: skip
POISON, CURABLE = "poison", "poison, until the server is mended"
_MOVES = (Kind.START, Kind.HOLD, Kind.RESUME, Kind.COMPLETE, Kind.REOPEN, Kind.CANCEL)
_MORE = (
    Kind.EDIT_FIELDS, Kind.EDIT_FIELDS, Kind.DEPEND, Kind.UNDEPEND, Kind.ACCEPT, Kind.EDIT_COMMENT,
    Kind.LOG_TIME, Kind.LOG_TIME, Kind.RATE, Kind.ARCHIVE,
)  # fmt: skip


@dataclass
class Made:
    """An action that a screen would have called saved."""

    op_id: str
    device: str
    user_id: str
    task_id: str
    kind: Kind
    text: str
    withdrawn: bool = False
    retried: bool = False

    @property
    def trace(self) -> checks.Trace:
        """How the audit names it."""
        return self.op_id, self.user_id, self.text


def _words(args: Mapping[str, Any]) -> str:
    return words(args) or str(args.get("title") or "")


@dataclass
class Lab:
    """What all seeds of one process share: templates and the server's engine."""

    folder: Path

    def __post_init__(self) -> None:
        structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
        template = self.folder / "template.db"
        database = Database(f"sqlite:///{template}")
        numbers = itertools.count(1)  # the order of ids is the order of pointers in the feed
        with (
            patch("secrets.token_bytes", lambda size: next(numbers).to_bytes(size, "big")),
            # Nobody signs in with a password here, and making five good hashes takes a second.
            patch.object(auth, "_hasher", PasswordHasher.from_parameters(profiles.CHEAPEST)),
        ):
            self.world: World = make_world(database)
        load(Settings(), database)  # the server's id and key, which a backup has too
        database.close()
        self.files = self.folder / "files"
        self.files.mkdir()
        outbox, cache = Outbox(self.files), Confirmed(self.files)
        outbox._conn.execute("DELETE FROM device")  # each copy makes its own
        for connection in (outbox._conn, cache._conn):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        outbox.close()
        cache.close()
        self.server = SimulatedServer(template, self.folder, lambda: START)
        self.seeds = 0
        self.begun = self._begun()

    def _begun(self) -> dict[tuple[str, Scope], Path]:
        """Who reads what → the files of their device after its first pull, of a world without
        tasks. All seeds would do the same, and it would be a twentieth of their time."""
        sim = Simulation(self, 0)
        sim.folder.mkdir()
        self.server.reset(sim.now)
        for user, scope in _BEGIN:
            device = sim._add(user, scope)
            report = device.sync()
            checks.require(report.state is State.SYNCED, "{} cannot begin: {}", user, report)
            device.outbox._conn.execute("DELETE FROM device")
            device.close()
        return {(device.user, device.scope): device.folder for device in sim.devices}

    def close(self) -> None:
        self.server.close()


@dataclass
class Simulation:
    """`run` raises Violation; `history` says what happened, line by line."""

    lab: Lab
    seed: int
    happened: Counter[Fault] = field(default_factory=Counter)
    history: list[str] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    copied: set[str] = field(default_factory=set)
    restores: int = 0
    parted: bool = False
    """One copy of a profile took back what the other still has."""
    same_ids: set[str] = field(default_factory=set)
    mended: bool = False

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.time = START
        self._ids = 0
        self.server = self.lab.server
        self.disk = Disk(self.happened)
        self.lab.seeds += 1
        self.folder = self.lab.folder / f"seed-{self.lab.seeds}"
        self.views = checks.Views()
        self.wire = checks.Wire()
        self.page_rows = self.rng.choice((2, 8, 20, *[WHOLE] * 4))

    def now(self) -> int:
        return self.time

    def new_id(self) -> str:
        self._ids += 1
        return uuid7(self.time, self._ids.to_bytes(10, "big"))

    def say(self, text: str) -> None:
        self.history.append(f"{(self.time - START) / 60_000:8.1f} min  {text}")

    # -- the run ---------------------------------------------------------------------------

    def run(self) -> None:
        with self._planted():
            self.folder.mkdir()
            try:
                self.server.reset(self.now)
                self._people()
                while len(self.made) < ACTIONS or self.happened.total() < 5:
                    self.time += self.rng.choice((500, 5_000, 5_000, 60_000, 600_000))
                    self._step()
                    if len(self.history) > 3_000:
                        raise checks.Violation("the run does not end")
                self._heal()
                checks.final(self)
            finally:
                for device in self.devices:
                    device.close()
                shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _planted(self) -> Iterator[None]:
        """The seams the simulator stands at: commits of clients, their ids and clock, how long the
        server's pages are, and actions that its code fails at, some until it is mended."""
        decide = server_tasks.decide

        def poisoned(state: Any, action: Any, *more: Any) -> Any:
            note = str(action.args.get("note"))
            if POISON in note and not (self.mended and CURABLE in note):
                self.happened[Fault.POISON] += 1
                raise RuntimeError("planned")
            return decide(state, action, *more)

        kept = (client_database.transaction, client_tasks.device_clock, client_tasks.new_id)
        client_database.transaction = self.disk.transaction
        client_tasks.new_id = self.new_id
        server_tasks.decide = poisoned  # type: ignore[assignment]
        server_pull.PAGE_ROWS = self.page_rows
        try:
            yield
        finally:
            client_database.transaction, client_tasks.device_clock, client_tasks.new_id = kept
            server_tasks.decide, server_pull.PAGE_ROWS = decide, WHOLE

    def _people(self) -> None:
        self._add("rita", "monitor", begun=True)
        self._add("ana", "desk", begun=True)
        more = self.rng.choice((0, 0, 1, 1, 2, 3))
        users = [self.rng.choice(("ana", "jonas", "jonas", "rita")) for _ in range(more)]
        for user in users:  # some begin before they have anything from the server
            self._add(user, "desk", begun=self.rng.random() < 0.5)

    def _add(self, user: str, scope: Scope, begun: bool = False) -> Device:
        template = self.lab.begun[user, scope] if begun else self.lab.files
        device = Device(
            name=f"{user}-{len(self.devices)}", user=user, user_id=self.lab.world.users[user],
            role=ROLES[user], scope=scope, folder=self.folder / f"device-{len(self.devices)}",
            template=template, server=self.server, rng=self.rng, happened=self.happened,
            world_now=self.now, new_id=self.new_id, look=self.views.look,
            sent=self.wire.sent, meanwhile=self._meanwhile,
        )  # fmt: skip
        device.install(self.sign_in(user))
        device.open()
        self.devices.append(device)
        return device

    def sign_in(self, user: str) -> Tokens:
        user_id = self.lab.world.users[user]
        with self.server.state.database.write() as conn:
            session = sessions.open_session(conn, user_id, self.time, 8 * HOUR, 90 * DAY)
        return Tokens(session.access_token, session.refresh_token)

    def _step(self) -> None:
        device = self.rng.choice(self.devices)
        dice = self.rng.random()
        if dice < 0.5:
            self._survive(device, lambda: self._work(device))
        elif dice < 0.74:
            self._survive(device, lambda: self._sync(device))
        else:
            self._trouble(device)

    def _survive(self, device: Device, do: Any) -> None:
        """Runs what a process does; if it is killed on the way, starts it again."""
        try:
            do()
        except Killed:
            self.say(f"{device.name} killed")
            self.disk.calm()
            device.restart()
            self._find_unsure(device)

    # -- what people do --------------------------------------------------------------------

    def _work(self, device: Device) -> None:
        known = self._known(device)
        for _ in range(self.rng.choice((1, 3, 6, 8, 9))):
            self._do(device, known or self._known(device))
        self.views.keep(device)

    def _act(self, device: Device) -> None:
        self._do(device, self._known(device))
        self.views.keep(device)

    def _known(self, device: Device) -> list[str]:
        """The ids of the tasks on the screen: what was pulled, and what was made here since."""
        pulled, position = device.confirmed.briefs()
        own = device.outbox.overlay(position.epoch, position.seq)
        made = {action.task_id for action, _ in own if action.kind is Kind.CREATE_TASK}
        return sorted(made.union(brief.id for brief in pulled))

    def _do(self, device: Device, known: list[str]) -> None:
        client_tasks.device_clock = device.now
        tasks = device.tasks
        kind, task_id, args = self._choose(device, known)
        text = _words(args)
        try:
            if kind is Kind.CREATE_TASK:
                new = NewTask(args["title"], people=args["people"], parent_id=args["parent_id"])
                done = tasks.create(new)
            elif kind is Kind.COMMENT:
                done = tasks.comment(task_id, text)
            elif kind is Kind.SET_PROGRESS:
                done = tasks.set_progress(task_id, args["percent"], text)
            elif kind is Kind.ASSIGN:
                done = tasks.assign(task_id, args["user_id"], Part.ASSIGNEE, 100)
            elif kind is Kind.UNASSIGN:
                done = tasks.unassign(task_id, args["user_id"])
            elif kind is Kind.EDIT_FIELDS:
                done = tasks.change(task_id, args["fields"])
            elif kind is Kind.DEPEND:
                done = tasks.depend(task_id, args["needs_id"])
            elif kind is Kind.UNDEPEND:
                done = tasks.undepend(task_id, args["needs_id"])
            elif kind is Kind.ACCEPT:
                done = tasks.accept(task_id)
            elif kind is Kind.EDIT_COMMENT:
                done = tasks.reword(task_id, args["comment_id"], text)
            elif kind is Kind.LOG_TIME:
                done = tasks.log_time(task_id, args["minutes"], text)
            elif kind is Kind.RATE:
                done = tasks.rate(task_id, args["rating"], text)
            else:
                done = tasks.move(kind, task_id, text)
        except TrackerError as error:
            self.say(f"{device.name} {kind} not saved: {error.code}")
            return
        if isinstance(done, Refusal):
            return
        self._note(device, done, text)

    def _note(self, device: Device, done: Done, text: str) -> None:
        if done.kind in NAME_TASKS:
            for item in device.outbox.waiting(done.task_id):
                if item.action.op_id == done.op_id:
                    self.views.gained_children(other_tasks(item.action))
        own = Made(done.op_id, device.name, device.user_id, done.task_id, done.kind, text)
        self.made.append(own)
        self.say(f"{device.name} {done.kind} {done.task_id[-4:]} {text!r} as {done.op_id[-4:]}")
        self.views.acted(device, done)

    def _find_unsure(self, device: Device) -> None:
        """What is there and no screen told of: it was killed after the commit, or it came along
        with a retry. It counts as made."""
        known = {one.op_id for one in self.made}
        for item in device.outbox.waiting():
            if item.action.op_id not in known:
                action = item.action
                done = Done(action.op_id, action.kind, action.task_id, Changes())
                self._note(device, done, _words(action.args))
        self.views.keep(device)

    def _choose(self, device: Device, known: list[str]) -> tuple[Kind, str, dict[str, Any]]:
        rng = self.rng
        admin = device.role is not Role.EMPLOYEE
        if not known or (rng.random() < (0.12 if admin else 0.03) and len(known) < 8):
            who = rng.choice(WORKERS) if admin else device.user
            people = [(self.lab.world.users[who], Part.ASSIGNEE, 100)]
            parent = rng.choice(known) if known and rng.random() < 0.3 else None
            title = f"Task {len(self.made)}"
            return Kind.CREATE_TASK, "", {"title": title, "people": people, "parent_id": parent}
        task_id = rng.choice(known)
        text = f"{device.name} says {len(self.made)}"
        if rng.random() < 0.2:
            return self._choose_more(device, known, task_id, text)
        dice = rng.random()
        if admin and dice < 0.25:
            kind = rng.choice((Kind.ASSIGN, Kind.UNASSIGN))
            if kind is Kind.UNASSIGN:
                self.happened[Fault.TAKEN_AWAY] += 1
            return kind, task_id, {"user_id": self.lab.world.users[rng.choice(WORKERS)]}
        if dice < 0.45:
            return Kind.COMMENT, task_id, {"text": text}
        if dice < 0.8:
            note = f"{rng.choice((POISON, CURABLE))}: {text}" if rng.random() < 0.04 else text
            return Kind.SET_PROGRESS, task_id, {"percent": rng.randrange(101), "note": note}
        return rng.choice(_MOVES), task_id, {"note": text}

    def _choose_more(
        self, device: Device, known: list[str], task_id: str, text: str
    ) -> tuple[Kind, str, dict[str, Any]]:
        """What is done to a task beside working on it; some of it names another thing."""
        rng = self.rng
        kind, other = rng.choice(_MORE), rng.choice(known)
        if kind is Kind.EDIT_FIELDS:
            title, parent = {"title": text}, {"title": text, "parent_id": other}
            return kind, task_id, {"fields": rng.choice((title, parent))}
        if kind in (Kind.DEPEND, Kind.UNDEPEND):
            return kind, task_id, {"needs_id": other}
        if kind is Kind.EDIT_COMMENT:
            mine = [c.id for c in device.projection.trail(task_id).comments]
            if not mine:
                return Kind.COMMENT, task_id, {"text": text}
            return kind, task_id, {"comment_id": rng.choice(mine), "text": text}
        if kind is Kind.LOG_TIME:
            return kind, task_id, {"minutes": rng.choice((-20, 5, 10, 30)), "note": text}
        if kind is Kind.RATE:
            return kind, task_id, {"rating": rng.randrange(1, 6), "note": text}
        return kind, task_id, {} if kind is Kind.ACCEPT else {"note": text}

    def _sync(self, device: Device) -> None:
        report = device.sync()
        fault = f" {report.fault.code}" if report.fault else ""
        self.say(f"{device.name} {report.state}{fault}, {report.sent} sent, {report.waiting} wait")
        if report.state is State.SIGN_IN and self.rng.random() < 0.5:
            device.credentials.write(self.sign_in(device.user))

    # -- what goes wrong -------------------------------------------------------------------

    def _trouble(self, device: Device) -> None:
        fault = self.rng.choice(_TROUBLES)
        self.say(f"{device.name}: {fault}")
        if fault in NETWORK:
            device.line.planned = [fault, *self.rng.choices(NETWORK, k=self.rng.randrange(2))]
            self._survive(device, lambda: self._sync(device))
            device.line.planned.clear()
        elif fault in AT_COMMIT:
            self.disk.plan(fault, self.rng)
            do = self.rng.choice((self._act, self._sync))
            self._survive(device, lambda: do(device))
            self.disk.calm()
        else:
            if fault is not Fault.BOUND:  # which needs finished tasks
                self.happened[fault] += 1
            _HAPPENS[fault](self, device)

    def _clock_wrong(self, device: Device) -> None:
        device.offset = self.rng.choice((-DAY, -HOUR, 0, 90_000, 3 * HOUR))

    def _token_expired(self, device: Device) -> None:
        user_id = device.user_id
        self.server.change("UPDATE tokens SET access_expires_at = 1 WHERE user_id = :u", u=user_id)
        checks.shut_out(self.server, device)

    def _wrong_token(self, device: Device) -> None:
        """Two profiles mixed up in the keyring, until somebody notices."""
        own = device.credentials.read()
        assert own is not None
        device.credentials.write(self.sign_in("jonas" if device.user == "ana" else "ana"))
        self._survive(device, lambda: self._sync(device))
        device.credentials.write(own)

    def _cloned(self, device: Device) -> None:
        if len(self.devices) >= 6:
            return
        device.close()
        clone = self._add(device.user, device.scope)
        clone.close()
        self.copied |= {device.name, clone.name}
        shutil.rmtree(clone.folder)
        shutil.copytree(device.folder, clone.folder)
        tokens = device.credentials.read()
        clone.credentials.write(tokens)
        clone.offset, clone.role = device.offset, device.role
        device.open()
        clone.open()
        if self.rng.random() < 0.5:
            self._same_ids(device, clone)

    def _same_ids(self, device: Device, clone: Device) -> None:
        """A machine copied while it ran goes on with the same random numbers as its copy."""
        before = self._ids
        for one in (device, clone):
            self._ids = before
            client_tasks.device_clock = one.now
            text = f"{one.name} says {len(self.made)}"
            done = one.tasks.comment(min(one.projection.views(), default=""), text)
            if isinstance(done, Done):
                self._note(one, done, text)
                self.views.keep(one)
                self.same_ids.add(done.op_id)
                self.happened[Fault.SAME_IDS] += 1

    def _meanwhile(self, device: Device) -> None:
        other = self.rng.choice([one for one in self.devices if one is not device])
        self._act(other)
        self._sync(other)

    def _restored(self, device: Device) -> None:
        dice = self.rng.random()
        if dice < 0.6:
            self.server.back_up()
            self.server.start()
        if dice < 0.2:  # and only this device, the last to come back, knows of what was lost
            self._act(device)
            self._sync(device)
        if dice < 0.2 or dice > 0.6:
            self.restores += 1
            self.server.restore()
            for one in self.devices:
                one.line.late.clear()
        if dice < 0.2:
            for one in sorted(self.devices, key=lambda one: one is device):
                self._sync(one)

    def _restarted(self, device: Device) -> None:
        self.server.start()

    def _pruned(self, device: Device) -> None:
        """By a command, beside what this process has in memory. After a restore that nobody has
        noticed yet it could take away what proves it (docs/sync.md)."""
        if not self.restores:
            since = self.time - self.rng.choice((0, 600_000, HOUR))
            self.server.prune(self.lab.world.tenant_id, since)

    def _bound(self, device: Device) -> None:
        """A task is finished, and such leave as if there were ten thousand later ones."""
        client_tasks.device_clock = device.now
        text = f"{device.name} says {len(self.made)}"
        known = self._known(device)
        if known:
            kind = self.rng.choice((Kind.COMPLETE, Kind.CANCEL))
            done = device.tasks.move(kind, self.rng.choice(known), text)
            if isinstance(done, Done):
                self._note(device, done, text)
                self.views.keep(device)
        self._sync(device)
        outbox, read = device.outbox, device.confirmed.position()
        busy = {entry.action.task_id for entry in outbox.tray()}
        busy |= {item.action.task_id for item in outbox.waiting()}
        busy |= {action.task_id for action, _ in outbox.overlay(read.epoch, read.seq)}
        device.confirmed.most_finished = self.rng.choice((0, 1))
        left = device.confirmed.evict(outbox.busy).tasks
        device.confirmed.most_finished = MOST_FINISHED
        checks.require(not left & busy, "{} needs {}, and they left", device.name, left & busy)
        if left:
            self.happened[Fault.BOUND] += 1
            self.say(f"{device.name} keeps stubs of {[task_id[-4:] for task_id in sorted(left)]}")

    def _cache_lost(self, device: Device) -> None:
        device.close()
        for path in device.folder.glob("cache.db*"):
            path.unlink()
        if self.rng.random() < 0.5:
            (device.folder / "cache.db").write_bytes(b"no database at all" * 100)
        device.open()
        device.line.planned = [Fault.MEANWHILE] * 3
        self._sync(device)
        device.line.planned.clear()

    def _command_line(self, device: Device) -> None:
        """Another process on the same files, while the window is open."""
        kept = (device.outbox, device.confirmed, device.projection, device.workspace,
                device.tasks, device.engine)  # fmt: skip
        device.open()
        try:
            self._act(device)
            if self.rng.random() < 0.5:
                self._sync(device)
        finally:
            device.close()
            (device.outbox, device.confirmed, device.projection, device.workspace,
             device.tasks, device.engine) = kept  # fmt: skip
            device.is_open = True

    def _withdrawn(self, device: Device) -> None:
        client_tasks.device_clock = device.now
        waiting = [item for item in device.outbox.waiting() if not item.again]
        if not waiting:
            return
        wanted = self.rng.choice(waiting).action.op_id
        if self.rng.random() < 0.5:  # it is sent while a person reaches for the button
            device.line.planned = [Fault.ANSWER_LOST]
            self._sync(device)
            device.line.planned.clear()
        before = {item.action.op_id for item in device.outbox.waiting()}
        device.tasks.withdraw(wanted)
        gone = before - {item.action.op_id for item in device.outbox.waiting()}
        self.parted = self.parted or (bool(gone) and device.name in self.copied)
        for one in self.made:
            if one.device == device.name and one.op_id in gone:  # a copy of the profile has it too
                one.withdrawn = True
                self.views.touched(one.task_id)

    def _given_up(self, device: Device) -> None:
        waiting = [
            item
            for item in device.outbox.waiting()
            # A void names an id alone: of two actions with one id it would settle either.
            if not item.unsent and not item.again and item.action.op_id not in self.same_ids
        ]
        if waiting:
            item = self.rng.choice(waiting)
            device.outbox.give_up(item.action.op_id, device.now())
            self.views.touched(item.action.task_id)

    def _retried(self, device: Device) -> None:
        client_tasks.device_clock = device.now
        tray = device.outbox.tray()
        if not tray:
            return
        device.tasks.retry(self.rng.choice(tray))
        left = {entry.action.op_id for entry in device.outbox.tray()}
        again = {entry.action.op_id for entry in tray} - left
        for one in self.made:
            one.retried = one.retried or one.op_id in again
        self._find_unsure(device)

    def _role_changed(self, device: Device) -> None:
        user_id = self.lab.world.users["jonas"]
        ((role, version),) = self.server.rows(
            "SELECT role, version FROM users WHERE id = :u", u=user_id
        )
        role = "ADMIN" if role == "EMPLOYEE" else "EMPLOYEE"
        with self.server.elsewhere() as conn:
            tenant = server_feed.lock(conn, self.lab.world.tenant_id)
            conn.exec_driver_sql(
                "UPDATE users SET role = ?, version = ?, checksum = ? WHERE id = ?",
                (role, version + 1, checksum(user_id, version + 1), user_id),
            )
            tenant.point([server_feed.ALL], "person", user_id)
            server_feed.save(conn, tenant, self.time)

    # -- and heals -------------------------------------------------------------------------

    def _heal(self) -> None:
        self.say("healing")
        self.disk.calm()
        for device in self.devices:
            device.line.planned.clear()
            device.line.deliver_late()
            device.offset = 0
        self.mended = True
        # Nobody comes between two pages any more, so short ones would only take longer.
        server_pull.PAGE_ROWS = WHOLE
        if self._rounds(6):
            self.time += 8 * DAY  # what waited for a task that nobody offers again is decided now
            self._rounds(14)

    def _rounds(self, most: int) -> int:
        """Everybody synchronises every hour, until nothing waits; returns how much still does. Who
        has nothing to send and knows of the server's last restore has no more to say."""
        waits = 0
        for n in range(most):
            waits = 0
            for device in self.devices:
                if n and not device.outbox.waiting() and self._knows_epoch(device):
                    continue
                for item in device.outbox.waiting():
                    note = str(item.action.args.get("note"))
                    if item.parked and POISON in note and CURABLE not in note:
                        device.outbox.give_up(item.action.op_id, device.now())
                        self.views.touched(item.action.task_id)
                waits += self.settle(device).waiting
            self.time += HOUR + 60_000
            self.say(f"{waits} wait")
            if not waits:
                break
        return waits

    def _knows_epoch(self, device: Device) -> bool:
        (epoch,) = self.server.rows("SELECT epoch FROM tenants WHERE name = 'Northwind'")
        return device.confirmed.position().epoch == epoch[0]

    def settle(self, device: Device) -> Report:
        """A run, after signing in again if that is asked for."""
        report = device.sync()
        if report.state is State.SIGN_IN:
            device.credentials.write(self.sign_in(device.user))
            report = device.sync()
        return report


_HAPPENS = {
    Fault.CLOCK_WRONG: Simulation._clock_wrong,
    Fault.TOKEN_EXPIRED: Simulation._token_expired,
    Fault.CLONED: Simulation._cloned,
    Fault.RESTORED: Simulation._restored,
    Fault.RESTARTED: Simulation._restarted,
    Fault.PRUNED: Simulation._pruned,
    Fault.BOUND: Simulation._bound,
    Fault.CACHE_LOST: Simulation._cache_lost,
    Fault.COMMAND_LINE: Simulation._command_line,
    Fault.WITHDRAWN: Simulation._withdrawn,
    Fault.GIVEN_UP: Simulation._given_up,
    Fault.RETRIED: Simulation._retried,
    Fault.ROLE_CHANGED: Simulation._role_changed,
    Fault.WRONG_TOKEN: Simulation._wrong_token,
}
_TROUBLES = (*NETWORK, *NETWORK, *AT_COMMIT, *AT_COMMIT, *_HAPPENS, *[Fault.BOUND] * 2)
