"""Trials whose circuits are read together: those of circuits that are read alone, and the same in any company."""

import numpy as np
import pytest

from amc_circuits.engines.exact.engine import ExactEngine
from amc_circuits.engines.exact.linear_range import CLOSED_FORM
from amc_circuits.studies.batch import stacked_trials
from amc_circuits.studies.monte_carlo import run_chunk
from amc_circuits.studies.trial import Analyses, trial_of
from tests.amc_circuits.random_circuits import study
from tests.cases import spd_matrix, vector

PLAIN = {"opamp": "single-pole", "offset_spread": "0", "monte_carlo": 12}
"""Op-amps without limits and offsets."""


MACRO = PLAIN | {"opamp": "cmos-100meg", "input_voltage": "50m"}
"""Op-amps whose limits bend every waveform, and clamp none."""
OFFSETS = MACRO | {"offset_spread": "1m"}


def files(folder, matrix, right):
    """The options that name files of a matrix and its right-hand sides."""
    np.save(folder / "A.npy", matrix)
    np.save(folder / "b.npy", right)
    return {"size": None, "matrix": str(folder / "A.npy"), "rhs": str(folder / "b.npy")}


def alone(given, number):
    """A trial whose circuit is built and read by itself."""
    return trial_of(given.circuit(number), given.problem.vector, number, Analyses())


def stacked(given, numbers):
    """Trials that are read together."""
    return stacked_trials(given.circuit(numbers[0]), given.problem.vector, numbers)


def exact(trials):
    """All digits of trials; a nan is equal to another."""
    return [repr((trial.number, trial.status, trial.design_sha256, sorted(trial.figures.items()))) for trial in trials]


SMALL = ("settling_time", "energy", "peak_output_current")
"""Metrics that are small numbers in SI units."""


def assert_same(trial, other, crest=1e-4, within=1e-9):
    """The same circuit with the same figures: to a part, but the crests of peaks to `crest`."""
    assert (trial.number, trial.status, trial.design_sha256) == (other.number, other.status, other.design_sha256)
    assert list(trial.figures) == list(other.figures)
    for name, value in trial.figures.items():
        part = crest if name == "peak_output_current" else within
        least = 0.0 if name in SMALL else part * 1e-3
        np.testing.assert_allclose(value, other.figures[name], part, least, err_msg=name)


VARIANTS = {
    "signed": ("inv", {}),
    "wires": ("inv", {"wire_resistance": "2", "size": 6}),
    "wires at both ends": ("inv", {"wire_resistance": "2", "contacts": "both"}),
    "converters": ("inv", {"dac_bits": 6, "adc_bits": 8, "adc_range": "2"}),
    "scaled": ("inv", {"scaling": "diagonal"}),
    "slow edge": ("inv", {"rise_time": "20n"}),
    "coarse": ("inv", {"tolerance": "0.3"}),
    "all effects": (
        "inv",
        {"levels": 64, "stuck_on": "0.01", "drift_exponent": "0.02", "drift_time": "10", "read_noise": "0.01"},
    ),
    "product": ("mvm", {}),
    "product with wires": ("mvm", {"wire_resistance": "2", "columns": 6, "family": "random"}),
    "offsets": ("inv", {"offset_spread": "1m"}),
    "product with offsets": ("mvm", {"offset_spread": "1m"}),
    "least squares": ("ginv", {"family": "random", "size": 5, "columns": 3, "offset_spread": "1m", "ridge": "0.1"}),
    "line capacitance": ("inv", {"line_capacitance": "1f", "offset_spread": "1m"}),
    "lines with capacitance": ("inv", {"wire_resistance": "20", "line_capacitance": "5f"}),
    "product through capacitances": ("mvm", {"wire_resistance": "20", "line_capacitance": "5f", "contacts": "both"}),
    "least squares with lumped lines": (
        "ginv",
        {"size": 5, "columns": 3, "family": "random", "wire_resistance": "20", "line_capacitance": "5f"}
        | {"line_model": "lumped"},
    ),
}


