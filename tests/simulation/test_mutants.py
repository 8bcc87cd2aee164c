"""The simulator finds what it is there to find: each bug that is planted in the product."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.mutants import BUGS, SEEDS, violation
from tests.simulation.planting import Edit
from tests.simulation.running import laboratory
from tests.simulation.world import Lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with laboratory() as made:
        yield made


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(lab: Lab, name: str) -> None:
    found = violation(lab, SEEDS[name], name)
    assert found is not None, (
        f"{BUGS[name].story} Seed {SEEDS[name]} does not notice it;"
        f" `python -m tests.simulation.mutants {name}` looks for one that does."
    )


@pytest.mark.parametrize("seed", sorted(set(SEEDS.values())))
def test_the_same_seeds_find_nothing_in_the_product_itself(lab: Lab, seed: int) -> None:
    assert violation(lab, seed) is None


def test_a_bug_whose_place_has_changed_is_not_passed_over() -> None:
    def sound() -> int:
        return 1

    with pytest.raises(LookupError, match="return 2"), Edit(sound, {"return 2": ""}).planted():
        pass
    with Edit(sound, {"return 1": "return 3"}).planted():
        assert sound() == 3
    assert sound() == 1
