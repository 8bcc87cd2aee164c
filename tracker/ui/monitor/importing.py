"""Importing tasks from a CSV file: choose it, say what its columns are, look, import.

The file is read and judged, and its tasks are made, in Qt's pool; the window hears of what was made
in small slices, so it goes on meanwhile, and so does whoever uses it: the dialog is not modal.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from tracker.domain.change import Action
from tracker.domain.errors import Refusal, TrackerError
from tracker.domain.page import Changes
from tracker.domain.spreadsheet import FIELDS, Layout, Verdict
from tracker.services import importing, wording
from tracker.services.importing import WORDS, File, Import, Row, Undone
from tracker.ui.bridge import Errand
from tracker.ui.dialogs.form import Dialog
from tracker.ui.monitor import assign
from tracker.ui.monitor.import_rows import RowsTable
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import Button, Check, Choice, Scrolling, in_order, label
from tracker.ui.widgets.spoken import announce

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

TICK_MS = 20
AT_ONCE = 50
"""So many made tasks the window takes in at a time; 200 receipts cost as much."""
_RECEIPTS = 200
_MOST_COLUMNS = 60
_ABOUT = "import"
"""What the toast is about that says why an import stopped."""
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_OPTIONS: Sequence[tuple[str, object]] = [
    ("leave out", None), *((WORDS[field], field) for field in FIELDS),
]  # fmt: skip


def grouped(number: int) -> str:
    """With thin groups: `1 284`."""
    return f"{number:,}".replace(",", " ")


def many(number: int, word: str) -> str:
    return f"{grouped(number)} {word}{'' if number == 1 else 's'}"


def staying(undone: Undone) -> str:
    """`2 tasks stay (E5062)`."""
    codes = ", ".join(sorted({refusal.code for refusal in undone.left.values()}))
    number = len(undone.left)
    return f"{many(number, 'task')} stay{'s' if number == 1 else ''} ({codes})" if number else ""


class ImportDialog(Dialog):
    def __init__(self, host: MonitorWindow) -> None:
        super().__init__("Import tasks from a file", host, 720)
        self._host = host
        self.file: File | None = None
        self.rows: Sequence[Row] = ()
        self._asked = 0
        self._job: Import | None = None
        self._made: list[Action] = []
        self._taken_in = 0
        self._is_busy = self._is_closed = False
        self._closes: int | None = None
        self._said_before = ""
        self._news: deque[str] = deque()
        self._left: Mapping[str, Refusal] = {}  # why these stay although it was undone
        self._unsettled: dict[str, str] = {}  # op_ids by task
        self._ask: dict[str, None] = {}  # op_ids, in order
        self.setAcceptDrops(True)
        self.setWindowModality(Qt.WindowModality.NonModal)
        self._build()
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._take_slice)
        host.heard.connect(self._heard)
        self.end_with(host)
        self.resize(940, 640)
        self._show_state()

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACE_3)
        self.choose = Button("Choose a file…", self)
        self.choose.clicked.connect(self._ask_file)
        self.about = label("CSV in UTF-8, as spreadsheets save it. It can also be dropped here.")
        self.about.setForegroundRole(self.about.palette().ColorRole.PlaceholderText)
        row.addWidget(self.choose)
        row.addWidget(self.about, 1)
        self.column.addLayout(row)
        self.header = Check("The first line names the columns", self)
        self.header.toggled.connect(lambda _on: self._check())
        self.column.addWidget(self.header)
        self._columns_area = Scrolling("Columns of the file", self)
        self._columns_area.setFixedHeight(132)
        self.column.addWidget(self._columns_area)
        self.columns: list[Choice] = []
        self._names: list[QLabel] = []
        self.problem = label("")
        self.problem.setForegroundRole(self.problem.palette().ColorRole.BrightText)
        self.column.addWidget(self.problem)
        line = QHBoxLayout()
        self.summary = label("", bold=True)
        self.only_refused = Check("Only what is refused", self)
        line.addWidget(self.summary, 1)
        line.addWidget(self.only_refused)
        self.column.addLayout(line)
        self.table = RowsTable(self)
        self.only_refused.toggled.connect(self.table.set_only_refused)
        self.column.addWidget(self.table, 1)
        self.progress = QProgressBar(self)
        self.progress.setAccessibleName("Progress of the import")
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.column.addWidget(self.progress)
        self.save_refused = self.add_button("Save what is refused…")
        self.save_refused.clicked.connect(self._save_refused)
        self.undo = self.add_button("Undo the import")
        self.undo.clicked.connect(self._undo)
        self.close_button = self.add_button("Close")
        self.close_button.clicked.connect(self.close)
        self.cancel = self.add_button("Stop")
        self.cancel.setAccessibleName("Stop the import")
        self.cancel.clicked.connect(self.stop)
        self.go = self.add_button("Import", primary=True)
        self.go.clicked.connect(self._import)

    def _show_columns(self, file: File) -> None:
        ground = QWidget()
        grid = QGridLayout(ground)
        grid.setContentsMargins(0, 0, SPACE_2, 0)
        grid.setHorizontalSpacing(SPACE_3)
        grid.setVerticalSpacing(SPACE_2)
        self.columns, self._names = [], []
        for place, field in enumerate(file.layout.columns[:_MOST_COLUMNS]):
            cell = QVBoxLayout()
            cell.setSpacing(2)
            name = label("", tokens.SMALL + 1, muted=True)
            name.setWordWrap(False)
            choice = Choice(f"Column {place + 1}", _OPTIONS, self, named=False)
            choice.set_value(field)
            choice.chosen.connect(lambda _value: self._check())
            cell.addWidget(name)
            cell.addWidget(choice)
            cell.setAlignment(choice, Qt.AlignmentFlag.AlignLeft)
            grid.addLayout(cell, place // 4, place % 4)
            grid.setColumnStretch(place % 4, 1)
            self.columns.append(choice)
            self._names.append(name)
        grid.setRowStretch(len(self.columns), 1)
        self._columns_area.set_ground(ground)
        in_order(self.header, *self.columns, self.only_refused)

    def _name_columns(self) -> None:
        """By the first line where it names them, else by what it says."""
        file = self.file
        assert file is not None
        header = self.header.isChecked()
        for place, (name, choice) in enumerate(zip(self._names, self.columns, strict=True)):
            head = file.first[0][place].strip() if header else f"Column {place + 1}"
            sample = file.sample(place, header=header)
            words = " · ".join(part for part in (head, sample) if part) or f"Column {place + 1}"
            name.setText(cut(words, 190))
            name.setToolTip(words if words != name.text() else "")
            said = next(words for words, value in _OPTIONS if value == choice.value)
            choice.setAccessibleName(f"Column {head or place + 1}: {said}")

    # -- the file --------------------------------------------------------------------------

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Import tasks from a file", "", "CSV (*.csv *.txt);;All (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda chosen: self.take(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def take(self, path: Path) -> None:
        """Reads the file; what was shown of another one is gone then, except that its import can
        still be undone for a while."""
        if self._is_busy:
            return
        self._leave()
        self.rows = ()
        self._asked += 1
        self._say("Reading the file…")
        self._show_state()
        self._run(
            lambda: importing.read_file(path),
            self._read,
            "read the file",
            lambda: self.take(path),
            self._asked,
        )

    def _leave(self) -> None:
        """The import that was, if there was one, goes on without this dialog."""
        if self._made or self._news:
            Leftover(self._host, self._made, self._news)
        self._tick.stop()
        self._hide_toast()
        self._job, self._taken_in = None, 0
        self._made, self._left, self._unsettled = [], {}, {}
        self._news.clear()
        self._ask.clear()

    def _read(self, file: File) -> None:
        self.file, self.rows = file, ()
        self.about.setText(f"{file.name} · UTF-8 · {_DELIMITERS[file.delimiter]}")
        self.header.blockSignals(True)
        self.header.setChecked(file.layout.header)
        self.header.blockSignals(False)
        self._show_columns(file)
        self.only_refused.setChecked(False)
        self._check()

    @property
    def layout_now(self) -> Layout:
        assert self.file is not None
        chosen = [choice.value for choice in self.columns]
        chosen += [None] * (len(self.file.layout.columns) - len(chosen))
        columns = tuple(value if isinstance(value, str) else None for value in chosen)
        return Layout(columns, self.header.isChecked())

    def _check(self) -> None:
        """Judges every line anew; only the last of several that were asked for is shown."""
        if self.file is None:
            return
        self._name_columns()
        self._asked += 1
        asked = self._asked
        self._say("Checking every line…")
        check = importing.checking(self._host.work.profile, self.file, self.layout_now)

        def checked(rows: tuple[Row, ...]) -> None:
            if asked == self._asked and self._job is None:
                self._show_rows(rows)

        self.rows = ()
        self._show_state()
        self._run(check, checked, "check the file", self._check, asked)

    def _show_rows(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.table.show_rows(rows)
        self.table.show_left(self._left)
        self._left = {}
        self._say(self._said_before, good=True)
        self._said_before = ""
        self._show_state()
        announce(self.summary, self.summary.text())

    # -- importing -------------------------------------------------------------------------

    def _import(self) -> None:
        """Goes on with what a full disk stopped: the button and the toast's Retry are one."""
        if self._is_busy:
            return
        if self._job is None:
            self._job, self._taken_in = Import(self._host.work.profile, self.rows), 0
        job = self._job
        self._hide_toast()
        self._is_busy = True
        job.pace = threading.Semaphore(0)
        self._tick.start()
        self._show_state()
        self.cancel.setFocus()
        Errand(self, job.run, self._ended)

    def _ended(self, outcome: list[Action] | Exception) -> None:
        job = self._job
        if self._is_closed:
            return
        assert job is not None
        self._is_busy = False
        stopped = job.cancel.is_set()
        self._take_slice()
        if isinstance(outcome, Exception):
            self._tell("import the file", outcome, self._import)
        else:
            self._job = None
            words = "Imported" if not stopped else "Stopped after"
            self._say(f"{words} {many(len(job.made), 'task')}.", good=True)
        self._show_state()
        (self.undo if self.undo.isVisible() else self.close_button).setFocus()
        self._close_if_wanted()

    def stop(self) -> None:
        """What was made until now stays."""
        if self._job is not None:
            self._job.cancel.set()

    def _take_slice(self) -> None:
        """A piece of what was made, or of what became of it, reaches the window."""
        job = self._job
        if job is not None:
            for action in job.made[self._taken_in :]:
                self._made.append(action)
                self._news.append(action.task_id)
                self._unsettled[action.task_id] = action.op_id
                self._ask[action.op_id] = None
            self._taken_in = len(job.made)
            self.progress.setValue(len(job.made))
        if self._news:
            new = [self._news.popleft() for _ in range(min(AT_ONCE, len(self._news)))]
            self._host.show_changes(Changes(frozenset(new)))
            if not self._news:
                self._host.acted.emit()
                if job is not None and job.pace is not None:
                    job.pace.release()
        elif self._ask:
            some = list(islice(self._ask, _RECEIPTS))
            self._look(some)
            for op_id in some:
                del self._ask[op_id]
        if not (self._news or self._ask or self._is_busy):
            self._tick.stop()
        self._show_summary()

    def _look(self, op_ids: Sequence[str]) -> None:
        found = importing.results(self._host.work, op_ids)
        self.table.show_results(found)
        gone = [op_id for op_id in op_ids if op_id not in found]
        self.table.show_taken_back(gone)
        settled = {op_id for op_id in op_ids if found.get(op_id) is not None} | set(gone)
        if settled:
            self._unsettled = {t: op for t, op in self._unsettled.items() if op not in settled}

    def _heard(self, ids: Collection[str] | None) -> None:
        """These tasks are shown otherwise; which ones is not known (None), or a run ended that may
        have brought any receipt: then all are asked for that have none yet."""
        if self._is_closed:
            return
        known = self._unsettled
        asked = [known[one] for one in ids if one in known] if ids else known.values()
        self._ask |= dict.fromkeys(asked)
        if self._ask and not self._tick.isActive():
            self._tick.start()

    # -- afterwards ------------------------------------------------------------------------

    def _undo(self) -> None:
        made, profile = list(self._made), self._host.work.profile
        self._job = None  # what a full disk stopped does not go on
        self._hide_toast()
        self._is_busy = True
        self._say("Taking the import back…")
        self._show_state()
        self._run(lambda: importing.undo(profile, made), self._undone, "undo it", self._undo)

    def _undone(self, undone: Undone) -> None:
        self._is_busy = False
        self._news.extend(undone.changed)
        parts = [
            f"{many(undone.withdrawn, 'task')} taken back" if undone.withdrawn else "",
            f"{many(undone.cancelled, 'task')} cancelled" if undone.cancelled else "",
            staying(undone),
        ]
        self._said_before = f"{', '.join(filter(None, parts)) or 'There was nothing to undo'}."
        self._made, self._unsettled, self._left = [], {}, undone.left
        self._ask.clear()
        self._tick.start()
        self.close_button.setFocus()
        self._check()  # what was taken back is new again, what was cancelled is not
        self._close_if_wanted()

    def _save_refused(self) -> None:
        rows, later = self.rows, self.table.refused_later
        self._host.papers.save_csv(
            "save what is refused", "Save what is refused", "refused",
            lambda: importing.refused_as_csv(rows, later),
        )  # fmt: skip

    # -- saying ----------------------------------------------------------------------------

    def _run(
        self,
        call: Callable[[], object],
        then: Callable[..., None],
        tried: str,
        again: Callable[[], None],
        asked: int | None = None,
    ) -> None:
        """In the pool. What came of a question that was asked anew meanwhile is not said."""

        def ended(outcome: object) -> None:
            if self._is_closed or (asked is not None and asked != self._asked):
                return
            if isinstance(outcome, Exception):
                self._is_busy = False
                self._tell(tried, outcome, again)
                self._show_state()
                self._close_if_wanted()
            else:
                then(outcome)

        Errand(self, call, ended)

    def _tell(self, tried: str, outcome: Exception, again: Callable[[], None]) -> None:
        if isinstance(outcome, TrackerError):
            info = f" {outcome.info}" if outcome.info else ""
            entry = outcome.entry
            words = f"Unable to {tried} ({outcome.code}). {entry.message}{info} {entry.remedy}"
            self._say(words)
            announce(self.problem, words, at_once=True)
            if self._job is not None:  # the disk was full: the others can still be made
                self._host.toast.say(
                    wording.unable(tried, outcome.code),
                    f"{entry.message} {entry.remedy}",
                    bad=True,
                    action=("Retry", again),
                    about=_ABOUT,
                )
        else:
            self._say(f"Unable to {tried} (E3013).")
            self._host.tell_bug(tried, outcome)

    def _hide_toast(self) -> None:
        """Its Retry is about what is not so any more."""
        if self._host.toast.asks_about(_ABOUT):
            self._host.toast.hide()

    def _say(self, words: str, *, good: bool = False) -> None:
        role = self.problem.palette().ColorRole
        busy = words.endswith("…")
        self.problem.setForegroundRole(
            role.WindowText if good else role.PlaceholderText if busy else role.BrightText
        )
        self.problem.setText(words)
        self.problem.setVisible(bool(words))
        if good:
            announce(self.problem, words)

    def _show_state(self) -> None:
        """What can be done now."""
        found = importing.count(self.rows)
        new, importing_now = found[Verdict.NEW], self._job is not None and self._is_busy
        done = bool(self._made)
        has_file = self.file is not None
        chosen: tuple[QWidget, ...] = (self.header, self._columns_area)
        for part in chosen:
            part.setVisible(has_file and not importing_now and not done)
        self.table.setVisible(has_file)
        self.only_refused.setVisible(has_file)
        self.choose.setEnabled(not self._is_busy)
        self.progress.setVisible(importing_now)
        self.progress.setRange(0, max(1, self._job.all if self._job else new))
        self.cancel.setVisible(importing_now)
        self.close_button.setVisible(not importing_now)
        self.undo.setVisible(done and not self._is_busy)
        self.save_refused.setVisible(
            bool(found[Verdict.REFUSED] or self.table.refused_later) and not importing_now
        )
        left = self._job.all - len(self._job.made) if self._job else 0
        self.go.setVisible(has_file and not importing_now and (not done or left > 0))
        self.go.setText(f"Import {many(left or new, 'task')}" if new else "Import")
        self.go.setAccessibleName(self.go.text())
        self.go.setEnabled(bool(new) and not self._is_busy)
        self.go.updateGeometry()
        self._show_summary()

    def _show_summary(self) -> None:
        found = importing.count(self.rows)
        if self._job is not None and self._is_busy:
            words = f"{self.progress.value():,} of {many(self._job.all, 'task')} imported"
        elif self._made:
            from tracker.ui.monitor.import_rows import SAVED, WAITING

            kinds = (SAVED, WAITING, "Refused")
            saved, waiting, bad = map(self.table.count_of, kinds)
            words = " · ".join(
                part
                for part in (
                    f"{saved:,} saved at the server",
                    f"{waiting:,} waiting to be sent" if waiting else "",
                    f"{bad + found[Verdict.REFUSED]:,} refused",
                )
                if part
            )
        elif self.rows:
            words = (
                f"{found[Verdict.NEW]:,} new · {found[Verdict.KNOWN]:,} imported before"
                f" · {found[Verdict.REFUSED]:,} refused"
            )
        else:
            words = ""
        self.summary.setText(words.replace(",", " "))

    # -- the dialog ------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if assign.dropped(event) and not self._is_busy:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = assign.dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.take(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._is_busy:
            event.ignore()  # Qt would delete the dialog, which has yet to hear of the end
            self.done(0)
        else:
            super().closeEvent(event)

    def done(self, result: int) -> None:
        """Closing stops the import; what was made can still be taken back. What is on its way in
        the pool ends first, out of sight."""
        self.stop()
        if self._is_busy:
            self._closes = result
            self.hide()
            return
        self._leave()
        super().done(result)

    def window_closed(self) -> None:
        """What is being made goes on to the end of its slice, and is there at the next start."""
        self.stop()
        self._tick.stop()
        self._is_closed = True
        super().done(0)

    def _close_if_wanted(self) -> None:
        if self._closes is not None:
            self.done(self._closes)


