"""No option does nothing without a word: each changes a result, is refused, or is named as without effect."""

import json

import numpy as np
import pytest

from amc_circuits.cases.circuits import OURS
from amc_circuits.cases.options import ALL, COST, NOT_IN_DECKS, NOT_IN_POLES, OF_ANSWERS, options_of, typed_options

PROGRAMMED = ("--programming-error", "1%")
DRIFTING = ("--drift-exponent", "0.05", "--drift-time", "1k")
WIRED = ("--wire-resistance", "5")
MODEL = "x.lib"
ACTING = {
    "size": ("3",),
    "columns": ("4",),
    "family": ("wishart",),
    "condition": ("5",),
    "seed": ("2",),
    "trial": ("1", *PROGRAMMED),
    "matrix_name": ("second",),
    "rhs_name": ("second",),
    "opamp": ("ad823",),
    "gbwp": ("30M",),
    "open_loop_gain": ("500",),
    "slew_rate": ("20M",),
    "second_pole": ("150M",),
    "output_resistance": ("1k",),
    "input_capacitance": ("1p",),
    "input_coupling": ("15f", "--topology", "compensated"),
    "input_offset": ("2m",),
    "input_noise": ("20n", "--noise"),
    "supply_voltage": ("2",),
    "output_swing": ("0.3",),
    "output_current_limit": ("20u",),
    "quiescent_current": ("2m",),
    "class_ab_current": ("10u",),
    "cmrr": ("100",),
    "common_mode_range": ("1m",),
    "technology": ("cmos-250nm",),
    "offset_spread": ("1m",),
    "temperature": ("400",),
    "wire_temperature_coefficient": ("1m", *WIRED, "--temperature", "400"),
    "opamp_temperature_law": ("none", "--temperature", "400"),
    "device": ("taox-40nm-8level",),
    "pair": ("never", "--family", "wishart"),
    "scaling": ("powers-of-two",),
    "g_min": ("5u",),
    "g_max": ("40u",),
    "levels": ("20",),
    "programming_error": ("1%",),
    "programming_error_scale": ("2", *PROGRAMMED),
    "stuck_on": ("50%",),
    "stuck_off": ("30%",),
    "drift_exponent": ("0.05", "--drift-time", "1k"),
    "drift_spread": ("0.01", *DRIFTING),
    "drift_time": ("1M", "--drift-exponent", "0.05"),
    "read_noise": ("3%",),
    "limit_spread": ("5%",),
    "nonlinearity_voltage": ("0.2", "--engine", "ngspice"),
    "activation_energy": ("50m", "--temperature", "400"),
    "input_conductance": ("200u",),
    "inverter_resistance": ("30k",),
    "feedback_conductance": ("300u",),
    "diagonal": ("resistors",),
    "eigenvector": ("smallest",),
    "deflations": ("1",),
    "eigenvalue": ("0.9",),
    "margin": ("0.1",),
    "kick": ("20m",),
    "kick_duration": ("5n",),
    "ridge": ("0.1",),
    "weight": ("0.3", "--engine", "ngspice"),
    "dead_zone": ("0.1", "--engine", "ngspice"),
    "dead_zone_type": ("op-amps",),
    "topology": ("compensated",),
    "wire_resistance": ("5",),
    "line_capacitance": ("50f",),
    "interconnect": ("flat", *WIRED, "--engine", "ngspice"),
    "contacts": ("both", *WIRED),
    "line_model": ("lumped", *WIRED, "--line-capacitance", "50f"),
    "compensate_wires": WIRED,
    "input_voltage": ("0.05",),
    "fixed_scale": ("--input-voltage", "2"),
    "rise_time": ("10n",),
    "tolerance": ("0.1",),
    "start": ("previous",),
    "engine": ("exact", "--wire-resistance", "5"),
    "cross_check": ("1", "--engine", "auto", "--opamp", "single-pole"),
    "budget": (),
    "noise": (),
    "noise_bandwidth": ("1M", "--noise"),
    "force": ("--gbwp", "1G", "--second-pole", "20M"),
    "monte_carlo": ("2", *PROGRAMMED),
    "spec": ("bits>1", "--monte-carlo", "2", *PROGRAMMED),
    "dac_bits": ("3",),
    "adc_bits": ("3",),
    "adc_range": ("0.5", "--adc-bits", "4"),
}
"""Value of each option, and the options with which it acts."""
FILES = {"matrix", "rhs", "conductances", "opamp_file", "opamp_subckt", "opamp_pins"}
"""Tested where files are: `test_own_matrices.py`, `test_conductances.py`, `test_opamp_files.py`."""
GUARDS = {"timeout"}
"""Limits of runs that go wrong, tested in `engines/ngspice/test_failures.py`."""
ALWAYS_OTHER = ("wall_time_s", "provenance", "options", "engine")


@pytest.fixture
def problem(tmp_path):
    """Files of matrices and of three right-hand sides; `second` differs from `first`."""
    rng = np.random.default_rng(0)
    matrix = np.array([[1.0, -0.1], [-0.1, 0.2]])
    right = rng.uniform(-1, 1, (2, 3))
    np.savez(tmp_path / "A.npz", first=matrix, second=matrix.T + 0.2 * np.eye(2))
    np.savez(tmp_path / "b.npz", first=right, second=right[::-1])
    return tmp_path


def _figures(amc, *command):
    """Exit code, and what a command printed, without what differs anyway."""
    outcome = amc(*command, "--format", "json")
    found = json.loads(outcome.out) if outcome.out else {}
    return outcome.code, {name: value for name, value in found.items() if name not in ALWAYS_OTHER}


