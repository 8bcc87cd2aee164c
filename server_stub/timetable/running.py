"""Runs the jobs by DBOS: at their times and once at each start, since the server may have been off.

DBOS keeps what it began: in a file of its own beside SQLite's, in the schema `dbos` on PostgreSQL,
where of several server processes one does what is due. A run that was cut off is recovered by the
process of the same name.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from server_stub.core import migrate
from server_stub.core.state import ServerState
from server_stub.timetable.jobs import JOBS, Job

VERSION = "1"
"""Fixed: what an older build began, this one may finish, since jobs only look for what is due."""

log = structlog.get_logger()


def system_database(state: ServerState) -> str:
    """Where DBOS keeps its own tables."""
    path = state.settings.sqlite_path
    if path is not None:
        return f"sqlite:///{path}.timetable"
    return state.database.url.render_as_string(hide_password=False)


class Timetable:
    """One a process, as DBOS is. Starting takes a second, so it happens beside the first requests;
    `port` tells apart the processes of one machine."""

    def __init__(self, state: ServerState, port: int) -> None:
        self._state = state
        self._name = f"{socket.gethostname()}-{port}"
        self._starting = threading.Thread(target=self._start, name="timetable")

    def start(self) -> None:
        self._starting.start()

    def stop(self) -> None:
        from dbos import DBOS

        self._starting.join()
        DBOS.destroy(workflow_completion_timeout_sec=10)

    def _start(self) -> None:
        try:
            self._launch()
        except Exception as error:
            log.error("the timetable does not run", exc_info=error)

    def _launch(self) -> None:
        # 0.3 s that no other command needs.
        from dbos import DBOS

        database = self._state.database
        DBOS(
            config={
                "name": "tracker-server",
                "system_database_url": system_database(self._state),
                "application_version": VERSION,
                "executor_id": self._name,
                "console_log_level": "WARNING",
                "use_listen_notify": False,
                # Where another role owns the tables, `migrate` has made DBOS's too.
                "run_migrations": database.is_sqlite or migrate.owns_trail(database),
            }
        )
        flows = {}
        for name, job in JOBS.items():
            flows[name] = DBOS.workflow(name=name)(self._flow(name, job))
        DBOS.launch()
        DBOS.apply_schedules(
            [
                {"schedule_name": name, "workflow_fn": flow, "schedule": JOBS[name].cron}
                for name, flow in flows.items()
            ]
        )
        for name in flows:
            DBOS.trigger_schedule(name)

    def _flow(self, name: str, job: Job) -> Callable[[datetime, Any], None]:
        def run(_scheduled: datetime, _context: Any) -> None:
            try:
                done = job.run(self._state)
            except Exception as error:
                log.error("a job failed", job=name, exc_info=error)
                raise
            if done:
                log.info("a job is done", job=name, number=done)

        return run
