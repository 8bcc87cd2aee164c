"""About, logs, the diagnostic bundle, and what happens when nobody caught an exception."""

from __future__ import annotations

import logging
import re
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QTimer, QUrl, Slot, qVersion, qWarning
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from tests.support.client import REPOSITORY, task
from tests.support.server import START
from tests.support.windows import PATIENCE, press, settle, task_id
from tracker.domain.page import Changes
from tracker.services.diagnostics import CONTENTS
from tracker.sync.engine import Report, State
from tracker.ui.dialogs.about import LICENCES, OWN_LICENCE, AboutDialog
from tracker.ui.dialogs.bundle import BundleDialog
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.faults import Faults
from tracker.ui.widgets import papers

Desk = Callable[..., EmployeeWindow]


@pytest.fixture
def window(desk: Desk, tmp_path: Path) -> EmployeeWindow:
    made = desk(task(task_id(1), title="Weld"))
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "tracker.log").write_text("a line\n")
    made.around = replace(made.around, log_folder=folder)
    return made


def do(window: EmployeeWindow, name: str) -> None:
    (action,) = [action for action in window.commands.listed() if action.text() == name]
    action.trigger()


def words_of(dialog: AboutDialog | BundleDialog) -> str:
    return "\n".join(one.text() for one in dialog.findChildren(QLabel))


@pytest.fixture
def about(window: EmployeeWindow) -> Iterator[AboutDialog]:
    do(window, "About Tracker")
    (dialog,) = window.findChildren(AboutDialog)
    yield dialog
    dialog.close()
    settle()


def test_about_says_versions_licences_and_where_the_data_is(
    window: EmployeeWindow, about: AboutDialog
) -> None:
    said = words_of(about)
    for line in ("Tracker 0.1.0", OWN_LICENCE, qVersion(), str(window.around.root)):
        assert line in said
    for name, _, licence in LICENCES:
        assert name in said
        assert licence in said


def test_every_package_the_client_needs_has_its_licence_in_about() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[^\w.-]", line)[0] for line in project["dependencies"]}
    said = {name: licence for name, _, licence in LICENCES}
    said["PySide6-Essentials"] = said["Qt and PySide6"]
    assert needed <= said.keys()
    for name in needed:
        try:
            known = metadata(name)
        except PackageNotFoundError:
            assert {"tzdata": "win32", "jeepney": "linux"}[name] != sys.platform
            continue
        declared = known.get("License-Expression") or known.get("License")
        assert said[name] in str(declared), name


def test_the_licence_of_ours_is_the_one_in_the_file() -> None:
    text = (REPOSITORY / "LICENSE").read_text()
    kind, owner = text.splitlines()[0], text.splitlines()[2]
    assert kind in OWN_LICENCE
    assert owner.replace("Copyright (c)", "©") in OWN_LICENCE


def test_the_versions_can_be_copied(about: AboutDialog, qtbot: QtBot) -> None:
    press(qtbot, about.copy)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0] == "Tracker 0.1.0"
    assert f"Qt {qVersion()}" in copied


# -- the folder of logs ------------------------------------------------------------------------


