"""Where Tracker keeps things, and the few settings a person can change.

A profile is one person on one server in one kind of window. It has its own folder, readable by
its owner alone, so one person's waiting changes can never leave under another's sign-in.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from tracker.domain.errors import EnvironmentFault, InputError
from tracker.domain.task import Role

Scope = Literal["desk", "monitor"]
THEMES = ("system", "light", "dark", "contrast")


@dataclass(frozen=True, slots=True)
class Settings:
    """From `settings.toml` in the data folder. `poll_seconds` 3–60, `theme` one of `THEMES`,
    `idle_minutes` 1–60: so long nobody touched anything, and the person counts as idle."""

    poll_seconds: float = 5.0
    theme: str = "system"
    reduced_motion: bool = False
    report_activity: bool = True
    idle_minutes: int = 5
    notify_assigned: bool = True
    notify_changed: bool = True
    notify_overdue: bool = True
    close_to_tray: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """Who works here, written at sign-in; holds no secret."""

    folder: Path
    scope: Scope
    server_url: str
    server_id: str
    user_id: str
    name: str
    display_name: str
    role: Role
    tenant: str

    @property
    def secret_name(self) -> str:
        """Under which the keyring keeps the tokens."""
        return self.folder.name


def data_dir(chosen: str | None) -> Path:
    """--data-dir, else TRACKER_DATA_DIR, else the platform's folder for user data."""
    named = chosen or os.environ.get("TRACKER_DATA_DIR")
    if named:
        return Path(named).expanduser()
    import platformdirs  # 20 ms that the other two ways do not need

    return Path(platformdirs.user_data_dir("Tracker", appauthor=False))


def private_folder(path: Path) -> Path:
    """Makes the folder for its owner alone. E3006 when that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
    except OSError as error:
        raise EnvironmentFault("E3006", f"{path}: {error.strerror}.") from error
    return path


def read_settings(root: Path, folder: Path | None = None) -> Settings:
    """Of the data folder, for everybody on this machine; with a profile's folder what that person
    chose goes before it. A person's choices about themself must not be another's."""
    paths = [one / "settings.toml" for one in (root, folder) if one is not None]
    paths = [path for path in paths if path.exists()]
    if not paths:
        return Settings()
    import tomllib  # 3 ms that most commands do not need

    found: dict[str, object] = {}
    for path in paths:
        try:
            found |= tomllib.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise InputError("E2065", f"({path}: {error})", "settings") from error
    return _settings_of(found, paths[-1])


def _settings_of(found: dict[str, object], path: Path) -> Settings:
    """What a later Tracker wrote beside is left alone."""
    known: dict[str, Any] = {}
    for field in fields(Settings):
        value = found.get(field.name, field.default)
        if isinstance(field.default, bool) or isinstance(value, bool):
            fits = isinstance(field.default, bool) and isinstance(value, bool)
        elif isinstance(field.default, str):
            fits = isinstance(value, str)
        else:
            fits = isinstance(value, int | float)
        if not fits:
            raise InputError("E2065", f"({path}: {field.name})", "settings")
        known[field.name] = value
    if known["theme"] not in THEMES:
        raise InputError("E2005", f"theme is one of {', '.join(THEMES)}.", "theme")
    # In this order nan becomes the least, and no number is too large to be converted.
    known["poll_seconds"] = float(min(60.0, max(3.0, known["poll_seconds"])))
    known["idle_minutes"] = int(min(60, max(1, known["idle_minutes"])))
    return Settings(**known)


def write_settings(folder: Path, changes: Mapping[str, object]) -> None:
    """Writes these settings, by name, and leaves what else is in the file alone: other settings,
    comments, and what a later Tracker wrote; atomic against a crash. E3006."""
    private_folder(folder)
    path = folder / "settings.toml"
    ours = re.compile(rf"\s*({'|'.join(changes)})\s*=")
    try:
        kept = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except (ValueError, OSError):
        kept = []  # it could not be read at the start either
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in changes.items()]
    # In front of the rest, as what follows a [table] would belong to it.
    tables = next((at for at, line in enumerate(kept) if line.lstrip().startswith("[")), len(kept))
    lines += [f"{line}\n" for at, line in enumerate(kept) if at >= tables or not ours.match(line)]
    write_text(path, "".join(lines))


def differing(before: Settings, after: Settings) -> dict[str, object]:
    """The settings that are other ones now, by name."""
    return {
        field.name: getattr(after, field.name)
        for field in fields(Settings)
        if getattr(before, field.name) != getattr(after, field.name)
    }


def check_server_url(url: str) -> str:
    """The address without a trailing slash. E2007 without http(s):// and a host."""
    url = url.strip().rstrip("/")
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        raise InputError("E2007", field="server")
    return url


def profile_folder(root: Path, server_url: str, name: str, scope: Scope) -> Path:
    import hashlib  # only signing in needs it

    mark = hashlib.sha256(f"{server_url}\n{name}".encode()).hexdigest()[:8]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:30]
    return root / "profiles" / f"{slug}-{mark}-{scope}"


def save_profile(root: Path, profile: Profile) -> None:
    """Writes profile.json and makes it the current one of its scope; atomic against a crash."""
    private_folder(profile.folder)
    known = {k: v for k, v in asdict(profile).items() if k != "folder"}
    _write(profile.folder / "profile.json", known)
    choose_profile(root, profile)


def _write(path: Path, content: dict[str, object]) -> None:
    write_text(path, json.dumps(content, indent=1))


def write_text(path: Path, text: str) -> None:
    """Replaces a file of a profile, whole or not at all. E3006."""
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise EnvironmentFault("E3006", f"{path}: {error.strerror}.") from error


def current_profile(root: Path, scope: Scope) -> Profile | None:
    """The profile last signed in to; None on a first start."""
    pointer = root / f"current-{scope}.json"
    if not pointer.exists():
        return None
    try:
        named = json.loads(pointer.read_text(encoding="utf-8"))["folder"]
        return _profile_in(root / "profiles" / named)
    except (ValueError, KeyError, TypeError, OSError):
        return None  # unreadable: signing in again writes it anew, and the outbox beside it stays


def known_profiles(root: Path, scope: Scope) -> list[Profile]:
    """Everybody who signed in here for this kind of window, by name; also who signed out, as their
    unsent changes are still here."""
    found = []
    for path in sorted((root / "profiles").glob(f"*-{scope}/profile.json")):
        try:
            found.append(_profile_in(path.parent))
        except (ValueError, KeyError, TypeError, OSError):
            continue  # signing in writes it anew
    return sorted(found, key=lambda profile: (profile.display_name, profile.server_url))


def choose_profile(root: Path, profile: Profile) -> None:
    """Makes it the one that opens next."""
    _write(root / f"current-{profile.scope}.json", {"folder": profile.folder.name})


def _profile_in(folder: Path) -> Profile:
    found = json.loads((folder / "profile.json").read_text(encoding="utf-8"))
    # A newer Tracker may have written more than this one knows.
    known = {f.name: found[f.name] for f in fields(Profile) if f.name != "folder"}
    return Profile(folder=folder, **{**known, "role": Role(known["role"])})
