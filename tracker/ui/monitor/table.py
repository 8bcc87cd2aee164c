"""Every task of the list as a line of a table. The rows are the board's ids: none of them is a
widget, and what a row says is read when it is painted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from html import escape

from PySide6.QtCore import (
    QByteArray,
    QModelIndex,
    QObject,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyleOptionViewItem,
    QWidget,
)

from tracker.cache.projection import Mark, TaskView
from tracker.domain.task import Part, Status, is_overdue
from tracker.services import wording
from tracker.services.board import Board, Sort
from tracker.services.freshness import freshness
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import Tokens
from tracker.ui.widgets import paint
from tracker.ui.widgets.calm_table import CalmTable, Cells, Index, Rows
from tracker.ui.widgets.marks import Marks

(MARK, NUMBER, TITLE, STATUS, PROGRESS, PRIORITY, PEOPLE, PROJECT, DUE, AGE, UPDATED) = range(11)
COLUMNS: tuple[tuple[str, int, Sort | None], ...] = (
    ("", 40, None), ("Number", 72, Sort.NUMBER), ("Title", 200, Sort.TITLE),
    ("Status", 112, Sort.STATUS), ("Progress", 108, Sort.PROGRESS),
    ("Priority", 88, Sort.PRIORITY), ("People", 120, Sort.PERSON),
    ("Project", 128, Sort.PROJECT), ("Due", 112, Sort.DUE), ("Data age", 104, None),
    ("Updated", 84, Sort.UPDATED),
)  # fmt: skip
"""Headline, width, and what the list is sorted by when it is pressed. Nobody's data age is sorted
by: it changes with every second."""
_COLUMN_OF = {sort: place for place, (_, _, sort) in enumerate(COLUMNS) if sort is not None}
ROW = 36


class Lines(Rows):
    """`views` of the board by the ids in order."""

    def __init__(self, board: Board, now: Callable[[], int], marks: Marks, parent: QObject) -> None:
        super().__init__([head for head, _, _ in COLUMNS], parent)
        self._board, self._now, self._marks = board, now, marks

    def set_ids(self, ids: Sequence[str]) -> None:
        """No row has anything of its own, so another order needs only another painting; rows are
        added and taken away at the end."""
        before, after = len(self.ids), len(ids)
        if after > before:
            self.beginInsertRows(QModelIndex(), before, after - 1)
            self.ids = ids
            self.endInsertRows()
        elif after < before:
            self.beginRemoveRows(QModelIndex(), after, before - 1)
            self.ids = ids
            self.endRemoveRows()
        self.ids = ids

    def view_of(self, row: int) -> TaskView | None:
        return self._board.views.get(self.ids[row]) if 0 <= row < len(self.ids) else None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if section == MARK and role == Qt.ItemDataRole.AccessibleTextRole:
            return "Marked"
        return super().headerData(section, orientation, role)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        view = self.view_of(index.row())
        if view is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.words(view, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if index.column() == MARK:
                return "marked" if view.task.id in self._marks else "not marked"
            return self.words(view, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() in (TITLE, PEOPLE, PROJECT, AGE):
            # Escaped: a tool tip reads as markup what looks like it, and people wrote this.
            return f"<p>{escape(self.tip(view, index.column()))}</p>"
        return None

    def words(self, view: TaskView, column: int) -> str:
        task, board, now = view.task, self._board, self._now()
        match column:
            case 1:
                return str(task.number or "")
            case 2:
                return wording.straight(task.title)
            case 3:
                status = wording.STATUS_WORDS[task.status]
                return status if view.mark is Mark.SAVED else f"{status} · {view.mark.value}"
            case 4:
                return f"{task.shown_progress} %"
            case 5:
                return task.priority.value.capitalize()
            case 6:
                return ", ".join(self._doing(view)) or "nobody"
            case 7:
                return board.project_of(task)
            case 8:
                return wording.due(task, now)
            case 9:
                who = board.assignee(view)
                return freshness(board.presence.get(who), now).words if who else ""
            case 10:
                return wording.clock(task.updated_at, now)
        return ""

    def tip(self, view: TaskView, column: int) -> str:
        who = self._board.assignee(view)
        if column == AGE and who is not None:
            said = freshness(self._board.presence.get(who), self._now()).said()
            return f"{self._board.name_of(who)}: {said}"
        return self.words(view, column)

    def is_late(self, view: TaskView) -> bool:
        return is_overdue(view.task, self._now())

    def _doing(self, view: TaskView) -> list[str]:
        on = [row.user_id for row in view.people if row.part is Part.ASSIGNEE]
        return sorted(map(self._board.name_of, on))


class _Cells(Cells):
    def __init__(self, table: TaskTable) -> None:
        super().__init__(table)
        self._table = table

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        words = str(index.data() or "")
        more = {STATUS: 38, PROGRESS: 100, PRIORITY: 34, MARK: 40}.get(index.column(), 20)
        return QSize(paint.width_of(words, tokens.BODY) + more, ROW)

    def is_tinted(self, index: Index) -> bool:
        return self._table.lines.ids[index.row()] in self._table.marks

    def has_line_around(self) -> bool:
        return True  # as around the card in the grid: its task is the one beside the list

    def paint_cell(self, painter: QPainter, room: QRect, index: Index, t: Tokens) -> None:
        table, column = self._table, index.column()
        view = table.lines.view_of(index.row())
        if view is None:
            return
        task, words = view.task, str(index.data() or "")
        match column:
            case 0:
                y = room.y() + (room.height() - 16) // 2
                paint.box(
                    painter, table, QRectF(room.x() + 4, y, 16, 16), t, on=task.id in table.marks
                )
            case 3:
                colour = t.status(task.status)
                y = room.center().y() - 3
                paint.rounded(painter, QRectF(room.x(), y, 8, 8), colour, None, 4)
                paint.text(painter, room.adjusted(15, 0, 0, 0), words, colour, tokens.BODY)
            case 4:
                self._bar(painter, room, view, t)
                paint.text(painter, room, words, t.text, tokens.BODY,
                           align=Qt.AlignmentFlag.AlignRight)  # fmt: skip
            case 5:
                colour = t.priority(task.priority)
                paint.badge(painter, room.x(), room.center().y() - 9, words.upper(), colour)
            case 8:
                late = table.lines.is_late(view)
                if late:
                    y = room.center().y() - 7
                    paint.icon(painter, table, "warning", t.danger, room.x(), y)
                    room.adjust(20, 0, 0, 0)
                colour = t.danger if late else t.muted
                paint.text(painter, room, words, colour, tokens.BODY, bold=late)
            case _:
                colour = t.text if column in (TITLE, PEOPLE) else t.muted
                paint.text(painter, room, words, colour, tokens.BODY, bold=column == TITLE)

    def _bar(self, painter: QPainter, cell: QRect, view: TaskView, t: Tokens) -> None:
        task = view.task
        full = {Status.COMPLETED: t.done, Status.IN_PROGRESS: t.in_progress}
        track = QRectF(cell.x(), cell.center().y() - 3, cell.width() - 48, 7)
        if track.width() < 16:
            return
        paint.rounded(painter, track, t.track, None, 3.5)
        track.setWidth(track.width() * task.shown_progress / 100)
        if track.width() >= 4:
            paint.rounded(painter, track, full.get(task.status, t.held), None, 3.5)


class TaskTable(CalmTable):
    """`selected` carries the id of the line that was gone to, "" for none, `activated_task` that
    of one chosen once more, `sorted` what to sort by and whether backwards."""

    selected = Signal(str)
    activated_task = Signal(str)
    sorted_by = Signal(object, bool)

    def __init__(self, board: Board, now: Callable[[], int], marks: Marks, parent: QWidget) -> None:
        lines = Lines(board, now, marks, parent)
        super().__init__("Tasks", lines, ROW, parent)
        self.marks, self.lines = marks, lines
        self._sort, self._backwards = Sort.DUE, False
        self.setItemDelegate(_Cells(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        for place, (_, width, _) in enumerate(COLUMNS):
            self.setColumnWidth(place, width)
        header.setSectionResizeMode(MARK, QHeaderView.ResizeMode.Fixed)
        header.sectionClicked.connect(self._header_pressed)
        marks.changed.connect(self.refresh)

    # -- showing ---------------------------------------------------------------------------

    @property
    def current_id(self) -> str:
        row = self.currentIndex().row()
        return self.lines.ids[row] if 0 <= row < len(self.lines.ids) else ""

    def set_ids(self, ids: Sequence[str], selected: str) -> None:
        """Another order or other tasks; the selected one, or else the first that is seen, stays
        where it is."""
        if ids is self.lines.ids or ids == self.lines.ids:
            return
        top = self.rowAt(0)
        anchor, at = (self.lines.ids[top], self.rowViewportPosition(top)) if top >= 0 else ("", 0)
        if selected and self._is_seen(selected):
            anchor, at = selected, self.visualRect(self.currentIndex()).y()
        self.lines.set_ids(ids)
        self.show_current(selected, reveal=False)
        if anchor and anchor in ids:
            self.verticalScrollBar().setValue(ids.index(anchor) * ROW - at)
        self.viewport().update()

    def refresh(self, ids: Collection[str] | None = None) -> None:
        """Paints the lines of these anew, as far as they are seen."""
        for row in self.seen():
            if ids is None or self.lines.ids[row] in ids:
                first = self.lines.index(row, 0)
                self.lines.dataChanged.emit(first, self.lines.index(row, len(COLUMNS) - 1))

    def seen(self) -> range:
        """The rows that are seen."""
        first = self.rowAt(0) if self.isVisible() else -1
        if first < 0:
            return range(0)
        last = self.rowAt(self.viewport().height() - 1)
        return range(first, (last if last >= 0 else len(self.lines.ids) - 1) + 1)

    def _is_seen(self, task_id: str) -> bool:
        return any(self.lines.ids[row] == task_id for row in self.seen())

    def show_current(self, task_id: str, *, reveal: bool = True) -> None:
        """Goes to a task without saying so."""
        if task_id == self.current_id and reveal:
            return
        before = self.currentIndex().row()
        row = self.lines.ids.index(task_id) if task_id and task_id in self.lines.ids else -1
        column = max(0, self.currentIndex().column())
        self.blockSignals(True)
        index = self.lines.index(row, column) if row >= 0 else QModelIndex()
        across = self.horizontalScrollBar().value()
        down = self.verticalScrollBar().value()
        self.setCurrentIndex(index)
        self.blockSignals(False)
        if not reveal:
            self.verticalScrollBar().setValue(down)
        self.horizontalScrollBar().setValue(across)
        self.paint_rows(before, row)

    def show_sort(self, sort: Sort, backwards: bool) -> None:
        self._sort, self._backwards = sort, backwards
        down = Qt.SortOrder.DescendingOrder if backwards else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(_COLUMN_OF.get(sort, -1), down)

    def keep_columns(self) -> QByteArray:
        return self.horizontalHeader().saveState()

    def restore_columns(self, state: object) -> None:
        if isinstance(state, QByteArray) and self.horizontalHeader().restoreState(state):
            self.horizontalHeader().setSectionsMovable(False)

    # -- events ----------------------------------------------------------------------------

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.row() != previous.row() and not self.signalsBlocked():
            self.selected.emit(self.current_id)

    def _header_pressed(self, column: int) -> None:
        sort = COLUMNS[column][2]
        if column == MARK:
            if len(self.marks) < len(self.lines.ids):
                self.marks.add(self.lines.ids)
            else:
                self.marks.clear()
        elif sort is not None:
            self.sorted_by.emit(sort, sort is self._sort and not self._backwards)
        self.show_sort(self._sort, self._backwards)  # Qt turned the arrow round by itself

    def mousePressEvent(self, event: QMouseEvent) -> None:
        where = event.position().toPoint()
        index = self.indexAt(where)
        if not index.isValid() or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        task_id = self.lines.ids[index.row()]
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.marks.anchor = self.marks.anchor or self.current_id
            self.marks.add_up_to(task_id, self.lines.ids)
        elif index.column() == MARK or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.marks.toggle(task_id)
        else:
            self.marks.anchor = task_id
            again = task_id == self.current_id
            super().mousePressEvent(event)
            if again:
                self.activated_task.emit(task_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, before = event.key(), self.current_id
        last = len(self.lines.ids) - 1
        if event.matches(QKeySequence.StandardKey.SelectAll):
            self.marks.add(self.lines.ids)
        elif key == Qt.Key.Key_Space and before:
            self.marks.toggle(before)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if before:
                self.activated_task.emit(before)
        elif key == Qt.Key.Key_Escape and self.marks:
            self.marks.clear()
        elif key == Qt.Key.Key_Escape and before:
            self.setCurrentIndex(QModelIndex())
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and last >= 0:
            row = 0 if key == Qt.Key.Key_Home else last
            self.setCurrentIndex(self.lines.index(row, max(0, self.currentIndex().column())))
        elif event.text().strip() and not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
            event.ignore()  # Qt would search the first column of all rows for the letter
        else:
            super().keyPressEvent(event)
        self._mark_the_way(event, before)

    def _mark_the_way(self, event: QKeyEvent, before: str) -> None:
        """Shift with an arrow marks where it goes."""
        now = self.current_id
        if not now or now == before:
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.marks.anchor = self.marks.anchor or before
            self.marks.add_up_to(now, self.lines.ids)
        else:
            self.marks.anchor = now
