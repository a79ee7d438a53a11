"""`amc step-cost` as it is typed."""

import json

import pytest

from amc_circuits.cli.app import run
from optimizer.step_cost import preset
from optimizer.step_cost.specification import PRESETS

NET = """
network = "resnet-18-cifar"
[arrays]
sizes = [2, 3]
seeds = 1
"""


@pytest.fixture
def net(tmp_path):
    """Writes a file and returns its path."""

    def write(text=NET):
        path = tmp_path / "net.toml"
        path.write_text(text)
        return str(path)

    return write


def test_tables_and_picture_have_the_answer(net, tmp_path, capsys):
    """Ratios with and without programming, whole steps, tornado, needed values, and what was extrapolated."""
    path = tmp_path / "tornado.svg"
    assert run(["step-cost", net(), "--plot", str(path)]) == 0
    printed = capsys.readouterr()
    for words in (
        "ResNet-18 on CIFAR-10: 21 layers, 42 factors 10 to 4608 wide", "in 292 blocks of at most 128",
        "already programmed", "throughput", "energy efficiency", "100 steps", "whole factors", "digital.share",
        "5.88x throughput", "beyond the simulated sizes", "arXiv 1512.03385", f"wrote {path}",
    ):  # fmt: skip
        assert words in printed.out
    assert printed.err == ""
    picture = path.read_text()
    for name in ("throughput", "energy"):
        assert picture.count(f'id="{name} share lower"') == picture.count(f'id="{name} share higher"') == 1
    assert "134 TFLOP/s" in picture and "5.88x published" in picture


def test_json_holds_what_the_tables_print(net, capsys):
    """It is plain data with the assumptions, and its ratios are those of its own costs."""
    assert run(["step-cost", net(), "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    digital, arrays, ratios = record["digital"], record["arrays"], record["ratios"]
    assert ratios["throughput"] == pytest.approx(digital["time_s"] / arrays["time_s"])
    programmed = arrays["energy_j"] - arrays["programming_energy_j"]
    assert ratios["energy_programmed"] == pytest.approx(digital["energy_j"] / programmed)
    assert record["simulated"]["sizes"] == [2, 3] and record["simulated"]["energy_spreads"] == [None, None]
    assert record["spec"]["arrays"]["cell_time"] == 3.3e-6
    assert sum(record["blocks"].values()) == 292


REFUSED = {
    "[digital]\nblock_size = 4608": (
        "net.toml: digital.block_size",
        "42 of at most 4608",
        "arrays invert 292 of at most 128",
    ),
    "[digital]\nshare = 2": ("digital.share: got 2", "must be at most 1"),
    "[digital]\nshar = 0.2": ("digital.shar", "did you mean share"),
    "[digital]\npeak = 'fast'": ("digital.peak", "must be a number"),
    "[circuit]\nopamp = 'ad283'": ("circuit.opamp", "ad823"),
    "inverse_intervals = [0]": ("inverse_intervals.0: got 0", "at least 1"),
    "layers = [{inputs = 3, outputs = 4}]": ("network: got both it and layers",),
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_mistake_ends_as_one_line(net, capsys, line):
    """The line names the key, what was there and the mend; no array was simulated."""
    network = 'network = "resnet-18-cifar"'
    code = run(["step-cost", net(f"{network}\n{line}")])
    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert printed.err.count("\n") == 1 and printed.err.startswith("amc: ")
    for words in REFUSED[line]:
        assert words in printed.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("batch_size = 3", ("layers: got nothing", "or network, one of resnet-18-cifar")),
        ("network = 'resnet-19'", ("network: ", "resnet-18-cifar")),
        ("layers = []", ("layers", "must have 1 or more entries")),
        ("layers = [{inputs = 3}]", ("layers.0.outputs: got nothing", "must be given")),
        ("layers = [{inputs = 3, outputs = 4}]\n[arrays]\nsizes = [4, 2]", ("arrays.sizes", "must rise")),
    ],
)
def test_a_network_that_is_none_is_refused(net, capsys, text, words):
    """The line names what lacks."""
    assert run(["step-cost", net(text)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and all(word in error for word in words), error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--preset: got neither it nor NET.toml"),
        (["--preset", "resnet"], "--preset: "),
        (["--preset", "vgg-16-cifar", "--format", "csv"], "--format: "),
        (["--preset", "vgg-16-cifar", "--plot", "none/tornado.png"], "--plot: got none/tornado.png"),
        (["--preset", "vgg-16-cifar", "--plot", "tornado.txt"], "must end in .png"),
        (["missing.toml"], "missing.toml"),
    ],
)
def test_a_wrong_option_ends_as_one_line(arguments, words, capsys):
    """Nothing is simulated before."""
    assert run(["step-cost", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and words in printed.err, printed.err


def test_a_preset_may_be_copied_as_a_file(net):
    """Its file is a NET.toml of its own."""
    from optimizer.step_cost import read_spec

    for path in PRESETS.glob("*.toml"):
        assert read_spec(net(path.read_text())) == preset(path.stem)
