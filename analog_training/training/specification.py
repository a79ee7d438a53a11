"""A training as data: data set, network, algorithm, device, updates; from TOML or by options of a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self, get_args

from pydantic import Field, model_validator

from amc_circuits import (
    CalibratedCell,
    Option,
    ParameterError,
    Record,
    about,
    check_type,
    meant,
    read_toml,
    record_options,
    shown,
)
from analog_training.algorithms.settings import AlgorithmSettings
from analog_training.algorithms.stages import Course
from analog_training.devices.calibrated import FROM_CELL, Response, device_of, read_cell
from analog_training.devices.presets import DEFAULT, PRESETS, pulsed_device
from analog_training.devices.record import PulsedDevice
from analog_training.training.products import ForwardSettings
from analog_training.updates.trains import Trains
from optimizer import DataSettings

Count = Annotated[int, Field(ge=1, le=1_000_000)]
MOST_LAYERS = 8


class TaskSettings(Record):
    """Samples, network and length of a training."""

    dataset: Annotated[str, about("Data set: digits, ocr-letters or emnist-letters", "NAME")] = "digits"
    pool: Annotated[int, about("Pixels in each direction that are averaged to one", ge=1, le=64)] = 1
    hidden: Annotated[str, about("Neurons of the hidden layers, with commas", "LIST")] = "32"
    batch_size: Annotated[Count, about("Samples of a step")] = 10
    epochs: Annotated[int, about("Epochs", ge=1, le=10_000)] = 40
    bias_rate: Annotated[float, about("Learning rate of the biases, which are digital", ge=0, le=1e3)] = 0.1
    seed: Annotated[int, about("Seed of weights, devices, order and pulses", ge=0)] = 0

    @model_validator(mode="after")
    def _usable(self) -> Self:
        _ = self.widths
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons of the hidden layers."""
        words = [word.strip() for word in self.hidden.split(",")]
        if not all(word.isdecimal() and 0 < int(word) <= 4096 for word in words) or len(words) > MOST_LAYERS:
            mend = f"must be 1 to {MOST_LAYERS} whole numbers up to 4096 with commas, such as 32"
            raise ParameterError("hidden", repr(self.hidden), mend)
        return tuple(map(int, words))


