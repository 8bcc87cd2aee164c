"""The card and its progress bar: what they say, and that one movement is one change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.client import action, page, receipt, task
from tests.support.windows import PROJECT, card_of, press, task_id, waits, where
from tracker.domain.change import Kind
from tracker.domain.page import Changes
from tracker.domain.receipt import Outcome
from tracker.domain.task import Priority, Status
from tracker.services.workspace import device_clock
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets import task_card
from tracker.ui.widgets.progress_track import ProgressTrack

Desk = Callable[..., EmployeeWindow]
HOUR = 3_600_000
LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def track(qtbot: QtBot) -> ProgressTrack:
    made = ProgressTrack()
    qtbot.addWidget(made)
    made.resize(356, 24)
    made.show()
    made.show_progress(40, "accent")
    return made


@pytest.fixture
def commits(track: ProgressTrack) -> list[int]:
    said: list[int] = []
    track.committed.connect(said.append)
    return said


# What the card says


def test_the_card_says_title_priority_status_progress_due_and_mark(desk: Desk) -> None:
    due = device_clock() + 2 * HOUR
    one = task(task_id(1), title="Fix belt", priority=Priority.URGENT, progress=30, due_at=due,
               status=Status.IN_PROGRESS, project_id=PROJECT)  # fmt: skip
    card = card_of(desk(one), one.id)
    said = card.accessibleName()
    assert said == "Fix belt, priority urgent, In progress, 30 %, due in 2 h, saved"
    assert card.track.value() == 30
    assert card.track.accessibleName() == "Progress of Fix belt"


def test_an_overdue_task_says_so_in_words(desk: Desk) -> None:
    one = task(task_id(1), due_at=device_clock() - 72 * HOUR)
    assert "3 days overdue" in card_of(desk(one), one.id).accessibleName()


def test_the_mark_follows_the_change_from_waiting_to_refused(desk: Desk) -> None:
    one = task(task_id(1))
    window = desk(one)
    card = card_of(window, one.id)
    assert card.accessibleName().endswith("saved")
    change = action(Kind.SET_PROGRESS, one.id)
    window.show_changes(window.work.outbox.add([change]))
    assert card.accessibleName().endswith("waiting")
    window.work.outbox.take_batch(device_clock(), 10, 10_000)
    refused = receipt(change, Outcome.REJECTED, code="E5005")
    window.show_changes(window.work.outbox.record([refused], device_clock(), lambda _: 0))
    assert card.accessibleName().endswith("needs attention")


def test_every_mark_and_every_priority_is_painted_in_its_own_way(desk: Desk) -> None:
    """Colour is not the only sign: even in grey no two of them look alike."""
    tasks = [task(task_id(n), title="Same", priority=p) for n, p in enumerate(Priority)]
    window = desk(*tasks)
    pictures = set()
    for one in tasks:
        card = window.cards.card(one.id)
        assert card is not None
        grey = card.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        pictures.add(bytes(grey.constBits()))
    assert len(pictures) == len(tasks)
    assert {words for _, words in task_card._MARKS.values()} == {
        "saved", "waiting", "needs attention",
    }  # fmt: skip


def test_the_opened_card_says_who_else_works_on_it(desk: Desk) -> None:
    one = task(task_id(1), project_id=PROJECT, comment_count=2)
    window = desk(one)
    card = card_of(window, one.id)
    about = "Hall B retrofit · Pending · 2 comments · synced just now"
    assert card._about(window.board.views[one.id]) == about


def test_a_card_says_its_age_when_it_is_too_old_to_trust(desk: Desk) -> None:
    quiet, changed = task(task_id(1), title="Quiet"), task(task_id(2), title="Changed")
    window = desk(quiet, changed)
    window.show_changes(window.work.outbox.add([action(Kind.SET_PROGRESS, changed.id)]))
    seen = [window.cards.card(one.id) for one in (quiet, changed)]
    assert [card.accessibleName().rpartition(", ")[2] for card in seen if card] == [
        "saved", "waiting",
    ]  # fmt: skip
    window.board.synced_at = device_clock() - 2 * HOUR
    window.show_changes(None)
    assert [card.accessibleName().rpartition(", ")[2] for card in seen if card] == [
        "2 h ago", "waiting",
    ]  # fmt: skip


def test_what_people_write_is_not_read_as_markup(desk: Desk) -> None:
    bad = "<img src='file:///etc/passwd'><b>bold</b>"
    one = task(task_id(1), title=bad, description=bad)
    window = desk(one)
    card_of(window, one.id)
    assert window.body._description.text() == bad
    assert window.body._description.textFormat() is Qt.TextFormat.PlainText


# The bar by mouse


def test_a_click_commits_the_place_once(
    track: ProgressTrack, commits: list[int], qtbot: QtBot
) -> None:
    qtbot.mouseClick(track, LEFT, pos=where(track, 75))
    assert commits == [75]


def test_a_drag_commits_only_where_it_ends(
    track: ProgressTrack, commits: list[int], qtbot: QtBot
) -> None:
    qtbot.mousePress(track, LEFT, pos=where(track, 20))
    for percent in (35, 60, 80):
        qtbot.mouseMove(track, where(track, percent))
        assert track.value() == percent
        assert commits == []
    qtbot.mouseRelease(track, LEFT, pos=where(track, 80))
    assert commits == [80]


@pytest.mark.parametrize(("x", "percent"), [(-500, 0), (5_000, 100)])
def test_a_drag_past_the_ends_stays_within_them(
    track: ProgressTrack, commits: list[int], qtbot: QtBot, x: int, percent: int
) -> None:
    qtbot.mousePress(track, LEFT, pos=where(track, 20))
    qtbot.mouseRelease(track, LEFT, pos=QPoint(x, 12))
    assert commits == [percent]


def test_a_drag_that_ends_where_it_began_commits_nothing(
    track: ProgressTrack, commits: list[int], qtbot: QtBot
) -> None:
    qtbot.mousePress(track, LEFT, pos=where(track, 60))
    qtbot.mouseRelease(track, LEFT, pos=where(track, 40))
    assert commits == []


@pytest.mark.qt_log_ignore("Mouse event .* not accepted")
def test_only_the_left_button_moves_the_bar(
    track: ProgressTrack, commits: list[int], qtbot: QtBot
) -> None:
    qtbot.mouseClick(track, Qt.MouseButton.RightButton, pos=where(track, 75))
    assert (commits, track.value()) == ([], 40)


def test_a_refresh_does_not_pull_the_bar_out_of_the_hand(
    track: ProgressTrack, commits: list[int], qtbot: QtBot
) -> None:
    qtbot.mousePress(track, LEFT, pos=where(track, 70))
    track.show_progress(55, "accent")
    assert track.value() == 70
    qtbot.mouseRelease(track, LEFT, pos=where(track, 70))
    assert commits == [70]


@pytest.mark.qt_log_ignore("Mouse event .* not accepted")
def test_a_finished_task_cannot_be_moved(
    track: ProgressTrack, commits: list[int], qtbot: QtBot
) -> None:
    track.editable = False
    qtbot.mouseClick(track, LEFT, pos=where(track, 75))
    qtbot.keyClick(track, Qt.Key.Key_Right)
    assert (commits, track.value()) == ([], 40)


@pytest.mark.parametrize("editable", [True, False])
def test_the_wheel_over_a_bar_scrolls_and_changes_no_number(
    track: ProgressTrack, commits: list[int], editable: bool
) -> None:
    track.editable = editable
    wheel(track, -120)
    assert (commits, track.value()) == ([], 40)


def wheel(over: ProgressTrack, steps: int) -> None:
    at = QPointF(over.rect().center())
    event = QWheelEvent(
        at, QPointF(over.mapToGlobal(at)), QPoint(), QPoint(0, steps), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(over, event)


def test_a_drag_never_ends_on_another_task(desk: Desk, qtbot: QtBot) -> None:
    """The task under the mouse leaves the list; its card goes to the row that moved up."""
    tasks = [task(task_id(n), number=n, title=f"Task {n}", status=Status.IN_PROGRESS,
                  progress=10) for n in range(1, 30)]  # fmt: skip
    window = desk(*tasks)
    window.open_page("In progress")
    first = tasks[0].id
    card = window.cards.card(first)
    assert isinstance(card, task_card.TaskCard)
    qtbot.mousePress(card.track, LEFT, pos=where(card.track, 60))
    done = replace(tasks[0], status=Status.COMPLETED, progress=100, version=2)
    window.work.confirmed.apply(page(11, tasks=[done]), device_clock())
    window.show_changes(Changes(frozenset({first})))
    assert card.card_id != first
    qtbot.mouseRelease(card.track, LEFT, pos=where(card.track, 80))
    assert waits(window) == 0


# The bar by keys, and for screen readers


def test_one_press_of_a_key_is_one_commit(
    track: ProgressTrack, commits: list[int], qtbot: QtBot
) -> None:
    for key, modifier in (
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Right, SHIFT),
        (Qt.Key.Key_Left, SHIFT),
    ):
        qtbot.keyClick(track, key, modifier)
    assert commits == [45, 40, 41, 40]


@pytest.mark.parametrize(("start", "key"), [(98, Qt.Key.Key_Right), (3, Qt.Key.Key_Left)])
def test_keys_stop_at_the_ends(
    track: ProgressTrack, commits: list[int], qtbot: QtBot, start: int, key: Qt.Key
) -> None:
    end = 100 if key is Qt.Key.Key_Right else 0
    track.show_progress(start, "accent")
    qtbot.keyClick(track, key)
    qtbot.keyClick(track, key)
    assert commits == [end]


def test_a_screen_reader_hears_a_slider_with_its_value(track: ProgressTrack) -> None:
    heard = QAccessible.queryAccessibleInterface(track)
    assert heard.role() is QAccessible.Role.Slider
    assert heard.valueInterface().currentValue() == 40
    assert heard.text(QAccessible.Text.Name) == "Progress"


def test_what_a_screen_reader_sets_is_committed(track: ProgressTrack, commits: list[int]) -> None:
    QAccessible.queryAccessibleInterface(track).valueInterface().setCurrentValue(60)
    assert commits == [60]


# What the opened card does


def test_moving_the_bar_of_a_closed_card_needs_no_selection(desk: Desk, qtbot: QtBot) -> None:
    one = task(task_id(1))
    window = desk(one)
    card = window.cards.card(one.id)
    assert isinstance(card, task_card.TaskCard)
    qtbot.mouseClick(card.track, LEFT, pos=where(card.track, 50))
    assert window.board.views[one.id].task.progress == 50
    assert window.cards.selected_id == ""
    assert waits(window) == 1


def test_the_quick_buttons_set_their_number_and_end_at_100(desk: Desk, qtbot: QtBot) -> None:
    one = task(task_id(1))
    window = desk(one)
    card_of(window, one.id)
    seen = []
    for button in window.body.quick:
        press(qtbot, button)
        seen.append(window.board.views[one.id].task.progress)
    assert seen == [10, 25, 50, 75, 100]
    assert window.board.views[one.id].task.status is Status.COMPLETED
    assert not any(button.isVisible() for button in window.body.quick)


def test_update_sends_the_note_with_the_progress_and_empties_it(desk: Desk, qtbot: QtBot) -> None:
    one = task(task_id(1), status=Status.IN_PROGRESS, progress=35)
    window = desk(one)
    card_of(window, one.id)
    qtbot.keyClicks(window.body.note, "waits for parts")
    press(qtbot, window.body.update_button)
    (item,) = window.work.outbox.waiting()
    assert (item.action.kind, item.action.args) == (
        Kind.SET_PROGRESS, {"percent": 35, "note": "waits for parts"},
    )  # fmt: skip
    assert window.body.note.toPlainText() == ""
    assert window.work.outbox.draft(one.id, "note") == ""


def test_ctrl_enter_sends_as_update_does(desk: Desk, qtbot: QtBot) -> None:
    one = task(task_id(1), status=Status.IN_PROGRESS, progress=35)
    window = desk(one)
    card_of(window, one.id)
    qtbot.keyClicks(window.body.note, "done here")
    qtbot.keyClick(window.body.note, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    (item,) = window.work.outbox.waiting()
    assert item.action.args == {"percent": 35, "note": "done here"}


def test_an_empty_comment_is_refused_in_words_and_keeps_nothing(desk: Desk, qtbot: QtBot) -> None:
    one = task(task_id(1))
    window = desk(one)
    card_of(window, one.id)
    press(qtbot, window.body.comment)
    assert window.toast.isVisible()
    assert window.toast.headline.text().startswith("Unable to send the comment (E")
    assert waits(window) == 0


def test_a_refused_note_stays_where_it_was_typed(desk: Desk, qtbot: QtBot) -> None:
    one = task(task_id(1))
    window = desk(one)
    card_of(window, one.id)
    window.body.note.setPlainText("x" * 20_000)
    press(qtbot, window.body.complete)
    assert window.toast.headline.text().startswith("Unable to complete the task (E")
    assert len(window.body.note.toPlainText()) == 20_000
    assert window.board.views[one.id].task.status is Status.PENDING


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (Status.PENDING, {"Start", "Hold", "Update", "Mark complete", "Comment"}),
        (Status.IN_PROGRESS, {"Hold", "Update", "Mark complete", "Comment"}),
        (Status.ON_HOLD, {"Resume", "Update", "Mark complete", "Comment"}),
        (Status.COMPLETED, {"Reopen", "Comment"}),
    ],
)
def test_only_what_is_allowed_now_can_be_pressed(
    desk: Desk, status: Status, shown: set[str]
) -> None:
    one = task(task_id(1), status=status, progress=50)
    window = desk(one)
    card_of(window, one.id)
    body = window.body
    buttons = (body.start, body.hold, body.resume, body.reopen, body.comment,
               body.update_button, body.complete)  # fmt: skip
    assert {b.text() for b in buttons if b.isVisible()} == shown


def test_start_starts(desk: Desk, qtbot: QtBot) -> None:
    one = task(task_id(1))
    window = desk(one)
    card_of(window, one.id)
    press(qtbot, window.body.start)
    assert window.board.views[one.id].task.status is Status.IN_PROGRESS


def test_the_toast_goes_away_by_itself(desk: Desk, qtbot: QtBot) -> None:
    one = task(task_id(1))
    window = desk(one)
    card_of(window, one.id)
    assert window.toast._timer.interval() == 5_000
    window.toast._timer.setInterval(20)
    press(qtbot, window.body.complete)
    assert window.toast.isVisible()
    qtbot.waitUntil(lambda: not window.toast.isVisible())


def test_undo_gives_the_note_back(desk: Desk, qtbot: QtBot) -> None:
    one = task(task_id(1))
    window = desk(one)
    card_of(window, one.id)
    qtbot.keyClicks(window.body.note, "long words")
    press(qtbot, window.body.complete)
    press(qtbot, window.toast.button)
    assert window.body.note.toPlainText() == "long words"


def test_a_note_that_was_sent_is_no_draft_when_the_card_leaves_the_page(
    desk: Desk, qtbot: QtBot
) -> None:
    one = task(task_id(1), status=Status.IN_PROGRESS, progress=35)
    window = desk(one)
    window.open_page("In progress")
    card_of(window, one.id)
    qtbot.keyClicks(window.body.note, "all done")
    press(qtbot, window.body.complete)
    assert window.cards.selected_id == ""
    assert window.work.outbox.draft(one.id, "note") == ""
    window.open_page("Done")
    card_of(window, one.id)
    assert window.body.note.toPlainText() == ""


@pytest.mark.parametrize("first", ["", "x" * 20_000])
def test_retry_sends_what_is_written_by_then(desk: Desk, qtbot: QtBot, first: str) -> None:
    one = task(task_id(1))
    window = desk(one)
    card_of(window, one.id)
    window.body.note.setPlainText(first)
    press(qtbot, window.body.comment)
    assert window.toast.headline.text().startswith("Unable to send the comment (E")
    window.body.note.setPlainText("mended words")
    press(qtbot, window.toast.button)
    (item,) = window.work.outbox.waiting()
    assert item.action.args["text"] == "mended words"
    assert window.body.note.toPlainText() == ""


def test_a_long_line_of_the_history_is_cut_and_whole_in_its_tool_tip(desk: Desk) -> None:
    one = task(task_id(1))
    window = desk(one)
    card_of(window, one.id)
    line = window.body._lines[0]
    for note, told in (("short", False), ("<b>long</b> words " * 30, True)):
        window.show_changes(window.tasks.set_progress(one.id, 20, note).changes)  # type: ignore[union-attr]
        QApplication.processEvents()
        assert note.strip() in line.text()
        assert bool(line.toolTip()) is told
    assert "&lt;b&gt;long&lt;/b&gt; words" in line.toolTip()
    assert window.body.complete.geometry().right() <= window.body.width()
