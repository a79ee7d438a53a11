"""Parameter records of the macro: switches and holds, arrays, phases."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from netlists.arrays.array import NonlinearityVoltage
from netlists.arrays.interconnect import Interconnect
from netlists.circuits.inv import INVERTER_RESISTANCE, InputConductance, InverterResistance
from netlists.errors import check_name
from netlists.opamps.records import OpAmp
from netlists.record import Matrix, NonNegative, ParameterError, Positive, Record, Vector, about
from netlists.temperature import NOMINAL_TEMPERATURE, Kelvin

Mode = Literal["mvm", "inv", "ginv", "egv"]
Share = Annotated[float, Field(ge=0, lt=1)]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""Arrays, phases and feedback conductors of the macro are lettered in the names of its nodes."""


class MacroSwitches(Record):
    """Switches, holds and their timing; the numbers are choices of this package unless they have a source.

    A switch of two complementary halves couples the difference of their overlap capacitances to the nodes at its ends:
    the charge `overlap_mismatch overlap_capacitance control_swing`. On a hold it is the offset `charge /
    hold_capacitance`, the same whatever is held: 0.36 mV with the defaults.
    """

    on_resistance: Annotated[Positive, about("Resistance of a closed switch", "ohm")] = 20.0
    off_resistance: Annotated[Positive, about("Resistance of an open switch", "ohm")] = 1e12
    driver_resistance: Annotated[
        Positive | None,
        about("Resistance of a closed switch to columns, if drivers sense behind it", "ohm"),
    ] = None
    overlap_capacitance: Annotated[NonNegative, about("Overlap capacitance of each half of a switch", "F")] = 5e-15
    overlap_mismatch: Annotated[
        Share, about("Part of the overlap capacitance that the halves do not cancel; 0 for ideal holds")
    ] = 0.1
    control_swing: Annotated[Positive, about("Change of a control after its switch has opened", "V")] = 0.72
    hold_capacitance: Annotated[Positive, about("Capacitance of each hold", "F")] = 1e-12
    hold_resistance: Annotated[Positive, about("Resistance of a closed sampling switch", "ohm")] = 1e3
    sample_lead: Annotated[NonNegative, about("Time from sampling to the opening of the other switches", "s")] = 2e-9
    dead_time: Annotated[NonNegative, about("Time between two phases with all switches open", "s")] = 2e-9
    idle_resistance: Annotated[Positive, about("Resistance from inputs of the op-amps to ground", "ohm")] = 1e9

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in ("on_resistance", "hold_resistance", "driver_resistance"):
            if (getattr(self, name) or 0.0) >= self.off_resistance:
                raise ParameterError("off_resistance", self.off_resistance, f"must pass {name}")
        if self.charge >= self.hold_capacitance:
            mend = f"takes no {self.charge:.3g} C of injected charge; take a larger one"
            raise ParameterError("hold_capacitance", self.hold_capacitance, mend)
        return self

    @property
    def charge(self) -> float:
        """Charge that an opening switch leaves at each of its ends, C."""
        return self.overlap_mismatch * self.overlap_capacitance * self.control_swing

    @property
    def hold_step(self) -> float:
        """Offset that an opening switch leaves on a hold, V."""
        return self.charge / self.hold_capacitance


def _absent(value: object) -> bool:
    return value is None


class MacroArray(Record):
    """Array of the macro, or pair of arrays.

    Attributes:
        positive: Conductances of the positive array, shape (N, M), siemens.
        negative: The same of the negative array; None if no entry is negative.
        transposed: Conductances of a second array that holds the transpose, shape (M, N), siemens; None without one.
        transposed_negative: The same of its negative array; None if no entry is negative, or without a second array.
        input_conductance: Conductance from each input to its row, siemens.
    """

    positive: Matrix
    negative: Matrix | None = None
    transposed: Matrix | None = None
    transposed_negative: Annotated[Matrix | None, Field(exclude_if=_absent)] = None
    input_conductance: InputConductance

    @model_validator(mode="after")
    def _arrays_fit(self) -> Self:
        shape = self.positive.shape
        turned = shape[::-1]
        for name, wanted in (("negative", shape), ("transposed", turned), ("transposed_negative", turned)):
            array = getattr(self, name)
            if array is not None and array.shape != wanted:
                raise ParameterError(name, f"shape {array.shape}", f"must be {wanted}")
        if self.transposed_negative is not None and (self.negative is None or self.transposed is None):
            mend = "belongs to a pair of arrays and a second pair; give negative and transposed, too, or leave it out"
            raise ParameterError("transposed_negative", "an array", mend)
        return self


