"""The log of a window, and what is left of one that crashed.

    tracker.log     INFO and above of ours, WARNING and above of everybody's; 1 MB, two before it
    crash.log       where the interpreter writes its stack when the process dies of a signal
    crash-1.log     what crash.log held when the window started the last time after that

The monitor has files of its own, `tracker-monitor.log` and so on: both windows may be open, and one
process must not move a file from under another. Standard library only, and loaded by windows alone.

No line says what people wrote or who they are. Ours do not; the message of a foreign exception
might ("invalid value 'Replace pump seal'"), so the files have its type and its stack, without it.
"""

from __future__ import annotations

import copy
import errno
import faulthandler
import logging
import re
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from tracker.config import Scope, private_folder
from tracker.domain.errors import EnvironmentFault

MOST_BYTES = 1_000_000
KEPT = 2
"""Files beside the one that is written."""
_NAMES = {"desk": "", "monitor": "-monitor"}
_HARMLESS = (AttributeError, NameError, ImportError)
"""Their messages name what is in the source, nothing that it works on."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Logs:
    """Being written until `stop`. `crashed` says that the run before left a stack."""

    handler: logging.Handler | None
    crash_file: BinaryIO | None
    crashed: bool

    def stop(self) -> None:
        log.info("ended")
        if self.crash_file is not None:
            faulthandler.disable()
            # On Windows also exceptions that somebody handled are written: it ended well all the
            # same.
            self.crash_file.truncate(0)
            self.crash_file.close()
        if self.handler is not None:
            logging.getLogger().removeHandler(self.handler)
            self.handler.close()


def to_stderr() -> None:
    """WARNING and above, in full: whoever sees the terminal sees the data too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
    logging.getLogger().addHandler(handler)


def start(folder: Path, scope: Scope) -> Logs:
    """Begins a window's files. Where they cannot be written that is said on stderr, and the window
    works without them."""
    try:
        private_folder(folder)
        handler = file_handler(folder / f"tracker{_NAMES[scope]}.log")
        try:
            crashed = keep_crash(folder, scope)
            crash_file = _crash_path(folder, scope).open("ab", buffering=0)
        except BaseException:
            handler.close()
            raise
    except (OSError, EnvironmentFault) as error:
        log.warning("no log is written: %s", error)
        return Logs(None, None, crashed=False)
    logging.getLogger().addHandler(handler)
    logging.getLogger("tracker").setLevel(logging.INFO)
    faulthandler.enable(crash_file)
    log.info("started, %s", "after a crash" if crashed else "as usual")
    return Logs(handler, crash_file, crashed)


def keep_crash(folder: Path, scope: Scope) -> bool:
    """Moves what the run before left out of the way of the next; whether there was something."""
    path = _crash_path(folder, scope)
    if not path.exists() or not path.stat().st_size:
        return False
    path.replace(path.with_name(f"crash{_NAMES[scope]}-1.log"))
    return True


def _crash_path(folder: Path, scope: Scope) -> Path:
    return folder / f"crash{_NAMES[scope]}.log"


def file_handler(path: Path) -> logging.Handler:
    from logging.handlers import RotatingFileHandler  # 4 ms, for what it knows of sockets and mail

    handler = RotatingFileHandler(path, maxBytes=MOST_BYTES, backupCount=KEPT, encoding="utf-8")
    handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


class Discreet(logging.Formatter):
    """UTC, and exceptions without what they say."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        # The record keeps the text that another handler made of its exception, in full.
        own = copy.copy(record)
        own.exc_text = None
        return super().format(own)

    def formatException(  # noqa: N802 (logging calls it)
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        said: list[str] = []
        bug, seen = ei[1], set[int]()
        while bug is not None and id(bug) not in seen:
            seen.add(id(bug))
            said.append("".join(traceback.format_tb(bug.__traceback__)) + kind_of(bug))
            bug = bug.__cause__ or (None if bug.__suppress_context__ else bug.__context__)
        return "\nbecause of\n".join(said)


def kind_of(bug: BaseException) -> str:
    """The type of an exception with what is known to hold nobody's words: a code, the system's own
    name of a fault, a name in the source."""
    code = getattr(bug, "code", None)
    if isinstance(bug, OSError) and bug.errno is not None:
        more = errno.errorcode.get(bug.errno, str(bug.errno))
    elif isinstance(code, str) and re.fullmatch(r"E\d{4}", code):
        more = code
    elif isinstance(bug, _HARMLESS):
        more = str(bug)
    else:
        more = str(getattr(bug, "sqlite_errorname", ""))
    return f"{type(bug).__module__}.{type(bug).__qualname__}{f': {more}' if more else ''}"
