"""Base of the parameter records of circuits that hold one matrix."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from netlists.arrays.array import Array, NonlinearityVoltage
from netlists.arrays.interconnect import Interconnect
from netlists.circuit import Circuit
from netlists.circuits.balance import BalanceCells, balance_arrays, check_balance
from netlists.opamps.records import OpAmp
from netlists.parts import OpAmps, Part
from netlists.record import FloatArray, Matrix, ParameterError, Record, Vector
from netlists.temperature import NOMINAL_TEMPERATURE, Kelvin


class ArrayDesign(Record):
    """Base of parameter records with one matrix: the programmed conductances, the amplifiers, the wires.

    Attributes:
        conductance_positive: Conductances of the positive array, shape (N, M), siemens.
        conductance_negative: Conductances of the negative array, same shape; None if no entry of A is negative.
        opamp: Record of every amplifier of the circuit.
        interconnect: Wires of the arrays, and of the word lines of compensating cells.
        nonlinearity_voltage: V0 of cells that follow `I = G V0 sinh(V/V0)`, V; None means linear cells.
        amplifier_offset: Offsets of the op-amps at the sum nodes, in addition to that of their record, shape (N,), V;
            None has no further offsets.
        balance_inverting: Compensating cells from the inverting inputs to ground, shape (N, K), siemens, 0 for no cell.
            With them, the negative array is at the non-inverting inputs; None has the paired topology.
        balance_noninverting: The same from the non-inverting inputs.
        temperature: Temperature of the whole circuit, K.
    """

    _compensates_pairs: ClassVar[bool] = True

    conductance_positive: Matrix
    conductance_negative: Matrix | None = None
    opamp: OpAmp = Field(discriminator="model")
    interconnect: Interconnect = Interconnect()
    nonlinearity_voltage: NonlinearityVoltage = None
    amplifier_offset: Vector | None = None
    balance_inverting: BalanceCells = None
    balance_noninverting: BalanceCells = None
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
    def _balanced(self) -> Self:
        cells, rows = (self.balance_inverting, self.balance_noninverting), len(self.conductance_positive)
        check_balance("balance_inverting", *cells, rows)
        check_balance("balance_noninverting", *cells[::-1], rows)
        if self.compensated and not self.signed and self._compensates_pairs:
            raise ParameterError("conductance_negative", None, "compensating cells need a negative array")
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
    def signed(self) -> bool:
        """True for a pair of arrays."""
        return self.conductance_negative is not None

    @property
    def compensated(self) -> bool:
        """True if op-amps use both inputs, with compensating cells, instead of inverters or sources of both signs."""
        return self.balance_inverting is not None

    @property
    def balance(self) -> tuple[FloatArray, FloatArray]:
        """Compensating cells of the inverting and of the non-inverting inputs, shape (N, K), siemens."""
        minus, plus = self.balance_inverting, self.balance_noninverting
        assert minus is not None and plus is not None
        return minus, plus

    @property
    def arrays(self) -> tuple[FloatArray, ...]:
        """Positive array and, if there is one, negative array."""
        negative = self.conductance_negative
        return (self.conductance_positive,) if negative is None else (self.conductance_positive, negative)

    @property
    def circuit(self) -> Circuit:
        """Circuit of the record; kept together with its computed results."""
        raise NotImplementedError

    def _compensated(self, outputs: str) -> tuple[Part, ...]:
        """Return the parts at both inputs of op-amps with compensating cells: arrays and op-amps.

        Groups `v` and `p` are the inverting and non-inverting inputs, `c` the bit lines of both arrays.
        """
        assert self.conductance_negative is not None
        return (
            self._array("p", "v", "c", self.conductance_positive),
            self._array("n", "p", "c", self.conductance_negative),
            *balance_arrays("b", ("v", "p"), self.balance, self.interconnect, self.nonlinearity_voltage),
            OpAmps("amp", "v", outputs, self.opamp, "p", self.amplifier_offset, label="amplifier"),
        )

    def _array(self, name: str, word_lines: str, bit_lines: str, conductance: FloatArray) -> Array:
        """Return one of the arrays, between two groups of nodes."""
        return Array(name, word_lines, bit_lines, conductance, self.interconnect, self.nonlinearity_voltage)
