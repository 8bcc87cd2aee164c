"""Windows' own count of milliseconds at the last input of this session.

Not run on Windows yet.
"""

from __future__ import annotations

import ctypes

from tracker.ui.system.idle import Ask, CannotTell, Load

WRAP = 1 << 32
"""Both counts are of 32 bits: they begin again every 49.7 days."""
AHEAD_MS = 1_000
"""Input may carry a tick later than the clock's, which moves in steps of 10 to 16 ms. Without this
it would read as 49.7 days with nobody here; a true idleness within a second of that reads as 0."""


class LastInputInfo(ctypes.Structure):
    _fields_ = (("cbSize", ctypes.c_uint32), ("dwTime", ctypes.c_uint32))


def opened(load: Load) -> Ask:
    try:
        last_input = load("user32").GetLastInputInfo
        tick_count = load("kernel32").GetTickCount
    except (OSError, AttributeError) as error:
        raise CannotTell(str(error)) from error
    last_input.argtypes = [ctypes.POINTER(LastInputInfo)]
    last_input.restype = ctypes.c_int
    tick_count.argtypes = []
    tick_count.restype = ctypes.c_uint32

    def ask() -> int:
        info = LastInputInfo(cbSize=ctypes.sizeof(LastInputInfo))
        if not last_input(ctypes.byref(info)):
            raise CannotTell("GetLastInputInfo failed")
        return since(info.dwTime, tick_count())

    return ask


def since(last: int, now: int) -> int:
    """Milliseconds between two ticks."""
    idle = (now - last) % WRAP
    return 0 if idle >= WRAP - AHEAD_MS else idle
