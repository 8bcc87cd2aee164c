"""Pruning the feed: who was away for longer pulls everything anew, and nobody is told wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from server_stub.core import feed, pruning
from server_stub.core.pruning import CHUNK, Pruned
from tests.server.test_marks import Backup
from tests.server.test_nothing_new import Poller
from tests.server.test_push import outcome
from tests.support.server import DAY, OUTSIDER, START, RunningServer, problem

DAYS = 90


def prune(server: RunningServer, days: int = DAYS) -> Pruned:
    return pruning.prune(server.database, server.tenant_id, server.clock.now - days * DAY)


def positions(server: RunningServer, table: str) -> list[int]:
    query = f"SELECT seq FROM {table} WHERE tenant_id = :t ORDER BY seq"
    return [seq for (seq,) in server.sql(query, t=server.tenant_id)]


@dataclass(frozen=True)
class Reader:
    """Where somebody stood once."""

    server: RunningServer
    name: str
    cursor: str
    mark: str

    @classmethod
    def of(cls, server: RunningServer, name: str) -> Reader:
        page = server.page(name)
        return cls(server, name, page["cursor"], page["mark"])

    def pull(self) -> Any:
        return self.server.pull(self.name, self.cursor, mark=self.mark)


@pytest.fixture
def away(server: RunningServer) -> Reader:
    """Ana, who has not been heard of since; she does not know of a change that was made then, nor
    of one that was made today."""
    server.task("ana")
    found = Reader.of(server, "ana")
    server.task("ana")
    server.clock.advance((DAYS + 1) * DAY)
    server.task("ana")
    return found


def test_what_is_older_goes_and_what_is_younger_stays(server: RunningServer) -> None:
    server.task("ana")
    old = Backup.of(server).seq
    server.clock.advance(DAYS * DAY + 1)
    server.task("ana")
    before = (positions(server, "feed"), positions(server, "marks"))
    assert prune(server) == Pruned(old, old, sum(seq < old for seq in before[1]))
    assert positions(server, "feed") == [seq for seq in before[0] if seq > old]
    assert positions(server, "marks") == [seq for seq in before[1] if seq >= old]
    assert prune(server) == Pruned(old, 0, 0)


def test_a_change_stays_for_as_long_as_it_was_asked_for(server: RunningServer) -> None:
    server.task("ana")
    server.clock.advance(DAYS * DAY)
    assert prune(server) == Pruned(0, 0, 0)
    server.clock.advance(1)
    assert prune(server).pointers > 0


def test_other_tenants_are_left_alone(server: RunningServer, away: Reader) -> None:
    theirs = Reader.of(server, OUTSIDER)
    prune(server)
    assert theirs.pull().status_code == 304
    assert server.sql("SELECT max(pruned) FROM counters WHERE tenant_id <> :t",
                      t=server.tenant_id) == [(0,)]  # fmt: skip


class TestAway:
    """A device from before what was pruned."""

    def test_it_is_told_to_pull_anew_and_of_no_restore(
        self, server: RunningServer, away: Reader
    ) -> None:
        epoch = server.epoch
        prune(server)
        problem(away.pull(), 410, "E4005")
        anew = server.pull("ana", mark=away.mark)
        assert (anew.status_code, len(anew.json()["tasks"])) == (200, 3)
        fresh = Reader(server, "ana", anew.json()["cursor"], anew.json()["mark"])
        assert fresh.pull().status_code == 304
        assert server.epoch == epoch

    def test_it_can_push_before_and_after_that(self, server: RunningServer, away: Reader) -> None:
        epoch, ana = server.epoch, server.device("ana")
        prune(server)
        (task_id, *_) = [task["id"] for task in server.page("ana")["tasks"]]
        for percent in (10, 20):
            action = ana.action("set_progress", task_id, {"percent": percent})
            answer = ana.post([action], away.mark)
            assert answer.status_code == 200
            assert outcome(answer.json()["receipts"][0]) == ("applied", None)
            server.pull("ana", mark=away.mark)
        assert server.epoch == epoch

    def test_it_is_not_told_that_nothing_is_new_by_a_server_that_has_just_started(
        self, server: RunningServer, away: Reader
    ) -> None:
        """All that is left of hers would be older than where she stands."""
        server.sql("DELETE FROM feed WHERE seq > (SELECT max(seq) FROM marks WHERE made_at < :n)",
                   n=server.clock.now)  # fmt: skip
        prune(server)
        server.stop()
        server.start()
        assert Reader.of(server, "ana").pull().status_code == 304  # the heads are in memory now
        for mark in (away.mark, None):
            problem(server.pull("ana", away.cursor, mark=mark), 410, "E4005")

    def test_nor_by_one_that_has_not_heard_of_it(self, server: RunningServer) -> None:
        """She stands at the newest of her own, and everything after it was others'."""
        server.task("ana")
        ana = Reader.of(server, "ana")
        server.task("jonas")
        server.clock.advance((DAYS + 1) * DAY)
        server.task("jonas")
        assert ana.pull().status_code == 304
        prune(server)
        problem(ana.pull(), 410, "E4005")

    def test_a_first_pull_that_was_left_in_the_middle_begins_again(
        self, server: RunningServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("server_stub.sync.pull.PAGE_ROWS", 1)
        server.task("ana")
        server.task("ana")
        page = server.page("ana")
        assert page["more"]
        server.task("ana")
        server.clock.advance((DAYS + 1) * DAY)
        server.task("ana")
        prune(server)
        problem(server.pull("ana", page["cursor"]), 410, "E4005")

    def test_of_another_epoch_it_learns_of_that_first(
        self, server: RunningServer, away: Reader
    ) -> None:
        prune(server)
        server.sql("UPDATE tenants SET epoch = 'now', epoch_at = epoch_at + 1")
        for mark in (away.mark, None):
            problem(server.pull("ana", away.cursor, mark=mark), 410, "E4010")


class TestThere:
    """A reader at, or behind, the position that the feed is pruned to."""

    @pytest.fixture
    def ana(self, server: RunningServer) -> Reader:
        """Stands where it will be pruned to; everything of hers is older."""
        server.task("ana")
        found = Reader.of(server, "ana")
        server.clock.advance((DAYS + 1) * DAY)
        server.task("jonas")
        return found

    def test_nothing_is_new_and_the_mark_is_still_good(
        self, server: RunningServer, ana: Reader
    ) -> None:
        epoch = server.epoch
        done = prune(server)
        assert done.up_to == server.app.state.tracker.signer.unsign(ana.mark)[2]
        assert positions(server, "feed")[0] > done.up_to
        assert ana.pull().status_code == 304
        assert server.app.state.tracker.marks.is_verified(ana.mark)
        server.stop()
        server.start()
        assert ana.pull().status_code == 304
        assert server.epoch == epoch

    def test_that_costs_no_sql_again(self, server: RunningServer, ana: Reader) -> None:
        if not server.database.is_sqlite:
            pytest.skip(
                "a server that has just started does not trust its memory on PostgreSQL yet"
            )
        prune(server)
        poller = Poller(server, "ana")
        poller.cursor, poller.mark = ana.cursor, ana.mark
        poller.poll()
        assert poller.cost() == 0

    def test_what_came_since_is_read_on(self, server: RunningServer, ana: Reader) -> None:
        prune(server)
        task_id = server.task("ana")
        page = ana.pull().json()
        assert ([task["id"] for task in page["tasks"]], page["snapshot"]) == ([task_id], False)

    def test_a_restore_is_still_noticed(self, server: RunningServer, ana: Reader) -> None:
        epoch = server.epoch
        prune(server)
        backup = Backup.of(server)
        server.task("ana")
        mark = server.page("ana")["mark"]
        backup.restore()
        server.task("jonas")
        problem(server.pull("ana", ana.cursor, mark=mark), 410, "E4010")
        assert server.epoch != epoch

    def test_so_is_one_at_the_very_position(self, server: RunningServer, ana: Reader) -> None:
        prune(server)
        server.sql("UPDATE marks SET nonce = 'another' WHERE tenant_id = :t AND seq ="
                   " (SELECT min(seq) FROM marks WHERE tenant_id = :t)",
                   t=server.tenant_id)  # fmt: skip
        problem(ana.pull(), 410, "E4010")


def test_where_everything_is_old_the_feed_may_be_empty(server: RunningServer) -> None:
    server.task("ana")
    ana = Reader.of(server, "ana")
    server.clock.advance((DAYS + 1) * DAY)
    done = prune(server)
    assert (done.up_to, positions(server, "feed")) == (Backup.of(server).seq, [])
    assert positions(server, "marks") == [done.up_to]
    server.stop()
    server.start()
    assert ana.pull().status_code == 304
    task_id = server.task("ana")
    assert [task["id"] for task in ana.pull().json()["tasks"]] == [task_id]


def test_what_is_young_stays_although_the_clock_was_set_back_after_it(
    server: RunningServer,
) -> None:
    server.task("ana")
    old = Backup.of(server).seq
    server.clock.advance((DAYS + 1) * DAY)
    server.task("ana")
    server.clock.advance(-(DAYS + 1) * DAY)
    server.task("ana")
    server.clock.advance((DAYS + 1) * DAY)
    assert prune(server).up_to == old


class TestChunks:
    """Writers wait for a chunk, not for all of it."""

    @pytest.fixture
    def many(self, server: RunningServer) -> int:
        """How many pointers are old."""
        server.task("ana")
        with server.database.write() as conn:
            tenant = feed.lock(conn, server.tenant_id)
            tenant.point([f"somebody {n}" for n in range(2 * CHUNK)], "task", "x")
            feed.save(conn, tenant, START)
        found = len(positions(server, "feed"))
        server.clock.advance((DAYS + 1) * DAY)
        return found

    def test_each_is_a_transaction_that_locks_first(self, server: RunningServer, many: int) -> None:
        done: list[Any] = []

        def note(_conn: Any, cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("DELETE"):
                done.append(cursor.rowcount)
            elif "FROM counters" in statement or "FROM tenants" in statement:
                done.append("lock")

        engine = server.database.engine
        sa.event.listen(engine, "after_cursor_execute", note)
        sa.event.listen(engine, "commit", lambda _: done.append("commit"))
        assert prune(server).pointers == many
        deleted = [n for n in done if isinstance(n, int)]
        assert deleted[:3] == [CHUNK, CHUNK, many - 2 * CHUNK]
        for n, what in enumerate(done):
            if isinstance(what, int):
                assert (done[n - 1], done[n + 1]) == ("lock", "commit")

    def test_stopped_in_the_middle_the_rest_goes_next_time(
        self, server: RunningServer, away: Reader, many: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there = Reader.of(server, "ana")
        some_below, calls = pruning._some_below, 0

        def stop(*args: Any) -> int:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise KeyboardInterrupt
            return some_below(*args)

        server.task("ana")
        with monkeypatch.context() as patch:
            patch.setattr(pruning, "_some_below", stop)
            with pytest.raises(KeyboardInterrupt):
                prune(server)
        problem(away.pull(), 410, "E4005")
        assert there.pull().status_code == 200
        done = prune(server)
        assert done.pointers == many - CHUNK
        assert min(positions(server, "feed")) > done.up_to
