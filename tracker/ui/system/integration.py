"""Starting with the system, and opening `tracker://` links: entries of the person's own account in
the places each system documents. Nothing here needs an administrator.

    Linux    autostart and applications folders of freedesktop.org, xdg-mime where it is there
    Windows  HKCU: Run, and Classes\\tracker
    macOS    a LaunchAgent; links need an application bundle, so they are not offered here

Those of Windows and macOS have not been run on these systems yet.
"""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracker.domain.errors import EnvironmentFault
from tracker.services.links import SCHEME

_SECONDS = 10
_ICON = Path(__file__).parents[1] / "theme" / "icons" / "app.svg"


def program(root: Path | None = None) -> list[str]:
    """What starts this installation of Tracker, on this data folder."""
    where = ["--data-dir", str(root)] if root else []
    return [sys.executable, "-m", "tracker", *where]


class Entry(ABC):
    """Something that the system does for the person when it is `on`."""

    @abstractmethod
    def is_on(self) -> bool: ...

    @abstractmethod
    def _set(self, on: bool) -> None: ...

    def set(self, on: bool) -> None:
        """E3012 where it cannot be written."""
        try:
            self._set(on)
        except OSError as error:
            raise EnvironmentFault("E3012", f"({error.strerror or error})") from error
        except subprocess.TimeoutExpired as error:
            raise EnvironmentFault("E3012", f"({error.cmd[0]} did not answer)") from error


class DesktopFile(Entry):
    """A .desktop file; `links` makes it the one that opens tracker:// links."""

    def __init__(self, path: Path, command: Sequence[str], *, links: bool) -> None:
        self._path, self._command, self._links = path, command, links

    def is_on(self) -> bool:
        return self._path.exists()

    def _set(self, on: bool) -> None:
        if not on:
            self._path.unlink(missing_ok=True)
            self._tell_desktop()
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        words = [_quoted(part) for part in self._command]
        more = ["Terminal=false", "Categories=Office;"]
        if self._links:
            words += ["open", "%u"]
            more += [f"MimeType=x-scheme-handler/{SCHEME};", "NoDisplay=true"]
        lines = ["[Desktop Entry]", "Type=Application", "Name=Tracker",
                 "Comment=Tasks and progress, also without network", f"Icon={_ICON}",
                 f"Exec={' '.join(words)}", *more]  # fmt: skip
        self._path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._tell_desktop()

    def _tell_desktop(self) -> None:
        """The desktops that keep a list of who opens what read it anew."""
        if not self._links:
            return
        commands = [["update-desktop-database", str(self._path.parent)]]
        if self.is_on():
            commands.append(["xdg-mime", "default", self._path.name, f"x-scheme-handler/{SCHEME}"])
        for command in commands:
            if (found := shutil.which(command[0])) is not None:
                subprocess.run(  # noqa: S603 - our own words, no shell
                    [found, *command[1:]], check=False, capture_output=True, timeout=_SECONDS
                )


def _quoted(word: str) -> str:
    """As the Desktop Entry Specification wants an argument: quoted, and then each backslash of that
    doubled once more, as in every text of the file."""
    for special in ("\\", '"', "`", "$"):
        word = word.replace(special, "\\" + special)
    return f'"{word}"'.replace("\\", "\\\\").replace("%", "%%")


class LaunchAgent(Entry):
    def __init__(self, path: Path, command: Sequence[str]) -> None:
        self._path, self._command = path, command

    def is_on(self) -> bool:
        return self._path.exists()

    def _set(self, on: bool) -> None:
        if not on:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        agent = {"Label": "tracker", "ProgramArguments": [*self._command], "RunAtLoad": True}
        self._path.write_bytes(plistlib.dumps(agent))


class RunKey(Entry):
    """`registry` is winreg, or something that answers like it."""

    _WHERE = r"Software\Microsoft\Windows\CurrentVersion\Run"

    def __init__(self, registry: Any, command: Sequence[str]) -> None:
        self._registry, self._command = registry, command

    def is_on(self) -> bool:
        reg = self._registry
        try:
            with reg.OpenKey(reg.HKEY_CURRENT_USER, self._WHERE) as key:
                reg.QueryValueEx(key, "Tracker")
        except FileNotFoundError:
            return False
        return True

    def _set(self, on: bool) -> None:
        reg = self._registry
        with reg.CreateKey(reg.HKEY_CURRENT_USER, self._WHERE) as key:
            if on:
                command = subprocess.list2cmdline(self._command)
                reg.SetValueEx(key, "Tracker", 0, reg.REG_SZ, command)
            elif self.is_on():
                reg.DeleteValue(key, "Tracker")


class LinkClass(Entry):
    _WHERE = rf"Software\Classes\{SCHEME}"
    _COMMAND = rf"{_WHERE}\shell\open\command"

    def __init__(self, registry: Any, command: Sequence[str]) -> None:
        self._registry, self._command = registry, command

    def is_on(self) -> bool:
        reg = self._registry
        try:
            with reg.OpenKey(reg.HKEY_CURRENT_USER, self._COMMAND):
                return True
        except FileNotFoundError:
            return False

    def _set(self, on: bool) -> None:
        reg = self._registry
        if on:
            with reg.CreateKey(reg.HKEY_CURRENT_USER, self._WHERE) as key:
                reg.SetValueEx(key, "URL Protocol", 0, reg.REG_SZ, "")
            with reg.CreateKey(reg.HKEY_CURRENT_USER, self._COMMAND) as key:
                command = f'{subprocess.list2cmdline([*self._command, "open"])} "%1"'
                reg.SetValueEx(key, "", 0, reg.REG_SZ, command)
        elif self.is_on():
            for inner in (r"\shell\open\command", r"\shell\open", r"\shell", ""):
                reg.DeleteKey(reg.HKEY_CURRENT_USER, self._WHERE + inner)


def at_start(
    platform: str = sys.platform, home: Path | None = None, root: Path | None = None
) -> Entry:
    """Opens Tracker when the person signs in to their computer."""
    home, command = home or Path.home(), program(root)
    if platform == "win32":
        import winreg

        return RunKey(winreg, command)
    if platform == "darwin":
        return LaunchAgent(home / "Library" / "LaunchAgents" / "tracker.plist", command)
    return DesktopFile(_config(home) / "autostart" / "tracker.desktop", command, links=False)


def of_links(
    platform: str = sys.platform, home: Path | None = None, root: Path | None = None
) -> Entry | None:
    """Opens tracker:// links with this program; None where that takes more than an entry."""
    home, command = home or Path.home(), program(root)
    if platform == "win32":
        import winreg

        return LinkClass(winreg, command)
    if platform == "darwin":
        return None
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return DesktopFile(data / "applications" / "tracker-links.desktop", command, links=True)


def _config(home: Path) -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
