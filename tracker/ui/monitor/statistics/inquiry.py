"""Asking for figures: the server, and this computer's cache where that is slow or does not answer.

Everything is asked and laid out in Qt's pool. The window's thread starts errands, takes what comes
of them in order, and never waits. People's activity is asked for after the numbers, and at most
once a minute: it takes the server longer than all of them.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from tracker.cache.projection import TaskView
from tracker.config import Profile
from tracker.domain.errors import TrackerError
from tracker.domain.task import Person, Project, Team
from tracker.services import figures_out, statistics
from tracker.services.figures_out import Shown
from tracker.services.statistics import Asked
from tracker.sync.ports import Credentials
from tracker.ui.bridge import Errand, busy

if TYPE_CHECKING:
    from tracker.protocol.analytics import Figures
    from tracker.services.figures_out import Activity

PATIENCE_MS = 250
"""So long the server may take before the cache's figures stand in for its own."""
HEAD_START_MS = 100
"""So long the server has before anything is counted here: most often that is enough."""
ACTIVITY_MS = 60_000
"""So long activity is shown as it was told, or why it was not: it is of 24 hours."""
_OLD_MS = 10 * ACTIVITY_MS
"""Older activity is not even shown until there is new."""
_BROKEN = "Activity cannot be shown."
log = logging.getLogger(__name__)
_NO_ANSWER = {"E4001": "no connection", "E4002": "no answer in time"}
_AT_ONCE = 2
"""Questions under way: what hangs must not use up the pool."""


@dataclass(frozen=True, slots=True)
class Held:
    """What this computer holds, as it was when somebody asked. `now` is the server's clock."""

    profile: Profile
    views: Mapping[str, TaskView]
    people: Mapping[str, Person]
    projects: Mapping[str, Project]
    teams: Mapping[str, Team]
    zone: str
    now: int

    @property
    def team_of(self) -> dict[str, str]:
        """The names of people's teams."""
        return {
            one.id: self.teams[one.team_id].name
            for one in self.people.values()
            if one.team_id is not None and one.team_id in self.teams
        }


