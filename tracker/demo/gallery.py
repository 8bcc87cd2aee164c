"""Pictures of both windows in states that a demo server cannot bring about at will: empty,
replaying, ten thousand tasks, long words, other scripts, twice the size, a month of statistics.

Each scene is a profile made of rows, as a pull would have brought them; people and tasks are made
up. `python -m tracker.demo.gallery FOLDER [SCENE …]`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QThreadPool
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tracker import app as composition
from tracker.cache.precious import new_id
from tracker.config import Profile, Settings
from tracker.domain.change import Action, Kind
from tracker.domain.notification import Notification, NotificationPriority, NotificationType
from tracker.domain.occupancy import Interval, totals
from tracker.domain.page import Changes, PersonPresence
from tracker.domain.receipt import Outcome, Receipt
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
from tracker.services.board import Board, Place
from tracker.services.credentials import InMemory
from tracker.services.preview import Preview
from tracker.services.workspace import Workspace, device_clock, open_workspace
from tracker.sync.engine import Report, State
from tracker.ui.dialogs.away import AwayDialog
from tracker.ui.employee.activity_page import ACTIVITY
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.bulk import BulkDialog
from tracker.ui.monitor.bulk_forms import PeopleForm
from tracker.ui.monitor.updates import Updates
from tracker.ui.monitor.window import MonitorWindow
from tracker.ui.surroundings import Surroundings
from tracker.ui.theme import theme
from tracker.ui.widgets.shell import ATTENTION, WAITING, Shell

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
SCALE = "QT_SCALE_FACTOR"


def _id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


ANA, RITA, JONAS = _id(901), _id(902), _id(903)
PEOPLE = [
    Person(ANA, 3, "ana", "Ana Moreno", Role.EMPLOYEE, True),
    Person(RITA, 2, "rita", "Rita Okafor", Role.ADMIN, True),
    Person(JONAS, 4, "jonas", "Jonas Keller", Role.EMPLOYEE, True),
]
MEI, LUIS = _id(904), _id(905)
MORE_PEOPLE = [
    Person(MEI, 5, "mei", "Mei Tanaka", Role.EMPLOYEE, True, team_id=_id(961)),
    Person(LUIS, 6, "luis", "Luis Ferro", Role.EMPLOYEE, True, team_id=_id(962)),
]
TEAMS = [Team(_id(961), 1, "Field crew", False), Team(_id(962), 2, "Workshop", False)]
PROJECTS = [
    Project(_id(951), 1, "Northern line maintenance", False),
    Project(_id(952), 2, "Hall B retrofit", False),
    Project(_id(953), 3, "Metering 2026", False),
]
TITLES = (
    "Replace pump seal, station 14", "Inspect cable tray, hall B", "Photograph meter readings",
    "Calibrate gas sensor GS-22", "Deliver spare parts to depot", "Write shift report",
    "Label switch cabinet, gate 3", "Test emergency lighting", "Check valve pressure, row 7",
)  # fmt: skip
LONG = (
    "Sicherheitsbeleuchtungsanlagenwartungsprotokoll der Donaudampfschifffahrtsgesellschaft für "
    "das dritte Quartal vollständig ausfüllen, gegenzeichnen lassen und abheften",
    "更换十四号泵站的密封圈，并检查轴承磨损情况和润滑油液位",
    "ポンプ場14号のシールを交換し、軸受の摩耗を点検する",
    "استبدال حلقة إحكام المضخة في المحطة ١٤ وفحص المحامل",
    "החלפת אטם המשאבה בתחנה 14 ובדיקת המסבים",
    "A title <b>that looks like markup</b> & is none",
)


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
        id=_id(number), number=number, title=title, created_by=RITA, created_at=now - 5 * DAY,
        updated_at=now - HOUR, version=number + 1, **known,
    )  # fmt: skip


@dataclass
class Scene:
    """A window over a profile that has pulled these tasks and what hangs on the first of them."""

    folder: Path
    tasks: Sequence[Task]
    now: int

    def open(self, **rows: Any) -> EmployeeWindow:
        profile = Profile(
            self.folder / "ana", "desk", "https://tracker.example.com", "demo", ANA, "ana",
            "Ana Moreno", Role.EMPLOYEE, "Northwind",
        )  # fmt: skip
        self.work = open_workspace(profile)
        page = PullPage(
            epoch="demo", seq=9, cursor="c", more=False, snapshot=True, zone="UTC", head=9,
            mark="m", tasks=[*self.tasks], people=PEOPLE, projects=PROJECTS,
            assignments=[Assignment(t.id, ANA, Part.ASSIGNEE, 100, RITA, self.now - DAY)
                         for t in self.tasks] + rows.pop("assignments", []),
            **rows,
        )  # fmt: skip
        self.work.confirmed.apply(page, self.now)
        around = Surroundings(
            self.folder, Settings(), InMemory(), lambda: 1_000, self.folder / "logs"
        )
        window = EmployeeWindow(self.work, Board(self.work), around)
        window.resize(1240, 800)
        window.show()
        window.working.activity.seen = Seen(Occupancy.ACTIVE)
        window.working.watch.looked.emit()
        window.show_report(Report(State.SYNCED, self.now, Changes(), 0, 0, 0))
        return window

    def open_monitor(self, **rows: Any) -> MonitorWindow:
        """The admins' window over the same tasks, spread over more people."""
        profile = Profile(
            self.folder / "rita", "monitor", "https://tracker.example.com", "demo", RITA, "rita",
            "Rita Okafor", Role.ADMIN, "Northwind",
        )  # fmt: skip
        self.work = open_workspace(profile)
        doing = [ANA, JONAS, MEI, LUIS]
        on = [
            Assignment(t.id, doing[n % 4], Part.ASSIGNEE, 100, RITA, self.now - DAY)
            for n, t in enumerate(self.tasks)
        ]
        page = PullPage(
            epoch="demo", seq=9, cursor="c", more=False, snapshot=True, zone="UTC", head=9,
            mark="m", tasks=[*self.tasks], people=[*PEOPLE, *MORE_PEOPLE], projects=PROJECTS,
            teams=TEAMS, assignments=on, **rows,
        )  # fmt: skip
        self.work.confirmed.apply(page, self.now)
        heard = [
            PersonPresence(who, self.now - ago, unsent, state)
            for who, ago, unsent, state in (
                (ANA, 9_000, 0, Occupancy.ACTIVE), (JONAS, 9_000, 0, Occupancy.IDLE),
                (MEI, 40 * MINUTE, 4, Occupancy.ACTIVE), (LUIS, 12 * MINUTE, 0, Occupancy.ACTIVE),
            )
        ]  # fmt: skip
        self.work.confirmed.save_presence(heard)
        around = Surroundings(self.folder, Settings(), InMemory(), lambda: None, self.folder)
        window = MonitorWindow(self.work, Board(self.work), around)
        window.resize(1440, 900)
        window.show()
        window.show_report(Report(State.SYNCED, self.now, Changes(), 0, 0, 0))
        return window


