"""What nobody caught: an exception that left a slot or a thread, and what Qt complains of.

All of it goes into the log; the person hears of the first, as silence looks like a button that does
nothing.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)

if TYPE_CHECKING:
    from tracker.ui.widgets.papers import Papers

QUIET_SECONDS = 5.0
"""So long after one was told the next are only logged: one that is raised while a widget paints
comes again and again."""
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

log = logging.getLogger(__name__)
qt_log = logging.getLogger("qt")


class Faults(QObject):
    """Takes the hooks of the process until `stop`. `happened` carries the exception's type by name,
    into the thread of whoever is told."""

    happened = Signal(str)

    def __init__(self, *, crashed: bool = False) -> None:
        super().__init__()
        self._crashed = crashed
        self._told_at = -QUIET_SECONDS
        self._before = (sys.excepthook, threading.excepthook)
        self._qt_before = qInstallMessageHandler(_qt_said)
        sys.excepthook = self._raised
        threading.excepthook = self._raised_in_thread

    def stop(self) -> None:
        sys.excepthook, threading.excepthook = self._before
        qInstallMessageHandler(self._qt_before)

    def follow(self, papers: Papers) -> None:
        """A window opened: it tells of what happens from now on, and once of a crash before."""
        self.happened.connect(papers.tell_bug)
        if self._crashed:
            self._crashed = False
            papers.tell_crash()

    def _raised(
        self, kind: type[BaseException], bug: BaseException, trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, Exception):  # Ctrl-C
            sys.__excepthook__(kind, bug, trace)
            return
        log.critical("nobody caught an exception", exc_info=(kind, bug, trace))
        now = time.monotonic()
        if now - self._told_at >= QUIET_SECONDS:
            self._told_at = now
            self.happened.emit(kind.__name__)

    def _raised_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._raised(args.exc_type, args.exc_value, args.exc_traceback)


def _qt_said(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    qt_log.log(_LEVELS.get(kind, logging.WARNING), "%s: %s", context.category, message)
