"""What stands for a person who has no picture."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.people import initials


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana Moreno", "AM"),
        ("Ana María de la Cruz Moreno", "AM"),
        ("  ana \t moreno\n", "AM"),
        ("Sara", "S"),
        ("élodie", "É"),
        ("e\N{COMBINING ACUTE ACCENT}lodie", "É"),
        ("Jean-Luc Picard", "JP"),
        ("Ana (Lager) Moreno", "AM"),
        ("(Ana) \N{WRENCH} Moreno", "AM"),
        ("Team 7", "T7"),
        ("ßabine ﬁscher", "ßﬁ"),  # two letters, if they are made large
        ("田中 美衣", "田美"),
        ("田中美衣", "田"),
        ("김 민준", "김민"),
        ("علي حسن", "عح"),
        ("\N{RIGHT-TO-LEFT MARK}דנה כהן\N{RIGHT-TO-LEFT MARK}", "דכ"),
        ("", ""),
        (" \n", ""),
        ("\N{WRENCH} ...", ""),
    ],
)
def test_the_first_letters_of_the_first_and_the_last_word(name: str, shown: str) -> None:
    assert initials(name) == shown


@given(st.text(max_size=200))
def test_never_more_than_two_and_each_is_a_letter_or_digit(name: str) -> None:
    found = initials(name)
    assert len(found) <= 2
    assert all(letter.isalnum() for letter in found)
    assert found == initials(unicodedata.normalize("NFD", name))
    assert bool(found) == any(c.isalnum() for c in unicodedata.normalize("NFC", name))
