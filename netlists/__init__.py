"""Description of circuits: parameter records in, PySpice circuits out. Units: V, S, s. Runs no simulation."""

from typing import TYPE_CHECKING, Any

from netlists.analyses import Transient, analysis_lines, operating_point_lines
from netlists.arrays.array import Array
from netlists.arrays.currents import array_currents
from netlists.arrays.interconnect import Interconnect
from netlists.arrays.mesh import ArrayState, array_state
from netlists.arrays.reduction import ReducedArray, reduce_array
from netlists.circuit import Circuit
from netlists.circuits.inv import InvDesign, inv, inv_circuit
from netlists.circuits.mvm import MvmDesign, mvm, mvm_circuit
from netlists.deck import input_sources, spice_circuit
from netlists.driving import Kick, Phase, Source
from netlists.opamps.presets import PRESETS, opamp_names, preset
from netlists.opamps.records import MacroOpAmp, OpAmp, SinglePoleOpAmp, SubcircuitOpAmp
from netlists.parts import (
    GROUND,
    Buffers,
    Capacitors,
    ClippingOpAmps,
    Conductors,
    Hold,
    Limiter,
    OpAmps,
    Part,
    Switches,
)
from netlists.phases import PhaseTrain, expanded, in_phase, phase_train
from netlists.record import ParameterError, Record
from netlists.side_by_side import side_by_side, vector_beside
from netlists.sources import Constant, StepTrain
from netlists.temperature import NOMINAL_TEMPERATURE

__all__ = [
    "GROUND",
    "NOMINAL_TEMPERATURE",
    "PRESETS",
    "Array",
    "ArrayState",
    "Buffers",
    "Capacitors",
    "Circuit",
    "ClippingOpAmps",
    "Conductors",
    "Constant",
    "Hold",
    "Interconnect",
    "InvDesign",
    "Kick",
    "Limiter",
    "MacroOpAmp",
    "MvmDesign",
    "OpAmp",
    "OpAmps",
    "ParameterError",
    "Part",
    "Phase",
    "PhaseTrain",
    "Record",
    "ReducedArray",
    "SinglePoleOpAmp",
    "Source",
    "StepTrain",
    "SubcircuitOpAmp",
    "Switches",
    "Transient",
    "analysis_lines",
    "array_currents",
    "array_state",
    "expanded",
    "in_phase",
    "input_sources",
    "inv",
    "inv_circuit",
    "mvm",
    "mvm_circuit",
    "opamp_names",
    "operating_point_lines",
    "phase_train",
    "preset",
    "reduce_array",
    "side_by_side",
    "spice_circuit",
    "vector_beside",
]

if TYPE_CHECKING:
    __version__: str


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


if not TYPE_CHECKING:  # a type checker reports names that do not exist

    def __getattr__(name: str) -> Any:
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import PackageNotFoundError, version  # here, for few need it

        try:
            return version("amc")
        except PackageNotFoundError:  # it runs from a plain folder
            return "unknown"
