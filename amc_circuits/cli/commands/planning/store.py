"""Folder of a planned solve: a file for every part of the right-hand sides that is done, so that a run can go on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases.opamp_files import opamp_of
from amc_circuits.cli.commands.planning.answers import Answers
from amc_circuits.files.array_files import DAMAGED
from amc_circuits.files.run_folder import LOCK, check_own_files, claim_folder, owning, replacing, writing
from amc_circuits.solvers.precision.cost import CycleCost
from amc_circuits.values.array_content import array_content
from amc_circuits.values.checks import Numbers
from amc_circuits.values.plain import plain
from netlists import ParameterError
from netlists.version import package_version

PART = 8
"""Right-hand sides of a part; a choice of this package."""
REQUEST = "request.json"
LAYOUT = 2
"""Number of the content of parts and of the rules of plans; a folder of another one is not continued."""
COST = "cost_"
"""Begin of the names of arrays that hold the cost of a cycle."""


@dataclass(frozen=True)
class Folder:
    """Folder of a planned solve.

    Attributes:
        path: The folder.
        parts: Right-hand sides of each part.
    """

    path: Path
    parts: tuple[Numbers, ...]

    def solved(self, solve: Callable[[Numbers], Answers], done: Callable[[int, int], None]) -> Answers:
        """Solve the parts that are not done, write each one at once, and return all answers."""
        found = []
        for place, vectors in enumerate(self.parts):
            file = self.path / _name(place)
            if file.exists():
                found.append(_read(file))
            else:
                found.append(solve(vectors))
                with writing("out", file), replacing(file, follow=False) as partial:
                    _write(partial, found[-1])
            done(place + 1, len(self.parts))
        return Answers.joined(found)


def _name(place: int) -> str:
    return f"part-{place:05d}.npz"


def _write(file: Path, answers: Answers) -> None:
    with file.open("wb") as opened:
        cost = {} if answers.cost is None else vars(answers.cost)
        known: dict[str, Any] = {f"{COST}{name}": np.asarray(one) for name, one in cost.items() if one is not None}
        np.savez(opened, messages=np.array(answers.messages), **answers.arrays, **known)


def _read(file: Path) -> Answers:
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        messages = tuple(str(text) for text in arrays.pop("messages"))
        answers = Answers(arrays, _stored_cost(arrays), messages)
        _ = answers.status
        if answers.cost is None and (answers.arrays["cycles"] > 0).any():
            raise KeyError(COST)
        return answers
    except (OSError, KeyError, TypeError, ValueError, *DAMAGED) as error:
        mend = f"cannot be read ({type(error).__name__}); remove it, and it is solved again"
        raise ParameterError("out", str(file), mend) from None


def _stored_cost(arrays: dict[str, Any]) -> CycleCost | None:
    """Take the cost of a cycle out of stored arrays; None if there was no cycle."""
    names = [name for name in arrays if name.startswith(COST)]
    found = {name.removeprefix(COST): arrays.pop(name) for name in names}
    values: dict[str, Any] = {name: value if value.ndim else float(value) for name, value in found.items()}
    values.setdefault("circuit_energy", None)
    return CycleCost(**values) if found else None


def opened(path: Path, options: Mapping[str, Any], matrix: Numbers, vectors: Numbers) -> Iterator[Folder]:
    """Open the folder of a request: a new one, or one that was begun by the same request; `contextmanager` in use.

    Raises:
        ParameterError: The folder is something else, or in use, or of another request.
    """
    columns = vectors.reshape(len(vectors), -1)
    parts = tuple(columns[:, first : first + PART] for first in range(0, columns.shape[1], PART))
    folder = claim_folder(path, "solve")
    check_own_files(folder, [REQUEST, LOCK, *map(_name, range(len(parts)))])
    with owning(folder):
        _check_request(folder / REQUEST, _fingerprint(options, matrix, vectors))
        yield Folder(folder, parts)


def _fingerprint(options: Mapping[str, Any], matrix: Numbers, vectors: Numbers) -> str:
    """Hash of all that the answers depend on."""
    # A file of an op-amp may change under its name.
    opamp = opamp_of(options).sha256 if options["opamp_file"] is not None else ""
    content = [LAYOUT, package_version(), plain(dict(options)), opamp, array_content(matrix), array_content(vectors)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _check_request(file: Path, fingerprint: str) -> None:
    """Write the fingerprint of a new folder; refuse that of another request."""
    if not file.exists():
        with writing("out", file), replacing(file, follow=False) as partial:
            partial.write_text(json.dumps({"request": fingerprint}) + "\n")
        return
    try:
        stored = json.loads(file.read_text())["request"]
    except (OSError, ValueError, KeyError, TypeError):
        stored = ""
    if stored != fingerprint:
        mend = "holds another solve, or that of another version; name a new folder"
        raise ParameterError("out", str(file.parent), mend)
