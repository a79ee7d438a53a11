"""Tables of the options of circuits, used by the command line, specifications of sweeps and stored rows.

Name, default, unit and help of an option stand at the field of a parameter record, if there is one. This module adds
conditions between options, and options that are no parameters of a circuit.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from amc_circuits.cases.circuits import OURS, circuit_row
from amc_circuits.cases.option import Option, parse_table, synonyms
from amc_circuits.cases.record_options import record_options
from amc_circuits.cells.devices import DEVICES, Device
from amc_circuits.cells.programming_fits import PROGRAMMING_FITS
from amc_circuits.engines import ENGINES, FORMER
from amc_circuits.engines.settings import Settings
from amc_circuits.results.converters import CONVERTER_KINDS, Converters
from amc_circuits.results.cost import Programming
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.values.matrices import FAMILIES
from netlists import MacroOpAmp, ParameterError, Record
from netlists.opamps.technology import TECHNOLOGIES, TIED


def panel(name: str, *tables: tuple[Option, ...]) -> tuple[Option, ...]:
    """Join tables of options under one heading of the help."""
    return tuple(replace(option, panel=name) for table in tables for option in table)


@cache
def solver_options(circuit: str) -> tuple[Option, ...]:
    """Build the options that only this circuit has: the fields of its solver's `Parameters`."""
    return parameter_options(circuit_row(circuit).load().Parameters)


@cache
def parameter_options(own: type[Record]) -> tuple[Option, ...]:
    """Build the options of a solver's `Parameters`."""
    return panel("Circuit", record_options(own, *own.model_fields)) if own.model_fields else ()


