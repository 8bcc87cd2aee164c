"""The people page: who is there now and what they have to do; letting in, changing, disabling."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from tests.support.client import task
from tests.support.server import DAY, HOUR, RunningServer
from tests.support.windows import (
    ANA,
    PATIENCE,
    PEOPLE,
    RITA,
    Open,
    open_desk,
    open_monitor,
    pick,
    press,
    settle,
    task_id,
)
from tests.ui.test_accessible import nameless, roleless
from tracker.domain.page import Changes, PersonPresence
from tracker.domain.task import Assignment, Occupancy, Part, Person, Role, Team
from tracker.services.organising import Days
from tracker.services.roster import By
from tracker.services.workspace import device_clock
from tracker.ui.monitor import window as windows
from tracker.ui.monitor.people.forms import (
    ChangePersonDialog,
    DisableDialog,
    HandOverDialog,
    NewPersonDialog,
)
from tracker.ui.monitor.people.page import PeoplePage
from tracker.ui.monitor.people.teams import TeamsDialog
from tracker.ui.monitor.projects import ProjectsPage
from tracker.ui.monitor.window import MONITOR, MonitorWindow

# Of popup menus, and of moving to a widget of a window that is not active.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
Monitor = Callable[..., MonitorWindow]


def page_of(window: MonitorWindow) -> PeoplePage:
    window.open_page(windows.PEOPLE)
    page = window.page(windows.PEOPLE)
    assert isinstance(page, PeoplePage)
    return page


def as_owner(open_window: Open) -> MonitorWindow:
    window = open_window("sara", "monitor").window
    assert isinstance(window, MonitorWindow)
    window.resize(1400, 760)
    return window


def names(page: PeoplePage) -> list[str]:
    return [page.table.words(user_id, By.NAME) for user_id in page.table.ids]


def dialog(window: MonitorWindow, kind: type) -> QDialog:
    (found,) = [d for d in window.findChildren(kind) if d.isVisible()]
    return found  # type: ignore[no-any-return]


def is_gone(form: QDialog) -> bool:
    return not isValid(form) or not form.isVisible()


def person(server: RunningServer, user_id: str) -> dict[str, object]:
    found: dict[str, object] = server.get("sara", f"/api/v1/people/{user_id}").json()
    return found


# -- the list ------------------------------------------------------------------------------------


def test_it_shows_everybody_with_their_day_and_their_work(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    server.clock.now = device_clock()
    server.task("ana", estimated_minutes=90, due_at=server.clock.now - DAY)
    server.task("ana")
    ana = server.device("ana")
    start = server.clock.now - 2 * HOUR
    args = {"state": "ACTIVE", "started_at": start, "ended_at": start + HOUR}
    ana.push(ana.action("occupancy", server.new_id(), args))
    server.pull("ana", unsent=2, occupancy="IDLE")
    page = page_of(open_monitor(open_window))
    assert names(page) == ["Ana Moreno", "Jonas Keller", "Rita Okafor", "Sara Lind"]
    user_id, table = server.users["ana"], page.table
    qtbot.waitUntil(lambda: table.words(user_id, By.DAY) == "active 1 h", timeout=PATIENCE)
    told = {head: table.words(user_id, head) for head in By}
    assert told == {
        By.NAME: "Ana Moreno", By.ROLE: "Employee", By.TEAM: "", By.NOW: "idle 1 h, 2 unsent",
        By.DAY: "active 1 h", By.OPEN: "2", By.HOURS: "1.5 h", By.OVERDUE: "1",
    }  # fmt: skip
    assert table.words(server.users["jonas"], By.NOW) == "never heard of"
    assert page.source.text().startswith("4 people · activity of ")
    # It follows what happens, without anybody asking for it.
    server.device("ana").do("complete", server.task("ana"))
    server.task("ana", "jonas")
    page.host.chip.click()
    qtbot.waitUntil(lambda: table.words(user_id, By.OPEN) == "3", timeout=PATIENCE)
    jonas = server.users["jonas"]
    qtbot.waitUntil(lambda: table.words(jonas, By.OPEN) == "1", timeout=PATIENCE)
    assert table.words(user_id, By.OPEN) == "3"


def test_it_is_searched_narrowed_and_ordered(monitor: Monitor, qtbot: QtBot) -> None:
    people = [*PEOPLE, Person(task_id(77), 9, "old", "Olga Berg", Role.OWNER, False)]
    people[0] = replace(people[0], team_id="t1")
    late = task(task_id(1), due_at=1)
    window = monitor(late, people=people, teams=[Team("t1", 1, "Night shift", False)])
    page = page_of(window)
    assert names(page) == ["Ana Moreno", "Rita Okafor"]
    qtbot.keyClicks(page.search.edit, "okaf")
    qtbot.waitUntil(lambda: names(page) == ["Rita Okafor"])
    page.search.edit.clear()
    pick(qtbot, page.team, "Night shift")
    assert names(page) == ["Ana Moreno"]
    pick(qtbot, page.role, "Admin")
    assert names(page) == []
    assert page.empty.isVisible()
    pick(qtbot, page.team, "No team")
    assert names(page) == ["Rita Okafor"]
    pick(qtbot, page.role, "All roles")
    pick(qtbot, page.who, "Everybody")
    assert names(page) == ["Olga Berg (disabled)", "Rita Okafor"]
    pick(qtbot, page.team, "All teams")
    header = page.table.horizontalHeader()
    place = list(By).index(By.OVERDUE)
    if header.isSectionHidden(place):
        window.resize(1400, 700)
        settle()
    middle = header.viewport().rect().center()
    middle.setX(header.sectionViewportPosition(place) + header.sectionSize(place) // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert names(page)[0] == "Ana Moreno"
    assert page.sort.text() == "Sort: Overdue"
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert names(page)[-1] == "Ana Moreno"
    pick(qtbot, page.sort, "Person")
    assert names(page)[0] == "Ana Moreno"


def test_who_is_chosen_stays_chosen_where_they_are(monitor: Monitor) -> None:
    people = [
        *PEOPLE,
        *(Person(task_id(500 + n), 10 + n, f"p{n}", f"Person {n:03}", Role.EMPLOYEE, True)
          for n in range(60)),
    ]  # fmt: skip
    window = monitor(task(task_id(1)), people=people)
    window.resize(1400, 760)
    page = page_of(window)
    wanted = task_id(540)
    page.table.choose(wanted)
    page.table.verticalScrollBar().setValue(300)
    window.work.confirmed.save_presence([PersonPresence(wanted, device_clock(), 0, Occupancy.IDLE)])
    window.show_changes(Changes(people=True))
    assert page.table.words(wanted, By.NOW) == "idle"
    assert page.table.current == wanted
    assert page.table.verticalScrollBar().value() == 300
    page._order(By.NOW, down=False)
    assert page.table.ids[0] == wanted
    assert page.table.current == wanted
    page.narrow(text="Ana")
    assert page.table.current == ""
    assert page.panel.user_id == wanted


def test_five_hundred_people_and_many_tasks_do_not_hold_the_window_up(monitor: Monitor) -> None:
    """Whatever the machine: no step works through all the tasks, and none has a widget."""
    people = [
        *PEOPLE,
        *(Person(task_id(90_000 + n), 10 + n, f"p{n}", f"Person {n:03}", Role.EMPLOYEE, True)
          for n in range(500)),
    ]  # fmt: skip
    tasks = [task(task_id(n)) for n in range(1, 6_001)]
    window = monitor(*tasks, people=people)
    before = len(window.findChildren(object))
    page = page_of(window)
    assert not page._counting.workload.is_whole
    assert "counting tasks" in page.source.text()
    assert len(window.findChildren(object)) - before < 300
    until = time.monotonic() + PATIENCE / 1000
    while not page._counting.workload.is_whole and time.monotonic() < until:
        QApplication.processEvents()
    assert page.table.words(ANA, By.OPEN) == "6000"
    assert "counting" not in page.source.text()


# -- one person ----------------------------------------------------------------------------------


def test_the_details_tell_devices_and_open_tasks(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    one = server.task("ana", title="Replace seal", estimated_minutes=60)
    window = open_monitor(open_window)
    window.resize(1400, 760)
    page = page_of(window)
    server.device("ana").post([], unsent=4)
    page.table.choose(server.users["ana"])
    panel = page.panel
    assert panel.isVisible()
    assert panel.name.text() == "Ana Moreno"
    qtbot.waitUntil(
        lambda: any("4 unsent" in line.accessibleName() for line in panel.devices.lines),
        timeout=PATIENCE,
    )
    assert panel.tasks_head.text() == "Open tasks: 1"
    assert panel.tasks_words.text() == "1 h estimated"
    assert not panel.change.isVisible()
    assert panel.only_owners.text() == "Only owners change people: ask Sara Lind."
    assert not page.new.isVisible()
    panel.tasks.choose(one)
    qtbot.keyClick(panel.tasks, Qt.Key.Key_Return)
    assert window._page == MONITOR
    assert window.cards.selected_id == one


def place_in(window: MonitorWindow, part: QWidget) -> QRect:
    return QRect(part.mapTo(window, QPoint(0, 0)), part.size())


def test_a_person_is_where_a_task_is_beside_the_list(monitor: Monitor, qtbot: QtBot) -> None:
    window = monitor(task(task_id(1)))
    window.resize(1440, 900)
    window.cards.select(task_id(1))
    settle()
    beside = place_in(window, window.pane)
    page = page_of(window)
    settle()
    page.table.choose(ANA)
    settle()
    assert place_in(window, page.panel) == beside
    assert (beside.top(), beside.right()) == (0, 1439)
    search = place_in(window, page.search)
    window.open_page(windows.PROJECTS)
    settle()
    other = window.page(windows.PROJECTS)
    assert isinstance(other, ProjectsPage)
    assert place_in(window, other.search).topLeft() == search.topLeft()


def test_the_first_hundred_tasks_are_listed_and_all_can_be_shown(
    monitor: Monitor, qtbot: QtBot
) -> None:
    tasks = [task(task_id(n), due_at=n * HOUR) for n in range(1, 131)]
    window = monitor(*tasks)
    window.resize(1400, 760)
    page = page_of(window)
    page.table.choose(ANA)
    panel = page.panel
    assert panel.tasks.ids == [task_id(n) for n in range(1, 101)]
    assert "the 100 due first are here" in panel.tasks_words.text()
    press(qtbot, panel.show_tasks)
    assert window._page == MONITOR
    assert (window.filter.person, window.grid.person.value) == (ANA, ANA)
    assert len(window.cards.ids) == 130


def test_a_narrow_window_shows_one_or_the_other(monitor: Monitor, qtbot: QtBot) -> None:
    window = monitor(task(task_id(1)))
    window.resize(980, 560)
    page = page_of(window)
    page.table.choose(ANA)
    assert page.table.isVisible()
    assert not page.panel.isVisible()
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert page.panel.isVisible()
    assert not page.table.isVisible()
    press(qtbot, page.panel.close_button)
    assert page.table.isVisible()
    assert page.table.current == ANA
    for head, section in zip(By, range(len(By)), strict=True):
        shown = not page.table.isColumnHidden(section)
        assert shown or head in (By.ROLE, By.TEAM, By.HOURS, By.DAY)
    table = page.table
    assert sum(table.columnWidth(n) for n in range(len(By))) <= table.viewport().width()


# -- what owners do ------------------------------------------------------------------------------


def test_somebody_new_is_let_in_and_there_within_a_second(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    server.post("sara", "/api/v1/teams", {"name": "Night shift"})
    desk, window = open_desk(open_window), as_owner(open_window)
    page = page_of(window)
    press(qtbot, page.new)
    form = dialog(window, NewPersonDialog)
    assert isinstance(form, NewPersonDialog)
    press(qtbot, form.button)
    assert form.problem_of("display_name").endswith("(E2017)")
    assert form.problem_of("name").endswith("(E2017)")
    qtbot.keyClicks(form.display_name.edit, "Mei Tanaka")
    assert form.name.edit.text() == "mei"
    assert form.problem_of("name") == ""
    suggested = form.password.edit.text()
    assert len(suggested) == 19
    form.password.edit.setText("short")
    assert form.problem_of("password").endswith("(E2040)")
    form.password.edit.setText(suggested)
    assert form.problem_of("password") == ""
    pick(qtbot, form.role, "Admin")
    pick(qtbot, form.team, "Night shift")
    press(qtbot, form.button)
    qtbot.waitUntil(lambda: form.cancel.text() == "Done", timeout=PATIENCE)
    press(qtbot, form.copy)
    assert QGuiApplication.clipboard().text() == suggested
    assert "Mei Tanaka" in names(page)
    user_id = next(one for one in page.table.ids if page.table.words(one, By.NAME) == "Mei Tanaka")
    assert (page.table.current, page.panel.user_id) == (user_id, user_id)
    assert page.table.words(user_id, By.TEAM) == "Night shift"
    assert page.table.words(user_id, By.ROLE) == "Admin"
    grant = server.post(None, "/api/v1/session", {"name": "mei", "password": suggested})
    assert grant.status_code == 200
    qtbot.waitUntil(lambda: user_id in desk.board.people, timeout=PATIENCE)
    press(qtbot, form.cancel)


def test_a_name_that_is_taken_is_said_at_its_field_and_the_form_stays(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = as_owner(open_window)
    page = page_of(window)
    page.new_person()
    form = dialog(window, NewPersonDialog)
    assert isinstance(form, NewPersonDialog)
    qtbot.keyClicks(form.display_name.edit, "Ana Novak")
    qtbot.keyClick(form.display_name.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: form.problem_of("name") != "", timeout=PATIENCE)
    assert form.problem_of("name") == "The name ana is taken. (E5012)"
    assert "Unable to let them in (E5012)" in form.problem.text()
    assert form.display_name.edit.text() == "Ana Novak"
    qtbot.keyClicks(form.name.edit, ".n")
    assert form.problem_of("name") == ""
    qtbot.keyClick(form.name.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: form.cancel.text() == "Done", timeout=PATIENCE)
    assert len(server.get("sara", "/api/v1/people").json()["people"]) == 5
    form.close()


def test_without_a_connection_the_form_says_so_and_goes_on_later(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    made = open_window("sara", "monitor")
    window = made.window
    assert isinstance(window, MonitorWindow)
    page = page_of(window)
    qtbot.waitUntil(lambda: "activity of" in page.source.text(), timeout=PATIENCE)
    server.port = int(server.url.rpartition(":")[2])
    server.stop()
    page.ask()
    qtbot.waitUntil(lambda: "(E4001)" in page.source.text(), timeout=PATIENCE)
    assert "need a connection" in page.source.text()
    assert "activity of" in page.source.text()
    page.new_person()
    form = dialog(window, NewPersonDialog)
    assert isinstance(form, NewPersonDialog)
    form.display_name.edit.setText("Mei Tanaka")
    press(qtbot, form.button)
    qtbot.waitUntil(lambda: "(E4001)" in form.problem.text(), timeout=PATIENCE)
    assert form.display_name.edit.text() == "Mei Tanaka"
    server.start()
    press(qtbot, form.button)
    qtbot.waitUntil(lambda: form.cancel.text() == "Done", timeout=PATIENCE)
    form.close()
    press(qtbot, page.refresh)
    qtbot.waitUntil(lambda: "(E4001)" not in page.source.text(), timeout=PATIENCE)


def test_somebody_is_changed_and_what_others_changed_is_told(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = as_owner(open_window)
    page = page_of(window)
    user_id = server.users["ana"]
    page.table.choose(user_id)
    press(qtbot, page.panel.change)
    form = dialog(window, ChangePersonDialog)
    assert isinstance(form, ChangePersonDialog)
    server.client("sara").patch(f"/api/v1/people/{user_id}", json={"role": "ADMIN"})
    form.display_name.edit.setText("Ana Ruiz")
    press(qtbot, form.button)
    qtbot.waitUntil(lambda: "(E5062)" in form.problem.text(), timeout=PATIENCE)
    assert "It is now role: admin." in form.problem.text()
    assert form.display_name.edit.text() == "Ana Ruiz"
    assert person(server, user_id)["display_name"] == "Ana Moreno"
    press(qtbot, form.button)
    qtbot.waitUntil(lambda: is_gone(form), timeout=PATIENCE)
    found = person(server, user_id)
    assert (found["display_name"], found["role"]) == ("Ana Ruiz", "ADMIN")
    assert page.panel.name.text() == "Ana Ruiz"
    settle()


def test_disabling_says_what_it_means_and_can_be_undone(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    server.task("ana")
    window = as_owner(open_window)
    page = page_of(window)
    user_id = server.users["ana"]
    page.table.choose(user_id)
    press(qtbot, page.panel.switch)
    form = dialog(window, DisableDialog)
    assert isinstance(form, DisableDialog)
    assert form.focusWidget() is form.cancel
    press(qtbot, form.button)
    qtbot.waitUntil(lambda: is_gone(form), timeout=PATIENCE)
    assert not person(server, user_id)["active"]
    assert window.toast.headline.text() == "Disabled: Ana Moreno"
    assert "Ana Moreno" not in names(page)
    assert page.panel.switch.text() == "Let in again"
    press(qtbot, window.toast.button)
    qtbot.waitUntil(lambda: bool(person(server, user_id)["active"]), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "Ana Moreno" in names(page), timeout=PATIENCE)
    page._switch(user_id)
    form = dialog(window, DisableDialog)
    assert isinstance(form, DisableDialog)
    press(qtbot, form.show_tasks)
    assert window._page == MONITOR
    assert window.filter.person == user_id
    settle()


def test_the_last_owner_cannot_lock_everybody_out(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = as_owner(open_window)
    page = page_of(window)
    page.table.choose(server.users["sara"])
    press(qtbot, page.panel.switch)
    form = dialog(window, DisableDialog)
    assert isinstance(form, DisableDialog)
    press(qtbot, form.button)
    qtbot.waitUntil(lambda: "(E5060)" in form.problem.text(), timeout=PATIENCE)
    assert "Make somebody else an owner first." in form.problem.text()
    assert person(server, server.users["sara"])["active"]
    form.close()


def test_teams_are_made_filled_and_archived(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = as_owner(open_window)
    page = page_of(window)
    press(qtbot, page.teams)
    form = dialog(window, TeamsDialog)
    assert isinstance(form, TeamsDialog)
    assert form.source.text() == "No teams yet."
    press(qtbot, form.new)
    (naming,) = [d for d in window.findChildren(QDialog) if d.isVisible() and d is not form]
    naming.name.edit.setText("Night shift")  # type: ignore[attr-defined]
    press(qtbot, naming.button)  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: len(form.teams.ids) == 1, timeout=PATIENCE)
    (team_id,) = form.teams.ids
    assert form.teams.current == team_id
    form._move(server.users["ana"], team_id)
    qtbot.waitUntil(lambda: form.people.ids == [server.users["ana"]], timeout=PATIENCE)
    assert form.teams.words(team_id, "People") == "1"
    assert page.table.words(server.users["ana"], By.TEAM) == "Night shift"
    form.people.choose(server.users["ana"])
    press(qtbot, form.take_out)
    qtbot.waitUntil(lambda: form.people.ids == [], timeout=PATIENCE)
    press(qtbot, form.archive)
    qtbot.waitUntil(lambda: form.teams.ids == [], timeout=PATIENCE)
    press(qtbot, form.archived)
    assert form.teams.words(team_id, "Team") == "Night shift (archived)"
    (found,) = server.get("rita", "/api/v1/teams").json()["teams"]
    assert (found["name"], found["archived"]) == ("Night shift", True)
    form.close()
    settle()


# -- for everybody ---------------------------------------------------------------------------------


def test_it_can_be_used_by_keys_alone(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = as_owner(open_window)
    page = page_of(window)
    window.activateWindow()
    page.sort.setFocus()
    qtbot.keyClick(page.sort, Qt.Key.Key_Tab)
    assert page.table.hasFocus()
    assert page.table.current == server.users["ana"]
    qtbot.keyClick(page.table, Qt.Key.Key_Down)
    assert page.table.current == server.users["jonas"]
    qtbot.keyClick(page.table, Qt.Key.Key_End)
    assert page.table.current == server.users["sara"]
    qtbot.keyClick(page.table, Qt.Key.Key_Home)
    assert page.panel.name.text() == "Ana Moreno"
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert QApplication.focusWidget() is page.panel.close_button
    visited = []
    for _ in range(12):
        focused = QApplication.focusWidget()
        assert focused is not None
        visited.append(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    parts = [page.panel.change, page.panel.switch, page.panel.show_tasks]
    assert [visited.index(part) for part in parts] == sorted(visited.index(p) for p in parts)


def test_commands_lead_to_what_the_pages_do(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = as_owner(open_window)
    listed = {action.text(): action for action in window.commands.listed()}
    listed["New person"].trigger()
    form = dialog(window, NewPersonDialog)
    assert window._page == windows.PEOPLE
    form.close()
    listed["Search"].trigger()
    assert window._page == windows.PEOPLE
    assert window.focusWidget() is window.page(windows.PEOPLE).search.edit  # type: ignore[attr-defined]
    settle()


def test_admins_are_not_offered_what_only_owners_do(monitor: Monitor) -> None:
    window = monitor(task(task_id(1)))
    listed = [action.text() for action in window.commands.listed()]
    assert "New project" in listed
    assert "New person" not in listed


def test_everything_has_a_name_and_a_role(monitor: Monitor) -> None:
    window = monitor(task(task_id(1)))
    window.resize(1400, 760)
    page = page_of(window)
    now = device_clock()
    page._heard(Days(now - DAY, now, {}, {ANA: {Occupancy.ACTIVE: HOUR}}))
    page.table.choose(ANA)
    settle()
    assert nameless(window) == []
    assert roleless(window) == []
    table = QAccessible.queryAccessibleInterface(page.table)
    assert table.role() is QAccessible.Role.Table
    said = [
        page.table.model().index(0, column).data(Qt.ItemDataRole.AccessibleTextRole)
        for column in range(len(By))
    ]
    assert said[0] == "Person: Ana Moreno"
    assert "Now: never heard of" in said
    assert "Last 24 hours: active 1 h" in said
    assert "Open: 1" in said
    page.new_person()
    page.open_teams()
    page.change_person(RITA)
    page._switch(ANA)
    for form in window.findChildren(QDialog):
        assert nameless(form) == []
        assert roleless(form) == []
        form.close()
    settle()


def test_somebody_on_several_tasks_has_their_share(monitor: Monitor) -> None:
    first = task(task_id(1), estimated_minutes=600)
    share = [Assignment(first.id, ANA, Part.ASSIGNEE, 25, RITA, 1),
             Assignment(first.id, RITA, Part.REVIEWER, 100, RITA, 1)]  # fmt: skip
    page = page_of(monitor(first, assignments=share))
    assert page.table.words(ANA, By.HOURS) == "2.5 h"
    assert page.table.words(RITA, By.OPEN) == "0"


def test_a_form_that_was_closed_while_the_server_was_asked(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = as_owner(open_window)
    page = page_of(window)
    page.new_person()
    form = dialog(window, NewPersonDialog)
    assert isinstance(form, NewPersonDialog)
    form.display_name.edit.setText("Mei Tanaka")
    password = form.password.edit.text()
    press(qtbot, form.button)
    form.close()
    settle()
    assert not isValid(form)
    qtbot.waitUntil(lambda: bool(shown(window, HandOverDialog)), timeout=PATIENCE)
    handed = dialog(window, HandOverDialog)
    assert isinstance(handed, HandOverDialog)
    assert [field.edit.text() for field in handed.fields] == ["mei", password]
    assert nameless(handed) == []
    press(qtbot, handed.copy)
    assert QGuiApplication.clipboard().text() == password
    handed.close()
    page.table.choose(server.users["ana"])
    press(qtbot, page.panel.change)
    change = dialog(window, ChangePersonDialog)
    assert isinstance(change, ChangePersonDialog)
    change.display_name.edit.setText("Ana Ruiz")
    press(qtbot, change.button)
    change.close()
    settle()
    qtbot.waitUntil(
        lambda: window.toast.headline.text() == "Change Ana Moreno: done.", timeout=PATIENCE
    )
    assert window.toast.sentence.text() == "Ana Ruiz"


def test_a_form_that_was_closed_says_what_went_wrong_and_can_go_on(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = as_owner(open_window)
    page = page_of(window)
    server.port = int(server.url.rpartition(":")[2])
    server.stop()
    page.new_person()
    form = dialog(window, NewPersonDialog)
    assert isinstance(form, NewPersonDialog)
    form.display_name.edit.setText("Mei Tanaka")
    password = form.password.edit.text()
    press(qtbot, form.button)
    form.close()
    settle()
    qtbot.waitUntil(lambda: "(E4001)" in window.toast.headline.text(), timeout=PATIENCE)
    server.start()
    press(qtbot, window.toast.button)
    qtbot.waitUntil(lambda: bool(shown(window, HandOverDialog)), timeout=PATIENCE)
    handed = dialog(window, HandOverDialog)
    assert isinstance(handed, HandOverDialog)
    assert [field.edit.text() for field in handed.fields] == ["mei", password]
    handed.close()


def shown(window: MonitorWindow, kind: type) -> list[QDialog]:
    return [d for d in window.findChildren(kind) if d.isVisible()]


def test_what_the_server_said_is_shown_by_a_window_that_is_hidden(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = as_owner(open_window)
    page = page_of(window)
    user_id = server.users["ana"]
    page.table.choose(user_id)
    press(qtbot, page.panel.change)
    form = dialog(window, ChangePersonDialog)
    assert isinstance(form, ChangePersonDialog)
    form.display_name.edit.setText("Ana Ruiz")
    press(qtbot, form.button)
    window.hide()
    qtbot.waitUntil(lambda: is_gone(form), timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.toast.headline.text() == "Changed: Ana Ruiz", timeout=PATIENCE)
    assert window.board.people[user_id].display_name == "Ana Ruiz"
    settle()


def test_a_form_ends_with_its_window(monitor: Monitor, qtbot: QtBot) -> None:
    people = [PEOPLE[0], replace(PEOPLE[1], role=Role.OWNER)]
    window = monitor(people=people)
    ChangePersonDialog(window, people[0], "", lambda _person: None).open()
    HandOverDialog(window, people[0], "secret").show()
    assert len(shown(window, QDialog)) == 2
    assert window.quit()
    assert shown(window, QDialog) == []
