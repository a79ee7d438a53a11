"""Detectors as their circuits realise them: ideal parts give the pseudo-inverse, and refinement has its closed form."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.detection.detectors import DETECTORS, Task
from mimo.parts import Parts
from mimo.radio.channels import rayleigh
from mimo.radio.least_squares import least_squares
from mimo.radio.real_form import real_form

CHANNEL = real_form(rayleigh(1, 6, 2, np.random.default_rng(0))[0])
IDEAL = {"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e9"}


def realised(name, uses=3, ridge=0.0, **given):
    """A detector of the channel above."""
    return DETECTORS[name](Task(CHANNEL, Parts(IDEAL | given), 0, ridge, uses))


@pytest.mark.parametrize("topology", ["paired", "compensated"])
@pytest.mark.parametrize("name", DETECTORS)
def test_ideal_parts_give_the_pseudo_inverse(name, topology):
    """Every entry, as far as the gain goes; the circuit is stable."""
    found = realised(name, topology=topology)
    assert found.map == pytest.approx(np.linalg.pinv(CHANNEL), abs=1e-6)
    assert found.stable and found.works


@pytest.mark.parametrize("name", DETECTORS)
def test_a_ridge_gives_the_least_mean_square_error(name):
    """`(H^T H + r I)^-1 H^T`, exactly and by the circuit."""
    wanted = np.linalg.solve(CHANNEL.T @ CHANNEL + 0.5 * np.eye(4), CHANNEL.T)
    assert least_squares(CHANNEL[None], 0.5)[0] == pytest.approx(wanted, abs=1e-12)
    assert realised(name, ridge=0.5).map == pytest.approx(wanted, abs=1e-6)


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
    wanted, parts = np.linalg.pinv(wide), Parts(IDEAL | {"levels": 8})
    found = [DETECTORS[name](Task(wide, parts, 0)).map for name in ("gram-inv", "fixed-diagonal")]
    errors = [np.abs(one - wanted).max() for one in found]
    assert errors[1] < errors[0] / 2
    with pytest.raises(ParameterError, match="detectors: got fixed-diagonal; needs two users"):
        DETECTORS["fixed-diagonal"](Task(wide[:, [0, 2]], parts, 0))


def test_levels_of_cells_change_the_map_and_each_channel_has_its_own_cells():
    """Programming errors are drawn anew for every channel, and with every seed."""
    assert np.abs(realised("ginv", levels=4).map - np.linalg.pinv(CHANNEL)).max() > 1e-3
    maps = [
        DETECTORS["gram-inv"](Task(CHANNEL, Parts(IDEAL | {"programming_error": "1u"}, seed), trial)).map
        for seed, trial in ((0, 0), (0, 1), (1, 0), (0, 0))
    ]
    assert (maps[0] == maps[3]).all()
    assert not np.allclose(maps[0], maps[1], atol=1e-6) and not np.allclose(maps[0], maps[2], atol=1e-6)
