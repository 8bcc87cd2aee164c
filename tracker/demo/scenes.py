"""The made-up world of the pictures: people, tasks, and profiles made of rows, as a pull would
have brought them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication, QWidget

from tracker.config import Profile, Scope, Settings
from tracker.domain.page import Changes, PersonPresence
from tracker.domain.stretch import Seen
from tracker.domain.task import (
    Assignment,
    Comment,
    Dependency,
    HistoryEntry,
    Occupancy,
    Part,
    Person,
    Priority,
    Project,
    Role,
    Status,
    Task,
    Team,
    TimeEntry,
)
from tracker.protocol.sync import PullPage
from tracker.services.board import Board
from tracker.services.credentials import InMemory
from tracker.services.workspace import open_workspace
from tracker.sync.engine import Report, State
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import MonitorWindow
from tracker.ui.surroundings import Surroundings
from tracker.ui.theme import theme
from tracker.ui.widgets.shell import Shell

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def id_of(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


ANA, RITA, JONAS = id_of(901), id_of(902), id_of(903)
PEOPLE = [
    Person(ANA, 3, "ana", "Ana Moreno", Role.EMPLOYEE, True),
    Person(RITA, 2, "rita", "Rita Okafor", Role.ADMIN, True),
    Person(JONAS, 4, "jonas", "Jonas Keller", Role.EMPLOYEE, True),
]
MEI, LUIS = id_of(904), id_of(905)
MORE_PEOPLE = [
    Person(MEI, 5, "mei", "Mei Tanaka", Role.EMPLOYEE, True, team_id=id_of(961)),
    Person(LUIS, 6, "luis", "Luis Ferro", Role.EMPLOYEE, True, team_id=id_of(962)),
]
TEAMS = [Team(id_of(961), 1, "Field crew", False), Team(id_of(962), 2, "Workshop", False)]
SERVER = "https://tracker.example.com"
PROJECTS = [
    Project(id_of(951), 1, "Northern line maintenance", False),
    Project(id_of(952), 2, "Hall B retrofit", False),
    Project(id_of(953), 3, "Metering 2026", False),
]
TITLES = (
    "Replace pump seal, station 14", "Inspect cable tray, hall B", "Photograph meter readings",
    "Calibrate gas sensor GS-22", "Deliver spare parts to depot", "Write shift report",
    "Label switch cabinet, gate 3", "Test emergency lighting", "Check valve pressure, row 7",
)  # fmt: skip


def task(number: int, title: str, now: int, **values: Any) -> Task:
    known: dict[str, Any] = {
        "description": "Take the usual tools, and note what is left to do.",
        "status": Status.IN_PROGRESS if number % 3 else Status.PENDING,
        "priority": list(Priority)[number % 4],
        "progress": number * 35 % 100 if number % 3 else 0,
        "project_id": PROJECTS[number % 3].id,
        "due_at": now + (number * 7 - 9) * HOUR,
        **values,
    }
    return Task(
        id=id_of(number), number=number, title=title, created_by=RITA, created_at=now - 5 * DAY,
        updated_at=now - HOUR, version=number + 1, **known,
    )  # fmt: skip


@dataclass
class Scene:
    """A window over a profile that has pulled these tasks and what hangs on the first of them."""

    folder: Path
    tasks: Sequence[Task]
    now: int

    def open(self, **rows: Any) -> EmployeeWindow:
        on = self._given([ANA]) + rows.pop("assignments", [])
        self._pull(PEOPLE[0], "desk", SERVER, assignments=on, **rows)
        window = EmployeeWindow(self.work, Board(self.work), self._around())
        self._show(window, 1240, 800)
        window.working.activity.seen = Seen(Occupancy.ACTIVE)
        window.working.watch.looked.emit()
        return window

    def open_monitor(
        self, user: Person = PEOPLE[1], server: str = SERVER,
        presence: Sequence[PersonPresence] | None = None, **rows: Any,
    ) -> MonitorWindow:  # fmt: skip
        """The admins' window over the same tasks, spread over more people."""
        usual = {
            "people": [*PEOPLE, *MORE_PEOPLE], "teams": TEAMS,
            "assignments": self._given([ANA, JONAS, MEI, LUIS]),
        }  # fmt: skip
        self._pull(user, "monitor", server, **{**usual, **rows})
        heard = [
            PersonPresence(who, self.now - ago, unsent, state)
            for who, ago, unsent, state in (
                (ANA, 9_000, 0, Occupancy.ACTIVE), (JONAS, 9_000, 0, Occupancy.IDLE),
                (MEI, 40 * MINUTE, 4, Occupancy.ACTIVE), (LUIS, 12 * MINUTE, 0, Occupancy.ACTIVE),
            )
        ]  # fmt: skip
        self.work.confirmed.save_presence(heard if presence is None else presence)
        window = MonitorWindow(self.work, Board(self.work), self._around())
        self._show(window, 1440, 900)
        return window

    def _given(self, people: Sequence[str]) -> list[Assignment]:
        """The tasks, to one of them after the other."""
        return [
            Assignment(t.id, people[n % len(people)], Part.ASSIGNEE, 100, RITA, self.now - DAY)
            for n, t in enumerate(self.tasks)
        ]

    def _pull(self, user: Person, scope: Scope, server: str, **rows: Any) -> None:
        profile = Profile(
            self.folder / user.name, scope, server, "demo", user.id, user.name, user.display_name,
            user.role, "Northwind",
        )  # fmt: skip
        self.work = open_workspace(profile)
        usual = {"people": PEOPLE, "projects": PROJECTS}
        page = PullPage(
            epoch="demo", seq=9, cursor="c", more=False, snapshot=True, zone="UTC", head=9,
            mark="m", tasks=[*self.tasks], **{**usual, **rows},
        )  # fmt: skip
        self.work.confirmed.apply(page, self.now)

    def _around(self) -> Surroundings:
        return Surroundings(
            self.folder, Settings(), InMemory(), lambda: 1_000, self.folder / "logs"
        )

    def _show(self, window: Shell, width: int, height: int) -> None:
        window.resize(width, height)
        window.show()
        window.show_report(Report(State.SYNCED, self.now, Changes(), 0, 0, 0))


