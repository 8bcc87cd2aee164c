"""Makes DBOS's own tables on PostgreSQL, where the role that serves may make none."""

from __future__ import annotations

from server_stub.config import Settings
from server_stub.core.opening import role_to_grant


def prepare(settings: Settings) -> None:
    """As the owner, with rights for the role that serves. Without an owner of its own, the server
    makes them when it starts."""
    role = role_to_grant(settings)
    if settings.owner_database_url is None or not role:
        return
    from dbos import DBOS

    DBOS.migrate(settings.owner_database_url, application_role=role)
