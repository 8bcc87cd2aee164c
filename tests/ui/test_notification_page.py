"""The notification centre: what is unread, opened, marked and put away, also without network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.support.client import page, task
from tests.support.notices import notice
from tests.support.server import RunningServer
from tests.support.windows import (
    PATIENCE,
    Open,
    delivered,
    open_desk,
    press,
    settle,
    task_id,
    waits,
)
from tracker.domain.notification import NotificationType
from tracker.domain.page import Changes
from tracker.services.notifications import link_of
from tracker.services.workspace import device_clock
from tracker.ui.employee.notices import EMPTY, NOTIFICATIONS
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.rows import RowWidget

SEAL, BELT = task_id(1), task_id(2)
NOON = round(datetime.now().astimezone().replace(hour=12, minute=0).timestamp()) * 1000
Desk = Callable[..., EmployeeWindow]


def opened(desk: Desk, qtbot: QtBot) -> EmployeeWindow:
    """Ana's window at the page, with one unread and one read."""
    rows = [
        notice(1, SEAL, created_at=NOON - 60_000, read_at=device_clock()),
        notice(2, BELT, title="New comment", message="Rita Okafor wrote on “Belt”: <b>now</b>",
               type=NotificationType.MESSAGE_RECEIVED, created_at=NOON),
    ]  # fmt: skip
    tasks = [task(SEAL, title="Seal"), task(BELT, number=2, title="Belt")]
    window = desk(*tasks, notifications=rows)
    window.begin()
    press(qtbot, window.rail.rows[NOTIFICATIONS])
    return window


def rows_of(window: EmployeeWindow) -> list[RowWidget]:
    settle()  # a row that is new shows with the next event
    return window.notices.list.rows


def titles(window: EmployeeWindow) -> list[str]:
    return [row.accessibleName().split(", ")[0] for row in rows_of(window)]


def test_the_newest_comes_first_and_a_word_says_what_is_unread(desk: Desk, qtbot: QtBot) -> None:
    window = opened(desk, qtbot)
    assert titles(window) == ["Unread · New comment", "New task"]
    first, second = rows_of(window)
    said = "Unread · New comment, 12:00: Rita Okafor wrote on “Belt”: <b>now</b>"
    assert first.accessibleName() == said
    assert (first._edge, second._edge) == ("accent", "line")
    assert list(first.buttons) == ["Open", "Mark read", "Archive"]
    assert list(second.buttons) == ["Open", "Mark unread", "Archive"]
    assert window.rail.rows[NOTIFICATIONS].accessibleName() == "Notifications, 1"


def test_open_goes_to_the_task_and_has_read_it(desk: Desk, qtbot: QtBot) -> None:
    window = opened(desk, qtbot)
    press(qtbot, rows_of(window)[0].buttons["Open"])
    assert window.cards.selected_id == BELT
    assert window.cards.isVisible()
    assert window.notices.unread == 0
    assert window.rail.rows[NOTIFICATIONS].accessibleName() == "Notifications, 0"
    assert waits(window) == 1


def test_one_is_marked_read_and_unread_and_archived_without_network(
    desk: Desk, qtbot: QtBot
) -> None:
    window = opened(desk, qtbot)
    press(qtbot, rows_of(window)[0].buttons["Mark read"])
    assert titles(window) == ["New comment · waiting to send", "New task"]
    press(qtbot, rows_of(window)[1].buttons["Mark unread"])
    assert titles(window)[1] == "Unread · New task · waiting to send"
    press(qtbot, rows_of(window)[0].buttons["Archive"])
    assert titles(window) == ["Unread · New task · waiting to send"]
    assert waits(window) == 3


def test_all_are_read_by_the_button_or_the_command_which_go_with_the_last_unread(
    desk: Desk, qtbot: QtBot
) -> None:
    window = opened(desk, qtbot)
    words = "Mark all notifications as read"

    def listed() -> list[str]:
        return [action.text() for action in window.commands.listed()]

    assert words in listed()
    window.notices.all_read.setFocus()
    qtbot.keyClick(window.notices.all_read, Qt.Key.Key_Return)
    assert titles(window) == ["New comment · waiting to send", "New task"]
    assert not window.notices.all_read.isVisible()
    assert words not in listed()
    assert window.focusWidget() is window.notices.list
    press(qtbot, rows_of(window)[0].buttons["Mark unread"])
    assert window.notices.all_read.isVisible()
    next(a for a in window.commands.listed() if a.text() == words).trigger()
    assert window.notices.unread == 0


