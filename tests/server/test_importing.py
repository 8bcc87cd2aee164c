"""A file of tasks: what each line becomes, and that the same file makes nothing twice."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import httpx
import pytest

from server_stub.importing.service import settled
from tests.support.server import OUTSIDER, START, RunningServer, problem
from tracker.domain import spreadsheet
from tracker.domain.receipt import Outcome, Receipt
from tracker.domain.spreadsheet import Verdict
from tracker.domain.task import SYSTEM
from tracker.protocol.importing import ImportedLine, ImportReport

HEADER = "Title;Description;Priority;Project;Due;Assignees;Estimate;Type;Revenue"
PUMP = "Pump;Line 1;critical;{project};2026-03-09;ana, jonas;90;repair;1250.5"


def send(
    server: RunningServer, data: str | bytes, name: str = "rita", **query: Any
) -> httpx.Response:
    content = data.encode() if isinstance(data, str) else data
    return server.client(name).post(
        "/api/v1/imports/tasks",
        content=content,
        params=query,
        headers={"Content-Type": "text/csv"},
    )


def report(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def project_name(server: RunningServer) -> str:
    (row,) = server.sql("SELECT name FROM projects WHERE id = :i", i=server.world.project_id)
    return str(row[0])


def count(server: RunningServer) -> int:
    return int(server.sql("SELECT count(*) FROM tasks")[0][0])


def test_a_line_becomes_a_task_with_all_it_says(server: RunningServer) -> None:
    file = f"\ufeff{HEADER}\n{PUMP.format(project=project_name(server).upper())}\n"
    (line,) = report(send(server, file))["lines"]
    assert (line["line"], line["verdict"], line["title"]) == (2, "new", "Pump")
    (task,) = server.page("rita", scope="monitor")["tasks"]
    assert task["number"] == line["id"]
    assert (task["priority"], task["project_id"]) == ("URGENT", server.world.project_id)
    assert (task["due_date"], task["estimated_minutes"]) == ("2026-03-09", 90)
    assert (task["task_type"], task["revenue_cents"]) == ("repair", 125_050)
    people = {row["user_id"] for row in server.page("rita", scope="monitor")["assignments"]}
    assert people == {server.users["ana"], server.users["jonas"]}
    assert server.audit_count(task["id"]) == 1


def test_a_dry_run_says_of_each_line_what_would_become_of_it(server: RunningServer) -> None:
    rows = ["Title,Priority,Due,Estimate", "Good,low,,30", ",low,,", "Bad,soon,,", "X,,31.3.,"]
    found = report(send(server, "\n".join(rows), dry_run=True))
    assert (found["dry_run"], found["new"], found["refused"]) == (True, 1, 3)
    assert [(row["line"], row["code"], row["field"]) for row in found["lines"]] == [
        (2, None, None),
        (3, "E2001", "title"),
        (4, "E2005", "priority"),
        (5, "E2004", "due"),
    ]
    assert count(server) == 0


def test_with_a_bad_line_nothing_is_made_unless_that_is_asked_for(server: RunningServer) -> None:
    file = "title,assignees\nGood,ana\nBad,nobody\n"
    found = problem(send(server, file), 422, "E2073")
    assert [row["field"] for row in found["errors"]] == ["line 3: assignees"]
    assert count(server) == 0
    done = report(send(server, file, partial=True))
    assert (done["new"], done["refused"], count(server)) == (1, 1, 1)


def test_the_same_file_makes_nothing_twice(server: RunningServer) -> None:
    file = "title\nOne\nTwo\n"
    first = report(send(server, file))
    again = report(send(server, file))
    assert (first["new"], again["new"], again["known"]) == (2, 0, 2)
    assert count(server) == 2
    assert report(send(server, file.replace("Two", "Three")))["new"] == 2


def test_a_cell_may_have_line_breaks_and_quotes(server: RunningServer) -> None:
    file = 'title,description\n"Say ""hi""","one\ntwo"\nNext,\n'
    found = report(send(server, file))["lines"]
    assert [(row["line"], row["title"]) for row in found] == [(3, 'Say "hi"'), (4, "Next")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"title\n\xff\xfe", "E2070"),
        (b'title\n"open', "E2070"),
        (b"", "E2071"),
        (b"titel\nx", "E2071"),
        (b"title,Title\nx,y", "E2071"),
        (b"title,status\nx,COMPLETED", "E2071"),
        (b"title\nx,y,z", "E2071"),
        (b"title\n" + b"x\n" * 5_001, "E2072"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    server: RunningServer, data: bytes, code: str
) -> None:
    problem(send(server, data), 422, code)
    assert count(server) == 0


