"""Notes on the desktop: on a real session bus, or in the window where nothing else shows them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QSystemTrayIcon, QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import page, task
from tests.support.notices import notice
from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, Open, open_desk, press, settle, task_id
from tests.ui.conftest import close
from tests.ui.test_idle import bus, first_line, running
from tracker.config import Settings
from tracker.domain.change import Kind
from tracker.domain.page import Changes
from tracker.domain.task import Priority, Status
from tracker.services.workspace import device_clock
from tracker.sync.engine import Report, State
from tracker.ui.employee.notices import NOTIFICATIONS
from tracker.ui.employee.telling import TOLD
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.system import desktop_notes
from tracker.ui.system.desktop_notes import DesktopNotes, Note
from tracker.ui.widgets.chrome import Toast

__all__ = ["bus"]  # the fixture
SEAL, BELT = task_id(1), task_id(2)
Desk = Callable[..., EmployeeWindow]


class Shows:
    """A desktop in a process of its own; what it shows, and clicks on that."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process, self._fd, self._read = process, process.stdout.fileno(), b""
        os.set_blocking(self._fd, False)

    def note(self, qtbot: QtBot) -> list[Any]:
        """The next one: app, replaced, icon, headline, sentence, actions, hints, time."""

        def has_come() -> bool:
            with suppress(BlockingIOError):
                self._read += os.read(self._fd, 4_096)
            return b"\n" in self._read

        qtbot.waitUntil(has_come, timeout=PATIENCE)
        line, _, self._read = self._read.partition(b"\n")
        found: list[Any] = json.loads(line)
        return found

    def press(self, words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{words}\n")
        self.process.stdin.flush()


Start = Callable[..., Shows]


@pytest.fixture
def desktop(bus: tuple[str, Any]) -> Iterator[Start]:
    with ExitStack() as stack:

        def start(*capabilities: str) -> Shows:
            environ = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus[0]}
            command = (sys.executable, "-m", "tests.support.desktop", *capabilities)
            pipe = subprocess.PIPE
            process = stack.enter_context(running(*command, stdin=pipe, stdout=pipe, env=environ))
            assert process.stdout is not None
            assert first_line(process.stdout.fileno()) == "ready"
            return Shows(process)

        yield start


