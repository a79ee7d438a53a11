"""Methods: an optimizer with the ranges of its search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.second_order.studies import AUTOENCODER, CNN

EDGE = 0.1
"""Part of a range, on a logarithmic scale, that counts as its edge."""
WIDER = 4.0
"""Factor by which a range is widened at an edge."""
WINDOWS = (0.1, 0.3, 1.0)
"""Epochs over which weights are averaged, for every method; the average is scored."""
MOMENTA = (0.8, 0.9, 0.95)
_LADDER = (0.3, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
LADDERS = {"momentum": _LADDER, "beta1": _LADDER, "beta2": (0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)}
"""Lists are widened along these, a step at a time, as long as the best setting lies at an end of its list."""
RATE, QUADRATIC = "K-FAC, rate", "K-FAC, quadratic"
ADAM, MOMENTUM, EK_FAC, SOAP = "Adam", "momentum", "EK-FAC", "SOAP"
Range = tuple[float, float]


@dataclass(frozen=True)
class Method:
    """Optimizer with the ranges of its search.

    Attributes:
        label: Name.
        fixed: Settings that are not searched.
        ranges: Settings that are drawn log-uniformly.
        choices: Settings that are drawn from a list.
        decides: Ranges whose edge refuses a result, each with its ends that do: `low`, `high` or both. Another end is a
            natural one: no clip at all, or no floor.
    """

    label: str
    fixed: Mapping[str, Any]
    ranges: Mapping[str, Range]
    choices: Mapping[str, tuple[Any, ...]]
    decides: Mapping[str, str]

    def drawn(self, random: np.random.Generator) -> dict[str, Any]:
        """Draw a setting."""
        own = {name: math.exp(random.uniform(*map(math.log, ends))) for name, ends in self.ranges.items()}
        return self._valid({**self.fixed, **own, **self._chosen(random)})

    def near(self, best: Mapping[str, Any], random: np.random.Generator) -> dict[str, Any]:
        """Draw a setting within a factor of 2 of another; of its choices one in three is drawn anew."""
        own = {name: float(best[name] * 2 ** random.uniform(-1, 1)) for name in self.ranges}
        anew = {name: value for name, value in self._chosen(random).items() if random.random() < 1 / 3}
        return self._valid({**best, **own, **anew})

    def beyond(
        self, best: Mapping[str, Any], wider: Method, at_end: bool, random: np.random.Generator
    ) -> dict[str, Any]:
        """Draw a setting near another, in the part by which a range was widened: at its new end, or before it."""
        own = self.near(best, random)
        for name, (low, high) in wider.ranges.items():
            before = self.ranges[name]
            if low < before[0]:
                own[name] = low if at_end else math.exp(random.uniform(math.log(low), math.log(before[0] * 2)))
            if high > before[1]:
                own[name] = high if at_end else math.exp(random.uniform(math.log(before[1] / 2), math.log(high)))
        return self._valid(own)

    def edges(self, setting: Mapping[str, Any]) -> list[str]:
        """Names of the deciding ranges at whose edge, or beyond, a setting lies."""
        found = []
        for name, ends in self.decides.items():
            place = self._place(name, setting[name])
            if (place < EDGE and "low" in ends) or (place > 1 - EDGE and "high" in ends):
                found.append(name)
        return found

    def widened(self, setting: Mapping[str, Any]) -> Method:
        """Widen the ranges at whose edge a setting lies."""
        ranges = dict(self.ranges)
        for name in self.edges(setting):
            low, high = ranges[name]
            if self._place(name, setting[name]) < EDGE:
                ranges[name] = min(low, setting[name]) / WIDER, high
            else:
                ranges[name] = low, max(high, setting[name]) * WIDER
        return replace(self, ranges=ranges)

    def ends(self, setting: Mapping[str, Any]) -> dict[str, float]:
        """Next values of the lists at whose end a setting lies."""
        found = {}
        for name, ladder in LADDERS.items():
            if name in self.choices:
                values, place = self.choices[name], ladder.index(setting[name])
                if setting[name] == min(values) and place > 0:
                    found[name] = ladder[place - 1]
                elif setting[name] == max(values) and place < len(ladder) - 1:
                    found[name] = ladder[place + 1]
        return found

    def listing(self, name: str, value: float) -> Method:
        """The method with one more choice."""
        return replace(self, choices={**self.choices, name: (*self.choices[name], value)})

    def _place(self, name: str, value: float) -> float:
        low, high = map(math.log, self.ranges[name])
        return (math.log(value) - low) / (high - low)

    def _chosen(self, random: np.random.Generator) -> dict[str, Any]:
        choices = {**self.choices, "window": WINDOWS}
        return {name: values[int(random.integers(len(values)))] for name, values in choices.items()}

    @staticmethod
    def _valid(setting: dict[str, Any]) -> dict[str, Any]:
        """Keep the damping at its floor or above, as the settings require."""
        if "damping_floor" in setting:
            setting["damping"] = max(setting["damping"], setting["damping_floor"])
        return setting


def _first_order(momentum: Range, adam: Range) -> tuple[Method, ...]:
    nesterov = {"momentum": MOMENTA, "nesterov": (False, True)}
    betas = {"beta1": MOMENTA, "beta2": (0.98, 0.99, 0.999)}
    rate = {"learning_rate": "low high"}
    return (
        Method(MOMENTUM, {"name": "momentum"}, {"learning_rate": momentum}, nesterov, rate),
        Method(ADAM, {"name": "adam"}, {"learning_rate": adam}, betas, rate),
    )


def _second_order(intervals: tuple[int, ...], quadratic: int, ranges: Mapping[str, Range]) -> tuple[Method, ...]:
    kfac = {"name": "kfac", "first_interval": 5}
    of_rate = {"learning_rate": ranges["rate"], "damping": ranges["damping"], "kl_clip": ranges["clip"]}
    decides = {"learning_rate": "low high", "damping": "low high", "kl_clip": "low"}
    soap = {"beta1": MOMENTA, "beta2": (0.95, 0.99), "factor_decay": (0.9, 0.95, 0.99)}
    of_model = {"damping": ranges["quadratic"], "damping_floor": ranges["floor"]}
    return (
        Method(RATE, kfac, of_rate, {"momentum": MOMENTA, "inverse_interval": intervals}, decides),
        Method(
            QUADRATIC, kfac | {"step_size": "quadratic", "inverse_interval": quadratic}, of_model,
            {"factor_decay": (0.95, 0.98)}, {"damping_floor": "high"},
        ),
        Method(EK_FAC, {"name": "ek-fac"}, of_rate, {"momentum": MOMENTA}, decides),
        Method(SOAP, {"name": "soap"}, {"learning_rate": ranges["soap"]}, soap, {"learning_rate": "low high"}),
    )  # fmt: skip


METHODS: dict[str, tuple[Method, ...]] = {
    CNN: (
        *_first_order((0.01, 0.5), (2e-3, 4e-2)),
        *_second_order(
            (20, 100), 20,
            {
                "rate": (0.03, 0.5), "damping": (0.01, 1.0), "clip": (1e-3, 5e-2), "quadratic": (0.1, 10.0),
                "floor": (3e-3, 0.1), "soap": (2e-3, 4e-2),
            },
        ),
    ),
    AUTOENCODER: (
        *_first_order((3e-3, 0.3), (1e-3, 5e-2)),
        *_second_order(
            (10, 20, 100), 5,
            {
                "rate": (0.02, 1.0), "damping": (1e-3, 1.0), "clip": (1e-3, 1.0), "quadratic": (0.03, 30.0),
                "floor": (3e-4, 0.1), "soap": (1e-3, 0.1),
            },
        ),
    ),
}  # fmt: skip
"""Methods of each task; their ranges were chosen after a look at earlier runs of all of them."""
