"""How long nobody was here: asked of a real X server and a real session bus, and, where the system
is another one, of what its libraries answer."""

from __future__ import annotations

import math
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.client import REPOSITORY
from tests.support.idle_services import KDE, MUTTER, SCREEN_SAVER
from tracker.ui.system import desktop_bus, idle, windows

LINUX = sys.platform.startswith("linux")
PATIENCE = 20.0
"""Seconds for a program to start, or for what it has to notice."""
WAIT_MS = desktop_bus.WAIT_MS
Start = Callable[..., subprocess.Popen[str]]


def until(condition: Callable[[], bool]) -> None:
    last = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < last, "it did not come to pass"
        time.sleep(0.005)


def needs(command: str) -> str:
    found = shutil.which(command)
    if not LINUX or found is None:
        pytest.skip(f"NOT TESTED: {command} is not installed here")
    return found


@contextmanager
def running(*command: str, **more: Any) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command, stderr=subprocess.DEVNULL, text=True, cwd=REPOSITORY, **more
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def first_line(fd: int) -> str:
    """What a program says when it is ready."""
    assert select.select([fd], [], [], PATIENCE)[0], "it did not start"
    line = os.read(fd, 4_096).decode().strip()
    assert line, "it ended before it was ready"
    return line


@contextmanager
def x_server(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A display of its own, and the server's process. Without -noreset it would begin anew, and
    count from 0, whenever its last client leaves."""
    xvfb = needs("Xvfb")
    try:
        idle.load("libXss.so.1")
    except OSError:
        pytest.skip("NOT TESTED: libXss.so.1 is not installed here")
    reading, writing = os.pipe()
    size = ("-screen", "0", "320x200x24", "-nolisten", "tcp", "-noreset")
    with ExitStack() as stack:
        stack.callback(os.close, reading)
        server = stack.enter_context(
            running(xvfb, "-displayfd", str(writing), *size, *options, pass_fds=[writing])
        )
        os.close(writing)
        yield f":{first_line(reading)}", server


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with x_server() as (name, _server):
        yield name


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a session bus of its own, and the daemon's process. A test's machine may be so
    busy that an answer takes longer than the window would wait for it."""
    monkeypatch.setattr(desktop_bus, "WAIT_MS", int(PATIENCE * 1_000))
    command = (needs("dbus-daemon"), "--session", "--print-address", "--nofork")
    # Not tmp_path: a socket's path has 107 bytes at most.
    with tempfile.TemporaryDirectory() as folder:
        address = f"unix:path={folder}/bus"
        (Path(folder) / "dbus-1" / "services").mkdir(parents=True)
        environ = {**os.environ, "XDG_DATA_HOME": folder}  # where the daemon looks for starters
        options = (f"--address={address}",)
        with running(*command, *options, stdout=subprocess.PIPE, env=environ) as daemon:
            assert daemon.stdout is not None
            assert first_line(daemon.stdout.fileno()).startswith(address)
            yield address, daemon


@pytest.fixture
def offer(bus: tuple[str, subprocess.Popen[str]]) -> Iterator[Start]:
    """Puts names on the bus that give one answer, in a process of their own."""
    with ExitStack() as stack:

        def start(answer: str, *names: str) -> subprocess.Popen[str]:
            command = (sys.executable, "-m", "tests.support.idle_services", answer, *names)
            environ = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus[0]}
            process = stack.enter_context(running(*command, stdout=subprocess.PIPE, env=environ))
            assert process.stdout is not None
            assert first_line(process.stdout.fileno()) == "ready"
            return process

        yield start


def on(display: str | None = None, bus: str | None = None, **more: str) -> idle.IdleSource | None:
    """What is found on Linux with nothing else in the environment."""
    environ = dict(more)
    if display is not None:
        environ["DISPLAY"] = display
    if bus is not None:
        environ["DBUS_SESSION_BUS_ADDRESS"] = bus
    return idle.find("linux", environ)


def known(source: idle.IdleSource | None) -> int:
    assert source is not None
    answer = source.idle_ms()
    assert answer is not None
    return answer


# X11


