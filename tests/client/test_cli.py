"""The command line as a person has it: processes of their own against the real server."""

from __future__ import annotations

import json
import os
import queue as queue_module
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from server_stub.core import audit as trail
from tests.support.client import (
    CommandLine,
    Device,
    Finished,
    action,
    foreign_server,
    ids,
    new_id,
    park,
    run_python,
)
from tests.support.server import HOUR, START, RunningServer
from tracker.cache.drafts import NOTE_DRAFT
from tracker.cache.outbox import Outbox
from tracker.config import current_profile
from tracker.domain.change import Kind
from tracker.services import syncing
from tracker.services.workspace import device_clock
from tracker.sync.engine import Report
from tracker.sync.runner import Runner

POSIX = os.name == "posix"
NOWHERE = "http://127.0.0.1:9"
"""Nobody listens at the discard port."""
CODE = re.compile(r"\((E\d{4})\)")


@pytest.fixture
def ana(server: RunningServer, command: CommandLine) -> CommandLine:
    """Ana's command line, signed in to a server where she has one task, number 1."""
    server.task("ana", title="Replace pump seal")
    done = command("login", "--server", server.url, "--user", "ana")
    assert done == Finished(0, "Signed in as Ana Moreno (Northwind).\n", "")
    return command


@pytest.fixture
def task_id(server: RunningServer, ana: CommandLine) -> str:
    ((found,),) = server.sql("SELECT id FROM tasks")
    return str(found)


def says(done: Finished, exit_code: int, code: str) -> None:
    """One coded sentence on stderr and nothing else there."""
    assert "Traceback" not in done.err, done.err
    lines = [line for line in done.err.splitlines() if not line.startswith("usage:")]
    lines = [line for line in lines if not line.startswith(" ")]  # argparse folds its usage
    assert len(lines) == 1, done.err
    assert CODE.findall(lines[0]) == [code], done
    assert done.code == exit_code, done


def point_at(command: CommandLine, url: str) -> None:
    """Moves the server of the profile, as a name that now leads elsewhere would."""
    profile = current_profile(command.data, "desk")
    assert profile is not None
    path = profile.folder / "profile.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**known, "server_url": url}), encoding="utf-8")


def as_json(done: Finished) -> Any:
    assert (done.code, done.err) == (0, ""), done
    return json.loads(done.out)


def queue(command: CommandLine) -> dict[str, Any]:
    found: dict[str, Any] = as_json(command("queue", "--json"))
    return found


def test_a_command_closes_its_connections(server: RunningServer, command: CommandLine) -> None:
    login = ("login", "--server", server.url, "--user", "ana")
    for arguments in (login, ("sync", "--once"), ("doctor",), ("logout",)):
        done = command(*arguments)
        assert (done.code, done.err) == (0, ""), arguments


# Work


