"""From which size on does a circuit save energy and time against digital arithmetic?

For a decision on adoption. INV with op-amps of 1 GHz between converters of 8 bits, condition number 10.
Digital is one multiply-add of 32 bits a nanosecond, 45 nm, without memory. Writing a cell takes 138 pJ (docs/rram.md).
Answer: Time from N = 8 on, 23.7 ns against 64 ns; energy only between N = 128 and N = 256.
Runs in 4 s.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import EngFormatter

from amc_circuits import STYLE, Converters, InvCircuit, format_quantity, save_figure

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("folder", nargs="?", default=".", type=Path, help="for the picture")
folder = words.parse_args().folder

SIZES, WRITING, CONVERTERS = np.array([8, 16, 32, 64, 128, 256]), 138e-12, Converters(dac_bits=8, adc_bits=8)
PARTS = {"opamp": "cmos-1g", "inverter_resistance": 1e3, "converters": CONVERTERS, "engine": "exact"}
PANELS = {"energy, A kept": "J", "energy, new A for each b": "J", "time, A kept": "s"}
rows = []
for size in SIZES:
    generator = np.random.default_rng(1)
    rotation = np.linalg.qr(generator.standard_normal((size, size)))[0]
    circuit = InvCircuit.program(rotation * np.geomspace(1, 10, size) @ rotation.T, **PARTS)
    solution = circuit.solve(generator.uniform(-1, 1, (size, 4))).raise_if_unusable()
    cost = circuit.cost(solution, CONVERTERS)
    energy, digital = cost.energy.total.mean(), cost.digital_energy  # digital: N^3/3 + N^2 multiply-adds
    energies = [energy, digital / (size / 3 + 1), energy + 2 * size**2 * WRITING, digital]
    rows.append([*energies, cost.time.total.mean(), size**2 * 1e-9])
    texts = map(format_quantity, rows[-1], "JJJJss")
    print("N = {}: {}, digital {}; with a new A {}, digital {}; {}, digital {}".format(size, *texts))

plt.rcParams.update(STYLE)
figure, panels = plt.subplots(1, 3, figsize=(9, 3.6), layout="constrained")
for axes, title, pair in zip(panels, PANELS, np.transpose(rows).reshape(3, 2, -1), strict=True):
    axes.loglog(SIZES, pair[0], "o-", label="circuit")
    axes.loglog(SIZES, pair[1], "s--", label="digital")
    axes.set_title(title, fontsize=10)
    axes.set_xticks(SIZES, SIZES)
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_formatter(EngFormatter(PANELS[title]))
    axes.set_xlabel("size N")
panels[0].legend()
save_figure(figure, folder / "gallery-against_digital.png")
