"""The people page: who is there now, what they did in the last 24 hours, how much they have to do;
one of them beside the list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from tracker.domain.errors import TrackerError
from tracker.domain.page import Changes
from tracker.domain.task import Person, Role
from tracker.services import organising, roster, wording
from tracker.services.organising import Days
from tracker.services.roster import NO_TEAM, By, Known, Wanted, Who
from tracker.services.workspace import device_clock
from tracker.ui.bridge import Errand
from tracker.ui.monitor import deeds
from tracker.ui.monitor.counting import Counting
from tracker.ui.monitor.page import MARGINS, Page
from tracker.ui.monitor.people.columns import Cells
from tracker.ui.monitor.people.panel import WIDTH, PersonPanel
from tracker.ui.theme.tokens import SPACE_2, SPACE_3
from tracker.ui.widgets.chrome import Empty
from tracker.ui.widgets.controls import Button, Choice, Search, in_order
from tracker.ui.widgets.tables import Table

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

ASK_EVERY_MS = 60_000
"""How often what people did is asked for anew, while the page is open."""
BESIDE = 928
"""Narrower than this, the page shows the person instead of the list."""
CHOICE_WIDTH = 148
_DOWN_FIRST = frozenset({By.DAY, By.OPEN, By.HOURS, By.OVERDUE})
"""Of what is counted, people want to see the most first."""


class PeoplePage(Page):
    to_the_edges = True  # so the person's details are where a task's are

    def __init__(self, window: MonitorWindow) -> None:
        super().__init__(window)
        self._counting = Counting.of(window)
        self._counting.counted.connect(self._show_if_open)
        self._days: Days | None = None
        self._days_heard = 0
        self._fault = ""
        self._asking = False
        self._wanted = Wanted()
        self._known = self._look()
        self.table = Table("People", Cells(lambda: self._known).columns(), self, row_height=48)
        self.table.chosen.connect(self._chosen)
        self.table.opened.connect(self._opened)
        self.table.ordered.connect(self._ordered)
        self.table.clicked.connect(lambda _index: self._clicked(self.table.current))
        self.empty = Empty(self)
        self._list = QStackedWidget(self)
        self._list.addWidget(self.table)
        self._list.addWidget(self.empty)
        self.panel = PersonPanel(window)
        self.panel.closed.connect(self._close_panel)
        self.panel.changing.connect(self.change_person)
        self.panel.switching.connect(self._switch)
        self.panel.showing.connect(lambda user_id: window.show_tasks(person=user_id))
        self.panel.task_opened.connect(window.go_to_task)
        self._left = QWidget(self)
        column = QVBoxLayout(self._left)
        left, top, right, bottom = MARGINS
        column.setContentsMargins(left, top, right + SPACE_2, bottom)
        column.setSpacing(SPACE_3)
        column.addLayout(self._build_head())
        column.addLayout(self._build_filters())
        column.addWidget(self._list, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._left, 1)
        row.addWidget(self.panel)
        self._timer = QTimer(self)
        self._timer.setInterval(ASK_EVERY_MS)
        self._timer.timeout.connect(self.ask)
        self._tell_order()
        panel = self.panel
        in_order(
            self.refresh, self.teams, self.new, self.search.edit, self.team, self.role, self.who,
            self.sort, self.table, panel.close_button, panel.change, panel.switch,
            panel.show_tasks, panel.tasks,
        )  # fmt: skip

    def _build_head(self) -> QHBoxLayout:
        self.refresh = Button("Refresh", self, icon="refresh")
        self.refresh.clicked.connect(self._refresh)
        self.teams = Button("Teams…", self)
        self.teams.clicked.connect(self.open_teams)
        self.new = Button("New person…", self, icon="plus")
        self.new.clicked.connect(self.new_person)
        self.new.setVisible(self._is_owner)
        row, self.source = self.head("People", self.refresh, self.teams, self.new)
        return row

    def _build_filters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        self.search = Search("Search people", self)
        self.search.edit.setAccessibleName("Search people")
        self.search.searched.connect(lambda text: self.narrow(text=text))
        self.team = Choice("Team", [("All teams", None)], self, named=False)
        self.team.chosen.connect(lambda value: self.narrow(team=value))
        roles = [("All roles", None), *((words, role) for role, words in roster.ROLES.items())]
        self.role = Choice("Role", roles, self, named=False)
        self.role.chosen.connect(lambda value: self.narrow(role=value))
        self.who = Choice("Who", [(who.value, who) for who in Who], self, named=False)
        self.who.chosen.connect(lambda value: self.narrow(who=value))
        self.sort = Choice("Sort", [(by.value, by) for by in By], self)
        self.sort.chosen.connect(self._sort)
        row.addWidget(self.search, 1)
        for choice in (self.team, self.role, self.who, self.sort):
            choice.setMaximumWidth(CHOICE_WIDTH if choice is not self.sort else 170)
            row.addWidget(choice)
        return row

    @property
    def _is_owner(self) -> bool:
        return self.host.work.profile.role is Role.OWNER

    # -- showing ---------------------------------------------------------------------------

    def opened(self) -> None:
        self.table.setFocus()
        self.ask()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
        self.search.stop()

    def show_changes(self, changes: Changes | None, ids: Collection[str] | None) -> None:
        self._counting.look(changes)
        if changes is None or changes.people or changes.everything:
            teams = sorted(self.host.board.teams.values(), key=lambda team: team.name.casefold())
            current = [(team.name, team.id) for team in teams if not team.archived]
            self.team.set_options([("All teams", None), *current, ("No team", NO_TEAM)])
        self.show_list()

    def _show_if_open(self) -> None:
        if self.isVisible():
            self.show_list()

    def _look(self) -> Known:
        board = self.host.board
        return Known(
            board.people, board.teams, board.presence, self._counting.workload, self._days,
            self.host.now(),
        )  # fmt: skip

    def show_list(self) -> None:
        """Those who fit, in order, with what is known of them now."""
        self._known = self._look()
        self.table.show_ids(roster.select(self._known, self._wanted))
        self.empty.setText("Nobody fits. Clear the search or the filters to see everybody.")
        self._list.setCurrentWidget(self.table if self.table.ids else self.empty)
        if self.panel.isVisibleTo(self) and self.panel.user_id in self._known.people:
            self.panel.show_person(self.panel.user_id, self._known)
        self._say_source()

    def narrow(self, **changes: Any) -> None:
        self._wanted = replace(self._wanted, **changes)
        self.show_list()

    def _ordered(self, section: int) -> None:
        """A headline was pressed: by it, and pressed again the other way round."""
        by = list(By)[section]
        if by is self._wanted.by:
            self._order(by, down=not self._wanted.down)
        else:
            self._order(by, down=by in _DOWN_FIRST)

    def _sort(self, by: object) -> None:
        """Chosen from the menu; choosing what is chosen turns it round."""
        self._ordered(list(By).index(By(str(by))))

    def _order(self, by: By, *, down: bool) -> None:
        self._wanted = replace(self._wanted, by=by, down=down)
        self._tell_order()
        self.show_list()

    def _tell_order(self) -> None:
        self.sort.set_value(self._wanted.by)
        self.table.show_order(list(By).index(self._wanted.by), down=self._wanted.down)

    def _say_source(self) -> None:
        """How many there are, how old what is said of their day is, and what a connection is
        needed for."""
        shown = len(self.table.ids)
        parts = [f"{shown:,} people".replace(",", " ") if shown != 1 else "1 person"]
        if self._days is not None:
            parts.append(f"activity of {wording.clock(self._days_heard, device_clock())}")
        if self._fault:
            parts.append(self._fault)
        elif (offline := deeds.connection(self.host, "changing people")) != "":
            parts.append(offline)
        if not self._counting.workload.is_whole:
            parts.append("counting tasks…")
        self.source.setText(" · ".join(parts))

    # -- asking ----------------------------------------------------------------------------

    def _refresh(self) -> None:
        self.ask()
        if self.panel.isVisibleTo(self):
            self.panel.ask_devices()
        self.host.sync_wanted.emit()

    def ask(self) -> None:
        """Everybody's day, from the server; what is there stays until it answers."""
        if self._asking:
            return
        self._asking = True
        profile, credentials = self.host.work.profile, self.host.around.credentials
        Errand(self, lambda: organising.days(profile, credentials), self._heard)

    def _heard(self, outcome: Days | Exception) -> None:
        self._asking = False
        if isinstance(outcome, TrackerError):
            message = outcome.entry.message[:-1]
            self._fault = f"{message} ({outcome.code}): activity and changes need a connection"
        elif isinstance(outcome, Exception):
            self.host.tell_bug("ask for the activity", outcome)
        else:
            self._days, self._days_heard, self._fault = outcome, device_clock(), ""
        if self.isVisible():
            self.show_list()

    # -- one person ------------------------------------------------------------------------

    def _chosen(self, user_id: str) -> None:
        """Moving through the list shows each beside it; where there is no room for both, the list
        stays until somebody is opened. Who does not fit any more stays in the details."""
        if user_id and (self._beside or self.panel.isVisibleTo(self)):
            self._show_panel(user_id)

    def _clicked(self, user_id: str) -> None:
        if user_id and not self._beside:
            self._opened(user_id)

    def _opened(self, user_id: str) -> None:
        """Return, or a double click: to the person's details."""
        self._show_panel(user_id)
        self.panel.close_button.setFocus()

    def _show_panel(self, user_id: str) -> None:
        was = self.panel.user_id if self.panel.isVisibleTo(self) else ""
        self.panel.show_person(user_id, self._known)
        self.panel.show()
        self._share_room()
        if user_id != was:
            self.panel.ask_devices()

    def _close_panel(self) -> None:
        self.panel.hide()
        self._share_room()
        self.table.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    @property
    def _beside(self) -> bool:
        return self.width() >= BESIDE

    def _share_room(self) -> None:
        """In a narrow window the details take the place of the list."""
        self.panel.setMinimumWidth(WIDTH if self._beside else 0)
        self.panel.setMaximumWidth(WIDTH if self._beside else 16_777_215)
        self._left.setVisible(self._beside or not self.panel.isVisibleTo(self))

    # -- what owners do --------------------------------------------------------------------

    def _epoch(self) -> str:
        return self.host.work.confirmed.position().epoch or ""

    def new_person(self) -> None:
        from tracker.ui.monitor.people.forms import NewPersonDialog

        def then(person: Person) -> None:
            self.host.toast.say(f"{person.display_name} can sign in.")
            self._show(person.id)

        NewPersonDialog(self.host, then).open()

    def _show(self, user_id: str) -> None:
        """Somebody new is seen, whatever narrows the list."""
        if user_id not in self.table.ids:
            self.search.show_words("")
            for choice in (self.team, self.role):
                choice.set_value(None)
            self.who.set_value(Who.ACTIVE)
            self.narrow(text="", team=None, role=None, who=Who.ACTIVE)
        self.table.choose(user_id)

    def change_person(self, user_id: str) -> None:
        from tracker.ui.monitor.people.forms import ChangePersonDialog

        person = self.host.board.people[user_id]

        def then(new: Person) -> None:
            if new != person:
                self.host.toast.say(f"Changed: {new.display_name}")

        ChangePersonDialog(self.host, person, self._epoch(), then).open()

    def _switch(self, user_id: str) -> None:
        """Disables somebody, after it was said what that means, or lets them in again."""
        from tracker.ui.monitor.people.forms import DisableDialog

        person = self.host.board.people[user_id]
        if not person.active:
            self._let_in_again(person)
            return
        count = len(self._counting.workload.person(user_id).open)
        DisableDialog(
            self.host, person, self._epoch(), count, self._disabled,
            lambda: self.host.show_tasks(person=user_id),
        ).open()  # fmt: skip

    def _disabled(self, person: Person) -> None:
        self.host.toast.say(
            f"Disabled: {person.display_name}",
            "Their open tasks stay with them.",
            action=("Undo", lambda: self._let_in_again(person)),
        )

    def _let_in_again(self, person: Person) -> None:
        deed = organising.change(person, self._epoch(), active=True)

        def then(new: Person) -> None:
            self.host.toast.say(f"Can sign in again: {new.display_name}")

        deeds.do_or_tell(self.host, "let them in again", deed, then)

    def open_teams(self) -> None:
        from tracker.ui.monitor.people.teams import TeamsDialog

        TeamsDialog(self.host).open()