@pytest.mark.parametrize("touch", [("mousemove", "30", "40"), ("key", "a"), ("click", "1")])
def test_x11_counts_until_somebody_touches_mouse_or_keyboard(
    display: str, touch: tuple[str, ...]
) -> None:
    xdotool = needs("xdotool")
    source = on(display)
    assert source is not None
    assert source.name == "XScreenSaver"
    start = known(source)
    until(lambda: known(source) >= start + 50)

    touched = time.monotonic()
    subprocess.run([xdotool, *touch], env={"DISPLAY": display}, check=True, timeout=PATIENCE)
    # Shorter than since the command was given: it was noticed.
    until(lambda: known(source) <= (time.monotonic() - touched) * 1_000)


def test_an_x_server_that_ends_is_unknown_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with x_server() as (display, server):
        source = on(display)
        assert known(source) >= 0
        server.terminate()
        server.wait(PATIENCE)
        assert source is not None
        assert [source.idle_ms() for _ in range(3)] == [None] * 3
    assert len([record for record in caplog.records if record.name == idle.__name__]) == 1


def test_an_x_server_without_the_extension_is_unknown_without_a_word(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with x_server("-extension", "MIT-SCREEN-SAVER") as (display, _server):
        assert on(display) is None
    assert capfd.readouterr().err == ""


def test_no_x_server_and_no_bus_is_unknown() -> None:
    assert on() is None
    assert on(display=":nowhere", bus="unix:path=/nowhere") is None


def test_a_missing_library_is_unknown(display: str) -> None:
    asked = []

    def load(name: str) -> Any:
        asked.append(name)
        if name == "libXss.so.1":
            raise OSError(name)
        return idle.load(name)

    assert idle.find("linux", {"DISPLAY": display}, load) is None
    assert "libXss.so.1" in asked


@pytest.mark.parametrize(
    "wayland", [{"WAYLAND_DISPLAY": "wayland-0"}, {"XDG_SESSION_TYPE": "wayland"}]
)
def test_x11_and_kde_are_not_asked_under_wayland(
    display: str, bus: tuple[str, Any], offer: Start, wayland: Mapping[str, str]
) -> None:
    offer("0", KDE, SCREEN_SAVER)
    assert on(display, bus[0], **wayland) is None


# The session bus


def test_mutter_answers_milliseconds_also_past_32_bits(bus: tuple[str, Any], offer: Start) -> None:
    offer("5000000000", MUTTER)
    source = on(bus=bus[0], WAYLAND_DISPLAY="wayland-0")
    assert source is not None
    assert source.name == "Mutter"
    assert known(source) == 5_000_000_000


def test_the_bus_of_the_runtime_folder_is_found(offer: Start, bus: tuple[str, Any]) -> None:
    offer("1234", MUTTER)
    folder = Path(bus[0].removeprefix("unix:path=")).parent
    assert known(on(XDG_RUNTIME_DIR=str(folder))) == 1_234
    assert on(XDG_RUNTIME_DIR=str(folder / "none")) is None


def test_mutter_comes_before_x11_and_x11_before_kde(
    display: str, bus: tuple[str, Any], offer: Start
) -> None:
    offer("77000", KDE, SCREEN_SAVER)
    by_kde, by_x = on(bus=bus[0]), on(display, bus[0])
    offer("1234", MUTTER)
    by_mutter = on(display, bus[0])
    assert [source.name for source in (by_kde, by_x, by_mutter) if source] == [
        "KDE",
        "XScreenSaver",
        "Mutter",
    ]
    assert (known(by_kde), known(by_mutter)) == (77_000, 1_234)


def test_a_screen_saver_of_nobody_knows_what_unit_is_not_asked(
    bus: tuple[str, Any], offer: Start
) -> None:
    offer("77", SCREEN_SAVER)
    assert on(bus=bus[0]) is None


def test_an_answer_that_is_no_number_is_unknown(bus: tuple[str, Any], offer: Start) -> None:
    offer("long", MUTTER)
    assert on(bus=bus[0]) is None


def test_a_bus_that_ends_is_unknown_and_logged_once(
    bus: tuple[str, subprocess.Popen[str]], offer: Start, caplog: pytest.LogCaptureFixture
) -> None:
    offer("1234", MUTTER)
    source = on(bus=bus[0])
    assert known(source) == 1_234
    bus[1].terminate()
    bus[1].wait(PATIENCE)
    assert source is not None
    until(lambda: source.idle_ms() is None)
    assert source.idle_ms() is None
    assert len([record for record in caplog.records if record.name == idle.__name__]) == 1


def test_nobody_is_started_in_order_to_be_asked(bus: tuple[str, Any]) -> None:
    folder = Path(bus[0].removeprefix("unix:path=")).parent / "dbus-1" / "services"
    starter = f"[D-BUS Service]\nName={MUTTER}\nExec=/bin/false\n"
    (folder / f"{MUTTER}.service").write_text(starter, encoding="utf-8")
    with pytest.raises(idle.CannotTell, match="NameHasNoOwner"):
        desktop_bus.opened({"DBUS_SESSION_BUS_ADDRESS": bus[0]}, desktop_bus.MUTTER)


def test_a_hung_desktop_is_left_alone_for_a_while(
    bus: tuple[str, Any], offer: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = offer("1234", MUTTER)
    clock = [100.0]
    environ = {"DBUS_SESSION_BUS_ADDRESS": bus[0]}
    ask = desktop_bus.opened(environ, desktop_bus.MUTTER, lambda: clock[0])
    assert ask() == 1_234

    process.send_signal(signal.SIGSTOP)
    with monkeypatch.context() as window:
        window.setattr(desktop_bus, "WAIT_MS", WAIT_MS)
        with pytest.raises(idle.CannotTell, match="no answer"):
            ask()
    process.send_signal(signal.SIGCONT)
    clock[0] += desktop_bus.REST_S - 1
    with pytest.raises(idle.CannotTell, match="a moment ago"):
        ask()
    clock[0] += 1
    assert ask() == 1_234


def test_a_hung_bus_is_given_up(
    bus: tuple[str, subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bus[1].send_signal(signal.SIGSTOP)
    monkeypatch.setattr(desktop_bus, "WAIT_MS", WAIT_MS)
    with pytest.raises(idle.CannotTell, match="no answer"):
        desktop_bus.opened({"DBUS_SESSION_BUS_ADDRESS": bus[0]}, desktop_bus.MUTTER)


# Windows and macOS: their libraries, as they answer


def of_windows(last: int, now: int, worked: int = 1) -> Callable[[str], Any]:
    """user32 and kernel32 of a Windows with these tick counts."""

    def get_last_input_info(pointer: Any) -> int:
        info = pointer._obj
        assert info.cbSize == 8
        info.dwTime = last
        return worked

    user = SimpleNamespace(GetLastInputInfo=get_last_input_info)
    kernel = SimpleNamespace(GetTickCount=lambda: now)
    return {"user32": user, "kernel32": kernel}.__getitem__


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (1_000, 1_000, 0),
        (1_000, 61_000, 60_000),
        (windows.WRAP - 500, 250, 750),  # the count began again meanwhile
        (5, windows.WRAP - 5_000, windows.WRAP - 5_005),  # 49.7 days
        (1_016, 1_000, 0),  # the input's tick is ahead of the clock's
        (3, windows.WRAP - 7, 0),
    ],
)
def test_windows_counts_ticks_of_32_bits(last: int, now: int, expected: int) -> None:
    source = idle.find("win32", {}, of_windows(last, now))
    assert source is not None
    assert source.name == "GetLastInputInfo"
    assert known(source) == expected


def test_a_windows_that_refuses_is_unknown() -> None:
    assert idle.find("win32", {}, of_windows(1, 2, worked=0)) is None


def of_macos(seconds: list[float]) -> Callable[[str], Any]:
    """ApplicationServices of a macOS that answers these, one after the other."""

    def seconds_since(state: int, event: int) -> float:
        assert (state, event) == (1, 0xFFFFFFFF)
        return seconds.pop(0)

    def load(name: str) -> Any:
        assert name.endswith("/ApplicationServices")
        return SimpleNamespace(CGEventSourceSecondsSinceLastEventType=seconds_since)

    return load


def test_macos_counts_seconds() -> None:
    source = idle.find("darwin", {}, of_macos([0.0, 0.0, 61.2345, math.inf, math.nan, -1.0, 2.0]))
    assert source is not None
    assert source.name == "CGEventSource"
    answers = [source.idle_ms() for _ in range(6)]
    assert answers == [0, 61_234, None, None, None, 2_000]


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_a_system_without_its_library_is_unknown(platform: str) -> None:
    def load(name: str) -> Any:
        raise OSError(name)

    assert idle.find(platform, {}, load) is None


def test_a_library_without_the_call_is_unknown() -> None:
    assert idle.find("darwin", {}, lambda _name: SimpleNamespace()) is None
