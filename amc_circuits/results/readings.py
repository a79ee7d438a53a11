"""One right-hand side of a stream, measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from amc_circuits.results import measurement
from amc_circuits.results.observation import Observation
from amc_circuits.results.response import Response
from amc_circuits.results.solution import Attempt
from amc_circuits.values.quantities import format_quantity
from netlists.record import FloatArray
from netlists.sources import Steps

NARROWER, WIDER = 0.97, 1.03
"""Of the tolerance. Where a crest grazes the edge of its band, the settling time jumps on the smallest change: between
these two it is right, and when they are far apart, that is said."""


@dataclass(frozen=True)
class Excess:
    """Where a linear solution asks more of an amplifier than a linear circuit may.

    Attributes:
        limit: `slew rate`, `output current`, `output swing` or `common-mode range`.
        amplifier: Such as `amplifier 3` or `inverter 1`.
        time: After the step, s.
        ratio: What is asked, in units of the limit.
    """

    limit: str
    amplifier: str
    time: float
    ratio: float

    def __str__(self) -> str:
        return (
            f"{self.amplifier} is asked for {self.ratio:.3g} times its {self.limit} "
            f"{format_quantity(self.time, 's')} after the step"
        )


@dataclass(frozen=True)
class AmplifierState:
    """All op-amps at the end of a slot, shape (op-amps,) each.

    Attributes:
        input: What drives them, as in `Observation.input_voltage`, V.
        output: Output voltages, V.
        current: Output currents, A.
        common_mode: Largest mean of their inputs over the slot, without its sign, V; None where none has a range.
    """

    input: FloatArray
    output: FloatArray
    current: FloatArray
    common_mode: FloatArray | None


@dataclass(frozen=True)
class AtRest:
    """Where a slot ended, beside the steady state of the same circuit.

    Attributes:
        distance: Largest difference of an output from its steady state, in units of the largest output; nan where
            nothing was judged, because the operating point was not found.
        held: The amplifier that a limit holds, and which one; empty where none does.
    """

    distance: float
    held: str = ""


@dataclass(frozen=True)
class Reading:
    """What was read in one slot.

    Attributes:
        attempt: How it was simulated.
        attempts: All simulations of this right-hand side so far, this one included.
        final: Output voltages at the end of the slot, shape (N,), V.
        steady: True when the outputs stay where they are.
        settling_time: s; nan when not steady.
        settling_range: The same at `WIDER` and at `NARROWER` times the tolerance, s; nan when not steady.
        overshoot: Relative to the largest final output.
        peak_output_current: A.
        energy: By account, J; nan when not steady. That of `amplifiers` is what was delivered less all others, None
            where the supply current is not known.
        response: The outputs over the slot.
        terminal_voltage: At its end, nodes at which arrays end (`observation.terminals`), shape (terminals,), V.
        amplifiers: At its end; None where they are linear by construction.
        at_rest: The judgement of `final`; None before there is one.
        engine: What it was read by.
        deck_sha256: Hashes of the decks that were run for it, with blanks between them; empty where none was.
        difference: Largest difference of the waveforms where a second engine checked them, in units of full scale.
        loss: What bent characteristics of the amplifiers take from the waveforms, estimated by a linear engine, in
            units of full scale; infinite beyond a limit.
        uncertain: True where shorter time steps kept changing the settling time.
        excess: Why a linear engine's reading does not hold; None where it does.
    """

    attempt: Attempt
    attempts: tuple[Attempt, ...]
    final: FloatArray
    steady: bool
    settling_time: float
    settling_range: tuple[float, float]
    overshoot: float
    peak_output_current: float
    energy: dict[str, float | None]
    response: Response
    terminal_voltage: FloatArray
    amplifiers: AmplifierState | None = None
    at_rest: AtRest | None = None
    engine: str = ""
    deck_sha256: str = ""
    difference: float = math.nan
    loss: float = math.nan
    uncertain: bool = False
    excess: Excess | None = None


def read_slot(observation: Observation, drive: Steps, slot: int, tolerance: float) -> Reading:
    """Measures slot number `slot` of a stream by the definitions of docs/measurement.md."""
    step = drive.step_time(slot)
    seen = observation.between(drive.slot_begin(slot), drive.slot_end(slot))
    steady = measurement.is_steady(seen.time, seen.outputs, tolerance)
    early, settled, late = (
        measurement.settling_time(seen.time, seen.outputs, step, share * tolerance) if steady else np.nan
        for share in (WIDER, 1.0, NARROWER)
    )
    peak = float(np.abs(seen.stage_voltage).max())
    attempt = Attempt(scale=1.0, slot_time=drive.length(slot), peak_output=peak, why="first")
    return Reading(
        attempt=attempt,
        attempts=(attempt,),
        final=seen.outputs[-1],
        steady=steady,
        settling_time=settled,
        settling_range=(early, late),
        overshoot=measurement.overshoot(seen.outputs),
        peak_output_current=float(np.abs(seen.output_current).max()),
        energy=_energy(seen, step, settled),
        response=Response(seen.time - step, seen.outputs, tolerance, settled),
        terminal_voltage=seen.terminal_voltage[-1],
        amplifiers=AmplifierState(
            seen.input_voltage[-1],
            seen.output_voltage[-1],
            seen.output_current[-1],
            None if seen.common_mode is None else np.abs(seen.common_mode).max(axis=0),
        ),
    )


def _energy(seen: Observation, step: float, settled: float) -> dict[str, float | None]:
    """By account, from the step to the settling time."""

    def over(power: FloatArray) -> float:
        return np.nan if np.isnan(settled) else measurement.integral(seen.time, power, step, step + settled)

    found: dict[str, float | None] = {account: over(power) for account, power in seen.dissipated.items()}
    delivered = seen.delivered_power
    rest = None if delivered is None else over(delivered - sum(seen.dissipated.values()))
    return found | {"amplifiers": rest}
