"""The session bus: a real one, and one that is played here and says what no bus would."""

from __future__ import annotations

import logging
import os
import random
import struct
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from pytestqt.qtbot import QtBot

from tests.support.windows import PATIENCE, settle
from tests.ui.test_idle import bus
from tracker.ui.system.bus_address import address_of, socket_of

pytest.importorskip("jeepney", reason="NOT TESTED: jeepney is there on Linux alone")

from jeepney import (
    DBusAddress,
    Endianness,
    HeaderFields,
    Message,
    Parser,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)

from tracker.ui.system import session_bus
from tracker.ui.system.session_bus import SessionBus

__all__ = ["bus"]  # the fixture
DAEMON = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
BELL = DBusAddress("/bell", interface="a.Bell")
OK = b"OK 1234deadbeef\r\n"


@pytest.mark.parametrize(
    ("environ", "address", "socket"),
    [
        ({}, "", ("", False)),
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, "unix:path=/run/user/7/bus",
         ("/run/user/7/bus", False)),
        ({"DBUS_SESSION_BUS_ADDRESS": "unix:abstract=/x%20y,guid=1;tcp:host=h"},
         "unix:abstract=/x%20y,guid=1;tcp:host=h", ("/x y", True)),
        ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/J%c3%bcrgen"}, "unix:path=/J%c3%bcrgen",
         ("/Jürgen", False)),
        ({"DBUS_SESSION_BUS_ADDRESS": "tcp:host=h,port=1"}, "tcp:host=h,port=1", ("", False)),
    ],
)  # fmt: skip
def test_where_the_bus_is(environ: dict[str, str], address: str, socket: tuple[str, bool]) -> None:
    assert address_of(environ) == address
    assert socket_of(address) == socket


@pytest.fixture
def owner(qapp: QObject) -> Iterator[QObject]:
    made = QObject()
    yield made
    made.deleteLater()
    settle()


class Listens:
    """What came over a connection, in its order."""

    def __init__(self, address: str, owner: QObject) -> None:
        self.bus, self.said = SessionBus(address, owner), list[Any]()
        self.bus.ended.connect(lambda: self.said.append("ended"))
        self.bus.heard.connect(lambda member, values: self.said.append((member, values)))

    def ask(self, member: str, *more: Any) -> None:
        self.bus.call(DAEMON, member, self.said.append, *more)


def test_a_bus_answers_in_order_and_once_it_is_closed_nothing_more(
    bus: tuple[str, Any], owner: QObject, qtbot: QtBot
) -> None:
    here = Listens(bus[0], owner)
    here.ask("GetId")
    here.ask("NameHasOwner", "s", ("a.b",))
    here.ask("NoSuchThing")
    here.bus.open()
    qtbot.waitUntil(lambda: len(here.said) == 4, timeout=PATIENCE)
    greeting, (daemon_id,), owned, error = here.said
    assert greeting[0] == "NameAcquired"
    assert len(daemon_id) == 32
    assert (owned, error) == ((False,), "org.freedesktop.DBus.Error.UnknownMethod")
    here.ask("GetId")
    here.bus.close()
    settle()
    assert len(here.said) == 4


def test_a_bus_that_ends_says_so_once(bus: tuple[str, Any], owner: QObject, qtbot: QtBot) -> None:
    here = Listens(bus[0], owner)
    here.ask("GetId")
    here.bus.open()
    qtbot.waitUntil(lambda: len(here.said) == 2, timeout=PATIENCE)
    bus[1].kill()
    bus[1].wait()
    qtbot.waitUntil(lambda: len(here.said) == 3, timeout=PATIENCE)
    here.ask("GetId")  # as who does not listen to that does, without a warning of Qt's
    settle()
    assert here.said[2:] == ["ended"]


@pytest.mark.parametrize("address", ["", "nonsense", "tcp:host=h", "unix:path=/nowhere"])
def test_where_there_is_no_bus_it_has_ended_at_once(owner: QObject, address: str) -> None:
    here = Listens(address, owner)
    here.ask("GetId")
    here.bus.open()
    assert here.said == ["ended"]
    here.ask("GetId")
    assert not here.bus.wait(0)
    assert here.said == ["ended"]


