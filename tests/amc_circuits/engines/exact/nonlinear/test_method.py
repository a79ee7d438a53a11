"""Weights of the exponential collocation, against quadrature, polynomials and exact solutions."""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest

from amc_circuits.engines.exact.nonlinear.method import LEADING, NODES, OMITTED, interpolated, phi_functions, weights
from tests.comparators import assert_close, assert_within

SIZES = np.geomspace(1e-8, 1e3, 45)
PANELS = 400
GAUSS, GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(16)


def decimal_phi(x: float) -> list[float]:
    """`phi_k(x) = (phi_(k-1)(x) - 1/(k-1)!)/x` in 120 digits, k = 0 .. 5."""
    getcontext().prec = 120
    found = [Decimal(x).exp()]
    for k in range(1, 6):
        found.append((found[-1] - 1 / Decimal(math.factorial(k - 1))) / Decimal(x))
    return [float(one) for one in found]


@pytest.mark.parametrize("sign", [-1, 1])
def test_phi_functions_of_real_arguments(sign):
    """Thirteen digits from 1e-8 to 1e3 (of the positive ones to 600, beyond which exp overflows)."""
    x = sign * SIZES[sign * SIZES < 600]
    assert_close(phi_functions(x), np.transpose([decimal_phi(float(one)) for one in x]), relative=2e-13)


@pytest.mark.parametrize("angle", [0.5, 0.6, 0.9])
def test_phi_functions_of_complex_arguments(angle):
    """`int_0^1 exp((1 - s) x) s^(k-1)/(k-1)! ds` by Gauss's rule on 400 panels; no positive real part."""
    x = SIZES * np.exp(1j * np.pi * angle)
    s = ((np.arange(PANELS)[:, None] + (GAUSS + 1) / 2) / PANELS).ravel()
    share = np.tile(GAUSS_WEIGHTS / 2 / PANELS, PANELS)
    kept = np.exp(np.outer(x, 1 - s))
    wanted = [np.exp(x), *(kept @ (share * s ** (k - 1) / math.factorial(k - 1)) for k in range(1, 6))]
    # The quadrature adds numbers of size 1.
    assert_close(phi_functions(x), wanted, relative=1e-12, absolute=1e-15)


@pytest.mark.parametrize("power", range(5))
@pytest.mark.parametrize("value", [-3.0, -1e-5, 0.0, -200.0, -0.5 + 40j, 2j])
def test_a_step_is_exact_for_quartics(power, value):
    """`z' = p z + t^k` from `z(0) = z0`: its solution in closed form, at the nodes and between them."""
    step, begin = 0.7, 1.3
    fractions = np.array([0.2, *NODES[1:]])
    found = weights(np.array([value]), step, fractions)
    rates = (NODES * step) ** power
    got = found[0, :, 0] * begin + found[0, :, 1:6] @ rates
    t = fractions * step
    # int_0^t exp(p (t - s)) s^k ds = exp(p t) k!/p^(k+1) - sum_j k!/(j! p^(k-j+1)) t^j; a series where p t is small.
    if abs(value) > 1e-3:
        series = sum(
            math.factorial(power) / math.factorial(j) / value ** (power - j + 1) * t**j for j in range(power + 1)
        )
        moved = np.exp(value * t) * math.factorial(power) / value ** (power + 1) - series
    else:
        moved = sum(
            math.factorial(power) / math.factorial(power + 1 + j) * value**j * t ** (power + 1 + j) for j in range(6)
        )
    assert_close(got, np.exp(value * t) * begin + moved, relative=1e-12, absolute=1e-15)


def test_the_estimated_error_is_the_difference_of_the_cubic():
    """`omitted` times the fourth difference is what the cubic through 0, 1/4, 13/20, 1 changes at the end of a step."""
    value, step = np.array([-2.0 + 3j]), 0.4
    rates = np.exp(1.7 * NODES)
    found = weights(value, step, np.array([1.0]))
    chosen = [0, 1, 2, 4]
    through = np.linalg.solve(np.vander(NODES[chosen], increasing=True), rates[chosen])
    cubic = np.polynomial.Polynomial(through)(NODES)
    wanted = found[0, 0, 1:6] @ (rates - cubic)
    assert_close(found[0, 0, 6] * (LEADING @ rates), wanted, relative=1e-12)
    assert_close(np.polynomial.Polynomial(OMITTED)(NODES[chosen]), np.zeros(4), absolute=1e-15)


def test_the_quartic_is_reproduced_between_the_nodes():
    """Lagrange polynomials: a quartic through its own values is itself."""
    quartic, at = np.polynomial.Polynomial([1.0, -2.0, 0.5, 3.0, -0.7]), np.linspace(-0.5, 2.0, 11)
    assert_close(quartic(NODES) @ interpolated(at), quartic(at), absolute=1e-12)


def test_the_last_node_makes_the_method_one_of_order_six():
    """The integral of the product of all five factors vanishes, that of the product and s does not."""
    product = np.polynomial.Polynomial.fromroots(NODES)
    assert abs(product.integ()(1.0) - product.integ()(0.0)) < 1e-16
    other = (product * np.polynomial.Polynomial([0.0, 1.0])).integ()
    assert abs(other(1.0) - other(0.0)) > 2e-4


def growth(y: complex) -> complex:
    """Factor of a step for `z' = y z` with all of it in N."""
    added = weights(np.zeros(1), 1.0, NODES[1:])[0, :, 1:6]
    later = np.linalg.solve(np.eye(4) - y * added[:, 1:], 1 + y * added[:, 0])
    return complex(later[-1])


def test_the_method_is_a_stable():
    """The factor of a step is at most 1 on the imaginary axis, tends to 7/39, and is exp(y) up to y^6."""
    sizes = np.abs([growth(1j * y) for y in np.geomspace(1e-3, 1e6, 400)])
    assert sizes.max() <= 1 + 1e-12
    assert_within(abs(growth(-1e9)), 7 / 39, 1e-6)
    errors = [abs(growth(y) - np.exp(y)) for y in (-0.2, -0.1)]
    assert 6.7 < np.log2(errors[0] / errors[1]) < 7.3


def logistic(steps: int, split: float) -> float:
    """Error at t = 2 of `z' = z - z^2`, z(0) = 0.1, with the part `split z` in the exponential."""
    step, z = 2 / steps, 0.1
    found = weights(np.array([split]), step, NODES[1:])

    def added(z):
        return (1 - split) * z - z * z

    for _ in range(steps):
        nodes = np.full(5, z)
        for _ in range(200):
            nodes[1:] = found[0, :, 0] * z + found[0, :, 1:6] @ added(nodes)
        z = nodes[-1]
    return abs(z - 1 / (1 + 9 * math.exp(-2.0)))


@pytest.mark.parametrize("split", [1.0, 0.0, -2.0])
def test_the_order_is_six_on_a_smooth_problem(split):
    """Halved steps: a 64th of the error, whatever part of the equation the exponential has."""
    errors = [logistic(steps, split) for steps in (8, 16, 32)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert orders.min() > 5.7, orders
