"""Everything a window can do, as QActions: keys, the command palette and the list of shortcuts all
read the same ones, so none can be forgotten in one of them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow

Do = Callable[[], object]
May = Callable[[], bool]


class Commands:
    """Bound to a window, which owns the actions."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._may: dict[QAction, May] = {}

    def add(self, name: str, do: Do, keys: str = "", may: May | None = None) -> QAction:
        """`may` says whether it makes sense now; it is asked when it is done or listed, so that
        nothing has to be told of every change of the selection."""
        action = QAction(name, self._window)
        action.triggered.connect(lambda _checked=False: self._do(action, do))
        if keys:
            action.setShortcut(QKeySequence(keys))
        self._window.addAction(action)
        if may is not None:
            self._may[action] = may
        return action

    def listed(self) -> list[QAction]:
        """Those that make sense now, in the order they were added."""
        return [action for action in self._window.actions() if self.fits(action)]

    def with_keys(self) -> list[QAction]:
        return [a for a in self._window.actions() if not a.shortcut().isEmpty()]

    def fits(self, action: QAction) -> bool:
        may = self._may.get(action)
        return bool(action.text()) and (may is None or may())

    def _do(self, action: QAction, do: Do) -> None:
        if self.fits(action):
            do()


def found(words: str, names: list[str]) -> list[int]:
    """The places of the names that hold every word, those that begin with what was typed first."""
    wanted = words.casefold().split()
    fitting = [
        place for place, name in enumerate(names) if all(word in name.casefold() for word in wanted)
    ]
    typed = words.casefold().strip()
    return sorted(fitting, key=lambda place: not names[place].casefold().startswith(typed))