def test_who_waits_gets_what_came_and_in_vain_is_not_the_end(
    bus: tuple[str, Any], owner: QObject
) -> None:
    here = Listens(bus[0], owner)
    here.bus.open()
    while not here.said:
        assert here.bus.wait(PATIENCE)
    assert not here.bus.wait(1)
    here.ask("NameHasOwner", "s", ("a.b",))
    assert here.bus.wait(PATIENCE)
    assert here.said[1:] == [(False,)]


def test_an_abstract_socket_is_found(owner: QObject, qtbot: QtBot) -> None:
    server = QLocalServer(owner)
    server.setSocketOptions(QLocalServer.SocketOption.AbstractNamespaceOption)
    name = f"tracker-test-{os.getpid()}"
    assert server.listen(name)
    with qtbot.waitSignal(server.newConnection, timeout=PATIENCE):
        Listens(f"unix:abstract={name}", owner).bus.open()


# A bus that is played here


class Plays:
    """Lets everybody in, then says what it was given to say."""

    def __init__(self, folder: str, owner: QObject) -> None:
        self._server = QLocalServer(owner)
        assert self._server.listen(f"{folder}/bus")
        self.address = f"unix:path={folder}/bus"
        self._client: QLocalSocket | None = None
        self._parser, self.asked, self.greeting = Parser(), list[Message](), OK
        self._server.newConnection.connect(self._meet)

    def say(self, data: bytes) -> None:
        assert self._client is not None
        self._client.write(data)

    def _meet(self) -> None:
        self._client = self._server.nextPendingConnection()
        self._client.readyRead.connect(self._read)

    def _read(self) -> None:
        assert self._client is not None
        data = bytes(self._client.readAll().data())
        if data.startswith(b"\0AUTH EXTERNAL "):
            self._client.write(self.greeting)
        else:
            self.asked += self._parser.feed(data.removeprefix(b"BEGIN\r\n"))


@pytest.fixture
def plays(owner: QObject) -> Iterator[Plays]:
    with tempfile.TemporaryDirectory() as folder:  # a socket's path has 107 bytes at most
        yield Plays(folder, owner)


def let_in(plays: Plays, here: Listens, qtbot: QtBot) -> None:
    """The greeting, and one question."""
    here.ask("GetId")
    here.bus.open()
    qtbot.waitUntil(lambda: len(plays.asked) == 2, timeout=PATIENCE)


def ring(number: int = 7) -> bytes:
    sent: bytes = new_signal(BELL, "Ring", "us", (number, "Größe")).serialise(9)
    return sent


def test_messages_come_in_any_pieces_and_of_any_order_of_bytes(
    plays: Plays, owner: QObject, qtbot: QtBot
) -> None:
    here = Listens(plays.address, owner)
    let_in(plays, here, qtbot)
    answer = new_method_return(plays.asked[1], "u", (42,))
    answer.header.endianness = Endianness.big
    data = ring() + answer.serialise(10) + ring(8)
    for at in range(0, len(data), 5):
        plays.say(data[at : at + 5])
        settle()
    qtbot.waitUntil(lambda: len(here.said) == 3, timeout=PATIENCE)
    assert here.said == [("Ring", (7, "Größe")), (42,), ("Ring", (8, "Größe"))]


def test_what_nobody_asked_is_no_answer(plays: Plays, owner: QObject, qtbot: QtBot) -> None:
    here = Listens(plays.address, owner)
    let_in(plays, here, qtbot)
    hello, asked = plays.asked
    call = new_method_call(DBusAddress("/a", "b.c", "d.e"), "Ping").serialise(3)
    again = new_method_return(asked, "s", ("again",))
    stranger = new_method_return(asked, "s", ("stranger",))
    stranger.header.fields[HeaderFields.reply_serial] = 99
    plays.say(call + stranger.serialise(4) + new_method_return(hello, "s", (":1.1",)).serialise(5))
    plays.say(new_error(asked, "a.b.Failed", "s", ("no",)).serialise(6) + again.serialise(7))
    plays.say(ring())
    qtbot.waitUntil(lambda: len(here.said) == 2, timeout=PATIENCE)
    assert here.said == ["a.b.Failed", ("Ring", (7, "Größe"))]