def details_of(now: int) -> dict[str, Any]:
    first = id_of(1)
    return {
        "comments": [
            Comment(id_of(801), first, RITA, "Use the 40 Nm setting.", now - 5 * HOUR,
                    now - 5 * HOUR),
            Comment(id_of(802), first, ANA, "Old seal out, housing cleaned.", now - 3 * HOUR,
                    now - 3 * HOUR, parent_id=id_of(801)),
        ],
        "history": [
            HistoryEntry(str(n), first, who, event, before, after, note, now - ago,
                         now - ago + late)
            for n, who, event, before, after, note, ago, late in (
                (1, RITA, "create_task", {}, {"user_id": ANA}, "", 4 * DAY, 10),
                (2, ANA, "accept", {}, {}, "", 3 * DAY, 10),
                (3, ANA, "set_progress", {"progress": 0}, {"progress": 40},
                 "Waiting for the torque wrench.", 26 * HOUR, 3 * HOUR),
                (4, JONAS, "comment", {}, {}, "Use the 40 Nm setting.", 5 * HOUR, 10),
                (5, ANA, "set_progress", {"progress": 40}, {"progress": 65}, "housing cleaned",
                 2 * HOUR, 10),
            )
        ],
        "time_entries": [
            TimeEntry(id_of(811), first, ANA, 102, now - 4 * HOUR, "", now - 2 * HOUR,
                      now - 2 * HOUR)
        ],
        "dependencies": [Dependency(first, id_of(2), RITA, now - DAY)],
        "assignments": [
            Assignment(first, JONAS, Part.REVIEWER, 100, RITA, now - DAY),
        ],
    }  # fmt: skip


def usual_tasks(now: int) -> list[Task]:
    first = task(
        1, TITLES[0], now, status=Status.IN_PROGRESS, priority=Priority.HIGH, progress=65,
        due_at=now - 2 * HOUR, actual_minutes=102, estimated_minutes=120, comment_count=2,
        open_needs=1, child_count=1,
    )  # fmt: skip
    rest = [task(n, title, now) for n, title in enumerate(TITLES[1:], 2)]
    rest[2] = replace(rest[2], parent_id=first.id)
    return [first, *rest]


Shoot = Callable[[QWidget, str], None]


def show_theme(name: str) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, name)
