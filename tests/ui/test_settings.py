"""Every setting takes effect while the dialog is open, and is in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import Open, around, pick, press, settle
from tests.ui.test_theme import contrast
from tracker import app as composition
from tracker.config import Settings, read_settings
from tracker.domain.task import Occupancy
from tracker.ui.dialogs.settings import SettingsDialog
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import MonitorWindow
from tracker.ui.system import integration
from tracker.ui.theme import theme, tokens
from tracker.ui.theme.tokens import Tokens, tokens_of
from tracker.ui.widgets.controls import Check, Choice

Desk = Callable[..., EmployeeWindow]
pytestmark = pytest.mark.qt_log_ignore("does not support (raise|grabbing)", extend=True)
"""Qt's offscreen platform says so of a menu over a dialog."""


@pytest.fixture(autouse=True)
def as_it_was(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    """No test writes into the home of who runs it, or leaves its theme to the next one."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(integration.shutil, "which", lambda _name: None)
    yield
    theme.follow(qapp, "light")


@pytest.fixture
def settings_of(desk: Desk, tmp_path: Path, qapp: QApplication) -> Callable[..., SettingsDialog]:
    """The dialog over Ana's window, which is at work in the program."""

    def make(**known: object) -> SettingsDialog:
        window = desk(around=around(tmp_path, None, lambda: 120_000, **known))
        keeping = composition.Keeping(qapp, tmp_path, window.around.settings)
        window.settings_changed.connect(lambda new: keeping.change(new, window))
        window.begin()
        action = next(a for a in window.actions() if a.text() == "Settings…")
        action.trigger()
        (dialog,) = [one for one in window.findChildren(SettingsDialog) if one.isVisible()]
        return dialog

    return make


def window_of(dialog: SettingsDialog) -> EmployeeWindow:
    return cast(EmployeeWindow, dialog.parent())


def ground() -> str:
    return tokens_of(cast(QApplication, QApplication.instance()).palette()).background


@pytest.mark.parametrize(
    ("words", "name", "shown"),
    [
        ("Dark", "dark", tokens.DARK),
        ("High contrast", "contrast", tokens.CONTRAST),
        ("Light", "light", tokens.LIGHT),
    ],
)
def test_a_theme_is_on_at_once(
    settings_of: Callable[..., SettingsDialog],
    tmp_path: Path,
    qtbot: QtBot,
    words: str,
    name: str,
    shown: Tokens,
) -> None:
    dialog = settings_of(theme="dark" if name == "light" else "light")
    pick(qtbot, dialog.theme, words)
    assert ground() == shown.background
    assert read_settings(tmp_path).theme == name
    assert dialog.isVisible()


def test_like_the_system_follows_the_system(
    settings_of: Callable[..., SettingsDialog], tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = settings_of(theme="contrast")
    pick(qtbot, dialog.theme, "Like the system")
    assert ground() == theme.tokens_for("system").background
    assert read_settings(tmp_path).theme == "system"


def test_high_contrast_is_high() -> None:
    """Text at 7 : 1, which is the AAA of WCAG 2.2."""
    t = tokens.CONTRAST
    for ground in (t.background, t.surface, t.rail):
        for name in ("text", "muted", "danger"):
            assert contrast(getattr(t, name), ground) >= 7, name
        assert contrast(t.control_line, ground) >= 4.5


def test_reduced_motion(
    settings_of: Callable[..., SettingsDialog], tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = settings_of()
    press(qtbot, dialog.motion)
    assert QApplication.cursorFlashTime() == 0
    assert not QApplication.isEffectEnabled(Qt.UIEffect.UI_AnimateMenu)
    assert read_settings(tmp_path).reduced_motion
    press(qtbot, dialog.motion)
    assert QApplication.cursorFlashTime() > 0
    assert not read_settings(tmp_path).reduced_motion


def test_how_often_to_ask(
    server: RunningServer, open_window: Open, qapp: QApplication, qtbot: QtBot
) -> None:
    made = open_window("ana")
    window = cast(EmployeeWindow, made.window)
    window.account.open_settings()
    (dialog,) = window.findChildren(SettingsDialog)
    pick(qtbot, dialog.poll, "every 60 s")
    assert window.around.settings.poll_seconds == 60
    assert made.runner._pace._interval == 60
    press(qtbot, dialog.close_button)


def test_whether_and_when_activity_is_reported(
    settings_of: Callable[..., SettingsDialog], tmp_path: Path, qtbot: QtBot
) -> None:
    """Nobody touched anything for two minutes."""
    dialog = settings_of(report_activity=True)
    window = window_of(dialog)
    assert window.occupancy_now() is Occupancy.ACTIVE
    pick(qtbot, dialog.idle, "1 min")
    assert window.occupancy_now() is Occupancy.IDLE
    press(qtbot, dialog.report)
    assert window.occupancy_now() is None
    assert window.work.outbox.stretch() is None
    kept = read_settings(tmp_path)
    assert (kept.idle_minutes, kept.report_activity) == (1, False)


def test_every_setting_of_the_dialog_is_in_the_file(
    settings_of: Callable[..., SettingsDialog], tmp_path: Path, qtbot: QtBot
) -> None:
    """Each switch pressed, each choice another: nothing but the defaults is left the same."""
    dialog = settings_of(report_activity=True, poll_seconds=5.0)
    machine = [one for one in (dialog.start, dialog.links) if one is not None]
    for box in dialog.findChildren(Check):
        if box not in machine:
            press(qtbot, box)
    for choice in dialog.findChildren(Choice):
        other = next(words for words, value in choice._options[::-1] if value != choice.value)
        pick(qtbot, choice, other)
    kept, usual = read_settings(tmp_path), Settings()
    same = [name for name in Settings.__dataclass_fields__
            if getattr(kept, name) == getattr(usual, name)]  # fmt: skip
    assert same == []


def test_a_value_that_somebody_wrote_by_hand_is_shown_as_it_is(
    settings_of: Callable[..., SettingsDialog],
) -> None:
    dialog = settings_of(poll_seconds=7.5, idle_minutes=42)
    assert dialog.poll.text() == "Ask for news: every 7.5 s"
    assert dialog.idle.text() == "Idle after: 42 min"


def test_a_disk_that_takes_no_settings_is_said_and_they_hold_till_the_end(
    settings_of: Callable[..., SettingsDialog], tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = settings_of()
    (tmp_path / "settings.toml").mkdir()
    pick(qtbot, dialog.theme, "Dark")
    assert ground() == tokens.DARK.background
    toast = window_of(dialog).toast
    assert toast.headline.text() == "Unable to keep the settings (E3006)"
    (tmp_path / "settings.toml").rmdir()
    dialog.reject()
    settle()
    press(qtbot, toast.button)
    assert read_settings(tmp_path).theme == "dark"


def test_starting_with_the_computer(
    settings_of: Callable[..., SettingsDialog], tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = settings_of()
    assert dialog.start is not None
    entry = integration.at_start(home=tmp_path / "home")
    press(qtbot, dialog.start)
    assert entry.is_on()
    press(qtbot, dialog.start)
    assert not entry.is_on()


def test_what_the_computer_refuses_is_said_and_not_ticked(
    settings_of: Callable[..., SettingsDialog], tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = settings_of()
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    assert dialog.start is not None
    press(qtbot, dialog.start)
    assert "(E3012)" in dialog.problem.text()
    assert not dialog.start.isChecked()


def test_the_monitor_offers_no_activity(monitor: Callable[..., MonitorWindow]) -> None:
    window = monitor()
    next(a for a in window.actions() if a.text() == "Settings…").trigger()
    (dialog,) = window.findChildren(SettingsDialog)
    assert not hasattr(dialog, "report")
