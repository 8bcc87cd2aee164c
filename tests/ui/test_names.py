"""Everything that takes a key or a click has a name for screen readers, in both windows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import (
    PATIENCE,
    Open,
    card_of,
    choose,
    open_desk,
    open_monitor,
    press,
    too_late,
)
from tracker.domain.change import Kind
from tracker.services import session
from tracker.services.credentials import InMemory
from tracker.ui.dialogs.sign_in import SignInDialog
from tracker.ui.monitor.window import ASSIGN, MONITOR
from tracker.ui.theme import icons
from tracker.ui.widgets.shell import ATTENTION, WAITING, Shell

CONTROLS = (QAbstractButton, QLineEdit, QPlainTextEdit, QAbstractSlider)
ICONS = Path(icons.__file__).parent / "icons"


def controls(ground: QWidget) -> Iterator[QWidget]:
    """Ours: Qt's scroll bars and the button inside a line edit carry Qt's own names."""
    for widget in ground.findChildren(QWidget):
        inside_qt = isinstance(widget.parentWidget(), QLineEdit)
        if isinstance(widget, CONTROLS) and not isinstance(widget, QScrollBar) and not inside_qt:
            yield widget


def nameless(ground: QWidget) -> list[str]:
    return [
        f"{type(widget).__name__} {getattr(widget, 'text', str)()}"
        for widget in controls(ground)
        if not widget.accessibleName().strip()
    ]


def unreachable(ground: QWidget) -> list[str]:
    """Controls a person can see and press, and never reach with the keyboard."""
    return [
        widget.accessibleName()
        for widget in controls(ground)
        if widget.isVisible()
        and widget.isEnabled()
        and not widget.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        and widget.focusPolicy() is Qt.FocusPolicy.NoFocus
    ]


def check(window: Shell) -> None:
    assert nameless(window) == []
    assert unreachable(window) == []


@pytest.fixture
def refused(server: RunningServer) -> str:
    """A task whose next change is refused."""
    task_id = server.task("ana", title="Calibrate")
    server.device("rita").do("cancel", task_id)
    return task_id


def test_the_employees_window(
    server: RunningServer, refused: str, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    made = open_window("ana")
    window = made.window
    made.runner.stop()
    assert len(list(controls(window))) > 20
    card_of(window, task_id)  # type: ignore[arg-type]
    window.tasks.set_progress(task_id, 20)
    for page in ("All tasks", WAITING, ATTENTION):
        window.open_page(page)
        check(window)
    window.banner.show()
    window.toast.say("Completed: Calibrate", action=("Undo", lambda: None))
    check(window)


def test_the_tray(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    task_id = server.task("ana", title="Calibrate")
    window = open_desk(open_window)
    too_late(server, window, task_id, percent=20)
    press(qtbot, window.chip)
    qtbot.waitUntil(lambda: len(window.tray_page.rows) == 1, timeout=PATIENCE)
    window.open_page(ATTENTION)
    check(window)


def test_the_monitor(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    task_id = server.task("ana")
    window = open_monitor(open_window)
    choose(window, task_id, qtbot)
    press(qtbot, window.pane.moves[Kind.HOLD])
    for page in (MONITOR, ASSIGN, WAITING, ATTENTION):
        window.open_page(page)
        check(window)


def test_the_sign_in_dialog(tmp_path: Path, qtbot: QtBot) -> None:
    dialog = SignInDialog(
        "Welcome",
        lambda url, name, password: session.sign_in(
            tmp_path, url, name, password, "desk", InMemory()
        ),
        "",
        "",
    )
    qtbot.addWidget(dialog)
    dialog.show()
    assert nameless(dialog) == []
    assert unreachable(dialog) == []
    assert [field.edit.accessibleName() for field in
            (dialog.server, dialog.name, dialog.password)] == [
        "Server address", "Name", "Password",
    ]  # fmt: skip


def test_every_count_of_the_rail_is_heard(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    server.task("ana")
    window = open_desk(open_window)
    for name, row in window.rail.rows.items():
        shown = "My tasks" if name == "All tasks" else name
        assert row.accessibleName() == f"{shown}, {row._count}"


def test_tab_walks_through_the_window_and_shows_where_it_is(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    card_of(window, task_id)
    window.search.edit.setFocus()
    seen: list[QWidget] = []
    for _ in range(60):
        focused = QApplication.focusWidget()
        assert focused is not None
        if focused in seen:
            break
        seen.append(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    wanted = {
        window.search.edit, window.priority, window.sort, window.chip, window.body.note,
        window.body.complete, window.body.update_button, window.body.quick[0],
    }  # fmt: skip
    assert wanted <= set(seen)


@pytest.mark.parametrize("name", sorted(path.stem for path in ICONS.glob("*.svg")))
def test_every_icon_is_a_line_that_takes_a_colour(qapp: QApplication, name: str) -> None:
    source = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
    assert "currentColor" in source
    assert not icons.pixmap(name, "#123456", 16, 1.0).toImage().isNull()


def test_every_icon_that_is_asked_for_exists(qapp: QApplication) -> None:
    """The names are words of the source; a wrong one would be seen only when it is painted."""
    root = Path(icons.__file__).parents[1]
    source = "\n".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    known = {path.stem for path in ICONS.glob("*.svg")}
    used = {name for name in known if f'"{name}"' in source}
    assert used == known, f"no widget uses {known - used}"
