"""The training loop: batches, steps, evaluations."""

from __future__ import annotations

import hashlib
import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits import ParameterError, check_type, keep_freed_memory
from optimizer.averaging import averaged
from optimizer.datasets import Dataset
from optimizer.ledger import Ledger
from optimizer.model import Weights
from optimizer.network import build_network
from optimizer.optimizers import make_optimizer
from optimizer.own_data import load_data
from optimizer.preconditioner import make_inverter
from optimizer.result import Evaluation, TrainingResult
from optimizer.schedules import Schedule
from optimizer.specification import TrainingSpec
from optimizer.tasks import TASKS, Autoencoder, Task

PRECISIONS: dict[str, type[np.floating[Any]]] = {"single": np.float32, "double": np.float64}
DIVERGED, GUESSING = 100.0, 2.0
"""Ratios of the final loss to that of the first batch above which a training has diverged: the first whatever its score
is, for a classifier with large weights may have many right answers; the second where it is no better than guessing."""
KEPT_EVERY = 30.0
"""Time after which a training is kept at the end of a step, s; it is kept after every evaluation, too."""


@dataclass(frozen=True)
class Moment:
    """Progress of a run, for a progress bar.

    Attributes:
        step: Steps completed.
        steps: Largest number of steps.
        doing: Current activity, if it takes long; else empty.
        accuracy: Accuracy of the last evaluation; None before the first.
        failed: Inversions without a usable result so far.
        loss: Test loss of an autoencoder at the last evaluation, nats; then there is no accuracy.
    """

    step: int
    steps: int
    doing: str
    accuracy: float | None
    failed: int = 0
    loss: float | None = None


