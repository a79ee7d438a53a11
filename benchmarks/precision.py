"""How many cycles and bits does refinement with cells of few levels reach, and what does it cost?

Method: matrices of a family are drawn with fixed seeds, programmed into cells of the TaOx range (0.5 to 35 uS) with an
error of 15 % of a level, and refined with converters of 8 bits and exact residuals, unless the row says otherwise.
`kfac` are second moments of ReLU features and a constant, damped to the condition number, as the factors of K-FAC are.

Rows: B1 cycles of GCR; B2 blocks of 8 x 8 with 3 bits, and plain refinement; B3 blocks of 16 x 16 at N = 128; B4 a
case in which plain refinement grows; B5 an unstable array by its name, then with a shift; B6 the floor that ADCs over
whole rows leave; B7 slices read as integers; B8 cycles of ngspice against those of the circuit at rest; B9 the damped
factors of `digits-demo`, with exact levels and with errors of cells; E the energy beside FP32 arithmetic. Processor
time is printed, so a busy machine does no harm. `python -m benchmarks.precision B1 B4` runs some rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar
from unittest import mock

import numpy as np
import typer

from amc_circuits import BlockCircuit, Device, InvCircuit, Refinement, Status, plan
from amc_circuits.solvers.blocks.shifted_inv import ShiftedInv
from amc_circuits.solvers.planning.shifts import first_shift
from amc_circuits.solvers.precision.inverse import ProgrammedInverse
from amc_circuits.solvers.precision.problem import SquareProblem
from amc_circuits.solvers.precision.refine import refine
from amc_circuits.solvers.precision.refined import Refined
from amc_circuits.solvers.precision.slices import SlicedProduct, Slicing
from amc_circuits.solvers.precision.statuses import CONVERGED
from amc_circuits.values.matrices import draw_matrix
from benchmarks.acceptance import Held, print_rows
from netlists.record import FloatArray
from optimizer import Training, preset
from optimizer.linear_solver import SOLVERS, Cholesky

EXACT = {"engine": "exact", "opamp": "cmos-100meg"}
SEEDS = range(5)


def cells(bits: int, part: float = 0.15) -> Device:
    """Return cells of 2^bits levels whose error is a part of a level."""
    steps = 2**bits - 1
    return Device(g_min=0.5e-6, g_max=35e-6, levels=steps + 1, programming_error=part * 34.5e-6 / steps)


def kfac(size: int, condition: float, generator: np.random.Generator) -> FloatArray:
    """Draw the second moments of ReLU features and a constant, damped to a condition number."""
    features = np.maximum(generator.standard_normal((size - 1, size)) @ generator.standard_normal((size, 4 * size)), 0)
    rows = np.vstack([features / features.std(), np.ones(4 * size)])
    moments = rows @ rows.T / (4 * size)
    values = np.linalg.eigvalsh(moments)
    return np.asarray(moments + max(0.0, (values[-1] - condition * values[0]) / (condition - 1)) * np.eye(size))


def case(family: str, size: int, condition: float, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw a matrix and a right-hand side."""
    generator = np.random.default_rng(seed)
    if family == "kfac":
        matrix = kfac(size, condition, generator)
    else:
        matrix = draw_matrix(family, size, size, condition, generator)
    return matrix, generator.uniform(-1, 1, size)


def refined(circuit: ProgrammedInverse, matrix: FloatArray, b: FloatArray, **parameters: Any) -> Refined:
    """Refine the answers of a circuit."""
    return refine(circuit, SquareProblem.of(matrix, "none"), b, Refinement(**parameters))


def inv(matrix: FloatArray, bits: int, seed: int, **fields: Any) -> InvCircuit:
    """Program an INV circuit."""
    return InvCircuit.program(matrix, **{**EXACT, "device": cells(bits), "seed": seed, **fields})


def blocks(matrix: FloatArray, bits: int, seed: int, stages: int) -> BlockCircuit:
    """Program a matrix in blocks."""
    return BlockCircuit.program(matrix, stages=stages, device=cells(bits), seed=seed, **EXACT)


