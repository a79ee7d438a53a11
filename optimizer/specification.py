"""A training run as data: data set, network, optimizer and solver, from TOML or from a preset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from amc_circuits import ParameterError, check_name, check_type, read_toml
from optimizer.circuit_settings import CircuitSettings
from optimizer.data_settings import DataSettings
from optimizer.effects import given_places, idle_settings
from optimizer.layer_words import ModelSettings
from optimizer.settings import ConvolutionShape, Count, KfacSettings, OptimizerSettings, Settings

SMALL = (ConvolutionShape(channels=8, kernel=3, pool=2), ConvolutionShape(channels=8, kernel=3, pool=2))
"""Two small convolutions: with the digits and the ocr letters every factor is at most 73 wide."""

MOST_LAYERS = 50
"""Most layers; a longer list is refused before it is checked one by one, at a kilobyte each."""


IN_PLACE = (("dataset", "data"), ("convolutions", "model"))
"""Settings, each with the one that takes its place."""


class TrainingSpec(Settings):
    """All settings that decide the outcome of a training run.

    A setting that the chosen parts ignore, as `circuit` beside Cholesky, does not change the outcome. Here it is kept,
    so that parts can be exchanged; `make_spec`, files, sweeps and the command refuse it where it is given.

    Attributes:
        dataset: `digits`, `ocr-letters` or `emnist-letters`.
        data: Data of one's own, in place of `dataset`.
        task: `classification`, or `autoencoder`: images reproduced by Bernoulli cross-entropy, through `model`.
        model: Layers of the network, in place of `convolutions`.
        convolutions: Convolutions from the image on; a dense read-out follows. Tables of features take one hidden
            dense layer by default.
        optimizer: `momentum`, `adam`, `kfac` or that of an installed package, with its parameters.
        solver: Solver that inverts the factors of K-FAC: `cholesky` or `inv-circuit`.
        circuit: Circuit of `inv-circuit`.
        batch_size: Images per step; the remainder at the end of an epoch is left out.
        epochs: Largest number of epochs; may be a fraction.
        evaluations: Evaluations on the test images per epoch.
        target_accuracy: Target accuracy on the test images.
        target_loss: Target of an autoencoder: mean loss of a test image, nats.
        stop_at_target: Ends the run when the target is reached.
        seed: Seed of the initial weights, the order of the images, the labels sampled for the Fisher matrix and the
            random errors of the circuits.
        precision: Precision of the network's arithmetic. Factors and inverses are always double.
    """

    dataset: str = "digits"
    data: DataSettings | None = None
    task: Literal["classification", "autoencoder"] = "classification"
    model: ModelSettings | None = None
    convolutions: tuple[ConvolutionShape, ...] = SMALL
    optimizer: OptimizerSettings = KfacSettings()
    solver: Literal["cholesky", "inv-circuit"] = "cholesky"
    circuit: CircuitSettings = CircuitSettings()
    batch_size: Count = 256
    epochs: Annotated[float, Field(gt=0)] = 10.0
    evaluations: Count = 8
    target_accuracy: Annotated[float, Field(gt=0, lt=1)] = 0.84
    target_loss: Annotated[float, Field(gt=0)] = 20.0
    stop_at_target: bool = True
    seed: Annotated[int, Field(ge=0)] = 0
    precision: Literal["single", "double"] = "single"

    @property
    def title(self) -> str:
        """Name of the data set, or of the file or folder of the training samples."""
        return self.dataset if self.data is None else Path(self.data.train).name

    @property
    def target(self) -> float:
        """Target of the score: an accuracy, or the loss of an autoencoder in nats."""
        return self.target_loss if self.task == "autoencoder" else self.target_accuracy

    @property
    def score_name(self) -> str:
        """Name of the score on the test samples."""
        return "test loss" if self.task == "autoencoder" else "accuracy"

    def score_text(self, score: float, digits: int = 2) -> str:
        """Score in words: per cent, or nats."""
        return f"{score:.{digits + 2}g} nats" if self.task == "autoencoder" else f"{score:.{digits}%}"

    @model_serializer(mode="wrap")
    def _effective(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the defaults of what is given in another way, so that the content can be read again.

        With data of one's own the default network depends on the samples, so no convolutions are its content.
        """
        content: dict[str, Any] = dump(self)
        if self.data is not None and "convolutions" not in self.model_fields_set:
            content.pop("convolutions", None)
        for name, instead in IN_PLACE:
            if getattr(self, instead) is not None:
                content.pop(name, None)
        for name in ("target_accuracy",) if self.task == "autoencoder" else ("task", "target_loss"):
            content.pop(name, None)
        return content

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, instead in IN_PLACE:
            if getattr(self, instead) is not None and name in self.model_fields_set:
                raise ParameterError(name, f"both it and {instead}", "give one of the two")
        if self.task == "autoencoder":
            check_autoencoder(self.model, self.data)
        if self.optimizer.warmup_epochs >= self.epochs:
            mend = f"must be below the epochs of the run, {self.epochs:g}"
            raise ParameterError("optimizer.warmup_epochs", self.optimizer.warmup_epochs, mend)
        return self


