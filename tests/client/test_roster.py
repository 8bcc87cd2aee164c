"""People as an admin looks at them: what is said of each, who is found, in which order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.client import task
from tests.support.server import HOUR, MINUTE, START
from tests.support.windows import task_id
from tracker.cache.projection import Mark, TaskView
from tracker.domain.occupancy import LIVE_MS, Interval
from tracker.domain.page import PersonPresence
from tracker.domain.task import Assignment, Occupancy, Part, Person, Project, Role, Status, Team
from tracker.services import roster, wording
from tracker.services.freshness import freshness, idle_since
from tracker.services.organising import Days, Device
from tracker.services.roster import NO_TEAM, By, ByProject, Known, Wanted, Who
from tracker.services.workload import Workload

ACTIVE, IDLE, OFFLINE, UNKNOWN = Occupancy
NOW = START


def heard(ago: int | None, unsent: int = 0, state: Occupancy = ACTIVE) -> PersonPresence:
    return PersonPresence("ana", None if ago is None else NOW - ago, unsent, state)


def said(presence: PersonPresence | None, *day: Interval) -> str:
    return freshness(presence, NOW, day).words


def test_it_is_said_how_fresh_a_person_is() -> None:
    before = wording.clock(NOW - 3 * HOUR, NOW)
    assert said(None) == said(heard(None)) == "never heard of"
    assert said(heard(0)) == "live"
    assert said(heard(LIVE_MS - 1, 2)) == "live, 2 unsent"
    assert said(heard(3 * HOUR)) == f"last heard {before}"
    assert said(heard(3 * HOUR, 4, IDLE)) == f"last heard {before}, 4 unsent then"
    assert said(heard(0, 0, OFFLINE)) == "paused"
    assert said(heard(0, 1, IDLE)) == "idle, 1 unsent"


@pytest.mark.parametrize(
    ("day", "since"),
    [
        ([], None),
        # Not reported yet: since the last that was anything else.
        ([(ACTIVE, 30, 6)], 6),
        # Reported in pieces.
        ([(ACTIVE, 30, 16), (IDLE, 16, 11), (IDLE, 11, 1)], 16),
        # A gap in between is no idle time.
        ([(IDLE, 60, 50), (IDLE, 12, 2)], 12),
        ([(IDLE, 12, 2)], 12),
    ],
)
def test_since_when_somebody_is_idle(day: list[Any], since: int | None) -> None:
    intervals = [Interval(s, NOW - a * MINUTE, NOW - b * MINUTE) for s, a, b in day]
    found = idle_since(intervals)
    assert found == (None if since is None else NOW - since * MINUTE)
    words = "idle" if since is None else f"idle {since} min"
    assert said(heard(0, 0, IDLE), *intervals) == words


def test_a_device_is_said_in_a_few_words() -> None:
    before = wording.clock(NOW - HOUR, NOW)
    for device, words in (
        (Device(NOW, 0), "live, nothing unsent"),
        (Device(NOW, 3), "live, 3 unsent"),
        (Device(NOW - HOUR, 4), f"last heard {before}, 4 unsent then"),
        (Device(NOW - HOUR, 0), f"last heard {before}, nothing unsent then"),
        (Device(NOW - HOUR, None), f"last heard {before}, does not synchronise"),
    ):
        assert roster.device_words(device, NOW) == words


def test_amounts_are_said_shortly() -> None:
    assert [roster.hours(m) for m in (0, 40, 60, 90, 600, 90_000)] == [
        "–", "40 min", "1 h", "1.5 h", "10 h", "1 500 h",
    ]  # fmt: skip
    totals = {ACTIVE: 312 * MINUTE, IDLE: 40 * MINUTE, OFFLINE: 2 * HOUR}
    assert roster.day_words(totals) == "active 5 h 12 min · idle 40 min · paused 2 h"
    assert roster.day_words(totals, short=True) == "active 5:12 · idle 0:40"
    assert roster.day_words({}) == ""


NIGHT = Team("t1", 1, "Night shift", False)
PEOPLE = [
    Person("ana", 3, "ana", "Ana Moreno", Role.EMPLOYEE, True, team_id="t1"),
    Person("rita", 2, "rita", "Rita Okafor", Role.ADMIN, True),
    Person("jonas", 4, "jk", "jonas Keller", Role.EMPLOYEE, True),
    Person("old", 5, "old", "Olga Berg", Role.OWNER, False),
]


@pytest.fixture
def known() -> Known:
    views = {
        task_id(n): TaskView(
            task(task_id(n), status=Status.IN_PROGRESS, due_at=START - HOUR, estimated_minutes=60),
            (Assignment(task_id(n), who, Part.ASSIGNEE, 100, "rita", START),),
            Mark.SAVED,
        )
        for n, who in enumerate(["ana", "ana", "jonas"])
    }
    workload = Workload()
    workload.look(views)
    workload.step(views)
    presence = {
        "ana": PersonPresence("ana", NOW - HOUR, 0, OFFLINE),
        "rita": PersonPresence("rita", NOW, 0, IDLE),
        "jonas": PersonPresence("jonas", NOW, 0, ACTIVE),
    }
    days = Days(NOW - 24 * HOUR, NOW, {}, {"ana": {ACTIVE: HOUR}, "rita": {ACTIVE: 2 * HOUR}})
    return Known({p.id: p for p in PEOPLE}, {"t1": NIGHT}, presence, workload, days, NOW)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["ana", "jonas", "rita"]),
        ({"down": True}, ["rita", "jonas", "ana"]),
        ({"text": " MOR an "}, ["ana"]),
        ({"text": "jk"}, ["jonas"]),
        ({"text": "night"}, ["ana"]),
        ({"text": "4"}, ["jonas"]),
        ({"text": "nobody"}, []),
        ({"team": "t1"}, ["ana"]),
        ({"team": NO_TEAM}, ["jonas", "rita"]),
        ({"role": Role.ADMIN}, ["rita"]),
        ({"who": Who.DISABLED}, ["old"]),
        ({"who": Who.ALL, "by": By.ROLE}, ["ana", "jonas", "rita", "old"]),
        ({"by": By.TEAM}, ["ana", "jonas", "rita"]),
        ({"by": By.NOW}, ["jonas", "rita", "ana"]),
        ({"by": By.DAY, "down": True}, ["rita", "ana", "jonas"]),
        ({"by": By.OPEN, "down": True}, ["ana", "jonas", "rita"]),
        ({"by": By.OPEN}, ["rita", "jonas", "ana"]),
        ({"by": By.HOURS, "down": True}, ["ana", "jonas", "rita"]),
        ({"by": By.OVERDUE, "down": True}, ["ana", "jonas", "rita"]),
    ],
)
def test_who_is_found_and_in_which_order(
    known: Known, wanted: dict[str, Any], expected: list[str]
) -> None:
    assert roster.select(known, Wanted(**wanted)) == expected


def test_projects_are_found_and_ordered() -> None:
    projects = {
        p.id: p
        for p in (Project("b", 1, "Yard", False), Project("a", 2, "hall B", False),
                  Project("c", 3, "Old", True))
    }  # fmt: skip
    views = {
        task_id(n): TaskView(task(task_id(n), project_id="b", progress=50), (), Mark.SAVED)
        for n in range(3)
    }
    load = Workload()
    load.look(views)
    load.step(views)

    def found(text: str = "", **more: Any) -> list[str]:
        return roster.select_projects(projects, load, NOW, text, **more)

    assert found() == ["a", "b"]
    assert found(archived=True) == ["a", "c", "b"]
    assert found("HALL") == ["a"]
    assert found("3", archived=True) == ["c"]
    assert found(by=ByProject.TASKS, down=True) == ["b", "a"]
    assert found(by=ByProject.PROGRESS) == ["a", "b"]
