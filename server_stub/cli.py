"""`tracker-server`: run it, migrate it, make people, read the audit trail."""

from __future__ import annotations

import ipaddress
import json
import secrets
import signal
import socket
import ssl
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from sqlalchemy.engine import Connection

from server_stub.app import create_app, document
from server_stub.backup import commands
from server_stub.config import Settings
from server_stub.core import audit as trail
from server_stub.core import auth, feed, migrate, pruning, sessions
from server_stub.core.limits import BoundedHead
from server_stub.core.opening import alone, current, migrate_as_owner, reading
from server_stub.core.state import ServerState, system_clock
from server_stub.demo.seed import seed
from server_stub.notifications import reminders
from server_stub.occupancy.forgetting import forget
from server_stub.people import service as people
from server_stub.timetable.preparing import prepare
from tracker.domain.errors import InputError, TrackerError, describe
from tracker.domain.instants import rfc3339
from tracker.domain.people import check_new_password
from tracker.domain.task import Role

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
_DAY_MS = 86_400_000
SignInName = Annotated[str, typer.Argument(help="Sign-in name.")]
FromStdin = Annotated[bool, typer.Option(help="Read the password from stdin.")]
Tenant = Annotated[str, typer.Option(help="Name of the tenant (workspace).")]


def _require_safe(host: str, protected: bool) -> None:
    """Passwords must not cross a network in clear: beyond loopback TLS is needed, here or in a
    proxy."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False  # a name can point anywhere
    if not loopback and not protected:
        raise InputError("E2019")


def _require_certificate(cert: Path | None, key: Path | None) -> None:
    """E2041 unless the two files belong together; uvicorn would end with a traceback."""
    if cert is None or key is None:
        raise InputError("E2041", "Give both --tls-cert and --tls-key.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except OSError as error:  # SSLError is one
        raise InputError("E2041", f"{error.strerror or error}.") from error


@cli.command()
def serve(
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="0 takes a free one and prints it.")
    ] = 8765,
    behind_proxy: Annotated[bool, typer.Option(help="A TLS proxy stands in front.")] = False,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM file with the chain.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file with its key.")] = None,
    migrate_first: Annotated[bool, typer.Option("--migrate", help="Migrate before.")] = False,
) -> None:
    """Run the server until Ctrl-C."""
    tls = tls_cert is not None or tls_key is not None
    if tls:
        _require_certificate(tls_cert, tls_key)
    settings = Settings(behind_proxy=behind_proxy, tls=tls)
    _require_safe(host, behind_proxy or tls)
    with alone(settings) as database:
        if migrate_first:
            migrate_as_owner(settings, database)
            prepare(settings)
        current(database)
        with _listener(host, port) as listener:
            # Whoever can write SQLite's file can do everything there; nothing to warn of.
            owner = settings.owner_database_url
            if not database.is_sqlite and (owner or migrate.owns_trail(database)):
                typer.echo(describe("E3010"), err=True)
            port = listener.getsockname()[1]
            app = create_app(settings, timetable_port=port if settings.timetable else None)
            config = uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                ws="none",
                http=BoundedHead,
                # Devices ask every 5 s, which is also when uvicorn would hang up.
                timeout_keep_alive=75,
                server_header=False,
                # Its own reading of X-Forwarded-For believes any local program.
                proxy_headers=False,
                ssl_certfile=tls_cert,
                ssl_keyfile=tls_key,
            )
            scheme = "https" if tls else "http"
            where = f"{scheme}://{host}:{port}"
            server = _Server(config, app.state.tracker, where)
            # Uvicorn, when it is done, sends itself the signal that stopped it, whose default ends
            # the process at once. Heard like this, also before uvicorn listens to it, blocks are
            # left, and SQLite's last connection, closed, empties the -wal into the file.
            signal.signal(signal.SIGTERM, server.handle_exit)
            server.run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), reuse_port=False)
    except OSError as error:
        raise InputError("E2043", f"{host}:{port}: {error.strerror or error}.") from error


class _Server(uvicorn.Server):
    """Uvicorn waits for open answers before it tells the application that it stops, and a stream
    of events is open for ever: it has to be told before. `where` is said once requests are answered
    and signals are heard: whoever waits for that line may stop the server right after it."""

    def __init__(self, config: uvicorn.Config, state: ServerState, where: str) -> None:
        super().__init__(config)
        self._state = state
        self._where = where

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            typer.echo(f"Tracker server on {self._where}")
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.heads.close()
        await super().shutdown(sockets)


for command in (commands.migrate, commands.backup, commands.restore):
    cli.command()(command)


@cli.command()
def create_user(
    name: Annotated[str, typer.Option(help="Sign-in name.")],
    display_name: Annotated[str, typer.Option(help="Name as people see it.")],
    role: Annotated[Role, typer.Option()] = Role.EMPLOYEE,
    tenant: Tenant = "Main",
    zone: Annotated[str, typer.Option(help="IANA time zone of a new tenant.")] = "UTC",
    password_stdin: FromStdin = False,
) -> None:
    """Make a person who can sign in; makes the tenant if it does not exist."""
    password = _new_password(password_stdin)
    new = people.new_person(name, display_name, role, password)
    with alone(Settings()) as database, current(database).write() as conn:
        now = system_clock()
        tenant_id = people.tenant_named(conn, tenant)
        tenant_id = tenant_id or people.create_tenant(conn, tenant, zone, now)
        locked = feed.lock(conn, tenant_id)
        people.add_person(conn, locked, new, now, by=None)
        feed.save(conn, locked, now)
    typer.echo(f"{name} can sign in as {role}.")


def _new_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _person(conn: Connection, name: str) -> tuple[str, str]:
    """(user id, tenant id)."""
    found = people.user_named(conn, name)
    if found is None:
        raise InputError("E5006", name)
    return found


@cli.command()
def set_password(name: SignInName, password_stdin: FromStdin = False) -> None:
    """Give a person another password; ends all their sessions and tokens."""
    password = _new_password(password_stdin)
    check_new_password(name, password, "password")
    made = auth.hash_password(password)
    with alone(Settings()) as database, current(database).write() as conn:
        user_id, tenant_id = _person(conn, name)
        people.set_password(conn, tenant_id, user_id, made, system_clock())
    typer.echo(f"{name} has a new password; all sessions have ended.")


@cli.command()
def disable_user(name: SignInName) -> None:
    """Keep a person out: no signing in, and all their sessions and tokens end."""
    changed = _set_active(name, False)
    typer.echo(f"{name} {'is disabled; all sessions have ended' if changed else 'was disabled'}.")


@cli.command()
def enable_user(name: SignInName) -> None:
    """Let a disabled person sign in again."""
    changed = _set_active(name, True)
    typer.echo(f"{name} {'can sign in again' if changed else 'was not disabled'}.")


def _set_active(name: str, active: bool) -> bool:
    with alone(Settings()) as database, current(database).write() as conn:
        user_id, tenant_id = _person(conn, name)
        now, tenant = system_clock(), feed.lock(conn, tenant_id)
        changed = people.set_active(conn, tenant, user_id, active, now)
        feed.save(conn, tenant, now)
    return changed


@cli.command()
def create_token(user: Annotated[str, typer.Option(help="Sign-in name.")]) -> None:
    """Print a token that does not expire, for TRACKER_TOKEN on a machine without a keyring."""
    with alone(Settings()) as database, current(database).write() as conn:
        token = sessions.create_token(conn, _person(conn, user)[0], system_clock())
    typer.echo(token)


@cli.command()
def prune_feed(
    older_than: Annotated[int, typer.Option(min=1, max=36_500, help="Days that stay.")] = 90,
) -> None:
    """Forget changes that devices were told of long ago; one away for longer pulls everything."""
    with alone(Settings()) as database:
        with current(database).read() as conn:
            tenant_ids = people.tenant_ids(conn)
        since = system_clock() - older_than * _DAY_MS
        for tenant_id in tenant_ids:
            done = pruning.prune(database, tenant_id, since)
            gone = f"{done.pointers} pointers and {done.marks} marks are gone"
            typer.echo(f"{tenant_id}: {gone}; pruned up to {done.up_to}.")


@cli.command()
def remind() -> None:
    """Tell people what is due within a day or overdue; nobody of the same due twice."""
    with alone(Settings()) as database:
        with current(database).read() as conn:
            tenant_ids = people.tenant_ids(conn)
        for tenant_id in tenant_ids:
            made = reminders.remind_all(database, tenant_id, system_clock())
            typer.echo(f"{tenant_id}: notifications made: {made}.")


@cli.command()
def prune_occupancy(
    days: Annotated[int, typer.Option(min=1, max=36_500, help="Days that stay.")] = 90,
) -> None:
    """Forget when people were active, as their devices reported it long ago."""
    with alone(Settings()) as database:
        gone = forget(current(database), system_clock() - days * _DAY_MS)
    typer.echo(f"{gone} intervals are gone.")


@cli.command()
def openapi() -> None:
    """Print the description of the REST interface; needs no database."""
    typer.echo(document(), nl=False)


@cli.command()
def seed_demo(
    tenant: Tenant = "Northwind",
    password: Annotated[str, typer.Option(help="For all demo people; random if left out.")] = "",
    tokens: Annotated[bool, typer.Option(help="Print a token for each, as JSON.")] = False,
) -> None:
    """Fill the database with a fictional company: 6 people, 3 projects, 80 tasks, 30 days."""
    password = password or secrets.token_urlsafe(9)
    settings = Settings()
    with alone(settings) as database:
        migrate_as_owner(settings, database)
        with database.write() as conn:
            if people.tenant_named(conn, tenant):
                raise InputError("E5012", f"The tenant {tenant} is there already.")
            made = seed(conn, tenant, password, system_clock())
            found = {name: people.user_named(conn, name) for name, _, _ in made}
            given = {
                name: sessions.create_token(conn, ids[0], system_clock())
                for name, ids in found.items()
                if tokens and ids
            }
    if tokens:
        typer.echo(json.dumps({"password": password, "tokens": given}))
        return
    typer.echo(f"Password of all demo people: {password}")
    for name, display, role in made:
        typer.echo(f"  {name:8} {display:16} {role}")


@cli.command()
def audit(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    task: Annotated[str | None, typer.Option(help="Only this task's UUID.")] = None,
) -> None:
    """Print the audit trail, oldest first."""
    with reading(Settings()) as database, database.read() as conn:
        for tenant_id in people.tenant_ids(conn):
            for row in trail.rows(conn, tenant_id, task):
                typer.echo(json.dumps(_printed(row)) if as_json else _line(row))


def _printed(row: dict[str, object]) -> dict[str, object]:
    times = {
        name: rfc3339(value) if isinstance(value := row[name], int) else None
        for name in ("made_at", "worked_at", "received_at")
    }
    return {**row, **times}


def _line(row: dict[str, object]) -> str:
    shown = _printed(row)
    change = f"{json.dumps(row['before'])} -> {json.dumps(row['after'])}"
    return f"{row['n']:>6} {shown['received_at']} {row['event']:12} {row['task']} {change}"


@cli.command()
def verify_audit() -> None:
    """Check the hash chain of every tenant; exit 1 if a link is broken."""
    broken = False
    with reading(Settings()) as database, database.read() as conn:
        for tenant_id in people.tenant_ids(conn):
            verdict = trail.verify(conn, tenant_id)
            broken = broken or verdict.broken_at is not None
            typer.echo(f"{tenant_id}: {verdict}.")
    raise typer.Exit(1 if broken else 0)


def main() -> None:
    """Runs the command; a coded fault is one sentence on stderr and exit 1."""
    try:
        cli()
    except TrackerError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
