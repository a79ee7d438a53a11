"""`amc opamp characterize`, `fit` and `list`."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from amc_circuits.cases.opamp_files import subcircuit_of
from amc_circuits.cases.option import flag, output_format, parse_table
from amc_circuits.cases.options import OPAMP, OPAMP_FILE
from amc_circuits.cases.record_options import record_options
from amc_circuits.cli.commands.case import PICTURES
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import one_line_warnings, print_written
from amc_circuits.cli.parameters import Format, with_options
from amc_circuits.files.run_folder import check_output_file, writing
from amc_circuits.opamps.bench import OpAmpFigures, frequency_response
from amc_circuits.opamps.bench import characterize as measure
from amc_circuits.opamps.fit import fit_macro
from amc_circuits.results.tables import print_table
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import format_quantity
from netlists import PRESETS, MacroOpAmp, OpAmp, ParameterError, SinglePoleOpAmp, opamp_names, preset
from netlists.opamps.bench import LARGEST_LOAD_CAPACITANCE, OpAmpBench
from netlists.opamps.presets import DEFAULT
from netlists.record import unit_of

BENCH = record_options(OpAmpBench, "load", "load_capacitance", "temperature", load={"default": 10e3})
FILE = (*(option for option in OPAMP if option.name == "supply_voltage"), *OPAMP_FILE)
Name = Annotated[str | None, typer.Argument(metavar="NAME", help="A preset: amc opamp list.", show_default=False)]
Picture = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE.png", help="Picture of gain and phase.", show_default=False)
]
UNITS = {
    **{name: unit_of(field) for name, field in MacroOpAmp.model_fields.items()},
    **{name: unit_of(field) for name, field in OpAmpBench.model_fields.items()},
    "open_loop_gain": "",
    "cmrr": "",
    "load_resistance": "ohm",
    "crossover_frequency": "Hz",
    "phase_margin": "degrees",
    "output_resistance_dc": "ohm",
    "offset": "V",
    "swing_high": "V",
    "swing_low": "V",
    "output_high": "V",
    "output_low": "V",
    "slew_rate_rising": "V/s",
    "slew_rate_falling": "V/s",
    "source_current": "A",
    "sink_current": "A",
    "rail_share": "%",
}
"""Units of metrics and of the parameters of the macro model; names that are missing here have no unit."""
TITLES = {
    "gbwp": "GBWP",
    "open_loop_gain": "open-loop gain",
    "output_resistance_dc": "output resistance at DC",
    "class_ab_current": "class-AB current",
    "rail_share": "output current through rails",
    "cmrr": "CMRR",
    "common_mode_range": "common-mode range",
}
RANGES = {"load": (1e-3, 1e15), "load_capacitance": (0.0, LARGEST_LOAD_CAPACITANCE), "temperature": (1.0, 1e3)}
"""Least and largest value of each option of `BENCH`."""
FORMATS = ("table", "json")


@with_options(BENCH + FILE)
def characterize(preset_name: Name = None, *, format: Format = "table", plot: Picture = None, **options: Any) -> None:
    """Measure an op-amp on the test bench."""
    output_format(*FORMATS).parse(format)
    if plot is not None:
        check_output_file("plot", plot, PICTURES)
    around = bench_options(options)
    with one_line_warnings(), waiting(_what(preset_name, options)) as say, _named_as_typed(preset_name):
        name, opamp = _asked(preset_name, options)
        figures = measure(opamp, say=say, **around)
        if plot is not None:
            _plot(name, opamp, figures, plot)
    if format == "json":
        record = {"opamp": name, "model": opamp.model, **asdict(figures), "gain_db": figures.gain_db}
        print(json.dumps(plain(record), indent=2, allow_nan=False))
    else:
        fields = asdict(figures)
        reasons = fields.pop("reasons")
        print_table(_table(f"{name} ({opamp.model})", fields))
        _print_reasons(reasons)
    print_written(format, plot)


@with_options(BENCH + FILE)
def fit(preset_name: Name = None, *, format: Format = "table", **options: Any) -> None:
    """Fit a macro model to an op-amp.

    Raises:
        ParameterError: The op-amp is a single-pole model, which has no limits to fit.
    """
    output_format(*FORMATS).parse(format)
    around = bench_options(options)
    with one_line_warnings(), waiting(_what(preset_name, options)) as say, _named_as_typed(preset_name):
        name, opamp = _asked(preset_name, options)
        if isinstance(opamp, SinglePoleOpAmp):
            raise ParameterError("NAME", name, "this model has no supply and no limits to fit; take another")
        figures = measure(opamp, say=say, **around)
        macro = fit_macro(figures, opamp.supply_voltage)
    fields = macro.model_dump()
    if format == "json":
        print(json.dumps(fields, indent=2, allow_nan=False))
        return
    del fields["model"]
    print_table(_table(f"Macro model of {name}", fields))
    if macro.quiescent_current is None:
        reason = figures.reasons["quiescent_current"]
        print(f"- supply current: {reason}; below, it and the energy are those of {DEFAULT}")
    print(f"\nOn the command line:\n{command_line(macro)}")


def _what(preset_name: str | None, options: dict[str, Any]) -> str:
    """Description of the work in progress, for the progress bar."""
    return f"{preset_name or options.get('opamp_subckt') or 'op-amp'} by ngspice"


def _print_reasons(reasons: dict[str, str]) -> None:
    """Print why metrics are missing, or in which range they are valid; one line for each reason."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(_title(name))
    for reason, titles in names.items():
        print(f"- {', '.join(titles)}: {reason}")


