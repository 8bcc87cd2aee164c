"""Each migration goes up and down with rows in every table, on both databases.

`ROWS` says for each revision what the tables that it made hold, and what the columns that it added
do; a revision that is not named here, or a column that is left out, makes these tests fail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server_stub.core import migrate
from server_stub.core.audit import GENESIS
from server_stub.core.database import Database
from tests.conftest import Template
from tests.support.server import START

T, U, K, P, C = (f"00000000-0000-7000-8000-00000000000{n}" for n in range(5))
"""A tenant, a person, a task, a project and a comment."""
BODY = json.dumps({"n": 1, "tenant": T, "task": K})
HASH = hashlib.sha256(GENESIS.encode() + BODY.encode()).hexdigest()

ROWS: dict[str, dict[str, dict[str, Any]]] = {
    "0001": {
        "server_state": {"key": "secret", "value": "00ff"},
        "tenants": {"id": T, "name": "Nörd", "zone": "UTC", "epoch": "e1", "created_at": START},
        "counters": {
            "tenant_id": T, "seq": 7, "audit_n": 1, "audit_hash": HASH, "task_number": 1,
            "person_number": 1, "project_number": 1,
        },
        "feed": {"tenant_id": T, "seq": 7, "audience": U, "kind": "task", "entity_id": K},
        "audit": {
            "tenant_id": T, "n": 1, "task_id": K, "body": BODY, "prev_hash": GENESIS, "hash": HASH,
        },
        "users": {
            "id": U, "tenant_id": T, "number": 1, "name": "ana", "display_name": "Ana Moreno",
            "role": "EMPLOYEE", "active": True, "version": 3, "password_hash": "$argon2id$",
            "created_at": START, "last_heard_at": START,
        },
        "tokens": {
            "id": "t1", "tenant_id": T, "user_id": U, "access_hash": "a",
            "access_expires_at": START, "refresh_hash": "b", "previous_refresh_hash": "c",
            "refresh_expires_at": START, "created_at": START, "revoked_at": START,
        },
        "projects": {
            "tenant_id": T, "id": P, "number": 1, "name": "Hall B", "archived": False, "version": 1,
        },
        "tasks": {
            "tenant_id": T, "id": K, "number": 1, "title": "Replace pump seal",
            "description": "Line 1\nline 2", "status": "IN_PROGRESS", "priority": "HIGH",
            "progress": 45, "created_by": U, "created_at": START, "updated_at": START, "version": 4,
            "project_id": P, "parent_id": K, "due_at": START, "due_date": "2026-03-02",
            "estimated_minutes": 90, "completed_at": START, "completion_notes": "",
            "progress_before": 40, "last_progress_at": START, "last_progress_by": U,
            "comment_count": 1, "child_count": 0, "field_changes": "{}",
        },
        "assignments": {
            "tenant_id": T, "task_id": K, "user_id": U, "part": "ASSIGNEE", "percent": 100,
            "assigned_by": U, "assigned_at": START, "version": 2,
        },
        "comments": {
            "tenant_id": T, "id": C, "task_id": K, "user_id": U, "text": "On my way",
            "made_at": START, "received_at": START, "version": 1,
        },
        "receipts": {
            "tenant_id": T, "op_id": "o1", "user_id": U, "device_id": "d1", "device_seq": 1,
            "fingerprint": "f", "outcome": "applied", "body": "{}", "received_at": START,
        },
    },
    "0002": {
        "marks": {"tenant_id": T, "seq": 7, "nonce": "abc"},
        "counters": {"nonce": "abc"},
        "tenants": {"epoch_at": START},
        "users": {"last_unsent": 2, "checksum": 11},
        "tasks": {"checksum": 12},
        "assignments": {"checksum": 13},
        "comments": {"checksum": 14},
        "projects": {"checksum": 15},
    },
    # What goes down from a pruned feed does not survive, but begins anew: see test_migrations.
    "0003": {"marks": {"made_at": START}, "counters": {"pruned": 0}},
    "0004": {},
    "0005": {
        "sign_in_attempts": {"attempt_id": "a1", "subject": "s" * 64, "at": START},
        "tokens": {"family_hash": "f" * 64, "generation": 3, "last_used_at": START},
    },
    "0006": {
        "tasks": {
            "scheduled_at": START, "task_type": "repair", "lead_id": T, "actual_minutes": 35,
            "quality_rating": 4, "revenue_cents": -5, "assigned_at": START, "started_at": START,
            "cancelled_at": None, "rollup_progress": 45, "open_needs": 1,
        },
        "assignments": {"accepted_at": START, "completed_at": START},
        "comments": {"parent_id": C, "edited_at": START, "attachments": '["https://x.example"]'},
        "time_entries": {
            "tenant_id": T, "id": C, "task_id": K, "user_id": U, "minutes": 35,
            "started_at": START, "note": "drive", "made_at": START, "received_at": START,
            "version": 1, "checksum": 16,
        },
        "dependencies": {
            "tenant_id": T, "task_id": K, "needs_id": K, "made_by": U, "made_at": START,
            "version": 1, "checksum": 17,
        },
    },
    "0007": {
        "teams": {
            "tenant_id": T, "id": P, "number": 1, "name": "Night shift", "archived": False,
            "version": 2, "checksum": 16,
        },
        "counters": {"team_number": 1},
        "occupancy_intervals": {
            "tenant_id": T, "id": K, "user_id": U, "state": "ACTIVE", "started_at": START,
            "ended_at": START + 1, "reason": "", "made_at": START, "received_at": START,
        },
        "users": {"team_id": P, "avatar_url": "https://pictures.example/ana.png"},
    },
    "0008": {
        "counters": {"notification_number": 1},
        "notifications": {
            "tenant_id": T, "id": C, "number": 1, "user_id": U, "type": "task_assigned",
            "title": "New task", "message": "Rita Okafor assigned you “Replace pump seal”.",
            "priority": "high", "category": "task", "created_at": START, "updated_at": START,
            "version": 3, "read_at": START, "archived_at": START, "expires_at": START,
            "action_url": f"tracker://task/{K}", "entity_kind": "task", "entity_id": K,
            "deleted_at": START,
        },
        "notification_preferences": {
            "tenant_id": T, "user_id": U, "enable_in_app_notifications": True,
            "enable_desktop_notifications": False, "enable_email_notifications": True,
            "enable_sms_notifications": False, "notify_lead_assigned": True,
            "notify_task_assigned": True, "notify_task_completed": False,
            "notify_deadline_reminder": True, "notify_call_missed": False,
            "notify_message_received": True, "notify_task_overdue": True,
            "quiet_hours_enabled": True, "quiet_hours_start": "22:00", "quiet_hours_end": "07:00",
            "email_batch_frequency": "daily", "sms_batch_frequency": "immediate",
            "updated_at": START,
        },
    },
    "0009": {},
    "0010": {
        "task_metrics": {
            "tenant_id": T, "completed_at": START, "task_id": K, "completed_by": U,
            "priority": "HIGH", "project_id": P, "days_to_complete": 1.25,
            "efficiency_ratio": 0.5, "was_overdue": True, "quality_rating": 4,
            "revenue_cents": -5, "start_ms": 60_000, "finish_ms": 120_000,
            "started_in_time": True, "finished_in_time": False,
        },
        "sla_targets": {
            "tenant_id": T, "priority": "HIGH", "start_amount": 4, "start_unit": "hours",
            "finish_amount": 2, "finish_unit": "days",
        },
        "sla_calendars": {
            "tenant_id": T, "zone": "UTC", "week": "[[480, 1020]]", "holidays": '["2026-12-25"]',
        },
    },
    "0011": {},
    "0012": {},
    "0013": {
        "devices": {
            "session_id": "t1", "tenant_id": T, "last_heard_at": START, "last_unsent": 4,
        },
    },
    "0014": {},
}  # fmt: skip

Tables = dict[str, list[dict[str, Any]]]


def rows_at(revision: str) -> dict[str, dict[str, Any]]:
    """What the tables of that revision hold here."""
    found: dict[str, dict[str, Any]] = {}
    for known in migrate.revisions():
        for table, values in ROWS[known].items():
            found.setdefault(table, {}).update(values)
        if known == revision:
            break
    return found


def there(database: Database) -> list[sa.Table]:
    with database.read() as conn:
        tables = sa.MetaData()
        tables.reflect(conn)
    return [table for table in tables.sorted_tables if table.name != "alembic_version"]


def fill(database: Database, revision: str) -> Tables:
    rows, tables = rows_at(revision), there(database)
    given = {name: set(values) for name, values in rows.items()}
    assert given == {table.name: set(table.c.keys()) for table in tables}, "ROWS lacks something"
    with database.write() as conn:
        for table in tables:
            conn.execute(sa.insert(table).values(**rows[table.name]))
    return held(database)


def held(database: Database) -> Tables:
    with database.read() as conn:
        return {
            table.name: [dict(row) for row in conn.execute(sa.select(table)).mappings()]
            for table in there(database)
        }


def part_of(rows: Tables, shape: Tables) -> Tables:
    """Only the tables and columns of `shape`."""
    return {
        name: [{column: row[column] for column in shape[name][0]} for row in rows[name]]
        for name in shape
    }


def schema(database: Database) -> dict[str, Any]:
    """Columns, keys, indexes and, on SQLite, triggers: everything a downgrade has to bring back."""
    with database.read() as conn:
        looking = sa.inspect(conn)
        found: dict[str, Any] = {
            name: (
                sorted(
                    (c["name"], str(c["type"]), c["nullable"]) for c in looking.get_columns(name)
                ),
                looking.get_pk_constraint(name)["constrained_columns"],
                sorted(str(i["column_names"]) for i in looking.get_indexes(name)),
                sorted(str(u["column_names"]) for u in looking.get_unique_constraints(name)),
                sorted(str(f["constrained_columns"]) for f in looking.get_foreign_keys(name)),
                sorted(str(c["sqltext"]) for c in looking.get_check_constraints(name)),
            )
            for name in looking.get_table_names()
        }
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if database.is_sqlite
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT proname || "
            "coalesce(proconfig::text, '') FROM pg_proc WHERE starts_with(proname, 'tracker_')"
        )
        found["triggers"] = sorted(conn.exec_driver_sql(query).scalars())
    return found


@pytest.fixture
def database(either_template: Template, tmp_path: Path) -> Iterator[Database]:
    found = Database(either_template.empty(tmp_path))
    yield found
    found.close()


def test_every_revision_has_rows_here() -> None:
    assert list(ROWS) == migrate.revisions()


@pytest.mark.parametrize("revision", migrate.revisions())
def test_what_was_written_at_a_revision_survives_the_way_up_and_down(
    database: Database, revision: str
) -> None:
    migrate.upgrade(database, revision)
    written = fill(database, revision)
    assert all(written.values())
    migrate.upgrade(database)
    assert part_of(held(database), written) == written
    migrate.downgrade(database, revision)
    assert held(database) == written
    migrate.upgrade(database)
    assert part_of(held(database), written) == written


def test_each_step_down_brings_back_what_was_there_before_the_step_up(database: Database) -> None:
    revisions = ["base", *migrate.revisions()]
    shapes = {}
    for revision in revisions:
        if revision != "base":
            migrate.upgrade(database, revision)
        shapes[revision] = schema(database)
    written = fill(database, revisions[-1])
    for revision in revisions[-2::-1]:
        migrate.downgrade(database, revision)
        found, expected = schema(database), shapes[revision]
        if revision == "base":  # Alembic keeps its own table
            del found["alembic_version"]
        assert found == expected, revision
        kept = held(database)
        assert part_of(written, kept) == kept
    assert held(database) == {}
    migrate.upgrade(database)
    assert fill(database, revisions[-1]) == written
