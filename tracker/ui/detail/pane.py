"""The detail pane: everything about the selected task, and what a person may do with it.

It shows what is handed to it and asks its host to do things; half-typed comments are drafts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tracker.cache.drafts import COMMENT_DRAFT
from tracker.domain import access
from tracker.domain.access import Actor
from tracker.domain.change import Kind
from tracker.domain.errors import InputError, Refusal
from tracker.domain.lifecycle import allows
from tracker.domain.task import OPEN, Comment, HistoryEntry, Part, Status, is_overdue
from tracker.services import wording
from tracker.services.board import Board
from tracker.services.details import Details
from tracker.services.tasks import Done, Tasks
from tracker.services.typed import read_worked
from tracker.ui.detail import parts
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2, SPACE_3, SPACE_4
from tracker.ui.widgets.controls import Button, Field, Panel, Scrolling, TextBox, label
from tracker.ui.widgets.drafts import Drafts, Key
from tracker.ui.widgets.flow import Flow
from tracker.ui.widgets.rows import Section

WIDTH = 348
_MOVES = (
    ("Hold", Kind.HOLD), ("Resume", Kind.RESUME),
    ("Reopen", Kind.REOPEN), ("Archive", Kind.ARCHIVE),
)  # fmt: skip
_ALL = 16_777_215
"""Qt's own word for no limit."""
NEWEST = 20
"""So many comments and time entries are shown until somebody asks for all."""
DRAFT_DELAY_MS = 400


class Host(Protocol):
    """The window around the pane."""

    board: Board
    drafts: Drafts

    def act(
        self, kind: Kind, call: Callable[[], Done | Refusal], then: Callable[[], None] = ...
    ) -> None: ...
    def timer_of(self, task_id: str) -> int | None: ...
    def toggle_timer(self, task_id: str) -> None: ...
    def ask_older(
        self, task_id: str, before: int, then: Callable[[Sequence[HistoryEntry], bool], None]
    ) -> None: ...
    def choose_task(self, title: str, without: str, then: Callable[[str], None]) -> None: ...


