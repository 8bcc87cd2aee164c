"""The whole assign form: people with parts and shares, other tasks, drafts and templates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QWidget
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
    settle,
    task_id,
    waits,
)
from tracker.domain.change import Kind
from tracker.domain.errors import EnvironmentFault
from tracker.domain.page import Changes
from tracker.domain.task import Part, Person, Role, Status
from tracker.services.templates import Chosen, Form
from tracker.ui.dialogs.choosing import Chooser
from tracker.ui.dialogs.form import Dialog
from tracker.ui.monitor.assign import DRAFT, AssignPage
from tracker.ui.monitor.template_dialogs import SaveTemplate, TemplatesDialog
from tracker.ui.monitor.window import ASSIGN, MONITOR, MonitorWindow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
JO = "00000000-0000-7000-8000-0000000000dd"
STAFF = [*PEOPLE, Person(JO, 4, "jonas", "Jonas Keller", Role.EMPLOYEE, True)]
Monitor = Callable[..., MonitorWindow]


def form_in(window: MonitorWindow) -> AssignPage:
    window.open_page(ASSIGN)
    made = window.page(ASSIGN)
    assert isinstance(made, AssignPage)
    return made


@pytest.fixture
def form(monitor: Monitor) -> AssignPage:
    tasks = [task(task_id(n), number=n, title=f"Task {n}") for n in (1, 2, 3)]
    window = monitor(*tasks, people=STAFF)
    window.resize(1440, 900)
    return form_in(window)


def dialog_of(form: AssignPage, kind: type[QDialog] = Chooser) -> QDialog:
    (found,) = [d for d in form.host.findChildren(kind) if d.isVisible()]
    return found


def choose(qtbot: QtBot, form: AssignPage, words: str) -> None:
    """Types into the chooser that is open, and takes the first."""
    chooser = dialog_of(form)
    assert isinstance(chooser, Chooser)
    qtbot.keyClicks(chooser.field.edit, words)
    qtbot.waitUntil(lambda: len(chooser._listed) == 1)
    with qtbot.waitSignal(chooser.finished):
        qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)
    settle()


# -- people ---------------------------------------------------------------------------------


def test_people_are_chosen_with_the_keyboard_alone(form: AssignPage, qtbot: QtBot) -> None:
    form.people.add_button.setFocus()
    for words in ("ana m", "JONAS"):
        qtbot.keyClick(form.people.add_button, Qt.Key.Key_Return)
        choose(qtbot, form, words)
        assert form.window().focusWidget() is form.people.add_button
    assert form.people.chosen == (
        Chosen(ANA, Part.ASSIGNEE, "50"), Chosen(JO, Part.ASSIGNEE, "50"),
    )  # fmt: skip
    assert form.problem("people") == ""


def test_who_is_chosen_is_not_offered_again(form: AssignPage, qtbot: QtBot) -> None:
    form.people.add(ANA)
    press(qtbot, form.people.add_button)
    chooser = dialog_of(form)
    assert isinstance(chooser, Chooser)
    assert [(o.words, o.beside) for o in chooser._listed] == [
        ("Jonas Keller (jonas)", ""), ("Rita Okafor (rita)", "Admin"),
    ]  # fmt: skip
    chooser.close()


def test_shares_are_even_until_somebody_types_one(form: AssignPage, qtbot: QtBot) -> None:
    for user_id in (ANA, JO, RITA):
        form.people.add(user_id)
    rows = form.people.rows
    pick(qtbot, rows[RITA].part, "Assignee")
    assert [row.percent.edit.text() for row in rows.values()] == ["34", "33", "33"]
    pick(qtbot, rows[RITA].part, "Watcher")
    assert [row.percent.edit.text() for row in rows.values()][:2] == ["50", "50"]
    assert not rows[RITA].percent.isVisible()
    rows[ANA].percent.edit.selectAll()
    qtbot.keyClicks(rows[ANA].percent.edit, "80")
    assert form.people.sum.text() == "The shares come to 130 %."
    form.people.remove(RITA)
    form.people.add(RITA)
    assert [row.percent.edit.text() for row in rows.values()][:2] == ["80", "50"]
    assert form.people.read() == [
        (ANA, Part.ASSIGNEE, 80), (JO, Part.ASSIGNEE, 50), (RITA, Part.REVIEWER, 100),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "101", "half"])
def test_a_share_that_is_none_is_named(form: AssignPage, qtbot: QtBot, text: str) -> None:
    form.people.add(ANA)
    edit = form.people.rows[ANA].percent.edit
    edit.selectAll()
    qtbot.keyClick(edit, Qt.Key.Key_Delete)
    qtbot.keyClicks(edit, text)
    assert form.problem("people").endswith("(E2010)")
    form.title.edit.setText("Seal")
    press(qtbot, form.button)
    assert waits(form.host) == 0
    edit.setText("100")
    assert form.problem("people") == ""


def test_five_hundred_people_are_no_five_hundred_widgets(monitor: Monitor, qtbot: QtBot) -> None:
    staff = [
        Person(task_id(1_000 + n), 10 + n, f"p{n}", f"Person {n:03}", Role.EMPLOYEE, True)
        for n in range(500)
    ]
    form = form_in(monitor(people=[*PEOPLE, *staff]))
    assert len(form.people.findChildren(QWidget)) < 12
    press(qtbot, form.people.add_button)
    choose(qtbot, form, "person 417")
    assert [row.accessibleName() for row in form.people.rows.values()] == ["Person 417"]


# -- other tasks ----------------------------------------------------------------------------


def test_tasks_are_chosen_by_words_or_number(form: AssignPage, qtbot: QtBot) -> None:
    press(qtbot, form.needs.button)
    choose(qtbot, form, "task 2")
    press(qtbot, form.needs.button)
    choose(qtbot, form, "#3")
    assert form.needs.ids == (task_id(2), task_id(3))
    press(qtbot, form.needs.button)
    chooser = dialog_of(form)
    assert isinstance(chooser, Chooser)
    qtbot.waitUntil(lambda: len(chooser._listed) == 1)  # not those that are chosen
    chooser.close()
    press(qtbot, form.needs.picks[task_id(2)].remove)
    assert form.needs.ids == (task_id(3),)
    press(qtbot, form.more)
    press(qtbot, form.parent_task.button)
    choose(qtbot, form, "task 1")
    assert form.parent_task.ids == (task_id(1),)
    assert not form.parent_task.button.isVisible()


def test_fifty_thousand_tasks_are_looked_through_in_slices(form: AssignPage, qtbot: QtBot) -> None:
    view = form.host.board.views[task_id(1)]
    form.host.board.views |= {
        task_id(n): replace(
            view, task=replace(view.task, id=task_id(n), number=n, title=f"Pump {n}")
        )
        for n in range(10, 50_000)
    }
    press(qtbot, form.needs.button)
    chooser = dialog_of(form)
    assert isinstance(chooser, Chooser)
    qtbot.waitUntil(lambda: len(chooser._listed) == 200)
    chooser.field.edit.setText("pump 4321")
    with qtbot.waitSignal(chooser.finished):
        qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)  # before the list is there
        assert chooser.isVisible()
    assert form.needs.ids == (task_id(4321),)


def test_a_task_that_went_meanwhile_is_told(form: AssignPage, qtbot: QtBot) -> None:
    window = form.host
    form.show_form(Form(title="Seal", people=(Chosen(ANA, percent="100"),), needs=(task_id(2),)))
    assert form.problem("needs") == ""
    archived = task(task_id(2), number=2, version=2, status=Status.ARCHIVED)
    window.show_changes(window.work.confirmed.apply(page(11, tasks=[archived]), 1))
    press(qtbot, form.button)
    assert form.problem("needs").endswith("(E5030)")
    assert waits(window) == 0


def test_a_task_with_all_of_it_reaches_the_server(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    first = server.task("ana", title="First")
    desk = open_desk(open_window)
    monitor = open_monitor(open_window)
    form = form_in(monitor)
    ana, jonas, rita = (server.users[name] for name in ("ana", "jonas", "rita"))
    form.show_form(
        Form(
            title="Second", description="All of it", due="2099-12-31 17:00", estimate="1h 30",
            people=(
                Chosen(ana, percent="70", typed=True), Chosen(jonas, percent="30", typed=True),
                Chosen(rita, Part.REVIEWER),
            ),
            project_id=server.world.project_id, needs=(first,), parent_id=first,
            task_type="Repair", scheduled="2099-12-01 08:00", revenue="1250.50",
        )
    )  # fmt: skip
    press(qtbot, form.button)
    delivered(monitor, qtbot)
    (made,) = [t for t in server.page("rita", scope="monitor")["tasks"] if t["title"] == "Second"]
    assert (made["task_type"], made["revenue_cents"], made["parent_id"]) == (
        "Repair", 125_050, first,
    )  # fmt: skip
    assert (made["estimated_minutes"], made["open_needs"]) == (90, 1)
    assert made["scheduled_at"] is not None
    people = {
        (row["user_id"], row["part"], row["percent"])
        for row in server.page("rita", scope="monitor")["assignments"]
        if row["task_id"] == made["id"]
    }
    assert people == {(ana, "ASSIGNEE", 70), (jonas, "ASSIGNEE", 30), (rita, "REVIEWER", 100)}
    qtbot.waitUntil(lambda: len(desk.cards.ids) == 2, timeout=PATIENCE)
    assert form.people.chosen[0] == Chosen(ana, percent="70", typed=True)
    assert form.project.value == server.world.project_id
    assert (form.title.edit.text(), form.needs.ids, form.revenue.edit.text()) == ("", (), "")


def test_undo_takes_the_task_and_what_it_waits_for(form: AssignPage, qtbot: QtBot) -> None:
    form.show_form(
        Form(title="Seal", people=(Chosen(ANA, percent="100"),), needs=(task_id(1), task_id(2)))
    )
    press(qtbot, form.button)
    window = form.host
    kinds = [item.action.kind for item in window.work.outbox.waiting()]
    assert kinds == [Kind.CREATE_TASK, Kind.DEPEND, Kind.DEPEND]
    press(qtbot, window.toast.button)
    assert waits(window) == 0
    assert len(window.board.views) == 3


# -- more, keys -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("task_type", "x" * 61, "E2002"),
        ("scheduled_at", "someday", "E2004"),
        ("revenue_cents", "1,50", "E2023"),
    ],
)
def test_what_is_wrong_under_more_is_opened(
    form: AssignPage, qtbot: QtBot, key: str, text: str, code: str
) -> None:
    form.show_form(Form(title="Seal", people=(Chosen(ANA, percent="100"),)))
    field = {
        "task_type": form.task_type, "scheduled_at": form.scheduled, "revenue_cents": form.revenue,
    }[key]  # fmt: skip
    field.edit.setText(text)
    assert form.problem(key).endswith(f"({code})")
    assert not field.isVisible()
    press(qtbot, form.button)
    assert field.isVisible()
    assert form.window().focusWidget() is field.edit
    assert waits(form.host) == 0


def test_ctrl_return_assigns_from_any_field(form: AssignPage, qtbot: QtBot) -> None:
    window = form.host
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for part in (form.title.edit, form.description):
        form.show_form(Form(title="Seal", people=(Chosen(ANA, percent="100"),)))
        part.setFocus()
        before = waits(window)
        qtbot.keyClick(part, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert waits(window) == before + 1


def test_tab_goes_through_the_form_as_it_is_read(form: AssignPage, qtbot: QtBot) -> None:
    form.host.activateWindow()
    form.people.add(ANA)
    form.needs.show_tasks([task_id(1)])
    form.more.setChecked(True)
    row = form.people.rows[ANA]
    wanted = [
        form.title.edit, form.description, row.part, row.percent.edit, row.remove,
        form.people.add_button, form.priority, form.project, form.due.edit, form.fields.pick,
        form.estimate.edit, form.needs.picks[task_id(1)].remove, form.needs.button, form.more,
        form.parent_task.button, form.task_type.edit, form.scheduled.edit,
    ]  # fmt: skip
    form.title.setFocus()
    seen = []
    for _ in wanted:
        focused = QApplication.focusWidget()
        assert focused is not None
        seen.append(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert seen == wanted


@pytest.mark.parametrize("width", [980, 1440])
def test_the_form_fits_its_window(form: AssignPage, width: int) -> None:
    form.host.resize(width, 560)
    form.show_form(Form(people=(Chosen(ANA), Chosen(JO), Chosen(RITA)), needs=(task_id(1),)))
    settle()
    ground = form._area.widget()
    assert ground.width() <= form._area.viewport().width()
    assert ground.minimumSizeHint().width() <= form._area.viewport().width()


# -- the calendar ---------------------------------------------------------------------------


def test_the_calendar_takes_a_time_of_day(form: AssignPage, qtbot: QtBot) -> None:
    from tracker.ui.widgets.moment import _Picker

    form.due.edit.setText("2099-12-31 17:00")
    press(qtbot, form.fields.pick)
    (picker,) = form.findChildren(_Picker)
    assert picker.time.edit.text() == "17:00"
    picker.time.edit.setText("25:00")
    qtbot.keyClick(picker.time.edit, Qt.Key.Key_Return)
    assert form.due.edit.text() == "2099-12-31 17:00"
    picker.time.edit.setText("7:30")
    qtbot.keyClick(picker.time.edit, Qt.Key.Key_Return)
    assert form.due.edit.text() == "2099-12-31 07:30"
    assert form.problem("due") == ""
    settle()
    press(qtbot, form.fields.pick)
    (picker,) = form.findChildren(_Picker)
    picker._choose("")
    assert form.due.edit.text() == "2099-12-31"


# -- drafts ---------------------------------------------------------------------------------

FILLED = Form(
    title="Half", description="typed", due="someday", people=(Chosen(ANA, percent="40", typed=True),
    Chosen(JO, percent="60")), project_id=PROJECT, needs=(task_id(1),), estimate="x",
    parent_id=task_id(2), task_type="Repair", scheduled="tomorrow", revenue="5",
)  # fmt: skip


def test_a_half_filled_form_outlives_the_window(monitor: Monitor, qtbot: QtBot) -> None:
    tasks = [task(task_id(n), number=n) for n in (1, 2)]
    window = monitor(*tasks, people=STAFF)
    form = form_in(window)
    form.show_form(FILLED)
    window.open_page(MONITOR)
    window.open_page(ASSIGN)
    assert form.form == FILLED
    window.close()
    again = form_in(monitor(*tasks, people=STAFF))
    assert again.form == FILLED
    assert again.problem("due").endswith("(E2004)")
    assert again.problem("title") == ""


def test_it_is_kept_while_it_is_typed(form: AssignPage, qtbot: QtBot) -> None:
    qtbot.keyClicks(form.title.edit, "Half")
    outbox = form.host.work.outbox
    qtbot.waitUntil(lambda: '"title": "Half"' in outbox.draft(*DRAFT))
    press(qtbot, form.clear_button)
    assert outbox.draft(*DRAFT) == ""
    press(qtbot, form.host.toast.button)
    assert form.title.edit.text() == "Half"


def test_a_disk_that_does_not_take_the_draft_is_told_once(
    form: AssignPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, outbox = form.host, form.host.work.outbox

    def full(*_args: object) -> str:
        raise EnvironmentFault("E3001")

    with monkeypatch.context() as disk:
        disk.setattr(outbox, "save_draft", full)
        qtbot.keyClicks(form.title.edit, "Half")
        window.close()
        assert window.isVisible()
        assert window.toast.headline.text() == "Unable to keep the form (E3001)"
    press(qtbot, window.toast.button)
    assert '"Half"' in outbox.draft(*DRAFT)


@pytest.mark.parametrize("text", ["{", "[]", '{"people": 3, "needs": "x", "priority": []}'])
def test_a_draft_that_is_none_makes_an_empty_form(monitor: Monitor, text: str) -> None:
    window = monitor(task(task_id(1)))
    window.work.outbox.save_draft(*DRAFT, text, 1)
    assert form_in(window).form == Form()


# -- templates ------------------------------------------------------------------------------


def test_a_template_is_saved_and_fills_the_form(form: AssignPage, qtbot: QtBot) -> None:
    form.show_form(replace(FILLED, due="2099-01-01 08:00", estimate="90"))
    press(qtbot, form.save_template)
    saving = dialog_of(form, SaveTemplate)
    assert isinstance(saving, SaveTemplate)
    saving.field.edit.setText("Weekly round")
    press(qtbot, saving.save)
    assert form.host.toast.headline.text() == "Saved as template: Weekly round"
    press(qtbot, form.clear_button)
    press(qtbot, form.from_template)
    listing = dialog_of(form, TemplatesDialog)
    assert isinstance(listing, TemplatesDialog)
    qtbot.keyClicks(listing.field.edit, "round")
    qtbot.keyClick(listing.field.edit, Qt.Key.Key_Return)
    assert form.form.title == "Half"
    assert form.form.due == "2099-01-01 08:00"
    assert form.form.people == FILLED.people
    press(qtbot, form.host.toast.button)
    assert form.form == Form()


def test_a_taken_name_is_replaced_when_it_is_wanted_twice(form: AssignPage, qtbot: QtBot) -> None:
    form.templates.save("Weekly", Form(title="Old"))
    form.title.edit.setText("weekly")
    press(qtbot, form.save_template)
    saving = dialog_of(form, SaveTemplate)
    assert isinstance(saving, SaveTemplate)
    press(qtbot, saving.save)
    assert saving.problem.text().endswith("(E2076)")
    assert saving.save.text() == "Replace it"
    press(qtbot, saving.save)
    assert [form_.title for form_ in form.templates.all().values()] == ["weekly"]


def test_templates_are_renamed_deleted_and_brought_back(form: AssignPage, qtbot: QtBot) -> None:
    form.templates.save("Weekly", Form(title="Old"))
    press(qtbot, form.from_template)
    listing = dialog_of(form, TemplatesDialog)
    assert isinstance(listing, TemplatesDialog)
    press(qtbot, listing.rename)
    (naming,) = [d for d in listing.findChildren(QDialog) if d.isVisible()]
    naming.field.edit.setText("")  # type: ignore[attr-defined]
    press(qtbot, naming.save)  # type: ignore[attr-defined]
    assert naming.problem.text().endswith("(E2077)")  # type: ignore[attr-defined]
    naming.field.edit.setText("Monthly")  # type: ignore[attr-defined]
    press(qtbot, naming.save)  # type: ignore[attr-defined]
    assert list(form.templates.all()) == ["Monthly"]
    press(qtbot, listing.delete)
    assert form.templates.all() == {}
    assert listing.empty.isVisible()
    press(qtbot, listing.undo)
    assert list(form.templates.all()) == ["Monthly"]
    listing.close()


def test_a_damaged_file_of_templates_is_told(form: AssignPage, qtbot: QtBot) -> None:
    folder: Path = form.host.work.profile.folder
    (folder / "templates.json").write_text("{")
    press(qtbot, form.from_template)
    dialog_of(form, TemplatesDialog).close()
    assert form.host.toast.headline.text() == "Unable to read your templates (E3019)"
    assert (folder / "templates.damaged-1.json").exists()


def test_what_a_template_names_and_is_gone_is_said(form: AssignPage, qtbot: QtBot) -> None:
    gone = "00000000-0000-7000-8000-0000000000ff"
    form.templates.save(
        "Weekly", Form(title="x", people=(Chosen(gone), Chosen(ANA, percent="100")))
    )
    press(qtbot, form.from_template)
    listing = dialog_of(form, TemplatesDialog)
    assert isinstance(listing, TemplatesDialog)
    press(qtbot, listing.use)
    assert form.host.toast.sentence.text() == "1 person cannot sign in any more."
    assert list(form.people.rows) == [ANA]


def test_people_who_come_and_go_do_not_disturb_what_is_typed(form: AssignPage) -> None:
    form.show_form(replace(FILLED, due="2099-01-01"))
    window = form.host
    left = [replace(STAFF[2], active=False, version=9)]
    window.show_changes(window.work.confirmed.apply(page(12, people=left), 1))
    window.show_changes(Changes(people=True))
    assert [one.user_id for one in form.form.people] == [ANA]
    assert form.form.title == "Half"


def test_the_dialogs_of_templates_end_with_the_window(form: AssignPage, qtbot: QtBot) -> None:
    form.templates.save("Weekly", Form(title="Old"))
    press(qtbot, form.from_template)
    listing = dialog_of(form, TemplatesDialog)
    assert isinstance(listing, TemplatesDialog)
    press(qtbot, listing.rename)
    form.ask_template()
    assert len([one for one in form.host.findChildren(Dialog) if one.isVisible()]) == 3
    assert form.host.quit()
    assert [one for one in form.host.findChildren(Dialog) if one.isVisible()] == []