@dataclass(frozen=True, slots=True)
class Told:
    """Figures, and where they are from. `at` is when the server said them, or when the cache was
    last known to be current, on the device's clock. `waiting` while the server is asked."""

    asked: Asked
    shown: Shown
    online: bool
    at: int | None
    code: str = ""
    why: str = ""
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What the server said, and how it looks with that activity."""

    figures: Figures
    activity: Activity
    shown: Shown


@dataclass(frozen=True, slots=True)
class Reported:
    """What came of asking for activity: of whom, when it was asked for (device ms), and what was
    told or why nothing was."""

    who: Asked
    at: int
    activity: Activity


def from_server(
    profile: Profile, credentials: Credentials, asked: Asked, held: Held, activity: Activity
) -> Said:
    """The numbers, with the activity that is known already."""
    return lay_out(statistics.from_server(profile, credentials, asked), asked, held, activity)


def with_activity(
    profile: Profile, credentials: Credentials, asked: Asked, held: Held, figures: Figures
) -> Said:
    """The same numbers with the activity that the server tells, or with why it tells none."""
    activity: Activity
    try:
        activity = statistics.activity(profile, credentials, asked)
    except TrackerError as fault:
        activity = f"Activity could not be asked for: {_why(fault)} ({fault.code})."
    return lay_out(figures, asked, held, activity)


def lay_out(figures: Figures, asked: Asked, held: Held, activity: Activity) -> Said:
    shown = figures_out.lay_out(
        figures, activity, held.team_of, person=asked.person_id, team=asked.team_id
    )
    return Said(figures, activity, shown)


def _why(fault: TrackerError) -> str:
    return _NO_ANSWER.get(fault.code, fault.entry.message.rstrip("."))


def hear_promises(profile: Profile, credentials: Credentials) -> None:
    statistics.hear_promises(profile, credentials)


def from_cache(asked: Asked, held: Held) -> Shown:
    promises = statistics.kept_promises(held.profile, held.zone)
    with busy():
        figures = statistics.from_cache(
            held.views, held.people, held.projects, held.teams, held.zone, asked, held.now, promises
        )
        return figures_out.lay_out(
            figures, figures_out.ONLY_ONLINE, held.team_of, person=asked.person_id,
            team=asked.team_id,
        )  # fmt: skip


class Inquiry(QObject):
    """One question at a time counts: the last. `told` carries a Told, `failed` why there is none: a
    coded error, or a bug of our own."""

    told = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        profile: Profile,
        credentials: Credentials,
        hold: Callable[[], Held],
        clock: Callable[[], int],
        parent: QObject,
    ) -> None:
        """`hold` says what this computer holds now, `clock` the device's time in ms."""
        super().__init__(parent)
        self._profile, self._credentials = profile, credentials
        self._hold, self._clock = hold, clock
        self._number = 0
        self._under_way: set[int] = set()
        self._last: Told | None = None
        self._code, self._why = "", ""
        self._synced_at: int | None = None
        self._cached: Shown | None = None
        self._is_counting = False
        self._has_heard = False
        self._asked: Asked | None = None
        self._held: Held | None = None
        self._answered = True
        self._said: Said | None = None
        """The answer to the last question, once it is there."""
        self._reported: Reported | None = None
        self._not_before = 0
        """Activity that was asked for earlier is not good enough any more."""
        self._is_adding_up = False
        """Activity is asked for or laid out, of the last question or of an older one."""
        self._head_start, self._patience = QTimer(self), QTimer(self)
        for timer, ms, do in (
            (self._head_start, HEAD_START_MS, self._ask_cache),
            (self._patience, PATIENCE_MS, self._stand_in),
        ):
            timer.setSingleShot(True)
            timer.setInterval(ms)
            timer.timeout.connect(do)

    @property
    def is_asking(self) -> bool:
        return not self._answered or self._is_adding_up

    @property
    def awaits_numbers(self) -> bool:
        return not self._answered

    def ask(
        self, asked: Asked, synced_at: int | None, *, offline: bool, by_hand: bool = False
    ) -> None:
        """`synced_at` is how old the cache is. `offline` is what the last synchronising said: then
        the cache's figures are shown at once, and the server is asked all the same."""
        self._number += 1
        self._asked, self._synced_at, self._said = asked, synced_at, None
        self._held = self._hold()
        self._answered, self._cached, self._is_counting = False, None, False
        self._code, self._why = "", ""
        self._wait_no_more()
        last = self._last if self._last is not None and self._last.asked == asked else None
        if by_hand:
            self._not_before = self._clock()
            if last is not None:
                self._tell(replace(last, waiting=True))
        if last is None or not last.online:  # the server's own stay until it says others
            if offline:
                self._ask_cache()
            else:
                self._head_start.start()
                self._patience.start()
        if len(self._under_way) < _AT_ONCE:
            self._ask_server()

    def stop(self) -> None:
        """Nobody looks any more."""
        self._number += 1
        self._answered, self._said, self._held = True, None, None
        self._wait_no_more()

    def _wait_no_more(self) -> None:
        self._head_start.stop()
        self._patience.stop()

    # -- the server --------------------------------------------------------------------------

    def _ask_server(self) -> None:
        assert self._asked is not None
        assert self._held is not None
        number = self._number
        self._under_way.add(number)
        known = self._known(self._asked, _OLD_MS)
        activity = figures_out.BEING_ASKED if known is None else known.activity
        call = functools.partial(
            from_server, self._profile, self._credentials, self._asked, self._held, activity
        )
        Errand(self, call, functools.partial(self._server_said, number, self._asked))

    def _server_said(self, number: int, asked: Asked, outcome: Said | Exception) -> None:
        self._under_way.discard(number)
        if number != self._number:
            if not self._answered and self._number not in self._under_way:
                self._ask_server()
            return
        self._answered = True
        self._wait_no_more()
        if isinstance(outcome, Said):
            self._said = outcome
            self._tell(Told(asked, outcome.shown, True, self._clock()))
            self._complete()
            self._hear_promises()
        elif isinstance(outcome, TrackerError):
            self._code, self._why = outcome.code, _why(outcome)
            self._stand_in()
        else:
            self.failed.emit(outcome)

    # -- activity ----------------------------------------------------------------------------

    def _known(self, asked: Asked, age: int) -> Reported | None:
        """What is known of these people's activity, if it is younger than that."""
        found = self._reported
        if found is None or found.who != asked.who or self._clock() - found.at >= age:
            return None
        return found

    def _complete(self) -> None:
        """Sees to it that the server's last numbers are shown with activity that is young."""
        said, asked = self._said, self._asked
        if said is None or self._is_adding_up:
            return
        assert asked is not None
        known, now = self._known(asked, ACTIVITY_MS), self._clock()
        if known is not None and known.at < self._not_before:
            known = None
        if known is not None and said.activity is known.activity:
            self._held = None  # rows that are not shown any more, before long
            return
        held = self._held or self._hold()
        call: Callable[[], Said]
        if known is not None:
            call = functools.partial(lay_out, said.figures, asked, held, known.activity)
        else:
            call = functools.partial(
                with_activity, self._profile, self._credentials, asked, held, said.figures
            )
        self._is_adding_up = True
        then = functools.partial(self._added_up, self._number, asked, now, known is None)
        Errand(self, call, then)

    def _added_up(
        self, number: int, asked: Asked, at: int, was_asked: bool, outcome: Said | Exception
    ) -> None:
        self._is_adding_up = False
        if was_asked:
            told = outcome.activity if isinstance(outcome, Said) else _BROKEN
            self._reported = Reported(asked.who, at, told)
        if not isinstance(outcome, Said):
            self.failed.emit(outcome)
            if was_asked:  # else it is laying out that cannot be done
                self._complete()
        elif number != self._number or self._said is None:
            self._complete()  # somebody has asked for others meanwhile
        else:
            assert self._last is not None
            self._said, self._held = outcome, None
            self._tell(replace(self._last, shown=outcome.shown))

    def _hear_promises(self) -> None:
        """For the cache's figures; after the first answer, as that is what somebody waits for."""
        if self._has_heard:
            return
        self._has_heard = True
        call = functools.partial(hear_promises, self._profile, self._credentials)
        Errand(self, call, self._heard)

    def _heard(self, outcome: Exception | None) -> None:
        if outcome is not None:  # the kept ones do until the next answer
            self._has_heard = False
            log.info("what is promised could not be heard: %s", outcome)

    # -- the cache ---------------------------------------------------------------------------

    def _ask_cache(self) -> None:
        if self._is_counting:
            return
        assert self._asked is not None
        assert self._held is not None
        self._is_counting = True
        call = functools.partial(from_cache, self._asked, self._held)
        Errand(self, call, functools.partial(self._cache_said, self._number))

    def _cache_said(self, number: int, outcome: Shown | Exception) -> None:
        if number != self._number:
            return
        self._is_counting = False
        if not isinstance(outcome, Shown):
            self.failed.emit(outcome)
            return
        self._cached = outcome
        if not self._patience.isActive():
            self._stand_in()

    def _stand_in(self) -> None:
        """The cache's figures, unless the server's are there."""
        if self._answered and not self._code:
            return
        if self._cached is None:
            if self._code:
                self._ask_cache()
            return
        assert self._asked is not None
        self._tell(
            Told(
                self._asked, self._cached, False, self._synced_at, self._code, self._why,
                waiting=not self._answered,
            )
        )  # fmt: skip

    def _tell(self, told: Told) -> None:
        self._last = told
        self.told.emit(told)
