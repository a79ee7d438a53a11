"""Comparison of designs: against runs made directly, closed forms, and designs that are equal."""

import math

import numpy as np
import pytest

from amc_circuits import InvCircuit, ParameterError
from amc_circuits.studies.compare import Design, compare
from amc_circuits.studies.comparison import Comparison, DesignRuns, Run
from amc_circuits.values.matrices import draw_matrix, draw_vector

FAST = {"engine": "exact", "input_voltage": "20m"}
SEEDS = range(4)


def systems(size, seeds, family="spd"):
    """Matrix and right-hand side of each seed, drawn in the order that the documentation states."""
    for seed in seeds:
        generator = np.random.default_rng(seed)
        yield draw_matrix(family, size, size, None, generator), draw_vector(size, generator)


@pytest.fixture(scope="module")
def found():
    """A comparison of three designs, the last two of which are equal."""
    spread = FAST | {"programming_error": "1u", "wire_resistance": 1}
    designs = [Design("a", "inv", FAST), Design("b", "inv", spread), Design("c", "inv", spread)]
    return compare(designs, {"size": 3}, SEEDS)


def test_equal_designs_are_equal(found):
    """Two equal designs have the same metrics to the last bit with every seed, and all ratios are exactly 1."""
    second, third = found.designs[1:]
    assert [run.metrics for run in second.runs] == [run.metrics for run in third.runs]
    same = Comparison(found.designs[1:])
    for metric in same.metrics:
        ratio = same.ratio(1, metric)
        assert (ratio.smallest, ratio.median, ratio.largest, ratio.count) == (1, 1, 1, len(SEEDS))
        np.testing.assert_array_equal(second.values(metric) - third.values(metric), np.zeros(len(SEEDS)))


def test_seeds_draw_matrices_and_cells(found):
    """Seeds differ from each other, in the matrix of a design without spread and in the cells of one with spread."""
    for design in found.designs:
        assert len(set(design.values("relative_error").tolist())) == len(SEEDS)


def test_bands_are_quantiles_of_runs_made_directly(found):
    """Medians and bands are NumPy's quantiles over circuits that are programmed and solved one by one."""
    solutions = [
        InvCircuit.program(
            A, device=_device(), wire_resistance=1.0, seed=seed, engine="exact", input_voltage=0.02
        ).solve(b)
        for seed, (A, b) in zip(SEEDS, systems(3, SEEDS), strict=True)
    ]
    wanted = {
        "settling_time": [one.settling_time for one in solutions],
        "energy": [one.energy.total for one in solutions],
        "energy_amplifiers": [one.energy.amplifiers for one in solutions],
        "energy_array": [one.energy.array for one in solutions],
        "energy_inputs": [one.energy.inputs for one in solutions],
        "relative_error": [one.relative_error for one in solutions],
        "residual": [one.residual for one in solutions],
    }
    first = [
        InvCircuit.program(A, seed=seed, engine="exact", input_voltage=0.02).solve(b).settling_time
        for seed, (A, b) in zip(SEEDS, systems(3, SEEDS), strict=True)
    ]
    for metric, values in wanted.items():
        band = found.spread(1, metric)
        np.testing.assert_allclose([band.q05, band.median, band.q95], np.quantile(values, [0.05, 0.5, 0.95]))
    ratio = found.ratio(1, "settling_time")
    paired = np.quantile(np.array(wanted["settling_time"]) / first, [0.05, 0.5, 0.95])
    np.testing.assert_allclose([ratio.q05, ratio.median, ratio.q95], paired)


def _device():
    from amc_circuits import device_preset

    return device_preset("ideal").replace(programming_error=1e-6)


@pytest.mark.parametrize("engine", ["exact", "ngspice"])
def test_twice_the_bandwidth_halves_the_settling_time(tmp_path, engine):
    """A circuit with one cell and one pole settles after ln(1/tolerance) / (2 pi GBWP (1/A_0 + 1/2))."""
    np.savetxt(tmp_path / "A.csv", [[1.0]])
    np.savetxt(tmp_path / "b.csv", [1.0])
    slow, fast = (
        {"opamp": "single-pole", "gbwp": gbwp, "input_voltage": "20m", "rise_time": "1p"} for gbwp in ("20M", "40M")
    )
    files = {"matrix": str(tmp_path / "A.csv"), "rhs": str(tmp_path / "b.csv")}
    found = compare([Design("slow", "inv", slow), Design("fast", "inv", fast)], files, [0], engine=engine)
    for place, gbwp in enumerate((20e6, 40e6)):
        pole = 2 * math.pi * gbwp * (1e-5 + 0.5)
        assert found.spread(place, "settling_time").median == pytest.approx(math.log(100) / pole, rel=0.01)
    assert found.ratio(1, "settling_time").median == pytest.approx(0.5, rel=0.005)


