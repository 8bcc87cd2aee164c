"""Teams: made, renamed and archived by admins; owners say who is in them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout
from shiboken6 import isValid

from tracker.domain.task import Person, Role, Team
from tracker.services import organising
from tracker.ui.dialogs.form import Dialog
from tracker.ui.monitor import deeds
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_4
from tracker.ui.widgets.calm_table import RIGHT
from tracker.ui.widgets.controls import Button, Check, in_order, label
from tracker.ui.widgets.tables import Column, Table

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

LOOK_EVERY_MS = 1_000


class TeamsDialog(Dialog):
    """Teams at the left, who is in the chosen one at the right."""

    def __init__(self, window: MonitorWindow) -> None:
        super().__init__("Teams", window, 680)
        self.host = window
        self._owner = window.work.profile.role is Role.OWNER
        self.teams = Table(
            "Teams",
            [Column("Team", self._name, 150), Column("People", self._size, 70, align=RIGHT)],
            self, row_height=34,
        )  # fmt: skip
        self.teams.chosen.connect(lambda _id: self._show_people())
        self.people = Table(
            "People in the team", [Column("In the team", self._person, 150)], self, row_height=34
        )
        self.people.chosen.connect(lambda _id: self._enable())
        self.archived = Check("Archived teams too", self)
        self.archived.toggled.connect(lambda _on: self.show_teams())
        self.source = label("", tokens.SMALL + 1, muted=True)
        self._build()
        close = self.add_button("Close", primary=True)
        close.clicked.connect(self.accept)
        in_order(
            self.teams, self.archived, self.new, self.rename, self.archive, self.people, self.add,
            self.take_out, close,
        )  # fmt: skip
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.show_teams)  # others change them, too
        self._timer.start(LOOK_EVERY_MS)
        self.show_teams()
        if self.teams.ids:
            self.teams.choose(self.teams.ids[0])
        self.resize(720, 480)
        (self.teams if self.teams.ids else self.new).setFocus()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACE_4)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(SPACE_2)
            row.addLayout(column, 1)
        left.addWidget(self.teams, 1)
        left.addWidget(self.archived)
        self.new = Button("New team…", self, small=True)
        self.new.clicked.connect(self._new)
        self.rename = Button("Rename…", self, small=True)
        self.rename.clicked.connect(self._rename)
        self.archive = Button("Archive", self, small=True)
        self.archive.clicked.connect(self._archive)
        self._add_row(left, self.new, self.rename, self.archive)
        right.addWidget(self.people, 1)
        self.add = Button("Add somebody…", self, small=True)
        self.add.clicked.connect(self._add)
        self.take_out = Button("Take out", self, small=True)
        self.take_out.clicked.connect(self._take_out)
        self._add_row(right, self.add, self.take_out)
        for button in (self.add, self.take_out):
            button.setVisible(self._owner)
        if not self._owner:
            words = "Only owners say who is in a team."
            right.addWidget(label(words, tokens.SMALL + 1, muted=True))
        self.column.addLayout(row, 1)
        self.column.addWidget(self.source)

    def _add_row(self, column: QVBoxLayout, *buttons: Button) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)

    # -- showing ---------------------------------------------------------------------------

    def _name(self, team_id: str) -> str:
        team = self.host.board.teams[team_id]
        return f"{team.name} (archived)" if team.archived else team.name

    def _members(self, team_id: str) -> list[Person]:
        found = [p for p in self.host.board.people.values() if p.team_id == team_id]
        return sorted(found, key=lambda person: person.display_name.casefold())

    def _size(self, team_id: str) -> str:
        return str(len(self._members(team_id)))

    def _person(self, user_id: str) -> str:
        person = self.host.board.people[user_id]
        return person.display_name if person.active else f"{person.display_name} (disabled)"

    def show_teams(self) -> None:
        teams = self.host.board.teams.values()
        shown = [team for team in teams if self.archived.isChecked() or not team.archived]
        shown.sort(key=lambda team: (team.archived, team.name.casefold()))
        self.teams.show_ids([team.id for team in shown])
        self._show_people()
        words = deeds.connection(self.host, "changing teams")
        self.source.setText(words if shown or words else "No teams yet.")
        self.source.setVisible(bool(self.source.text()))

    def _show_people(self) -> None:
        team = self.host.board.teams.get(self.teams.current)
        self.people.show_ids([person.id for person in self._members(team.id)] if team else [])
        self._enable()

    def _enable(self) -> None:
        team = self.host.board.teams.get(self.teams.current)
        for button in (self.rename, self.archive):
            button.setEnabled(team is not None)
        self.add.setEnabled(team is not None and not team.archived)
        self.take_out.setEnabled(bool(self.people.current))
        words = "Bring back" if team and team.archived else "Archive"
        if self.archive.text() != words:
            self.archive.setText(words)
            self.archive.updateGeometry()
        self.archive.setAccessibleName(f"{words}: {team.name}" if team else words)

    # -- doing -----------------------------------------------------------------------------

    def _epoch(self) -> str:
        return self.host.work.confirmed.position().epoch or ""

    def _shown(self, team: Team) -> None:
        if isValid(self):  # an undo may come when the dialog is closed
            self.show_teams()
            self.teams.choose(team.id)

    def _new(self) -> None:
        from tracker.ui.monitor.asking_dialog import NameDialog

        NameDialog(
            self.host, "New team", "make the team", "Make the team", organising.new_team,
            self._shown,
        ).open()  # fmt: skip

    def _rename(self) -> None:
        from tracker.ui.monitor.asking_dialog import NameDialog

        team, epoch = self.host.board.teams[self.teams.current], self._epoch()
        NameDialog(
            self.host, "Rename the team", "rename the team", "Rename",
            lambda name: organising.change(team, epoch, name=name), self._shown, team.name,
        ).open()  # fmt: skip

    def _archive(self) -> None:
        team = self.host.board.teams[self.teams.current]
        deed = organising.change(team, self._epoch(), archived=not team.archived)
        tried = "bring the team back" if team.archived else "archive the team"
        deeds.do_or_tell(self.host, tried, deed, self._archived)

    def _archived(self, team: Team) -> None:
        epoch = self.host.work.confirmed.position().epoch or ""
        undo = organising.change(team, epoch, archived=not team.archived)
        self.host.toast.say(
            f"{'Archived' if team.archived else 'Back again'}: {team.name}",
            action=("Undo", lambda: deeds.do_or_tell(self.host, "undo it", undo, self._shown)),
        )
        if isValid(self):
            self.show_teams()

    def _add(self) -> None:
        from tracker.ui.dialogs.choosing import Chooser, Option

        team_id = self.teams.current
        people = [p for p in self.host.board.people.values() if p.active and p.team_id != team_id]
        people.sort(key=lambda person: person.display_name.casefold())
        teams = self.host.board.teams
        options = [
            Option(
                person.display_name, teams[person.team_id].name if person.team_id in teams else "",
                functools.partial(self._move, person.id, team_id),
            )
            for person in people
        ]  # fmt: skip
        Chooser("Who comes into the team", "Some letters of the name", options, self).open()

    def _take_out(self) -> None:
        self._move(self.people.current, None)

    def _move(self, user_id: str, team_id: str | None) -> None:
        person = self.host.board.people[user_id]
        deed = organising.change(person, self._epoch(), team_id=team_id)
        deeds.do_or_tell(self.host, "change the team", deed, self._moved)

    def _moved(self, _person: Person) -> None:
        if isValid(self):
            self.show_teams()
