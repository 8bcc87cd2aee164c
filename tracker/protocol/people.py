"""What is known of people's devices: last heard, how much waits there, what they report."""

from __future__ import annotations

from tracker.domain.task import Occupancy
from tracker.protocol.base import Answer


class Presence(Answer):
    user_id: str
    last_heard_at: int | None
    unsent: int
    occupancy: Occupancy


class PresenceList(Answer):
    people: list[Presence]
