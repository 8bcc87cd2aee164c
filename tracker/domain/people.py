"""People as they are shown."""

from __future__ import annotations

import unicodedata


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
