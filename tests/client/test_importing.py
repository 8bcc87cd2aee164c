"""A file imported by a device: judged as the server judges, made once, taken back."""

from __future__ import annotations

import csv
import io
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.server import RunningServer
from tracker.config import Profile
from tracker.domain.errors import EnvironmentFault, InputError
from tracker.domain.receipt import Outcome
from tracker.domain.spreadsheet import MOST_BYTES, Layout, Verdict
from tracker.domain.task import Role, Status
from tracker.services import importing, syncing
from tracker.services.credentials import InEnvironment
from tracker.services.importing import Import, Row
from tracker.services.tasks import Tasks
from tracker.services.workspace import Workspace, open_workspace
from tracker.sync.engine import State


def profile_of(server: RunningServer, folder: Path, name: str = "rita") -> Profile:
    role = Role.ADMIN if name == "rita" else Role.EMPLOYEE
    server_id = server.get(None, "/api/v1/health").json()["server_id"]
    scope = "monitor" if name == "rita" else "desk"
    return Profile(
        folder, scope, server.url, server_id, server.users[name], name, name, role, "Northwind"
    )  # type: ignore[arg-type]


@pytest.fixture
def work(server: RunningServer, tmp_path: Path) -> Iterator[Workspace]:
    """Rita's monitor, which has pulled once."""
    opened = open_workspace(profile_of(server, tmp_path / "rita"))
    sync(server, opened)
    yield opened
    opened.close()


def sync(server: RunningServer, work: Workspace) -> None:
    report = syncing.sync_once(work.profile, InEnvironment(server.token(work.profile.name)))
    assert report is not None
    assert report.state is State.SYNCED, report


def check(work: Workspace, text: str, layout: Layout | None = None) -> tuple[Row, ...]:
    file = importing.file_of("tasks.csv", text.encode())
    return importing.check(work, file, layout or file.layout)


def do(work: Workspace, rows: tuple[Row, ...]) -> Import:
    job = Import(work.profile, rows)
    job.run()
    return job


def count(server: RunningServer) -> int:
    return int(server.sql("SELECT count(*) FROM tasks")[0][0])


def test_a_file_is_imported_without_a_server_and_sent_once(
    server: RunningServer, work: Workspace
) -> None:
    text = "title,assignees,due\nSeal,ana,2099-12-31\nBelt,Jonas Keller;ana,\n"
    rows = check(work, text)
    assert importing.count(rows)[Verdict.NEW] == 2
    made = do(work, rows).made
    assert len(work.projection.views()) == 2
    assert importing.count(check(work, text))[Verdict.KNOWN] == 2
    assert count(server) == 0
    sync(server, work)
    sync(server, work)
    assert count(server) == 2
    found = importing.results(work, [action.op_id for action in made])
    assert [one and one.outcome for one in found.values()] == [Outcome.APPLIED] * 2
    assert importing.count(check(work, text))[Verdict.KNOWN] == 2


def test_two_devices_that_were_both_offline_make_it_once(
    server: RunningServer, work: Workspace, tmp_path: Path
) -> None:
    other = open_workspace(profile_of(server, tmp_path / "other"))
    try:
        sync(server, other)
        text = "title\nSeal\nBelt\n"
        do(work, check(work, text))
        do(other, check(other, text))
        sync(server, work)
        sync(server, other)
        assert count(server) == 2
        assert (other.outbox.tally().waiting, other.outbox.tally().tray) == (0, 0)
        assert len(other.projection.views()) == 2
    finally:
        other.close()


def test_what_came_over_rest_is_known_here_and_the_other_way_round(
    server: RunningServer, work: Workspace
) -> None:
    text = "title\nSeal\n"
    rita = server.client("rita")
    sent = {"content": text, "headers": {"Content-Type": "text/csv"}}
    assert rita.post("/api/v1/imports/tasks", **sent).json()["new"] == 1
    early = check(work, text)
    assert importing.count(early)[Verdict.NEW] == 1  # not heard of yet
    do(work, early)
    sync(server, work)
    assert (count(server), work.outbox.tally().tray) == (1, 0)
    assert importing.count(check(work, text))[Verdict.KNOWN] == 1
    do(work, check(work, "title\nBelt\n"))
    sync(server, work)
    again = rita.post("/api/v1/imports/tasks", content="title\nBelt\n", headers=sent["headers"])
    assert again.json()["known"] == 1


