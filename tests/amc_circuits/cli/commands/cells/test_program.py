"""`amc program`: what it prints, saves, draws and refuses."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
import typer

from amc_circuits.cells.mapping import map_matrix
from amc_circuits.cli.commands.cells.program import PROGRAM, program
from amc_circuits.pictures.cells.write_verify import draw_errors, plot_written
from amc_circuits.programming.cells import CellArray
from amc_circuits.programming.conductances import load_conductances
from amc_circuits.programming.pulse_model import calibrate
from amc_circuits.programming.write_verify import CellStatus, WriteVerify, write_verify
from netlists import ParameterError
from netlists.rram.one_transistor_cell import OneTransistorCell

SIGNED = np.random.default_rng(2).standard_normal((6, 5))


@pytest.fixture
def call(tmp_path, capsys):
    """Runs the command on a matrix; returns what it printed, and the programmed mapping."""

    def run(matrix, form="json", plot=None, **options):
        np.save(tmp_path / "A.npy", matrix)
        program(tmp_path / "A.npy", tmp_path / "p.npz", format=form, plot=plot, **options)
        printed = capsys.readouterr()
        return printed, load_conductances(tmp_path / "p.npz", np.asarray(matrix, dtype=float))

    return run


@pytest.mark.parametrize("matrix", [SIGNED, np.abs(SIGNED)], ids=["pair", "one array"])
def test_matrix_is_in_the_file(call, tmp_path, matrix):
    """Every conductance is within the tolerance of the mapping's, and the figures are those of the file."""
    printed, found = call(matrix, tolerance="0.5u")
    wanted, figures = map_matrix(matrix), json.loads(printed.out)
    for name in ("positive", "negative"):
        if getattr(wanted, name) is not None:
            assert np.abs(getattr(found, name) - getattr(wanted, name)).max() <= 0.5e-6
    arrays = 1 if wanted.negative is None else 2
    assert (figures["cells"], figures["programmed"], figures["arrays"]) == (30 * arrays, 30 * arrays, arrays)
    assert figures["reads"] == figures["sets"] + figures["resets"] + figures["cells"]
    error = found.alpha / found.unit * found.difference - matrix
    assert figures["matrix_error"] == pytest.approx(np.linalg.norm(error) / np.linalg.norm(matrix))
    assert figures["largest_error_of_all_siemens"] <= 0.5e-6
    assert printed.err == f"wrote {tmp_path / 'p.npz'}\n"


def test_error_figures_are_those_of_the_file(tmp_path, call):
    """Mean error and sigma about it, of the cells that the file says were written; sums of its pulses and energy."""
    figures = json.loads(call(SIGNED)[0].out)
    with np.load(tmp_path / "p.npz") as content:
        of_cells = {
            name: np.concatenate([content[name + end].ravel() for end in ("positive", "negative")])
            for name in ("", "target_", "sets_", "resets_", "energy_", "time_")
        }
    error = (of_cells[""] - of_cells["target_"])[of_cells["sets_"] + of_cells["resets_"] > 0]
    assert figures["error_mean_siemens"] == pytest.approx(error.mean())
    assert figures["error_sigma_siemens"] == pytest.approx(np.sqrt(((error - error.mean()) ** 2).mean()))
    assert error.mean() < 0
    for name, key in (("sets_", "sets"), ("resets_", "resets"), ("energy_", "energy_j"), ("time_", "time_s")):
        assert figures[key] == pytest.approx(of_cells[name].sum())


def test_table_tells_the_same(call):
    """The figures for people have units; the title says how many cells are programmed."""
    printed, _ = call(SIGNED, form="table")
    assert "programmed a pair of arrays 6 x 5: 60 of 60 cells" in printed.out
    for words in ("error mean", "error sigma about it", "pulses of a cell, mean", "nS", " us ", "pJ"):
        assert words in printed.out
    assert printed.out.endswith("p.npz\n")


def test_stuck_cells_are_told(call, tmp_path):
    """A warning counts what is not programmed; the file holds what those cells have."""
    printed, found = call(SIGNED, stuck_on="0.1", stuck_off="0.1", seed="1")
    figures = json.loads(printed.out)
    lacking = figures["stuck_on"] + figures["stuck_off"] + figures["gave_up"]
    assert figures["stuck_on"] > 0 and lacking == 60 - figures["programmed"]
    warning = f"amc: warning: {lacking} cells are not programmed; the file holds what they have"
    assert printed.err.splitlines() == [f"wrote {tmp_path / 'p.npz'}", warning]
    assert max(found.positive.max(), found.negative.max()) > 300e-6


def test_no_cell_programmed_is_no_result(tmp_path, call):
    """Where gate voltages are too low for every cell: exit code 3, and the file is there to be looked at."""
    with pytest.raises(typer.Exit) as ending:
        call(np.full((2, 2), 3.0), gate_largest="0.55")
    assert ending.value.exit_code == 3
    assert (load_conductances(tmp_path / "p.npz", np.full((2, 2), 3.0)).positive < 10e-6).all()


