"""Parameters of the refinement of an analog solution."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import model_validator

from netlists import ParameterError, Record
from netlists.record import about

Method = Literal["gcr", "plain"]


class Refinement(Record):
    """Parameters of a loop that refines the answer of a programmed circuit.

    `gcr` minimizes the residual over the last directions; `plain` adds every answer as it is. With `static` the values
    of a cycle are those of the circuit at rest, after its poles were checked, and transients of some cycles measure
    time and energy; with `engine` every cycle is a transient.
    """

    bits: Annotated[
        float, about("Bits of the residual that end the loop, ||b - A x|| <= 2^-bits ||b||", gt=0, le=40)
    ] = 24.0
    method: Annotated[Method, about("Loop (gcr: flexible GCR; plain: iterative refinement)")] = "gcr"
    memory: Annotated[int, about("Number of directions that gcr keeps", ge=0, le=1000)] = 8
    max_cycles: Annotated[int, about("Largest number of cycles", ge=1, le=100_000)] = 150
    dac_bits: Annotated[int, about("Bits of the DAC at every input of the circuit", ge=2, le=12)] = 8
    adc_bits: Annotated[int, about("Bits of the ADCs, whose range follows the largest output", ge=2, le=12)] = 8
    residual: Annotated[
        Literal["digital", "slices"], about("Exact product (slices: by MVM circuits of slices of A)")
    ] = "digital"
    cycles_by: Annotated[
        Literal["static", "engine"], about("Values of the cycles (engine: a transient for each one)")
    ] = "static"

    @model_validator(mode="after")
    def _acts(self) -> Self:
        if self.method == "plain" and self.memory != Refinement.model_fields["memory"].default:
            raise ParameterError("memory", self.memory, "has no effect with method = plain; leave it out")
        return self
