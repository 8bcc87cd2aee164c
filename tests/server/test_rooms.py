"""Who decides which kind of action."""

from __future__ import annotations

from server_stub.sync import push
from tracker.domain.change import Kind


def test_each_kind_belongs_to_exactly_one_room() -> None:
    held = [kind for room in push.ROOMS for kind in room.kinds]
    assert sorted(held) == sorted(Kind)
