"""Measurements of one right-hand side of a stream."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amc_circuits.results import measurement
from amc_circuits.results.holding_limit import HoldingLimit
from amc_circuits.results.observation import Observation
from amc_circuits.results.response import Response
from amc_circuits.results.solution import Attempt
from amc_circuits.values.quantities import format_quantity
from netlists.record import FloatArray
from netlists.short_text import short_repr
from netlists.sources import Steps

NARROWER, WIDER = 0.97, 1.03
"""Factors of the tolerance. If a crest of the waveform touches the edge of its band, the settling time jumps on the
smallest change. The settling times at these two tolerances bound it; a note is added if they are far apart."""


@dataclass(frozen=True)
class FirstPass:
    """Reading of the outputs when a group of nodes first passes a level, instead of settled outputs.

    Attributes:
        level: Magnitude of a voltage, V.
        group: Group of nodes whose voltages are compared with it; empty for the outputs.
    """

    level: float
    group: str = ""


@dataclass(frozen=True)
class Excess:
    """Point at which a linear solution exceeds a limit of an amplifier.

    Attributes:
        limit: Name of the limit: `slew rate`, `output current`, `output swing` or `common-mode range`.
        amplifier: Name of the amplifier, such as `amplifier 3` or `inverter 1`.
        time: Time after the step, s.
        ratio: Required value in units of the limit.
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
    """State of all op-amps at the end of a slot, shape (op-amps,) each.

    Attributes:
        input: Effective input voltages, as in `Observation.input_voltage`, V.
        output: Output voltages, V.
        current: Output currents, A.
        common_mode: Largest magnitude of the mean of their inputs over the slot, V; None if none has a range.
    """

    input: FloatArray
    output: FloatArray
    current: FloatArray
    common_mode: FloatArray | None

    __repr__ = short_repr


@dataclass(frozen=True)
class AtRest:
    """Comparison of the end of a slot with the steady state of the same circuit.

    Attributes:
        distance: Largest difference of an output from its steady state, in units of the largest output; nan if the
            search for the operating point failed, so that there was no comparison.
        held: Text that names an amplifier at a limit and the limit, or what makes this text; empty if there is none.
    """

    distance: float
    held: HoldingLimit | str = ""

    __repr__ = short_repr


@dataclass(frozen=True)
class Reading:
    """Measurements of one slot.

    Attributes:
        attempt: Settings and peak output of this simulation.
        attempts: All simulations of this right-hand side so far, including this one.
        final: Output voltages at the end of the slot, or at the first pass of a level, shape (N,), V.
        steady: True if the outputs are steady at the end of the slot, or passed the level.
        settling_time: Settling time, or time to the level, s; nan if not steady.
        settling_range: Settling times at `WIDER` and at `NARROWER` times the tolerance, s; nan if not steady.
        overshoot: Overshoot relative to the largest final output.
        peak_output_current: Largest output current, A.
        energy: Energy by account, J; nan if not steady. The account `amplifiers` is the delivered energy minus all
            others, None if the supply current is not known.
        response: Outputs over the slot.
        terminal_voltage: Voltages at the end of the slot of the nodes at which arrays end (`observation.terminals`),
            shape (terminals,), V.
        amplifiers: State of the op-amps at the end of the slot; None if they are linear by construction.
        at_rest: Comparison of `final` with the steady state; None before it is done.
        engine: Engine that computed the reading.
        deck_sha256: Hashes of the decks that were run for it, separated by blanks; empty if there was none.
        difference: Largest difference of the waveforms if a second engine checked them, in units of full scale.
        loss: Change of the waveforms from non-linear characteristics of the amplifiers, estimated by a linear engine,
            in units of full scale; infinite beyond a limit.
        uncertain: True if shorter time steps kept changing the settling time.
        excess: Limit that makes a linear engine's reading invalid; None if the reading is valid.
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

    __repr__ = short_repr

    @classmethod
    def first(
        cls,
        slot_time: float,
        peak_output: float,
        waveform: tuple[FloatArray, FloatArray, float],
        times: Sequence[float],
        **metrics: Any,
    ) -> Reading:
        """Return the reading of the first simulation of a right-hand side.

        Args:
            slot_time: Time for which the input was held, s.
            peak_output: Largest voltage of an amplifier's stage, V.
            waveform: Times from the step, s, outputs, shape (T, N), V, and the tolerance of the settling time.
            times: Settling times at `WIDER`, 1 and `NARROWER` times the tolerance, s.
            **metrics: Other attributes.
        """
        attempt = Attempt(scale=1.0, slot_time=slot_time, peak_output=peak_output, why="first")
        early, settled, late = times
        return cls(
            attempt=attempt,
            attempts=(attempt,),
            settling_time=settled,
            settling_range=(early, late),
            response=Response(*waveform, settled),
            **metrics,
        )


def read_slot(
    observation: Observation, drive: Steps, slot: int, tolerance: float, first_pass: FirstPass | None = None
) -> Reading:
    """Measure slot number `slot` of a stream by the definitions of docs/measurement.md.

    With a first pass, `steady` is true if the level was passed, the settling time is the time to it, and `final` are
    the outputs at this time.
    """
    step = drive.step_time(slot)
    seen = observation.between(drive.slot_begin(slot), drive.slot_end(slot))
    final = seen.outputs[-1]
    early, settled, late = _times(seen, step, tolerance, first_pass)
    steady = not np.isnan(settled) if first_pass else measurement.is_steady(seen.time, seen.outputs, tolerance)
    if first_pass and steady:
        final = measurement.values_at(seen.time, seen.outputs, step + settled)
    return Reading.first(
        slot_time=drive.length(slot),
        peak_output=float(np.abs(seen.stage_voltage).max()),
        waveform=(seen.time - step, seen.outputs, tolerance),
        times=(early, settled, late),
        final=final,
        steady=steady,
        overshoot=measurement.overshoot(seen.outputs),
        peak_output_current=float(np.abs(seen.output_current).max()),
        energy=_energy(seen, step, settled),
        terminal_voltage=seen.terminal_voltage[-1],
        amplifiers=AmplifierState(
            seen.input_voltage[-1],
            seen.output_voltage[-1],
            seen.output_current[-1],
            None if seen.common_mode is None else np.abs(seen.common_mode).max(axis=0),
        ),
    )


def _times(
    seen: Observation, step: float, tolerance: float, first_pass: FirstPass | None
) -> tuple[float, float, float]:
    """Times at which the outputs settle to `WIDER`, 1 and `NARROWER` times the tolerance, or pass the level, s."""
    if first_pass is not None:
        time = measurement.first_pass(seen.time, seen.watched, step, first_pass.level)
        return time, time, time
    if not measurement.is_steady(seen.time, seen.outputs, tolerance):
        return np.nan, np.nan, np.nan
    early, settled, late = (
        measurement.settling_time(seen.time, seen.outputs, step, share * tolerance) for share in (WIDER, 1.0, NARROWER)
    )
    return early, settled, late


def _energy(seen: Observation, step: float, settled: float) -> dict[str, float | None]:
    """Compute the energy by account, from the step to the settling time."""

    def over(power: FloatArray) -> float:
        return np.nan if np.isnan(settled) else measurement.integral(seen.time, power, step, step + settled)

    found: dict[str, float | None] = {account: over(power) for account, power in seen.dissipated.items()}
    delivered = seen.delivered_power
    rest = None if delivered is None else over(delivered - sum(seen.dissipated.values()))
    return found | {"amplifiers": rest}