def test_tasks_are_listed_from_the_cache(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    point_at(ana, NOWHERE)
    found = as_json(ana("tasks", "--json"))
    assert found["format"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", found["synced_at"])
    (task,) = found["tasks"]
    assert task == {
        "id": task_id,
        "number": 1,
        "title": "Replace pump seal",
        "status": "PENDING",
        "priority": "MEDIUM",
        "progress": 0,
        "due_at": None,
        "due_date": None,
        "overdue": False,
        "project_id": None,
        "version": 1,
        "sync": "saved",
    }
    plain = ana("tasks")
    assert (plain.code, plain.err) == (0, "")
    assert plain.out.split() == ["1", "0", "%", "Pending", "MEDIUM", "Replace", "pump", "seal"]


def test_every_kind_of_work_reaches_the_server(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    for arguments in (
        ("progress", "1", "45", "-m", "Halb fertig 🚰"),
        ("hold", "1", "-m", "No wrench"),
        ("resume", task_id),
        ("comment", task_id[:13], "Wrench found"),
        ("complete", task_id.upper(), "--note", "Done"),
    ):
        assert ana(*arguments) == Finished(0, "Done.\n", ""), arguments
    bodies = server.sql("SELECT body FROM audit WHERE task_id = :t ORDER BY n", t=task_id)
    entries = [json.loads(body) for (body,) in bodies][1:]
    assert [entry["device_seq"] for entry in entries] == [1, 2, 3, 4, 5]
    assert len({entry["device_id"] for entry in entries}) == 1
    task = server.seen("ana", task_id)
    assert (task["status"], task["progress"], task["comment_count"]) == ("COMPLETED", 100, 1)
    delivered = queue(ana)["delivered"]
    assert {entry["op_id"] for entry in delivered} == {entry["op_id"] for entry in entries}
    assert ana("queue").out == "Everything has been delivered.\n"


def test_offline_work_waits_and_goes_out_once(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    server.stop()
    done = ana("progress", "1", "45", "-m", "from the van")
    assert (done.code, done.err) == (3, "")
    assert done.out.startswith("Saved; it is sent when the server can be reached")
    assert CODE.findall(done.out) == ["E4001"]
    assert ana("complete", "1").code == 3
    (task,) = as_json(ana("tasks", "--json"))["tasks"]
    assert (task["status"], task["progress"], task["sync"]) == ("COMPLETED", 100, "waiting")
    waiting = queue(ana)["waiting"]
    assert [entry["kind"] for entry in waiting] == ["set_progress", "complete"]
    assert waiting[0]["args"]["percent"] == 45
    assert waiting[0]["first_attempt_at"] is not None
    assert "Progress to 45 % · “from the van”" in ana("queue").out
    offline = ana("sync", "--once", "--json")
    assert offline.code == 3
    report = json.loads(offline.out)
    assert (report["state"], report["waiting"], report["code"]) == ("offline", 2, "E4001")

    server.start()
    point_at(ana, server.url)
    online = as_json(ana("sync", "--once", "--json"))
    assert {name: online[name] for name in ("format", "state", "sent", "waiting", "rejected")} == {
        "format": 1,
        "state": "synced",
        "sent": 2,
        "waiting": 0,
        "rejected": 0,
    }
    assert server.audit_count(task_id) == 3
    assert as_json(ana("sync", "--once", "--json"))["sent"] == 0
    assert ana("sync", "--once").out == "synced: 0 sent, 0 waiting, 0 refused\n"


def test_what_the_server_refuses_exits_1_and_is_in_the_queue(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    server.device("rita").do("cancel", task_id)
    done = ana("progress", "1", "45", "-m", "all for nothing")
    says(done, 1, "E5005")
    (entry,) = queue(ana)["rejected"]
    assert (entry["kind"], entry["args"]["note"]) == ("set_progress", "all for nothing")
    assert entry["seen"] == {"title": "Replace pump seal", "status": "PENDING", "progress": 0}
    assert entry["receipt"]["outcome"] == "rejected"
    assert entry["receipt"]["code"] == "E5005"
    assert entry["receipt"]["current"]["status"] == "CANCELLED"
    assert "(E5005)" in ana("queue").out
    assert ana("sync", "--once").code == 1


def test_what_is_about_no_task_is_said_without_an_empty_title(ana: CommandLine) -> None:
    span = {"state": "ACTIVE", "started_at": START, "ended_at": START + HOUR}
    with opened_outbox(ana) as outbox:
        outbox.add([
            action(Kind.OCCUPANCY, args=span),
            action(Kind.MARK_NOTIFICATION, args={"read": True}),
        ])  # fmt: skip
    said = [line.split("  ")[-1] for line in ana("queue").out.splitlines()]
    assert said == ["Activity: active", "Notification: Mark as read"]


@pytest.fixture
def parked(server: RunningServer, ana: CommandLine, task_id: str) -> str:
    """The op_id of a change that waits for its hour after three failures."""
    server.stop()
    assert ana("progress", "1", "45", "-m", "sensor is warm").code == 3
    (entry,) = queue(ana)["waiting"]
    with opened_outbox(ana) as outbox:
        park(outbox, entry["op_id"], device_clock() + HOUR)
    server.start()
    point_at(ana, server.url)
    return str(entry["op_id"])


@contextmanager
def opened_outbox(command: CommandLine) -> Iterator[Outbox]:
    profile = current_profile(command.data, "desk")
    assert profile is not None
    with closing(Outbox(profile.folder)) as outbox:
        yield outbox


def test_what_the_server_cannot_take_is_shown_as_such(ana: CommandLine, parked: str) -> None:
    (entry,) = queue(ana)["waiting"]
    assert (entry["op_id"], entry["parked"], entry["given_up"]) == (parked, True, False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", entry["not_before"])
    first, why, way = ana("queue").out.splitlines()
    assert first.startswith("parked ")
    assert first.endswith("Replace pump seal: Progress to 45 % · “sensor is warm”")
    assert why.strip() == "The server could not take this; Tracker tries it once an hour."
    assert way.strip() == f"To give it up: tracker give-up {parked}"
    report = as_json(ana("sync", "--once", "--json"))
    assert (report["waiting"], report["parked"], report["stuck"]) == (1, 1, False)
    assert ana("sync", "--once").out == "synced: 0 sent, 1 waiting, 1 stuck, 0 refused\n"


def test_given_up_it_is_never_done(
    server: RunningServer, ana: CommandLine, parked: str, task_id: str
) -> None:
    given = ana("give-up", parked[:13].upper())
    assert given == Finished(0, "Given up. What you wrote is a draft again.\n", "")
    assert ana("queue").out == "Everything has been delivered.\n"
    assert server.seen("ana", task_id)["progress"] == 0
    with opened_outbox(ana) as outbox:
        assert outbox.draft(task_id, NOTE_DRAFT) == "sensor is warm"
    says(ana("give-up", parked), 1, "E5020")


def test_without_a_server_giving_up_waits(
    server: RunningServer, ana: CommandLine, parked: str
) -> None:
    server.stop()
    given = ana("give-up", parked)
    assert (given.code, given.err) == (3, "")
    assert given.out.startswith("Giving up; it is certain when the server can be reached: ")
    (entry,) = queue(ana)["waiting"]
    assert (entry["parked"], entry["given_up"]) == (True, True)
    assert ana("queue").out.startswith("given up ")


def test_what_was_done_meanwhile_cannot_be_given_up(
    server: RunningServer, ana: CommandLine, parked: str, task_id: str
) -> None:
    with opened_outbox(ana) as outbox:
        (item,) = outbox.waiting()
    server.device("ana").post([json.loads(item.message())])  # the answer to it was lost
    says(ana("give-up", parked), 1, "E5021")
    assert server.seen("ana", task_id)["progress"] == 45
    assert queue(ana)["waiting"] == []


def test_what_was_never_sent_is_withdrawn(ana: CommandLine, task_id: str) -> None:
    with opened_outbox(ana) as outbox:
        unsent, other = action(task_id=task_id), action(task_id=task_id)
        outbox.add([unsent, other])
        says(ana("give-up", unsent.op_id[:13]), 1, "E5020")  # it fits both
        given = ana("give-up", unsent.op_id)
        assert given == Finished(
            0, "Withdrawn; it was never sent. What you wrote is a draft again.\n", ""
        )
        assert ids(outbox.waiting()) == [other.op_id]


def test_what_was_never_sent_is_edited(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    with opened_outbox(ana) as outbox:
        made = action(task_id=task_id)
        note = {"comment_id": new_id(), "text": "Gaskt"}
        said = action(Kind.COMMENT, task_id, note)
        outbox.add([made, said])
    assert f"To edit it: tracker edit {made.op_id}" in ana("queue").out
    edited = ana("edit", made.op_id, "--percent", "60", "--note", "more")
    assert (edited.code, edited.err) == (0, "")
    says(ana("edit", said.op_id, "--note", "Gasket"), 1, "E5020")  # it went along
    assert server.seen("ana", task_id)["progress"] == 60
    assert queue(ana)["delivered"][1]["args"] == {"percent": 60, "note": "more"}


def test_what_was_refused_is_edited_and_done_again(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    with opened_outbox(ana) as outbox:
        said = action(Kind.COMMENT, task_id, {"comment_id": new_id(), "text": " "})
        outbox.add([said])
    assert ana("sync", "--once").code == 1
    assert f"tracker edit {said.op_id}" in ana("queue").out
    assert ana("edit", said.op_id, "-m", "Gasket").code == 0
    (text,) = (c["text"] for c in server.page("ana")["comments"])
    assert text == "Gasket"
    assert queue(ana)["rejected"] == []


def test_what_was_refused_is_written_to_a_file(
    server: RunningServer, ana: CommandLine, task_id: str, tmp_path: Path
) -> None:
    with opened_outbox(ana) as outbox:
        refused = action(Kind.RESUME, task_id)
        outbox.add([refused])
    assert ana("sync", "--once").code == 1
    path = tmp_path / "kept.json"
    said = f"Refused changes written to {path}: 1.\n"
    assert ana("queue", "--export", str(path)) == Finished(0, said, "")
    (found,) = json.loads(path.read_text(encoding="utf-8"))["rejected"]
    assert found == queue(ana)["rejected"][0]
    path.write_text("mine", encoding="utf-8")
    says(ana("queue", "--export", str(path)), 2, "E2021")
    assert path.read_text(encoding="utf-8") == "mine"
    assert ana("queue", "--export", str(path), "--overwrite").code == 0
    assert refused.op_id in path.read_text(encoding="utf-8")


def test_export_prints_the_json_of_the_first_client(
    server: RunningServer, ana: CommandLine
) -> None:
    server.task("ana", title="Grüße → 用户", due_date="2026-03-09", priority="URGENT")
    assert ana("complete", "1").code == 0
    assert as_json(ana("cache", "export")) == {
        "tasks": [
            {
                "id": 1,
                "title": "Replace pump seal",
                "progress_percentage": 100,
                "status": "DONE",
                "priority": "MEDIUM",
                "due_date": None,
            },
            {
                "id": 2,
                "title": "Grüße → 用户",
                "progress_percentage": 0,
                "status": "PENDING",
                "priority": "URGENT",
                "due_date": "2026-03-09",
            },
        ]
    }


def test_doctor_looks_at_every_part(server: RunningServer, ana: CommandLine) -> None:
    done = ana("doctor")
    assert (done.code, done.err) == (0, "")
    parts = ["data folder", "profile", "keyring", "outbox", "last heard", "server"]
    assert [line[:14].strip() for line in done.out.splitlines()] == parts
    assert "answers" in done.out
    point_at(ana, NOWHERE)
    done = ana("doctor")
    assert "E4001" in done.out
    assert "Traceback" not in done.err


def test_logout_keeps_what_is_unsent(server: RunningServer, ana: CommandLine, task_id: str) -> None:
    server.stop()
    assert ana("progress", "1", "45").code == 3
    done = ana("logout")
    assert (done.code, done.err) == (0, "")
    assert "unsent" in done.out
    says(ana("tasks"), 1, "E1003")
    server.start()
    # The same person at the same address gets the same folder; here the address moved.
    (folder,) = (ana.data / "profiles").iterdir()
    (ana.data / "current-desk.json").write_text(json.dumps({"folder": folder.name}))
    point_at(ana, server.url)
    assert as_json(ana("sync", "--once", "--json"))["sent"] == 1
    assert server.seen("ana", task_id)["progress"] == 45


def test_two_people_on_one_machine_do_not_meet(
    server: RunningServer, ana: CommandLine, tmp_path: Path
) -> None:
    jonas = CommandLine(tmp_path / "other", server.token("jonas"), tmp_path)
    assert jonas("login", "--server", server.url, "--user", "jonas").code == 0
    says(jonas("progress", "1", "45"), 1, "E5001")
    assert as_json(jonas("tasks", "--json"))["tasks"] == []
    assert len(as_json(ana("tasks", "--json"))["tasks"]) == 1


def test_the_data_folder_may_come_from_the_environment(ana: CommandLine, tmp_path: Path) -> None:
    code = "import sys; from tracker.cli import main; sys.exit(main(['tasks']))"
    process = run_python(code, env=ana.environment(TRACKER_DATA_DIR=str(ana.data)))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert "Replace pump seal" in out


# Signing in


def test_signing_in_by_password(server: RunningServer, command: CommandLine) -> None:
    server.task("ana")
    command.token = None
    arguments = ("login", "--server", server.url + "/", "--user", " ANA ", "--password-stdin")
    done = command(*arguments, typed=server.password + "\n")
    assert (done.code, done.out) == (0, "Signed in as Ana Moreno (Northwind).\n")
    assert CODE.findall(done.err) == ["E1007"]  # no keyring here, and it says so
    assert len(as_json(command("tasks", "--json"))["tasks"]) == 1
    stored = [path.read_bytes() for path in command.data.rglob("*") if path.is_file()]
    assert not any(server.password.encode() in content for content in stored)
    # The session ended with the command: work is queued and the person is told why.
    done = command("progress", "1", "45")
    assert done.code == 3
    assert CODE.findall(done.out) in (["E1002"], ["E1003"])


@pytest.mark.parametrize(
    ("user", "typed", "url", "exit_code", "code"),
    [
        ("ana", "not this\n", "", 1, "E1001"),
        ("ana", "", "", 1, "E1001"),
        ("nobody", "not this\n", "", 1, "E1001"),
        ("ana", "x\n", "127.0.0.1:8000", 2, "E2007"),
        ("ana", "x\n", NOWHERE, 1, "E4001"),
        ("ana", "x\n", "http://[::1", 2, "E2007"),
    ],
)
def test_a_sign_in_that_cannot_be_is_one_sentence(
    server: RunningServer,
    command: CommandLine,
    user: str,
    typed: str,
    url: str,
    exit_code: int,
    code: str,
) -> None:
    command.token = None
    arguments = ("login", "--server", url or server.url, "--user", user, "--password-stdin")
    says(command(*arguments, typed=typed), exit_code, code)
    assert not command.data.exists()


def test_a_token_that_is_not_known_is_one_sentence(
    server: RunningServer, command: CommandLine
) -> None:
    for token in ("made-up", "Schlüssel…"):
        command.token = token
        done = command("login", "--server", server.url, "--user", "ana")
        says(done, 1, "E1003")


def test_a_token_of_another_person_is_one_sentence(
    server: RunningServer, command: CommandLine
) -> None:
    says(command("login", "--server", server.url, "--user", "jonas"), 1, "E1008")


def test_a_web_page_is_not_a_server(command: CommandLine) -> None:
    with foreign_server(b"<html>Welcome to Hotel WiFi</html>") as url:
        says(command("login", "--server", url, "--user", "ana"), 1, "E4003")


def test_behind_a_hotel_s_page_work_waits(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    with foreign_server(b"<html>Welcome to Hotel WiFi</html>") as url:
        point_at(ana, url)
        done = ana("progress", "1", "45")
    assert (done.code, CODE.findall(done.out), done.err) == (3, ["E4003"], "")
    assert len(queue(ana)["waiting"]) == 1
    point_at(ana, server.url)
    assert ana("sync", "--once").code == 0
    assert server.seen("ana", task_id)["progress"] == 45


# Wrong input


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("progress", "999", "45"), 1, "E5001"),
        (("progress", "no-such-task", "45"), 1, "E5001"),
        (("progress", "", "45"), 1, "E5001"),
        (("show", "no-such-task"), 1, "E5001"),
        (("show",), 2, "E2018"),
        (("give-up", "no-such-change"), 1, "E5020"),
        (("give-up", ""), 1, "E5020"),
        (("give-up",), 2, "E2018"),
        (("edit", "no-such-change", "--percent", "5"), 1, "E5020"),
        (("edit", "no-such-change"), 2, "E2018"),
        (("progress", "1", "101"), 2, "E2003"),
        (("progress", "1", "-1"), 2, "E2003"),
        (("progress", "1", "NaN"), 2, "E2003"),
        (("progress", "1", "inf"), 2, "E2003"),
        (("progress", "1", "45.5"), 2, "E2003"),
        (("progress", "1", "1e1"), 2, "E2003"),
        (("progress", "1", "４５"), 2, "E2003"),
        (("progress", "1", ""), 2, "E2003"),
        (("progress", "1", "true"), 2, "E2003"),
        (("progress", "1", "--", "--5"), 2, "E2003"),
        (("progress", "1", "9" * 5_000), 2, "E2003"),
        (("progress", "1", "45", "-m", "x" * 10_001), 2, "E2002"),
        (("comment", "1", ""), 2, "E2009"),
        (("comment", "1", " \t\n"), 2, "E2009"),
        (("resume", "1"), 1, "E5002"),
        (("progress", "1"), 2, "E2018"),
        (("tasks", "--yaml"), 2, "E2018"),
        (("dance",), 2, "E2018"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else str(value),
)
def test_wrong_input_is_one_coded_sentence_and_queues_nothing(
    ana: CommandLine, arguments: tuple[str, ...], exit_code: int, code: str
) -> None:
    done = ana(*arguments)
    says(done, exit_code, code)
    assert done.out == ""
    assert queue(ana)["waiting"] == []


@pytest.mark.skipif(not POSIX, reason="arguments are text on Windows")
def test_text_that_is_no_text_is_refused(ana: CommandLine) -> None:
    says(ana("comment", "1", "caf\udce9"), 2, "E2008")


def test_without_a_profile_every_command_says_so(command: CommandLine) -> None:
    for arguments in (("tasks",), ("show", "1"), ("queue",), ("progress", "1", "5"),
                      ("sync", "--once"), ("cache", "export"), ("logout",)):  # fmt: skip
        says(command(*arguments), 1, "E1003")
    assert command("doctor").code == 0


def test_a_damaged_outbox_is_set_aside_and_said_once(ana: CommandLine) -> None:
    (path,) = ana.data.rglob("outbox.db")
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(b"garbage" * 1_000)
    says(ana("tasks"), 0, "E3011")
    (kept,) = path.parent.glob("damaged-outbox-*/outbox.db")
    assert kept.read_bytes() == b"garbage" * 1_000
    assert ana("progress", "1", "45") == Finished(0, "Done.\n", "")


def test_a_damaged_cache_is_fetched_again(ana: CommandLine) -> None:
    (path,) = ana.data.rglob("cache.db")
    path.write_bytes(b"garbage" * 1_000)
    assert as_json(ana("sync", "--once", "--json"))["state"] == "synced"
    assert len(as_json(ana("tasks", "--json"))["tasks"]) == 1


def test_a_data_folder_that_cannot_be_is_one_sentence(
    server: RunningServer, command: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    command.data = tmp_path / "file"
    says(command("login", "--server", server.url, "--user", "ana"), 1, "E3006")
    says(command("tasks"), 1, "E1003")


def test_a_console_that_cannot_print_a_title_is_no_crash(
    server: RunningServer, ana: CommandLine
) -> None:
    """A pipe on Windows speaks cp1252 and not UTF-8."""
    server.task("ana", title="Grüße → 用户")
    ana("sync", "--once")
    for arguments in (("tasks",), ("tasks", "--json"), ("queue",)):
        process = ana.start(*arguments, PYTHONUTF8="0", PYTHONIOENCODING="cp1252")
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.close()
        out, err = process.stdout.buffer.read(), process.stderr.buffer.read()
        process.stdout.close()
        process.stderr.close()
        assert (process.wait(30), err) == (0, b""), arguments
        assert b"Gr" in out or arguments == ("queue",)


@pytest.mark.skipif(not POSIX, reason="pipes end otherwise on Windows")
def test_a_reader_that_went_away_is_no_crash(ana: CommandLine) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code = "import sys; from tracker.__main__ import main; sys.argv[1:] = ['tasks']; main()"
    process = run_python_into(writer, code, ana)
    _, err = process.communicate(timeout=30)
    os.close(writer)
    assert "Traceback" not in err
    assert "BrokenPipeError" not in err


def run_python_into(writer: int, code: str, command: CommandLine) -> Any:
    import subprocess

    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[2],
        env=command.environment(TRACKER_DATA_DIR=str(command.data)),
        encoding="utf-8",
        stdout=writer,
        stderr=subprocess.PIPE,
    )


@pytest.mark.skipif(
    not POSIX or signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    reason="no Ctrl-C here: on Windows it is another thing, and a shell may have it ignored",
)
def test_sync_says_each_run_at_once_and_goes_on_until_ctrl_c(ana: CommandLine) -> None:
    process = ana.start("sync", "--json")
    assert process.stdout is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], 10)
        assert ready, "nothing was said for 10 s"
        assert json.loads(process.stdout.readline())["state"] == "synced"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, err) == (130, "")


# Beside a window


@pytest.fixture
def window(server: RunningServer, ana: CommandLine) -> Iterator[Device]:
    """What an open window is to a command: it holds the profile's lock."""
    profile = current_profile(ana.data, "desk")
    assert profile is not None
    with syncing.profile_lock(profile):
        device = Device(server, "ana", profile.folder).open()
        yield device
        device.close()


def test_beside_a_window_that_delivers_a_command_gets_its_receipt(
    server: RunningServer, ana: CommandLine, task_id: str, window: Device
) -> None:
    reports: queue_module.Queue[Report] = queue_module.Queue()
    runner = Runner(window.make_engine, 60, reports.put, window.outbox.last_seq)
    runner.start()
    try:
        reports.get(timeout=10)
        started = time.monotonic()
        assert ana("progress", "1", "45") == Finished(0, "Done.\n", "")
    finally:
        runner.stop()
    assert time.monotonic() - started < 5
    assert server.seen("ana", task_id)["progress"] == 45


def test_beside_a_window_that_does_not_deliver_a_command_waits_five_seconds(
    server: RunningServer, ana: CommandLine, task_id: str, window: Device
) -> None:
    assert as_json(ana("tasks", "--json"))["tasks"]
    busy = ana("sync", "--once", "--json")
    assert json.loads(busy.out)["state"] == "busy"
    started = time.monotonic()
    done = ana("progress", "1", "45")
    assert 5 <= time.monotonic() - started < 10
    assert (done.code, done.err) == (3, "")
    assert done.out.startswith("Saved;")
    assert server.seen("ana", task_id)["progress"] == 0
    assert len(queue(ana)["waiting"]) == 1


def test_commands_side_by_side_lose_nothing(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    started = [ana.start("comment", "1", f"comment {n}") for n in range(4)]
    for process in started:
        _, err = process.communicate(timeout=60)
        assert process.returncode in (0, 3), err
        assert "Traceback" not in err
    assert ana("sync", "--once").code == 0
    assert server.seen("ana", task_id)["comment_count"] == 4


# Speed


@pytest.mark.parametrize("name", ["tasks", "show 1", "queue"])
def test_reading_loads_neither_network_nor_qt(ana: CommandLine, name: str) -> None:
    code = """
import sys
from tracker.cli import main
code = main(["--data-dir", sys.argv[1], *sys.argv[2].split(), "--json"])
heavy = {"httpx", "pydantic", "PySide6", "keyring", "asyncio", "filelock", "platformdirs"}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""
    process = run_python(code, ana.data, name, env=ana.environment())
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "[]\n")


@pytest.mark.parametrize("name", ["tasks", "queue"])
def test_reading_takes_less_than_a_tenth_of_a_second(ana: CommandLine, name: str) -> None:
    code = """
import sys, time
from tracker.cli import main
main(["--data-dir", sys.argv[1], sys.argv[2]])
print(time.process_time(), file=sys.stderr)
"""
    taken = []
    for _ in range(4):
        process = run_python(code, ana.data, name, env=ana.environment(PYTHONWARNINGS=""))
        _, err = process.communicate(timeout=30)
        taken.append(float(err))
    assert min(taken) < 0.1, taken


def test_a_device_of_the_library_and_a_command_share_a_profile(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    """The window's storage and the command's are the same files."""
    profile = current_profile(ana.data, "desk")
    assert profile is not None
    device = Device(server, "ana", profile.folder).open()
    point_at(ana, NOWHERE)
    assert ana("progress", "1", "45").code == 3
    assert device.shown(task_id).task.progress == 45
    assert len(device.outbox.waiting()) == 1
    device.close()


def test_the_data_folder_can_be_named_before_or_behind_the_command(tmp_path: Path) -> None:
    for arguments in (
        ["--data-dir", str(tmp_path), "doctor"],
        ["doctor", "--data-dir", str(tmp_path)],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "tracker", *arguments],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        assert str(tmp_path) in done.stdout


def test_work_never_goes_out_under_another_person_s_token(
    server: RunningServer, ana: CommandLine, task_id: str
) -> None:
    """As when TRACKER_TOKEN of a colleague is still set in the shell."""
    done = ana("progress", "1", "45", TRACKER_TOKEN=server.token("jonas"))
    assert (done.code, "E1008" in done.out) == (3, True), done
    assert [row["event"] for row in audit_of(server, task_id)] == ["create_task"]
    assert ana("sync", "--once").code == 0
    made, moved = audit_of(server, task_id)
    assert (moved["event"], moved["user"]) == ("set_progress", server.users["ana"])
    assert made["event"] == "create_task"


def audit_of(server: RunningServer, task_id: str) -> list[dict[str, Any]]:
    with server.database.read() as conn:
        return list(trail.rows(conn, server.tenant_id, task_id))
