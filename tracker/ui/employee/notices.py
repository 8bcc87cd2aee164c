"""The notification centre: what others did that concerns the person, to be opened, marked and put
away; offline like everything.

One object for a window: it keeps the list, shows it on its page, and says how many are unread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tracker.cache.projection import Mark
from tracker.domain.errors import TrackerError
from tracker.domain.notification import Notification
from tracker.domain.page import Changes
from tracker.services import wording
from tracker.services.notifications import Notifications, Saved, link_of
from tracker.ui.theme.tokens import SPACE_2
from tracker.ui.widgets.border import border
from tracker.ui.widgets.controls import Button
from tracker.ui.widgets.rows import Row, RowPage
from tracker.ui.widgets.shell import Shell

NOTIFICATIONS = "Notifications"
EMPTY = "No notifications. What others do with your tasks is told here."


class Notices(QObject):
    """`rows` are what is neither archived nor expired, the newest first; read after the first
    paint, or when the page opens."""

    def __init__(self, window: Shell) -> None:
        super().__init__(window)
        self._window = window
        self._kept = Notifications(window.work)
        self._begun = False
        self.rows: list[tuple[Notification, Mark]] = []
        self.page = QWidget(window)
        self.list = RowPage(NOTIFICATIONS, EMPTY, self.page)
        self.all_read = Button("Mark all as read", self.page, small=True)
        self.all_read.clicked.connect(self.read_all)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, SPACE_2, 0)
        head.addStretch(1)
        head.addWidget(self.all_read)
        column = QVBoxLayout(self.page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_2)
        column.addLayout(head)
        column.addWidget(self.list, 1)

    @property
    def unread(self) -> int:
        return sum(row.read_at is None for row, _ in self.rows)

    def begin(self) -> None:
        """The window is painted: from now on the list is kept up to date."""
        self._begun = True
        self.refresh(None)

    def refresh(self, changes: Changes | None) -> None:
        """Reads again if `changes` are about notifications; None also lets go what expired."""
        if not (self._begun or self._is_open):
            return
        if changes is None or changes.notifications or changes.everything:
            self.read()

    @border("read your notifications")
    def read(self) -> None:
        self.rows = self._kept.listed()
        unread = self.unread
        self._window.rail.rows[NOTIFICATIONS].set_count(unread)
        if self._window.focusWidget() is self.all_read and not unread:
            self.list.setFocus()  # before it hides, as Qt would choose the next thing
        self.all_read.setVisible(unread > 0)
        if self._is_open:
            now = self._window.work.server_now()
            self.list.show_rows([self._row(row, mark, now) for row, mark in self.rows])

    @property
    def _is_open(self) -> bool:
        return self.page.isVisibleTo(self._window)

    def _row(self, row: Notification, mark: Mark, now: int) -> Row:
        unread = row.read_at is None
        lines = [(wording.clock(row.created_at, now), row.message)]
        link = link_of(row)
        ways = [("Open", lambda: self._open(row, link))] if link else []
        ways += [
            ("Mark read" if unread else "Mark unread", lambda: self._mark([row], unread)),
            ("Archive", lambda: self._archive(row)),
        ]
        # In the headline, so that no row changes its height when its mark was sent.
        title = f"{'Unread · ' if unread else ''}{row.title}"
        title += " · waiting to send" if mark is Mark.WAITING else ""
        return Row(row.id, title, lines, ways, edge="accent" if unread else "line")

    # -- doing -----------------------------------------------------------------------------

    def read_all(self) -> None:
        self._mark([row for row, _ in self.rows if row.read_at is None], True)

    def read_about(self, link: str) -> None:
        """What is said of this was seen, as the person opened it."""
        self._mark([r for r, _ in self.rows if r.read_at is None and link_of(r) == link], True)

    def _open(self, row: Notification, link: str) -> None:
        if row.read_at is None:
            self._mark([row], True)
        self._window.open_link(link)

    @border("mark the notification")
    def _mark(self, rows: Sequence[Notification], is_read: bool) -> None:
        if rows:
            self._saved(self._kept.read(rows, is_read))

    @border("archive the notification")
    def _archive(self, row: Notification) -> None:
        self._saved(self._kept.archive([row]))

    def _saved(self, saved: Saved) -> None:
        self._window.show_changes(saved.changes)
        self._window.acted.emit()

    def tell_fault(self, tried: str, fault: TrackerError, again: Callable[[], None]) -> None:
        self._window.tell_fault(tried, fault, again)
