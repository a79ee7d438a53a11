"""Every study of every circuit: it runs, or it is refused by name with the reason."""

import json

import pytest

CIRCUITS = {
    "inv paired": ("inv", "--size", 3),
    "inv compensated": ("inv", "--size", 3, "--topology", "compensated"),
    "mvm paired": ("mvm", "--size", 3, "--family", "random"),
    "mvm compensated": ("mvm", "--size", 3, "--family", "random", "--topology", "compensated"),
    "ginv paired": ("ginv", "--size", 3, "--columns", 2, "--family", "random"),
    "ginv compensated": ("ginv", "--size", 3, "--columns", 2, "--family", "random", "--topology", "compensated"),
    "cascade paired": ("cascade", "--size", 2, "--columns", 3, "--family", "random", "--diagonal", "resistors"),
    "cascade compensated": ("cascade", "--size", 2, "--columns", 3, "--family", "random", "--topology", "compensated"),
    "egv paired": ("egv", "--size", 3),
    "egv compensated": ("egv", "--size", 3, "--topology", "compensated"),
    "recover": ("recover", "--size", 3, "--columns", 4, "--family", "random"),
}
STUDIES = {
    "monte carlo": ("--monte-carlo", 2, "--programming-error", "1u"),
    "noise": ("--noise",),
    "budget": ("--budget",),
    "wires and line capacitance": ("--wire-resistance", 2, "--line-capacitance", "1f"),
    "second pole and input capacitance": ("--second-pole", "300M", "--input-capacitance", "20f"),
    "offsets": ("--offset-spread", "1m"),
}
"""Studies of a solve, by their options."""
REFUSED = {
    ("egv", "budget"): "grows and has no rest",
}
"""Studies without a meaning for a circuit, with the reason that the line gives."""


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("circuit", CIRCUITS)
def test_a_study_runs_or_is_refused_by_name(amc, circuit, study):
    """Its record has the study's result; what has no meaning is refused with exit code 2 and the reason."""
    name, *options = CIRCUITS[circuit]
    outcome = amc(name, *options, "--seed", 1, "--engine", "exact", *STUDIES[study], "--format", "json")
    if (name, study) in REFUSED:
        outcome.refused(STUDIES[study][0], REFUSED[name, study])
        return
    assert outcome.code in (0, 3), outcome
    found = json.loads(outcome.out)
    wanted = {"monte carlo": "trials", "noise": "output_noise_v", "budget": "budget"}.get(study, "status")
    assert wanted in found, sorted(found)


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_every_circuit_has_a_deck_a_diagram_and_poles(amc, circuit, tmp_path):
    """`amc netlist`, `draw` and `stability` know each, with its own options."""
    name, *options = CIRCUITS[circuit]
    for command in (
        ("netlist", name, *options, "-o", tmp_path / "deck.cir"),
        ("draw", name, *options, "-o", tmp_path / "a.svg"),
        ("stability", name, *options),
    ):
        outcome = amc(*command)
        assert outcome.code == 0, outcome


def test_many_circuits_that_grow_have_statistics_of_their_growth(amc):
    """Those of single circuits, drawn one by one: growth rate, and the direction at the limit."""
    options = ("--size", 3, "--seed", 1, "--engine", "exact", "--programming-error", "1u", "--format", "json")
    many = amc("egv", *options, "--monte-carlo", 2).json["figures"]
    single = [amc("egv", *options, "--trial", trial).json for trial in range(2)]
    for name, key in (("growth_rate", "growth_rate_per_s"), ("clamped_direction_error", "clamped_direction_error")):
        assert many[name]["mean"] == pytest.approx(sum(one[key] for one in single) / 2, rel=1e-9)
        assert many[name]["count"] == 2


@pytest.mark.parametrize(
    ("command", "circuit", "reason"),
    [
        ("optimize", "egv", "it grows and does not settle"),
        ("optimize", "recover", "its limiters are not linear"),
        ("sensitivity", "recover", "its limiters are not linear"),
    ],
)
def test_studies_of_linear_circuits_are_refused_with_the_reason(amc, command, circuit, reason):
    """Not as a circuit that nobody knows."""
    amc(command, circuit).refused(f"amc {command} has no meaning for {circuit}: {reason}")
