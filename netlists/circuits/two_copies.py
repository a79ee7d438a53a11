"""Base of the parameter records of circuits that hold a matrix X and, in arrays of its own, its transpose."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from netlists.arrays.array import Array, NonlinearityVoltage
from netlists.arrays.interconnect import Interconnect
from netlists.circuits.balance import BalanceCells, balance_arrays, check_balance
from netlists.circuits.inv import InputConductance
from netlists.opamps.records import OpAmp
from netlists.record import FloatArray, Matrix, ParameterError, Record, Vector
from netlists.temperature import NOMINAL_TEMPERATURE, Kelvin

NegativeCells = Annotated[Matrix | None, Field(exclude_if=lambda value: value is None)]
"""Conductances of a negative array; records without one keep their hashes."""


class TwoCopiesDesign(Record):
    """Base of parameter records with a matrix X and its transpose: arrays, compensating cells, two rows of op-amps.

    Attributes:
        conductance: Conductances of the positive array of X, shape (N, M), siemens.
        conductance_transposed: Conductances of the positive array of X^T, shape (M, N), siemens.
        conductance_negative: The same of the negative array of X; None if no entry of X is negative.
        conductance_transposed_negative: The same of the negative array of X^T.
        input_conductance: Conductance from each input source to its sum node, siemens.
        feedback_conductance: Feedback conductance of the row amplifiers, siemens.
        balance_rows_inverting: Compensating cells from the inverting inputs of the row amplifiers to ground, shape
            (N, K), siemens, 0 for no cell. With them, the negative array of X is at the non-inverting inputs.
        balance_rows_noninverting: The same from the non-inverting inputs.
        balance_columns_inverting: The same from the inverting inputs of the column amplifiers, shape (M, K). With them,
            the negative array of X^T is at the inverting inputs.
        balance_columns_noninverting: The same from the non-inverting inputs.
        opamp: Record of every op-amp of the circuit.
        interconnect: Wires of all arrays, and of the word lines of compensating cells.
        nonlinearity_voltage: V0 of cells that follow `I = G V0 sinh(V/V0)`, V; None means linear cells.
        row_offset: Offsets of the row op-amps in addition to that of their record, shape (N,), V; None has none.
        column_offset: The same of the column op-amps, shape (M,), V.
        temperature: Temperature of the whole circuit, K.
    """

    conductance: Matrix
    conductance_transposed: Matrix
    conductance_negative: NegativeCells = None
    conductance_transposed_negative: NegativeCells = None
    input_conductance: InputConductance
    feedback_conductance: InputConductance
    balance_rows_inverting: BalanceCells = None
    balance_rows_noninverting: BalanceCells = None
    balance_columns_inverting: BalanceCells = None
    balance_columns_noninverting: BalanceCells = None
    opamp: OpAmp = Field(discriminator="model")
    interconnect: Interconnect = Interconnect()
    nonlinearity_voltage: NonlinearityVoltage = None
    row_offset: Vector | None = None
    column_offset: Vector | None = None
    temperature: Kelvin = NOMINAL_TEMPERATURE

    @model_validator(mode="after")
    def _arrays_fit(self) -> Self:
        shape, turned = self.conductance.shape, self.conductance.shape[::-1]
        for name, wanted in (("conductance_transposed", turned), ("conductance_negative", shape),
                             ("conductance_transposed_negative", turned)):  # fmt: skip
            array = getattr(self, name)
            if array is not None and array.shape != wanted:
                raise ParameterError(name, f"shape {array.shape}", f"must be {wanted}, to fit to {shape}")
        if (self.conductance_negative is None) != (self.conductance_transposed_negative is None):
            name = "conductance_transposed_negative"
            raise ParameterError(
                name, "one of two", "give the negative arrays of the matrix and its transpose, or none"
            )
        for row, length in zip(("rows", "columns"), shape, strict=True):
            names = f"balance_{row}_inverting", f"balance_{row}_noninverting"
            for name, other in (names, names[::-1]):
                check_balance(name, getattr(self, name), getattr(self, other), length)
        balanced = self.signed and self.compensated
        if balanced != (self.balance_rows_inverting is not None):
            mend = "goes with negative arrays and compensated columns, and these need it"
            raise ParameterError("balance_rows_inverting", None if balanced else "given", mend)
        return self

    @property
    def signed(self) -> bool:
        """True for pairs of arrays."""
        return self.conductance_negative is not None

    @property
    def compensated(self) -> bool:
        """True if op-amps use both inputs, with compensating cells."""
        return self.balance_columns_inverting is not None

    def arrays(self, negative_rows: str, drivers: tuple[str, str], negative_columns: str) -> tuple[Array, ...]:
        """Return the arrays of X, then of X^T, positive before negative, those that there are.

        Args:
            negative_rows: Word lines of the negative array of X.
            drivers: Bit lines of the negative arrays of X and of X^T.
            negative_columns: Word lines of the negative array of X^T.
        """
        cells = (
            ("first", "r", "x", self.conductance),
            ("firstn", negative_rows, drivers[0], self.conductance_negative),
            ("second", "t", "e", self.conductance_transposed),
            ("secondn", negative_columns, drivers[1], self.conductance_transposed_negative),
        )
        return tuple(
            Array(name, word_lines, bit_lines, held, self.interconnect, self.nonlinearity_voltage)
            for name, word_lines, bit_lines, held in cells
            if held is not None
        )

    def balance(self) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Return the compensating cells at `r` and `rp` of the row, and at `tm` and `t` of the column amplifiers."""
        rows = self.balance_rows_inverting, self.balance_rows_noninverting
        columns = self.balance_columns_inverting, self.balance_columns_noninverting
        return self._grounded(rows, ("r", "rp"), "b"), self._grounded(columns, ("tm", "t"), "bt")

    def _grounded(
        self, cells: tuple[FloatArray | None, FloatArray | None], inputs: tuple[str, str], lines: str
    ) -> tuple[Array, ...]:
        minus, plus = cells
        if minus is None or plus is None:
            return ()
        return balance_arrays(lines, inputs, (minus, plus), self.interconnect, self.nonlinearity_voltage, lines)
