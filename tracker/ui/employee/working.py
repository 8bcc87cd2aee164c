"""The person's time: the timer that runs, and what is reported of their activity.

One object for a window: it owns the services, watches, and shows both at the foot of the rail.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from tracker.config import Settings
from tracker.domain.change import Kind
from tracker.domain.errors import EnvironmentFault, Refusal
from tracker.domain.page import Changes
from tracker.domain.task import Occupancy, Status
from tracker.domain.timer import minutes
from tracker.services import wording
from tracker.services.activity import WORDS, Activity
from tracker.services.tasks import Done
from tracker.services.timing import Dropped, Timing
from tracker.services.workspace import device_clock
from tracker.ui.dialogs.away import AwayDialog
from tracker.ui.dialogs.pause import PauseDialog
from tracker.ui.widgets.border import border
from tracker.ui.widgets.shell import Shell
from tracker.ui.widgets.watch import Away, Watch

DOTS = {
    Occupancy.ACTIVE: "done",
    Occupancy.IDLE: "pending",
    Occupancy.OFFLINE: "muted",
    Occupancy.UNKNOWN: "muted",
}
"""The token of each state's dot; the word beside it says the same."""


class Working(QObject):
    """`shown` says that what is said of time or activity may be another now."""

    shown = Signal()

    def __init__(self, window: Shell) -> None:
        super().__init__(window)
        settings, work = window.around.settings, window.work
        self._window = window
        self.timing = Timing(work, window.tasks)
        threshold = settings.idle_minutes * wording.MINUTE
        self.activity = Activity(work, reports=settings.report_activity, threshold_ms=threshold)
        self.watch = Watch(self.activity, self.timing, window.around.idle_ms, self)
        self.watch.looked.connect(self._show)
        self.watch.ticked.connect(self._show_timer)
        self.watch.queued.connect(window.acted)
        self.watch.away.connect(self._ask_about_idle)
        self.watch.unseen.connect(self._ask_about_unseen)
        self.watch.failed.connect(self._tell_fault)
        window.timer_pill.clicked.connect(lambda: window.go_to_task(self.timing.task_id))
        self._asking: AwayDialog | None = None
        window.settings_changed.connect(self._apply)
        add = window.commands.add
        add("Pause my activity…", self.ask_pause, may=lambda: self._may_pause(False))
        add("Go on after the pause", lambda: self.pause(None), may=lambda: self._may_pause(True))

    @property
    def occupancy(self) -> Occupancy | None:
        """For each poll, which asks from the thread that synchronises."""
        seen = self.activity.seen
        return seen.state if seen else None

    def start(self) -> None:
        self.watch.start()
        self._show()
        if self.timing.unseen_ms:
            self._ask_about_unseen(self.timing.unseen_ms)

    def stop(self) -> None:
        """The window closes: what was counted and seen until now is on the disk."""
        self._ask_no_more()
        if not self.watch.is_away:  # else the next start asks about it
            self.timing.keep()
        self.activity.end()
        self.watch.stop()  # last: on a full disk the window stays open, and so does this

    # -- the timer -------------------------------------------------------------------------

    def timer_of(self, task_id: str) -> int | None:
        """What the timer counted on this task, in ms; None when none runs there."""
        return self.timing.worked_ms if task_id and self.timing.task_id == task_id else None

    def toggle(self, task_id: str) -> None:
        before = self._asking
        self.watch.look()
        if self._asking is not before:
            return  # back from a break just now: first what that was
        self._ask_no_more()
        if self.timing.task_id == task_id:
            self._guarded("stop the timer", self._stop)
        else:
            self._guarded("start the timer", lambda: self._start(task_id))

    def _start(self, task_id: str) -> None:
        ended = self.timing.start(task_id)
        self._tell(ended)
        if isinstance(ended, Refusal):
            return
        self._changed(task_id)
        view = self._window.board.views.get(task_id)
        if view is not None and view.task.status is Status.PENDING:
            # Work has begun: the same as pressing Start.
            self._window.act(Kind.START, lambda: self._window.tasks.move(Kind.START, task_id))

    def _stop(self) -> None:
        task_id = self.timing.task_id
        self._tell(self.timing.stop())
        self._changed(task_id)

    def _tell(self, ended: Done | Dropped | Refusal | None) -> None:
        """What became of a timer that was to end."""
        toast, views = self._window.toast, self._window.board.views
        if isinstance(ended, Refusal):
            headline = wording.attempt(Kind.LOG_TIME, ended.code)
            toast.say(headline, ended.message, bad=True, action=("Discard", self.discard))
        elif isinstance(ended, Dropped):
            toast.say("Timer stopped", "It ran for less than half a minute; nothing was logged.")
        elif isinstance(ended, Done):
            self._window.show_changes(ended.changes)
            self._window.acted.emit()
            view = views.get(ended.task_id)
            self._window.offer_undo(f"Time logged: {view.task.title if view else ''}", ended)

    def discard(self) -> None:
        self._ask_no_more()
        task_id = self.timing.task_id
        self._guarded("discard the timer", self.timing.discard)
        self._changed(task_id)

    def _changed(self, task_id: str) -> None:
        self.watch.follow_timer()
        self._show_timer()
        self._window.show_changes(Changes(frozenset({task_id, self.timing.task_id}) - {""}))

    def _show_timer(self) -> None:
        task_id, pill = self.timing.task_id, self._window.timer_pill
        view = self._window.board.views.get(task_id)
        if task_id:
            title = view.task.title if view else "A task that is not here any more"
            pill.show_timer(wording.stopwatch(self.timing.worked_ms), title)
        else:
            pill.hide()
        self.shown.emit()

    # -- time that nobody saw --------------------------------------------------------------

    def _ask_about_idle(self, away: Away) -> None:
        length, began, now = away.counted_ms, away.began, device_clock()
        since = f"{wording.clock(began, now)}–{wording.clock(away.ended, now)}"
        self._ask(
            f"You were away for {wording.span(length)}",
            f"Nothing was touched {since}, and the timer ran on {self._timed()}.",
            [
                ("Keep the time", lambda: None),
                ("Take it off", lambda: self.timing.take_off(length)),
                ("Take it off and stop the timer", lambda: self._off_and_stop(length)),
                ("Log it on another task…", lambda: self._log_elsewhere(length, began, True)),
            ],
        )

    def _ask_about_unseen(self, length: int) -> None:
        """The timer ran while the program was closed or the machine slept: not counted yet."""
        began = device_clock() - length
        self._ask(
            f"The timer was left running for {wording.span(length)}",
            f"Tracker was closed, or the machine slept, while it ran on {self._timed()}.",
            [
                ("Leave this time out", lambda: None),
                ("Count it as work", lambda: self.timing.add(length)),
                ("Leave it out and stop the timer", self._stop),
                ("Log it on another task…", lambda: self._log_elsewhere(length, began, False)),
            ],
        )

    def _timed(self) -> str:
        view = self._window.board.views.get(self.timing.task_id)
        return f"“{view.task.title}”" if view else "a task that is not here any more"

    def _ask(
        self, headline: str, sentence: str, ways: list[tuple[str, Callable[[], None]]]
    ) -> None:
        self._ask_no_more()

        def guarded(do: Callable[[], None]) -> Callable[[], None]:
            return lambda: self._answered(do)

        named = [(words, guarded(do)) for words, do in ways]
        self._asking = AwayDialog(headline, sentence, named, self._window)
        self._asking.show()

    def _ask_no_more(self) -> None:
        """A question is about the timer that ran then: with another one it would move that one's
        time. Unanswered, it is taken for the first way."""
        if self._asking is not None:
            self._asking.reject()

    def _answered(self, do: Callable[[], None]) -> None:
        self._asking = None
        self._guarded("change the timer", do)
        self._show_timer()

    def _off_and_stop(self, length: int) -> None:
        self.timing.take_off(length)
        self._stop()

    def _log_elsewhere(self, length: int, began: int, counted: bool) -> None:
        def chosen(task_id: str) -> None:
            whole = minutes(max(length, wording.MINUTE))
            tasks = self._window.tasks

            def log() -> Done | Refusal:
                return tasks.log_worked(task_id, whole, began)

            def then() -> None:
                if counted:
                    self._guarded("change the timer", lambda: self.timing.take_off(length))

            self._window.act(Kind.LOG_TIME, log, then)

        self._window.choose_task("Which task was it?", self.timing.task_id, chosen)

    # -- activity --------------------------------------------------------------------------

    def pause(self, reason: str | None) -> None:
        """None goes on."""
        self.activity.pause(reason)
        self.watch.look()

    def ask_pause(self) -> None:
        PauseDialog(self.pause, self._window).open()

    def _may_pause(self, paused: bool) -> bool:
        return self.activity.reports and (self.activity.paused is not None) == paused

    def _stop_reporting(self) -> None:
        self._window.show_changes(self.activity.stop())

    def _apply(self, settings: Settings) -> None:
        if self.activity.reports and not settings.report_activity:
            self._guarded("stop reporting", self._stop_reporting)
        self.activity.reports = settings.report_activity
        self.activity.threshold_ms = settings.idle_minutes * wording.MINUTE
        self.watch.look()

    def said(self) -> str:
        """What is reported now, in words; empty where nothing is."""
        seen = self.activity.seen
        if seen is None:
            return ""
        return f"{WORDS[seen.state]}: {seen.reason}" if seen.reason else WORDS[seen.state]

    def _show(self) -> None:
        seen = self.activity.seen
        self._window.who.show_state(self.said(), DOTS[seen.state] if seen else "")
        self._show_timer()

    # -- faults ----------------------------------------------------------------------------

    def _guarded(self, tried: str, do: Callable[[], object]) -> None:
        @border(tried)
        def run(_window: Shell) -> None:
            do()

        run(self._window)

    def _tell_fault(self, fault: EnvironmentFault) -> None:
        self._window.tell_fault("note your activity", fault, self.watch.look)
