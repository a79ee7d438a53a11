"""Codes of a converter while the outputs settle."""

import math

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit
from netlists import SinglePoleOpAmp
from tests.cases import spd_matrix, vector

OPAMP = SinglePoleOpAmp(open_loop_gain=1e7, gbwp=100e6)


@pytest.mark.parametrize("engine", ["ngspice", "exact"])
def test_one_equation_gains_a_bit_every_ln_2_time_constants(engine):
    """With equal cell and input conductances half the output is fed back: the pole is w_T/2."""
    solution = InvCircuit.program([[1.0]], opamp=OPAMP, engine=engine).solve([0.7])
    tau = 2 / OPAMP.unity_gain_frequency
    for bits in (4, 6, 8):
        assert solution.time_to_bits(bits) == pytest.approx(bits * math.log(2) * tau, rel=5e-3)


@pytest.mark.parametrize("engine", ["ngspice", "exact"])
@pytest.mark.parametrize("circuit", ["inv", "mvm"])
def test_the_error_ends_as_the_relative_error(circuit, engine):
    """At the end of the slot a converter sees the error of the solution, also where the scale was reduced."""
    matrix = spd_matrix(4, 20, seed=1)
    vectors = np.stack([vector(4, seed) for seed in range(3)], axis=1)
    vectors[:, 1] = 0
    settings = {"engine": engine, "wire_resistance": 20.0, "input_voltage": 0.5}
    if circuit == "inv":
        solution = InvCircuit.program(matrix, **settings).solve(vectors)
        assert len(solution.attempts[0]) > 1
    else:
        solution = MvmCircuit.program(matrix, **settings).matvec(vectors)
    for k in (0, 2):
        error = solution.responses[k].readout_error
        assert error[0] == pytest.approx(1, abs=0.01)
        assert error[-1] == pytest.approx(solution.relative_error[k], rel=1e-9)
    assert solution.relative_error[0] > 1e-3
    assert solution.responses[1] is None and np.isnan(solution.time_to_bits(4)[1])


def test_nothing_is_read_before_it_settles():
    """An unstable circuit that is simulated all the same has no time to any accuracy."""
    solution = InvCircuit.program([[0.2, -1.0], [1.0, 0.2]], force=True).solve([1.0, 1.0])
    assert np.isnan(solution.time_to_bits(1))


def test_the_table_counts_what_never_reaches_an_accuracy(amc, tmp_path):
    """Wires leave every product wrong by more than 6 bits allow; a product of zero is not counted."""
    np.save(tmp_path / "A.npy", np.array([[1.0, 0.0], [0.0, 1.0]]))
    np.save(tmp_path / "x.npy", np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]))
    files = (tmp_path / "A.npy", tmp_path / "x.npy", "--wire-resistance", 100, "--engine", "exact")
    lines = {line.split("│")[1].strip(): line for line in amc("mvm", *files).out.splitlines() if "│" in line}
    assert [cell.strip() for cell in lines["time to 6 bits"].split("│")[2:4]] == ["-", "never: 2 of 2"]
    assert "ns" in lines["time to 4 bits"] and "never" not in lines["time to 4 bits"]
    printed = amc("mvm", *files, "--format", "json").json
    assert printed["time_to_6_bits_s"] == [None, None, None]
    assert [time is None for time in printed["time_to_4_bits_s"]] == [False, True, False]


def test_rows_of_a_sweep_hold_the_times(sweep, amc, tmp_path):
    """`amc table` has a column for each accuracy."""
    assert sweep('circuit = "inv"\n[fixed]\nopamp = "single-pole"\n[grid]\nsize = [2, 3]\n').code == 0
    for row in amc("table", tmp_path / "out", "--format", "json").json:
        assert 0 < row["time_to_4_bits_s"] < row["time_to_6_bits_s"] < row["time_to_8_bits_s"]
