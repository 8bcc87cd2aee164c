"""An employee's profile with tasks in its cache, and the product's window over it in this process.

Nothing synchronises: what a pull would bring is applied by a second connection, as the sync thread
has one, so that only what the window's own thread does is measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from benchmarks.product import DESCRIPTION
from tracker.cache.confirmed import Confirmed
from tracker.config import Profile, profile_folder, save_profile
from tracker.domain.page import Changes
from tracker.domain.task import Assignment, Part, Person, Priority, Project, Role, Status, Task
from tracker.protocol.sync import PullPage
from tracker.services.board import Board
from tracker.services.workspace import Workspace, device_clock, open_workspace
from tracker.ui.bridge import Collector
from tracker.ui.employee.tray import state_of
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.theme import theme

NOBODY = "http://127.0.0.1:9"
"""No server is there."""
_HOUR = 3_600_000
_PRIORITIES = tuple(Priority)
_STATUSES = (Status.PENDING, Status.IN_PROGRESS, Status.IN_PROGRESS, Status.ON_HOLD,
             Status.COMPLETED)  # fmt: skip


def _id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


ANA, RITA, PROJECT = _id(10**11), _id(10**11 + 1), _id(10**11 + 2)


def application() -> QApplication:
    """With the product's palette and its garbage collection."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["tracker"])
        theme.apply(app, "light")
        Collector(app)
    return app


def paint() -> None:
    """Until what was asked for is painted."""
    QApplication.processEvents()


def made(number: int, now: int) -> Task:
    """The n-th task: one in five is finished, one in ten late, one in seven without a due."""
    status = _STATUSES[number % 5]
    done = status is Status.COMPLETED
    due = now + (number * 37 % 3_000 - 300) * _HOUR
    return Task(
        id=_id(number),
        number=number,
        title=f"Replace pump seal {number:06}, station {number % 90}",
        description=DESCRIPTION,
        status=status,
        priority=_PRIORITIES[number * 7 % 4],
        progress=100 if done else number % 100,
        created_by=RITA,
        created_at=now - (number % 900) * _HOUR,
        updated_at=now - (number % 200) * _HOUR,
        version=1,
        project_id=PROJECT if number % 3 else None,
        due_at=due if number % 7 else None,
        completed_at=now - (number % 200) * _HOUR if done else None,
        comment_count=number % 4,
    )


def page(seq: int, tasks: Sequence[Task], **more: Any) -> PullPage:
    known = {"epoch": "e1", "cursor": f"c{seq}", "more": False, "zone": "UTC", "mark": f"m{seq}"}
    return PullPage(seq=seq, head=seq, tasks=list(tasks), **{**known, "snapshot": False, **more})


def first_page(tasks: Sequence[Task]) -> PullPage:
    """Everything at once; ana does all of them and watches one in twenty of them with rita."""
    assigned = [Assignment(t.id, ANA, Part.ASSIGNEE, 100, RITA, t.created_at) for t in tasks]
    assigned += [Assignment(t.id, RITA, Part.REVIEWER, 0, RITA, t.created_at) for t in tasks[::20]]
    return page(
        1,
        tasks,
        snapshot=True,
        assignments=assigned,
        people=[
            Person(ANA, 1, "ana", "Ana Moreno", Role.EMPLOYEE, True),
            Person(RITA, 2, "rita", "Rita Okafor", Role.ADMIN, True),
        ],
        projects=[Project(PROJECT, 1, "Hall B retrofit", False)],
    )


def new_profile(root: Path) -> Profile:
    """Of somebody who signed in there, in that data folder; nothing was pulled yet."""
    profile = Profile(
        folder=profile_folder(root, NOBODY, "ana", "desk"),
        scope="desk",
        server_url=NOBODY,
        server_id="s1",
        user_id=ANA,
        name="ana",
        display_name="Ana Moreno",
        role=Role.EMPLOYEE,
        tenant="Northwind",
    )
    save_profile(root, profile)
    return profile


def fill(root: Path, number: int) -> None:
    """A data folder whose profile has pulled that many tasks."""
    tasks = [made(n, device_clock()) for n in range(1, number + 1)]
    with closing(Confirmed(new_profile(root).folder)) as confirmed:
        confirmed.apply(first_page(tasks), device_clock())


@dataclass
class Desk:
    """A window that is shown, and the connection by which its rows change."""

    window: EmployeeWindow
    workspace: Workspace
    feed: Confirmed
    seq: int = 1

    def pull(self, tasks: Sequence[Task], **more: Any) -> Changes:
        """What applying a page with these tasks says."""
        self.seq += 1
        return self.feed.apply(page(self.seq, tasks, **more), device_clock())

    def moved(self, task_ids: Sequence[str], **values: Any) -> Changes:
        """Another progress for each of these, or other values."""
        now = device_clock()
        changed = []
        for task_id in task_ids:
            task = self.window.board.views[task_id].task
            changes = values or {"progress": (task.progress + 1) % 100}
            changed.append(replace(task, version=task.version + 1, updated_at=now, **changes))
        return self.pull(changed)

    def say_in_tray(self) -> None:
        """What the icon says of a change comes a rest after it, on the same thread. Here each round
        asks at once: otherwise few would meet what asking costs, and leaves to the next change."""
        state_of(self.window)

    def visible(self) -> list[str]:
        """The ids of the cards that are seen as a whole, from above."""
        cards = self.window.cards
        height = cards.viewport().height()
        seen = [c for c in cards.cards() if c.y() >= 0 and c.y() + c.height() <= height]
        return [c.card_id for c in sorted(seen, key=lambda card: card.y()) if c.card_id]


@contextmanager
def open_desk(root: Path, tasks: int) -> Iterator[Desk]:
    """The window over so many tasks, painted."""
    application()
    if tasks:
        fill(root, tasks)
    profile = new_profile(root)
    workspace = open_workspace(profile)
    with closing(workspace), closing(Confirmed(profile.folder)) as feed:
        window = EmployeeWindow(workspace, Board(workspace))
        window.show()
        paint()
        window.begin()  # as the program does; nothing of the person is reported, as nobody is there
        paint()
        try:
            yield Desk(window, workspace, feed)
        finally:
            window.quit()
            shiboken6.delete(window)
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
