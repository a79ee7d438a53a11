"""Probes: what they say of loops that do not reach the wanted bits."""

import re

import numpy as np
import pytest

from amc_circuits import UnusableSolutionError, plan
from amc_circuits.values.matrices import draw_matrix


def test_a_loop_that_stalls_names_the_bits_that_it_reached():
    """At condition 1e10 rounding ends it below 32 bits; three bits less than those it reached can be had."""
    generator = np.random.default_rng(0)
    matrix, b = draw_matrix("spd", 8, 8, 1e10, generator), generator.uniform(-1, 1, 8)
    fields = {"b": b, "device": "ideal", "engine": "exact", "opamp": "single-pole", "circuit": "inv", "scaling": "none"}
    with pytest.raises(UnusableSolutionError, match="STALLED") as found:
        plan(matrix, bits=32, **fields)
    (reached,) = re.findall(r"at ([\d.]+) bits of 32", str(found.value))
    assert 8 < float(reached) < 32
    bits = float(reached) - 3
    result = plan(matrix, bits=bits, **fields).solve(b, measured=False)
    assert result.usable and np.linalg.norm(b - matrix @ result.value) <= 1.02 * 2.0**-bits * np.linalg.norm(b)
