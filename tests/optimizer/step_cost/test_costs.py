"""Costs of both sides, their ratios, and the refusal of different mathematics."""

import pytest

from amc_circuits import ParameterError
from optimizer.step_cost import preset
from optimizer.step_cost.assumptions import ArraySettings, DigitalSettings
from optimizer.step_cost.costs import array_side, break_even_cell_time, digital_side, ratios
from optimizer.step_cost.tornado import compared
from tests.optimizer.step_cost.given import STATED, arrays_of, constant

ROUND = {"conversion_time": 2.0, "adc_energy": 0.25, "dac_energy": 0.5, "cell_time": 7.0, "cell_energy": 11.0}
"""Assumptions for calculations by hand."""


def arrays(**changes):
    """Assumptions of small whole numbers."""
    return ArraySettings(**ROUND | {"parallel": 1, "written_cells": 4, "slowest": 3.0} | changes)


def test_a_processor_takes_the_cube_of_each_width():
    """Two matrices 3 wide and one 2 wide at 10 operations a second and 5 W: 62 operations."""
    found = digital_side({3: 2, 2: 1}, DigitalSettings(peak=20.0, share=0.5, power=5.0))
    assert (found.total_time, found.total_energy) == pytest.approx((6.2, 31.0))


def test_arrays_cost_columns_and_cells():
    """One block 2 wide: 2 columns of 3 + 2 s and 13 + 2 (0.75) J; 4 cells, two at a time, 7 s and 3 times the mean."""
    found = array_side({2: 1}, arrays(), constant(3.0, 13.0))
    assert (found.time, found.energy) == pytest.approx((10.0, 29.0))
    assert (found.programming_time, found.programming_energy) == pytest.approx((4 * 7 * 3 / 2, 2 * 4 * 11))


@pytest.mark.parametrize(
    ("changes", "factors"),
    [
        ({"parallel": 4}, (1 / 4, 1, 1 / 4, 1)),
        ({"arrays": 1}, (1, 1, 1, 1 / 2)),
        ({"cycles": 5}, (5, 5, 1, 1)),
        ({"written_cells": 1}, (1, 1, 2 / 3, 1)),
        ({"written_cells": 2}, (1, 1, 1, 1)),
        ({"settling_factor": 2.0}, (16 / 10, 1, 1, 1)),
        ({"energy_factor": 2.0}, (1, 55 / 29, 1, 1)),
    ],
)
def test_each_assumption_acts_on_its_own_terms(changes, factors):
    """Factors on time, energy, programming time and programming energy of the block above."""
    found, base = (array_side({2: 1}, arrays(**more), constant(3.0, 13.0)) for more in (changes, {}))
    names = ("time", "energy", "programming_time", "programming_energy")
    assert [getattr(found, name) / getattr(base, name) for name in names] == pytest.approx(list(factors))


def test_costs_add_up_over_blocks():
    """Three blocks cost as much as each alone."""
    law = arrays_of((2, 4), (1.0, 2.0), (3.0, 9.0))
    together = array_side({2: 2, 3: 1}, arrays(), law)
    alone = [array_side({width: 1}, arrays(), law) for width in (2, 2, 3)]
    assert together.total_time == pytest.approx(sum(one.total_time for one in alone))
    assert together.total_energy == pytest.approx(sum(one.total_energy for one in alone))


def test_a_power_law_is_found_between_and_beyond_the_sizes():
    """Of a time that grows as n^0.5 and an energy as n^1.5 every width has its own."""
    law = arrays_of((16, 64, 128), (4.0, 8.0, 128**0.5), (64.0, 512.0, 128**1.5))
    for width in (4, 16, 30, 64, 100, 128, 256):
        assert (law.settling_time(width), law.energy(width)) == pytest.approx((width**0.5, width**1.5))


def test_programming_breaks_even_at_the_stated_time():
    """With this time a cell a block is programmed as long as it solves, whatever the number of cells at a time."""
    for cells in (1, 2, 16, 200):
        base = arrays(written_cells=cells)
        time = break_even_cell_time(16, base, constant(3.0, 13.0))
        found = array_side({16: 1}, base.model_copy(update={"cell_time": time}), constant(3.0, 13.0))
        assert found.programming_time == pytest.approx(found.time)


def test_different_mathematics_is_refused():
    """A processor that inverts whole factors is not compared with arrays that invert their blocks."""
    whole, blocks = digital_side({256: 1}, DigitalSettings()), array_side({128: 2}, ArraySettings(), STATED)
    with pytest.raises(ParameterError, match=r"1 of at most 256.*arrays invert 2 of at most 128.*the same matrices"):
        ratios(whole, blocks)
    assert ratios(digital_side({128: 2}, DigitalSettings()), blocks).throughput > 0


def test_the_stated_inputs_give_the_stated_ratios():
    """Of ResNet-18 the ratios are 0.42 and 7.3 with programming, 6.9 and 8.6 without, within 10 %."""
    found = compared(preset("resnet-18-cifar"), STATED)
    seen = (found.throughput, found.energy, found.throughput_programmed, found.energy_programmed)
    assert seen == pytest.approx((0.42, 7.3, 6.9, 8.6), rel=0.1)