class AnalogSpec(Record):
    """All settings that decide the outcome of a training.

    A setting that the others leave without effect (`idle`) does not change the outcome, nor is it in `content`. Here it
    is kept, so that parts can be exchanged; `make_spec`, files, sweeps and the command refuse it where it is given.

    Attributes:
        task: Samples, network and length.
        data: Samples of one's own, in place of a data set.
        algorithm: Algorithm and its numbers.
        cell_file: File of the calibrated cell whose response the devices have; None for a device by its name.
        cell: That cell.
        response: Its response that the devices have.
        device_name: Name of the device; without effect beside a cell.
        device: Devices of the tiles.
        trains: Pulse trains of the updates.
        forward: Products, exact or through arrays.
    """

    task: TaskSettings = TaskSettings()
    data: DataSettings | None = None
    algorithm: AlgorithmSettings = AlgorithmSettings()
    cell_file: str | None = None
    cell: CalibratedCell | None = None
    response: Response = "power-law"
    device_name: str = DEFAULT
    device: PulsedDevice = PRESETS[DEFAULT].device
    trains: Trains = Trains()
    forward: ForwardSettings = ForwardSettings()

    @property
    def title(self) -> str:
        """Name of the samples."""
        return self.task.dataset if self.data is None else Path(self.data.train).name

    @property
    def course(self) -> Course:
        """Stages over the epochs."""
        return Course.of(self.task.epochs, self.algorithm.stage_count, self.algorithm.first_stage)

    @property
    def content(self) -> dict[str, Any]:
        """Every setting that has an effect, flat, by the names of a specification; `make_spec` reads it again."""
        found: dict[str, Any] = {"device": self.device_name, "cell": self.cell_file, "response": self.response}
        for record in (self.task, self.algorithm, self.device, self.trains, self.forward):
            found |= record.model_dump(mode="json", exclude={"up_table", "down_table"})
        found["rate"], found["transfer_rate"] = self.algorithm.rates
        idle = {name for name, _ in self.idle()}
        found = {name: value for name, value in found.items() if value is not None and name not in idle}
        if self.data is not None:
            found["data"] = self.data.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return found

    def idle(self) -> Iterator[tuple[str, str]]:
        """Yield the settings without an effect here, and the reasons."""
        yield from self.algorithm.idle()
        algorithm = self.algorithm.algorithm
        if algorithm == "digital":
            yield from ((name, "has no effect: digital weights have no devices") for name in DEVICE_NAMES)
        if algorithm in ("digital", "mixed-precision") or self.algorithm.updates == "expected":
            why = "has no effect: no pulse trains update the weights"
            yield from ((name, why) for name in Trains.model_fields)
        if self.algorithm.updates == "expected":
            yield "cycle_noise", "has no effect: expected updates have no noise; leave it out, or take updates = pulses"
        if self.forward.forward == "exact":
            why = "has no effect on exact products; leave it out, or take forward = circuit"
            yield from ((name, why) for name in ForwardSettings.model_fields if name != "forward")
        if self.cell is not None:
            yield from ((name, "has no effect beside cell; leave it out") for name in ("device", *FROM_CELL))
        else:
            yield "response", "has no effect without cell; add cell"
        if self.data is not None:
            yield "dataset", "has no effect beside data; leave one of the two out"

    @model_validator(mode="after")
    def _closed(self) -> Self:
        if self.forward.forward == "circuit" and (self.cell is None or self.algorithm.algorithm == "digital"):
            mend = "needs devices and their conductances; add cell, and take no digital weights"
            raise ParameterError("forward", "circuit", mend)
        if (idle := self.course.idle_stage) is not None:
            stages = self.algorithm.stage_count
            mend = f"must give each of the {stages} stages one, stage {idle + 1} has none; take more, or fewer tiles"
            raise ParameterError("epochs", self.task.epochs, mend)
        powers = {self.device.up_power, self.device.down_power}
        closed = powers <= {0.0, 1.0} and self.device.up_table is None
        if self.algorithm.updates == "expected" and not closed:
            mend = "needs a device of powers 0 or 1, for which the mean has a closed form; take pulses"
            raise ParameterError("updates", "expected", mend)
        return self


DEVICE_NAMES = (
    "device",
    "cell",
    "response",
    *(name for name, one in PulsedDevice.model_fields.items() if one.description),
)
SECTIONS: tuple[type[Record], ...] = (TaskSettings, AlgorithmSettings, PulsedDevice, Trains, ForwardSettings)
"""Records whose fields are the settings of a specification, all side by side."""


@cache
def spec_options() -> tuple[Option, ...]:
    """Every setting but those of `data` as an option; None is the default of each, for those of a file stay."""
    names = Option("device", "text", f"Device: {', '.join(PRESETS)}", DEFAULT, choices=tuple(PRESETS))
    cells = (
        Option("cell", "text", "File of amc device calibrate whose response the devices have", unit="FILE"),
        Option("response", "text", "Response of the cell", choices=get_args(Response)),
    )
    return (*(option for record in SECTIONS for option in record_options(record)), names, *cells)


def override_options() -> tuple[Option, ...]:
    """Return the options without defaults: each replaces what a specification says."""
    return tuple(replace(option, default=None, help=_with_default(option)) for option in spec_options())


def _with_default(option: Option) -> str:
    return option.help if option.default is None or option.name in PulsedDevice.model_fields else (
        f"{option.help} [default: {option.default}]"
    )  # fmt: skip


