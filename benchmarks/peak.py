"""`tracker`, with the most MB it used as its last line: `python -m benchmarks.peak sync --once`.

Asked of /proc, so on Linux only: getrusage also counts the process this one was forked from.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def main() -> int:
    from tracker.cli import main as tracker

    code = tracker(sys.argv[1:])
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    print(int(found[1]) / 1024)
    return code


if __name__ == "__main__":
    sys.exit(main())
