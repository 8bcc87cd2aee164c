"""What a screen reader hears: what each painted widget is, and what appears without the focus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.windows import card_of, press, task_id
from tracker.services.status import SyncStatus
from tracker.services.status import banner as told
from tracker.sync.engine import State
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import MonitorWindow
from tracker.ui.widgets.shell import WAITING

Desk = Callable[..., EmployeeWindow]
Role = QAccessible.Role
POLITE = QAccessible.AnnouncementPoliteness.Polite
ASSERTIVE = QAccessible.AnnouncementPoliteness.Assertive


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    said: list[tuple[str, object]] = []

    def hear(event: QAccessibleAnnouncementEvent) -> None:
        said.append((event.message(), event.politeness()))

    monkeypatch.setattr(QAccessible, "updateAccessibility", hear)
    return said


def role(widget: QWidget | None) -> QAccessible.Role:
    return QAccessible.queryAccessibleInterface(widget).role()


def test_painted_widgets_say_what_they_are(
    desk: Desk, monitor: Callable[..., MonitorWindow]
) -> None:
    window, overview = desk(task(task_id(1))), monitor(task(task_id(1)))
    window.tasks.set_progress(task_id(1), 50)
    window.open_page(WAITING)
    overview.cards.select(task_id(1))
    for widget, expected in (
        (window.cards, Role.List),
        (window.cards.card(task_id(1)), Role.ListItem),
        (overview.cards.card(task_id(1)), Role.ListItem),
        (window.waiting_page, Role.List),
        (window.waiting_page.rows[0], Role.ListItem),
        (window.toast, Role.AlertMessage),
        (window.banner, Role.Notification),
        (window.chip, Role.Button),
        (window.rail.rows[WAITING], Role.RadioButton),
    ):
        assert role(widget) is expected, widget


def test_names_say_what_a_button_is_for(desk: Desk, monitor: Callable[..., MonitorWindow]) -> None:
    window, overview = desk(task(task_id(1), title="Seal")), monitor()
    window.tasks.set_progress(task_id(1), 50)
    window.open_page(WAITING)
    assert window.waiting_page.accessibleName() == WAITING
    (row,) = window.waiting_page.rows
    assert row.buttons["Withdraw"].accessibleName() == "Withdraw: Seal"
    assert (overview.grid.person.text(), overview.grid.person.accessibleName()) == (
        "All people", "Person: All people",
    )  # fmt: skip


def test_a_toast_is_announced(desk: Desk, qtbot: QtBot, heard: list[tuple[str, object]]) -> None:
    window = desk(task(task_id(1), title="Seal"))
    card_of(window, task_id(1))
    press(qtbot, window.body.comment)
    press(qtbot, window.body.complete)
    (refused, how), done = heard
    assert refused.startswith("Unable to send the comment (E")
    assert how is ASSERTIVE
    assert done == ("Completed: Seal", POLITE)


def test_the_banner_is_announced_once_for_each_state(
    desk: Desk, heard: list[tuple[str, object]]
) -> None:
    window = desk(task(task_id(1)))
    offline = SyncStatus(State.OFFLINE, 1_000, 2_000)
    for status in (offline, offline, SyncStatus(State.SYNCED, 1_000), offline):
        window.banner.say(told(status, 3_000))
    assert [words.split(".")[0] for words, _ in heard] == ["Working offline"] * 2


def test_what_the_server_cannot_take_is_announced_once(
    desk: Desk, heard: list[tuple[str, object]]
) -> None:
    window = desk(task(task_id(1)))
    stuck = SyncStatus(State.SYNCED, 1_000, waiting=3, parked=1)
    for status in (stuck, stuck, replace(stuck, parked=2), stuck):
        window.chip.show_status(status, 3_000)
    assert heard == [("1 change is stuck", POLITE), ("2 changes are stuck", POLITE)]
    assert window.chip.accessibleName() == "Synchronisation: 1 change is stuck"


def test_the_alarm_is_announced(desk: Desk, heard: list[tuple[str, object]]) -> None:
    window = desk(task(task_id(1)))
    window.banner.say(told(SyncStatus(State.SYNCED, waiting=3, stuck_since=0), 130_000))
    ((words, how),) = heard
    assert words.startswith("Changes wait although the server answers. 3 changes wait since ")
    assert how is POLITE
