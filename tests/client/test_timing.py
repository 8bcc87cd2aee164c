"""The timer of a person: kept, counted once, and logged once, whatever the clocks do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.client import task
from tests.support.windows import offline_workspace, task_id
from tracker.cache.outbox import Outbox
from tracker.domain.errors import EnvironmentFault, Refusal
from tracker.domain.page import Changes
from tracker.services import timing as room
from tracker.services.tasks import Done, Tasks
from tracker.services.timing import Dropped, Timing
from tracker.services.workspace import Workspace

MINUTE, HOUR = 60_000, 3_600_000


class Clocks:
    """Wall clock in ms and monotonic clock in seconds, of one device."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_700_000_000_000, 100.0

    def pass_by(self, ms: int, *, looks: Timing | None = None) -> None:
        """Time goes by; a timer is looked at every 5 s as the window does."""
        while ms > 0:
            step = min(ms, 5_000)
            self.wall += step
            self.monotonic += step / 1_000
            ms -= step
            if looks is not None:
                looks.tick()


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    made = Clocks()
    monkeypatch.setattr(room, "device_clock", lambda: made.wall)
    return made


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    made = offline_workspace(tmp_path, [task(task_id(1)), task(task_id(2), number=2)])
    yield made
    made.close()


Begin = Callable[[], Timing]


@pytest.fixture
def begin(work: Workspace, clocks: Clocks) -> Begin:
    """The program starts; calling it again is a restart after a crash."""
    return lambda: Timing(work, Tasks(work), lambda: clocks.monotonic)


def logged(work: Workspace) -> list[tuple[str, int]]:
    return [(w.action.task_id, w.action.args["minutes"]) for w in work.outbox.waiting()]


def test_what_the_monotonic_clock_counted_is_logged(
    work: Workspace, begin: Begin, clocks: Clocks
) -> None:
    timing = begin()
    assert (timing.task_id, timing.worked_ms, timing.stop()) == ("", 0, None)
    assert timing.start(task_id(1)) is None
    started = clocks.wall
    clocks.pass_by(25 * MINUTE, looks=timing)
    assert timing.worked_ms == 25 * MINUTE
    assert isinstance(timing.stop(), Done)
    assert logged(work) == [(task_id(1), 25)]
    assert work.outbox.waiting()[0].action.args["started_at"] == started
    assert (timing.task_id, work.outbox.timer(), timing.stop()) == ("", None, None)
    assert logged(work) == [(task_id(1), 25)]


@pytest.mark.parametrize("jump", [-10 * HOUR, -1, 1, 90_000])
def test_a_wall_clock_that_jumps_counts_nothing(
    work: Workspace, begin: Begin, clocks: Clocks, jump: int
) -> None:
    timing = begin()
    timing.start(task_id(1))
    clocks.pass_by(10 * MINUTE, looks=timing)
    clocks.wall += jump
    clocks.pass_by(10 * MINUTE, looks=timing)
    timing.stop()
    assert logged(work) == [(task_id(1), 20)]


def test_there_is_one_at_a_time(work: Workspace, begin: Begin, clocks: Clocks) -> None:
    timing = begin()
    timing.start(task_id(1))
    clocks.pass_by(3 * MINUTE)
    ended = timing.start(task_id(2))
    assert isinstance(ended, Done)
    assert ended.task_id == task_id(1)
    clocks.pass_by(2 * MINUTE)
    timing.stop()
    assert logged(work) == [(task_id(1), 3), (task_id(2), 2)]


def test_less_than_half_a_minute_is_nothing(work: Workspace, begin: Begin, clocks: Clocks) -> None:
    timing = begin()
    timing.start(task_id(1))
    clocks.pass_by(29_999)
    assert timing.stop() == Dropped(task_id(1))
    assert (logged(work), work.outbox.timer()) == ([], None)


def test_a_task_that_is_gone_keeps_the_timer_until_it_is_discarded(
    work: Workspace, begin: Begin, clocks: Clocks
) -> None:
    timing = begin()
    timing.start(task_id(3))  # by now it is shared with somebody else
    clocks.pass_by(5 * MINUTE)
    refused = timing.stop()
    assert isinstance(refused, Refusal)
    assert isinstance(timing.start(task_id(1)), Refusal)
    assert (timing.task_id, timing.worked_ms, logged(work)) == (task_id(3), 5 * MINUTE, [])
    timing.discard()
    assert timing.start(task_id(1)) is None


def test_a_crash_costs_seconds(begin: Begin, clocks: Clocks) -> None:
    timing = begin()
    timing.start(task_id(1))
    clocks.pass_by(10 * MINUTE, looks=timing)
    clocks.monotonic = 3.0  # the machine was started again
    again = begin()
    assert again.task_id == task_id(1)
    assert again.unseen_ms == 0
    assert 10 * MINUTE - room.KEEP_MS <= again.worked_ms <= 10 * MINUTE


