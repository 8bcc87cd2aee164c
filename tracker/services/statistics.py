"""What the Statistics page shows: asked of the server, or counted in what this device holds.

docs/analytics.md says what each figure means. Both say the same of the same rows, but for what only
the server knows:

- what people's devices reported of them (`activity`), which no device is told of others;
- how a finished task was judged: the server keeps with it its priority, its assignment and what was
  promised when it was finished. A device judges it by what they are now, and by the promises that
  it last heard of. (Tasks that were finished before the server kept any have no verdict there.)
- tasks that no device holds: archived ones, and finished ones beyond the bound of the cache
  (`tracker.cache.eviction`). Changes of this device that wait count here already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from pydantic import ValidationError

from tracker.cache.projection import TaskView
from tracker.config import Profile, write_text
from tracker.domain import period, sla, sla_settings
from tracker.domain.errors import InputError, Refusal, Unreachable
from tracker.domain.figures import together
from tracker.domain.period import Period
from tracker.domain.sla import Sla
from tracker.domain.task import Person, Project, Task, Team
from tracker.protocol import figures as made
from tracker.protocol.analytics import Figures, OccupancyOfAll, SlaSettings, Trend
from tracker.services import counting
from tracker.services.asking import connected
from tracker.sync.ports import Credentials

if TYPE_CHECKING:
    from tracker.sync.remote import RemoteServer

PROMISES = "promises.json"
"""In the profile's folder: what the tenant last told that it promises."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the figures are about: days of the tenant's zone (YYYY-MM-DD), both of them in it, a
    project, a person, a team; None for any. Of a person and a team, who is both."""

    first: str | None = None
    last: str | None = None
    project_id: str | None = None
    person_id: str | None = None
    team_id: str | None = None

    def query(self) -> dict[str, str]:
        """As the server's addresses name it."""
        values = {
            "from": self.first,
            "to": self.last,
            "project_id": self.project_id,
            "person": self.person_id,
            "team": self.team_id,
        }
        return {name: value for name, value in values.items() if value is not None}

    @property
    def who(self) -> Asked:
        """The same of whose work it is alone: activity has no period and no project."""
        return Asked(person_id=self.person_id, team_id=self.team_id)


# -- From the server ---------------------------------------------------------------------------


def from_server(profile: Profile, credentials: Credentials, asked: Asked) -> Figures:
    """Raises what `Asking` does, and ServerRefusal for what is not there (E5006, E5007, E5061) or
    no period (E2004)."""
    with connected(profile, credentials) as server:
        return server.ask(lambda s: s.figures(asked.query()))


def activity(profile: Profile, credentials: Credentials, asked: Asked) -> OccupancyOfAll:
    """The last 24 hours of the people who are asked for. Raises what `from_server` does. It takes
    the server longer than all other figures, so it is a question of its own."""
    with connected(profile, credentials) as server:
        return server.ask(lambda s: s.occupancy_of_all(asked.who.query()))


def hear_promises(profile: Profile, credentials: Credentials) -> Sla:
    """What the tenant promises now, kept for when nobody can be asked. Raises what `Asking`
    does."""
    with connected(profile, credentials) as server:
        told = server.ask(_settings)
    keep_promises(profile, told)
    return told


def _settings(server: RemoteServer) -> Sla:
    return read_settings(server.sla_settings())


# -- What is promised --------------------------------------------------------------------------


def read_settings(told: SlaSettings) -> Sla:
    """E4003 for what cannot be read here: of a later server, or in a zone that is not known."""
    found = sla_settings.read(
        told.zone,
        told.week,
        told.holidays,
        {priority: (one.start, one.finish) for priority, one in told.promises.items()},
        available_timezones(),
    )
    if isinstance(found, Refusal):
        raise Unreachable("E4003", f"What is promised cannot be read. {found.message}")
    return found


def keep_promises(profile: Profile, promised: Sla) -> None:
    """Whole or not at all. E3006."""
    write_text(profile.folder / PROMISES, made.settings(promised).model_dump_json(indent=1))


