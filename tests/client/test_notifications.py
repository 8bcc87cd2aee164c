"""One's own notifications on a device: kept, bounded, and marked at once without jumping back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.test_confirmed import everything
from tests.client.test_eviction import fill, finished
from tests.support.client import (
    CommandLine,
    Device,
    Finished,
    action,
    comment,
    new_id,
    page,
    receipt,
    task,
)
from tests.support.notices import notice
from tests.support.server import DAY, HOUR, START, RunningServer
from tests.support.windows import ANA
from tracker.cache import confirmed as cache
from tracker.cache.confirmed import MIGRATIONS, Confirmed
from tracker.cache.database import connect
from tracker.cache.outbox import Outbox
from tracker.cache.projection import Mark, Projection
from tracker.config import Profile
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.notification import Notification
from tracker.domain.page import Changes
from tracker.domain.receipt import Outcome
from tracker.domain.task import Role
from tracker.protocol.sync import Gone
from tracker.services import syncing
from tracker.services.credentials import InEnvironment
from tracker.services.notifications import Notifications
from tracker.services.tasks import Done, Tasks
from tracker.services.workspace import Workspace, open_workspace
from tracker.sync.engine import State

N, M = (f"00000000-0000-7000-8000-00000000000{n}" for n in "ab")


def note(notification_id: str = N, number: int = 1, **over: Any) -> Notification:
    return notice(number, id=notification_id, **over)


def mark(notification_id: str = N, **over: Any) -> Action:
    args = over.pop("args", {"read": True})
    return action(Kind.MARK_NOTIFICATION, notification_id, args, **over)


class TestCache:
    def test_rows_come_back_as_they_were_sent_newest_first(self, confirmed: Confirmed) -> None:
        whole = note(
            version=2**53, read_at=START + 1, expires_at=START + DAY, entity_kind="task",
            entity_id=N, action_url=f"tracker://task/{N}",
        )  # fmt: skip
        changes = confirmed.apply(page(7, notifications=[whole, note(M, 2)]), START)
        assert changes == Changes(notifications=True)
        rows, position = confirmed.notifications()
        assert (rows, position.seq) == ([note(M, 2), whole], 7)

    def test_a_tombstone_takes_one_away(self, confirmed: Confirmed) -> None:
        confirmed.apply(page(7, notifications=[note(), note(M, 2)]), START)
        changes = confirmed.apply(page(8, gone=[Gone(kind="notification", id=N)]), START)
        assert changes == Changes(notifications=True)
        assert confirmed.notifications()[0] == [note(M, 2)]

    def test_a_page_without_any_says_so(self, confirmed: Confirmed) -> None:
        assert not confirmed.apply(page(7, tasks=[task(N)]), START).notifications

    def test_it_keeps_what_a_first_pull_would_bring(
        self, confirmed: Confirmed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cache, "NOTIFICATIONS_KEPT", 2)
        rows = [note(new_id(), number) for number in range(1, 5)]
        confirmed.apply(page(7, notifications=rows), START)
        assert [row.number for row in confirmed.notifications()[0]] == [4, 3]
        gone = note(rows[3].id, 4, archived_at=START)
        confirmed.apply(page(8, notifications=[gone]), START)
        assert [row.number for row in confirmed.notifications()[0]] == [3]

    def test_a_first_pull_brings_them_when_it_is_whole(self, confirmed: Confirmed) -> None:
        confirmed.apply(page(7, notifications=[note()]), START)
        first = page(9, cursor="half", snapshot=True, more=True, notifications=[note(M, 2)])
        assert not confirmed.apply(first, START)
        assert confirmed.notifications()[0] == [note()]
        # The feed after it may say that one of them is gone again.
        stone = Gone(kind="notification", id=M)
        last = page(9, snapshot=True, notifications=[note(N, 1, version=2)], gone=[stone])
        assert confirmed.apply(last, START).notifications
        assert confirmed.notifications()[0] == [note(N, 1, version=2)]

    def test_a_cache_from_before_pulls_everything_anew_and_shows_what_it_has(
        self, tmp_path: Path
    ) -> None:
        old = connect(tmp_path / "cache.db", MIGRATIONS[:3], "NORMAL")
        # That version had no such tables.
        old.execute("DROP TABLE notifications")
        old.execute("DROP TABLE shadow_notifications")
        old.execute("UPDATE position SET cursor = 'c7', epoch = 'e1', seq = 7, shadow_cursor = 's'")
        old.close()
        found = Confirmed(tmp_path)
        try:
            assert (found.rebuilt, found.next_cursor(), found.position().seq) == (False, None, 7)
            assert found.notifications()[0] == []
            found.apply(page(9, snapshot=True, notifications=[note()], tasks=[task(N)]), START)
            assert found.notifications()[0] == [note()]
        finally:
            found.close()


class Desk:
    """Ana's storage with one notification, pulled at version 1 and seq 10."""

    def __init__(self, folder: Path) -> None:
        self.confirmed, self.outbox = Confirmed(folder), Outbox(folder)
        self.projection = Projection(self.confirmed, self.outbox, Actor(ANA, Role.EMPLOYEE))
        self.pull(10, note())

    def close(self) -> None:
        self.confirmed.close()
        self.outbox.close()

    def pull(self, seq: int, *rows: Notification, **more: Any) -> None:
        self.confirmed.apply(page(seq, notifications=[*rows], **more), START)

    def answer(self, of: Action, outcome: Outcome = Outcome.APPLIED, **more: Any) -> Changes:
        return self.outbox.record([receipt(of, outcome, **more)], START, lambda _: START)

    def shown(self, now: int = START) -> list[tuple[int, int | None, Mark]]:
        return [(row.number, row.read_at, m) for row, m in self.projection.notifications(now)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


class TestShown:
    def test_a_mark_is_shown_at_once(self, desk: Desk) -> None:
        assert desk.outbox.add([mark(made_at=START + 5)]) == Changes(notifications=True)
        assert desk.shown() == [(1, START + 5, Mark.WAITING)]

    def test_it_does_not_jump_back_between_receipt_and_pull(self, desk: Desk) -> None:
        one = mark(made_at=START + 5)
        desk.outbox.add([one])
        assert desk.answer(one, task_version=2, seq=15) == Changes(notifications=True)
        assert desk.shown() == [(1, START + 5, Mark.SAVED)]
        desk.pull(12)  # of the time before
        assert desk.shown() == [(1, START + 5, Mark.SAVED)]
        desk.pull(15, note(version=2, read_at=START + 5))
        assert desk.shown() == [(1, START + 5, Mark.SAVED)]
        assert desk.outbox.overlay("e1", 15) == []

    def test_what_another_device_did_later_stands(self, desk: Desk) -> None:
        one = mark()
        desk.outbox.add([one])
        desk.answer(one, task_version=2, seq=15)
        # Its row came with a page that ends before the own receipt's position.
        desk.pull(14, note(version=3))
        assert desk.shown() == [(1, None, Mark.SAVED)]

    def test_one_whose_answer_was_lost_is_not_undone_by_its_row(self, desk: Desk) -> None:
        desk.outbox.add([mark(made_at=START + 5)])
        desk.outbox.take_batch(START, 500, 1_000_000)
        desk.pull(15, note(version=2, read_at=START + 5))
        assert desk.shown() == [(1, START + 5, Mark.WAITING)]

    def test_a_refused_one_is_one_fewer_to_replay(self, desk: Desk) -> None:
        one = mark()
        desk.outbox.add([one])
        desk.answer(one, Outcome.REJECTED, code="E5040")
        assert desk.shown() == [(1, None, Mark.SAVED)]
        (entry,) = desk.outbox.tray()
        assert entry.action == one

    def test_withdrawn_it_is_unread_again(self, desk: Desk) -> None:
        one = mark()
        desk.outbox.add([one])
        assert desk.outbox.withdraw(one.op_id, START) == Changes(notifications=True)
        assert desk.shown() == [(1, None, Mark.SAVED)]

    def test_several_in_order_and_an_archived_one_leaves(self, desk: Desk) -> None:
        desk.outbox.add([mark(), mark(args={"read": False})])
        assert desk.shown() == [(1, None, Mark.WAITING)]
        desk.outbox.add([mark(args={"archived": True})])
        assert desk.shown() == []

    def test_one_on_what_is_not_here_shows_nothing(self, desk: Desk) -> None:
        desk.outbox.add([mark(M)])
        assert desk.shown() == [(1, None, Mark.SAVED)]
        desk.pull(11, gone=[Gone(kind="notification", id=N)])
        assert desk.shown() == []

    def test_what_has_expired_is_not_listed(self, desk: Desk) -> None:
        desk.pull(11, note(M, 2, expires_at=START + HOUR))
        assert [number for number, *_ in desk.shown(START)] == [2, 1]
        assert [number for number, *_ in desk.shown(START + HOUR)] == [1]

    def test_tasks_know_nothing_of_marks(self, desk: Desk) -> None:
        one = task(M)
        desk.confirmed.apply(page(11, tasks=[one]), START)
        waits, refused = mark(), mark()
        desk.outbox.add([waits, refused])
        desk.answer(refused, Outcome.REJECTED, code="E5040")
        views = desk.projection.views()
        assert {view.task: view.mark for view in views.values()} == {one: Mark.SAVED}
        assert [m for _, m in desk.projection.listing()] == [Mark.SAVED]
        # Nor does the bound on them.
        fill(desk.confirmed, finished(M))
        desk.confirmed.most_finished = 0
        desk.confirmed.evict(desk.outbox.busy)
        assert desk.confirmed.stubs().keys() == {M}
        assert len(everything(desk.confirmed)["notifications"]) == 1


Open = Callable[..., Device]


def read_at(device: Device) -> list[int | None]:
    return [row.read_at for row, _ in device.projection.notifications(device.now)]


class TestWithAServer:
    @pytest.fixture
    def ana(self, server: RunningServer, device: Open) -> Device:
        server.task("ana")
        found = device("ana")
        found.sync()
        return found

    def only(self, device: Device) -> Notification:
        ((row, _),) = device.projection.notifications(device.now)
        return row

    @pytest.mark.parametrize("fault", ["ok", "lose request", "lose answer", "twice"])
    @pytest.mark.parametrize("method", ["push", "pull"])
    def test_read_stays_read_whatever_the_line_does(
        self, ana: Device, fault: str, method: str
    ) -> None:
        row = self.only(ana)
        ana.add(mark(row.id))
        ana.line.watch = lambda: self.require_read(ana)
        ana.line.fail(fault, method=method)
        reports = [ana.sync(), ana.sync()]
        self.require_read(ana)
        assert reports[1].state is State.SYNCED
        assert reports[0].changes.notifications or reports[1].changes.notifications
        assert (ana.waiting_ids(), ana.outbox.tray()) == ([], [])
        assert ana.confirmed.notifications()[0][0].read_at == START

    def require_read(self, device: Device) -> None:
        assert read_at(device) == [START]

    def test_another_device_and_the_monitor_hear_of_it(
        self, server: RunningServer, device: Open
    ) -> None:
        task_id = server.task("ana")
        desk, monitor = device("rita"), device("rita", scope="monitor")
        server.device("ana").do("complete", task_id)
        for one in (desk, monitor):
            one.sync()
        row = self.only(monitor)
        assert row == self.only(desk)
        desk.add(mark(row.id))
        for one in (desk, monitor):
            one.sync()
        assert read_at(monitor) == read_at(desk) == [START]

    def test_a_mark_of_what_another_device_deleted_needs_no_attention(
        self, server: RunningServer, ana: Device
    ) -> None:
        row = self.only(ana)
        ana.add(mark(row.id))
        path = f"/api/v1/notifications/{row.id}"
        assert server.client("ana").delete(path).status_code == 204
        assert ana.sync().state is State.SYNCED
        assert (read_at(ana), ana.outbox.tray(), ana.waiting_ids()) == ([], [], [])

    def test_a_restored_server_gets_back_what_was_told_and_what_was_read(
        self, server: RunningServer, device: Open
    ) -> None:
        if not server.database.is_sqlite:
            pytest.skip("a backup is a copy of SQLite's file")
        task_id = server.task("ana")
        ana, rita = device("ana"), device("rita")
        rita.sync()
        ana.sync()
        backup = server.back_up()
        rita.add(comment(task_id, "Be quick"))
        rita.sync()
        ana.sync()
        told, _ = ana.projection.notifications(ana.now)[0]
        ana.add(mark(told.id, base_epoch=ana.confirmed.position().epoch))
        ana.sync()
        server.restore(backup)
        # Hers comes first, when the server does not know yet what it is about.
        assert ana.sync().waiting == 1
        rita.sync()
        ana.now += 60_000
        ana.sync()
        assert ana.waiting_ids() == []
        again = ana.confirmed.notifications()[0]
        assert [(row.id, row.message) for row in again if row.read_at] == [(told.id, told.message)]


@pytest.fixture
def work(server: RunningServer, tmp_path: Path) -> Iterator[Workspace]:
    """Ana's workspace, who was told of two tasks."""
    server.task("ana", title="Fix the pump")
    server.task("ana", title="Grease the bearings")
    profile = Profile(
        folder=tmp_path / "ana",
        scope="desk",
        server_url=server.url,
        server_id=server.get(None, "/api/v1/health").json()["server_id"],
        user_id=server.users["ana"],
        name="ana",
        display_name="Ana Moreno",
        role=Role.EMPLOYEE,
        tenant="Northwind",
    )
    opened = open_workspace(profile)
    sync(server, opened)
    yield opened
    opened.close()


def sync(server: RunningServer, work: Workspace) -> None:
    report = syncing.sync_once(work.profile, InEnvironment(server.token("ana")))
    assert report is not None
    assert report.state is State.SYNCED


class TestService:
    def test_reading_unreading_and_archiving(self, server: RunningServer, work: Workspace) -> None:
        own = Notifications(work)
        rows = [row for row, _ in own.listed()]
        saved = own.read(rows)
        assert saved.changes == Changes(notifications=True)
        assert len(saved.op_ids) == 2
        assert all(row.read_at for row, _ in own.listed())
        own.read(rows[:1], is_read=False)
        assert [row.read_at is None for row, _ in own.listed()] == [True, False]
        own.archive(rows[1:])
        assert [row.number for row, _ in own.listed()] == [2]
        sync(server, work)
        assert [(row.number, row.read_at, m) for row, m in own.listed()] == [(2, None, Mark.SAVED)]

    def test_a_refused_mark_can_be_tried_again(
        self, server: RunningServer, work: Workspace
    ) -> None:
        own = Notifications(work)
        (row, _), *_ = own.listed()
        own.read([row])
        of = "UPDATE notifications SET user_id = :user WHERE id = :id"
        server.sql(of, user=server.users["jonas"], id=row.id)
        sync(server, work)
        (entry,) = work.outbox.tray()
        assert (entry.receipt.code, entry.action.seen["title"]) == ("E5040", row.message)
        server.sql(of, user=server.users["ana"], id=row.id)
        done = Tasks(work).retry(entry)
        assert isinstance(done, Done)
        sync(server, work)
        assert work.outbox.tray() == []
        assert server.get("ana", f"/api/v1/notifications/{row.id}").json()["is_read"] is True


class TestCommand:
    @pytest.fixture
    def ana(self, server: RunningServer, command: CommandLine) -> CommandLine:
        for title, priority in (("Fix the pump", "MEDIUM"), ("Grease the bearings", "URGENT")):
            server.task("ana", title=title, priority=priority)
        assert command("login", "--server", server.url, "--user", "ana").code == 0
        return command

    def listed(self, ana: CommandLine, *more: str) -> list[dict[str, Any]]:
        done = ana("notifications", "--json", *more)
        assert (done.code, done.err) == (0, "")
        document = json.loads(done.out)
        assert document["format"] == 1
        found: list[dict[str, Any]] = document["notifications"]
        return found

    def test_they_are_listed_from_the_cache(self, server: RunningServer, ana: CommandLine) -> None:
        server.stop()
        done = ana("notifications")
        assert (done.code, done.err) == (0, "")
        first, second = done.out.splitlines()
        assert first.split(maxsplit=1)[0] == "2"
        assert first.endswith("new  critical  Rita Okafor assigned you “Grease the bearings”.")
        assert second.endswith("new  normal    Rita Okafor assigned you “Fix the pump”.")
        newest, _ = self.listed(ana)
        assert newest == {
            "id": newest["id"],
            "number": 2,
            "type": "task_assigned",
            "title": "New task",
            "message": "Rita Okafor assigned you “Grease the bearings”.",
            "priority": "critical",
            "category": "task",
            "created_at": "2026-03-02T08:00:00.000Z",
            "read_at": None,
            "expires_at": None,
            "action_url": f"tracker://task/{newest['entity_id']}",
            "entity_kind": "task",
            "entity_id": newest["entity_id"],
            "sync": "saved",
        }

    def test_reading_one_and_all_of_them(self, server: RunningServer, ana: CommandLine) -> None:
        assert ana("notifications", "--read", "1") == Finished(0, "Done.\n", "")
        assert [row["number"] for row in self.listed(ana, "--unread")] == [2]
        assert server.get("ana", "/api/v1/notifications/1").json()["is_read"] is True
        nothing = Finished(0, "Nothing of that is unread.\n", "")
        assert ana("notifications", "--read", "1") == nothing
        server.task("ana")
        ana("sync", "--once")
        done = ana("notifications", "--read", "all")
        assert done == Finished(0, "Done: 2 marked as read.\n", "")
        assert ana("notifications", "--unread") == Finished(0, "", "")
        assert ana("notifications", "--read", "all") == nothing

    def test_offline_it_is_queued_and_sent_later(
        self, server: RunningServer, ana: CommandLine
    ) -> None:
        server.port = int(server.url.rpartition(":")[2])
        newest, _ = self.listed(ana)
        server.stop()
        done = ana("notifications", "--read", newest["id"][:13])
        assert (done.code, done.err) == (3, "")
        assert done.out.startswith("Saved; it is sent when the server can be reached: ")
        assert [(row["sync"], row["read_at"] is None) for row in self.listed(ana)] == [
            ("waiting", False),
            ("saved", True),
        ]
        assert "[waiting]" in ana("notifications").out
        assert "Rita Okafor assigned you “Grease the bearings”.: Mark as read" in ana("queue").out
        server.start()
        assert ana("sync", "--once").code == 0
        assert server.get("ana", "/api/v1/notifications/2").json()["is_read"] is True

    @pytest.mark.parametrize("ref", ["7", "", "019c", "%"])
    def test_an_unknown_one_is_said(self, ana: CommandLine, ref: str) -> None:
        done = ana("notifications", "--read", ref)
        assert (done.code, done.out) == (1, "")
        assert "(E5040)" in done.err

    def test_wrong_use_is_said(self, ana: CommandLine) -> None:
        done = ana("notifications", "--read", "1", "--unread")
        assert done.code == 2
        assert "(E2018)" in done.err
