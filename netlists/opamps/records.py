"""Parameter records of op-amps; their subcircuits are in `opamp.py`, records with numbers in `presets.py`."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from netlists.opamps.pins import PINS, check_words
from netlists.record import ParameterError, Record

Gain = Annotated[float, Field(gt=0, le=1e12)]
Hertz = Annotated[float, Field(gt=0, le=1e15)]
VoltsPerSecond = Annotated[float, Field(gt=0, le=1e18)]
Ohms = Annotated[float, Field(gt=0, le=1e9)]
Amperes = Annotated[float, Field(gt=0, le=1e3)]
Volts = Annotated[float, Field(gt=0, le=1e4)]
Offset = Annotated[float, Field(ge=-10, le=10)]
Farads = Annotated[float, Field(ge=0, le=1e-6)]
Noise = Annotated[float, Field(ge=0, le=1e-3)]
"""Bounds beyond which no op-amp is, chosen here, generously: what lies outside is a wrong unit or suffix."""
CommonModeRejection = Annotated[Gain | None, Field(exclude_if=lambda value: value is None)]
CommonModeRange = Annotated[Volts | None, Field(exclude_if=lambda value: value is None)]
"""Left out of a stored record where they are None, so that records without them keep their hashes."""


def _input_weights(cmrr: float | None) -> tuple[float, float]:
    """Of `(v_inp - v_inn) + (v_inp + v_inn)/(2 CMRR)`: CMRR = A_dm/A_cm, each gain of its own voltage.

    That is the definition of any textbook (e.g. Gray, Hurst, Lewis and Meyer, Analysis and Design of Analog Integrated
    Circuits, chapters 3 and 6): `v_out = A_dm v_dm + A_cm v_cm` with the difference `v_dm` and the mean `v_cm` of the
    inputs. Its sign, which data sheets do not state, is here that of a non-inverting input that weighs more.
    """
    half = 0.0 if cmrr is None else 1 / (2 * cmrr)
    return 1 + half, half - 1


class SinglePoleOpAmp(Record):
    """Linear op-amp: an ideal output behind one pole. `V(out) = A0 / (1 + s A0/w_T) V(inp, inn)`, `w_T = 2 pi gbwp`.

    It has no supply pins, so its own energy is unknown.

    Attributes:
        model: Tells this record from `MacroOpAmp` in stored files.
        open_loop_gain: DC gain A0, V/V.
        gbwp: Gain-bandwidth product, Hz.
        input_noise: White noise at the input, one-sided density, V/sqrt(Hz).
        cmrr: Common-mode rejection ratio A_dm/A_cm, V/V, at all frequencies; None: the difference of the inputs alone
            is amplified.
        common_mode_range: The mean of both inputs must stay within plus and minus this, V: no waveform knows it, but an
            op-amp that passes it is named. None: any.
    """

    model: Literal["single-pole"] = "single-pole"
    open_loop_gain: Gain = 1e5
    gbwp: Hertz = 100e6
    input_noise: Noise = 0.0
    cmrr: CommonModeRejection = None
    common_mode_range: CommonModeRange = None

    @property
    def equivalent(self) -> SinglePoleOpAmp:
        """The record that the linear circuit is made of."""
        return self

    @property
    def unity_gain_frequency(self) -> float:
        """w_T = 2 pi gbwp, rad/s."""
        return 2 * math.pi * self.gbwp

    @property
    def input_weights(self) -> tuple[float, float]:
        """What a volt at the non-inverting and one at the inverting input add to what drives the gain stage, V/V."""
        return _input_weights(self.cmrr)

    @property
    def swing(self) -> float:
        """Largest voltage that the output can reach without load, V: no limit."""
        return math.inf

    @property
    def slewing_time(self) -> float:
        """What the slew rate takes for the whole swing, s: nothing."""
        return 0.0


class MacroOpAmp(Record):
    """Op-amp macro model with limits and supply pins; its topology is drawn in `netlists/opamps/subcircuit.py`.

    Attributes:
        model: Tells this record from `SinglePoleOpAmp` in stored files.
        open_loop_gain: Unloaded DC gain A0, V/V.
        gbwp: Unloaded gain-bandwidth product, Hz.
        second_pole: Frequency of the second pole, Hz; None leaves it out.
        slew_rate: Largest rate of change of the output, V/s.
        output_resistance: Small-signal resistance between the gain stage and the output pin, ohm.
        output_current_limit: Largest output current, A.
        output_swing: The unloaded output stays within plus or minus this, V.
        input_offset: Voltage that adds to the non-inverting input, V.
        input_capacitance: From the inverting input to ground, F.
        input_noise: White noise at the input, one-sided density, V/sqrt(Hz).
        supply_voltage: The rails are plus and minus this, V.
        quiescent_current: From rail to rail without load, output stage included, A; None where it is not known, and
            with it the energy.
        class_ab_current: The part of it that flows in the output stage, A; None with it.
        cmrr: Common-mode rejection ratio A_dm/A_cm, V/V, at all frequencies; None: the difference of the inputs alone
            is amplified.
        common_mode_range: The mean of both inputs must stay within plus and minus this, V: no waveform knows it, but an
            op-amp that passes it is named. None: any.
    """

    model: Literal["macro"] = "macro"
    open_loop_gain: Gain
    gbwp: Hertz
    second_pole: Hertz | None = None
    slew_rate: VoltsPerSecond
    output_resistance: Ohms
    output_current_limit: Amperes
    output_swing: Volts
    input_offset: Offset = 0.0
    input_capacitance: Farads = 0.0
    input_noise: Noise = 0.0
    supply_voltage: Volts
    quiescent_current: Amperes | None
    class_ab_current: Amperes | None
    cmrr: CommonModeRejection = None
    common_mode_range: CommonModeRange = None

    @property
    def equivalent(self) -> MacroOpAmp:
        """The record that the linear circuit is made of."""
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.output_swing > self.supply_voltage:
            raise ParameterError(
                "output_swing", self.output_swing, f"must not pass the supply, {self.supply_voltage} V"
            )
        if (self.class_ab_current is None) != (self.quiescent_current is None):
            mend = "goes with the other current of the supply: give both, or None for both"
            raise ParameterError("class_ab_current", self.class_ab_current, mend)
        if (self.class_ab_current or 0.0) > (self.quiescent_current or 0.0):
            mend = f"must not pass quiescent_current, {self.quiescent_current} A, of which it is a part"
            raise ParameterError("class_ab_current", self.class_ab_current, mend)
        return self

    @property
    def unity_gain_frequency(self) -> float:
        """w_T = 2 pi gbwp, rad/s."""
        return 2 * math.pi * self.gbwp

    @property
    def input_weights(self) -> tuple[float, float]:
        """What a volt at the non-inverting and one at the inverting input add to what drives the gain stage, V/V."""
        return _input_weights(self.cmrr)

    @property
    def swing(self) -> float:
        """Largest voltage that the output can reach without load, V."""
        return self.output_swing

    @property
    def slewing_time(self) -> float:
        """What the slew rate takes for the whole swing, s."""
        return self.output_swing / self.slew_rate


class SubcircuitOpAmp(Record):
    """Op-amp given as a SPICE subcircuit: of transistors, or a model of the user's.

    Attributes:
        model: Tells this record from the others in stored files.
        text: The subcircuit and its device models, as `netlists/model_files/file.py` returns them: nothing else in it.
        subcircuit: Its name.
        pins: What its pins are tied to, in their order: one of inp, inn, out, vdd, vss, gnd, nc (open), net1 .. net9
            each; equal words are joined.
        macro: Its fit. Timing, poles and limits are taken from it, and the rails from its `supply_voltage`.
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
        """The record that the linear circuit is made of."""
        return self.macro

    @property
    def supply_voltage(self) -> float:
        """The rails are plus and minus this, V."""
        return self.macro.supply_voltage

    @property
    def swing(self) -> float:
        """Largest voltage that the output can reach without load, V."""
        return self.macro.swing

    @property
    def slewing_time(self) -> float:
        """What the slew rate takes for the whole swing, s."""
        return self.macro.slewing_time


OpAmp = SinglePoleOpAmp | MacroOpAmp | SubcircuitOpAmp
