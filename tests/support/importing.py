"""Which thread imports what; scripts in a process that has imported nothing yet."""

from __future__ import annotations

import subprocess
import sys
import threading


class Watch:
    """From when it is made, `wrong` names what is imported outside the main thread and knows of Qt;
    `of_qt` is how much of that kind was imported at all."""

    def __init__(self) -> None:
        self.of_qt = 0
        self.wrong: list[str] = []
        self._pool: set[str] = set()
        sys.meta_path.insert(0, self)  # type: ignore[arg-type]

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main:
            self._pool.add(name)
        if name.split(".")[0] in ("PySide6", "pyqtgraph") or name.startswith("tracker.ui."):
            self.of_qt += 1
            if not is_main:
                self.wrong.append(name)

    def in_pool(self, name: str) -> bool:
        return name in self._pool


def run_whole(script: str) -> None:
    """In a process of its own; a script that comes to its end prints "whole"."""
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert found.stdout.strip() == "whole", found.stderr
