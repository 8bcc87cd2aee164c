"""Values out of untrusted arguments; the first that does not fit ends the reading.

What comes from a queue, a command line or the network goes through here before anything else sees
it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from tracker.domain.errors import Refusal
from tracker.domain.ids import is_uuid

LAST_INSTANT = 253_370_764_799_999
"""The last millisecond of the year 9998: it still has a date, and a next day, in every zone."""
LIST_LIMIT = 100


class Bad(Exception):
    def __init__(self, code: str, name: str, info: str = "") -> None:
        self.refusal = Refusal(code, name, info)


_E = TypeVar("_E", bound=StrEnum)
_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> bool:
    """No NUL (PostgreSQL refuses it) and no lone surrogate (UTF-8 cannot carry it)."""
    return "\x00" not in text and (text.isascii() or _SURROGATE.search(text) is None)


class Reader:
    """Takes values out of untrusted arguments; the first that does not fit ends the reading."""

    def __init__(self, args: Mapping[str, Any]) -> None:
        self.args = args
        self.known: set[str] = set()

    def get(self, name: str) -> Any:
        self.known.add(name)
        return self.args.get(name)

    def text(self, name: str, limit: int) -> str:
        value = self.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise Bad("E2017", name)
        if not storable(value):
            raise Bad("E2008", name)
        value = value.strip()
        if len(value) > limit:
            raise Bad("E2002", name, f"At most {limit:,} characters; this has {len(value):,}.")
        return value

    def whole(self, name: str, low: int, high: int, code: str) -> int | None:
        value = self.get(name)
        if value is None:
            return None
        # bool is an int in Python; `true` is still not 1 %.
        if type(value) is not int or not low <= value <= high:
            raise Bad(code, name)
        return value

    def needed(self, name: str, value: int | None, code: str) -> int:
        if value is None:
            raise Bad(code, name)
        return value

    def flag(self, name: str) -> bool | None:
        value = self.get(name)
        if value is not None and type(value) is not bool:
            raise Bad("E2017", name)
        return value

    def id(self, name: str) -> str | None:
        value = self.get(name)
        if value is None:
            return None
        if not is_uuid(value):
            raise Bad("E2006", name)
        return str(value)

    def needed_id(self, name: str) -> str:
        value = self.id(name)
        if value is None:
            raise Bad("E2017", name)
        return value

    def choice(self, name: str, kind: type[_E], default: _E | None) -> _E:
        value = self.get(name)
        if value is None and default is not None:
            return default
        try:
            return kind(value)
        except ValueError:
            raise Bad("E2005", name, f"One of {', '.join(kind)}.") from None

    def date(self, name: str) -> str | None:
        value = self.get(name)
        if value is None:
            return None
        try:
            if not isinstance(value, str):
                raise ValueError
            day = date.fromisoformat(value)
            if not 1970 < day.year < 9999:
                raise ValueError
            return day.isoformat()
        except ValueError:
            raise Bad("E2004", name) from None

    def mappings(self, name: str) -> list[Mapping[str, Any]]:
        value = self.items(name, LIST_LIMIT)
        if not all(isinstance(item, Mapping) for item in value):
            raise Bad("E2017", name)
        return value

    def items(self, name: str, limit: int) -> list[Any]:
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > limit:
            raise Bad("E2017", name)
        return value

    def address(self, value: Any, name: str, limit: int) -> str:
        """A link that a person can open: http or https, nothing that runs."""
        fits = isinstance(value, str) and len(value) <= limit and storable(value)
        web = fits and value.startswith(("https://", "http://"))
        if not web or any(c.isspace() for c in value) or not value.split("//", 1)[1]:
            raise Bad("E2022", name)
        return str(value)

    def moment(self, name: str) -> int | None:
        """An instant in ms."""
        return self.whole(name, 0, LAST_INSTANT, "E2004")

    def done(self) -> None:
        for name in self.args:
            if name not in self.known:
                raise Bad("E2017", str(name)[:60], "This field is not known here.")
