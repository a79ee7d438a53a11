"""`amc sensitivity` and `amc optimize`: what they print, write and refuse, and their exit codes."""

import json

import numpy as np
import pytest

from amc_circuits import InvCircuit

SMALL = ("--size", 2, "--seed", 1, "--condition", 4)
GOAL = ("--minimize", "settling_time", "--free", "open-loop-gain", "--opamp", "single-pole", "--between", "100,10k")


def drawn():
    """The circuit of `SMALL`, and its right-hand side."""
    from amc_circuits.cases.case import make_case
    from amc_circuits.cases.options import parse_options

    case = make_case("inv", parse_options("inv", {"size": 2, "seed": 1, "condition": 4, "engine": "exact"}), 1, None)
    return case.circuit, case.vector


@pytest.mark.parametrize("metric", ["settling_time", "energy", "relative-error", "growth_rate"])
def test_sensitivity_prints_and_saves_what_python_finds(amc, tmp_path, metric):
    """Every derivative is in the file, the largest ones are printed; the table has a row for each."""
    file = tmp_path / "s.npz"
    command = ("sensitivity", "inv", *SMALL, "--metric", metric, "--largest", 3, "--save", file)
    outcome = amc(*command, "--format", "json")
    assert outcome.code == 0, outcome
    circuit, vector = drawn()
    found = circuit.sensitivity(vector, metric.replace("-", "_"))
    assert outcome.json["value"] == found.value
    assert [one["share"] for one in outcome.json["largest"]] == [one.share for one in found.largest(3)]
    with np.load(file) as content:
        assert json.loads(str(content["record"])) == outcome.json
        for part, fields in found.derivatives.items():
            for field, derivative in fields.items():
                np.testing.assert_array_equal(content[f"{part}.{field}"], derivative)
    table = amc(*command[:-2]).out
    for one in found.largest(3):
        assert f"{one.share:+.4g} %" in table


def test_sensitivity_has_a_row_for_the_wires_of_each_array(amc, tmp_path):
    """All segments of an array together, so without a place; nothing for wires that there are not."""
    file, wires = tmp_path / "s.npz", ("--wire-resistance", 20, "--line-capacitance", "10f")
    found = amc("sensitivity", "inv", *SMALL, *wires, "--largest", 100, "--save", file, "--format", "json").json
    listed = {(one["part"], one["field"]): one for one in found["largest"] if not one["place"]}
    assert listed.keys() == {("p", "wire_resistance"), ("p", "line_capacitance")}
    one = listed["p", "wire_resistance"]
    assert one["share"] == found["sums"]["p"]["wire_resistance"] == 20 * one["derivative"] / found["value"] != 0
    with np.load(file) as content:
        assert content["p.wire_resistance"] == one["derivative"]
    table = amc("sensitivity", "inv", *SMALL, *wires, "--largest", 100).out
    assert "p wire resistance " in table and "p line capacitance " in table and "10 fF" in table
    assert "wire" not in amc("sensitivity", "inv", *SMALL, "--largest", 100).out


@pytest.mark.parametrize("circuit", ["mvm", "ginv"])
def test_every_circuit_has_sensitivities(amc, circuit):
    """GINV, too."""
    outcome = amc("sensitivity", circuit, "--size", 3, "--columns", 2, "--family", "uniform", "--format", "json")
    assert outcome.code == 0 and len(outcome.json["largest"]) == 10


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--metric", "overshoot"), 2, ("--metric", "overshoot", "settling_time")),
        (("--metric", "energy", "--opamp", "single-pole"), 2, ("--metric", "no supply")),
        (("--save", "x.csv"), 2, ("--save", ".npz")),
        (("--largest", "0"), 2, ("--largest",)),
        (("--nonlinearity-voltage", "0.2"), 2, ("circuit", "not linear")),
        (("--opamp", "cmos-100meg-transistor"), 2, ("circuit", "subcircuits", "macro models")),
        (("--gbwp", "1G", "--second-pole", "20M"), 3, ("UNSTABLE",)),
    ],
)
def test_sensitivity_refuses(amc, options, code, words):
    """One line, with the option."""
    amc("sensitivity", "inv", "--size", 4, "--seed", 2, *options).refused(*words, code=code)


def test_optimize_prints_saves_and_is_replayed(amc, tmp_path):
    """The file is that of a solve in ngspice at the optimum: `amc replay` gives the same."""
    file = tmp_path / "o.npz"
    outcome = amc("optimize", "inv", *SMALL, *GOAL, "--target", "relative_error<1%", "--save", file, "--format", "json")
    assert outcome.code == 0, outcome
    found = outcome.json
    assert found["reached"] and found["free"] == ["open_loop_gain"] and found["between"] == [[100, 10e3]]
    assert found["optimum"]["metrics"]["relative_error"] < 0.01 and found["ngspice_metrics"]["relative_error"] < 0.01
    assert found["gain"] > 1
    assert amc("replay", file).code == 0
    value = found["optimum"]["values"][0]
    with np.load(file) as content:
        record = json.loads(str(content["record"]))
    assert record["options"]["open_loop_gain"] == value
    solved = amc("inv", *SMALL, "--opamp", "single-pole", "--open-loop-gain", repr(value), "--format", "json").json
    assert solved["settling_time_s"] == pytest.approx(found["ngspice_metrics"]["settling_time"], rel=1e-9)


