"""What every message has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

PROTOCOL = 1
"""Sent in `Tracker-Protocol`; the server answers E4006 to what it cannot speak."""
SERVER_HEADER = "Tracker-Server"
PROTOCOL_HEADER = "Tracker-Protocol"
USER_HEADER = "Tracker-User"
"""The person a request is meant to be from. A token of anyone else is refused (E1008), so that a
queue never goes out under another's name, whatever TRACKER_TOKEN or the keyring holds."""
MARK_HEADER = "Tracker-Mark"
"""The greatest mark a device was given; the server checks it before it decides anything."""
TIME_HEADER = "Tracker-Time"
"""The server's clock in ms at the moment of the answer; clients keep the offset."""


class Answer(BaseModel):
    """From the server. Unknown keys are passed over, so an older client reads a newer server."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Request(BaseModel):
    """To the server. Unknown keys are refused: nothing a person sent is dropped silently."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


def etag(epoch: str, version: int, more: str = "") -> str:
    """The ETag of a thing with a version: clients make it of what they have seen, too. The epoch
    is in it because after a restore a version can come again with other content."""
    return f'"{epoch[:8]}-{version}{more and "."}{more}"'
