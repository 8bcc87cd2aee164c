"""What a window knows of the program around it; `app.py` puts it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tracker.config import Settings
from tracker.services.credentials import InMemory
from tracker.sync.ports import Credentials


def _cannot_tell() -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`idle_ms` asks the operating system how long nobody touched keyboard or mouse, None where it
    cannot tell. `log_folder` holds what support may ask for. `environ` says where the desktop is to
    be told something; without it nothing leaves the window."""

    root: Path
    settings: Settings
    credentials: Credentials
    idle_ms: Callable[[], int | None] = _cannot_tell
    log_folder: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


def bare(root: Path) -> Surroundings:
    """Of a window that stands alone: nothing of the person is reported."""
    return Surroundings(root, Settings(report_activity=False), InMemory())