@pytest.mark.parametrize("kind, options", VARIANTS.values(), ids=VARIANTS)
def test_a_stacked_trial_is_that_of_its_circuit_alone(kind, options):
    """Most trials are stacked, and all figures are those of circuits that are built and read by themselves."""
    given = study(kind, **PLAIN | options)
    found = stacked(given, range(12))
    assert len(found) > 8
    for number, trial in found.items():
        assert_same(trial, alone(given, number), crest=1e-7)


def test_circuits_that_wait_longer_are_stacked():
    """Trials that are at rest in a slot of twice the length only have the figures of those that wait alone."""
    given = study(**PLAIN | {"tolerance": "1u", "seed": 6})
    found, question = stacked(given, range(12)), given.circuit(0).question(given.problem.vector)
    solved = {number: given.circuit(number).answer(question).attempts for number in range(12)}
    waiting = [number for number, attempts in solved.items() if len(attempts[0]) > 1]
    assert 0 < len(waiting) < 12 and found.keys() >= set(waiting)
    for number in waiting:
        assert_same(found[number], alone(given, number), crest=1e-7)
        assert exact(stacked(given, [number]).values()) == exact([found[number]])


MACRO_VARIANTS = {
    "signed": ("inv", {"size": 6}),
    "wires": ("inv", {"wire_resistance": "2"}),
    "converters": ("inv", {"dac_bits": 6, "adc_bits": 8, "adc_range": "0.8"}),
    "second pole": ("inv", {"second_pole": "400M"}),
    "common mode": ("inv", {"cmrr": "1000"}),
    "slow edge": ("inv", {"rise_time": "20n"}),
    "fast slewing": ("inv", {"slew_rate": "400M"}),
    "offsets": ("inv", {"offset_spread": "2m", "input_offset": "1m"}),
    "compensated": ("inv", {"topology": "compensated", "offset_spread": "1m", "cmrr": "500"}),
    "product": ("mvm", {"offset_spread": "1m"}),
    "product with wires": ("mvm", {"wire_resistance": "2", "columns": 6, "family": "random"}),
    "least squares": ("ginv", {"family": "random", "size": 6, "columns": 4}),
    "line capacitance": ("inv", {"line_capacitance": "1f"}),
    "lines with capacitance": ("inv", {"wire_resistance": "20", "line_capacitance": "5f", "offset_spread": "1m"}),
    "product through capacitances": ("mvm", {"wire_resistance": "20", "line_capacitance": "20f"}),
    "least squares with lumped lines": (
        "ginv",
        {"size": 5, "columns": 3, "family": "random", "wire_resistance": "20", "line_capacitance": "5f"}
        | {"line_model": "lumped"},
    ),
    "common-mode range": ("inv", {"topology": "compensated", "common_mode_range": "0.5"}),
    "coupled inputs": ("inv", {"input_coupling": "20f"}),
    "compensated with coupled inputs": (
        "inv",
        {"topology": "compensated", "input_coupling": "20f", "line_capacitance": "1f"},
    ),
    "panels that grow": ("ginv", {"family": "random", "size": 6, "columns": 3, "input_voltage": "20m"}),
    "least norm": ("ginv", {"family": "random", "columns": 6, "topology": "compensated", "offset_spread": "1m"}),
}


@pytest.mark.parametrize("kind, options", MACRO_VARIANTS.values(), ids=MACRO_VARIANTS)
def test_a_stacked_trial_of_macro_op_amps_is_that_of_its_circuit_alone(kind, options):
    """All trials are stacked, and their figures, energies too, are those of circuits that are read by themselves.

    So are those in the linear range, to 1e-7. Of these one with offsets is not at rest in the first slot.
    """
    for inputs, count, least, within in ({}, 5, 5, 1e-9), ({"input_voltage": "3m"}, 3, 2, 1e-7):
        given = study(kind, **MACRO | options | inputs)
        found = stacked(given, range(count))
        assert len(found) >= least
        for number, trial in found.items():
            assert_same(trial, alone(given, number), within=within)


