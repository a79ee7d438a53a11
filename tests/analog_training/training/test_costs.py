"""Costs against counts by hand."""

import pytest

from analog_training.algorithms.make import tiles_in_use
from analog_training.algorithms.settings import AlgorithmSettings
from analog_training.training.costs import cost_of, hardware_of
from tests.analog_training.cells import made_up_cell

SHAPES = [(3, 5), (2, 3)]
"""21 weights; 13 lines."""


@pytest.mark.parametrize(
    ("settings", "tiles", "words"),
    [
        ({"algorithm": "digital"}, 0, 21),
        ({"algorithm": "analog-sgd"}, 1, 0),
        ({"algorithm": "mixed-precision"}, 1, 21),
        ({"algorithm": "tiki-taka-1"}, 2, 0),
        ({"algorithm": "tiki-taka-2"}, 2, 21),
        ({"tiles": 4}, 4, 21),
        ({"tiles": 4, "schedule": "simultaneous"}, 4, 63),
        ({"tiles": 4, "transfers": "pulse-trains"}, 4, 0),
        ({"tiles": 1}, 1, 0),
    ],
)
def test_parts_are_counted(settings, tiles, words):
    """Tiles of 21 devices with as many reference cells, a DAC and an ADC a line and tile, and digital words."""
    found = hardware_of(AlgorithmSettings(**settings), SHAPES)
    assert (found.tiles, found.devices, found.dacs, found.adcs) == (tiles, 21 * tiles, 13 * tiles, 13 * tiles)
    assert found.digital_words == words
    cell, dac, adc = 48 * 40e-9**2, 438e-12, 1200e-12
    assert found.area == pytest.approx(tiles * (2 * 21 * cell + 13 * (dac + adc)), rel=1e-12)


def test_energies_and_times_are_sums_of_pulses():
    """10 updates with 6 ups and 2 transfers: up 1 pJ, down 3 pJ; slots of two pulses of 12 ns; 2 reads of 3 cells."""
    cell, none = made_up_cell(), dict.fromkeys(
        ("update_pulses", "transfer_pulses", "ups", "update_slots", "transfer_slots", "reads"), 0
    )  # fmt: skip
    work = [
        none | {"update_pulses": 10, "transfer_pulses": 2, "ups": 6, "update_slots": 7, "transfer_slots": 2, "reads": 2}
    ]
    found = cost_of(AlgorithmSettings(tiles=2), cell, SHAPES[:1], work, 100, 200)
    mean, adc, dac = (6 * 1e-12 + 6 * 3e-12) / 12, (16.693e-6 + 8 * 2.1691e-6) * 9e-9, 8 * 50e-15 * 0.81
    of_cell = 0.1**2 * cell.symmetric_point * 20e-9
    assert found.update_energy == pytest.approx(10 * mean, rel=1e-12)
    assert found.transfer_energy == pytest.approx(2 * mean + 2 * (3 * of_cell + dac + 3 * adc), rel=1e-9)
    assert found.product_energy == pytest.approx(200 * (15 * of_cell + 5 * dac + 3 * adc), rel=1e-9)
    assert found.digital_energy == pytest.approx((2 * 3 + 200 * 3) * 4.6e-12, rel=1e-12)
    assert found.update_time == pytest.approx(7 * 24e-9) and found.transfer_time == pytest.approx(2 * 24e-9)
    mixed = cost_of(AlgorithmSettings(algorithm="mixed-precision"), cell, SHAPES, [none] * 2, 100, 100)
    both = 15 + 2 * 6, 5 + 3 + 2, 3 + 2 + 3  # cells, driven lines and lines read: the second layer works both ways
    assert mixed.product_energy == pytest.approx(100 * (both[0] * of_cell + both[1] * dac + both[2] * adc), rel=1e-9)
    assert mixed.digital_energy == pytest.approx(100 * (21 + both[2]) * 4.6e-12, rel=1e-12) and mixed.update_energy == 0
    assert mixed.energy == mixed.digital_energy + mixed.product_energy


def test_products_take_the_tiles_in_use():
    """Stage k of residual learning has k + 2 tiles in use, Tiki-Taka reads one, and simultaneous transfers use all."""
    assert [tiles_in_use(AlgorithmSettings(tiles=4), stage) for stage in range(3)] == [2, 3, 4]
    others = ({"tiles": 1}, {"algorithm": "tiki-taka-2"}, {"algorithm": "analog-sgd"}, {"algorithm": "mixed-precision"})
    assert [tiles_in_use(AlgorithmSettings(**one), 0) for one in others] == [1] * 4
    assert tiles_in_use(AlgorithmSettings(tiles=4, schedule="simultaneous"), 0) == 4
