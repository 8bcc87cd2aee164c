"""What a person types into a form, as values; what cannot be read is a coded sentence."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from tracker.domain.change import CENTS_LIMIT, DAY, MINUTES_LIMIT, TITLE_LIMIT, TYPE_LIMIT
from tracker.domain.errors import InputError
from tracker.domain.reading import storable
from tracker.domain.spreadsheet import cents

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_AHEAD = re.compile(r"in ([0-9]{1,6}) days?(?: (.+))?$")
_SPAN = re.compile(r"(?:(\d{1,3})\s*h)?\s*(?:(\d{1,5})\s*(?:m|min)?)?")


def read_title(text: str) -> str:
    text = text.strip()
    if not text:
        raise InputError("E2001", field="title")
    if len(text) > TITLE_LIMIT:
        raise InputError("E2002", f"At most {TITLE_LIMIT}.", field="title")
    if not storable(text):
        raise InputError("E2008", field="title")
    return text


def read_due(text: str, today: date | None = None) -> tuple[int | None, str | None]:
    """(instant in ms, None) for `2026-12-31 17:00` in the viewer's zone, (None, day) for
    `2026-12-31`, two Nones for nothing. The day may also be today, tomorrow, in 3 days, or the next
    Monday and so on by its first letters, three at least. E2004 for anything else."""
    text = " ".join(text.lower().split())
    if not text:
        return None, None
    try:
        today = today or datetime.now().astimezone().date()
        ahead = _AHEAD.match(text)
        day, _, clock = text.partition(" ")
        named = _named_day(day, today)
        if ahead is not None:
            named, clock = (today + timedelta(days=int(ahead[1]))).isoformat(), ahead[2] or ""
        moment = datetime.fromisoformat(f"{named} {clock}".strip() if named else text.upper())
        if not clock and (named or len(text) <= 10):
            return None, moment.date().isoformat()
        return int(moment.astimezone(UTC).timestamp() * 1000), None
    except (ValueError, OverflowError):  # no date, or beyond the calendar in the viewer's zone
        raise InputError("E2004", field="due") from None


def _named_day(word: str, today: date) -> str | None:
    if word in ("today", "tomorrow"):
        return (today + timedelta(days=word == "tomorrow")).isoformat()
    named = [place for place, day in enumerate(_DAYS) if day.startswith(word)]
    if len(word) >= 3 and named:
        ahead = (named[0] - today.weekday() - 1) % 7 + 1
        return (today + timedelta(days=ahead)).isoformat()
    return None


def due_text(due_at: int | None, due_date: str | None) -> str:
    """What `read_due` reads as this due."""
    if due_date is not None or due_at is None:
        return due_date or ""
    return datetime.fromtimestamp(due_at / 1000).astimezone().strftime("%Y-%m-%d %H:%M")


def relative(text: str, today: date | None = None) -> str | None:
    """A due as it is kept for another day: one that names its day is so many days ahead then. None
    for one that was before today, E2004 for what is none."""
    today = today or datetime.now().astimezone().date()
    due_at, due_date = read_due(text, today)
    if not text.strip()[:1].isdigit():
        return " ".join(text.split())  # "fri 16:00" means another Friday each time
    _, _, clock = due_text(due_at, due_date).partition(" ")
    day = due_text(due_at, due_date)[:10]
    ahead = (date.fromisoformat(day) - today).days
    if ahead < 0:
        return None
    words = ("today", "tomorrow")[ahead] if ahead < 2 else f"in {ahead} days"
    return f"{words} {clock}".strip()


def read_moment(text: str) -> int | None:
    """An instant as `read_due` reads one; a day alone is its beginning. E2004."""
    try:
        at, day = read_due(text)
    except InputError:
        raise InputError("E2004", field="scheduled") from None
    return read_due(f"{day} 00:00")[0] if day is not None else at


def read_percent(text: str) -> int:
    """A share of responsibility. E2010."""
    text = text.strip().removesuffix("%").strip()
    if not re.fullmatch("[0-9]{1,3}", text) or int(text) > 100:
        raise InputError("E2010", field="people")
    return int(text)


def even_shares(number: int) -> list[int]:
    """Of so many people, in percent: they come to 100, so the first ones have more."""
    share, more = divmod(100, number) if number else (0, 0)
    return [share + (place < more) for place in range(number)]


def read_type(text: str) -> str:
    """E2002, E2008."""
    text = text.strip()
    if len(text) > TYPE_LIMIT:
        raise InputError("E2002", f"At most {TYPE_LIMIT}.", field="task_type")
    if not storable(text):
        raise InputError("E2008", field="task_type")
    return text


def read_revenue(text: str) -> int | None:
    """Cents of `1250` or `1250.50`; None for nothing. E2023."""
    text = text.strip()
    if not text:
        return None
    found = cents(text)
    if not isinstance(found, int) or abs(found) > CENTS_LIMIT:
        raise InputError("E2023", field="revenue_cents")
    return found


def read_minutes(text: str) -> int | None:
    """An estimate: `90`, `1h 30`, `2h`; None for nothing. E2015 for anything else."""
    text = text.strip()
    if not text:
        return None
    found = span_minutes(text)
    if found is None or not 1 <= found <= MINUTES_LIMIT:
        raise InputError("E2015", field="estimate")
    return found


def read_worked(text: str) -> int:
    """Minutes worked, a day at most; with a minus in front they correct an earlier entry. E2024."""
    text = text.strip()
    found = span_minutes(text.removeprefix("-"))
    if not found or found > DAY:
        raise InputError("E2024", field="minutes")
    return -found if text.startswith("-") else found


def span_minutes(text: str) -> int | None:
    """Minutes of `90`, `90 min`, `2h`, `1h 30`; None for anything else."""
    text = text.strip().lower()
    found = _SPAN.fullmatch(text)
    if found is None or not text or not text.isascii():
        return None
    return int(found[1] or 0) * 60 + int(found[2] or 0)
