"""What support needs to find a fault, in one file that holds nothing of what people wrote.

No token, no title, note, comment or draft goes in: only counts, codes, versions, and our own files
of log. Names of the person and of their folder are taken out of all of it.
"""

from __future__ import annotations

import io
import platform
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tracker.cache import database
from tracker.config import Profile, Settings
from tracker.domain.errors import TrackerError
from tracker.domain.instants import rfc3339, utc
from tracker.services import doctor
from tracker.services.workspace import open_workspace
from tracker.sync.engine import Report

CONTENTS = (
    ("versions.txt", "Versions of Tracker, Python, Qt, SQLite and this system"),
    ("settings.txt", "Your settings"),
    ("profile.txt", "The server's address, your role, and ids"),
    ("doctor.txt", "What tracker doctor says of this machine"),
    ("counts.txt", "How many tasks and unsent or refused changes there are, by kind and code"),
    ("synchronising.txt", "How synchronising went the last time"),
    ("logs", "Tracker's log files and crash logs"),
)
"""What the dialog lists beforehand: (name, words)."""
_DIRECT = "PySide6_Essentials"


@dataclass(frozen=True, slots=True)
class Source:
    """What the bundle tells of. `qt` is Qt's version, `report` how the last run ended."""

    root: Path
    profile: Profile
    settings: Settings
    log_folder: Path | None
    qt: str
    report: Report | None = None


def versions(qt: str) -> dict[str, str]:
    return {
        "Tracker": _version("tracker-desktop"),
        "Python": platform.python_version(),
        "Qt": qt,
        "PySide6": _version(_DIRECT),
        "SQLite": database.VERSION,
        "System": platform.platform(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"  # run from its source, or packed without what pip notes


def bundle(source: Source, now: int) -> bytes:
    """The zip file; `now` in ms. Reads the profile on connections of its own, in any thread. A part
    that cannot be read says why in its place: then it is what support has to see."""
    clean = _cleaner(source.profile)
    parts: dict[str, Callable[[], str]] = {
        "versions.txt": lambda: _table(versions(source.qt)),
        "settings.txt": lambda: _table(asdict(source.settings)),
        "profile.txt": lambda: _table(_profile(source.profile)),
        "doctor.txt": lambda: _doctor(source),
        "counts.txt": lambda: _table(_counts(source.profile)),
        "synchronising.txt": lambda: _table(_last_run(source.report)),
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:

        def add(name: str, text: str) -> None:
            info = zipfile.ZipInfo(name, utc(now).timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            file.writestr(info, clean(text))

        for name, make in parts.items():
            add(name, _or_why_not(make))
        for path in _logs(source.log_folder):
            add(f"logs/{path.name}", _or_why_not(lambda path=path: _text(path)))  # type: ignore[misc]
    return written.getvalue()


def _or_why_not(make: Callable[[], str]) -> str:
    try:
        return make()
    except TrackerError as fault:
        return f"could not be read: {fault.code}\n"
    except OSError as error:
        return f"could not be read: {error.strerror}\n"


def _table(values: Mapping[str, object]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in values.items())


def _profile(profile: Profile) -> dict[str, object]:
    """Neither the person's name nor the tenant's."""
    return {
        "server": doctor.bare(profile.server_url),
        "server id": profile.server_id,
        "user id": profile.user_id,
        "role": profile.role.value,
        "window": profile.scope,
    }


def _doctor(source: Source) -> str:
    return "".join(
        f"{doctor.line(what, words)}\n" for what, words in doctor.look(source.root, source.profile)
    )


def _counts(profile: Profile) -> dict[str, object]:
    with closing(open_workspace(profile)) as workspace:
        tasks = Counter(brief.status.value for brief, _ in workspace.projection.listing())
        waiting = workspace.outbox.waiting()
        kinds = Counter(item.action.kind.value for item in waiting)
        codes = Counter(entry.receipt.code or "E5008" for entry in workspace.outbox.tray())
        tally = workspace.outbox.tally()
    sizes = {path.name: path.stat().st_size for path in profile.folder.iterdir() if path.is_file()}
    return {
        "tasks": tasks.total(),
        **_each("tasks", tasks),
        "waiting": len(waiting),
        **_each("waiting", kinds),
        "waiting, tried once an hour": tally.parked,
        "waiting behind those": tally.behind,
        "refused": codes.total(),
        **_each("refused", codes),
        **{f"bytes of {name}": size for name, size in sorted(sizes.items())},
    }


def _each(what: str, counter: Mapping[str, int]) -> dict[str, object]:
    return {f"{what}, {name}": count for name, count in sorted(counter.items())}


def _last_run(report: Report | None) -> dict[str, object]:
    """Of a fault its code alone: what a server says beside it could be anything."""
    if report is None:
        return {"state": "none has ended since the window opened"}
    return {
        "state": report.state.value,
        "at": rfc3339(report.at),
        "sent": report.sent,
        "waiting": report.waiting,
        "refused": report.tray,
        "tried once an hour": report.parked,
        "stuck since": rfc3339(report.stuck_since),
        "fault": report.fault.code if report.fault else None,
        "asked to wait, seconds": report.retry_after,
    }


def _logs(folder: Path | None) -> list[Path]:
    """tracker.log, tracker.log.1, crash.log, crash-1.log, and the monitor's: nothing else that
    somebody put there."""
    ours = re.compile(r"(tracker|crash)(-monitor)?(-1)?\.log(\.\d)?")
    if folder is None or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if ours.fullmatch(path.name) and path.is_file())


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _cleaner(profile: Profile) -> Callable[[str], str]:
    """Takes out the person's names, as words, and the folders that are called after them."""
    address = profile.server_url
    words = {address: doctor.bare(address), profile.folder.name: "<profile>", str(Path.home()): "~"}
    for name in (profile.display_name, profile.name, profile.tenant):
        words.setdefault(name, "<name>")
    longest = sorted((word for word in words if word.strip("/\\")), key=len, reverse=True)
    found = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in longest)
    pattern = re.compile(found)
    return lambda text: pattern.sub(lambda match: words[match[0]], text)
