"""What waits for the first paint comes after all of it, and comes in any case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.support.windows import settle
from tracker.ui.first_paint import PATIENCE_MS, after_first_paint


class Part(QWidget):
    def __init__(self, parent: QWidget, seen: list[str]) -> None:
        super().__init__(parent)
        self._seen = seen

    def paintEvent(self, _event: QPaintEvent) -> None:
        self._seen.append("painted")


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[QWidget]:
    made = QWidget()
    yield made
    made.close()
    made.deleteLater()
    settle()


def test_it_comes_once_after_everything_was_painted(window: QWidget, qtbot: QtBot) -> None:
    seen: list[str] = []
    part = Part(window, seen)
    part.resize(20, 20)
    after_first_paint(window, lambda: seen.append("begun"))
    assert seen == []
    window.show()
    qtbot.waitUntil(lambda: "begun" in seen)
    assert seen == ["painted", "begun"]
    part.update()
    qtbot.waitUntil(lambda: seen[-1] == "painted")
    assert seen.count("begun") == 1


def test_a_window_that_nobody_sees_begins_too(window: QWidget, qtbot: QtBot) -> None:
    seen: list[str] = []
    after_first_paint(window, lambda: seen.append("begun"))
    qtbot.waitUntil(lambda: seen == ["begun"], timeout=10 * PATIENCE_MS)


def test_a_window_that_goes_before_begins_nothing() -> None:
    """Its timer goes with it; one that outlived the test would fail it."""
    seen: list[str] = []
    window = QWidget()
    after_first_paint(window, lambda: seen.append("begun"))
    window.deleteLater()
    settle()
    assert seen == []
