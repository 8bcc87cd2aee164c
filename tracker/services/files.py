"""Files that a person asked for, written whole or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tracker.domain.errors import EnvironmentFault


def write_whole(path: Path, content: bytes) -> None:
    """Replaces the file, if there is one, once everything is on the disk: a disk that is full
    leaves what was there. The person was asked about overwriting. E3012."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # it may not be there, and nobody would read it
            beside.unlink()
        raise EnvironmentFault("E3012", f"({error.strerror})") from error
