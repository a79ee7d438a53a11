"""Settings of the circuits that invert the factors of K-FAC. Frozen, checked on construction."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from amc_circuits import CircuitOptions, ParameterError, check_engine
from optimizer.settings import Count, Settings


def _engine(name: str) -> str:
    try:
        return check_engine(name)
    except ParameterError as error:
        raise ValueError(error.mend) from None


Engine = Annotated[str, AfterValidator(_engine)]


class InvSettings(Settings):
    """Circuit that inverts matrices.

    Its settings are the options of `amc inv` that describe parts, drive, engine and converters, under the same
    names and with the same units: `wire_resistance`, `levels`, `opamp` ...

    Attributes:
        engine: Engine that simulates the circuit. It and the scaling have other defaults than in `amc inv`.
        scaling: Scaling of a matrix before it is programmed.
    """

    model_config = ConfigDict(extra="allow")

    engine: Engine = "auto"
    scaling: Literal["none", "diagonal", "powers-of-two"] = "diagonal"

    @model_validator(mode="after")
    def _usable(self) -> Self:
        _ = self.options
        return self

    @property
    def options(self) -> CircuitOptions:
        """Every option of the circuit, in SI units.

        Raises:
            ParameterError: There is no such option, a value cannot be used, or an option has no effect as given.
        """
        own = {"engine": self.engine, "scaling": self.scaling}
        return CircuitOptions.parse("inv", {**own, **(self.model_extra or {})})


class CircuitSettings(InvSettings):
    """Circuit of the solver `inv-circuit`; a matrix is a damped factor.

    Attributes:
        jobs: Number of simulations at the same time.
        wide: Inversion of a factor wider than `array_limit` of K-FAC: `diagonal` inverts its diagonal blocks alone;
            `blocks` inverts the whole factor, in steps of circuits of its blocks.
        simulated_columns: Number of columns of a factor in `blocks` whose times and energies are simulated.
        on_failure: After an inversion without a usable result: `keep` the old inverse and count it, or `stop` training.
    """

    jobs: Count = 1
    wide: Literal["diagonal", "blocks"] = "diagonal"
    simulated_columns: Annotated[int, Field(ge=2)] = 16
    on_failure: Literal["keep", "stop"] = "keep"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name in ("dac_bits", "adc_bits"):
            if self.wide == "blocks" and (bits := self.options.values[name]) is not None:
                mend = "acts on none of the columns read at rest; leave it out, or take wide = diagonal"
                raise ParameterError(name, bits, mend)
        return self
