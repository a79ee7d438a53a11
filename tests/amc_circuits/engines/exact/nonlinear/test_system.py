"""Real modal coordinates of the linear part."""

import numpy as np
from scipy.linalg import expm

from amc_circuits import InvCircuit
from amc_circuits.engines.exact.nonlinear.circuit import NonlinearCircuit
from tests.comparators import assert_close

SIGNED = np.array([[1.0, -0.4, 0.1], [0.3, 0.8, -0.2], [0.0, 0.5, 0.9]])
LEVELS = np.array([[0.1, 0.0], [-0.05, 0.02], [0.03, 0.2]])


def test_steps_of_linear_responses_are_those_of_the_state_matrix():
    """Outputs after a step by the matrix exponential: `read (1 - exp(A t)) x + feed u` with `A x = -B u`."""
    circuit = InvCircuit.program(SIGNED, engine="exact")
    linear, beyond = circuit.linear, NonlinearCircuit(circuit.circuit)
    system, time = beyond.system, np.array([1e-10, 2e-9, 3e-8])
    assert 0 < system.real < len(linear.state)  # real modes and pairs
    state, rows = system.step_response(LEVELS, time), linear.nodes["c"]
    final = np.linalg.solve(linear.state, -linear.drive @ LEVELS)
    for k, one in enumerate(time):
        wanted = linear.read[rows] @ (final - expm(linear.state * one) @ final) + linear.feed[rows] @ LEVELS
        assert_close(beyond.outputs.modal @ state[:, k] + beyond.outputs.feed @ LEVELS, wanted, absolute=1e-9)


def test_small_inputs_are_left_to_the_closed_form_and_large_ones_are_not():
    """Slewing is what tanh bends: at a thousandth of the inputs it takes a millionth part."""
    beyond = {}
    for volts in (1e-4, 0.3):
        circuit = InvCircuit.program(SIGNED, engine="exact", input_voltage=volts, fixed_scale=True)
        drive = circuit.job(LEVELS).drive
        beyond[volts] = NonlinearCircuit(circuit.circuit).surely_beyond(drive, 2e-5)
    assert beyond == {1e-4: False, 0.3: True}
