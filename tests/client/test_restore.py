"""A server that was restored from a backup: what it lost comes back, and no screen shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client.test_engine import own_ops
from tests.support.client import Device, action, comment, new_id, receipt
from tests.support.server import DAY, HOUR, RunningServer
from tracker.cache.confirmed import Confirmed
from tracker.cache.outbox import Outbox
from tracker.domain.change import Action, Kind
from tracker.domain.errors import EnvironmentFault
from tracker.domain.page import Mark
from tracker.domain.receipt import Outcome
from tracker.sync.engine import State

Open = Callable[..., Device]


@pytest.fixture
def server(server: RunningServer) -> RunningServer:
    if not server.database.is_sqlite:
        pytest.skip("a backup is a copy of SQLite's file")
    return server


@pytest.fixture
def task_id(server: RunningServer) -> str:
    return server.task("ana")


@pytest.fixture
def ana(server: RunningServer, device: Open, task_id: str) -> Device:
    found = device("ana")
    found.sync()
    return found


class TestMarks:
    def test_the_greatest_of_an_epoch_is_kept(self, outbox: Outbox) -> None:
        for head in (5, 3, 7, 6):
            outbox.keep_mark(Mark("e1", head, f"at {head}"))
        assert outbox.mark() == "at 7"
        outbox.record([], 0, lambda _: 0, Mark("e1", 4, "at 4"))
        assert outbox.mark() == "at 7"

    def test_one_of_another_epoch_takes_its_place(self, outbox: Outbox) -> None:
        outbox.keep_mark(Mark("e1", 9, "before"))
        outbox.keep_mark(Mark("e2", 2, "after"))
        assert outbox.mark() == "after"

    def test_it_outlives_the_process(self, tmp_path: Path) -> None:
        first = Outbox(tmp_path)
        first.keep_mark(Mark("e1", 9, "m"))
        first.close()
        second = Outbox(tmp_path)
        assert second.mark() == "m"
        second.close()

    def test_every_push_and_pull_carries_it(self, ana: Device, task_id: str) -> None:
        first = ana.outbox.mark()
        ana.add(action(task_id=task_id))
        ana.line.marks.clear()
        ana.sync()
        assert ana.line.marks[0] == first
        assert ana.line.marks[1] not in (first, None)
        assert ana.line.marks[-1] == ana.outbox.mark()

    def test_what_the_push_brought_is_not_written_again_for_its_page(
        self, ana: Device, task_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before, cursor = ana.outbox.mark(), ana.confirmed.next_cursor()
        again: list[Mark] = []
        monkeypatch.setattr(Outbox, "keep_mark", lambda _, mark: again.append(mark))
        ana.add(action(task_id=task_id))
        assert ana.sync().state is State.SYNCED
        assert ana.confirmed.next_cursor() != cursor
        assert ana.outbox.mark() != before
        assert again == []

    def test_it_is_kept_before_the_page_it_came_with(
        self, server: RunningServer, ana: Device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Behind the rows it would not notice that what they show was lost."""
        server.task("ana")
        before, cursor = ana.outbox.mark(), ana.confirmed.next_cursor()

        def full(*_: object) -> None:
            raise EnvironmentFault("E3001", "The file is cache.db.")

        monkeypatch.setattr(Confirmed, "apply", full)
        assert ana.sync().state is State.FAULT
        assert ana.confirmed.next_cursor() == cursor
        assert ana.outbox.mark() != before

    def test_it_is_kept_with_the_receipts_or_neither_is(
        self, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = action()
        outbox.add([made])

        def full(*_: object) -> None:
            raise EnvironmentFault("E3001", "The file is outbox.db.")

        with monkeypatch.context() as patch:
            patch.setattr(Outbox, "_keep_mark", full)
            with pytest.raises(EnvironmentFault):
                outbox.record([receipt(made)], 0, lambda _: 0, Mark("e1", 1, "m"))
        assert (outbox.mark(), outbox.tally().waiting) == (None, 1)
        outbox.record([receipt(made)], 0, lambda _: 0, Mark("e1", 1, "m"))
        assert (outbox.mark(), outbox.tally().waiting) == ("m", 0)


def test_what_the_server_lost_is_offered_again_before_what_waits(
    server: RunningServer, ana: Device, task_id: str
) -> None:
    kept = ana.add(comment(task_id, "in the backup"))
    ana.sync()
    backup, epoch = server.back_up(), server.epoch
    lost = ana.add(action(task_id=task_id, args={"percent": 30}), comment(task_id, "lost"))
    ana.sync()
    server.restore(backup)
    waiting = ana.add(action(task_id=task_id, args={"percent": 60}))
    report = ana.sync()
    assert (report.state, report.waiting, report.tray) == (State.SYNCED, 0, 0)
    assert server.epoch != epoch
    assert own_ops(server, task_id) == [one.op_id for one in (*kept, *lost, *waiting)]
    again = [row.get("replayed_after_restore") for row in server.audit_trail()[1:]]
    assert again == [None, True, True, None]
    assert server.seen("ana", task_id)["comment_count"] == 2
    assert server.seen("ana", task_id)["progress"] == 60
    assert ana.confirmed.position().epoch == server.epoch


def test_a_task_that_was_lost_is_made_again_and_others_find_it(
    server: RunningServer, ana: Device, device: Open
) -> None:
    jonas = device("jonas")
    jonas.sync()
    backup, made = server.back_up(), new_id()
    people = [{"user_id": server.users[name]} for name in ("ana", "jonas")]
    rita = device("rita")
    rita.sync()
    rita.add(action(Kind.CREATE_TASK, made, {"title": "Order gasket", "people": people}))
    for each in (rita, jonas):
        each.sync()
    version = jonas.shown(made).task.version
    server.restore(backup)
    # Jonas comes first, with work on what is not there: it waits, and his screen still shows it.
    (work,) = jonas.add(
        action(task_id=made, base_version=version, base_epoch=jonas.confirmed.position().epoch)
    )
    report = jonas.sync()
    assert (report.waiting, report.tray) == (1, 0)
    rita.sync()
    jonas.now += HOUR
    assert jonas.sync().waiting == 0
    assert own_ops(server, made) == [work.op_id]
    assert server.seen("jonas", made)["progress"] == 45


@pytest.mark.parametrize("pulled", [True, False], ids=["in the rows", "not in the rows yet"])
def test_no_moment_of_it_shows_anything_else(
    server: RunningServer, ana: Device, task_id: str, pulled: bool
) -> None:
    """Nothing is counted twice while what is offered again lies on rows that had it."""
    ana.add(comment(task_id, "in the backup"))
    ana.sync()
    backup = server.back_up()
    ana.add(comment(task_id, "lost"), action(task_id=task_id, args={"percent": 30}))
    if not pulled:
        ana.line.fail("lose answer", method="pull")
    ana.sync()
    server.restore(backup)
    ana.add(action(task_id=task_id, args={"percent": 60}), comment(task_id, "waiting"))
    seen: list[object] = []

    def look() -> None:
        view, trail = ana.shown(task_id), ana.projection.trail(task_id)
        texts = [said.text for said in trail.comments]
        seen.append((view.task.progress, view.task.comment_count, texts, len(trail.history)))

    look()
    ana.line.watch = look
    ana.line.fail("ok", "lose answer", "twice")
    ana.line.fail("lose answer", "ok", "lose request", "lose answer", method="pull")
    for _ in range(8):
        report = ana.sync()
        look()
    assert (report.state, report.waiting) == (State.SYNCED, 0)
    assert seen[0] == (60, 3, ["in the backup", "lost", "waiting"], 6)
    assert [moment for moment in seen if moment != seen[0]] == []
    assert server.epoch == ana.confirmed.position().epoch
    assert server.seen("ana", task_id)["comment_count"] == 3


def test_a_restore_that_a_pull_finds_out_is_mended_in_the_same_run(
    server: RunningServer, ana: Device, task_id: str
) -> None:
    backup = server.back_up()
    (lost,) = ana.add(action(task_id=task_id))
    ana.sync()
    server.restore(backup)
    ana.line.calls.clear()
    report = ana.sync()
    assert (report.state, report.sent) == (State.SYNCED, 1)
    assert ana.line.calls == ["pull", "push", "pull"]
    assert own_ops(server, task_id) == [lost.op_id]


def test_a_restore_that_lost_nothing_goes_unnoticed(
    server: RunningServer, ana: Device, task_id: str
) -> None:
    ana.add(action(task_id=task_id))
    ana.sync()
    server.restore(server.back_up())
    report = ana.sync()
    assert (report.state, report.sent, bool(report.changes)) == (State.SYNCED, 0, False)


def test_what_was_refused_or_given_up_is_not_offered_again(
    server: RunningServer, ana: Device, task_id: str
) -> None:
    backup = server.back_up()
    refused, given_up, done = ana.add(
        action(Kind.RESUME, task_id),
        action(task_id=new_id(), depends_on=(new_id(),)),
        action(task_id=task_id),
    )
    ana.sync()
    ana.outbox.give_up(given_up.op_id, ana.now)
    assert ana.sync().tray == 1
    server.restore(backup)
    ana.line.pushed.clear()
    ana.sync()
    offered = [json.loads(one)["op_id"] for batch in ana.line.pushed for one in batch]
    assert offered == [done.op_id]
    assert [entry.action.op_id for entry in ana.outbox.tray()] == [refused.op_id]


class TestALostRefusal:
    """What stands on a refused action is blocked by it. A restored server knows no refusal, and
    what was refused is not offered again."""

    @pytest.fixture
    def refused(self, server: RunningServer, ana: Device, task_id: str) -> Action:
        """By the server, after the moment it is restored to."""
        backup = server.back_up()
        (made,) = ana.add(action(Kind.RESUME, task_id))
        ana.sync()
        server.restore(backup)
        return made

    def until_settled(self, device: Device) -> None:
        for _ in range(4):
            device.sync()
            device.now += HOUR

    def test_what_stands_on_it_is_blocked_by_it_again(
        self, ana: Device, task_id: str, refused: Action
    ) -> None:
        (after,) = ana.add(action(task_id=task_id, depends_on=(refused.op_id,)))
        report = ana.sync()
        assert (report.sent, report.waiting) == (0, 1)
        self.until_settled(ana)
        assert ana.waiting_ids() == []
        entries = [(entry.action, entry.receipt.code) for entry in ana.outbox.tray()]
        assert entries == [(refused, "E5002"), (after, "E5008")]

    def test_so_is_what_stands_on_what_was_blocked(
        self, server: RunningServer, ana: Device, task_id: str
    ) -> None:
        backup = server.back_up()
        (refused,) = ana.add(action(Kind.RESUME, task_id))
        (blocked,) = ana.add(action(task_id=task_id, depends_on=(refused.op_id,)))
        ana.sync()
        server.restore(backup)
        (after,) = ana.add(comment(task_id, "Last", depends_on=(blocked.op_id,)))
        self.until_settled(ana)
        entries = [(entry.action, entry.receipt.blocked_by) for entry in ana.outbox.tray()]
        assert entries == [(refused, None), (blocked, refused.op_id), (after, blocked.op_id)]

    def test_retry_takes_along_what_was_blocked_so(
        self, server: RunningServer, ana: Device, task_id: str, refused: Action
    ) -> None:
        ana.add(action(task_id=task_id, depends_on=(refused.op_id,)))
        again = action(Kind.START, task_id)
        ana.outbox.retry(refused.op_id, again, ana.now)
        self.until_settled(ana)
        assert (ana.waiting_ids(), ana.outbox.tray()) == ([], [])
        assert own_ops(server, task_id)[0] == again.op_id
        assert server.seen("ana", task_id)["progress"] == 45

    def test_the_refusal_here_keeps_its_reason(
        self, ana: Device, task_id: str, refused: Action
    ) -> None:
        before = ana.outbox.receipt_of(refused.op_id)
        ana.add(action(task_id=task_id, depends_on=(refused.op_id,)))
        self.until_settled(ana)
        assert ana.outbox.receipt_of(refused.op_id) == before

    def test_what_took_effect_is_never_void(
        self, server: RunningServer, ana: Device, task_id: str
    ) -> None:
        """Nor is what waits, or what a copy of this device did under the same id."""
        done, copied, waiting = action(), action(), action()
        ana.outbox.add([done, copied, waiting])
        ana.outbox.record(
            [receipt(done), receipt(copied, Outcome.REJECTED, code="E5010")], 0, lambda _: 0
        )
        ids = [done.op_id, copied.op_id, waiting.op_id, new_id()]
        assert ana.outbox.refused(ids) == []


class TestKeeping:
    def delivered(self, device: Device) -> list[str]:
        return [one.op_id for one, _ in device.outbox.delivered()]

    def test_what_was_delivered_is_kept_for_30_days(self, ana: Device, task_id: str) -> None:
        (made,) = ana.add(action(task_id=task_id))
        ana.sync()
        ana.now += 30 * DAY
        ana.sync()
        assert self.delivered(ana) == [made.op_id]
        ana.now += HOUR
        ana.sync()
        assert self.delivered(ana) == []

    def test_and_until_a_pull_has_succeeded_then(self, ana: Device, task_id: str) -> None:
        (made,) = ana.add(action(task_id=task_id))
        ana.sync()
        ana.now += 31 * DAY
        ana.line.fail("lose request", "lose answer", method="pull")
        for _ in range(2):
            ana.sync()
            assert self.delivered(ana) == [made.op_id]
        ana.sync()
        assert self.delivered(ana) == []

    def test_what_waits_or_is_in_the_tray_is_kept_for_ever(self, ana: Device, task_id: str) -> None:
        refused, waiting = ana.add(
            action(Kind.RESUME, task_id), action(task_id=new_id(), depends_on=(new_id(),))
        )
        ana.sync()
        ana.now += 400 * DAY
        ana.sync()
        assert [entry.action for entry in ana.outbox.tray()] == [refused]
        assert ana.waiting_ids() == [waiting.op_id]

    def test_a_settled_tray_entry_goes_30_days_after_it_was_settled(self, outbox: Outbox) -> None:
        made = action()
        outbox.add([made])
        outbox.record([receipt(made, Outcome.REJECTED)], 100, lambda _: 0)
        outbox.resolve(made.op_id, "discarded", 200)
        outbox.prune(150)
        assert outbox.receipt_of(made.op_id) is not None
        outbox.prune(201)
        assert outbox.receipt_of(made.op_id) is None

    def test_what_is_offered_again_is_not_forgotten_meanwhile(self, outbox: Outbox) -> None:
        made = action()
        outbox.add([made])
        outbox.record([receipt(made)], 100, lambda _: 0)
        outbox.offer_again()
        outbox.prune(200)
        assert [item.action for item in outbox.waiting()] == [made]


def test_offering_again_forgets_the_mark_and_every_backoff(outbox: Outbox) -> None:
    done, waiting = action(), action()
    outbox.add([done, waiting])
    outbox.record([receipt(done)], 0, lambda _: 0, Mark("e1", 1, "m"))
    outbox.record([receipt(waiting, Outcome.RETRY)], 0, lambda _: HOUR)
    assert outbox.take_batch(0, 10, 10_000) == []
    changes = outbox.offer_again()
    assert (outbox.mark(), changes.tasks) == (None, {done.task_id})
    batch = outbox.take_batch(0, 10, 10_000)
    assert [(item.action, item.again) for item in batch] == [(done, True), (waiting, False)]
    assert [json.loads(item.message()).get("replayed") for item in batch] == [True, None]


def test_rows_of_the_old_epoch_hold_what_is_offered_again(outbox: Outbox) -> None:
    made = action()
    outbox.add([made])
    outbox.record([receipt(made, seq=4, task_version=2)], 0, lambda _: 0)
    outbox.offer_again()
    assert outbox.overlay("e1", 5) == []
    assert outbox.overlay("e1", 3) == [(made, None)]
    assert outbox.overlay("e2", 1) == [(made, None)]
    again = receipt(made, epoch="e2", seq=2, task_version=2)
    outbox.record([again], 0, lambda _: 0, Mark("e2", 2, "m"))
    assert outbox.overlay("e1", 5) == []
    assert outbox.overlay("e1", 3) == [(made, again)]
    assert outbox.overlay("e2", 1) == [(made, again)]
    assert outbox.overlay("e2", 2) == []
