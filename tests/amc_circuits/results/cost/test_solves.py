"""The whole cost of a solve, and what `amc cost` prints."""

import json

import numpy as np
import pytest
import typer

from amc_circuits.cli.commands.cost import cost as command
from amc_circuits.results.converters import CONVERTER_KINDS, Converters
from amc_circuits.results.cost import Programming
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import ParameterError
from tests.cases import spd_matrix, vector

EIGHT = Converters(dac_bits=8, adc_bits=8, adc_share=2)
FILES = (None, None)
SIZE = 4
UNSTABLE = np.array([[0.2, -1.0], [1.0, 0.2]])
"""Good eigenvalues, but real inverters make it grow."""


@pytest.fixture(scope="module")
def circuit():
    """A small INV circuit with supply pins."""
    return InvCircuit.program(spd_matrix(SIZE, 5, 1), engine="exact")


@pytest.fixture(scope="module")
def solution(circuit):
    """Three right-hand sides of it."""
    return circuit.solve(np.stack([vector(SIZE, seed) for seed in range(3)], axis=1))


def test_parts_sum_to_the_total(circuit, solution):
    """Energy and time of every right-hand side are the sums of their parts."""
    found = circuit.cost(solution, EIGHT, Programming(programming_energy=1e-9, programming_time=1e-6, solves=7))
    energy, time, settling = found.energy, found.time, solution.energy
    parts = energy.dac + energy.adc + energy.programming + settling.amplifiers + settling.array + settling.inputs
    np.testing.assert_allclose(energy.total, parts, rtol=1e-12)
    np.testing.assert_allclose(time.total, time.dac + solution.settling_time + time.adc + time.programming, rtol=1e-12)
    assert energy.total.shape == time.total.shape == (3,)


def test_converters_are_counted_by_line(circuit, solution):
    """A DAC for each input at once, each output converted once, two outputs to an ADC."""
    found = circuit.cost(solution, EIGHT)
    dac, sar = CONVERTER_KINDS["dac"], CONVERTER_KINDS["sar"]
    assert found.energy.dac == pytest.approx(SIZE * dac.energy(8))
    assert found.energy.adc == pytest.approx(SIZE * sar.energy(8))
    assert (found.time.dac, found.time.adc) == (dac.time(8), pytest.approx(2 * sar.time(8)))


def test_an_oblong_mvm_has_a_dac_for_each_column_and_an_adc_for_each_row():
    """Two outputs, three inputs."""
    multiplier = MvmCircuit.program(np.array([[1.0, -0.5, 0.2], [0.3, 0.4, 1.0]]), engine="exact")
    product = multiplier.matvec([1.0, -1.0, 0.5])
    found = multiplier.cost(product, EIGHT)
    assert found.energy.dac == pytest.approx(3 * CONVERTER_KINDS["dac"].energy(8))
    assert found.energy.adc == pytest.approx(2 * CONVERTER_KINDS["sar"].energy(8))
    assert isinstance(found.energy.total, float)


def test_programming_is_shared_by_the_solves(circuit, solution):
    """Twice as many solves bear half of it each; no programming costs nothing and changes nothing else."""
    many, twice = (
        circuit.cost(solution, EIGHT, Programming(programming_energy=3e-9, programming_time=2e-6, solves=solves))
        for solves in (50, 100)
    )
    assert many.energy.programming == 2 * twice.energy.programming == pytest.approx(3e-9 / 50)
    assert many.time.programming == 2 * twice.time.programming == pytest.approx(2e-6 / 50)
    free = circuit.cost(solution, EIGHT)
    assert (free.energy.programming, free.time.programming) == (0.0, 0.0)
    np.testing.assert_allclose(many.energy.total - free.energy.total, 3e-9 / 50, rtol=1e-6)


def test_without_converters_and_programming_the_solution_is_all(circuit, solution):
    """Energy and time are the solution's own, exactly."""
    found = circuit.cost(solution, Converters())
    np.testing.assert_array_equal(found.energy.total, solution.energy.total)
    np.testing.assert_array_equal(found.time.total, solution.settling_time)


def test_without_supply_pins_the_total_is_unknown():
    """Not 0: amplifiers and total are None, the time is known all the same."""
    ideal = InvCircuit.program(np.eye(2), opamp="single-pole", engine="exact")
    found = ideal.cost(ideal.solve([1.0, 0.5]), Converters(dac_bits=8))
    assert found.energy.total is None
    assert found.time.total > 0


def test_where_nothing_settled_there_is_no_figure(circuit):
    """A zero right-hand side among others has no total."""
    zero = circuit.solve(np.stack([vector(SIZE, 1), np.zeros(SIZE)], axis=1))
    found = circuit.cost(zero, EIGHT)
    assert np.isnan(found.energy.total).tolist() == np.isnan(found.time.total).tolist() == [False, True]


@pytest.mark.parametrize("field", ["programming_energy", "programming_time", "solves"])
def test_bad_programming_is_refused(field):
    """A negative figure is an error that names it."""
    with pytest.raises(ParameterError, match=f"{field}: got -1"):
        Programming(**{field: -1})