def check_autoencoder(model: ModelSettings | None, data: DataSettings | None) -> None:
    """Refuse an autoencoder without layers of its own, or with a normalisation, which its pixels do not use."""
    if model is None:
        raise ParameterError("model", None, 'an autoencoder needs its layers, as ["dense 64 tanh", "dense"]')
    if data is not None and data.normalisation != "auto":
        mend = "has no effect with the task autoencoder, whose pixels are from 0 to 1; leave it out"
        raise ParameterError("data.normalisation", data.normalisation, mend)


def make_spec(content: Mapping[str, Any], source: str = "specification") -> TrainingSpec:
    """Build a specification from plain data.

    Args:
        content: Content of a TOML file.
        source: Name of the source, for the error.

    Raises:
        ParameterError: A name is unknown, a value is out of its range, or a setting has no effect; the error names the
            first one.
    """
    check_type("content", content, Mapping, mend="settings by name, as a TOML file holds them")
    model = content.get("model")
    lists = {
        "convolutions": content.get("convolutions"),
        "model.layers": isinstance(model, dict) and model.get("layers"),
    }
    for name, layers in lists.items():
        if isinstance(layers, list) and len(layers) > MOST_LAYERS:
            raise ParameterError(f"{source}: {name}", len(layers), f"must be at most {MOST_LAYERS}")
    try:
        spec = TrainingSpec.model_validate(content)
    except ParameterError as error:
        raise ParameterError(f"{source}: {error.parameter}", error.value, error.mend) from None
    given = dict(given_places(content))
    for place, why in idle_settings(spec.optimizer, spec.solver, spec.circuit, spec.task):
        if place in given:
            raise ParameterError(f"{source}: {place}", repr(given[place]), why)
    return spec


def read_spec(path: str | Path) -> TrainingSpec:
    """Read a specification from a TOML file; raise `ParameterError` if it cannot be read or is invalid."""
    return make_spec(read_toml("SPEC.toml", path)[1], str(path))


def preset(name: str) -> TrainingSpec:
    """Return a preset; raise `ParameterError` if the name is unknown."""
    check_name("preset", name, PRESETS)
    return PRESETS[name]


def override(spec: TrainingSpec, **changes: Any) -> TrainingSpec:
    """Return a specification with other values, checked again. Settings that lose their effect get their default.

    Args:
        spec: Original specification.
        **changes: Fields of `TrainingSpec` or of `CircuitSettings`; None leaves a field unchanged.

    Raises:
        ParameterError: A value is out of its range or has no effect; the error names the field as an option of the
            command.
    """
    check_type("spec", spec, TrainingSpec)
    content = {name: value for name, value in spec.model_dump().items() if name in spec.model_fields_set}
    content["circuit"] = spec.circuit.model_dump(exclude_unset=True)
    typed = {}
    for name, value in changes.items():
        if value is not None:
            in_circuit = name not in TrainingSpec.model_fields
            (content["circuit"] if in_circuit else content)[name] = value
            typed[f"circuit.{name}" if in_circuit else name] = name, value
    wanted = _validated(content)
    for place, why in idle_settings(wanted.optimizer, wanted.solver, wanted.circuit, wanted.task):
        if place in typed:
            name, value = typed[place]
            raise ParameterError(f"--{name.replace('_', '-')}", repr(value), why)
        section, _, name = place.rpartition(".")
        if section != "optimizer":
            (content["circuit"] if section else content).pop(name, None)
    return _validated(content)


def _validated(content: Mapping[str, Any]) -> TrainingSpec:
    try:
        return TrainingSpec.model_validate(content)
    except ParameterError as error:
        raise ParameterError(f"--{error.parameter.removeprefix('circuit.')}", error.value, error.mend) from None


PRESETS = {
    "digits-demo": TrainingSpec(
        dataset="digits",
        optimizer=KfacSettings(first_interval=10, inverse_interval=20),
        solver="inv-circuit",
        circuit=CircuitSettings(jobs=2),
        batch_size=64,
        epochs=10.0,
        target_accuracy=0.97,
    ),
    "ocr-letters": TrainingSpec(
        dataset="ocr-letters",
        convolutions=(ConvolutionShape(channels=8, kernel=5, pool=2), ConvolutionShape(channels=9, kernel=3, stride=2)),
        optimizer=KfacSettings(),
        solver="inv-circuit",
        circuit=CircuitSettings(jobs=2),
        batch_size=256,
        epochs=5.0,
        target_accuracy=0.84,
    ),
}