class FileManager(QObject):
    """Stands where the system's would."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        QDesktopServices.setUrlHandler("file", self, "take")

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.opened.append(url.toLocalFile())


@pytest.fixture
def file_manager() -> Iterator[FileManager]:
    yield FileManager()
    QDesktopServices.unsetUrlHandler("file")


def test_the_log_folder_opens(
    window: EmployeeWindow, about: AboutDialog, file_manager: FileManager, qtbot: QtBot
) -> None:
    press(qtbot, about.logs)
    do(window, "Open the log folder")
    assert file_manager.opened == [str(window.around.log_folder)] * 2


@pytest.mark.qt_log_ignore("does not support QPlatformServices", "propagateSizeHints")
def test_a_system_without_a_file_manager_says_so(window: EmployeeWindow) -> None:
    do(window, "Open the log folder")
    assert window.toast.headline.text() == "Unable to open the log folder (E3017)"


@pytest.mark.parametrize("folder", [None, Path("/nowhere/logs"), Path("//elsewhere/share")])
def test_only_a_folder_that_is_here_is_offered(
    window: EmployeeWindow, folder: Path | None, file_manager: FileManager
) -> None:
    window.around = replace(window.around, log_folder=folder)
    assert "Open the log folder" not in [one.text() for one in window.commands.listed()]
    window.papers.open_logs()
    assert file_manager.opened == []
    do(window, "About Tracker")
    (dialog,) = window.findChildren(AboutDialog)
    assert not dialog.logs.isEnabled()
    dialog.close()
    settle()


# -- the bundle --------------------------------------------------------------------------------


def test_the_bundle_is_told_before_it_is_written(
    window: EmployeeWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.show_report(Report(State.SYNCED, START, Changes(), 2, 0, 0))
    do(window, "Save a diagnostic bundle…")
    (dialog,) = window.findChildren(BundleDialog)
    for name, words in CONTENTS:
        assert name in words_of(dialog)
        assert words in words_of(dialog)
    assert "Not in it: what people wrote" in words_of(dialog)
    press(qtbot, dialog.button)
    (chooser,) = window.findChildren(QFileDialog)
    chooser.setDirectory(str(tmp_path))
    chooser.selectFile("told")
    chooser.accept()
    qtbot.waitUntil(lambda: window.toast.headline.text() == "Saved: told.zip", timeout=PATIENCE)
    with zipfile.ZipFile(tmp_path / "told.zip") as file:
        assert {name.partition("/")[0] for name in file.namelist()} == {n for n, _ in CONTENTS}
        assert b"state: synced" in file.read("synchronising.txt")
        assert file.read("logs/tracker.log") == b"a line\n"
        assert b"tasks: 1\n" in file.read("counts.txt")
        assert not any(b"Weld" in file.read(name) for name in file.namelist())


def test_nothing_is_written_when_the_person_thinks_better_of_it(window: EmployeeWindow) -> None:
    do(window, "Save a diagnostic bundle…")
    (dialog,) = window.findChildren(BundleDialog)
    dialog.reject()
    settle()
    assert window.findChildren(QFileDialog) == []


# -- what nobody caught ------------------------------------------------------------------------


@pytest.fixture
def faults(window: EmployeeWindow) -> Iterator[Faults]:
    before = sys.excepthook, threading.excepthook
    made = Faults()
    made.follow(window.papers)
    yield made
    made.stop()
    assert (sys.excepthook, threading.excepthook) == before


def fail() -> None:
    raise ZeroDivisionError("secret words")


def test_an_exception_in_a_slot_is_told_and_leads_to_the_bundle(
    window: EmployeeWindow, faults: Faults, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    QTimer.singleShot(0, fail)
    qtbot.waitUntil(window.toast.isVisible, timeout=PATIENCE)
    assert window.toast.headline.text() == "An error in Tracker itself (E3013)"
    assert "ZeroDivisionError" in window.toast.sentence.text()
    assert "secret" not in window.toast.sentence.text()
    assert caplog.records[-1].levelno == logging.CRITICAL
    press(qtbot, window.toast.button)
    (dialog,) = window.findChildren(BundleDialog)
    dialog.close()
    settle()


def test_one_that_comes_again_and_again_is_told_once(
    window: EmployeeWindow, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    faults.happened.connect(told.append)
    for _ in range(3):
        QTimer.singleShot(0, fail)
        settle()
    assert told == ["ZeroDivisionError"]
    assert len(caplog.records) == 3


def test_an_exception_in_a_thread_is_told_in_the_windows(
    window: EmployeeWindow, faults: Faults, qtbot: QtBot
) -> None:
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert not window.toast.isVisible()  # it was not shown from there
    qtbot.waitUntil(window.toast.isVisible, timeout=PATIENCE)
    assert window.toast.headline.text().endswith("(E3013)")


def test_ctrl_c_is_no_error(
    window: EmployeeWindow, faults: Faults, capsys: pytest.CaptureFixture[str]
) -> None:
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    settle()
    assert not window.toast.isVisible()
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_what_qt_complains_of_is_logged(faults: Faults, caplog: pytest.LogCaptureFixture) -> None:
    qWarning("an odd thing")
    assert [(one.name, one.levelname, one.message) for one in caplog.records] == [
        ("qt", "WARNING", "default: an odd thing")
    ]


def test_a_window_that_was_closed_is_told_nothing(
    window: EmployeeWindow, faults: Faults, qtbot: QtBot
) -> None:
    window.close()
    window.papers.tell_crash()
    assert not window.toast.isVisibleTo(window)


def test_a_crash_is_told_once(window: EmployeeWindow) -> None:
    crashed = Faults(crashed=True)
    try:
        crashed.follow(window.papers)
        assert window.toast.headline.text().endswith("(E3014)")
        window.toast.hide()
        crashed.follow(window.papers)
        assert not window.toast.isVisible()
    finally:
        crashed.stop()


def test_a_crash_is_told_after_what_matters_more(
    window: EmployeeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(papers, "TOAST_MS", 20)
    window.tell_rescued(3)
    window.papers.tell_crash()
    assert "(E3011)" in window.toast.headline.text()
    settle()
    assert "(E3011)" in window.toast.headline.text()
    window.toast.hide()
    qtbot.waitUntil(lambda: "(E3014)" in window.toast.headline.text(), timeout=PATIENCE)
