"""Runs of the op-amp bench: each analysis with the most exact tolerance that finds a solution, from a known rest."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable

from amc_circuits.engines.ngspice.rawfile import Plot
from amc_circuits.engines.ngspice.runner import SimulationError, run_deck
from netlists.opamps.bench import OpAmpBench, Tolerance, rest_deck
from netlists.opamps.records import SubcircuitOpAmp

LONGEST = 30.0
"""Seconds after which a measurement is ended: each takes a tenth of one, and a model file's could take for ever."""
NO_REST = "no operating point with the op-amp's output at 0 V; check its pins and its rails"
EXACT: tuple[Tolerance, ...] = ("strict", "relaxed", "damped")
"""Tolerances that change nothing in the circuit."""


def discard(failure: Exception | None) -> None:
    """Removes what a failed run has kept, once another one takes its place."""
    if isinstance(failure, SimulationError):
        shutil.rmtree(failure.folder, ignore_errors=True)


class Runs:
    """An op-amp on its bench.

    Attributes:
        bench: The bench. Of a subcircuit it holds the voltages at rest, from which every other operating point is
            looked for: big models have many nodes, and ngspice finds few of them from nothing.
        say: Is given the name of each measurement before it begins.
        longest: Seconds after which a measurement is ended.
        used: The tolerance of the last run.
    """

    def __init__(self, bench: OpAmpBench, say: Callable[[str], None] | None = None, longest: float = LONGEST) -> None:
        self.bench, self.say, self.longest = bench, say or (lambda _: None), longest
        self.used: Tolerance = "strict"

    def begin(self) -> Plot | None:
        """Finds the operating point with the output at 0 V; None for models of ours, which need none.

        Raises:
            SimulationError: There is none.
        """
        if not isinstance(self.bench.opamp, SubcircuitOpAmp):
            return None
        self.say("operating point")
        try:
            plot = self.run(rest_deck)
        except SimulationError as error:
            raise SimulationError(NO_REST, error.folder) from None
        voltages = {
            name[2:-1]: float(plot[name][0]) for name in plot.names if name.startswith("v(") and "#" not in name
        }
        self.bench = self.bench.replace(rest=tuple(voltages.items()))
        return plot

    def run(
        self,
        deck: Callable[[OpAmpBench], str],
        bench: OpAmpBench | None = None,
        tolerances: Iterable[Tolerance] = EXACT,
        longest: float | None = None,
    ) -> Plot:
        """The one analysis of a deck, by the first tolerance that finds a solution.

        Args:
            deck: Makes the deck of a bench.
            bench: Another bench than this one's.
            tolerances: Those that are tried, in order.
            longest: Seconds for all of them, instead of the bench's.

        Raises:
            SimulationError: None does, or it takes too long; deck and log of the last try are kept.
        """
        bench, end = bench or self.bench, time.monotonic() + (longest or self.longest)
        failure: SimulationError | None = None
        for tolerance in tolerances:
            left = end - time.monotonic()
            if failure is not None:
                if left <= 0:
                    break
                discard(failure)
            try:
                (plot,) = run_deck(deck(bench.replace(tolerance=tolerance)), timeout=max(left, 1.0))
                self.used = tolerance
                return plot
            except SimulationError as error:
                failure = error
        assert failure is not None
        raise failure