def batches(count: int, size: int, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of batches without end, each epoch in a new order and without its incomplete last batch."""
    while True:
        order = random.permutation(count)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]


class Training:
    """A training run, ready to start: its constructor detects every error of the specification."""

    def __init__(self, spec: TrainingSpec, dataset: Dataset | None = None) -> None:
        """Load the data set, build the network and the optimizer.

        Args:
            spec: Specification of the run.
            dataset: Data set; None loads the one that the specification names.

        Raises:
            ParameterError: The data is not available or does not match the specification, or the network does not fit
                into the memory.
        """
        check_type("spec", spec, TrainingSpec, mend="preset, make_spec and read_spec return one")
        check_type("dataset", dataset, Dataset, NoneType)
        self.spec = spec
        self.dataset = load_data(spec) if dataset is None else dataset
        if spec.batch_size > len(self.dataset.train_images):
            limit = f"must be at most the number of training samples, {len(self.dataset.train_images)}"
            raise ParameterError("batch_size", spec.batch_size, limit)
        self.steps_per_epoch = len(self.dataset.train_images) // spec.batch_size
        self.steps = max(1, math.floor(spec.epochs * self.steps_per_epoch))
        self.task: Task = TASKS[spec.task](self.dataset)
        self.model = build_network(spec, self.dataset)
        self.ledger = Ledger()
        self._start(self.ledger)
        self._weights = self.model.initial_weights(np.random.default_rng([spec.seed, 0]), PRECISIONS[spec.precision])
        self._average: Weights = ()
        self._history: list[Evaluation] = []
        self._losses: list[float] = []
        self._first_loss: float | None = None
        self._diverged = self._untrained = False
        self._seconds = 0.0
        self._began: float | None = None
        self._observe: Callable[[Moment], None] = lambda moment: None
        self.step = 0

    def _start(self, ledger: Ledger) -> None:
        spec, self.ledger = self.spec, ledger
        inverter = make_inverter(spec.solver, spec.circuit, spec.seed, ledger, self._tell)
        schedule = Schedule(spec.optimizer, self.steps_per_epoch, self.steps)
        self.optimizer = make_optimizer(self.model, spec, inverter, schedule)

    @property
    def state(self) -> dict[str, Any]:
        """State between two steps: everything that the rest of the run and its result depend on."""
        return {
            "spec": self.spec.model_dump(mode="json"),
            "data": self._data_sha256,
            "step": self.step,
            "weights": self._weights,
            "average": self._average,
            "optimizer": self.optimizer.state,
            "inversions": self.ledger.inversions,
            "failures": self.ledger.failures,
            "slowest": self.ledger.slowest,
            "history": self._history,
            "losses": self._losses,
            "first_loss": self._first_loss,
            "diverged": self._diverged,
            "seconds": self._elapsed,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of a training with the same specification.

        Raises:
            ParameterError: The data set is another one.
        """
        if state["data"] != self._data_sha256:
            name = "dataset" if self.spec.data is None else "data.train"
            raise ParameterError(name, self.spec.title, "its content is not that of the training to be resumed")
        # the trials of the circuits continue behind the inversions in the ledger
        self._start(Ledger(list(state["inversions"]), list(state["failures"]), state["slowest"]))
        self.optimizer.restore(state["optimizer"])
        self.step, self._weights, self._seconds = state["step"], tuple(state["weights"]), state["seconds"]
        self._average = tuple(state.get("average", ()))  # older states have none
        self._history, self._losses = list(state["history"]), list(state["losses"])
        self._first_loss, self._diverged = state["first_loss"], state["diverged"]

    @cached_property
    def _data_sha256(self) -> str:
        return _sha256(self.dataset)

    @property
    def _elapsed(self) -> float:
        """Time of the run, with that before its breaks, s."""
        return self._seconds + (0.0 if self._began is None else time.perf_counter() - self._began)

    @property
    def result(self) -> TrainingResult:
        """Outcome so far."""
        return TrainingResult(
            self.spec, tuple(self._history), self.ledger, self._diverged, self._untrained, self._elapsed,
            self._scored, self.dataset.description | self._scaling,
        )  # fmt: skip

    @property
    def _scaling(self) -> dict[str, str]:
        """Scaling of the samples that takes the place of the normalisation of the data set."""
        return {"normalisation": self.task.normalised} if isinstance(self.task, Autoencoder) else {}

    @property
    def _scored(self) -> Weights:
        """Weights that are scored: the average if there is one."""
        return tuple(one.astype(PRECISIONS[self.spec.precision]) for one in self._average) or self._weights

    def run(
        self, observe: Callable[[Moment], None] | None = None, keep: Callable[[], None] | None = None
    ) -> TrainingResult:
        """Train, once; a training that was restored continues.

        Args:
            observe: Callback with the progress: after each step and before each inversion.
            keep: Callback between two steps, after every evaluation and every `KEPT_EVERY` seconds.

        Returns:
            Outcome of the run, whether or not it reached its target.

        Raises:
            SolveError: An inversion has no usable result, and the settings require a stop.
        """
        self._observe = observe or self._observe
        self._began = time.perf_counter()
        keep_freed_memory()
        # A learning rate that is too high ends in overflow, an outcome that shows in the loss.
        with np.errstate(over="ignore", invalid="ignore"):
            self._train(keep or (lambda: None))
        if self._history and self._first_loss is not None:
            last = self._history[-1]
            self._untrained = self.task.guesses(last.loss, last.score)
            self._diverged |= not last.loss <= (GUESSING if self._untrained else DIVERGED) * self._first_loss
        self._diverged |= not all(np.isfinite(values).all() for values in self._weights)
        self._seconds, self._began = self._elapsed, None
        return self.result

    def _train(self, keep: Callable[[], None]) -> None:
        count, size = len(self.dataset.train_images), self.spec.batch_size
        order = batches(count, size, np.random.default_rng([self.spec.seed, 1]))
        kept = time.perf_counter()
        for chosen in itertools.islice(order, self.step, None):
            if self.step >= self.steps or self._reached() or self._diverged:
                return
            self._take(chosen)
            evaluated = not self._diverged and self._evaluation_is_due()
            if evaluated:
                self._evaluate()
            if evaluated or time.perf_counter() - kept >= KEPT_EVERY:
                keep()
                kept = time.perf_counter()
            self._tell("")

    def _take(self, chosen: NDArray[np.int64]) -> None:
        """Take a step on these images, unless their loss is not finite."""
        images, targets = self.task.batch(chosen, PRECISIONS[self.spec.precision])
        passed = self.model.forward(self._weights, images)
        loss = self.model.loss.value(passed.logits, targets)
        self._first_loss = loss if self._first_loss is None else self._first_loss
        if not math.isfinite(loss):
            self._diverged = True
            return
        self._weights = self.optimizer.step(self._weights, passed, targets)
        self._losses.append(loss)
        self.step += 1
        if (decay := self.spec.optimizer.average_decay) is not None:
            self._average = averaged(self._average, self._weights, self.step, decay)

    def _evaluation_is_due(self) -> bool:
        """True if the step completed another of the equal parts of an epoch, or was the last."""
        parts = self.spec.evaluations
        done, before = (step * parts // self.steps_per_epoch for step in (self.step, self.step - 1))
        return done > before or self.step == self.steps

    def _evaluate(self) -> None:
        seconds, loss = self._elapsed, float(np.mean(self._losses))
        score = self.task.score(self.model, self._scored)
        raw = self.task.score(self.model, self._weights) if self._average else None
        at = self.step / self.steps_per_epoch, self.step, loss
        if self.spec.task == "classification":
            self._history.append(Evaluation(*at, score, seconds, raw))
        else:
            self._history.append(Evaluation(*at, math.nan, seconds, None, score, raw))
        self._losses.clear()

    def _reached(self) -> bool:
        return self.spec.stop_at_target and bool(self._history) and self._history[-1].reaches(self.spec)

    def _tell(self, doing: str) -> None:
        last = self._history[-1] if self._history else None
        right = None if last is None or last.test_loss is not None else last.accuracy
        loss = None if last is None else last.test_loss
        self._observe(Moment(self.step, self.steps, doing, right, len(self.ledger.failures), loss))


def train(spec: TrainingSpec, observe: Callable[[Moment], None] | None = None) -> TrainingResult:
    """Run the training of a specification; see `Training` for arguments and errors."""
    return Training(spec).run(observe)


def _sha256(dataset: Dataset) -> str:
    """Hash of all arrays of a data set."""
    digest = hashlib.sha256()
    for entry in fields(dataset):
        if isinstance(value := getattr(dataset, entry.name), np.ndarray):
            digest.update(f"{entry.name} {value.shape} {value.dtype}".encode())
            digest.update(np.ascontiguousarray(value).data)
    return digest.hexdigest()
