"""Temperature acts on wires, cells and op-amps by stated laws, and on each of them alone."""

import numpy as np
import pytest

from amc_circuits import Device, InvCircuit, MvmCircuit
from amc_circuits.opamps.bench import characterize
from netlists import ParameterError, preset
from netlists.opamps.temperature import OPAMP_EXPONENTS
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within

MATRIX, RIGHT = spd_matrix(4, 5, 2), vector(4, 2)
NOMINAL, HOT = 300.15, 375.0
COLD_LAWS = {"opamp_temperature_law": "none", "wire_temperature_coefficient": 0.0}
"""None of them."""


def _design(kind=InvCircuit, **fields):
    return kind.program(MATRIX, engine="exact", **fields).design


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
def test_wires_are_copper(kind):
    """`1 + a (T - 20 degrees C)` with IEC's a, of which 300.15 K has 7 kelvin already."""
    fields = {"opamp_temperature_law": "none", "temperature": HOT}
    hot = _design(kind, wire_resistance=2.0, **fields)
    by_hand = 2.0 * (1 + 0.00393 * (375.0 - 293.15)) / (1 + 0.00393 * 7.0)
    assert hot.interconnect.wire_resistance == pytest.approx(by_hand, rel=1e-9)
    same = _design(kind, wire_resistance=by_hand, wire_temperature_coefficient=0.0, **fields)
    assert hot.sha256 == same.sha256


def test_cells_follow_an_arrhenius_law():
    """`exp(-E/k (1/T - 1/T0))` of every cell, k = 8.617e-5 eV/K."""
    device = Device(activation_energy=0.05)
    cold, hot = (_design(device=device, temperature=kelvin, **COLD_LAWS) for kelvin in (NOMINAL, HOT))
    factor = np.exp(-0.05 / 8.617333e-5 * (1 / HOT - 1 / NOMINAL))
    assert factor > 1.3
    for cells, before in zip(hot.arrays, cold.arrays, strict=True):
        assert_close(cells, factor * before, relative=1e-6)


@pytest.mark.parametrize("name", ["single-pole", "cmos-100meg", "ad823"])
def test_opamps_have_fewer_hertz_and_more_amperes_when_hot(name):
    """Powers of the temperature, on each field that the record has."""
    plain = preset(name)
    hot = _design(opamp=name, temperature=HOT, inverter_resistance=5e3).opamp
    for field, power in OPAMP_EXPONENTS.items():
        if hasattr(plain, field):
            assert getattr(hot, field) == pytest.approx(getattr(plain, field) * (HOT / NOMINAL) ** power, rel=1e-12)
    unchanged = {*type(plain).model_fields} - {*OPAMP_EXPONENTS}
    assert all(getattr(hot, field) == getattr(plain, field) for field in unchanged)


def test_the_law_of_opamps_is_that_of_one_made_of_transistors():
    """The law meets the preset on the bench at 375 K: gain, which falls to a half, within 25 %, others within 8 %."""
    opamp = preset("cmos-100meg-transistor")
    cold, hot = (characterize(opamp, temperature=kelvin) for kelvin in (NOMINAL, HOT))
    for metric, field, allowed in (
        ("gbwp", "gbwp", 0.08),
        ("slew_rate_falling", "slew_rate", 0.08),
        ("quiescent_current", "quiescent_current", 0.08),
        ("open_loop_gain", "open_loop_gain", 0.25),
    ):
        ratio = getattr(hot, metric) / getattr(cold, metric)
        assert_within(ratio, (HOT / NOMINAL) ** OPAMP_EXPONENTS[field], allowed)
        assert abs(ratio - 1) > 0.05


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
def test_each_law_can_be_off(kind):
    """With all of them off only the temperature itself is another; at 300.15 K none of them changes a bit."""
    fields = {"wire_resistance": 2.0, "device": Device(activation_energy=0.05)}
    nominal = _design(kind, **fields)
    assert nominal.sha256 == _design(kind, **fields | COLD_LAWS | {"device": Device()}).sha256
    off = _design(kind, temperature=HOT, **fields | COLD_LAWS | {"device": Device()})
    assert off.replace(temperature=NOMINAL).sha256 == nominal.sha256


@pytest.mark.parametrize("engine", ["ngspice", "exact"])
@pytest.mark.parametrize("opamp", ["single-pole", "cmos-100meg"])
def test_rows_of_two_temperatures_differ(engine, opamp):
    """They were equal to the last digit: op-amps are slower by the law, and so is the circuit."""
    times = [
        InvCircuit.program(MATRIX, opamp=opamp, engine=engine, temperature=kelvin, input_voltage=0.01)
        .solve(RIGHT)
        .settling_time
        for kelvin in (NOMINAL, HOT)
    ]
    assert_within(times[1] / times[0], (HOT / NOMINAL) ** 0.63, 0.05)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"temperature": 0.5}, "temperature"),
        ({"temperature": 3000.0}, "temperature"),
        ({"wire_temperature_coefficient": 0.5}, "wire_temperature_coefficient"),
        ({"opamp_temperature_law": "bipolar"}, "opamp_temperature_law"),
    ],
)
def test_what_no_circuit_has_is_refused(fields, words):
    """One error that names the parameter."""
    with pytest.raises(ParameterError, match=words):
        _design(**fields)
