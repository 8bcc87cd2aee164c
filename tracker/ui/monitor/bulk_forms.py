"""What has to be chosen before something is done with many tasks: for each deed its own form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from tracker.domain.change import Kind
from tracker.domain.errors import InputError
from tracker.domain.task import Part, Priority
from tracker.services.board import Board
from tracker.services.bulk import Change, Deed, Move, Reassign
from tracker.services.typed import read_due
from tracker.ui.monitor.people_rows import PeopleRows
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2
from tracker.ui.widgets.controls import Check, Choice, Field, label
from tracker.ui.widgets.long_choice import LongChoice

TYPING_MS = 300


class Form(QWidget):
    """`changed` says that `deed` is another one now, `stale` at once that it will be."""

    changed = Signal()
    stale = Signal()

    def __init__(self, board: Board, parent: QWidget) -> None:
        super().__init__(parent)
        self.board = board
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(SPACE_2)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(TYPING_MS)
        self._delay.timeout.connect(self.changed)

    def deed(self) -> Deed:
        """What was chosen. An InputError where something has to be chosen yet."""
        raise NotImplementedError

    def typed(self) -> None:
        """Somebody types: looked at when they pause. What was planned counts no more at once."""
        self._delay.start()
        self.stale.emit()

    def stop(self) -> None:
        """Looks at what was typed no more: somebody else does, or nobody."""
        self._delay.stop()

    def freeze(self) -> None:
        """It was done, and this is what was chosen."""
        self.setEnabled(False)

    def field(self, words: str, example: str) -> Field:
        self.column.addWidget(label(words, tokens.SMALL + 1, muted=True))
        made = Field(words, self, placeholder=example)
        made.changed.connect(lambda _text: self.typed())
        self.column.addWidget(made)
        return made


class MoveForm(Form):
    def __init__(self, kind: Kind, board: Board, parent: QWidget) -> None:
        super().__init__(board, parent)
        self._kind = kind
        self.note = self.field("Note, if there is something to say", "Waiting for parts")

    def deed(self) -> Deed:
        return Move(self._kind, self.note.edit.text().strip())

    def freeze(self) -> None:
        self.note.edit.setReadOnly(True)  # what was written can be copied


class PriorityForm(Form):
    def __init__(self, board: Board, parent: QWidget) -> None:
        super().__init__(board, parent)
        choices = [("choose one", None), *((p.value.capitalize(), p) for p in Priority)]
        self.choice = Choice("Priority", choices, self)
        self.choice.chosen.connect(lambda _value: self.changed.emit())
        self.column.addWidget(self.choice)

    def deed(self) -> Deed:
        if not isinstance(self.choice.value, Priority):
            raise InputError("E2017", field="priority")
        return Change({"priority": self.choice.value.value})


_NOT_CHOSEN = object()


class ProjectForm(Form):
    def __init__(self, board: Board, parent: QWidget) -> None:
        super().__init__(board, parent)
        known = sorted(
            ((p.name, p.id) for p in board.projects.values() if not p.archived),
            key=lambda one: one[0].casefold(),
        )
        choices: list[tuple[str, object]] = [
            ("choose one", _NOT_CHOSEN), ("no project", None), *known,
        ]  # fmt: skip
        self.choice = LongChoice("Project", choices, self)
        self.choice.chosen.connect(lambda _value: self.changed.emit())
        self.column.addWidget(self.choice)

    def deed(self) -> Deed:
        if self.choice.value is _NOT_CHOSEN:
            raise InputError("E2017", field="project_id")
        return Change({"project_id": self.choice.value})


class DueForm(Form):
    def __init__(self, board: Board, parent: QWidget) -> None:
        super().__init__(board, parent)
        self.due = self.field("Due", "2026-12-31, 2026-12-31 17:00, fri 16:00")
        self.none = Check("No due", self)
        self.none.toggled.connect(self._none_toggled)
        self.column.addWidget(self.none)

    def _none_toggled(self, on: bool) -> None:
        self.due.setEnabled(not on)
        self.stop()
        self.changed.emit()

    def deed(self) -> Deed:
        """Taking the due away is asked for; an empty field is not yet filled."""
        if self.none.isChecked():
            return Change({"due_at": None, "due_date": None})
        text = self.due.edit.text()
        if not text.strip():
            raise InputError("E2017", field="due")
        due_at, due_date = read_due(text)
        return Change({"due_at": due_at, "due_date": due_date})


class PeopleForm(Form):
    """Whoever is chosen, and whether they take the place of those who do the tasks now."""

    def __init__(self, board: Board, parent: QWidget) -> None:
        super().__init__(board, parent)
        self.people = PeopleRows(board, None, self, admins=Part.ASSIGNEE)
        self.people.changed.connect(self.changed)
        self.replaces = Check("Take off who does them now", self)
        self.replaces.setToolTip("Reviewers and watchers stay")
        self.replaces.setChecked(True)
        self.replaces.toggled.connect(lambda _on: self.changed.emit())
        self.people.foot.insertWidget(1, self.replaces)
        self.column.addWidget(self.people)

    def deed(self) -> Deed:
        if not self.people.rows:
            raise InputError("E2016", field="people")
        return Reassign(tuple(self.people.read_all()), stay=not self.replaces.isChecked())


@dataclass(frozen=True, slots=True)
class Ask:
    """A deed as a person asks for it: the dialog's title, its verb, and what makes its form."""

    title: str
    verb: str
    make: Callable[[Board, QWidget], Form]


def _move(title: str, verb: str, kind: Kind) -> Ask:
    return Ask(title, verb, lambda board, parent: MoveForm(kind, board, parent))


REASSIGN = Ask("Reassign", "Reassign", PeopleForm)
ASKS: dict[str, Ask] = {
    "Reassign…": REASSIGN,
    "Hold": _move("Put on hold", "Hold", Kind.HOLD),
    "Resume": _move("Resume", "Resume", Kind.RESUME),
    "Cancel": _move("Cancel tasks", "Cancel", Kind.CANCEL),
    "Reopen": _move("Reopen", "Reopen", Kind.REOPEN),
    "Archive": _move("Archive", "Archive", Kind.ARCHIVE),
    "Priority…": Ask("Change the priority", "Change", PriorityForm),
    "Due…": Ask("Change the due", "Change", DueForm),
    "Project…": Ask("Change the project", "Change", ProjectForm),
}
"""By the words of their buttons."""
