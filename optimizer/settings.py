"""Parameters of a network and of an optimizer under their names in a specification. Frozen, checked on construction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from amc_circuits import ParameterError, check_name, meant, model_repr, refusal, shown
from optimizer.installed import OURS, installed_optimizer, optimizer_names

Positive = Annotated[float, Field(gt=0)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


def _odd(width: int) -> int:
    if width % 2 == 0:
        raise ValueError("must be odd, so that the padding on both sides is the same")
    return width


def first_finding(error: ValidationError, names: Iterable[str]) -> ParameterError:
    """First error of a validation, with its path, with dots; `names` are those of the fields."""
    first = error.errors()[0]
    place, value, mend = refusal(error)
    if place[:1] == ["optimizer"]:
        del place[1:2]  # the optimizer's name, which pydantic adds to distinguish the types
    inner = first.get("ctx", {}).get("error")
    if isinstance(inner, ParameterError):
        return ParameterError(".".join(map(str, [*place, inner.parameter])), str(inner.value), inner.mend)
    path = ".".join(map(str, place))
    if first["type"] == "extra_forbidden":
        return ParameterError(path, "an unknown name", f"remove it or mend its spelling{meant(path, names)}")
    return ParameterError(path, value, mend)


def _check_names(content: object, above: str = "") -> None:
    """Refuse names that are no texts: as keywords they end in a TypeError."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            if not isinstance(name, str):
                raise ParameterError(f"{above}{name}", "a name that is no text", "names of settings are texts")
            _check_names(value, f"{above}{name}.")


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown names, no nan or infinity; a bad field raises `ParameterError`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **fields: Any) -> None:
        _check_names(fields)
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise first_finding(error, type(self).model_fields) from None

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Create settings from plain data, as `pydantic.BaseModel.model_validate` does.

        Raises:
            ParameterError: A setting is missing, unknown or invalid.
        """
        _check_names(obj)
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise first_finding(error, cls.model_fields) from None

    if not TYPE_CHECKING:  # a type checker knows that settings are frozen

        def __setattr__(self, name: str, value: Any) -> None:
            raise ParameterError(name, shown(value), "settings are frozen; make new ones")

    def __repr__(self) -> str:
        return model_repr(self)

    def __str__(self) -> str:
        return model_repr(self)


class ConvolutionShape(Settings):
    """Convolution with pooling and rectifier.

    Attributes:
        channels: Output channels.
        kernel: Width of the filter, odd; the padding is `kernel // 2`.
        stride: Step between output pixels.
        pool: Size of the max pooling behind it; 1 for none.
    """

    channels: Count
    kernel: Annotated[Count, AfterValidator(_odd)]
    stride: Count = 1
    pool: Count = 1


class DenseShape(Settings):
    """Hidden dense layer.

    Attributes:
        outputs: Number of outputs.
        activation: Function behind it: `rectifier` or `tanh`.
    """

    outputs: Annotated[Count, Field(le=65_536)]
    activation: Literal["rectifier", "tanh"] = "rectifier"


class StepSettings(Settings):
    """Sizes of the steps over a run, common to all optimizers.

    Attributes:
        learning_rate: Step size; the schedule multiplies it.
        schedule: Course of the learning rate: `constant`; `step`, a drop at regular intervals; or `cosine`, half a
            period from the full rate to 0 at the end of the run.
        warmup_epochs: Epochs of a linear rise to the full rate at the start.
        step_epochs: Epochs between two drops of `step`, counted from the start.
        step_factor: Factor of each drop of `step`.
        weight_decay: Decoupled weight decay: each step also multiplies all weights, biases included, by `1 -
            learning_rate * weight_decay`, the rate being that of the schedule.
        average_decay: Largest weight of the past in a running average of the weights. The average is what is scored,
            and what is stored as the weights; the steps go on from the weights themselves. None for no average.
    """

    learning_rate: Positive
    schedule: Literal["constant", "step", "cosine"] = "constant"
    warmup_epochs: Annotated[float, Field(ge=0)] = 0.0
    step_epochs: Positive = 10.0
    step_factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    average_decay: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _shrinking(self) -> Self:
        if self.learning_rate * self.weight_decay >= 1:
            mend = "times the learning rate it must be below 1, else weights change their sign"
            raise ParameterError("weight_decay", self.weight_decay, mend)
        return self


class MomentumSettings(StepSettings):
    """Stochastic gradient descent with momentum.

    Attributes:
        learning_rate: Step size; 0.01 is the usual default.
        momentum: Part of the last step that is kept.
        nesterov: Step along the new direction plus the kept part, in place of the kept part alone.
    """

    name: Literal["momentum"] = "momentum"
    learning_rate: Positive = 0.01
    momentum: Momentum = 0.9
    nesterov: bool = False


class AdamSettings(StepSettings):
    """Adam, with weight decay AdamW; defaults and the constant beside the root are those of arXiv 1412.6980.

    Attributes:
        learning_rate: Step size; 0.001 is the usual default.
        beta1: Weight of the past in the running mean of the gradient.
        beta2: Weight of the past in the running mean of its square.
    """

    name: Literal["adam"] = "adam"
    learning_rate: Positive = 0.001
    beta1: Momentum = 0.9
    beta2: Momentum = 0.999


class KfacSettings(StepSettings):
    """K-FAC.

    Attributes:
        learning_rate: Step size along the preconditioned gradient.
        momentum: Part of the last step that is kept.
        nesterov: Step along the new direction plus the kept part, in place of the kept part alone.
        step_size: `rate` for the learning rate; `quadratic` for the size and the momentum of each step that minimise a
            quadratic model of the loss, and for a damping that follows how well the model predicts.
        damping: Tikhonov damping of each Fisher block; with `quadratic` the one at the start.
        damping_floor: Smallest damping with `quadratic`.
        damping_interval: Steps between two changes of the damping with `quadratic`.
        kl_clip: Bound on the predicted change of the output distribution by a step along the preconditioned gradient
            alone; momentum adds its part of the earlier steps.
        factor_interval: Steps between two updates of the factors' running average.
        factor_decay: Largest weight of the past in the running average.
        inverse_interval: Steps between two refreshes of the inverses, in the long run.
        first_interval: Steps between the first two refreshes; each interval after it is twice as long as the one
            before, up to `inverse_interval`: the curvature changes fastest at the start.
        array_limit: Largest width of a matrix that is inverted; a wider factor is cut into diagonal blocks. None for
            128 with the solver `inv-circuit`, and for whole factors with `cholesky`.
    """

    name: Literal["kfac"] = "kfac"
    learning_rate: Positive = 0.1
    momentum: Momentum = 0.9
    nesterov: bool = False
    step_size: Literal["rate", "quadratic"] = "rate"
    damping: Positive = 0.3
    damping_floor: Positive = 0.01
    damping_interval: Count = 5
    kl_clip: Positive = 0.005
    factor_interval: Count = 1
    factor_decay: Momentum = 0.95
    inverse_interval: Count = 100
    first_interval: Count = 20
    array_limit: Count | None = None

    @model_validator(mode="after")
    def _above_floor(self) -> Self:
        if self.step_size == "quadratic" and self.damping < self.damping_floor:
            raise ParameterError("damping", self.damping, f"must be at least damping_floor, {self.damping_floor:g}")
        return self


class InstalledSettings(StepSettings):
    """Base of the settings of an optimizer of another package.

    Attributes:
        inverts: True if the optimizer uses the inverter, so that `solver` and `circuit` have an effect.
        name: Name of the optimizer, that of its entry point.
    """

    inverts: ClassVar[bool] = False

    name: str


def _chosen(value: Any, ours: ValidatorFunctionWrapHandler) -> Any:
    """Create the settings of an optimizer of another package; leave those of this package to pydantic."""
    if isinstance(value, InstalledSettings):
        return value
    name = value.get("name", OURS[0]) if isinstance(value, Mapping) else OURS[0]
    if name in OURS:
        return ours(value)
    check_name("name", name, optimizer_names())
    return installed_optimizer(name).Settings(**value)


if TYPE_CHECKING:
    OptimizerSettings = MomentumSettings | AdamSettings | KfacSettings | InstalledSettings
else:
    _Ours = Annotated[MomentumSettings | AdamSettings | KfacSettings, Field(discriminator="name")]
    OptimizerSettings = Annotated[SerializeAsAny[_Ours], WrapValidator(_chosen)]
