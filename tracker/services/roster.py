"""The people of a tenant as an admin looks at them: who is there now, what they did in the last 24
hours, how much they have to do; found, narrowed and ordered. Projects in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tracker.domain.occupancy import LIVE_MS, Interval
from tracker.domain.page import PersonPresence
from tracker.domain.task import Occupancy, Person, Project, Role, Team
from tracker.services import wording
from tracker.services.freshness import STATES as STATES_NOW
from tracker.services.freshness import Freshness, freshness
from tracker.services.organising import Days, Device
from tracker.services.workload import Workload

STATES = {
    Occupancy.ACTIVE: "active",
    Occupancy.IDLE: "idle",
    Occupancy.OFFLINE: "paused",
    Occupancy.UNKNOWN: "not known",
}
"""Of a day, in the middle of a sentence."""
ROLES = {Role.EMPLOYEE: "Employee", Role.ADMIN: "Admin", Role.OWNER: "Owner"}


class By(StrEnum):
    """What people are ordered by; also the headlines of the columns."""

    NAME = "Person"
    ROLE = "Role"
    TEAM = "Team"
    NOW = "Now"
    DAY = "Last 24 hours"
    OPEN = "Open"
    HOURS = "Estimated"
    OVERDUE = "Overdue"


class Who(StrEnum):
    """Whether people can sign in."""

    ACTIVE = "Can sign in"
    DISABLED = "Disabled"
    ALL = "Everybody"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`team` is a team's id, `NO_TEAM`, or None for whoever."""

    text: str = ""
    team: str | None = None
    role: Role | None = None
    who: Who = Who.ACTIVE
    by: By = By.NAME
    down: bool = False


NO_TEAM = "-"


def device_words(device: Device, now: int) -> str:
    """Of one device: `live, nothing unsent`, `last heard 11:58, 4 unsent then`."""
    live = device.last_heard_at > now - LIVE_MS
    heard = "live" if live else f"last heard {wording.clock(device.last_heard_at, now)}"
    if device.unsent is None:
        return f"{heard}, does not synchronise"
    unsent = f"{device.unsent} unsent" if device.unsent else "nothing unsent"
    return f"{heard}, {unsent}" if live else f"{heard}, {unsent} then"


def day_words(totals: Mapping[Occupancy, int], *, short: bool = False) -> str:
    """`active 5 h 12 min · idle 40 min`, or the first two as `active 5:12 · idle 0:40`; empty
    where nothing was reported."""

    def length(minutes: int) -> str:
        return f"{minutes // 60}:{minutes % 60:02}" if short else wording.worked(minutes)

    said = [
        f"{words} {length(minutes)}"
        for state, words in STATES.items()
        if (minutes := round(totals.get(state, 0) / wording.MINUTE))
    ]
    return " · ".join(said[:2] if short else said)


def hours(minutes: int) -> str:
    """An amount of work: `6.5 h`, `40 min`, `120 h`."""
    if minutes < 60:
        return f"{minutes} min" if minutes else "–"
    return f"{minutes / 60:,.1f}".replace(",", " ").removesuffix(".0") + " h"


def team_name(person: Person, teams: Mapping[str, Team]) -> str:
    team = teams.get(person.team_id or "")
    return team.name if team else ""


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that a list of people is made of. Instants are the server's."""

    people: Mapping[str, Person]
    teams: Mapping[str, Team]
    presence: Mapping[str, PersonPresence]
    workload: Workload
    days: Days | None
    now: int

    def day(self, user_id: str) -> Sequence[Interval]:
        return self.days.intervals.get(user_id, ()) if self.days else ()

    def totals(self, user_id: str) -> Mapping[Occupancy, int]:
        return self.days.totals.get(user_id, {}) if self.days else {}

    def present(self, user_id: str) -> Freshness:
        return freshness(self.presence.get(user_id), self.now, self.day(user_id))

    def now_words(self, user_id: str) -> str:
        """`idle 6 min`, `live, activity not known`: where no dot tells the rest."""
        found = self.present(user_id)
        unknown = found.live and found.state is Occupancy.UNKNOWN
        return f"{found.words}, {STATES_NOW[found.state]}" if unknown else found.words