def cycles_row(name: str, metric: str, found: list[Refined], most: int) -> Held:
    """Return the row of cycles that must not pass a number, all converged."""
    cycles = sorted(int(one.cycles[0]) for one in found)
    ended = sum(one.status is CONVERGED for one in found)
    seen = f"{ended}/{len(found)}, {cycles[len(cycles) // 2]} median, {cycles[-1]} most"
    return Held(name, metric, seen, f"all, <= {most}", ended == len(found) and cycles[-1] <= most)


def b1() -> Iterator[Held]:
    """Cycles of one array."""
    found = []
    for seed in SEEDS:
        matrix, b = case("spd", 16, 10.0, seed)
        found.append(refined(inv(matrix, 4, seed), matrix, b))
    yield cycles_row("B1", "cycles to 24 bits, gcr: spd N = 16, condition 10, 4 bits", found, 13)


def b2() -> Iterator[Held]:
    """Cycles of blocks of 8 x 8."""
    for method, most in (("gcr", 12), ("plain", 30)):
        found = []
        for seed in SEEDS:
            matrix, b = case("spd", 16, 5.0, seed)
            found.append(refined(blocks(matrix, 3, seed, 1), matrix, b, method=method))
        yield cycles_row("B2", f"blocks of 8 x 8, 3 bits, {method}: spd N = 16, condition 5", found, most)


def b3() -> Iterator[Held]:
    """Cycles of blocks of 16 x 16."""
    for bits, most in ((3, 22), (4, 13), (5, 10)):
        found = []
        for seed in range(3):
            matrix, b = case("kfac", 128, 30.0, seed)
            found.append(refined(blocks(matrix, bits, seed, 3), matrix, b))
        yield cycles_row("B3", f"blocks of 16 x 16, {bits} bits: kfac N = 128, condition 30", found, most)


def b4() -> Iterator[Held]:
    """Plain refinement grows, gcr converges."""
    pairs = []
    for seed in SEEDS:
        matrix, b = case("spd", 16, 10.0, seed)
        circuit = inv(matrix, 3, seed)
        pairs.append([refined(circuit, matrix, b, method=method) for method in ("plain", "gcr")])
    failed = sum(plain.status is not CONVERGED for plain, _ in pairs)
    yield Held("B4", "plain refinement fails: spd N = 16, condition 10, 3 bits", f"{failed}/5", ">= 4/5", failed >= 4)
    yield cycles_row("B4", "the same by gcr", [one for _, one in pairs], 22)


def b5() -> Iterator[Held]:
    """Unstable arrays."""
    named, found = 0, []
    for seed in SEEDS:
        matrix, b = case("spd", 16, 30.0, seed)
        circuit: InvCircuit = inv(matrix, 3, seed)
        named += refined(circuit, matrix, b).status is Status.UNSTABLE
        shift = first_shift(matrix, circuit)
        while not circuit.stability.stable:
            whole, held = shift * np.abs(matrix).max(), {**EXACT, "device": cells(3), "seed": seed}
            circuit = ShiftedInv.program(matrix + whole * np.eye(16), shift=whole, **held)
            shift *= 2
        found.append(refined(circuit, matrix, b))
    yield Held("B5", "UNSTABLE: spd N = 16, condition 30, 3 bits", f"{named}/5", "5/5", named == 5)
    yield cycles_row("B5", "the same with a shift, by gcr", found, 32)


def sliced(seed: int, slicing: Slicing, part: float) -> Refined:
    """Refine with a product by slices; their cells have an error of a part of a level."""
    matrix, b = case("spd", 16, 10.0, seed)
    product = SlicedProduct.program(matrix, slicing, {**EXACT, "device": cells(3, part), "seed": seed})
    problem, parameters = SquareProblem.of(matrix, "none"), Refinement(max_cycles=24)
    return refine(inv(matrix, 4, seed), problem, b, parameters, product)


def b6() -> Iterator[Held]:
    """Floor by ADCs over whole rows."""
    slicing = Slicing(slice_lines=16, slice_input_bits=4, slice_read_bits=8)
    bits = sorted(float(sliced(seed, slicing, 0.0).bits[0]) for seed in range(4))
    middle = (bits[1] + bits[2]) / 2
    metric = "bits with ADCs of 8 bits over whole rows: spd N = 16, condition 10"
    yield Held("B6", metric, f"{middle:.1f} median", "3 to 5.5", 3 <= middle <= 5.5)


