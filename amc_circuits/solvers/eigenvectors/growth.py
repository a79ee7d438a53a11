"""Growth of a circuit from its start: amplitude of the growing modes, and times until the outputs rest at a limit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import linear_circuit
from netlists import Circuit, ParameterError, Source

LEAST_START = 1e-9
"""Least amplitude of growing modes at its start, V: less is left to rounding errors."""
STEP, SEARCHES = 0.9, 70
"""Ratio of two lambdas of the search for one that lets a pole grow, and most steps of it: a range of 1,600."""
MOST_WAITS = 2.0
"""Largest wait at the limit in units of the time constant of the growth."""


def start_amplitude(circuit: Circuit, linear: LinearCircuit) -> float:
    """Compute the amplitude of the growing modes after the start, as the largest output, V.

    Start are the discharged capacitors, which are away from the rest point by the offsets, and the pulse.

    Args:
        circuit: Circuit with a pulse.
        linear: Its linear circuit.
    """
    modes = linear.modes
    grows = np.real(modes.values) > 0
    rates = modes.values[grows]
    amplitudes = -modes.inverse[grows] @ linear.rest[linear.kept]
    for source in circuit.sources:
        if source.kick is not None:
            size = circuit.groups[source.group]
            grounds = (Source(one.group, np.zeros((circuit.groups[one.group], size))) for one in circuit.sources)
            sources = tuple(Source(one.group) if one.group == source.group else one for one in grounds)
            alone = linear_circuit(replace(circuit, sources=sources))
            held = -np.expm1(-rates * source.kick.duration) / rates  # what is pushed later grows for a shorter time
            volts = np.broadcast_to(np.asarray(source.kick.volts, dtype=np.float64), size)
            amplitudes = amplitudes + modes.inverse[grows] @ (alone.drive @ volts) * held
    outputs = linear.read[linear.nodes[linear.outputs]] @ (modes.vectors[:, grows] @ amplitudes)
    return max(float(np.abs(outputs).max(initial=0.0)), LEAST_START)


def time_constant_at_limit(circuit: Circuit, linear: LinearCircuit) -> float:
    """Estimate the slowest time constant once the largest output of the growing mode is held by its limit, s.

    The stage of that output stands still; the others follow. At most `MOST_WAITS` time constants of the growth.
    """
    place = int(np.argmax(np.real(linear.modes.values)))
    stages = np.concatenate([np.arange(linear.nodes[name].start, linear.nodes[name].stop) for name in linear.stages])
    states = np.flatnonzero(np.isin(linear.kept, stages))
    held = states[int(np.abs(linear.modes.vectors[states, place]).argmax())]
    others = np.arange(len(linear.kept)) != held
    slowest = float(np.linalg.eigvals(linear.state[np.ix_(others, others)]).real.max())
    longest = MOST_WAITS / linear.growth_rate
    return min(-1 / slowest, longest) if slowest < 0 else longest


def rise_time(level: float, start: float, growth_rate: float) -> float:
    """Compute the time in which an exponential grows from a start to a level, s; 0 if it is beyond."""
    return max(math.log(level / start), 0.0) / growth_rate


def first_growing(grows: Callable[[float], bool], bound: float, smallest: bool) -> float:
    """Return the first lambda that lets a pole grow, from a bound downwards; for the smallest eigenvalue upwards to it.

    Raises:
        ParameterError: No pole grows.
    """
    for k in range(SEARCHES):
        tried = bound * STEP ** (SEARCHES - k if smallest else k)
        if grows(tried):
            return tried
    raise ParameterError("eigenvalue", "auto", "no lambda lets a pole grow; has A an eigenvalue above 0?")
