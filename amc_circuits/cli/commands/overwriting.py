"""Output files that would overwrite an input of their command, or each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from amc_circuits.cases.option import flag
from netlists import ParameterError

READ = ("conductances", "opamp_file", "spec", "overlay")
"""Options that name a file to read."""


def check_overwriting(
    outputs: Mapping[str, Path | None], arguments: Iterable[str | Path | None], options: Mapping[str, Any] | None = None
) -> None:
    """Refuse outputs that would overwrite an input, or an earlier output.

    Args:
        outputs: Files to write, by the names of their options; None for one that was not requested.
        arguments: Files to read that are typed as arguments; None for one that is missing.
        options: Options as typed, of which those of `READ` name files to read.

    Raises:
        ParameterError: An output is one of the other files, through links or under another name as well.
    """
    taken = [(Path(file), "an input of this command") for file in arguments if file is not None]
    named = ((name, (options or {}).get(name)) for name in READ)
    taken += [(Path(file), f"the input of {flag(name)}") for name, file in named if file is not None]
    for name, file in outputs.items():
        if file is None:
            continue
        for other, role in taken:
            if _same(file, other):
                raise ParameterError(name, str(file), f"is {role}, too; name another file")
        taken.append((file, f"the file of {flag(name)}"))


def _same(first: Path, second: Path) -> bool:
    """True if two paths lead to one file, which need not exist."""
    try:
        return first.resolve() == second.resolve() or first.samefile(second)
    except (OSError, RuntimeError, ValueError):  # no such file, a loop of links, or text that is no path
        return False
