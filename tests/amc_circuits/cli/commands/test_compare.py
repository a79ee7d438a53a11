"""`amc compare` as it is typed: every sort of design, its outputs, and its one-line errors."""

import csv
import html
import json
import re

import numpy as np
import pytest
from pytest import approx

COMMON = ("--size", 3, "--seeds", 3, "--engine", "exact")
SWEEP = 'circuit = "inv"\n[fixed]\nengine = "exact"\nsize = {size}\n{more}\n[grid]\nseed = {{range = [0, {end}]}}\n'


@pytest.fixture
def swept(amc, tmp_path):
    """Runs a sweep over seeds and returns its folder."""

    def run(name, more="", size=3, end=3):
        (tmp_path / f"{name}.toml").write_text(SWEEP.format(size=size, more=more, end=end))
        assert amc("sweep", tmp_path / f"{name}.toml", "--out", tmp_path / name).code == 0
        return tmp_path / name

    return run


@pytest.fixture
def designs(amc, tmp_path):
    """The same design as quoted options, as both types of TOML, and as a saved solution of another matrix."""
    (tmp_path / "flat.toml").write_text('gbwp = "50M"\ninput_voltage = "20 mV"\n')
    (tmp_path / "spec.toml").write_text(
        'circuit = "inv"\n[fixed]\nsize = 7\ninput_voltage = 0.02\n[grid]\ngbwp = ["50MEG"]\n'
    )
    options = ("--gbwp", "50M", "--input-voltage", "20m")
    saved = amc("inv", "--size", 2, "--seed", 5, *options, "--budget", "--save", tmp_path / "saved.npz")
    assert saved.code == 0
    return [
        "inv --gbwp 5e7 --input-voltage 20m",
        *(tmp_path / name for name in ("flat.toml", "spec.toml", "saved.npz")),
    ]


def each(outcome):
    """Metrics of every design and seed."""
    assert outcome.code == 0, outcome
    return [design["each"] for design in outcome.json["designs"]]


def test_all_ways_to_state_a_design_are_equal(amc, designs):
    """Options, both types of TOML and a saved solution describe one design: equal metrics with every seed."""
    first, *others = each(amc("compare", *designs, *COMMON, "--format", "json"))
    assert len(first) == 3
    assert all(other == first for other in others)


def test_metrics_are_those_of_the_single_command(amc):
    """Each seed has the metrics that `amc inv` prints for the same options and seed."""
    found = each(amc("compare", "--gbwp 50M --input-voltage 20m", "--input-voltage 20m", *COMMON, "--format", "json"))
    for seed in range(3):
        for runs, more in zip(found, (("--gbwp", "50M"), ()), strict=True):
            options = ("--size", 3, "--seed", seed, "--input-voltage", "20m", "--engine", "exact", *more)
            printed = amc("inv", *options, "--format", "json").json
            assert runs[seed]["seed"] == seed
            for name in ("settling_time", "relative_error", "residual"):
                assert runs[seed][name] == printed[name + "_s" * (name == "settling_time")]
            assert {name: runs[seed][f"energy_{name}"] for name in ("amplifiers", "array", "inputs")} == {
                name: printed["energy_j"][name] for name in ("amplifiers", "array", "inputs")
            }


def test_bands_and_ratios_are_those_of_the_seeds(amc):
    """Printed statistics are NumPy's quantiles of the printed seeds, and ratios are paired."""
    printed = amc("compare", "--input-voltage 20m", "--input-voltage 20m --gbwp 60M", *COMMON, "--format", "json").json
    first, second = (np.array([run["settling_time"] for run in design["each"]]) for design in printed["designs"])
    design = printed["designs"][1]
    for part, share in (("q05", 0.05), ("median", 0.5), ("q95", 0.95)):
        assert design["metrics"]["settling_time"][part] == pytest.approx(np.quantile(second, share), rel=1e-12)
        assert design["ratios"]["settling_time"][part] == pytest.approx(np.quantile(second / first, share), rel=1e-12)


