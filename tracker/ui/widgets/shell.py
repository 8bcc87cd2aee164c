"""What both windows are made of: rail with chip, banner, toasts, reports, undo.

A window adds its pages and says how it shows changes. Everything a person does goes through `Tasks`
to the outbox; rows come from the board; nothing here waits for the network.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QWidget

from tracker.config import Settings
from tracker.domain.change import Kind
from tracker.domain.errors import InputError, Refusal, TrackerError, entry_of
from tracker.domain.page import Changes
from tracker.domain.task import Occupancy, Priority, Status
from tracker.services import wording
from tracker.services.board import Board, Filter
from tracker.services.export import narrowed_by
from tracker.services.links import task_in
from tracker.services.preview import preview
from tracker.services.status import Says, SyncStatus, back_online, banner, leads_to_waiting
from tracker.services.tasks import OPPOSITE, Done, NewTask, Tasks
from tracker.services.workspace import Workspace, device_clock
from tracker.sync.engine import Report, State
from tracker.ui.bridge import assert_ui_thread
from tracker.ui.surroundings import Surroundings, bare
from tracker.ui.widgets import spoken
from tracker.ui.widgets.border import border
from tracker.ui.widgets.card_list import CardList
from tracker.ui.widgets.chrome import Banner, Rail, SyncChip, TimerPill, Toast, Who
from tracker.ui.widgets.commands import Commands
from tracker.ui.widgets.controls import Choice, Search
from tracker.ui.widgets.papers import Papers
from tracker.ui.widgets.reconnect import Reconnect

WORK_SECONDS = 0.01
WAITING, ATTENTION = "Waiting to send", "Needs attention"
_UNDOABLE = {Kind.COMPLETE: "Completed", Kind.HOLD: "On hold", Kind.CANCEL: "Cancelled"}


def _no_more() -> None:
    pass


class Shell(QMainWindow):
    """`sync_wanted` asks for synchronising now, `acted` for doing so as soon as the server wants to
    hear, `sign_in_wanted` for the sign-in dialog. `signed_out` says that the session was ended
    here, `profile_wanted` carries the profile to go to, None for one to sign in to, and
    `settings_changed` other settings."""

    sync_wanted = Signal()
    acted = Signal()
    sign_in_wanted = Signal()
    signed_out = Signal()
    profile_wanted = Signal(object)
    settings_changed = Signal(object)
    closed = Signal()

    def __init__(
        self,
        workspace: Workspace,
        board: Board,
        title: str,
        age_ms: int,
        around: Surroundings | None = None,
    ) -> None:
        super().__init__()
        spoken.install()
        self.work, self.board, self.tasks = workspace, board, Tasks(workspace)
        self.around = around or bare(workspace.profile.folder)
        self.commands = Commands(self)
        self.papers = Papers(self)
        self._filter = Filter()
        self._read_clock()
        self.status = SyncStatus(synced_at=board.synced_at)
        self._told = {entry.action.op_id for entry in workspace.outbox.tray()}
        self._is_open, self._is_quitting = True, False
        self.setWindowTitle(title)
        folder = workspace.profile.folder
        self._settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
        self.banner = Banner(self)
        self.banner.pressed.connect(self._banner_pressed)
        self.reconnect = Reconnect(lambda: preview(workspace, board, self.now()), self)
        self.reconnect.changed.connect(self._show_preview)
        self.reconnect.go.connect(self.acted)
        self.toast = Toast(self)
        self._is_arranged = False
        self._working = QTimer(self)  # as long as a large board is busy
        self._working.timeout.connect(self._work_on)
        board.on_busy = self._working.start
        self._ages = QTimer(self)
        self._ages.setInterval(age_ms)  # how often ages and "due in" are said anew
        self._ages.timeout.connect(lambda: self.show_changes(None))
        self._ages.start()

    def _make_rail(self, title: str, groups: Sequence[Sequence[str]], about: str) -> Rail:
        rail = Rail(title, groups, self)
        rail.chosen.connect(self.open_page)
        self.who = Who(self.work.profile.display_name, about, self)
        self.timer_pill = TimerPill(self)
        rail.add_foot(self.timer_pill)
        rail.add_foot(self.who)
        self.chip = SyncChip(self)
        self.chip.clicked.connect(self._chip_pressed)
        rail.add_foot(self.chip)
        return rail

    def make_filters(self) -> None:
        """What both windows narrow their list by."""
        self.search = Search("Search tasks, projects, comments", self)
        self.search.searched.connect(lambda text: self.narrow(text=text))
        priorities = [("All priorities", None), *((p.value.capitalize(), p) for p in Priority)]
        self.priority = Choice("Priority", priorities, self, named=False)
        self.priority.chosen.connect(lambda value: self.narrow(priority=value))

    def _add_commands(self) -> None:
        """What both windows can do; a window adds its own before."""
        add = self.commands.add
        add("Search", lambda: self._go_to(self.search), "Ctrl+F")
        add("Go to the tasks", lambda: self._go_to(self.cards), "Ctrl+L")
        for number, (name, row) in enumerate(self.rail.rows.items(), 1):
            keys = f"Ctrl+{number % 10}" if number <= 10 else ""
            add(f"Go to {row.text()}", functools.partial(self.open_page, name), keys)
        add("Synchronise now", self.sync_wanted.emit, "F5")
        add("Undo", self.toast.undo, "Ctrl+Z")
        add("Show all commands", self.open_palette, "Ctrl+K")
        add("Show keyboard shortcuts", self.open_keys, "F1")
        self.papers.add_commands()
        add("Close the window", self.close, "Ctrl+W")
        add("Quit", self.quit, "Ctrl+Q")

    def go_to_task(self, task_id: str) -> None:
        """Opens its card, on the page that has it."""
        if task_id not in self.board.views:
            self.toast.say(
                f"{entry_of('E5001').message} (E5001)", entry_of("E5001").remedy, bad=True
            )
            return
        self.open_page(self._list_page())
        if task_id not in self.cards.ids:
            self.show_all_tasks()
        self.cards.select(task_id)
        self.cards.setFocus()

    def show_all_tasks(self) -> None:
        """The list without anything that narrows it."""
        raise NotImplementedError

    def choose_task(
        self, title: str, without: str, then: Callable[[str], None], but: Collection[str] = ()
    ) -> None:
        """Lets the person choose one of the tasks that are not archived, but these."""
        from tracker.ui.dialogs.choosing import TaskChooser

        out = {without, *but}
        chosen = [
            view
            for task_id, view in self.board.views.items()
            if view.task.status is not Status.ARCHIVED and task_id not in out
        ]
        TaskChooser(title, chosen, then, self).open()

    def open_palette(self) -> None:
        # Here and in other places a dialog is imported when it opens: together they would add 20 ms
        # to the first paint.
        from tracker.ui.dialogs.choosing import palette

        palette(self.commands, self).open()

    def open_keys(self) -> None:
        from tracker.ui.dialogs.choosing import Keys

        Keys(self.commands, self).open()

    def _go_to(self, part: QWidget) -> None:
        """The keyboard goes to a part of the list's page, from whichever page is open."""
        self.open_page(self._list_page())
        part.setFocus()

    def list_words(self) -> str:
        """What narrows and orders the list."""
        return narrowed_by(self._filter, self.board)

    def _read_clock(self) -> None:
        """Read here and after each run, as cards ask for the time while they are painted."""
        self.offset = self.work.confirmed.position().clock_offset or 0

    def now(self) -> int:
        """The server's time as far as this device knows it, in ms."""
        return device_clock() + self.offset

    # -- for the window to say -------------------------------------------------------------

    rail: Rail
    cards: CardList
    _page: str
    """The row of the rail that is open."""

    def _list_page(self) -> str:
        """The row of the rail under which the list is."""
        raise NotImplementedError

    def open_page(self, name: str) -> None:
        """Goes to a row of the rail."""
        raise NotImplementedError

    def narrow(self, /, **changes: Any) -> None:
        """Other values for fields of the filter."""
        raise NotImplementedError

    def show_changes(self, changes: Changes | None) -> None:
        """Refreshes what `changes` names; None says ages and counts anew without reading."""
        raise NotImplementedError

    def _show_lists(self) -> None:
        """What waits and what was refused; attempts change it too, without any row changing."""
        raise NotImplementedError

    def _take_changes(self, changes: Changes) -> None:
        """What a run brought."""
        self.show_changes(changes)

    def _keep_state(self) -> bool:
        """Called when the window closes, before its settings are written. False when something
        could not be kept and the person has yet to hear of it: then it stays open, once."""
        return True

    def tell_bug(self, tried: str, bug: Exception) -> None:
        """An error of Tracker's own; the log has the rest of it."""
        words = f"{entry_of('E3013').message} ({type(bug).__name__}) {entry_of('E3013').remedy}"
        self.toast.say(wording.unable(tried, "E3013"), words, bad=True)

    def tell_fault(self, tried: str, fault: TrackerError, again: Callable[[], None]) -> None:
        """It could not be done now; `border` calls this."""
        words = f"{fault.entry.message} {fault.entry.remedy}"
        headline = wording.unable(tried, fault.code)
        self.toast.say(headline, words, bad=True, action=("Retry", again))

    def tell_not_remembered(self) -> None:
        self.toast.say("Signed in for this run only (E1007)", entry_of("E1007").message)

    def tell_rescued(self, count: int) -> None:
        self.toast.say(
            f"The file of unsent changes was damaged (E3011); {count} could be saved",
            entry_of("E3011").remedy,
        )

    # -- reports ---------------------------------------------------------------------------

    @border("show what came")
    def show_report(self, report: Report) -> None:
        """A run of the engine ended: rows first, then what it says about itself. One that was on
        its way when the window closed is dropped."""
        assert_ui_thread(self)
        if not self._is_open:
            return
        self._read_clock()
        self.papers.note(report)
        was_stale = self.status.is_stale(device_clock())
        self.status = self.status.after(report)
        self.board.synced_at = self.status.synced_at
        if report.changes:
            self._take_changes(report.changes)
        elif was_stale != self.status.is_stale(device_clock()):
            self.show_changes(None)
        self._show_lists()
        self._show_status()
        self._tell_refusals()
        if report.looked:
            self.reconnect.take()
        elif self.reconnect.preview is not None and report.state is not State.SYNCED:
            self.reconnect.stop()  # gone again: the next time it is looked at anew
            self._show_preview()

    def holds(self) -> bool:
        """Whether sending waits for the person; called by the thread that synchronises."""
        return self.reconnect.holds()

    @border("show what will be sent")
    def _show_preview(self) -> None:
        self._show_lists()
        self._show_status()

    @border("count what is sent")
    def show_sending(self, done: int, total: int) -> None:
        if not self._is_open:
            return
        self.status = replace(self.status, sending=(done, total))
        self._show_status()

    @border("arrange the tasks")
    def _work_on(self) -> None:
        """A bit of what takes long, and then whatever else there is to do. To show what came of it
        is a bit of its own."""
        reads = self.board.is_reading
        if self._is_arranged:
            self._is_arranged = False
            self.show_changes(None)
        else:
            self._is_arranged = self.board.work(WORK_SECONDS)
        if reads:
            gc.freeze()  # what was read is no garbage; looking through it would take 80 ms
        if not self.board.is_busy and not self._is_arranged:
            self._working.stop()

    def _show_status(self) -> None:
        """The counts are the outbox's own: what was done here changes them before any run."""
        now, tally = device_clock(), self.work.outbox.tally()
        self.status = replace(
            self.status,
            waiting=tally.waiting - tally.reports,
            tray=tally.tray,
            parked=tally.parked,
            behind=tally.behind,
        )
        self.chip.show_status(self.status, now)
        self.banner.say(self._banner_says(now))

    def _banner_says(self, now: int) -> Says | None:
        found = self.reconnect.preview
        if found is not None:
            return back_online(found.waiting, len(found.conflicts), found.first,
                               looking=self._page == WAITING)  # fmt: skip
        return banner(self.status, now)

    def _banner_pressed(self) -> None:
        if self.reconnect.preview is None:
            self._synchronise()
        elif self._page == WAITING:
            self.reconnect.send()
        else:
            self.reconnect.look()
            self.open_page(WAITING)
            self._show_status()

    def _tell_refusals(self) -> None:
        """Tells the newest of those that were not told yet. One may have come while another was
        settled, so the ids say it and the count does not."""
        tray = self.work.outbox.tray()
        new = [entry for entry in tray if entry.action.op_id not in self._told]
        self._told = {entry.action.op_id for entry in tray}
        if not new:
            return
        newest = new[-1]
        code = newest.receipt.code or "E5008"
        self.toast.say(
            wording.attempt(newest.action.kind, code),
            entry_of(code).message,
            bad=True,
            action=("Look", lambda: self.open_page(ATTENTION)),
        )

    def _chip_pressed(self) -> None:
        if leads_to_waiting(self.status):
            self.open_page(WAITING)
        else:
            self._synchronise()

    def _synchronise(self) -> None:
        if self.status.state is State.SIGN_IN:
            self.sign_in_wanted.emit()
        else:
            self.sync_wanted.emit()

    # -- doing something -------------------------------------------------------------------

    def act(
        self, kind: Kind, call: Callable[[], Done | Refusal], then: Callable[[], None] = _no_more
    ) -> None:
        """Does it and shows what came of it; `then` only if it was saved."""
        self._run(kind, call, then)

    @border("save the change")
    def _run(
        self, kind: Kind, call: Callable[[], Done | Refusal], then: Callable[[], None]
    ) -> None:
        if self._after(call(), kind, lambda: self._run(kind, call, then)):
            then()

    @border("create the task")
    def create_task(self, new: NewTask, then: Callable[[Done], None]) -> None:
        """Makes a task; `then` gets what was saved."""
        done = self.tasks.create(new)
        if self._after(done, Kind.CREATE_TASK, lambda: self.create_task(new, then)):
            assert isinstance(done, Done)
            then(done)

    def _after(self, done: Done | Refusal, kind: Kind, again: Callable[[], None]) -> bool:
        """Shows what happened: the card at once, an undo where there is one, or why not."""
        if isinstance(done, Refusal):
            self.toast.say(
                wording.attempt(kind, done.code), done.message, bad=True, action=("Retry", again)
            )
            self.show_changes(None)
            return False
        before = self.board.views.get(done.task_id)
        self.show_changes(done.changes)
        self.acted.emit()
        view = self.board.views.get(done.task_id)
        if done.kind is Kind.SET_PROGRESS and view and view.task.status is Status.COMPLETED:
            done = replace(done, kind=Kind.COMPLETE)  # 100 % completes, however it was reached
        if view and done.kind in _UNDOABLE:
            headline = f"{_UNDOABLE[done.kind]}: {view.task.title}"
            self.offer_undo(headline, done, before.task.status if before else None)
        return True

    def offer_undo(self, headline: str, done: Done, was: Status | None = None) -> None:
        self.toast.say(headline, action=("Undo", lambda: self._undo(done, was)))

    @border("take it back")
    def _undo(self, done: Done, was: Status | None) -> None:
        undone = self.tasks.undo(done)
        if isinstance(undone, Changes):
            self._show_withdrawn(undone)
            return
        if not self._after(
            undone, OPPOSITE.get(done.kind, done.kind), lambda: self._undo(done, was)
        ):
            return
        task = self.board.views[done.task_id].task
        if was not in (None, task.status):
            # No transition leads back to Pending, so say what undoing came to instead.
            now, then = wording.STATUS_WORDS[task.status], wording.STATUS_WORDS[was]
            self.toast.say(f"{now}: {task.title}", f"It was sent already; {then} cannot come back.")

    def _show_withdrawn(self, changes: Changes) -> None:
        """An action was taken back before it was sent."""
        self.show_changes(changes)

    # -- the window itself -----------------------------------------------------------------

    def change_settings(self, settings: Settings) -> None:
        """They take effect at once, here and around."""
        self.around = replace(self.around, settings=settings)
        self.settings_changed.emit(settings)

    def begin(self) -> None:
        """The window is painted and synchronising begins: what else works in the background does
        too."""

    def occupancy_now(self) -> Occupancy | None:
        """What each poll says of the person; called by the thread that synchronises."""
        return None

    def come_forward(self, link: str = "") -> None:
        """Another start wanted this window, perhaps for a task."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        if link:
            self.open_link(link)

    @border("open the link")
    def open_link(self, link: str) -> None:
        """Goes to the task that a link, a number or a notification names."""
        try:
            name = task_in(link)
        except InputError as error:
            self.toast.say(f"{error.entry.message} (E2064)", error.entry.remedy, bad=True)
            return
        numbers = {str(view.task.number): task_id for task_id, view in self.board.views.items()}
        self.go_to_task(numbers.get(name, name))

    def quit(self) -> bool:
        """Closes the window for good, also where a tray would keep it; whether it did."""
        if not self._is_open:
            return True
        self._is_quitting = True
        self._is_quitting = self.close()
        return self._is_quitting

    def end(self) -> None:
        """Closes it for good although something could not be kept: whoever ends the session or
        the machine does not ask twice."""
        if not self.quit():
            self.quit()

    def _stays_in_tray(self) -> bool:
        """Whether closing only hides the window."""
        return False

    @property
    def is_open(self) -> bool:
        """Until it is closed for good; it may be hidden. Then its workspace may be closed, too."""
        return self._is_open

    def _restore_geometry(self) -> None:
        geometry = self._settings.value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        else:
            self.resize(self.size().boundedTo(self.screen().availableSize()))

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._is_quitting and self._stays_in_tray():
            event.ignore()
            self.hide()
            return
        if not self._keep_state():
            event.ignore()
            return
        self._is_open = False
        self._settings.setValue("geometry", self.saveGeometry())
        self._settings.sync()
        self._ages.stop()
        self._working.stop()
        self.search.stop()
        self.reconnect.stop()
        super().closeEvent(event)
        self.closed.emit()
