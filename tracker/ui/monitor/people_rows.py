"""People who take part in tasks: a row for each, with part and share, and a chooser for more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QAccessible, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tracker.domain.errors import InputError
from tracker.domain.task import Part, Person, Role
from tracker.services.board import Board
from tracker.services.templates import Chosen
from tracker.services.typed import even_shares, read_percent
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import Button, Choice, Field, in_order, label

_PARTS = [(part.value.capitalize(), part) for part in Part]
_ALL = 100


class _Name(QWidget):
    """Avatar, name, and what else tells two of the same name apart."""

    spoken_role = QAccessible.Role.StaticText

    def __init__(self, person: Person, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedHeight(36)
        self.setMinimumWidth(110)
        self.show_person(person)

    def show_person(self, person: Person) -> None:
        self._name = person.display_name
        self._beside = person.name if person.role is Role.EMPLOYEE else person.role.value.lower()
        self.setAccessibleName(f"{self._name}, {self._beside}")
        self.setToolTip("")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        paint.avatar(painter, QRectF(0, 4, 28, 28), self._name, t)
        inner = self.rect().adjusted(38, 0, -4, 0)
        took = paint.text(painter, inner, self._name, t.text, tokens.BODY, bold=True)
        rest = inner.adjusted(took + SPACE_2, 0, 0, 0)
        if rest.width() > 40:
            paint.text(painter, rest, self._beside, t.muted, tokens.SMALL + 1)


class PersonRow(QWidget):
    """`changed` says that part or share is another one now, `removed` that the person goes."""

    spoken_role = QAccessible.Role.ListItem
    changed = Signal()
    removed = Signal()

    def __init__(self, person: Person, chosen: Chosen, parent: QWidget) -> None:
        super().__init__(parent)
        self.user_id, self.typed = person.id, chosen.typed
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_2)
        self.name = _Name(person, self)
        self.part = Choice(f"Part of {person.display_name}", _PARTS, self, named=False)
        self.part.set_value(chosen.part)
        self.part.chosen.connect(lambda _part: self._part_chosen())
        self.percent = Field(f"Share of {person.display_name} in percent", self)
        self.percent.setFixedWidth(68)
        self.percent.edit.setText(chosen.percent)
        self.percent.edit.textEdited.connect(self._typed)
        self.percent.changed.connect(lambda _text: self.changed.emit())
        self.sign = label("%", muted=True)
        self.remove = Button("Remove", self, small=True)
        self.remove.clicked.connect(self.removed)
        row.addWidget(self.name, 1)
        row.addWidget(self.part)
        row.addWidget(self.percent)
        row.addWidget(self.sign)
        row.addWidget(self.remove)
        self.show_person(person)
        self._show_share()

    def show_person(self, person: Person) -> None:
        self.name.show_person(person)
        self.setAccessibleName(person.display_name)
        self.remove.setAccessibleName(f"Remove {person.display_name}")

    @property
    def is_assignee(self) -> bool:
        return self.part.value is Part.ASSIGNEE

    @property
    def chosen(self) -> Chosen:
        assert isinstance(self.part.value, Part)
        return Chosen(self.user_id, self.part.value, self.percent.edit.text(), self.typed)

    def propose(self, percent: int) -> None:
        self.percent.blockSignals(True)
        self.percent.edit.setText(str(percent))
        self.percent.blockSignals(False)

    def read(self) -> tuple[str, Part, int]:
        """E2010 for a share that is none. Only who does the task has one."""
        part = self.chosen.part
        if part is not Part.ASSIGNEE:
            return self.user_id, part, _ALL
        try:
            percent = read_percent(self.percent.edit.text())
        except InputError:
            self.percent.set_bad(True)
            raise
        self.percent.set_bad(False)
        return self.user_id, part, percent

    def _typed(self, _text: str) -> None:
        self.typed = True

    def _part_chosen(self) -> None:
        self._show_share()
        self.changed.emit()

    def _show_share(self) -> None:
        for part in (self.percent, self.sign):
            part.setVisible(self.is_assignee)


class PeopleRows(QWidget):
    """`changed` says that somebody came or went, or has another part or share."""

    changed = Signal()

    def __init__(
        self, board: Board, after: QWidget | None, parent: QWidget, *, admins: Part = Part.REVIEWER
    ) -> None:
        """Tab comes here from `after`; None where nothing is before it. `admins` are proposed as
        that: they check more often than they do it."""
        super().__init__(parent)
        self._board, self._before, self._admins = board, after, admins
        self.rows: dict[str, PersonRow] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_1)
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE_1)
        column.addLayout(self._list)
        self.foot = QHBoxLayout()
        self.foot.setSpacing(SPACE_2)
        self.add_button = Button("Add a person…", self, icon="plus")
        self.add_button.clicked.connect(self.choose)
        self.sum = label("", tokens.SMALL + 1, muted=True)
        self.foot.addWidget(self.add_button)
        self.foot.addWidget(self.sum, 1)
        column.addLayout(self.foot)

    # -- who -------------------------------------------------------------------------------

    def choose(self) -> None:
        """Everybody who can sign in and is not chosen yet; employees first."""
        from tracker.ui.dialogs.choosing import Chooser, Option

        def beside(person: Person) -> str:
            return "" if person.role is Role.EMPLOYEE else person.role.value.capitalize()

        people = [
            person
            for person in self._board.people.values()
            if person.active and person.id not in self.rows
        ]
        people.sort(key=lambda one: (one.role is not Role.EMPLOYEE, one.display_name.casefold()))
        options = [
            Option(f"{one.display_name} ({one.name})", beside(one), partial(self._taken, one.id))
            for one in people
        ]
        Chooser("Who takes part?", "A name", options, self.window()).open()

    def _taken(self, user_id: str) -> None:
        self.add(user_id)
        self.add_button.setFocus()  # for the next one

    def add(self, user_id: str) -> None:
        person = self._board.people.get(user_id)
        if person is None or not person.active or user_id in self.rows:
            return
        part = Part.ASSIGNEE if person.role is Role.EMPLOYEE else self._admins
        self._make(person, Chosen(user_id, part, str(_ALL)))
        self._share()
        self.changed.emit()

    def remove(self, user_id: str) -> None:
        row = self.rows.pop(user_id, None)
        if row is None:
            return
        if row.isAncestorOf(self.window().focusWidget()):
            self.add_button.setFocus()  # Qt would choose any neighbour
        row.hide()
        self._list.removeWidget(row)
        row.deleteLater()
        self._share()
        self._order()
        self.changed.emit()

    def _make(self, person: Person, chosen: Chosen) -> None:
        row = PersonRow(person, chosen, self)
        row.changed.connect(self._row_changed)
        row.removed.connect(lambda: self.remove(person.id))
        self.rows[person.id] = row
        self._list.addWidget(row)
        row.show()  # a focus may go there at once
        self._order()

    def _order(self) -> None:
        """Tab goes through the rows as they are read, then to the button below."""
        parts = [self._before] if self._before else []
        for row in self.rows.values():
            parts += [row.part, row.percent.edit, row.remove]
        in_order(*parts, self.add_button)

    # -- shares ----------------------------------------------------------------------------

    def _row_changed(self) -> None:
        self._share()
        self.changed.emit()

    def _share(self) -> None:
        """Evenly, until somebody typed another share."""
        doing = [row for row in self.rows.values() if row.is_assignee]
        if not any(row.typed for row in doing):
            for row, share in zip(doing, even_shares(len(doing)), strict=True):
                row.propose(share)
        self.sum.setText(self._sum_words(doing))

    def _sum_words(self, doing: Sequence[PersonRow]) -> str:
        try:
            total = sum(read_percent(row.percent.edit.text()) for row in doing)
        except InputError:
            return ""
        return f"The shares come to {total} %." if doing and total != _ALL else ""

    def read_all(self) -> list[tuple[str, Part, int]]:
        """E2010 for a share that is none."""
        return [row.read() for row in self.rows.values()]

    def read(self) -> list[tuple[str, Part, int]]:
        """E2016 without anybody who does it, E2010 for a share that is none."""
        people = self.read_all()
        if not any(part is Part.ASSIGNEE for _, part, _ in people):
            raise InputError("E2016", field="people")
        return people

    # -- showing ---------------------------------------------------------------------------

    @property
    def chosen(self) -> tuple[Chosen, ...]:
        return tuple(row.chosen for row in self.rows.values())

    def show_people(self, chosen: Sequence[Chosen]) -> None:
        for row in self.rows.values():
            row.hide()
            self._list.removeWidget(row)
            row.deleteLater()
        self.rows = {}
        for one in chosen:
            person = self._board.people.get(one.user_id)
            if person is not None and person.active and one.user_id not in self.rows:
                self._make(person, one)
        self._share()
        self.changed.emit()

    def refresh(self) -> list[str]:
        """People as they are now. Who can do nothing any more is taken off; their names."""
        gone = []
        for user_id, row in list(self.rows.items()):
            person = self._board.people.get(user_id)
            if person is None or not person.active:
                gone.append(row.accessibleName())
                self.remove(user_id)
            else:
                row.show_person(person)
        return gone
