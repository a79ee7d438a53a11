"""A whole step: Amdahl's law and its limits."""

import pytest

from optimizer.step_cost import Ratios, make_spec, preset
from optimizer.step_cost.whole_step import accelerated, whole_steps

NONE, HUGE = Ratios(1.0, 1.0, 1.0, 1.0), Ratios(1e12, 1.0, 1e12, 1.0)


def test_a_part_that_becomes_faster_obeys_amdahl():
    """Half of the time at double speed: 4/3; without a gain 1; at most the inverse of the rest."""
    assert accelerated(2.0, 1.0, 2.0) == pytest.approx(4 / 3)
    assert accelerated(2.0, 1.0, 1.0) == 1
    assert accelerated(2.0, 1.5, 1e15) == pytest.approx(4)


def test_operations_are_those_of_the_products():
    """A dense layer 4 x 2, 3 samples: 6 4 2 3, then 2 (16 + 4) 3, then 2 (2 16 + 4 4) operations, 64 + 8 inverted."""
    digital = {"gemm_peak": 2.0, "gemm_share": 0.5, "peak": 4.0, "share": 0.5}
    content = {
        "layers": [{"inputs": 4, "outputs": 2}],
        "batch_size": 3,
        "inverse_intervals": [1, 20],
        "digital": digital,
    }
    every, rare = (step for step in whole_steps(make_spec(content), NONE) if step.block_size is None)
    assert (every.gradient_time, every.factor_time, every.preconditioning_time) == (144, 120, 96)
    assert every.inversion_time == 72 / 2
    assert (rare.factor_time, rare.inversion_time) == (120 / 2, 72 / 2 / 20), "ten updates of the factors an inversion"
    assert every.share == pytest.approx(36 / 396) and every.limit == pytest.approx(396 / 360)


@pytest.mark.parametrize(
    ("name", "shares", "limits"),
    [
        ("resnet-18-cifar", (0.86, 0.37, 0.14), (6.97, 1.60, 1.16)),
        ("resnet-50-imagenet", (0.84, 0.35, 0.11), (6.43, 1.54, 1.13)),
        ("vgg-16-cifar", (0.94, 0.60, 0.26), (16.07, 2.51, 1.35)),
    ],
)
def test_whole_factors_have_the_stated_shares(name, shares, limits):
    """Inversions at every 1, 10 and 100 steps, to the digits that are stated; arrays invert other matrices."""
    steps = [step for step in whole_steps(preset(name), NONE) if step.block_size is None]
    assert [step.share for step in steps] == pytest.approx(shares, abs=0.006)
    assert [step.limit for step in steps] == pytest.approx(limits, abs=0.006)
    assert {step.throughput for step in steps} == {None}


def test_arrays_reach_no_more_than_the_limit():
    """Equal arrays change nothing; those that take no time reach the limit."""
    for ratios, name in ((NONE, None), (HUGE, "limit")):
        for step in whole_steps(preset("vgg-16-cifar"), ratios):
            if step.block_size:
                wanted = pytest.approx(getattr(step, name) if name else 1.0)
                assert (step.throughput, step.throughput_programmed) == (wanted, wanted)
