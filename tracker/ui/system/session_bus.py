"""The desktop's session bus, asked without ever waiting for it: connection, calls and signals all
come back through Qt's event loop."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalSocket

from tracker.ui.system import bus_wire
from tracker.ui.system.bus_wire import Garbled, Message

BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
Answered = Callable[[Message], None]


class SessionBus(QObject):
    """`heard` carries each signal that was asked for. `ended` comes once, when the connection is
    lost or never came about; what was asked before is not answered then."""

    heard = Signal(object)
    ended = Signal()

    def __init__(self, address: str, parent: QObject) -> None:
        super().__init__(parent)
        self._serials = itertools.count(1)
        self._answers: dict[int, Answered] = {}
        self._kept: list[bytes] = []
        self._data = b""
        self._is_let_in = self._has_ended = False
        self._socket = QLocalSocket(self)
        self._socket.connected.connect(self._say_who)
        self._socket.readyRead.connect(self._read)
        self._socket.errorOccurred.connect(lambda _error: self._end())
        self._socket.disconnected.connect(self._end)
        name, is_abstract = _socket_of(address)
        if is_abstract:
            abstract = QLocalSocket.SocketOption.AbstractNamespaceOption
            self._socket.setSocketOptions(abstract)
        self._name = name

    def open(self) -> None:
        if self._name:
            self._socket.connectToServer(self._name)
        else:
            self._end()

    def close(self) -> None:
        self._has_ended = True
        self._socket.abort()

    def call(
        self,
        where: tuple[str, str, str],
        member: str,
        signature: str = "",
        values: Sequence[Any] = (),
        then: Answered | None = None,
    ) -> None:
        """`where` is service, path and interface. Sent as soon as the bus lets us in."""
        serial = next(self._serials)
        if then is not None:
            self._answers[serial] = then
        message = bus_wire.call(serial, *where, member, signature, values)
        if self._is_let_in:
            self._socket.write(message)
        else:
            self._kept.append(message)

    # -- inside ----------------------------------------------------------------------------

    def _say_who(self) -> None:
        """The socket itself shows the bus whose process this is; the name has to agree."""
        who = str(os.getuid()).encode().hex()
        self._socket.write(f"\0AUTH EXTERNAL {who}\r\n".encode())

    def _read(self) -> None:
        self._data += bytes(self._socket.readAll().data())
        if not self._is_let_in and not self._is_welcome():
            return
        try:
            while not self._has_ended:
                message, length = bus_wire.first_in(self._data)
                if message is None:
                    return
                self._data = self._data[length:]
                self._take(message)
        except Garbled:
            self._end()

    def _is_welcome(self) -> bool:
        line, found, rest = self._data.partition(b"\r\n")
        if not found:
            return False
        if not line.startswith(b"OK "):
            self._end()
            return False
        self._data, self._is_let_in = rest, True
        hello = bus_wire.call(next(self._serials), *BUS, "Hello")
        self._socket.write(b"BEGIN\r\n" + hello + b"".join(self._kept))
        self._kept.clear()
        return True

    def _take(self, message: Message) -> None:
        if message.kind == bus_wire.SIGNAL:
            self.heard.emit(message)
        elif (then := self._answers.pop(message.reply_to, None)) is not None:
            then(message)

    def _end(self) -> None:
        if not self._has_ended:
            self.close()
            self.ended.emit()


def address_of(environ: Mapping[str, str]) -> str:
    """Where the session bus is; empty without one."""
    if address := environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    folder = environ.get("XDG_RUNTIME_DIR")
    return f"unix:path={folder}/bus" if folder else ""


def _socket_of(address: str) -> tuple[str, bool]:
    """The name of the first socket of an address, and whether it is abstract; empty where there is
    none, as with a bus over TCP."""
    for one in address.split(";"):
        way, _, rest = one.partition(":")
        values = dict(part.partition("=")[::2] for part in rest.split(","))
        for key in ("path", "abstract"):
            if way == "unix" and key in values:
                return unquote(values[key]), key == "abstract"
    return "", False
