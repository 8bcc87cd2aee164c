"""What an import may load: the command line starts in a tenth of a second because of this."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    ("statement", "kept_out"),
    [
        ("import tracker.protocol", {"PySide6", "httpx", "sqlite3"}),
        ("import tracker.protocol.sync", {"PySide6", "httpx", "sqlite3"}),
        ("import tracker.domain.replay", {"PySide6", "httpx", "sqlite3", "pydantic"}),
        ("import tracker.commands.work", {"PySide6", "httpx", "pydantic", "keyring"}),
        (
            "import tracker.cli, tracker.commands.listing",
            {
                *["PySide6", "httpx", "pydantic", "keyring", "platformdirs", "filelock"],
                *["uuid", "zoneinfo", "tomllib", "hashlib", "secrets", "logging"],
            },
        ),
        ("import tracker.app", {"PySide6", "httpx", "pydantic", "keyring", "email", "socket"}),
        ("import tracker.ui.system.idle", {"PySide6", "httpx", "pydantic"}),
        ("import tracker.ui.employee.window", {"jeepney", "keyring"}),
    ],
)
def test_importing_does_not_load(statement: str, kept_out: set[str]) -> None:
    assert loaded_by(statement) & kept_out == set()


def test_no_module_of_the_protocol_loads_qt_the_network_or_a_database() -> None:
    # The package itself is only a docstring: each of its modules has to be imported.
    everything = (
        "import importlib, pkgutil, tracker.protocol as p\n"
        "found = [m.name for m in pkgutil.iter_modules(p.__path__, 'tracker.protocol.')]\n"
        "assert len(found) >= 5, found\n"
        "[importlib.import_module(name) for name in found]"
    )
    loaded = loaded_by(everything)
    assert {"tracker", "pydantic"} <= loaded
    assert loaded & {"PySide6", "shiboken6", "httpx", "sqlite3", "_sqlite3"} == set()
