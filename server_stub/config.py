"""Settings, read once from TRACKER_… variables; frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`database_url` is an SQLAlchemy URL; SQLite beside the working folder by default. On
    PostgreSQL `owner_database_url` is what migrates: a server that runs without it owns no table.

    Access tokens live `access_minutes`, refresh tokens `refresh_days`: a van may be without
    network for days and must still be able to come back without a password.

    Tasks are archived `archive_days` after they were finished; when people were active is forgotten
    after `occupancy_days`. `timetable`: this process does what is due by the clock.

    Each token, and each address without one, may make `request_rate` requests a second, twenty
    seconds' worth of them at once; 0 is no limit.

    `behind_proxy`: a TLS proxy stands in front, whose word on a client's address is taken; `tls`:
    this server itself speaks TLS. `tracker-server serve` sets both.
    """

    model_config = SettingsConfigDict(env_prefix="TRACKER_", frozen=True)

    database_url: str = "sqlite:///tracker-server.db"
    owner_database_url: str | None = None
    access_minutes: int = 60
    refresh_days: int = 90
    max_body: int = 2_000_000
    request_rate: Annotated[int, Field(ge=0)] = 50
    archive_days: int = 90
    occupancy_days: int = 90
    timetable: bool = True
    behind_proxy: bool = False
    tls: bool = False

    @property
    def sqlite_path(self) -> Path | None:
        prefix = "sqlite:///"
        if not self.database_url.startswith(prefix):
            return None
        return Path(self.database_url.removeprefix(prefix))
