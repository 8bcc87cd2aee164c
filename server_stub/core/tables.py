"""Tables every feature stands on: tenants, their counter row, the change feed, the audit trail."""

from __future__ import annotations

import sqlalchemy as sa

from server_stub.core.database import metadata

ID = sa.String(36)

server_state = sa.Table(
    "server_state",
    metadata,
    sa.Column("key", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("zone", sa.String(64), nullable=False),
    sa.Column("epoch", sa.String(36), nullable=False),
    sa.Column("epoch_at", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

# The row every writing transaction locks first. It hands out what must have no gap a reader
# could skip: feed positions, audit numbers and the numbers people see.
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("nonce", sa.String(16), nullable=False),
    # Up to which position the feed is pruned (see core/pruning.py).
    sa.Column("pruned", sa.BigInteger, nullable=False),
    sa.Column("audit_n", sa.BigInteger, nullable=False),
    sa.Column("audit_hash", sa.String(64), nullable=False),
    sa.Column("task_number", sa.BigInteger, nullable=False),
    sa.Column("person_number", sa.BigInteger, nullable=False),
    sa.Column("project_number", sa.BigInteger, nullable=False),
    sa.Column("notification_number", sa.BigInteger, nullable=False),
    sa.Column("team_number", sa.BigInteger, nullable=False),
)

feed = sa.Table(
    "feed",
    metadata,
    sa.Column("tenant_id", ID, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("audience", sa.String(36), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("entity_id", sa.String(80), nullable=False),
    sa.Index("feed_by_audience", "tenant_id", "audience", "seq"),
)

# The nonce of every writing transaction, at the position where it ended (see core/marks.py), and
# when that was, which is the age of its pointers (see core/pruning.py).
marks = sa.Table(
    "marks",
    metadata,
    sa.Column("tenant_id", ID, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("nonce", sa.String(16), nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("tenant_id", ID, primary_key=True),
    sa.Column("n", sa.BigInteger, primary_key=True),
    sa.Column("task_id", ID, nullable=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("prev_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("audit_by_task", "tenant_id", "task_id", "n"),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    # Sign-in names are unique over all tenants, so signing in needs no tenant name.
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("display_name", sa.String(200), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("checksum", sa.BigInteger, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("last_heard_at", sa.BigInteger, nullable=True),
    sa.Column("last_unsent", sa.Integer, nullable=False, server_default="0"),
    sa.Column("team_id", ID, nullable=True),
    # Of a picture; empty for the initials.
    sa.Column("avatar_url", sa.String(500), nullable=False, server_default=""),
    sa.UniqueConstraint("tenant_id", "number"),
)

# One row a session or API token. Hashes only: a stolen backup signs nobody in.
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("user_id", ID, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("access_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("access_expires_at", sa.BigInteger, nullable=True),
    sa.Column("refresh_hash", sa.String(64), nullable=True, unique=True),
    sa.Column("previous_refresh_hash", sa.String(64), nullable=True, unique=True),
    sa.Column("refresh_expires_at", sa.BigInteger, nullable=True),
    # What all refresh tokens of a session have in common, and how often it was refreshed.
    sa.Column("family_hash", sa.String(64), nullable=True),
    sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_used_at", sa.BigInteger, nullable=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger, nullable=True),
    sa.Index("tokens_by_family", "family_hash", unique=True),
    sa.Index("tokens_by_user", "user_id"),
)

# What was heard of each session and token: when, and how much waited there. Apart from tokens, as
# whoever ends sessions should not wait for those who write what they heard.
devices = sa.Table(
    "devices",
    metadata,
    sa.Column("session_id", ID, primary_key=True),
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("last_heard_at", sa.BigInteger, nullable=False),
    # None of one that never said it: a program that does not synchronise.
    sa.Column("last_unsent", sa.Integer, nullable=True),
)

# Two rows an attempt, of its name and of its address; see core/throttle.py.
sign_in_attempts = sa.Table(
    "sign_in_attempts",
    metadata,
    sa.Column("attempt_id", ID, primary_key=True),
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Index("sign_in_attempts_by_subject", "subject", "at"),
    sa.Index("sign_in_attempts_by_time", "at"),
)

projects = sa.Table(
    "projects",
    metadata,
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("id", ID, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("archived", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("checksum", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("tenant_id", "number"),
)

teams = sa.Table(
    "teams",
    metadata,
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("id", ID, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("archived", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("checksum", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("tenant_id", "number"),
)
