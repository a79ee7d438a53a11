"""The training loop. Every epoch has generators of its own, so a training goes on from the end of any epoch."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from analog_training.algorithms.make import make_learner
from analog_training.devices.calibrated import conductances_of
from analog_training.devices.cells import Floats, Ints
from analog_training.training.network import errors_of, forward
from analog_training.training.products import CircuitProducts, ExactProducts, Products
from analog_training.training.result import AnalogResult
from analog_training.training.specification import AnalogSpec
from analog_training.training.task import Task, load_task

START, ORDER, PULSES, NOISE = range(4)
"""Streams of random numbers of a seed."""
LEAST_PROBABILITY = 1e-12
"""Least probability of the right class in a reported loss."""


class AnalogTraining:
    """A training, ready to start: its constructor detects every error of the specification."""

    def __init__(self, spec: AnalogSpec, task: Task | None = None) -> None:
        """Load the samples, draw weights and devices.

        Args:
            spec: Specification.
            task: Samples; None loads those of the specification.

        Raises:
            ParameterError: The samples are not available or do not match the specification.
        """
        self.spec = spec
        self.task = load_task(spec) if task is None else task
        self.epoch, self._seconds = 0, 0.0
        self.products = self._products()
        sizes = (self.task.inputs, *spec.task.widths, self.task.classes)
        shapes = [(sizes[number + 1], sizes[number]) for number in range(len(sizes) - 1)]
        self.learners = [
            make_learner(spec.algorithm, spec.device, spec.trains, shape, self._generator(START, number))
            for number, shape in enumerate(shapes)
        ]
        self.biases: list[Floats] = [np.zeros(outputs) for outputs, _ in shapes]
        self.course = spec.course
        self._accuracies: list[float] = []
        self._losses: list[float] = []

    def _products(self) -> Products:
        """Products of an epoch, with a generator of its own."""
        cell, settings = self.spec.cell, self.spec.forward
        if settings.forward == "exact" or cell is None:
            return ExactProducts()
        half, point = conductances_of(cell, self.spec.response)
        return CircuitProducts(settings, half, point, self._generator(NOISE, self.epoch))

    def _generator(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self.spec.task.seed, *stream])

    @property
    def weights(self) -> list[Floats]:
        """Weights of every layer."""
        return [learner.weights for learner in self.learners]

    def run(
        self, observe: Callable[[AnalogTraining], None] | None = None, keep: Callable[[], None] | None = None
    ) -> AnalogResult:
        """Train to the end, or until the loss is not finite.

        Args:
            observe: Callback with this training after every epoch.
            keep: Callback after every epoch, to keep the state.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # a rate that is too high ends in a loss that is not finite
            while self.epoch < self.spec.task.epochs and np.isfinite(self._losses).all():
                began = time.perf_counter()
                self._losses.append(self._train_epoch())
                self._accuracies.append(self.score())
                self.epoch += 1
                self._seconds += time.perf_counter() - began
                if keep is not None:
                    keep()
                if observe is not None:
                    observe(self)
        return self.result

    def _train_epoch(self) -> float:
        """Train for one epoch, and return its mean loss."""
        size, count = self.spec.task.batch_size, len(self.task.train_labels)
        order = self._generator(ORDER, self.epoch).permutation(count)
        self.products = self._products()
        generators = [self._generator(PULSES, number, self.epoch) for number in range(len(self.learners))]
        losses = [
            self._train_batch(order[start : start + size], generators) for start in range(0, count - size + 1, size)
        ]
        return float(np.mean(losses))

    def _train_batch(self, chosen: Ints, generators: list[np.random.Generator]) -> float:
        """Train on a batch, and return its loss."""
        pace = self.course.pace(self.epoch)
        self.products.load(self.learners)
        labels = self.task.train_labels[chosen]
        inputs, probabilities = forward(self.products, self.biases, self.task.train[chosen])
        right = probabilities[np.arange(len(labels)), labels]
        loss = -float(np.log(np.maximum(right, LEAST_PROBABILITY)).mean())
        if not np.isfinite(probabilities).all():
            return float("nan")
        errors = errors_of(self.products, inputs, probabilities, labels)
        layers = zip(self.learners, inputs, errors, generators, strict=True)
        for number, (learner, x, d, generator) in enumerate(layers):
            self.biases[number] = self.biases[number] - self.spec.task.bias_rate * pace.factor * d.mean(axis=0)
            learner.learn(x, d, pace, generator)
        return loss

    def score(self) -> float:
        """Accuracy on the test samples."""
        self.products.load(self.learners)
        _, probabilities = forward(self.products, self.biases, self.task.test)
        return float((probabilities.argmax(axis=1) == self.task.test_labels).mean())

    @property
    def result(self) -> AnalogResult:
        """Outcome so far."""
        return AnalogResult(
            self.spec, tuple(self._accuracies), tuple(self._losses),
            tuple(learner.work.counts for learner in self.learners), tuple(self.weights), tuple(self.biases),
            len(self.task.train_labels) // self.spec.task.batch_size * self.spec.task.batch_size, self._seconds,
            self.task.chance,
        )  # fmt: skip

    @property
    def state(self) -> dict[str, Any]:
        """State between two epochs, a copy: everything that the rest of the training depends on."""
        found = {
            "settings": self.spec.content,
            "device": self.spec.device.model_dump(mode="json"),
            "epoch": self.epoch,
            "learners": [learner.state for learner in self.learners],
            "biases": self.biases,
            "accuracies": self._accuracies,
            "losses": self._losses,
            "seconds": self._seconds,
        }
        return copy.deepcopy(found)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of a training with the same specification."""
        state = copy.deepcopy(dict(state))
        for learner, kept in zip(self.learners, state["learners"], strict=True):
            learner.restore(kept)
        self.biases = list(state["biases"])
        self.epoch, self._seconds = state["epoch"], state["seconds"]
        self._accuracies, self._losses = list(state["accuracies"]), list(state["losses"])


def train_analog(spec: AnalogSpec) -> AnalogResult:
    """Run the training of a specification; see `AnalogTraining` for its errors."""
    return AnalogTraining(spec).run()
