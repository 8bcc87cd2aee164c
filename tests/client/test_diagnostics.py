"""The bundle for support says a lot about the machine, and nothing that people wrote."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keyring
import pytest

from tests.support.client import action, comment, receipt, task
from tests.support.ring import Ring
from tests.support.server import START
from tests.support.windows import ANA, offline_workspace, task_id
from tracker import logs
from tracker.cache.drafts import COMMENT_DRAFT, NOTE_DRAFT
from tracker.config import Settings
from tracker.domain.change import Kind
from tracker.domain.errors import Unreachable
from tracker.domain.page import Changes
from tracker.domain.receipt import Outcome
from tracker.domain.task import Comment, HistoryEntry, Status
from tracker.services import diagnostics
from tracker.services.credentials import InKeyring
from tracker.services.diagnostics import Source, bundle
from tracker.services.doctor import bare
from tracker.services.workspace import Workspace
from tracker.sync.engine import Report, State
from tracker.sync.ports import Tokens

MARK = "zebra"
"""In everything secret below, and in nothing else."""


@pytest.fixture
def marked(tmp_path: Path) -> Iterator[Workspace]:
    """A profile where everything that a person wrote carries the mark."""
    one = task_id(1)
    words = [
        task(one, title=f"Title {MARK}", description=f"Text {MARK}", task_type=MARK,
             completion_notes=MARK),
        task(task_id(2), number=2, title=MARK, status=Status.COMPLETED, progress=100),
    ]  # fmt: skip
    more = {
        "comments": [Comment(task_id(8), one, ANA, f"Said {MARK}", START, START)],
        "history": [HistoryEntry("1", one, ANA, "SET_PROGRESS", {}, {}, MARK, START, START)],
    }  # fmt: skip
    workspace = offline_workspace(tmp_path / "profiles", words, **more)
    refused = action(
        task_id=one, args={"percent": 30, "note": f"Note {MARK}"}, seen={"title": MARK}
    )
    sent = [
        refused,
        action(task_id=one, args={"percent": 50, "note": MARK}, seen={"title": MARK}),
        comment(one, f"Comment {MARK}"),
        action(Kind.CREATE_TASK, task_id(5), {"title": MARK, "description": MARK, "people": []}),
    ]
    workspace.outbox.add(sent)
    workspace.outbox.record(
        [receipt(refused, Outcome.REJECTED, code="E5005", info=MARK,
                 current={"status": "CANCELLED", "progress": 1, "title": MARK})], START,
        lambda _retries: START,
    )  # fmt: skip
    workspace.outbox.save_draft(one, NOTE_DRAFT, f"Half {MARK}", START)
    workspace.outbox.save_draft(one, COMMENT_DRAFT, f"Half {MARK}", START)
    yield workspace
    workspace.close()


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    made = Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def source(
    marked: Workspace, tmp_path: Path, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> Source:
    """With tokens in the keyring and in the environment, and logs of a run that went wrong."""
    InKeyring(marked.profile.secret_name).write(Tokens(f"access {MARK}", f"refresh {MARK}"))
    monkeypatch.setenv("TRACKER_TOKEN", f"token-{MARK}")
    folder = tmp_path / "logs"
    folder.mkdir()
    handler = logs.file_handler(folder / "tracker.log")
    try:
        raise ValueError(f"cannot use {MARK}")
    except ValueError as bug:
        trace = (ValueError, bug, bug.__traceback__)
        record = logs.log.makeRecord("tracker", 50, "f", 1, "it failed", (), trace)
        handler.handle(record)
    handler.close()
    (folder / "crash-1.log").write_text("Fatal Python error: Segmentation fault\n")
    (folder / "notes.txt").write_text(f"mine: {MARK}")
    fault = Unreachable("E4001", f"the proxy says {MARK}")
    report = Report(State.OFFLINE, START, Changes(), 0, 3, 1, fault)
    profile = replace(marked.profile, server_url=f"http://ana:{MARK}@127.0.0.1:9/base?key={MARK}")
    return Source(tmp_path, profile, Settings(theme="dark"), folder, "6.11.3", report)


def unpacked(source: Source) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(bundle(source, START))) as file:
        assert file.testzip() is None
        return {name: file.read(name).decode() for name in file.namelist()}


def test_no_byte_of_it_is_what_people_wrote_or_a_token(source: Source) -> None:
    packed = bundle(source, START)
    assert MARK.encode() not in packed  # names of files, comments of the archive
    for name, text in unpacked(source).items():
        assert MARK not in text.casefold(), name


def test_the_secrets_it_is_tested_with_are_there_to_be_found(
    source: Source, marked: Workspace
) -> None:
    """Or the test before could not fail."""
    tokens = InKeyring(marked.profile.secret_name).read()
    assert tokens is not None
    assert MARK in tokens.access
    kept = b"".join(p.read_bytes() for p in marked.profile.folder.iterdir() if p.is_file())
    assert kept.count(MARK.encode()) > 10


def test_it_says_what_support_needs(source: Source) -> None:
    found = unpacked(source)
    listed = {name for name, _ in diagnostics.CONTENTS}
    assert {name.partition("/")[0] for name in found} == listed
    for line in ("Tracker: 0.1.0", "Qt: 6.11.3", "Python: 3.", "SQLite: 3.", "PySide6: 6."):
        assert line in found["versions.txt"]
    assert "theme: dark" in found["settings.txt"]
    assert found["profile.txt"].splitlines()[0] == "server: http://127.0.0.1:9/base"
    assert "role: EMPLOYEE" in found["profile.txt"]
    assert "keyring       works" in found["doctor.txt"]
    counts = found["counts.txt"].splitlines()
    for line in (
        "tasks: 3",
        "tasks, COMPLETED: 1",
        "waiting: 3",
        f"waiting, {Kind.COMMENT.value}: 1",
        "refused: 1",
        "refused, E5005: 1",
    ):
        assert line in counts
    assert any(line.startswith("bytes of outbox.db: ") for line in counts)
    ended = found["synchronising.txt"]
    assert ended.startswith("state: offline\nat: 2026-03-02T08:00:00.000Z\n")
    assert "fault: E4001\n" in ended
    assert "it failed" in found["logs/tracker.log"]
    assert "builtins.ValueError" in found["logs/tracker.log"]
    assert found["logs/crash-1.log"].startswith("Fatal Python error")
    assert "logs/notes.txt" not in found


def test_names_of_people_and_their_folders_are_taken_out(source: Source) -> None:
    assert source.log_folder is not None
    profile = source.profile
    line = (
        f"{profile.display_name} of {profile.tenant} ({profile.name}) in {profile.folder}, banana\n"
    )
    (source.log_folder / "tracker.log").write_text(line)
    text = unpacked(source)["logs/tracker.log"]
    assert text.startswith("<name> of <name> (<name>) in ")
    assert text.endswith("/<profile>, banana\n")
    everything = "".join(unpacked(source).values())
    assert str(Path.home()) not in everything or str(Path.home()) == "/"
    assert profile.display_name not in everything


def test_a_part_that_cannot_be_read_says_why_in_its_place(source: Source) -> None:
    taken = source.root / "logs" / "crash-1.log"  # a file, where a folder should be
    found = unpacked(replace(source, profile=replace(source.profile, folder=taken)))
    assert found["counts.txt"] == "could not be read: E3006\n"
    assert "Tracker: " in found["versions.txt"]


def test_without_a_run_and_without_logs_there_is_less_of_it(source: Source) -> None:
    found = unpacked(replace(source, report=None, log_folder=None))
    assert "none has ended" in found["synchronising.txt"]
    assert not any(name.startswith("logs") for name in found)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://ana:pw@example.com:8443/base?key=1#x", "https://example.com:8443/base"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
    ],
)  # fmt: skip
def test_an_address_is_said_without_what_could_be_secret(address: str, said: str) -> None:
    assert bare(address) == said
