"""Assumptions on both sides of the comparison: a digital processor, and arrays with their converters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from amc_circuits import Converters
from optimizer.circuit_settings import Engine, InvSettings
from optimizer.settings import Count, Settings

_ADC = Converters(adc="isaac", adc_bits=8).adc_cost(1)
_DAC = Converters(dac_bits=8).dac_cost(1)
LINES_OF_AN_ADC = 128
"""Lines that one ADC of ISAAC converts, one after the other."""
LARGEST_BLOCK = 1024


def assumed(text: str, unit: str = "", span: tuple[float, float] | None = None, **bounds: Any) -> Any:
    """Describe an assumption.

    Args:
        text: Meaning and source, without a full stop.
        unit: Unit.
        span: Lowest and highest value for the tornado; None if it has no effect on an inversion.
        **bounds: Bounds, as pydantic's `Field` takes them.
    """
    extra: dict[str, Any] = {"unit": unit, "span": span, "bounds": bounds}
    return Field(description=text, json_schema_extra=extra, **bounds)


class DigitalSettings(Settings):
    """Digital processor, NVIDIA H100 SXM unless stated (data sheet); it inverts a matrix by Cholesky in FP32."""

    peak: Annotated[
        float, assumed("Peak of FP32 without tensor cores; 19.5T is an A100", "FLOP/s", (19.5e12, 134e12), gt=0)
    ] = 67e12
    share: Annotated[
        float,
        assumed(
            "Share of the peak that batched factorisations reach; assumed, not measured", "", (0.03, 0.4), gt=0, le=1
        ),
    ] = 0.10
    power: Annotated[float, assumed("Power during the inversions", "W", (350.0, 700.0), gt=0)] = 700.0
    gemm_peak: Annotated[float, assumed("Peak of all other work of a step: dense TF32", "FLOP/s", gt=0)] = 495e12
    gemm_share: Annotated[float, assumed("Share of that peak; assumed", "", gt=0, le=1)] = 0.4
    block_size: Annotated[
        int | None, assumed("Widest block that it inverts; that of the arrays unless given", "", ge=1)
    ] = None


def _rising(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if any(high <= low for low, high in pairwise(sizes)):
        raise ValueError("must rise")
    return sizes


class ArraySettings(Settings):
    """Arrays that solve for the columns of the unit matrix, and all around them but the circuit itself."""

    block_size: Annotated[
        int,
        assumed(
            "Widest block, which an array holds; the processor inverts the same blocks",
            "",
            (32, 256),
            ge=2,
            le=LARGEST_BLOCK,
        ),
    ] = 128
    parallel: Annotated[float, assumed("Blocks at work at the same time", "", (100, 10_000), ge=1)] = 1000
    arrays: Annotated[int, assumed("Arrays of a block: 2 for entries of both signs", "", (1, 2), ge=1, le=2)] = 2
    cycles: Annotated[
        float, assumed("Solves a column, for iterative refinement; its residuals are not counted", "", (1, 10), ge=1)
    ] = 1
    settling_factor: Annotated[float, assumed("Factor on the simulated settling time", "", (0.2, 2.0), gt=0)] = 1.0
    energy_factor: Annotated[float, assumed("Factor on the simulated energy", "", (0.1, 2.0), gt=0)] = 1.0
    conversion_time: Annotated[
        float, assumed("Time to convert all outputs; 128 lines by one ADC of ISAAC", "s", (1.28e-9, 1.28e-6), ge=0)
    ] = LINES_OF_AN_ADC * _ADC[1]
    adc_energy: Annotated[float, assumed("Energy of an ADC an output; ISAAC", "J", (0.31e-12, 15.6e-12), ge=0)] = _ADC[
        0
    ]
    dac_energy: Annotated[
        float, assumed("Energy of a DAC an input; 8 bits, 50 fF a bit", "J", (3.2e-14, 3.2e-12), ge=0)
    ] = _DAC[0]
    cell_time: Annotated[
        float, assumed("Time to write and verify a cell; benchmarks/rram.py", "s", (0.33e-6, 33e-6), ge=0)
    ] = 3.3e-6
    cell_energy: Annotated[
        float, assumed("Energy to write and verify a cell; benchmarks/rram.py", "J", (14e-12, 1.4e-9), ge=0)
    ] = 138e-12
    written_cells: Annotated[
        float, assumed("Cells of an array that are written at the same time; a row by default", "", (1, 128), ge=1)
    ] = 128
    slowest: Annotated[
        float,
        assumed(
            "Time of the slowest of these cells over the mean; from 42 pulses at most, 25.5 in the mean",
            "",
            (1.0, 3.0),
            ge=1,
        ),
    ] = 1.6
    condition: Annotated[float, assumed("Condition number of the simulated matrices", "", ge=1, le=1e6)] = 10.0
    sizes: Annotated[
        tuple[Annotated[int, Field(ge=2, le=LARGEST_BLOCK)], ...],
        assumed("Sizes of the simulated arrays; other widths by the power law between", "", min_length=2),
        AfterValidator(_rising),
    ] = (8, 16, 32, 64, 128)
    seeds: Annotated[Count, assumed("Random matrices of each size")] = 5

    @property
    def slowdown(self) -> float:
        """Time of the slowest cell over the mean, which counts where several are written at the same time."""
        return self.slowest if self.written_cells > 1 else 1.0


class SimulatedCircuit(InvSettings):
    """Circuit of the simulated arrays: options of `amc inv`.

    Attributes:
        engine: Engine that simulates it.
        scaling: Scaling of a matrix before it is programmed; without any, its condition number is the stated one.
    """

    engine: Engine = "exact"
    scaling: Literal["none", "diagonal", "powers-of-two"] = "none"


SECTIONS: dict[str, type[Settings]] = {"digital": DigitalSettings, "arrays": ArraySettings}


def assumptions() -> Iterator[tuple[str, str, Any]]:
    """Yield section, name and field of every assumption."""
    for section, settings in SECTIONS.items():
        for name, field in settings.model_fields.items():
            yield section, name, field
