"""The composition root of the windows: the only file that knows every part.

Qt is imported inside functions, so that the command line does not load it by importing this.
"""

from __future__ import annotations

import contextlib
import gc
import locale
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from tracker import logs
from tracker.config import (
    Profile,
    Scope,
    Settings,
    choose_profile,
    current_profile,
    differing,
    private_folder,
    read_settings,
    write_settings,
)
from tracker.domain.errors import EnvironmentFault, TrackerError, describe
from tracker.services import credentials as keeping
from tracker.services import session, syncing
from tracker.services.board import Board
from tracker.services.links import task_in
from tracker.services.workspace import Workspace, open_workspace
from tracker.sync.engine import Engine
from tracker.sync.ports import Credentials
from tracker.sync.runner import Runner

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from tracker.ui.employee.window import EmployeeWindow
    from tracker.ui.faults import Faults
    from tracker.ui.instance import Instance
    from tracker.ui.monitor.window import MonitorWindow
    from tracker.ui.surroundings import Surroundings

REPORTS = (
    "Tracker tells your admins whether you are active, idle or paused at this computer. The page "
    "“What my admin sees” shows it, and Settings switch it off."
)
"""Said before anything is reported."""
MONITOR_REST = 0.2
"""Seconds between two runs of the monitor at least: it hears of what everybody does."""
LOCK_PATIENCE = 5.0
"""Seconds that a start waits for a command which synchronises at this moment."""
SWITCH_PATIENCE = 1.0
"""The same of a window that goes to another account: it hangs meanwhile."""


@dataclass(slots=True)
class Opened:
    """A window at work: closing it ends the sync thread and frees the profile."""

    window: EmployeeWindow | MonitorWindow
    workspace: Workspace
    runner: Runner
    lock: FileLock
    running: list[syncing.Running]
    instance: Instance | None = None

    def start(self) -> None:
        """Begins synchronising; called after the first paint."""
        self.runner.start()
        self.instance = make_instance(self.workspace.profile, self.window)
        self.window.begin()
        follow_network(self.window)

    def close(self) -> None:
        if self.instance is not None:
            self.instance.close()
        self.runner.stop(self._hang_up)
        for running in self.running:
            running.close()
        self.workspace.close()
        self.lock.release()

    def _hang_up(self) -> None:
        for running in self.running:
            running.hang_up()


def open_window(profile: Profile, around: Surroundings) -> Opened:
    """Puts one window together. E3005 when another process has the profile open."""
    from tracker.ui.bridge import Bridge, Collector

    private_folder(profile.folder)
    lock = syncing.profile_lock(profile)
    try:
        lock.acquire()
    except Timeout:
        raise EnvironmentFault("E3005") from None
    try:
        workspace = open_workspace(profile)
    except BaseException:
        lock.release()  # or Retry would find it held
        raise
    board = Board(workspace)
    gc.freeze()  # its rows are no garbage: the collector need not look through them
    window: EmployeeWindow | MonitorWindow
    if profile.scope == "monitor":
        from tracker.ui.monitor.window import MonitorWindow

        window = MonitorWindow(workspace, board, around)
    else:
        from tracker.ui.employee.window import EmployeeWindow

        window = EmployeeWindow(workspace, board, around)
    Collector(window)
    bridge = Bridge(window)
    bridge.report.connect(window.show_report)
    bridge.sending.connect(window.show_sending)
    running: list[syncing.Running] = []

    def make_engine() -> Engine:
        made = syncing.make_engine(
            profile, around.credentials, bridge.progress, window.occupancy_now, window.holds
        )
        running.append(made)
        made.listen(runner.nudge)
        return made.engine

    def changed() -> int:
        return running[0].workspace.outbox.last_seq() if running else 0

    rest = MONITOR_REST if profile.scope == "monitor" else 0.0
    seconds = around.settings.poll_seconds
    runner = Runner(make_engine, seconds, bridge.deliver, changed, rest=rest)
    window.sync_wanted.connect(runner.wake)
    window.acted.connect(runner.nudge)
    window.settings_changed.connect(lambda settings: runner.set_interval(settings.poll_seconds))
    if workspace.outbox.rescued is not None:
        window.tell_rescued(workspace.outbox.rescued)
    return Opened(window, workspace, runner, lock, running)


def make_instance(profile: Profile, window: EmployeeWindow | MonitorWindow) -> Instance:
    """Later starts of this profile come to this window."""
    from tracker.ui.instance import Instance

    instance = Instance(profile.folder, window)
    instance.asked.connect(window.come_forward)
    if not instance.is_listening:
        logging.getLogger(__name__).warning("a second start cannot find this window")
    return instance