class Looks:
    """A window's part of it: notes, a toast, and what was opened."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.window = QWidget()
        self.window.resize(600, 400)
        self.window.show()
        self.toast = Toast(self.window)
        self.opened: list[str] = []
        self.notes = DesktopNotes(
            environ, self.toast, lambda: self.opened.append("look"), self.window
        )

    def show(self, *headlines: str, sentence: str = "said") -> None:
        self.notes.show(
            [Note(one, sentence, lambda one=one: self.opened.append(one)) for one in headlines]  # type: ignore[misc]
        )

    def until_toast(self, qtbot: QtBot, headline: str) -> None:
        def said() -> bool:
            return self.toast.isVisible() and self.toast.headline.text() == headline

        qtbot.waitUntil(said, timeout=PATIENCE)


@pytest.fixture
def looks(qapp: QObject) -> Iterator[Callable[..., Looks]]:
    made: list[Looks] = []

    def make(address: str = "") -> Looks:
        made.append(Looks({"DBUS_SESSION_BUS_ADDRESS": address} if address else {}))
        return made[-1]

    yield make
    for one in made:
        one.notes.stop()
        one.toast._timer.stop()
        one.window.close()
        one.window.deleteLater()


# On the session bus


def test_a_note_is_shown_by_the_desktop_and_its_click_opens_what_it_is_about(
    bus: tuple[str, Any], desktop: Start, looks: Callable[..., Looks], qtbot: QtBot
) -> None:
    shows, here = desktop("body"), looks(bus[0])
    here.show("Größe & <b>mehr</b> 测试", "Second", sentence="a & <i>b</i>")
    first = shows.note(qtbot)
    assert first == [
        "Tracker", 0, "tracker", "Größe & <b>mehr</b> 测试", "a & <i>b</i>", ["default", "Open"],
        {"desktop-entry": "tracker"}, -1,
    ]  # fmt: skip
    assert shows.note(qtbot)[3] == "Second"
    here.show("Third")
    assert shows.note(qtbot)[3] == "Third"
    shows.press("2")
    qtbot.waitUntil(lambda: here.opened == ["Second"], timeout=PATIENCE)
    shows.press("9")  # another program's
    shows.press("1 other")
    shows.press("close 3")
    shows.press("3")
    shows.press("1")
    qtbot.waitUntil(lambda: len(here.opened) > 1, timeout=PATIENCE)
    assert here.opened == ["Second", "Größe & <b>mehr</b> 测试"]
    assert not here.toast.isVisible()


def test_the_token_of_a_click_is_there_while_the_window_comes_forward(
    bus: tuple[str, Any], desktop: Start, looks: Callable[..., Looks], qtbot: QtBot
) -> None:
    shows, here = desktop("body"), looks(bus[0])
    found: list[str | None] = []
    here.notes.show(
        [Note("One", "", lambda: found.append(os.environ.get(desktop_notes.ACTIVATION)))]
    )
    shows.note(qtbot)
    for words in ("token 7 other", "token 1 abc", "1", "1"):
        shows.press(words)
    qtbot.waitUntil(lambda: len(found) == 2, timeout=PATIENCE)
    assert found == ["abc", None]


def test_where_the_desktop_reads_markup_people_write_none(
    bus: tuple[str, Any], desktop: Start, looks: Callable[..., Looks], qtbot: QtBot
) -> None:
    shows = desktop("body", "body-markup", "actions")
    looks(bus[0]).show("A & <b>", sentence='1 < 2 & <a href="x">y</a>')
    note = shows.note(qtbot)
    assert note[3:5] == ["A & <b>", '1 &lt; 2 &amp; &lt;a href="x"&gt;y&lt;/a&gt;']


def test_a_desktop_that_never_answers_costs_nothing_but_the_time_to_give_it_up(
    bus: tuple[str, Any],
    desktop: Start,
    looks: Callable[..., Looks],
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desktop_notes, "PATIENCE_MS", 200)
    shows, here = desktop("body"), looks(bus[0])
    shows.process.send_signal(signal.SIGSTOP)
    here.show("One", "Two")
    here.until_toast(qtbot, "2 things are new")
    assert here.toast.sentence.text() == "One\nTwo"
    here.toast.hide()
    here.show("Three")  # at once: it was given up
    here.until_toast(qtbot, "Three")


def test_words_that_no_text_on_the_bus_may_have_are_shown_without_that(
    bus: tuple[str, Any], desktop: Start, looks: Callable[..., Looks], qtbot: QtBot
) -> None:
    shows, here = desktop("body"), looks(bus[0])
    here.show("A\0B \ud83d", sentence="\udc00\0")
    assert shows.note(qtbot)[3:5] == ["AB ?", "?"]
    assert not here.toast.isVisible()


@pytest.mark.parametrize("address", ["unix:path=/nowhere", "tcp:host=localhost", "nonsense"])
def test_without_a_bus_the_window_says_it(
    looks: Callable[..., Looks], qtbot: QtBot, address: str
) -> None:
    here = looks(address)
    here.show("One")
    here.until_toast(qtbot, "One")
    press(qtbot, here.toast.button)
    assert here.opened == ["One"]


@pytest.mark.parametrize("address", ["unix:path=/nowhere", "nonsense"])
def test_without_a_bus_the_window_says_each_of_several(
    looks: Callable[..., Looks], qtbot: QtBot, address: str
) -> None:
    here = looks(address)
    here.show("One", "Two", "Three")
    here.until_toast(qtbot, "3 things are new")
    assert here.toast.sentence.text() == "One\nTwo\nThree"


def test_a_bus_where_nobody_shows_notes(
    bus: tuple[str, Any], looks: Callable[..., Looks], qtbot: QtBot
) -> None:
    here = looks(bus[0])
    here.show("One")
    here.until_toast(qtbot, "One")


def test_a_bus_that_ends_gives_back_what_it_did_not_show(
    bus: tuple[str, subprocess.Popen[str]],
    desktop: Start,
    looks: Callable[..., Looks],
    qtbot: QtBot,
) -> None:
    shows, here = desktop("body"), looks(bus[0])
    here.show("One")
    assert shows.note(qtbot)[3] == "One"
    bus[1].kill()
    bus[1].wait()
    here.show("Two")
    here.until_toast(qtbot, "Two")


# In the window, and by an icon


def test_an_undo_in_the_window_does_not_go_for_news(
    looks: Callable[..., Looks], qtbot: QtBot
) -> None:
    here = looks()
    here.toast.say("Completed: Seal", action=("Undo", lambda: here.opened.append("undone")))
    here.show("One")
    here.show("Two")
    assert here.toast.headline.text() == "Completed: Seal"
    here.toast.undo()
    assert here.opened == ["undone"]
    here.until_toast(qtbot, "2 things are new")
    press(qtbot, here.toast.button)
    assert here.opened == ["undone", "look"]


def test_what_is_new_waits_for_a_window_that_is_not_seen(
    looks: Callable[..., Looks], qtbot: QtBot
) -> None:
    here = looks()
    here.window.hide()
    here.show("One")
    here.show("Two")
    assert here.toast.isHidden()
    here.window.show()
    here.until_toast(qtbot, "2 things are new")


class Icon(QSystemTrayIcon):
    """Of a system that has a tray, as Windows and macOS have: the offscreen platform has none."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.shown: list[str] = []

    def isVisible(self) -> bool:
        return True

    def supportsMessages(self) -> bool:  # type: ignore[override]
        return True

    def isSystemTrayAvailable(self) -> bool:  # type: ignore[override]
        return True

    def showMessage(self, headline: str, *_more: Any) -> None:
        self.shown.append(headline)


