"""People, projects and teams at the server, beside synchronising: what the monitor asks, and what
owners and admins change there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from tracker.domain.errors import Unreachable
from tracker.domain.task import Person, Project, Team
from tracker.protocol.base import Answer, Request, etag
from tracker.protocol.occupancy import OccupancyOfPeople
from tracker.protocol.people import DeviceList, GroupChange, NewGroup, NewPerson, PersonChange
from tracker.sync.remote import RemoteServer

_T = TypeVar("_T", Person, Project, Team)
_A = TypeVar("_A", bound=Answer)
_PATHS: dict[type, str] = {
    Person: "/api/v1/people",
    Project: "/api/v1/projects",
    Team: "/api/v1/teams",
}
_NEW: dict[type, type[Request]] = {Person: NewPerson, Project: NewGroup, Team: NewGroup}
_CHANGE: dict[type, type[Request]] = {
    Person: PersonChange, Project: GroupChange, Team: GroupChange,
}  # fmt: skip


def add(server: RemoteServer, kind: type[_T], values: Mapping[str, object], key: str) -> _T:
    """A new one. With the same key it is made once, however often it is asked for."""
    body = _NEW[kind].model_validate(dict(values))
    sent = server.ask("POST", _PATHS[kind], _text(body), {"Idempotency-Key": key})
    return read(kind, sent)


def change(server: RemoteServer, thing: _T, epoch: str, changes: Mapping[str, object]) -> _T:
    """Other values of some fields. E5062, with what it is now, where it is not any more what
    `thing` says."""
    body = _CHANGE[type(thing)].model_validate(dict(changes))
    path = f"{_PATHS[type(thing)]}/{thing.id}"
    sent = server.ask("PATCH", path, _text(body), {"If-Match": etag(epoch, thing.version)})
    return read(type(thing), sent)


def devices(server: RemoteServer, user_id: str) -> DeviceList:
    return _answer(DeviceList, server.ask("GET", f"/api/v1/people/{user_id}/devices"))


def days(server: RemoteServer) -> OccupancyOfPeople:
    """The last 24 hours of everybody who can sign in."""
    return _answer(OccupancyOfPeople, server.ask("GET", "/api/v1/people/occupancy"))


def read(kind: type[_T], content: bytes) -> _T:
    """One of them, as the server prints it."""
    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError as error:
        raise Unreachable("E4003", "Its answer could not be read.") from error


def _answer(model: type[_A], content: bytes) -> _A:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise Unreachable("E4003", "Its answer could not be read.") from error


def _text(body: Request) -> str:
    return body.model_dump_json(exclude_unset=True)