def b7() -> Iterator[Held]:
    """Slices that are read as integers, and their energy."""
    found = [sliced(seed, Slicing(), 0.02) for seed in range(4)]
    bits = float(np.median([one.bits[0] for one in found]))
    metric = "bits with 8 slices read as integers, 8 lines, error of 2 % of a level: N = 16"
    yield Held("B7", metric, f"{bits:.1f} median", ">= 21", bits >= 21)
    ratio = float(np.median([one.energy[0] / one.digital_energy for one in found]))
    yield Held("B7", "energy over FP32 arithmetic, product by slices, N = 16", f"{ratio:.0f} times", "50 to 300",
               50 <= ratio <= 300)  # fmt: skip


def b8() -> Iterator[Held]:
    """Cycles by ngspice."""
    for size, condition, bits in ((8, 5.0, 3), (16, 10.0, 4)):
        matrix, b = case("spd", size, condition, 0)
        counts = [
            int(refined(inv(matrix, bits, 0, engine=engine), matrix, b, cycles_by=values).cycles[0])
            for engine, values in (("exact", "static"), ("exact", "engine"), ("ngspice", "engine"))
        ]
        metric = f"cycles at rest, in the exact engine, in ngspice: spd N = {size}, {bits} bits"
        yield Held("B8", metric, ", ".join(map(str, counts)), "within 1", max(counts) - min(counts) <= 1)


class Kept(Cholesky):
    """Cholesky that keeps the matrices it is given."""

    matrices: ClassVar[list[FloatArray]] = []

    def init(self, matrix: FloatArray, *more: Any) -> Any:
        """Keep the matrix, then factorize it."""
        self.matrices.append(np.asarray(matrix, dtype=np.float64))
        return super().init(matrix, *more)


def b9() -> Iterator[Held]:
    """Damped factors of a training of three epochs."""
    with mock.patch.dict(SOLVERS, {"cholesky": lambda *_: Kept()}):
        Training(preset("digits-demo").model_copy(update={"solver": "cholesky", "epochs": 3})).run()
    generator = np.random.default_rng(0)
    vectors = [generator.uniform(-1, 1, len(matrix)) for matrix in Kept.matrices]
    erring = "8 levels with errors of 15 % of one"
    for text, device, scaling, wanted in (
        ("taox-40nm-8level", "taox-40nm-8level", "auto", True),
        (erring, cells(3), "auto", True),
        (f"{erring}, scaling = powers-of-two", cells(3), "powers-of-two", False),
    ):
        fields = {**EXACT, "stages": 2, "device": device, "most_levels": 8, "scaling": scaling}
        for bits, most in ((10, 10), (24, 22)):
            found = [plan(a, b=b, bits=bits, **fields).solve(b) for a, b in zip(Kept.matrices, vectors, strict=True)]
            row = cycles_row("B9", f"factors of digits-demo, 2 stages, {text}, to {bits} bits", found, most)
            yield row if wanted else replace(row, wanted="reported", holds=True)


def e() -> Iterator[Held]:
    """Energy with digital residuals beside FP32 arithmetic: reported."""
    for size, bits in ((16, 3), (16, 4), (16, 5), (64, 5), (128, 5)):
        matrix, b = case("spd", size, 10.0, 0)
        found = refined(inv(matrix, bits, 0), matrix, b)
        ratio = found.energy[0] / found.digital_energy
        yield Held("E", f"energy over FP32 arithmetic, digital product, {bits} bits, N = {size}", f"{ratio:.1f} times, "
                   f"{found.cycles[0]:.0f} cycles, {found.energy[0]:.2g} J", "reported", True)  # fmt: skip


EVERY = (b1, b2, b3, b4, b5, b6, b7, b8, b9, e)


def main(
    rows: Annotated[list[str] | None, typer.Argument(help="Rows, such as B1.")] = None,
    out: Annotated[Path | None, typer.Option(help="File for the table.")] = None,
) -> None:
    """Print every row."""
    print_rows(EVERY, rows, out)


if __name__ == "__main__":
    typer.run(main)
