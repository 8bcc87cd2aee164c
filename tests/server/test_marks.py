"""Marks: how a server that was restored from a backup finds out, before it decides anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server_stub.core import migrate
from server_stub.core.database import Database
from server_stub.core.signing import Signer
from tests.conftest import Template
from tests.server.test_push import outcome
from tests.support.server import DAY, OUTSIDER, RunningServer, problem


@dataclass(frozen=True)
class Backup:
    """Where the feed stood at a moment. Going back leaves the tables of tasks alone: marks are
    about positions, and so are these tests."""

    server: RunningServer
    seq: int
    nonce: str

    @classmethod
    def of(cls, server: RunningServer) -> Backup:
        counter = "SELECT seq, nonce FROM counters WHERE tenant_id = :t"
        return cls(server, *server.sql(counter, t=server.tenant_id)[0])

    def restore(self) -> None:
        known = {"t": self.server.tenant_id, "s": self.seq}
        for table in ("feed", "marks"):
            self.server.sql(f"DELETE FROM {table} WHERE tenant_id = :t AND seq > :s", **known)
        counter = "UPDATE counters SET seq = :s, nonce = :n WHERE tenant_id = :t"
        self.server.sql(counter, n=self.nonce, **known)


@pytest.fixture
def beyond(server: RunningServer) -> str:
    """A mark of a moment that the server has forgotten."""
    backup = Backup.of(server)
    server.task("ana")
    mark = server.page("ana")["mark"]
    backup.restore()
    return str(mark)


def test_a_mark_of_what_is_there_changes_nothing(server: RunningServer) -> None:
    epoch, ana, task_id = server.epoch, server.device("ana"), server.task("ana")
    marks = [server.page("ana")["mark"]]
    for percent in (10, 20):
        action = ana.action("set_progress", task_id, {"percent": percent})
        marks.append(ana.post([action], marks[-1]).json()["mark"])
    for mark in marks:
        assert server.pull("ana", mark=mark).status_code == 200
        assert ana.post([], mark).status_code == 200
    assert server.epoch == epoch


def test_a_mark_beyond_the_head_begins_a_new_epoch(server: RunningServer, beyond: str) -> None:
    epoch = server.epoch
    problem(server.pull("ana", mark=beyond), 410, "E4010")
    assert server.epoch != epoch
    assert server.page("ana")["epoch"] == server.epoch


def test_a_push_with_such_a_mark_decides_nothing(server: RunningServer, beyond: str) -> None:
    epoch, ana, task_id = server.epoch, server.device("ana"), server.task("ana")
    action, given_up = ana.action("set_progress", task_id, {"percent": 45}), server.new_id()
    problem(ana.post([action], beyond, void=[given_up]), 410, "E4010")
    assert server.epoch != epoch
    assert server.sql("SELECT 1 FROM receipts WHERE op_id IN (:a, :b)",
                      a=action["op_id"], b=given_up) == []  # fmt: skip
    assert server.seen("ana", task_id)["progress"] == 0
    assert outcome(ana.push(action)[0]) == ("applied", None)


def test_another_history_at_the_same_position_begins_one_too(server: RunningServer) -> None:
    backup = Backup.of(server)
    server.task("ana")
    mark = server.page("ana")["mark"]
    backup.restore()
    epoch = server.epoch
    server.task("ana")
    assert server.page("ana")["head"] == Backup.of(server).seq
    problem(server.pull("ana", mark=mark), 410, "E4010")
    assert server.epoch != epoch


def test_also_when_the_new_history_has_gone_past_it(server: RunningServer) -> None:
    backup = Backup.of(server)
    server.task("ana")
    mark = server.page("ana")["mark"]
    backup.restore()
    epoch, task_id = server.epoch, server.task("ana", "jonas")
    server.device("ana").do("start", task_id)
    problem(server.device("ana").post([], mark), 410, "E4010")
    assert server.epoch != epoch


def test_the_second_reader_to_notice_finds_the_epoch_of_the_first(
    server: RunningServer, beyond: str
) -> None:
    problem(server.pull("ana", mark=beyond), 410, "E4010")
    epoch = server.epoch
    problem(server.pull("jonas", mark=beyond), 410, "E4010")
    problem(server.device("jonas").post([], beyond), 410, "E4010")
    assert server.epoch == epoch


def test_a_mark_of_an_epoch_that_is_over_decides_nothing(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    mark = server.page("ana")["mark"]
    server.sql("UPDATE tenants SET epoch = 'after'")
    problem(server.pull("ana", mark=mark), 410, "E4010")
    action = ana.action("set_progress", task_id, {"percent": 45})
    problem(ana.post([action], mark), 410, "E4010")
    assert server.epoch == "after"
    assert server.seen("ana", task_id)["progress"] == 0


def test_a_mark_that_was_not_signed_here_proves_nothing(server: RunningServer, beyond: str) -> None:
    epoch, seq = server.epoch, Backup.of(server).seq
    body, _, mac = beyond.partition(".")
    forged = [
        "x",
        f"{body}.",
        f"{body}.{mac[::-1]}",
        Signer(b"another key").sign([server.tenant_id, epoch, seq + 9, "0"]),
        server.app.state.tracker.signer.sign(["no mark"]),
        server.page(OUTSIDER)["mark"],
    ]
    for mark in forged:
        assert server.pull("ana", mark=mark).status_code == 200
        assert server.device("ana").post([], mark).status_code == 200
    assert server.epoch == epoch


def test_a_new_epoch_is_later_than_the_one_before_also_where_the_clock_was_set_back(
    server: RunningServer, beyond: str
) -> None:
    begun = "SELECT epoch_at FROM tenants WHERE id = :t"
    ((before,),) = server.sql(begun, t=server.tenant_id)
    server.clock.advance(-DAY)
    problem(server.pull("ana", mark=beyond), 410, "E4010")
    assert server.sql(begun, t=server.tenant_id) > [(before,)]


def test_a_cursor_beyond_the_head_begins_a_new_epoch(server: RunningServer) -> None:
    backup = Backup.of(server)
    server.task("ana")
    cursor = server.page("ana")["cursor"]
    backup.restore()
    epoch = server.epoch
    problem(server.pull("ana", cursor), 410, "E4010")
    after = server.epoch
    assert after != epoch
    problem(server.pull("ana", cursor), 410, "E4010")
    assert server.epoch == after


class TestUpgraded:
    """A database from before there were marks has none for what was committed then."""

    @pytest.fixture
    def upgraded(self, either_template: Template, tmp_path: Path) -> Iterator[RunningServer]:
        url = either_template.copy(tmp_path)
        server = RunningServer(url, either_template.world).start()
        server.task("ana")
        server.stop()
        database = Database(url)
        migrate.downgrade(database, "0001")
        migrate.upgrade(database)
        database.close()
        server.start()
        yield server
        server.stop()

    def test_it_is_no_restored_one(self, upgraded: RunningServer) -> None:
        epoch, ana = upgraded.epoch, upgraded.device("ana")
        first = upgraded.page("ana")["mark"]
        (task,) = upgraded.page("ana")["tasks"]
        for percent in (10, 20):
            action = ana.action("set_progress", task["id"], {"percent": percent})
            assert ana.post([action], first).status_code == 200
            assert upgraded.pull("ana", mark=first).status_code == 200
        assert upgraded.epoch == epoch

    def test_restored_it_is_still_found_out(self, upgraded: RunningServer) -> None:
        first, epoch = upgraded.page("ana")["mark"], upgraded.epoch
        Backup(upgraded, 1, "").restore()
        problem(upgraded.pull("ana", mark=first), 410, "E4010")
        assert upgraded.epoch != epoch


class TestAfterARestore:
    """The device that made a task may not have offered it again yet."""

    @pytest.fixture
    def before(self, server: RunningServer, beyond: str) -> str:
        """The epoch that a restore ended."""
        epoch = server.epoch
        server.clock.advance(30 * DAY)
        problem(server.pull("ana", mark=beyond), 410, "E4010")
        return epoch

    def test_work_on_a_task_that_is_not_there_waits_seven_days(
        self, server: RunningServer, before: str
    ) -> None:
        ana, task_id = server.device("ana"), server.new_id()
        action = ana.action("set_progress", task_id, {"percent": 45}, base_epoch=before)
        assert outcome(ana.push(action)[0]) == ("retry", "E5018")
        server.clock.advance(7 * DAY - 1)
        assert outcome(ana.push(action)[0]) == ("retry", "E5018")
        server.clock.advance(1)
        assert outcome(ana.push(action)[0]) == ("rejected", "E5001")

    def test_it_is_done_when_the_task_comes_meanwhile(
        self, server: RunningServer, before: str
    ) -> None:
        ana, rita, task_id = server.device("ana"), server.device("rita"), server.new_id()
        work = ana.action("start", task_id, base_epoch=before)
        assert outcome(ana.push(work)[0]) == ("retry", "E5018")
        people = [{"user_id": server.users["ana"]}]
        rita.do("create_task", task_id, {"title": "x", "people": people}, replayed=True)
        assert outcome(ana.push(work)[0]) == ("applied", None)

    def test_it_waits_as_well_for_a_task_that_is_not_shared_again_yet(
        self, server: RunningServer, before: str
    ) -> None:
        ana, task_id = server.device("ana"), server.task("jonas")
        receipt = ana.do("start", task_id, base_epoch=before)
        assert outcome(receipt) == ("retry", "E5018")

    @pytest.mark.parametrize(
        ("kind", "named", "code"),
        [
            ("depend", "needs_id", "E5030"),
            ("edit_comment", "comment_id", "E5035"),
            ("mark_notification", None, "E5040"),
        ],
    )
    def test_it_waits_for_whatever_else_it_names(
        self, server: RunningServer, before: str, kind: str, named: str | None, code: str
    ) -> None:
        rita, text = server.device("rita"), {"text": "y"} if kind == "edit_comment" else {}
        thing = server.task("ana") if named else server.new_id()
        args = {named: server.new_id(), **text} if named else {"read": True}
        action = rita.action(kind, thing, args, base_epoch=before)
        assert outcome(rita.push(action)[0]) == ("retry", "E5018")
        server.clock.advance(7 * DAY)
        assert outcome(rita.push(action)[0]) == ("rejected", code)

    def test_what_belongs_to_this_epoch_does_not_wait(
        self, server: RunningServer, before: str
    ) -> None:
        ana = server.device("ana")
        for epoch in (server.epoch, None):
            receipt = ana.do("start", server.new_id(), base_epoch=epoch)
            assert outcome(receipt) == ("rejected", "E5001")

    def test_the_trail_tells_what_was_offered_again(
        self, server: RunningServer, before: str
    ) -> None:
        task_id, ana = server.task("ana"), server.device("ana")
        ana.do("set_progress", task_id, {"percent": 30}, base_epoch=before, replayed=True)
        ana.do("set_progress", task_id, {"percent": 60})
        told = [row.get("replayed_after_restore") for row in server.audit_trail()[-2:]]
        assert told == [True, None]
