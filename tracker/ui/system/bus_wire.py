"""Messages of D-Bus as bytes, as far as telling the desktop something needs them.

PySide cannot send what `Notify` takes: its QDBusArgument and QDBusMessage know no 32-bit unsigned
integer (6.11 makes `q` or `i` of every int, and a desktop refuses that). QDBusInterface could, but
waits for its answers. The format is short: https://dbus.freedesktop.org/doc/dbus-specification.html
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
_PATH, _INTERFACE, _MEMBER, _REPLY_TO, _DESTINATION, _SIGNATURE = 1, 2, 3, 5, 6, 8
_HEAD = 16
"""Bytes before the header's fields: order, kind, flags, version, body length, serial, their length.
"""
_MOST = 1 << 20
"""No answer that we ask for comes near it."""


class Garbled(ValueError):
    """It is no message; nothing after it can be read."""


@dataclass(frozen=True, slots=True)
class Message:
    """One that came. `reply_to` is 0 where it answers nothing; `body` is empty where its types are
    none of those read here (s, u, i and as)."""

    kind: int
    reply_to: int
    interface: str
    member: str
    body: tuple[Any, ...]


def call(
    serial: int,
    service: str,
    path: str,
    interface: str,
    member: str,
    signature: str = "",
    values: Sequence[Any] = (),
) -> bytes:
    body = _Writer()
    body.put(signature, values)
    fields = _Writer()
    known = [(_PATH, "o", path), (_INTERFACE, "s", interface), (_MEMBER, "s", member),
             (_DESTINATION, "s", service)]  # fmt: skip
    for code, kind, value in known + ([(_SIGNATURE, "g", signature)] if signature else []):
        fields.align(8)
        fields.data += bytes([code])
        fields.variant(kind, value)
    length = len(fields.data)
    fields.align(8)
    head = struct.pack("<cBBBIII", b"l", CALL, 0, 1, len(body.data), serial, length)
    return head + bytes(fields.data) + bytes(body.data)


def first_in(data: bytes) -> tuple[Message | None, int]:
    """The first message and how many bytes it took; None and 0 while it is not whole."""
    if len(data) < _HEAD:
        return None, 0
    if data[:1] not in b"lB" or data[3] != 1:
        raise Garbled("no message of D-Bus")
    order = "<" if data[:1] == b"l" else ">"
    body_length, _serial, fields_length = struct.unpack_from(f"{order}III", data, 4)
    start = -(-(_HEAD + fields_length) // 8) * 8
    whole = start + body_length
    if whole > _MOST:
        raise Garbled("a message that is too long")
    if len(data) < whole:
        return None, 0
    try:
        return _message(data[:whole], order, _HEAD + fields_length, start), whole
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise Garbled(str(error)) from error


def _message(data: bytes, order: str, fields_end: int, start: int) -> Message:
    reader, fields = _Reader(data, order, _HEAD), dict[int, Any]()
    while reader.at < fields_end:
        reader.align(8)
        code = data[reader.at]
        reader.at += 1
        kind = reader.signature()
        fields[code] = reader.value(kind)
    reader.at = start
    body = reader.values(str(fields.get(_SIGNATURE, "")))
    return Message(
        data[1], fields.get(_REPLY_TO, 0), fields.get(_INTERFACE, ""), fields.get(_MEMBER, ""), body
    )


class _Writer:
    def __init__(self) -> None:
        self.data = bytearray()

    def align(self, to: int) -> None:
        self.data += bytes(-len(self.data) % to)

    def put(self, signature: str, values: Sequence[Any]) -> None:
        kinds = _split(signature)
        for kind, value in zip(kinds, values, strict=True):
            self._one(kind, value)

    def variant(self, kind: str, value: Any) -> None:
        self._one("g", kind)
        self._one(kind, value)

    def _one(self, kind: str, value: Any) -> None:
        match kind:
            case "s" | "o":
                # A zero byte ends a text here, wherever it comes from.
                text = str(value).replace("\0", "").encode("utf-8", "replace")
                self._number("I", len(text))
                self.data += text + b"\0"
            case "g":
                self.data += bytes([len(value)]) + value.encode() + b"\0"
            case "u":
                self._number("I", value)
            case "i":
                self._number("i", value)
            case "as":
                self._array([lambda v=v: self._one("s", v) for v in value], 4)
            case "a{sv}":
                self._array([lambda k=k, v=v: self._entry(k, v) for k, v in value.items()], 8)
            case _:
                raise ValueError(kind)

    def _number(self, form: str, value: int) -> None:
        self.align(4)
        self.data += struct.pack(f"<{form}", value)

    def _entry(self, key: str, value: str) -> None:
        self.align(8)
        self._one("s", key)
        self.variant("s", value)

    def _array(self, parts: Sequence[Any], alignment: int) -> None:
        """Its length counts neither itself nor what aligns its first part."""
        self._number("I", 0)
        place = len(self.data) - 4
        self.align(alignment)
        start = len(self.data)
        for put in parts:
            put()
        struct.pack_into("<I", self.data, place, len(self.data) - start)


class _Reader:
    def __init__(self, data: bytes, order: str, at: int) -> None:
        self.data, self.order, self.at = data, order, at

    def align(self, to: int) -> None:
        self.at = -(-self.at // to) * to

    def signature(self) -> str:
        length = self.data[self.at]
        found = self.data[self.at + 1 : self.at + 1 + length].decode("ascii")
        self.at += length + 2
        return found

    def values(self, signature: str) -> tuple[Any, ...]:
        kinds = _split(signature)
        if not {"s", "u", "i", "as"}.issuperset(kinds):
            return ()
        return tuple(self.value(kind) for kind in kinds)

    def value(self, kind: str) -> Any:
        match kind:
            case "g":
                return self.signature()
            case "u" | "i":
                return self._number("I" if kind == "u" else "i")
            case "s" | "o":
                length = self._number("I")
                found = self.data[self.at : self.at + length].decode("utf-8")
                self.at += length + 1
                return found
            case "as":
                length = self._number("I")
                end, found_all = self.at + length, []
                while self.at < end:
                    found_all.append(self.value("s"))
                return found_all
            case _:
                raise Garbled(f"a header with {kind}")

    def _number(self, form: str) -> int:
        self.align(4)
        found: int = struct.unpack_from(f"{self.order}{form}", self.data, self.at)[0]
        self.at += 4
        return found


def _split(signature: str) -> list[str]:
    """Into single types, as far as they are known here."""
    if signature == "susssasa{sv}i":
        return ["s", "u", "s", "s", "s", "as", "a{sv}", "i"]
    return ["as"] if signature == "as" else list(signature)
