"""A company whose server is a process, and screens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import Template
from tests.support import x11
from tests.support.company import Company
from tests.support.operator import Served


@pytest.fixture
def new_screen() -> Iterator[Callable[[Path], x11.Screen]]:
    """Each call is one more screen, with its files in a folder that is there already."""
    if lacking := x11.missing():
        pytest.skip(f"NOT TESTED ON A SCREEN: no {' and no '.join(lacking)}")
    with ExitStack() as stack:

        def screen(folder: Path) -> x11.Screen:
            made = x11.Screen(folder)
            stack.callback(made.close)
            return made

        yield screen


@pytest.fixture
def screen(new_screen: Callable[[Path], x11.Screen], tmp_path: Path) -> x11.Screen:
    return new_screen(tmp_path)


@pytest.fixture
def company(tmp_path: Path, sqlite_template: Template) -> Iterator[Company]:
    url = sqlite_template.copy(tmp_path)
    file = Path(url.removeprefix("sqlite:///"))
    made = Company(file, sqlite_template.world, Served(url))
    yield made
    made.served.kill()
