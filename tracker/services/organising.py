"""Letting people in and changing them, projects and teams: done at the server, so it takes a
connection. What is tried again is not done twice, and nobody's change is overwritten unseen."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from tracker.cache.precious import new_id
from tracker.config import Profile
from tracker.domain.errors import InputError, ServerRefusal
from tracker.domain.occupancy import Interval
from tracker.domain.people import check_new_password, read_name
from tracker.domain.task import Occupancy, Person, Project, Role, Team
from tracker.services.asking import Asking, connected
from tracker.sync.ports import Credentials

T = TypeVar("T", Person, Project, Team)

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""None that looks like another: somebody reads it from a slip of paper."""


@dataclass(frozen=True, slots=True)
class Deed(Generic[T]):
    """What is to be made or changed. The same deed tried again is done once: the key of a new
    thing stays, and a change names the version that the person saw."""

    kind: type[T]
    values: Mapping[str, Any]
    base: T | None = None
    """How the thing is as the person saw it; None for a new one."""
    epoch: str = ""
    key: str = field(default_factory=new_id)

    def on(self, current: T) -> Deed[T]:
        """The same change of what the thing is now, which the person has been told."""
        return replace(self, base=current)


def again(deed: Deed[T], fault: Exception) -> Deed[T]:
    """What a retry does after this. Where nobody knows whether it was done it is the same deed; a
    refusal is an answer, which the server would give again under the same key."""
    return replace(deed, key=new_id()) if isinstance(fault, ServerRefusal) else deed


def let_in(
    name: str, display_name: str, role: Role, password: str, team_id: str | None
) -> Deed[Person]:
    values: dict[str, Any] = {
        "name": name,
        "display_name": display_name,
        "role": role,
        "password": password,
    }
    if team_id is not None:  # a server of the version before knows no such field
        values["team_id"] = team_id
    return Deed(Person, values)


def new_project(name: str) -> Deed[Project]:
    return Deed(Project, {"name": name})


def new_team(name: str) -> Deed[Team]:
    return Deed(Team, {"name": name})


def change(thing: T, epoch: str, **values: Any) -> Deed[T]:
    """Other values of the thing's fields, by name; those that are so already are left out."""
    new = {name: value for name, value in values.items() if getattr(thing, name) != value}
    return Deed(type(thing), new, thing, epoch)


def do(profile: Profile, credentials: Credentials, deed: Deed[T]) -> T:
    """The thing as it is then. Raises what `Asking` does; E5062 where somebody else changed it
    meanwhile, with what it is now (`now_is`). A change whose answer was lost is done already, and
    is no conflict."""
    from tracker.sync import directory  # pydantic: not for the first paint

    base = deed.base
    with connected(profile, credentials) as server:
        if base is None:
            return server.ask(lambda s: directory.add(s, deed.kind, deed.values, deed.key))
        if not deed.values:
            return base
        try:
            return server.ask(lambda s: directory.change(s, base, deed.epoch, deed.values))
        except ServerRefusal as refusal:
            current = now_is(deed, refusal)
            if current is None or not is_done(deed, current):
                raise
            return current


def now_is(deed: Deed[T], refusal: ServerRefusal) -> T | None:
    """How the thing is now, if that is why it was refused."""
    import json

    from tracker.sync import directory

    if refusal.code != "E5062" or refusal.current is None:
        return None
    return directory.read(deed.kind, json.dumps(dict(refusal.current)).encode())


def is_done(deed: Deed[T], current: T) -> bool:
    return all(getattr(current, name) == value for name, value in deed.values.items())


# -- what is asked -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Days:
    """The last 24 hours of everybody, as the server has them; instants in ms."""

    started_at: int
    ended_at: int
    intervals: Mapping[str, list[Interval]] = field(default_factory=dict)
    totals: Mapping[str, Mapping[Occupancy, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Device:
    """`unsent` is None for a program that never said it."""

    last_heard_at: int
    unsent: int | None


def days(profile: Profile, credentials: Credentials) -> Days:
    """Raises what `Asking` does."""
    from tracker.sync import directory

    with connected(profile, credentials) as server:
        found = server.ask(directory.days)
    start = found.started_at
    intervals = {
        person.user_id: [
            Interval(state, start + after, start + after + length)
            for state, after, length in person.intervals
        ]
        for person in found.people
    }
    totals = {person.user_id: person.totals for person in found.people}
    return Days(start, found.ended_at, intervals, totals)


def devices(profile: Profile, credentials: Credentials, user_id: str) -> list[Device]:
    """Where a person is signed in, heard of last first. Raises what `Asking` does."""
    with connected(profile, credentials) as server:
        return asked_devices(server, user_id)


def asked_devices(server: Asking, user_id: str) -> list[Device]:
    from tracker.sync import directory

    found = server.ask(lambda s: directory.devices(s, user_id))
    return [Device(one.last_heard_at, one.unsent) for one in found.devices]


# -- what is typed -----------------------------------------------------------------------------


def read_sign_in_name(text: str) -> str:
    """E2017, E2002, E2008, as on the server, which keeps it in small letters."""
    return read_name("name", text).lower()


def read_display_name(text: str) -> str:
    return read_name("display_name", text)


def read_group_name(text: str) -> str:
    return read_name("name", text)


def read_password(name: str, text: str) -> str:
    """E2040 for one that is guessed first, E2002 for one that is too long."""
    check_new_password(name, text, "password")
    if len(text) > PASSWORD_LIMIT:
        raise InputError("E2002", f"At most {PASSWORD_LIMIT:,} characters.", "password")
    return text


PASSWORD_LIMIT = 1_000


def suggested_password() -> str:
    """Four groups of four: 80 bits, and nothing in it that is misread."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
