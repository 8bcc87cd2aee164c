"""Texts that people give: names, and where a picture is."""

from __future__ import annotations

import re

from tracker.domain.errors import InputError
from tracker.domain.reading import storable

NAME_LIMIT = 200
URL_LIMIT = 500
_PICTURE = re.compile(r"https?://[^\s/]\S*")


def name(field: str, text: str) -> str:
    """Without what surrounds it. E2017 for an empty one, and as `short`."""
    text = short(field, text, NAME_LIMIT)
    if not text:
        raise InputError("E2017", "A name is needed.", field)
    return text


def picture(field: str, url: str) -> str:
    """The address of a picture; empty for none. E2060 for what is no address, and as `short`."""
    url = short(field, url, URL_LIMIT)
    if url and not _PICTURE.fullmatch(url):
        raise InputError("E2060", field=field)
    return url


def short(field: str, text: str, limit: int) -> str:
    """E2008 for what cannot be stored, E2002 for what is too long."""
    text = text.strip()
    if not storable(text):
        raise InputError("E2008", field=field)
    if len(text) > limit:
        raise InputError("E2002", f"At most {limit} characters; this has {len(text):,}.", field)
    return text
