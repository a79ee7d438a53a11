"""Sweeps that are killed, as `benchmarks.robustness` kills them more often: nothing lost, wrong or left behind."""

import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.robustness.kills import hanging, kills

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


@pytest.fixture
def short():
    """A folder with a short path: the name of a socket in it must not be longer than the system takes."""
    with tempfile.TemporaryDirectory(prefix="amc-", dir="/tmp") as name:
        yield Path(name)


def test_a_sweep_that_is_killed_five_times_is_as_if_it_was_not(short):
    """Workers, main process and process group: whole database, all reported rows in it, each run once, all figures."""
    findings = kills(short, count=5, seeds=20, size=8)
    assert len(findings) == 7
    assert [finding for finding in findings if not finding.holds] == []


def test_ngspice_ends_where_nobody_is_left_to_end_it(short):
    """A simulation without end is over soon after its timeout even if all processes of ours are gone."""
    (finding,) = hanging(short)
    assert finding.holds, finding.found
