"""Output files that would overwrite an input of their command, or each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amc_circuits.cases.option import flag
from netlists import ParameterError

FILE = "FILE"
"""Beginning of the metavar of an option that names a file: one to write if its value is a path, else one to read."""
NEVER_READ = (".png", ".svg", ".pdf", ".html", ".htm")
"""Suffixes of files in the folder of a run that no command reads: pictures and pages may be drawn again."""


def check_overwriting(command: Any, values: dict[str, Any]) -> None:
    """Refuse outputs that would overwrite an input, or an earlier output.

    Every path of an option is a file to write, except folders. Every argument may name files or folders to read, also
    inside a quoted text or a TOML file.

    Args:
        command: Command of Typer.
        values: Values of its parameters, by name.

    Raises:
        ParameterError: An output is one of the other files, through links or under another name as well.
    """
    options = [one for one in command.params if str(one.metavar).startswith(FILE) and one.param_type_name == "option"]
    outputs = {one.name: values[one.name] for one in options if isinstance(values.get(one.name), Path)}
    if not outputs:
        return
    arguments = (values.get(one.name) for one in command.params if one.param_type_name == "argument")
    taken = [(path, "an input of this command") for value in arguments for path in _paths(value)]
    for one in options:
        if one.name not in outputs:
            taken += [(path, f"the input of {flag(one.name)}") for path in _paths(values.get(one.name))]
    for name, file in outputs.items():
        for other, role in taken:
            if _same(file, other) or _read_from(file, other):
                raise ParameterError(name, str(file), f"is {role}, too; name another file")
        taken.append((file, f"the file of {flag(name)}"))


def _paths(value: Any) -> Iterator[Path]:
    """Yield what may be a path in a value, in the words of a text, and in the TOML file that it names."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from _paths(one)
    elif isinstance(value, dict):
        yield from _paths(list(value.values()))
    elif isinstance(value, Path) or (isinstance(value, str) and value):
        words = {str(value), *str(value).replace("=", " ").split()}
        for path in map(Path, sorted(words)):
            yield path
            if path.suffix.lower() == ".toml":
                yield from _paths(_content(path))


def _content(path: Path) -> dict[str, Any]:
    """Read a TOML file; empty if it cannot be read, which is the command's to report."""
    from amc_circuits.files.toml_file import read_toml

    try:
        return read_toml("path", path)[1]
    except ParameterError:
        return {}


def _same(first: Path, second: Path) -> bool:
    """True if two paths lead to one file, which need not exist."""
    try:
        return first.resolve() == second.resolve() or first.samefile(second)
    except (OSError, RuntimeError, ValueError):  # no such file, a loop of links, or text that is no path
        return False


def _read_from(file: Path, folder: Path) -> bool:
    """True if a file that exists lies in the folder of a run, and is no picture."""
    try:
        inside = folder.is_dir() and file.resolve().is_relative_to(folder.resolve())
        return inside and file.exists() and file.suffix.lower() not in NEVER_READ
    except (OSError, RuntimeError, ValueError):
        return False
