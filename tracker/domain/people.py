"""People as they are shown, and what their names and passwords may be; projects and teams have
names like theirs."""

from __future__ import annotations

import unicodedata

from tracker.domain.errors import InputError
from tracker.domain.reading import storable

NAME_LIMIT = 200
SHORTEST_PASSWORD = 10


def initials(display_name: str) -> str:
    """What stands for a person without a picture: the first letters of the first and the last
    word, one of a single word; empty where nothing can be read."""
    # Composed, so that an accent stays on its letter.
    words = unicodedata.normalize("NFC", display_name).split()
    letters = [letter for word in words if (letter := _first(word))]
    return "".join(letters[:1] + letters[1:][-1:])


def _first(word: str) -> str:
    """The first letter or digit, large where it stays one letter; what stands before it (brackets,
    marks of direction, a drawing) says no name."""
    letter = next((c for c in word if c.isalnum()), "")
    large = letter.upper()
    return large if len(large) == 1 else letter


def read_name(field: str, text: str) -> str:
    """Without what surrounds it. E2017 for an empty one, and as `read_short`."""
    text = read_short(field, text, NAME_LIMIT)
    if not text:
        raise InputError("E2017", "A name is needed.", field)
    return text


def read_short(field: str, text: str, limit: int) -> str:
    """E2008 for what cannot be stored, E2002 for what is too long."""
    text = text.strip()
    if not storable(text):
        raise InputError("E2008", field=field)
    if len(text) > limit:
        raise InputError("E2002", f"At most {limit} characters; this has {len(text):,}.", field)
    return text


def check_new_password(name: str, password: str, field: str) -> None:
    """E2040 for one that is guessed first."""
    if len(password) < SHORTEST_PASSWORD or password.strip().lower() == name.strip().lower():
        raise InputError("E2040", field=field)
