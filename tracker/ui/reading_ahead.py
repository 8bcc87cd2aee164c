"""Imports code before somebody needs it, while the window goes on.

What knows nothing of Qt is imported in the pool. What does is imported in the window's thread, some
milliseconds a turn: PySide makes each of its classes when it is first named, and not safely so in
two threads at once; windows died of that (docs/adr/017-charts.md).
"""

from __future__ import annotations

import ast
import functools
import logging
import sys
import time
from collections.abc import Callable, Generator, Iterable
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.util import find_spec, module_from_spec
from pkgutil import iter_modules

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QObject, QTimer

from tracker.ui.bridge import Errand, busy

TURN_S = 0.005
"""So long the window's thread reads on, unless one step takes longer; then it does everything
else."""
log = logging.getLogger(__name__)
Steps = Generator[None, None, None]


class ReadingAhead(QObject):
    """Imports `plain` modules in the pool and then takes `steps` in the window's thread. `then` is
    called with None, or with what went wrong."""

    def __init__(
        self, owner: QObject, plain: Callable[[], Iterable[str]], steps: Steps,
        then: Callable[[Exception | None], None],
    ) -> None:  # fmt: skip
        """The names of the `plain` ones are found in the pool too."""
        super().__init__(owner)
        self._steps = steps
        self._then: Callable[[Exception | None], None] | None = then
        self._turn = QTimer(self)
        self._turn.timeout.connect(self._go_on)
        self._first = Errand(self, functools.partial(_import_all, plain), self._begin)

    def stop(self) -> None:
        """Nobody needs it any more."""
        self._first.forget()
        self._then = None
        self._end(None)

    def _end(self, outcome: Exception | None) -> None:
        self._turn.stop()
        self._steps.close()
        then, self._then = self._then, None
        self.deleteLater()
        if then is not None:
            then(outcome)

    def _begin(self, outcome: Exception | None) -> None:
        if outcome is not None:
            self._end(outcome)
        else:
            self._turn.start(0)

    def _go_on(self) -> None:
        until = time.perf_counter() + TURN_S
        try:
            while time.perf_counter() < until:
                next(self._steps)
        except StopIteration:
            self._end(None)
        except Exception as bug:
            log.exception("code could not be imported")
            self._end(bug)


def _import_all(plain: Callable[[], Iterable[str]]) -> None:
    with busy():
        for name in plain():
            import_module(name)


def modules_in(package: str) -> list[str]:
    """The names of a package's own modules."""
    return [f"{package}.{one.name}" for one in iter_modules(import_module(package).__path__)]


def classes() -> Steps:
    """Has PySide make all of its classes that widgets are made of: 5 MB."""
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            getattr(module, name)
            yield


def modules(names: Iterable[str]) -> Steps:
    for name in names:
        import_module(name)
        yield


def statements(package: str) -> Steps:
    """Imports a package whose own file is a hundred imports, one at a time; half of it is not left
    behind. Nobody else may import it meanwhile."""
    spec = find_spec(package)
    if spec is None or not isinstance(spec.loader, InspectLoader) or package in sys.modules:
        import_module(package)  # says what is wrong, if anything is
        return
    source = spec.loader.get_source(package)
    if source is None:  # frozen without it
        import_module(package)
        return
    path = spec.origin or package
    module = sys.modules[package] = module_from_spec(spec)
    try:
        for statement in ast.parse(source, path).body:
            code = compile(ast.Module([statement], []), path, "exec", dont_inherit=True)
            exec(code, module.__dict__)  # noqa: S102 - as every import does
            yield
    except BaseException:
        del sys.modules[package]
        raise
