"""How large may my array be, if its wires may cost 5 % of accuracy?

For a circuit designer. INV solves for positive Gram matrices in cells of 0.5 to 35 uS.
Answer: 74 x 74 with 1 ohm a segment, 36 x 36 with 4 ohm, 17 x 17 with 16 ohm.
Runs in 2 s.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits import STYLE, InvCircuit, save_figure

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("folder", nargs="?", default=".", type=Path, help="for the picture")
folder = words.parse_args().folder

SIZES, ALLOWED = (8, 12, 16, 24, 32, 48, 64, 96), 5.0  # %


def error(size: int, ohm: float, seed: int) -> float:
    """Relative error of a solution at rest with wires of so many ohm a segment, %."""
    generator = np.random.default_rng(seed)
    factor = generator.uniform(0, 1, (size, 2 * size))
    gram = factor @ factor.T
    matrix, b = gram + np.diag(gram).mean() * np.eye(size), generator.uniform(-1, 1, size)
    circuit = InvCircuit.program(matrix, wire_resistance=ohm, g_min=0.5e-6, g_max=35e-6, pair="never")
    right = np.linalg.solve(matrix, b)
    return 100 * float(np.linalg.norm(circuit.steady(b) - right) / np.linalg.norm(right))


plt.rcParams.update(STYLE)
figure, axes = plt.subplots()
for ohm, style in {1: "o-", 4: "s--", 16: "^-."}.items():
    errors = [np.median([error(size, ohm, seed) for seed in range(5)]) for size in SIZES]
    largest = np.exp(np.interp(np.log(ALLOWED), np.log(errors), np.log(SIZES)))
    print(f"{ohm} ohm a segment: up to {largest:.0f} x {largest:.0f}")
    axes.loglog(SIZES, errors, style, label=f"{ohm} ohm a segment: N up to {largest:.0f}")
axes.axhline(ALLOWED, color="black", linestyle=":", label=f"allowed: {ALLOWED:.0f} %")
axes.set_xticks(SIZES, SIZES)
axes.set_yticks((0.1, 1, 10, 100), ("0.1", "1", "10", "100"))
axes.set_xticks([], minor=True)
axes.set(xlabel="rows and columns N of the array", ylabel="relative error of x, median of 5 systems, %")
axes.legend()
save_figure(figure, folder / "gallery-array_size.png")
