"""The assign page: a task for others.

What is typed is kept as a draft, so it is there again after whatever happens; templates keep it
under a name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tracker.domain.errors import EnvironmentFault
from tracker.domain.page import Changes
from tracker.domain.task import Priority
from tracker.services.tasks import Done, NewTask
from tracker.services.templates import Form, Templates, as_json, fitted, form_of, to_keep
from tracker.services.typed import read_moment, read_revenue, read_type
from tracker.services.workspace import device_clock
from tracker.ui.monitor.page import Page
from tracker.ui.monitor.people_rows import PeopleRows
from tracker.ui.monitor.task_picks import TaskPicks
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_4
from tracker.ui.widgets.controls import Button, Scrolling, in_order, label
from tracker.ui.widgets.spoken import announce
from tracker.ui.widgets.task_fields import TaskFields

if TYPE_CHECKING:
    from tracker.ui.monitor.importing import ImportDialog
    from tracker.ui.monitor.window import MonitorWindow

DRAFT = ("assign", "form")
"""The draft that the half-filled form is kept under, in the outbox's file."""
DRAFT_DELAY_MS = 400
MOST_NEEDS = 20
_WIDE = 860
"""From so many pixels on the form has two columns."""


class AssignPage(Page):
    """`submitted` carries a NewTask whose every field was checked."""

    submitted = Signal(object)

    def __init__(self, window: MonitorWindow) -> None:
        super().__init__(window)
        self._board = window.board
        self.templates = Templates(window.work.profile.folder)
        self.importing: ImportDialog | None = None
        self._told_unkept = False
        self.submitted.connect(self._create)
        self.setAcceptDrops(True)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(SPACE_2)
        whole.addLayout(self._build_head())
        self._area = Scrolling("Assign a task", self)
        whole.addWidget(self._area, 1)
        ground = QWidget()
        column = QVBoxLayout(ground)
        column.setContentsMargins(0, SPACE_2, SPACE_4, SPACE_3)
        self._build_fields(column)
        column.addStretch(1)
        self._area.set_ground(ground)
        whole.addLayout(self._build_foot())
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(DRAFT_DELAY_MS)
        self._delay.timeout.connect(self._keep_draft)
        self._read_draft()
        self._watch()

    # -- building --------------------------------------------------------------------------

    def _build_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, SPACE_4, 0)
        head.setSpacing(SPACE_2)
        title = label("Assign a task", tokens.TITLE, bold=True)
        title.setWordWrap(False)
        head.addWidget(title)
        head.addStretch(1)
        self.from_template = self._button("Templates…", self.open_templates, head)
        self.save_template = self._button("Save as template…", self.ask_template, head)
        self.import_button = self._button("Import a file…", self.open_import, head)
        self.import_button.setToolTip("Tasks from a CSV file; it can also be dropped here")
        return head

    def _button(self, words: str, do: Callable[[], object], row: QHBoxLayout) -> Button:
        made = Button(words, self)
        made.clicked.connect(lambda _c=False: do())
        row.addWidget(made)
        return made

    def _build_fields(self, column: QVBoxLayout) -> None:
        """`more` of the fields are read by these."""
        self.fields = fields = TaskFields(
            self._board,
            self,
            {
                "people": lambda: self.people.read(),
                "parent_id": lambda: next(iter(self.parent_task.read()), None),
                "needs": lambda: self.needs.read(),
                "task_type": lambda: read_type(self.task_type.edit.text()),
                "scheduled_at": lambda: read_moment(self.scheduled.edit.text()),
                "revenue_cents": lambda: read_revenue(self.revenue.edit.text()),
            },
        )
        self.title, self.description = fields.title, fields.description
        self.priority, self.project = fields.priority, fields.project
        self.due, self.estimate = fields.due, fields.estimate
        self.problem = fields.problem
        fields.wrong.connect(self._show_wrong)
        between = fields.between
        between.addWidget(label("Who takes part", tokens.SMALL + 1, muted=True))
        self.people = PeopleRows(self._board, self.description, self)
        between.addWidget(self.people)
        between.addWidget(fields.problem_label("people"))
        fields.column.addStretch(1)
        self._build_side(fields)
        column.addWidget(fields)

    def _build_side(self, fields: TaskFields) -> None:
        side, board = fields.side, self._board
        side.addWidget(label("Waits for", tokens.SMALL + 1, muted=True))
        self.needs = TaskPicks(
            self.host,
            board,
            "Add a task…",
            "Which task does it wait for?",
            MOST_NEEDS,
            self.estimate.edit,
            self,
        )
        side.addWidget(self.needs)
        side.addWidget(fields.problem_label("needs"))
        self.more = Button("More", self, small=True)
        self.more.setCheckable(True)
        self.more.toggled.connect(self._show_more)
        side.addWidget(self.more)
        self._more = QWidget(self)
        inner = QVBoxLayout(self._more)
        inner.setContentsMargins(0, SPACE_2, 0, 0)
        inner.setSpacing(tokens.SPACE_1)
        inner.addWidget(label("Lies below", tokens.SMALL + 1, muted=True))
        self.parent_task = TaskPicks(
            self.host,
            board,
            "Choose a task…",
            "Which task does it lie below?",
            1,
            self.more,
            self,
        )
        inner.addWidget(self.parent_task)
        inner.addWidget(fields.problem_label("parent_id"))
        self.task_type = fields.field("task_type", "Type", "Repair, inspection …", inner)
        self.scheduled = fields.field(
            "scheduled_at", "Planned start", "2026-12-31 08:00, tomorrow 08:00", inner
        )
        self.pick_start = fields.calendar_button(
            self.scheduled, "Pick the planned start in a calendar"
        )
        self.revenue = fields.field("revenue_cents", "Revenue", "1250.50", inner)
        side.addWidget(self._more)
        side.addStretch(1)
        self._show_more(False)
        in_order(
            self.description, self.people.add_button, self.priority, self.project, self.due.edit,
            fields.pick, self.estimate.edit, self.needs.button, self.more, self.parent_task.button,
            self.task_type.edit, self.scheduled.edit, self.pick_start, self.revenue.edit,
        )  # fmt: skip

    def _build_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, SPACE_4, SPACE_4)
        row.setSpacing(SPACE_3)
        self.button = Button("Assign task", self, primary=True)
        self.button.clicked.connect(self._submit)
        self.clear_button = Button("Clear", self)
        self.clear_button.setAccessibleName("Clear the form")
        self.clear_button.clicked.connect(self._clear_all)
        self.said = label("Ctrl+Return assigns it.", tokens.SMALL + 1, muted=True)
        row.addWidget(self.button)
        row.addWidget(self.clear_button)
        row.addWidget(self.said, 1)
        QWidget.setTabOrder(self.revenue.edit, self.button)
        QWidget.setTabOrder(self.button, self.clear_button)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self._submit)
        self.description.submitted.connect(self._submit)
        return row

    def _watch(self) -> None:
        """Whatever is typed or chosen is kept."""
        for field in (
            self.title, self.due, self.estimate, self.task_type, self.scheduled, self.revenue,
        ):  # fmt: skip
            field.changed.connect(self._typed)
        self.description.textChanged.connect(self._typed)
        for choice in (self.priority, self.project):
            choice.chosen.connect(self._typed)
        for part, key in (
            (self.people, "people"), (self.needs, "needs"), (self.parent_task, "parent_id"),
        ):  # fmt: skip
            part.changed.connect(lambda k=key: self.fields.check({k}))
            part.changed.connect(self._typed)

    # -- showing ---------------------------------------------------------------------------

    def opened(self) -> None:
        self.title.setFocus()
        self._tell_damaged()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        self.fields.set_wide(wide)
        self.fields.setMaximumWidth(1080 if wide else 720)

    def show_changes(self, changes: Changes | None, ids: Collection[str] | None) -> None:
        if changes is None or changes.people or changes.everything:
            self.refresh()
        named = (*self.needs.ids, *self.parent_task.ids)
        if named and (ids is None or not set(named).isdisjoint(ids)):
            self.needs.refresh()
            self.parent_task.refresh()

    def refresh(self) -> None:
        """People and projects as they are now. What is chosen stays chosen, except for people
        who can do nothing any more."""
        gone = self.people.refresh()
        if gone:
            self._say(f"{', '.join(gone)} cannot sign in any more and was taken off.")
        self.fields.refresh()

    def _say(self, words: str) -> None:
        self.said.setText(words)
        announce(self.said, words)

    def _show_more(self, on: bool) -> None:
        self._more.setVisible(on)
        words = "Less" if on else "More: parent, type, planned start, revenue"
        self.more.setText(words)
        self.more.setAccessibleName(words)
        self.more.updateGeometry()
        if on:  # once it has its place
            QTimer.singleShot(0, self._more, lambda: self._area.ensureWidgetVisible(self._more))

    def _show_wrong(self, key: str) -> None:
        """The part with what is wrong is seen, and has the keyboard."""
        if key in ("parent_id", "task_type", "scheduled_at", "revenue_cents"):
            self.more.setChecked(True)
        places: dict[str, QWidget] = {
            "people": self.people.add_button, "needs": self.needs.button,
            "parent_id": self.parent_task.button,
        }  # fmt: skip
        if key in places:
            places[key].setFocus()
        focused = self.window().focusWidget()
        if self._area.isAncestorOf(focused):
            self._area.ensureWidgetVisible(focused)

    # -- the form --------------------------------------------------------------------------

    @property
    def form(self) -> Form:
        """What is in the fields now."""
        priority, project = self.priority.value, self.project.value
        assert isinstance(priority, Priority)
        return Form(
            title=self.title.edit.text(),
            description=self.description.toPlainText(),
            priority=priority,
            project_id=project if isinstance(project, str) else None,
            people=self.people.chosen,
            due=self.due.edit.text(),
            estimate=self.estimate.edit.text(),
            parent_id=next(iter(self.parent_task.ids), None),
            needs=self.needs.ids,
            task_type=self.task_type.edit.text(),
            scheduled=self.scheduled.edit.text(),
            revenue=self.revenue.edit.text(),
        )

    def show_form(self, form: Form) -> None:
        self.title.edit.setText(form.title)
        self.description.setPlainText(form.description)
        self.priority.set_value(form.priority)
        offered = form.project_id in self.project.offered
        self.project.set_value(form.project_id if offered else None)
        self.due.edit.setText(form.due)
        self.estimate.edit.setText(form.estimate)
        self.parent_task.show_tasks([form.parent_id] if form.parent_id else [])
        self.needs.show_tasks(form.needs)
        self.task_type.edit.setText(form.task_type)
        self.scheduled.edit.setText(form.scheduled)
        self.revenue.edit.setText(form.revenue)
        self.people.show_people(form.people)
        if form.parent_id or form.task_type or form.scheduled or form.revenue:
            self.more.setChecked(True)
        self.fields.forget_problems()
        filled = {
            "title": form.title, "due": form.due, "estimate": form.estimate,
            "people": form.people, "needs": form.needs, "parent_id": form.parent_id,
            "task_type": form.task_type, "scheduled_at": form.scheduled,
            "revenue_cents": form.revenue,
        }  # fmt: skip
        self.fields.check({key for key, value in filled.items() if value})

    def _submit(self) -> None:
        values = self.fields.values()
        if values is not None:
            self.submitted.emit(NewTask(**values))

    def _create(self, new: NewTask) -> None:
        self.host.create_task(new, lambda done: self._created(new, done))

    def _created(self, new: NewTask, done: Done) -> None:
        self.clear()
        names = ", ".join(self._board.name_of(user_id) for user_id, _, _ in new.people)
        self.host.offer_undo(f"Assigned to {names}: {new.title}", done)

    def clear(self) -> None:
        """After success: ready for the next task of the same people and project."""
        kept = self.form
        fresh = Form(priority=kept.priority, project_id=kept.project_id, people=kept.people)
        self._show_fresh(fresh)

    def _clear_all(self) -> None:
        before = self.form
        self._show_fresh(Form())
        if before != Form():
            self.host.toast.say(
                "The form is empty.", action=("Undo", lambda: self.show_form(before))
            )

    def _show_fresh(self, form: Form) -> None:
        self.show_form(form)
        self.fields.forget_problems()
        self.said.setText("Ctrl+Return assigns it.")
        self.title.setFocus()
        self._keep_draft()

    # -- the draft -------------------------------------------------------------------------

    def _typed(self, *_what: object) -> None:
        if not self._delay.isActive():  # kept every so often, also while somebody types on
            self._delay.start()

    def _keep_draft(self) -> None:
        """A disk that does not take it is told once, until it does."""
        if self._kept_draft() is None:
            self._told_unkept = False

    def _kept_draft(self) -> EnvironmentFault | None:
        self._delay.stop()
        form = self.form
        text = "" if form == Form() else json.dumps(as_json(form), ensure_ascii=False)
        try:
            # Half a surrogate pair, pasted, is no character that a file can hold.
            whole = text.encode("utf-8", "replace").decode()
            self.host.work.outbox.save_draft(*DRAFT, whole, device_clock())
        except EnvironmentFault as fault:
            if not self._told_unkept:
                self._told_unkept = True
                self.host.tell_fault("keep the form", fault, self._keep_draft)
            return fault
        return None

    def _read_draft(self) -> None:
        text = self.host.work.outbox.draft(*DRAFT)
        if not text:
            return
        try:
            found = form_of(json.loads(text))
        except (ValueError, RecursionError):
            return  # nothing that a form has written
        self.fields.refresh()
        self.show_form(found)

    def keep(self) -> bool:
        if self.importing is not None:
            self.importing.stop()
        told = self._told_unkept
        return self._kept_draft() is None or told

    # -- templates -------------------------------------------------------------------------

    def open_templates(self) -> None:
        from tracker.ui.monitor.template_dialogs import TemplatesDialog

        TemplatesDialog(self.host, self.templates, self._use, self.host).open()
        self._tell_damaged()

    def ask_template(self) -> None:
        from tracker.ui.monitor.template_dialogs import SaveTemplate

        SaveTemplate(self.templates, to_keep(self.form), self._template_saved, self.host).open()

    def _template_saved(self, name: str) -> None:
        self.host.toast.say(f"Saved as template: {name}")

    def _use(self, name: str, kept: Form) -> None:
        before = self.form
        named = {t for t in (*kept.needs, kept.parent_id) if t and t in self._board.views}
        form, gone = fitted(kept, self._board.people, self._board.projects, named)
        self.show_form(form)
        self.title.setFocus()
        self._typed()
        self.host.toast.say(
            f"From template: {name}", " ".join(gone),
            action=("Undo", lambda: self.show_form(before)),
        )  # fmt: skip

    def _tell_damaged(self) -> None:
        if self.templates.damaged is not None:
            place, self.templates.damaged = self.templates.damaged, None
            self.host.tell_fault(
                "read your templates", EnvironmentFault("E3019", place.name), self.open_templates
            )

    # -- importing -------------------------------------------------------------------------

    def open_import(self, path: Path | None = None) -> None:
        from tracker.ui.monitor.importing import ImportDialog

        if self.importing is None:
            self.importing = ImportDialog(self.host)
            self.importing.finished.connect(self._import_closed)
        self.importing.show()
        self.importing.raise_()
        self.importing.activateWindow()
        if path is not None:
            self.importing.take(path)

    def _import_closed(self, _result: int) -> None:
        self.importing = None

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.open_import(path)


def dropped(event: QDropEvent) -> Path | None:
    """The one file of this machine that is dropped."""
    urls: Sequence[str] = [url.toLocalFile() for url in event.mimeData().urls()]
    return Path(urls[0]) if len(urls) == 1 and urls[0] else None
