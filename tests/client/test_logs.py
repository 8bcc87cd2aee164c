"""The log has what support needs and nothing of what people wrote; a crash leaves its stack."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client import REPOSITORY, task
from tests.support.windows import offline_workspace, task_id
from tracker import logs
from tracker.config import save_profile
from tracker.domain.errors import EnvironmentFault

SECRET = "Replace pump seal in the cellar"


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[logging.Logger, Path]]:
    """A logger, and the file that it writes."""
    path = tmp_path / "tracker.log"
    handler = logs.file_handler(path)
    logger = logging.getLogger("tracker.test_logs")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, path
    logger.removeHandler(handler)
    handler.close()


def test_times_are_utc(
    written: tuple[logging.Logger, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    logger, path = written
    record = logger.makeRecord("x", logging.INFO, "file", 1, "said %d", (3,), None)
    record.created, record.msecs = 1_772_438_400.25, 250.0
    logger.handle(record)
    assert path.read_text() == "2026-03-02T08:00:00.250Z INFO x: said 3\n"


def raised(bug: Exception) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as cause:
        raise bug from cause


@pytest.mark.parametrize(
    ("bug", "said"),
    [
        (ValueError(SECRET), "builtins.ValueError"),
        (KeyError(SECRET), "builtins.KeyError"),
        (OSError(28, SECRET, f"/home/{SECRET}"), "builtins.OSError: ENOSPC"),
        (OSError(SECRET), "builtins.OSError"),
        (
            EnvironmentFault("E3012", SECRET),
            "tracker.domain.errors.EnvironmentFault: E3012",
        ),
        (AttributeError("no 'foo'"), "builtins.AttributeError: no 'foo'"),
    ],
)
def test_an_exception_is_told_by_type_and_stack_without_its_words(
    written: tuple[logging.Logger, Path], bug: Exception, said: str
) -> None:
    logger, path = written
    try:
        raised(bug)
    except Exception:
        logger.exception("it failed")
    text = path.read_text(encoding="utf-8")
    assert SECRET not in text
    assert "in raised" in text
    assert re.search(rf"^{re.escape(said)}$", text, re.MULTILINE)
    assert "\nbecause of\n" in text
    assert text.rstrip().endswith("builtins.ValueError")


def test_another_handler_that_tells_all_does_not_leak_into_the_file(
    written: tuple[logging.Logger, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    logger, path = written
    other = logging.StreamHandler(sys.stderr)
    logger.handlers.insert(0, other)  # first: the record keeps what it made of the exception
    try:
        raise ValueError(SECRET)
    except ValueError:
        logger.exception("it failed")
    finally:
        logger.removeHandler(other)
    assert SECRET in capsys.readouterr().err
    assert SECRET not in path.read_text(encoding="utf-8")
    assert "builtins.ValueError" in path.read_text(encoding="utf-8")


def test_three_files_of_a_megabyte_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MOST_BYTES", 2_000)
    handler = logs.file_handler(tmp_path / "tracker.log")
    for number in range(400):
        handler.handle(logging.makeLogRecord({"msg": f"line {number}", "levelno": 20}))
    handler.close()
    assert sorted(os.listdir(tmp_path)) == ["tracker.log", "tracker.log.1", "tracker.log.2"]
    assert "line 399" in (tmp_path / "tracker.log").read_text()


def test_what_a_crash_left_is_moved_away_once(tmp_path: Path) -> None:
    assert not logs.keep_crash(tmp_path, "desk")
    (tmp_path / "crash.log").write_text("")
    assert not logs.keep_crash(tmp_path, "desk")
    (tmp_path / "crash-1.log").write_text("older")
    (tmp_path / "crash.log").write_text("stack")
    assert not logs.keep_crash(tmp_path, "monitor")  # that is another process's
    assert logs.keep_crash(tmp_path, "desk")
    assert os.listdir(tmp_path) == ["crash-1.log"]
    assert (tmp_path / "crash-1.log").read_text() == "stack"


# -- in processes of their own: the interpreter's handler of crashes belongs to all of it ----------

START = """
import os, sys, logging
from pathlib import Path
from tracker import logs
logs.to_stderr()
kept = logs.start(Path(sys.argv[1]), "desk")
"""


def child(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "TRACKER_TOKEN": "a token"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY, env=env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("death", ["os.abort()", "import faulthandler; faulthandler._sigsegv()"])
def test_a_crash_leaves_its_stack_and_the_next_start_knows(tmp_path: Path, death: str) -> None:
    done = child(f"{START}\ndef falling():\n    {death}\nfalling()", str(tmp_path))
    assert done.returncode < 0
    stack = (tmp_path / "crash.log").read_text()
    assert "Fatal Python error" in stack
    assert "in falling" in stack
    look = f"{START}\nprint(kept.crashed)\nkept.stop()"
    assert child(look, str(tmp_path)).stdout == "True\n"
    assert (tmp_path / "crash-1.log").read_text() == stack
    assert child(look, str(tmp_path)).stdout == "False\n"
    text = (tmp_path / "tracker.log").read_text()
    assert [line.split(": ")[1] for line in text.splitlines()] == [
        "started, as usual",
        "started, after a crash",
        "ended",
        "started, as usual",
        "ended",
    ]


def test_a_run_that_ended_well_did_not_crash_whatever_was_written(tmp_path: Path) -> None:
    dump = "import faulthandler; faulthandler.dump_traceback(kept.crash_file)"
    size = "print((Path(sys.argv[1]) / 'crash.log').stat().st_size > 0)"
    assert child(f"{START}\n{dump}\n{size}\nkept.stop()", str(tmp_path)).stdout == "True\n"
    look = f"{START}\nprint(kept.crashed)\nkept.stop()"
    assert child(look, str(tmp_path)).stdout == "False\n"


def test_ours_are_kept_from_info_on_and_stderr_has_the_warnings(tmp_path: Path) -> None:
    code = f"""{START}
