"""Run by Alembic with the connection that `server_stub.core.migrate` hands over."""

from __future__ import annotations

from alembic import context

import server_stub.analytics.tables
import server_stub.notifications.tables
import server_stub.occupancy.tables
import server_stub.sync.tables
import server_stub.tasks.tables  # noqa: F401 - fills the metadata
from server_stub.core.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
