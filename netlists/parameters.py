"""Parameter records: everything that says what a circuit is. Those of op-amps: `opamp_parameters.py`."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from netlists.opamp_parameters import OpAmp, SubcircuitOpAmp
from netlists.record import FloatArray, Matrix, ParameterError, Positive, Record, Vector
from netlists.reduction import ReducedArray, reduce_array


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

    wire_resistance: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    line_capacitance: Annotated[float, Field(ge=0, le=1e-9)] = 0.0
    form: Literal["reduced", "flat"] = "reduced"
    contacts: Literal["one", "both"] = "one"
    line_model: Literal["reduced", "lumped"] = "reduced"


Kelvin = Annotated[float, Field(ge=1, le=1000)]
NOMINAL_TEMPERATURE = 300.15
"""27 degrees Celsius, at which SPICE models are given, K."""


class _ArrayDesign(Record):
    """What INV and MVM share: the programmed conductances, the amplifiers, the wires.

    Attributes:
        conductance_positive: Conductances of the positive array, shape (N, M), siemens.
        conductance_negative: Of the negative array, same shape; None where no entry of A is negative.
        opamp: Every amplifier of the circuit.
        interconnect: The wires.
        nonlinearity_voltage: V0 of cells that follow `I = G V0 sinh(V/V0)`, V; None means linear cells.
        amplifier_offset: Of the op-amps at the sum nodes, besides what their record says, shape (N,), V; None: nothing.
        temperature: Of everything, K.
    """

    conductance_positive: Matrix
    conductance_negative: Matrix | None = None
    opamp: OpAmp = Field(discriminator="model")
    interconnect: Interconnect = Interconnect()
    nonlinearity_voltage: Positive | None = None
    amplifier_offset: Vector | None = None
    temperature: Kelvin = NOMINAL_TEMPERATURE

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
        self._check_length("amplifier_offset", self.amplifier_offset, self.conductance_positive.shape[0])
        return self

    @model_validator(mode="after")
    def _reducible(self) -> Self:
        wires = self.interconnect
        if self.nonlinearity_voltage is not None and wires.wire_resistance > 0 and wires.form == "reduced":
            mend = "only a network of linear cells can be reduced; with a nonlinearity_voltage take flat"
            raise ParameterError("interconnect", "reduced", mend)
        return self

    @staticmethod
    def _check_length(name: str, vector: FloatArray | None, length: int) -> None:
        if vector is not None and len(vector) != length:
            raise ParameterError(name, f"{len(vector)} values", f"must be {length}, one an amplifier")

    @property
    def linear(self) -> bool:
        """True when rest, poles and response of the linear circuit are those of the deck while no limit is reached."""
        return self.nonlinearity_voltage is None and not isinstance(self.opamp, SubcircuitOpAmp)

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
        inverter_offset: As `amplifier_offset`, of the inverters' op-amps; unused without a negative array.
    """

    input_conductance: Annotated[float, Field(gt=0, le=1e3)]
    inverter_resistance: Annotated[float, Field(gt=0, le=1e12)] = 10e3
    inverter_offset: Vector | None = None

    @model_validator(mode="after")
    def _square(self) -> Self:
        rows, columns = self.conductance_positive.shape
        if rows != columns:
            raise ParameterError("conductance_positive", f"shape ({rows}, {columns})", "INV needs a square array")
        self._check_length("inverter_offset", self.inverter_offset, columns)
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
