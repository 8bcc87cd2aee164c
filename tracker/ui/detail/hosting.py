"""A window with the detail pane: what both windows do for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QTimer

from tracker.domain.change import Kind
from tracker.domain.errors import TrackerError
from tracker.domain.task import HistoryEntry
from tracker.services.details import details
from tracker.ui.bridge import Errand
from tracker.ui.detail.pane import DetailPane
from tracker.ui.widgets.border import border
from tracker.ui.widgets.drafts import Drafts
from tracker.ui.widgets.settling import Settling


class Detailing(Settling):
    """The window puts `pane` where it wants it, and says with `_wants_details` whether it shows the
    selected task now."""

    def _make_pane(self, *, for_admins: bool = False) -> None:
        self.drafts = Drafts(self.work.outbox)
        self.pane = DetailPane(
            self, self.work.actor, self.tasks, self.now, self, for_admins=for_admins
        )
        self.pane.opened.connect(self.go_to_task)
        self.pane.edited.connect(self.edit_task)
        self.pane.typed.connect(self._save_drafts)
        self._filling = QTimer(self)
        self._filling.setSingleShot(True)
        self._filling.timeout.connect(self._fill_pane)

    def _wants_details(self) -> bool:
        raise NotImplementedError

    def _pane_shown(self) -> None:
        """The pane came or went: whatever is beside it has other room."""

    def _show_pane(self) -> None:
        if self._wants_details():
            self._filling.start(0)
        elif self.pane.isVisibleTo(self):
            self.pane.keep_draft()
            self.pane.hide()
            self._pane_shown()

    @border("show the details")
    def _fill_pane(self) -> None:
        """Put off until the click that asked for it was painted."""
        if not self._wants_details():
            return
        self.pane.show_task(details(self.work, self.board, self.cards.selected_id))
        if not self.pane.isVisibleTo(self):
            self.pane.show()
            self._pane_shown()

    def timer_of(self, task_id: str) -> int | None:
        """What a timer counted on the task, in ms; None where none runs."""
        return None

    def toggle_timer(self, task_id: str) -> None:
        raise NotImplementedError

    def ask_older(
        self, task_id: str, before: int, then: Callable[[Sequence[HistoryEntry], bool], None]
    ) -> None:
        """A page of history from the server, out of the click's way."""
        profile, credentials = self.work.profile, self.around.credentials

        def heard(outcome: Sequence[HistoryEntry] | Exception) -> None:
            if not self._is_open:
                return
            if isinstance(outcome, TrackerError):
                self.tell_fault(
                    "load older history", outcome, lambda: self.ask_older(task_id, before, then)
                )
            elif isinstance(outcome, Exception):
                self.tell_bug("load older history", outcome)
            found = [] if isinstance(outcome, Exception) else outcome
            then(found, bool(found) or isinstance(outcome, Exception))

        def ask() -> Sequence[HistoryEntry]:
            from tracker.services.history import older_page  # pydantic: not for the first paint

            return older_page(profile, credentials, task_id, before)

        Errand(self, ask, heard)

    def edit_task(self, task_id: str) -> None:
        """The fields of a task that the person may change."""
        from tracker.ui.dialogs.task import TaskDialog

        view = self.board.views.get(task_id)
        if view is None:
            return

        def save(values: dict[str, Any]) -> None:
            if values:
                self.act(Kind.EDIT_FIELDS, lambda: self.tasks.change(task_id, values))

        TaskDialog(self.board, save, self, view.task).open()

    @border("save the draft")
    def _save_drafts(self) -> None:
        self.drafts.save()