logging.getLogger("tracker.sync").info("ours")
logging.getLogger("httpx").info("GET theirs")
logging.getLogger("httpx").warning("odd")
kept.stop()
"""
    done = child(code, str(tmp_path))
    assert done.stderr == "WARNING:httpx:odd\n"
    text = (tmp_path / "tracker.log").read_text()
    assert "tracker.sync: ours" in text
    assert "httpx: odd" in text
    assert "GET theirs" not in text


def test_a_folder_that_cannot_be_written_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file is in the way")
    done = child(f"{START}\nprint(kept.crashed)\nkept.stop()", str(tmp_path / "logs"))
    assert (done.returncode, done.stdout) == (0, "False\n")
    assert "no log is written" in done.stderr


WINDOW = """
import faulthandler, json, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from tracker import app
from tracker.ui.employee.window import EmployeeWindow

root, what = Path(sys.argv[1]), sys.argv[2]
program = QApplication(["tracker"])
timer = QTimer()

def window():
    shown = [w for w in program.topLevelWidgets() if isinstance(w, EmployeeWindow)]
    return shown[0] if shown and shown[0].isVisible() else None

def look():
    found = window()
    if found is None:
        return
    if what == "crash":
        faulthandler._sigsegv()
    if what == "raise" and not found.toast.isVisible():
        timer.timeout.connect(fail)
        return
    toast = found.toast
    print(json.dumps([toast.isVisible(), toast.headline.text(), toast.button.text()]))
    timer.stop()
    found.quit()

def fail():
    timer.timeout.disconnect(fail)
    raise ValueError("a title that somebody wrote")

timer.timeout.connect(look)
timer.start(50)
sys.exit(app.run("desk", root))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    workspace = offline_workspace(tmp_path / "profiles", [task(task_id(1))])
    save_profile(tmp_path, workspace.profile)
    workspace.close()
    return tmp_path


def test_a_window_that_crashed_tells_at_its_next_start(root: Path) -> None:
    assert child(WINDOW, str(root), "crash").returncode < 0
    assert "in look" in (root / "logs" / "crash.log").read_text()
    done = child(WINDOW, str(root), "look")
    assert done.returncode == 0, done.stderr
    headline = "Tracker ended unexpectedly the last time (E3014)"
    assert json.loads(done.stdout) == [True, headline, "Diagnostic bundle…"]
    assert json.loads(child(WINDOW, str(root), "look").stdout)[0] is False


def test_what_a_slot_raises_is_told_and_logged(root: Path) -> None:
    done = child(WINDOW, str(root), "raise")
    assert done.returncode == 0, done.stderr
    headline = "An error in Tracker itself (E3013)"
    assert json.loads(done.stdout) == [True, headline, "Diagnostic bundle…"]
    assert "ValueError: a title that somebody wrote" in done.stderr
    text = (root / "logs" / "tracker.log").read_text()
    assert "CRITICAL tracker.ui.faults: nobody caught an exception\n" in text
    assert "in fail" in text
    assert text.count("a title that somebody wrote") == 0


def test_the_command_line_writes_no_log(root: Path) -> None:
    code = "import sys; from tracker.cli import main; sys.exit(main(['--data-dir', *sys.argv[1:]]))"
    assert child(code, str(root), "tasks").returncode == 0
    assert not (root / "logs").exists()