FRACTION = {"percent_of": "1"}
WARM = "temperature!=300.15"
SEED, TRIAL, TEMPERATURE = (record_options(Hardware, name)[0] for name in ("seed", "trial", "temperature"))
PROBLEM = panel(
    "Matrix",
    (
        Option("matrix", "text", "File of A, instead of a drawn one", unit="FILE"),
        Option("rhs", "text", "File of b (mvm: x); without it, one is drawn", unit="FILE", needs="matrix"),
        Option("size", "integer", "Rows of a matrix that is drawn", minimum=1, excludes="matrix"),
        Option("columns", "integer", "Columns, if not as many as rows", square=False, minimum=1, excludes="matrix"),
        Option(
            "family",
            "text",
            f"Family of a matrix that is drawn: {', '.join(FAMILIES)}",
            "spd",
            choices=FAMILIES,
            excludes="matrix",
            synonym="kind",
        ),
        Option(
            "condition",
            "quantity",
            "Condition number, for spd and random (10)",
            excludes="matrix",
            bounds=(1.0, math.inf),
        ),
        Option("matrix_name", "text", "Array in a file of A that holds several", needs="matrix"),
        Option("rhs_name", "text", "Array in a file of b (mvm: x) that holds several", needs="rhs"),
    ),
)
ARGUMENTS = ("matrix", "rhs")
"""Options that are arguments of a command; they are options only in specifications of sweeps."""
OPAMP = record_options(
    MacroOpAmp,
    *(name for name in MacroOpAmp.model_fields if name != "model"),
    of_preset=True,
    input_noise={"acts_with": ("noise",)},
    **{name: {"excludes": "technology"} for name in TIED},
)
TECHNOLOGY = Option(
    "technology",
    "text",
    f"Law by which {', '.join(TIED)} follow from the GBWP: {', '.join(TECHNOLOGIES)}",
    choices=tuple(TECHNOLOGIES),
    excludes="opamp_file",
)
OPAMP_FILE = (
    Option("opamp_file", "text", "File with an op-amp of your own, docs/model_files.md", unit="FILE"),
    Option("opamp_subckt", "text", "Subcircuit in this file", needs="opamp_file"),
    Option(
        "opamp_pins",
        "text",
        "Its pins in order (by name, or inp,inn,vdd,vss,out)",
        unit="PINS",
        needs="opamp_file",
    ),
)
DEVICE = record_options(
    Device,
    *(name for name in Device.model_fields if name not in ("g_min", "g_max")),
    of_preset=True,
    programming_error={"choices": tuple(PROGRAMMING_FITS), "percent_of": "the largest conductance"},
    stuck_on=FRACTION,
    stuck_off=FRACTION,
    read_noise=FRACTION,
    limit_spread=FRACTION,
    activation_energy={"acts_with": (WARM,)},
)
UNLESS_STORED = {"excludes": "conductances"}
AMPLIFIERS = panel(
    "Op-amp",
    record_options(Hardware, "opamp", opamp={"excludes": "opamp_file"}),
    OPAMP,
    (TECHNOLOGY,),
    record_options(Hardware, "offset_spread", "opamp_temperature_law", opamp_temperature_law={"acts_with": (WARM,)}),
    OPAMP_FILE,
)
CELLS = panel(
    "Cells",
    record_options(
        Hardware,
        *("device", "g_min", "g_max", "pair", "scaling", "conductances"),
        device={"default": "ideal", "choices": tuple(DEVICES), **UNLESS_STORED},
        pair=UNLESS_STORED,
        scaling=UNLESS_STORED,
    ),
    DEVICE,
)
WIRES = panel(
    "Wires",
    record_options(
        Hardware,
        *("wire_resistance", "line_capacitance", "interconnect", "contacts", "line_model", "compensate_wires"),
        "wire_temperature_coefficient",
        interconnect={"acts_with": ("wire_resistance",)},
        contacts={"acts_with": ("wire_resistance",)},
        line_model={"acts_with": ("wire_resistance", "line_capacitance", "interconnect=reduced")},
        compensate_wires={"acts_with": ("wire_resistance",)},
        wire_temperature_coefficient={"acts_with": ("wire_resistance", WARM)},
    ),
)
CIRCUIT = AMPLIFIERS + CELLS + WIRES + panel("Circuit", (TEMPERATURE,))
DRIVE = panel(
    "Drive",
    record_options(Settings, "input_voltage", "fixed_scale", "rise_time", "tolerance", "start", tolerance=FRACTION),
)
ENGINE = panel(
    "Engine",
    (
        Option(
            "engine", "text", f"Engine that simulates: {', '.join(ENGINES)}", "ngspice", former=tuple(FORMER.items())
        ),
    ),
    record_options(
        Settings,
        *("cross_check", "force", "timeout"),
        cross_check={**FRACTION, "acts_with": ("engine=auto",)},
        timeout={"acts_with": ("engine!=exact",)},
    ),
)
SOLVE = DRIVE + ENGINE
CONVERTERS = panel(
    "Converters",
    record_options(
        Converters,
        *("dac_bits", "adc_bits", "adc_range"),
        dac_bits={"minimum": 2, "bounds": CONVERTER_KINDS["dac"].bits},
        adc_bits={"minimum": 2, "bounds": CONVERTER_KINDS["sar"].bits},
        adc_range={"needs": "adc_bits"},
    ),
)
ANALYSES = panel(
    "Statistics",
    (
        Option("budget", "flag", "Error of each cause, alone and together", False),
        Option("noise", "flag", "Noise of the outputs", False),
        Option(
            "noise_bandwidth", "quantity", "Bandwidth of the read-out (the op-amp's GBWP)", unit="Hz", needs="noise"
        ),
    ),
)
MONTE_CARLO = panel(
    "Statistics",
    (
        Option("monte_carlo", "integer", "Number of trials: circuits that are drawn, from number trial on", minimum=1),
        Option(
            "spec",
            "text",
            "Limits for the yield of the trials, as relative_error<0.05,settling_time<200n",
            unit="LIMITS",
            needs="monte_carlo",
        ),
    ),
)
DRAWS = panel("Statistics", (SEED, TRIAL))
COST = (
    *record_options(Converters, "adc", "adc_share"),
    *record_options(
        Programming,
        *("solves", "programming_energy", "programming_time"),
        programming_energy={"default": None},
        programming_time={"default": None},
    ),
)
JOBS = panel("Engine", record_options(Settings, "jobs"))[0]
OF_ANSWERS = ("noise", "noise_bandwidth", "input_noise", "budget", *(option.name for option in MONTE_CARLO))
"""Options that add results to an answer, or request many answers."""
NOT_IN_DECKS = (*OF_ANSWERS, "engine", "cross_check", "timeout", "adc_bits", "adc_range")
"""Options that do not change a deck: those of the engine and of the treatment of its results."""
NOT_IN_DRAWINGS = (*NOT_IN_DECKS, *(option.name for option in SOLVE + CONVERTERS), "rhs_name")
"""Options that do not change a block diagram: those of decks, and those of right-hand sides and their solution."""
NOT_IN_POLES = (
    *(*NOT_IN_DECKS, *(option.name for option in SOLVE + CONVERTERS if option.name != "tolerance"), "rhs_name"),
    *("slew_rate", "input_offset", "offset_spread", "supply_voltage", "output_swing", "output_current_limit"),
    *("quiescent_current", "class_ab_current", "common_mode_range", "technology", "interconnect"),
)
"""Options that do not change a pole: right-hand sides, their solution, offsets, limits, supplies, form of a deck."""
COMMON = PROBLEM + DRAWS + CIRCUIT + SOLVE + CONVERTERS + ANALYSES + MONTE_CARLO
"""Options that every circuit has, if its matrix has such a shape."""
if TYPE_CHECKING:
    ALL: tuple[Option, ...]
    """Options of all circuits."""
    SYNONYMS: dict[str, str]
    """Names of options by their names in older versions."""


def __getattr__(name: str) -> Any:
    """Compute `ALL` and `SYNONYMS` at first use, because they need the solvers of all circuits."""
    if name not in ("ALL", "SYNONYMS"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    every = COMMON + tuple({option.name: option for row in OURS for option in solver_options(row)}.values())
    globals().update(ALL=every, SYNONYMS=synonyms(every))
    return globals()[name]


def options_of(circuit: str) -> tuple[Option, ...]:
    """Options of a circuit, without those of `COST`.

    Raises:
        ParameterError: There is no such circuit.
    """
    row = circuit_row(circuit)
    return (*(option for option in COMMON if option.square or not row.square), *solver_options(circuit))


def typed_options(circuit: str, without: Collection[str] = ()) -> tuple[Option, ...]:
    """Options on the command line: `options_of` without `ARGUMENTS`, those in `without` and those without a meaning."""
    hidden = {*ARGUMENTS, *without, *circuit_row(circuit).load().meaningless}
    return tuple(option for option in options_of(circuit) if option.name not in hidden)


def parse_options(circuit: str, given: Mapping[str, object]) -> dict[str, Any]:
    """Convert the options of a circuit by `parse_table`; refuse those that have no meaning for it."""
    reasons = circuit_row(circuit).load().meaningless
    for name, own in {option.name: option.own for option in COMMON if option.name in reasons}.items():
        if given.get(name) not in (None, own):
            raise ParameterError(name, given[name], f"has no meaning for {circuit}: {reasons[name]}; leave it out")
    return parse_table(circuit, options_of(circuit), given)
