"""`tracker`, saying when its cards are there: `python -m benchmarks.opening --data-dir …`.

The product runs as it is; only a watcher looks on while its window paints.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from benchmarks import watching

if TYPE_CHECKING:
    from tracker.config import Profile
    from tracker.ui.surroundings import Surroundings

LATER = ("httpx", "pydantic", "keyring")
"""What only synchronising needs."""


def main() -> int:
    from tracker import app
    from tracker.cli import main as tracker

    open_window = app.open_window

    def watched(profile: Profile, around: Surroundings) -> app.Opened:
        opened = open_window(profile, around)
        cards = opened.window.cards

        def about() -> dict[str, Any] | None:
            shown = sum(card.isVisible() for card in cards.cards())
            early = [name for name in LATER if name in sys.modules]
            return {"cards": shown, "tasks": len(cards.ids), "early": early} if shown else None

        watching.say_when_painted(opened.window, about)
        # What the last run of the engine came to, or nothing before the first one has ended.
        watching.answer(lambda _line: opened.window.status.state or "")
        return opened

    app.open_window = watched
    return tracker(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
