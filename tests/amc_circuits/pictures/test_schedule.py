"""Pictures of schedules: what each phase connects, and its waveforms."""

import numpy as np
import pytest

from amc_circuits import make_schedule, run_schedule
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.pictures.circuit.diagram import draw_circuit
from amc_circuits.pictures.circuit.schedule import plot_schedule, shorted
from netlists import Array, OpAmps, ParameterError
from tests.amc_circuits.pictures.drawn import overlaps
from tests.comparators import assert_close

SIGNED, POSITIVE = np.array([[1.0, -0.4], [0.3, 0.8]]), np.array([[1.0, 0.4], [0.3, 0.8]])
WORDS = [0.6, -1.0]


def ran(matrix, modes, **more):
    """A schedule with one array, each phase but the first with what the first has left, by the exact engine."""
    phases = [
        {"name": f"phase-{mode}", "mode": mode, "array": "a"}
        | ({} if mode == "egv" else {"inputs": WORDS if not k else f"phase-{modes[0]}"})
        for k, mode in enumerate(modes)
    ]
    content = {"arrays": [{"name": "a", "matrix": matrix.tolist()}], "phases": phases} | more
    return run_schedule(make_schedule(content), "exact")


@pytest.fixture(scope="module")
def solutions():
    """A pair of arrays, and one array with its second one."""
    return [ran(SIGNED, ["mvm", "inv"]), ran(POSITIVE, ["mvm", "ginv", "egv"])]


def test_what_a_phase_connects_is_its_circuit(solutions):
    """The amplifiers and arrays of the mode alone, and its equation at rest; nothing hangs loose or overlaps."""
    wanted = {"mvm": (2, 2), "inv": (2, 2), "ginv": (2, 2), "egv": (2, 1)}
    for solution in solutions:
        for phase, planned in zip(solution.phases, solution.plan.phases, strict=True):
            drawn = shorted(solution.circuit, solution.plan.phase(phase.name))
            bank, arrays = wanted[phase.mode]
            single = phase.mode == "mvm" and solution is solutions[1]
            assert (len(drawn.of(OpAmps)), len(drawn.of(Array))) == ((1, 1) if single else (bank, arrays))
            assert overlaps(draw_circuit(drawn)) == []
            if phase.mode != "egv":
                driven = planned.words if planned.words is not None else solution.phase(planned.own.held).outputs
                linear = linear_circuit(drawn)
                found = linear.steady(linear.outputs, driven[:, None])[:, 0]
                assert_close(found, phase.outputs, absolute=0.02 * np.abs(found).max())


def test_a_picture_is_written(solutions, tmp_path):
    """With every phase by its name and status, and where the holds keep what they took."""
    path = tmp_path / "schedule.svg"
    plot_schedule(solutions[0], path)
    text = path.read_text()
    for word in ("phase-mvm", "phase-inv", "SETTLED", "held", "time in the phase"):
        assert word in text


def test_without_a_waveform_there_is_no_picture(tmp_path):
    """An unstable phase: nothing was simulated, and no file is written."""
    with pytest.raises(ParameterError, match="nothing was simulated"):
        plot_schedule(ran(-SIGNED, ["mvm", "inv"]), tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
