"""Schedule of the macro as data: arrays, phases, switches and parts, from TOML or plain data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from amc_circuits.engines.settings import Settings
from amc_circuits.files.array_files import load_array
from amc_circuits.files.toml_file import read_toml
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.values.matrices import FAMILIES, draw_matrix
from netlists import ParameterError, Record
from netlists.circuits.macro.records import MacroSwitches, Mode
from netlists.errors import check_name, check_type, no_such, shown
from netlists.record import FloatArray, Matrix, Positive, Vector, about

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
NOT_IN_SCHEDULES = {
    "conductances": "arrays of a schedule are programmed from their matrices",
    "scaling": "held values would change their units from phase to phase",
}
"""Parameters of the hardware that a schedule does not have, each with the reason."""
HELD = "its list has numbers, or the name of a phase, or both: ['-name', [numbers]]"


class ScheduledArray(Record):
    """Array of a schedule: a matrix, its file, or a family to draw it from."""

    name: Annotated[Name, about("Name for phases: small letters, digits, - and _")]
    matrix: Annotated[Matrix | None, about("Entries, row by row")] = None
    file: Annotated[str | None, about("File of the matrix, as of other commands; relative to the schedule")] = None
    family: Annotated[Literal[FAMILIES] | None, about(f"Family of a matrix that is drawn: {', '.join(FAMILIES)}")] = (  # type: ignore[valid-type]
        None
    )
    size: Annotated[int | None, about("Rows of a matrix that is drawn", ge=1)] = None
    seed: Annotated[int | None, about("Seed of a matrix that is drawn (0)", ge=0)] = None

    @model_validator(mode="after")
    def _one_matrix(self) -> Self:
        ways = [name for name in ("matrix", "file", "family") if getattr(self, name) is not None]
        if len(ways) != 1:
            mend = "give one of matrix, file, and family with size"
            raise ParameterError(f"array {self.name}", " and ".join(ways) or "no matrix", mend)
        for name in ("size", "seed"):
            if getattr(self, name) is not None and self.family is None:
                raise ParameterError(name, getattr(self, name), f"has no effect on array {self.name} without family")
        if self.family is not None and self.size is None:
            raise ParameterError("size", None, f"array {self.name} is drawn; give its rows")
        return self

    def loaded(self, folder: Path) -> FloatArray:
        """Load or draw the matrix, real, shape (N, M).

        Args:
            folder: Folder that the name of a file is relative to.

        Raises:
            ParameterError: The file cannot be read, or the matrix is complex.
        """
        if self.matrix is not None:
            return self.matrix
        if self.family is not None:
            assert self.size is not None
            return draw_matrix(self.family, self.size, self.size, None, np.random.default_rng(self.seed or 0))
        assert self.file is not None
        found = load_array(f"array {self.name}", folder / self.file, (2,))
        if np.iscomplexobj(found):
            raise ParameterError(f"array {self.name}", "a complex matrix", "give it as [[Re, -Im], [Im, Re]]")
        return np.asarray(found, dtype=np.float64)


class Inputs(Record):
    """Inputs of a phase: numbers, held outputs of an earlier phase, or their sum.

    Attributes:
        words: Numbers, by DACs; None for none.
        held: Name of the phase whose outputs are held; None for none.
        sign: -1 if they are subtracted, else 1.
    """

    words: Vector | None = None
    held: str | None = None
    sign: Literal[-1, 1] = 1

    @classmethod
    def of(cls, value: Any) -> Any:
        """Convert what a schedule holds: numbers, a name, or both in a list."""
        if value is None or isinstance(value, cls):
            return value
        terms = value if isinstance(value, list | tuple) and any(isinstance(one, str | list) for one in value) else None
        found: dict[str, Any] = {}
        for term in [value] if terms is None else terms:
            name = "held" if isinstance(term, str) else "words"
            if name in found:
                raise ParameterError("inputs", shown(value), f"has two {name}; {HELD}")
            found[name] = term
        if isinstance(found.get("held"), str):
            found["sign"] = -1 if found["held"].startswith("-") else 1
            found["held"] = found["held"].removeprefix("-").strip()
        return cls(**found)


class ScheduledPhase(Record):
    """Phase of a schedule."""

    name: Annotated[Name, about("Name for later phases and results: small letters, digits, - and _")]
    mode: Annotated[Mode, about("Circuit of the phase: mvm, inv, ginv or egv")]
    array: Annotated[str, about("Name of its array")]
    inputs: Annotated[
        Inputs | None, BeforeValidator(Inputs.of), about("Numbers, name of an earlier phase that is held, or both")
    ] = None
    duration: Annotated[Positive | Literal["auto"], about("Duration; auto takes it from the poles", "s")] = "auto"
    feedback_conductance: Annotated[
        Positive | None, about("Feedback of mvm and ginv instead of the one that is chosen", "S")
    ] = None
    margin: Annotated[
        float | None, about("Feedback of egv below the largest eigenvalue, as a part of it (0.02)", gt=0, lt=1)
    ] = None

    @model_validator(mode="after")
    def _acts(self) -> Self:
        who = f"{self.mode} phase {self.name}"
        if (self.inputs is None) != (self.mode == "egv"):
            mend = "starts from what the phase before has left; leave them out" if self.inputs else "needs them"
            raise ParameterError("inputs", "numbers or a name" if self.inputs else None, f"{who} {mend}")
        if self.margin is not None and self.mode != "egv":
            raise ParameterError("margin", self.margin, f"has no effect on {who}; leave it out")
        if self.feedback_conductance is not None and self.mode in ("inv", "egv"):
            raise ParameterError(
                "feedback_conductance", self.feedback_conductance, f"has no effect on {who}; leave it out"
            )
        return self


class Schedule(Record):
    """Schedule of a macro: arrays, and phases one after the other on the same op-amps.

    Attributes:
        switches: Switches, holds and their timing.
        hardware: Op-amp, cells, wires and spread, as of every circuit.
    """

    arrays: Annotated[tuple[ScheduledArray, ...], about("Arrays, all of one shape", min_length=1)]
    phases: Annotated[tuple[ScheduledPhase, ...], about("Phases, in order", min_length=1)]
    switches: MacroSwitches = MacroSwitches()
    hardware: Hardware = Hardware()
    input_voltage: Annotated[float, about("Largest voltage of numbers without a held value beside them", "V", gt=0)] = (
        Settings.model_fields["input_voltage"].default
    )
    rise_time: Annotated[float, about("Rise time of every edge", "s", gt=0)] = 100e-12
    tolerance: Annotated[float, about("Relative tolerance of the settling times", gt=0, lt=1)] = 0.01

    @model_validator(mode="after")
    def _named(self) -> Self:
        arrays, phases = [one.name for one in self.arrays], [one.name for one in self.phases]
        for what, names in (("arrays", arrays), ("phases", phases)):
            if twice := [name for name in names if names.count(name) > 1]:
                raise ParameterError(what, f"two called {twice[0]}", "give each a name of its own")
        for place, phase in enumerate(self.phases):
            check_name(f"array of phase {phase.name}", phase.array, arrays)
            if phase.inputs is not None and phase.inputs.held is not None:
                check_held(phase, phases[:place])
        if self.phases[0].mode == "egv":
            mend = "egv grows from what the phase before has left: put another phase before it"
            raise ParameterError("phases", f"{self.phases[0].name} first", mend)
        if any(one.mode == "egv" for one in self.phases) and not np.isfinite(self.hardware.opamp_in_use.swing):
            mend = "egv grows without end; take an op-amp with a swing, such as cmos-100meg"
            raise ParameterError("hardware.opamp", "an op-amp without a swing", mend)
        for name, why in NOT_IN_SCHEDULES.items():
            value, default = getattr(self.hardware, name), Hardware.model_fields[name].default
            if value != default:
                raise ParameterError(f"hardware.{name}", shown(value), f"has no meaning here: {why}; leave it out")
        return self


def check_held(phase: ScheduledPhase, earlier: list[str]) -> None:
    """Refuse the name of a held phase that is not an earlier one.

    Raises:
        ParameterError: There is no such phase before.
    """
    held = phase.inputs.held if phase.inputs else None
    if held not in earlier:
        mend = f"must be an earlier phase: {', '.join(earlier)}" if earlier else "no phase is earlier: give numbers"
        raise ParameterError(f"inputs of phase {phase.name}", shown(held), mend)


def make_schedule(content: Mapping[str, Any], source: str = "schedule") -> Schedule:
    """Build a schedule from plain data.

    Args:
        content: Content of a TOML file.
        source: Name of the source, for the error.

    Raises:
        ParameterError: A key is unknown, or a value cannot be used; the error names the first one.
    """
    check_type("content", content, Mapping, mend="keys and values, as a TOML file holds them")
    given: dict[str, Any] = dict(content)
    for name in given:
        if name not in Schedule.model_fields:
            raise ParameterError(f"{source}: {name}", shown(given[name]), no_such(name, Schedule.model_fields))
    parts: dict[str, type[Record]] = {"switches": MacroSwitches, "hardware": Hardware}
    for name, record in parts.items():
        if isinstance(given.get(name), Mapping):
            given[name] = _made(record, given[name], f"{source}: {name}.")
    lists: dict[str, type[Record]] = {"arrays": ScheduledArray, "phases": ScheduledPhase}
    for name, record in lists.items():
        if isinstance(given.get(name), list | tuple):
            given[name] = [
                _made(record, one, f"{source}: {name} {place}: ") if isinstance(one, Mapping) else one
                for place, one in enumerate(given[name], 1)
            ]
    return _made(Schedule, given, f"{source}: ")


Made = TypeVar("Made", bound=Record)


def _made(record: type[Made], value: Mapping[str, Any], place: str) -> Made:
    """Create a record; errors begin with its place."""
    try:
        return record.model_validate(dict(value))
    except ParameterError as error:
        raise ParameterError(f"{place}{error.parameter}", error.value, error.mend) from None


def read_schedule(path: str | Path) -> Schedule:
    """Read a schedule from a TOML file; matrices in files are loaded.

    Raises:
        ParameterError: The file or one that it names cannot be read or is invalid.
    """
    path = Path(path)
    made = make_schedule(read_toml("SCHEDULE.toml", path)[1], str(path))
    arrays = [
        ScheduledArray(name=one.name, matrix=one.loaded(path.parent)) if one.file is not None else one
        for one in made.arrays
    ]
    return made.replace(arrays=tuple(arrays))
