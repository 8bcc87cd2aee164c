"""The catalogue is one, complete, and the document is printed from it."""

from __future__ import annotations

import re
from pathlib import Path

from tracker.domain.errors import (
    CATALOGUE,
    EnvironmentFault,
    InputError,
    Refusal,
    ServerFault,
    ServerRefusal,
    SignInNeeded,
    TrackerError,
    Unreachable,
    catalogue_markdown,
    describe,
)

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


def test_no_code_is_given_twice() -> None:
    # CATALOGUE is a dict and would hide a second entry; the document prints every one.
    printed = re.findall(r"^\| (E\d{4}) \|", catalogue_markdown(), re.MULTILINE)
    assert len(printed) == len(set(printed)) == len(CATALOGUE)
    assert set(printed) == set(CATALOGUE)


def test_the_domain_is_among_the_sources_that_are_searched_for_codes() -> None:
    domain = [path for path in SOURCES if path.parent.name == "domain"]
    used = {code for path in domain for code in re.findall(r"E5\d{3}", path.read_text("utf-8"))}
    assert {"E5001", "E5002", "E5003", "E5004", "E5005", "E5011", "E5012", "E5014"} <= used


def test_no_entry_breaks_the_row_it_is_printed_in() -> None:
    for entry in CATALOGUE.values():
        words = entry.message + entry.remedy + entry.detail
        assert "|" not in words
        assert "\n" not in words


def test_a_refusal_says_its_sentence_and_what_is_particular() -> None:
    assert Refusal("E5003").message == "The task was finished meanwhile."
    assert Refusal("E2002", "note", "At most 5.").message == "The text is too long. At most 5."


def test_an_error_is_one_line_and_knows_its_entry() -> None:
    error = InputError("E2007", "Found ftp://x.", field="server")
    assert str(error) == describe("E2007", "Found ftp://x.")
    assert "\n" not in str(error)
    assert (error.entry, error.field) == (CATALOGUE["E2007"], "server")
    assert Unreachable("E4001", retry_after=2.5).retry_after == 2.5
    assert ServerRefusal("E5001", 404).status == 404


def test_a_code_of_a_newer_server_is_told_and_does_not_break_the_telling() -> None:
    assert "E9999" not in CATALOGUE
    assert "(E9999)" in str(TrackerError("E9999"))
    assert Refusal("E9999").message.endswith(".")


def test_the_tree_is_as_its_docstring_draws_it() -> None:
    assert InputError.__base__ is EnvironmentFault.__base__ is ServerFault.__base__ is TrackerError
    assert {c.__base__ for c in (Unreachable, SignInNeeded, ServerRefusal)} == {ServerFault}
