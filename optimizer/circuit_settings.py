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
        bits: Bits of the residual to which every column of an inverse is refined; None takes the circuit's answer.
        at_rest: True computes the columns of all factors at rest; else those of a factor in one array are simulated.
        simulated_columns: Number of columns of a factor whose times and energies are simulated, or `all`. It acts where
            columns are computed at rest: on factors in `blocks`, and with `bits` or `at_rest` on all.
        on_failure: After an inversion without a usable result: `keep` the old inverse and count it, or `stop` training.
    """

    jobs: Count = 1
    wide: Literal["diagonal", "blocks"] = "diagonal"
    bits: Annotated[float, Field(gt=0, le=40)] | None = None
    at_rest: bool = False
    simulated_columns: Annotated[int, Field(ge=2)] | Literal["all"] = 16
    on_failure: Literal["keep", "stop"] = "keep"

    @property
    def simulated(self) -> int | None:
        """Number of columns that are simulated; None for all."""
        return None if self.simulated_columns == "all" else self.simulated_columns

    @model_validator(mode="after")
    def _whole(self) -> Self:
        values = self.options.values
        if self.wide == "blocks" or self.bits:
            self.options.check_blocks()
        if self.bits and values["adc_range"] is not None:
            mend = "has no effect with bits, where ADCs follow the largest output; leave it out"
            raise ParameterError("adc_range", values["adc_range"], mend)
        for name in ("dac_bits", "adc_bits"):
            known = values[name] is None or self.bits or self.simulated_columns == "all"
            if (self.wide == "blocks" or self.at_rest) and not known:
                mend = "acts on none of the columns read at rest; take simulated_columns = all, or refine with bits"
                raise ParameterError(name, values[name], mend)
        self._linear_cells(values["nonlinearity_voltage"])
        return self

    def _linear_cells(self, bend: object) -> None:
        """Refuse cells with a bent characteristic where answers are those of linear ones.

        Raises:
            ParameterError: Answers are computed at rest.
        """
        if bend is not None and (self.bits or (self.simulated is not None and (self.wide == "blocks" or self.at_rest))):
            mend = "columns at rest are those of linear cells; leave it out, or simulate all columns, without bits"
            raise ParameterError("nonlinearity_voltage", bend, mend)
