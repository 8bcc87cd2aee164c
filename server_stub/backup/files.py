"""A file that appears under its name whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.domain.errors import EnvironmentFault, InputError

_BESIDE = ("", "-wal", "-shm", "-journal")


@contextmanager
def whole(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A file beside `path` that only this user can read (a backup holds the server's key), and
    that takes the name of `path` when the block ends well. E2021 for a name that is taken, E3012
    where nothing can be written."""
    _require_free(path, overwrite)
    with temporary(path) as made:
        yield made
        _require_free(path, overwrite)
        with writing():
            sync(made)
            made.replace(path)
            sync_folder(path.parent)


@contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """An empty file beside `path`; gone afterwards with what SQLite put beside it, unless it was
    renamed."""
    with writing():
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(number)
    try:
        yield Path(name)
    finally:
        for suffix in _BESIDE:
            Path(f"{name}{suffix}").unlink(missing_ok=True)


def sync(path: Path) -> None:
    number = os.open(path, os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def sync_folder(folder: Path) -> None:
    """Makes a renaming last. Windows opens no folders, and needs no such thing."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _require_free(path: Path, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise InputError("E2021", str(path))


@contextmanager
def writing() -> Iterator[None]:
    """E3012 for what the file system refuses."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFault("E3012", f"{error}.") from error
