"""When people were active: pushed like any action, asked for over REST, forgotten after a while."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from server_stub.core.state import system_clock
from server_stub.occupancy import queries, service
from server_stub.timetable.jobs import JOBS
from tests.conftest import Template
from tests.server.test_push import outcome
from tests.support.operator import Operator
from tests.support.server import (
    DAY,
    HOUR,
    MINUTE,
    OUTSIDER,
    START,
    Clock,
    Device,
    RunningServer,
    problem,
)
from tracker.domain.reading import LAST_INSTANT
from tracker.protocol.base import MARK_HEADER

NOTHING = {"ACTIVE": 0, "IDLE": 0, "OFFLINE": 0, "UNKNOWN": 0}


def args(state: str, ago: int, length: int, **more: Any) -> dict[str, Any]:
    """An interval that began so many ms before START."""
    return {"state": state, "started_at": START - ago, "ended_at": START - ago + length, **more}


def report(device: Device, *given: Any, **over: Any) -> dict[str, Any]:
    """The receipt of one interval with a new id."""
    return device.do("occupancy", device.server.new_id(), args(*given), **over)


def asked(server: RunningServer, who: str, about: str, **span: int) -> httpx.Response:
    params = {name.rstrip("_"): value for name, value in span.items()}
    return server.get(who, f"/api/v1/people/{server.users[about]}/occupancy", params=params)


def shown(server: RunningServer, about: str = "ana", **span: int) -> list[tuple[str, int, int]]:
    """(state, minutes before START it began, minutes it took)."""
    found = asked(server, "rita", about, **span).json()["intervals"]
    return [
        (
            i["state"],
            (START - i["started_at"]) // MINUTE,
            (i["ended_at"] - i["started_at"]) // MINUTE,
        )
        for i in found
    ]


class TestTakingIn:
    def test_it_is_there_for_the_person_and_for_admins(self, either_server: RunningServer) -> None:
        server = either_server
        ana = server.device("ana")
        first = report(ana, "ACTIVE", 3 * HOUR, HOUR)
        assert outcome(first) == ("applied", None)
        assert (first["task_version"], first["seq"], first["current"]) == (0, 0, None)
        interval = args("IDLE", 2 * HOUR, 30 * MINUTE, reason=" Lunch ")
        ana.do("occupancy", server.new_id(), interval)
        wanted = {
            "user_id": server.users["ana"],
            "started_at": START - DAY,
            "ended_at": START,
            "intervals": [
                {**args("ACTIVE", 3 * HOUR, HOUR), "reason": ""},
                {**interval, "reason": "Lunch"},
            ],
            "totals": {**NOTHING, "ACTIVE": HOUR, "IDLE": 30 * MINUTE},
        }
        for who in ("ana", "rita", "sara"):
            assert asked(server, who, "ana").json() == wanted
        assert asked(server, "rita", "jonas").json()["totals"] == NOTHING
        problem(asked(server, "jonas", "ana"), 404, "E5063")

    def test_a_person_reports_about_themself_alone(self, server: RunningServer) -> None:
        """Whoever's device says so: a manager cannot make anybody idle."""
        rita = server.device("rita")
        named = {**args("IDLE", HOUR, HOUR), "user_id": server.users["ana"]}
        receipt = rita.do("occupancy", server.new_id(), named)
        assert (outcome(receipt), receipt["current"]) == (("rejected", "E2017"), None)
        report(rita, "IDLE", HOUR, HOUR)
        assert (shown(server), shown(server, "rita")) == ([], [("IDLE", 60, 60)])

    def test_what_cannot_be_used_is_refused_alone(self, server: RunningServer) -> None:
        ana = server.device("ana")
        made = [
            ana.action("occupancy", server.new_id(), given)
            for given in (
                args("ACTIVE", HOUR, -1),
                args("ACTIVE", 2 * DAY, DAY + 1),
                args("ACTIVE", 0, 5 * MINUTE + 1),
                args("BUSY", HOUR, HOUR),
                args("ACTIVE", HOUR, HOUR, reason="x" * 201),
                args("ACTIVE", 2 * DAY, DAY, reason="x" * 200),
                args("ACTIVE", 0, 5 * MINUTE),
            )
        ]
        codes = [receipt["code"] for receipt in ana.push(*made)]
        assert codes == ["E2061", "E2061", "E2062", "E2005", "E2002", None, None]
        assert [row[0] for row in server.sql("SELECT count(*) FROM occupancy_intervals")] == [2]

    def test_the_devices_clock_is_put_right(self, server: RunningServer) -> None:
        ana = server.device("ana")
        wrong = {"made_at": START + 3 * HOUR, "clock_offset": -3 * HOUR}
        ahead = args("ACTIVE", -2 * HOUR, HOUR)  # from 10 to 11 by a clock that says 11 at 8
        assert outcome(ana.do("occupancy", server.new_id(), ahead, **wrong)) == ("applied", None)
        assert shown(server) == [("ACTIVE", 60, 60)]
        stored = server.sql("SELECT made_at, received_at FROM occupancy_intervals")
        assert stored == [(START, START)]
        receipt = ana.do("occupancy", server.new_id(), ahead)
        assert outcome(receipt) == ("rejected", "E2062")

    def test_a_repeat_gets_its_receipt_and_another_with_that_id_is_refused(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        ana, interval_id = server.device("ana"), server.new_id()
        action = ana.action("occupancy", interval_id, args("ACTIVE", HOUR, HOUR))
        (first,) = ana.push(action)
        assert ana.push(action, action) == [first, first]
        again = ana.do("occupancy", interval_id, args("IDLE", HOUR, HOUR))
        theirs = server.device("jonas").do("occupancy", interval_id, args("IDLE", HOUR, HOUR))
        assert outcome(again) == outcome(theirs) == ("rejected", "E5012")
        twice = server.new_id()
        both = [ana.action("occupancy", twice, args(*g)) for g in [("IDLE", 2, 1), ("IDLE", 4, 1)]]
        assert [outcome(r)[1] for r in ana.push(*both)] == [None, "E5012"]
        assert shown(server) == [("ACTIVE", 60, 60)]
        # Another tenant's ids are their own.
        olga = server.device(OUTSIDER)
        elsewhere = olga.do("occupancy", interval_id, args("IDLE", HOUR, HOUR))
        assert outcome(elsewhere) == ("applied", None)

    def test_in_one_batch_with_work_each_room_decides_its_own(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        task_id, ana = server.task("ana"), server.device("ana")
        receipts = ana.push(
            ana.action("set_progress", task_id, {"percent": 10}),
            ana.action("occupancy", server.new_id(), args("ACTIVE", HOUR, HOUR)),
            ana.action("occupancy", task_id, args("IDLE", 2 * HOUR, HOUR)),
            ana.action("set_progress", task_id, {"percent": 20}),
            ana.action("occupancy", server.new_id(), args("ACTIVE", HOUR, -HOUR)),
        )
        assert [outcome(r)[1] for r in receipts] == [None, None, None, None, "E2061"]
        assert [r["task_version"] for r in receipts] == [2, 0, 0, 3, 0]
        assert [bool(r["seq"]) for r in receipts] == [True, False, False, True, False]
        assert server.seen("ana", task_id)["progress"] == 20
        assert shown(server) == [("IDLE", 120, 60), ("ACTIVE", 60, 60)]

    def test_what_it_stands_on_counts_as_for_every_action(self, server: RunningServer) -> None:
        ana = server.device("ana")
        refused = ana.action("occupancy", server.new_id(), args("ACTIVE", HOUR, -1))
        after = ana.action(
            "occupancy", server.new_id(), args("ACTIVE", HOUR, 1), depends_on=[refused["op_id"]]
        )
        receipts = ana.push(refused, after)
        assert [r["outcome"] for r in receipts] == ["rejected", "blocked_by"]


class TestWhoHears:
    def test_nobody_is_woken_and_nothing_is_new(self, server: RunningServer) -> None:
        cursors = {
            (name, scope): server.page(name, scope=scope)["cursor"]
            for name, scope in (("ana", "desk"), ("rita", "monitor"))
        }
        before = server.sql("SELECT count(*) FROM feed")
        report(server.device("ana"), "ACTIVE", HOUR, HOUR)
        for (name, scope), cursor in cursors.items():
            assert server.pull(name, cursor, scope).status_code == 304
        assert server.sql("SELECT count(*) FROM feed") == before
        assert server.audit_trail() == []

    def test_news_after_it_still_arrive(self, server: RunningServer) -> None:
        cursor = server.page("ana")["cursor"]
        report(server.device("jonas"), "ACTIVE", HOUR, HOUR)
        task_id = server.task("ana")
        report(server.device("jonas"), "ACTIVE", HOUR, HOUR)
        page = server.page("ana", cursor)
        assert [task["id"] for task in page["tasks"]] == [task_id]
        assert server.pull("ana", page["cursor"]).status_code == 304

    def test_a_restore_that_takes_it_back_is_noticed(self, server: RunningServer) -> None:
        """Though no feed tells of it: else the device would never offer it again."""
        if not server.database.is_sqlite:
            pytest.skip("a file is put back by hand")
        backup = server.back_up()
        ana = server.device("ana")
        action = ana.action("occupancy", server.new_id(), args("ACTIVE", HOUR, HOUR))
        mark = ana.post([action]).json()["mark"]
        server.restore(backup)
        assert shown(server) == []
        problem(ana.post([], mark), 410, "E4010")
        (receipt,) = ana.push(action)
        assert outcome(receipt) == ("applied", None)
        assert shown(server) == [("ACTIVE", 60, 60)]

    def test_each_that_is_taken_in_has_a_mark_of_its_own(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        ana = server.device("ana")
        marks = []
        for ago in (HOUR, 2 * HOUR):
            action = ana.action("occupancy", server.new_id(), args("ACTIVE", ago, MINUTE))
            marks.append(ana.post([action]).json()["mark"])
        refused = ana.post([ana.action("occupancy", server.new_id(), args("ACTIVE", 1, -1))])
        assert marks[0] != marks[1] == refused.json()["mark"]
        for mark in marks:
            answer = server.get("ana", "/api/v1/sync/pull", headers={MARK_HEADER: mark})
            assert answer.status_code == 200


class TestAsking:
    @pytest.fixture
    def month(self, either_server: RunningServer) -> RunningServer:
        """An interval of an hour each day of 40, on two devices that overlap by half an hour."""
        one, other = either_server.device("ana"), either_server.device("ana")
        for days in range(40):
            report(one, "IDLE", days * DAY + HOUR, HOUR)
            report(other, "ACTIVE", days * DAY + 90 * MINUTE, HOUR)
        return either_server

    def test_several_devices_are_one_person(self, month: RunningServer) -> None:
        found = asked(month, "rita", "ana").json()
        assert shown(month) == [("ACTIVE", 90, 60), ("IDLE", 30, 30)]
        assert found["totals"] == {**NOTHING, "ACTIVE": HOUR, "IDLE": 30 * MINUTE}

    def test_a_span_is_cut_at_both_ends(self, month: RunningServer) -> None:
        span = {"from_": START - DAY - 80 * MINUTE, "to": START - 40 * MINUTE}
        found = asked(month, "ana", "ana", **span).json()
        assert (found["started_at"], found["ended_at"]) == (span["from_"], span["to"])
        assert shown(month, **span) == [
            ("ACTIVE", 24 * 60 + 80, 50), ("IDLE", 24 * 60 + 30, 30), ("ACTIVE", 90, 50)
        ]  # fmt: skip
        assert found["totals"] == {**NOTHING, "ACTIVE": 100 * MINUTE, "IDLE": 30 * MINUTE}

    def test_one_that_began_a_day_before_the_span_is_in_it(self, server: RunningServer) -> None:
        report(server.device("ana"), "ACTIVE", 25 * HOUR, DAY)
        assert shown(server, from_=START - HOUR - 1, to=START) == [("ACTIVE", 60, 0)]
        assert shown(server, from_=START - HOUR, to=START) == []

    def test_up_to_31_days_are_told(self, month: RunningServer) -> None:
        whole = asked(month, "rita", "ana", from_=START - 31 * DAY, to=START)
        assert whole.json()["totals"]["ACTIVE"] == 31 * HOUR
        older = asked(month, "rita", "ana", to=START - 31 * DAY).json()
        assert (older["started_at"], older["totals"]["ACTIVE"]) == (START - 32 * DAY, HOUR)

    @pytest.mark.parametrize(
        "span",
        [
            {"from_": START - 31 * DAY - 1, "to": START},
            {"from_": START},
            {"from_": START + 1},
            {"from_": START, "to": START - 1},
            {"to": 0},
        ],
    )
    def test_a_span_that_is_empty_or_too_long_is_refused(
        self, shared_server: RunningServer, span: dict[str, int]
    ) -> None:
        body = problem(asked(shared_server, "rita", "ana", **span), 422, "E2063")
        assert [error["field"] for error in body["errors"]] == ["from"]

    @pytest.mark.parametrize("span", [{"from_": -1}, {"to": LAST_INSTANT + 1}])
    def test_an_instant_that_is_none_is_named(
        self, shared_server: RunningServer, span: dict[str, int]
    ) -> None:
        problem(asked(shared_server, "rita", "ana", **span), 422, "E2013")

    def test_the_last_instant_there_is_can_be_asked_for(self, shared_server: RunningServer) -> None:
        span = {"from_": LAST_INSTANT - DAY, "to": LAST_INSTANT}
        assert asked(shared_server, "rita", "ana", **span).json()["intervals"] == []
        early = asked(shared_server, "rita", "ana", to=1).json()
        assert (early["started_at"], early["ended_at"]) == (0, 1)

    def test_an_answer_is_bounded(
        self, month: RunningServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "MOST_INTERVALS", 4)
        assert asked(month, "rita", "ana", from_=START - 2 * DAY).status_code == 200
        body = problem(asked(month, "rita", "ana", from_=START - 3 * DAY), 422, "E2063")
        assert "more than 4 intervals" in body["detail"]

    def test_a_number_names_the_person_too_and_another_tenants_is_unknown(
        self, server: RunningServer
    ) -> None:
        report(server.device("ana"), "ACTIVE", HOUR, HOUR)
        assert len(server.get("ana", "/api/v1/people/3/occupancy").json()["intervals"]) == 1
        for ref in ("3", server.users["ana"]):
            problem(server.get(OUTSIDER, f"/api/v1/people/{ref}/occupancy"), 404, "E5006")
        problem(server.get("ana", "/api/v1/people/ana/occupancy"), 422, "E2006")


class TestOfEverybody:
    def days(self, server: RunningServer, who: str = "rita") -> dict[str, Any]:
        answer = server.get(who, "/api/v1/people/occupancy")
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["started_at"], found["ended_at"]) == (START - DAY, START)
        return {person["user_id"]: person for person in found["people"]}

    def test_everybody_who_can_sign_in_is_told_in_one_answer(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        one, other = server.device("ana"), server.device("ana")
        report(one, "IDLE", 2 * HOUR, HOUR)
        report(other, "ACTIVE", 90 * MINUTE, HOUR)
        report(one, "ACTIVE", 25 * HOUR, 2 * HOUR)  # half of it before these 24 hours
        server.device("ana").do("occupancy", server.new_id(), args("IDLE", 1, 1, reason="Lunch"))
        report(server.device("jonas"), "ACTIVE", HOUR, HOUR)
        server.sql("UPDATE users SET active = :no WHERE name = 'jonas'", no=False)
        found = self.days(server)
        users = server.users
        assert set(found) == {users["ana"], users["rita"], users["sara"]}
        ana = found[users["ana"]]
        assert ana["intervals"] == [
            ["ACTIVE", 0, HOUR],
            ["IDLE", 22 * HOUR, 30 * MINUTE],
            ["ACTIVE", 22 * HOUR + 30 * MINUTE, HOUR],
            ["IDLE", DAY - 1, 1],
        ]
        assert ana["totals"] == {"ACTIVE": 2 * HOUR, "IDLE": 30 * MINUTE + 1}
        assert "Lunch" not in str(found)
        assert (found[users["rita"]]["intervals"], found[users["rita"]]["totals"]) == ([], {})
        problem(server.get("ana", "/api/v1/people/occupancy"), 403, "E1005")

    def test_another_tenants_are_not_in_it(self, server: RunningServer) -> None:
        report(server.device(OUTSIDER), "ACTIVE", HOUR, HOUR)
        assert all(person["intervals"] == [] for person in self.days(server).values())

    def test_the_totals_are_those_that_the_person_sees(self, either_server: RunningServer) -> None:
        server = either_server
        ana = server.device("ana")
        for n in range(400):
            report(ana, ("ACTIVE", "IDLE", "OFFLINE")[n % 3], DAY - n * 3 * MINUTE, 2 * MINUTE)
        day, own = self.days(server)[server.users["ana"]], asked(server, "ana", "ana").json()
        assert day["totals"] == {s: ms for s, ms in own["totals"].items() if ms}
        assert len(own["intervals"]) == 400
        assert 20 < len(day["intervals"]) <= service.MOST_OF_A_DAY

    def test_what_one_device_says_too_often_is_bounded(
        self, either_server: RunningServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = either_server
        monkeypatch.setattr(service, "MOST_READ", 5)
        ana = server.device("ana")
        for n in range(9):
            report(ana, "ACTIVE", (n + 1) * HOUR, MINUTE)
        report(server.device("jonas"), "IDLE", 10 * HOUR, MINUTE)
        found = self.days(server)
        starts = [start for _, start, _ in found[server.users["ana"]]["intervals"]]
        assert starts == [DAY - n * HOUR for n in (5, 4, 3, 2, 1)]
        assert found[server.users["jonas"]]["totals"] == {"IDLE": MINUTE}


class TestForgetting:
    @pytest.fixture
    def days(self, either_server: RunningServer) -> RunningServer:
        ana, olga = either_server.device("ana"), either_server.device(OUTSIDER)
        for ago in (1, 2, 3, 4):
            report(ana, "ACTIVE", ago * DAY, HOUR)
            report(olga, "ACTIVE", ago * DAY, HOUR)
        return either_server

    def count(self, server: RunningServer) -> int:
        ((found,),) = server.sql("SELECT count(*) FROM occupancy_intervals")
        return int(found)

    def test_what_ended_before_goes_of_every_tenant(self, days: RunningServer) -> None:
        with days.database.write() as conn:
            assert service.purge(conn, START - 3 * DAY + HOUR) == 2
            assert service.purge(conn, START - 3 * DAY + HOUR) == 0
        assert self.count(days) == 6
        assert len(shown(days, from_=START - 5 * DAY)) == 3

    def test_some_go_at_a_time_the_oldest_first(self, days: RunningServer) -> None:
        rows = [
            {
                "tenant_id": days.tenant_id, "id": f"many-{n}", "user_id": days.users["jonas"],
                "state": "IDLE", "started_at": 0, "ended_at": 1, "reason": "", "made_at": 0,
                "received_at": 0,
            }
            for n in range(queries.PURGED_AT_ONCE)
        ]  # fmt: skip
        with days.database.write() as conn:
            queries.insert(conn, rows)
        with days.database.write() as conn:
            assert service.purge(conn, START) == queries.PURGED_AT_ONCE
        assert self.count(days) == 8

    def test_the_server_forgets_by_the_clock_what_is_older_than_its_setting(
        self, days: RunningServer
    ) -> None:
        job, state = JOBS["forget activity"], days.app.state.tracker
        assert job.run(state) == 0
        few = replace(state, settings=state.settings.model_copy(update={"occupancy_days": 2}))
        assert job.run(few) == 4
        assert (self.count(days), job.run(few)) == (4, 0)

    def test_the_command_keeps_90_days_unless_told(
        self, sqlite_template: Template, tmp_path: Path
    ) -> None:
        now = system_clock()
        url = sqlite_template.copy(tmp_path)
        server = RunningServer(url, sqlite_template.world, clock=Clock(now)).start()
        ana = server.device("ana")
        for ago in (89, 91, 100):
            ana.do("occupancy", server.new_id(), args("IDLE", START - now + ago * DAY, HOUR))
        server.stop()
        operator = Operator(url)
        assert operator.ok("prune-occupancy") == "2 intervals are gone.\n"
        assert operator.ok("prune-occupancy", "--days", "88") == "1 intervals are gone.\n"
        assert operator("prune-occupancy", "--days", "0").returncode == 2
