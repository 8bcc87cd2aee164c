"""One person, beside the list: what is known of them, their devices and open tasks, and what an
owner can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tracker.domain.errors import TrackerError
from tracker.domain.task import Role, is_overdue
from tracker.services import activity, organising, roster, wording
from tracker.services.organising import Device
from tracker.services.roster import Known
from tracker.ui.bridge import Errand
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_4, Tokens
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import Button, Panel, Scrolling, label
from tracker.ui.widgets.day_bar import DayBar
from tracker.ui.widgets.rows import Row, Section
from tracker.ui.widgets.tables import Column, Table

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

WIDTH = 348
MOST_TASKS, MOST_DEVICES = 100, 6
_ROW = 40


class PersonPanel(Panel):
    """`changing`, `switching` and `showing` carry the id of the person: change them, disable them
    or let them in again, show their tasks. `task_opened` carries a task's."""

    closed = Signal()
    changing = Signal(str)
    switching = Signal(str)
    showing = Signal(str)
    task_opened = Signal(str)

    def __init__(self, window: MonitorWindow) -> None:
        super().__init__("surface", window, border="left")
        self._window = window
        self.user_id = ""
        self._asked_for = ""
        self._devices: Sequence[Device] | None = None
        self._fault = ""
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 0, 0, 0)
        self._area = Scrolling("Person", self)
        ground = QWidget()
        column = QVBoxLayout(ground)
        column.setContentsMargins(SPACE_4, SPACE_4, SPACE_3, SPACE_3)
        column.setSpacing(SPACE_2)
        head = QHBoxLayout()
        self.name = label("", tokens.HEADING, bold=True)
        self.close_button = Button("Close", self, small=True)
        self.close_button.setAccessibleName("Close the person's details")
        self.close_button.clicked.connect(self.closed)
        head.addWidget(self.name, 1)
        head.addWidget(self.close_button)
        column.addLayout(head)
        self.about = label("", muted=True)
        self.now = label("")
        column.addWidget(self.about)
        column.addWidget(self.now)
        self._add_buttons(column)
        column.addSpacing(SPACE_2)
        column.addWidget(label("The last 24 hours", bold=True))
        self.bar = DayBar(activity.WORDS, self)
        self.day_words = label("", tokens.SMALL + 1, muted=True)
        column.addWidget(self.bar)
        column.addWidget(self.day_words)
        self.devices = Section("Devices", self)
        column.addWidget(self.devices)
        self.tasks_head = label("", bold=True)
        self.tasks_words = label("", tokens.SMALL + 1, muted=True)
        column.addWidget(self.tasks_head)
        column.addWidget(self.tasks_words)
        self.tasks = Table(
            "Open tasks", [Column("Task", self._task_words, 200, draw=self._draw_task)], self,
            row_height=_ROW, heads=False,
        )  # fmt: skip
        self.tasks.opened.connect(self.task_opened)
        self.tasks.clicked.connect(lambda index: self.task_opened.emit(self.tasks.ids[index.row()]))
        self.tasks.chosen.connect(self._see_task)
        column.addWidget(self.tasks)
        column.addStretch(1)
        self._ground = ground
        self._area.set_ground(ground)
        whole.addWidget(self._area)
        self.hide()

    def _add_buttons(self, column: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        self.change = Button("Change…", self, small=True)
        self.change.clicked.connect(lambda: self.changing.emit(self.user_id))
        self.switch = Button("Disable…", self, small=True)
        self.switch.clicked.connect(lambda: self.switching.emit(self.user_id))
        self.show_tasks = Button("Show their tasks", self, small=True)
        self.show_tasks.clicked.connect(lambda: self.showing.emit(self.user_id))
        for button in (self.change, self.switch, self.show_tasks):
            row.addWidget(button)
        row.addStretch(1)
        self.only_owners = label("", tokens.SMALL + 1, muted=True)
        column.addLayout(row)
        column.addWidget(self.only_owners)

    # -- showing ---------------------------------------------------------------------------

    def show_person(self, user_id: str, known: Known) -> None:
        """What is known now; asks for the devices when it is somebody else."""
        person = known.people[user_id]
        if user_id != self.user_id:
            self.user_id = user_id
            self._devices, self._fault = None, ""
            self._area.verticalScrollBar().setValue(0)
        self._known = known
        self.name.setText(wording.breakable(person.display_name))
        about = [
            roster.ROLES[person.role], roster.team_name(person, known.teams) or "no team",
            f"signs in as {person.name}", f"number {person.number}",
        ]  # fmt: skip
        if not person.active:
            about.insert(0, "Disabled: cannot sign in")
        self.about.setText(wording.breakable(" · ".join(about)))
        self.now.setText(f"Now: {known.now_words(user_id)}" if person.active else "")
        self.now.setVisible(person.active)
        self._show_buttons(known, person.active, person.display_name)
        if known.days is not None:
            self.bar.show_day(known.day(user_id), known.days.started_at, known.days.ended_at)
        self.bar.setVisible(known.days is not None)
        said = "" if known.day(user_id) else "Nothing was reported."
        self.day_words.setText("Not known: it takes a connection." if known.days is None else said)
        self.day_words.setVisible(bool(self.day_words.text()))
        self._show_devices()
        self._show_tasks()

    def _show_buttons(self, known: Known, active: bool, name: str) -> None:
        owner = self._window.work.profile.role is Role.OWNER
        for button in (self.change, self.switch):
            button.setVisible(owner)
        self.switch.setText("Disable…" if active else "Let in again")
        for button, words in (
            (self.change, "Change"),
            (self.switch, "Disable" if active else "Let in again"),
            (self.show_tasks, "Show the tasks of"),
        ):
            button.setAccessibleName(
                f"{words}: {name}" if words[-2:] != "of" else f"{words} {name}"
            )
            button.updateGeometry()
        owners = sorted(
            p.display_name for p in known.people.values() if p.active and p.role is Role.OWNER
        )
        self.only_owners.setText(
            "" if owner else f"Only owners change people: ask {' or '.join(owners[:3])}."
        )
        self.only_owners.setVisible(not owner)

    def _show_tasks(self) -> None:
        known, views = self._known, self._window.board.views
        load = known.workload.person(self.user_id)
        overdue = load.overdue(known.now)
        count = len(load.open)
        self.tasks_head.setText(f"Open tasks: {count}")
        parts = [f"{roster.hours(load.minutes)} estimated"] if load.minutes else []
        parts += [f"{load.unestimated} without an estimate"] if load.unestimated else []
        parts += [f"{overdue} overdue"] if overdue else []
        if count > MOST_TASKS:
            parts.append(f"the {MOST_TASKS} due first are here")
        self.tasks_words.setText(" · ".join(parts))
        self.tasks_words.setVisible(bool(parts))
        found = [views[task_id].task for task_id in load.open if task_id in views]
        found.sort(key=lambda task: (task.due_at is None, task.due_at or 0, task.number, task.id))
        self.tasks.show_ids([task.id for task in found[:MOST_TASKS]])
        self.tasks.setFixedHeight(len(self.tasks.ids) * _ROW + 2)
        self.tasks.setVisible(bool(self.tasks.ids))

    def _task_words(self, task_id: str) -> str:
        view = self._window.board.views.get(task_id)
        if view is None:
            return ""
        due = wording.due(view.task, self._known.now)
        status = wording.STATUS_WORDS[view.task.status]
        return f"{view.task.title}, {status}" + (f", {due}" if due else "")

    def _draw_task(self, painter: QPainter, room: QRect, task_id: str, t: Tokens) -> None:
        view = self._window.board.views.get(task_id)
        if view is None:
            return
        task, now = view.task, self._known.now
        title = QRect(room.x(), room.y() + 3, room.width(), 18)
        paint.text(painter, title, task.title, t.text, tokens.BODY)
        dot = QRectF(room.x(), room.y() + 26, 7, 7)
        paint.rounded(painter, dot, t.status(task.status), None, 4)
        below = QRect(room.x() + 12, room.y() + 21, room.width() - 12, 16)
        late = is_overdue(task, now)
        parts = [wording.STATUS_WORDS[task.status], f"{task.shown_progress} %"]
        parts += [due] if (due := wording.due(task, now)) else []
        words, colour = " · ".join(parts), t.danger if late else t.muted
        paint.text(painter, below, words, colour, tokens.SMALL, bold=late)

    def _see_task(self, task_id: str) -> None:
        """The list is as long as it is; it is the panel that scrolls."""
        if task_id:
            place = self.tasks.visualRect(self.tasks.currentIndex())
            middle = self.tasks.mapTo(self._ground, QPoint(0, place.center().y()))
            self._area.ensureVisible(0, middle.y(), 0, _ROW)

    # -- devices ---------------------------------------------------------------------------

    def ask_devices(self) -> None:
        """Out of the window's way; an answer about somebody who is not shown any more is
        dropped."""
        user_id = self.user_id
        profile, credentials = self._window.work.profile, self._window.around.credentials

        def heard(outcome: Sequence[Device] | Exception) -> None:
            if user_id != self.user_id or not self.isVisible():
                return
            if isinstance(outcome, TrackerError):
                self._fault = f"Not known: {outcome.entry.message[:-1]} ({outcome.code})."
            elif isinstance(outcome, Exception):
                self._window.tell_bug("ask for the devices", outcome)
            else:
                self._devices, self._fault = outcome, ""
            self._show_devices()

        Errand(self, lambda: organising.devices(profile, credentials, user_id), heard)

    def _show_devices(self) -> None:
        now = self._known.now
        if self._devices is None:
            words = [self._fault or "Asking the server…"]
        elif self._devices:
            words = [
                f"{number}. {roster.device_words(device, now)}"
                for number, device in enumerate(self._devices[:MOST_DEVICES], 1)
            ]
            more = len(self._devices) - MOST_DEVICES
            if more > 0:
                unsent = sum(device.unsent or 0 for device in self._devices[MOST_DEVICES:])
                words.append(f"… and {more} more, {unsent} unsent there")
        else:
            words = ["Not signed in anywhere."]
        self.devices.show_rows([Row(str(n), "", [("", said)]) for n, said in enumerate(words)])
