"""All SQL about people and projects (their tables are in core: sign-in stands on them)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.database import totals
from server_stub.core.statements import Row, Statement
from server_stub.core.tables import counters, projects, tenants, users
from tracker.domain.page import Sums, checksum
from tracker.domain.task import Person, Project, Role

_ACTIVE = Statement(
    sa.select(users.c.id).where(users.c.tenant_id == sa.bindparam("tenant"), users.c.active)
)
_ALL_PEOPLE = (
    sa.select(*(users.c[f.name] for f in fields(Person)))
    .where(users.c.tenant_id == sa.bindparam("tenant"))
    .order_by(users.c.number)
)
_ALL_PROJECTS = (
    sa.select(*(projects.c[f.name] for f in fields(Project)))
    .where(projects.c.tenant_id == sa.bindparam("tenant"))
    .order_by(projects.c.number)
)
_SET_PASSWORD = (
    sa.update(users)
    .where(users.c.id == sa.bindparam("user"))
    .values(password_hash=sa.bindparam("new_hash"))
)
_ACTIVE_AND_VERSION = sa.select(users.c.active, users.c.version).where(
    users.c.id == sa.bindparam("user")
)
_SET_ACTIVE = (
    sa.update(users)
    .where(users.c.id == sa.bindparam("user"))
    .values(
        active=sa.bindparam("new_active"),
        version=sa.bindparam("new_version"),
        checksum=sa.bindparam("new_checksum"),
    )
)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_PEOPLE, _SOME_PEOPLE = Statement(_ALL_PEOPLE), Statement(_ALL_PEOPLE.where(users.c.id.in_(_IDS)))
_PROJECTS, _SOME_PROJECTS = (
    Statement(_ALL_PROJECTS),
    Statement(_ALL_PROJECTS.where(projects.c.id.in_(_IDS))),
)
_SUMS = {
    name: Statement(totals(table).where(table.c.tenant_id == sa.bindparam("tenant")))
    for name, table in (("people", users), ("projects", projects))
}
_CURRENT = Statement(
    sa.select(projects.c.id).where(
        projects.c.tenant_id == sa.bindparam("tenant"), sa.not_(projects.c.archived)
    )
)
_LAST_HEARD = Statement(
    sa.select(users.c.id, users.c.last_heard_at, users.c.last_unsent).where(
        users.c.tenant_id == sa.bindparam("tenant")
    )
)


def _person(row: Row) -> Person:
    user_id, number, name, display_name, role, active, version = row
    return Person(user_id, number, name, display_name, Role(role), bool(active), version)


def _project(row: Row) -> Project:
    project_id, number, name, archived, version = row
    return Project(project_id, number, name, bool(archived), version)


def people(conn: Connection, tenant_id: str, ids: Sequence[str] | None = None) -> list[Person]:
    query = _PEOPLE if ids is None else _SOME_PEOPLE
    return [_person(row) for row in query.all(conn, {"tenant": tenant_id, "ids": ids})]


def all_projects(
    conn: Connection, tenant_id: str, ids: Sequence[str] | None = None
) -> list[Project]:
    query = _PROJECTS if ids is None else _SOME_PROJECTS
    return [_project(row) for row in query.all(conn, {"tenant": tenant_id, "ids": ids})]


def active_ids(conn: Connection, tenant_id: str) -> frozenset[str]:
    return frozenset(row[0] for row in _ACTIVE.all(conn, {"tenant": tenant_id}))


def project_ids(conn: Connection, tenant_id: str) -> frozenset[str]:
    return frozenset(row[0] for row in _CURRENT.all(conn, {"tenant": tenant_id}))


def last_heard(conn: Connection, tenant_id: str) -> list[tuple[str, int | None, int]]:
    """(user id, when, how much was unsent then), as written last."""
    return [(user, at, unsent) for user, at, unsent in _LAST_HEARD.all(conn, {"tenant": tenant_id})]


def sums(conn: Connection, tenant_id: str) -> dict[str, Sums]:
    """What the tenant's people and projects add up to."""
    return {name: Sums(*query.one(conn, {"tenant": tenant_id})) for name, query in _SUMS.items()}


def tenant_named(conn: Connection, name: str) -> str | None:
    return conn.execute(sa.select(tenants.c.id).where(tenants.c.name == name)).scalar()


def tenant_ids(conn: Connection) -> list[str]:
    return list(conn.execute(sa.select(tenants.c.id).order_by(tenants.c.name)).scalars())


def insert_tenant(conn: Connection, tenant: dict[str, Any], genesis: str) -> None:
    conn.execute(sa.insert(tenants).values(**tenant))
    conn.execute(
        sa.insert(counters).values(
            tenant_id=tenant["id"],
            seq=0,
            nonce="",
            pruned=0,
            audit_n=0,
            audit_hash=genesis,
            task_number=0,
            person_number=0,
            project_number=0,
            notification_number=0,
        )
    )


def insert_user(conn: Connection, user: dict[str, Any]) -> None:
    values = {**user, "checksum": checksum(user["id"], user["version"])}
    conn.execute(sa.insert(users).values(**values))


def set_password(conn: Connection, user_id: str, password_hash: str) -> None:
    conn.execute(_SET_PASSWORD, {"user": user_id, "new_hash": password_hash})


def set_active(conn: Connection, user_id: str, active: bool) -> bool:
    """False when the person is so already."""
    was, version = conn.execute(_ACTIVE_AND_VERSION, {"user": user_id}).one()
    if was == active:
        return False
    values = {
        "user": user_id,
        "new_active": active,
        "new_version": version + 1,
        "new_checksum": checksum(user_id, version + 1),
    }
    conn.execute(_SET_ACTIVE, values)
    return True


def insert_project(conn: Connection, project: dict[str, Any]) -> None:
    values = {**project, "checksum": checksum(project["id"], project["version"])}
    conn.execute(sa.insert(projects).values(**values))


def user_named(conn: Connection, name: str) -> tuple[str, str] | None:
    """(user id, tenant id) of a sign-in name."""
    query = sa.select(users.c.id, users.c.tenant_id).where(users.c.name == name.strip().lower())
    row = conn.execute(query).one_or_none()
    return (row.id, row.tenant_id) if row else None
