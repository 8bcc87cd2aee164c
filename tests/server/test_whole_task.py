"""A task's place among others and all that hangs on it: what is written, and who hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.server import RunningServer


@pytest.fixture
def rita(server: RunningServer) -> Any:
    return server.device("rita")


def tree(server: RunningServer, **parents: str | None) -> dict[str, str]:
    """Tasks of Ana by name, each below the one named."""
    made: dict[str, str] = {}
    for name, parent in parents.items():
        more = {"parent_id": made[parent]} if parent else {}
        made[name] = server.task("ana", title=name, **more)
    return made


def task(server: RunningServer, task_id: str, name: str = "rita") -> dict[str, Any]:
    return server.seen(name, task_id, "monitor" if name == "rita" else "desk")


def sums(server: RunningServer, task_id: str) -> tuple[int, int | None]:
    found = task(server, task_id)
    return found["child_count"], found["rollup_progress"]


# -- parents --------------------------------------------------------------------------------------


def test_a_parent_shows_the_mean_of_its_children_to_the_top(server: RunningServer) -> None:
    ids = tree(server, top=None, mid="top", low="mid", side="top")
    ana = server.device("ana")
    assert (sums(server, ids["top"]), sums(server, ids["mid"])) == ((2, 0), (1, 0))
    ana.do("set_progress", ids["low"], {"percent": 45})
    assert (sums(server, ids["mid"]), sums(server, ids["top"])) == ((1, 45), (2, 23))
    ana.do("complete", ids["side"])
    assert sums(server, ids["top"]) == (2, 73)
    assert task(server, ids["top"])["status"] == "PENDING"
    assert ana.do("set_progress", ids["top"], {"percent": 5})["code"] == "E5011"


def test_a_cancelled_child_does_not_count_and_an_archived_one_does(server: RunningServer) -> None:
    ids = tree(server, top=None, one="top", two="top")
    rita = server.device("rita")
    rita.do("complete", ids["one"])
    rita.do("cancel", ids["two"])
    assert sums(server, ids["top"]) == (1, 100)
    rita.do("reopen", ids["two"])
    assert sums(server, ids["top"]) == (2, 50)
    rita.do("archive", ids["one"])
    assert sums(server, ids["top"]) == (2, 50)


def test_a_task_that_moves_leaves_one_parent_for_the_other(server: RunningServer) -> None:
    ids = tree(server, old=None, new=None, child="old")
    server.device("ana").do("set_progress", ids["child"], {"percent": 30})
    rita = server.device("rita")
    rita.do("edit_fields", ids["child"], {"fields": {"parent_id": ids["new"]}})
    assert (sums(server, ids["old"]), sums(server, ids["new"])) == ((0, None), (1, 30))
    assert server.device("ana").do("set_progress", ids["old"], {"percent": 5})["code"] is None
    rita.do("edit_fields", ids["child"], {"fields": {"parent_id": None}})
    assert sums(server, ids["new"]) == (0, None)


def test_sums_change_no_version_and_no_trail_and_are_told_once_a_batch(
    server: RunningServer,
) -> None:
    ids = tree(server, top=None, one="top", two="top")
    before, trail = task(server, ids["top"]), server.audit_count(ids["top"])
    cursor = server.page("rita", scope="monitor")["cursor"]
    ana = server.device("ana")
    ana.push(
        ana.action("set_progress", ids["one"], {"percent": 10}),
        ana.action("set_progress", ids["two"], {"percent": 30}),
        ana.action("set_progress", ids["two"], {"percent": 50}),
    )
    after = task(server, ids["top"])
    assert after["rollup_progress"] == 30
    assert after["version"] == before["version"]
    assert server.audit_count(ids["top"]) == trail
    rows = server.sql(
        "SELECT count(*) FROM feed WHERE kind = 'task' AND audience = 'admins'"
        " AND entity_id = :top",
        top=ids["top"],
    )
    assert rows == [(4,)]  # made, two children, one batch
    told = server.page("rita", cursor, "monitor")["tasks"]
    assert [row["rollup_progress"] for row in told if row["id"] == ids["top"]] == [30]


def test_in_one_batch_a_parent_is_one_as_soon_as_it_has_a_child(server: RunningServer) -> None:
    ana, parent = server.device("ana"), server.task("ana")
    me = [{"user_id": server.users["ana"]}]
    child = ana.action(
        "create_task", server.new_id(), {"title": "x", "parent_id": parent, "people": me}
    )
    receipts = ana.push(child, ana.action("set_progress", parent, {"percent": 5}))
    assert [receipt["code"] for receipt in receipts] == [None, "E5011"]
    assert sums(server, parent) == (1, 0)


def test_no_loop_of_parents_comes_in_through_a_batch(server: RunningServer) -> None:
    ids, rita = tree(server, a=None, b=None, c=None), server.device("rita")

    def below(one: str, other: str) -> Any:
        return rita.action("edit_fields", ids[one], {"fields": {"parent_id": ids[other]}})

    receipts = rita.push(below("a", "b"), below("b", "c"), below("c", "a"))
    assert [receipt["code"] for receipt in receipts] == [None, None, "E5031"]
    assert rita.push(below("c", "b"))[0]["code"] == "E5031"
    assert rita.push(below("c", "c"))[0]["code"] == "E5031"


def test_nobody_names_a_parent_they_may_not_see(server: RunningServer) -> None:
    theirs = server.task("jonas")
    ana = server.device("ana")
    args = {"title": "x", "parent_id": theirs, "people": [{"user_id": server.users["ana"]}]}
    receipt = ana.do("create_task", server.new_id(), args)
    assert (receipt["code"], receipt["current"]) == ("E5030", None)
    assert sums(server, theirs) == (0, None)


# -- waiting for others ---------------------------------------------------------------------------


def test_a_task_is_blocked_until_what_it_needs_is_finished(server: RunningServer) -> None:
    ids, rita = tree(server, late=None, first=None, second=None), server.device("rita")
    for needed in ("first", "second"):
        rita.do("depend", ids["late"], {"needs_id": ids[needed]})
    assert task(server, ids["late"])["open_needs"] == 2
    page = server.page("ana")
    assert {(row["task_id"], row["needs_id"]) for row in page["dependencies"]} == {
        (ids["late"], ids["first"]),
        (ids["late"], ids["second"]),
    }
    version = task(server, ids["late"])["version"]
    server.device("ana").do("complete", ids["first"])
    rita.do("cancel", ids["second"])
    told = server.page("ana", page["cursor"])["tasks"]
    assert [row["open_needs"] for row in told if row["id"] == ids["late"]] == [0]
    assert task(server, ids["late"])["version"] == version
    rita.do("reopen", ids["second"])
    assert task(server, ids["late"])["open_needs"] == 1
    assert server.device("ana").do("complete", ids["late"])["code"] is None


def test_a_dependency_that_ends_is_gone_for_everybody(server: RunningServer) -> None:
    ids, rita = tree(server, late=None, first=None), server.device("rita")
    rita.do("depend", ids["late"], {"needs_id": ids["first"]})
    cursor = server.page("ana")["cursor"]
    rita.do("undepend", ids["late"], {"needs_id": ids["first"]})
    page = server.page("ana", cursor)
    pair = f"{ids['late']}:{ids['first']}"
    assert {"kind": "dependency", "id": pair} in page["gone"]
    assert task(server, ids["late"])["open_needs"] == 0
    assert rita.do("undepend", ids["late"], {"needs_id": ids["first"]})["code"] == "E5033"


def test_no_loop_of_waiting_comes_in_through_a_batch(server: RunningServer) -> None:
    ids, rita = tree(server, a=None, b=None, c=None), server.device("rita")

    def waits(one: str, other: str) -> Any:
        return rita.action("depend", ids[one], {"needs_id": ids[other]})

    receipts = rita.push(waits("a", "b"), waits("b", "c"), waits("c", "a"), waits("a", "a"))
    assert [receipt["code"] for receipt in receipts] == [None, None, "E5032", "E5032"]
    assert rita.push(waits("c", "b"))[0]["code"] == "E5032"


# -- what hangs on a task -------------------------------------------------------------------------


def test_a_comment_is_reworded_by_its_author_and_the_trail_keeps_both(
    server: RunningServer,
) -> None:
    task_id, ana, said = server.task("ana", "jonas"), server.device("ana"), server.new_id()
    links = ["https://files.example/pump.jpg"]
    ana.do("comment", task_id, {"comment_id": said, "text": "frist", "attachments": links})
    answer = {"comment_id": server.new_id(), "text": "?", "parent_id": said}
    server.device("jonas").do("comment", task_id, answer)
    change = {"comment_id": said, "text": "first"}
    assert server.device("jonas").do("edit_comment", task_id, change)["code"] == "E5036"
    assert ana.do("edit_comment", task_id, change)["code"] is None
    rows = {row["id"]: row for row in server.page("jonas")["comments"]}
    first = rows[said]
    assert (first["text"], first["version"], first["attachments"]) == ("first", 2, links)
    assert first["edited_at"] == server.clock.now
    assert rows[answer["comment_id"]]["parent_id"] == said
    assert task(server, task_id)["comment_count"] == 2
    edits = [row for row in server.audit_trail() if row["event"] == "edit_comment"]
    assert [(row["before"]["text"], row["after"]["text"]) for row in edits] == [("frist", "first")]


def test_a_comment_of_another_task_is_not_reworded_through_this_one(
    server: RunningServer,
) -> None:
    one, two, ana, said = server.task("ana"), server.task("ana"), server.device("ana"), ""
    said = server.new_id()
    ana.do("comment", one, {"comment_id": said, "text": "x"})
    change = {"comment_id": said, "text": "y"}
    assert ana.do("edit_comment", two, change)["code"] == "E5035"
    answer = {"comment_id": server.new_id(), "text": "?", "parent_id": said}
    assert ana.do("comment", two, answer)["code"] == "E5035"


def test_time_adds_up_over_people_and_devices(server: RunningServer) -> None:
    task_id = server.task("ana", "jonas")
    ana, jonas = server.device("ana"), server.device("jonas")
    first = {"entry_id": server.new_id(), "minutes": 30, "note": "drive", "started_at": 5}
    assert ana.do("log_time", task_id, first)["outcome"] == "applied"
    receipt = jonas.do(
        "log_time", task_id, {"entry_id": server.new_id(), "minutes": 15}, base_version=1
    )
    assert receipt["outcome"] == "applied"
    assert task(server, task_id)["actual_minutes"] == 45
    again = {"entry_id": first["entry_id"], "minutes": 1}
    assert ana.do("log_time", task_id, again)["code"] == "E5012"
    assert ana.do("log_time", task_id, {"entry_id": server.new_id(), "minutes": -46})["code"] == (
        "E5037"
    )
    beyond = {"entry_id": server.new_id(), "minutes": -16}
    assert jonas.do("log_time", task_id, beyond)["code"] == "E5037"  # they are ana's
    both = [
        jonas.action("log_time", task_id, {"entry_id": server.new_id(), "minutes": minutes})
        for minutes in (-10, -6)
    ]
    assert [receipt["code"] for receipt in jonas.push(*both)] == [None, "E5037"]
    give_back = {"entry_id": server.new_id(), "minutes": 10}
    assert jonas.do("log_time", task_id, give_back)["outcome"] == "applied"
    rows = {row["id"]: row for row in server.page("ana")["time_entries"]}
    assert (rows[first["entry_id"]]["note"], rows[first["entry_id"]]["started_at"]) == ("drive", 5)
    assert {row["user_id"] for row in rows.values()} == {
        server.users["ana"],
        server.users["jonas"],
    }


def test_who_is_let_in_hears_of_all_that_hangs_on_the_task(server: RunningServer) -> None:
    ids, rita = tree(server, late=None, first=None), server.device("rita")
    rita.do("depend", ids["late"], {"needs_id": ids["first"]})
    server.device("ana").do("log_time", ids["late"], {"entry_id": server.new_id(), "minutes": 5})
    cursor = server.page("jonas")["cursor"]
    rita.do("assign", ids["late"], {"user_id": server.users["jonas"], "part": "WATCHER"})
    page = server.page("jonas", cursor)
    assert (len(page["time_entries"]), len(page["dependencies"])) == (1, 1)
    rita.do("unassign", ids["late"], {"user_id": server.users["jonas"]})
    gone = server.page("jonas", page["cursor"])["gone"]
    assert {"kind": "task", "id": ids["late"]} in gone


def test_accepting_and_completing_are_said_of_the_person(server: RunningServer) -> None:
    task_id = server.task("ana", "jonas")
    ana = server.device("ana")
    assert ana.do("accept", task_id)["code"] is None
    server.clock.advance(1000)
    ana.do("complete", task_id)
    rows = {row["user_id"]: row for row in server.page("ana")["assignments"]}
    mine, his = rows[server.users["ana"]], rows[server.users["jonas"]]
    assert mine["completed_at"] - mine["accepted_at"] == 1000
    assert (mine["version"], his["accepted_at"], his["completed_at"]) == (3, None, None)


# -- archiving ------------------------------------------------------------------------------------


def test_an_archived_task_leaves_every_device_and_can_still_be_read(
    server: RunningServer,
) -> None:
    task_id = server.task("ana")
    rita, ana = server.device("rita"), server.device("ana")
    ana.do("complete", task_id)
    cursors = {name: server.page(name)["cursor"] for name in ("ana", "rita")}
    assert rita.do("archive", task_id, {"note": "old"})["outcome"] == "applied"
    for name, cursor in cursors.items():
        page = server.page(name, cursor)
        assert {"kind": "task", "id": task_id} in page["gone"]
        assert page["tasks"] == []
    first = server.page("ana")
    assert (first["tasks"], first["assignments"]) == ([], [])
    assert first["sums"]["assignments"]["count"] == 0
    assert ana.do("set_progress", task_id, {"percent": 5})["code"] == "E5014"
    history = server.get("ana", f"/api/v1/tasks/{task_id}/history").json()
    assert history["entries"][0]["event"] == "archive"


def test_an_employee_does_not_archive(server: RunningServer) -> None:
    task_id, ana = server.task("ana"), server.device("ana")
    ana.do("complete", task_id)
    assert ana.do("archive", task_id)["code"] == "E5004"
