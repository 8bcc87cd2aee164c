"""Commands about the profile: sign in and out, synchronise, say what is wrong."""

from __future__ import annotations

import argparse
import getpass
import json
import random
import sys
import time
from contextlib import closing
from pathlib import Path

from tracker.commands.common import Exit, complain, require_profile, say
from tracker.config import current_profile, read_settings
from tracker.domain.errors import TrackerError
from tracker.domain.instants import rfc3339
from tracker.services import credentials, session, syncing
from tracker.services.credentials import VARIABLE
from tracker.services.doctor import line, look
from tracker.services.workspace import open_workspace
from tracker.sync import pacing
from tracker.sync.engine import Report, State


def login(args: argparse.Namespace, root: Path) -> Exit:
    import os

    password = None
    if not os.environ.get(VARIABLE):
        password = (
            sys.stdin.readline().rstrip("\n")
            if args.password_stdin
            else getpass.getpass(f"Password of {args.user}: ")
        )
    signed = session.sign_in(root, args.server, args.user, password, "desk")
    say(f"Signed in as {signed.profile.display_name} ({signed.profile.tenant}).")
    if not signed.remembered:
        print(
            "This machine has no keyring, so the sign-in ends with this command (E1007). "
            "Set TRACKER_TOKEN to stay signed in; `tracker-server create-token` makes one.",
            file=sys.stderr,
        )
    report = syncing.sync_once(signed.profile, signed.credentials)
    if report is not None and report.fault is not None:
        return complain(report.fault)
    return Exit.DONE


def logout(_args: argparse.Namespace, root: Path) -> Exit:
    profile = require_profile(root)
    workspace = open_workspace(profile)
    waiting = workspace.outbox.tally().waiting
    workspace.close()
    fault = session.sign_out(root, profile)
    say(f"Signed out {profile.display_name}.")
    if waiting:
        many = "1 unsent change is" if waiting == 1 else f"{waiting} unsent changes are"
        say(f"{many} kept, to go out after {profile.name} signs in again.")
    if fault is not None:
        print(f"The server could not be told: {fault}", file=sys.stderr)
    return Exit.DONE


def sync(args: argparse.Namespace, root: Path) -> Exit:
    """--once runs once; otherwise it goes on until Ctrl-C, at the pace of the windows."""
    profile = require_profile(root)
    tokens = credentials.for_profile(profile)
    pace = pacing.Pace(read_settings(root).poll_seconds, random.Random())
    with closing(syncing.Turns(profile, tokens)) as turns:
        while True:
            report = turns.run_once()
            code = _print_report(report, args.json)
            sys.stdout.flush()  # each run is said when it happened, also into a pipe
            if args.once:
                return code
            if report is None:  # another process synchronises
                time.sleep(pace.after(failed=False))
            else:
                time.sleep(pace.after(report.failed, report.retry_after))


def _print_report(report: Report | None, as_json: bool) -> Exit:
    if report is None:
        if as_json:
            say(json.dumps({"format": 1, "state": "busy"}))
        else:
            say("An open window of this profile synchronises already.")
        return Exit.DONE
    if as_json:
        say(json.dumps({
            "format": 1,
            "state": report.state,
            "at": rfc3339(report.at),
            "sent": report.sent,
            "waiting": report.waiting,
            "rejected": report.tray,
            "parked": report.parked,
            "stuck": report.stuck,
            "code": report.fault.code if report.fault else None,
        }))  # fmt: skip
    else:
        stuck = f", {report.parked} stuck" if report.parked else ""
        waiting = f"{report.waiting} waiting{stuck}"
        say(f"{report.state}: {report.sent} sent, {waiting}, {report.tray} refused")
    if report.state is State.SYNCED:
        return Exit.REFUSED if report.tray else Exit.DONE
    if report.fault is not None and not as_json:
        print(str(report.fault), file=sys.stderr)
    return Exit.QUEUED if report.state in (State.OFFLINE, State.FAULT) else Exit.REFUSED


def doctor(_args: argparse.Namespace, root: Path) -> Exit:
    """Looks at every part and says what it finds, one line each."""
    profile = current_profile(root, "desk")
    for what, words in look(root, profile):
        say(line(what, words))
    if profile is None:
        return Exit.DONE
    try:
        report = syncing.sync_once(profile, credentials.for_profile(profile))
    except TrackerError as fault:
        return complain(fault)
    if report is None:
        say(line("server", "an open window of this profile talks to it"))
    elif report.fault is None:
        say(line("server", "answers"))
    else:
        say(line("server", str(report.fault)))
    return Exit.DONE
