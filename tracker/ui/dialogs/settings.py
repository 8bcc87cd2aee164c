"""Settings: each takes effect at once and is kept; there is nothing to confirm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QWidget

from tracker.config import Profile, Settings
from tracker.domain.errors import EnvironmentFault, describe
from tracker.ui.dialogs.form import Dialog
from tracker.ui.system.integration import Entry, at_start, of_links
from tracker.ui.theme.tokens import SPACE_2
from tracker.ui.widgets.controls import Check, Choice, label
from tracker.ui.widgets.spoken import announce

_THEMES = (("Like the system", "system"), ("Light", "light"), ("Dark", "dark"),
           ("High contrast", "contrast"))  # fmt: skip
_POLLS = (3.0, 5.0, 10.0, 15.0, 30.0, 60.0)
_MINUTES = (1, 3, 5, 10, 15, 30)


class SettingsDialog(Dialog):
    """`change` is told of every new value; `root` is the data folder that is opened at start.
    `reports` says whether this window reports activity and has a tray: the monitor does neither."""

    def __init__(
        self,
        settings: Settings,
        profile: Profile,
        change: Callable[[Settings], None],
        root: Path,
        parent: QWidget,
        *,
        reports: bool,
    ) -> None:
        super().__init__("Settings", parent, 480)
        self._settings, self._change = settings, change
        self.heading("Server")
        self.column.addWidget(label(f"{profile.server_url} · {profile.name}", muted=True))
        self.poll = self._choice(
            "Ask for news", "poll_seconds", [(f"every {s:g} s", s) for s in _POLLS],
            f"every {settings.poll_seconds:g} s",
        )  # fmt: skip
        self.heading("Appearance")
        self.theme = self._choice("Theme", "theme", _THEMES, settings.theme)
        self.motion = self._check("Reduced motion: menus do not fade, the caret stands still",
                                  "reduced_motion")  # fmt: skip
        if reports:
            self._build_own(settings)
        self.heading("This computer")
        self.problem = label("")
        self.start = self._entry(
            "Open Tracker when I sign in to this computer", at_start(root=root)
        )
        self.links = self._entry("Open tracker:// links with this Tracker", of_links(root=root))
        self.problem.setForegroundRole(self.problem.palette().ColorRole.BrightText)
        self.problem.hide()
        self.column.addWidget(self.problem)
        self.close_button = self.add_button("Close", primary=True)
        self.close_button.clicked.connect(self.accept)
        self.poll.setFocus()

    def _build_own(self, settings: Settings) -> None:
        self.heading("Activity")
        self.column.addWidget(
            label("Whether you are active, idle or paused; never what you do elsewhere.",
                  muted=True)
        )  # fmt: skip
        self.report = self._check("Report my activity to my admins", "report_activity")
        minutes = [(f"{m} min", m) for m in _MINUTES]
        self.idle = self._choice(
            "Idle after", "idle_minutes", minutes, f"{settings.idle_minutes} min"
        )
        self.heading("Notifications on the desktop")
        self.assigned = self._check("Tasks that are assigned to me, and comments on mine",
                                    "notify_assigned")  # fmt: skip
        self.changed = self._check("Tasks of mine that somebody changed", "notify_changed")
        self.overdue = self._check("Tasks that are due soon or overdue", "notify_overdue")
        self.heading("Window")
        self.tray = self._check("Closing the window leaves Tracker in the tray", "close_to_tray")

    def _choice(
        self, words: str, field: str, options: Sequence[tuple[str, object]], now: str
    ) -> Choice:
        """A value that no option has (somebody wrote it into the file) is one of them too."""
        value = getattr(self._settings, field)
        known = value in [offered for _, offered in options]
        made = Choice(words, options if known else [*options, (now, value)], self)
        made.set_value(value)
        made.chosen.connect(lambda new: self._set(field, new))
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        row.addWidget(made)
        row.addStretch(1)
        self.column.addLayout(row)
        return made

    def _check(self, words: str, field: str) -> Check:
        made = Check(words, self)
        made.setChecked(getattr(self._settings, field))
        made.toggled.connect(lambda on: self._set(field, on))
        self.column.addWidget(made)
        return made

    def _entry(self, words: str, entry: Entry | None) -> Check | None:
        if entry is None:
            return None
        made = Check(words, self)
        made.setChecked(entry.is_on())
        made.toggled.connect(lambda on: self._set_entry(made, entry, on))
        self.column.addWidget(made)
        return made

    def _set(self, field: str, value: object) -> None:
        self._settings = replace(self._settings, **{field: value})  # type: ignore[arg-type]
        self._change(self._settings)

    def _set_entry(self, box: Check, entry: Entry, on: bool) -> None:
        try:
            entry.set(on)
            self.problem.hide()
        except EnvironmentFault as fault:
            box.blockSignals(True)
            box.setChecked(entry.is_on())
            box.blockSignals(False)
            words = describe(fault.code, fault.info)
            self.problem.setText(words)
            self.problem.show()
            announce(self.problem, words, at_once=True)
