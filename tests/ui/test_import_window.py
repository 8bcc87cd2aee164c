"""Importing a file in the monitor: looking first, importing, stopping, taking it back."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QThreadPool, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.server import RunningServer
from tests.support.windows import (
    PATIENCE,
    Open,
    delivered,
    open_monitor,
    pick,
    press,
    settle,
    task_id,
    waits,
)
from tests.ui.test_names import nameless, unreachable
from tracker.domain.errors import EnvironmentFault
from tracker.services import importing as service
from tracker.ui.monitor.assign import AssignPage
from tracker.ui.monitor.import_rows import SAVED, WAITING
from tracker.ui.monitor.importing import ImportDialog, Leftover, cut
from tracker.ui.monitor.window import ASSIGN, MONITOR, MonitorWindow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
Monitor = Callable[..., MonitorWindow]
GOOD = "title,assignees\nSeal,ana\nBelt,Ana Moreno\n"


def page_of(window: MonitorWindow) -> AssignPage:
    window.open_page(ASSIGN)
    made = window.page(ASSIGN)
    assert isinstance(made, AssignPage)
    return made


def take(window: MonitorWindow, qtbot: QtBot, folder: Path, text: str) -> ImportDialog:
    """Opens the file in the dialog and waits until every line is judged."""
    path = folder / "tasks.csv"
    path.write_text(text, encoding="utf-8")
    form = page_of(window)
    form.open_import(path)
    dialog = form.importing
    assert dialog is not None
    checked(dialog, qtbot)
    return dialog


def checked(dialog: ImportDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: bool(dialog.rows) or dialog.problem.text().startswith("Unable"), timeout=PATIENCE
    )


def imported(dialog: ImportDialog, qtbot: QtBot) -> None:
    press(qtbot, dialog.go)
    qtbot.waitUntil(lambda: dialog.undo.isVisible() and not dialog._tick.isActive(),
                    timeout=PATIENCE)  # fmt: skip


def column(dialog: ImportDialog, place: int) -> list[str]:
    model = dialog.table.model()
    return [str(model.data(model.index(row, place))) for row in range(model.rowCount())]


def test_a_file_is_looked_at_imported_and_delivered(
    server: RunningServer, open_window: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    dialog = take(window, qtbot, tmp_path, GOOD + "Bad,nobody\n")
    assert dialog.about.text() == "tasks.csv · UTF-8 · commas"
    assert column(dialog, 0) == ["2", "3", "4"]
    assert column(dialog, 1) == ["New", "New", "Refused (E5006)"]
    assert column(dialog, 5)[2].startswith("assignees: There is no such person here. “nobody”.")
    assert dialog.summary.text() == "2 new · 0 imported before · 1 refused"
    assert dialog.go.text() == "Import 2 tasks"
    imported(dialog, qtbot)
    delivered(window, qtbot)
    qtbot.waitUntil(lambda: dialog.table.count_of(SAVED) == 2, timeout=PATIENCE)
    qtbot.waitUntil(lambda: dialog.summary.text() == "2 saved at the server · 1 refused")
    assert {row[0] for row in server.sql("SELECT title FROM tasks")} == {"Seal", "Belt"}
    assert len(window.board.views) == 2
    again = take(window, qtbot, tmp_path, GOOD + "Bad,nobody\n")
    assert again is dialog
    assert column(again, 1) == ["Imported before", "Imported before", "Refused (E5006)"]
    assert not again.go.isEnabled()


def test_offline_it_waits_and_is_sent_once(
    server: RunningServer, open_window: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    server.port = int(server.url.rpartition(":")[2])
    server.stop()
    dialog = take(window, qtbot, tmp_path, GOOD)
    imported(dialog, qtbot)
    assert column(dialog, 1) == [WAITING, WAITING]
    assert waits(window) == 2
    server.start()
    press(qtbot, window.chip)

    def sent() -> bool:
        if window.reconnect.preview is not None:
            window.reconnect.send()
        return waits(window) == 0

    qtbot.waitUntil(sent, timeout=PATIENCE)
    assert server.sql("SELECT count(*) FROM tasks") == [(2,)]
    qtbot.waitUntil(lambda: column(dialog, 1) == [SAVED, SAVED], timeout=PATIENCE)


def test_columns_are_mapped_and_left_out(monitor: Monitor, tmp_path: Path, qtbot: QtBot) -> None:
    window = monitor()
    dialog = take(window, qtbot, tmp_path, "What;Who;Remarks\nSeal;ana;x\nBelt;rita;y\n")
    assert not dialog.header.isChecked()  # no name is known
    assert dialog.problem.text().startswith("Unable to check the file (E2071)")
    assert not dialog.go.isEnabled()
    pick(qtbot, dialog.columns[0], "Title")
    checked(dialog, qtbot)
    qtbot.waitUntil(lambda: len(dialog.rows) == 3)
    press(qtbot, dialog.header)
    qtbot.waitUntil(lambda: len(dialog.rows) == 2)
    pick(qtbot, dialog.columns[1], "Assignees")
    qtbot.waitUntil(lambda: column(dialog, 3) == ["ana", "rita"])
    assert dialog.columns[1].accessibleName() == "Column Who: Assignees"
    assert dialog.columns[2].value is None
    imported(dialog, qtbot)
    (first, second) = [item.action for item in window.work.outbox.waiting()]
    assert (first.args["title"], second.args["title"]) == ("Seal", "Belt")
    assert [len(one.args["people"]) for one in (first, second)] == [1, 1]


def test_only_what_is_refused_can_be_seen_and_saved(
    monitor: Monitor, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = monitor()
    dialog = take(window, qtbot, tmp_path, "title,priority\n=1+1,soon\nGood,low\n,low\n")
    press(qtbot, dialog.only_refused)
    assert column(dialog, 0) == ["2", "4"]
    monkeypatch.setattr(QFileDialog, "open", lambda asked: asked.fileSelected.emit(str(path)))
    path = tmp_path / "refused.csv"
    press(qtbot, dialog.save_refused)
    qtbot.waitUntil(lambda: path.exists(), timeout=PATIENCE)
    assert path.read_bytes().decode("utf-8-sig") == "title,priority\r\n'=1+1,soon\r\n,low\r\n"
    settle()


def test_what_is_cut_off_is_said_in_full_and_is_no_markup(
    monitor: Monitor, tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = take(monitor(), qtbot, tmp_path, "title,priority\n<b>Seal</b>,soon\nBelt,low\n")
    model, tip = dialog.table.model(), Qt.ItemDataRole.ToolTipRole
    assert model.index(0, 2).data(tip) == "<p>&lt;b&gt;Seal&lt;/b&gt;</p>"
    assert model.index(0, 5).data(tip) == f"<p>{escape(column(dialog, 5)[0])}</p>"
    assert model.index(1, 5).data(tip) is None
    assert model.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole) == "Result: Refused (E2005)"


def many(number: int) -> str:
    return "title\n" + "".join(f"Task {n}\n" for n in range(number))


def test_a_stopped_import_says_how_many_and_can_be_undone(
    monitor: Monitor, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SLICE", 10)
    window = monitor(task(task_id(1)))
    dialog = take(window, qtbot, tmp_path, many(2_000))
    press(qtbot, dialog.go)
    qtbot.waitUntil(lambda: bool(dialog._job and dialog._job.made), timeout=PATIENCE)
    press(qtbot, dialog.cancel)
    qtbot.waitUntil(lambda: dialog.undo.isVisible() and not dialog._tick.isActive(),
                    timeout=PATIENCE)  # fmt: skip
    made = waits(window)
    assert 0 < made < 2_000
    assert dialog.problem.text() == f"Stopped after {made:,} tasks.".replace(",", " ")
    assert len(window.board.views) == made + 1
    press(qtbot, dialog.undo)
    qtbot.waitUntil(lambda: dialog.problem.text().endswith("taken back."), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not dialog._tick.isActive(), timeout=PATIENCE)
    assert waits(window) == 0
    assert len(window.board.views) == 1
    assert dialog.go.text() == "Import 2 000 tasks"


def test_after_closing_the_window_offers_to_undo(
    monitor: Monitor, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SLICE", 10)
    window = monitor(task(task_id(1)))
    dialog = take(window, qtbot, tmp_path, many(2_000))
    press(qtbot, dialog.go)
    qtbot.waitUntil(lambda: bool(dialog._job and dialog._job.made), timeout=PATIENCE)
    dialog.close()  # while it runs
    qtbot.waitUntil(lambda: window.toast.isVisible(), timeout=PATIENCE)
    assert window.toast.headline.text().startswith("Imported ")
    made = waits(window)
    qtbot.waitUntil(lambda: len(window.board.views) == made + 1, timeout=PATIENCE)
    press(qtbot, window.toast.button)
    qtbot.waitUntil(lambda: waits(window) == 0, timeout=PATIENCE)
    qtbot.waitUntil(lambda: len(window.board.views) == 1, timeout=PATIENCE)
    assert window.toast.headline.text() == f"{made} taken back, 0 cancelled."
    assert page_of(window).importing is None


def test_closing_the_window_ends_an_import(monitor: Monitor, tmp_path: Path, qtbot: QtBot) -> None:
    window = monitor()
    dialog = take(window, qtbot, tmp_path, many(4_000))
    press(qtbot, dialog.go)
    window.close()
    assert not window.isVisible()


def test_undo_after_sending_cancels(
    server: RunningServer, open_window: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    dialog = take(window, qtbot, tmp_path, GOOD)
    imported(dialog, qtbot)
    delivered(window, qtbot)
    press(qtbot, dialog.undo)
    qtbot.waitUntil(lambda: dialog.problem.text() == "2 tasks cancelled.", timeout=PATIENCE)
    delivered(window, qtbot)
    assert server.sql("SELECT DISTINCT status FROM tasks") == [("CANCELLED",)]


def test_a_refusal_by_the_server_is_shown_at_its_line(
    server: RunningServer, open_window: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    dialog = take(window, qtbot, tmp_path, "title,project\nSeal,Hall B retrofit\nBelt,\n")
    server.sql("DELETE FROM projects WHERE id = :i", i=server.world.project_id)
    imported(dialog, qtbot)
    qtbot.waitUntil(lambda: column(dialog, 1) == ["Refused (E5007)", SAVED], timeout=PATIENCE)
    assert dialog.summary.text() == "1 saved at the server · 1 refused"
    assert dialog.save_refused.isVisible() or dialog.table.refused_later == {2}


def test_a_file_that_cannot_be_read_says_why(
    monitor: Monitor, tmp_path: Path, qtbot: QtBot
) -> None:
    window = monitor()
    form = page_of(window)
    form.open_import(tmp_path / "none.csv")
    dialog = form.importing
    assert dialog is not None
    qtbot.waitUntil(lambda: "(E3018)" in dialog.problem.text(), timeout=PATIENCE)
    assert not dialog.go.isVisible()
    (tmp_path / "bad.csv").write_bytes(b"title\n\xff\n")
    dialog.take(tmp_path / "bad.csv")
    qtbot.waitUntil(lambda: "(E2070)" in dialog.problem.text(), timeout=PATIENCE)


def test_a_file_is_dropped_on_the_page(monitor: Monitor, tmp_path: Path, qtbot: QtBot) -> None:
    window = monitor()
    form = page_of(window)
    path = tmp_path / "dropped.csv"
    path.write_text(GOOD)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    actions, buttons = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    form.dropEvent(QDropEvent(QPoint(5, 5), actions, data, buttons, keys))
    dialog = form.importing
    assert dialog is not None
    checked(dialog, qtbot)
    assert dialog.about.text().startswith("dropped.csv")


def test_everything_in_the_dialog_has_a_name(
    monitor: Monitor, tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = take(monitor(), qtbot, tmp_path, GOOD)
    assert nameless(dialog) == []
    assert unreachable(dialog) == []
    assert dialog.minimumSizeHint().height() <= 560
    assert dialog.minimumSizeHint().width() <= 980


def test_long_words_are_cut_to_their_place() -> None:
    assert cut("short", 190) == "short"
    assert cut("w" * 500, 100).endswith("…")


def test_receipts_are_heard_whatever_page_is_open(
    server: RunningServer, open_window: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    dialog = take(window, qtbot, tmp_path, GOOD)
    window.open_page(MONITOR)
    imported(dialog, qtbot)
    qtbot.waitUntil(lambda: column(dialog, 1) == [SAVED, SAVED], timeout=PATIENCE)
    assert dialog.summary.text() == "2 saved at the server · 0 refused"


def test_all_are_asked_for_when_nobody_knows_which(
    server: RunningServer, open_window: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    """With auto-refresh off only a run's end is heard of."""
    window = open_monitor(open_window)
    press(qtbot, window.grid.auto)
    dialog = take(window, qtbot, tmp_path, GOOD)
    imported(dialog, qtbot)
    qtbot.waitUntil(lambda: column(dialog, 1) == [SAVED, SAVED], timeout=PATIENCE)


