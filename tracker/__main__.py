"""`python -m tracker` and the `tracker` command."""

from __future__ import annotations

import sys

from tracker.cli import main as run


def main() -> None:
    sys.exit(run())


if __name__ == "__main__":
    main()
