"""`make screenshots`: draws every screen and state with demo data into docs/screenshots."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tracker.demo import gallery
from tracker.demo.processes import DemoServer, DrivenWindow, eventually

THEMES = ("light", "dark")


def main(output: Path) -> int:
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tracker-pictures-") as folder:
        server = DemoServer(Path(folder))
        tokens = json.loads(server.command("seed-demo", "--tokens"))["tokens"]
        server.start()
        employee = DrivenWindow("desk", "ana", tokens["ana"], server.url, Path(folder))
        monitor = DrivenWindow("monitor", "rita", tokens["rita"], server.url, Path(folder))
        try:
            employee.start()
            monitor.start()
            titles = eventually("the cards", lambda: list(employee.state()["cards"]))
            eventually("the monitor's cards", lambda: monitor.state()["cards"])
            working = next(
                title for title in titles
                if employee.state()["cards"][title][1] == "In progress"
            )  # fmt: skip
            _picture(employee, output, "employee", working)
            _picture(monitor, output, "monitor", working)
            monitor.ask("open", page="Assign")
            _picture(monitor, output, "assign", None)
            employee.ask("sign_in", path=str(output / "first-start.png"))
            server.kill()
            employee.ask("progress", title=working, percent=80, note="Half done, back tomorrow")
            employee.ask("sync")
            eventually("the banner", lambda: employee.state()["banner"])
            _picture(employee, output, "offline", working)
            employee.ask("open", page="Waiting to send")
            _picture(employee, output, "waiting", None)
        finally:
            employee.stop()
            monitor.stop()
            server.stop()
    gallery.main([str(output)])
    print(f"Pictures are in {output}/")
    return 0


def _picture(window: DrivenWindow, output: Path, name: str, selected: str | None) -> None:
    if selected:
        window.ask("select", title=selected)
    for theme in THEMES:
        window.ask("theme", name=theme)
        window.ask("grab", path=str(output / f"{name}-{theme}.png"))
    window.ask("theme", name="light")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
