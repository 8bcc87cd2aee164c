"""What the sync thread says arrives in the window's thread, in order; nothing else crosses."""

from __future__ import annotations

import gc
import linecache
import sys
import threading
import weakref

import pytest
from PySide6.QtCore import QObject, QThread, Slot
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.support.windows import PATIENCE
from tracker.domain.page import Changes
from tracker.sync.engine import Report, State
from tracker.ui import bridge
from tracker.ui.bridge import Bridge, Collector, Errand, assert_ui_thread, busy


class Listener(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[object, bool]] = []

    @Slot(object)
    def report(self, report: object) -> None:
        self.heard.append((report, QThread.currentThread() is self.thread()))

    @Slot(int, int)
    def sending(self, done: int, total: int) -> None:
        self.heard.append(((done, total), QThread.currentThread() is self.thread()))


def test_reports_of_another_thread_arrive_in_the_windows_thread(qtbot: QtBot) -> None:
    bridge, listener = Bridge(), Listener()
    bridge.report.connect(listener.report)
    bridge.sending.connect(listener.sending)
    report = Report(State.SYNCED, 1, Changes(frozenset({"t"})), 2, 0, 0)

    def sync() -> None:
        bridge.progress(0, 2)
        bridge.progress(1, 2)
        bridge.deliver(report)

    thread = threading.Thread(target=sync)
    thread.start()
    thread.join()
    assert listener.heard == []
    qtbot.waitUntil(lambda: len(listener.heard) == 3, timeout=PATIENCE)
    assert listener.heard == [((0, 2), True), ((1, 2), True), (report, True)]


def test_a_call_from_the_wrong_thread_says_so(qtbot: QtBot) -> None:
    owner = QObject()
    assert_ui_thread(owner)
    raised: list[str] = []

    def wrong() -> None:
        with pytest.raises(RuntimeError) as error:
            assert_ui_thread(owner)
        raised.append(str(error.value))

    thread = threading.Thread(target=wrong)
    thread.start()
    thread.join()
    assert raised == ["QObject was called outside the window's thread"]


def test_garbage_with_widgets_in_it_is_collected_in_the_windows_thread_only(qtbot: QtBot) -> None:
    """A widget that is destroyed in another thread ends the process."""
    collector = Collector(owner := QObject())
    died_in: list[threading.Thread] = []

    def make_garbage() -> None:
        widget = QWidget()
        widget.itself = widget  # type: ignore[attr-defined]
        weakref.finalize(widget, lambda: died_in.append(threading.current_thread()))

    make_garbage()
    kept: list[list[int]] = []
    thread = threading.Thread(target=lambda: kept.extend([n] for n in range(200_000)))
    thread.start()
    thread.join()
    assert died_in == []
    assert gc.get_count()[0] > gc.get_threshold()[0]
    collector.collect()
    qtbot.waitUntil(lambda: died_in == [threading.main_thread()], timeout=PATIENCE)
    owner.deleteLater()


def test_what_the_start_has_made_is_not_looked_through(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Collector, "freezes", True)
    monkeypatch.setattr(bridge, "LONG_S", 60.0)  # on a busy machine it would freeze those too
    owner = QObject()
    collector = Collector(owner)
    before = gc.get_freeze_count()
    made_at_start = [[n] for n in range(50_000)]
    linecache.getlines(__file__)
    collector._timer.timeout.emit()
    assert gc.get_freeze_count() > before + len(made_at_start) // 2  # others go meanwhile
    assert not linecache.cache
    made = [[n] for n in range(gc.get_threshold()[0] + 1)]
    frozen = gc.get_freeze_count()
    collector._timer.timeout.emit()
    assert gc.get_count()[0] < len(made)  # it collects from now on
    assert gc.get_freeze_count() <= frozen
    collector._timer.stop()
    owner.deleteLater()


def test_nothing_is_collected_while_an_errand_makes_a_lot(qtbot: QtBot) -> None:
    collector = Collector(QObject())

    class Node:
        me: Node

    def garbage() -> weakref.ref[Node]:
        node = Node()
        node.me = node
        return weakref.ref(node)

    gone = garbage()
    for _ in range(1_000):
        garbage()  # more than the threshold of the youngest
    usual = sys.getswitchinterval()
    with busy(), busy():
        collector.collect()
        assert gone() is not None
        assert sys.getswitchinterval() < usual
    collector.collect()
    assert gone() is None
    assert sys.getswitchinterval() == usual


def test_errands_that_hang_hold_up_no_other(qtbot: QtBot) -> None:
    """With a thread for each core two requests without an answer would."""
    owner, may_end = QObject(), threading.Event()
    said: list[object] = []
    for _ in range(4):
        Errand(owner, lambda: may_end.wait(10), lambda _outcome: None)
    Errand(owner, lambda: "at once", said.append)
    qtbot.waitUntil(lambda: said == ["at once"], timeout=PATIENCE)
    may_end.set()


def test_an_errand_that_ended_keeps_nothing(qtbot: QtBot) -> None:
    """Of images and rows the memory would fill."""

    class Large:
        pass

    owner = QObject()
    said: list[object] = []

    def run() -> weakref.ref[Large]:
        large = Large()
        Errand(owner, lambda: bool(large), said.append)
        return weakref.ref(large)

    known = [run() for _ in range(5)]
    qtbot.waitUntil(lambda: len(said) == 5, timeout=PATIENCE)
    qtbot.waitUntil(lambda: [one() for one in known] == [None] * 5, timeout=PATIENCE)
