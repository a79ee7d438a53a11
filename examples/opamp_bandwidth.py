"""Which bandwidth do my op-amps need, so that an INV circuit of 16 x 16 settles in 100 ns?

For a circuit designer. All times are measured in ngspice, for the slowest of four right-hand sides.
Answer: 53 MHz for a condition number of 3, 152 MHz for 10, 416 MHz for 30.
Runs in 3 s.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits import STYLE, InvCircuit, save_figure
from netlists import preset

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("folder", nargs="?", default=".", type=Path, help="for the picture")
folder = words.parse_args().folder

SIZE, WANTED, BANDWIDTHS = 16, 100.0, np.geomspace(20, 1000, 6)  # ns, MHz
generator = np.random.default_rng(1)
rotation = np.linalg.qr(generator.standard_normal((SIZE, SIZE)))[0]
vectors = generator.uniform(-1, 1, (SIZE, 4))


def settling(condition: float, megahertz: float) -> float:
    """Settling time of the slowest right-hand side to 1 %, ns."""
    matrix = rotation * np.geomspace(1, condition, SIZE) @ rotation.T
    opamp = preset("cmos-100meg").replace(gbwp=1e6 * megahertz, slew_rate=1.1e6 * megahertz)
    circuit = InvCircuit.program(matrix, opamp=opamp, inverter_resistance=1e3)
    return 1e9 * float(circuit.solve(vectors).raise_if_unusable().settling_time.max())


plt.rcParams.update(STYLE)
figure, axes = plt.subplots()
for condition, style in {3: "o-", 10: "s--", 30: "^-."}.items():
    times = [settling(condition, megahertz) for megahertz in BANDWIDTHS]
    needed = np.exp(np.interp(-np.log(WANTED), -np.log(times), np.log(BANDWIDTHS)))
    print(f"condition number {condition}: {needed:.0f} MHz, settles in {settling(condition, needed):.0f} ns")
    axes.loglog(BANDWIDTHS, times, style, label=f"condition number {condition}: {needed:.0f} MHz")
axes.axhline(WANTED, color="black", linestyle=":", label=f"wanted: {WANTED:.0f} ns")
axes.set_xticks((20, 50, 100, 200, 500, 1000), ("20", "50", "100", "200", "500", "1000"))
axes.set_yticks((10, 100, 1000), ("10", "100", "1000"))
axes.set(xlabel="gain-bandwidth product of the op-amps, MHz", ylabel="settling time to 1 %, ns")
axes.legend()
save_figure(figure, folder / "gallery-opamp_bandwidth.png")
