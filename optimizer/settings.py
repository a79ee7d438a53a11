"""Parameters of a network and of an optimizer under their names in a specification. Frozen, checked on construction."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


def _odd(width: int) -> int:
    if width % 2 == 0:
        raise ValueError("must be odd, so that the padding on both sides is the same")
    return width


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown names, no nan or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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


class MomentumSettings(Settings):
    """Stochastic gradient descent with momentum.

    Attributes:
        learning_rate: Step size; 0.01 is the usual default.
        momentum: Part of the last step that is kept.
    """

    name: Literal["momentum"] = "momentum"
    learning_rate: Positive = 0.01
    momentum: Momentum = 0.9


class AdamSettings(Settings):
    """Adam; its other parameters are those of the paper.

    Attributes:
        learning_rate: Step size; 0.001 is the usual default.
    """

    name: Literal["adam"] = "adam"
    learning_rate: Positive = 0.001


class KfacSettings(Settings):
    """K-FAC.

    Attributes:
        learning_rate: Step size along the preconditioned gradient.
        momentum: Part of the last step that is kept.
        damping: Tikhonov damping of each Fisher block.
        kl_clip: Bound on the predicted change of the output distribution by a step along the preconditioned gradient
            alone; momentum adds its part of the earlier steps.
        factor_interval: Steps between two updates of the factors' running average.
        factor_decay: Largest weight of the past in the running average.
        inverse_interval: Steps between two refreshes of the inverses, in the long run.
        first_interval: Steps between the first two refreshes; each interval after it is twice as long as the one
            before, up to `inverse_interval`: the curvature changes fastest at the start.
    """

    name: Literal["kfac"] = "kfac"
    learning_rate: Positive = 0.1
    momentum: Momentum = 0.9
    damping: Positive = 0.3
    kl_clip: Positive = 0.005
    factor_interval: Count = 1
    factor_decay: Momentum = 0.95
    inverse_interval: Count = 100
    first_interval: Count = 20


class CircuitSettings(Settings):
    """Parts of the solver `inv-circuit`. Names and ranges are checked where the parts are built.

    Attributes:
        opamp: Name of an op-amp preset.
        engine: Engine that simulates the circuit.
        jobs: Number of simulations at the same time.
        wire_resistance: Resistance of each wire segment, ohm.
        inverter_resistance: Resistance of the inverters' two equal resistors, ohm; fast op-amps need less.
        offset_spread: Standard deviation of the amplifiers' input offset, volts.
        temperature: Temperature of the whole circuit, kelvin; None for the nominal one.
        device: Name of a device preset; the settings below replace its values if they are not None.
        pair: A pair of arrays `always`, `never`, or if a single one cannot hold the factor (`auto`).
        scaling: Scaling of a factor before it is programmed: `none`, `diagonal` or `powers-of-two`.
        on_failure: After an inversion without a usable result: `keep` the old inverse and count it, or `stop` training.
        g_min: Lowest conductance of a cell, siemens.
        g_max: Highest conductance of a cell, siemens.
        levels: Number of conductances that a cell can be written to.
        programming_error: Standard deviation of a written conductance, siemens, or the name of a fit.
        read_noise: Relative standard deviation of a read, one draw per programming.
        stuck_on: Fraction of cells that stay at their highest conductance.
        stuck_off: Fraction of cells that stay at their lowest conductance.
        drift_time: Time from writing to use, s.
        drift_exponent: Mean exponent of the power law.
        drift_spread: Standard deviation of the exponent from cell to cell.
        dac_bits: Bits of the converters at the inputs; None for no converters.
        adc_bits: Bits of the converters behind the outputs; None for no converters.
        adc_range: Range of these converters, plus and minus this, volts; None for the amplifiers' usable swing.
    """

    opamp: str = "cmos-100meg"
    engine: str = "ngspice"
    jobs: Count = 1
    wire_resistance: Annotated[float, Field(ge=0)] = 0.0
    inverter_resistance: Positive = 10e3
    offset_spread: float = 0.0
    temperature: float | None = None
    device: str = "ideal"
    pair: Literal["auto", "always", "never"] = "auto"
    scaling: Literal["none", "diagonal", "powers-of-two"] = "diagonal"
    on_failure: Literal["keep", "stop"] = "keep"
    g_min: float | None = None
    g_max: float | None = None
    levels: int | None = None
    programming_error: float | str | None = None
    read_noise: float | None = None
    stuck_on: float | None = None
    stuck_off: float | None = None
    drift_time: float | None = None
    drift_exponent: float | None = None
    drift_spread: float | None = None
    dac_bits: int | None = None
    adc_bits: int | None = None
    adc_range: float | None = None


OptimizerSettings = Annotated[MomentumSettings | AdamSettings | KfacSettings, Field(discriminator="name")]
