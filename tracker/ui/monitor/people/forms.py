"""Letting somebody in, changing them, and disabling them: what owners do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout

from tracker.domain.task import Person, Role
from tracker.services import organising, roster, wording
from tracker.services.organising import Deed
from tracker.ui.dialogs.form import Dialog
from tracker.ui.monitor.asking_dialog import AskingDialog
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2
from tracker.ui.widgets.controls import Button, Choice, Field, label

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

_ROLES = [(words, role) for role, words in roster.ROLES.items()]
_MAY = {
    Role.EMPLOYEE: "Sees the tasks they are on, and works on them.",
    Role.ADMIN: "Sees and assigns every task; makes projects and teams.",
    Role.OWNER: "As an admin; also lets people in, changes and disables them.",
}
CHOICE_WIDTH = 200


class _PersonDialog(AskingDialog):
    """Name, role and team, which both forms have."""

    def _add_choices(self, role: Role, team_id: str | None) -> None:
        board = self.host.board
        teams = [team for team in board.teams.values() if not team.archived or team.id == team_id]
        teams.sort(key=lambda team: team.name.casefold())
        self.role = Choice("Role", _ROLES, self)
        self.role.set_value(role)
        self.role.chosen.connect(lambda _role: self._say_role())
        self.team = Choice("Team", [("none", None), *((t.name, t.id) for t in teams)], self)
        if team_id in self.team.offered:
            self.team.set_value(team_id)
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        for choice in (self.role, self.team):
            choice.setMaximumWidth(CHOICE_WIDTH)
            row.addWidget(choice)
        row.addStretch(1)
        self.column.addLayout(row)
        self._may = label("", tokens.SMALL + 1, muted=True)
        self.column.addWidget(self._may)
        self._say_role()

    def _say_role(self) -> None:
        self._may.setText(_MAY[self._role()])

    def _role(self) -> Role:
        chosen = self.role.value
        assert isinstance(chosen, Role)
        return chosen


class NewPersonDialog(_PersonDialog):
    """The password is shown this once: whoever lets somebody in hands it over."""

    def __init__(self, window: MonitorWindow, then: Callable[[Person], None]) -> None:
        super().__init__(window, "New person", "let them in", "Let in")
        self._then = then
        self.display_name = self.add_field(
            "display_name", "Name", organising.read_display_name, "Mei Tanaka"
        )
        self.name = self.add_field("name", "Sign-in name", organising.read_sign_in_name, "mei")
        self.display_name.changed.connect(self._propose_name)
        self.name.edit.textEdited.connect(self._name_typed)
        self._proposes = True
        self._add_choices(Role.EMPLOYEE, None)
        self.password = self.add_field("password", "First password", self._read_password)
        self.copy = Button("Copy", self, small=True)
        self.copy.setAccessibleName("Copy the password")
        self.copy.clicked.connect(self._copy)
        self.other = Button("Another", self, small=True)
        self.other.setAccessibleName("Suggest another password")
        self.other.clicked.connect(self._suggest)
        self.password.add_button(self.copy)
        self.password.add_button(self.other)
        self.column.addWidget(
            label("Give it to them; it is shown only here. They can change it when they are "
                  "signed in.", tokens.SMALL + 1, muted=True)
        )  # fmt: skip
        self.add_problem()
        self._suggest()
        self.display_name.setFocus()

    def _read_password(self, text: str) -> str:
        return organising.read_password(self.name.edit.text(), text)

    def _propose_name(self, words: str) -> None:
        """The first word, in small letters, until somebody typed another."""
        if self._proposes:
            first = words.split()[:1]
            self.name.edit.setText(first[0].lower() if first else "")

    def _name_typed(self, _text: str) -> None:
        self._proposes = False
        self.read({"password"})  # the name is no password

    def _suggest(self) -> None:
        self.password.edit.setText(organising.suggested_password())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.password.edit.text())
        self.copy.setText("Copied")
        self.copy.updateGeometry()

    def deed(self, good: Mapping[str, Any]) -> Deed[Any]:
        team = self.team.value
        return organising.let_in(
            good["name"], good["display_name"], self._role(), good["password"],
            str(team) if team is not None else None,
        )  # fmt: skip

    def done_with(self, thing: Any) -> None:
        """Says once more what to hand over: nobody can look it up later."""
        self._then(thing)
        for field in self.fields.values():
            field.edit.setReadOnly(True)
        for part in (self.role, self.team, self.other, self.button):
            part.hide()
        self._may.hide()
        self.display_name.setEnabled(False)
        self.name.setEnabled(False)
        self.cancel.setText("Done")
        self.cancel.setAccessibleName("Done")
        self.cancel.updateGeometry()
        self._say(f"{thing.display_name} can sign in now, with this name and password.")
        self.copy.setFocus()

    def done_late(self, thing: Any) -> None:
        HandOverDialog(self.host, thing, str(self._asked_password)).show()

    def _ask(self, deed: Deed[Any]) -> None:
        self._asked_password = deed.values["password"]
        super()._ask(deed)


class HandOverDialog(Dialog):
    """Somebody was let in, and the form that said their password was closed before: it can be
    looked up nowhere."""

    def __init__(self, window: MonitorWindow, person: Person, password: str) -> None:
        super().__init__("New person", window)
        self.end_with(window)
        self.column.addWidget(
            label(f"{wording.straight(person.display_name)} can sign in now, with this name and"
                  " password. Give it to them; it is shown only here.")
        )  # fmt: skip
        self.fields = [self._add("Sign-in name", person.name), self._add("Password", password)]
        self.copy = Button("Copy", self, small=True)
        self.copy.setAccessibleName("Copy the password")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(password))
        self.fields[1].add_button(self.copy)
        done = self.add_button("Done", primary=True)
        done.clicked.connect(self.accept)
        self.copy.setFocus()

    def _add(self, words: str, text: str) -> Field:
        self.column.addWidget(label(words, tokens.SMALL + 1, muted=True))
        made = Field(words, self)
        made.edit.setText(text)
        made.edit.setReadOnly(True)
        self.column.addWidget(made)
        return made


class ChangePersonDialog(_PersonDialog):
    def __init__(
        self, window: MonitorWindow, person: Person, epoch: str, then: Callable[[Person], None]
    ) -> None:
        super().__init__(window, f"Change {person.display_name}", "change the person", "Save")
        self._person, self._epoch, self._then = person, epoch, then
        self.display_name = self.add_field("display_name", "Name", organising.read_display_name)
        self._add_choices(person.role, person.team_id)
        self.add_problem()
        self.display_name.edit.setText(person.display_name)
        self.display_name.setFocus()

    def deed(self, good: Mapping[str, Any]) -> Deed[Any]:
        return organising.change(
            self._person, self._epoch, display_name=good["display_name"], role=self._role(),
            team_id=self.team.value,
        )  # fmt: skip

    def done_with(self, thing: Any) -> None:
        self.accept()
        self._then(thing)


class DisableDialog(AskingDialog):
    """Says what disabling somebody means before it is done. `show_tasks` leads to what they have to
    do, for somebody else to take over."""

    def __init__(
        self, window: MonitorWindow, person: Person, epoch: str, open_tasks: int,
        then: Callable[[Person], None], show_tasks: Callable[[], None],
    ) -> None:  # fmt: skip
        name = person.display_name
        super().__init__(window, f"Disable {name}?", f"disable {name}", "Disable")
        self._deed_of = organising.change(person, epoch, active=False)
        self._then = then
        own = person.id == window.board.me
        who = "You are" if own else f"{name} is"
        self.column.addWidget(label(f"{who} signed out everywhere and cannot sign in any more. "
                                    "You can let them in again."))  # fmt: skip
        tasks = "1 open task stays" if open_tasks == 1 else f"{open_tasks} open tasks stay"
        words = f"{tasks} assigned to them: reassign what has to go on." if open_tasks else (
            "No open task is assigned to them.")  # fmt: skip
        self.column.addWidget(label(words))
        self.column.addWidget(
            label("What waits unsent on their devices is kept there, and comes only when they are "
                  "let in again.", muted=True)
        )  # fmt: skip
        self.show_tasks = Button("Show their tasks", self, small=True)
        self.show_tasks.clicked.connect(self.reject)
        self.show_tasks.clicked.connect(lambda: show_tasks())
        self.show_tasks.setVisible(open_tasks > 0)
        row = QHBoxLayout()
        row.addWidget(self.show_tasks)
        row.addStretch(1)
        self.column.addLayout(row)
        self.add_problem()
        self.cancel.setFocus()

    def deed(self, good: Mapping[str, Any]) -> Deed[Any]:
        return self._deed_of

    def done_with(self, thing: Any) -> None:
        self.accept()
        self._then(thing)

    def done_late(self, thing: Any) -> None:
        self._then(thing)
