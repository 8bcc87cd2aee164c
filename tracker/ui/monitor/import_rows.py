"""The lines of a file as a table: what becomes of each, before the import and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QTableView,
    QWidget,
)

from tracker.domain.errors import Refusal, entry_of
from tracker.domain.receipt import EFFECTIVE, Receipt
from tracker.domain.spreadsheet import Verdict
from tracker.services.importing import Row
from tracker.ui.theme.tokens import tokens_of
from tracker.ui.widgets.controls import ScrollBar

_HEAD = ("Line", "Result", "Title", "Assignees", "Due", "Why")
_WORDS = {
    Verdict.NEW: ("New", "text"),
    Verdict.KNOWN: ("Imported before", "muted"),
    Verdict.REFUSED: ("Refused", "danger"),
}
WAITING, SAVED, TAKEN_BACK = "Waiting to be sent", "Saved at the server", "Taken back"
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class RowsModel(QAbstractTableModel):
    """Nothing here is made for a row that is not painted."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._ground = parent
        self._all: Sequence[Row] = ()
        self._shown: Sequence[int] = ()
        self._places: dict[str, int] = {}
        self._became: dict[int, tuple[str, str, str]] = {}
        self.only_refused = False

    def show_rows(self, rows: Sequence[Row]) -> None:
        self.beginResetModel()
        self._all, self._became = rows, {}
        self._places = {row.action.op_id: at for at, row in enumerate(rows) if row.action}
        self._filter()
        self.endResetModel()

    def set_only_refused(self, only: bool) -> None:
        self.beginResetModel()
        self.only_refused = only
        self._filter()
        self.endResetModel()

    def _filter(self) -> None:
        every = range(len(self._all))
        self._shown = [at for at in every if self.is_refused(at)] if self.only_refused else every

    def is_refused(self, place: int) -> bool:
        if place in self._became:
            return self._became[place][1] == "danger"
        return self._all[place].judged.verdict is Verdict.REFUSED

    def show_results(self, found: Mapping[str, Receipt | None]) -> None:
        """What became of actions, by op_id."""
        for op_id, receipt in found.items():
            if receipt is None:
                said = (WAITING, "in_progress", "")
            elif receipt.outcome in EFFECTIVE:
                said = (SAVED, "done", "")
            else:
                code = receipt.code or "E5008"
                why = Refusal(code, receipt.field, receipt.info).message
                said = (f"Refused ({code})", "danger", f"{why} {entry_of(code).remedy}")
            self._became[self._places[op_id]] = said
        self._repaint()

    def show_taken_back(self, op_ids: Sequence[str]) -> None:
        for op_id in op_ids:
            self._became[self._places[op_id]] = (TAKEN_BACK, "muted", "")
        self._repaint()

    def show_left(self, left: Mapping[str, Refusal]) -> None:
        """Why these stay although the import was undone, by op_id."""
        for op_id, refusal in left.items():
            why = f"{refusal.message} {entry_of(refusal.code).remedy}"
            self._became[self._places[op_id]] = (f"Stays ({refusal.code})", "warning", why)
        self._repaint()

    def _repaint(self) -> None:
        if self._shown:
            last = self.index(len(self._shown) - 1, len(_HEAD) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def count_of(self, word: str) -> int:
        return sum(said[0].startswith(word) for said in self._became.values())

    @property
    def refused_later(self) -> set[int]:
        """The lines that the server refused."""
        return {
            self._all[at].judged.line for at, said in self._became.items() if said[1] == "danger"
        }

    # -- Qt's side -------------------------------------------------------------------------

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(_HEAD)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and orientation is Qt.Orientation.Horizontal:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return _HEAD[section]

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        place = self._shown[index.row()]
        roles = Qt.ItemDataRole
        if role in (roles.DisplayRole, roles.ToolTipRole, roles.AccessibleTextRole):
            return self._text(place, index.column())
        if role == roles.ForegroundRole and index.column() in (0, 1):
            name = "muted" if index.column() == 0 else self._said(place)[1]
            return QColor(getattr(tokens_of(self._ground.palette()), name))
        return None

    def _said(self, place: int) -> tuple[str, str, str]:
        """The result, its colour, and why."""
        if place in self._became:
            return self._became[place]
        judged = self._all[place].judged
        words, colour = _WORDS[judged.verdict]
        if judged.code is None:
            return words, colour, ""
        where = f"{judged.field}: " if judged.field else ""
        remedy = entry_of(judged.code).remedy
        return f"{words} ({judged.code})", colour, f"{where}{judged.message} {remedy}"

    def _text(self, place: int, column: int) -> str:
        row = self._all[place]
        cells = row.line.cells
        match column:
            case 0:
                return str(row.judged.line)
            case 1:
                return self._said(place)[0]
            case 2:
                return row.judged.title
            case 3:
                return cells.get("people", "")
            case 4:
                return cells.get("due", "")
        return self._said(place)[2]


class RowsTable(QTableView):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Lines of the file")
        self.rows = RowsModel(self)
        self.setModel(self.rows)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollBar(ScrollBar(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        for corner in self.findChildren(QAbstractButton):  # between the two heads; never shown
            corner.setAccessibleName("Select all lines")
        self.verticalHeader().setDefaultSectionSize(28)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setStretchLastSection(True)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate((56, 150, 200, 110, 96)):
            self.setColumnWidth(column, width)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.viewport().update()