def test_the_engine_is_for_designs_that_name_none(amc):
    """A design keeps its own engine; without one it gets that of the command."""
    printed = amc("compare", "--engine ngspice", "", "--size", 2, "--seeds", 1, "--engine", "exact",
                  "--format", "json").json  # fmt: skip
    one, two = (design["each"][0]["settling_time"] for design in printed["designs"])
    assert one != two and one == pytest.approx(two, rel=0.02)
    assert [design["by_engine"] for design in printed["designs"]] == [{"ngspice": 1}, {"exact": 1}]
    same = each(amc("compare", "--engine exact", "", "--size", 2, "--seeds", 1, "--engine", "exact",
                    "--format", "json"))  # fmt: skip
    assert same[0] == same[1]


def test_the_seeds_begin_at_the_seed_of_the_command(amc):
    """`--seed` is the first of `--seeds`: the last of three seeds is the first of another call."""
    designs = (
        "compare",
        "--input-voltage 20m",
        "--input-voltage 20m --gbwp 60M",
        "--size",
        3,
        "--engine",
        "exact",
    )
    several = each(amc(*designs, "--seeds", 3, "--format", "json"))
    last = each(amc(*designs, "--seed", 2, "--seeds", 1, "--format", "json"))
    assert [runs[2] for runs in several] == [runs[0] for runs in last]


def test_matrices_come_from_files_of_designs_if_the_command_names_none(amc, tmp_path):
    """A saved solution brings its matrix; two that differ are refused, unless the command gives a size."""
    for size in (2, 3):
        assert amc("inv", "--size", size, "--engine", "exact", "--save", tmp_path / f"{size}.npz").code == 0
    both = (tmp_path / "2.npz", tmp_path / "3.npz")
    found = amc("compare", both[1], "--gbwp 90M", "--seeds", 1, "--engine", "exact", "--format", "json").json
    assert found["problem"] == {"size": 3, "family": "spd"}
    amc("compare", *both).refused("--size: got 2 in 2.npz, 3 in 3.npz")
    assert amc("compare", *both, "--size", 4, "--seeds", 1).code == 0


def test_files_of_matrix_and_right_hand_side_are_common(amc, tmp_path):
    """With A and b from files both designs solve that system."""
    np.savetxt(tmp_path / "A.csv", [[2.0, 0.5], [0.5, 1.0]], delimiter=",")
    np.savetxt(tmp_path / "b.csv", [1.0, 0.5])
    files = ("--matrix", tmp_path / "A.csv", "--rhs", tmp_path / "b.csv")
    options = (*files, "--seeds", 1, "--engine", "exact", "--format", "json")
    found = each(amc("compare", "--input-voltage 20m", "--input-voltage 20m --gbwp 50M", *options))
    single = amc("inv", tmp_path / "A.csv", tmp_path / "b.csv", "--input-voltage", "20m", "--gbwp", "50M", "--engine",
                 "exact", "--format", "json").json  # fmt: skip
    assert found[1][0]["settling_time"] == single["settling_time_s"]


def test_folders_of_sweeps_are_compared_by_their_rows(amc, swept):
    """Rows with the same seeds stand side by side, with the metrics and counts of the circuits that they ran."""
    folders = [swept("a", "input_voltage = 0.02"), swept("b", 'input_voltage = 0.02\ngbwp = "60M"')]
    rows = each(amc("compare", *folders, "--format", "json"))
    run = each(amc("compare", "--input-voltage 20m", "--input-voltage 20m --gbwp 60M", *COMMON, "--format", "json"))
    for row, alone in zip(rows, run, strict=True):
        for one, other in zip(row, alone, strict=True):
            # Rows are read in stacks: equal to the error of time steps.
            assert one == {
                name: value if isinstance(value, str) else approx(value, rel=1e-5) for name, value in other.items()
            }
    assert re.search(r"solved by +│ +exact │ +exact │", amc("compare", *folders).out)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"end": 2}, ("the same seeds", "0, 1 in")),
        ({"size": 2}, ("the same matrices", "size 2 in")),
        ({"more": 'family = "wishart"'}, ("the same matrices", "family wishart")),
    ],
)
def test_folders_of_other_seeds_or_matrices_are_refused(amc, swept, more, words):
    """Folders are compared only if they have the same seeds and matrices."""
    amc("compare", swept("a"), swept("b", **more)).refused("DESIGN", *words)


