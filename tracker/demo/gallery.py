"""Pictures of both windows in states that a demo server cannot bring about at will: empty,
replaying, ten thousand tasks, long words, other scripts, twice the size, a month of statistics.

`python -m tracker.demo.gallery FOLDER [SCENE …]`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tracker import app as composition
from tracker.cache.precious import new_id
from tracker.config import Settings
from tracker.demo.gallery_monitor import MONITOR
from tracker.demo.scenes import (
    ANA,
    HOUR,
    MINUTE,
    TITLES,
    Scene,
    Shoot,
    details_of,
    id_of,
    show_theme,
    task,
    usual_tasks,
)
from tracker.domain.change import Action, Kind
from tracker.domain.notification import Notification, NotificationPriority, NotificationType
from tracker.domain.occupancy import Interval
from tracker.domain.page import Changes
from tracker.domain.receipt import Outcome, Receipt
from tracker.domain.task import Occupancy
from tracker.services.preview import Preview
from tracker.services.workspace import Workspace, device_clock
from tracker.sync.engine import Report, State
from tracker.ui.dialogs.away import AwayDialog
from tracker.ui.employee.activity_page import ACTIVITY
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.shell import ATTENTION, WAITING, Shell

SCALE = "QT_SCALE_FACTOR"
LONG = (
    "Sicherheitsbeleuchtungsanlagenwartungsprotokoll der Donaudampfschifffahrtsgesellschaft für "
    "das dritte Quartal vollständig ausfüllen, gegenzeichnen lassen und abheften",
    "更换十四号泵站的密封圈，并检查轴承磨损情况和润滑油液位",
    "ポンプ場14号のシールを交換し、軸受の摩耗を点検する",
    "استبدال حلقة إحكام المضخة في المحطة ١٤ وفحص المحامل",
    "החלפת אטם המשאבה בתחנה 14 ובדיקת המסבים",
    "A title <b>that looks like markup</b> & is none",
)


def details(scene: Scene, shoot: Shoot) -> None:
    window = scene.open(**details_of(scene.now))
    window.cards.select(id_of(1))
    window.show_pane(True)
    window.working.toggle(id_of(1))
    for name in ("light", "dark", "contrast"):
        show_theme(name)
        shoot(window, f"details-{name}")
    show_theme("light")
    window.resize(780, 520)
    shoot(window, "details-small")


def dialogs(scene: Scene, shoot: Shoot) -> None:
    window = scene.open(**details_of(scene.now))
    window.cards.select(id_of(1))
    for name, opened in (
        ("new-task", window.new_task),
        ("edit-task", lambda: window.edit_task(id_of(1))),
        ("settings", window.account.open_settings),
        ("pause", window.working.ask_pause),
        ("commands", window.open_palette),
        ("shortcuts", window.open_keys),
        ("sign-out", lambda: _command(window, "Sign out…")),
        ("about", lambda: _command(window, "About Tracker")),
        ("diagnostics", lambda: _command(window, "Save a diagnostic bundle…")),
        ("told", lambda: _command(window, "What I am told…")),
    ):
        before = set(QApplication.topLevelWidgets())
        opened()
        for dialog in set(QApplication.topLevelWidgets()) - before:
            if dialog.isVisible():
                for mode in ("light", "dark"):
                    show_theme(mode)
                    shoot(dialog, f"{name}-{mode}")
                show_theme("light")
                dialog.close()
    away = AwayDialog(
        "You were away for 23 min",
        f"Nothing was touched 11:40–12:03, and the timer ran on “{TITLES[0]}”.",
        [(words, lambda: None) for words in
         ("Keep the time", "Take it off", "Take it off and stop the timer",
          "Log it on another task…")],
        window,
    )  # fmt: skip
    away.show()
    shoot(away, "away-light")
    away.close()


def _command(window: EmployeeWindow, name: str) -> None:
    for action in window.commands.listed():
        if action.text() == name:
            action.trigger()


def pages(scene: Scene, shoot: Shoot) -> None:
    now = scene.now
    kinds = NotificationType
    told = [
        Notification(id_of(700 + n), 9 - n, ANA, kind, title, message, NotificationPriority.NORMAL,
                     "task", now - n * 40 * MINUTE, now, read_at=None if n < 3 else now,
                     action_url=f"/tasks/{id_of(n)}", entity_kind="task", entity_id=id_of(n))
        for n, (kind, title, message) in enumerate((
            (kinds.TASK_ASSIGNED, "New task", f"Rita Okafor assigned you “{TITLES[0]}”"),
            (kinds.MESSAGE_RECEIVED, "New comment", f"Jonas Keller on “{TITLES[1]}”: use 40 Nm"),
            (kinds.TASK_OVERDUE, "Overdue", f"“{TITLES[0]}” was due 2 h ago"),
            (kinds.DEADLINE_REMINDER, "Due soon", f"“{TITLES[3]}” is due within a day"),
        ), 1)
    ]  # fmt: skip
    window = scene.open(notifications=told)
    day = ((Occupancy.ACTIVE, 9, 6, ""), (Occupancy.IDLE, 6, 5.5, ""),
           (Occupancy.OFFLINE, 5.5, 4.5, "Lunch"), (Occupancy.ACTIVE, 4.5, 0.1, ""))  # fmt: skip
    activity = window.working.activity
    ended = [
        Interval(state, now - round(began * HOUR), now - round(end * HOUR), reason)
        for state, began, end, reason in day
    ]
    scene.work.outbox.report([activity._action(one, one.ended_at) for one in ended], None)
    for action, _ in scene.work.outbox.reports(0)[:3]:
        _settle(scene.work, action, Outcome.APPLIED, now)
    for name, page in (("activity", ACTIVITY), ("notifications", "Notifications")):
        if page != ACTIVITY and page not in window.rail.rows:
            continue
        window.open_page(page)
        show_theme("light")
        shoot(window, f"{name}-light")
        show_theme("dark")
        shoot(window, f"{name}-dark")
    show_theme("light")


def _act(work: Workspace, kind: Kind, number: int, now: int, **args: Any) -> Action:
    made = Action(
        new_id(), kind, id_of(number), args, now - 40 * MINUTE, base_version=1, base_epoch="demo",
        clock_offset=0, seen={"title": TITLES[number - 1], "status": "IN_PROGRESS", "progress": 35},
    )  # fmt: skip
    work.outbox.add([made])
    return made


def _settle(work: Workspace, action: Action, outcome: Outcome, now: int, **more: Any) -> None:
    work.outbox.take_batch(now, 500, 900_000)
    receipt = Receipt(action.op_id, outcome, "demo", **more)
    work.outbox.record([receipt], now, lambda _: now)


def sending(scene: Scene, shoot: Shoot) -> None:
    now = scene.now
    window = scene.open()
    refused = _act(scene.work, Kind.SET_PROGRESS, 3, now, percent=50, note="Readings look fine.")
    _settle(
        scene.work, refused, Outcome.REJECTED, now, code="E5005",
        current={"status": "CANCELLED", "progress": 20},
    )  # fmt: skip
    window.show_report(Report(State.SYNCED, now, Changes(frozenset({id_of(3)})), 1, 0, 1))
    window.open_page(ATTENTION)
    shoot(window, "attention-light")
    made = [
        _act(scene.work, Kind.SET_PROGRESS, 1, now, percent=80, note="Half done, back tomorrow."),
        _act(scene.work, Kind.COMPLETE, 2, now, note=""),
        _act(scene.work, Kind.COMMENT, 4, now, comment_id=id_of(820), text="Sensor is warm."),
        _act(scene.work, Kind.HOLD, 5, now, note="Needs a second person."),
    ]
    ids = frozenset(id_of(n) for n in range(1, 6))
    window.show_report(Report(State.OFFLINE, now - 6 * MINUTE, Changes(ids), 0, 4, 1))
    window.open_page("All tasks")
    shoot(window, "away-offline-light")
    words = "The task was cancelled meanwhile (20 min ago) (E5005)"
    window.reconnect.preview = Preview(4, {made[1].op_id: words}, f"{TITLES[1]}: {words}")
    window.show_report(Report(State.SYNCED, now, Changes(), 0, 4, 1))
    window.reconnect.look()
    window.open_page(WAITING)
    shoot(window, "reconnect-light")
    window.reconnect.stop()
    window.open_page("All tasks")
    window.show_sending(2, 12)
    shoot(window, "replaying-light")


def empty(scene: Scene, shoot: Shoot) -> None:
    scene.tasks = ()
    shoot(scene.open(), "empty-light")


def many(scene: Scene, shoot: Shoot) -> None:
    scene.tasks = [task(n, f"{TITLES[n % 9]} · {n}", scene.now) for n in range(1, 10_001)]
    window = scene.open()
    shoot(window, "ten-thousand-light")


def scripts(scene: Scene, shoot: Shoot) -> None:
    scene.tasks = [
        task(n, title, scene.now, description=title * 2) for n, title in enumerate(LONG, 1)
    ]
    window = scene.open()
    window.cards.select(id_of(1))
    window.show_pane(True)
    shoot(window, "long-words-light")
    window.cards.select(id_of(4))
    shoot(window, "right-to-left-light")


def twice(scene: Scene, shoot: Shoot) -> None:
    window = scene.open(**details_of(scene.now))
    window.resize(1100, 720)
    window.cards.select(id_of(1))
    shoot(window, "twice-the-size")


SCENES: dict[str, Callable[[Scene, Shoot], None]] = {
    one.__name__: one
    for one in (
        details,
        dialogs,
        pages,
        sending,
        empty,
        many,
        scripts,
        twice,
        *MONITOR,
    )
}


def draw(output: Path, names: Sequence[str]) -> None:
    app = composition.make_app(Settings(theme="light"))
    for name in names:

        def shoot(widget: QWidget, picture: str) -> None:
            for _ in range(8):
                app.processEvents()
                QTest.qWait(5)
            widget.grab().save(str(output / f"{picture}.png"))

        with tempfile.TemporaryDirectory(prefix="tracker-scene-") as folder:
            now = device_clock()
            scene = Scene(Path(folder), usual_tasks(now), now)
            SCENES[name](scene, shoot)
            for window in QApplication.topLevelWidgets():
                if isinstance(window, Shell):
                    window.quit()
                    window.deleteLater()
            app.processEvents()
            scene.work.close()


def main(arguments: Sequence[str]) -> int:
    output, names = Path(arguments[0]), list(arguments[1:]) or list(SCENES)
    output.mkdir(parents=True, exist_ok=True)
    if "twice" in names and SCALE not in os.environ:
        # Qt reads it once, when the program starts.
        names.remove("twice")
        command = [sys.executable, "-m", "tracker.demo.gallery", str(output), "twice"]
        subprocess.run(command, check=True, env={**os.environ, SCALE: "2"}, timeout=120)  # noqa: S603
    draw(output, names)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