def make_spec(content: Mapping[str, Any], source: str = "") -> AnalogSpec:
    """Build a specification from plain data.

    Args:
        content: Settings by name, as a TOML file holds them: fields of `TaskSettings`, `AlgorithmSettings`,
            `PulsedDevice`, `Trains` and `ForwardSettings`; `device`, the name of a device; `cell` and `response`; and
            `data`, fields of `optimizer.DataSettings`.
        source: Name of the source, for the error.

    Raises:
        ParameterError: A name is unknown, a value is out of its range, or a setting has no effect; the error names the
            first one.
    """
    check_type("content", content, Mapping, mend="settings by name, as a TOML file holds them")
    try:
        spec = _built(content)
        _check_acting(spec, content)
    except ParameterError as error:
        place = f"{source}: {error.parameter}" if source else error.parameter
        raise ParameterError(place, error.value, error.mend) from None
    return spec


def _built(content: Mapping[str, Any]) -> AnalogSpec:
    known = {option.name for option in spec_options()} | {"data"}
    for name in content:
        if name not in known:
            raise ParameterError(name, "an unknown name", f"remove it or mend its spelling{meant(name, known)}")
    given = dict(content)
    if type(given.get("hidden")) is int:
        given["hidden"] = str(given["hidden"])
    parts = {record: {key: given[key] for key in record.model_fields if key in given} for record in SECTIONS}
    name, data, response = given.get("device", DEFAULT), given.get("data"), given.get("response", "power-law")
    cell = None if given.get("cell") is None else read_cell(given["cell"])
    if response not in get_args(Response):
        raise ParameterError("response", shown(response), f"must be one of {', '.join(get_args(Response))}")
    if cell is not None:
        for field in {"device", *FROM_CELL} & given.keys():
            raise ParameterError(field, shown(given[field]), "has no effect beside cell; leave it out")
    device = pulsed_device(name) if cell is None else device_of(cell, response)
    return AnalogSpec(
        task=TaskSettings(**parts[TaskSettings]),
        data=None if data is None else _data(data),
        algorithm=AlgorithmSettings(**parts[AlgorithmSettings]),
        cell_file=given.get("cell"),
        cell=cell,
        response=response,
        device_name=name,
        device=device.replace(**parts[PulsedDevice]),
        trains=Trains(**parts[Trains]),
        forward=ForwardSettings(**parts[ForwardSettings]),
    )


def _data(content: Any) -> DataSettings:
    try:
        return DataSettings.model_validate(content)
    except ParameterError as error:
        raise ParameterError(f"data.{error.parameter}".rstrip("."), error.value, error.mend) from None


def _check_acting(spec: AnalogSpec, given: Mapping[str, Any]) -> None:
    for name, why in spec.idle():
        if name in given:
            raise ParameterError(name, shown(given[name]), why)


def read_spec(path: str | Path) -> AnalogSpec:
    """Read a specification from a TOML file; raise `ParameterError` if it cannot be read or is invalid."""
    return make_spec(read_toml("SPEC.toml", path)[1], str(path))


def override(spec: AnalogSpec, changes: Mapping[str, Any]) -> AnalogSpec:
    """Return a specification with other values, checked again.

    Another device takes all its numbers with it, another algorithm its own defaults.

    Args:
        spec: Original specification.
        changes: Settings by name; None leaves one unchanged.

    Raises:
        ParameterError: A value is out of its range or has no effect.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    base, dropped = spec.content, set[str]()
    if "device" in given:
        dropped |= {"cell", "response", *PulsedDevice.model_fields}
    if "cell" in given:
        dropped |= {"device", *FROM_CELL}
    if given.get("algorithm", spec.algorithm.algorithm) != spec.algorithm.algorithm:
        dropped |= {"rate", "transfer_rate"}
    if "dataset" in given:
        dropped.add("data")
    found = _built({name: value for name, value in base.items() if name not in dropped} | given)
    _check_acting(found, given)
    return found
