"""Projects and teams: both are a name that can be archived. Whoever changes one has locked the
tenant's row; `by` is who does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from server_stub.core import audit, auth
from server_stub.core.feed import ALL, Tenant
from server_stub.people import queries
from server_stub.people.finding import find
from server_stub.people.queries import PROJECTS, TEAMS, Register
from tracker.domain.people import read_name
from tracker.domain.task import Project, Team

projects = PROJECTS.rows
teams = TEAMS.rows
projects_after = PROJECTS.page
teams_after = TEAMS.page

_T = TypeVar("_T", bound=Project | Team)


def project(conn: Connection, tenant_id: str, ref: str) -> Project:
    """By UUID or number. E5007, E2006."""
    return find(conn, tenant_id, PROJECTS, ref)


def team(conn: Connection, tenant_id: str, ref: str) -> Team:
    """By UUID or number. E5061, E2006."""
    return find(conn, tenant_id, TEAMS, ref)


def add_project(conn: Connection, tenant: Tenant, name: str, now: int, by: str) -> Project:
    """E2017 without a name, E2002 for a long one, E2008 for what cannot be stored."""
    made = _new_project(conn, tenant, read_name("name", name), now)
    return _noted(conn, tenant, PROJECTS, made, now, by)


def create_project(conn: Connection, tenant: Tenant, name: str, now: int) -> str:
    """A project of a tenant that a program fills (the demo, tests), without a row in the trail."""
    return _new_project(conn, tenant, name, now).id


def _new_project(conn: Connection, tenant: Tenant, name: str, now: int) -> Project:
    tenant.project_number += 1
    made = Project(auth.new_id(now), tenant.project_number, name, archived=False)
    return _inserted(conn, tenant, PROJECTS, made)


def add_team(conn: Connection, tenant: Tenant, name: str, now: int, by: str) -> Team:
    """E2017 without a name, E2002 for a long one, E2008 for what cannot be stored."""
    name = read_name("name", name)
    tenant.team_number += 1
    made = Team(auth.new_id(now), tenant.team_number, name, archived=False)
    return _noted(conn, tenant, TEAMS, _inserted(conn, tenant, TEAMS, made), now, by)


def _inserted(conn: Connection, tenant: Tenant, register: Register[_T], made: _T) -> _T:
    queries.insert_named(conn, tenant.id, made)
    tenant.point([ALL], register.word, made.id)
    return made


def change_project(
    conn: Connection, tenant: Tenant, old: Project, changes: Mapping[str, Any], now: int, by: str
) -> Project:
    """Another name, or archived. Tasks keep an archived project; no new one gets it."""
    return _change(conn, tenant, PROJECTS, old, changes, now, by)


def change_team(
    conn: Connection, tenant: Tenant, old: Team, changes: Mapping[str, Any], now: int, by: str
) -> Team:
    """Another name, or archived. People stay in an archived team; nobody new comes into it."""
    return _change(conn, tenant, TEAMS, old, changes, now, by)


def _change(
    conn: Connection,
    tenant: Tenant,
    register: Register[_T],
    old: _T,
    changes: Mapping[str, Any],
    now: int,
    by: str,
) -> _T:
    new = replace(old, **changes)
    new = replace(new, name=read_name("name", new.name))
    if new == old:
        return old
    new = replace(new, version=old.version + 1)
    register.save(conn, tenant.id, new)
    tenant.point([ALL], register.word, new.id)
    audit.note_change(conn, tenant, f"{register.word}.change", old, new, by, now)
    return new


def _noted(
    conn: Connection, tenant: Tenant, register: Register[_T], made: _T, now: int, by: str
) -> _T:
    after = {"number": made.number, "name": made.name}
    audit.note(conn, tenant, made.id, f"{register.word}.create", by, now, {}, after)
    return made
