"""The EGV circuit as a solver: program A, and an eigenvector of it grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from amc_circuits.linear.margins import Limit
from amc_circuits.linear.noise import noise_after
from amc_circuits.linear.stability import less_lag
from amc_circuits.results.readings import FirstPass, Reading
from amc_circuits.results.response import Response
from amc_circuits.results.solution import Solution
from amc_circuits.results.status import Status
from amc_circuits.solvers.eigenvectors.array import EgvArray
from amc_circuits.solvers.eigenvectors.growth import (
    rise_time,
    start_amplitude,
    time_constant_at_limit,
)
from amc_circuits.solvers.eigenvectors.metrics import clamped_error, not_growing, residuals, spread, start_note
from amc_circuits.solvers.eigenvectors.spectrum import (
    count_beyond,
    directed,
    direction_error,
    edge,
)
from amc_circuits.solvers.streaming import SLOT, Timing, slot_of_time_constant, swing_of, timing
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray

SEVERAL_GROWING = Status.register(
    "SEVERAL_GROWING",
    40,
    "several poles grow, so that the outputs are a mixture of eigenvectors; take a smaller margin, or an eigenvalue "
    "that is nearer to the wanted one",
)
HALF = 0.5
"""Part of the swing at which the outputs are read."""
UNLIMITED = 0.5
"""Level of the reading if no op-amp has a limit, V."""
SLOW = 1.1
"""Part by which the slot is longer than predicted: the growth slows down near the limit."""
FINER = 3
"""Division of the time steps: an error of the growth adds up in its exponent."""


class EgvCircuit(EgvArray):
    """An array programmed with A in a loop that grows along an eigenvector: `solve()` gives this vector."""

    @property
    def first_pass(self) -> FirstPass:  # type: ignore[override]
        """Reading at half of the swing."""
        swing = swing_of(self.circuit)
        return FirstPass(HALF * swing if np.isfinite(swing) else UNLIMITED)

    @cached_property
    def start(self) -> float:
        """Amplitude of the growing mode after the start, as the largest output, V."""
        return start_amplitude(self.circuit, self.linear)

    @property
    def predicted_time(self) -> float:
        """Time in which the growing mode alone reaches half of the swing, s; nan if nothing grows."""
        return rise_time(self.first_pass.level, self.start, self.stability.growth_rate) if self.acts else np.nan

    @cached_property
    def timing(self) -> Timing:
        """Slot time and time step, from the growth to the limit and the time constant there."""
        base = timing(self.stability, self.circuit.opamps, self.settings.tolerance, self.settings.rise_time)
        if not self.acts:
            return base
        swing = self.first_pass.level / HALF
        wait = slot_of_time_constant(self.settings.tolerance) * time_constant_at_limit(self.circuit, self.linear)
        grown = rise_time(swing, self.start, self.stability.growth_rate) + self.kick_duration
        slot = max(base.slot_time, SLOW * SLOT * grown + (wait if np.isfinite(swing_of(self.circuit)) else 0.0))
        return replace(base, slot_time=slot, max_step=min(base.max_step / FINER, slot / 40))

    def reference(self, columns: FloatArray) -> FloatArray:
        """Eigenvector by NumPy, shape (N, 1)."""
        return self.system.columns(self.exact.vector[:, None])

    @property
    def gain(self) -> float:
        """Any: an eigenvector has no length."""
        return 1.0

    def presented(self, values: Numbers) -> Numbers:
        """Return vectors of length 1, the largest entry of each real and positive."""
        return directed(values)

    def error(self, values: Numbers, reference: Numbers) -> FloatArray:
        """Measure the direction of values (N, K): `1 - |w^H w_ref|`."""
        return direction_error(values, reference)

    def residual(self, values: Numbers, vectors: Numbers) -> list[float]:
        """Relative residual `||A v - r v|| / r` of every column, r the Rayleigh quotient."""
        return residuals(self.matrix if self.wanted is None else self.wanted, values)

    def own_status(self, reading: Reading) -> Status | None:
        """Return the status of several growing poles."""
        return SEVERAL_GROWING if self.growing_poles > 1 and reading.excess is None else None

    def still_because(self) -> str:
        """Compare lambda with the eigenvalue of the arrays."""
        return not_growing(self.threshold, edge(self.cells, self.smallest), self.smallest)

    def own_figures(self, values: Numbers, responses: Sequence[Response | None]) -> dict[str, float]:
        """Growth, eigenvalue of the reading, and the direction at the reading and at the limit."""
        vector, exact = values[:, 0], self.exact
        eigenvalue = self.measured(vector) if np.isfinite(vector).all() else np.nan
        return {
            "growing_poles": self.growing_poles,
            "growth_rate_per_s": self.stability.growth_rate,
            "lambda": self.threshold,
            "eigenvalue": eigenvalue,
            "eigenvalue_error": abs(eigenvalue / exact.value - 1),
            "direction_error": float(self.error(values, exact.vector[:, None])[0]),
            "clamped_direction_error": clamped_error(self.system, responses[0], self.settings.tolerance, exact.vector),
        }

    def noise_while_growing(self, solution: Solution, bandwidth: float | None) -> dict[str, float]:
        """Compute the noise of the direction and of the time of the reading; empty if nothing passed the level."""
        time = float(solution.settling_time)
        if not np.isfinite(time):
            return {}
        columns = self.system.columns(np.reshape(solution.value, (-1, 1)))[:, 0]
        outputs = columns * (self.first_pass.level / np.abs(columns).max())
        noise = noise_after(self.circuit, time, bandwidth)
        return spread(noise, outputs, self.stability.growth_rate, self.system.complex)

    def limits(self) -> dict[tuple[str, str], tuple[Limit, float | None]]:
        """No limits: no parameter keeps a circuit from growing that is meant to grow."""
        return {}

    def own_notes(self) -> tuple[str, ...]:
        """Name the start, and the cause of growing poles that no eigenvalue explains."""
        beyond = count_beyond(self.cells, self.threshold, self.smallest)
        more = self.growing_poles - (-(-beyond // 2) if self.system.complex else beyond)
        lag = f"{more} growing poles are no eigenvalues beyond lambda: it is the lag of the amplifiers; "
        return (
            start_note(self.parameters.kick, self.kick_duration),
            *((lag + less_lag(self.circuit),) if more > 0 else ()),
        )

    def multiply_adds(self, solves: int) -> float:
        """Multiply-adds of an inverse iteration: `N^3/3` of LU factors, `N^2` of a substitution; complex fourfold."""
        size = len(self.matrix)
        return float((1 + 3 * self.system.complex) * (size**3 / 3 + size**2))
