"""The columns of the list of people: what each says, and what is painted."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from tracker.domain.occupancy import Interval
from tracker.domain.task import Occupancy
from tracker.services import roster
from tracker.services.roster import By, Known
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import Tokens
from tracker.ui.widgets import paint
from tracker.ui.widgets.calm_table import RIGHT
from tracker.ui.widgets.day_bar import COLOURS
from tracker.ui.widgets.tables import Column


def dot_colour(t: Tokens, state: Occupancy) -> str:
    return str(getattr(t, COLOURS[state]))


def strip(
    painter: QPainter, room: QRect, day: list[Interval], span: tuple[int, int], t: Tokens
) -> None:
    """A day as a bar without words; they stand below it."""
    start, end = span
    paint.rounded(painter, QRectF(room), t.track, None, 3)
    for one in day:
        left = room.x() + room.width() * (one.started_at - start) / (end - start)
        right = room.x() + room.width() * (one.ended_at - start) / (end - start)
        colour = QColor(getattr(t, COLOURS[one.state]))
        painter.fillRect(QRectF(left, room.y(), max(1.0, right - left), room.height()), colour)


class Cells:
    """`known` is everything that there is to say now."""

    def __init__(self, known: Callable[[], Known]) -> None:
        self._known = known

    def columns(self) -> list[Column]:
        return [
            Column(By.NAME, self.name, 176, 9, draw=self._name, tip=self._name_tip),
            Column(By.ROLE, self.role, 84, 2),
            Column(By.TEAM, self.team, 112, 3),
            Column(By.NOW, self.now, 172, 8, draw=self._now, tip=self.now,
                   about="What their device says now, and how fresh that is"),
            Column(By.DAY, self.day, 190, 5, draw=self._day, tip=self.day,
                   about="What was reported of the last 24 hours"),
            Column(By.OPEN, self.open, 64, 7, RIGHT,
                   about="Tasks that are assigned to them and not finished"),
            Column(By.HOURS, self.hours, 96, 4, RIGHT, tip=self._hours_tip,
                   about="What is estimated of these tasks, by their share of each"),
            Column(By.OVERDUE, self.overdue, 88, 6, RIGHT, draw=self._overdue,
                   about="Those of them whose due is past"),
        ]  # fmt: skip

    # -- words -----------------------------------------------------------------------------

    def name(self, user_id: str) -> str:
        person = self._known().people[user_id]
        return person.display_name if person.active else f"{person.display_name} (disabled)"

    def role(self, user_id: str) -> str:
        return roster.ROLES[self._known().people[user_id].role]

    def team(self, user_id: str) -> str:
        known = self._known()
        return roster.team_name(known.people[user_id], known.teams)

    def now(self, user_id: str) -> str:
        known = self._known()
        return known.now_words(user_id) if known.people[user_id].active else "disabled"

    def day(self, user_id: str) -> str:
        known = self._known()
        if known.days is None:
            return "not known"
        return roster.day_words(known.totals(user_id)) or "nothing reported"

    def open(self, user_id: str) -> str:
        return str(len(self._known().workload.person(user_id).open))

    def hours(self, user_id: str) -> str:
        return roster.hours(self._known().workload.person(user_id).minutes)

    def overdue(self, user_id: str) -> str:
        known = self._known()
        return str(known.workload.person(user_id).overdue(known.now))

    # -- tool tips -------------------------------------------------------------------------

    def _name_tip(self, user_id: str) -> str:
        person = self._known().people[user_id]
        return f"{person.display_name}, signs in as {person.name}, number {person.number}"

    def _hours_tip(self, user_id: str) -> str:
        load = self._known().workload.person(user_id)
        without = f"; {load.unestimated} without an estimate" if load.unestimated else ""
        return self.hours(user_id) + without

    # -- painting --------------------------------------------------------------------------

    def _name(self, painter: QPainter, room: QRect, user_id: str, t: Tokens) -> None:
        known = self._known()
        person = known.people[user_id]
        found = known.present(user_id)
        dot = dot_colour(t, found.state) if person.active else None
        face = QRectF(room.x(), room.y() + (room.height() - 30) / 2, 30, 30)
        paint.avatar(painter, face, person.display_name, t, dot)
        words = room.adjusted(40, 4, 0, 0)
        words.setHeight(20)
        colour = t.text if person.active else t.muted
        paint.text(painter, words, self.name(user_id), colour, tokens.BODY, bold=True)
        words.translate(0, 18)
        words.setHeight(16)
        paint.text(painter, words, person.name, t.muted, tokens.SMALL)

    def _now(self, painter: QPainter, room: QRect, user_id: str, t: Tokens) -> None:
        known = self._known()
        person, found = known.people[user_id], known.present(user_id)
        if person.active:
            middle = room.y() + room.height() / 2
            colour = dot_colour(t, found.state)
            paint.rounded(painter, QRectF(room.x(), middle - 4, 8, 8), colour, None, 4)
            if found.state is Occupancy.UNKNOWN:  # a ring: the track alone is hardly seen
                ring = QRectF(room.x(), middle - 4, 8, 8)
                paint.rounded(painter, ring, None, t.control_line, 4)
        colour = t.text if found.live and person.active else t.muted
        words = room.adjusted(15, 0, 0, 0)
        first, _, rest = self.now(user_id).partition(", ")
        if rest:
            words.setHeight(room.height() // 2 + 3)
            below = words.translated(0, 16)
            paint.text(painter, below, rest, t.muted, tokens.SMALL)
        paint.text(painter, words, first, colour, tokens.SMALL + 1)

    def _day(self, painter: QPainter, room: QRect, user_id: str, t: Tokens) -> None:
        known = self._known()
        if known.days is not None:
            bar = QRect(room.x(), room.y() + 9, room.width() - 8, 10)
            span = known.days.started_at, known.days.ended_at
            strip(painter, bar, [*known.day(user_id)], span, t)
        words = room.adjusted(0, 21 if known.days is not None else 0, -4, 0)
        if known.days is not None:
            words.setHeight(18)
        said = self.day(user_id) if known.days is None else self._short(user_id)
        paint.text(painter, words, said, t.muted, tokens.SMALL)

    def _short(self, user_id: str) -> str:
        """As `day`, for the little room below a bar: `active 5:12 · idle 0:40`."""
        return roster.day_words(self._known().totals(user_id), short=True) or "nothing reported"

    def _overdue(self, painter: QPainter, room: QRect, user_id: str, t: Tokens) -> None:
        count = self.overdue(user_id)
        late = count != "0"
        colour = t.danger if late else t.muted
        paint.text(painter, room, count, colour, tokens.BODY, bold=late,
                   align=Qt.AlignmentFlag.AlignRight)  # fmt: skip
