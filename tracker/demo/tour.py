"""The tour: the product's main job with real processes, every step checked and timed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tracker.demo.processes import DemoServer, DrivenWindow, StepFailed, eventually

TASK = "Replace pump seal, station 14 (tour)"
SECOND = "Inspect cable tray, hall B (tour)"
THIRD = "Calibrate gas sensor GS-22 (tour)"
NOTE = "housing cleaned"


@dataclass(slots=True)
class Tour:
    """Holds the processes; `step` runs one step, prints its line and keeps both pictures."""

    server: DemoServer
    employee: DrivenWindow
    monitor: DrivenWindow
    output: Path
    counters: dict[str, int] = field(default_factory=dict)
    queued: list[str] = field(default_factory=list)
    number: int = 0

    def run(self) -> None:
        for words, step in (
            ("both windows open and show the same server", self.opens),
            ("admin assigns three tasks, the employee sees the cards", self.assigns),
            ("employee sets 45 % with a note, monitor and audit have it", self.progresses),
            ("server is killed, the employee sees the offline banner", self.goes_offline),
            ("6 actions offline, app killed with SIGKILL, all 6 still wait", self.survives),
            ("server starts, all 6 are replayed in order, each exactly once", self.replays),
            ("admin cancels what the employee edits offline: both sides in the tray", self.clashes),
            ("the counters changed accordingly", self.counts),
        ):
            self.step(words, step)

    def step(self, words: str, step: Callable[[], None]) -> None:
        self.number += 1
        begun = time.monotonic()
        try:
            step()
        except StepFailed as failure:
            print(f"FAILED {self.number}. {words}: {failure}", flush=True)
            raise
        taken = time.monotonic() - begun
        for window in (self.employee, self.monitor):
            who = "employee" if window is self.employee else "monitor"
            window.ask("grab", path=str(self.output / f"{self.number}-{who}.png"))
        print(f"ok {self.number}. {words} ({taken:.2f} s)", flush=True)

    # -- steps -----------------------------------------------------------------------------

    def opens(self) -> None:
        self.employee.start()
        self.monitor.start()
        eventually("the employee's cards", lambda: self.employee.state()["cards"])
        eventually("80 cards in the monitor", lambda: len(self.monitor.state()["cards"]) == 80)
        self.counters = self.monitor.state()["counters"]

    def assigns(self) -> None:
        due = (datetime.now().astimezone() + timedelta(days=2)).strftime("%Y-%m-%d 17:00")
        for title in (TASK, SECOND, THIRD):
            self.monitor.ask("assign", title=title, person="Ana Moreno", due=due)
        eventually(
            "the new cards", lambda: {TASK, SECOND, THIRD} <= set(self.employee.state()["cards"])
        )
        self.employee.ask("select", title=TASK)
        self.monitor.ask("select", title=TASK)

    def progresses(self) -> None:
        self.employee.ask("progress", title=TASK, percent=45, note=NOTE)
        eventually("45 % in the monitor", lambda: self._card(self.monitor, TASK)[0] == 45)
        moments = self.monitor.ask("timeline", title=TASK)["moments"]
        if not any("0 → 45 %" in moment and f"“{NOTE}”" in moment for moment in moments):
            raise StepFailed(f"the timeline does not show it: {moments}")
        rows = [row for row in self.server.audit() if row["note"] == NOTE]
        if len(rows) != 1:
            raise StepFailed(f"the audit trail has it {len(rows)} times")

    def goes_offline(self) -> None:
        self.server.kill()
        self.employee.ask("sync")
        eventually("the banner", lambda: self.employee.state()["banner"] == "Working offline.")

    def survives(self) -> None:
        self.employee.ask("progress", title=TASK, percent=65, note="old seal out")
        self.employee.ask("press", title=TASK, button="Comment", note="torque wrench is in van 3")
        self.employee.ask("press", title=TASK, button="Hold", note="waiting for the wrench")
        self.employee.ask("press", title=TASK, button="Resume")
        self.employee.ask("press", title=SECOND, button="+10")
        self.employee.ask("press", title=SECOND, button="Mark complete", note="all fine")
        before = self.employee.state()
        if before["waiting"] != 6:
            raise StepFailed(f"{before['waiting']} actions wait instead of 6")
        self.employee.kill()
        self.employee.start()
        after = eventually(
            "the offline banner after the restart",
            lambda: (state := self.employee.state())["banner"] and state,
        )
        if after["waiting"] != 6 or self._card(self.employee, SECOND)[:2] != [100, "Done"]:
            raise StepFailed(f"{after['waiting']} actions wait after the kill instead of 6")
        self.employee.ask("open", page="Waiting to send")
        self.queued = self._queued_ids()

    def replays(self) -> None:
        self.server.start()
        self.employee.ask("sync")
        eventually("an empty queue", lambda: self.employee.state()["waiting"] == 0)
        rows = [row for row in self.server.audit() if row["op_id"] in self.queued]
        if sorted(row["op_id"] for row in rows) != sorted(self.queued):
            raise StepFailed(f"the audit trail has {len(rows)} rows of the 6 actions")
        for task in {row["task"] for row in rows}:
            order = [row["device_seq"] for row in rows if row["task"] == task]
            if order != sorted(order):
                raise StepFailed(f"the order of a task was not kept: {order}")
        eventually(
            "the monitor to follow",
            lambda: (
                self._card(self.monitor, TASK)[:2] == [65, "In progress"]
                and self._card(self.monitor, SECOND)[:2] == [100, "Done"]
            ),
        )
        self.employee.ask("open", page="All tasks")
        self.employee.ask("select", title=TASK)

    def clashes(self) -> None:
        self.server.kill()
        self.employee.ask("progress", title=THIRD, percent=30, note="sensor is warm")
        self.employee.kill()  # the laptop is shut, still without network
        self.server.start()
        self.monitor.ask("sync")
        eventually("the monitor online", lambda: not self.monitor.state()["banner"])
        self.monitor.ask("press", title=THIRD, button="Cancel task")
        eventually(
            "the cancellation at the server",
            lambda: self._card(self.monitor, THIRD)[1:] == ["Cancelled", "saved"],
        )
        self.employee.start()
        state = eventually(
            "the tray", lambda: (found := self.employee.state())["tray_rows"] and found
        )
        (row,) = state["tray_rows"]
        words = " | ".join(row)
        for expected in ("Progress to 30 %", "sensor is warm", "Cancelled, 0 %", "E5005"):
            if expected not in words:
                raise StepFailed(f"the tray does not show “{expected}”: {words}")
        self.employee.ask("open", page="Needs attention")

    def counts(self) -> None:
        wanted = {
            "Total": self.counters["Total"] + 3,
            "In progress": self.counters["In progress"] + 1,
            "Completed": self.counters["Completed"] + 1,
            "Pending": self.counters["Pending"],
        }

        def agree() -> bool:
            found = self.monitor.state()["counters"]
            return all(found[name] == value for name, value in wanted.items())

        eventually(f"the counters {wanted}", agree)
        if "is whole" not in self.server.command("verify-audit"):
            raise StepFailed("the audit chain is broken")

    # -- looking ---------------------------------------------------------------------------

    def _card(self, window: DrivenWindow, title: str) -> list[Any]:
        card: list[Any] = window.state()["cards"].get(title, [None, None, None])
        return card

    def _queued_ids(self) -> list[str]:
        """The op_ids that wait, in order, asked with the command line beside the open window."""
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "tracker", "--data-dir", str(self.employee.folder), "queue",
             "--json"],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        return [item["op_id"] for item in json.loads(done.stdout)["waiting"]]
