"""How times, changes and the state of synchronising are said."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.client import action, comment, task
from tracker.domain.change import Kind
from tracker.domain.errors import CATALOGUE, Unreachable
from tracker.domain.page import Changes
from tracker.domain.task import HistoryEntry, Status, Task
from tracker.services import wording
from tracker.services.status import Says, SyncStatus, banner, chip, leads_to_waiting
from tracker.services.wording import DAY, HOUR, MINUTE
from tracker.sync.engine import Report, State

NOON = int(datetime(2026, 3, 4, 11, 0, tzinfo=UTC).timestamp() * 1000)
"""Wednesday 12:00 in Berlin."""


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process cannot be set here")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1 min"),
        (MINUTE, "1 min"),
        (40 * MINUTE, "40 min"),
        (HOUR, "1 h"),
        (3 * HOUR, "3 h"),
        (35 * HOUR, "35 h"),
        (36 * HOUR, "2 days"),
        (40 * DAY, "40 days"),
    ],
)
def test_a_span_is_said_in_its_largest_fitting_unit(ms: int, text: str) -> None:
    assert wording.span(ms) == text


@pytest.mark.parametrize("ms", [59 * MINUTE + 31_000, HOUR - 1])
def test_no_span_is_sixty_minutes(ms: int) -> None:
    assert wording.span(ms) != "60 min"


def test_age() -> None:
    assert wording.age(None, NOON) == "never"
    assert wording.age(NOON - 59_000, NOON) == "just now"
    assert wording.age(NOON - 5 * MINUTE, NOON) == "5 min ago"
    assert wording.age(NOON + HOUR, NOON) == "just now"  # a clock that was set back


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (8 * MINUTE, "11:52"),
        (13 * HOUR, "Tue 23:00"),
        (3 * DAY, "Sun 12:00"),
        (-2 * DAY, "Fri 12:00"),
        (9 * DAY, "23 Feb"),
        (200 * DAY, "16 Aug 2025"),
    ],
)
def test_an_instant_is_as_short_as_it_is_clear(ago: int, text: str) -> None:
    assert wording.clock(NOON - ago, NOON) == text


def due(in_ms: int | None, **over: object) -> str:
    made: Task = task("t", due_at=None if in_ms is None else NOON + in_ms)
    return wording.due(replace(made, **over), NOON)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("in_ms", "text"),
    [
        (None, ""),
        (-1, "1 min overdue"),
        (-3 * DAY, "3 days overdue"),
        (2 * HOUR, "due in 2 h"),
        (5 * HOUR, "due today 17:00"),
        (24 * HOUR, "due tomorrow"),
        (13 * HOUR, "due tomorrow"),
        (3 * DAY, "due Sat"),
        (20 * DAY, "due 24 Mar"),
    ],
)
def test_dues(in_ms: int | None, text: str) -> None:
    assert due(in_ms) == text


def test_dues_of_days_and_of_finished_tasks() -> None:
    assert due(12 * HOUR - 1, due_date="2026-03-04") == "due today"
    assert due(-DAY, status=Status.CANCELLED) == ""
    assert due(-DAY, status=Status.COMPLETED, completed_at=NOON - HOUR) == "done 11:00"


def entry(event: str, before: dict[str, object], after: dict[str, object]) -> HistoryEntry:
    return HistoryEntry("1", "t", "ana", event, before, after, "", NOON, NOON)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "before", "after", "text"),
    [
        ("create_task", {}, {"title": "x"}, "Created"),
        ("create_task", {}, {"title": "x", "user_id": "u"}, "Assigned to you"),
        ("set_progress", {"progress": 40}, {"progress": 65}, "40 → 65 %"),
        (
            "set_progress",
            {"progress": 0, "status": "PENDING"},
            {"progress": 5, "status": "IN_PROGRESS"},
            "0 → 5 %",
        ),
        ("complete", {"progress": 40}, {"progress": 100}, "40 → 100 %"),
        (
            "hold",
            {"status": "IN_PROGRESS"},
            {"status": "ON_HOLD"},
            "In progress → On hold",
        ),
        ("comment", {}, {}, "Comment"),
        ("assign", {}, {"user_id": "u", "part": "REVIEWER"}, "Assigned to you (reviewer)"),
        ("assign", {}, {"user_id": "x", "part": "WATCHER"}, "Assigned to someone (watcher)"),
        ("unassign", {"user_id": "x"}, {}, "Someone taken off"),
        ("set_progress", {}, {}, "Note"),
    ],
)
def test_what_happened(
    event: str, before: dict[str, object], after: dict[str, object], text: str
) -> None:
    assert wording.happened(entry(event, before, after), {"u": "you"}) == text


def test_an_event_of_a_newer_server_is_no_crash() -> None:
    assert wording.happened(entry("log_time", {}, {"minutes": 5}), {})


def test_what_was_done_here() -> None:
    assert wording.did(action(args={"percent": 45, "note": "half"})) == "Progress to 45 % · “half”"
    assert wording.did(comment("t", "Hello")) == "Comment · “Hello”"
    for kind in Kind:
        assert wording.did(action(kind, args={}))[0].isupper()


def test_every_kind_can_be_said_to_have_failed() -> None:
    for kind in Kind:
        assert wording.attempt(kind, "E5002").startswith("Unable to ")
    assert wording.attempt(Kind.COMPLETE, "E5002") == "Unable to complete the task (E5002)"
    assert "E5002" in CATALOGUE


# The chip and the banner


def after(status: SyncStatus, state: State, at: int = NOON, **counts: int) -> SyncStatus:
    fault = None if state is State.SYNCED else Unreachable("E4001")
    counts = {"sent": 0, "waiting": 0, "tray": 0, **counts}
    return status.after(Report(state, at, Changes(), fault=fault, **counts))


def test_the_chip_says_what_is_true() -> None:
    fresh = SyncStatus()
    assert chip(fresh, NOON) == "Checking"
    synced = after(fresh, State.SYNCED)
    assert chip(synced, NOON + HOUR) == "Synced 12:00"
    offline = after(synced, State.OFFLINE, NOON + MINUTE, waiting=4)
    assert chip(offline, NOON + HOUR) == "Offline since 12:01, 4 waiting"
    again = after(offline, State.OFFLINE, NOON + HOUR, waiting=5)
    assert chip(again, NOON + HOUR) == "Offline since 12:01, 5 waiting"
    back = after(again, State.SYNCED, NOON + 2 * HOUR)
    assert chip(back, NOON + 2 * HOUR) == "Synced 14:00"
    assert chip(after(back, State.SYNCED, tray=1), NOON) == "1 needs attention"
    assert chip(after(back, State.SYNCED, tray=2), NOON) == "2 need attention"
    assert chip(after(back, State.SIGN_IN, waiting=3), NOON) == "Sign in to send 3"
    assert chip(replace(back, sending=(2, 12)), NOON) == "Sending 3 of 12"
    assert chip(after(back, State.SYNCED, waiting=1), NOON) == "1 waiting"


def test_the_chip_tells_of_what_is_stuck_and_leads_to_it() -> None:
    parked = after(SyncStatus(), State.SYNCED, waiting=3, parked=1)
    assert (chip(parked, NOON), leads_to_waiting(parked)) == ("1 change is stuck", True)
    both = after(parked, State.SYNCED, waiting=3, parked=2, tray=1)
    assert (chip(both, NOON), leads_to_waiting(both)) == ("1 needs attention, 2 stuck", True)
    away = after(parked, State.OFFLINE, waiting=3, parked=1)
    assert (chip(away, NOON), leads_to_waiting(away)) == ("Offline since 12:00, 3 waiting", False)
    alarm = after(parked, State.SYNCED, waiting=3, parked=1, stuck_since=NOON)
    assert chip(alarm, NOON + HOUR) == "Stuck since 12:00, 2 waiting"
    assert leads_to_waiting(alarm)
    assert chip(replace(alarm, waiting=1), NOON) == "1 change is stuck"


def test_the_banner_speaks_only_when_something_is_wrong() -> None:
    synced = after(SyncStatus(), State.SYNCED)
    assert banner(synced, NOON) is None
    offline = after(synced, State.OFFLINE, NOON + HOUR, waiting=1)
    assert banner(offline, NOON + HOUR) == Says(
        "Working offline.",
        "Everything here can be changed. 1 change goes out when the server answers. "
        "Data from 12:00 (1 h ago).",
    )
    alarm = after(synced, State.SYNCED, waiting=2, stuck_since=NOON)
    assert banner(alarm, NOON + HOUR) == Says(
        "Changes wait although the server answers.",
        "2 changes wait since 12:00. If it stays so, tell your admin.",
    )
    ill = banner(after(synced, State.OFFLINE, waiting=1, stuck_since=NOON), NOON)
    assert ill is not None
    assert ill.sentence.startswith(
        "1 change waits since 12:00. The server cannot be reached (E4001)."
    )
    assert banner(replace(alarm, parked=1, behind=1), NOON) is None
    for state in set(State) - {State.SYNCED}:
        said = banner(after(synced, state), NOON)
        assert said is not None
        assert all((said.headline, said.sentence, said.button)), state


def test_an_answer_that_is_not_trackers_is_said_where_work_goes_on_offline() -> None:
    """A hotel's page or an untrusted certificate has a remedy; that nobody answers has none."""
    away = replace(after(SyncStatus(), State.OFFLINE), fault="Not from Tracker (E4003). Sign in.")
    said = banner(away, NOON)
    assert said is not None
    assert said.sentence.startswith("Not from Tracker (E4003). Sign in. Everything here")


def test_letters_keep_their_order_whatever_is_among_them() -> None:
    for control in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
        assert unicodedata.category(control) == "Cf"
        assert wording.straight(f"a{control}b") == "ab"
    for plain in ("Seal", "Füllstand 测试 🔧", "משאבה", "👩\u200d🔧", "می\u200cشود"):
        assert wording.straight(plain) == plain