def test_a_parent_is_named_by_its_number_and_has_to_be_seen(server: RunningServer) -> None:
    parent = server.task("jonas")
    number = server.seen("jonas", parent)["number"]
    file = f"title,parent\nChild,{number}\n"
    assert report(send(server, file, "ana", dry_run=True))["lines"][0]["code"] == "E5030"
    assert report(send(server, file))["new"] == 1
    assert server.seen("jonas", parent)["child_count"] == 1
    gone = report(send(server, "title,parent\nChild,99\n", dry_run=True))
    assert (gone["lines"][0]["code"], gone["lines"][0]["field"]) == ("E5030", "parent")


def test_an_employee_imports_for_themself_alone(server: RunningServer) -> None:
    file = "title,assignees\nMine,ana\nTheirs,jonas\n"
    found = report(send(server, file, "ana", dry_run=True))["lines"]
    assert [row["code"] for row in found] == [None, "E5004"]


def test_nobody_of_another_tenant_is_named(server: RunningServer) -> None:
    found = report(send(server, "title,assignees\nX,ana\n", OUTSIDER, dry_run=True))
    assert found["lines"][0]["code"] == "E5006"


@pytest.mark.parametrize("text", ["1,250", "abc", "1.234", "NaN", "1e999999"])
def test_an_amount_that_could_mean_two_things_is_refused(server: RunningServer, text: str) -> None:
    found = report(send(server, f"title;revenue\nX;{text}\n", dry_run=True))
    assert found["lines"][0]["code"] == "E2023"


def test_a_name_that_is_shown_is_understood_where_one_person_has_it(server: RunningServer) -> None:
    file = "title,assignees\nOne,ana moreno\nTwo,jonas keller; Ana\n"
    assert report(send(server, file, dry_run=True))["new"] == 2
    renamed = "UPDATE users SET display_name = 'Ana Moreno' WHERE name = 'jonas'"
    server.sql(renamed)
    found = report(send(server, file, dry_run=True))["lines"]
    assert [row["code"] for row in found] == ["E5006", "E5006"]


def as_sent(server: RunningServer, file: str, made_at: int = START) -> list[dict[str, Any]]:
    """The actions of a file as a device makes them."""
    data = file.encode()
    names = spreadsheet.Names(server.users, {}, {})
    user = server.users["rita"]
    plans = [
        spreadsheet.planned(line, names, user, spreadsheet.mark_of(data), made_at)
        for line in spreadsheet.lines(data)
    ]
    device = server.device("rita")
    return [
        device.action(
            "create_task", plan.action.task_id, plan.action.args,
            op_id=plan.action.op_id, made_at=made_at, depends_on=[],
        )
        for plan in plans
        if plan.action
    ]  # fmt: skip


def test_the_same_file_from_two_devices_and_over_rest_makes_nothing_twice(
    server: RunningServer,
) -> None:
    file = "title,priority\nOne,low\nTwo,high\n"
    assert report(send(server, file))["new"] == 2
    for made_at in (START, START + 60_000):
        receipts = server.device("rita").push(*as_sent(server, file, made_at))
        assert [(r["outcome"], r.get("differs")) for r in receipts] == [("applied", False)] * 2
    again = report(send(server, file))
    assert (again["known"], count(server)) == (2, 2)


