"""What this program is, what it stands on, and where it keeps things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2, SPACE_4, SPACE_5
from tracker.ui.widgets.controls import Button, label

OWN_LICENCE = "Tracker is free software under the MIT License. © 2026 The Tracker maintainers."
LICENCES = (
    ("Qt and PySide6", "windows and drawing", "LGPL-3.0"),
    ("Python", "the language", "PSF-2.0"),
    ("SQLite", "the local files", "public domain"),
    ("httpx", "talking to the server", "BSD-3-Clause"),
    ("pydantic", "reading its answers", "MIT"),
    ("keyring", "keeping the sign-in", "MIT"),
    ("platformdirs", "finding the folders", "MIT"),
    ("filelock", "one window for a person", "MIT"),
    ("pyqtgraph", "drawing charts", "MIT"),
    ("numpy", "what it counts with", "BSD-3-Clause"),
    ("colorama", "what it says things in colour with", "BSD-3-Clause"),
    ("jeepney", "talking to the desktop, on Linux", "MIT"),
    ("tzdata", "time zones, on Windows", "Apache-2.0"),
)
"""What the window is made of: (name, what for, licence)."""


class AboutDialog(QDialog):
    """`open_logs` is None where there is no folder of logs."""

    def __init__(
        self,
        versions: Mapping[str, str],
        data_folder: Path,
        open_logs: Callable[[], None] | None,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Tracker")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._words = "\n".join(f"{name} {value}" for name, value in versions.items())
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_5, SPACE_5, SPACE_5, SPACE_5)
        column.setSpacing(SPACE_2)
        column.addWidget(label(f"Tracker {versions['Tracker']}", tokens.TITLE, bold=True))
        column.addWidget(label(OWN_LICENCE, muted=True))
        column.addSpacing(SPACE_2)
        beside = {name: value for name, value in versions.items() if name != "Tracker"}
        column.addLayout(_grid([*beside.items(), ("Data folder", str(data_folder))]))
        column.addSpacing(SPACE_2)
        column.addWidget(label("It stands on", tokens.HEADING, bold=True))
        column.addLayout(_grid([(name, f"{licence} · {what}") for name, what, licence in LICENCES]))
        column.addSpacing(SPACE_4)
        row = QHBoxLayout()
        self.logs = Button("Open log folder", self)
        self.logs.setEnabled(open_logs is not None)
        if open_logs is not None:
            self.logs.clicked.connect(open_logs)
        self.copy = Button("Copy versions", self)
        self.copy.clicked.connect(self._copy)
        self.close_button = Button("Close", self, primary=True)
        self.close_button.clicked.connect(self.accept)
        row.addWidget(self.logs)
        row.addWidget(self.copy)
        row.addStretch(1)
        row.addWidget(self.close_button)
        column.addLayout(row)
        self.setMinimumWidth(520)
        self.close_button.setFocus()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._words)
        self.copy.setText("Copied")
        self.copy.setAccessibleName("Copied")
        self.copy.update()


def _grid(rows: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(SPACE_4)
    grid.setVerticalSpacing(SPACE_1)
    for number, (name, words) in enumerate(rows):
        named = label(name, muted=True)
        named.setMinimumWidth(120)
        grid.addWidget(named, number, 0, Qt.AlignmentFlag.AlignTop)
        value = label(words)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid.addWidget(value, number, 1)
    grid.setColumnStretch(1, 1)
    return grid
