"""A desktop that shows notes, on the session bus: `python -m tests.support.desktop [CAPABILITY …]`.

Prints "ready", then each note as a line of JSON; a line `NUMBER` or `NUMBER KEY` of its input is a
click on one, `close NUMBER` closes it,
`token NUMBER TOKEN` gives what lets a window come forward."""

from __future__ import annotations

import json
import os
import sys

from PySide6.QtCore import ClassInfo, QCoreApplication, QObject, QSocketNotifier, Signal, Slot
from PySide6.QtDBus import QDBusConnection

NAME = "org.freedesktop.Notifications"


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


@ClassInfo({"D-Bus Interface": NAME})
class Desktop(QObject):
    ActionInvoked = Signal("uint", str)
    NotificationClosed = Signal("uint", "uint")
    ActivationToken = Signal("uint", str)

    def __init__(self, capabilities: list[str]) -> None:
        super().__init__()
        self._capabilities, self._count = capabilities, 0

    @Slot(result="QStringList")
    def GetCapabilities(self) -> list[str]:
        return self._capabilities

    @Slot(str, "uint", str, str, str, "QStringList", "QVariantMap", int, result="uint")
    def Notify(
        self, app: str, replaces: int, icon: str, headline: str, sentence: str,
        actions: list[str], hints: dict[str, object], expires: int,
    ) -> int:  # fmt: skip
        self._count += 1
        say(json.dumps([app, replaces, icon, headline, sentence, actions, hints, expires]))
        return self._count

    def hear(self) -> None:
        """Lines from whoever plays the person."""
        lines = os.read(sys.stdin.fileno(), 4_096).decode().splitlines()
        if not lines:
            QCoreApplication.quit()
        for words in map(str.split, lines):
            if words[0] == "close":
                self.NotificationClosed.emit(int(words[1]), 2)
            elif words[0] == "token":
                self.ActivationToken.emit(int(words[1]), words[2])
            else:
                self.ActionInvoked.emit(int(words[0]), words[1] if len(words) > 1 else "default")


def main(capabilities: list[str]) -> int:
    app = QCoreApplication([])
    bus, desktop = QDBusConnection.sessionBus(), Desktop(capabilities)
    everything = QDBusConnection.RegisterOption.ExportAllContents
    assert bus.registerObject("/org/freedesktop/Notifications", desktop, everything)
    assert bus.registerService(NAME), bus.lastError().message()
    hearing = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    hearing.activated.connect(desktop.hear)
    say("ready")
    return app.exec()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
