"""Tenants, people and projects."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import Connection

from server_stub.core import audit, auth, sessions
from server_stub.core.feed import ALL, Tenant
from server_stub.people import queries
from tracker.domain.errors import InputError
from tracker.domain.task import Role

SHORTEST_PASSWORD = 10

active_ids = queries.active_ids
project_ids = queries.project_ids
people = queries.people
projects = queries.all_projects
last_heard = queries.last_heard
sums = queries.sums
tenant_ids = queries.tenant_ids
user_named = queries.user_named
tenant_named = queries.tenant_named


def create_tenant(conn: Connection, name: str, zone: str, now: int) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InputError("E2005", f"{zone} is no IANA time zone.", "zone") from None
    tenant_id = auth.new_id(now)
    queries.insert_tenant(
        conn,
        {
            "id": tenant_id,
            "name": name,
            "zone": zone,
            "epoch": uuid.uuid4().hex,
            "epoch_at": now,
            "created_at": now,
        },
        audit.GENESIS,
    )
    return tenant_id


def create_user(
    conn: Connection,
    tenant: Tenant,
    name: str,
    display_name: str,
    role: Role,
    password: str,
    now: int,
) -> str:
    """A person who can sign in. The tenant's row is locked by the caller."""
    if queries.user_named(conn, name):
        raise InputError("E5012", f"The name {name} is taken.", "name")
    tenant.person_number += 1
    user_id = auth.new_id(now)
    queries.insert_user(
        conn,
        {
            "id": user_id,
            "tenant_id": tenant.id,
            "number": tenant.person_number,
            "name": name.strip().lower(),
            "display_name": display_name.strip(),
            "role": role,
            "active": True,
            "version": 1,
            "password_hash": auth.hash_password(password),
            "created_at": now,
        },
    )
    tenant.point([ALL], "person", user_id)
    return user_id


def check_new_password(name: str, password: str, field: str) -> None:
    """E2040 for one that is guessed first."""
    if len(password) < SHORTEST_PASSWORD or password.strip().lower() == name.strip().lower():
        raise InputError("E2040", field=field)


def set_password(
    conn: Connection,
    tenant_id: str,
    user_id: str,
    password_hash: str,
    now: int,
    but: str | None = None,
) -> None:
    """Ends every session and token of the person, but for the session `but`. The hash comes ready:
    making it takes 50 ms, in which no writer should wait."""
    queries.set_password(conn, user_id, password_hash)
    sessions.end_all(conn, tenant_id, user_id, now, but)


def set_active(conn: Connection, tenant: Tenant, user_id: str, active: bool, now: int) -> bool:
    """Disables the person and ends every session, or lets them sign in again. The tenant's row is
    locked by the caller. False when nothing changed."""
    if not queries.set_active(conn, user_id, active):
        return False
    sessions.end_all(conn, tenant.id, user_id, now)
    tenant.point([ALL], "person", user_id)
    return True


def create_project(conn: Connection, tenant: Tenant, name: str, now: int) -> str:
    tenant.project_number += 1
    project_id = auth.new_id(now)
    queries.insert_project(
        conn,
        {
            "tenant_id": tenant.id,
            "id": project_id,
            "number": tenant.project_number,
            "name": name,
            "archived": False,
            "version": 1,
        },
    )
    tenant.point([ALL], "project", project_id)
    return project_id
