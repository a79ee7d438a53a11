"""Parameter records."""

import pickle

import numpy as np
import pytest

from netlists import (
    Interconnect,
    InvDesign,
    MacroOpAmp,
    MvmDesign,
    ParameterError,
    SinglePoleOpAmp,
    SubcircuitOpAmp,
    preset,
)
from netlists.opamps.presets import PRESETS


def design(**changes):
    """A small INV design."""
    fields = {
        "conductance_positive": [[1e-5, 2e-5], [3e-5, 4e-5]],
        "conductance_negative": [[1e-6, 1e-6], [1e-6, 1e-6]],
        "opamp": preset("cmos-100meg"),
        "input_conductance": 1e-4,
    }
    return InvDesign(**(fields | changes))


def test_records_are_frozen():
    """Neither a field nor an entry of an array can be changed."""
    record = design()
    with pytest.raises(Exception, match="frozen"):
        record.input_conductance = 1.0
    with pytest.raises(ValueError, match="read-only"):
        record.conductance_positive[0, 0] = 1.0


def test_equal_records_have_equal_hashes():
    """Made twice from the same numbers a record is equal and hashes equal; one changed conductance tells them apart."""
    cells = np.array([[1e-5, 2e-5], [3e-5, 4e-5]])
    other = cells.copy()
    other[1, 1] = np.nextafter(other[1, 1], 1)
    assert design() == design(conductance_positive=cells)
    assert design().sha256 == design(conductance_positive=cells).sha256
    assert design() != design(conductance_positive=other)


OF_PRESETS = {
    "single-pole": "aaa433e194932520",
    "cmos-100meg": "aa53ca2d06f871b6",
    "cmos-1g": "4e1ebd4b370e1ac1",
    "ad823": "642c1a4b5c9e29d4",
    "opa690": "68b140c1c197c9b5",
    "cmos-100meg-transistor": "0207808b690f71d1",
}
"""How the hashes of presets begin, from before records had a CMRR, a common-mode range and coupled inputs."""


@pytest.mark.parametrize("name", OF_PRESETS)
def test_what_is_not_modelled_is_not_stored(name):
    """A record without CMRR, common-mode range and coupling is stored, and hashes, as if it could not have them."""
    preset = PRESETS[name]
    if isinstance(preset, SubcircuitOpAmp):
        preset = preset.replace(macro=preset.macro.replace(input_coupling=0.0))
    assert preset.sha256.startswith(OF_PRESETS[name])
    record = PRESETS[name].equivalent
    assert not {"cmrr", "common_mode_range"} & record.model_dump(mode="json").keys()
    told = record.replace(cmrr=1e3, common_mode_range=0.5)
    assert type(record)(**told.model_dump(mode="json")) == told != record
    assert told.replace(cmrr=None, common_mode_range=None) == record


@pytest.mark.parametrize("field", ["cmrr", "common_mode_range"])
@pytest.mark.parametrize("value", [0.0, -1.0, 1e13])
def test_common_modes_have_bounds(field, value):
    """Above 0, and no more than any op-amp has."""
    for record in (PRESETS["single-pole"], PRESETS["ad823"]):
        with pytest.raises(ParameterError, match=field):
            record.replace(**{field: value})


def test_replace_checks_again():
    """A changed record is validated like a new one."""
    with pytest.raises(ParameterError, match="gbwp"):
        preset("single-pole").replace(gbwp=0)


def test_a_record_replaced_by_no_changes_is_itself():
    """Nothing is checked again, and what was computed of a record is kept; a change gives an equal one."""
    record = preset("single-pole")
    assert record.replace() is record
    assert record.replace(gbwp=record.gbwp) == record


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"conductance_positive": [[1e-5, 0.0], [1e-5, 1e-5]]}, "conductance_positive"),
        ({"conductance_positive": [[1e-5, np.nan], [1e-5, 1e-5]]}, "conductance_positive"),
        ({"conductance_positive": [[1e-5, 1e-5]], "conductance_negative": None}, "conductance_positive"),
        ({"conductance_negative": [[1e-5]]}, "conductance_negative"),
        ({"input_conductance": 0.0}, "input_conductance"),
        ({"inverter_resistance": -1.0}, "inverter_resistance"),
        ({"unknown": 1.0}, "unknown"),
    ],
)
def test_impossible_designs_are_refused(changes, name):
    """The error names the field."""
    with pytest.raises(ParameterError) as caught:
        design(**changes)
    assert caught.value.parameter == name


@pytest.mark.parametrize("field", ["open_loop_gain", "gbwp", "slew_rate", "output_resistance", "supply_voltage"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_amplifiers_need_positive_numbers(field, value):
    """Zero, negative and non-finite figures are refused."""
    with pytest.raises(ParameterError, match=field):
        preset("cmos-100meg").replace(**{field: value})


def test_wires_cannot_have_negative_resistance():
    """Negative segment resistance is refused."""
    with pytest.raises(ParameterError, match="wire_resistance"):
        Interconnect(wire_resistance=-1.0)


def test_swing_must_stay_within_the_supply():
    """An output cannot pass its rails."""
    with pytest.raises(ParameterError, match="output_swing"):
        preset("cmos-100meg").replace(output_swing=2.0)


def test_errors_survive_pickling():
    """A ParameterError crosses process borders whole."""
    error = pickle.loads(pickle.dumps(ParameterError("gbwp", -1, "must be above 0")))
    assert (error.parameter, error.value, error.mend) == ("gbwp", -1, "must be above 0")


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_records(name):
    """Every preset is found by its name and is an op-amp record."""
    assert isinstance(preset(name), (SinglePoleOpAmp, MacroOpAmp, SubcircuitOpAmp))


def test_default_preset_has_the_stated_figures():
    """98 dB, 100 MHz, 110 V/us, +-1.2 V, +-0.9 V, 1.3 mA."""
    opamp = preset("cmos-100meg")
    assert 20 * np.log10(opamp.open_loop_gain) == pytest.approx(98)
    assert (opamp.gbwp, opamp.slew_rate) == (100e6, 110e6)
    assert (opamp.supply_voltage, opamp.output_swing, opamp.quiescent_current) == (1.2, 0.9, 1.3e-3)


def test_row_conductance_sums_all_that_meets_in_a_row():
    """S_i is the input conductance and both arrays' cells."""
    assert design().row_conductance == pytest.approx([1e-4 + 3.2e-5, 1e-4 + 7.2e-5])


def test_mvm_needs_no_square_array():
    """N outputs and M inputs."""
    made = MvmDesign(conductance_positive=np.full((2, 3), 1e-5), opamp=preset("single-pole"), feedback_conductance=1e-4)
    assert made.shape == (2, 3)
