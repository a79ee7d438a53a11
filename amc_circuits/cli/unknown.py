"""Names that a command does not have: the line that leads from what was typed to the right name."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

OPTIONS = {
    "size": ("n", "dim", "dimension", "rows", "order"),
    "columns": ("m", "cols"),
    "condition": ("cond", "kappa", "condition-number"),
    "seed": ("random-seed", "rng"),
    "g_max": ("r-on", "ron", "rmin", "r-min", "lrs", "g-on"),
    "g_min": ("r-off", "roff", "rmax", "r-max", "hrs", "g-off"),
    "device": ("memristor", "rram", "cell", "cells"),
    "levels": ("bits-per-cell", "cell-bits", "states"),
    "programming_error": ("sigma", "noise-level", "std", "variability", "variation", "write-noise"),
    "read_noise": ("sigma", "noise-level"),
    "line_capacitance": ("wire-capacitance", "parasitic-capacitance", "c-wire"),
    "wire_resistance": ("line-resistance", "r-wire", "rwire", "parasitic-resistance", "interconnect-resistance"),
    "gbwp": ("frequency", "freq", "f", "bandwidth", "gbw", "unity-gain-frequency"),
    "open_loop_gain": ("gain", "a0", "aol", "dc-gain"),
    "supply_voltage": ("vdd", "vcc", "supply"),
    "output_swing": ("swing", "rails", "vmax"),
    "slew_rate": ("slew", "sr"),
    "input_offset": ("offset", "vos"),
    "offset_spread": ("offset", "mismatch", "offset-sigma"),
    "opamp": ("amplifier", "ota"),
    "input_voltage": ("vin", "v-in", "amplitude"),
    "temperature": ("temp", "t"),
    "tolerance": ("accuracy", "tol", "precision"),
    "adc_bits": ("bits", "resolution"),
    "dac_bits": ("bits", "resolution"),
    "monte_carlo": ("trials", "samples", "runs", "mc"),
    "engine": ("simulator", "backend", "method", "spice"),
    "jobs": ("threads", "workers", "cores", "processes", "n-jobs", "parallel"),
    "plot": ("picture", "image", "figure", "fig", "png"),
    "format": ("json", "csv"),
    "output": ("o", "out", "out-file"),
    "out": ("o", "output", "folder", "outdir"),
    "epochs": ("epoch", "iterations"),
    "preset": ("dataset", "network"),
}
"""Options, and the names that people type for them."""
REMARKS = {"g_max": "in siemens", "g_min": "in siemens", "levels": "a count"}
"""Remark beside an option whose unit is not that of the typed name."""
COMMANDS = {
    "inv": ("inverse", "invert", "linear", "run", "simulate"),
    "mvm": ("multiply", "matmul", "vmm", "mac"),
    "solve": ("linsolve", "refine", "plan"),
    "circuit": ("ginv", "lstsq", "least-squares", "pinv"),
    "netlist": ("deck", "spice", "export"),
    "stability": ("poles", "stable"),
    "draw": ("schematic", "diagram"),
    "cost": ("energy", "power", "price"),
    "program": ("write", "cells"),
    "opamp": ("amplifier", "opamps"),
    "train": ("learn", "kfac"),
    "doctor": ("check", "version", "info"),
}
"""Commands, and the names that people type for them."""
LONGEST_WORD = 40
"""Most characters of a name that is compared with others."""


def meant(word: str, names: Collection[str], table: Mapping[str, Sequence[str]]) -> list[str]:
    """Names that a word may mean: those of the table, otherwise the most similar ones.

    Args:
        word: Word as typed, without dashes in front.
        names: Names that exist here, as they are typed.
        table: Typed words by name.
    """
    lower = word.lower().replace("_", "-")
    found = [name for name, words in table.items() if name.replace("_", "-") in names and lower in words]
    if not found and len(word) <= LONGEST_WORD:
        found = difflib.get_close_matches(lower, names, n=2, cutoff=0.65)
    return [name.replace("_", "-") for name in found]


@contextmanager
def leading_to_options(
    arguments: Sequence[str], parameters: Sequence[Any], mend: str, command: str = ""
) -> Iterator[None]:
    """Let the error about an unknown option name the options that may be meant, or why a circuit has none of it.

    Args:
        arguments: All that was typed behind the command.
        parameters: Parameters of the command.
        mend: Mend for a name that is like no other.
        command: Name of the command.
    """
    try:
        yield
    except Exception as error:
        option = getattr(error, "option_name", None)
        if option is None or not hasattr(error, "possibilities"):
            raise
        # The parser names only the first letter of -size.
        typed = next((word for word in arguments if word.startswith(option)), option).partition("=")[0]
        typed = option if option.startswith("--") or typed[2:3].isdigit() else typed
        flags = {name for one in parameters if not getattr(one, "hidden", False) for name in one.opts}
        names = {name.removeprefix("--") for name in flags if name.startswith("--")}
        word = typed.lstrip("-")
        says = _without_meaning(command, word) or _question(meant(word, names, OPTIONS)) or mend
        error.possibilities = None
        error.message = f"No such option: {typed}; {says}"  # type: ignore[attr-defined]
        raise


def _without_meaning(command: str, word: str) -> str:
    """Reason why an option of other circuits has no meaning for the circuit of a command; empty if there is none."""
    from amc_circuits.cases.circuits import circuit_names, circuit_row  # only an error needs it

    if command not in circuit_names():
        return ""
    reason = circuit_row(command).load().meaningless.get(word.replace("-", "_"))
    return f"it has no meaning for {command}: {reason}" if reason else ""


def _question(found: Sequence[str]) -> str:
    """Question with the options that may be meant; empty if there are none."""
    if not found:
        return ""
    remarks = {name.replace("_", "-"): f" ({remark})" for name, remark in REMARKS.items()}
    return f"did you mean {' or '.join(f'--{name}{remarks.get(name, str())}' for name in found)}?"


def unknown_command(word: str, names: Collection[str], path: str) -> str:
    """Return the error about an unknown command, or about a circuit that cannot have it."""
    if reason := _not_for(word):
        return f"No such command: {word}; {path} has no meaning for {word}: {reason}"
    found = meant(word, names, COMMANDS)
    mend = f"did you mean {path} {f' or {path} '.join(found)}?" if found else f"{path} --help lists them"
    return f"No such command: {word}; {mend}"


def _not_for(word: str) -> str:
    """Reason why a circuit has no command for linear circuits that settle; empty for other words."""
    from amc_circuits.cases.circuits import circuit_names, circuit_row  # only an error needs it

    if word not in circuit_names():
        return ""
    row = circuit_row(word)
    return "its limiters are not linear" if row.limited else "it grows and does not settle" if row.grows else ""
