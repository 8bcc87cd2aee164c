"""X11's time since the last input, from its screen saver extension (libXss).

Each question opens a connection of its own and closes it, 0.1 ms on one machine. One that stayed
open would end the process with the X server: Xlib exits on a broken connection. Like this an X
server that is gone cannot be reached, which is an answer.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

from tracker.ui.system.idle import Ask, CannotTell, Load


class ScreenSaverInfo(ctypes.Structure):
    """XScreenSaverInfo of X11/extensions/scrnsaver.h; `idle` in ms."""

    _fields_ = (
        ("window", ctypes.c_ulong),
        ("state", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("til_or_since", ctypes.c_ulong),
        ("idle", ctypes.c_ulong),
        ("event_mask", ctypes.c_ulong),
    )


def opened(environ: Mapping[str, str], load: Load) -> Ask:
    name = environ.get("DISPLAY")
    if not name:
        raise CannotTell("DISPLAY is not set")
    display_name = name.encode()
    try:
        xlib, xss = load("libX11.so.6"), load("libXss.so.1")
    except OSError as error:
        raise CannotTell(str(error)) from error
    display, number = ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)
    xlib.XOpenDisplay.argtypes = [ctypes.c_char_p]
    xlib.XOpenDisplay.restype = display
    xlib.XDefaultRootWindow.argtypes = [display]
    xlib.XDefaultRootWindow.restype = ctypes.c_ulong
    xlib.XCloseDisplay.argtypes = [display]
    xlib.XCloseDisplay.restype = ctypes.c_int
    xss.XScreenSaverQueryExtension.argtypes = [display, number, number]
    xss.XScreenSaverQueryExtension.restype = ctypes.c_int
    xss.XScreenSaverQueryInfo.argtypes = [
        display,
        ctypes.c_ulong,
        ctypes.POINTER(ScreenSaverInfo),
    ]
    xss.XScreenSaverQueryInfo.restype = ctypes.c_int

    def query(connection: int) -> int:
        # The first event and error of the extension, which nobody asked for.
        event, error, info = ctypes.c_int(), ctypes.c_int(), ScreenSaverInfo()
        # Asked first, as an X error would end the process; libXss' own check writes to stderr.
        if not xss.XScreenSaverQueryExtension(connection, ctypes.byref(event), ctypes.byref(error)):
            raise CannotTell("the X server has no screen saver extension")
        root = xlib.XDefaultRootWindow(connection)
        if not xss.XScreenSaverQueryInfo(connection, root, ctypes.byref(info)):
            raise CannotTell("XScreenSaverQueryInfo failed")
        return int(info.idle)

    def ask() -> int:
        connection = xlib.XOpenDisplay(display_name)
        if not connection:
            raise CannotTell(f"no connection to the X server {name}")
        try:
            return query(connection)
        finally:
            xlib.XCloseDisplay(connection)

    return ask
