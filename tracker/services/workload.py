"""How much each person has to do, and how far each project is: kept up to date by what changed.

Counting 50,000 tasks takes a tenth of a second, and a task changes several times a second. So what
each task adds is remembered with it, and only tasks that differ are taken off and added anew. The
first count is done in slices, between which a window paints.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from tracker.cache.projection import TaskView
from tracker.domain.task import OPEN, Part, Status, Task

SLICE = 500
"""Tasks that are counted between two paints: 3 to 6 milliseconds."""
_CHEAPER = 10
"""So many more are compared meanwhile."""


class _Dues:
    """Instants of which some are over; sorted when somebody asks."""

    def __init__(self) -> None:
        self._dues: list[int] = []
        self._sorted = True

    def add(self, due: int) -> None:
        self._dues.append(due)
        self._sorted = False

    def remove(self, due: int) -> None:
        self._sort()
        del self._dues[bisect_left(self._dues, due)]

    def before(self, now: int) -> int:
        self._sort()
        return bisect_left(self._dues, now)

    def _sort(self) -> None:
        if not self._sorted:
            self._dues.sort()
            self._sorted = True


@dataclass(slots=True)
class Load:
    """What a person has to do. `shares` are minutes times percent: what is estimated of their open
    tasks, by their share of each."""

    open: set[str] = field(default_factory=set)
    shares: int = 0
    unestimated: int = 0
    dues: _Dues = field(default_factory=_Dues)

    @property
    def minutes(self) -> int:
        return round(self.shares / 100)

    def overdue(self, now: int) -> int:
        return self.dues.before(now)


@dataclass(slots=True)
class Standing:
    """How far a project is. `tasks` and `open` leave archived ones out; `progress` is the mean of
    what its tasks show, but for those that were cancelled."""

    tasks: int = 0
    open: int = 0
    measured: int = 0
    percents: int = 0
    dues: _Dues = field(default_factory=_Dues)

    @property
    def progress(self) -> float | None:
        return self.percents / self.measured if self.measured else None

    def overdue(self, now: int) -> int:
        return self.dues.before(now)


class Workload:
    """One thread. `look` notes which tasks differ from what was counted, `step` counts some."""

    def __init__(self) -> None:
        self._people: dict[str, Load] = {}
        self._projects: dict[str, Standing] = {}
        self._counted: dict[str, TaskView] = {}
        self._waiting: deque[str] = deque()
        self._to_compare: Iterator[str] | None = None
        self._was_whole = False

    def look(self, views: Mapping[str, TaskView], ids: Iterable[str] | None = None) -> None:
        """Which of these tasks may differ, all where `ids` is None: they are compared by `step`, as
        a task that did not change is the very same object."""
        if ids is None:
            self._to_compare = iter([*views])
        else:
            self._waiting.extend(ids)

    def step(self, views: Mapping[str, TaskView], most: int = SLICE) -> bool:
        """Counts up to so many of them, as they are now; whether more wait."""
        waiting = self._waiting
        if not waiting and self._to_compare is not None:
            self._compare(views, most * _CHEAPER)
        for _ in range(min(most, len(waiting))):
            self._take(views, waiting.popleft())
        is_left = bool(waiting) or self._to_compare is not None
        self._was_whole = self._was_whole or not is_left
        return is_left

    def _compare(self, views: Mapping[str, TaskView], most: int) -> None:
        assert self._to_compare is not None
        some = list(islice(self._to_compare, most))
        counted = self._counted
        self._waiting.extend(one for one in some if counted.get(one) is not views.get(one))
        if len(some) < most:
            self._to_compare = None
            if len(counted) + len(self._waiting) > len(views):  # else none can be gone
                self._waiting.extend(counted.keys() - views.keys())

    @property
    def is_whole(self) -> bool:
        """Whether everything is counted that is known to differ. To compare what was counted once
        finds little."""
        return self._was_whole and not self._waiting

    def person(self, user_id: str) -> Load:
        return self._people.get(user_id) or Load()

    def project(self, project_id: str) -> Standing:
        return self._projects.get(project_id) or Standing()

    def _take(self, views: Mapping[str, TaskView], task_id: str) -> None:
        before, after = self._counted.get(task_id), views.get(task_id)
        if before is after:
            return
        if before is not None:
            self._add(before, -1)
            del self._counted[task_id]
        if after is not None:
            self._add(after, 1)
            self._counted[task_id] = after

    def _add(self, view: TaskView, sign: int) -> None:
        task = view.task
        if task.status in OPEN:
            for row in view.people:
                if row.part is Part.ASSIGNEE:
                    load = self._people.setdefault(row.user_id, Load())
                    self._add_load(load, task, row.percent, sign)
        if task.project_id is not None:
            self._add_standing(self._projects.setdefault(task.project_id, Standing()), task, sign)

    def _add_load(self, load: Load, task: Task, percent: int, sign: int) -> None:
        if sign > 0:
            load.open.add(task.id)
        else:
            load.open.discard(task.id)
        if task.estimated_minutes is None:
            load.unestimated += sign
        else:
            load.shares += sign * task.estimated_minutes * percent
        _note_due(load.dues, task, sign)

    def _add_standing(self, standing: Standing, task: Task, sign: int) -> None:
        if task.status is not Status.ARCHIVED:
            standing.tasks += sign
        if task.status in OPEN:
            standing.open += sign
            _note_due(standing.dues, task, sign)
        if counts_for_progress(task):
            standing.measured += sign
            standing.percents += sign * task.shown_progress


def counts_for_progress(task: Task) -> bool:
    """Not what was cancelled, also if it is archived now; what was completed and archived does."""
    if task.status is Status.ARCHIVED:
        return task.completed_at is not None
    return task.status is not Status.CANCELLED


def _note_due(dues: _Dues, task: Task, sign: int) -> None:
    if task.due_at is None:
        return
    if sign > 0:
        dues.add(task.due_at)
    else:
        dues.remove(task.due_at)
