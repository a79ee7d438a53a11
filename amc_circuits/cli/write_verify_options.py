"""Options of `amc program`, in one table that needs no NumPy."""

from __future__ import annotations

from amc_circuits.cases.option import Option

FILAMENT_NAMES = ("working", "published")
VARIABILITY = (
    Option("cell_spread", "quantity", "From cell to cell, of the voltage that acts, relative", "0"),
    Option("cycle_spread", "quantity", "From pulse to pulse, of the gap's movement, relative", "0"),
    Option("read_noise", "quantity", "Of a verify read, relative", "0"),
    Option("stuck_on", "quantity", "Probability that a cell is stuck at its largest conductance", "0"),
    Option("stuck_off", "quantity", "Probability that a cell is stuck at its smallest", "0"),
)
PULSES = (
    Option("tolerance", "quantity", "A cell is programmed within this of its target", "1u", "S"),
    Option("gate_start", "quantity", "Gate voltage of the first SET pulse", "0.5", "V"),
    Option("gate_step", "quantity", "From one SET pulse to the next", "20m", "V"),
    Option("gate_largest", "quantity", "No SET pulse goes beyond", "1.6", "V"),
    Option("reset_start", "quantity", "Voltage of the first RESET pulse", "0.8", "V"),
    Option("reset_step", "quantity", "From one RESET pulse to the next", "20m", "V"),
    Option("reset_largest", "quantity", "No RESET pulse goes beyond", "1.6", "V"),
    Option("most_pulses", "integer", "A cell that takes more is given up", "300", minimum=1),
)
CELL = (
    Option(
        "filament", "text", f"Parameters of the cells: {', '.join(FILAMENT_NAMES)}", "working", choices=FILAMENT_NAMES
    ),
    Option("temperature", "quantity", "Ambient temperature", "300.15", "K"),
    Option("pulse_width", "quantity", "Of the flat part of a pulse", "100n", "s"),
    Option("set_voltage", "quantity", "Of the bit line in a SET pulse (the published set needs 2)", "1.5", "V"),
    Option("reset_gate", "quantity", "Gate voltage in a RESET pulse", "3.3", "V"),
)
PROGRAM = (
    Option("matrix_name", "text", "Which array of the matrix's file, where it holds several"),
    Option("g_min", "quantity", "Lowest conductance of the mapping", "1u", "S"),
    Option("g_max", "quantity", "Highest conductance of the mapping", "100u", "S"),
    Option("pair", "text", "A pair of arrays: auto, always, never", "auto", choices=("auto", "always", "never")),
    *PULSES,
    *CELL,
    *VARIABILITY,
    Option("seed", "integer", "Seed of all that is drawn", 0),
)
