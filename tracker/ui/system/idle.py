"""For how long nobody has touched keyboard or mouse, or None: nobody here can tell.

None is UNKNOWN, and whoever reports activity has to say so: a guess would be a false word about a
person. What is asked, the first that answers:

    Windows       GetLastInputInfo                         windows.py
    macOS         CGEventSourceSecondsSinceLastEventType   macos.py
    elsewhere  1. GNOME's compositor (Mutter), D-Bus       desktop_bus.py
               2. X11's screen saver extension             x11.py
               3. KDE's screen locker, D-Bus               desktop_bus.py

Under Wayland only the first of these is asked: XWayland sees only what is typed into X11's windows,
and KDE's locker has no answer there (0 up to Plasma 5.26, an error since). So Plasma and wlroots on
Wayland are UNKNOWN. Those of Windows and macOS have not been run on these systems yet, only their
arithmetic.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

log = logging.getLogger(__name__)

LOOK_AGAIN = 60.0
"""Seconds."""

Ask = Callable[[], int]
"""Asks the system once: milliseconds, or CannotTell. The window's thread waits for it."""
Load = Callable[[str], Any]
"""Opens a shared library by name; OSError if it is not there."""


class CannotTell(Exception):
    """The system gave no answer; says why."""


class IdleSource(Protocol):
    name: str

    def idle_ms(self) -> int | None:
        """Milliseconds since the last touch of keyboard or mouse, None if unknown. Never raises."""


class Watched:
    """An `IdleSource` of a way to ask. That it has no answer is logged once until it has one."""

    def __init__(self, name: str, ask: Ask) -> None:
        self.name = name
        self._ask = ask
        self._complained = False

    def idle_ms(self) -> int | None:
        try:
            idle = self._ask()
        except CannotTell as why:
            if not self._complained:
                log.warning("%s cannot tell how long nobody was here: %s", self.name, why)
            self._complained = True
            return None
        self._complained = False
        return idle


def load(name: str) -> Any:
    if sys.platform == "win32":
        return ctypes.WinDLL(name)
    return ctypes.CDLL(name)


def find(
    platform: str = sys.platform,
    environ: Mapping[str, str] = os.environ,
    load: Load = load,
) -> IdleSource | None:
    """The first source that answers now, None if none does; a desktop that is still starting may
    have one later. Asks each once, in the window's thread, after QApplication was made."""
    for name, opened in _candidates(platform, environ, load):
        try:
            ask = opened()
            ask()
        except CannotTell as why:
            log.debug("%s cannot tell how long nobody was here: %s", name, why)
        else:
            return Watched(name, ask)
    return None


class Finding:
    """Looks for a source when it is first asked, which is after the window was painted, and again
    every minute while there is none: a desktop that is still starting may have one later."""

    def __init__(
        self,
        look: Callable[[], IdleSource | None] = find,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look, self._monotonic = look, monotonic
        self._source: IdleSource | None = None
        self._next = 0.0

    def idle_ms(self) -> int | None:
        now = self._monotonic()
        if self._source is None and now >= self._next:
            self._next = now + LOOK_AGAIN
            self._source = self._look()
        return self._source.idle_ms() if self._source else None


def _candidates(
    platform: str, environ: Mapping[str, str], load: Load
) -> Iterator[tuple[str, Callable[[], Ask]]]:
    """Names and what opens them, in the order of asking. A room's module is loaded when its turn
    comes, so that no start pays for a bus before it is needed."""
    if platform == "win32":
        from tracker.ui.system import windows

        yield "GetLastInputInfo", lambda: windows.opened(load)
        return
    if platform == "darwin":
        from tracker.ui.system import macos

        yield "CGEventSource", lambda: macos.opened(load)
        return
    from tracker.ui.system import desktop_bus, x11

    yield "Mutter", lambda: desktop_bus.opened(environ, desktop_bus.MUTTER)
    if environ.get("WAYLAND_DISPLAY") or environ.get("XDG_SESSION_TYPE") == "wayland":
        return
    yield "XScreenSaver", lambda: x11.opened(environ, load)
    yield "KDE", lambda: desktop_bus.opened(environ, desktop_bus.KDE)