def test_another_file_leaves_the_undo_of_the_one_before(
    monitor: Monitor, tmp_path: Path, qtbot: QtBot
) -> None:
    window = monitor(task(task_id(1)))
    dialog = take(window, qtbot, tmp_path, many(400))
    press(qtbot, dialog.go)
    qtbot.waitUntil(lambda: not dialog._is_busy, timeout=PATIENCE)
    other = tmp_path / "other.csv"
    other.write_text("title,assignees\nAnother,ana\n")
    with qtbot.captureExceptions() as faults:
        dialog.take(other)
        qtbot.waitUntil(lambda: len(dialog.rows) == 1, timeout=PATIENCE)
        window.heard.emit(None)
        qtbot.waitUntil(lambda: len(window.board.views) == 401, timeout=PATIENCE)
    assert faults == []
    assert not dialog.undo.isVisible()
    assert dialog.summary.text() == "1 new · 0 imported before · 0 refused"
    assert (window.toast.headline.text(), waits(window)) == ("Imported 400 tasks.", 400)
    press(qtbot, window.toast.button)
    qtbot.waitUntil(lambda: waits(window) == 0, timeout=PATIENCE)
    qtbot.waitUntil(lambda: len(window.board.views) == 1, timeout=PATIENCE)
    imported(dialog, qtbot)
    assert waits(window) == 1


