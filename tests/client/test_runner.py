"""The one thread that synchronises: it wakes at once, ends when told, and outlives faults."""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.client import Device, action, comment, run_python
from tests.support.server import RunningServer
from tracker.cache.outbox import Outbox
from tracker.domain.errors import EnvironmentFault, Unreachable
from tracker.sync import pacing
from tracker.sync.engine import Engine, Report, State
from tracker.sync.runner import Runner

PATIENCE = 10.0
NEVER = 60.0
"""A poll interval no test lives to see: a second run was woken."""


class Running:
    """A runner over a device's engine; its reports come one by one."""

    def __init__(
        self, device: Device, interval: float = NEVER, make: Callable[[], Engine] | None = None
    ) -> None:
        self.device = device
        self.reports: queue.Queue[Report] = queue.Queue()
        self.runner = Runner(
            make or device.make_engine, interval, self.reports.put, device.outbox.last_seq
        )
        self.runner.start()

    def next(self) -> Report:
        return self.reports.get(timeout=PATIENCE)


@pytest.fixture
def ana(server: RunningServer, tmp_path: Path) -> Iterator[Device]:
    device = Device(server, "ana", tmp_path / "ana").open()
    yield device
    device.close()


@pytest.fixture
def run(ana: Device) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(**more: object) -> Running:
        started.append(Running(ana, **more))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for one in started:
        one.runner.stop()
    assert [t.name for t in threading.enumerate() if t.name == "tracker-sync"] == []


def test_it_synchronises_at_once_and_again_when_woken(
    server: RunningServer, ana: Device, run: Callable[..., Running]
) -> None:
    task_id = server.task("ana")
    running = run()
    assert running.next().state is State.SYNCED
    ana.add(action(task_id=task_id))
    running.runner.wake()
    report = running.next()
    assert (report.state, report.sent) == (State.SYNCED, 1)


def test_it_polls_by_itself(
    server: RunningServer, ana: Device, run: Callable[..., Running]
) -> None:
    running = run(interval=0.05)
    running.next()
    task_id = server.task("ana")
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if task_id in running.next().changes.tasks:
            break
    assert task_id in ana.projection.views()


def test_a_wake_during_a_run_is_not_lost(
    server: RunningServer, ana: Device, run: Callable[..., Running]
) -> None:
    task_id = server.task("ana")
    reached, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        assert go_on.wait(PATIENCE)

    ana.line.before["pull"] = hold
    running = run()
    assert reached.wait(PATIENCE)
    ana.add(action(task_id=task_id))
    running.runner.wake()
    go_on.set()
    assert running.next().sent == 0
    assert running.next().sent == 1


def test_it_takes_up_what_another_process_did(
    server: RunningServer, ana: Device, run: Callable[..., Running]
) -> None:
    task_id = server.task("ana")
    running = run()
    running.next()
    code = """
import sys
from pathlib import Path
from tests.support.client import comment
from tracker.cache.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
outbox.add([comment(sys.argv[2], "from a command line")])
outbox.close()
"""
    process = run_python(code, ana.folder, task_id)
    assert process.communicate(timeout=PATIENCE) == ("", "")
    assert running.next().sent == 1
    assert server.seen("ana", task_id)["comment_count"] == 1


def test_it_takes_up_what_another_process_did_during_a_run(
    server: RunningServer, ana: Device, run: Callable[..., Running]
) -> None:
    """A command that commits while a page is on its way waits 5 s for its receipt, no longer."""
    task_id = server.task("ana")

    def commit_elsewhere() -> None:
        other = Outbox(ana.folder)
        other.add([comment(task_id, "from a command line")])
        other.close()

    ana.line.before["pull"] = commit_elsewhere
    running = run()
    assert running.next().sent == 0
    try:
        report = running.reports.get(timeout=4)
    except queue.Empty:
        pytest.fail("the commit was not noticed")
    assert report.sent == 1


def test_stopping_ends_the_thread_also_in_the_middle_of_a_pause(
    ana: Device, run: Callable[..., Running]
) -> None:
    running = run()
    running.next()
    before = time.monotonic()
    running.runner.stop()
    assert time.monotonic() - before < 2
    assert running.reports.empty()


