"""Tables of the options of circuits, used by the command line, specifications of sweeps and stored rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from amc_circuits.cases.circuits import circuit_row, solver_options
from amc_circuits.cases.option import Option, parse_table, synonyms

FAMILIES = ("spd", "wishart", "toeplitz", "random", "uniform")
ENGINE_NAMES = ("ngspice", "state-space", "auto")
DEVICE_NAMES = ("ideal", "taox-40nm-8level", "hfo2-wide", "gramc-16level")
FIT_NAMES = ("wan-2022", "milo-2021")
ADC_NAMES = ("sar", "isaac")
OPAMP_NAMES = ("single-pole", "cmos-100meg", "cmos-1g", "ad823", "opa690", "cmos-100meg-transistor")

PROBLEM = (
    Option("matrix", "text", "File of A, instead of a drawn one", unit="FILE"),
    Option("rhs", "text", "File of b (mvm: x); without it, one is drawn", unit="FILE", needs="matrix"),
    Option("matrix_name", "text", "Which array of the file of A, where it holds several", needs="matrix"),
    Option("rhs_name", "text", "Which array of the file of b (mvm: x)", needs="rhs"),
    Option("size", "integer", "Rows of a matrix that is drawn", minimum=1, excludes="matrix"),
    Option("columns", "integer", "Columns of it, if not as many as rows", square=False, minimum=1, excludes="matrix"),
    Option(
        "family",
        "text",
        f"Family of it: {', '.join(FAMILIES)}",
        "spd",
        choices=FAMILIES,
        excludes="matrix",
        synonym="kind",
    ),
    Option("condition", "quantity", "Condition number, for spd and random (10)", excludes="matrix"),
    Option("seed", "integer", "Seed of all that is drawn", 0),
    Option("trial", "integer", "Which circuit of this seed, from 0", 0),
)
ARGUMENTS = ("matrix", "rhs")
"""Options that are arguments of a command; they are options only in specifications of sweeps."""
OPAMP = (
    Option("gbwp", "quantity", "Gain-bandwidth product instead of the preset's", unit="Hz"),
    Option("open_loop_gain", "quantity", "DC gain instead of the preset's"),
    Option("slew_rate", "quantity", "Slew rate instead of the preset's", unit="V/s"),
    Option("second_pole", "quantity", "Frequency of a second pole", unit="Hz"),
    Option("output_resistance", "quantity", "Output resistance instead of the preset's", unit="ohm"),
    Option("input_capacitance", "quantity", "Input capacitance instead of the preset's", unit="F"),
    Option("input_offset", "quantity", "Input offset voltage instead of the preset's", unit="V"),
    Option(
        "input_noise",
        "quantity",
        "White noise at the input instead of the preset's",
        unit="V/rtHz",
        acts_with=("noise",),
    ),
    Option("supply_voltage", "quantity", "The rails instead of the preset's", unit="V"),
    Option("output_swing", "quantity", "Largest output without load instead of the preset's", unit="V"),
    Option("output_current_limit", "quantity", "Largest output current instead of the preset's", unit="A"),
    Option("quiescent_current", "quantity", "Of an amplifier without load instead of the preset's", unit="A"),
    Option("class_ab_current", "quantity", "The output stage's part of it instead of the preset's", unit="A"),
    Option("cmrr", "quantity", "Common-mode rejection ratio, V/V"),
    Option("common_mode_range", "quantity", "Largest common mode of the inputs that is not named", unit="V"),
)
OPAMP_FILE = (
    Option("opamp_file", "text", "File with an op-amp of your own, docs/model_files.md", unit="FILE"),
    Option("opamp_subckt", "text", "Its subcircuit", needs="opamp_file"),
    Option(
        "opamp_pins",
        "text",
        "What its pins are, in order (by name, or inp,inn,vdd,vss,out)",
        unit="PINS",
        needs="opamp_file",
    ),
)
DEVICE = (
    Option("levels", "integer", "Conductances that can be written instead of the device's", minimum=2),
    Option(
        "programming_error",
        "quantity",
        f"Standard deviation of what is written, or {' or '.join(FIT_NAMES)}, instead of the device's",
        unit="S",
        choices=FIT_NAMES,
        percent_of="the largest conductance",
    ),
    Option("programming_error_scale", "quantity", "Factor on it"),
    Option("stuck_on", "quantity", "Probability of a cell stuck at its largest conductance", percent_of="1"),
    Option("stuck_off", "quantity", "Probability of a cell stuck at its lowest conductance", percent_of="1"),
    Option("drift_exponent", "quantity", "nu of the drift G (t/1 s)^-nu"),
    Option("drift_spread", "quantity", "Standard deviation of nu from cell to cell"),
    Option("drift_time", "quantity", "Time since writing", unit="s"),
    Option("read_noise", "quantity", "Relative standard deviation of each conductance in this solve", percent_of="1"),
    Option("limit_spread", "quantity", "Relative standard deviation of each cell's own limits", percent_of="1"),
    Option("nonlinearity_voltage", "quantity", "V0 of cells with the current G V0 sinh(V/V0)", unit="V"),
    Option(
        "activation_energy",
        "quantity",
        "E of cells whose conductance goes as exp(-E/kT)",
        unit="eV",
        acts_with=("temperature!=300.15",),
    ),
)
CIRCUIT = (
    Option("opamp", "text", f"Op-amp: {', '.join(OPAMP_NAMES)}", "cmos-100meg", excludes="opamp_file"),
    *OPAMP,
    *OPAMP_FILE,
    Option("offset_spread", "quantity", "Standard deviation of input offsets, drawn for each amplifier", "0", "V"),
    Option("temperature", "quantity", "Of the whole circuit", "300.15", "K"),
    Option(
        "wire_temperature_coefficient",
        "quantity",
        "Of the wires at 20 degrees C (copper's)",
        "0.00393",
        "1/K",
        acts_with=("wire_resistance", "temperature!=300.15"),
    ),
    Option(
        "opamp_temperature_law",
        "text",
        "How an op-amp changes with temperature",
        "cmos",
        choices=("cmos", "none"),
        acts_with=("temperature!=300.15",),
    ),
    Option(
        "device", "text", f"Cells: {', '.join(DEVICE_NAMES)}", "ideal", choices=DEVICE_NAMES, excludes="conductances"
    ),
    Option(
        "pair",
        "text",
        "A pair of arrays: auto where A is negative or cells cannot go low enough, always, never",
        "auto",
        choices=("auto", "always", "never"),
        excludes="conductances",
    ),
    Option(
        "scaling",
        "text",
        "Of A before it is programmed: none, diagonal (D^-1/2 A D^-1/2), powers-of-two (rows and columns)",
        "none",
        choices=("none", "diagonal", "powers-of-two"),
        excludes="conductances",
    ),
    Option("conductances", "text", "What amc program wrote into the cells, instead of a device", unit="FILE.npz"),
    Option("g_min", "quantity", "Lowest conductance of a cell instead of the device's", unit="S"),
    Option("g_max", "quantity", "Highest conductance of a cell instead of the device's", unit="S"),
    *DEVICE,
    Option(
        "input_conductance", "quantity", "Input conductance (that of the largest entry)", unit="S", circuits=("inv",)
    ),
    Option("inverter_resistance", "quantity", "The inverters' two resistors", "10k", "ohm", circuits=("inv",)),
    Option("wire_resistance", "quantity", "Of each wire segment between cells", "0", "ohm"),
    Option("line_capacitance", "quantity", "Of each line per cell", "0", "F"),
    Option(
        "interconnect",
        "text",
        "Wires in the deck: reduced to the array's terminals, or the flat mesh",
        "reduced",
        choices=("reduced", "flat"),
        acts_with=("wire_resistance",),
    ),
    Option(
        "contacts",
        "text",
        "Of each line: at one end, or at both",
        "one",
        choices=("one", "both"),
        acts_with=("wire_resistance",),
    ),
    Option(
        "line_model",
        "text",
        "Line capacitance of a reduced array: reduced with the mesh, or lumped at the terminals",
        "reduced",
        choices=("reduced", "lumped"),
        acts_with=("wire_resistance", "line_capacitance", "interconnect=reduced"),
    ),
)
SOLVE = (
    Option("input_voltage", "quantity", "Input full scale", "0.1", "V"),
    Option("fixed_scale", "flag", "Do not reduce the input where an output passes 0.8 of the swing", False),
    Option("rise_time", "quantity", "Of the input step", "100p", "s"),
    Option("tolerance", "quantity", "Relative tolerance of the settling time", "0.01", percent_of="1"),
    Option(
        "start",
        "text",
        "Between right-hand sides: from rest or from the previous one",
        "rest",
        choices=("rest", "previous"),
    ),
    Option("engine", "text", f"What simulates: {', '.join(ENGINE_NAMES)}", "ngspice"),
    Option(
        "cross_check",
        "quantity",
        "Part of the right-hand sides that auto solves by ngspice, too",
        "0.02",
        percent_of="1",
        acts_with=("engine=auto",),
    ),
    Option("budget", "flag", "Tell how much of the error each cause makes, too", False),
    Option("noise", "flag", "Tell the noise of the outputs, too", False),
    Option(
        "noise_bandwidth", "quantity", "Of the read-out, for the noise (the op-amp's GBWP)", unit="Hz", needs="noise"
    ),
    Option("force", "flag", "Simulate an unstable circuit all the same", False),
    Option(
        "timeout",
        "quantity",
        "Seconds after which a simulation is ended",
        "600",
        "s",
        acts_with=("engine!=state-space",),
    ),
)
MONTE_CARLO = (
    Option("monte_carlo", "integer", "Trials: so many circuits are drawn, from number trial on", minimum=1),
    Option(
        "spec",
        "text",
        "Limits for their yield, as relative_error<0.05,settling_time<200n",
        unit="LIMITS",
        needs="monte_carlo",
    ),
)
CONVERTERS = (
    Option("dac_bits", "integer", "Bits of the DAC at every input (no DAC)", minimum=2),
    Option("adc_bits", "integer", "Bits of the ADCs behind the outputs (no ADC)", minimum=2),
    Option(
        "adc_range",
        "quantity",
        "ADCs convert plus and minus this (0.8 of the swing; mvm: input full scale)",
        unit="V",
        needs="adc_bits",
    ),
)
COST = (
    Option("adc", "text", f"Kind of ADC: {', '.join(ADC_NAMES)}", "sar", choices=ADC_NAMES),
    Option("adc_share", "integer", "Outputs that one ADC converts one after the other", "1", minimum=1),
    Option("solves", "integer", "Solves for which the array stays programmed", "1", minimum=1),
    Option("programming_energy", "quantity", "Of programming the array once (the file's, or none)", unit="J"),
    Option("programming_time", "quantity", "Of programming the array once (the file's, or none)", unit="s"),
)
JOBS = Option("jobs", "integer", "Simulations at the same time", "1", minimum=1)
RHS = Option("rhs", "integer", "Which right-hand side, from 1", minimum=1)
OPAMP_OVERRIDES, DEVICE_OVERRIDES = (tuple(option.name for option in table) for table in (OPAMP, DEVICE))
"""Names of options that replace fields of a preset."""
OF_ANSWERS = ("noise", "noise_bandwidth", "input_noise", "budget", *(option.name for option in MONTE_CARLO))
"""Options that add results to an answer, or request many answers."""
NOT_IN_DECKS = (*OF_ANSWERS, "engine", "cross_check", "timeout", "adc_bits", "adc_range")
"""Options that do not change a deck: those of the engine and of the treatment of its results."""
NOT_IN_POLES = (
    *(*NOT_IN_DECKS, *(option.name for option in SOLVE + CONVERTERS if option.name != "tolerance"), "rhs_name"),
    *("slew_rate", "input_offset", "offset_spread", "supply_voltage", "output_swing", "output_current_limit"),
    *("quiescent_current", "class_ab_current", "common_mode_range", "interconnect"),
)
"""Options that do not change a pole: right-hand sides, their solution, offsets, limits, supplies, form of a deck."""
ALL = PROBLEM + CIRCUIT + SOLVE + CONVERTERS + MONTE_CARLO
SYNONYMS = synonyms(ALL)
"""Names of options by their names in older versions."""


def options_of(circuit: str) -> tuple[Option, ...]:
    """Options of a circuit, without those of `COST`.

    Raises:
        ParameterError: There is no such circuit.
    """
    row = circuit_row(circuit)
    common = (
        option for option in ALL if circuit in (option.circuits or (circuit,)) and (option.square or not row.square)
    )
    return (*common, *solver_options(circuit))


def typed_options(circuit: str, without: Collection[str] = ()) -> tuple[Option, ...]:
    """Options of `options_of` on the command line, without `ARGUMENTS` and those in `without`."""
    return tuple(option for option in options_of(circuit) if option.name not in {*ARGUMENTS, *without})


def parse_options(circuit: str, given: Mapping[str, object]) -> dict[str, Any]:
    """Convert the options of a circuit by `parse_table`."""
    return parse_table(circuit, options_of(circuit), given)