def _asked(preset_name: str | None, options: dict[str, Any]) -> tuple[str, OpAmp]:
    """Name of the requested op-amp, and its record."""
    given = {option.name: options.get(option.name) for option in FILE}
    if (preset_name is None) == (given["opamp_file"] is None):
        raise ParameterError("NAME", preset_name or "nothing", "give the name of a preset, or --opamp-file, not both")
    if preset_name is not None:
        for name, value in given.items():
            if value is not None:
                raise ParameterError(name, repr(value), "goes with --opamp-file; a preset has its own")
        with _named_as_typed(preset_name):
            return preset_name, preset(preset_name)
    parsed = parse_table("amc opamp", FILE, given)
    return parsed["opamp_subckt"] or "", subcircuit_of(parsed)


@contextmanager
def _named_as_typed(preset_name: str | None) -> Iterator[None]:
    """Replace the op-amp in errors by the parameter that was typed for it: the argument, or the file."""
    try:
        yield
    except ParameterError as error:
        if error.parameter != "opamp":
            raise
        raise ParameterError("NAME" if preset_name else "opamp_file", error.value, error.mend) from error


def list_opamps(format: Format = "table") -> None:
    """List the presets, and the op-amps of installed packages."""
    output_format(*FORMATS).parse(format)
    with one_line_warnings():
        macros = {name: (record.model, record.equivalent) for name, record in _usable_opamps()}
    if format == "json":
        print(json.dumps({name: {**m.model_dump(), "model": kind} for name, (kind, m) in macros.items()}, indent=2))
        return
    grid = Table(title="Op-amps", title_justify="left")
    names = ("gbwp", "open_loop_gain", "slew_rate", "output_swing", "supply_voltage", "quiescent_current")
    for heading in ("name", "model", *(_title(field) for field in names)):
        grid.add_column(heading, justify="left" if heading in ("name", "model") else "right")
    for name, (kind, macro) in macros.items():
        grid.add_row(name, kind, *(_text(field, getattr(macro, field, None)) for field in names))
    print_table(grid)


def _usable_opamps() -> Iterator[tuple[str, OpAmp]]:
    """Yield the name and the record of every op-amp; warn of one that cannot be loaded, and leave it out."""
    for name in opamp_names():
        try:
            yield name, preset(name)
        except ParameterError as error:
            warnings.warn(str(error), stacklevel=2)


def bench_options(options: dict[str, Any]) -> dict[str, float]:
    """Convert options as typed to arguments of `characterize`.

    Raises:
        ParameterError: An option cannot be used.
    """
    found = parse_table("amc opamp", BENCH, {option.name: options.get(option.name) for option in BENCH})
    for option in BENCH:
        least, largest = RANGES[option.name]
        if not least <= found[option.name] <= largest:
            mend = f"must be from {least:g} to {largest:g} {option.unit}"
            raise ParameterError(option.name, found[option.name], mend)
    return found


def command_line(macro: MacroOpAmp) -> str:
    """Write a macro model as a preset and the options that differ from it; missing values are those of the preset."""
    fields = macro.model_dump(exclude={"model"})
    changed = {name: value for name, value in fields.items() if value != getattr(PRESETS[DEFAULT], name)}
    typed = {
        name: format_quantity(value, unit_of(MacroOpAmp.model_fields[name])).replace(" ", "")
        for name, value in changed.items()
        if value is not None
    }
    options = [f"{flag(name)} {text}" for name, text in typed.items()]
    if changed.get("input_noise") is not None:
        options.append("--noise")
    return " ".join([f"amc inv --opamp {DEFAULT}", *options])


def _plot(name: str, opamp: OpAmp, figures: OpAmpFigures, path: Path) -> None:
    from amc_circuits.pictures.bode import plot_bode

    bench = OpAmpBench(
        opamp=opamp,
        load=figures.load_resistance,
        load_capacitance=figures.load_capacitance,
        temperature=figures.temperature,
    )
    with writing("plot", path):
        plot_bode(frequency_response(bench), figures, path, name)


def _title(name: str) -> str:
    return TITLES.get(name, name.replace("_", " "))


def _text(name: str, value: float | None) -> str:
    text = format_quantity(value, UNITS.get(name, ""))
    return f"{text} ({20 * math.log10(value):.1f} dB)" if name in ("open_loop_gain", "cmrr") and value else text


def _table(title: str, fields: dict[str, float | None]) -> Table:
    """Build the printed table of metrics, one a line."""
    grid = Table(title=title, title_justify="left")
    grid.add_column("metric")
    grid.add_column("value", justify="right")
    for name, value in fields.items():
        grid.add_row(_title(name), _text(name, value))
    return grid
