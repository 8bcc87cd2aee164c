"""Tells a person on the desktop what is new while they look elsewhere.

One object for a window: it compares the rows before and after each synchronisation, remembers the
newest notification that was told, and opens what a click on a note means.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, QSettings

from tracker.cache.projection import TaskView
from tracker.domain.errors import TrackerError
from tracker.domain.page import Changes
from tracker.services import news
from tracker.services.news import News
from tracker.ui.employee.notices import NOTIFICATIONS, Notices
from tracker.ui.system.desktop_notes import DesktopNotes, Note
from tracker.ui.widgets.border import border
from tracker.ui.widgets.shell import Shell

TOLD = "told_notification"
"""In the window's settings: the number of the newest notification that needs no more telling."""

MOST_COMPARED = 2_000
"""Of more changes at once nobody wants to hear."""


class Telling(QObject):
    def __init__(self, window: Shell, notices: Notices, stored: QSettings) -> None:
        super().__init__(window)
        self._window, self._notices, self._stored = window, notices, stored
        self.notes = DesktopNotes(window.around.environ, window.toast, self._look, self)
        self._begun = False
        window.closed.connect(self.stop)

    def begin(self) -> None:
        """What came since the last time and was not told then, as with a command that
        synchronised, is told now."""
        self._begun = True
        self.tell({}, Changes())

    def stop(self) -> None:
        self._begun = False
        self.notes.stop()

    # -- what is new -----------------------------------------------------------------------

    def before(self, changes: Changes) -> Mapping[str, TaskView]:
        """The tasks as they are shown before these changes. After a first pull, or one from a
        restored server, everything would be new, so nothing is."""
        wanted = self._begun and self._window.around.settings.notify_changed
        if not wanted or changes.everything or len(changes.tasks) > MOST_COMPARED:
            return {}
        views = self._window.board.views
        return {task_id: views[task_id] for task_id in changes.tasks if task_id in views}

    @border("tell what is new")
    def tell(self, before: Mapping[str, TaskView], changes: Changes) -> None:
        """The board and the list show the changes now."""
        if not self._begun:
            return
        found = [*self._of_tasks(before), *self._of_notifications(changes)]
        self.notes.show([self._note(one) for one in news.gathered(found)])

    def _of_tasks(self, before: Mapping[str, TaskView]) -> list[News]:
        board, trail = self._window.board, self._window.work.projection.trail
        now, names = self._window.work.server_now(), board.names()
        found = []
        for task_id, old in before.items():
            new = board.views.get(task_id)
            if news.differs(old, new, board.me):
                history = trail(task_id).history
                found.append(news.of_task(old, new, history, board.me, names, now))
        return [one for one in found if one is not None]

    def _of_notifications(self, changes: Changes) -> list[News]:
        rows = self._notices.rows
        newest = max((row.number for row, _ in rows), default=0)
        kept = str(self._stored.value(TOLD, ""))
        if not kept.isdecimal():
            # A new profile, or the first start that knows notes: what is there is no news.
            if self._window.board.synced_at is not None:
                self._stored.setValue(TOLD, newest)
            return []
        told = int(kept)
        found = news.of_notifications(rows, told, self._window.around.settings)
        # A restored server may count on from lower than before.
        self._stored.setValue(TOLD, newest if changes.everything else max(newest, told))
        return found

    # -- what a click opens ----------------------------------------------------------------

    def _note(self, one: News) -> Note:
        do = functools.partial(self.open, one.link)
        return Note(one.headline, one.sentence, do, one.brief)

    def open(self, link: str) -> None:
        """Brings the window forward, at what the note was about."""
        if link == news.THE_LIST:
            self._look()
            return
        self._window.come_forward(link)
        if link:
            self._notices.read_about(link)

    def _look(self) -> None:
        self._window.come_forward()
        self._window.open_page(NOTIFICATIONS)

    def tell_fault(self, tried: str, fault: TrackerError, again: Callable[[], None]) -> None:
        self._window.tell_fault(tried, fault, again)
