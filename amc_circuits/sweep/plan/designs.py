"""Designs of a comparison from files: TOML, and saved solutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amc_circuits.cases.circuits import INV, circuit_names
from amc_circuits.cases.option import Option, by_own_names, find_option, synonyms
from amc_circuits.cases.options import OF_ANSWERS, PROBLEM, options_of
from amc_circuits.files.toml_file import read_toml
from amc_circuits.files.toml_lines import line_of
from amc_circuits.results.stored.saved import load_options
from amc_circuits.studies.compare import COMMON, Design
from amc_circuits.sweep.plan.axes import cut, shown, value_of
from amc_circuits.sweep.plan.spec import SECTIONS, read_sweep
from netlists import ParameterError


@dataclass(frozen=True)
class StatedDesign:
    """A design with the options of its own matrix.

    Attributes:
        design: The design.
        problem: Options of the matrix, and the seed, that the file states; empty without any.
    """

    design: Design
    problem: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, circuit: str, options: Mapping[str, Any]) -> StatedDesign:
        """Separate the options of a design from those of its matrix."""
        own = {key: value for key, value in options.items() if key not in COMMON}
        stated = {key: value for key, value in options.items() if key in COMMON}
        return cls(Design(name, circuit, own), stated)


def design_of_toml(path: Path) -> StatedDesign:
    """Read a design from TOML: `circuit` and options at the top level, or a specification of a sweep of one point.

    Raises:
        ParameterError: The file cannot be read, a key or value in it cannot be used, or the sweep has several points.
    """
    text, content = read_toml("DESIGN", path)
    if content.keys() & set(SECTIONS) - {"circuit"}:
        return _of_sweep(path)
    circuit = content.pop("circuit", INV.name)
    if circuit not in circuit_names():
        raise ParameterError(f"{path}, circuit", shown(circuit), f"must be {' or '.join(circuit_names())}")
    options = {option.name: option for option in options_of(circuit)}
    found = {}
    for name, value in by_own_names(content, synonyms(options.values())).items():
        try:
            found[name] = value_of(find_option(circuit, options, name, shown(value)), value)
        except ParameterError as error:
            line = line_of(text, (name,))
            place = f"{path}, line {line}, {name}" if line else f"{path}, {name}"
            raise ParameterError(cut(place), cut(str(error.value)), error.mend) from None
    return StatedDesign.of(path.name, circuit, found)


def _of_sweep(path: Path) -> StatedDesign:
    """Read the only point of a specification of a sweep."""
    sweep = read_sweep(path)
    if len(sweep) > 1:
        mend = "a design is a single point; run amc sweep, and compare its folder"
        raise ParameterError("DESIGN", f"{path} with {len(sweep)} points", mend)
    own = {option.name: option.own for option in options_of(sweep.circuit)}
    point = {name: value for name, value in next(iter(sweep)).items() if value != own[name]}
    return StatedDesign.of(path.name, sweep.circuit, point)


def design_of_saved(path: Path) -> StatedDesign:
    """Read the design of a solution that was saved; requests for noise and error budget are left out.

    Raises:
        ParameterError: It is no such file, or of an older version.
    """
    saved = load_options(path)
    if saved.circuit not in circuit_names():
        mend = f"must be one of {', '.join(circuit_names())}"
        raise ParameterError("circuit", repr(saved.circuit), f"{mend} (in {path})")
    options = {name: value for name, value in saved.typed.items() if name not in OF_ANSWERS}
    return StatedDesign.of(path.name, saved.circuit, options)


def common_problem(given: Mapping[str, Any], designs: Sequence[StatedDesign]) -> dict[str, Any]:
    """Options of the common matrix.

    Those of the command count if it gives a size or a file of the matrix. Otherwise those in the files of the designs
    count, which must be the same; the command may add to them. Seeds in files do not count.

    Args:
        given: Options of the command, as typed; None for one that was not given.
        designs: All designs.

    Raises:
        ParameterError: The designs state different matrices.
    """
    typed = {name: value for name, value in given.items() if value is not None}
    stating = [one for one in designs if one.problem.keys() & {"size", "matrix"}]
    if typed.keys() & {"size", "matrix"} or not stating:
        return typed
    found, *others = ({option.name: _value(option, one) for option in PROBLEM} for one in stating)
    for name, value in found.items():
        for place, other in enumerate(others, 1):
            if name not in typed and other[name] != value:
                one, two = ("nothing" if stated is None else stated for stated in (value, other[name]))
                where = f"{one} in {stating[0].design.name}, {two} in {stating[place].design.name}"
                raise ParameterError(name, where, "all designs get the same matrices; give their size or file")
    stated = {name: value for name, value in stating[0].problem.items() if name != "seed"}
    return stated | typed


def _value(option: Option, stated: StatedDesign) -> Any:
    """Value of an option of the matrix, converted; its default if it is not stated."""
    value = stated.problem.get(option.name)
    return option.own if value is None else option.parse(value)
