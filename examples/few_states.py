"""How many tiles let a network learn in cells of four states, and does it learn at all with one?

For a machine-learning engineer. Pulses move the cells; weights are sums of tiles, each finer than the one before.
Answer: One tile reads 34.7 % of the test images, two 86.1 %, three 89.2 % and four 91.0 %; digital weights 98.3 %.
Runs in 4 s.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

from amc_circuits import STYLE, curve_style, save_figure
from analog_training import make_spec, train_analog

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("folder", nargs="?", default=".", type=Path, help="for the picture")
folder = words.parse_args().folder

CELLS = {"device": "few-states", "states": 4}
RUNS = {
    "digital weights": {"algorithm": "digital"},
    "1 tile": {"algorithm": "analog-sgd", **CELLS},
    **{f"{tiles} tiles": {"algorithm": "residual", "tiles": tiles, "gamma": 0.5, **CELLS} for tiles in (2, 3, 4)},
}

plt.rcParams.update(STYLE)
figure, axes = plt.subplots()
for place, (name, settings) in enumerate(RUNS.items()):
    result = train_analog(make_spec({"dataset": "digits", "epochs": 20, **settings}))
    pulses = result.totals["update_pulses"] + result.totals["transfer_pulses"]
    print(f"{name}: {result.accuracy:.1%}; {result.hardware.devices} cells, {pulses} pulses")
    percent = [100 * accuracy for accuracy in result.accuracies]
    axes.plot(range(1, 21), percent, label=name, markersize=4, **curve_style(place))
axes.set(xlabel="epochs", ylabel="test images classified correctly, %", xticks=range(0, 21, 4), ylim=(0, 102))
axes.legend(loc="lower right", ncols=2)
save_figure(figure, folder / "gallery-few_states.png")
