"""Detectors as their circuits realise them: ideal parts give the pseudo-inverse, and refinement has its closed form."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.detection.detectors import DETECTORS
from mimo.parts import Parts
from mimo.radio.channels import rayleigh
from mimo.radio.real_form import real_form

CHANNEL = real_form(rayleigh(1, 6, 2, np.random.default_rng(0))[0])
IDEAL = {"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e9"}


def realised(name, uses=3, **given):
    """A detector of the channel above."""
    return DETECTORS[name](CHANNEL, Parts(IDEAL | given), 0, uses)


@pytest.mark.parametrize("topology", ["paired", "compensated"])
@pytest.mark.parametrize("name", DETECTORS)
def test_ideal_parts_give_the_pseudo_inverse(name, topology):
    """Every entry, as far as the gain goes; the circuit is stable."""
    found = realised(name, topology=topology)
    assert found.map == pytest.approx(np.linalg.pinv(CHANNEL), abs=1e-6)
    assert found.stable and found.works


@pytest.mark.parametrize("uses", [2, 3, 6])
def test_refinement_leaves_a_power_of_the_error(uses):
    """After n uses: `(I - E^n) A^-1 H^T`, with E of the inverse that the cells realise."""
    error = np.eye(4) - realised("gram-inv", levels=6).map @ CHANNEL
    wanted = (np.eye(4) - np.linalg.matrix_power(error, uses)) @ np.linalg.pinv(CHANNEL)
    found = realised("refined", uses, levels=6)
    assert found.map == pytest.approx(wanted, abs=1e-9)
    assert found.converges == (np.abs(np.linalg.eigvals(error)).max() < 1)


def test_a_fixed_diagonal_leaves_all_levels_to_the_other_entries():
    """Of a Gram matrix with small entries the error falls; one user has nothing beside the diagonal."""
    wide = real_form(rayleigh(1, 64, 2, np.random.default_rng(1))[0])
    exact, parts = np.linalg.pinv(wide), Parts(IDEAL | {"levels": 8})
    errors = [np.abs(DETECTORS[name](wide, parts, 0, 2).map - exact).max() for name in ("gram-inv", "fixed-diagonal")]
    assert errors[1] < errors[0] / 2
    with pytest.raises(ParameterError, match="detectors: got fixed-diagonal; needs two users"):
        DETECTORS["fixed-diagonal"](wide[:, [0, 2]], parts, 0, 2)


def test_levels_of_cells_change_the_map_and_each_channel_has_its_own_cells():
    """Programming errors are drawn anew for every channel, and with every seed."""
    exact = np.linalg.pinv(CHANNEL)
    assert np.abs(realised("ginv", levels=4).map - exact).max() > 1e-3
    maps = [
        DETECTORS["gram-inv"](CHANNEL, Parts(IDEAL | {"programming_error": "1u"}, seed), trial, 2).map
        for seed, trial in ((0, 0), (0, 1), (1, 0), (0, 0))
    ]
    assert (maps[0] == maps[3]).all()
    assert not np.allclose(maps[0], maps[1], atol=1e-6) and not np.allclose(maps[0], maps[2], atol=1e-6)
