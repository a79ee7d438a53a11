"""Training in NumPy, with every matrix inversion of the second-order optimizer handed to a linear solver.

This layer speaks of gradients, curvature and damping. It solves by circuits in two places only,
`optimizer.linear_solver` and `optimizer.streams`. The names below are imported at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amc_circuits import lazy_names

if TYPE_CHECKING:
    from optimizer.checkpoint import read_state, write_state
    from optimizer.circuit_settings import CircuitSettings
    from optimizer.data_settings import DataSettings
    from optimizer.datasets import Dataset, load_dataset
    from optimizer.first_order import loss_gradients
    from optimizer.own_data import load_own
    from optimizer.result import TrainingResult
    from optimizer.settings import AdamSettings, ConvolutionShape, InstalledSettings, KfacSettings, MomentumSettings
    from optimizer.solve_result import SolveError, SolveResult
    from optimizer.specification import TrainingSpec, make_spec, override, preset, read_spec
    from optimizer.tasks import guessing_accuracy
    from optimizer.training import Training, train

    __version__: str

_HOMES = {
    "AdamSettings": "optimizer.settings",
    "CircuitSettings": "optimizer.circuit_settings",
    "ConvolutionShape": "optimizer.settings",
    "DataSettings": "optimizer.data_settings",
    "Dataset": "optimizer.datasets",
    "InstalledSettings": "optimizer.settings",
    "KfacSettings": "optimizer.settings",
    "MomentumSettings": "optimizer.settings",
    "SolveError": "optimizer.solve_result",
    "SolveResult": "optimizer.solve_result",
    "Training": "optimizer.training",
    "TrainingResult": "optimizer.result",
    "TrainingSpec": "optimizer.specification",
    "guessing_accuracy": "optimizer.tasks",
    "load_dataset": "optimizer.datasets",
    "load_own": "optimizer.own_data",
    "loss_gradients": "optimizer.first_order",
    "make_spec": "optimizer.specification",
    "override": "optimizer.specification",
    "preset": "optimizer.specification",
    "read_spec": "optimizer.specification",
    "read_state": "optimizer.checkpoint",
    "train": "optimizer.training",
    "write_state": "optimizer.checkpoint",
}

__all__ = [
    "AdamSettings",
    "CircuitSettings",
    "ConvolutionShape",
    "DataSettings",
    "Dataset",
    "InstalledSettings",
    "KfacSettings",
    "MomentumSettings",
    "SolveError",
    "SolveResult",
    "Training",
    "TrainingResult",
    "TrainingSpec",
    "guessing_accuracy",
    "load_dataset",
    "load_own",
    "loss_gradients",
    "make_spec",
    "override",
    "preset",
    "read_spec",
    "read_state",
    "train",
    "write_state",
]

if not TYPE_CHECKING:  # a type checker reads the imports above and reports names that do not exist
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
