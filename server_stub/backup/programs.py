"""PostgreSQL's own programs: finding one that is new enough, and running it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server_stub.core.database import PROGRAM, Database
from tracker.domain.errors import EnvironmentFault

_INSTALLED = Path("/usr/lib/postgresql")


def find(name: str, server: int) -> Path:
    """Of version `server` or later, as an older one refuses; on PATH, or where Debian keeps them
    all. E3023 where there is none."""
    on_path = shutil.which(name)
    beside = sorted(_INSTALLED.glob(f"*/bin/{name}"), key=lambda path: path.parts[-3], reverse=True)
    found = {path: _version(path) for path in (*([Path(on_path)] if on_path else []), *beside)}
    for path, version in found.items():
        if version >= server:
            return path
    there = ", ".join(f"{path} is {version}" for path, version in found.items()) or "none is there"
    raise EnvironmentFault("E3023", f"{name} {server} is needed; {there}.")


def _version(program: Path) -> int:
    command = [str(program), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - found
    found = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(found[1]) if found else 0


@contextmanager
def running(
    program: Path, *arguments: str, database: Database | None = None
) -> Iterator[Iterator[bytes]]:
    """The lines that the program writes. It gets the password of `database` where no other user
    sees it: not on its command line. E3025 with its first complaint if it fails."""
    environment = {**os.environ, "LC_MESSAGES": "C", "PGAPPNAME": PROGRAM}
    if database is not None and (password := database.url.password):
        environment["PGPASSWORD"] = password
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(  # noqa: S603 - no shell, and `find` names the program
            [program, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        ) as process:
            assert process.stdout is not None
            try:
                yield iter(process.stdout)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").splitlines()
            raise EnvironmentFault(
                "E3025", said[0] if said else f"{program.name}: no reason given."
            )
