"""Notifications: made with what causes them, the twelve endpoints, and marks that are pushed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from server_stub.notifications import service
from server_stub.sync import queries as receipts
from tests.support.server import DAY, HOUR, OUTSIDER, START, RunningServer, problem

PATH = "/api/v1/notifications"


def listed(server: RunningServer, name: str, path: str = PATH, **params: Any) -> list[Any]:
    answer = server.get(name, path, params=params)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["notifications"]
    return found


def said(server: RunningServer, name: str, **params: Any) -> list[str]:
    return [row["message"] for row in listed(server, name, **params)]


def put(server: RunningServer, name: str, path: str, body: Any = None) -> httpx.Response:
    return server.client(name).put(f"{PATH}/{path}", json=body)


def choose(server: RunningServer, name: str, **chosen: Any) -> None:
    assert put(server, name, "preferences", chosen).status_code == 200


def tell(server: RunningServer, **over: Any) -> httpx.Response:
    """Rita, an admin, writes to ana."""
    body = {"user_id": 3, "type": "call_missed", "title": "Call", "message": "Call back.", **over}
    return server.post("rita", PATH, body)


def mark(server: RunningServer, name: str, ref: str, **args: Any) -> dict[str, Any]:
    return server.device(name).do("mark_notification", ref, args)


class TestCauses:
    def test_what_others_do_is_told_in_sentences(self, server: RunningServer) -> None:
        ana = server.device("ana")
        task_id = server.task("ana", title="Fix the pump", priority="URGENT")
        jonas = {"user_id": server.users["jonas"], "part": "REVIEWER"}
        assert server.device("rita").do("assign", task_id, jonas)["outcome"] == "applied"
        ana.do("comment", task_id, {"comment_id": server.new_id(), "text": "On my way"})
        ana.do("complete", task_id)
        assert said(server, "ana") == ["Rita Okafor assigned you “Fix the pump”."]
        assert said(server, "jonas") == [
            "Ana Moreno completed “Fix the pump”.",
            "Ana Moreno wrote on “Fix the pump”: On my way",
            "Rita Okafor asked you to review “Fix the pump”.",
        ]
        assert said(server, "rita") == said(server, "jonas")[:2]
        assert said(server, "sara") == []
        (row,) = listed(server, "ana")
        assert (row["priority"], row["action_url"]) == ("critical", f"tracker://task/{task_id}")

    def test_the_first_rest_api_tells_too(self, server: RunningServer) -> None:
        server.task("ana", title="Fix the pump")
        assert server.post("ana", "/api/task/1/complete/", {}).status_code == 200
        assert said(server, "rita") == ["Ana Moreno completed “Fix the pump”."]

    def test_a_refused_action_tells_nobody(self, server: RunningServer) -> None:
        task_id = server.task("ana")
        ana = server.device("ana")
        ana.do("complete", task_id)
        assert ana.do("complete", task_id)["outcome"] == "rejected"
        assert len(said(server, "rita")) == 1

    @pytest.mark.parametrize("times", [1, 2])
    def test_what_fails_is_told_to_nobody_and_what_is_done_again_once(
        self, server: RunningServer, monkeypatch: pytest.MonkeyPatch, times: int
    ) -> None:
        """The receipts are written last. Once: the batch goes back and is decided anew."""
        task_id, ana = server.task("ana"), server.device("ana")
        really, left = receipts.insert, [ZeroDivisionError("planned")] * times

        def insert(*args: Any) -> None:
            if left:
                raise left.pop()
            really(*args)

        monkeypatch.setattr(receipts, "insert", insert)
        receipt = ana.do("complete", task_id)
        assert receipt["outcome"] == ("retry" if times == 2 else "applied")
        assert len(said(server, "rita")) == (0 if times == 2 else 1)

    def test_a_repeat_tells_nothing_twice(self, server: RunningServer) -> None:
        task_id, ana = server.task("ana"), server.device("ana")
        action = ana.action("complete", task_id)
        first, second = ana.push(action), ana.push(action)
        assert first == second
        assert len(said(server, "rita")) == 1

    def test_what_was_told_is_not_told_again_where_its_cause_comes_once_more(
        self, server: RunningServer
    ) -> None:
        """As after a restore that lost the receipt, whoever was told and deleted it, too."""
        task_id, ana = server.task("ana"), server.device("ana")
        action = ana.action("comment", task_id, {"comment_id": server.new_id(), "text": "x"})
        ana.push(action)
        (row,) = listed(server, "rita")
        assert server.client("rita").delete(f"{PATH}/{row['id']}").status_code == 204
        server.sql("DELETE FROM receipts WHERE op_id = :op", op=action["op_id"])
        server.sql("DELETE FROM comments")
        (again,) = ana.push({**action, "base_version": None})
        assert again["outcome"] == "applied"
        assert said(server, "rita") == []

    def test_a_disabled_person_is_told_nothing(self, server: RunningServer) -> None:
        task_id = server.task("ana", "jonas")
        server.sql("UPDATE users SET active = false WHERE name = 'jonas'")
        said_by = {"comment_id": server.new_id(), "text": "x"}
        server.device("ana").do("comment", task_id, said_by)
        jonas = {"user": server.users["jonas"]}
        query = "SELECT count(*) FROM notifications WHERE user_id = :user"
        assert server.sql(query, **jonas) == [(1,)]

    def test_one_batch_asks_the_same_few_things_however_large_it_is(
        self, server: RunningServer
    ) -> None:
        def statements(count: int) -> list[str]:
            ana, tasks = server.device("ana"), [server.task("ana", "jonas") for _ in range(count)]
            batch = [
                ana.action("comment", task_id, {"comment_id": server.new_id(), "text": "x"})
                for task_id in tasks
            ]
            seen: list[str] = []

            def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
                seen.append(statement.partition("FROM")[0][:60])

            engine = server.app.state.tracker.database.engine
            sa.event.listen(engine, "before_cursor_execute", note)
            try:
                assert {r["outcome"] for r in ana.push(*batch)} == {"applied"}
            finally:
                sa.event.remove(engine, "before_cursor_execute", note)
            return seen

        server.page("ana")  # who she is is known from here on
        assert len(statements(40)) == len(statements(2))
        assert len(said(server, "rita", limit=200)) == 42


class TestEndpoints:
    def test_one_is_the_documented_json(self, server: RunningServer) -> None:
        task_id = server.task("ana", title="Fix the pump")
        (row,) = listed(server, "ana")
        assert row == {
            "id": 1,
            "uuid": row["uuid"],
            "user_id": 3,
            "tenant_id": server.tenant_id,
            "type": "task_assigned",
            "title": "New task",
            "message": "Rita Okafor assigned you “Fix the pump”.",
            "priority": "normal",
            "category": "task",
            "is_read": False,
            "read_at": None,
            "action_url": f"tracker://task/{task_id}",
            "is_archived": False,
            "expires_at": None,
            "created_at": "2026-03-02T08:00:00.000Z",
            "updated_at": "2026-03-02T08:00:00.000Z",
            "entity_kind": "task",
            "entity_id": task_id,
        }
        for ref in (1, row["uuid"]):
            assert server.get("ana", f"{PATH}/{ref}").json() == row

    @pytest.mark.parametrize("ref", [7, "0" * 18, "019c0000-0000-7000-8000-000000000000"])
    def test_what_is_not_there_is_unknown(self, shared_server: RunningServer, ref: object) -> None:
        problem(shared_server.get("rita", f"{PATH}/{ref}"), 404, "E5040")

    @pytest.mark.parametrize("ref", ["x", "-1", "1.0", "9" * 30, "%00", "٣"])
    def test_what_is_no_id_is_refused(self, shared_server: RunningServer, ref: str) -> None:
        problem(shared_server.get("rita", f"{PATH}/{ref}"), 422, "E2006")

    def test_nobody_touches_anothers_by_number_or_id(self, server: RunningServer) -> None:
        server.task("ana")
        (row,) = listed(server, "ana")
        for name in ("rita", "jonas", OUTSIDER):
            for ref in (row["id"], row["uuid"]):
                client = server.client(name)
                problem(client.get(f"{PATH}/{ref}"), 404, "E5040")
                problem(client.put(f"{PATH}/{ref}/read"), 404, "E5040")
                problem(client.put(f"{PATH}/{ref}/archive"), 404, "E5040")
                problem(client.delete(f"{PATH}/{ref}"), 404, "E5040")
        assert listed(server, "ana") == [row]

    def test_reading_and_archiving_keep_their_first_time(self, server: RunningServer) -> None:
        server.task("ana")
        server.clock.advance(HOUR)
        read = put(server, "ana", "1/read").json()
        assert (read["is_read"], read["read_at"]) == (True, "2026-03-02T09:00:00.000Z")
        server.clock.advance(HOUR)
        assert put(server, "ana", "1/read").json()["read_at"] == read["read_at"]
        archived = put(server, "ana", "1/archive").json()
        assert (archived["is_archived"], archived["updated_at"]) == (
            True,
            "2026-03-02T10:00:00.000Z",
        )

    def test_lists_by_type_priority_read_and_archived(self, server: RunningServer) -> None:
        for title, priority in (("A", "LOW"), ("B", "HIGH"), ("C", "HIGH")):
            server.task("ana", title=title, priority=priority)
        assert tell(server).status_code == 201
        put(server, "ana", "1/read")
        put(server, "ana", "2/archive")

        def numbers(path: str = PATH, **params: Any) -> list[int]:
            return [row["id"] for row in listed(server, "ana", path, **params)]

        assert numbers() == [4, 3, 1]
        assert numbers(type="task_assigned") == [3, 1]
        assert numbers(priority="high") == [3]
        assert numbers(type="task_assigned", priority="low", read=True) == [1]
        assert (numbers(read=True), numbers(read=False)) == ([1], [4, 3])
        assert (numbers(archived=True), numbers(archived=True, read=True)) == ([2], [])
        assert numbers(f"{PATH}/unread") == [4, 3]

    @pytest.mark.parametrize("path", [PATH, f"{PATH}/unread"])
    def test_pages_hang_together(self, server: RunningServer, path: str) -> None:
        for _ in range(5):
            server.task("ana")
        pages, cursor = [], None
        while not pages or cursor is not None:
            answer = server.get(
                "ana", path, params={"limit": 2, **({"cursor": cursor} if cursor else {})}
            )
            pages.append([row["id"] for row in answer.json()["notifications"]])
            cursor = answer.json()["next_cursor"]
            server.task("ana")  # what comes meanwhile moves nothing
        assert pages == [[5, 4], [3, 2], [1]]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("limit", "0"), ("limit", "201"), ("cursor", "x"), ("cursor", "-1"),
            ("cursor", "9" * 19), ("type", "gossip"), ("priority", "URGENT"), ("read", "perhaps"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_asked_is_named(
        self, shared_server: RunningServer, name: str, value: str
    ) -> None:
        body = problem(shared_server.get("ana", PATH, params={name: value}), 422, "E2013")
        assert body["errors"][0]["field"] == f"query.{name}"

    def test_what_has_expired_is_not_listed_nor_counted(self, server: RunningServer) -> None:
        assert tell(server, expires_at="2026-03-02T10:00:00+01:00").status_code == 201
        assert len(listed(server, "ana")) == 1
        server.clock.advance(HOUR)
        assert listed(server, "ana") == listed(server, "ana", f"{PATH}/unread") == []
        assert server.get("ana", f"{PATH}/stats").json()["total"] == 0
        assert server.post("ana", f"{PATH}/read-all").json() == {"updated": 0}
        assert server.page("ana")["notifications"] == []
        assert server.get("ana", f"{PATH}/1").status_code == 200

    def test_all_are_read_at_once(
        self, server: RunningServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "CHUNK", 2)
        for _ in range(5):
            server.task("ana", "jonas")
        put(server, "ana", "1/archive")
        assert server.post("ana", f"{PATH}/read-all").json() == {"updated": 4}
        assert server.post("ana", f"{PATH}/read-all").json() == {"updated": 0}
        assert listed(server, "ana", f"{PATH}/unread") == []
        assert len(listed(server, "jonas", f"{PATH}/unread")) == 5

    def test_deleted_it_is_gone_for_its_owner_with_its_words(self, server: RunningServer) -> None:
        server.task("ana", title="Fix the pump")
        assert server.client("ana").delete(f"{PATH}/1").status_code == 204
        problem(server.get("ana", f"{PATH}/1"), 404, "E5040")
        problem(server.client("ana").delete(f"{PATH}/1"), 404, "E5040")
        assert listed(server, "ana") == listed(server, "ana", archived=True) == []
        query = "SELECT title, message, deleted_at FROM notifications"
        assert server.sql(query) == [("", "", START)]

    def test_cleaning_up_takes_what_is_read_and_old(
        self, server: RunningServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "CHUNK", 2)
        for _ in range(3):
            server.task("ana", "jonas")
        server.post("ana", f"{PATH}/read-all")
        server.post("jonas", f"{PATH}/read-all")
        server.clock.advance(30 * DAY)
        server.task("ana")
        put(server, "ana", "7/read")
        assert server.post("ana", f"{PATH}/cleanup").json() == {"deleted": 0}
        server.clock.advance(1)
        assert server.post("ana", f"{PATH}/cleanup").json() == {"deleted": 3}
        assert [row["id"] for row in listed(server, "ana")] == [7]
        problem(server.post("jonas", f"{PATH}/cleanup", {"all": True}), 403, "E1005")
        assert len(listed(server, "jonas")) == 3
        assert server.post("rita", f"{PATH}/cleanup", {"days": 1, "all": True}).json() == {
            "deleted": 3
        }
        assert listed(server, "jonas") == []

    @pytest.mark.parametrize("body", [{"days": 0}, {"days": True}, {"days": "30"}, {"all": 1}])
    def test_cleaning_up_wants_whole_days(self, shared_server: RunningServer, body: Any) -> None:
        problem(shared_server.post("rita", f"{PATH}/cleanup", body), 422, "E2013")

    def test_counts(self, server: RunningServer) -> None:
        for priority in ("LOW", "HIGH", "HIGH"):
            server.task("ana", priority=priority)
        tell(server)
        put(server, "ana", "1/read")
        put(server, "ana", "2/archive")
        found = server.get("ana", f"{PATH}/stats").json()
        by_type = {kind: n for kind, n in found.pop("by_type").items() if n}
        assert by_type == {"task_assigned": 2, "call_missed": 1}
        assert found == {
            "total": 4,
            "unread": 2,
            "read": 1,
            "archived": 1,
            "by_priority": {"critical": 0, "high": 1, "normal": 1, "low": 1},
        }


class TestAdminsWrite:
    def test_to_a_person_by_number_or_id(self, server: RunningServer) -> None:
        for ref in (3, server.users["ana"]):
            answer = tell(server, user_id=ref, priority="high", action_url="https://x.example/1")
            assert answer.status_code == 201
            assert listed(server, "ana")[0] == answer.json()
        assert answer.json()["category"] == "call"
        assert [row["user_id"] for row in listed(server, "ana")] == [3, 3]

    @pytest.mark.parametrize("ref", [99, "019c0000-0000-7000-8000-000000000000"])
    def test_to_nobody_else(self, shared_server: RunningServer, ref: object) -> None:
        body = problem(tell(shared_server, user_id=ref), 404, "E5006")
        assert body["errors"][0]["field"] == "user_id"
        olga = shared_server.get(OUTSIDER, "/api/v1/session").json()["user_id"]
        problem(tell(shared_server, user_id=olga), 404, "E5006")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("user_id", True), ("user_id", "3"), ("user_id", 0), ("type", "gossip"), ("title", ""),
            ("title", "x" * 201), ("message", "a\x00b"), ("message", "\ud800"), ("message", 5),
            ("priority", "URGENT"), ("category", ""), ("action_url", "file:///etc/passwd"),
            ("action_url", "javascript:alert(1)"), ("action_url", "https://x y"),
            ("expires_at", "tomorrow"), ("expires_at", "2026-12-31T17:00:00"),
            ("expires_at", "1969-12-31T17:00:00Z"), ("expires_at", 1772438400),
        ],
    )  # fmt: skip
    def test_what_cannot_be_told_is_named(
        self, shared_server: RunningServer, name: str, value: Any
    ) -> None:
        body = problem(tell(shared_server, **{name: value}), 422, "E2013")
        assert body["errors"][0]["field"].startswith(f"body.{name}")

    def test_not_to_who_does_not_want_it(self, server: RunningServer) -> None:
        choose(server, "ana", notify_call_missed=False)
        problem(tell(server), 409, "E5041")
        assert tell(server, type="message_received").status_code == 201
        choose(server, "ana", enable_in_app_notifications=False)
        problem(tell(server, type="message_received"), 409, "E5041")


class TestPreferences:
    def test_defaults_and_what_was_chosen(self, server: RunningServer) -> None:
        found = server.get("ana", f"{PATH}/preferences").json()
        assert found == {
            "user_id": 3,
            "tenant_id": server.tenant_id,
            "enable_in_app_notifications": True,
            "enable_desktop_notifications": True,
            "enable_email_notifications": False,
            "enable_sms_notifications": False,
            "notify_lead_assigned": True,
            "notify_task_assigned": True,
            "notify_task_completed": True,
            "notify_deadline_reminder": True,
            "notify_call_missed": True,
            "notify_message_received": True,
            "notify_task_overdue": True,
            "quiet_hours_enabled": False,
            "quiet_hours_start": None,
            "quiet_hours_end": None,
            "email_batch_frequency": "immediate",
            "sms_batch_frequency": "immediate",
        }
        night = {
            "quiet_hours_enabled": True,
            "quiet_hours_start": "22:00",
            "quiet_hours_end": "07:00",
            "email_batch_frequency": "weekly",
        }
        assert put(server, "ana", "preferences", night).json() == {**found, **night}
        choose(server, "ana", quiet_hours_enabled=False, quiet_hours_start=None)
        now = server.get("ana", f"{PATH}/preferences").json()
        assert now == {
            **found, "quiet_hours_end": "07:00", "email_batch_frequency": "weekly"
        }  # fmt: skip
        assert server.get("jonas", f"{PATH}/preferences").json() == {**found, "user_id": 4}

    def test_what_is_switched_off_is_not_made(self, server: RunningServer) -> None:
        choose(server, "ana", notify_task_assigned=False)
        task_id = server.task("ana", "jonas")
        said_by = {"comment_id": server.new_id(), "text": "x"}
        server.device("jonas").do("comment", task_id, said_by)
        assert [row["type"] for row in listed(server, "ana")] == ["message_received"]
        choose(server, "jonas", enable_in_app_notifications=False)
        server.task("jonas")
        assert len(listed(server, "jonas")) == 1
        # Numbers are of those that were made.
        assert [row["id"] for row in listed(server, "rita")] == [3]

    def test_quiet_hours_need_their_times(self, server: RunningServer) -> None:
        body = problem(
            put(server, "ana", "preferences", {"quiet_hours_enabled": True}), 422, "E2050"
        )
        assert body["errors"][0]["field"] == "quiet_hours_start"
        answer = put(
            server,
            "ana",
            "preferences",
            {"quiet_hours_enabled": True, "quiet_hours_start": "22:00"},
        )
        assert problem(answer, 422, "E2050")["errors"][0]["field"] == "quiet_hours_end"
        assert server.get("ana", f"{PATH}/preferences").json()["quiet_hours_start"] is None

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("quiet_hours_start", "24:00"), ("quiet_hours_start", "7:00"),
            ("quiet_hours_end", "22:00:00"), ("quiet_hours_end", "22:00\n"),
            ("enable_sms_notifications", None), ("notify_call_missed", 1),
            ("sms_batch_frequency", "yearly"), ("user_id", 3),
        ],
    )  # fmt: skip
    def test_what_cannot_be_chosen_is_named(
        self, shared_server: RunningServer, name: str, value: Any
    ) -> None:
        body = problem(put(shared_server, "ana", "preferences", {name: value}), 422, "E2013")
        assert body["errors"][0]["field"] == f"body.{name}"


class TestPull:
    def test_only_ones_own_at_the_desk_and_in_the_monitor(self, server: RunningServer) -> None:
        cursors = {
            (name, scope): server.page(name, scope=scope)["cursor"]
            for name, scope in (("ana", "desk"), ("rita", "desk"), ("rita", "monitor"))
        }
        server.task("ana", title="Fix the pump")
        found = {
            who: [row["user_id"] for row in server.page(*who[:1], cursor, who[1])["notifications"]]
            for who, cursor in cursors.items()
        }
        assert found == {
            ("ana", "desk"): [server.users["ana"]], ("rita", "desk"): [], ("rita", "monitor"): []
        }  # fmt: skip
        task_id = server.page("ana")["tasks"][0]["id"]
        server.device("ana").do("complete", task_id)
        for scope in ("desk", "monitor"):
            assert [row["type"] for row in server.page("rita", scope=scope)["notifications"]] == [
                "task_completed"
            ]

    def test_a_first_pull_brings_the_newest_that_are_neither_old_nor_archived(
        self, server: RunningServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.task("ana")
        server.clock.advance(90 * DAY + 1)
        for _ in range(4):
            server.task("ana")
        put(server, "ana", "3/archive")
        put(server, "ana", "4/read")
        page = server.page("ana")
        assert [row["number"] for row in page["notifications"]] == [5, 4, 2]
        assert "notifications" not in page["sums"]
        monkeypatch.setattr(service, "NOTIFICATIONS_KEPT", 2)
        assert [row["number"] for row in server.page("ana")["notifications"]] == [5, 4]

    def test_every_change_comes_and_a_deletion_as_a_tombstone(self, server: RunningServer) -> None:
        server.task("ana")
        page = server.page("ana")
        (row,) = page["notifications"]
        put(server, "ana", "1/read")
        page = server.page("ana", page["cursor"])
        (read,) = page["notifications"]
        assert (read["version"], read["read_at"]) == (row["version"] + 1, START)
        put(server, "ana", "1/archive")
        page = server.page("ana", page["cursor"])
        assert page["notifications"][0]["archived_at"] == START
        server.client("ana").delete(f"{PATH}/1")
        page = server.page("ana", page["cursor"])
        assert (page["notifications"], page["gone"]) == (
            [],
            [{"kind": "notification", "id": row["id"]}],
        )

    def test_nobody_else_is_woken(self, server: RunningServer) -> None:
        server.task("ana")
        cursor = server.page("jonas")["cursor"]
        put(server, "ana", "1/read")
        server.post("ana", f"{PATH}/read-all")
        assert server.pull("jonas", cursor).status_code == 304


class TestMarksThatArePushed:
    def row(self, server: RunningServer, name: str = "ana") -> str:
        server.task(name)
        return str(listed(server, name)[0]["uuid"])

    def test_a_mark_takes_effect_with_a_receipt_that_says_from_where_on(
        self, server: RunningServer
    ) -> None:
        ref = self.row(server)
        before = server.page("ana")
        server.clock.advance(HOUR)
        ana = server.device("ana")
        receipt = ana.do("mark_notification", ref, {"read": True}, made_at=START + 5)
        assert (receipt["outcome"], receipt["task_version"]) == ("applied", 2)
        page = server.page("ana", before["cursor"])
        (row,) = page["notifications"]
        assert (row["read_at"], row["version"], page["seq"]) == (START + 5, 2, receipt["seq"])
        assert server.audit_count(ref) == 0
        assert (
            ana.do("mark_notification", ref, {"read": False, "archived": True})["task_version"] == 3
        )
        (row,) = server.page("ana", page["cursor"])["notifications"]
        assert (row["read_at"], row["archived_at"]) == (None, START + HOUR)

    def test_a_batch_may_hold_both_kinds_and_the_same_one_twice(
        self, server: RunningServer
    ) -> None:
        ref, ana = self.row(server), server.device("ana")
        task_id = server.task("ana")
        receipts = ana.push(
            ana.action("mark_notification", ref, {"read": True}),
            ana.action("set_progress", task_id, {"percent": 5}),
            ana.action("mark_notification", ref, {"read": False}),
        )
        assert [r["outcome"] for r in receipts] == ["applied"] * 3
        assert [r["task_version"] for r in receipts] == [2, 2, 3]
        assert receipts[0]["seq"] == receipts[2]["seq"] != receipts[1]["seq"]
        assert server.get("ana", f"{PATH}/{ref}").json()["is_read"] is False

    @pytest.mark.parametrize("name", ["rita", "jonas", OUTSIDER])
    def test_anothers_is_unknown(self, server: RunningServer, name: str) -> None:
        ref = self.row(server)
        receipt = mark(server, name, ref, read=True)
        assert (receipt["outcome"], receipt["code"]) == ("rejected", "E5040")
        assert receipt["current"] is None
        assert server.get("ana", f"{PATH}/{ref}").json()["is_read"] is False

    @pytest.mark.parametrize(
        "args", [{}, {"read": 1}, {"read": None}, {"archived": False}, {"read": True, "x": 1}]
    )
    def test_a_bad_one_is_refused_alone(self, server: RunningServer, args: Any) -> None:
        ref = self.row(server)
        receipt = mark(server, "ana", ref, **args)
        assert (receipt["outcome"], receipt["code"]) == ("rejected", "E2017")

    def test_one_that_was_deleted_meanwhile_is_no_trouble(self, server: RunningServer) -> None:
        ref = self.row(server)
        cursor = server.page("ana")["cursor"]
        server.client("ana").delete(f"{PATH}/{ref}")
        assert mark(server, "ana", ref, read=True)["outcome"] == "applied"
        page = server.page("ana", cursor)
        assert (page["notifications"], [gone["id"] for gone in page["gone"]]) == ([], [ref])

    def test_after_a_restore_it_comes_again_with_what_caused_it(
        self, server: RunningServer
    ) -> None:
        ana, unknown = server.device("ana"), server.new_id()
        elsewhere = {"base_epoch": "the one before"}
        action = ana.action("mark_notification", unknown, {"read": True}, **elsewhere)
        (receipt,) = ana.push(action)
        assert receipt["outcome"] == "retry"
        server.clock.advance(7 * DAY)
        (receipt,) = ana.push(action)
        assert (receipt["outcome"], receipt["code"]) == ("rejected", "E5040")

    def test_what_a_task_is_asked_for_is_not_confused_with_it(self, server: RunningServer) -> None:
        ref = self.row(server)
        receipt = server.device("ana").do("complete", ref)
        assert (receipt["outcome"], receipt["code"]) == ("rejected", "E5001")
        task_id = server.task("ana")
        receipt = mark(server, "ana", task_id, read=True)
        assert (receipt["outcome"], receipt["code"]) == ("rejected", "E5040")