def test_an_icon_shows_notes_and_a_click_on_one_of_several_opens_the_list(
    looks: Callable[..., Looks],
) -> None:
    here = looks()
    icon = Icon(here.window)
    here.notes.use_icon(icon)
    here.show("One")
    icon.messageClicked.emit()
    here.show("Two", "Three")
    icon.messageClicked.emit()
    assert icon.shown == ["One", "Two", "Three"]
    assert here.opened == ["One", "look"]
    here.notes._together.stop()  # a while later
    here.show("Four")
    icon.messageClicked.emit()
    assert here.opened == ["One", "look", "Four"]
    assert not here.toast.isVisible()


# What a window tells


def headline(window: EmployeeWindow) -> str:
    return window.toast.headline.text() if window.toast.isVisible() else ""


def told(window: EmployeeWindow, qtbot: QtBot, words: str) -> None:
    qtbot.waitUntil(lambda: headline(window) == words, timeout=PATIENCE)


def nothing_is_told(window: EmployeeWindow) -> bool:
    """Neither now nor in a moment."""
    return headline(window) == "" and window.telling.notes._waiting == []


def pulled(window: EmployeeWindow, changes: Changes) -> None:
    """A run brought these."""
    window.show_report(Report(State.SYNCED, device_clock(), changes, 0, 0, 0))


