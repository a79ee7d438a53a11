"""What limits would take from the linear responses of a stack: that of the same circuits alone."""

import numpy as np
import pytest

from amc_circuits.engines.exact.engine import ExactEngine
from amc_circuits.engines.exact.stack.integrator import integrated
from amc_circuits.engines.exact.stack.panels import panels_of
from amc_circuits.engines.exact.stack.samples import Sampler
from amc_circuits.engines.exact.stack.system import StackedSystem
from amc_circuits.linear.stacks import StackedModes, injected_stack
from netlists import Array
from tests.amc_circuits.random_circuits import study

RISE = 1e-9
DECIDING = {
    "slewing": {"input_voltage": "4m"},
    "current": {"input_voltage": "4m", "output_current_limit": "30u", "slew_rate": "100G"},
    "clamp": {"input_voltage": "4m", "output_swing": "0.1", "slew_rate": "100G"},
    "passed": {"input_voltage": "50m", "slew_rate": "1M"},
}


@pytest.mark.parametrize("options", DECIDING.values(), ids=DECIDING)
def test_the_loss_of_a_linear_response_is_that_of_the_circuit_alone(options):
    """From samples of a stack, and from those of the circuit's own engine."""
    given = study("inv", opamp="cmos-100meg", offset_spread="0", monte_carlo=2, rise_time=f"{RISE}", **options)
    circuit = given.circuit(0)
    job, engine = circuit.job(given.problem.vector[:, None]), ExactEngine(limits=False, largest_loss=np.inf)
    wanted = engine.read(engine.init(circuit.circuit), [job], 0.01)[0][0]
    cells = {part.name: part.conductance[None] for part in circuit.circuit.of(Array)}
    stack = injected_stack(circuit.circuit, cells, {})
    modes = StackedModes.of(stack.linear.state)
    system = StackedSystem(circuit.circuit, stack, modes, job.drive.levels[:, 0])
    stop = np.full(1, job.drive.slot_time)
    course = integrated(system, stop, RISE, np.ones(1), np.ones(1, dtype=np.bool_))
    found = Sampler(system, course, panels_of(course, system.poles, RISE, stop), RISE).of(0)
    full = np.abs(found.outputs[-1]).max()
    np.testing.assert_allclose(found.loss / full, wanted.loss, 1e-6)
