"""The tray: what it says and does, asked of its model, as Qt's offscreen platform has none; and
closing into it, where the system says that it has one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from PySide6.QtGui import QAction, QColor, QImage
from PySide6.QtWidgets import QDialog, QMenu, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from tests.support.client import page, task
from tests.support.notices import notice
from tests.support.server import HOUR, RunningServer
from tests.support.windows import PATIENCE, Open, open_desk, settle, task_id, waits
from tracker.config import Settings
from tracker.domain.change import Kind
from tracker.domain.page import Changes
from tracker.domain.task import Priority, Status, Task
from tracker.services.board import Filter, Place
from tracker.services.status import SyncStatus
from tracker.services.workspace import device_clock
from tracker.sync.engine import Report, State
from tracker.ui.employee import tray as shows
from tracker.ui.employee.tray import Entry, dot_of, state_of
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.theme import icons, tokens

SEAL, BELT = task_id(1), task_id(2)
shows_icon = pytest.mark.qt_log_ignore("No such signal QPlatformNativeInterface::systemTray")
"""The offscreen platform says this of an icon."""
Desk = Callable[..., EmployeeWindow]


def doing(number: int, **over: object) -> Task:
    known = {"status": Status.IN_PROGRESS, "progress": 40, "number": number, **over}
    return task(task_id(number), **known)


def words_of(entries: Iterable[Entry]) -> list[str]:
    return [entry.words for entry in entries]


def begun(desk: Desk, *tasks: Task, **more: object) -> EmployeeWindow:
    window = desk(*tasks, **more)
    window.begin()
    return window


def in_menu(window: EmployeeWindow, words: str, under: str = "") -> QAction:
    """The line of the real menu, which a press on the icon opens."""
    menu: QMenu | None = window.tray.menu
    assert menu is not None
    if under:
        parent = next(a for a in menu.actions() if a.text().startswith(under))
        menu = parent.menu()  # type: ignore[assignment]
        assert menu is not None
    return next(action for action in menu.actions() if action.text() == words)


def shown(window: EmployeeWindow, qtbot: QtBot, words: str, under: str = "") -> QAction:
    """The same, once it is there."""

    def there() -> bool:
        try:
            return in_menu(window, words, under) is not None
        except StopIteration:
            return False

    qtbot.waitUntil(there, timeout=PATIENCE)
    return in_menu(window, words, under)


# What it says


def test_it_says_how_things_are_and_what_is_in_progress(desk: Desk) -> None:
    now = device_clock()
    late = doing(1, title="Seal", due_at=now - HOUR)
    done = task(task_id(3), number=3, status=Status.COMPLETED)
    window = begun(desk, late, doing(2, title="Belt"), done, notifications=[notice(1, SEAL)])
    window.status = SyncStatus(State.OFFLINE, now, now, waiting=2)
    state = state_of(window)
    assert state.tooltip.startswith("Tracker · Offline since ")
    assert state.tooltip.endswith(", 2 waiting · 1 overdue · 1 unread")
    assert words_of(state.entries) == [
        "Open Tracker", "Overdue (1)", "", "Seal · 40 %", "Belt · 40 %", "",
        "Synchronise now", "", "Quit",
    ]  # fmt: skip
    assert words_of(state.entries[3].below) == ["+10 %", "Complete", "Open"]


def test_five_tasks_at_most_the_soonest_due_first_and_only_those_one_may_move(desk: Desk) -> None:
    now = device_clock()
    tasks = [doing(n, title=f"T{n}", due_at=now + (9 - n) * HOUR) for n in range(1, 8)]
    watched = doing(8, title="Watched", due_at=now)
    window = desk(*tasks, watched)
    window.board.views[watched.id] = replace(window.board.views[watched.id], people=())
    found = [entry.words[:2] for entry in state_of(window).entries if entry.below]
    assert found == ["T7", "T6", "T5", "T4", "T3"]


def test_what_it_says_leaves_the_list_of_the_window_as_it_is(desk: Desk) -> None:
    """With 10,000 tasks, arranging that list again takes some milliseconds."""
    window = begun(desk, doing(1, title="Seal"), task(BELT, number=2))
    shown_ids = window.cards.ids
    assert len(shown_ids) == 2
    assert words_of(state_of(window).entries)[3] == "Seal · 40 %"
    assert window.board.select(Filter(), window.now()) is shown_ids
    changed = window.work.confirmed.apply(
        page(9, tasks=[doing(1, title="Seal", progress=60, version=2)]), device_clock()
    )
    window.show_changes(changed)
    assert window.cards.ids is shown_ids
    assert words_of(state_of(window).entries)[3] == "Seal · 60 %"


def test_a_title_in_the_menu_reads_in_its_own_order(desk: Desk) -> None:
    window = desk(doing(1, title="\u202eevil"))
    assert words_of(state_of(window).entries)[3] == "evil · 40 %"


def test_a_long_title_is_cut_and_an_ampersand_is_one(desk: Desk, qtbot: QtBot) -> None:
    window = begun(desk, doing(1, title="Valves & pipes\nof   " + "hall " * 20))
    words = next(entry.words for entry in state_of(window).entries if entry.below)
    assert words == "Valves & pipes of hall hall hall hall hall… · 40 %"
    assert in_menu(window, "Open", under="Valves && pipes of hall")


@pytest.mark.parametrize(
    ("status", "dot"),
    [
        (SyncStatus(), ""),
        (SyncStatus(State.SYNCED, waiting=3), ""),
        (SyncStatus(State.OFFLINE), "warning"),
        (SyncStatus(State.SIGN_IN), "warning"),
        (SyncStatus(State.FAULT), "warning"),
        (SyncStatus(State.SYNCED, tray=1), "danger"),
        (SyncStatus(State.OFFLINE, waiting=1, parked=1), "danger"),
        (SyncStatus(State.SYNCED, waiting=1, stuck_since=1), "danger"),
    ],
)
def test_a_dot_says_that_something_is_to_be_looked_at(status: SyncStatus, dot: str) -> None:
    assert dot_of(status) == dot


@pytest.mark.parametrize("dot", ["warning", "danger"])
@pytest.mark.parametrize("size", [16, 32, 128])
def test_the_dot_is_on_the_icon(dot: str, size: int) -> None:
    def corner(image: QImage) -> QColor:
        return image.pixelColor(round(size * 0.75), round(size * 0.25))

    plain = icons.app_icon().pixmap(size, size).toImage()
    dotted = icons.app_icon(dot).pixmap(size, size).toImage()
    assert corner(plain) != corner(dotted)
    wanted = QColor(getattr(tokens.DARK, dot))
    found = corner(dotted)
    assert abs(found.hue() - wanted.hue()) < 12
    assert plain.pixelColor(size // 4, size // 4) == dotted.pixelColor(size // 4, size // 4)


def test_it_follows_the_window(desk: Desk, qtbot: QtBot) -> None:
    window = begun(desk, doing(1, title="Seal"))
    assert window.tray.icon is not None
    assert window.tray.icon.toolTip().startswith("Tracker · Checking")
    window._acted(SEAL, Kind.SET_PROGRESS, 70)
    shown(window, qtbot, "Open", under="Seal · 70 %")
    window.show_report(Report(State.OFFLINE, device_clock(), Changes(), 0, 1, 0))
    qtbot.waitUntil(lambda: "Offline since" in window.tray.icon.toolTip(), timeout=PATIENCE)  # type: ignore[union-attr]


# What it does


def test_ten_percent_more_and_complete(desk: Desk, qtbot: QtBot) -> None:
    window = begun(desk, doing(1, title="Seal", progress=85))
    in_menu(window, "+10 %", under="Seal").trigger()
    assert window.board.views[SEAL].task.progress == 95
    shown(window, qtbot, "+10 %", under="Seal · 95 %").trigger()
    assert window.board.views[SEAL].task.status is Status.COMPLETED
    assert window.board.views[SEAL].task.progress == 100
    assert waits(window) == 2


def test_who_does_not_see_the_window_is_told_what_was_done(desk: Desk, qtbot: QtBot) -> None:
    window = begun(desk, doing(1, title="Seal"))
    window.toast.hide()
    window.hide()
    in_menu(window, "Complete", under="Seal").trigger()
    assert not window.isVisible()
    notes = window.telling.notes._waiting  # for the window, as there is no desktop to tell
    assert [note.headline for note in notes] == ["Completed: Seal"]
    assert window.toast.button.text() == "Undo"


def test_what_cannot_be_done_brings_the_window_which_says_why(desk: Desk) -> None:
    window = begun(desk, doing(1, title="Seal"))
    window.hide()
    cancelled = doing(1, status=Status.CANCELLED, version=2)
    window.work.confirmed.apply(page(11, tasks=[cancelled]), device_clock())
    window.tray.press(("complete", SEAL))
    assert window.isVisible()
    assert window.toast.headline.text().startswith("Unable to complete the task (E")


def test_open_and_overdue_bring_the_window_to_the_place(desk: Desk, qtbot: QtBot) -> None:
    late = doing(2, title="Belt", due_at=device_clock() - HOUR)
    window = begun(desk, doing(1, title="Seal"), late)
    window.hide()
    in_menu(window, "Open", under="Seal").trigger()
    assert window.isVisible()
    assert window.cards.selected_id == SEAL
    window.hide()
    in_menu(window, "Overdue (1)").trigger()
    assert window.isVisible()
    assert window._page == Place.OVERDUE.value
    window.hide()
    window.tray._activated(QSystemTrayIcon.ActivationReason.Context)
    assert not window.isVisible()
    window.tray._activated(QSystemTrayIcon.ActivationReason.Trigger)
    assert window.isVisible()


def test_a_timer_can_be_stopped_while_one_runs(desk: Desk, qtbot: QtBot) -> None:
    window = begun(desk, doing(1, title="Seal"))
    window.toggle_timer(SEAL)
    stop = shown(window, qtbot, "Stop timer: Seal")
    stop.trigger()
    assert window.working.timing.task_id == ""
    qtbot.waitUntil(
        lambda: "Stop timer: Seal" not in words_of(window.tray.state.entries),  # type: ignore[union-attr]
        timeout=PATIENCE,
    )


def test_activity_is_paused_and_goes_on(desk: Desk, qtbot: QtBot) -> None:
    window = begun(desk)
    assert not {shows.PAUSE, shows.GO_ON} & {*words_of(state_of(window).entries)}
    window.change_settings(Settings(report_activity=True))
    window.hide()
    shown(window, qtbot, shows.PAUSE).trigger()
    assert window.isVisible()  # it asks for a reason
    (dialog,) = [one for one in window.findChildren(QDialog) if one.isVisible()]
    dialog.reject()
    window.working.pause("lunch")
    window.hide()
    shown(window, qtbot, shows.GO_ON).trigger()
    assert window.working.activity.paused is None
    assert not window.isVisible()


def test_synchronise_now_asks_for_it(desk: Desk) -> None:
    window = begun(desk)
    asked: list[bool] = []
    window.sync_wanted.connect(lambda: asked.append(True))
    in_menu(window, "Synchronise now").trigger()
    assert asked == [True]


@shows_icon
def test_quit_ends_it_also_where_closing_would_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_tray(monkeypatch)
    window = begun(desk)
    ended: list[bool] = []
    window.closed.connect(lambda: ended.append(True))
    in_menu(window, "Quit").trigger()
    assert ended == [True]
    assert window.tray.icon is None


# Closing


def has_tray(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system says that it has one."""
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    monkeypatch.setattr(QSystemTrayIcon, "supportsMessages", staticmethod(lambda: False))


