"""The assign form: each field says what is wrong with it, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from tests.support.client import page, task
from tests.support.server import RunningServer
from tests.support.windows import (
    ANA,
    PATIENCE,
    PEOPLE,
    PROJECT,
    RITA,
    Open,
    delivered,
    open_desk,
    open_monitor,
    pick,
    press,
    task_id,
    waits,
)
from tracker.domain.errors import InputError
from tracker.domain.task import Part, Priority, Status
from tracker.services.tasks import NewTask
from tracker.services.typed import read_due, read_minutes, read_title
from tracker.services.workspace import device_clock
from tracker.ui.monitor.assign import AssignPage
from tracker.ui.monitor.window import ASSIGN, MonitorWindow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # of popup menus


@pytest.fixture
def form(monitor: Callable[..., MonitorWindow]) -> AssignPage:
    window = monitor(task(task_id(1)))
    window.open_page(ASSIGN)
    made = window.page(ASSIGN)
    assert isinstance(made, AssignPage)
    return made


def fill(form: AssignPage, **values: str) -> None:
    """A good form, except for `values`."""
    good = {"title": "Replace seal", "due": "2099-12-31 17:00", "estimate": "90", **values}
    form.title.edit.setText(good["title"])
    form.due.edit.setText(good["due"])
    form.estimate.edit.setText(good["estimate"])
    form.people.add(ANA)


@pytest.fixture
def submitted(form: AssignPage) -> list[NewTask]:
    said: list[NewTask] = []
    form.submitted.connect(said.append)
    return said


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("title", "", "E2001"),
        ("title", "   ", "E2001"),
        ("title", "x" * 201, "E2002"),
        ("due", "someday", "E2004"),
        ("due", "2026-02-30", "E2004"),
        ("due", "31.12.2026", "E2004"),
        ("estimate", "0", "E2015"),
        ("estimate", "-5", "E2015"),
        ("estimate", "1.5", "E2015"),
        ("estimate", "٣", "E2015"),
        ("estimate", "an hour", "E2015"),
    ],
)
def test_a_bad_field_is_named_with_its_code_and_nothing_is_sent(
    form: AssignPage, submitted: list[NewTask], qtbot: QtBot, field: str, text: str, code: str
) -> None:
    fill(form, **{field: text})
    press(qtbot, form.button)
    assert form.problem(field).endswith(f"({code})")
    others = {"title", "people", "due", "estimate"} - {field}
    assert [form.problem(other) for other in others] == ["", "", ""]
    edit = {"title": form.title, "due": form.due, "estimate": form.estimate}[field].edit
    assert edit.accessibleDescription() == form.problem(field)
    assert submitted == []
    fill(form)
    assert form.problem(field) == ""
    press(qtbot, form.button)
    assert len(submitted) == 1


def test_somebody_must_do_it(form: AssignPage, submitted: list[NewTask], qtbot: QtBot) -> None:
    fill(form)
    press(qtbot, form.people.rows[ANA].remove)
    assert form.problem("people").endswith("(E2016)")
    press(qtbot, form.button)
    assert submitted == []
    form.people.add(ANA)
    assert form.problem("people") == ""


def test_all_that_was_chosen_is_in_what_is_sent(
    form: AssignPage, submitted: list[NewTask], qtbot: QtBot
) -> None:
    fill(form, due="2099-12-31", estimate="")
    form.description.setPlainText("Take the new gasket.\nSecond line.")
    pick(qtbot, form.priority, "Urgent")
    pick(qtbot, form.project, "Hall B retrofit")
    press(qtbot, form.button)
    (new,) = submitted
    assert (new.title, new.description) == ("Replace seal", "Take the new gasket.\nSecond line.")
    assert (new.priority, new.project_id) == (Priority.URGENT, PROJECT)
    assert (new.due_at, new.due_date, new.estimated_minutes) == (None, "2099-12-31", None)
    assert [user_id for user_id, _, _ in new.people] == [ANA]


def test_an_admin_is_asked_to_review(form: AssignPage) -> None:
    form.people.add(RITA)
    assert form.people.chosen[0].part is Part.REVIEWER
    assert form.problem("people").endswith("(E2016)")


@pytest.mark.parametrize("text", ["2099-12-31T17:00", " 2099-12-31 17:00 ", "2099-12-31 17:00:00"])
def test_an_instant_can_be_typed_in_several_ways(text: str) -> None:
    assert read_due(text) == read_due("2099-12-31 17:00")


def test_a_pasted_mile_of_digits_is_refused_too() -> None:
    with pytest.raises(InputError):
        read_minutes("9" * 5_000)


@pytest.mark.parametrize("text", ["lone \ud800", "nul \x00"])
def test_a_title_that_no_database_can_keep_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_title(text)
    assert refused.value.code == "E2008"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize("text", ["0001-01-01 00:00", "9999-12-31 23:59"])
def test_a_due_at_the_ends_of_the_calendar_is_refused(
    in_zone: Callable[[str], None], zone: str, text: str
) -> None:
    in_zone(zone)
    with pytest.raises(InputError) as refused:
        read_due(text)
    assert refused.value.code == "E2004"


def form_of(open_window: Open, qtbot: QtBot) -> MonitorWindow:
    monitor = open_monitor(open_window)
    press(qtbot, monitor.rail.rows[ASSIGN])
    assert monitor.page(ASSIGN).title.edit.hasFocus() or not monitor.isActiveWindow()
    return monitor


def test_an_assigned_task_appears_at_the_employee_within_seconds(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    desk = open_desk(open_window)
    monitor = form_of(open_window, qtbot)
    form = monitor.page(ASSIGN)
    qtbot.keyClicks(form.title.edit, "Replace pump seal")
    form.people.add(server.users["ana"])
    pick(qtbot, form.priority, "High")
    press(qtbot, form.button)
    assert monitor.toast.headline.text() == "Assigned to Ana Moreno: Replace pump seal"
    assert form.title.edit.text() == ""
    qtbot.waitUntil(lambda: len(desk.cards.cards()) == 1, timeout=PATIENCE)
    (card,) = desk.cards.cards()
    assert card.isVisible()
    assert card.accessibleName() == "Replace pump seal, priority high, Pending, 0 %, saved"
    assert desk.rail.rows["All tasks"].accessibleName() == "My tasks, 1"


def test_a_new_task_can_be_undone_before_and_after_it_was_sent(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    monitor = form_of(open_window, qtbot)
    form = monitor.page(ASSIGN)
    for sent in (True, False):
        if not sent:
            monitor.acted.disconnect()
            server.stop()
        qtbot.keyClicks(form.title.edit, "By mistake")
        form.people.add(server.users["ana"])
        press(qtbot, form.button)
        if sent:
            delivered(monitor, qtbot)
        press(qtbot, monitor.toast.button)
        if sent:
            delivered(monitor, qtbot)
            ((status,),) = server.sql("SELECT status FROM tasks")
            assert status == Status.CANCELLED.value
            press(qtbot, monitor.rail.rows[ASSIGN])
    qtbot.waitUntil(
        lambda: waits(monitor) == 0 or waits(monitor) == 2, timeout=PATIENCE
    )  # withdrawn, or tried meanwhile and cancelled behind


def test_a_refusal_leaves_the_form_filled(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    monitor = form_of(open_window, qtbot)
    form = monitor.page(ASSIGN)
    form.title.edit.setText("Too much to say")
    form.description.setPlainText("x" * 50_000)
    form.people.add(server.users["ana"])
    press(qtbot, form.button)
    assert monitor.toast.headline.text().startswith("Unable to create the task (E")
    assert form.title.edit.text() == "Too much to say"
    assert len(form.description.toPlainText()) == 50_000
    assert waits(monitor) == 0


def test_a_refresh_does_not_disturb_a_form_half_filled(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    monitor = form_of(open_window, qtbot)
    form = monitor.page(ASSIGN)
    qtbot.keyClicks(form.title.edit, "Half")
    form.people.add(server.users["ana"])
    server.task("jonas", title="Another")
    press(qtbot, monitor.chip)
    qtbot.waitUntil(lambda: len(monitor.board.views) == 1, timeout=PATIENCE)
    assert form.isVisible()
    assert form.title.edit.text() == "Half"
    assert list(form.people.rows) == [server.users["ana"]]


def test_people_are_renamed_and_who_left_is_not_chosen_any_more(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    window = monitor(task(task_id(1)))
    window.open_page(ASSIGN)
    form = window.page(ASSIGN)
    form.people.add(ANA)
    row = form.people.rows[ANA]
    for version, person in enumerate(
        (replace(PEOPLE[0], display_name="Ana Ruiz"), replace(PEOPLE[0], active=False)), 11
    ):
        found = window.work.confirmed.apply(page(version, people=[person]), device_clock())
        window.show_changes(found)
        if person.active:
            assert row.accessibleName() == "Ana Ruiz"
            assert row.remove.accessibleName() == "Remove Ana Ruiz"
    assert form.people.rows == {}
    assert form.said.text() == "Ana Ruiz cannot sign in any more and was taken off."
    assert form.problem("people").endswith("(E2016)")
