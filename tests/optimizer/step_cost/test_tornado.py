"""Every assumption alone, and the values that give the published ratios."""

import pytest

from optimizer.step_cost import preset, step_cost
from optimizer.step_cost.assumptions import assumptions
from optimizer.step_cost.tornado import PUBLISHED, changed, compared
from tests.optimizer.step_cost.given import STATED


@pytest.fixture(scope="module")
def found():
    """The result of a network."""
    return step_cost(preset("resnet-18-cifar"), STATED)


def test_every_assumption_on_an_inversion_is_varied(found):
    """Those of other work and of the simulation are not; the widest change comes first."""
    varied = {(swing.section, swing.name) for swing in found.tornado}
    left_out = {name for section, name, _ in assumptions() if (section, name) not in varied}
    assert left_out == {"gemm_peak", "gemm_share", "block_size", "condition", "sizes", "seeds"}
    assert ("arrays", "block_size") in varied
    widths = [swing.width for swing in found.tornado]
    assert widths == sorted(widths, reverse=True) and widths[-1] < 0.01 < 1 < widths[0]


def test_ratios_at_the_ends_follow_the_law_of_each_assumption(found):
    """Both ratios are as 1/share; a processor of half the power has half the energy; 10 times the arrays, 10 times."""
    swings = {swing.name: swing for swing in found.tornado}
    base = found.ratios
    share, power, parallel = swings["share"], swings["power"], swings["parallel"]
    assert share.at_low.energy == pytest.approx(base.energy * 0.1 / share.low)
    assert share.at_high.throughput == pytest.approx(base.throughput * 0.1 / share.high)
    assert (power.at_low.energy, power.at_low.throughput) == pytest.approx((base.energy / 2, base.throughput))
    assert (parallel.at_high.throughput, parallel.at_high.energy) == pytest.approx((base.throughput * 10, base.energy))


def test_another_width_is_that_of_both_sides(found):
    """With blocks of 32 the processor inverts these, too."""
    spec = changed(found.spec, "arrays", "block_size", 32)
    assert spec.digital_blocks == spec.array_blocks and max(spec.array_blocks) == 32


def test_needed_values_give_the_published_ratios(found):
    """Each value put in gives its ratio; the share for 6.9 times the energy follows from the ratio."""
    count = 0
    for one in found.needed:
        for ratio, value in one.values.items():
            if value is not None:
                there = compared(changed(found.spec, one.section, one.name, value), STATED)
                assert getattr(there, ratio) == pytest.approx(PUBLISHED[ratio.partition("_")[0]], rel=1e-5)
                count += 1
    assert count > 15
    shares = next(one.values for one in found.needed if one.name == "share")
    assert shares["energy"] == pytest.approx(0.1 * found.ratios.energy / 6.9)
    assert {one.name for one in found.needed}.isdisjoint({"block_size", "slowest"}), "neither alone reaches one"