def _details(now: int) -> dict[str, Any]:
    first = _id(1)
    return {
        "comments": [
            Comment(_id(801), first, RITA, "Use the 40 Nm setting.", now - 5 * HOUR,
                    now - 5 * HOUR),
            Comment(_id(802), first, ANA, "Old seal out, housing cleaned.", now - 3 * HOUR,
                    now - 3 * HOUR, parent_id=_id(801)),
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
            TimeEntry(_id(811), first, ANA, 102, now - 4 * HOUR, "", now - 2 * HOUR, now - 2 * HOUR)
        ],
        "dependencies": [Dependency(first, _id(2), RITA, now - DAY)],
        "assignments": [
            Assignment(first, JONAS, Part.REVIEWER, 100, RITA, now - DAY),
        ],
    }  # fmt: skip


def _usual(now: int) -> list[Task]:
    first = task(
        1, TITLES[0], now, status=Status.IN_PROGRESS, priority=Priority.HIGH, progress=65,
        due_at=now - 2 * HOUR, actual_minutes=102, estimated_minutes=120, comment_count=2,
        open_needs=1, child_count=1,
    )  # fmt: skip
    rest = [task(n, title, now) for n, title in enumerate(TITLES[1:], 2)]
    rest[2] = replace(rest[2], parent_id=first.id)
    return [first, *rest]


