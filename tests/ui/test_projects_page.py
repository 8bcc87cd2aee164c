"""The projects page: how far each is; making, renaming, archiving with undo."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, PROJECT, Open, open_monitor, press, settle, task_id
from tests.ui.test_accessible import nameless, roleless
from tracker.domain.task import Project, Status
from tracker.services.roster import ByProject
from tracker.services.tasks import Done
from tracker.ui.monitor import window as windows
from tracker.ui.monitor.asking_dialog import NameDialog
from tracker.ui.monitor.projects import MEAN, ProjectsPage
from tracker.ui.monitor.window import MONITOR, MonitorWindow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def page_of(window: MonitorWindow) -> ProjectsPage:
    window.open_page(windows.PROJECTS)
    page = window.page(windows.PROJECTS)
    assert isinstance(page, ProjectsPage)
    return page


def names(page: ProjectsPage) -> list[str]:
    return [page.table.words(one, ByProject.NAME) for one in page.table.ids]


def naming(window: MonitorWindow) -> NameDialog:
    (found,) = [d for d in window.findChildren(NameDialog) if d.isVisible()]
    return found


def test_it_says_how_far_each_is(monitor: Callable[..., MonitorWindow], qtbot: QtBot) -> None:
    tasks = [
        task(task_id(1), project_id=PROJECT, progress=30, status=Status.IN_PROGRESS, due_at=1),
        task(task_id(2), project_id=PROJECT, progress=100, status=Status.COMPLETED, completed_at=1),
        task(task_id(3), project_id=PROJECT, progress=80, status=Status.CANCELLED),
        task(task_id(4), project_id=PROJECT, rollup_progress=50),
    ]
    projects = [Project(PROJECT, 1, "Hall B retrofit", False), Project("old", 2, "Old", True)]
    window = monitor(*tasks, projects=projects)
    page = page_of(window)
    assert names(page) == ["Hall B retrofit"]
    assert page.source.text() == "1 project · 1 archived"
    told = {head: page.table.words(PROJECT, head) for head in ByProject}
    assert told == {
        ByProject.NAME: "Hall B retrofit", ByProject.TASKS: "4", ByProject.OPEN: "2",
        ByProject.OVERDUE: "1", ByProject.PROGRESS: "60 %",
    }  # fmt: skip
    place = list(ByProject).index(ByProject.PROGRESS)
    model = page.table.model()
    head = model.headerData(place, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert head == MEAN
    press(qtbot, page.archived)
    assert names(page) == ["Hall B retrofit", "Old (archived)"]
    qtbot.keyClicks(page.search.edit, "ret")
    qtbot.waitUntil(lambda: names(page) == ["Hall B retrofit"])
    done = window.tasks.set_progress(task_id(1), 90)
    assert isinstance(done, Done)
    window.show_changes(done.changes)
    assert page.table.words(PROJECT, ByProject.PROGRESS) == "80 %"


def test_its_tasks_are_shown_on_the_monitor_page(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    window = monitor(task(task_id(1), project_id=PROJECT), task(task_id(2)))
    page = page_of(window)
    page.table.choose(PROJECT)
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert window._page == MONITOR
    assert list(window.cards.ids) == [task_id(1)]
    assert window.grid.project.text() == "Hall B retrofit"


def test_projects_are_made_renamed_archived_and_brought_back(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    page = page_of(window)
    press(qtbot, page.new)
    form = naming(window)
    press(qtbot, form.button)
    assert form.problem_of("name").endswith("(E2017)")
    qtbot.keyClicks(form.name.edit, "Metering")
    qtbot.keyClick(form.name.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Metering" in names(page), timeout=PATIENCE)
    settle()
    project_id = page.table.current
    assert page.table.words(project_id, ByProject.NAME) == "Metering"

    def kept() -> dict[str, object]:
        found: dict[str, object] = server.get("rita", f"/api/v1/projects/{project_id}").json()
        return found

    press(qtbot, page.rename)
    form = naming(window)
    assert form.name.edit.text() == "Metering"
    form.name.edit.setText("Metering 2026")
    press(qtbot, form.button)
    qtbot.waitUntil(lambda: "Metering 2026" in names(page), timeout=PATIENCE)
    settle()
    press(qtbot, page.archive)
    qtbot.waitUntil(lambda: "Metering 2026" not in names(page), timeout=PATIENCE)
    assert kept()["archived"]
    assert window.toast.headline.text() == "Archived: Metering 2026"
    press(qtbot, window.toast.button)
    qtbot.waitUntil(lambda: "Metering 2026" in names(page), timeout=PATIENCE)
    assert (kept()["archived"], kept()["name"], kept()["version"]) == (False, "Metering 2026", 4)


def test_what_somebody_else_changed_is_told_before_it_is_done(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    made = open_window("rita", "monitor")
    window = made.window
    assert isinstance(window, MonitorWindow)
    page = page_of(window)
    project_id = server.world.project_id
    page.table.choose(project_id)
    made.runner.stop()  # it hears nothing of the others
    server.client("sara").patch(f"/api/v1/projects/{project_id}", json={"name": "Hall C"})
    press(qtbot, page.archive)
    qtbot.waitUntil(lambda: "(E5062)" in window.toast.headline.text(), timeout=PATIENCE)
    assert "It is now name: “Hall C”." in window.toast.sentence.text()
    assert names(page) == ["Hall C"]
    press(qtbot, window.toast.button)
    qtbot.waitUntil(lambda: names(page) == [], timeout=PATIENCE)
    found = server.get("rita", f"/api/v1/projects/{project_id}").json()
    assert (found["name"], found["archived"]) == ("Hall C", True)


def test_without_a_connection_it_is_told_and_tried_again(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    page = page_of(window)
    page.table.choose(server.world.project_id)
    server.port = int(server.url.rpartition(":")[2])
    server.stop()
    press(qtbot, page.archive)
    toast = window.toast
    unable = "Unable to archive the project (E4001)"
    qtbot.waitUntil(lambda: toast.headline.text() == unable, timeout=PATIENCE)
    assert names(page) == ["Hall B retrofit"]
    server.start()
    press(qtbot, toast.button)
    qtbot.waitUntil(lambda: names(page) == [], timeout=PATIENCE)


def test_everything_has_a_name_and_a_role(monitor: Callable[..., MonitorWindow]) -> None:
    window = monitor(task(task_id(1), project_id=PROJECT))
    window.resize(1400, 760)
    page = page_of(window)
    page.table.choose(PROJECT)
    assert page.archive.accessibleName() == "Archive: Hall B retrofit"
    assert nameless(window) == []
    assert roleless(window) == []
    page.new_project()
    (form,) = [d for d in window.findChildren(QDialog) if d.isVisible()]
    assert nameless(form) == []
    assert roleless(form) == []
    form.close()
    settle()
