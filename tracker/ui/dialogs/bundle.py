"""Before a diagnostic bundle is written: what will be in it, and what will not."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from tracker.services.diagnostics import CONTENTS
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_4, SPACE_5
from tracker.ui.widgets.controls import Button, label


class BundleDialog(QDialog):
    """`save` is called when the person wants it."""

    def __init__(self, save: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Diagnostic bundle")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_5, SPACE_5, SPACE_5, SPACE_5)
        column.setSpacing(SPACE_2)
        column.addWidget(label("Diagnostic bundle", tokens.TITLE, bold=True))
        column.addWidget(
            label("A zip file for whoever looks after Tracker. Nothing is sent: you give it away.")
        )
        column.addSpacing(SPACE_2)
        column.addLayout(self._contents())
        column.addSpacing(SPACE_2)
        column.addWidget(
            label(
                "Not in it: what people wrote (titles, notes, comments, drafts), names, passwords "
                "and tokens.",
                bold=True,
            )
        )
        column.addSpacing(SPACE_4)
        row = QHBoxLayout()
        row.addStretch(1)
        cancel = Button("Cancel", self)
        cancel.clicked.connect(self.reject)
        self.button = Button("Save…", self, primary=True)
        self.button.clicked.connect(self._pressed)
        row.addWidget(cancel)
        row.addWidget(self.button)
        column.addLayout(row)
        self._save = save
        self.setMinimumWidth(560)
        self.button.setFocus()

    def _contents(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE_4)
        grid.setVerticalSpacing(SPACE_2)
        for row, (name, words) in enumerate(CONTENTS):
            named = label(name, muted=True)
            named.setWordWrap(False)
            grid.addWidget(named, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(words), row, 1)
        grid.setColumnStretch(1, 1)
        return grid

    def _pressed(self) -> None:
        self.accept()
        self._save()
