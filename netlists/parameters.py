"""Parameter records: everything that says what a circuit is."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from netlists.record import FloatArray, Matrix, NonNegative, ParameterError, Positive, Record
from netlists.reduction import ReducedArray, reduce_array


class SinglePoleOpAmp(Record):
    """Linear op-amp: an ideal output behind one pole. `V(out) = A0 / (1 + s A0/w_T) V(inp, inn)`, `w_T = 2 pi gbwp`.

    It has no supply pins, so its own energy is unknown.

    Attributes:
        model: Tells this record from `MacroOpAmp` in stored files.
        open_loop_gain: DC gain A0, V/V.
        gbwp: Gain-bandwidth product, Hz.
    """

    model: Literal["single-pole"] = "single-pole"
    open_loop_gain: Positive = 1e5
    gbwp: Positive = 100e6

    @property
    def unity_gain_frequency(self) -> float:
        """w_T = 2 pi gbwp, rad/s."""
        return 2 * math.pi * self.gbwp

    @property
    def swing(self) -> float:
        """Largest voltage that the output can reach without load, V: no limit."""
        return math.inf

    @property
    def slewing_time(self) -> float:
        """What the slew rate takes for the whole swing, s: nothing."""
        return 0.0


class MacroOpAmp(Record):
    """Op-amp macro model with limits and supply pins; its topology is drawn in `netlists/opamp.py`.

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
        supply_voltage: The rails are plus and minus this, V.
        quiescent_current: From rail to rail without load, output stage included, A.
        class_ab_current: The part of it that flows in the output stage, A.
    """

    model: Literal["macro"] = "macro"
    open_loop_gain: Positive
    gbwp: Positive
    second_pole: Positive | None = None
    slew_rate: Positive
    output_resistance: Positive
    output_current_limit: Positive
    output_swing: Positive
    input_offset: float = 0.0
    input_capacitance: NonNegative = 0.0
    supply_voltage: Positive
    quiescent_current: Positive
    class_ab_current: Positive

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.output_swing > self.supply_voltage:
            raise ParameterError(
                "output_swing", self.output_swing, f"must not pass the supply, {self.supply_voltage} V"
            )
        if self.class_ab_current > self.quiescent_current:
            mend = f"must not pass quiescent_current, {self.quiescent_current} A, of which it is a part"
            raise ParameterError("class_ab_current", self.class_ab_current, mend)
        return self

    @property
    def unity_gain_frequency(self) -> float:
        """w_T = 2 pi gbwp, rad/s."""
        return 2 * math.pi * self.gbwp

    @property
    def swing(self) -> float:
        """Largest voltage that the output can reach without load, V."""
        return self.output_swing

    @property
    def slewing_time(self) -> float:
        """What the slew rate takes for the whole swing, s."""
        return self.output_swing / self.slew_rate


OpAmp = SinglePoleOpAmp | MacroOpAmp


class Interconnect(Record):
    """The wires of an array.

    Attributes:
        wire_resistance: Of each segment between neighbouring cells, and between a terminal and its first cell, on word
            and bit lines alike, ohm. 0 means ideal wires.
        line_capacitance: Of each line per cell, F.
        form: How wires stand in a deck: `reduced`, the network between the terminals that is equal to the mesh, or
            `flat`, the mesh itself, with the capacitance at every cell.
        contacts: `one`: word lines at column 1, bit lines at row 1; `both`: each line at both ends, which are tied.
        line_model: Line capacitance of a reduced array: `reduced` with the mesh, or `lumped` at the terminals.
    """

    wire_resistance: NonNegative = 0.0
    line_capacitance: NonNegative = 0.0
    form: Literal["reduced", "flat"] = "reduced"
    contacts: Literal["one", "both"] = "one"
    line_model: Literal["reduced", "lumped"] = "reduced"


class _ArrayDesign(Record):
    """What INV and MVM share: the programmed conductances, the amplifiers, the wires.

    Attributes:
        conductance_positive: Conductances of the positive array, shape (N, M), siemens.
        conductance_negative: Of the negative array, same shape; None where no entry of A is negative.
        opamp: Every amplifier of the circuit.
        interconnect: The wires.
    """

    conductance_positive: Matrix
    conductance_negative: Matrix | None = None
    opamp: OpAmp = Field(discriminator="model")
    interconnect: Interconnect = Interconnect()

    @model_validator(mode="after")
    def _arrays_fit(self) -> Self:
        for name in ("conductance_positive", "conductance_negative"):
            array = getattr(self, name)
            if array is not None and array.min() <= 0:
                raise ParameterError(name, array.min(), "every cell needs a conductance above 0 siemens")
        negative = self.conductance_negative
        if negative is not None and negative.shape != self.conductance_positive.shape:
            mend = f"must have the shape of the positive array, {self.conductance_positive.shape}"
            raise ParameterError("conductance_negative", f"shape {negative.shape}", mend)
        return self

    @property
    def signed(self) -> bool:
        """True with a pair of arrays."""
        return self.conductance_negative is not None

    @property
    def arrays(self) -> tuple[FloatArray, ...]:
        """The positive array and, where there is one, the negative one."""
        negative = self.conductance_negative
        return (self.conductance_positive,) if negative is None else (self.conductance_positive, negative)

    @cached_property
    def reduced_arrays(self) -> tuple[ReducedArray, ...]:
        """The same arrays, cells and wires, as networks between their terminals; worked out at first use."""
        wires = self.interconnect
        return tuple(
            reduce_array(cells, wires.wire_resistance, wires.line_capacitance, wires.contacts, wires.line_model)
            for cells in self.arrays
        )


class InvDesign(_ArrayDesign):
    """A closed-loop INV circuit, `G_in v_in + (G+ - G-) c = 0` at ideal sum nodes.

    Reference: Sun et al., PNAS 2019, doi 10.1073/pnas.1815682116.

    Attributes:
        input_conductance: From each input source to its sum node, siemens.
        inverter_resistance: The two equal resistors of each analog inverter, ohm; unused without a negative array.
    """

    input_conductance: Positive
    inverter_resistance: Positive = 10e3

    @model_validator(mode="after")
    def _square(self) -> Self:
        rows, columns = self.conductance_positive.shape
        if rows != columns:
            raise ParameterError("conductance_positive", f"shape ({rows}, {columns})", "INV needs a square array")
        return self

    @property
    def size(self) -> int:
        """N, the number of equations."""
        return int(self.conductance_positive.shape[0])

    @property
    def row_conductance(self) -> FloatArray:
        """S_i, all that meets in sum node i: input and cells, shape (N,), siemens."""
        total = np.full(self.size, self.input_conductance)
        for array in self.arrays:
            total = total + array.sum(axis=1)
        return total


class MvmDesign(_ArrayDesign):
    """An open-loop MVM circuit with transimpedance amplifiers, `out = -(G+ - G-) v / G_f`.

    The negative array is driven by -v from its own sources. Reference: Sun, Huang, TCAS-II 2021, doi
    10.1109/TCSII.2021.3068764.

    Attributes:
        feedback_conductance: G_f of every transimpedance amplifier, siemens.
    """

    feedback_conductance: Positive

    @property
    def shape(self) -> tuple[int, int]:
        """(N, M): N outputs, M inputs."""
        rows, columns = self.conductance_positive.shape
        return int(rows), int(columns)
