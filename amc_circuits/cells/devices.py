"""Errors of real cells: the difference of a stored conductance from its target.

Equations, sources and limits: docs/devices.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, PlainValidator, model_validator

from amc_circuits.cells.draws import Draws, generators
from amc_circuits.cells.mapping import Mapping, check_conductance_limits
from amc_circuits.cells.programming_fits import PROGRAMMING_FITS
from amc_circuits.values.quantities import percentage
from netlists import NOMINAL_TEMPERATURE, ParameterError, Record
from netlists.arrays.array import NonlinearityVoltage
from netlists.errors import check_name
from netlists.record import FloatArray, NonNegative, about
from netlists.temperature import conductance_factor

DRIFT_START = 1.0
"""Reference time t0 of the drift law, s after writing.

A choice of this package: at t0 a cell holds its written value.
"""

Generators = Callable[[str], list[np.random.Generator]]
"""Generators of an effect, one a circuit; an effect that is off asks for none."""
Probability = Annotated[float, Field(ge=0, le=1)]
Spread = Annotated[float, Field(ge=0, le=1)]
"""Standard deviation of ln G, or of an exponent.

The upper limit of 1 is a choice of this package: no device is wider.
"""


def _sigma_or_fit(value: Any) -> float | str:
    """Check a programming error: siemens, a percentage of g_max as text, or the name of a fit."""
    if isinstance(value, str) and value in PROGRAMMING_FITS:
        return value
    try:
        part = percentage(value)
        sigma = float(value) if part is None else part
    except (TypeError, ValueError):
        sigma = np.nan
    if not (np.isfinite(sigma) and sigma >= 0):
        mend = "must be a standard deviation in siemens, 0 or more, such as 1e-6; a percentage of g_max, such as '3%'"
        raise ParameterError("programming_error", repr(value), f"{mend}; or one of {', '.join(PROGRAMMING_FITS)}")
    return f"{100 * sigma:.12g}%" if part else sigma


class Device(Record):
    """Range and errors of the cells of an array. Every error is off by default.

    Without levels the range is continuous. A programming error in S is at most the range of the cell; it may be a
    percentage of g_max, such as `3%`, or one of `PROGRAMMING_FITS`, a function of G. A stuck cell stays at its own
    limit. Drift is `G(t) = G (t/t0)^-nu`, t0 = 1 s; there is none up to t0. Read noise is one draw of ln G for a
    programmed array, frozen while the circuit settles. Cells that are not linear carry `G V0 sinh(V/V0)`. With an
    activation energy E, `G(T) = G exp(-E/k (1/T - 1/T0))`, written at T0 = 300.15 K, used at T.
    """

    g_min: Annotated[float, about("Lowest conductance", "S")] = 1e-6
    g_max: Annotated[float, about("Highest conductance", "S")] = 100e-6
    levels: Annotated[
        Annotated[int, Field(ge=2)] | None, about("Number of equally spaced conductances that can be written")
    ] = None
    programming_error: Annotated[
        float | str,
        PlainValidator(_sigma_or_fit),
        about(f"Standard deviation of what is written, or {' or '.join(PROGRAMMING_FITS)}", "S"),
    ] = 0.0
    programming_error_scale: Annotated[NonNegative, about("Factor on the programming error")] = 1.0
    stuck_on: Annotated[Probability, about("Probability of a cell stuck at its highest conductance")] = 0.0
    stuck_off: Annotated[Probability, about("Probability of a cell stuck at its lowest conductance")] = 0.0
    drift_exponent: Annotated[Spread, about("Mean exponent nu of the drift G (t/1 s)^-nu")] = 0.0
    drift_spread: Annotated[Spread, about("Standard deviation of nu from cell to cell")] = 0.0
    drift_time: Annotated[NonNegative, about("Time since writing", "s")] = 0.0
    read_noise: Annotated[Spread, about("Relative standard deviation of each conductance when it is used")] = 0.0
    limit_spread: Annotated[Spread, about("Relative standard deviation of each cell's own limits")] = 0.0
    nonlinearity_voltage: NonlinearityVoltage = None
    activation_energy: Annotated[
        float, about("Activation energy E of cells whose conductance goes as exp(-E/kT)", "eV", ge=0, le=2)
    ] = 0.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_conductance_limits(self.g_min, self.g_max)
        if self.stuck_on + self.stuck_off > 1:
            raise ParameterError("stuck_off", self.stuck_off, f"must not pass 1 with stuck_on, {self.stuck_on:g}")
        error, span = self.programming_error, self.g_max - self.g_min
        if error not in PROGRAMMING_FITS and self._sigma > span:
            times = f"it is {self._sigma / span:.3g} times the range of the cells, {span:.4g} S"
            raise ParameterError("programming_error", error, f"{times}; a part of g_max is given as '3%'")
        return self

    @property
    def _sigma(self) -> float:
        """Programming error in S, if it is not a fit."""
        part = percentage(self.programming_error)
        return float(self.programming_error) if part is None else part * self.g_max

    @property
    def drawn(self) -> bool:
        """True if the stored conductances are random."""
        written = self.programming_error != 0 and self.programming_error_scale > 0
        drifting = self.drift_spread > 0 and self.drift_time > DRIFT_START
        return written or drifting or any((self.stuck_on, self.stuck_off, self.read_noise, self.limit_spread))

    def programming_sigma(self, conductance: FloatArray) -> FloatArray:
        """Standard deviation of written conductances at these targets, same shape, S."""
        error = self.programming_error
        if error in PROGRAMMING_FITS:
            return PROGRAMMING_FITS[str(error)].sigma(conductance) * self.programming_error_scale
        return np.full(conductance.shape, self._sigma * self.programming_error_scale)


DEVICES: dict[str, Device] = {
    "ideal": Device(),  # 1 to 100 uS: a choice of this package, the defaults of the mapping
    "taox-40nm-8level": Device(
        # 0.5 to 35 uS, 8 levels: Nature Electronics 2025, doi 10.1038/s41928-025-01477-0 (second hand)
        g_min=0.5e-6,
        g_max=35e-6,
        levels=8,
        # TaOx at 300 K conducts by a current that does not depend on temperature (Graves et al., Appl. Phys. Lett. 110,
        # 123501, 2017, doi 10.1063/1.4978757)
        activation_energy=0.0,
        # programming error, stuck cells, drift, read noise: not stated
    ),
    "hfo2-wide": Device(
        # 5 to 200 uS: studies with discrete parts (second hand)
        g_min=5e-6,
        g_max=200e-6,
        programming_error="milo-2021",  # measured from 50 uS upwards; the value at 50 uS is used below
        # levels, stuck cells, drift, read noise: not stated
        # activation energy: cells of one array differ even in sign (Xu et al., J. Phys. D 55, 025110, 2022): set yours
    ),
    "gramc-16level": Device(
        # 16 levels: arXiv 2501.01586 (second hand); its range is not known: 1 to 100 uS is a choice of this package
        levels=16,
        # programming error, stuck cells, drift, read noise: not stated
    ),
}


def device_preset(name: str) -> Device:
    """Look a device up by the name of its preset.

    Raises:
        ParameterError: There is no such preset.
    """
    check_name("device", name, DEVICES)
    return DEVICES[name]


def programmed(
    device: Device, mapping: Mapping, draws: Draws, temperature: float = NOMINAL_TEMPERATURE, place: int = 0
) -> Mapping:
    """Apply the errors of the cells to a mapping, from writing to use.

    The order is the life of a cell. Writing aims at a level and leaves an error, both within the limits of that cell.
    Then stuck cells, which no writing moves; then drift and read noise, which may leave these limits. An effect that is
    off skips its step: with all effects off the arrays are the same, bit for bit.

    Args:
        device: The cells.
        mapping: Target conductances, mapped with g_min and g_max of the device.
        draws: Source of the random numbers.
        temperature: Temperature at use, K.
        place: Index of the matrix in the circuit, from 0: each has draws of its own.

    Returns:
        The same mapping with other conductances, all above 0.

    Raises:
        ParameterError: The mapping needs conductances outside the range of the device.
    """
    held = [stack[0] for stack in programmed_often(device, mapping, [draws], temperature, place)]
    return replace(mapping, positive=held[0], negative=held[1] if len(held) > 1 else None)


def programmed_often(
    device: Device, mapping: Mapping, draws: Sequence[Draws], temperature: float = NOMINAL_TEMPERATURE, place: int = 0
) -> list[FloatArray]:
    """Conductances of each array of a mapping in many circuits, shape (P, N, M), S; bit for bit as `programmed`.

    A place without a cell, of 0 S, stays without.
    """
    arrays = [array for array in (mapping.positive, mapping.negative) if array is not None]
    _check_within(device, [array[array > 0] for array in arrays if array.any()])
    factor = conductance_factor(temperature, device.activation_energy)
    return [
        np.where(array > 0, factor * _held(device, array, draws, 2 * place + k), 0.0) for k, array in enumerate(arrays)
    ]


def _check_within(device: Device, arrays: list[FloatArray]) -> None:
    if not arrays:
        return
    lowest, highest = min(array.min() for array in arrays), max(array.max() for array in arrays)
    mend = "map the matrix with the g_min and g_max of its device"
    rounding = 1e-9  # of the sums in the mapping, generously
    if lowest < device.g_min * (1 - rounding):
        raise ParameterError("g_min", device.g_min, f"the mapping goes down to {lowest:g} S; {mend}")
    if highest > device.g_max * (1 + rounding):
        raise ParameterError("g_max", device.g_max, f"the mapping goes up to {highest:g} S; {mend}")


def _held(device: Device, wanted: FloatArray, draws: Sequence[Draws], array: int) -> FloatArray:
    """Conductances of one array after all effects, (P, N, M); `array` is its index among the draws."""

    def fresh(effect: str) -> list[np.random.Generator]:
        return generators(draws, effect, array)

    aim = np.repeat(level(device, wanted)[None], len(draws), axis=0)
    low, high = _cell_limits(device, wanted, fresh)
    kept = _stuck(device, _written(device, aim, low, high, fresh), low, high, fresh)
    return _read(device, _drifted(device, kept, fresh), fresh)


def _normal(sources: list[np.random.Generator], shape: tuple[int, ...]) -> FloatArray:
    return np.stack([one.standard_normal(shape) for one in sources])


def _cell_limits(device: Device, wanted: FloatArray, fresh: Generators) -> tuple[FloatArray, FloatArray]:
    """Each cell's own g_min and g_max; if a wide spread makes them cross, the lower one is g_min."""
    if device.limit_spread == 0:
        return np.full(wanted.shape, device.g_min), np.full(wanted.shape, device.g_max)
    spread = np.exp(device.limit_spread * _normal(fresh("limit_spread"), (2, *wanted.shape)))
    drawn = device.g_min * spread[:, 0], device.g_max * spread[:, 1]
    return np.minimum(*drawn), np.maximum(*drawn)


