"""What has to be chosen before something is done with many tasks: for each deed its own form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tracker.domain.change import Kind
from tracker.domain.errors import InputError
from tracker.domain.task import Part, Priority
from tracker.services.board import Board
from tracker.services.bulk import Change, Deed, Move, Reassign
from tracker.services.tasks import read_percent
from tracker.services.typed import even_shares, read_due
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2
from tracker.ui.widgets.controls import Button, Check, Choice, Field, label
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


class PersonRow(QWidget):
    """One of the people that the tasks go to."""

    changed = Signal()
    removed = Signal()

    def __init__(self, user_id: str, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.user_id = user_id
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_2)
        self.name = label(name, bold=True)
        self.part = Choice(
            f"Role of {name}", [(p.value.capitalize(), p) for p in Part], self, named=False
        )
        self.part.chosen.connect(lambda _value: self._part_chosen())
        self.percent = Field(f"Share of {name} in percent", self)
        self.percent.setFixedWidth(72)
        self.percent.changed.connect(lambda _text: self.changed.emit())
        self.percent.edit.textEdited.connect(self._typed)
        self.is_typed = False
        self.remove = Button("Remove", self, small=True)
        self.remove.setAccessibleName(f"Remove {name}")
        self.remove.clicked.connect(self.removed)
        row.addWidget(self.name, 1)
        row.addWidget(self.part)
        self.sign = label("%", muted=True)
        row.addWidget(self.percent)
        row.addWidget(self.sign)
        row.addWidget(self.remove)

    def _typed(self) -> None:
        self.is_typed = True

    def _part_chosen(self) -> None:
        for part in (self.percent, self.sign):
            part.setVisible(self.is_assignee)
        self.changed.emit()

    @property
    def is_assignee(self) -> bool:
        return self.part.value is Part.ASSIGNEE

    def show_share(self, percent: int) -> None:
        self.percent.edit.setText(str(percent))

    def value(self) -> tuple[str, Part, int]:
        """E2010 for a share that is none. Only who does the tasks has one."""
        assert isinstance(self.part.value, Part)
        if not self.is_assignee:
            return self.user_id, self.part.value, 100
        percent = read_percent(self.percent.edit.text().strip())
        good = isinstance(percent, int) and 0 <= percent <= 100
        self.percent.set_bad(not good)
        if not isinstance(percent, int) or not good:
            raise InputError("E2010", field="percent")
        return self.user_id, self.part.value, percent


class PeopleForm(Form):
    """Whoever is chosen; shares are even until somebody types one."""

    def __init__(self, board: Board, parent: QWidget) -> None:
        super().__init__(board, parent)
        self.rows: list[PersonRow] = []
        self._lines = QVBoxLayout()
        self._lines.setSpacing(SPACE_2)
        self.column.addLayout(self._lines)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE_2)
        self.add = Button("Add person…", self, icon="plus")
        self.add.clicked.connect(self._choose)
        self.replaces = Check("Take off who does them now", self)
        self.replaces.setToolTip("Reviewers and watchers stay")
        self.replaces.setChecked(True)
        self.replaces.toggled.connect(lambda _on: self.changed.emit())
        foot.addWidget(self.add)
        foot.addWidget(self.replaces)
        foot.addStretch(1)
        self.column.addLayout(foot)

    def deed(self) -> Deed:
        if not self.rows:
            raise InputError("E2016", field="people")
        people = tuple(row.value() for row in self.rows)
        return Reassign(people, stay=not self.replaces.isChecked())

    def _choose(self) -> None:
        from tracker.ui.dialogs.choosing import Chooser, Option

        chosen = {row.user_id for row in self.rows}
        people = sorted(
            (one for one in self.board.people.values() if one.active and one.id not in chosen),
            key=lambda one: one.display_name.casefold(),
        )
        options = [
            Option(one.display_name, one.role.value.capitalize(),
                   lambda user_id=one.id: self.choose(user_id))  # type: ignore[misc]
            for one in people
        ]  # fmt: skip
        Chooser("Who does it?", "Some letters of the name", options, self.window()).open()

    def choose(self, user_id: str) -> None:
        row = PersonRow(user_id, self.board.people[user_id].display_name, self)
        row.changed.connect(self._row_changed)
        row.removed.connect(lambda: self._remove(row))
        self.rows.append(row)
        self._lines.addWidget(row)
        self._share()
        self.add.setFocus()
        self.changed.emit()

    def _row_changed(self) -> None:
        self._share()
        self.typed()

    def _remove(self, row: PersonRow) -> None:
        self.add.setFocus()
        self.rows.remove(row)
        row.hide()
        row.deleteLater()
        self._share()
        self.changed.emit()

    def _share(self) -> None:
        """Evenly among the assignees; others look on at all of it."""
        doing = [row for row in self.rows if row.is_assignee]
        if any(row.is_typed for row in doing):
            shares = {row: 100 for row in doing if not (row.is_typed or row.percent.edit.text())}
        else:
            shares = dict(zip(doing, even_shares(len(doing)), strict=True))
        for row, share in shares.items():
            row.blockSignals(True)
            row.show_share(share)
            row.blockSignals(False)


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