Shoot = Callable[[QWidget, str], None]


def details(scene: Scene, shoot: Shoot) -> None:
    window = scene.open(**_details(scene.now))
    window.cards.select(_id(1))
    window.show_pane(True)
    window.working.toggle(_id(1))
    for name in ("light", "dark", "contrast"):
        _theme(name)
        shoot(window, f"details-{name}")
    _theme("light")
    window.resize(780, 520)
    shoot(window, "details-small")


def dialogs(scene: Scene, shoot: Shoot) -> None:
    window = scene.open(**_details(scene.now))
    window.cards.select(_id(1))
    for name, opened in (
        ("new-task", window.new_task),
        ("edit-task", lambda: window.edit_task(_id(1))),
        ("settings", window.account.open_settings),
        ("pause", window.working.ask_pause),
        ("commands", window.open_palette),
        ("shortcuts", window.open_keys),
        ("sign-out", lambda: _command(window, "Sign out…")),
        ("about", lambda: _command(window, "About Tracker")),
        ("diagnostics", lambda: _command(window, "Save a diagnostic bundle…")),
        ("told", lambda: _command(window, "What I am told…")),
    ):
        before = set(QApplication.topLevelWidgets())
        opened()
        for dialog in set(QApplication.topLevelWidgets()) - before:
            if dialog.isVisible():
                for mode in ("light", "dark"):
                    _theme(mode)
                    shoot(dialog, f"{name}-{mode}")
                _theme("light")
                dialog.close()
    away = AwayDialog(
        "You were away for 23 min",
        f"Nothing was touched 11:40–12:03, and the timer ran on “{TITLES[0]}”.",
        [(words, lambda: None) for words in
         ("Keep the time", "Take it off", "Take it off and stop the timer",
          "Log it on another task…")],
        window,
    )  # fmt: skip
    away.show()
    shoot(away, "away-light")
    away.close()


def _command(window: EmployeeWindow, name: str) -> None:
    for action in window.commands.listed():
        if action.text() == name:
            action.trigger()


def pages(scene: Scene, shoot: Shoot) -> None:
    now = scene.now
    kinds = NotificationType
    told = [
        Notification(_id(700 + n), 9 - n, ANA, kind, title, message, NotificationPriority.NORMAL,
                     "task", now - n * 40 * MINUTE, now, read_at=None if n < 3 else now,
                     action_url=f"/tasks/{_id(n)}", entity_kind="task", entity_id=_id(n))
        for n, (kind, title, message) in enumerate((
            (kinds.TASK_ASSIGNED, "New task", f"Rita Okafor assigned you “{TITLES[0]}”"),
            (kinds.MESSAGE_RECEIVED, "New comment", f"Jonas Keller on “{TITLES[1]}”: use 40 Nm"),
            (kinds.TASK_OVERDUE, "Overdue", f"“{TITLES[0]}” was due 2 h ago"),
            (kinds.DEADLINE_REMINDER, "Due soon", f"“{TITLES[3]}” is due within a day"),
        ), 1)
    ]  # fmt: skip
    window = scene.open(notifications=told)
    day = ((Occupancy.ACTIVE, 9, 6, ""), (Occupancy.IDLE, 6, 5.5, ""),
           (Occupancy.OFFLINE, 5.5, 4.5, "Lunch"), (Occupancy.ACTIVE, 4.5, 0.1, ""))  # fmt: skip
    activity = window.working.activity
    ended = [
        Interval(state, now - round(began * HOUR), now - round(end * HOUR), reason)
        for state, began, end, reason in day
    ]
    scene.work.outbox.report([activity._action(one, one.ended_at) for one in ended], None)
    for action, _ in scene.work.outbox.reports(0)[:3]:
        _settle(scene.work, action, Outcome.APPLIED, now)
    for name, page in (("activity", ACTIVITY), ("notifications", "Notifications")):
        if page != ACTIVITY and page not in window.rail.rows:
            continue
        window.open_page(page)
        _theme("light")
        shoot(window, f"{name}-light")
        _theme("dark")
        shoot(window, f"{name}-dark")
    _theme("light")


