"""Solutions in .npz files, which contain only numbers and text, and no executable content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.files.array_files import DAMAGED
from amc_circuits.files.run_folder import replacing
from amc_circuits.results.budget import CAUSES, Budget
from amc_circuits.results.cell_loads import CellArray, CellArrays, CellLoad, Contacts
from amc_circuits.results.response import Response, slowest
from amc_circuits.results.solution import Solution
from netlists import Array, Circuit, ParameterError
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Saved:
    """Content of a file.

    Attributes:
        path: Path of the file.
        title: Title of a figure of the solution.
        responses: Responses of every right-hand side that was simulated.
        numbers: Numbers of these right-hand sides, from 1.
        count: Number of all right-hand sides.
        arrays: Cells and wires; None if cells are not linear, and in files of older versions.
        budget: Error budget; None if it was not requested.
    """

    path: Path
    title: str
    responses: tuple[Response, ...]
    numbers: tuple[int, ...]
    count: int
    arrays: CellArrays | None
    budget: Budget | None = None

    __repr__ = short_repr

    def chosen(self, number: int | None) -> tuple[Response, str]:
        """Return the response of one right-hand side, counted from 1, or of the slowest, and a title for its figure.

        Raises:
            ParameterError: If there is none.
        """
        if not self.responses:
            raise ParameterError("FILE", str(self.path), "cannot be plotted: nothing was simulated")
        if number is None:
            place = slowest(self.responses)
            which = f" (the slowest of {self.count} right-hand sides)"
        elif number in self.numbers:
            place, which = self.numbers.index(number), f" (right-hand side {number} of {self.count})"
        elif 1 <= number <= self.count:
            raise ParameterError(
                "rhs", number, "this right-hand side is zero: it was not simulated; choose another one"
            )
        else:
            raise ParameterError("rhs", number, f"must be one of right-hand sides 1 to {self.count} of {self.path}")
        return self.responses[place], self.title + which * (self.count > 1)

    def number_of(self, response: Response) -> int:
        """Number of the right-hand side of a response, from 1."""
        return next(number for number, one in zip(self.numbers, self.responses, strict=True) if one is response)

    def load_of(self, response: Response) -> CellLoad:
        """Compute the loads of the cells at the end of a response.

        Raises:
            ParameterError: If the cells are not linear, or the file is of an older version.
        """
        if self.arrays is None or response.terminal_voltage is None:
            mend = "has no cells to plot: they are not linear, or it is of an older version: save it anew"
            raise ParameterError("FILE", str(self.path), mend)
        return self.arrays.load(response.terminal_voltage)

    def check_target(self, response: Response) -> None:
        """Raise ParameterError if the correct outputs are not known."""
        if response.target is None:
            mend = "has no errors to plot: an older version left out the wanted outputs; save it anew"
            raise ParameterError("FILE", str(self.path), mend)


@dataclass(frozen=True)
class SavedOptions:
    """Options of a saved solution.

    Attributes:
        circuit: Name of the circuit.
        typed: Options as typed, by name; those that were not given are missing.
        values: All options with their defaults, in SI units.
    """

    circuit: str
    typed: dict[str, Any]
    values: dict[str, Any]


def save_solution(
    solution: Solution, circuit: Circuit, record: dict[str, Any], arrays: Mapping[str, Any], path: Path
) -> None:
    """Write solution and measurements to a file.

    `record` is JSON; `arrays` are those that the solution was computed from, such as `matrix`. k counts the right-hand
    sides that were simulated: `tolerance` and `settling_time` have one entry for each k, and there are `time_k`,
    `outputs_k`, `target_k` and `terminal_voltage_k`, and `names_k` for complex systems. A complex right-hand side of a
    real matrix counts as two: its real part, then its imaginary part. Array k has `conductance_k`, `word_lines_k` and
    `bit_lines_k` (indices among the terminals); `array_names`, `wire_resistance`, `contacts` and `grid` have one entry
    for each array. Arrays are omitted if cells are not linear.
    """
    responses = [response for response in solution.responses if response is not None]
    content: dict[str, Any] = {
        "record": np.array(json.dumps(record, allow_nan=False)),
        "tolerance": np.array([response.tolerance for response in responses]),
        "settling_time": np.array([response.settling_time for response in responses]),
        **arrays,
    }
    if all(array.nonlinearity_voltage is None for array in circuit.of(Array)):
        content |= _content(CellArrays.of(circuit))
    for k, response in enumerate(responses):
        content[f"time_{k}"], content[f"outputs_{k}"] = response.time, response.outputs
        content[f"target_{k}"], content[f"terminal_voltage_{k}"] = response.target, response.terminal_voltage
        if response.names:
            content[f"names_{k}"] = np.array(response.names)
    with replacing(path) as partial:
        np.savez_compressed(partial, allow_pickle=False, **content)


def load_saved(path: Path) -> Saved:
    """Read a file written by `save_solution`, of this version or an older one.

    Raises:
        ParameterError: If it is no such file.
    """
    try:
        # The file is opened here, because np.load leaves a damaged file open.
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as content:
            if "trial" in content:
                raise ParameterError(
                    "FILE", str(path), "holds trials, not waveforms: their command draws them while it runs"
                )
            record = json.loads(str(content["record"]))
            check_schema(path, record)
            responses = tuple(_response(content, k) for k in range(len(content["tolerance"])))
            simulated = tuple(number for number, attempts in enumerate(record["attempts"], 1) if attempts)
            budget = _budget(record)
            found = Saved(path, title(record), responses, simulated, len(record["attempts"]), _arrays(content), budget)
            _check(found)
            return found
    except ParameterError:
        raise
    except (OSError, *DAMAGED) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else "it was not saved by amc"
        raise ParameterError("FILE", str(path), f"cannot be plotted: {what}") from None


def load_options(path: Path) -> SavedOptions:
    """Read the options of a solution from a file written by `save_solution`.

    Raises:
        ParameterError: If it is no such file, or of an older version, which stored no options.
    """
    try:
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as content:
            if "trial" in content:
                raise ParameterError("FILE", str(path), "holds trials and not one solution; save it without them")
            record = json.loads(str(content["record"]))
            if "schema_version" not in record:
                mend = "holds no options: an older version of amc saved it; save it anew"
                raise ParameterError("FILE", str(path), mend)
            check_schema(path, record)
            values = {name: value for name, value in record["options"].items() if name != "jobs"}
            options = SavedOptions(record["circuit"], record["typed"], values)
            _check_options(options)
            return options
    except ParameterError:
        raise
    except (OSError, *DAMAGED) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else "no solution saved by amc is in it"
        raise ParameterError("FILE", str(path), f"cannot be read: {what}") from None


def _check_options(options: SavedOptions) -> None:
    """Raise ValueError if a value is none of an option."""
    for given in (options.typed, options.values):
        if not all(value is None or isinstance(value, (str, int, float)) for value in given.values()):
            raise ValueError("no options")
    if not isinstance(options.circuit, str):
        raise ValueError("no circuit")


MAJOR = 1
"""Newest major version of the schema of records that this version reads; records before it have none."""


def check_schema(path: Path, record: dict[str, Any]) -> None:
    """Refuse a record of a newer major version.

    Raises:
        ParameterError: The record has such a version.
    """
    major = int(str(record.get("schema_version", "0")).partition(".")[0])
    if major > MAJOR:
        mend = f"has schema {major}, this version of amc reads {MAJOR} and older; take the version that made it"
        raise ParameterError("FILE", str(path), mend)


def _response(content: Mapping[str, Any], k: int) -> Response:
    return Response(
        time=content[f"time_{k}"],
        outputs=content[f"outputs_{k}"],
        tolerance=float(content["tolerance"][k]),
        settling_time=float(content["settling_time"][k]),
        target=content.get(f"target_{k}"),
        terminal_voltage=content.get(f"terminal_voltage_{k}"),
        names=tuple(str(name) for name in content.get(f"names_{k}", ())),
    )


def _budget(record: dict[str, Any]) -> Budget | None:
    if "budget" not in record:
        return None
    found = Budget.of(record["budget"])
    if not found.causes.keys() <= CAUSES.keys():
        raise ValueError("unknown causes")
    return found


def _content(arrays: CellArrays) -> dict[str, Any]:
    """Read the arrays of a file."""
    found: dict[str, Any] = {
        "array_names": np.array([array.name for array in arrays.arrays]),
        "wire_resistance": np.array([array.wire_resistance for array in arrays.arrays]),
        "contacts": np.array([array.contacts for array in arrays.arrays]),
        "grid": np.array([array.grid for array in arrays.arrays]),
    }
    for k, array in enumerate(arrays.arrays):
        found |= {
            f"conductance_{k}": array.conductance,
            f"word_lines_{k}": array.word_lines,
            f"bit_lines_{k}": array.bit_lines,
        }
    return found


def _arrays(content: Mapping[str, Any]) -> CellArrays | None:
    if "conductance" in content:  # of an older version
        conductance, contacts = content["conductance"], _contacts(content["contacts"])
        if conductance.ndim != 3:
            raise ValueError("no arrays")
        return CellArrays.stacked(conductance, float(content["wire_resistance"]), contacts)
    if "array_names" not in content:
        return None
    found = []
    for k, name in enumerate(content["array_names"]):
        cells, words, bits = (content[f"{field}_{k}"] for field in ("conductance", "word_lines", "bit_lines"))
        if cells.shape != (len(words), len(bits)):
            raise ValueError("lines do not match")
        wires, contacts = float(content["wire_resistance"][k]), _contacts(content["contacts"][k])
        grid = bool(content["grid"][k]) if "grid" in content else False  # older versions have none
        found.append(CellArray(str(name), cells, words, bits, wires, contacts, grid))
    return CellArrays(tuple(found), 1 + max(int(max(one.word_lines.max(), one.bit_lines.max())) for one in found))


def _contacts(value: Any) -> Contacts:
    if str(value) not in ("one", "both"):
        raise ValueError("no contacts")
    return "both" if str(value) == "both" else "one"


def _check(saved: Saved) -> None:
    """Raise ValueError if shapes do not match."""
    if len(saved.responses) != len(saved.numbers):
        raise ValueError("the record has other right-hand sides")
    for response in saved.responses:
        steps, outputs = response.outputs.shape
        shapes = [(response.time, (steps,)), (response.target, (outputs,))]
        if len(response.names) not in (0, outputs):
            raise ValueError("names do not match")
        if saved.arrays is not None:
            shapes.append((response.terminal_voltage, (saved.arrays.terminals,)))
        if any(array is not None and array.shape != shape for array, shape in shapes):
            raise ValueError("shapes do not match")


def title(record: dict[str, Any]) -> str:
    """Return the title of a figure of a record."""
    size = record["size"]
    shape = " x ".join(map(str, size)) if isinstance(size, list) else f"{size} x {size}"
    shape += " complex" * bool(record.get("complex"))
    return f"{record['circuit'].upper()} {shape}, {record['status'].lower().replace('_', ' ')}"
