"""Can a circuit find the few entries of a signal of 32 from 16 measurements, and which lambda should it have?

For an engineer of compressed sensing. Three entries are not zero; the measurements are random sums with 1 % of noise.
Answer: 0.09: 1.9 % from the signal after 574 ns (the shortest solution 76.0 %). With 2.68 it is 41.7 %.
Runs in 6 s.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Lasso

from amc_circuits import STYLE, RecoverCircuit, save_figure

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("folder", nargs="?", default=".", type=Path, help="for the picture")
folder = words.parse_args().folder

random = np.random.default_rng(2)
signal = np.zeros(32)
signal[[5, 14, 26]] = 1.0, -0.8, 0.6
measure = random.standard_normal((16, 32))
measured = measure @ signal
measured += 0.01 * np.linalg.norm(measured) / 4 * random.standard_normal(16)


def away(value: np.ndarray, wanted: np.ndarray) -> float:
    """Distance of a vector from another one, relative to it."""
    return float(np.linalg.norm(value - wanted) / np.linalg.norm(wanted))


shortest = np.linalg.lstsq(measure, measured)[0]
print(f"the shortest solution is {away(shortest, signal):.1%} from the signal")
plt.rcParams.update(STYLE)
figure, axes = plt.subplots()
places = np.arange(len(signal))
axes.bar(places, signal, color="0.85", label="signal")
axes.plot(places, shortest, "x", color="0.5", label="shortest solution, by NumPy")
for weight, mark in ((0.01, "^"), (0.03, "o"), (0.3, "s")):
    circuit = RecoverCircuit.program(measure, weight=weight, opamp="single-pole")
    solution = circuit.solve(measured).raise_if_unusable()
    penalty = circuit.penalties(measured[:, None])[0]
    digital = Lasso(alpha=penalty / 16, fit_intercept=False, tol=1e-12).fit(measure, measured).coef_
    found, time = f"{solution.figures['nonzeros']:.0f} entries", f"{1e9 * solution.settling_time:.0f} ns"
    same = f"{away(solution.value, digital):.2%} from scikit-learn"
    print(f"lambda {penalty:.2f}: {found} after {time}, {same}, {away(solution.value, signal):.1%} from the signal")
    axes.plot(places, solution.value, mark, color="black", mfc="none", label=f"circuit, lambda {penalty:.2f}")
axes.set(xlabel="entry", ylabel="value")
axes.legend()
save_figure(figure, folder / "gallery-sparse_signal.png")
