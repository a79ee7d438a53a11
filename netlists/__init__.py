"""What a circuit is: parameter records in, PySpice circuits out. Volts, siemens, seconds. Runs nothing."""

from netlists.analysis import Transient, analysis_lines, operating_point_lines
from netlists.circuit import circuit_of, input_sources
from netlists.inv import inv_circuit
from netlists.mesh import ArrayState, array_state
from netlists.mvm import mvm_circuit
from netlists.opamp_parameters import MacroOpAmp, OpAmp, SinglePoleOpAmp, SubcircuitOpAmp
from netlists.parameters import NOMINAL_TEMPERATURE, Interconnect, InvDesign, MvmDesign
from netlists.presets import PRESETS, preset
from netlists.record import ParameterError, Record
from netlists.reduction import ReducedArray, reduce_array
from netlists.side_by_side import side_by_side, vector_beside
from netlists.sources import Constant, StepTrain
from netlists.standalone import output_nodes

__all__ = [
    "NOMINAL_TEMPERATURE",
    "PRESETS",
    "ArrayState",
    "Constant",
    "Interconnect",
    "InvDesign",
    "MacroOpAmp",
    "MvmDesign",
    "OpAmp",
    "ParameterError",
    "Record",
    "ReducedArray",
    "SinglePoleOpAmp",
    "StepTrain",
    "SubcircuitOpAmp",
    "Transient",
    "analysis_lines",
    "array_state",
    "circuit_of",
    "input_sources",
    "inv_circuit",
    "mvm_circuit",
    "operating_point_lines",
    "output_nodes",
    "preset",
    "reduce_array",
    "side_by_side",
    "vector_beside",
]