def test_what_came_with_what_closed_it_is_not_heard(
    plays: Plays, owner: QObject, qtbot: QtBot
) -> None:
    here = Listens(plays.address, owner)
    here.bus.heard.connect(here.bus.close)
    let_in(plays, here, qtbot)
    plays.say(ring() + ring(8))
    qtbot.waitUntil(lambda: bool(here.said), timeout=PATIENCE)
    settle()
    assert here.said == [("Ring", (7, "Größe"))]


def altered(change: Callable[[Message], None]) -> bytes:
    message = new_signal(BELL, "Ring", "us", (7, "Größe"))
    message.header.serial = 9
    change(message)
    sent: bytes = message.serialise()
    return sent


def nested() -> bytes:
    """A value in a value in a value …, far more of them than Python calls deep."""
    deep = b"\1v\0" * 5_000 + b"\1y\0\0"
    data = new_signal(BELL, "Ring", "v", (("y", 1),)).serialise(9)
    return data[:4] + struct.pack("<I", len(deep)) + data[8:-4] + deep


@pytest.mark.parametrize(
    "rubbish",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        bytes(16),
        b"l\2\0\1" + b"\xff" * 12,
        b"l\2\0\1" + struct.pack("<III", session_bus.MOST + 8, 1, 0),
        ring().replace(b"us\0", b"uz\0"),
        ring().replace(b"us\0", b"u(\0"),
        ring().replace(b"us\0", b"u}\0"),
        ring().replace(b"us\0", b"uh\0"),
        ring().replace("ö".encode(), b"\xff\xff"),
        ring()[:-1] + b"x",
        ring().replace(b"\2\1s\0", b"\x63\1s\0"),
        ring()[:1] + b"\x09" + ring()[2:],
        altered(lambda message: message.header.fields.update({HeaderFields.unix_fds: 1})),
        nested(),
    ],
    ids=["http", "zeros", "huge", "long", "type", "struct", "closed", "file", "utf8", "end",
         "field", "kind", "files", "deep"],
)  # fmt: skip
def test_what_is_no_message_ends_the_connection_and_is_logged_once(
    plays: Plays, owner: QObject, qtbot: QtBot, caplog: pytest.LogCaptureFixture, rubbish: bytes
) -> None:
    here = Listens(plays.address, owner)
    let_in(plays, here, qtbot)
    plays.say(rubbish)
    qtbot.waitUntil(lambda: bool(here.said), timeout=PATIENCE)
    plays.say(ring())
    settle()
    assert here.said == ["ended"]
    assert [(one.name, one.levelno) for one in caplog.records] == [
        (session_bus.__name__, logging.WARNING)
    ]


@pytest.mark.parametrize(
    "greeting",
    [b"REJECTED EXTERNAL\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 9_000, OK + ring()],
    ids=["refused", "http", "long", "early"],
)
def test_a_bus_that_lets_nobody_in_has_ended(
    plays: Plays,
    owner: QObject,
    qtbot: QtBot,
    caplog: pytest.LogCaptureFixture,
    greeting: bytes,
) -> None:
    plays.greeting = greeting
    here = Listens(plays.address, owner)
    here.ask("GetId")
    here.bus.open()
    qtbot.waitUntil(lambda: bool(here.said), timeout=PATIENCE)
    settle()
    assert here.said == ["ended"]
    assert plays.asked == []
    (record,) = caplog.records
    assert len(record.getMessage()) < 300


def test_whatever_becomes_of_a_message_on_its_way_is_a_message_or_rubbish() -> None:
    chance = random.Random(7)
    hints = {"a": ("as", ["b", "c"]), "d": ("(iv)", (1, ("y", 2)))}
    sent = new_signal(BELL, "Ring", "usasa{sv}i", (7, "Größe", ["a"], hints, -1)).serialise(9)
    read = refused = 0
    for _ in range(3_000):
        data = bytearray(sent)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            Parser().feed(bytes(data))
            read += 1
        except session_bus.RUBBISH:
            refused += 1
    assert min(read, refused) > 100
