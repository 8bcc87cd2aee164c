"""One deed on many tasks: what will happen to each, then what came of each, and taking it back.

Planning goes on in slices of some milliseconds, saving and undoing in another thread, so the window
never waits; rows are a model's, so 5,000 of them cost as much as twenty.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from shiboken6 import isValid

from tracker.domain.errors import InputError, Refusal, TrackerError, describe
from tracker.services import bulk, bulk_words, wording
from tracker.services.board import Board
from tracker.services.bulk import Back, Batch, Deed, Item, Outcome, Plan, Planning, Undone, Verdict
from tracker.services.export import neutral
from tracker.ui.bridge import Errand
from tracker.ui.dialogs.form import Dialog
from tracker.ui.monitor.bulk_forms import Ask
from tracker.ui.widgets.controls import Button, label
from tracker.ui.widgets.spoken import announce
from tracker.ui.widgets.tables import Column, Table, muted

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

log = logging.getLogger(__name__)

SLICE = 0.008
"""Seconds of planning between two turns of the window."""
_AT_ONCE = 500
"""Tasks whose receipts are looked up in one turn."""
_ORDER = {Verdict.REFUSED: 0, Verdict.WILL: 1, Verdict.NOTHING: 2}


class ResultTable(Table):
    """A line for each task: before, what will happen; after, what came of it."""

    def __init__(self, board: Board, parent: QWidget) -> None:
        self._board = board
        self.items: dict[str, Item] = {}
        self._deed: Deed | None = None
        self.told: dict[str, tuple[Outcome, Refusal | None]] = {}
        self.backs: Mapping[str, tuple[Back, Refusal | None]] = {}
        columns = [
            Column("Number", self._number, 76, 7, colour=muted),
            Column("Task", self._title, 260, 9, tip=self._title),
            Column("What changes", self._change, 250, 8, colour=muted, tip=self._change),
            Column("Result", self._result, 200, 10, colour=self._colour, tip=self._result),
        ]
        super().__init__("What happens to each task", columns, parent, row_height=32)

    def show_items(self, deed: Deed | None, items: Iterable[Item]) -> None:
        self._deed, self.items = deed, {item.task_id: item for item in items}
        self.show_ids([*self.items])

    def tell(self, outcomes: Mapping[str, tuple[Outcome, Refusal | None]]) -> None:
        """What became of these so far."""
        self.told.update(outcomes)
        self.show_ids(self.ids)

    def tell_backs(self, backs: Mapping[str, tuple[Back, Refusal | None]]) -> None:
        self.backs, self.told = backs, {}
        self.show_ids(self.ids)

    def _number(self, task_id: str) -> str:
        return str(self.items[task_id].before.task.number or "")

    def _title(self, task_id: str) -> str:
        title = wording.straight(self.items[task_id].before.task.title)
        return title or "A task that is not here any more"

    def _change(self, task_id: str) -> str:
        assert self._deed is not None
        return bulk_words.change(self._deed, self.items[task_id], self._board)

    def _result(self, task_id: str) -> str:
        back, told = self.backs.get(task_id), self.told.get(task_id)
        if back is not None:
            said = back[0].value.capitalize()
            if back[1] is not None:
                said = f"{said}. {bulk_words.refusal(back[1])}"
            elif told is not None and told[0] is not Outcome.SAVED:
                said = f"{said}, {self._outcome(told).lower()}"
            return said
        return bulk_words.verdict(self.items[task_id]) if told is None else self._outcome(told)

    def _outcome(self, told: tuple[Outcome, Refusal | None]) -> str:
        outcome, refusal = told
        return bulk_words.refusal(refusal) if refusal else outcome.value.capitalize()

    def _colour(self, task_id: str) -> str:
        back, told = self.backs.get(task_id), self.told.get(task_id)
        if told is not None and told[0] in (Outcome.REFUSED, Outcome.STUCK):
            return "danger"
        if back is not None:
            return "danger" if back[0] is Back.CANNOT else "text"
        refused = told is None and self.items[task_id].verdict is Verdict.REFUSED
        return "danger" if refused else "text"


class BulkDialog(Dialog):
    """Asks what has to be asked, shows what will happen, does it, and shows what came of it."""

    def __init__(self, host: MonitorWindow, ask: Ask, ids: Iterable[str]) -> None:
        super().__init__(ask.title, host, width=640)
        self._host, self._ask, self._ids = host, ask, [*ids]
        self._planning: Planning | None = None
        self._plan: Plan | None = None
        self.batch: Batch | None = None
        self._undone: Undone | None = None
        self._unsettled: list[str] = []
        self._busy = self._ended = False
        self._is_wanted = False  # Return was pressed: it is done as soon as it is planned
        self._names: object = None
        self.form = ask.make(host.board, self)
        self.form.changed.connect(self._begin)
        self.form.stale.connect(self._forget_plan)
        self.column.addWidget(self.form)
        self.problem = label("")
        self.problem.setForegroundRole(self.problem.palette().ColorRole.BrightText)
        self.column.addWidget(self.problem)
        self.summary = label("", bold=True)
        self.column.addWidget(self.summary)
        self.table = ResultTable(host.board, self)
        self.column.addWidget(self.table, 1)
        self.copy = self._button("Copy list", self._copy)
        self.retry = self._button("Retry", self._retry)
        self.undo = self._button("Undo", self._undo)
        self.close_button = self._button("Cancel", self.reject)
        self.button = self.add_button(ask.verb, primary=True)
        self.button.clicked.connect(self._do)
        self.undo.hide()
        self.retry.hide()
        self._turns = QTimer(self)
        self._turns.timeout.connect(self._turn)
        host.heard.connect(self._heard)
        self.end_with(host)
        self.resize(940, 600)
        self._begin()

    def _button(self, words: str, do: object) -> Button:
        made = self.add_button(words)
        made.clicked.connect(do)
        return made

    # -- planning --------------------------------------------------------------------------

    def _forget_plan(self) -> None:
        """The form says something else now: what was planned cannot be done any more."""
        if self.batch is not None or self._busy:
            return
        self._plan = self._planning = None
        self._is_wanted = False
        self._turns.stop()
        self.button.setEnabled(False)

    def _begin(self) -> None:
        """Looks at every task, with what is chosen now."""
        if self.batch is None and not self._busy:
            self._say_problem("")
            self._look()

    def _look(self) -> None:
        self.form.stop()
        self._forget_plan()
        try:
            deed = self.form.deed()
        except InputError as error:
            asks = error.code in ("E2016", "E2017")  # nothing is wrong: it is to be chosen yet
            self._say_problem("" if asks else describe(error.code, error.info))
            self.summary.setText(f"{bulk_words.tasks(len(self._ids))} marked. {_TO_CHOOSE}")
            self.table.show_items(None, ())
            return
        board = self._host.board
        self._names = _names(board)
        self._planning = Planning(
            self._host.tasks, deed, self._ids, lambda task_id: board.views.get(task_id)
        )
        self._turns.start(0)

    def _turn(self) -> None:
        """A slice of what is left to do, and then the window's turn."""
        try:
            if self._planning is None:
                self._ask_some()
            else:
                self._plan_some(self._planning)
        except Exception as fault:
            self._turns.stop()
            if not isinstance(fault, TrackerError):
                log.exception("a turn of a deed on many tasks failed")
            self._say_problem(_sentence(fault))
            announce(self.problem, self.problem.text(), at_once=True)
            self.retry.show()
        else:
            if not self.retry.isHidden():  # news came, and it went on by itself
                self._say_problem("")

    def _retry(self) -> None:
        """Goes on where it was stopped."""
        self._say_problem("")
        self._turns.start(0)

    def _say_problem(self, words: str) -> None:
        self.problem.setText(words)
        self.retry.hide()

    def _plan_some(self, planning: Planning) -> None:
        more = planning.step(SLICE)
        if more and planning.is_stale:
            self.summary.setText(
                f"Looking at {bulk_words.counted(planning.done)} of"
                f" {bulk_words.counted(planning.total)}…"
            )
        elif not more:
            self._turns.stop()
            if planning.is_stale:
                self._planned(planning.plan())

    def _planned(self, plan: Plan) -> None:
        self._plan = plan
        items = sorted(plan.items, key=lambda item: _ORDER[item.verdict])
        self.table.show_items(plan.deed, items)
        self.summary.setText(bulk_words.planned(plan))
        will = plan.count(Verdict.WILL)
        words = f"{self._ask.verb} {bulk_words.tasks(will)}" if will else self._ask.verb
        self.button.setText(words)
        self.button.setAccessibleName(words)
        self.button.updateGeometry()
        self.button.setEnabled(will > 0)
        announce(self.summary, self.summary.text())
        wanted, self._is_wanted = self._is_wanted, False
        if wanted and will:
            self._do()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return in a field does it: at once, or when it is planned."""
        typed = isinstance(self.focusWidget(), QLineEdit)
        if typed and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self._returned()
        else:
            super().keyPressEvent(event)

    def _returned(self) -> None:
        if self.batch is not None or self._busy:
            return
        if self._plan is None:
            if self._planning is None:
                self._begin()  # whoever presses it has typed all of it
            self._is_wanted = self._planning is not None
        elif self.button.isEnabled():
            self._do()

    # -- doing -----------------------------------------------------------------------------

    def _do(self) -> None:
        plan, profile = self._plan, self._host.work.profile
        if plan is None or self._busy:
            return
        if not self._is_of(plan.deed):
            self._begin()
            return
        self._planning = None
        self._turns.stop()
        self._set_busy("Saving…")
        Errand(self._host, lambda: bulk.do_apart(profile, plan), self._done)

    def _is_of(self, deed: Deed) -> bool:
        """Whether that is what the form says now."""
        try:
            return self.form.deed() == deed
        except InputError:
            return False

    def _set_busy(self, words: str) -> None:
        self._busy = True
        self.summary.setText(words)
        self.form.setEnabled(False)
        for button in (self.button, self.undo, self.close_button):
            button.setEnabled(False)

    def _free(self, outcome: object) -> bool:
        """Whether it went well; else it is said, and can be tried again."""
        self._busy = False
        self.form.setEnabled(True)
        for button in (self.button, self.undo, self.close_button):
            button.setEnabled(True)
        if not isinstance(outcome, Exception):
            self._say_problem("")
            return True
        self._say_problem(_sentence(outcome))
        announce(self.problem, self.problem.text(), at_once=True)
        return False

    def _done(self, outcome: Batch | Exception) -> None:
        if isinstance(outcome, Batch):
            self._host.took(outcome.changes)
        if self._ended or not isValid(self):
            return
        if not self._free(outcome):
            self._look()  # tasks may be otherwise by now
            return
        assert isinstance(outcome, Batch)
        self.batch = outcome
        self.form.hide()
        self.button.hide()
        self.undo.show()
        self.close_button.setText("Close")
        self.close_button.setAccessibleName("Close")
        self.close_button.setFocus()
        self._show_batch(outcome)

    def _show_batch(self, batch: Batch) -> None:
        self._unsettled = [item.task_id for item in batch.items]
        self.table.tell(dict.fromkeys(self._unsettled, (Outcome.WAITING, None)))
        self._say_results()
        self._heard()

    # -- afterwards ------------------------------------------------------------------------

    def _heard(self, ids: Collection[str] | None = ()) -> None:
        """A run ended, or these tasks (None: perhaps some of all) are shown otherwise: what is said
        here may be another now."""
        if self._ended:
            return
        if self.batch is None:
            if self._planning is not None and self._again(self._planning, ids):
                self._turns.start(0)
        elif self._unsettled:
            self._looked_at = 0
            self._turns.start(0)

    def _again(self, planning: Planning, ids: Collection[str] | None) -> bool:
        """Names that came or went may decide about every task. What a large board has yet to read
        is heard of while it does."""
        names = _names(self._host.board)
        if names != self._names:
            self._names, ids = names, self._ids
        elif not ids and self._host.board.is_busy:
            self._doubts = True
        elif not ids and self._doubts:
            self._doubts, ids = False, None
        return planning.again(ids)

    _doubts = False
    _looked_at = 0

    def _ask_some(self) -> None:
        """What became of the next of those without a receipt."""
        now = self._undone.batch if self._undone else self.batch
        some = set(self._unsettled[self._looked_at : self._looked_at + _AT_ONCE])
        if now is None or not some:
            self._turns.stop()
            return
        items = [item for item in now.items if item.task_id in some]
        found = bulk.results(self._host.work.outbox, items)
        self.table.tell(found)
        open_still = (Outcome.WAITING, Outcome.STUCK)
        self._unsettled = [
            one for one in self._unsettled if one not in found or found[one][0] in open_still
        ]
        self._looked_at += sum(found[one][0] in open_still for one in found)
        self._say_results()

    def _say_results(self) -> None:
        if self._undone is not None:
            self.summary.setText(bulk_words.undone(self._undone.results))
        elif self.batch is not None:
            said = bulk_words.done(self.batch.deed, len(self.batch.items))
            self.summary.setText(f"{said}. {bulk_words.told(self.table.told)}")

    def _undo(self) -> None:
        batch, profile = self.batch, self._host.work.profile
        if batch is None or self._busy or self._undone is not None:
            return
        self._set_busy("Taking it back…")
        Errand(self._host, lambda: bulk.undo_apart(profile, batch), self._undid)

    def _undid(self, outcome: Undone | Exception) -> None:
        if isinstance(outcome, Undone):
            self._host.took(outcome.batch.changes)
        if self._ended or not isValid(self) or not self._free(outcome):
            return
        assert isinstance(outcome, Undone)
        self._undone = outcome
        self.close_button.setFocus()
        self.undo.hide()
        self.form.freeze()
        self.form.show()
        self.table.tell_backs(outcome.results)
        self._unsettled = [item.task_id for item in outcome.batch.items]
        self.table.tell(dict.fromkeys(self._unsettled, (Outcome.WAITING, None)))
        self._say_results()
        announce(self.summary, self.summary.text())
        self._heard()

    def _copy(self) -> None:
        """As lines for a spreadsheet; what a person wrote must not run there."""
        table = self.table
        lines = [[column.head for column in table.columns]]
        lines += [[column.words(row) for column in table.columns] for row in table.ids]
        text = "\n".join("\t".join(neutral(cell) for cell in line) for line in lines)
        QGuiApplication.clipboard().setText(text)
        self._host.toast.say("Copied.", bulk_words.tasks(len(table.ids)))

    def done(self, result: int) -> None:
        """Not while it is being saved: what came of it is to be seen."""
        if self._busy and not self._ended:
            return
        self._turns.stop()
        self.form.stop()
        if self.batch is not None and self._undone is None and self.batch.items:
            self._host.offer_bulk_undo(self.batch)
        super().done(result)

    def window_closed(self) -> None:
        self._ended = True
        self._turns.stop()
        self.form.stop()
        super().done(0)


def _names(board: Board) -> object:
    return frozenset(board.people), frozenset(board.projects)


def _sentence(fault: Exception) -> str:
    if isinstance(fault, TrackerError):
        return describe(fault.code, fault.info)
    return describe("E3013", type(fault).__name__)


_TO_CHOOSE = "Choose above what is to become of them."
