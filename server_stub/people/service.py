"""Tenants and the people in them.

Whoever changes a person has locked the tenant's row. `by` is who does it; None is the operator, at
the server's command line.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import Connection

from server_stub.core import audit, auth, sessions
from server_stub.core.database import tell
from server_stub.core.feed import ALL, Tenant
from server_stub.core.heads import News
from server_stub.people import groups, queries, texts
from server_stub.people.finding import find
from server_stub.people.queries import PEOPLE, TEAMS
from tracker.domain.errors import InputError
from tracker.domain.people import check_new_password, read_name
from tracker.domain.task import Person, Role

_PRIVATE = frozenset({"display_name", "avatar_url"})
"""What the audit trail says only of that it was changed: names live with people alone."""

active_ids = queries.active_ids
project_ids = queries.project_ids
people = PEOPLE.rows
people_after = PEOPLE.page
projects = groups.projects
project = groups.project
teams = groups.teams
team = groups.team
create_project = groups.create_project
last_heard = queries.last_heard
sums = queries.sums
tenant_ids = queries.tenant_ids
user_named = queries.user_named
tenant_named = queries.tenant_named


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody who can be let in: everything is checked, and the password hashed."""

    name: str
    display_name: str
    role: Role
    password_hash: str
    team_id: str | None = None


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


def person(conn: Connection, tenant_id: str, ref: str) -> Person:
    """By UUID or number. E5006, E2006."""
    return find(conn, tenant_id, PEOPLE, ref)


def new_person(
    name: str, display_name: str, role: Role, password: str, team_id: str | None = None
) -> NewPerson:
    """Checks who is to be let in. E2017 without a name, E2002 for a long one, E2008 for what cannot
    be stored, E2040 for a password that is too easy. Hashing takes 50 ms, in which no writer should
    wait: it belongs before the transaction."""
    name = read_name("name", name).lower()
    display_name = read_name("display_name", display_name)
    check_new_password(name, password, "password")
    return NewPerson(name, display_name, role, auth.hash_password(password), team_id)


def add_person(
    conn: Connection, tenant: Tenant, new: NewPerson, now: int, by: str | None
) -> Person:
    """Lets somebody in. E5012 where the name is taken, E5061 for a team that is not there or
    archived."""
    if new.team_id is not None:
        _require_team(conn, tenant.id, new.team_id)
    made = _insert(conn, tenant, new, now)
    after: dict[str, Any] = {"number": made.number, "role": made.role}
    if made.team_id is not None:
        after["team_id"] = made.team_id
    audit.note(conn, tenant, made.id, "person.create", by, now, {}, after)
    return made


def create_user(
    conn: Connection,
    tenant: Tenant,
    name: str,
    display_name: str,
    role: Role,
    password: str,
    now: int,
) -> str:
    """A person of a tenant that a program fills (the demo, tests), with whatever password and
    without a row in the audit trail; whom people or the operator let in, `add_person` does."""
    hashed = auth.hash_password(password)
    new = NewPerson(name.strip().lower(), display_name.strip(), role, hashed)
    return _insert(conn, tenant, new, now).id


def _insert(conn: Connection, tenant: Tenant, new: NewPerson, now: int) -> Person:
    number = tenant.person_number + 1
    made = Person(
        auth.new_id(now), number, new.name, new.display_name, new.role, True, team_id=new.team_id
    )
    if not queries.insert_person(conn, tenant.id, made, new.password_hash, now):
        raise InputError("E5012", f"The name {new.name} is taken.", "name")
    tenant.person_number = number
    tenant.point([ALL], "person", made.id)
    return made


def change_person(
    conn: Connection,
    tenant: Tenant,
    old: Person,
    changes: Mapping[str, Any],
    now: int,
    by: str | None,
) -> Person:
    """Gives a person another display_name, role, team_id, active or avatar_url; returns the person
    as they are then. Being disabled, and being let in again, ends every session.

    E5060 for the last owner who can sign in, unless it is the operator, who can let one in again;
    E5061 for a team that is not there or archived; E2002, E2008, E2017 and E2060 for texts."""
    new = _cleaned(old, changes)
    if new == old:
        return old
    one_less = _is_active_owner(old) and not _is_active_owner(new)
    if one_less and by is not None and queries.active_owners(conn, tenant.id) == 1:
        raise InputError("E5060", field="role" if new.active else "active")
    if new.team_id is not None and new.team_id != old.team_id:
        _require_team(conn, tenant.id, new.team_id)
    new = replace(new, version=old.version + 1)
    PEOPLE.save(conn, tenant.id, new)
    if new.active != old.active:
        sessions.end_all(conn, tenant.id, new.id, now)
    else:  # processes know for a while who somebody is
        tell(conn, News(tenant.id, None, sign_ins=True))
    tenant.point([ALL], "person", new.id)
    audit.note_change(conn, tenant, "person.change", old, new, by, now, _PRIVATE)
    return new


def _cleaned(old: Person, changes: Mapping[str, Any]) -> Person:
    new = replace(old, **changes)
    return replace(
        new,
        display_name=read_name("display_name", new.display_name),
        avatar_url=texts.picture("avatar_url", new.avatar_url),
    )


def _require_team(conn: Connection, tenant_id: str, team_id: str) -> None:
    if all(team.archived for team in TEAMS.rows(conn, tenant_id, [team_id])):
        raise InputError("E5061", field="team_id")


def _is_active_owner(one: Person) -> bool:
    return one.active and one.role is Role.OWNER


def set_active(conn: Connection, tenant: Tenant, user_id: str, active: bool, now: int) -> bool:
    """The operator disables a person, or lets them sign in again. False when nothing changed."""
    old = person(conn, tenant.id, user_id)
    return change_person(conn, tenant, old, {"active": active}, now, None) != old


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
