"""The person's account in a window: its menu, settings, other accounts, signing out."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu

from tracker.config import known_profiles
from tracker.domain.errors import TrackerError
from tracker.services import preferences, session
from tracker.ui.bridge import Errand
from tracker.ui.widgets.shell import Shell

_MENU = (
    ("What my admin sees", "Pause my activity…", "Go on after the pause"),
    ("Settings…", "What I am told…", "Show keyboard shortcuts", "Save a diagnostic bundle…",
     "About Tracker"),
    ("Switch account…", "Sign out…", "Quit"),
)  # fmt: skip
"""The commands in the menu, by name; those that a window does not have are left out."""


class Account(QObject):
    """`reports` says whether the window reports activity."""

    def __init__(self, window: Shell, *, reports: bool) -> None:
        super().__init__(window)
        self._window, self._reports = window, reports
        self._leaving = False
        window.who.clicked.connect(self._open_menu)
        add = window.commands.add
        add("Settings…", self.open_settings, "Ctrl+,")
        add("What I am told…", self.open_preferences)
        add("Switch account…", self._choose_account)
        add("Sign out…", self._ask_sign_out)

    def _open_menu(self) -> None:
        window = self._window
        menu = QMenu(window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        known = {action.text(): action for action in window.commands.listed()}
        for group in _MENU:
            menu.addSeparator()
            for name in group:
                if name in known:
                    menu.addAction(known[name])
        menu.popup(window.who.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 4)))

    # -- settings --------------------------------------------------------------------------

    def open_settings(self) -> None:
        from tracker.ui.dialogs.settings import SettingsDialog

        window = self._window
        SettingsDialog(
            window.around.settings, window.work.profile, window.change_settings,
            window.around.root, window, reports=self._reports,
        ).open()  # fmt: skip

    def open_preferences(self) -> None:
        from tracker.ui.dialogs.preferences import PreferencesDialog

        window = self._window
        profile, credentials = window.work.profile, window.around.credentials
        PreferencesDialog(
            lambda: preferences.read(profile, credentials),
            lambda changes, tag: preferences.write(profile, credentials, changes, tag),
            window,
        ).open()

    # -- accounts --------------------------------------------------------------------------

    def _choose_account(self) -> None:
        from tracker.ui.dialogs.choosing import Chooser, Option

        window, profile = self._window, self._window.work.profile
        others = [
            Option(
                f"{one.display_name} · {one.tenant}", one.server_url,
                lambda one=one: window.profile_wanted.emit(one),  # type: ignore[misc]
            )
            for one in known_profiles(window.around.root, profile.scope)
            if one.folder != profile.folder
        ]  # fmt: skip
        another = Option(
            "Sign in to another account…", "", lambda: window.profile_wanted.emit(None)
        )
        Chooser("Switch account", "Name or server", [*others, another], window).open()

    def _ask_sign_out(self) -> None:
        from tracker.ui.dialogs.sign_out import SignOutDialog

        tally = self._window.work.outbox.tally()
        waiting = tally.waiting - tally.reports
        SignOutDialog(
            waiting, tally.tray, self._sign_out, self._window.sync_wanted.emit, self._window
        ).open()

    def _sign_out(self) -> None:
        """The server is told out of the click's way; where it cannot be, the session ends here all
        the same, and there when its time is over."""
        if self._leaving:
            return
        self._leaving = True
        root, profile = self._window.around.root, self._window.work.profile
        credentials = self._window.around.credentials
        self._window.toast.say("Signing out…")

        def call() -> list[TrackerError | None]:
            return [session.sign_out(root, profile, credentials)]

        Errand(self, call, self._ended)

    def _ended(self, outcome: list[TrackerError | None] | Exception) -> None:
        """What kept the server from being told is no fault: the session ended here."""
        self._leaving = False
        if isinstance(outcome, TrackerError):
            self._window.tell_fault("sign out", outcome, self._sign_out)
        elif isinstance(outcome, Exception):
            self._window.tell_bug("sign out", outcome)
        else:
            self._window.signed_out.emit()
