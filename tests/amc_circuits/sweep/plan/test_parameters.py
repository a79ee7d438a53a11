"""Parameters of a circuit that not all points can take: refused when the sweep is planned."""

import pytest

from amc_circuits.sweep.plan.spec import sweep_from
from netlists import ParameterError

FIXED = {"size": 4, "engine": "exact"}
BOTH = ["paired", "compensated"]


@pytest.mark.parametrize("circuit", ["inv", "ginv", "egv"])
@pytest.mark.parametrize("place", ["grid", "zip"])
def test_a_fixed_parameter_that_a_swept_value_cannot_take_is_refused(circuit, place):
    """Inverters there are in one topology alone; the line says where the parameter can stand instead."""
    fixed = FIXED | {"inverter_resistance": "5k"}
    with pytest.raises(ParameterError, match=r"inverter_resistance.*no inverters; leave it out, or .*\[\[points\]\]"):
        sweep_from({"circuit": circuit, "fixed": fixed, place: {"topology": BOTH}})


def test_it_is_taken_beside_those_that_can_take_it():
    """In listed points, with the default for all, or as an axis of its own beside one topology."""
    points = [{"topology": "paired", "inverter_resistance": "5k"}, {"topology": "compensated"}]
    assert len(sweep_from({"circuit": "inv", "fixed": FIXED, "points": points})) == 2
    assert len(sweep_from({"circuit": "inv", "fixed": FIXED, "grid": {"topology": BOTH}})) == 2
    assert len(sweep_from({"circuit": "inv", "fixed": FIXED, "grid": {"inverter_resistance": ["5k", "6k"]}})) == 2


def test_parameters_that_fit_nowhere_are_refused():
    """Whether both are fixed, or one is an axis."""
    compensated = FIXED | {"topology": "compensated"}
    for content in (
        {"fixed": compensated | {"inverter_resistance": "5k"}},
        {"fixed": compensated, "grid": {"inverter_resistance": ["5k", "6k"]}},
        {"fixed": FIXED, "points": [{"topology": "compensated", "inverter_resistance": "5k"}]},
    ):
        with pytest.raises(ParameterError, match=r"inverter_resistance.*no inverters"):
            sweep_from({"circuit": "inv", **content})


def test_a_swept_value_that_is_wrong_by_itself_is_left_to_its_rows():
    """The others are run."""
    assert len(sweep_from({"circuit": "egv", "fixed": FIXED, "grid": {"margin": [0.05, 1.5]}})) == 2