def test_component_counts_are_metrics():
    """A signed INV circuit of N x N has 2 N op-amps, 2 N^2 cells and 3 N resistors with every seed."""
    signed = FAST | {"pair": "always"}
    found = compare([Design("a", "inv", signed), Design("b", "inv", signed)], {"size": 3}, SEEDS)
    for name, count in (("op_amps", 6), ("cells", 18), ("resistors", 9)):
        np.testing.assert_array_equal(found.designs[0].values(name), np.full(len(SEEDS), count))


def test_results_do_not_depend_on_the_number_of_jobs(found):
    """Two processes give the same metrics as one, in the order of the seeds."""
    designs = [Design(one.name, one.circuit, one.options) for one in found.designs[:2]]
    again = compare(designs, {"size": 3}, SEEDS, jobs=2)
    assert [one.runs for one in again.designs] == [one.runs for one in found.designs[:2]]


def test_unusable_seeds_are_in_no_band_and_no_pair():
    """Bands are over the usable seeds of a design, ratios over the seeds in which both designs are usable."""
    one = [Run(0, "SETTLED", {"settling_time": 1.0}), Run(1, "SATURATED", {"settling_time": 9.0}),
           Run(2, "SETTLED", {"settling_time": 4.0})]  # fmt: skip
    two = [Run(0, "SETTLED", {"settling_time": 3.0}), Run(1, "SETTLED", {"settling_time": 7.0}), Run(2, "FAILED", {})]
    found = Comparison((DesignRuns("1", "inv", {}, tuple(one)), DesignRuns("2", "inv", {}, tuple(two))))
    assert (found.spread(0, "settling_time").median, found.spread(1, "settling_time").median) == (2.5, 5.0)
    assert (found.ratio(1, "settling_time").count, found.ratio(1, "settling_time").median) == (1, 3.0)


def test_a_metric_of_zero_has_no_ratio():
    """A ratio to zero is not defined and left out."""
    runs = [
        DesignRuns(name, "mvm", {}, (Run(0, "SETTLED", {"energy_inputs": value}),))
        for name, value in (("1", 0.0), ("2", 1.0))
    ]
    assert Comparison(tuple(runs)).ratio(1, "energy_inputs").count == 0


def test_circuits_of_one_matrix_can_be_compared():
    """INV and GINV get the same square system: both solve it, each with the components of its own."""
    found = compare([Design("inv", "inv", FAST), Design("ginv", "ginv", FAST)], {"size": 2, "family": "toeplitz"}, [3])
    assert [run.usable for design in found.designs for run in design.runs] == [True, True]
    assert [found.spread(place, "op_amps").median for place in (0, 1)] == [2, 4]
    assert max(found.spread(place, "relative_error").median for place in (0, 1)) < 0.01


@pytest.mark.parametrize(
    ("designs", "problem", "seeds", "words"),
    [
        ([Design("a", "inv")], {"size": 2}, [0], "two designs"),
        ([Design("a", "inv"), Design("b", "inv")], {"size": 2}, [], "seeds"),
        ([Design("a", "inv"), Design("b", "inv")], {"size": 2}, [1, 1], "each once"),
        ([Design("a", "inv"), Design("b", "inv")], {}, [0], "size"),
        ([Design("a", "inv"), Design("b", "inv", {"size": 3})], {"size": 2}, [0], r"common .* \(in design 2\)"),
        ([Design("a", "inv"), Design("b", "inv", {"gbwp": "x"})], {"size": 2}, [0], r"number in Hz.*\(in design 2\)"),
        ([Design("a", "inv"), Design("b", "inv", {"monte_carlo": 9})], {"size": 2}, [0], "no part of a design"),
        ([Design("a", "inv"), Design("b", "ginv", {"ridge": -1})], {"size": 4}, [0], r"ridge: got -1.*\(in design 2\)"),
        ([Design("a", "mvm"), Design("b", "ginv")], {"size": 4, "columns": 2, "family": "uniform"}, [0], "2 entries"),
    ],
)
def test_bad_designs_are_refused(designs, problem, seeds, words):
    """An error names the parameter, the remedy and, if it is that of a design, the number of the design."""
    designs = [Design(one.name, one.circuit, {"engine": "exact", **one.options}) for one in designs]
    with pytest.raises(ParameterError, match=words):
        compare(designs, problem, seeds)


def test_seeds_that_change_nothing_are_reported(tmp_path):
    """With matrix and right-hand side from files and no spread, a warning names the mend; so does it for a drawn b."""
    np.savetxt(tmp_path / "A.csv", [[2.0, 0.5], [0.5, 1.0]])
    np.savetxt(tmp_path / "b.csv", [1.0, 0.5])
    designs = [Design("a", "inv", FAST), Design("b", "inv", FAST | {"gbwp": "50M"})]
    files = {"matrix": str(tmp_path / "A.csv")}
    with pytest.warns(UserWarning, match="all seeds give the same"):
        compare(designs, files | {"rhs": str(tmp_path / "b.csv")}, range(2))
    with pytest.warns(UserWarning, match="b is drawn"):
        found = compare(designs, files, range(2))
    assert len(set(found.designs[0].values("settling_time").tolist())) == 2
