"""Stochastic pulse trains: lines fire at random, and a cell gets a pulse where its two lines fire together.

Line j of the signals fires in a slot with probability `|x_j| k sqrt(D/X)`, line i of the errors with
`|d_i| k sqrt(X/D)`, k^2 = lr/(step L), X and D the largest |x| and |d| (Gokmen, Vlasov, Frontiers in Neuroscience
2016, doi 10.3389/fnins.2016.00333; update management: Gokmen, Onen, Haensch, 2017, doi 10.3389/fnins.2017.00538). The
train has L = ceil(lr X D/step) slots, at most `longest`. So the mean change is lr x d, unless L or a probability is
clipped. Without management L is `longest`, and the roots are 1.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from amc_circuits import Record, about
from analog_training.devices.cells import Floats, Ints


class Trains(Record):
    """Lengths of pulse trains."""

    longest: Annotated[int, about("Largest number of slots of a pulse train", ge=1, le=10_000)] = 31
    management: Annotated[bool, about("Adapt slots and probabilities to the largest signal and error")] = True

    def of(self, change: float, step: float) -> tuple[int, float]:
        """Number of slots, and probability of a pulse in each, for x = 1 and d = change, change = lr x d."""
        length = int(np.clip(math.ceil(change / step), 1, self.longest)) if self.management else self.longest
        if change == 0:
            return length, 0.0
        root = math.sqrt(change / (step * length))
        one, other = (root, root) if self.management else (root / math.sqrt(change), root * math.sqrt(change))
        return length, min(1.0, one) * min(1.0, other)

    def coincidences(
        self, x: Floats, d: Floats, rate: float, step: float, generator: np.random.Generator
    ) -> tuple[Floats, int]:
        """Draw the pulses of a batch: all coincidences of a sample are one matrix product.

        Args:
            x: Signals, shape (samples, inputs).
            d: Errors, shape (samples, outputs).
            rate: Learning rate lr; the wanted change of sample k is `-lr d_k x_k^T`.
            step: Step of the device.
            generator: Source of the random firing.

        Returns:
            Signed numbers of pulses, shape (samples, outputs * inputs), and the slots of all trains.
        """
        largest_x, largest_d = np.abs(x).max(axis=1), np.abs(d).max(axis=1)
        product = rate * largest_x * largest_d
        if self.management:
            slots = np.clip(np.ceil(product / step), 1, self.longest)
            ratio = np.sqrt(np.divide(largest_d, largest_x, out=np.ones_like(product), where=product > 0))
        else:
            slots, ratio = np.full(len(x), float(self.longest)), np.ones(len(x))
        slots, root = np.where(product > 0, slots, 0.0), np.sqrt(rate / step / np.maximum(slots, 1))
        most = int(slots.max(initial=0))
        open_slots = np.arange(most) < slots[:, None]
        fired_x = generator.random((len(x), most, x.shape[1])) < (np.abs(x) * (root * ratio)[:, None])[:, None, :]
        fired_d = generator.random((len(x), most, d.shape[1])) < (np.abs(d) * (root / ratio)[:, None])[:, None, :]
        lines_x = fired_x * np.sign(x).astype(np.float32)[:, None, :]
        lines_d = (fired_d & open_slots[:, :, None]) * -np.sign(d).astype(np.float32)[:, None, :]
        counts = np.matmul(lines_d.transpose(0, 2, 1), lines_x)
        return counts.reshape(len(x), -1), int(slots.sum())

    def rounded(self, values: Floats, step: float, generator: np.random.Generator) -> Ints:
        """Draw signed numbers of pulses, the mean of which is `values / step`, at most `longest`.

        The signal of a single line is 1, so a value has a train of its own: L = ceil(|v|/step) slots.

        Args:
            values: Wanted changes, any shape.
            step: Step of the device.
            generator: Source of the rounding.
        """
        wanted = np.abs(values) / step
        slots = np.clip(np.ceil(wanted), 1, self.longest)
        drawn = generator.binomial(slots.astype(np.int64), np.minimum(1.0, wanted / slots))
        return np.asarray(np.sign(values) * drawn, np.int64)
