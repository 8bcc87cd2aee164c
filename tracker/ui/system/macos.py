"""macOS' own time since the last keyboard, mouse or tablet event, by a documented call that asks
for no permission and leaves nothing to release.

Not run on macOS yet.
"""

from __future__ import annotations

import ctypes
import math

from tracker.ui.system.idle import Ask, CannotTell, Load

LIBRARY = "/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices"
HID_SYSTEM_STATE = 1
"""kCGEventSourceStateHIDSystemState: hardware, not what programs make up."""
ANY_INPUT_EVENT = 0xFFFFFFFF
"""kCGAnyInputEventType, ~0 as an unsigned number of 32 bits."""


def opened(load: Load) -> Ask:
    try:
        seconds_since = load(LIBRARY).CGEventSourceSecondsSinceLastEventType
    except (OSError, AttributeError) as error:
        raise CannotTell(str(error)) from error
    seconds_since.argtypes = [ctypes.c_int32, ctypes.c_uint32]
    seconds_since.restype = ctypes.c_double

    def ask() -> int:
        seconds = seconds_since(HID_SYSTEM_STATE, ANY_INPUT_EVENT)
        if not math.isfinite(seconds) or seconds < 0:
            raise CannotTell(f"it answered {seconds}")
        return int(seconds * 1_000)

    return ask
