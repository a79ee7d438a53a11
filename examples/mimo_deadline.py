"""How many users can a base station of 64 antennas serve, if zero forcing in a circuit must keep up with 5G?

For a wireless engineer. At 120 kHz a symbol takes 8.93 us, in which a resource block has 12 vectors: 744 ns each.
Answer: 32 users with op-amps of 100 MHz (506 ns); 40 users with 1 GHz leave time for more (126 ns).
Runs in 4 s.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits import STYLE, InvCircuit, save_figure

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("folder", nargs="?", default=".", type=Path, help="for the picture")
folder = words.parse_args().folder

ANTENNAS, USERS, DEADLINE = 64, (4, 8, 16, 24, 32, 40), 8.93e3 / 12  # ns
OPAMPS = {"cmos-100meg": "o-", "cmos-1g": "s--"}
generator = np.random.default_rng(1)


def gaussian(*shape: int) -> np.ndarray:
    """Circular complex Gaussian numbers of power 1."""
    return (generator.standard_normal((*shape, 2)) @ [1, 1j]) / np.sqrt(2)


times = {name: np.zeros(len(USERS)) for name in OPAMPS}
for k, users in enumerate(USERS):
    channel, received = gaussian(ANTENNAS, users), gaussian(ANTENNAS, 2)
    gram = channel.conj().T @ channel / ANTENNAS
    for name, of_users in times.items():
        circuit = InvCircuit.program(gram, opamp=name, inverter_resistance=1e3)
        solution = circuit.solve(channel.conj().T @ received).raise_if_unusable()
        of_users[k] = 1e9 * solution.settling_time.max()
    results = ", ".join(f"{of_users[k]:.1f} ns with {name}" for name, of_users in times.items())
    print(f"{users} users: lowest eigenvalue {np.linalg.eigvalsh(gram)[0]:.3f}, {results}")

plt.rcParams.update(STYLE)
figure, axes = plt.subplots()
for name, of_users in times.items():
    axes.semilogy(USERS, of_users, OPAMPS[name], label=name)
axes.axhline(DEADLINE, color="black", linestyle=":", label=f"{DEADLINE:.0f} ns: 12 vectors a symbol")
axes.set_yticks((10, 100, 1000), ("10", "100", "1000"))
axes.set(xlabel="users, each with one antenna", ylabel="settling time to 1 %, ns", xticks=USERS)
axes.legend()
save_figure(figure, folder / "gallery-mimo_deadline.png")
