"""What is wrong where no window is there to say it: who starts from a menu sees no terminal."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget

from tracker.ui.dialogs.form import Dialog
from tracker.ui.widgets.controls import label


class FaultDialog(Dialog):
    """A sentence with its code. Accepted is Retry, where that is offered."""

    def __init__(
        self, title: str, sentence: str, *, retry: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(title, parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)  # its result is read
        self.sentence = label(sentence)
        self.column.addWidget(self.sentence)
        self.away = self.add_button("Close", primary=not retry)
        self.away.clicked.connect(self.reject)
        if retry:
            self.retry = self.add_button("Retry", primary=True)
            self.retry.clicked.connect(self.accept)
            self.retry.setFocus()


def tell(title: str, sentence: str, *, retry: bool = False, parent: QWidget | None = None) -> bool:
    """Waits for the answer; whether to try again."""
    dialog = FaultDialog(title, sentence, retry=retry, parent=parent)
    answer = dialog.exec()
    dialog.deleteLater()
    return answer == QDialog.DialogCode.Accepted
