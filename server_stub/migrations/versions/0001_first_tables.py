"""First tables, and the triggers that keep the audit trail append-only.

The triggers are written twice because the two databases have no language in common; the test of
them runs the same attempts on both.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "n"),
    )
    op.create_index("audit_by_task", "audit", ["tenant_id", "task_id", "n"], unique=False)
    op.create_table(
        "feed",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("entity_id", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq"),
    )
    op.create_index("feed_by_audience", "feed", ["tenant_id", "audience", "seq"], unique=False)
    op.create_table(
        "server_state",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "counters",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("audit_n", sa.BigInteger(), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.Column("task_number", sa.BigInteger(), nullable=False),
        sa.Column("person_number", sa.BigInteger(), nullable=False),
        sa.Column("project_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id"),
    )
    op.create_table(
        "projects",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "number"),
    )
    op.create_table(
        "receipts",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("op_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=True),
        sa.Column("device_seq", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "op_id"),
        sa.UniqueConstraint("tenant_id", "device_id", "device_seq"),
    )
    op.create_table(
        "tasks",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.String(length=20), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=True),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("due_date", sa.String(length=10), nullable=True),
        sa.Column("estimated_minutes", sa.Integer(), nullable=True),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("completion_notes", sa.Text(), nullable=False),
        sa.Column("progress_before", sa.Integer(), nullable=True),
        sa.Column("last_progress_at", sa.BigInteger(), nullable=True),
        sa.Column("last_progress_by", sa.String(length=36), nullable=True),
        sa.Column("comment_count", sa.Integer(), nullable=False),
        sa.Column("child_count", sa.Integer(), nullable=False),
        sa.Column("field_changes", sa.Text(), nullable=False),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name="progress_range"),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "number"),
    )
    op.create_index("tasks_by_creator", "tasks", ["tenant_id", "created_by"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_heard_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("tenant_id", "number"),
    )
    op.create_table(
        "assignments",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("assigned_by", sa.String(length=36), nullable=False),
        sa.Column("assigned_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "task_id"],
            ["tasks.tenant_id", "tasks.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "task_id", "user_id"),
    )
    op.create_index(
        "assignments_by_user", "assignments", ["tenant_id", "user_id", "task_id"], unique=False
    )
    op.create_table(
        "comments",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "task_id"],
            ["tasks.tenant_id", "tasks.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("comments_by_task", "comments", ["tenant_id", "task_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("access_hash", sa.String(length=64), nullable=False),
        sa.Column("access_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("refresh_hash", sa.String(length=64), nullable=True),
        sa.Column("previous_refresh_hash", sa.String(length=64), nullable=True),
        sa.Column("refresh_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("access_hash"),
        sa.UniqueConstraint("previous_refresh_hash"),
        sa.UniqueConstraint("refresh_hash"),
    )
    _protect_audit()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_append ON audit")
        op.execute("DROP TRIGGER audit_keep ON audit")
        op.execute("DROP TRIGGER audit_truncate ON audit")
        op.execute("DROP FUNCTION tracker_audit_append()")
        op.execute("DROP FUNCTION tracker_audit_keep()")
    op.drop_table("tokens")
    op.drop_index("comments_by_task", table_name="comments")
    op.drop_table("comments")
    op.drop_index("assignments_by_user", table_name="assignments")
    op.drop_table("assignments")
    op.drop_table("users")
    op.drop_index("tasks_by_creator", table_name="tasks")
    op.drop_table("tasks")
    op.drop_table("receipts")
    op.drop_table("projects")
    op.drop_table("counters")
    op.drop_table("tenants")
    op.drop_table("server_state")
    op.drop_index("feed_by_audience", table_name="feed")
    op.drop_table("feed")
    op.drop_index("audit_by_task", table_name="audit")
    op.drop_table("audit")


def _protect_audit() -> None:
    """Refuses UPDATE, DELETE, TRUNCATE, and any INSERT that is not the next link of the chain.

    The last covers SQLite's INSERT OR REPLACE, which fires no delete trigger by default.
    """
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_{event.lower()} BEFORE {event} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'audit rows are kept as they are'); END"
            )
        op.execute(
            "CREATE TRIGGER audit_append BEFORE INSERT ON audit WHEN "
            "NEW.n <> 1 + coalesce((SELECT max(n) FROM audit WHERE tenant_id = NEW.tenant_id), 0) "
            "OR NEW.prev_hash <> coalesce((SELECT hash FROM audit WHERE tenant_id = NEW.tenant_id "
            f"ORDER BY n DESC LIMIT 1), '{'0' * 64}') "
            "BEGIN SELECT RAISE(ABORT, 'an audit row must be the next of its chain'); END"
        )
        return
    op.execute(
        """
        CREATE FUNCTION tracker_audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'audit rows are kept as they are'; END $$
        """
    )
    op.execute(
        f"""
        CREATE FUNCTION tracker_audit_append() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE last_n bigint; last_hash text;
        BEGIN
            SELECT n, hash INTO last_n, last_hash FROM audit
                WHERE tenant_id = NEW.tenant_id ORDER BY n DESC LIMIT 1;
            IF NEW.n <> coalesce(last_n, 0) + 1
               OR NEW.prev_hash <> coalesce(last_hash, '{"0" * 64}') THEN
                RAISE EXCEPTION 'an audit row must be the next of its chain';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION tracker_audit_keep()"
    )
    op.execute(
        "CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION tracker_audit_keep()"
    )
    op.execute(
        "CREATE TRIGGER audit_append BEFORE INSERT ON audit "
        "FOR EACH ROW EXECUTE FUNCTION tracker_audit_append()"
    )
