"""Full scale of responses, by which the errors of steps are judged."""

import numpy as np
import pytest

from amc_circuits import MvmCircuit
from amc_circuits.engines.exact.nonlinear.circuit import LEAST_OUTPUT, NonlinearCircuit


@pytest.mark.parametrize("entry", [1.0, 0.25, 0.01])
def test_full_scale_is_the_largest_output_but_never_far_below_the_inputs(entry):
    """A multiplication whose largest entry drives its output to 5/6 of the input: others have their part of it."""
    circuit = MvmCircuit.program(np.diag([1.0, entry]), engine="exact", input_voltage=0.4, fixed_scale=True)
    job = circuit.job(np.array([[0.4, 0.0], [0.0, 0.4]]))
    scale = NonlinearCircuit(job.circuit).scale(job.drive.levels)
    largest = np.abs(circuit.linear.steady(circuit.linear.outputs, job.drive.levels)).max(axis=0)
    np.testing.assert_allclose(largest[1] / largest[0], entry, rtol=1e-3)
    np.testing.assert_allclose(scale, np.maximum(largest, LEAST_OUTPUT * 0.4), rtol=1e-6)