@pytest.mark.parametrize("name", ["matrix", "rhs"])
def test_a_file_that_changed_between_two_sweeps_is_refused(amc, tmp_path, name):
    """Folders that ran with one content are compared; after a change both orders are refused in one line."""
    np.savetxt(tmp_path / "A.csv", np.diag([1.0, 2.0]), delimiter=",")
    np.savetxt(tmp_path / "b.csv", [1.0, 2.0])
    files = f'matrix = "{tmp_path / "A.csv"}"\nrhs = "{tmp_path / "b.csv"}"\nprogramming_error = "1u"\n'

    def swept(name, more=""):
        text = SWEEP.replace("size = {size}\n", "").format(more=files + more, end=1)
        (tmp_path / f"{name}.toml").write_text(text)
        assert amc("sweep", tmp_path / f"{name}.toml", "--out", tmp_path / name).code == 0
        return tmp_path / name

    first, same = swept("first"), swept("same", 'gbwp = "50M"')
    assert amc("compare", first, same).code == 0
    if name == "matrix":
        np.savetxt(tmp_path / "A.csv", np.diag([1.0, 3.0]), delimiter=",")
    else:
        np.savetxt(tmp_path / "b.csv", [1.0, 3.0])
    later = swept("later")
    amc("compare", first, later).refused("DESIGN", "first", "A.csv", "b.csv", "changed")
    amc("compare", later, same).refused("DESIGN", "same", "changed")


def test_a_folder_of_several_designs_is_refused(amc, swept, tmp_path):
    """A sweep that varies more than the seed is no design."""
    folder = swept("a")
    (tmp_path / "b.toml").write_text(
        'circuit = "inv"\n[fixed]\nengine = "exact"\nsize = 3\n[grid]\ngbwp = [5e7, 6e7]\n'
    )
    assert amc("sweep", tmp_path / "b.toml", "--out", tmp_path / "b").code == 0
    amc("compare", folder, tmp_path / "b").refused("varies gbwp", "vary the seed alone")
    amc("compare", folder, folder, "--size", 3).refused("--size: got 3", "no effect on runs that are done")