def _act(work: Workspace, kind: Kind, number: int, now: int, **args: Any) -> Action:
    made = Action(
        new_id(), kind, _id(number), args, now - 40 * MINUTE, base_version=1, base_epoch="demo",
        clock_offset=0, seen={"title": TITLES[number - 1], "status": "IN_PROGRESS", "progress": 35},
    )  # fmt: skip
    work.outbox.add([made])
    return made


def _settle(work: Workspace, action: Action, outcome: Outcome, now: int, **more: Any) -> None:
    work.outbox.take_batch(now, 500, 900_000)
    receipt = Receipt(action.op_id, outcome, "demo", **more)
    work.outbox.record([receipt], now, lambda _: now)


def sending(scene: Scene, shoot: Shoot) -> None:
    now = scene.now
    window = scene.open()
    refused = _act(scene.work, Kind.SET_PROGRESS, 3, now, percent=50, note="Readings look fine.")
    _settle(
        scene.work, refused, Outcome.REJECTED, now, code="E5005",
        current={"status": "CANCELLED", "progress": 20},
    )  # fmt: skip
    window.show_report(Report(State.SYNCED, now, Changes(frozenset({_id(3)})), 1, 0, 1))
    window.open_page(ATTENTION)
    shoot(window, "attention-light")
    made = [
        _act(scene.work, Kind.SET_PROGRESS, 1, now, percent=80, note="Half done, back tomorrow."),
        _act(scene.work, Kind.COMPLETE, 2, now, note=""),
        _act(scene.work, Kind.COMMENT, 4, now, comment_id=_id(820), text="Sensor is warm."),
        _act(scene.work, Kind.HOLD, 5, now, note="Needs a second person."),
    ]
    ids = frozenset(_id(n) for n in range(1, 6))
    window.show_report(Report(State.OFFLINE, now - 6 * MINUTE, Changes(ids), 0, 4, 1))
    window.open_page("All tasks")
    shoot(window, "away-offline-light")
    words = "The task was cancelled meanwhile (20 min ago) (E5005)"
    window.reconnect.preview = Preview(4, {made[1].op_id: words}, f"{TITLES[1]}: {words}")
    window.show_report(Report(State.SYNCED, now, Changes(), 0, 4, 1))
    window.reconnect.look()
    window.open_page(WAITING)
    shoot(window, "reconnect-light")
    window.reconnect.stop()
    window.open_page("All tasks")
    window.show_sending(2, 12)
    shoot(window, "replaying-light")


def empty(scene: Scene, shoot: Shoot) -> None:
    scene.tasks = ()
    shoot(scene.open(), "empty-light")


def many(scene: Scene, shoot: Shoot) -> None:
    scene.tasks = [task(n, f"{TITLES[n % 9]} · {n}", scene.now) for n in range(1, 10_001)]
    window = scene.open()
    shoot(window, "ten-thousand-light")


def scripts(scene: Scene, shoot: Shoot) -> None:
    scene.tasks = [
        task(n, title, scene.now, description=title * 2) for n, title in enumerate(LONG, 1)
    ]
    window = scene.open()
    window.cards.select(_id(1))
    window.show_pane(True)
    shoot(window, "long-words-light")
    window.cards.select(_id(4))
    shoot(window, "right-to-left-light")


def twice(scene: Scene, shoot: Shoot) -> None:
    window = scene.open(**_details(scene.now))
    window.resize(1100, 720)
    window.cards.select(_id(1))
    shoot(window, "twice-the-size")


def _reported(now: int, number: int) -> list[Interval]:
    """A day of somebody, a little different for each."""
    left = 1 + number / 4
    day = ((Occupancy.ACTIVE, 9, 6.5), (Occupancy.IDLE, 6.5, 6), (Occupancy.OFFLINE, 6, 5),
           (Occupancy.ACTIVE, 5, left), (Occupancy.IDLE, left, 0.1))  # fmt: skip
    later = number * 20 * MINUTE
    return [
        Interval(state, now - round(began * HOUR) - later, now - round(ended * HOUR) - later)
        for state, began, ended in day
    ]