def test_stopping_before_it_was_started_is_no_fault(ana: Device) -> None:
    """A window that is closed before its first paint."""
    runner = Runner(ana.make_engine, NEVER, lambda _: None, ana.outbox.last_seq)
    runner.stop()


def test_offline_it_backs_off_and_comes_back(
    ana: Device, run: Callable[..., Running], server: RunningServer
) -> None:
    ana.line.fail("lose request", "lose request", method="pull")
    running = run(interval=0.02)
    states = [running.next().state for _ in range(3)]
    assert states == [State.OFFLINE, State.OFFLINE, State.SYNCED]
    assert running.runner._pace._failures == 0


def test_a_fault_of_this_machine_is_reported_and_the_next_run_works(
    ana: Device, run: Callable[..., Running]
) -> None:
    def disk_full() -> None:
        raise EnvironmentFault("E3001")

    ana.line.before["pull"] = disk_full
    running = run(interval=0.02)
    report = running.next()
    assert report.state is State.FAULT
    assert report.fault is not None
    assert report.fault.code == "E3001"
    assert running.next().state is State.SYNCED


def test_a_bug_is_logged_and_the_next_run_works(
    ana: Device, run: Callable[..., Running], caplog: pytest.LogCaptureFixture
) -> None:
    def bug() -> None:
        raise RuntimeError("not thought of")

    ana.line.before["pull"] = bug
    with caplog.at_level(logging.ERROR):
        assert run(interval=0.02).next().state is State.SYNCED
    assert "not thought of" in caplog.text