def test_every_option_has_a_case():
    """One that is added without is not tested."""
    assert {option.name for option in ALL} == {*ACTING, *FILES, *GUARDS}


@pytest.mark.parametrize("name", sorted(ACTING))
def test_an_option_changes_the_result(amc, problem, name):
    """Beside what it needs, against the same command without it."""
    option = next(option for option in ALL if option.name == name)
    circuit = next(circuit for circuit in OURS if option in options_of(circuit))
    value = () if option.kind == "flag" else ACTING[name][:1]
    beside = ACTING[name][len(value) :]
    drawn = ("--size", 2, "--seed", 1)
    base = (circuit, problem / "A.npz", problem / "b.npz", "--matrix-name", "first", "--rhs-name", "first")
    if circuit == "egv":
        base = (circuit, problem / "A.npz", "--matrix-name", "first")
    if name in ("matrix_name", "rhs_name"):
        base = tuple(part for k, part in enumerate(base) if option.flag not in (part, base[k - 1]))
        without = _figures(amc, *base, option.flag, "first", "--engine", "exact")
    else:
        if name in ("size", "columns", "family", "condition", "seed", "pair"):
            base = (circuit, *(drawn[2:] if name == "size" else drawn[:2] if name == "seed" else drawn))
        engine = () if "--engine" in beside or name == "engine" else ("--engine", "exact")
        beside = (*beside, *engine)
        without = _figures(amc, *base, *(("--size", 2) if name == "size" else ()), *beside)
    if name in ("matrix_name", "rhs_name"):
        beside = ("--engine", "exact")
    assert _figures(amc, *base, *beside, option.flag, *value) != without


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (
            ("--inverter-resistance", "20k", "--family", "toeplitz", "--size", 4, "--pair", "never"),
            "--inverter-resistance",
        ),
        (("--start", "previous", "--size", 2), "--start"),
        (("--trial", 1, "--size", 2), "--trial"),
        (("--temperature", 400, "--opamp-temperature-law", "none", "--size", 2), "--temperature"),
        (("--jobs", 2, "--size", 2), "--jobs"),
    ],
)
def test_what_depends_on_the_problem_is_named(amc, options, named):
    """One line; nothing else changes, and the exit code is 0."""
    outcome = amc("inv", *options, "--engine", "exact")
    assert outcome.code == 0
    assert f"amc: note: {named} has no effect here: " in outcome.err


def test_a_seed_that_draws_nothing_is_named(amc, problem):
    """Both files are given and no part is drawn."""
    command = ("inv", problem / "A.npz", problem / "b.npz", "--matrix-name", "first", "--rhs-name", "first")
    outcome = amc(*command, "--seed", 3, "--engine", "exact")
    assert "amc: note: --seed has no effect here: " in outcome.err
    assert "--seed" not in amc(*command, "--seed", 3, *PROGRAMMED, "--engine", "exact").err


def test_a_row_of_a_sweep_names_it_too(amc, sweep, tmp_path):
    """In its warning."""
    assert sweep('circuit = "inv"\n[fixed]\nsize = 2\nengine = "exact"\n[grid]\ntrial = [0, 1]\n').code == 0
    rows = json.loads(amc("table", tmp_path / "out", "--format", "json", "--columns", "trial,warning").out)
    assert [row["trial"] for row in rows if "--trial has no effect here" in row["warning"]] == [1]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("--drift-time", "1k"), ("--drift-time: got 1000", "without --drift-exponent or --drift-spread")),
        (("--drift-time", "0.5", "--drift-exponent", "0.1"), ("--drift-exponent", "above 1 s")),
        (("--programming-error-scale", "2"), ("--programming-error-scale: got 2", "without --programming-error")),
    ],
)
def test_what_needs_another_option_is_refused(amc, command, words):
    """Exit code 2 and what is lacking."""
    amc("inv", "--size", 2, *command).refused(*words)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("--adc", "isaac"), ("--adc: got isaac", "without --adc-bits")),
        (("--adc-share", "4"), ("--adc-share: got 4", "without --adc-bits")),
    ],
)
def test_what_changes_no_cost_is_refused(amc, command, words):
    """Kinds of ADCs without ADCs."""
    amc("cost", "--size", 2, *command).refused(*words)


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (("stability", "--size", 2), NOT_IN_POLES),
        (("netlist", "inv", "--size", 2, "-o", "d.cir"), NOT_IN_DECKS),
        (("cost", "--size", 2), OF_ANSWERS),
    ],
)
def test_commands_do_not_have_options_that_do_nothing_there(amc, tmp_path, monkeypatch, command, names):
    """Such options are unknown to them."""
    monkeypatch.chdir(tmp_path)
    for option in typed_options("inv"):
        if option.name in names:
            outcome = amc(*command, option.flag, *(() if option.kind == "flag" else ("1",)))
            assert outcome.code == 2 and "No such option" in outcome.err, option
    assert {*names} <= {option.name for option in options_of("inv")}
    assert not (tmp_path / "d.cir").exists()


@pytest.mark.parametrize("name", [option.name for option in COST])
def test_an_option_changes_the_cost(amc, name):
    """Beside ADCs; the number of solves changes digital arithmetic even where programming costs nothing."""
    values = {"adc": "isaac", "adc_share": "2", "solves": "3", "programming_energy": "1n", "programming_time": "1u"}
    base = ("cost", "--size", 2, "--adc-bits", 8, "--engine", "exact")
    without = _figures(amc, *base)
    assert _figures(amc, *base, "--" + name.replace("_", "-"), values[name]) != without