def test_a_file_that_a_device_sent_is_known_over_rest(server: RunningServer) -> None:
    file = "title\nOne\n"
    server.device("rita").push(*as_sent(server, file))
    assert report(send(server, file))["known"] == 1
    assert count(server) == 1


def test_a_line_that_a_device_sent_and_that_was_refused_stays_refused(
    server: RunningServer,
) -> None:
    file = "title\nOne\nTwo\n"
    first, _ = as_sent(server, file)
    refused = server.device("rita").push({**first, "args": {"title": "x" * 300}})
    assert refused[0]["outcome"] == "rejected"
    problem(send(server, file), 422, "E2073")
    assert count(server) == 0
    done = report(send(server, file, partial=True))
    assert [(row["verdict"], row["code"]) for row in done["lines"]] == [
        ("refused", "E2002"),
        ("new", None),
    ]
    assert count(server) == 1


def test_what_an_export_put_before_a_formula_is_no_part_of_the_text(server: RunningServer) -> None:
    file = "title,description,revenue\n'=1+1,'- a list,'-5.50\n"
    assert report(send(server, file))["new"] == 1
    (task,) = server.page("rita", scope="monitor")["tasks"]
    assert (task["title"], task["description"]) == ("=1+1", "- a list")
    assert task["revenue_cents"] == -550


