"""ETags and what is asked about them: `"<beginning of the epoch>-<version>"`, and after a dot what
changes without a version (`protocol.base.etag`)."""

from __future__ import annotations

import hashlib
from dataclasses import Field, asdict
from typing import Annotated, Any, ClassVar, Protocol

from fastapi import Header, Response
from pydantic import BaseModel

from server_stub.core.problems import ProblemError
from tracker.protocol import base

IfMatch = Annotated[str | None, Header(max_length=1000)]


class Versioned(Protocol):
    """A row of the domain: a dataclass with a version."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def version(self) -> int: ...


def etag(epoch: str, thing: Versioned, more: str = "") -> str:
    return base.etag(epoch, thing.version, more)


def tag(response: Response, epoch: str, thing: Versioned) -> None:
    response.headers["ETag"] = etag(epoch, thing)


def _listed(header: str) -> list[str]:
    return [part.strip() for part in header.split(",")]


def _version(tag: str) -> str | None:
    """The part before the dot of a strong ETag."""
    if len(tag) < 2 or not (tag[0] == tag[-1] == '"'):
        return None
    return tag[1:-1].partition(".")[0]


def is_match(if_match: str | None, tag: str) -> bool:
    """Whether a change may go on: no condition, any version, or the present one."""
    if if_match is None:
        return True
    return any(one == "*" or _version(one) == _version(tag) for one in _listed(if_match))


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Whether the reader has it already."""
    if if_none_match is None:
        return False
    known = [one.removeprefix("W/") for one in _listed(if_none_match)]
    return "*" in known or tag.removeprefix("W/") in known


def content_tag(model: BaseModel) -> str:
    """The ETag of settings, which have no version: it follows from what they say."""
    return f'"{hashlib.sha256(model.model_dump_json().encode()).hexdigest()[:24]}"'


def require_content(if_match: str | None, model: BaseModel) -> None:
    """E5062, with the settings as they are, if the header names other ones."""
    if not is_match(if_match, content_tag(model)):
        raise ProblemError("E5062", current=model.model_dump(mode="json"))


def require_match(if_match: str | None, epoch: str, thing: Versioned) -> None:
    """E5062, with the thing as it is, if the header is there and names another version."""
    if not is_match(if_match, etag(epoch, thing)):
        raise ProblemError("E5062", current=asdict(thing))
