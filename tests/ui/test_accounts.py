"""Several people at one computer: nobody's work is lost or sent as somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from tests.support.ring import Ring
from tests.support.server import HOUR, RunningServer
from tests.support.windows import PATIENCE, card_of, delivered, press, waits
from tests.ui.conftest import close
from tracker import app as composition
from tracker.config import Profile, Settings, current_profile, known_profiles
from tracker.services import session
from tracker.services.credentials import InMemory
from tracker.ui.dialogs.choosing import Chooser
from tracker.ui.dialogs.sign_in import SignInDialog
from tracker.ui.dialogs.sign_out import SignOutDialog
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.surroundings import Surroundings


class Computer:
    """One data folder, with a keyring that holds each person's session."""

    def __init__(self, server: RunningServer, root: Path) -> None:
        self.server, self.root = server, root
        self.keyring: dict[str, InMemory] = {}
        self.opened: list[composition.Opened] = []

    def sign_in(self, name: str) -> Profile:
        kept = self.keyring.setdefault(name, InMemory())
        return session.sign_in(
            self.root, self.server.url, name, self.server.password, "desk", kept
        ).profile

    def open(self, name: str) -> EmployeeWindow:
        """A window of who signed in here; nothing is sent before `start`."""
        profile = next(one for one in known_profiles(self.root, "desk") if one.name == name)
        settings = Settings(poll_seconds=3.0, report_activity=False)
        around = Surroundings(self.root, settings, self.keyring[name])
        made = composition.open_window(profile, around)
        self.opened.append(made)
        made.window.show()
        assert isinstance(made.window, EmployeeWindow)
        return made.window

    def start(self, window: EmployeeWindow, qtbot: QtBot) -> None:
        made = self.opened[-1]
        assert made.window is window
        made.start()
        qtbot.waitUntil(lambda: window.status.synced_at is not None, timeout=PATIENCE)


@pytest.fixture
def computer(server: RunningServer, tmp_path: Path, qtbot: QtBot) -> object:
    made = Computer(server, tmp_path / "data")
    yield made
    for one in made.opened:
        close(one)


def trigger(window: EmployeeWindow, name: str) -> None:
    next(action for action in window.commands.listed() if action.text() == name).trigger()


def sign_out_dialog(window: EmployeeWindow) -> SignOutDialog:
    trigger(window, "Sign out…")
    (dialog,) = [one for one in window.findChildren(SignOutDialog) if one.isVisible()]
    return dialog


def test_unsent_work_outlives_signing_out_and_goes_out_after_the_next_sign_in(
    server: RunningServer, computer: Computer, qtbot: QtBot
) -> None:
    wanted = server.task("ana")
    computer.sign_in("ana")
    window = computer.open("ana")
    computer.start(window, qtbot)
    computer.opened[-1].runner.stop()
    card_of(window, wanted)
    press(qtbot, window.body.quick[2])
    qtbot.keyClicks(window.body.note, "half a note")
    dialog = sign_out_dialog(window)
    assert dialog.button.text() == "Sign out with unsent changes"
    gone: list[bool] = []
    window.signed_out.connect(lambda: gone.append(True))
    press(qtbot, dialog.button)
    qtbot.waitUntil(lambda: bool(gone), timeout=PATIENCE)
    assert computer.keyring["ana"].read() is None
    assert current_profile(computer.root, "desk") is None
    close(computer.opened[-1])
    assert server.seen("rita", wanted)["progress"] == 0

    computer.sign_in("ana")
    again = computer.open("ana")
    assert waits(again) == 1
    card_of(again, wanted)
    assert again.body.note.toPlainText() == "half a note"
    computer.start(again, qtbot)
    delivered(again, qtbot)
    assert server.seen("rita", wanted)["progress"] == 50


def test_signing_out_ends_the_session_at_the_server_and_works_without_it(
    server: RunningServer, computer: Computer, qtbot: QtBot
) -> None:
    computer.sign_in("ana")
    tokens = computer.keyring["ana"].read()
    assert tokens is not None
    window = computer.open("ana")
    gone: list[bool] = []
    window.signed_out.connect(lambda: gone.append(True))
    press(qtbot, sign_out_dialog(window).button)
    qtbot.waitUntil(lambda: bool(gone), timeout=PATIENCE)
    answer = server.client().get(
        "/api/v1/session", headers={"Authorization": f"Bearer {tokens.access}"}
    )
    assert answer.status_code == 401

    computer.sign_in("ana")
    server.stop()
    press(qtbot, sign_out_dialog(window).button)
    qtbot.waitUntil(lambda: len(gone) == 2, timeout=PATIENCE)
    assert computer.keyring["ana"].read() is None