def select(known: Known, wanted: Wanted) -> list[str]:
    """The ids of those who fit, in order; of the same value by name, and that upwards."""
    fitting = [person for person in known.people.values() if _fits(person, known, wanted)]
    fitting.sort(key=lambda person: (person.display_name.casefold(), person.number))
    if wanted.by is not By.NAME or wanted.down:
        fitting.sort(key=_key(known, wanted.by), reverse=wanted.down)
    return [person.id for person in fitting]


def _fits(person: Person, known: Known, wanted: Wanted) -> bool:
    if wanted.who is not Who.ALL and person.active != (wanted.who is Who.ACTIVE):
        return False
    if wanted.role is not None and person.role is not wanted.role:
        return False
    if wanted.team is not None and (person.team_id or NO_TEAM) != wanted.team:
        return False
    said = f"{person.display_name} {person.name} {team_name(person, known.teams)} {person.number}"
    said = said.casefold()
    return all(word in said for word in wanted.text.casefold().split())


_NOW_ORDER = [Occupancy.ACTIVE, Occupancy.IDLE, Occupancy.OFFLINE, Occupancy.UNKNOWN]


def _key(known: Known, by: By) -> Callable[[Person], Any]:
    workload, now = known.workload, known.now

    def here(person: Person) -> tuple[int, int]:
        found, presence = known.present(person.id), known.presence.get(person.id)
        if found.live:
            return _NOW_ORDER.index(found.state), 0
        heard = presence.last_heard_at if presence else None
        return (len(_NOW_ORDER), -heard) if heard else (len(_NOW_ORDER) + 1, 0)

    keys: dict[By, Callable[[Person], Any]] = {
        By.NAME: lambda p: (p.display_name.casefold(), p.number),
        By.ROLE: lambda p: list(ROLES).index(p.role),
        By.TEAM: lambda p: ((name := team_name(p, known.teams)) == "", name.casefold()),
        By.NOW: here,
        By.DAY: lambda p: known.totals(p.id).get(Occupancy.ACTIVE, 0),
        By.OPEN: lambda p: len(workload.person(p.id).open),
        By.HOURS: lambda p: workload.person(p.id).shares,
        By.OVERDUE: lambda p: workload.person(p.id).overdue(now),
    }
    return keys[by]


# -- projects ----------------------------------------------------------------------------------


class ByProject(StrEnum):
    """What projects are ordered by; also the headlines of the columns."""

    NAME = "Project"
    TASKS = "Tasks"
    OPEN = "Open"
    OVERDUE = "Overdue"
    PROGRESS = "Progress"


def select_projects(
    projects: Mapping[str, Project],
    workload: Workload,
    now: int,
    text: str = "",
    *,
    archived: bool = False,
    by: ByProject = ByProject.NAME,
    down: bool = False,
) -> list[str]:
    """The ids of those that fit, in order; `archived` shows those too."""
    words = text.casefold().split()
    found = [
        project
        for project in projects.values()
        if (archived or not project.archived)
        and all(word in f"{project.name} {project.number}".casefold() for word in words)
    ]

    def name(project: Project) -> tuple[str, int]:
        return project.name.casefold(), project.number

    def progress(project: Project) -> float:
        mean = workload.project(project.id).progress
        return -1 if mean is None else mean

    keys: dict[ByProject, Callable[[Project], Any]] = {
        ByProject.NAME: name,
        ByProject.TASKS: lambda p: workload.project(p.id).tasks,
        ByProject.OPEN: lambda p: workload.project(p.id).open,
        ByProject.OVERDUE: lambda p: workload.project(p.id).overdue(now),
        ByProject.PROGRESS: progress,
    }
    found.sort(key=name)
    if by is not ByProject.NAME or down:
        found.sort(key=keys[by], reverse=down)
    return [project.id for project in found]