def test_outputs_are_written(amc, tmp_path):
    """The picture names designs and metrics, the files hold what is printed, and stdout is the table alone."""
    designs = ("--input-voltage 20m", "--input-voltage 20m --gbwp 60M")
    outcome = amc("compare", *designs, *COMMON, "--plot", tmp_path / "p.svg", "-o", tmp_path / "c.csv")
    assert (outcome.code, outcome.err) == (0, "")
    assert "usable seeds" in outcome.out and "2: --input-voltage 20m --gbwp 60M" in outcome.out
    texts = [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", (tmp_path / "p.svg").read_text())]
    for word in ("settling time", "relative error", "op-amps", "INV 3 x 3, spd: 3 seeds", f"2: {designs[1]}"):
        assert word in texts
    printed = amc("compare", *designs, *COMMON, "--format", "json", "-o", tmp_path / "c.json").json
    assert json.loads((tmp_path / "c.json").read_text()) == printed
    with (tmp_path / "c.csv").open() as file:
        rows = {(row["design"], row["metric"]): row for row in csv.DictReader(file)}
    for place, design in enumerate(printed["designs"]):
        row = rows[str(place + 1), "settling_time"]
        assert float(row["median"]) == design["metrics"]["settling_time"]["median"]
        assert float(row["ratio_q95"]) == design["ratios"]["settling_time"]["q95"]


def test_a_design_without_a_usable_seed_is_exit_code_3(amc):
    """A comparison is printed, and one line names the design and the reason."""
    outcome = amc("compare", "--input-voltage 20m", "--input-voltage 0.8 --fixed-scale --engine ngspice", *COMMON)
    assert outcome.code == 3
    assert "0 of 3" in outcome.out and "3 of 3" in outcome.out
    assert outcome.err.startswith("amc: SATURATED: design 2 has no usable seed") and outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["", "--gbwp banana", "--size", 2], ("--gbwp: got 'banana'", "in design 2")),
        (["", "--gbpw 3", "--size", 2], ("DESIGN: got '--gbpw 3'", "No such option")),
        (["", "--opamp", "--size", 2], ("DESIGN: got '--opamp'", "requires an argument")),
        (["", "ginv --help", "--size", 2], ("DESIGN: got 'ginv --help'", "amc ginv --help")),
        (["", "inv --opamp-file x.npz", "--size", 2], ("--opamp-subckt: got nothing", "in design 2")),
        (["", "inv A.csv", "--size", 2], ("DESIGN: got 'inv A.csv'", "extra argument")),
        (["", "--gbwp '3", "--size", 2], ("DESIGN", "No closing quotation")),
        (["", "nowhere", "--size", 2], ("DESIGN: got 'nowhere'", "no circuit")),
        (["", "nowhere.toml", "--size", 2], ("nowhere.toml", "cannot be read")),
        (["", "nowhere.npz", "--size", 2], ("nowhere.npz", "cannot be read")),
        (["", "--size 3", "--size", 2], ("--size: got 3", "common to all designs")),
        (["", "--monte-carlo 3", "--size", 2], ("--monte-carlo", "no part of a design")),
        (["", "ginv --ridge -1", "--size", 4], ("ridge: got -1", "in design 2")),
        ([""], ("DESIGN", "two designs or more")),
        (["", ""], ("--size: got nothing",)),
        (["", "", "--size", 2, "--seeds", 0], ("--seeds: got '0'",)),
        (["", "", "--size", 2, "--seeds", "1M"], ("--seeds", "at most")),
        (["", "", "--size", 2, "--engine", "xyce"], ("--engine: got 'xyce'",)),
        (["", "", "--size", 2, "--plot", "p.gif"], ("--plot: got p.gif",)),
        (["", "", "--size", 2, "-o", "c.txt"], ("--output: got c.txt",)),
        (["", "", "--size", 2, "--format", "xml"], ("--format: got 'xml'",)),
        (["", "", "--matrix", "nowhere.csv"], ("A: got nowhere.csv",)),
        (["", ".", "--size", 2], ("DESIGN: got '.'", "of no run")),
    ],
)
def test_bad_designs_are_one_line(amc, arguments, words):
    """Exit code 2 and one line with the design or option, the value and the mend."""
    amc("compare", *arguments).refused(*words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gbwp = 5e7\n\ngbpw = 3\n", ("line 3, gbpw: got 3", "did you mean gbwp")),
        ('gbwp = "fast"\n', ("line 1, gbwp: got", "number in Hz")),
        ('circuit = "lu"\n', ("circuit: got 'lu'",)),
        ('circuit = "inv"\n[fixed]\nsize = 2\n[grid]\ngbwp = [1e8, 2e8]\n', ("with 2 points", "single point")),
        ("gbwp = \n", ("cannot be read as TOML",)),
        ("monte_carlo = 5\n", ("--monte-carlo", "no part of a design")),
    ],
)
def test_bad_files_are_one_line(amc, tmp_path, text, words):
    """A mistake in TOML is named with file and line."""
    (tmp_path / "d.toml").write_text(text)
    amc("compare", "", tmp_path / "d.toml", "--size", 2).refused(*words)


def test_different_sorts_are_refused(amc, swept, tmp_path):
    """Circuits to run, folders of sweeps and folders of trainings do not mix; the error names the sort of each."""
    folder, training = swept("a"), tmp_path / "t"
    training.mkdir()
    (training / "amc-run.json").write_text('{"command": "train"}')
    amc("compare", folder, "--gbwp 1M", "--size", 2).refused("a folder of amc sweep", "'--gbwp 1M' (a circuit to run)")
    amc("compare", training, folder).refused("(a folder of amc train)", "(a folder of amc sweep)")
