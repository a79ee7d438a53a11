"""Linear circuit of a circuit, from its parts, without a deck.

Passive parts are a Laplacian (currents per volt) and a charge matrix (charges per volt) over all nodes. Columns of
nodes that sources hold become inputs. Reduced arrays include the wires.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.circuit import Equations, Follower, LinearCircuit
from netlists import (
    GROUND,
    Array,
    Buffers,
    Capacitors,
    Circuit,
    Conductors,
    Limiter,
    MacroOpAmp,
    OpAmps,
    ParameterError,
    SinglePoleOpAmp,
    Switches,
)
from netlists.arrays.array import reduce_together
from netlists.memory import check_memory
from netlists.parts import Values, ends_of
from netlists.record import FloatArray

Network = tuple[tuple[str, ...], FloatArray, FloatArray]
"""Groups; and, over their nodes in this order, the Laplacian, S, and the charge matrix, F."""


def siemens_of(circuit: Circuit, part: Conductors | Switches) -> Values:
    """Return the conductance of a row of conductors, or of switches in the only phase."""
    return part.siemens if isinstance(part, Conductors) else part.siemens(circuit.phases[0].name)


def networks(circuit: Circuit, without: Collection[str] = (), at: str | None = None) -> Iterator[tuple[str, Network]]:
    """Return name and network of every passive part but those of some names, without ground.

    Non-linear cells have their conductance at 0 V. With `at`, only parts at this group of nodes.
    """
    for part in circuit.parts:
        if part.name in without or (at is not None and at not in dict(ends_of(part))):
            continue
        match part:
            case Array():
                array = part.reduced
                yield part.name, ((part.word_lines, part.bit_lines), array.laplacian, array.capacitance)
            case Conductors() | Switches():
                yield part.name, between(circuit, part.a, part.b, siemens_of(circuit, part), conducts=True)
            case Capacitors():
                yield part.name, between(circuit, part.a, part.b, part.farads, conducts=False)


def between(circuit: Circuit, a: str, b: str, values: Values, conducts: bool) -> Network:
    """Return a network that joins equal places of two groups by conductances or capacitances."""
    groups = tuple(group for group in (a, b) if group != GROUND)
    nodes = len(groups) * (size := circuit.groups[groups[0]])
    joined, nothing = np.zeros((nodes, nodes)), np.zeros((nodes, nodes))
    entries, half, step = joined.reshape(-1), size * nodes, nodes + 1  # to the next entry of a diagonal
    entries[:half:step] = values
    if len(groups) == 2:
        entries[half + size :: step] = values
        entries[size:half:step] = entries[half::step] = -np.asarray(values)
    return (groups, joined, nothing) if conducts else (groups, nothing, joined)


def stage_of(opamps: OpAmps, second: bool = False) -> str:
    """Return the node name of the gain stages of a row of op-amps, or of the stages with their second poles."""
    return f"{opamps.name} {'second' if second else 'stage'}"


def check_room(rows: int, amplifiers: int) -> None:
    """Reject a circuit that does not fit into the machine's memory, before any work.

    Every amplifier has three nodes: a sum node, an output and a gain stage. At least two of them are states. The
    equations and their elimination hold eight matrices of all nodes, the modes and exact responses ten of all states
    (half of them complex).

    Raises:
        ParameterError: If the machine has less memory.
    """
    check_memory(f"{rows} rows", "its linear circuit", 8 * (8 * 3**2 + 15 * 2**2) * amplifiers**2)


_KEPT: WeakKeyDictionary[Circuit, LinearCircuit] = WeakKeyDictionary()
"""Linear circuits, computed once and kept as long as their circuits."""
_GAINS: WeakKeyDictionary[Circuit, FloatArray] = WeakKeyDictionary()
"""Effects of offsets, kept in the same way."""


def linear_circuit(circuit: Circuit) -> LinearCircuit:
    """Return the linear circuit around the resting point, with wires and line capacitance.

    Cells and limiters have their slope at 0 V. An op-amp that is a subcircuit is replaced by its fit.

    Raises:
        ParameterError: If a part is not known here.
    """
    found = _KEPT.get(circuit)
    if found is None:
        found = _KEPT[circuit] = reduced(circuit, equations(circuit), circuit.held)
    return found


def noise_circuit(circuit: Circuit, bandwidth: float) -> tuple[LinearCircuit, FloatArray]:
    """Return the linear circuit with a current into each node as input, and the Laplacian of its resistors, siemens.

    Inputs are amperes at the nodes of the circuit, and V/s at the stages inside the op-amps. The resistors do not
    include resistances inside op-amps. Both results have a row and a column for every node. A node is far too fast only
    if it is so in comparison with the bandwidth of the read-out, Hz, too: noise is as fast as the read-out.
    """
    found = equations(circuit)
    found.fastest = max(found.fastest, 2 * math.pi * bandwidth)
    found.input = np.eye(len(found.matrix))
    found.input_capacitance = np.zeros_like(found.matrix)
    return reduced(circuit, found, {}), -found.matrix


def inject(found: Equations, held: dict[str, FloatArray], groups: Sequence[str]) -> dict[str, FloatArray]:
    """Add a further input into every node of some groups to equations, and return `held` with them."""
    places = found.indices(*groups)
    further = np.zeros((*found.matrix.shape[:-1], len(places)))
    further[..., places, np.arange(len(places))] = 1
    found.input = np.concatenate([found.input, further], axis=-1)
    found.input_capacitance = np.concatenate([found.input_capacitance, np.zeros_like(further)], axis=-1)
    return {group: np.hstack([weights, np.zeros((len(weights), len(places)))]) for group, weights in held.items()}


def offset_gain(circuit: Circuit) -> FloatArray:
    """Return the steady volts at every output per volt of offset at each op-amp, shape (N, op-amps); macros only."""
    if circuit not in _GAINS:
        _GAINS[circuit] = _offset_gain(circuit)
    return _GAINS[circuit]


def _offset_gain(circuit: Circuit) -> FloatArray:
    linear, rows = linear_circuit(circuit), circuit.of(OpAmps)
    stages = np.r_[tuple(linear.nodes[stage_of(part)] for part in rows)]
    opamps = [part.record.equivalent for part in rows for _ in range(circuit.groups[part.output])]
    # A stage of a macro model is a state without other capacitance: it drives the rest through resistances alone.
    rates = [one.unity_gain_frequency if isinstance(one, MacroOpAmp) else 0.0 for one in opamps]
    drive = np.zeros((len(linear.read), len(stages)))
    drive[stages, np.arange(len(stages))] = rates
    states = np.linalg.solve(linear.state, -drive[linear.kept])
    return np.asarray(linear.read[linear.nodes[linear.outputs]] @ states)


def reduced(
    circuit: Circuit, found: Equations, held: dict[str, FloatArray], fast: NDArray[np.bool_] | None = None
) -> LinearCircuit:
    """Eliminate the nodes without a capacitor, or with one that is omitted (`Equations.reduce`)."""
    last = tuple(stage_of(part, stage_of(part, True) in found.at) for part in circuit.of(OpAmps))
    return found.reduce(held, circuit.outputs, last, fast)


def equations(circuit: Circuit, without: Collection[str] = ()) -> Equations:
    """Return the equations of all nodes of a circuit, without the passive parts of some names.

    Raises:
        ParameterError: If a part is not known here, or there are several phases.
    """
    circuit.check_one_phase()
    held = circuit.held
    found = Equations.empty(_groups(circuit, held), circuit.inputs)
    reduce_together(array for array in circuit.of(Array) if array.name not in without)
    for _, (groups, laplacian, charge) in networks(circuit, without):
        join(found, circuit, held, groups, laplacian, charge)
    for part in circuit.parts:
        match part:
            case OpAmps():
                _amplify(found, held, part)
            case Buffers():
                found.same.append((found.at[part.output], _followed(found, part), part.offset))
            case Limiter():
                found.same += _limited(found, part)
            case Array() | Conductors() | Capacitors() | Switches():
                pass
            case _:
                mend = "the linear equations do not know it"
                raise ParameterError("circuit", f"part {part.name}, {type(part).__name__}", mend)
    return found


def _followed(found: Equations, part: Buffers | Limiter) -> slice:
    """Return the rows of the input of a part."""
    if part.input not in found.at:
        raise ParameterError("circuit", f"part {part.name} at source {part.input}", "let the source drive what it does")
    return found.at[part.input]


def _limited(found: Equations, part: Limiter) -> list[Follower]:
    """Return what the outputs of a row of limiters follow: their inputs where they pass, else nothing."""
    outputs, inputs = found.at[part.output], _followed(found, part)
    if part.around is None:
        return [(outputs, inputs if part.slope(np.zeros(1))[0] else None, 0.0)]
    passing = part.slope(part.around) > 0
    rows = [(slice(k, k + 1), slice(j, j + 1)) for k, j in enumerate(range(inputs.start, inputs.stop), outputs.start)]
    return [(one, other if passes else None, 0.0) for (one, other), passes in zip(rows, passing, strict=True)]


def _groups(circuit: Circuit, held: dict[str, FloatArray]) -> dict[str, int]:
    """List the groups that no source holds; the stages of a row of op-amps follow its groups."""
    found: dict[str, int] = {}
    waiting = circuit.of(OpAmps)
    for group, size in circuit.groups.items():
        if group not in held:
            found[group] = size
        known = {*found, *held, GROUND}
        for part in [one for one in waiting if {one.inverting, one.noninverting, one.output} <= known]:
            waiting.remove(part)
            found[stage_of(part)] = circuit.groups[part.output]
            record = part.record.equivalent
            if isinstance(record, MacroOpAmp) and record.second_pole is not None:
                found[stage_of(part, True)] = circuit.groups[part.output]
    return found


def join(
    found: Equations,
    circuit: Circuit,
    held: dict[str, FloatArray],
    groups: tuple[str, ...],
    laplacian: FloatArray,
    charge: FloatArray,
) -> None:
    """Add a passive part; of many circuits at once, if its matrices (P, T, T) and the equations are theirs."""
    ends = np.cumsum([0, *(circuit.groups[group] for group in groups)]).tolist()
    place = {group: slice(*ends[k : k + 2]) for k, group in enumerate(groups)}
    resistive = (laplacian, found.matrix, found.input, np.subtract)
    capacitive = (charge, found.capacitance, found.input_capacitance, np.add)
    for network, among, driven, add in (one for one in (resistive, capacitive) if one[0].any()):
        for row in (group for group in groups if group not in held):
            for column in groups:
                block = network[..., place[row], place[column]]
                here = (..., found.at[row], slice(None) if column in held else found.at[column])
                to = (driven if column in held else among)[here]
                add(to, block @ held[column] if column in held else block, out=to)


def _amplify(found: Equations, held: dict[str, FloatArray], part: OpAmps) -> None:
    """Add a row of op-amps: the states of their record, with the connected parts as loads of their outputs."""
    opamp: SinglePoleOpAmp | MacroOpAmp = part.record.equivalent
    stage, pin = found.indices(stage_of(part)), found.indices(part.output)
    w_t = opamp.unity_gain_frequency
    found.fastest = max(found.fastest, w_t)
    found.capacitance[stage, stage] = 1
    found.amplification[stage, stage] -= w_t / opamp.open_loop_gain
    for group, factor in input_factors(part).items():
        if group in held:
            found.input[stage] += w_t * factor * held[group]
        else:
            found.amplification[stage, found.indices(group)] += w_t * factor
    if part.offset is not None:
        found.constant[stage] += w_t * opamp.input_weights[0] * part.offset
    if not isinstance(opamp, MacroOpAmp):
        found.same.append((found.at[part.output], found.at[stage_of(part)], 0.0))
        return
    found.constant[stage] += w_t * opamp.input_offset
    for group in input_factors(part).keys() - held.keys():
        node = found.indices(group)
        found.capacitance[node, node] += opamp.ground_capacitance
        if opamp.input_coupling > 0:
            _couple(found, held, node, part.inverting if group == part.noninverting else part.noninverting, opamp)
    if opamp.second_pole is not None:
        second, p2 = found.indices(stage_of(part, True)), 2 * math.pi * opamp.second_pole
        found.fastest = max(found.fastest, p2)
        found.capacitance[second, second] = 1
        found.amplification[second, stage] += p2
        found.amplification[second, second] -= p2
        stage = second
    found.amplification[pin, pin] -= 1 / opamp.output_resistance
    found.amplification[pin, stage] += 1 / opamp.output_resistance


def _couple(
    found: Equations, held: dict[str, FloatArray], node: NDArray[np.int64], other: str, opamp: MacroOpAmp
) -> None:
    """Add the capacitance from inputs to the other inputs of the same op-amps."""
    found.capacitance[node, node] += opamp.input_coupling
    if other in held:
        found.input_capacitance[node] -= opamp.input_coupling * held[other]
    elif other != GROUND:
        found.capacitance[node, found.indices(other)] -= opamp.input_coupling


def input_factors(part: OpAmps, ideal: bool = False) -> dict[str, float]:
    """Return the weight of each input group in the op-amps' drive, without ground; if ideal, for infinite CMRR."""
    plus, minus = (1.0, -1.0) if ideal else part.record.equivalent.input_weights
    factors = {part.noninverting: plus, part.inverting: minus}
    return {group: factor for group, factor in factors.items() if group != GROUND}