def test_a_cancelled_import_keeps_what_was_made(work: Workspace) -> None:
    rows = check(work, "title\n" + "".join(f"Task {n}\n" for n in range(250)))
    job = Import(work.profile, rows)
    add_once = importing.SLICE

    class Soon:
        """Cancels after the first slice, as a person would in between."""

        def is_set(self) -> bool:
            return len(job.made) >= add_once

    job.cancel = Soon()  # type: ignore[assignment]
    job.run()
    assert (len(job.made), job.all) == (importing.SLICE, 250)
    assert work.outbox.tally().waiting == importing.SLICE
    undone = importing.undo(work.profile, job.made)
    assert (undone.withdrawn, undone.cancelled, undone.left) == (importing.SLICE, 0, {})
    assert work.outbox.tally().waiting == 0


def test_undo_takes_back_what_waits_and_cancels_what_was_sent(
    server: RunningServer, work: Workspace
) -> None:
    first = do(work, check(work, "title\nSeal\n"))
    sync(server, work)
    second = do(work, check(work, "title\nBelt\nHose\n"))
    undone = importing.undo(work.profile, [*first.made, *second.made])
    assert (undone.withdrawn, undone.cancelled) == (2, 1)
    assert set(undone.changed) == {action.task_id for action in (*first.made, *second.made)}
    sync(server, work)
    assert server.sql("SELECT title, status FROM tasks") == [("Seal", "CANCELLED")]
    again = importing.undo(work.profile, first.made)
    assert (again.withdrawn, again.cancelled, again.left) == (0, 0, {})


def test_undo_leaves_alone_what_somebody_else_changed(
    server: RunningServer, work: Workspace
) -> None:
    job = do(work, check(work, "title,assignees\nSeal,ana\nBelt,ana\nHose,ana\n"))
    sync(server, work)
    ids = [action.task_id for action in job.made]
    server.device("ana").do("set_progress", ids[0], {"percent": 80, "note": "nearly done"})
    server.device("sara").do("cancel", ids[2])
    Tasks(work).set_progress(ids[1], 10)  # an own change goes with the import
    sync(server, work)
    undone = importing.undo(work.profile, job.made)
    assert (undone.withdrawn, undone.cancelled) == (0, 1)
    left = {op_id: refusal.code for op_id, refusal in undone.left.items()}
    assert left == {job.made[0].op_id: "E5062"}
    sync(server, work)
    found = dict(server.sql("SELECT title, status FROM tasks"))
    assert found == {"Seal": "IN_PROGRESS", "Belt": "CANCELLED", "Hose": "CANCELLED"}


def test_undo_counts_no_line_that_the_server_refused(
    server: RunningServer, work: Workspace
) -> None:
    job = do(work, check(work, "title,project\nSeal,Hall B retrofit\nBelt,\n"))
    server.sql("DELETE FROM projects WHERE id = :i", i=server.world.project_id)
    sync(server, work)
    undone = importing.undo(work.profile, job.made)
    assert (undone.withdrawn, undone.cancelled, undone.left) == (0, 1, {})


def test_undo_takes_along_what_was_done_with_a_new_task(work: Workspace) -> None:
    job = do(work, check(work, "title,assignees\nSeal,ana\n"))
    Tasks(work).set_progress(job.made[0].task_id, 40)
    assert importing.undo(work.profile, job.made).withdrawn == 1
    assert work.outbox.tally().waiting == 0


def test_a_line_that_the_server_refused_waits_for_the_person(
    server: RunningServer, work: Workspace
) -> None:
    text = "title,project\nSeal,Hall B retrofit\n"
    job = do(work, check(work, text))
    project = server.world.project_id
    server.sql("DELETE FROM projects WHERE id = :i", i=project)
    sync(server, work)
    (entry,) = work.outbox.tray()
    assert entry.receipt.code == "E5007"
    (row,) = check(work, text)
    assert (row.judged.verdict, row.judged.code) == (Verdict.REFUSED, "E5042")
    Tasks(work).discard(entry)
    (row,) = check(work, text)
    assert row.judged.verdict is Verdict.NEW
    assert row.action
    assert row.action.op_id != job.made[0].op_id
    assert row.action.task_id == job.made[0].task_id


