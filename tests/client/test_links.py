"""Links to tasks: from a mail, a chat, another program, and from somebody who means harm."""

from __future__ import annotations

import pytest

from tracker.domain.errors import InputError
from tracker.services.links import link_to, task_in

ID = "0190c0de-0000-7000-8000-00000000abcd"


@pytest.mark.parametrize(
    "link",
    [
        link_to(ID),
        f"tracker:task/{ID}",
        f"tracker:///task/{ID}/",
        f"tracker://tasks/{ID}",
        f"/tasks/{ID}",
        f"  {ID}\n",
        ID.upper(),
        link_to(ID).upper(),
    ],
)
def test_a_task_is_found_in_its_link(link: str) -> None:
    assert task_in(link) == ID


def test_a_number_is_a_link_too() -> None:
    assert task_in("tracker://task/17") == "17"
    assert task_in("17") == "17"


@pytest.mark.parametrize(
    "link",
    [
        "", "tracker://", "tracker://task/", "tracker://task/../../etc/passwd", "--help",
        f"https://evil.example/task/{ID}", f"tracker://task/{ID}?run=1", f"tracker://task/{ID}#x",
        f"tracker://task/{ID}/delete", f"tracker://user/{ID}", "tracker://task/1234567890", "-1",
        f"tracker://task/{ID}\ntracker://task/{ID}", "١٧", f"tracker://task/{ID[:-1]}\x00",
        "file:///etc/passwd", "javascript:alert(1)", "x" * 100_000,
    ],
)  # fmt: skip
def test_anything_else_is_refused(link: str) -> None:
    with pytest.raises(InputError) as fault:
        task_in(link)
    assert (fault.value.code, fault.value.field) == ("E2064", "link")
