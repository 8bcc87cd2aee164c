"""What screen readers hear of our own widgets: what each is, and what has just been said.

A class names its role in `spoken_role`; without one Qt calls every painted widget a "client".
"""

from __future__ import annotations

import functools

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget


@functools.cache
def install() -> None:
    """Once for the process; Qt asks for an interface only where somebody listens."""
    QAccessible.installFactory(_interface)


def _interface(_class_name: str, thing: QObject) -> QAccessibleInterface | None:
    role = getattr(thing, "spoken_role", None)
    if role is None or not isinstance(thing, QWidget):
        return None
    return QAccessibleWidget(thing, role)


def announce(widget: QWidget, words: str, *, at_once: bool = False) -> None:
    """Says something that appeared without taking the focus; `at_once` cuts in on other speech."""
    event = QAccessibleAnnouncementEvent(widget, words)
    if at_once:
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
    QAccessible.updateAccessibility(event)