def test_what_nobody_counted_is_not_work_until_the_person_says_so(
    work: Workspace, begin: Begin, clocks: Clocks
) -> None:
    timing = begin()
    timing.start(task_id(1))
    clocks.pass_by(10 * MINUTE, looks=timing)
    timing.keep()
    clocks.wall += 14 * HOUR
    again = begin()
    assert (again.worked_ms, again.unseen_ms) == (10 * MINUTE, 14 * HOUR)
    again.add(again.unseen_ms)
    clocks.pass_by(MINUTE, looks=again)
    again.stop()
    assert logged(work) == [(task_id(1), 14 * 60 + 11)]


def test_a_second_crash_before_the_answer_asks_again(begin: Begin, clocks: Clocks) -> None:
    timing = begin()
    timing.start(task_id(1))
    clocks.wall += HOUR
    assert begin().unseen_ms == HOUR
    clocks.wall += HOUR
    assert begin().unseen_ms == 2 * HOUR


@pytest.mark.parametrize("runs_on", [False, True], ids=["Linux", "Windows"])
def test_the_sleep_of_the_machine_is_not_work(
    work: Workspace, begin: Begin, clocks: Clocks, runs_on: bool
) -> None:
    """The monotonic clock of Linux stands still then, that of Windows runs on."""
    timing = begin()
    timing.start(task_id(1))
    clocks.pass_by(10 * MINUTE, looks=timing)
    clocks.wall += 8 * HOUR
    clocks.monotonic += 8 * 3_600 if runs_on else 0
    assert timing.tick() == 8 * HOUR
    assert timing.tick() == 0
    assert timing.worked_ms == 10 * MINUTE
    clocks.pass_by(5 * MINUTE, looks=timing)
    timing.stop()
    assert logged(work) == [(task_id(1), 15)]


def test_without_a_timer_sleep_is_nobody_s_question(begin: Begin, clocks: Clocks) -> None:
    timing = begin()
    clocks.wall += 8 * HOUR
    assert timing.tick() == 0
    timing.start(task_id(1))
    assert timing.tick() == 0


def test_taking_off_leaves_nothing_below_zero(
    work: Workspace, begin: Begin, clocks: Clocks
) -> None:
    timing = begin()
    timing.take_off(MINUTE)
    timing.add(MINUTE)
    assert timing.task_id == ""
    timing.start(task_id(1))
    clocks.pass_by(10 * MINUTE, looks=timing)
    timing.take_off(4 * MINUTE)
    assert timing.worked_ms == 6 * MINUTE
    assert begin().worked_ms == 6 * MINUTE  # it is on the disk
    timing.take_off(HOUR)
    assert timing.worked_ms == 0


def test_on_a_full_disk_the_time_goes_on_being_counted(
    work: Workspace, begin: Begin, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    timing = begin()
    timing.start(task_id(1))
    with monkeypatch.context() as full:
        full.setattr(work.outbox, "keep_timer", _refuse)
        full.setattr(work.outbox, "add", _refuse)
        for _ in range(4):
            clocks.pass_by(15_000)
            with pytest.raises(EnvironmentFault):
                timing.tick()
        for call in (timing.keep, timing.stop, timing.discard):
            with pytest.raises(EnvironmentFault):
                call()
    assert timing.worked_ms == MINUTE
    timing.stop()
    assert logged(work) == [(task_id(1), 1)]


def _refuse(*_: object, **__: object) -> None:
    raise EnvironmentFault("E3001")


# More than a day, and taking it back


def three_days(begin: Begin, clocks: Clocks) -> Done:
    timing = begin()
    timing.start(task_id(1))
    timing.add(72 * HOUR + 5 * MINUTE)
    done = timing.stop()
    assert isinstance(done, Done)
    return done


def test_more_than_a_day_is_logged_in_several_entries_and_undone_whole(
    work: Workspace, begin: Begin, clocks: Clocks
) -> None:
    done = three_days(begin, clocks)
    assert logged(work) == [(task_id(1), n) for n in (1_440, 1_440, 1_440, 5)]
    entries = {one.action.args["entry_id"] for one in work.outbox.waiting()}
    assert len(entries) == 4
    assert isinstance(Tasks(work).undo(done), Changes)
    assert logged(work) == []


def test_what_is_on_its_way_cannot_be_taken_back(
    work: Workspace, begin: Begin, clocks: Clocks
) -> None:
    done = three_days(begin, clocks)
    work.outbox.take_batch(0, 1, 1_000_000)
    refused = Tasks(work).undo(done)
    assert isinstance(refused, Refusal)
    assert refused.code == "E5016"
    assert len(logged(work)) == 4


def test_another_process_sees_it_stop(work: Workspace, begin: Begin, clocks: Clocks) -> None:
    timing = begin()
    timing.start(task_id(1))
    clocks.pass_by(2 * MINUTE)
    other = Outbox(work.profile.folder)
    kept = other.timer()
    assert kept is not None
    assert kept.task_id == task_id(1)
    timing.stop()
    assert other.timer() is None
    other.close()