def test_what_others_do_is_told_and_what_was_there_at_first_is_not(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    seal = server.task("ana", title="Replace pump seal")
    window = open_desk(open_window)
    assert window.notices.unread == 1
    assert nothing_is_told(window)
    assert window._settings.value(TOLD) is not None

    belt = server.task("ana", title="Belt")
    window.chip.click()
    told(window, qtbot, "New task")
    assert "“Belt”" in window.toast.sentence.text()
    press(qtbot, window.toast.button)
    assert window.cards.selected_id == belt
    assert window.notices.unread == 1  # what was opened is read

    server.device("rita").do("edit_fields", seal, {"fields": {"priority": "URGENT"}})
    window.chip.click()
    words = "Priority now urgent: Replace pump seal"
    told(window, qtbot, words)
    assert window.toast.sentence.text() == "Changed by Rita Okafor."
    press(qtbot, window.toast.button)
    assert window.cards.selected_id == seal


def test_own_changes_are_not_told_when_the_server_has_them(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    seal = server.task("ana", title="Seal")
    window = open_desk(open_window)
    window._acted(seal, Kind.HOLD, None)
    qtbot.waitUntil(lambda: server.seen("ana", seal)["status"] == "ON_HOLD", timeout=PATIENCE)
    server.device("ana").do("resume", seal)  # on another device
    window.chip.click()
    qtbot.waitUntil(
        lambda: window.board.views[seal].task.status is Status.IN_PROGRESS, timeout=PATIENCE
    )
    settle()
    assert headline(window) == "On hold: Seal"
    assert window.telling.notes._waiting == []


def test_it_is_not_told_again_after_a_restart_and_what_came_meanwhile_is(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    made = open_window("ana")
    window = made.window
    assert isinstance(window, EmployeeWindow)
    server.task("ana", title="Belt")
    window.chip.click()
    told(window, qtbot, "New task")
    close(made)
    again = open_desk(open_window)
    settle()
    assert nothing_is_told(again)
    assert again.notices.unread == 1


def test_settings_are_heeded_at_once(desk: Desk, qtbot: QtBot) -> None:
    window = desk(task(SEAL, title="Seal"))
    window.begin()
    window.change_settings(Settings(notify_changed=False, notify_assigned=False))
    seal = task(SEAL, title="Seal", priority=Priority.HIGH, version=2)
    window.work.confirmed.apply(page(11, tasks=[seal], notifications=[notice(1)]), device_clock())
    pulled(window, Changes(frozenset({SEAL}), notifications=True))
    assert nothing_is_told(window)
    window.change_settings(Settings())
    seal = replace(seal, priority=Priority.LOW, version=3)
    window.work.confirmed.apply(page(12, tasks=[seal], notifications=[notice(2)]), device_clock())
    pulled(window, Changes(frozenset({SEAL}), notifications=True))
    told(window, qtbot, "2 things are new")
    assert window.toast.sentence.text() == (
        "Priority now low: Seal\nRita Okafor assigned you “Fix the pump”."
    )


def test_of_many_three_are_told_and_the_rest_is_counted_which_opens_the_list(
    desk: Desk, qtbot: QtBot
) -> None:
    window = desk(task(SEAL))
    window.begin()
    rows = [notice(number, SEAL, message=f"News {number}") for number in range(1, 9)]
    window.work.confirmed.apply(page(11, notifications=rows), device_clock())
    pulled(window, Changes(notifications=True))
    told(window, qtbot, "4 things are new")
    assert window.toast.sentence.text() == "News 1\nNews 2\nNews 3\n5 more"
    press(qtbot, window.toast.button)
    assert window._page == NOTIFICATIONS


def test_a_restored_server_tells_nothing_twice_and_goes_on_from_its_own_count(
    desk: Desk, qtbot: QtBot
) -> None:
    window = desk(notifications=[notice(7)])
    window.begin()
    assert window._settings.value(TOLD) == 7
    restored = page(3, epoch="e2", snapshot=True, notifications=[notice(4)])
    window.work.confirmed.apply(restored, device_clock())
    pulled(window, Changes(everything=True, people=True, notifications=True))
    assert nothing_is_told(window)
    window.work.confirmed.apply(page(5, epoch="e2", notifications=[notice(5)]), device_clock())
    pulled(window, Changes(notifications=True))
    told(window, qtbot, "New task")


def test_a_click_brings_a_hidden_window_forward(desk: Desk, qtbot: QtBot) -> None:
    window = desk(task(SEAL), task(BELT, number=2))
    window.begin()
    window.hide()
    window.telling.open(f"tracker://task/{BELT}")
    assert window.isVisible()
    assert window.cards.selected_id == BELT
