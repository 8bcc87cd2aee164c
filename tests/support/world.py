"""Two tenants with people in a real database, for servers in tests and in the simulator.

Making people costs argon2 four times, so a session builds ONE database and each test copies it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from server_stub.core import feed, migrate, sessions
from server_stub.core.database import Database
from server_stub.people import service as people
from tracker.domain.task import Role

START = 1_772_438_400_000
"""2026-03-02 08:00 UTC, a Monday: the moment every test begins at."""
PEOPLE = (
    ("sara", "Sara Lind", Role.OWNER),
    ("rita", "Rita Okafor", Role.ADMIN),
    ("ana", "Ana Moreno", Role.EMPLOYEE),
    ("jonas", "Jonas Keller", Role.EMPLOYEE),
)
OUTSIDER = "olga"
"""The owner of another tenant in the same database."""


@dataclass(frozen=True)
class World:
    """What the template database holds. Tokens are of the kind that never expires."""

    tenant_id: str
    users: Mapping[str, str]
    tokens: Mapping[str, str]
    project_id: str
    password: str


def make_world(database: Database, zone: str = "Europe/Berlin") -> World:
    """Migrates an empty database and fills it with two tenants, five people and a project."""
    migrate.upgrade(database)
    password = secrets.token_urlsafe(12)
    users: dict[str, str] = {}
    with database.write() as conn:
        tenant_id = people.create_tenant(conn, "Northwind", zone, START)
        tenant = feed.lock(conn, tenant_id)
        for name, display, role in PEOPLE:
            users[name] = people.create_user(conn, tenant, name, display, role, password, START)
        project_id = people.create_project(conn, tenant, "Hall B retrofit", START)
        feed.save(conn, tenant, START)
        elsewhere = feed.lock(conn, people.create_tenant(conn, "Elsewhere", "UTC", START))
        stranger = people.create_user(
            conn, elsewhere, OUTSIDER, "Olga Berg", Role.OWNER, password, START
        )
        feed.save(conn, elsewhere, START)
        ids = {**users, OUTSIDER: stranger}
        tokens = {
            name: sessions.create_token(conn, user_id, START) for name, user_id in ids.items()
        }
    return World(tenant_id, users, tokens, project_id, password)