def test_circuits_in_and_beyond_the_linear_range_are_stacked_together():
    """Some are read as linear circuits, others are integrated: no bit of either depends on the others."""
    given = study(**MACRO | {"input_voltage": "4.1m", "programming_error": "5u", "monte_carlo": 10})
    found, engine, losses = stacked(given, range(10)), ExactEngine(limits=False), []
    assert list(found) == list(range(10))
    for number, trial in found.items():
        circuit = given.circuit(number)
        job = circuit.job(given.problem.vector[:, None])
        losses.append(engine.read(engine.init(circuit.circuit), [job], 0.01)[0][0].loss)
        assert_same(trial, alone(given, number), within=1e-7)
        assert exact(stacked(given, [number]).values()) == exact([trial])
    assert min(losses) < 0.8 * CLOSED_FORM and max(losses) > 1.2 * CLOSED_FORM


RINGING = np.array([[0.35, -1.0, 0], [1.0, 0.35, 0], [0, 0, 1.15]])
"""Circuits around it are stable or not by chance."""
MIXED = {
    "clamped": {"input_voltage": "85m"},
    "beyond the common mode": {"topology": "compensated", "common_mode_range": "34m"},
    "unstable": {},
}
LEFT = {"unstable": "UNSTABLE", "beyond the common mode": "SATURATED"}
"""Status of circuits that are left, where it is another than `SETTLED`."""


@pytest.mark.parametrize("case", MIXED)
def test_of_a_mixed_batch_some_are_stacked(tmp_path, case):
    """Circuits with clamps, beyond a limit or unstable are read alone, unnoticed by others."""
    ringing = {"programming_error": "5u", "input_voltage": "20m", **files(tmp_path, RINGING, vector(3, 1))}
    given = study(**MACRO | {"monte_carlo": 10} | (MIXED[case] or ringing))
    found, trials = stacked(given, range(10)), given.run(1)
    left = [trial for trial in trials if trial.number not in found]
    assert 0 < len(left) < 10
    assert {trial.status for trial in left} >= {LEFT.get(case, "SETTLED")}
    assert exact(left) == exact(alone(given, trial.number) for trial in left)
    for number, trial in found.items():
        # Crests of a ring are looked for at 16 places of each panel, which are cut where steps end.
        assert_same(trial, alone(given, number), crest=1e-3 if case == "unstable" else 1e-4)
        assert exact(stacked(given, [number]).values()) == exact([trial]) == exact([trials[number]])


def test_circuits_without_a_resting_point_are_read_alone():
    """Offsets of 1 V at condition 1000 ask for hundreds of volts at rest: no step of the stack is taken."""
    given = study(**MACRO | {"size": 2, "condition": "1000", "offset_spread": "1", "monte_carlo": 3})
    assert stacked(given, range(3)) == {}
    assert exact(given.run(1)) == exact(alone(given, number) for number in range(3))


MATRICES = {
    "one array": np.abs(spd_matrix(5, 4, 1)) + np.eye(5),
    "complex": spd_matrix(3, 4, 1) + 0.2j * spd_matrix(3, 2, 2),
}


@pytest.mark.parametrize("opamps, within", [(PLAIN, 1e-9), (MACRO, 1e-5), (MACRO | {"input_voltage": "3m"}, 1e-7)])
@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_several_right_hand_sides_are_stacked(tmp_path, matrix, opamps, within):
    """Three columns, real or complex with a complex matrix: the worst of each figure, as of the circuit alone.

    Alone it integrates all columns in the same steps, whose error is below 1e-5.
    """
    right = np.column_stack([vector(len(matrix), seed) for seed in range(3)]) * (1 + 0.5j * np.iscomplexobj(matrix))
    given = study(**opamps | files(tmp_path, matrix, right))
    found = stacked(given, range(6))
    assert list(found) == list(range(6))
    for number, trial in found.items():
        assert_same(trial, alone(given, number), within=within)
    assert exact(stacked(given, [4]).values()) == exact([found[4]])


WIRED = {"wire_resistance": "2", "line_capacitance": "1f"}


