"""Code that is imported before somebody needs it, while the window goes on."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from tests.support.importing import run_whole
from tests.support.windows import PATIENCE
from tracker.ui.reading_ahead import ReadingAhead, Steps, modules, modules_in, statements

THREAD = "import threading\nthread = threading.current_thread()\n"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package `shelf` of three modules that note who imported them."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name in ("one", "two", "three"):
        (folder / f"{name}.py").write_text(THREAD)
    (folder / "__init__.py").write_text(
        "from . import one\nfrom .two import thread\nMADE = [*range(1, 3)]\nimport shelf.three\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [one for one in sys.modules if one.split(".")[0] == "shelf"]:
        del sys.modules[name]


def test_a_package_is_imported_statement_by_statement(shelf: Path) -> None:
    steps = statements("shelf")
    next(steps)
    assert "shelf.one" in sys.modules
    assert "shelf.two" not in sys.modules
    assert len([*steps]) == 3
    made = sys.modules["shelf"]
    assert made.MADE == [1, 2]
    assert made.three.thread is threading.current_thread()
    assert [*statements("shelf")] == []
    assert sys.modules["shelf"] is made


def test_half_a_package_is_not_left_behind(shelf: Path) -> None:
    steps = statements("shelf")
    next(steps)
    steps.close()
    assert "shelf" not in sys.modules
    (shelf / "__init__.py").write_text("from . import one\nfrom . import nothing\n")
    with pytest.raises(ImportError, match="nothing"):
        list(statements("shelf"))
    assert "shelf" not in sys.modules


def test_what_is_not_there_says_so() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        list(statements("no_such_package"))


def read(plain: list[str], steps: Steps, qtbot: QtBot) -> Exception | None:
    owner = QObject()
    said: list[Exception | None] = []
    ReadingAhead(owner, lambda: plain, steps, said.append)
    qtbot.waitUntil(lambda: bool(said), timeout=PATIENCE)
    return said[0]


def test_plain_code_is_imported_in_the_pool_and_then_the_rest_here(
    shelf: Path, qtbot: QtBot
) -> None:
    (shelf / "__init__.py").write_text("")
    assert read(["shelf.one"], modules(["shelf.two", "shelf.three"]), qtbot) is None
    here = threading.current_thread()
    found = [sys.modules[name].thread for name in ("shelf.one", "shelf.two", "shelf.three")]
    assert found[0] is not here
    assert found[1:] == [here, here]
    assert sorted(modules_in("shelf")) == ["shelf.one", "shelf.three", "shelf.two"]


@pytest.mark.parametrize("where", ["plain", "steps"])
def test_what_cannot_be_imported_is_told(
    shelf: Path, qtbot: QtBot, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    (shelf / "two.py").write_text("1 / 0\n")
    names = {"plain": ["shelf.one"], "steps": ["shelf.one"], where: ["shelf.two"]}
    (shelf / "__init__.py").write_text("")
    outcome = read(names["plain"], modules(names["steps"]), qtbot)
    assert isinstance(outcome, ZeroDivisionError)
    assert caplog.records


def test_who_stops_hears_nothing_more(qtbot: QtBot) -> None:
    owner = QObject()
    said: list[Exception | None] = []
    taken: list[str] = []

    def endless() -> Steps:
        try:
            while True:
                taken.append("step")
                yield
        finally:
            taken.append("closed")

    reading = ReadingAhead(owner, list, endless(), said.append)
    qtbot.waitUntil(lambda: bool(taken), timeout=PATIENCE)
    reading.stop()
    assert taken[-1] == "closed"
    before = len(taken)
    qtbot.wait(30)
    assert len(taken) == before
    started = ReadingAhead(owner, list, endless(), said.append)
    started.stop()  # while it is in the pool
    qtbot.wait(100)
    assert len(taken) == before
    assert said == []


def test_nothing_of_it_is_kept(qtbot: QtBot) -> None:
    owner = QObject()

    class Large:
        pass

    def read_for(large: Large) -> None:
        ReadingAhead(owner, list, modules([]), lambda _: said.append(bool(large)))

    said: list[bool] = []
    read_for(large := Large())
    known = weakref.ref(large)
    del large
    qtbot.waitUntil(lambda: said == [True], timeout=PATIENCE)
    qtbot.waitUntil(lambda: known() is None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: owner.findChildren(ReadingAhead) == [], timeout=PATIENCE)


def test_what_qt_draws_in_the_pool_finds_its_classes_made(tmp_path: Path) -> None:
    """In a process of its own, as other tests have named them here."""
    script = f"""
from pathlib import Path
from PySide6 import QtCore, QtGui, QtWidgets
from tests.support.windows import offline_workspace
from tracker.services.board import Board
from tracker.ui.monitor.window import MonitorWindow
def lacking():
    return [n for m in (QtCore, QtGui, QtWidgets) for n in dir(m) if n not in vars(m)]
app = QtWidgets.QApplication([])
folder = Path({str(tmp_path)!r})
work = offline_workspace(folder, [], "rita")
window = MonitorWindow(work, Board(work), None)
assert len(lacking()) > 100
def make():
    return repr(lacking()).encode()
window.papers.draw("export the list", make, folder / "made")
while not (folder / "made").exists():
    app.processEvents()
assert (folder / "made").read_text() == "[]", (folder / "made").read_text()
window.close()
work.close()
print("whole")
"""
    run_whole(script)