def test_seed_decides_what_is_drawn(call):
    """The same seed gives the same conductances, another one others."""
    options = {"cycle_spread": "0.05", "read_noise": "0.002"}
    one, again, other = (call(SIGNED, seed=seed, **options)[1].positive for seed in ("1", "1", "2"))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_defaults_are_those_of_the_records():
    """Defaults of the options are those of the records."""
    defaults = {option.name: option.parse(option.default) for option in PROGRAM if option.default is not None}
    settings, cell = WriteVerify(), OneTransistorCell()
    for name in set(WriteVerify.model_fields) & set(defaults):
        assert defaults[name] == getattr(settings, name), name
    for name in ("pulse_width", "set_voltage", "reset_gate"):
        assert defaults[name] == getattr(cell, name), name
    assert defaults["temperature"] == cell.filament.temperature


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tolerance": "0"}, "tolerance"),
        ({"tolerance": "1 V"}, "tolerance"),
        ({"g_min": "200u"}, "g_min"),
        ({"g_max": "1m"}, "g_max: got 0.001 S; a cell of these parameters has 1.009e-06 to"),
        ({"g_min": "0.1u", "tolerance": "0.1u"}, "between them"),
        ({"pulse_width": "1"}, "pulse_width"),
        ({"pulse_width": "1p"}, "pulse_width"),
        ({"gate_largest": "1000"}, "gate_largest"),
        ({"set_voltage": "100"}, "set_voltage"),
        ({"reset_gate": "100"}, "reset_gate"),
        ({"temperature": "1"}, "temperature"),
        ({"temperature": "5000"}, "temperature"),
        ({"cell_spread": "0.5"}, "cell_spread"),
        ({"most_pulses": "1000000000"}, "most_pulses"),
        ({"gate_start": "2"}, "gate_start"),
        ({"most_pulses": "0"}, "most_pulses"),
        ({"pulse_width": "-1n"}, "pulse_width"),
        ({"temperature": "0"}, "temperature"),
        ({"filament": "mine"}, "filament"),
        ({"stuck_on": "2"}, "stuck_on"),
        ({"stuck_on": "0.7", "stuck_off": "0.7"}, "stuck_on"),
        ({"read_noise": "-0.1"}, "read_noise"),
        ({"toleranse": "1u"}, "did you mean tolerance"),
    ],
)
def test_bad_options_are_refused(tmp_path, call, options, words):
    """One line that names the option; no file is left."""
    with pytest.raises(ParameterError, match=words):
        call(SIGNED, **options)
    assert not (tmp_path / "p.npz").exists()


def test_bad_files_are_refused(tmp_path, call):
    """A matrix of zeros, a vector, an output of another kind, a format that there is not."""
    with pytest.raises(ParameterError, match="zeros"):
        call(np.zeros((2, 2)))
    with pytest.raises(ParameterError, match="dimensions"):
        call(np.ones(3))
    with pytest.raises(ParameterError, match="format"):
        call(SIGNED, form="csv")
    with pytest.raises(ParameterError, match="plot"):
        call(SIGNED, plot=tmp_path / "p.txt")
    with pytest.raises(ParameterError, match="output"):
        program(tmp_path / "A.npy", tmp_path / "p.npy", format="json")


def written(count=400):
    """Cells written by the default table, five of them stuck."""
    cell = OneTransistorCell()
    stuck = np.arange(count) < 3, np.arange(count) >= count - 2
    cells = CellArray.erased(calibrate(cell, WriteVerify().gate_largest), count, np.random.default_rng(0), None, stuck)
    target = np.random.default_rng(1).uniform(10e-6, 90e-6, (count // 20, 20))
    return write_verify(cells, target, WriteVerify())


def test_picture_tells_mean_and_sigma():
    """The histogram holds every cell that was written; lines and legend tell their mean and, about it, their sigma."""
    found = written()
    figure, axes = plt.subplots()
    draw_errors(axes, [found], 1e-6)
    assert sum(bar.get_height() for bar in axes.patches if bar.get_height() >= 1) >= 395
    labels = axes.get_legend_handles_labels()[1]
    error = (found.conductance - found.target)[found.status == CellStatus.PROGRAMMED] * 1e6
    mean, sigma = error.mean(), error.std()
    assert "395 cells that were written" in labels
    assert f"mean, {mean:.3g} uS" in labels and f"sigma about it, {sigma:.3g} uS" in labels
    drawn = sorted(line.get_xdata()[0] for line in axes.lines)
    np.testing.assert_allclose(drawn, [mean - sigma, mean, mean + sigma])
    plt.close(figure)


@pytest.mark.parametrize(("suffix", "arrays"), [(".png", 2), (".svg", 1), (".pdf", 1)])
def test_pictures_are_written(tmp_path, suffix, arrays):
    """Pictures of one array and of a pair have the format that the suffix names."""
    begins = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix]
    plot_written([written(60)] * arrays, 1e-6, tmp_path / f"p{suffix}", "title")
    assert (tmp_path / f"p{suffix}").read_bytes().startswith(begins)
