"""Ids sort by the moment they were made, and only their canonical text is one."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.ids import is_uuid, uuid7

MOMENTS = st.integers(0, 2**48 - 1)
NOISE = st.binary(min_size=10, max_size=10)


@given(MOMENTS, NOISE)
def test_a_uuid7_says_its_version_its_variant_and_its_moment(now: int, noise: bytes) -> None:
    made = uuid.UUID(uuid7(now, noise))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == now


@given(MOMENTS, NOISE)
def test_every_made_id_is_one_that_is_stored(now: int, noise: bytes) -> None:
    assert is_uuid(uuid7(now, noise))


@given(MOMENTS, MOMENTS, NOISE, NOISE)
def test_text_order_is_time_order(one: int, two: int, first: bytes, second: bytes) -> None:
    if one != two:
        assert (uuid7(one, first) < uuid7(two, second)) == (one < two)


@given(MOMENTS, NOISE)
def test_the_74_random_bits_are_all_kept(now: int, noise: bytes) -> None:
    free = (1 << 80) - 1 & ~(0xF << 76) & ~(0x3 << 62)
    made = uuid.UUID(uuid7(now, noise)).int
    assert free.bit_count() == 74
    assert made & free == int.from_bytes(noise, "big") & free


def test_the_example_of_the_rfc_is_made_exactly() -> None:
    # RFC 9562, appendix A.6: 2022-02-22 14:22:22-05:00, rand_a CC3, rand_b 18C4DC0C0C07398F
    noise = bytes.fromhex("0CC3" + "18C4DC0C0C07398F")
    assert uuid7(0x017F22E279B0, noise) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@pytest.mark.parametrize("version", ["1", "4", "5", "7"])
def test_ids_of_every_version_are_accepted(version: str) -> None:
    assert is_uuid(f"017f22e2-79b0-{version}cc3-98c4-dc0c0c07398f")


@pytest.mark.parametrize(
    "bad",
    [
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e279b07cc398c4dc0c0c07398f",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "urn:uuid:017f22e2-79b0-7cc3-98c4-dc0",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2_79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
        " 17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "\ud800" * 36,
        "٠" * 8 + "-79b0-7cc3-98c4-dc0c0c07398f",
        uuid.UUID(int=7),
        b"017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        True,
        [],
    ],
)
def test_no_other_form_is_an_id(bad: object) -> None:
    assert not is_uuid(bad)
