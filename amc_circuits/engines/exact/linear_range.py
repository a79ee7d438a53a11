"""Where a linear solution asks more of an amplifier than it has: slew, current, swing, common mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amc_circuits.engines.exact.circuit import Samples
from amc_circuits.results.observation import common_mode_ranges, opamp_places
from amc_circuits.results.readings import Excess
from netlists import Circuit, MacroOpAmp
from netlists.opamps.subcircuit import CLAMP_EXPONENT_LIMIT, CLAMP_VOLTAGE
from netlists.record import FloatArray

LARGEST_LOSS = 0.02
"""Largest permitted change of a waveform by an amplifier's bent characteristic, in units of full scale.

The true change is 0.35 to 0.8 times the estimate (`tests/amc_circuits/engines/exact/test_linear_range.py`).
"""


LIMITS = {"slew rate": "slewing", "output current": "current", "output swing": "stage"}
"""Limits of an op-amp, and the samples that are compared with them."""
COMMON_MODE = "common-mode range"
"""Limit without effect on waveforms until it is passed."""


CLOSED_FORM = 2e-5
"""Largest loss, in units of full scale, at which a waveform is that of the linear circuit to the accuracy promised."""


@dataclass(frozen=True)
class LinearRange:
    """Samples of the amplifiers of a circuit over some slots.

    Attributes:
        circuit: The circuit.
        growth_rate: Real part of its slowest pole, 1/s.
        parts: Samples over the edge, then over the hold; none where no op-amp has limits.
        weights: Weights of all times of the parts in an integral over the slot, shape (T,), s.
        step: When the step is, s.
        largest_loss: Largest permitted change of a waveform by an amplifier, in units of full scale.
    """

    circuit: Circuit
    growth_rate: float
    parts: Sequence[Samples]
    weights: FloatArray
    step: float
    largest_loss: float

    def judge(self, k: int, full_scale: float) -> tuple[float, Excess | None]:
        """Loss of the waveforms of slot k to bent characteristics, and the limit that is passed the most.

        Args:
            k: Which slot.
            full_scale: Its largest final output, V.

        Returns:
            Loss in units of full scale, and the amplifier that passes its limit the most, if one does.
        """
        if not self._limited:
            return 0.0, None
        asked, taken = self._limits(k)
        allowed = self.largest_loss * max(full_scale, np.finfo(float).tiny)
        ratios = {name: np.maximum(taken[name] / allowed, asked[name].max(axis=0)) for name in taken}
        limit = max(ratios, key=lambda name: float(ratios[name].max()))
        amplifier = int(ratios[limit].argmax())
        passed = max(float(values.max()) for values in asked.values()) > 1
        full_scale = max(full_scale, np.finfo(float).tiny)
        loss = np.inf if passed else max(float(volts.max()) for volts in taken.values()) / full_scale
        if ratios[limit][amplifier] <= 1:
            return loss, None
        place = int(asked[limit][:, amplifier].argmax())
        time = float(np.concatenate([part.time for part in self.parts])[place] - self.step)
        return loss, Excess(limit, self.circuit.amplifiers[amplifier], time, float(asked[limit][place, amplifier]))

    @cached_property
    def _limited(self) -> bool:
        """True if an op-amp has limits, so that there are samples."""
        macro = any(isinstance(record, MacroOpAmp) for record in self.circuit.opamps)
        return bool(self.parts) and (macro or all(part.common_mode is not None for part in self.parts))

    def _limits(self, k: int) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """Use of each limit in slot k, in units of the limit, (T, op-amps), and its effect on a waveform, V."""
        asked, taken = self._of_macros(k)
        if all(part.common_mode is not None for part in self.parts):
            asked[COMMON_MODE] = self._seen("common_mode", k) / common_mode_ranges(self.circuit)
            taken[COMMON_MODE] = np.zeros_like(asked[COMMON_MODE][..., 0, :])
        return asked, taken

    def _of_macros(self, k: int) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """The same of `LIMITS`.

        Op-amps without limits are asked for nothing; both are empty where there are no others.
        """
        rows = opamp_places(self.circuit)
        if not any(isinstance(record, MacroOpAmp) for record, _ in rows):
            return {}, {}
        seen = {limit: self._seen(name, k) for limit, name in LIMITS.items()}
        asked = {limit: np.zeros_like(samples) for limit, samples in seen.items()}
        taken = {limit: np.zeros_like(samples[..., 0, :]) for limit, samples in seen.items()}
        for opamp, places in rows:
            if not isinstance(opamp, MacroOpAmp):
                continue
            most = dict(zip(LIMITS, (opamp.slew_rate, opamp.output_current_limit, opamp.output_swing), strict=True))
            part = {limit: samples[..., places] / most[limit] for limit, samples in seen.items()}
            lost = self._taken(opamp, part)
            for limit in LIMITS:
                asked[limit][..., places], taken[limit][..., places] = part[limit], lost[limit]
        return asked, taken

    def _seen(self, name: str, k: int) -> FloatArray:
        """A metric of all op-amps in slot k without its sign, shape (T, op-amps)."""
        seen: FloatArray = np.abs(np.concatenate([getattr(part, name)[k] for part in self.parts], axis=-2))
        return seen

    def _taken(self, opamp: MacroOpAmp, asked: dict[str, FloatArray]) -> dict[str, FloatArray]:
        """Effect of each limit of each amplifier on a waveform, shape (amplifiers,), V.

        What tanh takes from the rate that charges the gain stage, added up over the slot; what its inverse adds to the
        drop over the output resistance, at its largest; and the rate of the clamp's current at the largest stage
        voltage, `SR exp((x - swing)/V_c)`, against which the circuit works with its slowest pole.
        """
        bent = asked["slew rate"] - np.tanh(asked["slew rate"])
        # The drop rises with the current.
        current = np.minimum(asked["output current"].max(axis=-2), 1 - 1e-12)
        drop = np.arctanh(current) - asked["output current"].max(axis=-2)
        beyond = (asked["output swing"].max(axis=-2) - 1) * opamp.output_swing / CLAMP_VOLTAGE
        clamped = opamp.slew_rate * np.exp(np.minimum(beyond, CLAMP_EXPONENT_LIMIT))
        return {
            "slew rate": opamp.slew_rate * (self.weights @ bent),
            "output current": opamp.output_resistance * opamp.output_current_limit * drop,
            "output swing": clamped / abs(self.growth_rate),
        }
