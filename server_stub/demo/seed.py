"""Demo data: a fictional company with a month of history.

Everything is done by actions through the same door as a device's, so the audit trail, versions
and feed are real. The random generator has a fixed seed; only times move with `now`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from server_stub.core import auth, feed
from server_stub.core.feed import Tenant
from server_stub.people import service as people
from server_stub.sync import push
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.receipt import EFFECTIVE
from tracker.domain.task import Priority, Role

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PEOPLE = (
    ("sara", "Sara Lind", Role.OWNER),
    ("rita", "Rita Okafor", Role.ADMIN),
    ("ana", "Ana Moreno", Role.EMPLOYEE),
    ("jonas", "Jonas Keller", Role.EMPLOYEE),
    ("mei", "Mei Tanaka", Role.EMPLOYEE),
    ("luis", "Luis Ferro", Role.EMPLOYEE),
)
PROJECTS = ("Northern line maintenance", "Hall B retrofit", "Metering 2026")
WORK = (
    "Replace pump seal", "Inspect cable tray", "Photograph meter readings", "Calibrate gas sensor",
    "Deliver spare parts", "Write shift report", "Label switch cabinet", "Order torque wrenches",
    "Test emergency lighting", "Clean filter housing", "Check valve pressure", "Survey roof access",
    "Replace lamp", "Update wiring plan", "Grease conveyor bearings", "Train new colleague",
)  # fmt: skip
PLACES = ("station 14", "hall B", "row 7", "gate 3", "depot")
NOTES = (
    "Old part out, housing cleaned.", "Waiting for the torque wrench.", "Access agreed with site.",
    "Readings look fine.", "Needs a second person.", "Half done, back tomorrow.",
)  # fmt: skip
TASKS = 80


@dataclass(slots=True)
class _Story:
    """Writes actions at ever later moments: the trail is in the order things happened."""

    conn: Connection
    tenant: Tenant
    roles: dict[str, Role]

    def act(self, user_id: str, kind: Kind, task_id: str, args: Mapping[str, Any], at: int) -> None:
        op_id = auth.new_id(at)
        action = Action(op_id, kind, task_id, args, made_at=at, clock_offset=0)
        sent = push.Sent(op_id, op_id, None, None, action)
        actor = Actor(user_id, self.roles[user_id])
        (receipt,) = push.decide(self.conn, self.tenant, actor, [sent], at)
        assert receipt.outcome in EFFECTIVE, receipt


def seed(conn: Connection, name: str, password: str, now: int) -> list[tuple[str, str, Role]]:
    """Fills an empty tenant called `name`; returns the people (sign-in name, name, role)."""
    rng = random.Random(14)
    start = now - 30 * DAY
    tenant_id = people.create_tenant(conn, name, "Europe/Berlin", start)
    tenant = feed.lock(conn, tenant_id)
    ids: dict[str, str] = {}
    for login, display, role in PEOPLE:
        ids[login] = people.create_user(conn, tenant, login, display, role, password, start)
    projects = [people.create_project(conn, tenant, project, start) for project in PROJECTS]
    feed.save(conn, tenant, start)
    story = _Story(conn, tenant, {ids[login]: role for login, _, role in PEOPLE})
    happenings: list[tuple[int, str, Kind, str, dict[str, Any]]] = []
    employees = [ids[login] for login, _, role in PEOPLE if role is Role.EMPLOYEE]
    for index in range(TASKS):
        happenings += _life_of_a_task(rng, index, ids["rita"], employees, projects, now)
    for at, user_id, kind, task_id, args in sorted(happenings, key=lambda item: item[0]):
        story.act(user_id, kind, task_id, args, at)
    return list(PEOPLE)


def _life_of_a_task(
    rng: random.Random, index: int, admin: str, employees: list[str], projects: list[str], now: int
) -> list[tuple[int, str, Kind, str, dict[str, Any]]]:
    """What happened to one task, in time order: made, worked on, and how it stands now."""
    made = now - rng.randint(2 * HOUR, 29 * DAY)
    task_id = auth.new_id(made)
    doer = employees[index % len(employees)]
    reviewer = employees[(index + 1) % len(employees)]
    fate = rng.choices(
        ("pending", "working", "held", "done", "cancelled"), (25, 30, 8, 32, 5)
    )[0]  # fmt: skip
    late = rng.random() < 0.18
    due = now - rng.randint(1, 60) * HOUR if late else now + rng.randint(1, 14 * 24) * HOUR
    crew = [{"user_id": doer, "part": "ASSIGNEE", "percent": 100}]
    if index % 3 == 0:
        crew.append({"user_id": reviewer, "part": "REVIEWER", "percent": 0})
    created = {
        "title": f"{WORK[index % len(WORK)]}, {PLACES[index % len(PLACES)]}",
        "description": "Take the usual tools, and note what is left to do.",
        "priority": rng.choices(list(Priority), (25, 40, 25, 10))[0].value,
        "project_id": projects[index % len(projects)],
        "due_at": max(due, made + HOUR),
        "estimated_minutes": rng.choice((30, 60, 120, 240, 480)),
        "people": crew,
    }
    happened: list[tuple[int, str, Kind, str, dict[str, Any]]] = [
        (made, admin, Kind.CREATE_TASK, task_id, created)
    ]
    if fate == "pending":
        return happened
    steps = sorted(rng.sample(range(5, 100, 5), rng.randint(1, 4)))
    at = made
    for percent in steps:
        at += rng.randint(10 * MINUTE, max(11 * MINUTE, (now - made) // 8))
        args = {"percent": percent, "note": rng.choice((*NOTES, "")), "occupancy": "ACTIVE"}
        happened.append((at, doer, Kind.SET_PROGRESS, task_id, args))
    if rng.random() < 0.4:
        said = {"comment_id": auth.new_id(at), "text": rng.choice(NOTES)}
        happened.append((at + MINUTE, admin, Kind.COMMENT, task_id, said))
    ending = {"held": Kind.HOLD, "done": Kind.COMPLETE, "cancelled": Kind.CANCEL}.get(fate)
    if ending is not None:
        who = admin if ending is Kind.CANCEL else doer
        happened.append((at + 2 * MINUTE, who, ending, task_id, {"note": ""}))
    return [item for item in happened if item[0] < now]
