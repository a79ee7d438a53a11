"""Products of a batch with the weights of the layers, both ways: exact, or through the arrays of the tiles.

Through arrays, every tile is an MVM circuit: the cells of the tile, and beside them the reference cells. A forward
product drives its word lines, a backward product the same cells from the other side. Each vector is scaled to the
input full scale, its DACs and the ADCs of each tile round, and the sum over the tiles is digital. The maps are steady
states; errors of a map are those of the cells at its last reading, `refresh` batches apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol, Self

import numpy as np
from pydantic import model_validator

from amc_circuits import Converters, Mapping, MvmCircuit, ParameterError, Record, about, short_repr
from analog_training.algorithms.contract import Learner
from analog_training.devices.cells import Floats

LEAST_CONDUCTANCE = 1e-9
"""Conductance in place of less, S: the spread of bounds can leave a cell none."""


class ForwardSettings(Record):
    """Products of a training."""

    forward: Annotated[Literal["exact", "circuit"], about("Products: exact, or through the arrays of the tiles")] = (
        "exact"
    )
    opamp: Annotated[str, about("Op-amp of the arrays", "NAME")] = "cmos-100meg"
    wire_resistance: Annotated[float, about("Resistance of a wire from cell to cell", "ohm", ge=0, le=1e4)] = 0.0
    dac_bits: Annotated[int | None, about("Bits of the DACs before each array")] = None
    adc_bits: Annotated[int | None, about("Bits of the ADCs behind each array")] = None
    noise: Annotated[bool, about("Noise of op-amps and resistors at the outputs of each array")] = False
    refresh: Annotated[int, about("Batches from one reading of the errors of the arrays to the next", ge=1)] = 1

    @model_validator(mode="after")
    def _usable(self) -> Self:
        _ = self.converters
        if self.forward == "exact":
            return self
        try:  # a circuit of one cell: names of op-amps are known where they are used
            MvmCircuit.program(np.eye(1), engine="exact", opamp=self.opamp).steady(np.eye(1))
        except ParameterError as error:
            mend = error.mend if error.parameter == "opamp" else "is a subcircuit; take a macro model"
            raise ParameterError("opamp", self.opamp, mend) from None
        return self

    @property
    def converters(self) -> Converters:
        """Converters around each array."""
        return Converters(dac_bits=self.dac_bits, adc_bits=self.adc_bits)


class Products(Protocol):
    """Products of a batch with the weights of all layers."""

    def load(self, learners: Sequence[Learner]) -> None:
        """Take the weights of the layers as they are now."""

    def forward(self, layer: int, x: Floats) -> Floats:
        """Return W x of a layer for signals (samples, inputs), shape (samples, outputs)."""

    def backward(self, layer: int, d: Floats) -> Floats:
        """Return W^T d of a layer for errors (samples, outputs), shape (samples, inputs)."""


class ExactProducts:
    """Products by NumPy."""

    def __init__(self, weights: Sequence[Floats] = ()) -> None:
        self.weights = list(weights)

    def load(self, learners: Sequence[Learner]) -> None:
        """Take the weights of the layers as they are now."""
        self.weights = [learner.weights for learner in learners]

    def forward(self, layer: int, x: Floats) -> Floats:
        """Return W x; see `Products`."""
        return np.asarray(x @ self.weights[layer].T)

    def backward(self, layer: int, d: Floats) -> Floats:
        """Return W^T d; see `Products`."""
        return np.asarray(d @ self.weights[layer])


@dataclass
class _Array:
    """Circuit of one tile in one direction, as it was last read."""

    weight: Floats
    error: Floats
    gain: float
    full_scale: float
    output_range: float
    noise: Floats | float
    batch: int


@dataclass
class CircuitProducts:
    """Products through the arrays of the tiles.

    Attributes:
        settings: Op-amps, wires, converters, noise.
        half_range: Half of the range of the cell, S, a weight of 1.
        point: Conductance of weight 0, S.
        generator: Source of the noise.
    """

    settings: ForwardSettings
    half_range: float
    point: float
    generator: np.random.Generator
    batches: int = 0
    _arrays: dict[tuple[int, int, bool], _Array] = field(default_factory=dict)
    _tiles: list[Any] = field(default_factory=list)

    __repr__ = short_repr

    def load(self, learners: Sequence[Learner]) -> None:
        """Take the tiles of the layers as they are now."""
        self._tiles = [learner.tiles for learner in learners]
        self.batches += 1

    def forward(self, layer: int, x: Floats) -> Floats:
        """Return W x; see `Products`."""
        return self._product(layer, x, False)

    def backward(self, layer: int, d: Floats) -> Floats:
        """Return W^T d; see `Products`."""
        return self._product(layer, d, True)

    def _product(self, layer: int, vectors: Floats, backward: bool) -> Floats:
        total: Any = 0.0
        for number, tile in enumerate(self._tiles[layer]):
            difference = tile.weight - tile.reference
            if difference.any():
                array = self._read((layer, number, backward), tile.weight, tile.reference)
                turned = difference.T if backward else difference
                total = total + tile.gain * self._through(array, turned + array.error, vectors)
        return np.asarray(total + np.zeros((len(vectors), self._outputs(layer, backward))))

    def _outputs(self, layer: int, backward: bool) -> int:
        return int(self._tiles[layer][0].weight.shape[1 if backward else 0])

    def _through(self, array: _Array, matrix: Floats, vectors: Floats) -> Floats:
        """Product of one tile: DACs, array, noise, ADCs."""
        largest = np.abs(vectors).max(axis=1, keepdims=True)
        scale = np.divide(array.full_scale, largest, out=np.zeros_like(largest), where=largest > 0)
        levels = self.settings.converters.inputs(vectors * scale, array.full_scale)
        volts = levels @ matrix.T / array.gain
        if self.settings.noise:
            volts = volts + array.noise * self.generator.standard_normal(volts.shape)
        volts, _ = self.settings.converters.outputs(volts.T, array.output_range)
        return np.asarray(array.gain * volts.T * np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0))

    def _read(self, key: tuple[int, int, bool], weight: Floats, reference: Floats) -> _Array:
        """Return an array, read anew if its cells have changed since and it is due."""
        known = self._arrays.get(key)
        if known is not None and (
            self.batches - known.batch < self.settings.refresh or np.array_equal(known.weight, weight)
        ):
            return known
        cells, references = (self._conductance(one.T if key[2] else one) for one in (weight, reference))
        mapping = Mapping(cells, references, 1.0, self.half_range)
        wanted = (weight - reference).T if key[2] else weight - reference
        circuit = MvmCircuit.program(
            wanted, engine="exact", converters=self.settings.converters, conductances=mapping,
            opamp=self.settings.opamp, wire_resistance=self.settings.wire_resistance,
        )  # fmt: skip
        found = np.asarray(circuit.steady(np.eye(wanted.shape[1])))
        noise = np.sqrt(np.diag(circuit.noise().covariance)) if self.settings.noise else 0.0
        self._arrays[key] = _Array(
            weight.copy(), found - wanted, circuit.gain, circuit.full_scale, circuit.output_range, noise, self.batches
        )
        return self._arrays[key]

    def _conductance(self, weight: Floats) -> Floats:
        return np.asarray(np.maximum(self.point + self.half_range * weight, LEAST_CONDUCTANCE))
