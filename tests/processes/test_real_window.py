"""The real programs under X11: a server, `tracker` on a screen, and a person with keyboard and
mouse. What came of it is read from the server's file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import x11
from tests.support.company import DIALOG, Company, sign_in
from tracker.ui.theme.tokens import LIGHT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="X11 is tried on Linux only")

Start = Callable[[], x11.Program]
WINDOW = "Tracker · Ana Moreno"
EMPTY, FULL, OFFLINE = LIGHT.track, LIGHT.done, LIGHT.warning_ground
"""The colours of a progress bar before and after the work, and of the banner."""


@pytest.fixture
def start(screen: x11.Screen, tmp_path: Path) -> Iterator[Start]:
    """Starts `tracker`, each time as the same person of this machine."""
    with ExitStack() as stack:

        def program() -> x11.Program:
            made = x11.Program(screen, tmp_path)
            stack.callback(made.kill)
            return made

        yield program


def see_task(screen: x11.Screen) -> x11.Strip:
    """The empty progress bar of the only card."""
    screen.until(lambda: len(screen.strips(EMPTY)) == 1, "one card with an empty bar")
    (bar,) = screen.strips(EMPTY)
    return bar


def opened(screen: x11.Screen, closed: x11.Strip) -> x11.Strip:
    """The bar of the card that was just chosen: an opened card has more room for it."""

    def bars() -> list[x11.Strip]:
        return [bar for bar in screen.strips(EMPTY) if bar.left < closed.left]

    screen.until(lambda: len(bars()) == 1, "the card is open")
    (bar,) = bars()
    return bar


def write_note(screen: x11.Screen, text: str) -> None:
    """Return on the chosen card leads to its note."""
    screen.press("ctrl+l", "Return")
    screen.write(text)


def test_a_first_day_by_keyboard_and_mouse(
    screen: x11.Screen, company: Company, start: Start
) -> None:
    tracker = start()
    sign_in(screen, company)
    window = screen.wait_for(WINDOW)
    task_id = company.assign()
    bar = see_task(screen)

    screen.click((bar.left, bar.middle - 24))  # the title, or beside it
    screen.click(opened(screen, bar).at(40))
    screen.until(lambda: company.state(task_id) == ("IN_PROGRESS", 40), "40 % at the server")

    write_note(screen, "The old seal is out: 12 mm, worn.")
    screen.press("ctrl+Return")
    screen.press("ctrl+l", "Tab", "Right", "shift+Right")
    screen.until(lambda: company.state(task_id) == ("IN_PROGRESS", 46), "46 % at the server")

    write_note(screen, "Tight at 6 bar")
    screen.press("Tab", "Tab", "Tab", "space")  # Comment, Update, Mark complete
    screen.until(lambda: company.state(task_id) == ("COMPLETED", 100), "completed at the server")

    assert company.deeds(task_id) == [
        ("set_progress", 40, ""),
        ("set_progress", None, "The old seal is out: 12 mm, worn."),
        ("set_progress", 45, ""),
        ("set_progress", 46, ""),
        ("complete", 100, "Tight at 6 bar"),
    ]
    assert tracker.close(window) == (0, "")


def test_work_goes_on_without_the_server_and_reaches_it_once(
    screen: x11.Screen, company: Company, start: Start
) -> None:
    tracker = start()
    sign_in(screen, company)
    window = screen.wait_for(WINDOW)
    task_id = company.assign()
    bar = see_task(screen)
    company.stop()
    screen.until(lambda: screen.strips(OFFLINE), "the banner says that it works offline")

    screen.press("ctrl+l", "Down")
    opened(screen, bar)
    screen.press("Tab", "Right", "Right")
    write_note(screen, "No network in the cellar")
    screen.press("ctrl+Return")
    write_note(screen, "Done in the cellar")
    screen.press("Tab", "Tab", "Tab", "space")
    screen.until(lambda: screen.strips(FULL), "the bar is full and green")
    assert company.state(task_id) == ("PENDING", 0)

    company.come_back()
    screen.press("F5")
    screen.until(lambda: company.state(task_id) == ("COMPLETED", 100), "completed at the server")
    screen.until(lambda: not screen.strips(OFFLINE), "the banner is gone")
    assert company.deeds(task_id) == [
        ("set_progress", 5, ""),
        ("set_progress", 10, ""),
        ("set_progress", None, "No network in the cellar"),
        ("complete", 100, "Done in the cellar"),
    ]
    assert tracker.close(window) == (0, "")


def test_a_closed_window_comes_back_with_what_was_done_and_half_typed(
    screen: x11.Screen, company: Company, start: Start
) -> None:
    tracker = start()
    sign_in(screen, company)
    window = screen.wait_for(WINDOW)
    task_id = company.assign()
    bar = see_task(screen)
    company.stop()
    screen.until(lambda: screen.strips(OFFLINE), "the banner says that it works offline")
    screen.press("ctrl+l", "Down")
    opened(screen, bar)
    screen.press("Tab", "Right")
    write_note(screen, "The bolts are")
    assert tracker.close(window) == (0, "")

    company.come_back()
    tracker = start()  # without a keyring it knows the person, but no token
    window = screen.wait_for(WINDOW)
    screen.until(lambda: screen.strips(OFFLINE), "the banner says that it is signed out")
    assert company.state(task_id) == ("PENDING", 0)
    screen.click_foot(window)
    screen.wait_for(DIALOG)
    screen.write(company.world.password)
    screen.press("Return")
    screen.until(lambda: company.state(task_id) == ("IN_PROGRESS", 5), "5 % at the server")

    screen.wait_for(WINDOW)
    screen.press("ctrl+l", "Return", "ctrl+End")
    screen.write(" tight")
    screen.press("ctrl+Return")
    screen.until(lambda: len(company.deeds(task_id)) == 2, "the note at the server")
    assert company.deeds(task_id) == [
        ("set_progress", 5, ""),
        ("set_progress", None, "The bolts are tight"),
    ]
    assert tracker.close(window) == (0, "")


def test_a_second_start_brings_the_window_that_is_open_to_the_front(
    screen: x11.Screen, company: Company, start: Start
) -> None:
    tracker = start()
    sign_in(screen, company)
    window = screen.see(WINDOW)
    assert not screen.has_focus(window)  # nobody gave it any, as there is no window manager
    assert start().wait() == (0, "")
    screen.until(lambda: screen.has_focus(window), "the window has the focus")
    assert screen.find(WINDOW) == [window]
    assert tracker.close(window) == (0, "")