def kept_promises(profile: Profile, zone: str) -> Sla:
    """What was last heard; what holds by default in the tenant's `zone` if nothing was, or it
    cannot be read: then it is heard again with the next connection."""
    try:
        text = (profile.folder / PROMISES).read_text(encoding="utf-8")
        return read_settings(SlaSettings.model_validate_json(text))
    except (OSError, UnicodeDecodeError, ValidationError, Unreachable):
        return sla.default(zone)


# -- From what is here -------------------------------------------------------------------------


def from_cache(
    views: Mapping[str, TaskView],
    people: Mapping[str, Person],
    projects: Mapping[str, Project],
    teams: Mapping[str, Team],
    zone: str,
    asked: Asked,
    now: int,
    promises: Sla,
) -> Figures:
    """The figures of these tasks at that instant of the server's (ms); `zone` is the tenant's. In
    any thread, on copies that nobody changes meanwhile. Where nothing of the kind is here E5006,
    E5007 and E5061; E2004 for what is no period."""
    days = period.read(asked.first, asked.last)
    if isinstance(days, Refusal):
        raise InputError(days.code, days.info, days.field)
    if asked.project_id is not None and asked.project_id not in projects:
        raise InputError("E5007", field="project_id")
    who = _who(people, teams, asked)
    counted = _Tasks(views.values(), who, asked.project_id, days, ZoneInfo(zone), now)
    everybody = sorted(people.values(), key=lambda one: one.number)
    totals, kept = counting.finished(counted.finished, promises, now)
    statuses = counting.by_status(counted.made, now)
    of_people, of_teams = counting.open_by(counted.made_views, people, who, now)
    return Figures(
        as_of=now,
        summary=made.summary(now, statuses, together(totals.values())),
        status=made.by_status(now, statuses),
        progress=made.by_progress(now, counting.by_progress(counted.made)),
        trend=counted.trend(now),
        people=made.by_person(
            now, [one for one in everybody if who is None or one.id in who], of_people, totals
        ),
        teams=made.by_team(
            now, sorted(teams.values(), key=lambda one: one.number), everybody, of_teams, totals
        ),
        sla=made.promises_kept(now, promises, kept, counting.running(counted.made, promises, now)),
    )


def _who(
    people: Mapping[str, Person], teams: Mapping[str, Team], asked: Asked
) -> frozenset[str] | None:
    """Whose work it is about; None for everybody's."""
    if asked.person_id is not None and asked.person_id not in people:
        raise InputError("E5006", field="person")
    if asked.team_id is not None and asked.team_id not in teams:
        raise InputError("E5061", field="team")
    if asked.person_id is None and asked.team_id is None:
        return None
    return frozenset(
        one.id
        for one in people.values()
        if asked.person_id in (None, one.id) and asked.team_id in (None, one.team_id)
    )


class _Tasks:
    """The tasks that are asked for: made in the period and the people's to do, and finished in it
    by the people."""

    def __init__(
        self,
        views: Iterable[TaskView],
        who: frozenset[str] | None,
        project_id: str | None,
        days: Period,
        zone: ZoneInfo,
        now: int,
    ) -> None:
        since, until = counting.within(days.since(zone), days.until(zone))
        ours = [v for v in views if project_id is None or v.task.project_id == project_id]
        to_do = ours
        if who is not None:
            to_do = [view for view in ours if not who.isdisjoint(counting.doers(view))]
        self._to_do: list[Task] = [view.task for view in to_do]
        self._done: list[Task] = [
            view.task
            for view in ours
            if view.task.completed_at is not None
            and (who is None or view.task.last_progress_by in who)
        ]
        self._days = days.latest(zone, now)
        self.made_views = [view for view in to_do if since <= view.task.created_at <= until]
        self.made = [view.task for view in self.made_views]
        self.finished = [task for task in self._done if since <= (task.completed_at or 0) <= until]

    def trend(self, now: int) -> Trend:
        """Whatever the period, of all tasks that were overdue on one of its days."""
        days = self._days
        return made.trend(
            now,
            days,
            counting.by_day(days, (task.created_at for task in self._to_do)),
            counting.by_day(days, (task.completed_at or 0 for task in self._done)),
            counting.more_overdue(days, self._to_do, now),
        )
