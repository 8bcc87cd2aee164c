"""What a board keeps of its tasks from one change to the next: which fit, in order, and how many.

Sorting and counting 10,000 tasks takes 20 ms, and a card changes with every click. Each class here
takes one change in microseconds; tests hold it against doing everything again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain, islice
from typing import Any, TypeVar

from tracker.cache.projection import TaskView
from tracker.domain.task import OPEN, Status, Task

Key = tuple[Any, ...]
STEP = 1_000
"""Views that one step takes in: about 2 ms."""
_FEW = 12
"""So many steps' views are sorted at once, in about 10 ms."""
_T = TypeVar("_T")


def batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def exhaust(steps: Iterator[None]) -> None:
    """All of them at once."""
    for _ in steps:
        pass


def forgetting(views: dict[str, TaskView]) -> Iterator[None]:
    """Empties it in steps, for one that nobody asks any more."""
    while views:
        for _ in range(min(STEP, len(views))):
            views.popitem()
        yield


class Listing:
    """The ids of the tasks that fit, in order. `key` says a task's place among all; the id is its
    last value, so no two are alike. New ones are empty until `filling` was gone through."""

    def __init__(self, fits: Callable[[TaskView], bool], key: Callable[[TaskView], Key]) -> None:
        self._fits, self._key = fits, key
        self._keys: list[Key] = []
        self._order: list[str] = []
        self._ids: tuple[str, ...] | None = None

    def filling(self, views: Iterable[TaskView]) -> Iterator[None]:
        """Takes all of these in, in steps of a few milliseconds."""
        fits, key, found = self._fits, self._key, self._keys
        runs: list[list[Key]] = []
        for some in batches(views, STEP):
            runs.append(sorted([key(view) for view in some if fits(view)]))
            yield
        if len(runs) <= _FEW:
            found += sorted(chain.from_iterable(runs))  # of sorted runs: a third of sorting
            yield
        else:  # slower in all, and nobody waits for it
            for part in batches(merge(*runs), STEP):
                found += part
                yield
        self._order = [one[-1] for one in found]

    @property
    def ids(self) -> tuple[str, ...]:
        """The same tuple as long as it says the same: a list of cards compares it at no cost."""
        if self._ids is None:
            self._ids = tuple(self._order)
        return self._ids

    def first(self, most: int) -> Sequence[str]:
        return self._order[:most]

    def change(self, before: TaskView | None, after: TaskView | None) -> None:
        """A task that was `before` is `after` now; None where there was or is none."""
        old = self._key(before) if before is not None else None
        new = self._key(after) if after is not None and self._fits(after) else None
        if old is not None:
            place = bisect_left(self._keys, old)
            if place == len(self._keys) or self._keys[place] != old:
                old = None  # it did not fit
            elif old == new:
                return
            else:
                del self._keys[place], self._order[place]
        if new is not None:
            place = bisect_left(self._keys, new)
            self._keys.insert(place, new)
            self._order.insert(place, new[-1])
        if old is not None or new is not None:
            self._ids = None

    def emptying(self) -> Iterator[None]:
        """Forgets all in steps, for one that nobody asks any more: 50,000 keys that go at once
        take 20 ms."""
        self._ids = None
        while self._keys:
            del self._keys[-STEP:], self._order[-STEP:]
            yield


class Counts:
    """How many tasks have which status, are watched, and are due by when. New ones count nothing
    until `filling` was gone through."""

    def __init__(self, watched: Callable[[TaskView], bool]) -> None:
        self._watched = watched
        self.statuses: Counter[Status] = Counter()
        self.watching = 0
        # Of open tasks, sorted: all dues in ms; those that name a day, and those that do not.
        self._dues: list[int] = []
        self._days: list[str] = []
        self._times: list[int] = []

    def filling(self, views: Iterable[TaskView]) -> Iterator[None]:
        """Takes all of these in, in steps of a few milliseconds."""
        for some in batches(views, STEP):
            self.statuses.update(view.task.status for view in some)
            self.watching += sum(map(self._watched, some))
            for view in some:
                self._note_due(view.task, list.append)
            yield
        for found in (self._dues, self._days, self._times):
            found.sort()

    def change(self, before: TaskView | None, after: TaskView | None) -> None:
        """A task that was `before` is `after` now; None where there was or is none."""
        if before is not None:
            self._count(before, -1)
            self._note_due(before.task, _take_out)
        if after is not None:
            self._count(after, 1)
            self._note_due(after.task, insort)

    def overdue(self, now: int) -> int:
        return bisect_left(self._dues, now)

    def around(self, now: int) -> tuple[int | None, int | None]:
        """The last due before this instant and the next one: meanwhile nothing becomes overdue."""
        place = bisect_left(self._dues, now)
        following = self._dues[place] if place < len(self._dues) else None
        return self._dues[place - 1] if place else None, following

    def due_by(self, day: str, end: float) -> int:
        """Due on that day or before, or by its `end` in ms where no day is named."""
        return bisect_right(self._days, day) + bisect_right(self._times, end)

    def _count(self, view: TaskView, number: int) -> None:
        self.statuses[view.task.status] += number
        if self._watched(view):
            self.watching += number

    def _note_due(self, task: Task, do: Callable[[list[Any], Any], object]) -> None:
        if task.due_at is None or task.status not in OPEN:
            return
        do(self._dues, task.due_at)
        if task.due_date:
            do(self._days, task.due_date)
        else:
            do(self._times, task.due_at)


def _take_out(sorted_values: list[Any], value: Any) -> None:
    del sorted_values[bisect_left(sorted_values, value)]
