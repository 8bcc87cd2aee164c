"""Services on the session bus as desktops offer them: `python -m tests.support.idle_services
ANSWER NAME ...`, with the names below. Whoever asks gets ANSWER, a number or a text; "ready" is
printed when all names can be asked."""

from __future__ import annotations

import sys

from PySide6.QtCore import ClassInfo, QCoreApplication, QObject, Slot
from PySide6.QtDBus import QDBusConnection

MUTTER = "org.gnome.Mutter.IdleMonitor"
KDE = "org.kde.screensaver"
SCREEN_SAVER = "org.freedesktop.ScreenSaver"


@ClassInfo({"D-Bus Interface": MUTTER})
class IdleMonitor(QObject):
    @Slot(result="qulonglong")
    def GetIdletime(self) -> int:
        return int(ANSWER)


@ClassInfo({"D-Bus Interface": MUTTER})
class TalkingMonitor(QObject):
    @Slot(result=str)
    def GetIdletime(self) -> str:
        return ANSWER


@ClassInfo({"D-Bus Interface": SCREEN_SAVER})
class ScreenSaver(QObject):
    @Slot(result="uint")
    def GetSessionIdleTime(self) -> int:
        return int(ANSWER)


def main(names: list[str]) -> int:
    app = QCoreApplication([])
    bus = QDBusConnection.sessionBus()
    monitor = IdleMonitor() if ANSWER.isdecimal() else TalkingMonitor()
    saver = ScreenSaver()
    every_slot = QDBusConnection.RegisterOption.ExportAllSlots
    assert bus.registerObject("/org/gnome/Mutter/IdleMonitor/Core", monitor, every_slot)
    assert bus.registerObject("/org/freedesktop/ScreenSaver", saver, every_slot)
    for name in names:
        assert bus.registerService(name), bus.lastError().message()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    return app.exec()


if __name__ == "__main__":
    ANSWER = sys.argv[1]
    sys.exit(main(sys.argv[2:]))
