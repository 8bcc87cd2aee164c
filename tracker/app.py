"""The composition root of the windows: the only file that knows every part.

Qt is imported inside functions, so that the command line does not load it by importing this.
"""

from __future__ import annotations

import contextlib
import locale
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from tracker.config import Profile, Scope, current_profile, private_folder, read_settings
from tracker.domain.errors import EnvironmentFault, describe
from tracker.services import credentials as keeping
from tracker.services import session, syncing
from tracker.services.board import Board
from tracker.services.workspace import Workspace, open_workspace
from tracker.sync.engine import Engine
from tracker.sync.ports import Credentials
from tracker.sync.runner import Runner

if TYPE_CHECKING:
    from tracker.ui.employee.window import EmployeeWindow
    from tracker.ui.monitor.window import MonitorWindow


@dataclass(slots=True)
class Opened:
    """A window at work: closing it ends the sync thread and frees the profile."""

    window: EmployeeWindow | MonitorWindow
    workspace: Workspace
    runner: Runner
    lock: FileLock
    running: list[syncing.Running]

    def start(self) -> None:
        """Begins synchronising; called after the first paint."""
        self.runner.start()
        follow_network(self.window)

    def close(self) -> None:
        self.runner.stop()
        for running in self.running:
            running.close()
        self.workspace.close()
        self.lock.release()


def open_window(profile: Profile, credentials: Credentials, poll_seconds: float) -> Opened:
    """Puts one window together. E3005 when another process has the profile open."""
    from tracker.ui.bridge import Bridge, Collector

    private_folder(profile.folder)
    lock = syncing.profile_lock(profile)
    try:
        lock.acquire()
    except Timeout:
        raise EnvironmentFault("E3005") from None
    workspace = open_workspace(profile)
    board = Board(workspace)
    window: EmployeeWindow | MonitorWindow
    if profile.scope == "monitor":
        from tracker.ui.monitor.window import MonitorWindow

        window = MonitorWindow(workspace, board)
    else:
        from tracker.ui.employee.window import EmployeeWindow

        window = EmployeeWindow(workspace, board)
    Collector(window)
    bridge = Bridge(window)
    bridge.report.connect(window.show_report)
    bridge.sending.connect(window.show_sending)
    running: list[syncing.Running] = []

    def make_engine() -> Engine:
        running.append(syncing.make_engine(profile, credentials, bridge.progress))
        running[0].listen(runner.nudge)
        return running[0].engine

    def changed() -> int:
        return running[0].workspace.outbox.last_seq() if running else 0

    runner = Runner(make_engine, poll_seconds, bridge.deliver, changed)
    window.sync_wanted.connect(runner.wake)
    window.acted.connect(runner.nudge)
    if workspace.outbox.rescued is not None:
        window.tell_rescued(workspace.outbox.rescued)
    return Opened(window, workspace, runner, lock, running)


def follow_network(window: EmployeeWindow | MonitorWindow) -> None:
    """Synchronises at once when the operating system says that the network is another one. Where
    Qt has no backend that could tell, the next poll notices."""
    from PySide6.QtNetwork import QNetworkInformation

    if QNetworkInformation.loadDefaultBackend():
        network = QNetworkInformation.instance()
        # To a signal of the window, as these connections end with it: the source outlives it.
        network.reachabilityChanged.connect(window.sync_wanted)
        network.transportMediumChanged.connect(window.sync_wanted)


def run(scope: Scope, root: Path) -> int:
    """Opens the employee's window ("desk") or the monitor and runs until it is closed."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from tracker.ui.theme import theme

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    settings = read_settings(root)
    app = QApplication.instance() or QApplication(["tracker"])
    assert isinstance(app, QApplication)
    app.setApplicationName("Tracker")
    use_own_dates()
    theme.follow(app, settings.theme)
    profile = current_profile(root, scope)
    remembered = True
    if profile is None:
        signed = ask_sign_in(root, scope)
        if signed is None:
            return 0
        profile, credentials = signed.profile, signed.credentials
        remembered = signed.remembered
    else:
        credentials = keeping.for_profile(profile)
    try:
        opened = open_window(profile, credentials, settings.poll_seconds)
    except EnvironmentFault as fault:
        print(describe(fault.code, fault.info), file=sys.stderr)  # noqa: T201
        return 1
    opened.window.sign_in_wanted.connect(lambda: sign_in_again(opened, root, credentials))
    opened.window.closed.connect(app.quit)
    opened.window.show()
    if not remembered:
        opened.window.tell_not_remembered()
    QTimer.singleShot(0, opened.start)
    try:
        return app.exec()
    finally:
        opened.close()


def use_own_dates() -> None:
    """Names of days and months as the person has them (LC_TIME). Qt sees to it on some systems
    only, and a locale that is not installed leaves them as they are."""
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_TIME, "")


def ask_sign_in(
    root: Path, scope: Scope, profile: Profile | None = None, credentials: Credentials | None = None
) -> session.SignedIn | None:
    """The sign-in dialog; None when it was cancelled. With a profile for its person alone."""
    from tracker.ui.dialogs.sign_in import SignInDialog

    title = "Sign in again" if profile else "Welcome to Tracker"
    dialog = SignInDialog(
        title,
        lambda url, name, password: session.sign_in(
            root, url, name, password, scope, credentials, profile
        ),
        profile.server_url if profile else "",
        profile.name if profile else "",
    )
    dialog.exec()
    dialog.deleteLater()
    return dialog.signed_in


def sign_in_again(opened: Opened, root: Path, credentials: Credentials) -> None:
    """The session is over: a new one for the same person, then the queue goes on."""
    profile = opened.workspace.profile
    signed = ask_sign_in(root, profile.scope, profile, credentials)
    if signed is None:
        return
    if not signed.remembered:
        opened.window.tell_not_remembered()
    opened.runner.wake()
