"""What a click costs until it is saved and painted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import cycle

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from benchmarks.desk import Desk, application, open_desk, paint
from benchmarks.figures import Figure, Row, by_turns, ratio, spread, timed
from benchmarks.floor import rows
from benchmarks.floor.cards import Cards
from benchmarks.product import NOTE, Lab, work
from tracker.domain.task import Status
from tracker.ui.widgets.task_card import TaskCard

_BETWEEN = 50
"""A task is clicked at again after so many others."""
_WARM_UP = 6


def click(lab: Lab, tasks: int, rounds: int) -> Row:
    """By turns the bar of a card, a quick button of the opened one, and its Update with a note."""
    application()
    cards = Cards()
    cards.show_rows([str(n) for n in range(tasks)])
    cards.show()
    with (
        open_desk(lab.folder(), tasks) as desk,
        closing(rows.connect(lab.folder() / "floor.db")) as bare,
    ):
        numbers = iter(range(10**9))

        def commit() -> None:
            rows.add(bare, [work(next(numbers), ["one", "two"])])
            cards.change(2)
            paint()

        handlers: list[float] = []
        clicks = _clicks(desk, handlers)
        product, floor = by_turns(rounds, clicks, lambda: timed(commit), warm_up=_WARM_UP)
    handler = spread(handlers[_WARM_UP:])
    cards.close()
    cards.deleteLater()
    paint()
    return Row(
        "click",
        f"a click among {tasks:,} tasks until it is committed and painted; the floor is a bare FULL"
        " transaction and one row of a QListView",
        "ms",
        product,
        floor,
        [
            Figure("the handler, p99", handler.p99, "ms", must=16),
            Figure("the handler", handler.median, "ms"),
            Figure("until it is painted, p99", product.p99, "ms"),
            Figure("p99 of the floor", floor.p99, "ms"),
            Figure("against the floor", ratio(product, floor), "x"),
        ],
    )


def _clicks(desk: Desk, handlers: list[float]) -> Callable[[], float]:
    """Each at another open task, and each does what it should: one more action waits. Adds how
    long the window's handler took."""
    window = desk.window
    board = window.board
    tasks = [board.views[task_id].task for task_id in window.cards.ids]
    open_ones = [t.id for t in tasks if t.status is Status.IN_PROGRESS and t.progress < 90]
    places = cycle(open_ones[:_BETWEEN])
    kinds = cycle(("bar", "quick", "update"))

    def one() -> float:
        task_id, kind = next(places), next(kinds)
        window.cards.select(task_id)
        card = window.cards.card(task_id)
        assert isinstance(card, TaskCard)
        body, progress = window.body, board.views[task_id].task.progress
        if kind == "bar":
            target: QWidget = card.track
            where = QPoint(round((target.width() - 56) * (progress % 90 + 3) / 100), 12)
        else:
            target = body.update_button if kind == "update" else body.quick[1 + (progress == 25)]
            where = target.rect().center()
        if kind == "update":
            body.note.setPlainText(NOTE)
        paint()
        before = desk.workspace.outbox.tally().waiting

        def press() -> None:
            none = Qt.KeyboardModifier.NoModifier
            QTest.mouseClick(target, Qt.MouseButton.LeftButton, none, where)

        handlers.append(timed(press))
        painted = timed(paint)
        desk.say_in_tray()  # so that the next click is as those that come after a rest
        if desk.workspace.outbox.tally().waiting != before + 1:
            raise RuntimeError(f"the click at {kind} was not saved")
        return handlers[-1] + painted

    return one
