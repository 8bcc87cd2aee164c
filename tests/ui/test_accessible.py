"""What assistive technology walks through: everything that can be used has a name and a role of its
own, and is reached in the order it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.windows import ANA, RITA, settle, task_id
from tracker.domain.task import Comment, Part, Status
from tracker.ui.employee.activity_page import ACTIVITY
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.shell import ATTENTION, WAITING

ROLE = QAccessible.Role
USED = {
    ROLE.Button, ROLE.CheckBox, ROLE.RadioButton, ROLE.EditableText, ROLE.Slider, ROLE.SpinBox,
    ROLE.ComboBox, ROLE.ListItem, ROLE.List, ROLE.Tree, ROLE.TreeItem, ROLE.MenuItem, ROLE.Link,
    ROLE.Chart, ROLE.Notification, ROLE.AlertMessage,
}  # fmt: skip


def walk(found: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    yield found
    for place in range(found.childCount()):
        child = found.child(place)
        if child is not None and child.isValid() and not child.state().invisible:
            yield from walk(child)


def nameless(ground: QWidget) -> list[str]:
    """What can be used and says nothing of itself."""
    top = QAccessible.queryAccessibleInterface(ground)
    bad = []
    for one in walk(top):
        thing = one.object()
        if one.role() in USED and not one.text(QAccessible.Text.Name).strip():
            inside_qt = thing is None or thing.objectName().startswith("qt_")
            if not inside_qt:
                bad.append(f"{type(thing).__name__} in {type(thing.parent()).__name__}")
    return bad


def roleless(ground: QWidget) -> list[str]:
    """Controls of which Qt knows no more than that they are there."""
    return [
        type(widget).__name__
        for widget in ground.findChildren(QWidget)
        if widget.isVisible()
        and widget.focusPolicy() is not Qt.FocusPolicy.NoFocus
        and QAccessible.queryAccessibleInterface(widget).role() in (ROLE.NoRole, ROLE.Client)
        and not widget.objectName().startswith("qt_")
    ]


@pytest.fixture
def window(desk: Callable[..., EmployeeWindow], qtbot: QtBot) -> EmployeeWindow:
    first = task(task_id(1))
    second = task(task_id(2), status=Status.COMPLETED, progress=100)
    said = [Comment(task_id(9), first.id, RITA, "Use the 40 Nm setting.", 1, 1),
            Comment(task_id(8), first.id, ANA, "Done.", 2, 2)]  # fmt: skip
    made = desk(first, second, comments=said)
    made.resize(1280, 800)
    made.cards.select(first.id)
    made.show_pane(True)
    settle()
    return made


def test_everything_in_the_window_has_a_name_and_a_role(window: EmployeeWindow) -> None:
    window.working.toggle(task_id(1))
    window.toast.say("Completed: Seal", action=("Undo", lambda: None))
    for page in ("All tasks", ACTIVITY, WAITING, ATTENTION, *window.rail.rows):
        window.open_page(page)
        settle()
        assert nameless(window) == [], page
        assert roleless(window) == [], page
    assert len(list(walk(QAccessible.queryAccessibleInterface(window)))) > 30


@pytest.mark.parametrize(
    "open_it",
    [
        lambda w: w.new_task(),
        lambda w: w.account.open_settings(),
        lambda w: w.working.ask_pause(),
        lambda w: w.open_palette(),
        lambda w: w.open_keys(),
        lambda w: w.account._ask_sign_out(),
        lambda w: w.account._choose_account(),
    ],
)
def test_so_has_everything_in_its_dialogs(
    window: EmployeeWindow, open_it: Callable[[EmployeeWindow], None]
) -> None:
    open_it(window)
    settle()
    (dialog,) = [d for d in window.findChildren(QDialog) if d.isVisible()]
    assert nameless(dialog) == []
    assert roleless(dialog) == []
    assert dialog.windowTitle()
    assert dialog.isAncestorOf(dialog.focusWidget()), "something in it has the keyboard"
    dialog.close()
    settle()


def test_tab_goes_through_the_details_as_they_are_read(
    window: EmployeeWindow, qtbot: QtBot
) -> None:
    pane = window.pane
    window.activateWindow()
    pane.close_button.setFocus()
    places = []
    for _ in range(40):
        focused = QApplication.focusWidget()
        if focused is None or not pane.isAncestorOf(focused):
            break
        places.append((focused.mapTo(pane, focused.rect().topLeft()).y(), type(focused).__name__))
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert len(places) > 6
    heights = [y for y, _ in places if y >= 0]
    rows = [round(y / 12) for y in heights]  # parts of one row differ by some pixels
    assert rows == sorted(rows), places


def test_a_card_tells_all_it_shows(window: EmployeeWindow) -> None:
    card = window.cards.card(task_id(1))
    assert card is not None
    said = QAccessible.queryAccessibleInterface(card).text(QAccessible.Text.Name)
    view = window.board.views[task_id(1)]
    for words in (view.task.title, f"{view.task.progress} %", "priority"):
        assert words in said
    assert Part.ASSIGNEE in {row.part for row in view.people}