@pytest.mark.parametrize(
    "kind, options",
    [
        ("inv", PLAIN),
        ("mvm", PLAIN),
        ("inv", MACRO),
        ("mvm", OFFSETS),
        ("inv", MACRO | {"input_voltage": "4.1m", "programming_error": "3u"}),
        ("inv", PLAIN | WIRED),
        ("mvm", OFFSETS | WIRED),
    ],
)
def test_the_company_of_a_stack_changes_no_bit(kind, options):
    """Alone, in any order, among few or many, in one process or in two: equal records."""
    given = study(kind, **options | {"monte_carlo": 40, "size": 5})
    among = stacked(given, range(40))
    assert len(among) == 40
    some = np.random.default_rng(0).permutation(40)[:7].tolist()
    assert exact(stacked(given, some).values()) == exact(among[number] for number in some)
    for number in some:
        assert exact(stacked(given, [number]).values()) == exact([among[number]])
    assert exact(given.run(1)) == exact(given.run(2)) == exact(among.values())


def test_unstable_circuits_are_left_out(tmp_path):
    """Of circuits at the edge some are unstable: these say so alone, and the others do not notice."""
    matrix = np.array([[0.2, -1.0, 0], [1.0, 0.2, 0], [0, 0, 1.0]])
    options = PLAIN | {"programming_error": "5u", "monte_carlo": 30}
    given = study(**options | files(tmp_path, matrix + 0.02 * np.eye(3), vector(3, 1)))
    found, trials = stacked(given, range(30)), given.run(1)
    left = [trial for trial in trials if trial.number not in found]
    assert 0 < len(left) < 30
    assert exact(left) == exact(alone(given, trial.number) for trial in left)
    assert all(trial.status == "UNSTABLE" and trial.error for trial in left)
    for number, trial in found.items():
        assert exact(run_chunk(given, range(number, number + 1))) == exact([trial])


def test_outputs_beyond_the_adcs_are_left_out():
    """A trial with an output beyond the range of the ADCs is no plain one."""
    given = study(**PLAIN | {"adc_bits": 8, "adc_range": "0.05"})
    assert {trial.status for trial in given.run(1) if trial.number not in stacked(given, range(12))} == {"CLIPPED"}


def test_the_engine_auto_stacks_the_same_trials_and_has_a_sample_checked():
    """Figures are those of the exact engine bit for bit; which trials ngspice checks does not depend on the others."""
    options = MACRO | {"monte_carlo": 12, "engine": "auto", "cross_check": "0.2"}
    auto, plain = study(**options).run(1), study(**MACRO).run(1)
    checked = [trial.number for trial in auto if trial.cross_checked]
    assert 0 < len(checked) < 12
    assert exact(auto) == exact(plain)
    assert all(trial.deck_sha256 and 0 < trial.largest_difference < 0.01 for trial in auto if trial.cross_checked)
    few = study(**options | {"trial": checked[-1], "monte_carlo": 12 - checked[-1]}).run(2)
    assert few == auto[checked[-1] :]


@pytest.mark.parametrize("options", [PLAIN, OFFSETS, OFFSETS | {"line_capacitance": "1f"}])
def test_of_every_study_of_the_engine_auto_a_trial_is_checked(options):
    """Chance has chosen none, so ngspice checks the first usable one; a sample of no size has no check."""
    few = options | {"monte_carlo": 3, "engine": "auto", "cross_check": "1e-9"}
    trials = study(**few).run(1)
    assert [trial.cross_checked for trial in trials] == [1, 0, 0]
    assert trials[0].deck_sha256 and 0 < trials[0].largest_difference < 0.01
    unchecked = study(**few | {"cross_check": "0"}).run(1)
    assert exact(unchecked) == exact(trials)
    assert not any(trial.cross_checked or trial.deck_sha256 for trial in unchecked)


@pytest.mark.parametrize("options", [{"common_mode_range": "0.5"}, {"nonlinearity_voltage": "0.3", "engine": "auto"}])
def test_circuits_with_other_states_or_readings_are_not_stacked(options):
    """Nothing is stacked where single-pole op-amps have a common-mode range, or cells are not linear."""
    assert stacked(study(**PLAIN | options), range(4)) == {}