def level(device: Device, wanted: FloatArray) -> FloatArray:
    """Nearest level of the nominal range, S: the target of writing, whatever the cell's own limits; same shape."""
    if device.levels is None:
        return wanted
    step = (device.g_max - device.g_min) / (device.levels - 1)
    return np.asarray(device.g_min + np.rint((wanted - device.g_min) / step) * step)


def _written(device: Device, aim: FloatArray, low: FloatArray, high: FloatArray, fresh: Generators) -> FloatArray:
    sigma = device.programming_sigma(aim[0])
    if not (sigma.any() or device.limit_spread):
        return aim
    left = np.clip(aim, low, high) + sigma * _normal(fresh("programming_error"), aim.shape[1:])
    return np.clip(left, low, high)


def _stuck(device: Device, written: FloatArray, low: FloatArray, high: FloatArray, fresh: Generators) -> FloatArray:
    """Apply stuck cells.

    One uniform number a cell: stuck on from below, stuck off from above, so that neither moves the other.
    """
    if device.stuck_on == 0 == device.stuck_off:
        return written
    chance = np.stack([one.random(written.shape[1:]) for one in fresh("stuck")])
    return np.where(chance < device.stuck_on, high, np.where(chance >= 1 - device.stuck_off, low, written))


def _drifted(device: Device, kept: FloatArray, fresh: Generators) -> FloatArray:
    if device.drift_time <= DRIFT_START or device.drift_exponent == 0 == device.drift_spread:
        return kept
    exponent = device.drift_exponent + device.drift_spread * _normal(fresh("drift"), kept.shape[1:])
    return np.asarray(kept * (device.drift_time / DRIFT_START) ** -exponent)


def _read(device: Device, aged: FloatArray, fresh: Generators) -> FloatArray:
    """Apply read noise; log-normal, because a Gaussian would go below zero."""
    if device.read_noise == 0:
        return aged
    return np.asarray(aged * np.exp(device.read_noise * _normal(fresh("read_noise"), aged.shape[1:])))
