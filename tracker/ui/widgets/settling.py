"""The pages where a person settles own changes: what waits to be sent, and what was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from tracker.cache.entries import TrayEntry
from tracker.domain.change import Action, Kind
from tracker.domain.errors import EnvironmentFault, Refusal
from tracker.domain.page import Changes
from tracker.services.attention import export, title_of
from tracker.services.board import Board
from tracker.services.tasks import editable
from tracker.services.workspace import Workspace, device_clock
from tracker.ui.dialogs.edit import EditDialog
from tracker.ui.surroundings import Surroundings
from tracker.ui.widgets import entries
from tracker.ui.widgets.border import border
from tracker.ui.widgets.rows import RowPage
from tracker.ui.widgets.shell import ATTENTION, WAITING, Shell


class Settling(Shell):
    """Makes both pages and fills them; the window puts them where it shows pages."""

    def __init__(
        self,
        workspace: Workspace,
        board: Board,
        title: str,
        age_ms: int,
        around: Surroundings | None = None,
    ) -> None:
        super().__init__(workspace, board, title, age_ms, around)
        self.waiting_page = RowPage(WAITING, "Everything has been delivered.", self)
        self.tray_page = RowPage(ATTENTION, "Nothing needs your attention.", self)

    def _show_lists(self) -> None:
        outbox, now = self.work.outbox, self.now()
        tray = outbox.tray()
        self.rail.rows[ATTENTION].set_count(len(tray))
        outs = entries.Outs(
            self._retry, self._edit_refused, self._export, self._send_as_comment, self._discard
        )
        self.tray_page.show_rows(entries.tray_rows(tray, now, outs))
        tally = outbox.tally()
        self.rail.rows[WAITING].set_count(tally.waiting - tally.reports)
        if self._page == WAITING:
            ways = entries.Ways(
                self._edit_waiting, self._withdraw, self._try_now, self._ask_give_up,
                self._withdraw_reports,
            )  # fmt: skip
            found = self.reconnect.preview
            expected = found.conflicts if found else {}
            rows = entries.waiting_rows(outbox.waiting(), now, ways, expected)
            self.waiting_page.show_rows(rows)

    # -- editing -----------------------------------------------------------------------------

    def _edit_waiting(self, action: Action) -> None:
        self._ask_edit(action, "Save")

    def _edit_refused(self, entry: TrayEntry) -> None:
        self._ask_edit(entry.action, "Try again")

    def _ask_edit(self, action: Action, words: str) -> None:
        def save(changes: Mapping[str, object]) -> None:
            self._edit(action.op_id, dialog, changes)

        dialog = EditDialog(title_of(action), editable(action), save, words, self)
        dialog.open()

    def _edit(self, op_id: str, dialog: EditDialog, changes: Mapping[str, object]) -> None:
        """Also a fault of this machine is said in the dialog, which keeps what was typed; a Retry
        behind it could not be pressed."""
        try:
            done = self.tasks.edit(op_id, changes)
            if isinstance(done, Refusal):
                dialog.say(done.code, done.info)
                self._show_lists()
                return
        except EnvironmentFault as fault:
            dialog.say(fault.code, fault.info)
            return
        dialog.accept()
        self.show_changes(done.changes)
        self.acted.emit()

    # -- waiting to send -------------------------------------------------------------------

    @border("withdraw it")
    def _withdraw(self, op_id: str) -> None:
        self._taken_back(self.tasks.withdraw(op_id))

    @border("withdraw it")
    def _withdraw_reports(self, op_ids: Sequence[str]) -> None:
        """Those that were sent meanwhile stay sent."""
        for op_id in op_ids:
            self.tasks.withdraw(op_id)
        self.show_changes(Changes())

    @border("try it now")
    def _try_now(self, op_id: str) -> None:
        self.tasks.try_now(op_id)
        self._show_lists()
        self.sync_wanted.emit()

    def _ask_give_up(self, op_id: str) -> None:
        """Once it is given up for good, nothing brings it back. Pressing again is the answer too,
        so that the keyboard need not leave the row."""
        if self.toast.asks_about(op_id):
            self.toast.hide()
            self._give_up(op_id)
            return
        self.toast.say(
            "Give this change up?",
            "It is not done then; what you wrote is a draft again. Press Give up once more.",
            action=("Give up", lambda: self._give_up(op_id)),
            about=op_id,
        )

    @border("give it up")
    def _give_up(self, op_id: str) -> None:
        self._taken_back(self.tasks.give_up(op_id))
        self.acted.emit()

    def _taken_back(self, taken: Changes | Refusal) -> None:
        if isinstance(taken, Refusal):
            self.toast.say(f"{taken.message} ({taken.code})", bad=True)
            self._show_lists()
        else:
            self._show_withdrawn(taken)

    # -- needs attention -------------------------------------------------------------------

    @border("try it again")
    def _retry(self, entry: TrayEntry) -> None:
        self._after(self.tasks.retry(entry), entry.action.kind, lambda: self._retry(entry))

    @border("export it")
    def _export(self, entry: TrayEntry) -> None:
        """The dialog asks before it lets a file be overwritten."""
        name = self.ask_file(f"tracker-{entry.action.op_id[:8]}.txt")
        if name:
            path = Path(name)
            export([entry], path, device_clock(), overwrite=True)
            self.toast.say("Exported.", str(path))

    def ask_file(self, suggested: str) -> str:
        """Where to write; empty if the person thought better of it."""
        kinds = "Text or JSON (*.txt *.json)"
        return QFileDialog.getSaveFileName(self, "Export", suggested, kinds)[0]

    @border("send it as a comment")
    def _send_as_comment(self, entry: TrayEntry) -> None:
        done = self.tasks.send_as_comment(entry)
        if self._after(done, Kind.COMMENT, lambda: self._send_as_comment(entry)):
            self.toast.say("Sent as a comment.")

    @border("discard it")
    def _discard(self, entry: TrayEntry) -> None:
        self.show_changes(self.tasks.discard(entry))
