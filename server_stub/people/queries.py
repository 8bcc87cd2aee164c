"""All SQL about people, projects and teams (their tables are in core: sign-in stands on them)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.database import insert_once, totals
from server_stub.core.statements import Row, Statement
from server_stub.core.tables import counters, projects, teams, tenants, users
from tracker.domain.page import Sums, checksum
from tracker.domain.task import Person, Project, Role, Team

_T = TypeVar("_T", bound=Person | Project | Team)
_ROLE = [f.name for f in fields(Person)].index("role")


class Register(Generic[_T]):
    """The statements of a table whose rows have a number and a version; rows come as the domain's
    `kind`, whose fields are its columns."""

    def __init__(self, word: str, table: sa.Table, kind: type[_T]) -> None:
        self.word = word
        """What the feed, the audit trail and paths call one of them."""
        self._kind = kind
        names = [f.name for f in fields(kind)]
        columns = [table.c[name] for name in names]
        self._flags = [n for n, c in enumerate(columns) if isinstance(c.type, sa.Boolean)]
        in_tenant = table.c.tenant_id == sa.bindparam("tenant")
        rows = sa.select(*columns).where(in_tenant)
        ordered = rows.order_by(table.c.number)
        ids: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
        after = table.c.number > sa.bindparam("after")
        self._all = Statement(ordered)
        self._some = Statement(ordered.where(table.c.id.in_(ids)))
        self._numbered = Statement(rows.where(table.c.number == sa.bindparam("wanted")))
        self._page = Statement(ordered.where(after).limit(sa.bindparam("most")))
        self.sums = Statement(totals(table).where(in_tenant))
        self._save = (
            sa.update(table)
            .where(in_tenant, table.c.id == sa.bindparam("thing"))
            .values({name: sa.bindparam(f"new_{name}") for name in (*names[1:], "checksum")})
        )

    def _read(self, row: Row) -> _T:
        values = list(row)
        for n in self._flags:
            values[n] = bool(values[n])
        if self._kind is Person:
            values[_ROLE] = Role(values[_ROLE])
        return self._kind(*values)

    def rows(self, conn: Connection, tenant_id: str, ids: Sequence[str] | None = None) -> list[_T]:
        """All by number, or those of `ids`."""
        query = self._all if ids is None else self._some
        values = {"tenant": tenant_id, "ids": ids}
        return [self._read(row) for row in query.all(conn, values)]

    def page(self, conn: Connection, tenant_id: str, after: int, most: int) -> list[_T]:
        """The `most` next after that number."""
        values = {"tenant": tenant_id, "after": after, "most": most}
        return [self._read(row) for row in self._page.all(conn, values)]

    def numbered(self, conn: Connection, tenant_id: str, number: int) -> _T | None:
        values = {"tenant": tenant_id, "wanted": number}
        row = self._numbered.first(conn, values)
        return self._read(row) if row else None

    def save(self, conn: Connection, tenant_id: str, thing: _T) -> None:
        """Replaces the row of the same id."""
        values = {**asdict(thing), "checksum": checksum(thing.id, thing.version)}
        named = {f"new_{name}": value for name, value in values.items() if name != "id"}
        conn.execute(self._save, {"tenant": tenant_id, "thing": thing.id, **named})


PEOPLE = Register("person", users, Person)
PROJECTS = Register("project", projects, Project)
TEAMS = Register("team", teams, Team)

_OF_TENANT = users.c.tenant_id == sa.bindparam("tenant")
_ACTIVE = Statement(sa.select(users.c.id).where(_OF_TENANT, users.c.active))
_ACTIVE_OWNERS = sa.select(sa.func.count()).where(
    _OF_TENANT, users.c.active, users.c.role == Role.OWNER
)
_SET_PASSWORD = (
    sa.update(users)
    .where(users.c.id == sa.bindparam("user"))
    .values(password_hash=sa.bindparam("new_hash"))
)
_CURRENT = Statement(
    sa.select(projects.c.id).where(
        projects.c.tenant_id == sa.bindparam("tenant"), sa.not_(projects.c.archived)
    )
)
_LAST_HEARD = Statement(
    sa.select(users.c.id, users.c.last_heard_at, users.c.last_unsent).where(_OF_TENANT)
)
_USER_NAMED = sa.select(users.c.id, users.c.tenant_id).where(users.c.name == sa.bindparam("name"))


def active_ids(conn: Connection, tenant_id: str) -> frozenset[str]:
    return frozenset(row[0] for row in _ACTIVE.all(conn, {"tenant": tenant_id}))


def active_owners(conn: Connection, tenant_id: str) -> int:
    return conn.execute(_ACTIVE_OWNERS, {"tenant": tenant_id}).scalar_one()


def project_ids(conn: Connection, tenant_id: str) -> frozenset[str]:
    return frozenset(row[0] for row in _CURRENT.all(conn, {"tenant": tenant_id}))


def last_heard(conn: Connection, tenant_id: str) -> list[tuple[str, int | None, int]]:
    """(user id, when, how much was unsent then), as written last."""
    return [(user, at, unsent) for user, at, unsent in _LAST_HEARD.all(conn, {"tenant": tenant_id})]


def sums(conn: Connection, tenant_id: str) -> dict[str, Sums]:
    """What the tenant's people, projects and teams add up to."""
    registers = {"people": PEOPLE.sums, "projects": PROJECTS.sums, "teams": TEAMS.sums}
    return {
        name: Sums(*query.one(conn, {"tenant": tenant_id})) for name, query in registers.items()
    }


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
            team_number=0,
        )
    )


def insert_person(
    conn: Connection, tenant_id: str, person: Person, password_hash: str, now: int
) -> bool:
    """False where somebody, in whichever tenant, signs in with that name."""
    values = {
        **asdict(person),
        "tenant_id": tenant_id,
        "checksum": checksum(person.id, person.version),
        "password_hash": password_hash,
        "created_at": now,
    }
    return insert_once(conn, users, values)


def insert_named(conn: Connection, tenant_id: str, thing: Project | Team) -> None:
    table = projects if isinstance(thing, Project) else teams
    values = {**asdict(thing), "checksum": checksum(thing.id, thing.version)}
    conn.execute(sa.insert(table).values(tenant_id=tenant_id, **values))


def set_password(conn: Connection, user_id: str, password_hash: str) -> None:
    conn.execute(_SET_PASSWORD, {"user": user_id, "new_hash": password_hash})


def user_named(conn: Connection, name: str) -> tuple[str, str] | None:
    """(user id, tenant id) of a sign-in name."""
    row = conn.execute(_USER_NAMED, {"name": name.strip().lower()}).one_or_none()
    return (row.id, row.tenant_id) if row else None
