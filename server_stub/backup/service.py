"""Backing up, restoring and migrating with a backup, on whichever database the settings name."""

from __future__ import annotations

import time
from pathlib import Path

from server_stub.backup import postgresql, sqlite
from server_stub.backup.contents import Contents, contents
from server_stub.config import Settings
from server_stub.core import migrate
from server_stub.core.database import Database
from server_stub.core.opening import migrate_as_owner, owned, role_to_grant
from tracker.domain.errors import TrackerError


def back_up(settings: Settings, file: Path, *, overwrite: bool = False) -> Contents:
    """Writes the database to `file`, also while a server runs; E2021 for a name that is taken."""
    if settings.sqlite_path is not None:
        return sqlite.back_up(settings.sqlite_path, file, overwrite=overwrite)
    with owned(settings) as owner:
        return postgresql.back_up(owner, file, overwrite=overwrite)


def restore(
    settings: Settings, file: Path, now: int, *, overwrite: bool = False
) -> tuple[Contents, str | None]:
    """What was brought back, and where what was there before is kept. The caller holds the lock of
    an SQLite file. What fails changes nothing."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now / 1000))
    path = settings.sqlite_path
    if path is not None:
        kept = f"{path}.before-restore-{stamp}"
        found, existed = sqlite.restore(file, path, Path(kept), now)
        return found, kept if existed else None
    schema, role = f"before_restore_{stamp.lower()}", role_to_grant(settings)
    with owned(settings) as owner:
        found, existed = postgresql.restore(owner, role, file, schema, now, overwrite=overwrite)
    return found, f"schema {schema}" if existed else None


def migrate_with_backup(settings: Settings, database: Database, file: Path) -> Contents | None:
    """Backs up, migrates and looks at the result; None where there was nothing to back up. E3026
    says what went wrong and how to go back."""
    with database.read() as conn:
        is_new = migrate.revision_of(conn) is None
    if is_new:
        migrate_as_owner(settings, database)
        return None
    before = back_up(settings, file)
    if before.broken:
        raise TrackerError("E3026", f"It was not begun, as it is not whole: {before}.")
    try:
        migrate_as_owner(settings, database)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise TrackerError("E3026", f"{reason} Nothing was changed.") from error
    with database.read() as conn:
        after = contents(conn)
    if after.broken or after.revision != migrate.revisions()[-1]:
        restoring = f"tracker-server restore {'' if database.is_sqlite else '--overwrite '}{file}"
        back = f"To go back, install the version from before and run {restoring}."
        raise TrackerError("E3026", f"It ended with {after}. {back}")
    return before
