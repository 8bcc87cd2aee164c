"""The operating system says that the network is another one."""

from __future__ import annotations

import pytest
from PySide6.QtNetwork import QNetworkInformation
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, Open, open_desk
from tests.ui.conftest import close

Reachability = QNetworkInformation.Reachability
Medium = QNetworkInformation.TransportMedium


@pytest.fixture
def network() -> QNetworkInformation:
    if not QNetworkInformation.loadDefaultBackend():
        pytest.skip("no backend here tells Qt of the network")
    return QNetworkInformation.instance()


def test_a_window_synchronises_at_once(
    server: RunningServer, open_window: Open, qtbot: QtBot, network: QNetworkInformation
) -> None:
    window = open_desk(open_window)
    for change in (
        lambda: network.reachabilityChanged.emit(Reachability.Online),
        lambda: network.transportMediumChanged.emit(Medium.WiFi),
    ):
        with qtbot.waitSignal(window.sync_wanted, timeout=PATIENCE):
            change()


def test_a_window_that_closed_hears_nothing(
    server: RunningServer, open_window: Open, network: QNetworkInformation
) -> None:
    made = open_window("ana")
    close(made)
    network.reachabilityChanged.emit(Reachability.Online)


def test_without_a_backend_the_polls_go_on(
    server: RunningServer, open_window: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QNetworkInformation, "loadDefaultBackend", lambda: False)
    window = open_desk(open_window)
    task_id = server.task("ana")
    qtbot.waitUntil(lambda: task_id in window.board.views, timeout=PATIENCE)
