"""`tracker-server` as a process: what an operator types, and what they read."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from server_stub.core.database import Database
from tests.conftest import Template
from tests.support.operator import Clerk, Operator, Served


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(f"sqlite:///{tmp_path / 'new.db'}")


@pytest.fixture
def on_template(template: Template, tmp_path: Path) -> Operator:
    return Operator(template.copy(tmp_path))


@pytest.fixture
def clerk(tmp_path: Path) -> Clerk:
    return Clerk(f"sqlite:///{tmp_path / 'new.db'}")


@pytest.fixture
def seeded(template: Template, tmp_path: Path) -> Clerk:
    return Clerk(template.copy(tmp_path))


def test_from_an_empty_folder_to_a_person_who_signs_in(
    operator: Operator, run_server: Callable[..., Served]
) -> None:
    assert operator.ok("migrate") == "The database is up to date.\n"
    made = operator.ok(
        "create-user", "--name", "Ana", "--display-name", "Ana Moreno", "--role", "ADMIN",
        "--zone", "Europe/Madrid", "--password-stdin", stdin="a good password\n",
    )  # fmt: skip
    assert made == "Ana can sign in as ADMIN.\n"
    token = operator.ok("create-token", "--user", "ana").strip()
    served = run_server(operator.url)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=served.url, headers=headers) as client:
        body = {"name": "ana", "password": "a good password"}
        grant = client.post("/api/v1/session", json=body).json()
        assert (grant["me"]["role"], grant["me"]["zone"]) == ("ADMIN", "Europe/Madrid")
        assert client.get("/api/v1/session").json() == grant["me"]
    busy = operator.refused("E3005", "create-token", "--user", "ana")
    assert "running server" in busy
    operator.refused("E3005", "prune-feed")
    assert "Traceback" not in served.end()
    assert operator.ok("create-token", "--user", "ana")


def test_the_demo_company_its_trail_and_a_broken_chain(clerk: Clerk) -> None:
    given = json.loads(clerk.ok("seed-demo", "--tokens", "--password", "for all of them"))
    assert given["password"] == "for all of them"
    assert set(given["tokens"]) == {"sara", "rita", "ana", "jonas", "mei", "luis"}
    rows = [json.loads(line) for line in clerk.ok("audit", "--json").splitlines()]
    assert [row["n"] for row in rows] == list(range(1, len(rows) + 1))
    assert set(rows[0]) == {
        "n", "tenant", "task", "event", "user", "op_id", "device_id", "device_seq", "before",
        "after", "note", "occupancy", "merged", "made_at", "clock_offset", "worked_at",
        "received_at",
    }  # fmt: skip
    assert all(row["received_at"].endswith("Z") for row in rows)
    task = rows[0]["task"]
    printed = clerk.ok("audit", "--json", "--task", task)
    of_task = [json.loads(line) for line in printed.splitlines()]
    assert of_task == [row for row in rows if row["task"] == task]
    assert f"the chain of {len(rows)} rows is whole" in clerk.ok("verify-audit")
    assert "E5012" in clerk.refused("E5012", "seed-demo")

    database = Database(clerk.url)
    with database.write() as conn:
        conn.exec_driver_sql("DROP TRIGGER audit_update")
        conn.exec_driver_sql("UPDATE audit SET body = body || ' ' WHERE n = 7")
    database.close()
    broken = clerk("verify-audit")
    assert broken.returncode == 1
    assert "is BROKEN at row 7" in broken.stdout


def test_pruning_says_what_is_gone_and_leaves_what_is_young(seeded: Clerk) -> None:
    new = ("--name", "mei", "--display-name", "Mei", "--tenant", "Northwind", "--password-stdin")
    database = Database(seeded.url)
    with database.write() as conn:
        conn.exec_driver_sql("UPDATE marks SET made_at = 1")
    seeded.ok("create-user", *new, stdin="long enough\n")
    lines = seeded.ok("prune-feed", "--older-than", "1").splitlines()
    said = r"[0-9a-f-]{36}: (\d+) pointers and 0 marks are gone; pruned up to (\d+)\."
    found = [re.fullmatch(said, line) for line in lines]
    assert [bool(one) and one[1] == one[2] != "0" for one in found if one] == [True, True]
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM feed").scalar() == 1
    database.close()
    again = seeded.ok("prune-feed").splitlines()
    assert [": 0 pointers and 0 marks are gone" in line for line in again] == [True, True]
    assert seeded("prune-feed", "--older-than", "0").returncode == 2


def test_commands_on_a_database_that_is_not_migrated_say_so(clerk: Clerk) -> None:
    assert "tracker-server migrate" in clerk.refused("E3008", "serve", "--port", "0")
    clerk.refused("E3008", "audit")
    clerk.refused("E3008", "prune-feed")


def test_a_database_that_cannot_be_reached_is_one_sentence() -> None:
    nobody_listens = "postgresql://tracker@127.0.0.1:9/tracker"
    Operator(nobody_listens).refused("E3007", "migrate")


def test_serving_can_migrate_first_and_ends_at_ctrl_c_without_a_traceback(
    operator: Operator, run_server: Callable[..., Served]
) -> None:
    served = run_server(operator.url, "--migrate")
    assert httpx.get(f"{served.url}/api/v1/health").json()["status"] == "ok"
    assert "Traceback" not in served.end(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_stop_leaves_one_file_that_is_whole(
    sqlite_template: Template,
    tmp_path: Path,
    run_server: Callable[..., Served],
    number: signal.Signals,
) -> None:
    url = sqlite_template.copy(tmp_path)
    served = run_server(url)
    headers = {"Authorization": f"Bearer {sqlite_template.world.tokens['ana']}"}
    with httpx.Client(base_url=served.url, headers=headers) as client:
        body = {"name": "ana", "password": sqlite_template.world.password}
        assert client.post("/api/v1/session", json=body).status_code == 200
        assert (tmp_path / "server.db-wal").stat().st_size > 0
    said = served.end(number)
    assert "Traceback" not in said
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"server.db", "server.db.lock", "server.db.timetable"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_serving_beyond_this_machine_is_refused_without_a_proxy(
    on_template: Operator, host: str
) -> None:
    said = on_template.refused("E2019", "serve", "--host", host, "--port", "0")
    assert "--behind-proxy" in said


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The options for a certificate of this machine that it signed itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("NOT TESTED WITH TLS: no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    of_this_machine = ("-subj", "/CN=tracker", "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-keyout", key, "-out", cert, *of_this_machine],
        check=True, capture_output=True,
    )  # fmt: skip
    return "--tls-cert", cert, "--tls-key", key


def test_serving_with_a_certificate_speaks_tls_and_nothing_else(
    on_template: Operator, run_server: Callable[..., Served], certificate: tuple[str, ...]
) -> None:
    served = run_server(on_template.url, "--host", "127.0.0.1", *certificate)
    assert served.url.startswith("https://")
    trusted = ssl.create_default_context(cafile=certificate[1])
    answer = httpx.get(f"{served.url}/api/v1/health", verify=trusted)
    assert answer.json()["status"] == "ok"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http{served.url.removeprefix('https')}/api/v1/health")


def test_a_certificate_or_a_proxy_opens_every_address(
    operator: Operator, certificate: tuple[str, ...]
) -> None:
    """The address is allowed, so the next obstacle is named: there are no tables."""
    for args in (certificate, ("--behind-proxy",)):
        operator.refused("E3008", "serve", "--host", "0.0.0.0", "--port", "0", *args)


def test_a_certificate_that_cannot_be_used_is_a_sentence(
    on_template: Operator, certificate: tuple[str, ...], tmp_path: Path
) -> None:
    _, cert, _, key = certificate
    on_template.refused("E2041", "serve", "--tls-cert", cert)
    on_template.refused("E2041", "serve", "--tls-key", key)
    on_template.refused("E2041", "serve", "--tls-cert", key, "--tls-key", cert)
    nowhere = str(tmp_path / "nowhere.pem")
    said = on_template.refused("E2041", "serve", "--tls-cert", nowhere, "--tls-key", key)
    assert "No such file" in said


def test_serving_at_a_name_is_refused_in_a_sentence(on_template: Operator) -> None:
    on_template.refused("E2019", "serve", "--host", "tracker.example.com", "--port", "0")


def test_what_create_user_and_create_token_refuse(seeded: Clerk) -> None:
    new = ("create-user", "--display-name", "X", "--password-stdin", "--tenant", "Northwind")
    seeded.refused("E2040", *new, "--name", "mei", stdin="not long.\n")
    seeded.refused("E2040", *new, "--name", "mei.tanaka", stdin="Mei.Tanaka\n")
    seeded.refused("E5012", *new, "--name", "ANA", stdin="long enough\n")
    seeded.refused("E5006", "create-token", "--user", "nobody")
    assert seeded("create-user", "--name", "mei").returncode == 2


def test_a_person_is_kept_out_let_in_and_given_another_password(
    seeded: Clerk, run_server: Callable[..., Served]
) -> None:
    token = seeded.ok("create-token", "--user", "ana").strip()
    assert "is disabled" in seeded.ok("disable-user", "Ana")
    assert "was disabled" in seeded.ok("disable-user", "ana")
    assert "can sign in again" in seeded.ok("enable-user", "ana")
    assert "was not disabled" in seeded.ok("enable-user", "ana")
    trail = [json.loads(line) for line in seeded.ok("audit", "--json").splitlines()]
    assert [(row["event"], row["user"], row["after"]) for row in trail] == [
        ("person.change", None, {"active": False}),
        ("person.change", None, {"active": True}),
    ]
    assert "person.change" in seeded.ok("audit", "--task", trail[0]["task"])
    fresh = seeded.ok("create-token", "--user", "ana").strip()
    said = seeded.ok("set-password", "ana", "--password-stdin", stdin="another password\n")
    assert said == "ana has a new password; all sessions have ended.\n"
    seeded.refused("E2040", "set-password", "ana", "--password-stdin", stdin="ana\n")
    seeded.refused("E5006", "disable-user", "nobody")
    served = run_server(seeded.url)
    with httpx.Client(base_url=served.url) as client:
        for ended in (token, fresh):
            headers = {"Authorization": f"Bearer {ended}"}
            assert client.get("/api/v1/session", headers=headers).json()["code"] == "E1002"
        body = {"name": "ana", "password": "another password"}
        assert client.post("/api/v1/session", json=body).status_code == 200
    if seeded.url.startswith("sqlite"):  # one process writes there
        new = "x" * 10
        seeded.refused("E3005", "disable-user", "ana")
        seeded.refused("E3005", "set-password", "ana", "--password-stdin", stdin=f"{new}\n")


def test_the_operator_may_keep_the_last_owner_out_and_let_in_another(
    seeded: Clerk,
) -> None:
    assert "is disabled" in seeded.ok("disable-user", "sara")
    new = ("create-user", "--name", "mei", "--display-name", "Mei", "--role", "OWNER")
    seeded.ok(*new, "--tenant", "Northwind", "--password-stdin", stdin="long enough\n")
    trail = [json.loads(line) for line in seeded.ok("audit", "--json").splitlines()]
    assert (trail[-1]["event"], trail[-1]["user"]) == ("person.create", None)
    assert trail[-1]["after"] == {"number": 5, "role": "OWNER"}
    assert "the chain of 2 rows is whole" in seeded.ok("verify-audit")


def test_a_zone_that_does_not_exist_is_refused(seeded: Clerk) -> None:
    args = ("--name", "mei", "--display-name", "Mei", "--tenant", "New", "--zone", "Mars/Base")
    done = seeded("create-user", *args, "--password-stdin", stdin="long enough\n")
    assert done.returncode == 1


def test_more_writers_than_worker_threads_are_all_answered(
    template: Template,
    tmp_path: Path,
    run_server: Callable[..., Served],
) -> None:
    """In a process of its own, because a server that hangs like this cannot be stopped."""
    folder = tmp_path / "busy"
    folder.mkdir()
    served = run_server(template.copy(folder))
    headers = {"Authorization": f"Bearer {template.world.tokens['ana']}"}
    writers = 64
    together = threading.Barrier(writers)
    limits = httpx.Limits(max_connections=writers)
    with httpx.Client(base_url=served.url, headers=headers, limits=limits, timeout=6) as client:

        def push(_: int) -> int:
            together.wait(10)
            try:
                return client.post("/api/v1/sync/push", json={"actions": []}).status_code
            except httpx.TransportError:
                return 0

        with ThreadPoolExecutor(writers) as pool:
            assert set(pool.map(push, range(writers))) == {200}
    served.end()


def test_a_port_in_use_is_one_sentence(seeded: Clerk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in seeded.refused("E2043", "serve", "--port", port)
    assert seeded("serve", "--port", "99999").returncode == 2


@pytest.mark.parametrize("url", ["garbage", "mysql://x:secret@y/z", "oracle+nothing://x"])
def test_what_is_no_address_of_a_database_is_one_sentence(url: str) -> None:
    assert "secret" not in Clerk(url).refused("E2044", "migrate")
