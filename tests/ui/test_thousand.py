"""A thousand random things that a person can do, the network coming and going: in the end the
window shows what the server has, and nothing was lost on the way."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import Open, open_desk, settle
from tracker.services.board import Place
from tracker.ui.dialogs.task import TaskDialog
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.controls import TextBox
from tracker.ui.widgets.shell import ATTENTION, WAITING
from tracker.ui.widgets.task_card import TaskCard

ACTIONS = 1_000
PATIENCE = 30_000
WORDS = ("housing cleaned", "needs a wrench", "Später weiter", "次の便で", "done?", "x" * 300)


class Person:
    """Presses what is there to be pressed, and nothing else."""

    def __init__(self, window: EmployeeWindow, qtbot: QtBot, rng: random.Random) -> None:
        self.window, self.qtbot, self.rng = window, qtbot, rng
        self.did: Counter[str] = Counter()
        self.ways: list[tuple[int, Callable[[], bool]]] = [
            (20, self.choose), (24, self.press_on_card), (8, self.move_bar), (8, self.write_note),
            (8, self.comment), (4, self.log_time), (5, self.press_in_pane), (5, self.make_task),
            (4, self.edit_task), (6, self.undo), (5, self.settle_waiting), (5, self.settle_tray),
            (4, self.search), (6, self.go_somewhere), (4, self.synchronise),
        ]  # fmt: skip

    def act(self) -> None:
        weights, ways = zip(*self.ways, strict=True)
        way = self.rng.choices(ways, weights)[0]
        if way():
            self.did[way.__name__] += 1
        QApplication.processEvents()

    def press(self, buttons: list[QAbstractButton]) -> bool:
        there = [one for one in buttons if one.isVisible() and one.isEnabled()]
        if not there:
            return False
        self.qtbot.mouseClick(self.rng.choice(there), Qt.MouseButton.LeftButton)
        return True

    def choose(self) -> bool:
        if not self.window.cards.isVisible() or not self.window.cards.ids:
            self.window.show_all_tasks()
        self.window.cards.select(self.rng.choice(self.window.cards.ids))
        return True

    def press_on_card(self) -> bool:
        body = self.window.body
        return body.isVisible() and self.press(body.findChildren(QAbstractButton))

    def move_bar(self) -> bool:
        card = self.window.cards.card(self.window.cards.selected_id)
        if not isinstance(card, TaskCard) or not card.track.isVisible():
            return False
        key = self.rng.choice((Qt.Key.Key_Left, Qt.Key.Key_Right))
        self.qtbot.keyClick(card.track, key)
        return True

    def write_note(self) -> bool:
        return self.window.body.isVisible() and self.type(self.window.body.note)

    def type(self, field: TextBox) -> bool:
        if not field.isVisible():
            return False
        field.insertPlainText(self.rng.choice(WORDS))  # QTest's keys are those of ASCII only
        if self.rng.random() < 0.7:
            self.qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        return True

    def comment(self) -> bool:
        self.window.show_pane(True)
        settle()
        return self.type(self.window.pane.box)

    def log_time(self) -> bool:
        field = self.window.pane.minutes
        if not field.isVisible():
            return False
        field.edit.setText(self.rng.choice(("5", "1h 30", "-5", "x", "")))
        self.qtbot.keyClick(field.edit, Qt.Key.Key_Return)
        return True

    def press_in_pane(self) -> bool:
        pane = self.window.pane
        wanted = [pane.accept, pane.cancel, pane.timer, *pane.stars]
        for line in (*pane.comments.lines, *pane.needs.lines):
            wanted += line.buttons.values()
        return pane.isVisible() and self.press(list(wanted))

    def make_task(self) -> bool:
        self.window.new_task()
        return self.fill(f"Own task {self.rng.randrange(1_000)}")

    def edit_task(self) -> bool:
        if not self.window._may_edit():
            return False
        self.window.edit_task(self.window.cards.selected_id)
        return self.fill(f"Renamed {self.rng.randrange(1_000)}")

    def fill(self, title: str) -> bool:
        (dialog,) = [one for one in self.window.findChildren(TaskDialog) if one.isVisible()]
        dialog.fields.title.edit.setText(title)
        dialog.fields.due.edit.setText(self.rng.choice(("", "tomorrow", "2099-12-31 17:00")))
        self.qtbot.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
        settle()
        return True

    def undo(self) -> bool:
        self.window.toast.undo()
        return True

    def settle_waiting(self) -> bool:
        self.window.open_page(WAITING)
        rows = [r for r in self.window.waiting_page.rows if "Withdraw" in r.buttons]
        return bool(rows) and self.press([self.rng.choice(rows).buttons["Withdraw"]])

    def settle_tray(self) -> bool:
        self.window.open_page(ATTENTION)
        rows = self.window.tray_page.rows
        if not rows:
            return False
        row = self.rng.choice(rows)
        wanted = [row.buttons[w] for w in ("Retry", "Send as comment", "Discard")
                  if w in row.buttons]  # fmt: skip
        return self.press(list(wanted))

    def search(self) -> bool:
        field = self.window.search.edit
        field.setText(self.rng.choice(("", "", "", "Own", "seal", "nothing has this")))
        return True

    def go_somewhere(self) -> bool:
        row = self.window.rail.rows[self.rng.choice([Place.ALL, Place.ALL, *self.window.rail.rows])]
        return self.press([row])

    def synchronise(self) -> bool:
        return self.press([self.window.chip])


def shown(window: EmployeeWindow) -> dict[str, tuple[Any, ...]]:
    return {
        v.task.id: (v.task.title, v.task.status.value, v.task.progress, v.task.comment_count,
                    v.task.actual_minutes, v.task.due_at)
        for v in window.board.views.values()
    }  # fmt: skip


def at_server(server: RunningServer) -> dict[str, tuple[Any, ...]]:
    names = ("title", "status", "progress", "comment_count", "actual_minutes", "due_at")
    return {t["id"]: tuple(t[name] for name in names) for t in server.page("ana")["tasks"]}


def others_work(server: RunningServer, rng: random.Random, tasks: list[str]) -> None:
    """Rita does things to the same tasks."""
    task_id, rita = rng.choice(tasks), server.device("rita")
    kind, args = rng.choice((
        ("set_progress", {"percent": rng.randrange(100)}), ("hold", {}), ("cancel", {}),
        ("reopen", {}), ("comment", {"comment_id": server.new_id(), "text": "from the office"}),
        ("edit_fields", {"fields": {"title": f"From the office {rng.randrange(99)}"}}),
    ))  # fmt: skip
    rita.post([rita.action(kind, task_id, args)])


@pytest.mark.long
@pytest.mark.parametrize("seed", [1])
def test_in_the_end_the_window_shows_what_the_server_has(
    server: RunningServer, open_window: Open, qtbot: QtBot, seed: int
) -> None:
    rng = random.Random(seed)
    server.port = int(server.url.rpartition(":")[2])  # where it comes back
    tasks = [server.task("ana", title=f"Replace seal {n}") for n in range(12)]
    window = open_desk(open_window)
    window.resize(1280, 800)  # the screen of the tests is narrow, where details replace the cards
    person, is_up = Person(window, qtbot, rng), True
    for number in range(ACTIONS):
        person.act()
        if number % 60 == 59:
            is_up = not is_up
            server.start() if is_up else server.stop()
        if is_up and rng.random() < 0.05:
            others_work(server, rng, tasks)
    assert person.did.total() > ACTIONS / 2, person.did
    assert len(person.did) > 12, person.did
    if not is_up:
        server.start()
    window.search.edit.clear()
    _deliver(window, qtbot)
    while (tray := window.work.outbox.tray()) != []:
        for entry in tray:
            window._discard(entry)
        _deliver(window, qtbot)
    qtbot.waitUntil(lambda: shown(window) == at_server(server), timeout=PATIENCE)


def _deliver(window: EmployeeWindow, qtbot: QtBot) -> None:
    """Until nothing waits: a press on the chip ends the waiting between two tries."""

    def nothing_waits() -> bool:
        if window.reconnect.preview is not None:
            window.reconnect.send()
        window.sync_wanted.emit()
        return window.work.outbox.tally().waiting == 0

    qtbot.waitUntil(nothing_waits, timeout=PATIENCE)
