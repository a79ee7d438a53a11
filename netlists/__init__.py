"""Description of circuits: parameter records in, PySpice circuits out. Units: V, S, s. Runs no simulation.

The names below are imported at first use.
"""

from typing import TYPE_CHECKING

from netlists.lazy_names import lazy_names

if TYPE_CHECKING:
    from netlists.analyses import Transient, analysis_lines, operating_point_lines
    from netlists.arrays.array import Array
    from netlists.arrays.currents import array_currents
    from netlists.arrays.interconnect import Interconnect
    from netlists.arrays.mesh import ArrayState, array_state
    from netlists.arrays.reduction import ReducedArray, reduce_array
    from netlists.beside import side_by_side, vector_beside
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
    from netlists.sources import Constant, StepTrain
    from netlists.temperature import NOMINAL_TEMPERATURE

    __version__: str

_HOMES = {
    **dict.fromkeys(("Transient", "analysis_lines", "operating_point_lines"), "netlists.analyses"),
    "Array": "netlists.arrays.array",
    "array_currents": "netlists.arrays.currents",
    "Interconnect": "netlists.arrays.interconnect",
    **dict.fromkeys(("ArrayState", "array_state"), "netlists.arrays.mesh"),
    **dict.fromkeys(("ReducedArray", "reduce_array"), "netlists.arrays.reduction"),
    **dict.fromkeys(("side_by_side", "vector_beside"), "netlists.beside"),
    "Circuit": "netlists.circuit",
    **dict.fromkeys(("InvDesign", "inv", "inv_circuit"), "netlists.circuits.inv"),
    **dict.fromkeys(("MvmDesign", "mvm", "mvm_circuit"), "netlists.circuits.mvm"),
    **dict.fromkeys(("input_sources", "spice_circuit"), "netlists.deck"),
    **dict.fromkeys(("Kick", "Phase", "Source"), "netlists.driving"),
    **dict.fromkeys(("PRESETS", "opamp_names", "preset"), "netlists.opamps.presets"),
    **dict.fromkeys(("MacroOpAmp", "OpAmp", "SinglePoleOpAmp", "SubcircuitOpAmp"), "netlists.opamps.records"),
    **dict.fromkeys(
        (
            "GROUND",
            "Buffers",
            "Capacitors",
            "ClippingOpAmps",
            "Conductors",
            "Hold",
            "Limiter",
            "OpAmps",
            "Part",
            "Switches",
        ),
        "netlists.parts",
    ),
    **dict.fromkeys(("PhaseTrain", "expanded", "in_phase", "phase_train"), "netlists.phases"),
    **dict.fromkeys(("ParameterError", "Record"), "netlists.record"),
    **dict.fromkeys(("Constant", "StepTrain"), "netlists.sources"),
    "NOMINAL_TEMPERATURE": "netlists.temperature",
}

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

if not TYPE_CHECKING:  # a type checker reads the imports above and reports names that do not exist
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
