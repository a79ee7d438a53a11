"""An INV with two types of op-amps: the only linear circuits of which the exact engine does not know all limits."""

from dataclasses import replace
from functools import cached_property

from amc_circuits import InvCircuit
from netlists import Circuit, OpAmps, SinglePoleOpAmp

INVERTER = SinglePoleOpAmp(open_loop_gain=1e5, gbwp=100e6)


class MixedInv(InvCircuit):
    """An INV whose amplifiers are as told, and whose inverters are single-pole op-amps."""

    @cached_property
    def circuit(self) -> Circuit:
        """The circuit with other inverters."""
        whole = self.design.circuit
        parts = [replace(part, record=INVERTER) if getattr(part, "name", "") == "inv" else part for part in whole.parts]
        assert sum(isinstance(part, OpAmps) and part.record is INVERTER for part in parts) == 1
        return replace(whole, parts=tuple(parts))
