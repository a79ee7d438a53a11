"""How well must cells be written, so that MMSE detection in a circuit makes no more bit errors than NumPy?

For a wireless engineer. 8 users, 16 antennas, 16-QAM; INV solves (H^H H + sigma^2 I) x = H^H y.
Answer: To 0.1 % of g_max: then 0.568 % of the bits are wrong at 15 dB, and 0.554 % in NumPy. With 0.3 % it is 0.732 %.
Runs in 2 s.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits import STYLE, Device, InvCircuit, save_figure

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("folder", nargs="?", default=".", type=Path, help="for the picture")
folder = words.parse_args().folder

USERS, ANTENNAS, VECTORS, CHANNELS, RATIOS = 8, 16, 200, 16, np.arange(0, 19, 3)  # dB at an antenna
CELLS = {"exact cells": ("0%", "s-"), "to 0.1 %": ("0.1%", "v--"), "to 0.3 %": ("0.3%", "^-."), "to 1 %": ("1%", "D:")}
generator = np.random.default_rng(1)


def gaussian(*shape: int) -> np.ndarray:
    """Circular complex Gaussian numbers of power 1."""
    return generator.standard_normal((*shape, 2)) @ [1, 1j] / np.sqrt(2)


def bits(symbols: np.ndarray) -> np.ndarray:
    """Gray-coded bits of 16-QAM symbols of power 1."""
    parts = np.stack([symbols.real, symbols.imag]) * np.sqrt(10)
    return np.stack([parts > 0, np.abs(parts) > 2])


wrong = {name: np.zeros(len(RATIOS)) for name in ("NumPy", *CELLS)}
for k, ratio in enumerate(RATIOS):
    for seed in range(CHANNELS):
        noise, channel = 10 ** (-ratio / 10), gaussian(ANTENNAS, USERS) / np.sqrt(USERS)
        sent = generator.choice([-3, -1, 1, 3], (USERS, VECTORS, 2)) @ [1, 1j] / np.sqrt(10)
        received = channel @ sent + np.sqrt(noise) * gaussian(ANTENNAS, VECTORS)
        matrix, b = channel.conj().T @ channel + noise * np.eye(USERS), channel.conj().T @ received
        found = {"NumPy": np.linalg.solve(matrix, b)}
        for name, (error, _) in CELLS.items():
            found[name] = InvCircuit.program(matrix, device=Device(programming_error=error), seed=seed).steady(b)
        for name, symbols in found.items():
            wrong[name][k] += 100 * np.mean(bits(symbols) != bits(sent)) / CHANNELS
    print(f"wrong bits at {ratio} dB: {', '.join(f'{shares[k]:.3f} % ({name})' for name, shares in wrong.items())}")
settling_time = InvCircuit.program(matrix).solve(b[:, 0]).settling_time
print(f"one vector settles in {1e9 * settling_time:.0f} ns")

plt.rcParams.update(STYLE)
figure, axes = plt.subplots()
axes.semilogy(RATIOS, wrong["NumPy"], "ko", fillstyle="none", markersize=10, label="NumPy")
for name, (_, style) in CELLS.items():
    axes.semilogy(RATIOS, wrong[name], style, label=f"circuit, {name}")
axes.set_yticks((0.1, 1, 10), ("0.1", "1", "10"))
axes.set(xlabel="signal-to-noise ratio at an antenna, dB", ylabel="wrong bits, %", xticks=RATIOS)
axes.legend()
save_figure(figure, folder / "gallery-mimo_detection.png")