class DetailPane(Panel):
    """`opened` carries the id of another task to go to, `edited` that of the task whose fields are
    to be changed, `reassigned` that of one which others are to do, `typed` that a draft changed;
    `closed` says that the person is done reading."""

    opened = Signal(str)
    edited = Signal(str)
    typed = Signal()
    closed = Signal()
    reassigned = Signal(str)

    def __init__(
        self,
        host: Host,
        actor: Actor,
        tasks: Tasks,
        now: Callable[[], int],
        parent: QWidget,
        *,
        for_admins: bool = False,
    ) -> None:
        """`for_admins`: with what the employee's card has at itself, and without a timer, which
        only the employee's window has."""
        super().__init__("surface", parent, border="left")
        self._for_admins = for_admins
        self._host, self._actor, self._tasks, self._now = host, actor, tasks, now
        self._found: Details | None = None
        self._older: list[HistoryEntry] = []
        self._is_all = False
        self._all_comments = False
        self._editing = self._replying = self._edited_from = ""
        self._answered: dict[str, str] = {}  # by task, for when the person comes back to it
        self.set_beside(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_4, SPACE_4, SPACE_1, 0)
        column.setSpacing(SPACE_2)
        column.addLayout(self._build_head())
        self.area = Scrolling("Details", self)
        ground = QWidget()
        self._ground = QVBoxLayout(ground)
        self._ground.setContentsMargins(0, 0, SPACE_3, SPACE_4)
        self._ground.setSpacing(0)
        self._build_sections(ground)
        self._ground.addStretch(1)
        self.area.set_ground(ground)
        column.addWidget(self.area, 1)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(DRAFT_DELAY_MS)
        self._delay.timeout.connect(self.keep_draft)
        self.hide()

    # -- building --------------------------------------------------------------------------

    def _build_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, SPACE_3, 0)
        self.title = label("", tokens.HEADING, bold=True)
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = Button("Close", self, small=True)
        self.close_button.setAccessibleName("Close the details")
        self.close_button.clicked.connect(self.closed)
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        return head

    def _build_sections(self, ground: QWidget) -> None:
        self.about = label("", muted=True)
        self.due = label("", bold=True)
        self.blocked = label("", bold=True)
        self.blocked.setForegroundRole(self.blocked.palette().ColorRole.BrightText)
        self.description = label("")
        self.description.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for one in (self.about, self.due, self.blocked, self.description):
            one.setContentsMargins(0, 0, 0, SPACE_1)
            self._ground.addWidget(one)
        row = Flow(ground, gap=SPACE_1)
        self._ground.addWidget(row)
        self.accept = self._button("Accept", self._accept, row)
        self.edit = self._button("Edit…", lambda: self.edited.emit(self._id), row)
        self.reassign = self._button("Reassign…", lambda: self.reassigned.emit(self._id), row)
        self.cancel = self._button("Cancel task", lambda: self._move(Kind.CANCEL), row)
        self.moves = {
            kind: self._button(words, functools.partial(self._move, kind), row)
            for words, kind in _MOVES
        }
        self.needs = self._section("Waits for", ground)
        self.add_need = self._button("Add…", self._ask_need, self.needs.head)
        self.people = self._section("People", ground)
        self.subtasks = self._section("Subtasks", ground)
        self.time = self._section("Time", ground)
        self.timer = self._button("Start timer", self._toggle_timer, self.time.head)
        self._build_log()
        self.rating = self._section("Rating", ground)
        self.stars = [
            self._button(str(n), lambda n=n: self._rate(n), self.rating.head)  # type: ignore[misc]
            for n in range(1, 6)
        ]
        for number, star in enumerate(self.stars, 1):
            star.setAccessibleName(f"Rate {number} of 5")
            star.setCheckable(True)
        self.comments = self._section("Comments", ground)
        self.all_comments = self._button("Show all", self._show_all_comments, self.comments.head)
        self._build_comment_box()
        self.history = self._section("History", ground)
        self.older = Button("Load older", self, small=True)
        self.older.clicked.connect(self._ask_older)
        self.history.column.addWidget(self.older)

    def _section(self, title: str, ground: QWidget) -> Section:
        made = Section(title, ground)
        self._ground.addWidget(made)
        return made

    def _button(self, words: str, do: Callable[[], None], row: QHBoxLayout | Flow) -> Button:
        made = Button(words, self, small=True)
        made.clicked.connect(lambda _c=False: do())
        (row.add if isinstance(row, Flow) else row.addWidget)(made)
        return made

    def _build_log(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        self.minutes = Field("Minutes worked", self, placeholder="45, or 1h 30")
        self.minutes.edit.returnPressed.connect(self._log)
        self.log = self._button("Log time", self._log, row)
        row.insertWidget(0, self.minutes, 1)
        self.time.column.addLayout(row)
        self.log_problem = self._problem(self.time)

    def _problem(self, section: Section) -> QLabel:
        made = label("", tokens.SMALL + 1)
        made.setForegroundRole(made.palette().ColorRole.BrightText)
        made.hide()
        section.column.addWidget(made)
        return made

    def _build_comment_box(self) -> None:
        self.answering = label("", tokens.SMALL + 1, muted=True)
        self.box = TextBox("Comment", "background", 64, self)
        self.box.setPlaceholderText("Write a comment (Ctrl+Enter sends)")
        self.box.textChanged.connect(self._box_changed)
        self.box.submitted.connect(self._send)
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        row.addStretch(1)
        self.stop_editing = self._button("Cancel", self._leave_mode, row)
        self.send = self._button("Comment", self._send, row)
        for one in (self.answering, self.box):
            self.comments.column.addWidget(one)
        self.comments.column.addLayout(row)

    def set_beside(self, beside: bool) -> None:
        """Beside the cards it has its own width; instead of them, all there is."""
        self.setMinimumWidth(WIDTH if beside else 0)
        self.setMaximumWidth(WIDTH if beside else _ALL)

    # -- showing ---------------------------------------------------------------------------

    @property
    def _id(self) -> str:
        return self._found.view.task.id if self._found else ""

    def show_task(self, found: Details) -> None:
        """Shows the task; what is being typed is left alone."""
        other = found.view.task.id != self._id
        if other:
            self.keep_draft()
            self._older, self._is_all, self._all_comments = [], False, False
            self._editing, self._replying = "", self._answered.get(found.view.task.id, "")
            self._forget_minutes()
        self._found = found
        self._show_head(found)
        self._show_parts(found)
        self._show_comments(found)
        self._show_history(found)
        if other:
            self._read_draft()
            self.area.verticalScrollBar().setValue(0)

    def _show_head(self, found: Details) -> None:
        task, now = found.view.task, self._now()
        self.title.setText(wording.breakable(task.title))
        about = "\n".join(parts.about(found, self._host.board, now))
        self.about.setText(wording.breakable(about))
        due = wording.due(task, now)
        self.due.setText(due[:1].upper() + due[1:])
        self.due.setVisible(bool(due))
        role = self.due.palette().ColorRole
        self.due.setForegroundRole(role.BrightText if is_overdue(task, now) else role.WindowText)
        waits = [view.task.title for _, view in found.needs if view and view.task.status in OPEN]
        words = f"Blocked by: {', '.join(waits) or parts.NOT_SHARED.lower()}"
        self.blocked.setText(wording.breakable(words))
        self.blocked.setVisible(task.is_blocked)
        self.description.setText(wording.breakable(task.description))
        self.description.setVisible(bool(task.description))
        own = found.view.state.people.get(self._actor.user_id)
        asked = own is not None and own.part is Part.ASSIGNEE and own.accepted_at is None
        self._offer(self.accept, asked and task.status in OPEN and self._may(Kind.ACCEPT))
        self._offer(self.edit, self._may(Kind.EDIT_FIELDS))
        self._offer(self.reassign, self._for_admins and self._may(Kind.ASSIGN))
        self._offer(self.cancel, task.status in OPEN and self._may(Kind.CANCEL))
        legal = {
            Kind.HOLD: allows(task.status, Status.ON_HOLD),
            Kind.RESUME: task.status is Status.ON_HOLD,
            Kind.REOPEN: task.status in (Status.COMPLETED, Status.CANCELLED),
            Kind.ARCHIVE: allows(task.status, Status.ARCHIVED),
        }
        for kind, button in self.moves.items():
            self._offer(button, self._for_admins and legal[kind] and self._may(kind))

    def _show_parts(self, found: Details) -> None:
        task, now, board = found.view.task, self._now(), self._host.board
        may_depend = self._may(Kind.DEPEND)
        go = self.opened.emit
        self.needs.show_rows(parts.needs(found, go, self._part if may_depend else None))
        self._offer(self.add_need, may_depend)
        self.needs.setVisible(bool(found.needs) or may_depend)
        self.people.show_rows(parts.people(found, board, now, ages=self._for_admins))
        self.people.setVisible(bool(found.view.people))
        self.subtasks.show_rows(parts.children(found, go))
        self.subtasks.setVisible(bool(found.children))
        entries = found.trail.entries
        self.time.show_rows(parts.time(entries[-NEWEST:], board, now))
        may_log = self._may(Kind.LOG_TIME)
        for part in (self.minutes, self.log):
            self._offer(part, may_log)
        self._offer(self.timer, may_log and not self._for_admins)
        self.time.setVisible(may_log or bool(entries))
        self.show_timer()
        self._show_rating(found)
        self.comments.title.setText(f"Comments ({task.comment_count})")

    def show_timer(self) -> None:
        """What was worked, with what the running timer counts."""
        if self._found is None:
            return
        task, running = self._found.view.task, self._host.timer_of(self._id)
        self.timer.setText("Start timer" if running is None else "Stop timer")
        self.timer.setAccessibleName(self.timer.text())
        self.timer.updateGeometry()
        total = wording.worked(task.actual_minutes)
        if task.estimated_minutes:
            total += f" of {wording.worked(task.estimated_minutes)}"
        if running is not None:
            total += f", timer {wording.stopwatch(running)}"
        self.time.title.setText(f"Time: {total}")

    def _show_rating(self, found: Details) -> None:
        task = found.view.task
        fits = task.status is Status.COMPLETED and self._may(Kind.RATE)
        self.rating.setVisible(fits)
        for number, star in enumerate(self.stars, 1):
            star.setChecked(number == task.quality_rating)

    def _show_comments(self, found: Details) -> None:
        said = found.trail.comments
        shown = said if self._all_comments else said[-NEWEST:]
        may = self._may(Kind.COMMENT)
        self.comments.show_rows(
            parts.comments(
                shown,
                self._host.board,
                self._now(),
                self._begin_edit if may else None,
                self._begin_reply if may else None,
            )
        )
        self._offer(self.all_comments, len(shown) < len(said))
        self.all_comments.setText(f"Show all {len(said)}")
        self.all_comments.updateGeometry()
        for part in (self.box, self.send):
            part.setVisible(may)
        self.comments.setVisible(may or bool(said))
        self._show_mode()

    def _show_history(self, found: Details) -> None:
        kept = [*found.trail.history][::-1]
        known = {entry.id for entry in kept}
        entries = [*kept, *(entry for entry in self._older if entry.id not in known)]
        self.history.show_rows(parts.history(entries, self._host.board, self._now()))
        oldest = self._oldest(found)
        self._offer(self.older, not self._is_all and oldest is not None and oldest > 1)

    def _offer(self, part: QWidget, fits: bool) -> None:
        """A control that is about to be hidden hands its focus to the pane, not to a neighbour."""
        if not fits and part.isAncestorOf(self.window().focusWidget()):
            self.area.setFocus()
        if not fits and part is self.window().focusWidget():
            self.area.setFocus()
        part.setVisible(fits)

    def _may(self, kind: Kind) -> bool:
        found = self._found
        if found is None or found.view.task.status is Status.ARCHIVED:
            return False
        return access.may(self._actor, kind, found.view.state)

    # -- doing -----------------------------------------------------------------------------

    def _accept(self) -> None:
        task_id = self._id
        self._host.act(Kind.ACCEPT, lambda: self._tasks.accept(task_id))

    def _move(self, kind: Kind) -> None:
        task_id = self._id
        self._host.act(kind, lambda: self._tasks.move(kind, task_id))

    def _rate(self, rating: int) -> None:
        task_id = self._id
        self._host.act(Kind.RATE, lambda: self._tasks.rate(task_id, rating))
        if self._found is not None:
            self._show_rating(self._found)  # also where it was refused: the button was pressed

    def _toggle_timer(self) -> None:
        self._host.toggle_timer(self._id)

    def _log(self) -> None:
        task_id = self._id
        try:
            minutes = read_worked(self.minutes.edit.text())
        except InputError as error:
            self.log_problem.setText(f"{error.entry.message} {error.entry.remedy} ({error.code})")
            self.log_problem.show()
            self.minutes.set_bad(True)
            return
        self.log_problem.hide()
        self.minutes.set_bad(False)
        self._host.act(
            Kind.LOG_TIME, lambda: self._tasks.log_time(task_id, minutes), self._forget_minutes
        )

    def _forget_minutes(self) -> None:
        self.minutes.edit.setText("")  # with what could be undone there: Ctrl+Z is for the time now

    def _ask_need(self) -> None:
        task_id = self._id
        self._host.choose_task(
            "Which task does it wait for?",
            task_id,
            lambda needs: self._host.act(Kind.DEPEND, lambda: self._tasks.depend(task_id, needs)),
        )

    def _part(self, needs_id: str) -> None:
        task_id = self._id
        self._host.act(Kind.UNDEPEND, lambda: self._tasks.undepend(task_id, needs_id))

    # -- comments --------------------------------------------------------------------------

    def _show_all_comments(self) -> None:
        self._all_comments = True
        if self._found is not None:
            self._show_comments(self._found)

    def _begin_edit(self, comment: Comment) -> None:
        self.keep_draft()
        self._editing, self._replying, self._edited_from = comment.id, "", comment.text
        self._set_box(self._host.drafts.read(self._draft_key()) or comment.text)
        self._show_mode()
        self.box.setFocus()

    def _begin_reply(self, comment: Comment) -> None:
        if self._editing:
            self._leave_mode()
        self._replying = self._answered[self._id] = comment.id
        self._show_mode()
        self.box.setFocus()

    def _leave_mode(self) -> None:
        """Back to writing a comment of one's own; the draft of that is where it was."""
        self._answered.pop(self._id, None)
        if self._editing:
            self._host.drafts.change(self._draft_key(), "")
            self.typed.emit()
            self._editing = ""
            self._read_draft()
        self._replying = ""
        self._show_mode()

    def _show_mode(self) -> None:
        said = {c.id: c for c in self._found.trail.comments} if self._found else {}
        answered = said.get(self._replying)
        words = "Changing your comment" if self._editing else ""
        if answered is not None:
            words = f"Replying to {self._host.board.name_of(answered.user_id)}"
        self.answering.setText(words)
        self.answering.setVisible(bool(words))
        self._offer(self.stop_editing, bool(words))
        self.send.setText("Save" if self._editing else "Comment")
        self.send.setAccessibleName("Save the comment" if self._editing else "Send the comment")
        self.send.updateGeometry()

    def _send(self) -> None:
        task_id, text, comment_id = self._id, self.box.toPlainText(), self._editing
        if comment_id:
            self._host.act(
                Kind.EDIT_COMMENT,
                lambda: self._tasks.reword(task_id, comment_id, text),
                self._leave_mode,
            )
            return
        self.keep_draft()
        parent = self._replying or None
        self._host.act(
            Kind.COMMENT,
            lambda: self._tasks.comment(task_id, text, parent),
            lambda: self._sent(task_id),
        )

    def _sent(self, task_id: str) -> None:
        self._host.drafts.sent((task_id, COMMENT_DRAFT))
        self._answered.pop(task_id, None)
        if task_id == self._id:
            self._replying = ""
            self._set_box("")
            self._show_mode()

    def _set_box(self, text: str) -> None:
        self.box.blockSignals(True)
        self.box.setPlainText(text)
        self.box.moveCursor(QTextCursor.MoveOperation.End)  # where whoever goes on typing left off
        self.box.blockSignals(False)
        self._delay.stop()

    def _box_changed(self) -> None:
        if not self._delay.isActive():  # kept every so often, also while somebody types on
            self._delay.start()

    def keep_draft(self) -> None:
        """Hands over what the field holds, before its delay is over."""
        self._delay.stop()
        if self._id:
            text = self.box.toPlainText()
            changed = not self._editing or text != self._edited_from
            self._host.drafts.change(self._draft_key(), text if changed else "")
            self.typed.emit()

    def _draft_key(self) -> Key:
        """What is half-typed into an own comment is a draft of that comment."""
        return self._id, f"{COMMENT_DRAFT} {self._editing}".rstrip()

    def _read_draft(self) -> None:
        self._set_box(self._host.drafts.read((self._id, COMMENT_DRAFT)))

    # -- history ---------------------------------------------------------------------------

    def _oldest(self, found: Details) -> int | None:
        """The audit number of the oldest entry that is here."""
        numbers = [e.id for e in (*found.trail.history, *self._older) if e.received_at is not None]
        return min((int(number) for number in numbers if number.isdigit()), default=None)

    def _ask_older(self) -> None:
        if self._found is None or (before := self._oldest(self._found)) is None:
            return
        task_id = self._id
        if self.older is self.window().focusWidget():
            self.area.setFocus()  # Qt would hand the keyboard to another button
        self.older.setEnabled(False)
        self._host.ask_older(task_id, before, lambda e, more: self._add_older(task_id, e, more))

    def _add_older(self, task_id: str, entries: Sequence[HistoryEntry], more: bool) -> None:
        self.older.setEnabled(True)
        if self._found is not None and task_id == self._id:
            known = {entry.id for entry in self._older}  # of a Retry and a press that both came
            self._older += [entry for entry in entries if entry.id not in known]
            self._is_all = not more
            self._show_history(self._found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