def test_optimize_prints_a_table(amc):
    """With start, optimum, what ngspice measures, and the sentence."""
    outcome = amc("optimize", "inv", *SMALL, *GOAL, "--open-loop-gain", "5k", "--starts", 1)
    assert outcome.code == 0
    for word in ("start", "optimum", "by ngspice", "smallest", "5000", "times less than at the start"):
        assert word in outcome.out, word
    assert "open_loop_gain is at the least value of its range" in outcome.err.replace(
        "--open-loop-gain", "open_loop_gain"
    )


def test_the_scaling_of_rows_and_columns_may_be_free(amc, tmp_path):
    """Of `D S D` with a diagonal D that spreads by a hundred, the scaled one needs the smaller conductances."""
    spread = np.array([1.0, 0.1])
    np.save(tmp_path / "A.npy", spread[:, None] * np.array([[1.0, 0.3], [0.3, 1.0]]) * spread)
    np.save(tmp_path / "b.npy", np.array([1.0, 0.05]))
    command = ("optimize", "inv", tmp_path / "A.npy", tmp_path / "b.npy", *GOAL, "--free", "scaling", "--starts", 1)
    outcome = amc(*command, "--format", "json")
    assert outcome.code == 0, outcome
    assert outcome.json["chosen"] == {"scaling": "diagonal"} and outcome.json["options"]["scaling"] == "diagonal"
    assert outcome.json["gain"] > 2
    assert "scaling diagonal" in amc(*command).out


def test_the_bias_of_cells_against_wires_may_be_free(amc):
    """The error of an INV with wires falls below that of the same cells without; the choice is in the table."""
    wired = (
        "--wire-resistance",
        20,
        "--free",
        "g-max",
        "--between",
        "50u,200u",
        "--opamp",
        "single-pole",
        "--starts",
        1,
    )
    command = ("optimize", "inv", *SMALL, "--minimize", "relative_error", *wired)
    without = amc(*command, "--format", "json").json
    outcome = amc(*command, "--free", "compensate-wires", "--format", "json")
    assert outcome.code == 0, outcome
    assert outcome.json["chosen"] == {"compensate_wires": "yes"} and outcome.json["options"]["compensate_wires"] is True
    found, plain = (one["optimum"]["metrics"]["relative_error"] for one in (outcome.json, without))
    assert found < 0.1 * plain


def test_no_design_is_exit_code_3(amc):
    """The table has the start, and the sentence goes to stderr."""
    outcome = amc("optimize", "inv", *SMALL, *GOAL, "--target", "relative_error<1e-9", "--starts", 1)
    assert outcome.code == 3
    assert "none of" in outcome.err and "relative_error<1e-09" in outcome.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--minimize", "overshoot", "--free", "gbwp"), ("--minimize", "settling_time, energy, relative_error")),
        (("--minimize", "energy", "--free", "slew-rate"), ("--free", "slew_rate", "no derivative")),
        (("--minimize", "energy", "--free", "gbpw"), ("--free", "did you mean gbwp?")),
        (("--minimize", "energy", "--free", "gbwp", "--free", "gbwp"), ("--free", "once")),
        (("--minimize", "energy", "--free", "scaling"), ("--free", "scaling", "a number beside it")),
        (("--minimize", "energy", "--free", "gbwp", "--free", "compensate-wires"), ("--free", "wire")),
        (("--minimize", "energy", "--free", "gbwp", "--between", "1M"), ("--between",)),
        (("--minimize", "energy", "--free", "gbwp", "--between", "1M,2M", "--between", "1,2"), ("--between",)),
        (("--minimize", "energy", "--free", "input-capacitance", "--between", "0,1p"), ("--between", "above 0")),
        (("--minimize", "energy", "--free", "gbwp", "--target", "overshoot<1%"), ("--target",)),
        (("--minimize", "energy", "--free", "gbwp", "--save", "x.csv"), ("--save", ".npz")),
        (("--minimize", "energy", "--free", "gbwp", "--opamp", "single-pole"), ("no supply",)),
        (("--minimize", "energy", "--free", "g-max", "--opamp", "cmos-100meg-transistor"), ("circuit", "macro models")),
    ],
)
def test_optimize_refuses(amc, options, words):
    """One line, with the option."""
    amc("optimize", "inv", *SMALL, *options).refused(*words)


def test_help_lists_the_commands(amc):
    """Of both groups."""
    for group in ("sensitivity", "optimize"):
        assert "inv" in amc(group, "--help").out
    assert InvCircuit.sensitivity.__doc__
