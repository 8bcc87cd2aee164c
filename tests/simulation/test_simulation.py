"""The seeds of every test run; `make soak` runs ten thousand."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.faults import Fault
from tests.simulation.running import Outcome, laboratory, run
from tests.simulation.world import ACTIONS, Simulation

SEEDS = 300
# They share one run.
pytestmark = pytest.mark.xdist_group("simulation")


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run(0, SEEDS, processes=2)


def test_nothing_is_lost_doubled_out_of_order_or_different(outcome: Outcome) -> None:
    assert outcome.failed is None, outcome.story
    assert outcome.made >= SEEDS * ACTIONS


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_happened(outcome: Outcome, fault: Fault) -> None:
    assert outcome.happened[fault] > 0


def test_a_seed_repeats_its_run_exactly() -> None:
    def story() -> tuple[list[str], Counter[Fault]]:
        sim = Simulation(lab, 17)
        sim.run()
        return sim.history, sim.happened

    with laboratory() as lab:
        assert story() == story()
