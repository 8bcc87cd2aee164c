"""The detail pane, pressed like a person would: nothing typed is lost, nothing else is pressed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import new_id, page, task
from tests.support.server import START, RunningServer
from tests.support.windows import (
    ANA,
    PATIENCE,
    PROJECT,
    RITA,
    Open,
    card_of,
    delivered,
    open_desk,
    press,
    settle,
    task_id,
    waits,
)
from tests.ui.conftest import close
from tracker.cache.drafts import COMMENT_DRAFT
from tracker.domain.change import Kind
from tracker.domain.task import Assignment, Comment, Dependency, Part, Project, Status
from tracker.services.workspace import device_clock
from tracker.ui.dialogs.choosing import Chooser
from tracker.ui.dialogs.task import TaskDialog
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.rows import Line

Desk = Callable[..., EmployeeWindow]
ONE, TWO, THREE = task_id(1), task_id(2), task_id(3)


def details_of(window: EmployeeWindow, wanted: str) -> EmployeeWindow:
    """Chooses the card, with the pane beside it filled."""
    window.show_pane(True)
    card_of(window, wanted)
    settle()
    window._fill_pane()
    assert window.pane.isVisible()
    return window


def last(window: EmployeeWindow) -> tuple[Kind, dict[str, object]]:
    made = window.work.outbox.waiting()[-1].action
    return made.kind, dict(made.args)


def lines(section_lines: list[Line]) -> list[Line]:
    return [line for line in section_lines if line.isVisible()]


def comment(number: int, by: str = ANA, text: str = "said", on: str = ONE) -> Comment:
    return Comment(new_id(), on, by, f"{text} {number}", START + number, START + number)


def typed(qtbot: QtBot, window: EmployeeWindow, words: str) -> None:
    qtbot.keyClicks(window.pane.box, words)


def made(*parts: Part) -> dict[str, object]:
    """Ana has these parts on tasks 1, 2 …"""
    rows = [Assignment(task_id(n), ANA, p, 100, RITA, START) for n, p in enumerate(parts, 1)]
    return {"assignments": rows}


# Taking on, editing


def test_a_task_is_accepted_once(desk: Desk, qtbot: QtBot) -> None:
    window = details_of(desk(task(ONE)), ONE)
    press(qtbot, window.pane.accept)
    assert last(window) == (Kind.ACCEPT, {})
    settle()
    assert not window.pane.accept.isVisible()
    assert waits(window) == 1


def test_a_task_of_somebody_else_offers_nothing_that_is_refused(desk: Desk) -> None:
    window = details_of(desk(task(ONE), task(TWO), **made(Part.WATCHER, Part.REVIEWER)), ONE)
    pane = window.pane
    for part in (pane.accept, pane.edit, pane.cancel, pane.timer, pane.log, pane.add_need):
        assert not part.isVisible()
    assert pane.send.isVisible()
    assert not pane.rating.isVisible()


def own(number: int = 1, **over: object) -> object:
    return task(task_id(number), number=number, created_by=ANA, title="Own", **over)


def edit(window: EmployeeWindow, qtbot: QtBot) -> TaskDialog:
    press(qtbot, window.pane.edit)
    (dialog,) = [one for one in window.findChildren(TaskDialog) if one.isVisible()]
    return dialog


def test_an_own_task_is_edited_and_only_what_was_changed_is_sent(desk: Desk, qtbot: QtBot) -> None:
    odd = START + 12_345  # nobody can type such a due
    window = details_of(
        desk(
            own(due_at=odd, description="one\r\ntwo", project_id=PROJECT),
            projects=[Project(PROJECT, 1, "Hall B", True)],
        ),
        ONE,
    )
    dialog = edit(window, qtbot)
    press(qtbot, dialog.button)
    assert waits(window) == 0, "nothing was changed"
    dialog = edit(window, qtbot)
    dialog.fields.title.edit.clear()
    qtbot.keyClicks(dialog.fields.title.edit, "Other")
    qtbot.keyClick(dialog.fields.title.edit, Qt.Key.Key_Return)
    assert last(window) == (Kind.EDIT_FIELDS, {"fields": {"title": "Other"}})
    settle()
    assert window.pane.title.text() == "Other"
    assert window.board.views[ONE].task.due_at == odd
    assert window.board.views[ONE].task.project_id == PROJECT


def test_a_new_due_goes_out_whole_and_wrong_ones_stay_in_the_form(desk: Desk, qtbot: QtBot) -> None:
    window = details_of(desk(own(due_at=START)), ONE)
    dialog = edit(window, qtbot)
    dialog.fields.due.edit.setText("someday")
    press(qtbot, dialog.button)
    assert dialog.isVisible()
    assert "(E2004)" in dialog.fields.problem("due")
    assert waits(window) == 0
    dialog.fields.due.edit.setText("2031-01-02")
    press(qtbot, dialog.button)
    assert last(window)[1] == {"fields": {"due_at": None, "due_date": "2031-01-02"}}


# Comments


def test_a_comment_is_sent_and_its_field_is_empty(desk: Desk, qtbot: QtBot) -> None:
    window = details_of(desk(task(ONE)), ONE)
    typed(qtbot, window, "Seal is worn")
    qtbot.keyClick(window.pane.box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert last(window)[1]["text"] == "Seal is worn"
    assert window.pane.box.toPlainText() == ""
    assert window.work.outbox.draft(ONE, COMMENT_DRAFT) == ""
    press(qtbot, window.pane.send)
    assert waits(window) == 1, "an empty one is none"


def test_half_a_comment_outlives_selection_news_and_restart(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    one, two = server.task("ana", title="One"), server.task("ana", title="Two")
    opened = open_window("ana")
    window = opened.window
    assert isinstance(window, EmployeeWindow)
    details_of(window, one)
    typed(qtbot, window, "half a ")
    details_of(window, two)
    assert window.pane.box.toPlainText() == ""
    typed(qtbot, window, "other")
    details_of(window, one)
    assert window.pane.box.toPlainText() == "half a "
    server.device("rita").do("comment", one, {"comment_id": server.new_id(), "text": "news"})
    press(qtbot, window.chip)
    qtbot.waitUntil(lambda: window.board.views[one].task.comment_count == 1, timeout=PATIENCE)
    settle()
    assert window.pane.box.toPlainText() == "half a "
    typed(qtbot, window, "com")
    close(opened)
    again = details_of(open_desk(open_window), one)
    assert again.pane.box.toPlainText() == "half a com"
    details_of(again, two)
    assert again.pane.box.toPlainText() == "other"


def test_an_own_comment_is_changed_and_half_of_that_outlives_selection(
    desk: Desk, qtbot: QtBot
) -> None:
    mine, hers = comment(1), comment(2, RITA)
    window = details_of(desk(task(ONE), task(TWO), comments=[mine, hers]), ONE)
    typed(qtbot, window, "new one")
    first, second = lines(window.pane.comments.lines)
    assert "Edit" not in second.buttons
    press(qtbot, first.buttons["Edit"])
    assert window.pane.box.toPlainText() == "said 1"
    window.pane.box.selectAll()
    typed(qtbot, window, "better")
    details_of(window, TWO)
    assert window.pane.box.toPlainText() == ""
    details_of(window, ONE)
    assert window.pane.box.toPlainText() == "new one"
    press(qtbot, lines(window.pane.comments.lines)[0].buttons["Edit"])
    assert window.pane.box.toPlainText() == "better"
    press(qtbot, window.pane.send)
    assert last(window) == (Kind.EDIT_COMMENT, {"comment_id": mine.id, "text": "better"})
    assert window.pane.box.toPlainText() == "new one"
    settle()
    press(qtbot, lines(window.pane.comments.lines)[0].buttons["Edit"])
    assert window.pane.box.toPlainText() == "better", "as it is now, and no draft of it"


def test_giving_up_a_change_gives_it_up(desk: Desk, qtbot: QtBot) -> None:
    window = details_of(desk(task(ONE), comments=[comment(1)]), ONE)
    press(qtbot, lines(window.pane.comments.lines)[0].buttons["Edit"])
    typed(qtbot, window, " and more")
    press(qtbot, window.pane.stop_editing)
    assert (window.pane.box.toPlainText(), waits(window)) == ("", 0)
    press(qtbot, lines(window.pane.comments.lines)[0].buttons["Edit"])
    assert window.pane.box.toPlainText() == "said 1"


def test_an_answer_says_whom_it_answers_also_after_looking_elsewhere(
    desk: Desk, qtbot: QtBot
) -> None:
    hers = comment(1, RITA)
    window = details_of(desk(task(ONE), task(TWO), comments=[hers]), ONE)
    press(qtbot, lines(window.pane.comments.lines)[0].buttons["Reply"])
    assert window.pane.answering.text() == "Replying to Rita Okafor"
    typed(qtbot, window, "yes")
    details_of(window, TWO)
    assert not window.pane.answering.isVisible()
    details_of(window, ONE)
    press(qtbot, window.pane.send)
    kind, args = last(window)
    assert (kind, args["text"], args["parent_id"]) == (Kind.COMMENT, "yes", hers.id)
    typed(qtbot, window, "and a new thread")
    press(qtbot, window.pane.send)
    assert "parent_id" not in last(window)[1]


def test_what_people_write_is_shown_as_plain_text(desk: Desk) -> None:
    evil = "<img src='http://evil.example/x.png'><b>bold</b>"
    window = details_of(
        desk(task(ONE, title=evil, description=evil), comments=[comment(1, RITA, evil)]), ONE
    )
    for words in (window.pane.title, window.pane.description):
        assert words.text().replace("\u200b", "") == evil  # where a long word may be broken
        assert words.textFormat() is Qt.TextFormat.PlainText
    (line,) = lines(window.pane.comments.lines)
    assert all(one.textFormat() is Qt.TextFormat.PlainText for one in line._words)


# Time, rating, what it waits for


def test_time_is_logged_and_what_is_no_time_stays_and_is_said(desk: Desk, qtbot: QtBot) -> None:
    window = details_of(desk(task(ONE), task(TWO)), ONE)
    pane = window.pane
    qtbot.keyClicks(pane.minutes.edit, "a while")
    press(qtbot, pane.log)
    assert "(E2024)" in pane.log_problem.text()
    assert (pane.minutes.edit.text(), waits(window)) == ("a while", 0)
    pane.minutes.edit.setText("1h 30")
    qtbot.keyClick(pane.minutes.edit, Qt.Key.Key_Return)
    kind, args = last(window)
    assert (kind, args["minutes"]) == (Kind.LOG_TIME, 90)
    assert pane.minutes.edit.text() == ""
    assert not pane.log_problem.isVisible()
    settle()
    assert pane.time.title.text() == "Time: 1 h 30 min"
    pane.minutes.edit.setText("-2h")
    press(qtbot, pane.log)
    assert "(E5037)" in window.toast.headline.text()
    assert pane.minutes.edit.text() == "-2h"


def test_a_reviewer_rates_what_is_done(desk: Desk, qtbot: QtBot) -> None:
    done = task(ONE, status=Status.COMPLETED, progress=100, completed_at=START)
    window = details_of(desk(done, **made(Part.REVIEWER)), ONE)
    press(qtbot, window.pane.stars[3])
    assert last(window)[1]["rating"] == 4
    settle()
    assert [star.isChecked() for star in window.pane.stars] == [False, False, False, True, False]
    assert "Rated 4 of 5" in window.pane.about.text()


def test_what_a_task_waits_for_is_added_opened_and_taken_off(desk: Desk, qtbot: QtBot) -> None:
    window = details_of(desk(own(1), own(2), own(3)), ONE)
    pane = window.pane
    press(qtbot, pane.add_need)
    (chooser,) = [one for one in window.findChildren(Chooser) if one.isVisible()]
    assert len(chooser._listed) == 2, "not for itself"
    qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)
    assert last(window)[0] is Kind.DEPEND
    settle()
    (line,) = lines(pane.needs.lines)
    press(qtbot, line.buttons["Remove"])
    assert last(window)[0] is Kind.UNDEPEND
    settle()
    assert lines(pane.needs.lines) == []


# The keyboard


def focused() -> QWidget | None:
    return QApplication.focusWidget()


@pytest.fixture
def active(desk: Desk, qtbot: QtBot) -> Desk:
    def make(*tasks: object, **more: object) -> EmployeeWindow:
        window = details_of(desk(*tasks, **more), ONE)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    return make


def test_a_second_space_takes_off_no_other_need(active: Desk, qtbot: QtBot) -> None:
    needs = [Dependency(ONE, one, RITA, START) for one in (TWO, THREE)]
    window = active(own(1), own(2), own(3), dependencies=needs)
    first, _ = lines(window.pane.needs.lines)
    first.buttons["Remove"].setFocus()
    qtbot.keyClick(first.buttons["Remove"], Qt.Key.Key_Space)
    settle()
    assert len(lines(window.pane.needs.lines)) == 1
    assert focused() is window.pane.area
    qtbot.keyClick(window.pane.area, Qt.Key.Key_Space)
    settle()
    assert waits(window) == 1


def test_news_above_leave_the_keyboard_at_its_comment(active: Desk, qtbot: QtBot) -> None:
    old = comment(5, RITA)
    window = active(task(ONE), comments=[old])
    lines(window.pane.comments.lines)[0].buttons["Reply"].setFocus()
    earlier = comment(1, RITA)  # made offline, it arrives late
    window.work.confirmed.apply(page(11, comments=[earlier]), device_clock())
    from tracker.domain.page import Changes

    window.show_changes(Changes(frozenset({ONE})))
    settle()
    first, second = lines(window.pane.comments.lines)
    assert first.row is not None
    assert second.row is not None
    assert (first.row.key, second.row.key) == (earlier.id, old.id)
    assert focused() is second.buttons["Reply"]


@pytest.mark.parametrize("name", ["accept", "cancel", "stop_editing", "all_comments"])
def test_a_button_that_goes_hands_the_keyboard_to_no_other_one(
    active: Desk, qtbot: QtBot, name: str
) -> None:
    window = active(own(1), comments=[comment(n) for n in range(30)])
    if name == "stop_editing":
        press(qtbot, lines(window.pane.comments.lines)[0].buttons["Edit"])
    button = getattr(window.pane, name)
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    settle()
    assert not button.isVisible()
    assert not isinstance(focused(), QAbstractButton)


# Older history


def test_older_history_comes_from_the_server_and_once(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    wanted = server.task("ana")
    rita = server.device("rita")
    for percent in range(1, 61):
        rita.do("set_progress", wanted, {"percent": percent})
    window = details_of(open_desk(open_window), wanted)
    pane = window.pane
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    before = pane.history.shown
    assert before < 61
    pane.older.setFocus()
    press(qtbot, pane.older)
    assert not isinstance(focused(), QAbstractButton), "the keyboard went to another button"
    for _ in range(5):
        qtbot.waitUntil(pane.older.isEnabled, timeout=PATIENCE)
        if not pane.older.isVisible():
            break
        press(qtbot, pane.older)
    assert pane.history.shown == 61
    keys = [line.row.key for line in lines(pane.history.lines) if line.row]
    assert len(set(keys)) == 61
    delivered(window, qtbot)


def test_without_a_server_older_history_can_be_asked_for_again(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    wanted = server.task("ana")
    rita = server.device("rita")
    for percent in range(1, 61):
        rita.do("set_progress", wanted, {"percent": percent})
    window = details_of(open_desk(open_window), wanted)
    server.stop()
    press(qtbot, window.pane.older)
    qtbot.waitUntil(
        lambda: window.toast.headline.text() == "Unable to load older history (E4001)",
        timeout=PATIENCE,
    )
    assert window.pane.older.isEnabled()
