"""A small part of `benchmarks/differential.py`: random designs over all options, by a judge of its own."""

import pytest

from tests.differential import Verdict, check


@pytest.mark.parametrize(("engine", "designs"), [("exact", 100), ("ngspice", 24)])
def test_nothing_that_settled_is_wrong(engine, designs):
    """Ends, settling times and energies; fixed seeds, of which most settle."""
    verdict = Verdict()
    for seed in range(designs):
        check(seed, engine, verdict)
    assert verdict.wrong == []
    assert verdict.checked > 0.6 * designs and verdict.timed > 0.3 * designs