def follow_network(window: EmployeeWindow | MonitorWindow) -> None:
    """Synchronises at once when the operating system says that the network is another one. Where
    Qt has no backend that could tell, the next poll notices."""
    from PySide6.QtNetwork import QNetworkInformation

    if QNetworkInformation.loadDefaultBackend():
        network = QNetworkInformation.instance()
        # To a signal of the window, as these connections end with it: the source outlives it.
        network.reachabilityChanged.connect(window.sync_wanted)
        network.transportMediumChanged.connect(window.sync_wanted)


def run(scope: Scope, root: Path, link: str = "") -> int:
    """Opens the employee's window ("desk") or the monitor and runs until it is quit. A link opens
    its task; where the window is open already, it comes to the front instead of a second one. What
    keeps it from opening is said on stderr and in a dialog; returns the exit code."""
    logs.to_stderr()
    while True:
        try:
            return _start(scope, root, link)
        except TrackerError as fault:
            code = complain(fault)
            if not wants_retry(fault):
                return code


def _start(scope: Scope, root: Path, link: str) -> int:
    settings = read_settings(root)
    if link:
        task_in(link)  # a wrong one is refused before anything opens
    profile = current_profile(root, scope)
    if profile is not None and is_open_elsewhere(profile, link):
        return 0
    app = make_app(settings)
    from tracker.ui.faults import Faults

    written = logs.start(root / "logs", scope)
    faults = Faults(crashed=written.crashed)
    try:
        return _run_windows(app, root, scope, settings, profile, link, faults)
    finally:
        faults.stop()
        written.stop()


def _run_windows(
    app: QApplication,
    root: Path,
    scope: Scope,
    settings: Settings,
    profile: Profile | None,
    link: str,
    faults: Faults,
) -> int:
    """One window after the other, until one is quit."""
    remembered = True
    credentials: Credentials | None = None
    while True:
        try:
            if profile is None:
                signed = ask_sign_in(root, scope)
                if signed is None:
                    return 0
                # Kept for Retry: the disk may not have the session.
                profile, credentials = signed.profile, signed.credentials
                remembered = signed.remembered
            if is_open_elsewhere(profile, link):
                return 0
            settings = read_settings(root, profile.folder)
            follow_theme(app, settings)
            around = surroundings(root, settings, credentials or keeping.for_profile(profile))
            ended = _run_one(app, profile, around, link, remembered, faults)
        except TrackerError as fault:
            code = complain(fault)
            if not wants_retry(fault):
                return code
            continue
        if ended is None:
            return 0
        profile, credentials, remembered = ended.profile, ended.credentials, ended.remembered
        link = ""
        gc.unfreeze()  # or that window's rows stayed beside the next one's
        gc.collect()


@dataclass(frozen=True, slots=True)
class Next:
    """The window ended for another one: of this profile, None for whoever signs in now."""

    profile: Profile | None = None
    credentials: Credentials | None = None
    remembered: bool = True


def _run_one(
    app: QApplication,
    profile: Profile,
    around: Surroundings,
    link: str,
    remembered: bool,
    faults: Faults,
) -> Next | None:
    """One window until it is quit; None ends the program."""
    from tracker.ui.first_paint import after_first_paint
    from tracker.ui.system.signals import Signals

    opened = open_window(profile, around)
    window, followed = opened.window, list[Next]()

    def go_on(wanted: Profile | None) -> None:
        """Who signed out here left their work behind, and nobody else may see it: first they sign
        in. Until then, and until the other profile is free, this window stays."""
        if not may_switch(window, wanted, go_on):
            return
        following = next_one(around.root, profile.scope, wanted)
        if following is None or (
            wanted is None and not may_switch(window, following.profile, go_on)
        ):
            return
        if window.quit():
            followed.append(following)

    def signed_out() -> None:
        end_signed_out(window)
        followed.append(Next())

    window.profile_wanted.connect(go_on)
    window.signed_out.connect(signed_out)
    keeping_settings = Keeping(app, profile.folder, around.settings)
    window.settings_changed.connect(lambda new: keeping_settings.change(new, window))
    window.sign_in_wanted.connect(lambda: sign_in_again(opened, around))
    window.closed.connect(app.quit)
    window.show()
    if not remembered:
        window.tell_not_remembered()
    if link:
        window.come_forward(link)
    faults.follow(window.papers)
    after_first_paint(window, opened.start)
    signals = Signals(window.end, window)
    try:
        app.exec()
    finally:
        signals.close()
        opened.close()
        window.deleteLater()
    return followed[-1] if followed else None


def may_switch(
    window: EmployeeWindow | MonitorWindow,
    wanted: Profile | None,
    again: Callable[[Profile | None], None],
) -> bool:
    """Whether the profile can be opened in the place of this window. One that is open comes to the
    front, beside this one; a command that keeps it is told here."""
    if wanted is None or wanted.folder == window.work.profile.folder:
        return True
    try:
        return not is_open_elsewhere(wanted, "", SWITCH_PATIENCE)
    except EnvironmentFault as fault:
        window.tell_fault("switch the account", fault, lambda: again(wanted))
        return False


