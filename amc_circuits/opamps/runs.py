"""Runs of the op-amp bench: each analysis starts from a known rest and uses the most exact tolerance that converges."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable

from amc_circuits.engines.ngspice.rawfile import Plot
from amc_circuits.engines.ngspice.runner import SimulationError, run_deck
from netlists.opamps.bench import OpAmpBench, Tolerance, rest_deck
from netlists.opamps.records import SubcircuitOpAmp

LONGEST = 30.0
"""Time limit of a measurement, s: each takes a tenth of a second, but a model file's could run forever."""
NO_REST = "no operating point with the op-amp's output at 0 V; check its pins and its rails"
EXACT: tuple[Tolerance, ...] = ("strict", "relaxed", "damped")
"""Tolerances that do not change the circuit."""


def discard(failure: Exception | None) -> None:
    """Remove the files of a failed run when another one takes its place."""
    if isinstance(failure, SimulationError):
        shutil.rmtree(failure.folder, ignore_errors=True)


class Runs:
    """An op-amp on its bench.

    Attributes:
        bench: The bench. For a subcircuit it holds the voltages at rest, from which every other operating point is
            computed: big models have many nodes, and ngspice rarely converges without a start.
        say: Callback that gets the name of each measurement before it begins.
        longest: Time limit of a measurement, s.
        used: Tolerance of the last run.
    """

    def __init__(self, bench: OpAmpBench, say: Callable[[str], None] | None = None, longest: float = LONGEST) -> None:
        self.bench, self.say, self.longest = bench, say or (lambda _: None), longest
        self.used: Tolerance = "strict"

    def begin(self) -> Plot | None:
        """Compute the operating point with the output at 0 V; None for the models of this package, which need none.

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
        """Run the analysis of a deck with the first tolerance that converges.

        Args:
            deck: Function that builds the deck of a bench.
            bench: Another bench than this one's.
            tolerances: Tolerances to try, in order.
            longest: Time limit for all of them, s, instead of the bench's.

        Raises:
            SimulationError: No tolerance converges, or it takes too long; deck and log of the last try are kept.
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