class Leftover(QWidget):
    """What goes on when the dialog is closed: the window takes in what it has not seen yet, and
    offers to undo the import."""

    def __init__(self, host: MonitorWindow, made: Sequence[Action], news: Iterable[str]) -> None:
        super().__init__(host)
        self.hide()
        self._host, self._made, self._news = host, list(made), deque(news)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._take_slice)
        self._tick.start()
        host.closed.connect(self._tick.stop)
        if made:
            host.toast.say(f"Imported {many(len(made), 'task')}.", action=("Undo", self._undo))

    def _take_slice(self) -> None:
        some = [self._news.popleft() for _ in range(min(AT_ONCE, len(self._news)))]
        if some:
            self._host.show_changes(Changes(frozenset(some)))
            self._host.acted.emit()
        else:
            self._tick.stop()

    def _undo(self) -> None:
        made, profile = self._made, self._host.work.profile

        def ended(outcome: Undone | Exception) -> None:
            if not self._host.is_open:
                return
            if isinstance(outcome, TrackerError):
                self._host.tell_fault("undo the import", outcome, self._undo)
            elif isinstance(outcome, Exception):
                self._host.tell_bug("undo the import", outcome)
            else:
                self._news.extend(outcome.changed)
                self._tick.start()
                back, gone = outcome.withdrawn, outcome.cancelled
                said = f"{grouped(back)} taken back, {grouped(gone)} cancelled."
                self._host.toast.say(said, staying(outcome))

        Errand(self, lambda: importing.undo(profile, made), ended)


def cut(words: str, width: int) -> str:
    """As much of the words as so many pixels show."""
    words = words[:60]
    while words and paint.width_of(words, tokens.SMALL + 1) > width:
        words = words[:-2].rstrip("… ") + "…"
    return words