def test_a_full_disk_ends_it_and_the_rest_is_made_later(
    work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = check(work, "title\n" + "".join(f"Task {n}\n" for n in range(250)))
    job = Import(work.profile, rows)
    with monkeypatch.context() as disk:
        disk.setattr(importing, "open_workspace", lambda profile: _small(profile))
        with pytest.raises(EnvironmentFault) as full:
            job.run()
    assert full.value.code == "E3001"
    assert 0 < len(job.made) < 250
    job.run()
    assert (len(job.made), work.outbox.tally().waiting) == (250, 250)


def test_it_does_not_run_twice_at_once(work: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Import(work.profile, check(work, "title\n" + "".join(f"Task {n}\n" for n in range(250))))
    opened, go_on = threading.Event(), threading.Event()
    really = open_workspace

    def slowly(profile: Profile) -> Workspace:
        opened.set()
        assert go_on.wait(10)
        return really(profile)

    monkeypatch.setattr(importing, "open_workspace", slowly)
    first = threading.Thread(target=job.run)
    first.start()
    assert opened.wait(10)
    try:
        with pytest.raises(RuntimeError):
            job.run()
    finally:
        go_on.set()
        first.join()
    assert (len(job.made), work.outbox.tally().waiting) == (250, 250)


def _small(profile: Profile) -> Workspace:
    """A workspace whose outbox may grow by a few pages only."""
    made = open_workspace(profile)
    pages = made.outbox._conn.execute("PRAGMA page_count").fetchone()[0]
    made.outbox._conn.execute(f"PRAGMA max_page_count={pages + 30}")
    return made


# -- the same verdicts as the server --------------------------------------------------------


def random_file(rng: random.Random, server: RunningServer, numbers: list[int]) -> str:
    choices: dict[str, list[str]] = {
        "title": ["Seal", "", "x" * 201, "  spaced ", "'=1+1", "nul \x00"],
        "description": ["", "Some words", "y" * 20_001],
        "priority": ["", "low", "Critical", "NORMAL", "soon"],
        "project": ["", "hall b RETROFIT", "1", "99", "nowhere"],
        "due": ["", "2026-03-09", "2026-02-30", "2026-03-09T10:00:00+01:00", "2026-03-09T10:00",
                "0001-01-01T00:00:00+10:00", "1969-01-01", "someday"],
        "assignees": ["", "ana", "ANA; jonas", "ana,ana", "Ana Moreno|jonas", "nobody", "3", "99"],
        "estimate": ["", "90", "0", "-1", "1.5", "100001", "٣"],
        "type": ["", "repair", "z" * 61],
        "parent": ["", *(str(n) for n in numbers), "999", "x"],
        "scheduled": ["", "2026-03-09T10:00:00Z", "2026-03-09", "10:00"],
        "revenue": ["", "1250", "12.5", "1,5", "-3", "99999999999999"],
    }  # fmt: skip
    columns = ["title", *rng.sample([c for c in choices if c != "title"], rng.randint(0, 6))]
    rng.shuffle(columns)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=rng.choice(",;\t"))
    writer.writerow(columns)
    for _ in range(rng.randint(1, 12)):
        writer.writerow([rng.choice(choices[column]) for column in columns])
    return text.getvalue()


@pytest.mark.parametrize("seed", range(12))
def test_the_device_judges_as_the_server_does(
    server: RunningServer, work: Workspace, seed: int
) -> None:
    rng = random.Random(seed)
    ids = [server.task("ana"), server.task("jonas"), server.task("ana")]
    server.device("rita").do("cancel", ids[2])
    server.device("rita").do("archive", ids[2])
    numbers = [int(server.seen("rita", one, "monitor")["number"]) for one in ids[:2]]
    gone = server.sql("SELECT number FROM tasks WHERE id = :i", i=ids[2])
    numbers.append(int(gone[0][0]))
    sync(server, work)
    for _ in range(6):
        text = random_file(rng, server, numbers)
        answer = server.client("rita").post(
            "/api/v1/imports/tasks", content=text.encode(), params={"dry_run": True},
            headers={"Content-Type": "text/csv"},
        )  # fmt: skip
        if answer.status_code != 200:
            with pytest.raises(InputError) as refused:
                check(work, text)
            assert refused.value.code == answer.json()["code"]
            continue
        theirs = [
            (line["line"], line["verdict"], line["title"], line["code"], line["field"],
             line["message"])
            for line in answer.json()["lines"]
        ]  # fmt: skip
        ours = [
            (j.line, j.verdict.value, j.title, j.code, j.field, j.message)
            for j in (row.judged for row in check(work, text))
        ]
        assert ours == theirs
        if rng.random() < 0.5:
            do(work, check(work, text))
            sync(server, work)


def test_an_employee_imports_for_themself_here_too(server: RunningServer, tmp_path: Path) -> None:
    work = open_workspace(profile_of(server, tmp_path / "ana", "ana"))
    try:
        sync(server, work)
        rows = check(work, "title,assignees\nMine,ana\nTheirs,jonas\n")
        assert [row.judged.code for row in rows] == [None, "E5004"]
    finally:
        work.close()


def test_a_parent_of_which_only_a_stub_is_here_cannot_be_judged(
    server: RunningServer, work: Workspace
) -> None:
    task_id = server.task("ana")
    server.device("ana").do("complete", task_id)
    number = server.seen("rita", task_id, "monitor")["number"]
    sync(server, work)
    work.confirmed.most_finished = 0
    work.confirmed.evict(lambda _epoch, _seq: set())
    (row,) = check(work, f"title,parent\nChild,{number}\n")
    assert (row.judged.code, row.judged.field) == ("E4013", "parent")


# -- files ----------------------------------------------------------------------------------


def test_a_file_is_read_with_its_first_lines(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    path.write_bytes("\ufeffTitle;Remarks\nSeal;x\n\nBelt\n".encode())
    file = importing.read_file(path)
    assert (file.name, file.delimiter) == ("tasks.csv", ";")
    assert file.first == (("Title", "Remarks"), ("Seal", "x"), ("Belt", ""))
    assert file.layout == Layout(("title", None))
    assert (file.sample(0, header=True), file.sample(1, header=True)) == ("Seal", "x")


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    big, odd, empty = (tmp_path / name for name in ("big.csv", "odd.csv", "empty.csv"))
    big.write_bytes(b"x" * (MOST_BYTES + 1))
    odd.write_bytes(b"title\n\xff")
    empty.write_bytes(b"\n\n")
    for path, code in (
        (big, "E2078"), (odd, "E2070"), (empty, "E2071"), (tmp_path / "no.csv", "E3018"),
        (tmp_path, "E3018"),
    ):  # fmt: skip
        with pytest.raises((InputError, EnvironmentFault)) as refused:
            importing.read_file(path)
        assert refused.value.code == code


def test_what_was_refused_can_be_mended_and_imported(work: Workspace) -> None:
    text = 'title,assignees,revenue,remarks\n=SUM(A1),nobody,-5,x\nGood,ana,,y\n"Two\nlines",?,,z\n'
    file = importing.file_of("tasks.csv", text.encode())
    rows = importing.check(work, file, file.layout)
    assert [row.judged.verdict for row in rows] == [Verdict.REFUSED, Verdict.NEW, Verdict.REFUSED]
    saved = importing.refused_as_csv(rows)
    assert b"'=SUM(A1)" in saved
    mended = saved.decode("utf-8-sig").replace("nobody", "ana").replace("?", "jonas")
    again = check(work, mended)
    assert importing.count(again)[Verdict.NEW] == 2
    do(work, again)
    views = work.projection.views().values()
    assert {view.task.title for view in views} == {"=SUM(A1)", "Two\nlines"}
    assert {view.task.revenue_cents for view in views} == {-500, None}
    assert all(view.task.status is Status.PENDING for view in views)


def test_other_columns_are_another_file(work: Workspace) -> None:
    text = "title,description\nSeal,Old\n"
    do(work, check(work, text))
    assert importing.count(check(work, text))[Verdict.KNOWN] == 1
    without = replace(Layout(("title", "description")), columns=("title", None))
    assert importing.count(check(work, text, without))[Verdict.NEW] == 1
