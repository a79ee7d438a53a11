"""Can a circuit rank the members of a network as PageRank does, in one step and with cells of a few levels?

For a data scientist. The network: Zachary's karate club (J. Anthropol. Res. 33, 452, 1977): 34 members, 78 friendships.
Answer: Yes, with exact cells (error 0.02 %); with 64 levels the first 10 keep their order, with 8 levels 2 of them do.
Runs in 5 s.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits import STYLE, Device, EgvCircuit, save_figure

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("folder", nargs="?", default=".", type=Path, help="for the picture")
folder = words.parse_args().folder

FRIENDS = {
    2: "1", 3: "1 2", 4: "1 2 3", 5: "1", 6: "1", 7: "1 5 6", 8: "1 2 3 4", 9: "1 3", 10: "3", 11: "1 5 6", 12: "1",
    13: "1 4", 14: "1 2 3 4", 17: "6 7", 18: "1 2", 20: "1 2", 22: "1 2", 26: "24 25", 28: "3 24 25", 29: "3",
    30: "24 27", 31: "2 9", 32: "1 25 26 29", 33: "3 9 15 16 19 21 23 24 30 31 32",
    34: "9 10 14 15 16 19 20 21 23 24 27 28 29 30 31 32 33",
}  # fmt: skip
FOLLOWED = 0.85
"""Share of steps of the random walk along a friendship; the others lead anywhere."""

friends = np.zeros((34, 34))
for member, known in FRIENDS.items():
    for other in map(int, known.split()):
        friends[member - 1, other - 1] = friends[other - 1, member - 1] = 1
walk = FOLLOWED * friends / friends.sum(axis=0) + (1 - FOLLOWED) / len(friends)
exact = np.linalg.solve(np.eye(34) - FOLLOWED * friends / friends.sum(axis=0), np.full(34, (1 - FOLLOWED) / 34))
order = np.argsort(-exact)
print(f"{int(friends.sum()) // 2} friendships, highest rank: members {', '.join(str(k + 1) for k in order[:5])}")

plt.rcParams.update(STYLE)
figure, axes = plt.subplots()
axes.bar(np.arange(34), exact[order], color="0.85", label="PageRank by NumPy")
for levels, mark in ((None, "o"), (64, "s"), (8, "^")):
    circuit = EgvCircuit.program(walk, device=Device(levels=levels), engine="exact", topology="compensated")
    solution = circuit.solve().raise_if_unusable()
    rank = np.abs(solution.value) / np.abs(solution.value).sum()
    same = sum(a == b for a, b in zip(np.argsort(-rank)[:10], order[:10], strict=True))
    name = "exact cells" if levels is None else f"cells with {levels} levels"
    time, error = 1e9 * float(solution.settling_time), np.abs(rank - exact).max() / exact.max()
    print(f"{name}: {same} of the first 10 in their order, largest error {error:.2%}, read after {time:.0f} ns")
    axes.plot(np.arange(34), rank[order], mark, color="black", mfc="none", label=f"circuit, {name}")
axes.set(xlabel="members, by rank", ylabel="rank", xticks=[0, 9, 19, 29], xticklabels=["1st", "10th", "20th", "30th"])
axes.legend()
save_figure(figure, folder / "gallery-page_rank.png")
