"""First start, and signing in again: server address, name, password."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from tracker.domain.errors import TrackerError
from tracker.services import wording
from tracker.services.session import SignedIn
from tracker.ui.bridge import Errand
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_4, SPACE_5
from tracker.ui.widgets.controls import Button, Field, label
from tracker.ui.widgets.spoken import announce

SignInCall = Callable[[str, str, str], SignedIn]


class SignInDialog(QDialog):
    """`signed_in` holds the result after it was accepted. Fields stay filled after an error."""

    def __init__(
        self,
        title: str,
        sign_in: SignInCall,
        server: str,
        name: str,
        parent: QWidget | None = None,
        about: str = "",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sign in to Tracker")
        self.signed_in: SignedIn | None = None
        self._sign_in = sign_in
        self._errand: Errand | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_5, SPACE_5, SPACE_5, SPACE_5)
        column.setSpacing(SPACE_2)
        column.addWidget(label(title, tokens.TITLE, bold=True))
        column.addWidget(
            label("After the first time Tracker also works without network.", muted=True)
        )
        if about:
            column.addWidget(label(about, muted=True))
        column.addSpacing(SPACE_2)
        self.server = self._field(column, "Server address", "https://tracker.example.com", server)
        self.name = self._field(column, "Name", "", name)
        self.password = self._field(column, "Password", "", "")
        self.password.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self.problem = label("")
        red = self.problem.palette()
        red.setColor(red.ColorRole.WindowText, red.color(red.ColorRole.BrightText))
        self.problem.setPalette(red)
        self.problem.setMinimumHeight(40)
        self.problem.setAlignment(Qt.AlignmentFlag.AlignTop)
        column.addWidget(self.problem)
        row = QHBoxLayout()
        row.addStretch(1)
        cancel = Button("Cancel", self)
        cancel.clicked.connect(self.reject)
        self.button = Button("Sign in", self, primary=True)
        self.button.clicked.connect(self._start)
        row.addWidget(cancel)
        row.addWidget(self.button)
        column.addSpacing(SPACE_4)
        column.addLayout(row)
        self.setMinimumWidth(440)
        for field in (self.server, self.name, self.password):
            field.edit.returnPressed.connect(self._start)
        first = self.password if name else self.name if server else self.server
        first.setFocus()

    def _field(self, column: QVBoxLayout, words: str, example: str, value: str) -> Field:
        column.addWidget(label(words, tokens.SMALL + 1, muted=True))
        made = Field(words, self, placeholder=example)
        made.edit.setText(value)
        column.addWidget(made)
        return made

    def _start(self) -> None:
        if not self.button.isEnabled():
            return
        self.button.setEnabled(False)
        self.problem.setText("Signing in…")
        server, name = self.server.edit.text(), self.name.edit.text()
        password = self.password.edit.text()
        self._errand = Errand(self, lambda: self._sign_in(server, name, password), self._ended)

    def done(self, result: int) -> None:
        if self._errand is not None:
            self._errand.forget()
        super().done(result)

    def _ended(self, outcome: SignedIn | Exception) -> None:
        self.button.setEnabled(True)
        if isinstance(outcome, SignedIn):
            self.signed_in = outcome
            self.accept()
            return
        code = outcome.code if isinstance(outcome, TrackerError) else ""
        if isinstance(outcome, TrackerError):
            entry = outcome.entry
            words = f"{wording.unable('sign in', code)}. {entry.message} {entry.remedy}"
        else:
            name = type(outcome).__name__
            words = f"Unable to sign in: an error in Tracker itself ({name}). Please report it."
        self.problem.setText(words)
        announce(self.problem, words, at_once=True)
        self.server.set_bad(code in ("E2007", "E4001", "E4002", "E4003", "E4007"))
        self.password.set_bad(code == "E1001")
        if code == "E1001":
            self.password.setFocus()
            self.password.edit.selectAll()
