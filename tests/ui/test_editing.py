"""Editing what waits and what was refused: with the keyboard, and nothing typed is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.support.client import comment, receipt, task
from tests.support.windows import card_of, press, settle, task_id, waits
from tests.ui.test_faults import LONG, fill_disk, free_disk
from tests.ui.test_names import nameless, unreachable
from tracker.domain.change import Action
from tracker.domain.receipt import Outcome
from tracker.ui.dialogs.edit import EditDialog
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.controls import Field, TextBox
from tracker.ui.widgets.shell import ATTENTION, WAITING

Desk = Callable[..., EmployeeWindow]


@pytest.fixture
def window(desk: Desk, qtbot: QtBot) -> EmployeeWindow:
    """With one change that waits: 50 % and a note."""
    made = desk(task(task_id(1), title="Seal"))
    card_of(made, task_id(1))
    made.body.note.setPlainText("valve stiks")
    press(qtbot, made.body.quick[2])
    made.open_page(WAITING)
    return made


def only(window: EmployeeWindow) -> Action:
    (item,) = window.work.outbox.waiting()
    return item.action


def edit(window: EmployeeWindow, qtbot: QtBot) -> EditDialog:
    """Presses Edit on the one row there is."""
    page = window.waiting_page if window.waiting_page.isVisible() else window.tray_page
    (row,) = page.rows
    press(qtbot, row.buttons["Edit"])
    (dialog,) = window.findChildren(EditDialog)
    assert dialog.isVisible()
    return dialog


def refuse(window: EmployeeWindow, made: Action) -> None:
    window.work.outbox.add([made])
    current = {"status": "PENDING", "progress": 0}
    refused = receipt(made, Outcome.REJECTED, code="E2002", current=current)
    window.work.outbox.record([refused], 0, lambda _: 0)
    window.open_page(ATTENTION)


def note_of(dialog: EditDialog) -> TextBox:
    field = dialog.fields["note"]
    assert isinstance(field, TextBox)
    return field


def percent_of(dialog: EditDialog) -> Field:
    field = dialog.fields["percent"]
    assert isinstance(field, Field)
    return field


def test_the_number_and_the_words_are_edited_in_their_place(
    window: EmployeeWindow, qtbot: QtBot
) -> None:
    before = only(window)
    dialog = edit(window, qtbot)
    assert percent_of(dialog).edit.text() == "50"
    percent_of(dialog).edit.setText("60")
    note_of(dialog).setPlainText("valve sticks")
    press(qtbot, dialog.button)
    settle()
    assert window.findChildren(EditDialog) == []
    edited = only(window)
    assert (edited.op_id, edited.args) == (before.op_id, {"percent": 60, "note": "valve sticks"})
    assert window.board.views[task_id(1)].task.progress == 60
    assert "Progress to 60 % · “valve sticks”" in window.waiting_page.rows[0].accessibleName()


def test_the_keyboard_alone_is_enough(window: EmployeeWindow, qtbot: QtBot) -> None:
    dialog = edit(window, qtbot)
    assert nameless(dialog) == []
    assert unreachable(dialog) == []
    qtbot.waitUntil(lambda: percent_of(dialog).edit.hasFocus())
    qtbot.keyClick(percent_of(dialog).edit, Qt.Key.Key_Tab)
    assert note_of(dialog).hasFocus()
    note_of(dialog).setPlainText("by hand")
    qtbot.keyClick(note_of(dialog), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert only(window).args["note"] == "by hand"
    settle()
    dialog = edit(window, qtbot)
    percent_of(dialog).edit.setText("70")
    qtbot.keyClick(percent_of(dialog).edit, Qt.Key.Key_Return)
    assert only(window).args["percent"] == 70


def test_escape_leaves_it_as_it_was(window: EmployeeWindow, qtbot: QtBot) -> None:
    before = only(window)
    dialog = edit(window, qtbot)
    percent_of(dialog).edit.setText("60")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    settle()
    assert window.findChildren(EditDialog) == []
    assert only(window) == before


def test_what_another_process_edited_meanwhile_stays(window: EmployeeWindow, qtbot: QtBot) -> None:
    dialog = edit(window, qtbot)
    window.work.outbox.edit(only(window).op_id, {"note": "from a command line"})
    percent_of(dialog).edit.setText("60")
    press(qtbot, dialog.button)
    assert only(window).args == {"percent": 60, "note": "from a command line"}


def test_what_cannot_be_is_said_and_what_was_typed_stays(
    window: EmployeeWindow, qtbot: QtBot
) -> None:
    dialog = edit(window, qtbot)
    percent_of(dialog).edit.setText("6O")
    press(qtbot, dialog.button)
    assert "(E2003)" in dialog.problem.text()
    window.work.outbox.take_batch(0, 10, 10_000)  # the sync thread was quicker
    percent_of(dialog).edit.setText("60")
    press(qtbot, dialog.button)
    assert "(E5016)" in dialog.problem.text()
    assert percent_of(dialog).edit.text() == "60"
    assert "Edit" not in window.waiting_page.rows[0].buttons
    assert only(window).args["percent"] == 50


def test_a_full_disk_is_said_in_the_dialog_which_stays(
    window: EmployeeWindow, qtbot: QtBot
) -> None:
    dialog = edit(window, qtbot)
    fill_disk(window)
    note_of(dialog).setPlainText(LONG[:9_000])
    press(qtbot, dialog.button)
    assert "(E3001)" in dialog.problem.text()
    free_disk(window)
    press(qtbot, dialog.button)
    assert only(window).args["note"] == LONG[:9_000]


def test_a_refused_change_is_edited_by_doing_it_again(desk: Desk, qtbot: QtBot) -> None:
    window = desk(task(task_id(1), title="Seal"))
    made = comment(task_id(1), "Gaskt")
    refuse(window, made)
    dialog = edit(window, qtbot)
    assert dialog.button.text() == "Try again"
    text = dialog.fields["text"]
    assert isinstance(text, TextBox)
    text.setPlainText("Gasket")
    press(qtbot, dialog.button)
    assert window.tray_page.rows == []
    again = only(window)
    assert again.op_id != made.op_id
    assert again.args == {**made.args, "text": "Gasket"}
    assert waits(window) == 1


def test_a_refused_change_is_exported(
    desk: Desk, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = desk(task(task_id(1), title="Seal"))
    made = comment(task_id(1), "Gasket")
    refuse(window, made)
    path = tmp_path / "kept.json"
    answers = ["", str(tmp_path / "no folder" / "kept.txt"), str(path)]
    monkeypatch.setattr(window, "ask_file", lambda _suggested: answers.pop(0))
    (row,) = window.tray_page.rows
    press(qtbot, row.buttons["Export"])
    assert not window.toast.isVisible(), "the person thought better of it"
    press(qtbot, row.buttons["Export"])
    assert window.toast.headline.text() == "Unable to export it (E3012)"
    press(qtbot, row.buttons["Export"])
    assert window.toast.headline.text() == "Exported."
    (found,) = json.loads(path.read_text(encoding="utf-8"))["rejected"]
    assert found["op_id"] == made.op_id
    assert len(window.tray_page.rows) == 1, "it stays until it is settled"
