"""The lines of a file as a table: what becomes of each, before the import and after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtWidgets import QWidget

from tracker.domain.errors import Refusal, entry_of
from tracker.domain.receipt import EFFECTIVE, Receipt
from tracker.domain.spreadsheet import Verdict
from tracker.services.importing import Row
from tracker.ui.widgets.tables import Column, Table, muted

_WORDS = {
    Verdict.NEW: ("New", "text"),
    Verdict.KNOWN: ("Imported before", "muted"),
    Verdict.REFUSED: ("Refused", "danger"),
}
WAITING, SAVED, TAKEN_BACK = "Waiting to be sent", "Saved at the server", "Taken back"


class RowsTable(Table):
    """The ids of its rows are places in the file."""

    def __init__(self, parent: QWidget) -> None:
        self._all: Sequence[Row] = ()
        self._places: dict[str, int] = {}
        self._became: dict[int, tuple[str, str, str]] = {}
        self._only_refused = False
        columns = [
            Column("Line", self._line, 56, 7, colour=muted),
            Column("Result", self._result, 150, 9, colour=self._colour),
            Column("Title", self._title, 216, 8, tip=self._title),
            Column("Assignees", self._cell("people"), 110, 6, tip=self._cell("people")),
            Column("Due", self._cell("due"), 96, 5, tip=self._cell("due")),
            Column("Why", self._why, 200, 10, tip=self._why),
        ]
        super().__init__("Lines of the file", columns, parent, row_height=32)

    def show_rows(self, rows: Sequence[Row]) -> None:
        self._all, self._became = rows, {}
        self._places = {row.action.op_id: at for at, row in enumerate(rows) if row.action}
        self._filter()

    def set_only_refused(self, only: bool) -> None:
        self._only_refused = only
        self._filter()

    def _filter(self) -> None:
        every = range(len(self._all))
        self.show_ids([str(at) for at in every if not self._only_refused or self.is_refused(at)])

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
        self.show_ids(self.ids)

    def show_taken_back(self, op_ids: Sequence[str]) -> None:
        for op_id in op_ids:
            self._became[self._places[op_id]] = (TAKEN_BACK, "muted", "")
        self.show_ids(self.ids)

    def show_left(self, left: Mapping[str, Refusal]) -> None:
        """Why these stay although the import was undone, by op_id."""
        for op_id, refusal in left.items():
            why = f"{refusal.message} {entry_of(refusal.code).remedy}"
            self._became[self._places[op_id]] = (f"Stays ({refusal.code})", "warning", why)
        self.show_ids(self.ids)

    def count_of(self, word: str) -> int:
        return sum(said[0].startswith(word) for said in self._became.values())

    @property
    def refused_later(self) -> set[int]:
        """The lines that the server refused."""
        return {
            self._all[at].judged.line for at, said in self._became.items() if said[1] == "danger"
        }

    # -- words -----------------------------------------------------------------------------

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

    def _line(self, row: str) -> str:
        return str(self._all[int(row)].judged.line)

    def _result(self, row: str) -> str:
        return self._said(int(row))[0]

    def _colour(self, row: str) -> str:
        return self._said(int(row))[1]

    def _why(self, row: str) -> str:
        return self._said(int(row))[2]

    def _title(self, row: str) -> str:
        return self._all[int(row)].judged.title

    def _cell(self, name: str) -> Callable[[str], str]:
        return lambda row: self._all[int(row)].line.cells.get(name, "")
