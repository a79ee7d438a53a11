"""Specifications of sweeps: grids, lists and zips of points over any option of a circuit or run, in TOML."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from amc_circuits.cases.circuits import circuit_names
from amc_circuits.cases.option import Option, find_option, partner, synonyms
from amc_circuits.cases.runs import run_names
from amc_circuits.files.toml_file import read_toml
from amc_circuits.files.toml_lines import Place
from amc_circuits.sweep.plan.axes import LARGEST_SWEEP, shown, value_of, values_of_all
from amc_circuits.sweep.plan.parameters import misfit
from amc_circuits.sweep.plan.places import Where, at, in_file, options_by_own_names, options_by_path
from amc_circuits.sweep.plan.subject import Subject, subject_of
from amc_circuits.values.quantities import counted
from netlists import ParameterError

SECTIONS = ("circuit", "run", "fixed", "grid", "zip", "points")
Axis = dict[str, Sequence[Any]]
"""Values of options that advance together, the same number of each."""


@dataclass(frozen=True)
class Sweep:
    """A sweep as data. Its points are generated one after the other, each as a dict of complete options.

    Attributes:
        circuit: Name of the circuit, such as `inv`, or of the run of another package.
        fixed: Complete options of every point, before the changes by its list entry and by the axes.
        listed: Options of each listed point; one empty entry if none is listed.
        axes: The zip, if there is one, and the grid; the last one changes fastest.
        text: Text of the specification.
        word: `circuit` or `run`.
    """

    circuit: str
    fixed: dict[str, Any]
    listed: tuple[dict[str, Any], ...] = ({},)
    axes: tuple[Axis, ...] = ()
    text: str = ""
    word: str = "circuit"

    @property
    def subject(self) -> Subject:
        """The circuit, or the run of another package."""
        return subject_of(self.word, self.circuit)

    def __len__(self) -> int:
        return len(self.listed) * math.prod(map(_length, self.axes))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        columns = [(name, number, axis[name]) for number, axis in enumerate(self.axes) for name in axis]
        for point in self.listed:
            common = self.fixed | point
            for places in product(*(range(_length(axis)) for axis in self.axes)):
                options = common.copy()
                for name, number, values in columns:
                    options[name] = values[places[number]]
                yield options

    @property
    def varied(self) -> set[str]:
        """Options that may differ between points."""
        return {name for some in (*self.listed, *self.axes) for name in some}

    def values(self, name: str) -> set[Any]:
        """All values of an option over the points."""
        for axis in self.axes:
            if name in axis:
                return set(axis[name])
        return {point.get(name, self.fixed[name]) for point in self.listed}

    def resolved(self) -> dict[str, Any]:
        """Meaning of the specification in full, in SI units.

        Returns:
            `circuit` or `run`; `points`, their number; `fixed`, the options that are the same everywhere, with their
            defaults; `axes`, the values of each option that varies; `together`, their names: those in one list advance
            together, and the last list changes fastest.
        """
        names = dict.fromkeys(name for point in self.listed for name in point)
        listed: Axis = {name: [point.get(name, self.fixed[name]) for point in self.listed] for name in names}
        axes: list[Axis] = [axis for axis in (listed, *self.axes) if axis]
        varied = {name: list(values) for axis in axes for name, values in axis.items()}
        return {
            self.word: self.circuit,
            "points": len(self),
            "fixed": {name: value for name, value in self.fixed.items() if name not in varied},
            "axes": varied,
            "together": [list(axis) for axis in axes],
        }


def _length(axis: Axis) -> int:
    return len(next(iter(axis.values())))


def read_sweep(path: Path) -> Sweep:
    """Read a specification in TOML: `circuit` or `run`, and in its sections any options; see docs/sweeps.md.

    Raises:
        ParameterError: The file cannot be read, or a key or value in it cannot be used; the error names file, line,
            section and key.
    """
    text, content = read_toml("SPEC", path)
    return _sweep(content, text, partial(in_file, path, text))


def sweep_from(content: Mapping[str, Any]) -> Sweep:
    """Build a sweep from the content of a specification, with the errors of `read_sweep`, which name the key only."""
    return _sweep(content, "", lambda place: str(place[-1]))


def _sweep(content: Mapping[str, Any], text: str, where: Where) -> Sweep:
    for key, value in content.items():
        with at(where, key):
            if key not in SECTIONS:
                raise ParameterError(key, shown(value), f"there is no such key; a sweep has {', '.join(SECTIONS)}")
    word = "run" if "run" in content else "circuit"
    with at(where, word):
        subject = _subject(word, content)
    options = {option.name: option for option in subject.table}
    if word == "run":
        content, where = options_by_path(content, where)
    content, where = options_by_own_names(content, where, synonyms(options.values()))
    return _Reader(word, subject, options, content, where).sweep(text)


def _subject(word: str, content: Mapping[str, Any]) -> Subject:
    name, known = content.get(word), run_names() if word == "run" else circuit_names()
    if word == "run" and "circuit" in content:
        raise ParameterError("run", shown(name), "a sweep has run or circuit; give one of them")
    if name not in known:
        mend = f"must be {' or '.join(known)}" if known else "no installed package has a run"
        raise ParameterError(word, "nothing" if name is None else shown(name), mend)
    return subject_of(word, str(name))


@dataclass(frozen=True)
class _Reader:
    """Content of a specification during conversion to a sweep.

    Attributes:
        word: `circuit` or `run`.
        subject: The circuit or run.
        options: All options of it, by name.
        content: Content of the TOML file, options by their own names.
        where: Function that names a place in an error.
    """

    word: str
    subject: Subject
    options: Mapping[str, Option]
    content: Mapping[str, Any]
    where: Where

    def sweep(self, text: str) -> Sweep:
        """Convert the content to a sweep with this text."""
        given = self._converted(("fixed",), self._section("fixed", dict, {}), value_of)
        points = self._section("points", list, [{}])
        listed = tuple(self._converted(("points", k), point, value_of) for k, point in enumerate(points))
        values = values_of_all()
        zipped, grid = (self._converted((name,), self._section(name, dict, {}), values) for name in ("zip", "grid"))
        self._check_names(given, listed, zipped, grid)
        self._check_lengths(zipped)
        axes = (*([zipped] if zipped else []), *({name: values} for name, values in grid.items()))
        self._check_count(len(listed), zipped, grid)
        sweep = Sweep(self.subject.name, self.subject.defaults | given, listed, axes, text, self.word)
        self._check_together(sweep, set(given))
        if self.word == "circuit":
            self._check_size(sweep)
            self._check_parameters(sweep)
        else:
            self._check_points(sweep)
        return sweep

    def _check_points(self, sweep: Sweep) -> None:
        """Check every point of a run, before any of them runs."""
        for place, options in enumerate(sweep):
            try:
                self.subject.complete(options)
            except ParameterError as error:
                number = place * len(sweep.listed) // len(sweep)
                known = error.parameter in options and options[error.parameter] is not None
                with at(self.where, *(self._place_of(error.parameter, number) if known else ("run",))):
                    raise

    def _section(self, name: str, kind: type, default: Any) -> Any:
        value = self.content.get(name, default)
        with at(self.where, name):
            if not isinstance(value, kind):
                mend = f"must be a table, [{name}]" if kind is dict else "must be tables of options, [[points]]"
                raise ParameterError(name, shown(value), mend)
        return value

    def _converted(self, place: Place, section: object, convert: Callable[[Option, object], Any]) -> dict[str, Any]:
        """Convert each value of a table of options."""
        with at(self.where, *place):
            if not isinstance(section, dict):
                raise ParameterError(str(place[0]), shown(section), "must be tables of options, [[points]]")
        found = {}
        for name, entry in section.items():
            with at(self.where, *place, name):
                found[name] = convert(find_option(self.subject.name, self.options, name, shown(entry)), entry)
        return found

    def _check_names(self, fixed: dict[str, Any], listed: Sequence[dict[str, Any]], zipped: Axis, grid: Axis) -> None:
        """Check that an axis option occurs once; only a listed point may override a fixed option."""
        others: dict[str, str] = dict.fromkeys(fixed, "[fixed]")
        others |= dict.fromkeys((name for point in listed for name in point), "[[points]]")
        for section, axis in (("zip", zipped), ("grid", grid)):
            for name in axis:
                with at(self.where, section, name):
                    if name in others:
                        mend = f"is in {others[name]}, too; give it in one place"
                        raise ParameterError(name, shown(self.content[section][name]), mend)
                others[name] = f"[{section}]"

    def _check_lengths(self, zipped: Axis) -> None:
        for name, values in zipped.items():
            with at(self.where, "zip", name):
                if len(values) != _length(zipped):
                    mend = f"must have {_length(zipped)}, like {next(iter(zipped))}: those of [zip] advance together"
                    raise ParameterError(name, counted(len(values), "value"), mend)

    def _check_count(self, listed: int, zipped: Axis, grid: Axis) -> None:
        """Check the number of points; the error is at the section with the largest factor, and lists all factors."""
        counts = {"points": listed, "zip": _length(zipped) if zipped else 1, "grid": math.prod(map(len, grid.values()))}
        count = math.prod(counts.values())
        factors = [f"{listed} [[points]]"] if "points" in self.content else []
        factors += [f"{counts['zip']} [zip]"] if zipped else []
        factors += [f"{len(values)} {name}" for name, values in grid.items()]
        there = [name for name in ("grid", "zip", "points") if name in self.content]
        if not 0 < count <= LARGEST_SWEEP:
            with at(self.where, max(there, key=lambda name: counts[name]) if count else "points"):
                value = f"{count} points ({' x '.join(factors)})" if count else "0 points"
                raise ParameterError("points", value, f"a sweep has at least 1 point and at most {LARGEST_SWEEP}")

    def _check_size(self, sweep: Sweep) -> None:
        """Refuse points that have neither a matrix file nor a matrix size."""
        if any(name in axis for axis in sweep.axes for name in ("size", "matrix")):
            return
        for number, point in enumerate(sweep.listed):
            place = ("points", number, "size") if "points" in self.content else ("fixed", "size")
            with at(self.where, *place):
                given = sweep.fixed | point
                if given["size"] is None and given["matrix"] is None:
                    mend = "set the matrix size: size = 16 in [fixed] or [[points]], or several in [grid]"
                    raise ParameterError("size", "nothing", mend)

    def _check_parameters(self, sweep: Sweep) -> None:
        for number, point in enumerate(sweep.listed):
            error = misfit(sweep.circuit, sweep.fixed | point, sweep.axes)
            if error is not None:
                with at(self.where, *self._place_of(error.parameter, number)):
                    raise error

    def _check_together(self, sweep: Sweep, fixed: set[str]) -> None:
        """Refuse options that have no meaning in some point, or no effect in any.

        All values of the options that they depend on count.
        """
        axes = {name: values for axis in sweep.axes for name, values in axis.items()}
        dependent = [option for option in self.options.values() if option.needs or option.excludes or option.acts_with]
        for number, point in enumerate(sweep.listed):
            for option in dependent:
                if option.name not in point and option.name not in axes and option.name not in fixed:
                    continue
                partners = [name for name in (option.needs, option.excludes, *map(partner, option.acts_with)) if name]
                possible = [axes.get(name, [point.get(name, sweep.fixed[name])]) for name in partners]
                place = self._place_of(option.name, number)
                given = self._given(place)
                own = axes.get(option.name, [point.get(option.name, sweep.fixed[option.name])])
                with at(self.where, *place):
                    several = [dict(zip(partners, one, strict=True)) for one in product(*possible)]
                    for others in several:
                        option.check_beside(given, others)
                    if option.acts_with and any(value != option.own for value in own):
                        option.check_acting(given, several)

    def _place_of(self, name: str, number: int) -> Place:
        """Place of a listed point's option in the specification."""
        if name in self.content.get("points", [{}])[number]:
            return "points", number, name
        sections = (section for section in ("grid", "zip", "fixed") if name in self.content.get(section, {}))
        return next(((section, name) for section in sections), (self.word,))

    def _given(self, place: Place) -> str:
        found: Any = self.content
        for step in place:
            found = found[step]
        return shown(found)