def test_where_there_is_no_tray_closing_ends_it(desk: Desk) -> None:
    window = begun(desk)
    ended: list[bool] = []
    window.closed.connect(lambda: ended.append(True))
    window.close()
    assert ended == [True]


@shows_icon
def test_closing_hides_it_in_the_tray_and_says_so_the_first_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_tray(monkeypatch)
    window = begun(desk)
    ended: list[bool] = []
    window.closed.connect(lambda: ended.append(True))
    window.close()
    assert not window.isVisible()
    assert ended == []
    (note,) = window.telling.notes._waiting  # the offscreen platform shows none
    assert note.headline == "Tracker goes on"
    window.come_forward()
    window.close()
    assert window.telling.notes._waiting == [note]

    window.come_forward()
    window.change_settings(Settings(close_to_tray=False))
    window.close()
    assert ended == [True]


@shows_icon
def test_where_the_tray_went_away_closing_ends_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_tray(monkeypatch)
    window = begun(desk)
    ended: list[bool] = []
    window.closed.connect(lambda: ended.append(True))
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: False))
    window.close()
    assert ended == [True]


@shows_icon
def test_a_hidden_window_goes_on_synchronising(
    server: RunningServer, open_window: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_tray(monkeypatch)
    window = open_desk(open_window)
    window.close()
    assert not window.isVisible()
    late = server.task("ana", title="Belt", priority=Priority.HIGH.value)
    server.device("ana").do("start", late)
    window.sync_wanted.emit()
    shown(window, qtbot, "+10 %", under="Belt · 0 %").trigger()
    qtbot.waitUntil(lambda: server.seen("ana", late)["progress"] == 10, timeout=PATIENCE)
    assert window.tray.icon is not None
    qtbot.waitUntil(
        lambda: window.tray.icon.toolTip().startswith("Tracker · Synced "), timeout=PATIENCE
    )  # type: ignore[union-attr]
    settle()
    window.quit()