def _crew(now: int) -> tuple[list[Person], list[Team], list[PersonPresence]]:
    names = ("Ana Moreno", "Rita Okafor", "Jonas Keller", "Mei Tanaka", "Tomás Silva",
             "Priya Rao", "Noor Haddad", "Yuki Sato", "Lena Novak", "Björn Dubois")  # fmt: skip
    teams = [Team(_id(960 + n), n, name, False) for n, name in enumerate(("Night shift", "Depot"))]
    crew = []
    for n, name in enumerate(names):
        role = Role.OWNER if n == 1 else Role.EMPLOYEE
        team = teams[n % 2].id if n % 4 else None
        sign_in = name.split()[0].lower()
        crew.append(Person(_id(901 + n), n + 1, sign_in, name, role, True, team_id=team))
    states = [*Occupancy, Occupancy.ACTIVE]
    heard = [
        PersonPresence(person.id, now - (3 * HOUR if n % 5 == 4 else 0), 4 if n % 5 == 4 else 0,
                       states[n % 5])
        for n, person in enumerate(crew[:-1])
    ]  # fmt: skip
    return crew, teams, heard


def organising(scene: Scene, shoot: Shoot) -> None:
    """The people and projects pages of the monitor."""
    from tracker.services.organising import Days, Device
    from tracker.ui.monitor.people.page import PeoplePage

    now = scene.now
    crew, teams, heard = _crew(now)
    profile = Profile(
        scene.folder / "monitor", "monitor", "http://127.0.0.1:9", "demo", RITA, "rita",
        "Rita Okafor", Role.OWNER, "Northwind",
    )  # fmt: skip
    scene.work = open_workspace(profile)
    tasks = [
        task(n, f"{TITLES[n % 9]} · {n}", now, estimated_minutes=60 + n % 7 * 30)
        for n in range(1, 90)
    ]
    page = PullPage(
        epoch="demo", seq=9, cursor="c", more=False, snapshot=True, zone="UTC", head=9, mark="m",
        tasks=tasks, people=crew, projects=PROJECTS, teams=teams,
        assignments=[Assignment(t.id, crew[t.number * t.number % 10].id, Part.ASSIGNEE, 100, RITA,
                                now) for t in tasks],
    )  # fmt: skip
    scene.work.confirmed.apply(page, now)
    scene.work.confirmed.save_presence(heard)
    around = Surroundings(scene.folder, Settings(), InMemory(), lambda: None, scene.folder / "logs")
    window = MonitorWindow(scene.work, Board(scene.work), around)
    window.resize(1440, 900)
    window.show()
    window.show_report(Report(State.SYNCED, now, Changes(), 0, 0, 0))
    window.open_page("People")
    people = window.page("People")
    assert isinstance(people, PeoplePage)
    days = {person.id: _reported(now, n) for n, person in enumerate(crew)}
    lengths = {user_id: totals(day) for user_id, day in days.items()}
    people.table.choose(JONAS)
    _answered()
    people._heard(Days(now - DAY, now, days, lengths))
    people.panel._devices = [Device(now, 0), Device(now - 3 * HOUR, 4)]
    people.show_list()
    for name in ("light", "dark"):
        _theme(name)
        shoot(window, f"people-{name}")
    window.open_page("Projects")
    for name in ("dark", "light"):
        _theme(name)
        shoot(window, f"projects-{name}")


def _answered() -> None:
    """What was asked of the server, which is not there, has its answer."""
    QThreadPool.globalInstance().waitForDone()
    for _ in range(4):
        QApplication.processEvents()


