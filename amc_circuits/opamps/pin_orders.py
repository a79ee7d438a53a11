"""Search for the right order of an op-amp's pins if the given one does not amplify; it is suggested, never used."""

from __future__ import annotations

import cmath
import time
from functools import partial

from amc_circuits.engines.ngspice.runner import SimulationError
from amc_circuits.opamps.response import NO_INVERSION
from amc_circuits.opamps.runs import Runs, discard
from netlists import ParameterError
from netlists.opamps.bench import OpAmpBench, gain_deck
from netlists.opamps.pins import RAILS, difference, exchanged, likely_orders
from netlists.opamps.records import SubcircuitOpAmp

LONGEST, LONGEST_TRY = 15.0, 3.0
"""Longest time for all orders, and for each analysis of one, s."""
AT_REST = 0.1
"""Largest output of an amplifier held at 0 V, as a part of the supply.

Beyond, the loop does not close on an amplifier.
"""
LEAST_GAIN = 10.0
"""Least gain of an amplifier, V/V."""
AT = 1.0
"""Frequency of the gain, Hz."""
LARGEST = 0.5
"""Largest quiescent current of an op-amp, A."""
MANY_TIMES = 10.0
"""Least factor by which the quiescent current falls when exchanged rails are corrected: junctions no longer conduct."""


def refuse_with_better_pins(bench: OpAmpBench, error: ParameterError | SimulationError) -> None:
    """Raise an error that names a better order of the pins, if there is one.

    Args:
        bench: The bench on which the op-amp did not amplify.
        error: The failure; its kept files are removed if the pins were the cause.

    Raises:
        ParameterError: Another order of the same words makes an amplifier.
    """
    opamp = bench.opamp
    if not isinstance(opamp, SubcircuitOpAmp) or getattr(error, "parameter", "opamp") != "opamp":
        return
    if _current(bench, opamp.pins) is not None:
        return
    end = time.monotonic() + LONGEST
    for words in likely_orders(opamp.pins):
        if time.monotonic() > end:
            return
        if _current(bench, words) is not None:
            discard(error)
            _refuse(opamp.pins, words)


def refuse_exchanged_rails(bench: OpAmpBench, current: float | None) -> None:
    """Raise an error if the rails are exchanged and the op-amp amplifies all the same.

    Args:
        bench: The bench.
        current: Current from the positive rail at rest, A; only a current that no op-amp draws is examined.

    Raises:
        ParameterError: With corrected rails, a much smaller current flows the right way.
    """
    opamp = bench.opamp
    if not isinstance(opamp, SubcircuitOpAmp) or current is None or 0 <= current <= LARGEST:
        return
    words = exchanged(opamp.pins, (RAILS,))
    right = _current(bench, words)
    if right is not None and 0 < right < abs(current) / MANY_TIMES:
        _refuse(opamp.pins, words)


def _refuse(given: tuple[str, ...], words: tuple[str, ...]) -> None:
    mend = f"{difference(given, words)}: as {','.join(words)} this is an amplifier"
    raise ParameterError("opamp_pins", ",".join(given), mend)


def _current(bench: OpAmpBench, words: tuple[str, ...]) -> float | None:
    """Quiescent current with the pins in another order, A; None if that is not an amplifier."""
    assert isinstance(bench.opamp, SubcircuitOpAmp)
    runs = Runs(bench.replace(opamp=bench.opamp.replace(pins=words), rest=()), longest=LONGEST_TRY)
    try:
        rest = runs.begin()
        assert rest is not None
        if abs(rest["v(out)"][0]) > AT_REST * bench.supply_voltage:
            return None
        plot = runs.run(partial(gain_deck, lowest=AT, highest=10 * AT))
    except SimulationError as error:
        discard(error)
        return None
    return float(-rest["i(vdd)"][0]) if amplifies(-plot["v(out)"][0] / plot["v(inn)"][0]) else None


def amplifies(gain: complex) -> bool:
    """True for the gain of an amplifier that does not invert, below or above its first pole."""
    return abs(gain) > LEAST_GAIN and abs(cmath.phase(gain)) < NO_INVERSION
