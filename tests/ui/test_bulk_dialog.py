"""One thing done with many tasks in the monitor: seen before, told task by task, and undone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.server import RunningServer
from tests.support.windows import (
    ANA,
    PATIENCE,
    PEOPLE,
    PROJECT,
    RITA,
    Open,
    choose,
    delivered,
    open_monitor,
    pick,
    press,
    settle,
    task_id,
    waits,
)
from tests.ui.test_accessible import nameless, roleless
from tracker.domain.change import Kind
from tracker.domain.errors import EnvironmentFault
from tracker.domain.task import Part, Person, Priority, Role, Status
from tracker.services import bulk
from tracker.ui.dialogs.choosing import Chooser
from tracker.ui.monitor.bulk import BulkDialog
from tracker.ui.monitor.bulk_forms import DueForm, MoveForm, PeopleForm, PriorityForm, ProjectForm
from tracker.ui.monitor.window import MonitorWindow

Monitor = Callable[..., MonitorWindow]
ONE, TWO, THREE = task_id(1), task_id(2), task_id(3)

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # of popup menus


@pytest.fixture
def window(monitor: Monitor) -> MonitorWindow:
    made = monitor(
        task(ONE, number=1, title="Anchor", status=Status.IN_PROGRESS, progress=30),
        task(TWO, number=2, title="Belt"),
        task(THREE, number=3, title="=Cable", status=Status.COMPLETED, progress=100),
    )
    made.resize(1440, 900)
    return made


def asked(window: MonitorWindow, words: str, qtbot: QtBot) -> BulkDialog:
    window.open_bulk(words)
    return dialog_of(window)


def dialog_of(window: MonitorWindow) -> BulkDialog:
    (dialog,) = [one for one in window.findChildren(BulkDialog) if one.isVisible()]
    return dialog


def planned(dialog: BulkDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: dialog.button.isEnabled(), timeout=PATIENCE)


def lines(dialog: BulkDialog) -> dict[str, tuple[str, str]]:
    """What changes and the result, by title."""
    heads = ("Task", "What changes", "Result")
    cells = [[dialog.table.words(row, head) for head in heads] for row in dialog.table.ids]
    return {title: (change, result) for title, change, result in cells}


def saved(dialog: BulkDialog, qtbot: QtBot) -> None:
    planned(dialog, qtbot)
    press(qtbot, dialog.button)
    qtbot.waitUntil(lambda: dialog.batch is not None, timeout=PATIENCE)


def test_what_will_happen_is_seen_and_nothing_has_happened(
    window: MonitorWindow, qtbot: QtBot
) -> None:
    window.grid.marks.add([ONE, TWO, THREE])
    dialog = asked(window, "Hold", qtbot)
    planned(dialog, qtbot)
    assert dialog.summary.text() == "2 will change · 1 refused"
    assert dialog.button.text() == "Hold 2 tasks"
    assert lines(dialog) == {
        "=Cable": ("Done", "E5002: The task cannot go from its status to that one."),
        "Anchor": ("In progress → On hold", "Will change"),
        "Belt": ("Pending → On hold", "Will change"),
    }
    assert nameless(dialog) == []
    assert roleless(dialog) == []
    press(qtbot, dialog.close_button)
    assert (waits(window), len(window.grid.marks)) == (0, 3)


def test_it_is_done_and_undone_before_it_was_sent(window: MonitorWindow, qtbot: QtBot) -> None:
    window.grid.marks.add([ONE, TWO, THREE])
    dialog = asked(window, "Cancel", qtbot)
    assert isinstance(dialog.form, MoveForm)
    qtbot.keyClicks(dialog.form.note.edit, "no budget")
    with qtbot.waitSignal(dialog.form.changed):
        pass
    saved(dialog, qtbot)
    assert window.board.views[ONE].task.status is Status.CANCELLED
    assert [item.action.args["note"] for item in window.work.outbox.waiting()] == ["no budget"] * 2
    assert dialog.summary.text() == "Cancelled: 2 tasks. 2 waiting to be sent"
    assert not dialog.button.isVisible()
    press(qtbot, dialog.undo)
    qtbot.waitUntil(lambda: not dialog.undo.isVisible(), timeout=PATIENCE)
    assert lines(dialog)["Anchor"][1] == "Taken back before it was sent"
    assert (waits(window), window.board.views[ONE].task.status) == (0, Status.IN_PROGRESS)
    press(qtbot, dialog.close_button)
    assert not window.toast.isVisible()


def test_the_toast_undoes_too(window: MonitorWindow, qtbot: QtBot) -> None:
    window.grid.marks.add([ONE, TWO])
    dialog = asked(window, "Hold", qtbot)
    saved(dialog, qtbot)
    press(qtbot, dialog.close_button)
    settle()
    assert (window.toast.headline.text(), len(window.grid.marks)) == ("On hold: 2 tasks", 0)
    press(qtbot, window.toast.button)
    qtbot.waitUntil(lambda: window.toast.headline.text() == "Undone.", timeout=PATIENCE)
    assert window.toast.sentence.text() == "2 taken back before it was sent"
    assert waits(window) == 0


def test_each_gets_its_receipt(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    good, late = server.task("ana", title="Good"), server.task("ana", title="Late")
    window = open_monitor(open_window)
    window.grid.marks.add([good, late])
    dialog = asked(window, "Priority…", qtbot)
    assert isinstance(dialog.form, PriorityForm)
    assert not dialog.button.isEnabled()
    pick(qtbot, dialog.form.choice, "Urgent")
    saved(dialog, qtbot)
    qtbot.waitUntil(lambda: lines(dialog)["Good"][1] == "Saved at the server", timeout=PATIENCE)
    assert dialog.summary.text() == "Changed: 2 tasks. 2 saved at the server"
    assert lines(dialog)["Late"] == ("Medium → Urgent", "Saved at the server")
    assert server.seen("rita", good, "monitor")["priority"] == "URGENT"
    server.device("sara").do("edit_fields", late, {"fields": {"priority": "LOW"}})
    press(qtbot, window.chip)
    qtbot.waitUntil(
        lambda: window.board.views[late].task.priority is Priority.LOW, timeout=PATIENCE
    )
    press(qtbot, dialog.undo)
    qtbot.waitUntil(lambda: lines(dialog)["Good"][1] == "Changed back", timeout=PATIENCE)
    assert lines(dialog)["Late"][1] == "Cannot be undone. E5062: It was changed meanwhile."
    delivered(window, qtbot)
    assert server.seen("rita", good, "monitor")["priority"] == "MEDIUM"


def test_what_changes_while_somebody_reads_is_planned_anew(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    first = server.task("ana", title="First")
    window = open_monitor(open_window)
    window.grid.marks.add([first])
    dialog = asked(window, "Hold", qtbot)
    planned(dialog, qtbot)
    server.device("ana").do("complete", first)
    press(qtbot, window.chip)
    qtbot.waitUntil(lambda: "refused" in dialog.summary.text(), timeout=PATIENCE)
    assert not dialog.button.isEnabled()
    dialog.close()


def test_one_task_is_reassigned_from_its_details(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    server.task("jonas")
    only = server.task("ana", title="Only")
    window = open_monitor(open_window)
    window.resize(1440, 900)
    choose(window, only, qtbot)
    press(qtbot, window.pane.reassign)
    dialog = dialog_of(window)
    form = dialog.form
    assert isinstance(form, PeopleForm)
    assert not dialog.button.isEnabled()
    press(qtbot, form.people.add_button)
    (chooser,) = [one for one in window.findChildren(Chooser) if one.isVisible()]
    qtbot.keyClicks(chooser.field.edit, "jon")
    qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)
    settle()
    saved(dialog, qtbot)
    delivered(window, qtbot)
    jonas = server.users["jonas"]
    qtbot.waitUntil(
        lambda: (
            [(row.user_id, row.part) for row in window.board.views[only].people]
            == [(jonas, Part.ASSIGNEE)]
        ),
        timeout=PATIENCE,
    )
    dialog.close()


def test_shares_are_even_until_one_is_typed(window: MonitorWindow, qtbot: QtBot) -> None:
    window.grid.marks.add([ONE])
    dialog = asked(window, "Reassign…", qtbot)
    form = dialog.form
    assert isinstance(form, PeopleForm)
    form.people.add(RITA)
    form.people.add(ANA)
    settle()
    rita, ana = form.people.rows[RITA], form.people.rows[ANA]
    assert [row.percent.edit.text() for row in (rita, ana)] == ["50", "50"]
    pick(qtbot, rita.part, "Reviewer")
    assert not rita.percent.isVisible(), "who looks on has no share"
    field = ana.percent.edit
    assert field.text() == "100"
    field.selectAll()
    qtbot.keyClicks(field, "180")
    qtbot.waitUntil(lambda: "E2010" in dialog.problem.text())
    assert not dialog.button.isEnabled()
    field.selectAll()
    qtbot.keyClicks(field, "80")
    planned(dialog, qtbot)
    assert form.deed() == bulk.Reassign(((RITA, Part.REVIEWER, 100), (ANA, Part.ASSIGNEE, 80)))
    press(qtbot, rita.remove)
    assert [*form.people.rows] == [ANA]
    press(qtbot, ana.remove)
    assert not dialog.button.isEnabled()
    dialog.close()


def test_tab_goes_through_the_people_as_they_are_read(window: MonitorWindow, qtbot: QtBot) -> None:
    window.grid.marks.add([ONE])
    dialog = asked(window, "Reassign…", qtbot)
    form = dialog.form
    assert isinstance(form, PeopleForm)
    form.people.add(RITA)
    planned(dialog, qtbot)
    form.people.add(ANA)
    assert not dialog.button.isEnabled(), "what was planned is without her"
    planned(dialog, qtbot)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    wanted: list[QWidget] = []
    for row in form.people.rows.values():
        wanted += [row.part, row.percent.edit, row.remove]
    wanted += [form.people.add_button, form.replaces, dialog.table]
    wanted[0].setFocus()
    seen = []
    for _ in wanted:
        focused = QApplication.focusWidget()
        assert focused is not None
        seen.append(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert seen == wanted
    dialog.close()


def test_a_reviewer_alone_can_be_added(window: MonitorWindow, qtbot: QtBot) -> None:
    window.grid.marks.add([ONE])
    dialog = asked(window, "Reassign…", qtbot)
    form = dialog.form
    assert isinstance(form, PeopleForm)
    form.people.add(RITA)
    pick(qtbot, form.people.rows[RITA].part, "Reviewer")
    press(qtbot, form.replaces)
    planned(dialog, qtbot)
    assert form.deed() == bulk.Reassign(((RITA, Part.REVIEWER, 100),), stay=True)
    dialog.close()


def test_due_and_project(window: MonitorWindow, qtbot: QtBot) -> None:
    window.grid.marks.add([ONE, TWO])
    dialog = asked(window, "Due…", qtbot)
    assert isinstance(dialog.form, DueForm)
    qtbot.keyClicks(dialog.form.due.edit, "soon")
    qtbot.waitUntil(lambda: "E2004" in dialog.problem.text())
    dialog.form.due.edit.setText("2026-12-31")
    assert not dialog.button.isEnabled()
    saved(dialog, qtbot)
    assert lines(dialog)["Anchor"][0] == "no due → 2026-12-31"
    assert window.board.views[TWO].task.due_date == "2026-12-31"
    dialog.close()
    window.grid.marks.add([ONE, TWO])
    dialog = asked(window, "Project…", qtbot)
    assert isinstance(dialog.form, ProjectForm)
    pick(qtbot, dialog.form.choice, "Hall B retrofit")
    saved(dialog, qtbot)
    assert window.board.views[ONE].task.project_id == PROJECT
    dialog.close()


def test_a_full_disk_is_said_and_can_be_tried_again(
    window: MonitorWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.grid.marks.add([ONE])
    dialog = asked(window, "Hold", qtbot)
    planned(dialog, qtbot)
    really, full = bulk.do_apart, [True]

    def save(*given: object) -> object:
        if full.pop() if full else False:
            raise EnvironmentFault("E3001")
        return really(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(bulk, "do_apart", save)
    press(qtbot, dialog.button)
    qtbot.waitUntil(lambda: "E3001" in dialog.problem.text(), timeout=PATIENCE)
    assert (waits(window), dialog.batch) == (0, None)
    saved(dialog, qtbot)
    assert (waits(window), dialog.problem.text()) == (1, "")
    dialog.close()


def test_the_list_is_copied_and_runs_nowhere(window: MonitorWindow, qtbot: QtBot) -> None:
    window.grid.marks.add([ONE, THREE])
    dialog = asked(window, "Hold", qtbot)
    planned(dialog, qtbot)
    press(qtbot, dialog.copy)
    copied = QApplication.clipboard().text().split("\n")
    assert copied[0] == "Number\tTask\tWhat changes\tResult"
    assert copied[1].startswith("3\t'=Cable\tDone\t")
    dialog.close()


def test_a_thousand_are_planned_a_bit_at_a_time(monitor: Monitor, qtbot: QtBot) -> None:
    window = monitor(*(task(task_id(n), number=n) for n in range(1, 1_001)))
    window.grid.marks.add([task_id(n) for n in range(1, 1_001)])
    turns: list[int] = []
    other = QTimer(window)
    other.timeout.connect(lambda: turns.append(1))
    dialog = asked(window, "Hold", qtbot)
    other.start(0)
    planned(dialog, qtbot)
    other.stop()
    assert dialog.button.text() == "Hold 1 000 tasks"
    assert len(turns) > 2, "the window had its turns in between"
    press(qtbot, dialog.button)
    qtbot.waitUntil(lambda: dialog.batch is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: "1 000 waiting" in dialog.summary.text(), timeout=PATIENCE)
    assert waits(window) == 1_000
    dialog.close()


def test_it_can_be_left_while_it_is_planned(monitor: Monitor, qtbot: QtBot) -> None:
    window = monitor(*(task(task_id(n), number=n) for n in range(1, 1_001)))
    window.grid.marks.add([task_id(n) for n in range(1, 1_001)])
    dialog = asked(window, "Hold", qtbot)
    press(qtbot, dialog.close_button)
    settle()
    assert window.findChildren(BulkDialog) == []
    assert waits(window) == 0


def test_it_is_in_the_palette_while_something_is_marked(window: MonitorWindow) -> None:
    def offered() -> set[str]:
        return {action.text() for action in window.commands.listed()}

    assert "Hold the marked tasks…" not in offered()
    window.grid.marks.add([ONE])
    assert {"Hold the marked tasks…", "Reassign the marked tasks…"} <= offered()
    for action in window.commands.listed():
        if action.text() == "Archive the marked tasks…":
            action.trigger()
    dialog = dialog_of(window)
    assert isinstance(dialog.form, MoveForm)
    assert dialog.form.deed().kind is Kind.ARCHIVE
    dialog.close()


def test_the_details_say_who_may_be_reassigned(window: MonitorWindow, qtbot: QtBot) -> None:
    choose(window, ONE, qtbot)
    said = [one.text() for one in window.pane.people.findChildren(QLabel) if one.isVisible()]
    assert "Ana Moreno" in said
    assert window.pane.reassign.isVisible()


def made_of(window: MonitorWindow) -> list[dict[str, object]]:
    return [dict(item.action.args) for item in window.work.outbox.waiting()]


def test_what_is_typed_ends_the_plan_before_it_at_once(window: MonitorWindow, qtbot: QtBot) -> None:
    window.grid.marks.add([ONE, TWO])
    dialog = asked(window, "Hold", qtbot)
    assert isinstance(dialog.form, MoveForm)
    planned(dialog, qtbot)
    qtbot.keyClicks(dialog.form.note.edit, "waiting for parts")
    assert not dialog.button.isEnabled()
    qtbot.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    assert dialog.batch is None
    saved(dialog, qtbot)
    assert [args["note"] for args in made_of(window)] == ["waiting for parts"] * 2
    dialog.close()


def test_what_is_done_is_what_the_form_says(window: MonitorWindow, qtbot: QtBot) -> None:
    window.grid.marks.add([ONE])
    dialog = asked(window, "Hold", qtbot)
    assert isinstance(dialog.form, MoveForm)
    planned(dialog, qtbot)
    dialog.form.note.edit.blockSignals(True)  # whatever way it came there
    dialog.form.note.edit.setText("unheard")
    qtbot.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    assert dialog.batch is None
    saved(dialog, qtbot)
    assert [args["note"] for args in made_of(window)] == ["unheard"]
    dialog.close()


def test_no_due_is_asked_for(monitor: Monitor, qtbot: QtBot) -> None:
    window = monitor(task(ONE, number=1, due_at=1_900_000_000_000))
    window.grid.marks.add([ONE])
    dialog = asked(window, "Due…", qtbot)
    assert isinstance(dialog.form, DueForm)
    settle()
    assert not dialog.button.isEnabled()
    assert (lines(dialog), dialog.problem.text()) == ({}, "")
    press(qtbot, dialog.form.none)
    planned(dialog, qtbot)
    assert not dialog.form.due.isEnabled()
    press(qtbot, dialog.form.none)
    assert not dialog.button.isEnabled()
    press(qtbot, dialog.form.none)
    saved(dialog, qtbot)
    assert made_of(window) == [{"fields": {"due_at": None, "due_date": None}}]
    dialog.close()


def test_return_does_what_was_typed(window: MonitorWindow, qtbot: QtBot) -> None:
    window.grid.marks.add([ONE, TWO])
    dialog = asked(window, "Due…", qtbot)
    assert isinstance(dialog.form, DueForm)
    field = dialog.form.due.edit
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.keyClicks(field, "2030-01-05")
    assert waits(window) == 0
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.batch is not None, timeout=PATIENCE)
    said = {"fields": {"due_at": None, "due_date": "2030-01-05"}}
    assert made_of(window) == [said, said]
    dialog.close()


def test_the_plan_is_looked_at_again_after_a_full_disk(
    window: MonitorWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.grid.marks.add([ONE, TWO])
    dialog = asked(window, "Hold", qtbot)
    planned(dialog, qtbot)
    go_on = threading.Event()

    def full(*_given: object) -> object:
        assert go_on.wait(10)
        raise EnvironmentFault("E3001")

    with monkeypatch.context() as disk:
        disk.setattr(bulk, "do_apart", full)
        press(qtbot, dialog.button)
        window.tasks.move(Kind.CANCEL, TWO)  # from elsewhere, while it is saved
        go_on.set()
        qtbot.waitUntil(lambda: "E3001" in dialog.problem.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "refused" in dialog.summary.text(), timeout=PATIENCE)
    assert "E3001" in dialog.problem.text()
    saved(dialog, qtbot)
    assert [item.action.kind for item in window.work.outbox.waiting()] == [Kind.CANCEL, Kind.HOLD]
    dialog.close()


@pytest.mark.parametrize("fault", [EnvironmentFault("E3001"), ValueError("a bug")])
def test_a_fault_while_planning_is_said_and_drops_no_task(
    window: MonitorWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    window.grid.marks.add([ONE, TWO])
    with monkeypatch.context() as bad:

        def shown(_ids: object) -> object:
            raise fault

        bad.setattr(window.tasks, "shown", shown)
        dialog = asked(window, "Hold", qtbot)
        qtbot.waitUntil(lambda: dialog.retry.isVisible(), timeout=PATIENCE)
        code = "E3001" if isinstance(fault, EnvironmentFault) else "E3013"
        assert code in dialog.problem.text()
        assert not dialog._turns.isActive()
        assert not dialog.button.isEnabled()
    press(qtbot, dialog.retry)
    planned(dialog, qtbot)
    assert (dialog.summary.text(), dialog.problem.text()) == ("2 will change", "")
    assert not dialog.retry.isVisible()
    dialog.close()


def test_a_plan_that_stands_is_not_made_anew_for_nothing(
    window: MonitorWindow, qtbot: QtBot
) -> None:
    window.grid.marks.add([ONE, TWO])
    dialog = asked(window, "Hold", qtbot)
    planned(dialog, qtbot)
    plan = dialog._plan
    window.heard.emit(None)
    qtbot.waitUntil(lambda: not dialog._turns.isActive(), timeout=PATIENCE)
    assert dialog._plan is plan
    window.tasks.move(Kind.CANCEL, TWO)
    window.board.load()
    window.heard.emit(None)
    qtbot.waitUntil(lambda: "refused" in dialog.summary.text(), timeout=PATIENCE)
    dialog.close()


def test_the_note_stays_in_the_dialog_when_it_is_undone(
    window: MonitorWindow, qtbot: QtBot
) -> None:
    dialog, form = noted(window, qtbot)
    press(qtbot, dialog.undo)
    qtbot.waitUntil(lambda: not dialog.undo.isVisible(), timeout=PATIENCE)
    assert form.note.isVisible()
    assert (form.note.edit.text(), form.note.edit.isReadOnly()) == ("no parts", True)
    assert [window.work.outbox.draft(one, "note") for one in (ONE, TWO)] == ["", ""]
    dialog.close()


def test_the_note_is_in_the_toast_that_undid_it(window: MonitorWindow, qtbot: QtBot) -> None:
    dialog, _form = noted(window, qtbot)
    press(qtbot, dialog.close_button)
    press(qtbot, window.toast.button)
    qtbot.waitUntil(lambda: window.toast.headline.text() == "Undone.", timeout=PATIENCE)
    assert window.toast.sentence.text().endswith("Its note was “no parts”")
    assert [window.work.outbox.draft(one, "note") for one in (ONE, TWO)] == ["", ""]


def noted(window: MonitorWindow, qtbot: QtBot) -> tuple[BulkDialog, MoveForm]:
    window.grid.marks.add([ONE, TWO])
    dialog = asked(window, "Hold", qtbot)
    assert isinstance(dialog.form, MoveForm)
    qtbot.keyClicks(dialog.form.note.edit, "no parts")
    saved(dialog, qtbot)
    return dialog, dialog.form


@pytest.mark.parametrize("busy", [False, True])
def test_the_dialog_ends_with_its_window(monitor: Monitor, qtbot: QtBot, busy: bool) -> None:
    window = monitor(*(task(task_id(n), number=n) for n in range(1, 1_001)))
    window.grid.marks.add([task_id(n) for n in range(1, 1_001)])
    dialog = asked(window, "Hold", qtbot)
    if busy:
        planned(dialog, qtbot)
        press(qtbot, dialog.button)
    with qtbot.captureExceptions() as faults:
        assert window.quit()
        assert not dialog.isVisible()
        assert not dialog._turns.isActive()
        window.work.close()
        settle()
        assert QThreadPool.globalInstance().waitForDone(PATIENCE)
        settle()
    assert faults == []


def test_three_share_a_hundred_as_in_the_assign_form(monitor: Monitor, qtbot: QtBot) -> None:
    bo = Person(task_id(99), 4, "bo", "Bo", Role.EMPLOYEE, True)
    window = monitor(task(ONE, number=1), people=[*PEOPLE, bo])
    window.grid.marks.add([ONE])
    dialog = asked(window, "Reassign…", qtbot)
    form = dialog.form
    assert isinstance(form, PeopleForm)
    for user_id in (ANA, RITA, bo.id):
        form.people.add(user_id)
    assert [row.percent.edit.text() for row in form.people.rows.values()] == [
        "34", "33", "33",
    ]  # fmt: skip
    dialog.close()
