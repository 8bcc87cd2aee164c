"""People, projects and teams, and what is known of people's devices."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tracker.domain.task import Occupancy, Person, Project, Role, Team
from tracker.protocol.base import Answer, Request
from tracker.protocol.sync import Uuid


class Presence(Answer):
    """Last heard of, how much waits there, what the device reports."""

    user_id: str
    last_heard_at: int | None
    unsent: int
    occupancy: Occupancy


class PresenceList(Answer):
    people: list[Presence]


class Device(Answer):
    """Where a person is signed in. `unsent` is None for a program that never said how much waits:
    one that does not synchronise."""

    last_heard_at: int
    unsent: int | None


class DeviceList(Answer):
    """Of one person, heard of last first; those that were never heard of are left out."""

    user_id: str
    devices: list[Device]


class PersonList(Answer):
    """By number. `next` is what to ask for `after`, None where no more follow."""

    people: list[Person]
    next: int | None


class ProjectList(Answer):
    projects: list[Project]
    next: int | None


class TeamList(Answer):
    teams: list[Team]
    next: int | None


class NewPerson(Request):
    name: str
    display_name: str
    role: Annotated[Role, Field(strict=False)] = Role.EMPLOYEE
    password: Annotated[str, Field(max_length=1000)]
    team_id: Uuid | None = None


class NewGroup(Request):
    """A project or a team."""

    name: str


class PersonChange(Request):
    """What is left out stays. A `team_id` of null is no team, an empty `avatar_url` the
    initials."""

    display_name: str = ""
    role: Annotated[Role, Field(strict=False)] = Role.EMPLOYEE
    team_id: Uuid | None = None
    active: bool = True
    avatar_url: str = ""


class GroupChange(Request):
    """Of a project or a team; what is left out stays."""

    name: str = ""
    archived: bool = False
