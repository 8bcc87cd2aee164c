"""The one border where a fault of this machine (a full disk, a folder that cannot be written)
becomes a sentence with Retry.

Qt has nobody to raise to: what leaves a slot ends in a log that the person never sees. So every
method of a window that reads or writes the profile for a signal stands behind this border.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from tracker.domain.errors import EnvironmentFault


class Teller(Protocol):
    def tell_fault(
        self, tried: str, fault: EnvironmentFault, again: Callable[[], None]
    ) -> None: ...


_P = ParamSpec("_P")
_T = TypeVar("_T", bound=Teller)
_Slot = Callable[Concatenate[_T, _P], None]


def border(tried: str) -> Callable[[_Slot[_T, _P]], _Slot[_T, _P]]:
    """`tried` ends the sentence "Unable to …". A fault means that nothing was done, so doing it
    again is safe; what was done already and only could not be shown has a border of its own."""

    def bordered(slot: _Slot[_T, _P]) -> _Slot[_T, _P]:
        @functools.wraps(slot)
        def run(window: _T, /, *args: _P.args, **named: _P.kwargs) -> None:
            try:
                slot(window, *args, **named)
            except EnvironmentFault as fault:
                window.tell_fault(tried, fault, lambda: run(window, *args, **named))

        return run

    return bordered
