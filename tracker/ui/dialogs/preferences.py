"""What I am told: read from the server and kept there, so it takes a connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QHBoxLayout, QWidget

from tracker.domain.errors import TrackerError
from tracker.domain.notification import Frequency
from tracker.services import wording
from tracker.services.preferences import Kept
from tracker.ui.bridge import Errand
from tracker.ui.dialogs.form import Dialog
from tracker.ui.theme.tokens import SPACE_2
from tracker.ui.widgets.controls import Check, Choice, Field, label
from tracker.ui.widgets.spoken import announce

_CHANNELS = {
    "enable_in_app_notifications": "In Tracker",
    "enable_desktop_notifications": "On the desktop",
    "enable_email_notifications": "By e-mail",
    "enable_sms_notifications": "By text message",
}
_TYPES = {
    "notify_task_assigned": "A task was assigned to me",
    "notify_task_completed": "A task I made, review or watch was completed",
    "notify_message_received": "A comment on a task of mine",
    "notify_deadline_reminder": "A task is due within a day",
    "notify_task_overdue": "A task is overdue",
    "notify_lead_assigned": "A lead was assigned to me",
    "notify_call_missed": "I missed a call",
}
_BATCHES = {"email_batch_frequency": "E-mail", "sms_batch_frequency": "Text messages"}

Read = Callable[[], Kept]
Write = Callable[[Mapping[str, object], str], Kept]


class PreferencesDialog(Dialog):
    def __init__(self, read: Read, write: Write, parent: QWidget) -> None:
        super().__init__("What I am told", parent, 480)
        self._read, self._write = read, write
        self._kept: Kept | None = None
        self.checks: dict[str, Check] = {}
        self.heading("Where")
        self._add_checks(_CHANNELS)
        self.heading("Of what")
        self._add_checks(_TYPES)
        self.heading("Quiet hours")
        self._add_checks({"quiet_hours_enabled": "Do not disturb me between these times"})
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        self.start = Field("Quiet from", self, placeholder="22:00")
        self.end = Field("Quiet until", self, placeholder="06:00")
        for field in (self.start, self.end):
            row.addWidget(field)
        self.column.addLayout(row)
        self.heading("Gathered into one message")
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        self.batches: dict[str, Choice] = {}
        for name, words in _BATCHES.items():
            options = [(f.value.capitalize(), f) for f in Frequency]
            self.batches[name] = Choice(words, options, self)
            row.addWidget(self.batches[name])
        row.addStretch(1)
        self.column.addLayout(row)
        self.problem = label("")
        self.column.addWidget(self.problem)
        self.again = self.add_button("Retry")
        self.again.clicked.connect(self._ask)
        cancel = self.add_button("Cancel")
        cancel.clicked.connect(self.reject)
        self.save = self.add_button("Save", primary=True)
        self.save.clicked.connect(self._save)
        self._ask()
        cancel.setFocus()

    def _add_checks(self, words: Mapping[str, str]) -> None:
        for name, said in words.items():
            self.checks[name] = Check(said, self)
            self.column.addWidget(self.checks[name])

    def _enable(self, on: bool) -> None:
        parts: list[QWidget] = [*self.checks.values(), *self.batches.values(), self.start, self.end]
        for part in (*parts, self.save):
            part.setEnabled(on)

    def _ask(self) -> None:
        self._run("read what you are told", self._read)

    def _save(self) -> None:
        kept = self._kept
        if kept is None:
            return
        chosen: dict[str, object] = {name: box.isChecked() for name, box in self.checks.items()}
        chosen |= {name: choice.value for name, choice in self.batches.items()}
        for name, field in (("quiet_hours_start", self.start), ("quiet_hours_end", self.end)):
            chosen[name] = field.edit.text().strip() or None
        changes = {n: v for n, v in chosen.items() if getattr(kept.preferences, n) != v}
        if not changes:
            self.accept()
            return
        self._run("save it", lambda: self._write(changes, kept.tag), self.accept)

    def _run(self, tried: str, call: Read, then: Callable[[], None] | None = None) -> None:
        self._enable(False)
        self.again.hide()
        self._say("Asking the server…")
        Errand(self, call, lambda outcome: self._heard(tried, outcome, then))

    def _heard(
        self, tried: str, outcome: Kept | Exception, then: Callable[[], None] | None
    ) -> None:
        if isinstance(outcome, Kept):
            self._say("")
            self._show(outcome)
            if then is not None:
                then()
            return
        code = outcome.code if isinstance(outcome, TrackerError) else "E3013"
        rest = f" {outcome.entry.message} {outcome.entry.remedy}" if code != "E3013" else ""  # type: ignore[attr-defined]
        words = f"{wording.unable(tried, code)}.{rest}"
        self._say(words, bad=True)
        announce(self.problem, words, at_once=True)
        self._enable(self._kept is not None)
        self.again.setVisible(self._kept is None or code == "E5062")

    def _say(self, words: str, *, bad: bool = False) -> None:
        role = self.problem.palette().ColorRole
        self.problem.setForegroundRole(role.BrightText if bad else role.PlaceholderText)
        self.problem.setText(words)

    def _show(self, kept: Kept) -> None:
        self._kept = kept
        for name, box in self.checks.items():
            box.setChecked(bool(getattr(kept.preferences, name)))
        for name, choice in self.batches.items():
            choice.set_value(getattr(kept.preferences, name))
        self.start.edit.setText(kept.preferences.quiet_hours_start or "")
        self.end.edit.setText(kept.preferences.quiet_hours_end or "")
        self._enable(True)
