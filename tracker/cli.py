"""The command line. `tracker` alone opens the employee window.

Commands import what they need when they run: listing tasks loads neither Qt nor the network.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from tracker.config import data_dir
from tracker.domain.errors import TrackerError, describe

Run = Callable[[argparse.Namespace, Path], int]


class _Parser(argparse.ArgumentParser):
    """Wrong use is coded too."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(describe("E2018", f"{message}."), file=sys.stderr)
        sys.exit(2)


def _listing(name: str) -> Run:
    def run(args: argparse.Namespace, root: Path) -> int:
        from tracker.commands import listing

        command: Run = getattr(listing, name)
        return command(args, root)

    return run


def _work(name: str) -> Run:
    def run(args: argparse.Namespace, root: Path) -> int:
        from tracker.commands import work

        command: Run = getattr(work, name)
        return command(args, root)

    return run


def _account(name: str) -> Run:
    def run(args: argparse.Namespace, root: Path) -> int:
        from tracker.commands import account

        command: Run = getattr(account, name)
        return command(args, root)

    return run


def _show(args: argparse.Namespace, root: Path) -> int:
    from tracker.commands import show

    return show.show(args, root)


def _notifications(args: argparse.Namespace, root: Path) -> int:
    from tracker.commands import notifications

    return notifications.notifications(args, root)


def _window(scope: str) -> Run:
    def run(args: argparse.Namespace, root: Path) -> int:
        # What a start makes stays, and looking through it again and again takes 100 ms. The window
        # collects garbage by itself (ui/bridge.py).
        gc.disable()
        from tracker.app import run as run_window

        link = getattr(args, "link", "")
        return run_window("monitor" if scope == "monitor" else "desk", root, link)

    return run


def _demo(args: argparse.Namespace, _root: Path) -> int:
    from tracker.demo import main

    return main.run(Path(args.output), headless=args.headless)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tracker",
        description="Tasks and progress, also without network. Alone, it opens the window.",
    )
    where = "where profiles are kept (or TRACKER_DATA_DIR)"
    parser.add_argument("--data-dir", help=where)
    parser.set_defaults(run=_window("desk"))
    # Accepted behind the command too; left out there, it does not hide the one in front.
    shared = _Parser(add_help=False)
    shared.add_argument("--data-dir", help=where, default=argparse.SUPPRESS)
    # Named, or argparse finds out by formatting its usage, which loads shutil.
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="tracker")

    def add(name: str, text: str, run: Run) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, parents=[shared])
        made.set_defaults(run=run)
        return made

    login = add("login", "sign in and fetch the tasks", _account("login"))
    login.add_argument("--server", required=True, help="like https://tracker.example.com")
    login.add_argument("--user", required=True)
    login.add_argument("--password-stdin", action="store_true")
    add("tasks", "list my tasks from the cache", _listing("list_tasks")).add_argument(
        "--json", action="store_true"
    )
    show = add("show", "show a task with its comments and its history", _show)
    show.add_argument("task", help="number or id")
    show.add_argument("--history", action="store_true", help="also what only the server has")
    show.add_argument("--json", action="store_true")
    progress = add("progress", "set the progress of a task", _work("progress"))
    progress.add_argument("task", help="number or id")
    progress.add_argument("percent", help="0 to 100")
    progress.add_argument("-m", "--note", default="", help="what was done")
    for name, text in (
        ("complete", "complete a task"),
        ("hold", "put a task on hold"),
        ("resume", "go on with a task"),
    ):
        made = add(name, text, _work(name))
        made.add_argument("task", help="number or id")
        made.add_argument("-m", "--note", default="")
    comment = add("comment", "write a comment on a task", _work("comment"))
    comment.add_argument("task", help="number or id")
    comment.add_argument("text")
    queue = add("queue", "show what waits and what was refused", _work("queue"))
    queue.add_argument("--json", action="store_true")
    queue.add_argument(
        "--export", metavar="FILE", help="write what was refused, as text or (.json) as JSON"
    )
    queue.add_argument("--overwrite", action="store_true", help="also a file that exists")
    give_up = add("give-up", "give up a change that the server cannot take", _work("give_up"))
    give_up.add_argument("op_id", help="as tracker queue prints it, or its beginning")
    edit = add("edit", "edit a change that was not sent yet or was refused", _work("edit"))
    edit.add_argument("op_id", help="as tracker queue prints it, or its beginning")
    edit.add_argument("-m", "--note", help="the note, or the text of a comment")
    edit.add_argument("--percent", help="0 to 100")
    edit.add_argument("--title", help="of a task made here")
    told = add("notifications", "list what I am told of, or mark it as read", _notifications)
    which = told.add_mutually_exclusive_group()
    which.add_argument("--unread", action="store_true", help="only what I have not read")
    which.add_argument("--read", metavar="ID", help="mark as read: a number, an id, or all")
    told.add_argument("--json", action="store_true")
    sync = add("sync", "send what waits and fetch what is new", _account("sync"))
    sync.add_argument("--once", action="store_true", help="once, then end")
    sync.add_argument("--json", action="store_true")
    cache = add("cache", "the local copy", _listing("export"))
    cache.add_argument("action", choices=["export"], help="print it as JSON")
    add("doctor", "check profile, keyring, files and server", _account("doctor"))
    add("logout", "sign out; unsent changes are kept", _account("logout"))
    link = add("open", "open a task in the window: a link or a number", _window("desk"))
    link.add_argument("link", help="like tracker://task/ and an id, or a number")
    add("monitor", "open the admin's monitor window", _window("monitor"))
    demo = add("demo", "start a demo server and both windows", _demo)
    demo.add_argument("--output", default="demo-output", help="folder for pictures of the tour")
    demo.add_argument("--headless", action="store_true", help="the tour, also with a display")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; a coded fault is one sentence on stderr."""
    args = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A console that cannot print a title shows a question mark; it is no reason to fail.
        sys.stdout.reconfigure(errors="replace")
    try:
        code: int = args.run(args, data_dir(args.data_dir))
        sys.stdout.flush()  # here, where a closed pipe is expected
    except TrackerError as fault:
        from tracker.commands.common import complain

        return complain(fault)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # `tracker tasks | head` closed the pipe; the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code
