"""Wrong arguments from Python end as errors of this project: one line with the parameter, the value and the mend."""

import numpy as np
import pytest

import optimizer
from amc_circuits import Device, ParameterError, draw_circuit, open_sweep, plot_responses, save_figure
from amc_circuits.engines import run_deck
from netlists import Array, Capacitors, Circuit, Conductors, Kick, OpAmps, Source
from optimizer import KfacSettings, TrainingSpec
from tests.wrong_arguments import EVERY, INV, OPAMP, SOLUTION, circuit, program


@pytest.mark.parametrize("name", EVERY)
def test_a_wrong_argument_ends_as_a_parameter_error(name):
    """The error is one line that begins with the parameter, and no library's own text is in it."""
    with pytest.raises(ParameterError) as raised:
        EVERY[name]()
    text = str(raised.value)
    assert "\n" not in text
    assert len(text) < 1000, text
    assert text.startswith(name.partition(" ")[2].partition(": ")[0]), text
    assert "pydantic" not in text
    assert "inhomogeneous" not in text


@pytest.mark.parametrize(
    ("call", "close"),
    [
        (lambda: program(opmap="ad823"), "opamp"),
        (lambda: program(inverter_resistence=1e3), "inverter_resistance"),
        (lambda: program(opamp="ad283"), "ad823"),
        (lambda: program(engine="ngpsice"), "ngspice"),
        (lambda: program(device="idael"), "ideal"),
        (lambda: Device(levles=3), "levels"),
        (lambda: KfacSettings(dampign=3), "damping"),
        (lambda: TrainingSpec(optimizer={"name": "kfac", "dampign": 3}), "damping"),
        (lambda: optimizer.preset("digits-dmeo"), "digits-demo"),
        (lambda: circuit().part("ampp"), "amp"),
    ],
)
def test_a_misspelt_name_is_recognised(call, close):
    """The error ends with the closest name."""
    with pytest.raises(ParameterError, match=rf"; did you mean {close}\?$"):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: INV.solve([1.0, 0.5], vector=3),
        lambda: run_deck(".end\n", timeuot=3),
        lambda: Circuit("t", {"a": 1}, (), (), "a", phase=3),
        lambda: open_sweep(fodler="x"),
    ],
)
def test_a_wrong_keyword_of_a_function_is_a_type_error(call):
    """Python's own error names the keyword."""
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        call()


def test_lists_are_as_good_as_arrays():
    """Values of parts may be nested lists of numbers; the parts hold float64 arrays."""
    for part, field in (
        (Array("p", "v", "c", [[1e-5, 2e-5]]), "conductance"),
        (Conductors("in", "in", "v", [1, 2]), "siemens"),
        (Capacitors("load", "c", "0", [1e-15, 2e-15]), "farads"),
        (OpAmps("amp", "v", "c", OPAMP, offset=[0, 1]), "offset"),
        (Source("in", [[1, 0], [0, 1]]), "weights"),
        (Kick([1, 2], 1e-9), "volts"),
    ):
        assert getattr(part, field).dtype == np.float64


def test_pictures_take_paths_as_text(tmp_path):
    """A file may be named by text as well as by a `Path`."""
    for name, save in (
        ("circuit.png", lambda path: save_figure(draw_circuit(INV.circuit), path)),
        ("response.svg", lambda path: plot_responses(SOLUTION.responses, path, "title")),
    ):
        save(str(tmp_path / name))
        assert (tmp_path / name).stat().st_size > 1000
