"""What my admin sees: exactly what is reported of the person, and where they decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tracker.domain.errors import TrackerError
from tracker.domain.occupancy import Interval, merged
from tracker.domain.task import Occupancy
from tracker.services import activity, wording
from tracker.services.organising import Device
from tracker.services.roster import device_words
from tracker.services.workspace import device_clock
from tracker.ui.bridge import Errand
from tracker.ui.employee.working import Working
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_4
from tracker.ui.widgets.controls import Button, Scrolling, label
from tracker.ui.widgets.day_bar import DayBar
from tracker.ui.widgets.rows import Row, Section
from tracker.ui.widgets.shell import Shell

ACTIVITY = "What my admin sees"
_MOST = 60


class ActivityPage(Scrolling):
    """Read anew whenever it is opened, and while it is open whenever something changes."""

    def __init__(self, window: Shell, working: Working) -> None:
        super().__init__(ACTIVITY, window)
        self._window, self._working = window, working
        ground = QWidget()
        outer = QHBoxLayout(ground)
        outer.setContentsMargins(0, 0, SPACE_2, 0)
        holder = QWidget()
        holder.setMaximumWidth(720)
        outer.addWidget(holder, 1)
        outer.addStretch(0)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, SPACE_4)
        column.setSpacing(SPACE_3)
        column.addWidget(label(ACTIVITY, tokens.TITLE, bold=True))
        self.now = label("", tokens.HEADING, bold=True)
        self.heard = label("", muted=True)
        column.addWidget(self.now)
        column.addWidget(self.heard)
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        self.pause = Button("Pause…", self)
        self.pause.clicked.connect(self._pause_pressed)
        self.reports = Button("Report my activity", self)
        self.reports.clicked.connect(self._toggle_reports)
        row.addWidget(self.pause)
        row.addWidget(self.reports)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(label("The last 24 hours", bold=True))
        self.bar = DayBar(activity.WORDS, self)
        self.source = label("", tokens.SMALL + 1, muted=True)
        column.addWidget(self.bar)
        column.addWidget(self.source)
        self.list = Section("What this device reported", self)
        column.addWidget(self.list)
        self.devices = Section("Your devices, as the server heard of them", self)
        column.addWidget(self.devices)
        column.addWidget(label("Beside this, admins see", bold=True))
        for words in (
            "the tasks you are on: their progress, status, notes, comments and time worked, each "
            "with when you did it and when it arrived,",
            "when each device where you are signed in was last heard of, and how many changes "
            "waited on it then.",
            "Nothing else of this computer: no programs, no pages, no screen, no place.",
        ):
            column.addWidget(label(f"· {words}"))
        column.addStretch(1)
        self.set_ground(ground)
        self._from_server: tuple[list[Interval], int, int] | None = None
        self._devices: Sequence[Device] = ()
        self._errand: Errand | None = None
        working.shown.connect(self._show_if_open)
        working.watch.looked.connect(self._refresh_if_open)

    def open(self) -> None:
        """Shows what is known here, and asks the server what it has: that is what admins see."""
        self.leave()
        self._from_server = None
        self._devices = ()
        self.source.setText("From this device. Asking the server…")
        self.refresh()
        profile, credentials = self._window.work.profile, self._window.around.credentials
        self._errand = Errand(self, lambda: activity.at_server(profile, credentials), self._heard)

    def leave(self) -> None:
        if self._errand is not None:
            self._errand.forget()
            self._errand = None

    def _heard(self, outcome: activity.Day | Exception) -> None:
        self._errand = None
        if isinstance(outcome, TrackerError):
            self.source.setText(f"From this device; the server cannot be asked ({outcome.code}).")
        elif isinstance(outcome, Exception):
            self._window.tell_bug("ask the server", outcome)
        else:
            self._from_server = (outcome.intervals, outcome.started_at, outcome.ended_at)
            self._devices = outcome.devices or ()
            self.source.setText("As the server has it, from all your devices.")
        self.refresh()

    def _show_if_open(self) -> None:
        if self.isVisible():
            self._say_now()

    def _refresh_if_open(self) -> None:
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Rows and bar anew."""
        self._say_now()
        now = self._window.now()
        reported = self._working.activity.reported(now)
        if self._from_server is not None:
            self.bar.show_day(*self._from_server)
        else:
            start = now - activity.DAY_MS
            own = [one.interval for one in reported]
            self.bar.show_day(merged(own, start, now), start, now)
        rows = []
        for number, one in enumerate(reversed(reported[-_MOST:])):
            interval = one.interval
            began = wording.clock(interval.started_at, now)
            ended = wording.time_of_day(interval.ended_at)
            sent = "" if one.delivered else " · waiting to be sent"
            words = activity.WORDS[interval.state]
            said = f"{words}: {interval.reason}" if interval.reason else words
            rows.append(Row(str(number), "", [("", f"{began}–{ended} {said}{sent}")]))
        if len(reported) > _MOST:
            rows.append(Row("more", "", [("", f"… and {len(reported) - _MOST} earlier")]))
        if not rows:
            rows = [Row("none", "", [("", "Nothing in the last 24 hours.")])]
        self.list.show_rows(rows)
        self.devices.setVisible(bool(self._devices))
        self.devices.show_rows(
            [Row(str(n), "", [("", device_words(one, now))]) for n, one in enumerate(self._devices)]
        )

    def _say_now(self) -> None:
        working, said = self._working, self._working.said()
        reports = working.activity.reports
        now = f"Now: {said or activity.WORDS[Occupancy.UNKNOWN]}"
        self.now.setText(now if reports else "Your activity is not reported.")
        synced = self._window.status.synced_at
        age = wording.age(synced, device_clock())
        self.heard.setText(f"This device was last heard of {age}." if synced else "")
        self.pause.setVisible(reports)
        self.pause.setText("Go on" if working.activity.paused is not None else "Pause…")
        self.pause.setAccessibleName(self.pause.text())
        self.pause.updateGeometry()
        words = "Do not report my activity" if reports else "Report my activity"
        self.reports.setText(words)
        self.reports.setAccessibleName(words)
        self.reports.updateGeometry()

    def _pause_pressed(self) -> None:
        if self._working.activity.paused is not None:
            self._working.pause(None)
        else:
            self._working.ask_pause()

    def _toggle_reports(self) -> None:
        settings = self._window.around.settings
        reports = not self._working.activity.reports
        self._window.change_settings(replace(settings, report_activity=reports))
        self.refresh()
