"""`tracker://task/<id>`: what opens a task in the window, from a mail, a chat, a notification."""

from __future__ import annotations

import re

from tracker.domain.errors import InputError
from tracker.domain.ids import is_uuid

SCHEME = "tracker"
_LINK = re.compile(r"(?:tracker:/{0,3}|/)(?:task|tasks)/([^/?#]+)/?")


def link_to(task_id: str) -> str:
    return f"{SCHEME}://task/{task_id}"


def task_in(link: str) -> str:
    """The task's id that a link names, or its number as text. E2064 for anything else."""
    link = link.strip().lower()  # some mail programs write a scheme or an id in capitals
    found = _LINK.fullmatch(link)
    name = found[1] if found else link
    if is_uuid(name) or re.fullmatch(r"[0-9]{1,9}", name):
        return name
    raise InputError("E2064", field="link")
