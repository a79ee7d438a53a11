"""A small part of `benchmarks/family`: random designs of every circuit, the exact engine against ngspice."""

import pytest
import typer

from amc_circuits.cases.circuits import OURS
from benchmarks.family.__main__ import main
from tests.family import CIRCUITS, Verdict, check

DESIGNS, LARGEST = 10, 3


@pytest.mark.parametrize("name", dict.fromkeys(name for name, _ in CIRCUITS))
def test_both_engines_settle_alike(name):
    """Final values within 1e-5, settling times within those at 0.97 and 1.03 of the tolerance; topologies in turn."""
    topologies, verdict = [topology for one, topology in CIRCUITS if one == name], Verdict()
    for seed in range(DESIGNS):
        check(name, topologies[seed % len(topologies)], seed, verdict, LARGEST)
    assert verdict.wrong == []
    assert verdict.statuses["both settled"] >= 0.7 * DESIGNS


def test_every_circuit_is_drawn():
    """One that is added without is not held."""
    assert {name for name, _ in CIRCUITS} == set(OURS)


def test_designs_are_kept_where_designs_are_judged(tmp_path):
    """Other parts keep nothing, so a file beside them is refused."""
    with pytest.raises(typer.BadParameter, match="no effect without the part designs"):
        main(["laws"], kept=tmp_path / "x.kept")