def test_without_any_the_page_says_what_comes_here(desk: Desk, qtbot: QtBot) -> None:
    window = desk()
    window.begin()
    press(qtbot, window.rail.rows[NOTIFICATIONS])
    assert window.notices.list._empty.text() == EMPTY
    assert not window.notices.all_read.isVisible()


def test_one_that_a_pull_brings_shows_at_once(desk: Desk, qtbot: QtBot) -> None:
    window = opened(desk, qtbot)
    window.work.confirmed.apply(page(11, notifications=[notice(3)]), device_clock())
    window.show_changes(Changes(notifications=True))
    assert titles(window)[0] == "Unread · New task"
    assert list(rows_of(window)[0].buttons) == ["Mark read", "Archive"]  # it is about no task
    assert window.rail.rows[NOTIFICATIONS].accessibleName() == "Notifications, 2"


def test_the_row_counts_after_the_first_paint_and_the_page_comes_back(
    desk: Desk, qtbot: QtBot
) -> None:
    window = opened(desk, qtbot)
    window.close()
    again = desk(notifications=[notice(1), notice(2)])
    assert again.notices.page.isVisible()
    assert titles(again) == ["Unread · New task"] * 2


@pytest.mark.parametrize(
    ("action_url", "expected"),
    [
        (f"tracker://task/{SEAL}", f"tracker://task/{SEAL}"),
        (f"/tasks/{SEAL}", f"tracker://task/{SEAL}"),
        ("https://elsewhere.example/task", ""),
        ("file:///etc/passwd", ""),
        (None, ""),
    ],
)
def test_nothing_but_a_task_is_opened(action_url: str | None, expected: str) -> None:
    assert link_of(replace(notice(1), action_url=action_url)) == expected


def test_what_is_marked_here_is_marked_on_the_server(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = open_desk(open_window)
    server.task("ana", title="Replace pump seal")
    window.chip.click()
    qtbot.waitUntil(lambda: window.notices.unread == 1, timeout=PATIENCE)
    press(qtbot, window.rail.rows[NOTIFICATIONS])
    assert "Replace pump seal" in rows_of(window)[0].accessibleName()
    press(qtbot, rows_of(window)[0].buttons["Mark read"])
    delivered(window, qtbot)
    assert server.sql("SELECT count(*) FROM notifications WHERE read_at IS NOT NULL") == [(1,)]
    window.chip.click()
    qtbot.waitUntil(lambda: "waiting" not in rows_of(window)[0].accessibleName(), timeout=PATIENCE)


def test_those_behind_the_first_hundred_come_when_asked_for(desk: Desk, qtbot: QtBot) -> None:
    notices = [notice(n, SEAL, created_at=NOON + n) for n in range(1, 251)]
    window = desk(task(SEAL, title="Seal"), notifications=notices)
    window.begin()
    press(qtbot, window.rail.rows[NOTIFICATIONS])
    more = window.notices.list.more
    assert len(rows_of(window)) == 100
    assert (more.text(), more.accessibleName()) == (
        "Show 100 more", "Show 100 more of 150 that are not shown",
    )  # fmt: skip
    first = rows_of(window)[0]

    rows_of(window)[99].buttons["Archive"].setFocus()
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    assert window.focusWidget() is more
    qtbot.keyClick(more, Qt.Key.Key_Return)
    assert len(rows_of(window)) == 200
    assert rows_of(window)[0] is first
    assert more.text() == "Show 50 more"
    assert window.focusWidget() is rows_of(window)[100].buttons["Open"]

    window.work.confirmed.apply(page(11, notifications=[notice(251)]), device_clock())
    window.show_changes(Changes(notifications=True))
    assert len(rows_of(window)) == 200, "what was asked for stays when something comes"
    assert more.text() == "Show 51 more"

    more.setFocus()
    qtbot.keyClick(more, Qt.Key.Key_Space)
    assert len(rows_of(window)) == 251
    assert not more.isVisible()
    assert [row.key for row in rows_of(window)] == [row.id for row, _ in window.notices.rows]


def test_what_is_left_may_go_while_the_keyboard_is_on_the_button(desk: Desk, qtbot: QtBot) -> None:
    window = desk(notifications=[notice(n) for n in range(1, 102)])
    window.begin()
    press(qtbot, window.rail.rows[NOTIFICATIONS])
    more = window.notices.list.more
    assert more.text() == "Show 1 more"
    more.setFocus()
    archived = notice(1, archived_at=device_clock())
    window.work.confirmed.apply(page(11, notifications=[archived]), device_clock())
    window.show_changes(Changes(notifications=True))
    assert len(rows_of(window)) == 100
    assert not more.isVisible()
    assert window.focusWidget() is window.notices.list
