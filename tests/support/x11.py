"""A person at a real screen: an X server without a window manager, and xdotool for the hands.

What the eyes do is read from the picture that Xvfb keeps in a file, so that a test waits for what
is shown and not for a while.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QImage

from tests.support.server import until

PATIENCE = 60.0
"""Seconds until something that should be seen counts as not coming, on a machine under load."""
WIDE, HIGH = 200, 6
"""Pixels from which an area of one colour is a strip: neither a line nor a button is one."""


def missing() -> list[str]:
    """Which programs this needs and does not find."""
    return [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]


@dataclass(frozen=True)
class Strip:
    """An area of one colour on the screen, in pixels."""

    left: int
    right: int
    middle: int

    def at(self, percent: float) -> tuple[int, int]:
        return round(self.left + (self.right - self.left) * percent / 100), self.middle


class Screen:
    """Xvfb on a display of its own, from `__init__` to `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._frames = Path(tempfile.mkdtemp(prefix="frames", dir=folder))
        reading, writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                # No auto-repeat: xdotool may wait for its turn while it holds a key down.
                ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-r",
                 "-noreset", "-nolisten", "tcp", "-fbdir", str(self._frames)],
                pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        finally:
            os.close(writing)
        with os.fdopen(reading) as line:
            self.display = f":{line.readline().strip()}"
        assert self.display != ":", f"Xvfb ended with {self._process.wait()}"

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)

    # -- hands -----------------------------------------------------------------------------

    def _do(self, *words: str, check: bool = True) -> list[str]:
        """Runs xdotool; what it printed, by lines."""
        done = subprocess.run(
            ["xdotool", *words], env={**os.environ, "DISPLAY": self.display},
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, (words, done.stderr)
        return done.stdout.split()

    def press(self, *keys: str) -> None:
        """Keys by their X names, each let go before the next: "Tab", "ctrl+Return"."""
        self._do("key", *keys)

    def write(self, text: str) -> None:
        self._do("type", "--delay", "5", "--", text)

    def click(self, place: tuple[int, int]) -> None:
        x, y = place
        self._do("mousemove", str(x), str(y), "click", "1")

    def click_foot(self, window: str) -> None:
        """The chip that says how synchronising goes lies at the foot of the rail."""
        lines = self._do("getwindowgeometry", "--shell", window)
        found = dict(line.split("=") for line in lines)
        self.click((int(found["X"]) + 120, int(found["Y"]) + int(found["HEIGHT"]) - 30))

    # -- eyes ------------------------------------------------------------------------------

    def find(self, title: str) -> list[str]:
        """Numbers of the visible windows whose title is this."""
        return self._do("search", "--onlyvisible", "--name", f"^{re.escape(title)}$", check=False)

    def wait_for(self, title: str) -> str:
        """Waits for the window with this title and gives it the keyboard, as a window manager does
        with a new one; its number."""
        window = self.see(title)
        self._do("windowfocus", window)
        self.until(lambda: self.has_focus(window), f"“{title}” has the focus")
        return window

    def see(self, title: str) -> str:
        """Waits for the window with this title; its number."""
        self.until(lambda: len(self.find(title)) == 1, f"a window “{title}”")
        (window,) = self.find(title)
        return window

    def has_focus(self, window: str) -> bool:
        return self._do("getwindowfocus", "-f") == [window]

    def strips(self, colour: str) -> list[Strip]:
        """From the top: areas of one colour ("#rrggbb") that are wide enough, whatever stands in
        them to the right."""
        red, green, blue = bytes.fromhex(colour.removeprefix("#"))
        pixel = re.escape(bytes((blue, green, red))) + b"."
        run = re.compile(b"(?:%s){%d,}" % (pixel, WIDE), re.DOTALL)
        found: list[Strip] = []
        block: list[tuple[int, int]] = []
        for y, row in enumerate([*self._rows(), b""]):
            if (seen := run.search(row)) is not None:
                block.append((seen.start() // 4, seen.end() // 4))
                continue
            if len(block) >= HIGH:
                left, right = min(a for a, _ in block), max(b for _, b in block)
                found.append(Strip(left, right, y - len(block) // 2))
            block = []
        return found

    def picture(self, path: Path) -> None:
        """Keeps what is on the screen as a PNG."""
        rows = self._rows()
        data = b"".join(rows)
        width = len(rows[0]) // 4
        image = QImage(data, width, len(rows), width * 4, QImage.Format.Format_RGB32)
        assert image.save(str(path))

    def _rows(self) -> list[bytes]:
        """The pixels of each row, four bytes each: blue, green, red, nothing."""
        data = (self._frames / "Xvfb_screen0").read_bytes()  # an X window dump, which is never over
        header, _, _, _, width, height = struct.unpack(">6I", data[:24])
        bits, line = struct.unpack(">2I", data[44:52])
        (colours,) = struct.unpack(">I", data[76:80])
        assert bits == 32
        start = header + 12 * colours
        return [data[start + y * line : start + y * line + 4 * width] for y in range(height)]

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Waits until it holds; else leaves a picture and says where."""
        try:
            until(lambda: bool(condition()), PATIENCE)
        except AssertionError:
            path = self._folder / "screen.png"
            self.picture(path)
            raise AssertionError(f"it did not come to pass: {what}; see {path}") from None


class Program:
    """`tracker` as a process on a screen, with nothing of the person who runs the tests: no token,
    no keyring, no settings. Another one in the same folder finds what the first one left. `words`
    are said on its command line: "monitor"."""

    def __init__(self, screen: Screen, folder: Path, *words: str) -> None:
        self._screen = screen
        home = folder / "home"
        home.mkdir(mode=0o700, exist_ok=True)
        self.data = data = folder / "data"
        data.mkdir(exist_ok=True)
        (data / "settings.toml").write_text('theme = "light"\n')
        foreign = ("TRACKER_", "QT_", "XDG_", "DBUS_", "WAYLAND_")
        kept = {n: value for n, value in os.environ.items() if not n.startswith(foreign)}
        own = {
            "DISPLAY": screen.display,
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "QT_QPA_PLATFORM": "xcb",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        handle, name = tempfile.mkstemp(prefix="tracker", suffix=".err", dir=folder)
        self._said = Path(name)
        with os.fdopen(handle, "wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tracker", "--data-dir", str(data), *words],
                env={**kept, **own}, stdout=said, stderr=said,
            )  # fmt: skip

    def close(self, window: str) -> tuple[int, str]:
        """Closes its window as a window manager's button does; exit code and all it said."""
        ask_to_close(self._screen.display, int(window))
        return self.wait()

    def wait(self) -> tuple[int, str]:
        """Until it ends by itself; exit code and all it said."""
        return self.process.wait(PATIENCE), self._said.read_text()

    def kill(self) -> None:
        """Harmless when it has ended already."""
        self.process.kill()
        self.process.wait()


class _ClientMessage(ctypes.Structure):
    """XClientMessageEvent, as long as an XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("rest", ctypes.c_long * 12),
    )


def ask_to_close(display: str, window: int) -> None:
    """Sends WM_DELETE_WINDOW: xdotool before 3.20210804 cannot, and some systems have that."""
    x = ctypes.CDLL("libX11.so.6")
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XInternAtom.restype = ctypes.c_ulong
    opened = ctypes.c_void_p(x.XOpenDisplay(display.encode()))
    assert opened, "no connection to the X server"
    message = _ClientMessage(type=33, window=window, format=32)
    message.message_type = x.XInternAtom(opened, b"WM_PROTOCOLS", 0)
    message.data[0] = x.XInternAtom(opened, b"WM_DELETE_WINDOW", 0)
    x.XSendEvent(opened, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(message))
    x.XCloseDisplay(opened)
