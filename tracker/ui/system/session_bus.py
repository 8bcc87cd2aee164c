"""The desktop's session bus, without ever waiting for it: connection, answers and signals all come
through Qt's event loop. Only who calls `wait` waits, and no longer than they say.

jeepney writes and reads the messages. PySide cannot send what `Notify` takes: its QDBusArgument and
QDBusMessage know no 32-bit unsigned integer (6.11 makes `q` or `i` of every int, and a desktop
refuses that); QDBusInterface could, but waits for its answers. jeepney is there on Linux alone, so
this module is imported when it is needed.
"""

from __future__ import annotations

import itertools
import logging
import struct
from collections.abc import Callable
from typing import Any

import jeepney
from jeepney import HeaderFields, Message, MessageType, message_bus
from jeepney.auth import BEGIN, Authenticator
from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalSocket

from tracker.ui.system.bus_address import socket_of

MOST = 1 << 20
"""Bytes; no message that we ask for comes near it."""
RUBBISH = (ValueError, LookupError, TypeError, AssertionError, RecursionError, struct.error)
"""What jeepney raises where something is no message; it has no error of its own for that."""
Answer = tuple[Any, ...] | str
"""Its values, or the name of the error that it is."""
Answered = Callable[[Answer], None]

log = logging.getLogger(__name__)


class SessionBus(QObject):
    """`heard` carries member and values of each signal that was asked for. `ended` comes once, when
    the connection is lost or never came about; what was asked before is not answered then."""

    heard = Signal(object, object)
    ended = Signal()

    def __init__(self, address: str, parent: QObject | None) -> None:
        super().__init__(parent)
        self._serials = itertools.count(1)
        self._answers: dict[int, Answered] = {}
        self._kept: list[bytes] = []
        self._has_ended = False
        self._login, self._parser = Authenticator(), jeepney.Parser()
        self._socket = QLocalSocket(self)
        self._socket.connected.connect(lambda: self._socket.write(self._login.data_to_send()))
        self._socket.readyRead.connect(self._read)
        self._socket.errorOccurred.connect(self._failed)
        self._socket.disconnected.connect(self._end)
        name, is_abstract = socket_of(address)
        if is_abstract:
            self._socket.setSocketOptions(QLocalSocket.SocketOption.AbstractNamespaceOption)
        self._socket.setServerName(name)
        self._send(message_bus.Hello())  # which has to be the first

    def open(self) -> None:
        self._socket.connectToServer()

    def close(self) -> None:
        self._has_ended = True
        self._socket.abort()

    def listen(self, service: str, path: str, interface: str) -> None:
        rule = jeepney.MatchRule(type="signal", sender=service, path=path, interface=interface)
        self._send(message_bus.AddMatch(rule))

    def call(
        self,
        where: tuple[str, str, str],
        member: str,
        then: Answered,
        signature: str | None = None,
        values: tuple[Any, ...] = (),
        starts: bool = True,
    ) -> None:
        """`where` is service, path and interface; `starts` whether the service may be started for
        it. Sent as soon as the bus lets us in."""
        service, path, interface = where
        address = jeepney.DBusAddress(path, service, interface)
        message = jeepney.new_method_call(address, member, signature, values)
        if not starts:
            message.header.flags = jeepney.MessageFlag.no_auto_start
        self._send(message, then)

    def wait(self, ms: int) -> bool:
        """Takes what comes next; False where nothing came in that time or can come any more."""
        return self._socket.waitForReadyRead(ms)

    # -- inside ----------------------------------------------------------------------------

    def _send(self, message: Message, then: Answered | None = None) -> None:
        if self._has_ended:
            return
        serial = next(self._serials)
        data = message.serialise(serial)
        if then is not None:
            self._answers[serial] = then
        if self._login.authenticated:
            self._socket.write(data)
        else:
            self._kept.append(data)

    def _read(self) -> None:
        try:
            messages = self._understood(bytes(self._socket.readAll().data()))
        except RUBBISH as error:
            log.warning("what the session bus says makes no sense: %.200s", repr(error))
            self._end()
            return
        for message in messages:
            if not self._has_ended:
                self._take(message)

    def _understood(self, data: bytes) -> list[Message]:
        if not self._login.authenticated:
            self._login.feed(data)
            if self._login.authenticated:
                self._socket.write(BEGIN + b"".join(self._kept))
                self._kept.clear()
            return []
        messages: list[Message] = self._parser.feed(data)
        if self._parser.bytes_desired() > MOST:
            raise ValueError("a message that is too long")
        return messages

    def _take(self, message: Message) -> None:
        kind, fields = message.header.message_type, message.header.fields
        if kind is MessageType.signal:
            self.heard.emit(fields.get(HeaderFields.member), message.body)
            return
        match fields.get(HeaderFields.reply_serial):
            case int(serial) if (then := self._answers.pop(serial, None)) is not None:
                is_error = kind is MessageType.error
                then(str(fields.get(HeaderFields.error_name)) if is_error else message.body)

    def _failed(self, error: QLocalSocket.LocalSocketError) -> None:
        """That `wait` was in vain is an error to Qt."""
        if error is not QLocalSocket.LocalSocketError.SocketTimeoutError:
            self._end()

    def _end(self) -> None:
        if not self._has_ended:
            self.close()
            self.ended.emit()
