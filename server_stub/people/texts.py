"""Where a picture of a person is."""

from __future__ import annotations

import re

from tracker.domain.errors import InputError
from tracker.domain.people import read_short

URL_LIMIT = 500
_PICTURE = re.compile(r"https?://[^\s/]\S*")


def picture(field: str, url: str) -> str:
    """The address of a picture; empty for none. E2060 for what is no address, and as
    `read_short`."""
    url = read_short(field, url, URL_LIMIT)
    if url and not _PICTURE.fullmatch(url):
        raise InputError("E2060", field=field)
    return url
