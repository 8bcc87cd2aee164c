"""`tracker-server backup`, `restore` and `migrate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from server_stub.backup import service
from server_stub.backup.contents import Contents
from server_stub.config import Settings
from server_stub.core.opening import alone, migrate_as_owner
from server_stub.core.state import system_clock
from server_stub.timetable.preparing import prepare
from tracker.domain.errors import InputError

File = Annotated[Path, typer.Argument(help="The backup.")]


def backup(
    file: File,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.")] = False,
) -> None:
    """Write the database to FILE, also while the server runs; exit 1 if its trail is broken."""
    made = service.back_up(Settings(), file, overwrite=overwrite)
    _say(file, made)
    raise typer.Exit(1 if made.broken else 0)


def restore(
    file: File,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="PostgreSQL: also where there are tables.")
    ] = False,
) -> None:
    """Put the database of FILE in the place of this one; devices then offer again what it lost."""
    settings = Settings()
    with alone(settings) as database:
        where = database.url.render_as_string(hide_password=True)
        if not yes and not sys.stdin.isatty():
            raise InputError("E2030")
        if not yes:
            typer.confirm(f"Put {file} in the place of {where}?", abort=True)
        found, kept = service.restore(settings, file, system_clock(), overwrite=overwrite)
        prepare(settings)
    typer.echo(f"{where} is as in {file}: {found}.")
    if kept:
        typer.echo(f"What was there before is kept: {kept}.")


def migrate(
    backup_file: Annotated[
        Path | None, typer.Option("--backup", help="Write a backup to this file first.")
    ] = None,
) -> None:
    """Bring the database to this version's tables."""
    settings = Settings()
    with alone(settings) as database:
        if backup_file is None:
            migrate_as_owner(settings, database)
        elif before := service.migrate_with_backup(settings, database, backup_file):
            _say(backup_file, before)
        else:
            typer.echo("There was nothing to back up.")
        prepare(settings)
    typer.echo("The database is up to date.")


def _say(file: Path, made: Contents) -> None:
    typer.echo(f"{file}: {file.stat().st_size:,} bytes, {made}.")
