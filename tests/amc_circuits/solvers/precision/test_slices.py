"""Products by slices: whole numbers are exact, coarse readings leave a floor, and cost is that of the passes."""

import numpy as np
import pytest

from amc_circuits import Converters, Device, InvCircuit, ParameterError, Refinement, solve
from amc_circuits.solvers.precision.problem import SquareProblem
from amc_circuits.solvers.precision.refine import refine
from amc_circuits.solvers.precision.slices import SlicedProduct, Slicing, digits_of
from amc_circuits.solvers.precision.statuses import CONVERGED, STALLED
from amc_circuits.solvers.precision.words import Words
from amc_circuits.values.matrices import draw_matrix

FIELDS = {"engine": "exact", "opamp": "cmos-100meg"}


def cells(levels, part):
    """Cells whose error is a part of a level."""
    return Device(g_min=0.5e-6, g_max=35e-6, levels=levels, programming_error=part * 34.5e-6 / (levels - 1))


def drawn(size):
    """A matrix and a right-hand side."""
    generator = np.random.default_rng(0)
    return draw_matrix("spd", size, size, 10.0, generator), generator.uniform(-1, 1, size)


def whole(matrix, slicing):
    """Whole numbers that the slices hold, and the unit of 1, by definition."""
    most = 2 ** (slicing.slices * slicing.slice_bits) - 1
    unit = np.abs(matrix).max() / most
    return np.rint(matrix / unit), unit


@pytest.mark.parametrize("bits", [1, 3])
def test_digits_add_up_to_whole_numbers(bits):
    """Their weights are powers of the base, and none is larger than the base less 1."""
    matrix, slicing = drawn(8)[0], Slicing(slices=5, slice_bits=bits)
    digits = digits_of(matrix, slicing)
    total = sum(one * 2.0 ** (bits * place) for place, one in enumerate(reversed(digits)))
    np.testing.assert_array_equal(total, whole(matrix, slicing)[0])
    assert max(np.abs(one).max() for one in digits) == 2**bits - 1


@pytest.mark.parametrize(
    "slicing",
    [Slicing(), Slicing(slices=4, slice_lines=3), Slicing(slices=4, slice_input_bits=2, slice_lines=2)],
    ids=["24 bits", "uneven groups", "2 bits a pass"],
)
def test_the_product_is_that_of_whole_numbers(slicing):
    """To the last bit of float64, with errors of 2 % of a level in every cell and a finite gain."""
    matrix, _ = drawn(8)
    product = SlicedProduct.program(matrix, slicing, {**FIELDS, "device": cells(8, 0.02)})
    words = Words.of(np.random.default_rng(1).standard_normal((8, 2)), 8)
    held, unit = whole(matrix, slicing)
    np.testing.assert_allclose(product(words), held @ words.integers * unit * words.unit, rtol=1e-13)


def solved(slicing, part):
    """A refinement with slices."""
    matrix, b = drawn(16)
    product = SlicedProduct.program(matrix, slicing, {**FIELDS, "device": cells(8, part)})
    circuit = InvCircuit.program(matrix, device=cells(16, 0.15), **FIELDS)
    return refine(circuit, SquareProblem.of(matrix, "none"), b, Refinement(bits=20), product), product


def test_slices_reach_20_bits_and_cost_their_passes():
    """One bit of z and 8 of 16 lines a pass: 7 planes and 2 groups, all slices at the same time."""
    result, product = solved(Slicing(), 0.02)
    assert result.status is CONVERGED
    assert product.passes(127) == 14
    assert product.read_bits == 7
    inputs = np.random.default_rng(5).choice([-1.0, 1.0], (16, 8))
    inputs[8:] = 0
    found, converters = [one.solve(inputs) for one in product.circuits], Converters(dac_bits=2, adc_bits=7)
    (dac, dac_time), (adc, adc_time) = converters.dac_cost(8), converters.adc_cost(16)
    joules = sum(one.energy.total.mean() for one in found)
    seconds = max(one.settling_time.max() for one in found)
    assert result.cost.product_energy == pytest.approx(14 * (joules + 8 * (dac + adc)), rel=0.1)
    assert result.cost.product_time == pytest.approx(14 * (seconds + dac_time + adc_time), rel=0.1)
    assert "7 bits" in result.notes[0]
    assert result.energy[0] > 30 * result.digital_energy


def test_coarse_reading_leaves_a_floor_that_is_named():
    """ADCs of 8 bits over whole rows: the loop's own residual falls, that of x does not."""
    result, _ = solved(Slicing(slice_lines=16, slice_input_bits=4, slice_read_bits=8), 0.0)
    assert result.status is STALLED
    assert "not exact enough" in result.message and "take more slices" in result.message
    assert 3 < result.bits[0] < 6


def test_integers_of_many_lines_need_too_many_bits():
    """The error names the lines and the bits."""
    matrix = np.ones((40, 40))
    with pytest.raises(ParameterError, match=r"slice_lines.*14 bits"):
        SlicedProduct.program(
            matrix, Slicing(slices=1, slice_lines=40, slice_input_bits=4), {**FIELDS, "device": cells(8, 0.0)}
        )


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_cost_of_slices_whose_rows_cancel_is_known(sign):
    """Signs on the lines may leave every output at zero, which never settles: others are driven then."""
    matrix = np.array([[1.0, sign], [sign, 1.0]])
    product = SlicedProduct.program(matrix, Slicing(slices=2), FIELDS | {"device": cells(8, 0)})
    assert all(cost > 0 for cost in product.cost(127))


def test_a_slice_of_zeros_settles_at_nothing():
    """A diagonal of 1 has digits in the first slice alone; outputs of the others are rounding, which is no error."""
    matrix, b = np.array([[2.0, -0.5], [-0.5, 1.0]]), [1.0, 0.5]
    fields = {"bits": 16, "residual": "slices", "scaling": "diagonal", "device": cells(8, 0.02), **FIELDS}
    assert solve(matrix, b, **fields).usable
