"""Parameter records of op-amps; their subcircuits are in `subcircuit.py`, records with numbers in `presets.py`."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from netlists.opamps.pins import PINS, check_words
from netlists.record import ParameterError, Record, about

Gain = Annotated[float, about("DC gain without load", "V/V", gt=0, le=1e12)]
Bandwidth = Annotated[float, about("Gain-bandwidth product without load", "Hz", gt=0, le=1e15)]
Amperes = Annotated[float, Field(gt=0, le=1e3)]
Volts = Annotated[float, Field(gt=0, le=1e4)]
Noise = Annotated[float, about("White noise at the input, one-sided density", "V/rtHz", ge=0, le=1e-3)]
"""Wide bounds of op-amp parameters, chosen here: a value outside them has a wrong unit or suffix."""
_omitted = Field(exclude_if=lambda value: value is None)
CommonModeRejection = Annotated[
    Annotated[float, Field(gt=0, le=1e12)] | None, about("Common-mode rejection ratio", "V/V"), _omitted
]
CommonModeRange = Annotated[Volts | None, about("Largest common mode of the inputs that is not named", "V"), _omitted]
"""Fields that a stored record omits if they are None, so that records without them keep their hashes."""


def _input_weights(cmrr: float | None) -> tuple[float, float]:
    """Return the weights of both inputs in `(v_inp - v_inn) + (v_inp + v_inn)/(2 CMRR)`, with CMRR = A_dm/A_cm.

    This is the textbook definition (e.g. Gray, Hurst, Lewis and Meyer, Analysis and Design of Analog Integrated
    Circuits, chapters 3 and 6): `v_out = A_dm v_dm + A_cm v_cm` with the difference `v_dm` and the mean `v_cm` of the
    inputs. Data sheets do not state its sign; here the non-inverting input has the larger weight.
    """
    half = 0.0 if cmrr is None else 1 / (2 * cmrr)
    return 1 + half, half - 1


class SinglePoleOpAmp(Record):
    """Linear op-amp: an ideal output behind one pole. `V(out) = A0 / (1 + s A0/w_T) V(inp, inn)`, `w_T = 2 pi gbwp`.

    It has no supply pins, so its own energy is unknown. `model` is the type of the record in stored files. The
    common-mode rejection ratio A_dm/A_cm holds at all frequencies; None amplifies only the difference of the inputs.
    The common-mode range has no effect on waveforms, but a message names an op-amp that exceeds it; None has no limit.
    """

    model: Literal["single-pole"] = "single-pole"
    open_loop_gain: Gain = 1e5
    gbwp: Bandwidth = 100e6
    input_noise: Noise = 0.0
    cmrr: CommonModeRejection = None
    common_mode_range: CommonModeRange = None

    @property
    def equivalent(self) -> SinglePoleOpAmp:
        """Record from which the linear circuit is computed."""
        return self

    @property
    def unity_gain_frequency(self) -> float:
        """Unity-gain frequency w_T = 2 pi gbwp, rad/s."""
        return 2 * math.pi * self.gbwp

    @property
    def input_weights(self) -> tuple[float, float]:
        """Weights of the non-inverting and of the inverting input in the drive of the gain stage, V/V."""
        return _input_weights(self.cmrr)

    @property
    def swing(self) -> float:
        """Largest output voltage without load, V: no limit."""
        return math.inf

    @property
    def slewing_time(self) -> float:
        """Time for the whole swing at the slew rate, s: 0."""
        return 0.0


class MacroOpAmp(Record):
    """Op-amp macro model with limits and supply pins; its topology is drawn in `netlists/opamps/subcircuit.py`.

    None leaves out the second pole. The currents of the supply are None if they are not known; then the energy is not
    known either. The input capacitance is that of an input with the other one at ground: what of it is coupling is
    between both inputs, the rest from each input to ground. `model`, CMRR and common-mode range are those of
    `SinglePoleOpAmp`.
    """

    model: Literal["macro"] = "macro"
    open_loop_gain: Gain
    gbwp: Bandwidth
    second_pole: Annotated[Annotated[float, Field(gt=0, le=1e15)] | None, about("Frequency of a second pole", "Hz")] = (
        None
    )
    slew_rate: Annotated[float, about("Largest rate of change of the output", "V/s", gt=0, le=1e18)]
    output_resistance: Annotated[
        float, about("Resistance between the gain stage and the output pin", "ohm", gt=0, le=1e9)
    ]
    output_current_limit: Annotated[Amperes, about("Largest output current", "A")]
    output_swing: Annotated[Volts, about("Largest magnitude of the output without load", "V")]
    input_offset: Annotated[float, about("Input offset, added to the non-inverting input", "V", ge=-10, le=10)] = 0.0
    input_capacitance: Annotated[float, about("Input capacitance", "F", ge=0, le=1e-6)] = 0.0
    input_coupling: Annotated[
        float,
        about("Part of the input capacitance that is between both inputs", "F", ge=0, le=1e-6),
        Field(exclude_if=lambda value: value == 0),
    ] = 0.0
    input_noise: Noise = 0.0
    supply_voltage: Annotated[Volts, about("Positive rail, and magnitude of the negative one", "V")]
    quiescent_current: Annotated[
        Amperes | None, about("Current from rail to rail without load, output stage included", "A")
    ]
    class_ab_current: Annotated[Amperes | None, about("Part of the quiescent current in the output stage", "A")]
    cmrr: CommonModeRejection = None
    common_mode_range: CommonModeRange = None

    @property
    def equivalent(self) -> MacroOpAmp:
        """Record from which the linear circuit is computed."""
        return self

    @property
    def ground_capacitance(self) -> float:
        """Capacitance from each input to ground, F."""
        return self.input_capacitance - self.input_coupling

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.output_swing > self.supply_voltage:
            raise ParameterError(
                "output_swing", self.output_swing, f"must not pass the supply, {self.supply_voltage} V"
            )
        if self.input_coupling > self.input_capacitance:
            mend = f"must not pass input_capacitance, {self.input_capacitance} F, of which it is a part"
            raise ParameterError("input_coupling", self.input_coupling, mend)
        if (self.class_ab_current is None) != (self.quiescent_current is None):
            mend = "goes with the other current of the supply: give both, or None for both"
            raise ParameterError("class_ab_current", self.class_ab_current, mend)
        if (self.class_ab_current or 0.0) > (self.quiescent_current or 0.0):
            mend = f"must not pass quiescent_current, {self.quiescent_current} A, of which it is a part"
            raise ParameterError("class_ab_current", self.class_ab_current, mend)
        return self

    @property
    def unity_gain_frequency(self) -> float:
        """Unity-gain frequency w_T = 2 pi gbwp, rad/s."""
        return 2 * math.pi * self.gbwp

    @property
    def input_weights(self) -> tuple[float, float]:
        """Weights of the non-inverting and of the inverting input in the drive of the gain stage, V/V."""
        return _input_weights(self.cmrr)

    @property
    def swing(self) -> float:
        """Largest output voltage without load, V."""
        return self.output_swing

    @property
    def slewing_time(self) -> float:
        """Time for the whole swing at the slew rate, s."""
        return self.output_swing / self.slew_rate


class SubcircuitOpAmp(Record):
    """Op-amp given as a SPICE subcircuit: of transistors, or a model of the user's.

    Attributes:
        model: Type of the record in stored files, different from that of the other records.
        text: Text with only the subcircuit and its device models, as `netlists/model_files/file.py` returns them.
        subcircuit: Name of the subcircuit.
        pins: Connections of its pins, in their order: one of inp, inn, out, vdd, vss, gnd, nc (open), net1 .. net9
            each; equal words are connected.
        macro: Macro model fitted to it, the source of timing, poles and limits; its `supply_voltage` sets the rails.
    """

    model: Literal["subcircuit"] = "subcircuit"
    text: str
    subcircuit: str
    pins: tuple[str, ...] = PINS
    macro: MacroOpAmp

    @model_validator(mode="after")
    def _pins_are_known(self) -> Self:
        check_words(self.pins, "pins")
        return self

    @property
    def equivalent(self) -> MacroOpAmp:
        """Record from which the linear circuit is computed."""
        return self.macro

    @property
    def supply_voltage(self) -> float:
        """Voltage of the positive rail and magnitude of the negative one, V."""
        return self.macro.supply_voltage

    @property
    def swing(self) -> float:
        """Largest output voltage without load, V."""
        return self.macro.swing

    @property
    def slewing_time(self) -> float:
        """Time for the whole swing at the slew rate, s."""
        return self.macro.slewing_time


OpAmp = SinglePoleOpAmp | MacroOpAmp | SubcircuitOpAmp
