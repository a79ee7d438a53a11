"""Derivatives of circuits with switches and buffers, which no circuit of ours has in one phase."""

from dataclasses import replace

import pytest

from amc_circuits import InvCircuit
from netlists import GROUND, Buffers, Conductors, Switches, preset
from tests.amc_circuits.solvers.sensitivities.slopes import slope, solved
from tests.cases import spd_matrix, vector

OPAMP = preset("cmos-100meg").replace(open_loop_gain=1e3)
MATRIX, VECTOR = spd_matrix(4, 6.0, 2), vector(4, 1)


def with_parts(groups, parts, outputs, opamp=OPAMP):
    """An INV circuit with further groups and parts."""

    class Further(InvCircuit):
        @property
        def circuit(self):
            own = super().circuit
            return replace(own, groups={**own.groups, **groups}, parts=(*own.parts, *parts), outputs=outputs)

    return Further.program(MATRIX, engine="exact", opamp=opamp)


def metric_of(circuit, metric):
    """A metric by the whole path."""
    solution = solved(circuit, VECTOR)
    return solution.settling_time if metric == "settling_time" else solution.energy.total


@pytest.mark.parametrize(("phases", "field"), [(("solve",), "on_resistance"), ((), "off_resistance")])
@pytest.mark.parametrize("metric", ["settling_time", "energy"])
def test_switches_have_the_slopes_of_the_whole_path(metric, phases, field):
    """By the resistance of their state."""
    ohms = {"on_resistance": 1e4, "off_resistance": 3e4}

    def circuit(share):
        return with_parts({}, (Switches("sw", "v", GROUND, phases, **{**ohms, field: ohms[field] * (1 + share)}),), "c")

    found = circuit(0.0).sensitivity(VECTOR, metric)
    changed = slope(lambda share: metric_of(circuit(share), metric)) / found.value
    assert found.shares("sw", field).sum() == pytest.approx(changed, rel=1e-6)


@pytest.mark.parametrize("field", ["output_resistance", "gbwp"])
@pytest.mark.parametrize("metric", ["settling_time", "energy"])
def test_buffers_carry_the_slopes_of_what_they_follow(metric, field):
    """Outputs are buffers of buffers of op-amps with output resistances, which follow their currents at once."""
    parts = (Buffers("b", "c", "x"), Buffers("bb", "x", "y", 1e-3), Conductors("load", "y", "v", 1e-5))

    def circuit(share):
        opamp = OPAMP.replace(**{field: getattr(OPAMP, field) * (1 + share)})
        return with_parts({"x": 4, "y": 4}, parts, "y", opamp)

    found = circuit(0.0).sensitivity(VECTOR, metric)
    changed = slope(lambda share: metric_of(circuit(share), metric)) / found.value
    assert sum(found.shares(part, field).sum() for part in ("amp", "inv")) == pytest.approx(changed, rel=1e-6)