class MacroPhase(Record):
    """Phase of the macro.

    Attributes:
        name: Name of the phase.
        mode: Circuit of the phase.
        array: Place of its array, from 0.
        words: True if DACs of the phase drive it.
        held: Name of an earlier phase whose held outputs drive it, too; None for none.
        feedback_conductance: Feedback conductance of each row, siemens; INV has none.
        duration: Duration, s; None derives it from the poles.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    mode: Mode
    array: Annotated[int, Field(ge=0)]
    words: bool = False
    held: str | None = None
    feedback_conductance: Annotated[Positive | None, Field(le=1e3)] = None
    duration: Positive | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.mode == "inv") != (self.feedback_conductance is None):
            mend = "INV has none" if self.mode == "inv" else f"{self.mode} needs one"
            raise ParameterError("feedback_conductance", self.feedback_conductance, mend)
        driven = self.words or self.held is not None
        if driven == (self.mode == "egv"):
            mend = "EGV grows from what the phase before has left" if driven else "give words, or a held phase"
            raise ParameterError("words", self.words, mend)
        if self.mode == "mvm" and self.words and self.held is not None:
            raise ParameterError("held", self.held, "an MVM phase has one input: words, or a held phase")
        return self


class MacroDesign(Record):
    """Macro of arrays that share two banks of op-amps; all arrays have one shape, (N, M).

    Attributes:
        arrays: Arrays.
        phases: Phases, in order.
        switches: Switches and holds.
        opamp: Record of every op-amp.
        interconnect: Wires of every array.
        nonlinearity_voltage: V0 of cells that follow `I = G V0 sinh(V/V0)`, V; None means linear cells.
        inverter_resistance: Resistance of the two equal resistors of each inverter, ohm.
        first_offset: Offsets of the op-amps of bank 1 in addition to that of their record, shape (N,), V.
        second_offset: The same of bank 2, shape (M,), V.
        column_inverter_offset: The same of the bank that inverts the columns of GINV, shape (M,), V.
        row_inverter_offset: The same of the bank that inverts bank 1 in GINV, shape (N,), V.
        temperature: Temperature of the whole circuit, K.
    """

    arrays: Annotated[tuple[MacroArray, ...], Field(min_length=1, max_length=len(LETTERS))]
    phases: Annotated[tuple[MacroPhase, ...], Field(min_length=1, max_length=len(LETTERS))]
    switches: MacroSwitches = MacroSwitches()
    opamp: OpAmp = Field(discriminator="model")
    interconnect: Interconnect = Interconnect()
    nonlinearity_voltage: NonlinearityVoltage = None
    inverter_resistance: InverterResistance = INVERTER_RESISTANCE
    first_offset: Vector | None = None
    second_offset: Vector | None = None
    column_inverter_offset: Annotated[Vector | None, Field(exclude_if=_absent)] = None
    row_inverter_offset: Annotated[Vector | None, Field(exclude_if=_absent)] = None
    temperature: Kelvin = NOMINAL_TEMPERATURE

    @model_validator(mode="after")
    def _fit(self) -> Self:
        for array in self.arrays:
            if array.positive.shape != self.shape:
                mend = f"the banks are shared: every array must be {self.shape}, as the first one"
                raise ParameterError("arrays", f"shape {array.positive.shape}", mend)
        names = [phase.name for phase in self.phases]
        for place, phase in enumerate(self.phases):
            if phase.array >= len(self.arrays):
                raise ParameterError("array", phase.array, f"there are {len(self.arrays)} arrays")
            if names.count(phase.name) > 1:
                raise ParameterError("phases", f"two called {phase.name}", "give each a name of its own")
            if phase.held is not None:
                check_name("held", phase.held, names[:place])
            self._check_mode(phase)
        rows, columns = self.shape
        for name, size in (("first_offset", rows), ("second_offset", columns), ("column_inverter_offset", columns),
                           ("row_inverter_offset", rows)):  # fmt: skip
            vector = getattr(self, name)
            if vector is not None and len(vector) != size:
                raise ParameterError(name, f"{len(vector)} values", f"must be {size}, one an amplifier")
        return self

    def _check_mode(self, phase: MacroPhase) -> None:
        array, (rows, columns) = self.arrays[phase.array], self.shape
        who = f"of phase {phase.name}"
        if phase.mode in ("inv", "egv") and rows != columns:
            raise ParameterError("arrays", f"shape {self.shape}", f"{phase.mode} {who} needs a square array")
        if phase.mode == "ginv" and array.transposed is None:
            raise ParameterError("transposed", None, f"ginv {who} needs the second array")
        if self.turns(phase) and array.transposed_negative is None:
            raise ParameterError("transposed_negative", None, f"ginv {who} needs both arrays of the transpose")
        if phase.mode == "ginv" and phase.feedback_conductance != self._feedback_of_ginv(phase.array):
            mend = "GINV phases of one array share their feedback; give both the same"
            raise ParameterError("feedback_conductance", phase.feedback_conductance, mend)
        if phase.held is not None and self.size_of(self.phase(phase.held)) != self.inputs_of(phase):
            mend = f"takes {self.inputs_of(phase)} inputs, not {self.size_of(self.phase(phase.held))}"
            raise ParameterError("held", phase.held, f"phase {phase.name} {mend}")

    def _feedback_of_ginv(self, array: int) -> float | None:
        every = (phase for phase in self.phases if phase.mode == "ginv" and phase.array == array)
        return next(every).feedback_conductance

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of every array, (N, M)."""
        rows, columns = self.arrays[0].positive.shape
        return int(rows), int(columns)

    def phase(self, name: str) -> MacroPhase:
        """Return the phase of this name."""
        return next(phase for phase in self.phases if phase.name == name)

    def size_of(self, phase: MacroPhase) -> int:
        """Number of outputs of a phase."""
        return self.shape[0 if phase.mode == "mvm" else 1]

    def inputs_of(self, phase: MacroPhase) -> int:
        """Number of inputs of a phase."""
        return self.shape[1 if phase.mode == "mvm" else 0]

    @property
    def held(self) -> list[str]:
        """Names of the phases whose outputs are held."""
        wanted = {phase.held for phase in self.phases}
        return [phase.name for phase in self.phases if phase.name in wanted]

    @property
    def second_bank(self) -> bool:
        """True if a phase uses the second bank: an inverter, or GINV."""
        return any(self.uses_second(phase) for phase in self.phases)

    def turns(self, phase: MacroPhase) -> bool:
        """Return True if a phase uses the banks that invert for the negative arrays of GINV."""
        return phase.mode == "ginv" and self.arrays[phase.array].negative is not None

    def uses_second(self, phase: MacroPhase) -> bool:
        """Return True if a phase uses the second bank."""
        return phase.mode in ("ginv", "egv") or self.arrays[phase.array].negative is not None