def test_an_engine_that_cannot_be_made_yet_is_made_later(
    ana: Device, run: Callable[..., Running], caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    def make() -> Engine:
        tries.append(1)
        if len(tries) == 1:
            raise EnvironmentFault("E3001")
        return ana.make_engine()

    with caplog.at_level(logging.ERROR):
        running = run(interval=0.02, make=make)
        try:
            report = running.reports.get(timeout=3)
        except queue.Empty:
            pytest.fail("the thread ended")
    assert report.state is State.SYNCED
    assert "E3001" in caplog.text


def test_a_file_that_cannot_be_looked_at_does_not_end_the_thread(
    ana: Device, caplog: pytest.LogCaptureFixture
) -> None:
    faults = [EnvironmentFault("E3005") for _ in range(2)]

    def changed() -> int:
        if faults:
            raise faults.pop()
        return ana.outbox.last_seq()

    reports: queue.Queue[Report] = queue.Queue()
    runner = Runner(ana.make_engine, 0.02, reports.put, changed)
    runner.start()
    try:
        states = [reports.get(timeout=5).state for _ in range(2)]
    except queue.Empty:
        pytest.fail("the thread ended")
    finally:
        runner.stop()
    assert states == [State.SYNCED, State.SYNCED]


def test_a_commit_is_noticed_also_while_no_engine_can_be_made(
    ana: Device, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What the outbox was at is known before the engine is made."""
    monkeypatch.setattr(pacing, "backoff", lambda *_: NEVER)
    tries: list[int] = []
    numbers = iter([7, 7, 8])

    def make() -> Engine:
        tries.append(1)
        if len(tries) == 1:
            raise EnvironmentFault("E3001")
        return ana.make_engine()

    reports: queue.Queue[Report] = queue.Queue()
    runner = Runner(make, NEVER, reports.put, lambda: next(numbers, 8))
    runner.start()
    try:
        assert reports.get(timeout=4).state is State.SYNCED
    except queue.Empty:
        pytest.fail("the commit was not noticed")
    finally:
        runner.stop()


@pytest.mark.parametrize(
    "numbers", [[None, 7, 7, 7], [7, None, None, 7]], ids=["before the run", "after it"]
)
def test_a_look_that_failed_is_no_commit(
    ana: Device, numbers: list[int | None], caplog: pytest.LogCaptureFixture
) -> None:
    looks, all_looked = iter(numbers), threading.Event()

    def changed() -> int:
        found = next(looks, 0)
        if found == 0:
            all_looked.set()
            return 7
        if found is None:
            raise EnvironmentFault("E3005")
        return found

    reports: queue.Queue[Report] = queue.Queue()
    runner = Runner(ana.make_engine, NEVER, reports.put, changed)
    runner.start()
    try:
        assert all_looked.wait(PATIENCE)
        reports.get(timeout=PATIENCE)
        assert reports.empty()
    finally:
        runner.stop()


# Asked to be left alone


@pytest.fixture
def hushed(
    server: RunningServer, ana: Device, run: Callable[..., Running]
) -> Callable[[float], Running]:
    """Starts a runner whose first push is answered with "not before so many seconds"."""

    def start(seconds: float) -> Running:
        def ask() -> None:
            raise Unreachable("E3007", retry_after=seconds)

        ana.add(action(task_id=server.task("ana")))
        ana.line.before["push"] = ask
        running = run(interval=0.02)
        report = running.next()
        assert (report.state, report.retry_after) == (State.OFFLINE, seconds)
        assert ana.line.calls == ["push"], "reading is no exception"
        return running

    return start


def is_quiet(running: Running, seconds: float = 1.0) -> bool:
    try:
        running.reports.get(timeout=seconds)
    except queue.Empty:
        return True
    return False


def test_neither_news_nor_a_commit_ends_what_the_server_asked_for(
    ana: Device, hushed: Callable[[float], Running]
) -> None:
    running = hushed(NEVER)
    running.runner.nudge()
    other = Outbox(ana.folder)
    other.add([comment(action().task_id, "from a command line")])
    other.close()
    assert is_quiet(running)


def test_a_person_who_retries_is_heard_at_once(hushed: Callable[[float], Running]) -> None:
    running = hushed(NEVER)
    running.runner.wake()
    assert running.next().sent == 1


def test_it_stops_at_once_all_the_same(hushed: Callable[[float], Running]) -> None:
    running = hushed(NEVER)
    before = time.monotonic()
    running.runner.stop()
    assert time.monotonic() - before < 2


def test_news_that_came_meanwhile_are_taken_up_right_after(
    ana: Device, hushed: Callable[[float], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backoff can be longer than what was asked for."""
    monkeypatch.setattr(pacing, "backoff", lambda *_: NEVER)
    running = hushed(0.6)
    started = time.monotonic()
    running.runner.nudge()
    assert running.next().sent == 1
    assert 0.4 < time.monotonic() - started < 5


def test_a_push_that_times_out_leaves_reading_and_news_alone(
    ana: Device, run: Callable[..., Running]
) -> None:
    ana.add(action())
    ana.line.fail("lose answer")
    running = run()
    assert running.next().retry_after is None
    assert ana.line.calls == ["push", "pull"]
    running.runner.nudge()
    assert not is_quiet(running, PATIENCE)


# Pacing


def test_polls_are_spread_by_a_tenth() -> None:
    rng = random.Random(1)
    delays = [pacing.poll_delay(5.0, rng) for _ in range(2_000)]
    assert 4.5 <= min(delays) < 4.6
    assert 5.4 < max(delays) <= 5.5


def test_backoff_grows_to_five_minutes_with_full_jitter() -> None:
    rng = random.Random(1)
    for failures, ceiling in ((1, 5), (2, 10), (4, 40), (6, 160), (7, 300), (1_000, 300)):
        delays = [pacing.backoff(failures, 5.0, rng, None) for _ in range(1_000)]
        assert min(delays) >= 0.5
        assert ceiling * 0.9 < max(delays) <= ceiling
        assert min(delays) < ceiling * 0.2  # a thousand clients do not come back as one


@pytest.mark.parametrize("asked", [0.0, 12.5, 299.0, 5_000.0, float("inf")])
def test_what_the_server_asks_for_is_the_least_within_reason(asked: float) -> None:
    rng = random.Random(1)
    for failures in (1, 5, 50):
        delay = pacing.backoff(failures, 5.0, rng, asked)
        assert min(asked, pacing.LONGEST) <= delay <= pacing.LONGEST
