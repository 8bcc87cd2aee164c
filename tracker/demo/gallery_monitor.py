"""The scenes of the admins' window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QThreadPool
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tracker.demo.scenes import (
    ANA,
    DAY,
    HOUR,
    JONAS,
    LUIS,
    MEI,
    MINUTE,
    PROJECTS,
    RITA,
    TITLES,
    Scene,
    Shoot,
    details_of,
    id_of,
    show_theme,
    task,
    usual_tasks,
)
from tracker.domain.occupancy import Interval, totals
from tracker.domain.page import PersonPresence
from tracker.domain.task import (
    Assignment,
    Occupancy,
    Part,
    Person,
    Role,
    Status,
    Task,
    Team,
)
from tracker.services.board import Place
from tracker.ui.monitor.bulk import BulkDialog
from tracker.ui.monitor.bulk_forms import PeopleForm
from tracker.ui.monitor.updates import Updates


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
    teams = [
        Team(id_of(960 + n), n, name, False) for n, name in enumerate(("Night shift", "Depot"))
    ]
    crew = []
    for n, name in enumerate(names):
        role = Role.OWNER if n == 1 else Role.EMPLOYEE
        team = teams[n % 2].id if n % 4 else None
        sign_in = name.split()[0].lower()
        crew.append(Person(id_of(901 + n), n + 1, sign_in, name, role, True, team_id=team))
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
    scene.tasks = [
        task(n, f"{TITLES[n % 9]} · {n}", now, estimated_minutes=60 + n % 7 * 30)
        for n in range(1, 90)
    ]
    on = [
        Assignment(t.id, crew[t.number * t.number % 10].id, Part.ASSIGNEE, 100, RITA, now)
        for t in scene.tasks
    ]
    window = scene.open_monitor(
        crew[1], "http://127.0.0.1:9", heard, people=crew, teams=teams, assignments=on
    )
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
        show_theme(name)
        shoot(window, f"people-{name}")
    window.open_page("Projects")
    for name in ("dark", "light"):
        show_theme(name)
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
    from tracker.ui.monitor.window import ASSIGN

    window = scene.open_monitor()
    window.open_page(ASSIGN)
    form = window.page(ASSIGN)
    assert isinstance(form, AssignPage)
    form.show_form(
        Form(
            title=TITLES[0], description="Take the new gasket from the depot.",
            people=(Chosen(ANA), Chosen(JONAS), Chosen(RITA, Part.REVIEWER)), due="fri 16:00",
            estimate="1h 30", project_id=PROJECTS[1].id, needs=(id_of(2), id_of(5)),
            parent_id=id_of(3), task_type="Repair", scheduled="tomorrow 08:00", revenue="1250.50",
        )
    )  # fmt: skip
    for mode in ("light", "dark"):
        show_theme(mode)
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
        show_theme(mode)
        shoot(dialog, f"import-{mode}")
    show_theme("light")
    dialog.close()


def _many_states(now: int) -> list[Task]:
    tasks = usual_tasks(now)
    tasks[1] = replace(tasks[1], status=Status.ON_HOLD, progress=35)
    tasks[4] = replace(tasks[4], status=Status.COMPLETED, progress=100, completed_at=now - HOUR)
    more = [task(n, f"{TITLES[n % 9]}, part {n // 9}", now) for n in range(10, 60)]
    return [*tasks, *more]


def monitor(scene: Scene, shoot: Shoot) -> None:
    """The grid, the table, what is marked, and what is done with it."""
    scene.tasks = _many_states(scene.now)
    rows = details_of(scene.now)
    rows.pop("assignments")
    window = scene.open_monitor(**rows)
    sizes = (("", 1440, 900), ("-small", 980, 560))
    for mode in ("light", "dark", "contrast"):
        show_theme(mode)
        for name, width, height in sizes:
            window.resize(width, height)
            window.cards.select("")
            shoot(window, f"grid{name}-{mode}")
            window.cards.select(id_of(1))
            shoot(window, f"grid-details{name}-{mode}")
            window.grid.marks.add([id_of(2), id_of(3), id_of(7)])
            shoot(window, f"grid-marked{name}-{mode}")
            window.grid.show_as("table")
            shoot(window, f"table-marked{name}-{mode}")
            window.grid.marks.clear()
            window.cards.select("")
            shoot(window, f"table{name}-{mode}")
            window.grid.show_as("grid")
    show_theme("light")
    window.resize(1440, 900)
    window.narrow(place=Place.IN_PROGRESS, person=ANA)
    shoot(window, "grid-narrowed-light")
    window.show_all_tasks()


def bulk(scene: Scene, shoot: Shoot) -> None:
    """What is done with many tasks: before, and after."""
    scene.tasks = _many_states(scene.now)
    rows = details_of(scene.now)
    rows.pop("assignments")
    window = scene.open_monitor(**rows)
    window.grid.marks.add([t.id for t in scene.tasks[:14]])
    for mode in ("light", "dark"):
        show_theme(mode)
        window.cards.select(id_of(1))
        shoot(window, f"bulk-behind-{mode}")
        window.grid.show_updates(id_of(1))
        for popup in window.findChildren(Updates):
            shoot(popup, f"updates-{mode}")
            popup.close()
        for words in ("Reassign…", "Hold", "Due…"):
            window.open_bulk(words)
            dialog = next(d for d in window.findChildren(BulkDialog) if d.isVisible())
            if isinstance(dialog.form, PeopleForm):
                for who in (MEI, LUIS):
                    dialog.form.people.add(who)
            shoot(dialog, f"bulk-{words.rstrip('…').lower()}-{mode}")
            if words == "Hold" and mode == "dark":
                dialog.button.click()
                QTest.qWait(300)
                shoot(dialog, "bulk-held-dark")
            dialog.close()
    show_theme("light")


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
    page.refresh()
    page.keep()  # it asks no more
    board, asked, teams = window.board, page.asked(), scene.work.confirmed.teams()
    counted = counting.from_cache(
        board.views, board.people, board.projects, teams, "UTC", asked, now, sla.default("UTC")
    )
    reported = month.day(now, [*board.people.values()])
    of_team = {one.id: teams[one.team_id].name for one in board.people.values() if one.team_id}
    shown = figures_out.lay_out(counted, reported, of_team)
    page.inquiry.told.emit(Told(asked, shown, True, now))
    while page.plots is None or page.is_drawing:
        QTest.qWait(20)
    bar = page.area.verticalScrollBar()
    for mode in ("light", "dark", "contrast"):
        show_theme(mode)
        QTest.qWait(300)  # a chart a turn
        bar.setValue(0)
        shoot(window, f"statistics-{mode}")
        bar.setValue(bar.maximum())
        shoot(window, f"statistics-tables-{mode}")
    show_theme("light")
    bar.setValue(0)
    window.resize(980, 560)
    QTest.qWait(300)
    shoot(window, "statistics-small")


MONITOR: tuple[Callable[[Scene, Shoot], None], ...] = (
    monitor, bulk, organising, assigning, statistics,
)  # fmt: skip
