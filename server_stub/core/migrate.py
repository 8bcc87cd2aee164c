"""Bringing the database to the code's revision, and asking whether it is there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from server_stub.core.database import Database

_FOLDER = Path(__file__).parent.parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Runs the missing migrations in one transaction: a failing one leaves nothing behind."""
    config = _config()
    with database.write() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, revision)


def downgrade(database: Database, revision: str) -> None:
    config = _config()
    with database.write() as conn:
        config.attributes["connection"] = conn
        command.downgrade(config, revision)


def is_current(database: Database) -> bool:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with database.read() as conn:
        return MigrationContext.configure(conn).get_current_revision() == head