def end_signed_out(window: EmployeeWindow | MonitorWindow) -> None:
    """Without a session the window must not stay. What could not be kept is said once, in front of
    it; then it is tried once more."""
    if not window.quit():
        from tracker.ui.dialogs.fault import tell

        toast = window.toast
        words = f"{toast.headline.text()}. {toast.sentence.text()}"
        more = "When you close this, Tracker tries it once more and signs out."
        tell("You are signed out", f"{words}\n{more}", parent=window)
        window.end()


def complain(fault: TrackerError) -> int:
    from tracker.commands import common

    return common.complain(fault)


def wants_retry(fault: TrackerError) -> bool:
    """Says in a dialog why no window opens; whether the person wants to try again. Without a
    screen nobody does. A link that is wrong stays so."""
    from PySide6.QtWidgets import QApplication

    if QApplication.instance() is None:
        try:
            make_app(Settings())
        except EnvironmentFault:
            return False
    from tracker.ui.dialogs.fault import tell

    words = describe(fault.code, fault.info)
    return tell("Tracker cannot open", words, retry=fault.code != "E2064")


def make_app(settings: Settings) -> QApplication:
    from PySide6.QtWidgets import QApplication

    from tracker.ui.theme import icons

    require_screen()
    app = QApplication.instance() or QApplication(["tracker"])
    assert isinstance(app, QApplication)
    app.setApplicationName("Tracker")
    app.setDesktopFileName("tracker")
    app.setWindowIcon(icons.app_icon())
    app.setQuitOnLastWindowClosed(False)  # a dialog may close while the window is in the tray
    use_own_dates()
    follow_theme(app, settings)
    return app


def require_screen() -> None:
    """E3015 where Qt would end the process because there is no screen to show anything on."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM", "xcb") != "xcb":
        return
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise EnvironmentFault("E3015")


def surroundings(root: Path, settings: Settings, credentials: Credentials) -> Surroundings:
    from tracker.ui.surroundings import Surroundings
    from tracker.ui.system.idle import Finding

    return Surroundings(root, settings, credentials, Finding().idle_ms, root / "logs", os.environ)


def follow_theme(app: QApplication, settings: Settings) -> None:
    from tracker.ui.theme import theme

    theme.follow(app, settings.theme, reduced_motion=settings.reduced_motion)


def next_one(root: Path, scope: Scope, wanted: Profile | None) -> Next | None:
    """The account to go on with; None if somebody thought better of it. One that is signed in has
    tokens; another, and one that nobody has used here yet, asks for the password."""
    if wanted is not None:
        credentials = keeping.for_profile(wanted)
        try:
            signed_in = credentials.read() is not None
        except EnvironmentFault:
            signed_in = False  # a keyring that does not answer: the password will
        if signed_in:
            choose_profile(root, wanted)
            return Next(wanted, credentials)
    signed = ask_sign_in(root, scope, wanted)
    return Next(signed.profile, signed.credentials, signed.remembered) if signed else None


class Keeping:
    """What a person sets takes effect at once, and is kept for their next start: each setting by
    itself, as another window or another person may have set others meanwhile."""

    def __init__(self, app: QApplication, folder: Path, settings: Settings) -> None:
        self._app, self._folder, self._kept = app, folder, settings

    def change(self, settings: Settings, window: EmployeeWindow | MonitorWindow) -> None:
        """A disk that does not take them is said; they have their effect until the program ends."""
        follow_theme(self._app, settings)
        try:
            write_settings(self._folder, differing(self._kept, settings))
        except EnvironmentFault as fault:
            window.tell_fault("keep the settings", fault, lambda: self.change(settings, window))
        else:
            self._kept = settings


def is_open_elsewhere(profile: Profile, link: str, patience: float | None = None) -> bool:
    """Whether another process has the profile open in a window, which comes to the front then. A
    command that synchronises has it for a moment only, and is waited for (`patience` seconds).
    E3005 for one that keeps it."""
    private_folder(profile.folder)
    until = time.monotonic() + (LOCK_PATIENCE if patience is None else patience)
    while True:
        try:
            with syncing.profile_lock(profile).acquire():
                return False
        except Timeout:
            from tracker.ui.instance import hand_over

            if hand_over(profile.folder, link):
                return True
            if time.monotonic() > until:
                raise EnvironmentFault("E3005") from None
            time.sleep(0.1)


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
        about=REPORTS if scope == "desk" else "",
    )
    dialog.exec()
    dialog.deleteLater()
    return dialog.signed_in


def sign_in_again(opened: Opened, around: Surroundings) -> None:
    """The session is over: a new one for the same person, then the queue goes on."""
    profile = opened.workspace.profile
    signed = ask_sign_in(around.root, profile.scope, profile, around.credentials)
    if signed is None:
        return
    if not signed.remembered:
        opened.window.tell_not_remembered()
    opened.runner.wake()