def assigning(scene: Scene, shoot: Shoot) -> None:
    """The monitor's Assign page, filled, and a file that is looked at before it is imported."""
    from tracker.services.templates import Chosen, Form
    from tracker.ui.monitor.assign import AssignPage
    from tracker.ui.monitor.window import ASSIGN, MonitorWindow

    profile = Profile(
        scene.folder / "rita", "monitor", "https://tracker.example.com", "demo", RITA, "rita",
        "Rita Okafor", Role.ADMIN, "Northwind",
    )  # fmt: skip
    scene.work = open_workspace(profile)
    page = PullPage(
        epoch="demo", seq=9, cursor="c", more=False, snapshot=True, zone="UTC", head=9,
        mark="m", tasks=[*scene.tasks], people=PEOPLE, projects=PROJECTS,
    )  # fmt: skip
    scene.work.confirmed.apply(page, scene.now)
    around = Surroundings(
        scene.folder, Settings(), InMemory(), lambda: 1_000, scene.folder / "logs"
    )
    window = MonitorWindow(scene.work, Board(scene.work), around)
    window.resize(1440, 900)
    window.show()
    window.show_report(Report(State.SYNCED, scene.now, Changes(), 0, 0, 0))
    window.open_page(ASSIGN)
    form = window.page(ASSIGN)
    assert isinstance(form, AssignPage)
    form.show_form(
        Form(
            title=TITLES[0], description="Take the new gasket from the depot.",
            people=(Chosen(ANA), Chosen(JONAS), Chosen(RITA, Part.REVIEWER)), due="fri 16:00",
            estimate="1h 30", project_id=PROJECTS[1].id, needs=(_id(2), _id(5)),
            parent_id=_id(3), task_type="Repair", scheduled="tomorrow 08:00", revenue="1250.50",
        )
    )  # fmt: skip
    for mode in ("light", "dark"):
        _theme(mode)
        shoot(window, f"assign-{mode}")
    path = scene.folder / "spring-inspections.csv"
    path.write_text(
        "Title;Assignees;Due;Priority;Project;Remarks\n"
        + "".join(
            f"{title};{'ana' if n % 4 else 'nobody'};2027-03-{n:02};high;Hall B retrofit;row {n}\n"
            for n, title in enumerate(TITLES, 1)
        )
    )
    form.open_import(path)
    dialog = form.importing
    assert dialog is not None
    while not dialog.rows:
        QApplication.processEvents()
    for mode in ("light", "dark"):
        _theme(mode)
        shoot(dialog, f"import-{mode}")
    _theme("light")
    dialog.close()


def _many_states(now: int) -> list[Task]:
    tasks = _usual(now)
    tasks[1] = replace(tasks[1], status=Status.ON_HOLD, progress=35)
    tasks[4] = replace(tasks[4], status=Status.COMPLETED, progress=100, completed_at=now - HOUR)
    more = [task(n, f"{TITLES[n % 9]}, part {n // 9}", now) for n in range(10, 60)]
    return [*tasks, *more]


def monitor(scene: Scene, shoot: Shoot) -> None:
    """The grid, the table, what is marked, and what is done with it."""
    scene.tasks = _many_states(scene.now)
    rows = _details(scene.now)
    rows.pop("assignments")
    window = scene.open_monitor(**rows)
    sizes = (("", 1440, 900), ("-small", 980, 560))
    for mode in ("light", "dark", "contrast"):
        _theme(mode)
        for name, width, height in sizes:
            window.resize(width, height)
            window.cards.select("")
            shoot(window, f"grid{name}-{mode}")
            window.cards.select(_id(1))
            shoot(window, f"grid-details{name}-{mode}")
            window.grid.marks.add([_id(2), _id(3), _id(7)])
            shoot(window, f"grid-marked{name}-{mode}")
            window.grid.show_as("table")
            shoot(window, f"table-marked{name}-{mode}")
            window.grid.marks.clear()
            window.cards.select("")
            shoot(window, f"table{name}-{mode}")
            window.grid.show_as("grid")
    _theme("light")
    window.resize(1440, 900)
    window.narrow(place=Place.IN_PROGRESS, person=ANA)
    shoot(window, "grid-narrowed-light")
    window.show_all_tasks()