def test_digital_arithmetic_is_counted():
    """INV: multiply-adds of LU and of both substitutions, summed step by step, for large N; MVM: one for each cell."""
    size = 60
    wide = InvCircuit.program(np.eye(size))
    factors = sum((size - 1 - k) ** 2 for k in range(size))
    substitutions = 2 * sum(range(size))
    assert wide.multiply_adds(1) == pytest.approx(factors + substitutions, rel=0.05)
    assert wide.multiply_adds(10**9) == pytest.approx(size**2, rel=1e-6)
    multiplier = MvmCircuit.program(np.ones((2, 3)))
    assert multiplier.multiply_adds(1) == multiplier.multiply_adds(100) == 6
    found = multiplier.cost(multiplier.matvec(np.ones(3)), Converters())
    assert found.digital_energy == pytest.approx(4.6e-12 * 6)


def options(**given):
    """Typed options of a small problem that takes next to no time."""
    return {"size": "4", "engine": "exact", "seed": "2"} | given


def test_json_is_what_python_finds(capsys):
    """Every figure is that of `cost`, unrounded, and the parts sum to the total."""
    typed = {"dac_bits": "6", "adc_bits": "8", "adc": "isaac", "adc_share": "4", "solves": "10"}
    command(*FILES, jobs="1", format="json", **options(**typed, programming_energy="1n", programming_time="5u"))
    printed = json.loads(capsys.readouterr().out)
    energy, time = printed["energy_j"], printed["time_s"]
    assert list(energy) == ["dac", "amplifiers", "array", "inputs", "adc", "programming", "total"]
    assert list(time) == ["dac", "settling", "adc", "programming", "total"]
    assert energy["dac"] == 4 * CONVERTER_KINDS["dac"].energy(6)
    assert (energy["adc"], time["adc"]) == (4 * 1.5625e-12, 4 / 1.28e9)
    assert (energy["programming"], time["programming"]) == (pytest.approx(1e-10), pytest.approx(5e-7))
    for parts in (energy, time):
        assert sum(value for name, value in parts.items() if name != "total") == pytest.approx(parts["total"])
    assert (printed["dac_bits"], printed["adc_bits"], printed["adc_range_v"]) == (6, 8, pytest.approx(0.72))
    assert printed["digital_energy_j"] == pytest.approx(4.6e-12 * (4**3 / 3 / 10 + 16))


def test_table_has_every_part(capsys):
    """With units, shares, and the number of solves that programming is spread over."""
    command(
        *FILES, jobs="1", format="table", **options(dac_bits="8", adc_bits="8", solves="100", programming_energy="1n")
    )
    text = capsys.readouterr().out
    for words in ("INV 4 x 4: SETTLED", "DAC, 8 bits", "ADC sar, 8 bits", "programming / 100", "10 pJ", "100 %"):
        assert words in text


def test_files_with_several_right_hand_sides(capsys, tmp_path):
    """JSON has a list, the table a mean of those that settled."""
    files = tmp_path / "A.npy", tmp_path / "b.npy"
    for path, array in zip(files, (spd_matrix(3, 5, 1), np.array([[1.0, 0.0], [0.5, 0.0], [0.2, 0.0]])), strict=True):
        np.save(path, array)
    command(*files, jobs="1", format="json", **{"engine": "exact", "dac_bits": "8"})
    total = json.loads(capsys.readouterr().out)["energy_j"]["total"]
    assert total[0] > 0 and total[1] is None
    command(*files, jobs="1", format="table", **{"engine": "exact", "dac_bits": "8"})
    assert "means of 1" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["json", "table"])
def test_an_unusable_solve_has_exit_code_3(capsys, tmp_path, form):
    """Unknown metrics are null or a dash, and one line gives the reason."""
    files = tmp_path / "A.npy", tmp_path / "b.npy"
    for path, array in zip(files, (UNSTABLE, np.ones(2)), strict=True):
        np.save(path, array)
    with pytest.raises(typer.Exit) as caught:
        command(*files, jobs="1", format=form, **{"dac_bits": "8"})
    assert caught.value.exit_code == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("amc: UNSTABLE: ") and captured.err.count("\n") == 1
    if form == "json":
        printed = json.loads(captured.out)
        assert printed["energy_j"]["total"] is None and printed["time_s"]["total"] is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"adc_bits": "13"}, "adc_bits: got 13"),
        ({"adc_bits": "7", "adc": "isaac"}, "adc_bits: got 7; must be 8"),
        ({"dac_bits": "1"}, "dac_bits: got '1'"),
        ({"adc": "x"}, "adc: got 'x'; must be one of sar, isaac"),
        ({"adc_range": "0"}, "adc_range: got 0"),
        ({"adc_share": "0"}, "adc_share: got '0'"),
        ({"solves": "0"}, "solves: got '0'"),
        ({"programming_energy": "-1"}, "programming_energy: got -1.0"),
        ({"adc_bits": "8", "opamp": "single-pole"}, "adc_range: got nothing"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(capsys, given, words):
    """One error that names the option; nothing is printed."""
    with pytest.raises(ParameterError) as caught:
        command(*FILES, jobs="1", format="table", **options(**given))
    assert words in str(caught.value)
    assert capsys.readouterr().out == ""
