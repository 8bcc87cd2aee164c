"""Lists are written by hand where json is slow, and read as json writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.commands.listing import _document

NASTY = ("", '"', "\\", "},\n   {", '"},\n   {"', "[{}]", "Füllstand 测试 🔧", "\x00\x1f\u2028")
values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.sampled_from(NASTY))
flat = st.dictionaries(st.text(min_size=1), values, min_size=1, max_size=4)


def as_json_prints(head: dict[str, Any], tasks: list[dict[str, Any]]) -> str:
    return json.dumps({**head, "tasks": tasks}, ensure_ascii=False, indent=1)


@pytest.mark.parametrize("head", [{}, {"format": 1, "synced_at": None}])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_document_is_what_json_prints(head: dict[str, Any], count: int) -> None:
    tasks = [{"id": n, "title": text} for n, text in enumerate(NASTY[:count])]
    assert _document(head, tasks) == as_json_prints(head, tasks)


@given(st.lists(flat, max_size=4))
def test_no_text_changes_the_form_of_a_document(tasks: list[dict[str, Any]]) -> None:
    assert _document({"format": 1}, tasks) == as_json_prints({"format": 1}, tasks)
