"""What the window's own thread does to show something: the list, a frame, what has changed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from operator import attrgetter

from PySide6.QtWidgets import QScrollBar

from benchmarks.desk import Desk, application, first_page, made, open_desk, paint
from benchmarks.figures import Figure, Row, Spread, by_turns, ratio, spread, timed
from benchmarks.floor import rows
from benchmarks.floor.cards import Cards
from benchmarks.product import Lab
from tracker.domain.page import Changes
from tracker.services.workspace import device_clock
from tracker.sync.engine import Report, State

FLAT = 1.25
"""The same, and a quarter for the noise."""
_WHEEL = 120
"""Pixels that a notch of the wheel moves: three lines of 40."""


def list_shown(lab: Lab, few: int, tasks: int, many: int, rounds: int) -> Row:
    """The window is there and the board has read the tasks; then they are shown."""
    reading: list[float] = []
    collecting: list[float] = []
    at_few, ours, at_many, least = by_turns(
        rounds,
        lambda: _list_painted(lab, few, [], []),
        lambda: _list_painted(lab, tasks, reading, collecting),
        lambda: _list_painted(lab, many, [], []),
        lambda: _floor_painted(tasks),
        warm_up=1,
    )
    return Row(
        "list",
        f"first paint of {tasks:,} tasks that the board has read; the floor is a QListView of them",
        "ms",
        ours,
        least,
        [
            Figure("time", ours.median, "ms", must=60),
            *_flat(few, at_few, many, at_many),
            Figure("reading them from the cache before", spread(reading).median, "ms"),
            Figure("and looking for garbage once", spread(collecting).median, "ms"),
        ],
    )


def _list_painted(lab: Lab, tasks: int, reading: list[float], collecting: list[float]) -> float:
    """Milliseconds for showing in a window that had none; adds those of reading, and of the look
    for garbage that follows within a second, when the loop is idle or not."""
    with open_desk(lab.folder(), 0) as desk:
        everything = [made(n, device_clock()) for n in range(1, tasks + 1)]
        desk.feed.apply(first_page(everything), device_clock())
        reading.append(timed(desk.window.board.load))
        collecting.append(timed(gc.collect))

        def show() -> None:
            desk.window.show_changes(None)
            paint()

        shown = timed(show)
        _expect(tasks, len(desk.window.cards.ids))
        return shown


def _floor_painted(tasks: int) -> float:
    with _floor([]) as cards:
        titles = [f"Replace pump seal {n}" for n in range(tasks)]

        def show() -> None:
            cards.show_rows(titles)
            paint()

        return timed(show)


def scroll(lab: Lab, few: int, tasks: int, many: int, rounds: int) -> Row:
    """The bar moves by a notch of the wheel, and by a page; what came into view is painted."""
    with ExitStack() as stack:
        frames = []
        for number in (few, tasks, many):
            desk = stack.enter_context(open_desk(lab.folder(), number))
            frames.append(_frames(desk.window.cards.verticalScrollBar()))
        cards = stack.enter_context(_floor([str(n) for n in range(tasks)]))
        frames.append(_frames(cards.verticalScrollBar()))
        at_few, ours, at_many, least = by_turns(rounds, *frames, warm_up=5)
    return Row(
        "scroll",
        f"one frame in {tasks:,} tasks; the floor is a QListView that paints as much",
        "ms",
        ours,
        least,
        [
            Figure("p95", ours.p95, "ms", must=8),
            Figure("p95 of the floor", least.p95, "ms"),
            Figure("against the floor", ratio(ours, least), "x"),
            *_flat(few, at_few, many, at_many),
        ],
    )


def _frames(bar: QScrollBar) -> Callable[[], float]:
    steps = cycle((_WHEEL, bar.pageStep()))

    def frame() -> float:
        step = next(steps)
        if bar.value() + step > bar.maximum():
            bar.setValue(0)
            paint()

        def move() -> None:
            bar.setValue(bar.value() + step)
            paint()

        return timed(move)

    return frame


def one_changed(lab: Lab, few: int, tasks: int, many: int, rounds: int) -> Row:
    """Another progress came for a card that is seen, by a page of the feed that is applied."""
    with ExitStack() as stack:
        desks = [stack.enter_context(open_desk(lab.folder(), n)) for n in (few, tasks, many)]
        cards = stack.enter_context(_floor([str(n) for n in range(tasks)]))
        works = [_progressed(desk) for desk in desks]
        floor = _row_changed(lab, cards, tasks)
        at_few, ours, at_many, least = by_turns(rounds, *works, floor, warm_up=5)
        (moved,) = by_turns(rounds, _rescheduled(desks[1]), warm_up=2)
    return Row(
        "changed",
        f"one of {tasks:,} tasks changed, read, painted and said by the tray; the floor reads one"
        " row by its id and paints one of a QListView",
        "ms",
        ours,
        least,
        [
            Figure("time", ours.median, "ms", must=2),
            Figure("against the floor", ratio(ours, least), "x"),
            *_flat(few, at_few, many, at_many),
            Figure("one that goes elsewhere in the list", moved.median, "ms"),
        ],
    )


def _progressed(desk: Desk) -> Callable[[], float]:
    seen = cycle(desk.visible())
    return lambda: _shown(desk, desk.moved([next(seen)]))


def _rescheduled(desk: Desk) -> Callable[[], float]:
    days = cycle(range(-9, 9))

    def work() -> float:
        due = device_clock() + next(days) * 86_400_000
        return _shown(desk, desk.moved([desk.visible()[2]], due_at=due))

    return work


def _shown(desk: Desk, changes: Changes) -> float:
    def show() -> None:
        desk.window.show_changes(changes)
        paint()
        desk.say_in_tray()

    return timed(show)


def pull(lab: Lab, tasks: int, changed: int, rounds: int) -> Row:
    """How long the window's thread is busy with the report of a run that changed so many."""
    with (
        open_desk(lab.folder(), tasks) as desk,
        _floor([str(n) for n in range(tasks)]) as cards,
    ):
        ids = sorted(desk.window.board.views)[:: max(1, tasks // changed)][:changed]
        least_read = _row_changed(lab, cards, tasks, changed)

        def product() -> float:
            report = Report(State.SYNCED, device_clock(), desk.moved(ids), 0, 0, 0)

            def show() -> None:
                desk.window.show_report(report)
                paint()
                desk.say_in_tray()

            return timed(show)

        ours, least = by_turns(rounds, product, least_read, warm_up=2)
    return Row(
        "pull",
        f"the report of a run that changed {changed:,} of {tasks:,} tasks, until it is painted"
        " and said by the tray; the floor reads as many rows and paints a QListView",
        "ms",
        ours,
        least,
        [
            Figure("time", ours.median, "ms", must=50),
            Figure("against the floor", ratio(ours, least), "x"),
        ],
    )


def _row_changed(lab: Lab, cards: Cards, tasks: int, number: int = 1) -> Callable[[], float]:
    """The floor of a change: its rows, and what is seen of them painted."""
    conn = rows.connect(lab.folder() / "floor.db")
    now = device_clock()
    plain = attrgetter(*rows.COLUMNS["tasks"])
    values = [plain(made(n, now)) for n in range(1, tasks + 1)]
    conn.execute("BEGIN")
    rows.put(conn, "tasks", values)
    conn.execute("COMMIT")
    marks = ",".join("?" * number)
    query = f"SELECT * FROM tasks WHERE id IN ({marks})"
    ids = [row[0] for row in values[:: max(1, tasks // number)][:number]]

    def change() -> None:
        _expect(len(ids), len(conn.execute(query, ids).fetchall()))
        if number == 1:
            cards.change(2)
        else:
            cards.viewport().update()
        paint()

    return lambda: timed(change)


@contextmanager
def _floor(titles: Sequence[str]) -> Iterator[Cards]:
    application()
    cards = Cards()
    cards.show_rows(list(titles))
    cards.show()
    paint()
    try:
        yield cards
    finally:
        cards.close()
        cards.deleteLater()
        paint()


def _flat(few: int, at_few: Spread, many: int, at_many: Spread) -> list[Figure]:
    return [
        Figure(f"{many:,} tasks", at_many.median, "ms"),
        Figure(f"{many:,} tasks against {few:,}", ratio(at_many, at_few), "x", must=FLAT),
    ]


def _expect(wanted: int, found: int) -> None:
    if wanted != found:
        raise RuntimeError(f"{found} are there, not {wanted}")
