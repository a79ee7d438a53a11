"""Does K-FAC still learn handwritten digits if circuits with poor cells do every inversion?

For a machine-learning engineer. With exact cells, ngspice checks a part of the right-hand sides.
Answer: Yes, with 16 levels: 96.7 % of the test images; Cholesky gives 96.9 %. With 4 levels inversions fail: 93.1 %.
Runs in 7 s.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

from amc_circuits import STYLE, save_figure
from optimizer.specification import override, preset
from optimizer.training import train

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("folder", nargs="?", default=".", type=Path, help="for the picture")
folder = words.parse_args().folder

digits = override(preset("digits-demo"), epochs=3.0, target_accuracy=0.99)
RUNS = {
    "Cholesky in NumPy": (override(digits, solver="cholesky"), "-", 6),
    "circuit, exact cells": (override(digits, engine="auto"), "s--", 1.5),
    "circuit, 16 levels": (override(digits, engine="exact", levels=16), "^-.", 1.5),
    "circuit, 4 levels": (override(digits, engine="exact", levels=4), "D:", 1.5),
}

plt.rcParams.update(STYLE)
figure, axes = plt.subplots()
for name, (run, style, width) in RUNS.items():
    result = train(run)
    ledger = result.ledger
    print(f"{name}: {result.best_accuracy:.1%}; {ledger.tried} inversions, {len(ledger.failures)} failed", end="")
    print(f", error {ledger.median_error:.1%}" if ledger.median_error else "")
    history = [(entry.epoch, 100 * entry.accuracy) for entry in result.history]
    axes.plot(*zip(*history, strict=True), style, linewidth=width, label=name)
axes.set(xlabel="epochs", ylabel="test images classified correctly, %")
axes.legend()
save_figure(figure, folder / "gallery-train_digits.png")