def bulk(scene: Scene, shoot: Shoot) -> None:
    """What is done with many tasks: before, and after."""
    scene.tasks = _many_states(scene.now)
    rows = _details(scene.now)
    rows.pop("assignments")
    window = scene.open_monitor(**rows)
    window.grid.marks.add([t.id for t in scene.tasks[:14]])
    for mode in ("light", "dark"):
        _theme(mode)
        window.cards.select(_id(1))
        shoot(window, f"bulk-behind-{mode}")
        window.grid.show_updates(_id(1))
        for popup in window.findChildren(Updates):
            shoot(popup, f"updates-{mode}")
            popup.close()
        for words in ("Reassign…", "Hold", "Due…"):
            window.open_bulk(words)
            dialog = next(d for d in window.findChildren(BulkDialog) if d.isVisible())
            if isinstance(dialog.form, PeopleForm):
                for who in (MEI, LUIS):
                    dialog.form.choose(who)
            shoot(dialog, f"bulk-{words.rstrip('…').lower()}-{mode}")
            if words == "Hold" and mode == "dark":
                dialog.button.click()
                QTest.qWait(300)
                shoot(dialog, "bulk-held-dark")
            dialog.close()
    _theme("light")


def statistics(scene: Scene, shoot: Shoot) -> None:
    """The monitor's statistics as a server would answer them: counted here, with a day that only
    servers know."""
    from tracker.demo import month
    from tracker.domain import sla
    from tracker.services import figures_out
    from tracker.services import statistics as counting
    from tracker.ui.monitor.statistics.inquiry import Told
    from tracker.ui.monitor.statistics.page import StatisticsPage
    from tracker.ui.monitor.window import STATISTICS

    now, projects = scene.now, [one.id for one in PROJECTS]
    scene.tasks = month.tasks(now, TITLES, projects, [ANA, JONAS, MEI, LUIS])
    window = scene.open_monitor()
    window.open_page(STATISTICS)
    page = window.page(STATISTICS)
    assert isinstance(page, StatisticsPage)
    page.inquiry.stop()
    board, asked, teams = window.board, page.asked(), scene.work.confirmed.teams()
    counted = counting.from_cache(
        board.views, board.people, board.projects, teams, "UTC", asked, now, sla.default("UTC")
    )
    told = counted.model_copy(update={"occupancy": month.day(now, [*board.people.values()])})
    of_team = {one.id: teams[one.team_id].name for one in board.people.values() if one.team_id}
    shown = figures_out.lay_out(told, of_team, online=True)
    page.inquiry.told.emit(Told(asked, shown, True, now))
    while page.plots is None or page.is_drawing:
        QTest.qWait(20)
    bar = page.area.verticalScrollBar()
    for mode in ("light", "dark", "contrast"):
        _theme(mode)
        QTest.qWait(300)  # a chart a turn
        bar.setValue(0)
        shoot(window, f"statistics-{mode}")
        bar.setValue(bar.maximum())
        shoot(window, f"statistics-tables-{mode}")
    _theme("light")
    bar.setValue(0)
    window.resize(980, 560)
    QTest.qWait(300)
    shoot(window, "statistics-small")


SCENES: dict[str, Callable[[Scene, Shoot], None]] = {
    one.__name__: one
    for one in (
        details,
        dialogs,
        pages,
        sending,
        empty,
        many,
        scripts,
        twice,
        monitor,
        bulk,
        organising,
        assigning,
        statistics,
    )
}


def _theme(name: str) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, name)


def draw(output: Path, names: Sequence[str]) -> None:
    app = composition.make_app(Settings(theme="light"))
    for name in names:

        def shoot(widget: QWidget, picture: str) -> None:
            for _ in range(8):
                app.processEvents()
                QTest.qWait(5)
            widget.grab().save(str(output / f"{picture}.png"))

        with tempfile.TemporaryDirectory(prefix="tracker-scene-") as folder:
            now = device_clock()
            scene = Scene(Path(folder), _usual(now), now)
            SCENES[name](scene, shoot)
            for window in QApplication.topLevelWidgets():
                if isinstance(window, Shell):
                    window.quit()
                    window.deleteLater()
            app.processEvents()
            scene.work.close()


def main(arguments: Sequence[str]) -> int:
    output, names = Path(arguments[0]), list(arguments[1:]) or list(SCENES)
    output.mkdir(parents=True, exist_ok=True)
    if "twice" in names and SCALE not in os.environ:
        # Qt reads it once, when the program starts.
        names.remove("twice")
        command = [sys.executable, "-m", "tracker.demo.gallery", str(output), "twice"]
        subprocess.run(command, check=True, env={**os.environ, SCALE: "2"}, timeout=120)  # noqa: S603
    draw(output, names)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