def test_thinking_better_of_it_changes_nothing(computer: Computer, qtbot: QtBot) -> None:
    computer.sign_in("ana")
    window = computer.open("ana")
    dialog = sign_out_dialog(window)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert computer.keyring["ana"].read() is not None
    assert not window.findChildren(QPushButton)


def test_another_account_is_chosen_by_name_and_has_work_of_its_own(
    server: RunningServer, computer: Computer, qtbot: QtBot
) -> None:
    mine, theirs = server.task("ana", title="Ana's"), server.task("jonas", title="Jonas's")
    for name in ("jonas", "ana"):
        computer.sign_in(name)
        window = computer.open(name)
        computer.start(window, qtbot)
        computer.opened[-1].runner.stop()
        if name == "jonas":
            card_of(window, theirs)
            press(qtbot, window.body.quick[1])
            close(computer.opened[-1])
    assert (set(window.board.views), waits(window)) == ({mine}, 0)
    wanted: list[Profile | None] = []
    window.profile_wanted.connect(wanted.append)
    trigger(window, "Switch account…")
    (chooser,) = [one for one in window.findChildren(Chooser) if one.isVisible()]
    assert [option.words.split(" · ")[0] for option in chooser._listed] == [
        known_profiles(computer.root, "desk")[1].display_name,
        "Sign in to another account…",
    ]
    qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)
    (profile,) = wanted
    assert profile is not None
    assert profile.name == "jonas"
    close(computer.opened[-1])
    other = computer.open("jonas")
    assert (set(other.board.views), waits(other)) == ({theirs}, 1)
    computer.start(other, qtbot)
    delivered(other, qtbot)
    assert server.seen("rita", theirs)["progress"] == 25
    assert server.seen("rita", mine)["progress"] == 0


def test_an_expired_session_asks_again_and_loses_nothing(
    server: RunningServer, computer: Computer, qtbot: QtBot
) -> None:
    wanted = server.task("ana")
    computer.sign_in("ana")
    window = computer.open("ana")
    computer.start(window, qtbot)
    server.sql("DELETE FROM tokens WHERE user_id = :ana", ana=server.users["ana"])
    server.clock.advance(HOUR)  # what it remembers of tokens grows old
    card_of(window, wanted)
    press(qtbot, window.body.quick[3])
    qtbot.waitUntil(lambda: "Sign in" in window.chip.text(), timeout=PATIENCE)
    assert waits(window) == 1
    asked: list[bool] = []
    window.sign_in_wanted.connect(lambda: asked.append(True))
    press(qtbot, window.banner.button)
    assert asked == [True]
    computer.sign_in("ana")
    computer.opened[-1].runner.wake()
    delivered(window, qtbot)
    assert server.seen("rita", wanted)["progress"] == 75


# Whose work is behind a name


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, made = keyring.get_keyring(), Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_who_is_signed_in_here_is_gone_on_with_without_a_question(
    server: RunningServer, tmp_path: Path, ring: Ring, qtbot: QtBot
) -> None:
    ana = session.sign_in(tmp_path, server.url, "ana", server.password, "desk").profile
    session.sign_in(tmp_path, server.url, "jonas", server.password, "desk")
    following = composition.next_one(tmp_path, "desk", ana)
    assert following is not None
    assert following.profile == ana == current_profile(tmp_path, "desk")


def test_who_signed_out_is_not_opened_without_their_password(
    server: RunningServer, tmp_path: Path, ring: Ring, qtbot: QtBot
) -> None:
    ana = session.sign_in(tmp_path, server.url, "ana", server.password, "desk").profile
    session.sign_out(tmp_path, ana)
    jonas = session.sign_in(tmp_path, server.url, "jonas", server.password, "desk").profile
    seen: list[str] = []

    def think_better_of_it() -> None:
        (dialog,) = [d for d in QApplication.topLevelWidgets() if isinstance(d, SignInDialog)]
        seen.append(dialog.name.edit.text())
        dialog.reject()

    QTimer.singleShot(300, think_better_of_it)
    assert composition.next_one(tmp_path, "desk", ana) is None
    assert seen == ["ana"]
    assert current_profile(tmp_path, "desk") == jonas
