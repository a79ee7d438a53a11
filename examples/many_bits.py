"""How many passes through cells of a few levels does a solution of 24 bits take?

For a circuit designer. INV, 16 x 16, condition number 10, an error of 15 % of a level in every cell.
Answer: 11 with 8 levels, 8 with 16 and 6 with 32; plain refinement with 8 levels takes 64.
Runs in 4 s.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits import STYLE, Device, curve_style, plan, save_figure

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("folder", nargs="?", default=".", type=Path, help="for the picture")
folder = words.parse_args().folder

random = np.random.default_rng(0)
basis = np.linalg.qr(random.standard_normal((16, 16)))[0]
matrix = (basis * np.geomspace(1, 0.1, 16)) @ basis.T
b = random.uniform(-1, 1, 16)
plt.rcParams.update(STYLE)
figure, axes = plt.subplots()
for place, (levels, method) in enumerate(((8, "gcr"), (16, "gcr"), (32, "gcr"), (8, "plain"))):
    cells = Device(g_min=0.5e-6, g_max=35e-6, levels=levels, programming_error=0.15 * 34.5e-6 / (levels - 1))
    made = plan(matrix, device=cells, engine="exact", most_levels=levels, shift=0)
    solution = replace(made, refinement=made.refinement.replace(method=method)).solve(b)
    bits = -np.log2(solution.history[:, 0])
    print(f"{levels} levels, {method}: {solution.status.name}, {solution.cycles[0]:.0f} passes, {bits[-1]:.1f} bits")
    axes.plot(bits, label=f"{levels} levels, {method}", markersize=4, **curve_style(place))
axes.set(xlabel="passes", ylabel="bits of the residual", ylim=(0, 30))
axes.legend()
save_figure(figure, folder / "gallery-many_bits.png")
