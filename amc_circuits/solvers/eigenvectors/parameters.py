"""Parameters of the EGV circuit, and those of other circuits that it has no use for."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import model_validator

from amc_circuits.results.converters import Converters
from amc_circuits.solvers.eigenvectors.spectrum import is_hermitian
from amc_circuits.solvers.fields import Fields
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.topologies import Topology
from amc_circuits.values.checks import Numbers
from netlists import MacroOpAmp, ParameterError, Record
from netlists.circuits.egv import KICK_VOLTAGE, KickDuration, KickVoltage
from netlists.circuits.inv import INVERTER_RESISTANCE, InverterResistance
from netlists.record import about

NO_INPUT = "the circuit has no right-hand side"
NO_REST = "the circuit grows and has no rest"
MEANINGLESS = {
    "rhs": NO_INPUT,
    "rhs_name": NO_INPUT,
    "input_voltage": NO_INPUT,
    "fixed_scale": NO_INPUT,
    "start": NO_INPUT,
    "dac_bits": NO_INPUT,
    "tolerance": "the outputs are read at half of the swing and do not settle",
    "scaling": "a scaled matrix has other eigenvectors",
    "budget": NO_REST,
}
"""Options of other circuits without a meaning here, each with the reason."""


class EgvParameters(Record):
    """Parameters of the EGV circuit."""

    eigenvector: Annotated[
        Literal["dominant", "smallest"], about("Eigenvector that grows, by its eigenvalue (dominant: the largest one)")
    ] = "dominant"
    deflations: Annotated[
        int, about("Eigenvectors that are removed from A before, each as the circuit reads it", ge=0)
    ] = 0
    eigenvalue: Annotated[
        float | Literal["computed", "auto"],
        about("Its eigenvalue in units of A (computed: from the cells; auto: from a first reading of the circuit)"),
    ] = "computed"
    margin: Annotated[
        float, about("Distance of the feedback's lambda from this eigenvalue, in units of it", ge=0, lt=1)
    ] = 0.05
    kick: KickVoltage = KICK_VOLTAGE
    kick_duration: Annotated[KickDuration | None, about("Duration of this pulse instead of 1/GBWP", "s")] = None
    inverter_resistance: InverterResistance = INVERTER_RESISTANCE
    topology: Topology = "paired"

    @model_validator(mode="after")
    def _pulse_acts(self) -> Self:
        if self.kick == 0 and self.kick_duration is not None:
            raise ParameterError("kick_duration", self.kick_duration, "has no effect without a kick; leave it out")
        if self.topology == "compensated" and self.inverter_resistance != INVERTER_RESISTANCE:
            mend = "has no effect with topology = compensated, which has no inverters; leave it out"
            raise ParameterError("inverter_resistance", self.inverter_resistance, mend)
        return self


class EgvFields(Fields, total=False):
    """Keywords of `EgvCircuit.program`; their meaning is in the docstrings of the records."""

    eigenvector: Literal["dominant", "smallest"]
    deflations: int
    eigenvalue: float | Literal["computed", "auto"]
    margin: float
    kick: float
    kick_duration: float | None
    inverter_resistance: float
    topology: Literal["paired", "compensated"]


def check_converters(converters: Converters | None) -> None:
    """Refuse DACs, which have no meaning here.

    Raises:
        ParameterError: There are some.
    """
    if converters is not None and converters.dac_bits is not None:
        raise ParameterError("dac_bits", converters.dac_bits, f"has no meaning here: {NO_INPUT}; leave it out")


def check_started(parameters: EgvParameters, hardware: Hardware) -> None:
    """Refuse a circuit that nothing starts.

    Raises:
        ParameterError: It has neither a pulse nor offsets.
    """
    opamp = hardware.opamp_in_use.equivalent
    offset = isinstance(opamp, MacroOpAmp) and opamp.input_offset != 0
    if parameters.kick == 0 and hardware.offset_spread == 0 and not offset:
        raise ParameterError("kick", 0.0, "nothing starts the circuit; give a kick, input_offset or offset_spread")


def check_deflations(count: int, matrix: Numbers, stored: bool) -> None:
    """Refuse deflations that are not possible.

    Args:
        count: Number of deflations.
        matrix: A, shape (N, N).
        stored: True if the conductances are given.

    Raises:
        ParameterError: A is not Hermitian, the conductances are given, or there are too many.
    """
    if count and (stored or not is_hermitian(matrix)):
        mend = "needs a symmetric or Hermitian A that is programmed anew: no other matrix and no given conductances"
        raise ParameterError("deflations", count, mend)
    if count >= len(matrix):
        raise ParameterError("deflations", count, f"must be below {len(matrix)}, the number of rows")
