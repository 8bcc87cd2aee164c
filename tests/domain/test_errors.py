"""The catalogue is one, complete, and the document is printed from it."""

from __future__ import annotations

import re
from pathlib import Path

from tracker.domain.errors import CATALOGUE, catalogue_markdown, describe

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "tracker").rglob("*.py"), *(ROOT / "server_stub").rglob("*.py")]


def test_there_are_thirty_or_more_codes_in_five_groups() -> None:
    assert len(CATALOGUE) >= 30
    assert all(re.fullmatch(r"E[1-5]\d{3}", code) for code in CATALOGUE)
    assert {code[1] for code in CATALOGUE} == set("12345")


def test_every_code_used_anywhere_is_in_the_catalogue() -> None:
    used = {
        code
        for path in SOURCES
        for code in re.findall(r'"(E[1-5]\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used <= set(CATALOGUE)


def test_messages_are_sentences_a_person_can_act_on() -> None:
    for entry in CATALOGUE.values():
        assert entry.message[0].isupper()
        assert entry.message.endswith(".")
        assert entry.remedy.endswith(".")
        assert 400 <= entry.status < 600


def test_a_description_names_message_code_and_remedy() -> None:
    said = describe("E5003")
    assert said == "The task was finished meanwhile (E5003). Reopen it to go on."


def test_the_document_is_what_the_catalogue_prints() -> None:
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == catalogue_markdown()
