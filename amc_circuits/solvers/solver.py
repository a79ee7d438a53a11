"""What INV and MVM share as solvers: a right-hand side is streamed through the programmed array and read."""

from __future__ import annotations

import hashlib
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.engines import ENGINES, Engine, Job, check_engine
from amc_circuits.engines.exact.engine import StateSpaceEngine, check_linear
from amc_circuits.engines.settings import Settings
from amc_circuits.results.converters import HEADROOM, Converters
from amc_circuits.results.readings import Reading
from amc_circuits.results.solution import Provenance, Solution
from amc_circuits.solvers.answer import Answer
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.programmed import ProgrammedArray
from amc_circuits.solvers.question import Question
from amc_circuits.solvers.streaming import Stream, stream_job, swing_of
from amc_circuits.values.checks import Numbers
from amc_circuits.values.version import package_version
from netlists import InvDesign, MvmDesign
from netlists.record import FloatArray


def parts_and_settings(fields: dict[str, Any]) -> tuple[Hardware, Settings]:
    """Two records of what was given by name.

    Raises:
        ParameterError: A value cannot be used, or neither record has a field of that name.
    """
    parts = {name: value for name, value in fields.items() if name in Hardware.model_fields}
    return Hardware(**parts), Settings(**{name: value for name, value in fields.items() if name not in parts})


@dataclass(frozen=True)
class ProgrammedCircuit(ProgrammedArray):
    """A programmed array that can be asked: it is simulated, and its outputs are put together as a solution."""

    @classmethod
    def _programmed(
        cls,
        system: System,
        hardware: Hardware,
        mapping: Mapping,
        design: InvDesign | MvmDesign,
        engine: str,
        settings: Settings,
        converters: Converters | None,
    ) -> Self:
        if check_engine(engine) == StateSpaceEngine.name:
            check_linear(design.circuit)
        made = converters or Converters()
        made.output_range(design, settings.input_voltage)
        return cls(system, hardware, mapping, design, settings, engine, made)

    @cached_property
    def simulator(self) -> Engine:
        """The engine, made at first use."""
        return ENGINES[self.engine](self.settings)

    @cached_property
    def state(self) -> Any:
        """What the engine made of the circuit, at first use."""
        return self.simulator.init(self.circuit)

    def job(self, columns: FloatArray) -> Job:
        """The transient that streams some right-hand sides (inputs, K), as data; runs nothing.

        Without a run there is no measured peak: unless the scale is fixed, a column for which the linear circuit
        predicts more than 0.8 of the swing is scaled down to that.
        """
        levels = self.converters.inputs(self.input_levels(columns)[0], self.full_scale)
        if not self.settings.fixed_scale:
            peaks = np.abs(self.linear.steady_stages(levels)).max(axis=0)
            levels = levels * np.minimum(1.0, HEADROOM * swing_of(self.circuit) / np.maximum(peaks, 1e-300))
        return stream_job(self.circuit, self.linear, self.settings, self.timing, levels)

    def _steady(self, vectors: Numbers, single: bool) -> Numbers:
        """What the linear circuit settles to for vectors (n, K), without converters."""
        levels, scale = self.input_levels(self.system.columns(vectors))
        outputs = self.linear.steady(self.linear.outputs, levels)
        value = self.system.values(self.gain * outputs / np.where(scale > 0, scale, np.inf), vectors.shape[1])
        return value[:, 0] if single else value

    @abstractmethod
    def question(self, vector: ArrayLike) -> Question:
        """A right-hand side (n,), or several (n, K), with what the wanted matrix makes of it.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
        """

    def answer(self, question: Question, first: Sequence[Reading] | None = None) -> Solution:
        """Streams right-hand sides and puts the answer together.

        Args:
            question: What is asked.
            first: Readings of its columns that are not zero, where they have been taken already.
        """
        began = time.perf_counter()
        columns = question.columns
        scale = self.input_levels(columns)[1]
        driven = np.flatnonzero(scale > 0)
        readings: dict[int, Reading] = {}
        decks = ""
        if driven.size and (self.stability.stable or self.settings.force):
            stable = self.stability.stable
            stream = Stream(
                self.circuit, self.linear, self.state, stable, self.timing, self.settings, self.simulator
            )  # fmt: skip
            found = stream.solve(self.driven_levels(columns), first)
            readings = dict(zip(driven.tolist(), found, strict=True))
            decks = hashlib.sha256(" ".join(stream.decks).encode()).hexdigest() if stream.decks else ""
        wall_time = time.perf_counter() - began
        return Answer(self, question, readings, scale).solution(self.provenance(decks), wall_time)

    def provenance(self, decks: str) -> Provenance:
        """What made a result with these decks (their hash; empty when nothing was simulated)."""
        simulated = bool(decks)
        return Provenance(
            engine=self.engine,
            ngspice_version=self.simulator.about.version if simulated else "",
            klu=self.simulator.about.klu if simulated else False,
            design_sha256=self.design.sha256,
            deck_sha256=decks,
            package_version=package_version(),
        )
