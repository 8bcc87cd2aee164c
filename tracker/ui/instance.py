"""One window for each profile: a second start hands over what it was asked for, and ends."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

PATIENCE_MS = 2_000
_OK = b"ok"
_LONGEST = 4_096


def _name(folder: Path) -> str:
    """A socket's path may have 100 characters only, so it is not the folder's."""
    return "tracker-" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:24]


class Instance(QObject):
    """`asked` carries a link, or nothing, of a start that came after this one. To be made by who
    holds the profile's lock."""

    asked = Signal(str)

    def __init__(self, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        # What a killed process left behind; whoever holds the lock is alone.
        QLocalServer.removeServer(_name(folder))
        self.is_listening = self._server.listen(_name(folder))

    def close(self) -> None:
        self._server.close()

    def _connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda s=socket: self._read(s))
            socket.disconnected.connect(socket.deleteLater)
            if socket.canReadLine():
                self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() > _LONGEST:
            socket.abort()
        elif socket.canReadLine():
            link = bytes(socket.readLine().data()).decode("utf-8", "replace").strip()
            socket.write(_OK)
            socket.flush()
            socket.disconnectFromServer()
            self.asked.emit(link)


def hand_over(folder: Path, link: str = "") -> bool:
    """Asks the window that has the profile open to come to the front, and to open the link. False
    where none answers."""
    socket = QLocalSocket()
    socket.connectToServer(_name(folder))
    if not socket.waitForConnected(PATIENCE_MS):
        return False
    socket.write(link.encode() + b"\n")
    socket.flush()
    heard = socket.waitForReadyRead(PATIENCE_MS) and bytes(socket.readAll().data()) == _OK
    socket.close()
    return heard
