"""If-Match: a change that was made on another version than the present one is refused."""

from __future__ import annotations

from dataclasses import Field, asdict
from typing import Annotated, Any, ClassVar, Protocol

from fastapi import Header, Response

from server_stub.core.problems import ProblemError

IfMatch = Annotated[str | None, Header(max_length=1000)]


class Versioned(Protocol):
    """A row of the domain: a dataclass with a version."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def version(self) -> int: ...


def etag(thing: Versioned) -> str:
    return f'"{thing.version}"'


def tag(response: Response, thing: Versioned) -> None:
    response.headers["ETag"] = etag(thing)


def require_match(if_match: str | None, thing: Versioned) -> None:
    """E5062, with the thing as it is, if the header is there and names another version. `*` is
    any."""
    if if_match is None:
        return
    named = [part.strip() for part in if_match.split(",")]
    if "*" not in named and etag(thing) not in named:
        raise ProblemError("E5062", current=asdict(thing))
