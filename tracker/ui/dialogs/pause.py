"""A pause, with a reason in the person's own words: it is what their admins read."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QWidget

from tracker.domain.change import REASON_LIMIT
from tracker.ui.dialogs.form import Dialog
from tracker.ui.theme.tokens import SPACE_2
from tracker.ui.widgets.controls import Button, Field, label

_USUAL = ("Lunch", "Meeting", "On the road", "Break")


class PauseDialog(Dialog):
    def __init__(self, pause: Callable[[str], None], parent: QWidget) -> None:
        super().__init__("Pause my activity", parent)
        self._pause = pause
        self.column.addWidget(
            label(
                "Until you go on, your admins see “Paused” with this reason, whatever you do at "
                "this computer. A timer goes on.",
                muted=True,
            )
        )
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        self.usual: list[Button] = []
        for words in _USUAL:
            button = Button(words, self, small=True)
            button.clicked.connect(lambda _c=False, w=words: self._chosen(w))
            row.addWidget(button)
            self.usual.append(button)
        row.addStretch(1)
        self.reason = Field("Reason", self, placeholder="Reason, if you like to give one")
        self.reason.edit.setMaxLength(REASON_LIMIT)
        self.reason.edit.returnPressed.connect(self._typed)
        self.column.addWidget(self.reason)
        self.column.addLayout(row)
        cancel = self.add_button("Cancel")
        cancel.clicked.connect(self.reject)
        self.button = self.add_button("Pause", primary=True)
        self.button.clicked.connect(self._typed)
        self.reason.setFocus()

    def _typed(self) -> None:
        self._chosen(self.reason.edit.text())

    def _chosen(self, reason: str) -> None:
        self.accept()
        self._pause(reason)
