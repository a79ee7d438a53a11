"""Malformed inputs, as `benchmarks.robustness` draws many more: refused by one line, nothing written, no traceback."""

import pytest

from amc_circuits.cli.messages import BAD_INPUT
from benchmarks.robustness.malformed import KINDS, judged

EXAMPLES = 14


@pytest.mark.parametrize("kind", KINDS)
def test_malformed_inputs_are_refused(tmp_path, kind):
    """Whatever comes in: a documented exit code, an error of one line, and nothing left of what is refused."""
    codes = judged(kind, EXAMPLES, tmp_path)
    assert codes.total() >= EXAMPLES and codes[BAD_INPUT]
