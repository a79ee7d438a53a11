"""Exact product by MVM circuits: slices of A, planes of bits of z, a few lines at a time, outputs read as integers.

A, in units of its largest entry, becomes whole numbers of `slices * slice_bits` bits. Each slice has one digit of base
`2^slice_bits` of every entry, with its sign, in a pair of arrays whose levels are the digits. The words z are whole
numbers, too: each pass drives a group of lines with one digit of theirs. An output is then a whole number as long as
the errors of the cells of all these lines stay below half a level; shifted sums of the read numbers are exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np

from amc_circuits.cells.devices import programmed
from amc_circuits.cells.draws import Draws
from amc_circuits.cells.mapping import Mapping as Conductances
from amc_circuits.results.converters import CONVERTER_KINDS, Converters, quantise
from amc_circuits.results.solution import UnusableSolutionError
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.mvm import MvmCircuit
from amc_circuits.solvers.precision.words import Words
from netlists import ParameterError, Record
from netlists.record import FloatArray, about
from netlists.short_text import short_repr

MOST_READ_BITS = CONVERTER_KINDS["sar"].bits[1]
"""Most bits of an ADC."""
OF_OTHERS = ("pair", "scaling", "g_min", "g_max", "compensate_wires", "inverter_resistance", "diagonal",
             "input_conductance", "feedback_conductance", "inputs", "hold")  # fmt: skip
"""Keywords that have no effect on given conductances, or that are those of the circuit that inverts."""
SEEN = 2
"""Transients of passes of each slice that measure time and energy; a choice of this package."""


class Slicing(Record):
    """Slices of a matrix in MVM circuits, and the passes of a product. Without read bits, outputs are read exactly."""

    slices: Annotated[int, about("Number of slices of A", ge=1, le=12)] = 8
    slice_bits: Annotated[int, about("Bits of A in each slice", ge=1, le=3)] = 3
    slice_lines: Annotated[int, about("Lines that a pass drives at the same time", ge=1)] = 8
    slice_input_bits: Annotated[int, about("Bits of z in a pass", ge=1, le=4)] = 1
    slice_read_bits: Annotated[
        int | None,
        about("Bits of the ADCs of slices over the largest output, instead of exact integers", ge=2, le=MOST_READ_BITS),
    ] = None

    def bits_for(self, largest: float) -> int:
        """Bits with which an ADC reads every whole number up to a magnitude: `ceil(log2(2 largest + 1))`."""
        return int(np.ceil(np.log2(2 * largest + 1)))


def digits_of(matrix: FloatArray, slicing: Slicing) -> list[FloatArray]:
    """Cut a matrix, in units of its largest entry, into signed digits, those of the largest weight first."""
    base = 2**slicing.slice_bits
    whole = np.rint(matrix / np.abs(matrix).max() * (base**slicing.slices - 1))
    return [
        np.sign(whole) * (np.floor(np.abs(whole) / base**place) % base) for place in reversed(range(slicing.slices))
    ]


def programmed_slice(digits: FloatArray, place: int, slicing: Slicing, fields: Mapping[str, Any]) -> MvmCircuit:
    """Program one slice: the digits are the levels of a pair of arrays."""
    largest = 2**slicing.slice_bits - 1
    hardware = Hardware(**{name: value for name, value in fields.items() if name in Hardware.model_fields})
    cells = hardware.cells.replace(levels=largest + 1)
    unit = cells.g_max - cells.g_min
    positive, negative = (cells.g_min + np.maximum(sign * digits, 0) / largest * unit for sign in (1, -1))
    wanted = Conductances(positive, negative, float(largest), unit)
    mapping = programmed(cells, wanted, Draws(hardware.seed, hardware.trial), hardware.temperature, place)
    own = {name: value for name, value in fields.items() if name not in OF_OTHERS}
    return MvmCircuit.program(digits, conductances=mapping, **own)


@dataclass(frozen=True)
class SlicedProduct:
    """Product of a matrix by its slices.

    Attributes:
        slicing: Slices and passes.
        weights: Weight of each slice that is not zero, in units of the matrix.
        circuits: Circuit of each.
    """

    slicing: Slicing
    weights: tuple[float, ...]
    circuits: tuple[MvmCircuit, ...]

    __repr__ = short_repr

    @classmethod
    def program(cls, matrix: FloatArray, slicing: Slicing, fields: Mapping[str, Any]) -> SlicedProduct:
        """Program all slices of a matrix (N, N).

        Args:
            matrix: Real matrix.
            slicing: Slices and passes.
            fields: Keywords of `Solver.program`; the levels of the device are those of a slice.

        Raises:
            ParameterError: A field cannot be used, or an exact reading needs more bits than an ADC has.
            UnusableSolutionError: A pole of a slice grows.
        """
        base, count = 2**slicing.slice_bits, slicing.slices
        all_digits = digits_of(matrix, slicing)
        alpha = float(np.abs(matrix).max()) / (base**count - 1)
        used = [place for place, digits in enumerate(all_digits) if digits.any()]
        circuits = tuple(programmed_slice(all_digits[place], place, slicing, fields) for place in used)
        for place, circuit in zip(used, circuits, strict=True):
            if not circuit.stability.stable:
                raise UnusableSolutionError(f"UNSTABLE: slice {place + 1}: {circuit.stability.cause}")
        weights = tuple(alpha * float(base) ** (count - 1 - place) for place in used)
        made = cls(slicing, weights, circuits)
        made._check()
        return made

    def _check(self) -> None:
        needed = self.read_bits
        if needed > MOST_READ_BITS:
            mend = f"integers of that many lines need ADCs of {needed} bits; take at most {MOST_READ_BITS}"
            raise ParameterError("slice_lines", self.slicing.slice_lines, f"{mend}: fewer lines or slice_input_bits")

    @property
    def digits(self) -> tuple[FloatArray, ...]:
        """Digits of each slice that is not zero, shape (N, N)."""
        return tuple(np.asarray(circuit.matrix, dtype=np.float64) for circuit in self.circuits)

    @property
    def groups(self) -> list[slice]:
        """Groups of lines that passes drive, one after the other."""
        size, lines = self.digits[0].shape[1], self.slicing.slice_lines
        return [slice(first, min(first + lines, size)) for first in range(0, size, lines)]

    @cached_property
    def largest(self) -> tuple[float, ...]:
        """Largest output of each slice that any word can cause, in units of a digit."""
        most = 2**self.slicing.slice_input_bits - 1
        return tuple(
            max(float(np.abs(one[:, group]).sum(axis=1).max()) for group in self.groups) * most for one in self.digits
        )

    @property
    def read_bits(self) -> int:
        """Bits of the ADCs: as given, or as many as integers need."""
        given = self.slicing.slice_read_bits
        return self.slicing.bits_for(max(self.largest)) if given is None else given

    def planes(self, words: Words) -> Iterator[tuple[float, FloatArray]]:
        """Yield the weight of each plane with the digits of the words, shape (N, k)."""
        base = 2**self.slicing.slice_input_bits
        sizes, place = np.abs(words.integers), 0
        while base**place <= words.largest:
            yield float(base**place), np.sign(words.integers) * (np.floor(sizes / base**place) % base)
            place += 1

    def __call__(self, words: Words, /) -> FloatArray:
        """Return the product, shape (N, k)."""
        planes = list(self.planes(words))
        driven = [self._grouped(digits) for _, digits in planes]
        inputs = np.concatenate(driven, axis=1)
        total = np.zeros((len(self.digits[0]), len(planes), len(self.groups), words.integers.shape[1]))
        for weight, circuit, largest in zip(self.weights, self.circuits, self.largest, strict=True):
            read = self._read(np.asarray(circuit.steady(inputs), dtype=np.float64), largest)
            total += weight * read.reshape(total.shape)
        scales = np.array([weight for weight, _ in planes])
        return np.asarray(np.einsum("npgk,p->nk", total, scales) * words.unit)

    def _grouped(self, digits: FloatArray) -> FloatArray:
        """Return the inputs of every group, one after the other, shape (N, groups * k)."""
        parts = []
        for group in self.groups:
            one = np.zeros_like(digits)
            one[group] = digits[group]
            parts.append(one)
        return np.concatenate(parts, axis=1)

    def _read(self, outputs: FloatArray, largest: float) -> FloatArray:
        """Read outputs, in units of a digit, as integers or by ADCs of fewer bits over the largest output."""
        if self.slicing.slice_read_bits is None:
            return np.asarray(np.rint(outputs))
        return quantise(outputs, self.slicing.slice_read_bits, max(largest, 1.0))

    def passes(self, largest: int) -> int:
        """Passes of a product with words up to a magnitude: planes times groups; slices work at the same time."""
        bits = int(np.ceil(np.log2(largest + 1)))
        return -(-bits // self.slicing.slice_input_bits) * len(self.groups)

    def cost(self, largest: int) -> tuple[float, float]:
        """Energy, J, and time, s, of the product with one column of words up to a magnitude.

        Two passes of every slice are simulated. Energy of op-amps that do not state their supply current is nan.
        """
        passes = zip(self.digits, self.circuits, strict=True)
        found = [circuit.solve(self._seen(digits)).raise_if_unusable() for digits, circuit in passes]
        seconds = max(float(np.max(one.settling_time)) for one in found)
        joules = sum(np.nan if one.energy.total is None else float(np.mean(one.energy.total)) for one in found)
        converters = Converters(dac_bits=max(self.slicing.slice_input_bits + 1, 2), adc_bits=max(self.read_bits, 2))
        lines = len(self.digits[0])
        dac, dac_time = converters.dac_cost(min(self.slicing.slice_lines, lines))
        adc, adc_time = converters.adc_cost(lines)
        count = self.passes(largest)
        whole = joules + len(self.circuits) * (dac + adc)
        return count * whole, count * (seconds + dac_time + adc_time)

    def _seen(self, digits: FloatArray) -> FloatArray:
        """Return two passes: drawn signs on the first lines, or those of the largest row where all rows cancel."""
        inputs = np.random.default_rng(0).choice([-1.0, 1.0], (digits.shape[1], SEEN))
        inputs[self.groups[0].stop :] = 0
        group = max(self.groups, key=lambda lines: np.abs(digits[:, lines]).sum(axis=1).max())
        strongest = np.zeros((digits.shape[1], 1))
        strongest[group, 0] = np.sign(digits[np.abs(digits[:, group]).sum(axis=1).argmax(), group])
        return np.where(np.any(digits @ inputs, axis=0), inputs, strongest)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentence on the slices."""
        held, slicing = self.slicing.slices * self.slicing.slice_bits, self.slicing
        how = "as integers" if slicing.slice_read_bits is None else "over the largest output"
        return (
            f"product by {len(self.circuits)} slices: A to {held} bits, {slicing.slice_lines} lines a pass, "
            f"read {how} by ADCs of {self.read_bits} bits",
        )

    @property
    def mend(self) -> str:
        """Advice for slices that are too coarse, or that are not read as integers."""
        return "take more slices, cells with smaller errors, no slice_read_bits, lower bits, or residual = digital"