class TestSomebodyElseKnowsTheIds:
    """Whoever has the file and knows the person can work out what ids its lines get. That must
    not keep the person from importing it, nor make the report say what is not so."""

    FILE = "title,assignees\nOne,ana\nTwo,ana\nThree,ana\n"

    def take(self, server: RunningServer, name: str = "ana", **over: Any) -> None:
        """Somebody gives up the first line's action, does something of their own under the
        second's, and sends the third as it is."""
        first, second, third = as_sent(server, self.FILE)
        device = server.device(name)
        mine = {"device_id": device.device_id, **over}
        own = {**second, **mine, "device_seq": 1, "task_id": server.new_id()}
        args = {"title": "Mine", "people": [{"user_id": server.users[name], "part": "ASSIGNEE"}]}
        answer = device.post(
            [{**own, "args": args}, {**third, **mine, "device_seq": 2, "args": {"title": ""}}],
            void=[first["op_id"]],
        )
        assert [(r["outcome"], r["code"]) for r in answer.json()["receipts"]] == [
            ("applied", None),
            ("rejected", "E2001"),
            ("rejected", "E5019"),
        ]

    def test_the_person_imports_it_all_the_same(self, either_server: RunningServer) -> None:
        server = either_server
        self.take(server)
        assert report(send(server, self.FILE, dry_run=True))["new"] == 3
        done = report(send(server, self.FILE))
        assert (done["new"], done["refused"]) == (3, 0)
        numbers = [row["id"] for row in done["lines"]]
        made = server.sql("SELECT number, title FROM tasks ORDER BY number")
        assert [tuple(row) for row in made if row[0] in numbers] == [
            (numbers[0], "One"), (numbers[1], "Two"), (numbers[2], "Three"),
        ]  # fmt: skip
        again = report(send(server, self.FILE))
        assert (again["known"], count(server)) == (3, 4)

    def test_so_does_their_device(self, either_server: RunningServer) -> None:
        server = either_server
        self.take(server)
        sent = as_sent(server, self.FILE)
        for _ in range(2):
            receipts = server.device("rita").push(*sent)
            assert [r["outcome"] for r in receipts] == ["applied"] * 3
        assert count(server) == 4
        assert report(send(server, self.FILE))["known"] == 3

    def test_everybody_is_told_of_their_tasks(self, server: RunningServer) -> None:
        """Though an admin told the same person of another task under the same id before."""
        first, *_ = as_sent(server, self.FILE)
        sara = server.device("sara")
        people = [{"user_id": server.users["ana"], "part": "ASSIGNEE"}]
        args = {"title": "Another", "people": people}
        sara.push({**first, "device_id": sara.device_id, "task_id": server.new_id(), "args": args})
        assert report(send(server, self.FILE))["new"] == 3
        told = server.sql(
            "SELECT count(*) FROM notifications WHERE user_id = :u", u=server.users["ana"]
        )
        assert told == [(4,)]

    def test_a_task_that_took_the_place_of_a_lines_is_not_said_to_be_imported(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        first, *_ = as_sent(server, self.FILE)
        args = {"title": "Mine", "people": []}
        (made,) = server.device("ana").push(
            server.device("ana").action("create_task", first["task_id"], args)
        )
        assert made["outcome"] == "applied"
        for query in ({"dry_run": True}, {"partial": True}):
            line, *others = report(send(server, self.FILE, **query))["lines"]
            assert (line["verdict"], line["code"], line["id"]) == ("refused", "E5010", None)
            assert {row["verdict"] for row in others} == {"new"}
        assert count(server) == 3
        problem(send(server, self.FILE), 422, "E2073")

    def test_what_the_person_gave_up_is_told_line_by_line(self, server: RunningServer) -> None:
        first, *_ = as_sent(server, self.FILE)
        server.device("rita").post([], void=[first["op_id"]])
        for query in ({"dry_run": True}, {"partial": True}):
            found = report(send(server, self.FILE, **query))
            assert (found["new"], found["refused"]) == (2, 1)
            assert (found["lines"][0]["verdict"], found["lines"][0]["code"]) == ("refused", "E5019")

    def test_what_the_person_did_otherwise_under_a_lines_id_is_told(
        self, server: RunningServer
    ) -> None:
        first, *_ = as_sent(server, self.FILE)
        comment = {"comment_id": server.new_id(), "text": "x"}
        other = {"kind": "comment", "task_id": server.task("ana"), "args": comment}
        server.device("rita").push({**first, **other})
        for query in ({"dry_run": True}, {"partial": True}):
            found = report(send(server, self.FILE, **query))
            assert (found["new"], found["refused"]) == (2, 1)
            row = found["lines"][0]
            assert (row["verdict"], row["code"], row["id"]) == ("refused", "E5010", None)

    def test_a_key_of_a_request_is_each_persons_own_too(self, server: RunningServer) -> None:
        op_id = str(uuid.uuid5(uuid.UUID(server.users["rita"]), "k"))
        server.device("ana").post([], void=[op_id])
        headers = {"Idempotency-Key": "k", "Content-Type": "text/csv"}
        for _ in range(2):
            done = server.client("rita").post(
                "/api/v1/imports/tasks", content=self.FILE.encode(), headers=headers
            )
            assert report(done)["new"] == 3
        assert count(server) == 3


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Receipt("", Outcome.RETRY, "e1", "E5013"), "E5013"),
        (Receipt("", Outcome.BLOCKED, "e1", "E5008"), "E5008"),
        (Receipt("", Outcome.APPLIED, "e1", differs=True), "E5010"),
    ],
)
def test_a_line_whose_action_made_no_task_is_never_new(answer: Receipt, code: str) -> None:
    """Whatever was thought before it was decided."""
    names = spreadsheet.Names({}, {}, {})
    plans = [
        spreadsheet.planned(line, names, SYSTEM, "f" * 64, START)
        for line in spreadsheet.lines(b"title\nOne\nTwo\n")
    ]
    first, second = (plan.action.op_id for plan in plans if plan.action)
    rows = [ImportedLine(line=n, verdict=Verdict.NEW, title="x") for n in (2, 3)]
    before = ImportReport(dry_run=False, new=2, known=0, refused=0, lines=rows)
    made = Receipt(second, Outcome.APPLIED, "e1", current={"number": 7})
    found = settled(plans, before, {first: replace(answer, op_id=first), second: made})
    assert (found.new, found.refused) == (1, 1)
    assert [(row.verdict, row.code, row.id) for row in found.lines] == [
        (Verdict.REFUSED, code, None), (Verdict.NEW, None, 7),
    ]  # fmt: skip