def test_the_button_and_the_retry_of_a_stopped_import_are_one(
    monitor: Monitor, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = monitor()
    dialog = take(window, qtbot, tmp_path, many(300))

    def full(_job: service.Import) -> object:
        raise EnvironmentFault("E3001")

    with monkeypatch.context() as disk:
        disk.setattr(service.Import, "run", full)
        press(qtbot, dialog.go)
        qtbot.waitUntil(lambda: "(E3001)" in dialog.problem.text(), timeout=PATIENCE)
    assert window.toast.button.text() == "Retry"
    retry = window.toast._do
    assert retry is not None
    with qtbot.captureExceptions() as faults:
        press(qtbot, dialog.go)
        assert not window.toast.isVisible()
        retry()
        qtbot.waitUntil(lambda: dialog.problem.text() == "Imported 300 tasks.", timeout=PATIENCE)
        qtbot.waitUntil(lambda: not dialog._tick.isActive(), timeout=PATIENCE)
    assert faults == []
    assert waits(window) == 300


def test_undo_tells_at_its_line_what_somebody_else_changed(
    server: RunningServer, open_window: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    dialog = take(window, qtbot, tmp_path, GOOD)
    imported(dialog, qtbot)
    delivered(window, qtbot)
    ids = dict(server.sql("SELECT title, id FROM tasks"))
    server.device("ana").do("set_progress", ids["Seal"], {"percent": 80, "note": "nearly done"})
    press(qtbot, window.chip)
    qtbot.waitUntil(lambda: window.board.views[ids["Seal"]].task.progress == 80, timeout=PATIENCE)
    press(qtbot, dialog.undo)
    qtbot.waitUntil(
        lambda: dialog.problem.text() == "1 task cancelled, 1 task stays (E5062).",
        timeout=PATIENCE,
    )
    assert column(dialog, 1) == ["Stays (E5062)", "Imported before"]
    assert column(dialog, 5)[0].startswith("It was changed meanwhile.")
    delivered(window, qtbot)
    found = dict(server.sql("SELECT title, status FROM tasks"))
    assert found == {"Seal": "IN_PROGRESS", "Belt": "CANCELLED"}


@pytest.mark.parametrize("closed", [False, True])
def test_an_import_ends_with_its_window(
    monitor: Monitor, tmp_path: Path, qtbot: QtBot, closed: bool
) -> None:
    """Also what goes on when its dialog was closed before."""
    window = monitor()
    dialog = take(window, qtbot, tmp_path, many(4_000))
    press(qtbot, dialog.go)
    qtbot.waitUntil(lambda: bool(dialog._job and dialog._job.made), timeout=PATIENCE)
    if closed:
        dialog.close()
        qtbot.waitUntil(lambda: window.toast.isVisible(), timeout=PATIENCE)
    with qtbot.captureExceptions() as faults:
        assert window.quit()
        assert closed or not dialog.isVisible()
        left = window.findChildren(Leftover)
        assert [one._tick.isActive() for one in left] == [False] * closed
        window.work.close()
        settle()
        assert QThreadPool.globalInstance().waitForDone(PATIENCE)
        settle()
    assert faults == []
