"""What tests of derivatives share: a solve of the linear circuit, and slopes by differences."""

from amc_circuits.engines import ExactEngine


def solved(circuit, b):
    """A right-hand side solved by the linear circuit, of which the derivatives are."""
    return circuit.answer(circuit.question(b), engine=ExactEngine(limits=False))


def slope(function, step=1e-3):
    """Central difference of order 4 of a function of a relative change at 0."""
    return (8 * (function(step) - function(-step)) - (function(2 * step) - function(-2 * step))) / (12 * step)
