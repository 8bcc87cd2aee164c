"""Signing out: what is not sent yet stays on this device, and the person is told before."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from tracker.ui.dialogs.form import Dialog
from tracker.ui.widgets.controls import label


class SignOutDialog(Dialog):
    """`waiting` changes are not sent, `tray` need attention; `send` tries to send them now."""

    def __init__(
        self,
        waiting: int,
        tray: int,
        sign_out: Callable[[], None],
        send: Callable[[], None],
        parent: QWidget,
    ) -> None:
        super().__init__("Sign out", parent)
        said = ["This device forgets your session. Your tasks stay here for your next sign-in."]
        if waiting:
            many = "1 change is" if waiting == 1 else f"{waiting} changes are"
            said.append(
                f"{many} not sent yet. What is not sent is kept on this device and goes out when "
                "you sign in again here; nobody else can see it until then."
            )
        if tray:
            many = "1 change needs" if tray == 1 else f"{tray} changes need"
            said.append(f"{many} your attention, and will still do so.")
        for words in said:
            self.column.addWidget(label(words))
        cancel = self.add_button("Cancel")
        cancel.clicked.connect(self.reject)
        if waiting:
            self.send = self.add_button("Send first")
            self.send.clicked.connect(lambda: self._leave(send))
        words = "Sign out with unsent changes" if waiting else "Sign out"
        self.button = self.add_button(words, primary=not waiting)
        self.button.clicked.connect(lambda: self._leave(sign_out))
        cancel.setFocus()

    def _leave(self, do: Callable[[], None]) -> None:
        self.accept()
        do()
