"""A calendar and a time of day below a field that takes both as words."""

from __future__ import annotations

import re

from PySide6.QtCore import QDate, QPoint
from PySide6.QtWidgets import (
    QCalendarWidget,
    QGridLayout,
    QMenu,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from tracker.domain.errors import InputError
from tracker.services.typed import due_text, read_due
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2
from tracker.ui.widgets.controls import Button, Field, label

_TIMES = ("", "08:00", "10:00", "12:00", "14:00", "16:00", "17:00", "18:00")


def pick_moment(field: Field, below: QWidget) -> None:
    """A day is taken by a click or Return, with the time that is beside it then."""
    menu = QMenu(below)
    menu.setObjectName("moment")
    holder = QWidgetAction(menu)
    picker = _Picker(field, menu)
    holder.setDefaultWidget(picker)
    menu.addAction(holder)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(below.mapToGlobal(QPoint(0, below.height() + 4)))
    picker.calendar.setFocus()


class _Picker(QWidget):
    def __init__(self, field: Field, menu: QMenu) -> None:
        super().__init__(menu)
        self._field, self._menu = field, menu
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_2, SPACE_2, SPACE_2, SPACE_2)
        column.setSpacing(SPACE_2)
        day, clock = _kept(field.edit.text())
        self.calendar = QCalendarWidget(self)
        self.calendar.setAccessibleName("Due day")
        self.calendar.setVerticalHeaderFormat(QCalendarWidget.VerticalHeaderFormat.NoVerticalHeader)
        if day is not None:
            self.calendar.setSelectedDate(day)
        self.calendar.activated.connect(lambda _day: self._take())
        self.calendar.clicked.connect(lambda _day: self._take())
        column.addWidget(self.calendar)
        column.addWidget(label("Time of day", tokens.SMALL + 1, muted=True))
        self.time = Field("Time of day", self, placeholder="none: the end of the day")
        self.time.edit.setText(clock)
        self.time.changed.connect(lambda text: self.time.set_bad(not _is_time(text)))
        self.time.edit.returnPressed.connect(self._take)
        column.addWidget(self.time)
        times = QGridLayout()
        times.setSpacing(SPACE_1)
        for place, one in enumerate(_TIMES):
            button = Button(one or "None", self, small=True)
            button.setAccessibleName(f"Time {one}" if one else "No time of day")
            button.clicked.connect(lambda _c=False, t=one: self._choose(t))
            times.addWidget(button, place // 4, place % 4)
        column.addLayout(times)

    def _choose(self, clock: str) -> None:
        self.time.edit.setText(clock)
        self._take()

    def _take(self) -> None:
        clock = self.time.edit.text().strip()
        if not _is_time(clock):
            self.time.setFocus()
            return
        day = self.calendar.selectedDate().toString("yyyy-MM-dd")
        self._field.edit.setText(f"{day} {clock.zfill(5) if clock else ''}".strip())
        self._menu.close()
        self._field.setFocus()


def _is_time(text: str) -> bool:
    return re.fullmatch(r"\s*(([01]?[0-9]|2[0-3]):[0-5][0-9])?\s*", text) is not None


def _kept(text: str) -> tuple[QDate | None, str]:
    """The day and the time that the field says now."""
    try:
        due_at, due_date = read_due(text)
    except InputError:
        return None, ""
    if due_at is None and due_date is None:
        return None, ""
    day, _, clock = due_text(due_at, due_date).partition(" ")
    return QDate.fromString(day, "yyyy-MM-dd"), clock
