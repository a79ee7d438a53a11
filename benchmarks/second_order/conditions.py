"""Which condition number does a refresh of the autoencoder's factors have: that of a typical factor, or of the worst?

Method: one training of the autoencoder at batch 512 for each of two floors of the damping, K-FAC by the quadratic
model, a refresh every 5 steps. Conditions are those of the damped factors, 12 a refresh.

Printed: the median over all factors, the median over the refreshes of the worst factor in each, the largest; then the
median of each factor. `python -m benchmarks.second_order.conditions`
"""

from __future__ import annotations

import numpy as np

from benchmarks.machine import machine_line
from benchmarks.second_order.studies import AUTOENCODER, STUDIES
from optimizer.sweep_run import spec_of
from optimizer.training import Training

FLOORS = (0.001, 0.03)
SETTING = {
    "name": "kfac",
    "step_size": "quadratic",
    "first_interval": 5,
    "inverse_interval": 5,
    "damping": 1.0,
    "window": 0.108,
}


def main() -> None:
    """Train twice and print."""
    study = STUDIES[f"{AUTOENCODER}-512"]
    print(machine_line())
    for floor in FLOORS:
        result = Training(spec_of(study.options(SETTING | {"damping_floor": floor}, 5.0, 0))).run()
        inversions, ledger = result.ledger.inversions, result.ledger
        every = np.median([one.condition for one in inversions])
        print(
            f"floor {floor:g}, 20 nats after {result.epochs_to_target:.2f} epochs: median of all factors {every:.0f}, "
            f"of the worst of each refresh {ledger.median_condition:.0f}, largest {ledger.largest_condition:.0f}"
        )
        factors = dict.fromkeys(one.factor for one in inversions)
        medians = {name: np.median([one.condition for one in inversions if one.factor == name]) for name in factors}
        print("  " + ", ".join(f"{name} {median:.0f}" for name, median in medians.items()))


if __name__ == "__main__":
    main()
