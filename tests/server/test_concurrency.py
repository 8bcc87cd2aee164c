"""Many devices of one tenant at once: nothing is lost, doubled, or skipped by a reader."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from server_stub.core import audit
from tests.support.server import RunningServer

WRITERS, BATCHES = 8, 6


def test_eight_writers_and_a_reader(either_server: RunningServer) -> None:
    """Feed positions come from the locked counter row. With a database sequence a reader could see
    8 before 7 was committed, move its cursor past it, and never see 7."""
    server = either_server
    tasks = [server.task("ana") for _ in range(WRITERS)]
    devices = [server.device("ana" if n % 2 else "rita") for n in range(WRITERS)]
    cursor = server.page("rita", scope="monitor")["cursor"]
    together = threading.Barrier(WRITERS + 1)
    done = threading.Event()
    receipts: list[dict[str, Any]] = []
    pages: list[dict[str, Any]] = []

    def write(number: int) -> None:
        device = devices[number]
        together.wait(10)
        for batch in range(BATCHES):
            said = {"comment_id": server.new_id(), "text": f"{number}/{batch}"}
            new = {"title": f"{number}/{batch}"}
            receipts.extend(
                device.push(
                    device.action("set_progress", tasks[number], {"percent": batch + 1}),
                    device.action("comment", tasks[(number + batch) % WRITERS], said),
                    device.action("create_task", server.new_id(), new),
                )
            )

    def read() -> None:
        nonlocal cursor
        headers = {"Authorization": f"Bearer {server.token('rita')}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=20) as client:
            together.wait(10)
            last = False
            while True:
                answer = client.get(
                    "/api/v1/sync/pull",
                    params={"scope": "monitor"},
                    headers={"If-None-Match": f'"{cursor}"'},
                )
                if answer.status_code == 200:
                    pages.append(answer.json())
                    cursor = pages[-1]["cursor"]
                elif last:
                    return
                last = done.is_set()

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reading = pool.submit(read)
        for writing in [pool.submit(write, n) for n in range(WRITERS)]:
            writing.result(60)
        done.set()
        reading.result(60)

    assert {r["outcome"] for r in receipts} <= {"applied", "merged"}
    count = WRITERS * BATCHES * 3
    assert len(receipts) == len({r["op_id"] for r in receipts}) == count
    seen = [entry["op_id"] for page in pages for entry in page["history"]]
    assert sorted(seen) == sorted(r["op_id"] for r in receipts)
    said = {comment["text"] for page in pages for comment in page["comments"]}
    assert said == {f"{n}/{b}" for n in range(WRITERS) for b in range(BATCHES)}
    seqs = [page["seq"] for page in pages]
    assert seqs == sorted(set(seqs))

    ((positions, distinct, lowest, highest),) = server.sql(
        "SELECT count(*), count(DISTINCT seq), min(seq), max(seq) FROM feed WHERE tenant_id = :t",
        t=server.tenant_id,
    )
    assert (positions, lowest, highest) == (distinct, 1, distinct)
    numbers = server.sql(
        "SELECT number FROM tasks WHERE tenant_id = :t ORDER BY number", t=server.tenant_id
    )
    assert [n for (n,) in numbers] == list(range(1, WRITERS + WRITERS * BATCHES + 1))
    with server.database.read() as conn:
        verdict = audit.verify(conn, server.tenant_id)
    assert (verdict.checked, verdict.broken_at) == (WRITERS + count, None)
    # Each device's actions are in the trail in the order it made them.
    with server.database.read() as conn:
        trail = list(audit.rows(conn, server.tenant_id))
    for device in devices:
        order = [row["device_seq"] for row in trail if row["device_id"] == device.device_id]
        assert order == sorted(order)


def test_the_same_action_from_eight_connections_is_done_once(
    either_server: RunningServer,
) -> None:
    """A client that lost an answer sends again while its first request may still be running."""
    server = either_server
    task_id, ana = server.task("ana"), server.device("ana")
    action = ana.action("set_progress", task_id, {"percent": 45})
    together = threading.Barrier(WRITERS)

    def push(_: int) -> dict[str, Any]:
        together.wait(10)
        return ana.push(action)[0]

    with ThreadPoolExecutor(WRITERS) as pool:
        receipts = list(pool.map(push, range(WRITERS)))
    assert all(receipt == receipts[0] for receipt in receipts)
    assert receipts[0]["outcome"] == "applied"
    assert server.audit_count(task_id) == 2
