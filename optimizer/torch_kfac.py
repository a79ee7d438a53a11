"""K-FAC in front of any PyTorch optimizer: `pre.sample(logits)`, `loss.backward()`, `pre.step()`, `optimizer.step()`.

`optimizer.torch_layers` collects inputs and output gradients. Factors, damping, inverses and KL clip are those of
`optimizer.kfac`, in NumPy and float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from types import NoneType
from typing import Any

import numpy as np
import torch

from amc_circuits import ParameterError, check_type
from optimizer.curvature import KroneckerFactors
from optimizer.fisher_blocks import FisherBlocks, Progress, check_factors
from optimizer.ledger import Failure, Inversion, Ledger
from optimizer.linear_solver import check_circuit
from optimizer.losses import cross_entropy_gradients, sample_labels
from optimizer.preconditioner import InverseFactors, make_inverter
from optimizer.settings import KfacSettings, StepSettings
from optimizer.specification import make_spec
from optimizer.torch_layers import TorchLayer, output_gradients, sample_last, to_numpy, trained_layers

PAIRS: dict[str, type[KroneckerFactors] | type[InverseFactors]] = {
    "factors": KroneckerFactors,
    "inverses": InverseFactors,
}
"""Fields of the progress that hold pairs of matrices."""
STATE = ("shapes", "progress", "random", "inversions", "failures")
"""Names in a state."""
OF_TORCH = {"momentum", "nesterov", "step_size", *StepSettings.model_fields} - {"learning_rate"}
"""Settings of a step, which the torch optimizer makes."""


class KfacPreconditioner:
    """K-FAC preconditioner of the gradients of a PyTorch classifier.

    Every trained `nn.Linear` and `nn.Conv2d` gets a Fisher block. Gradients of other parameters are left unchanged. One
    step of a training::

        logits = model(images)
        pre.sample(logits)  # curvature of the batch
        loss = cross_entropy(logits, labels)  # mean over the batch
        optimizer.zero_grad()
        loss.backward()
        pre.step()  # replaces .grad
        optimizer.step()
    """

    def __init__(
        self,
        model: torch.nn.Module,
        solver: str = "inv-circuit",
        circuit: Mapping[str, Any] | None = None,
        seed: int = 0,
        **settings: Any,
    ) -> None:
        """Attach hooks to the layers of a network.

        Args:
            model: Network.
            solver: Solver that inverts the factors: `cholesky` or `inv-circuit`.
            circuit: Parts of the circuit, fields of `CircuitSettings`, such as `{"engine": "exact"}`.
            seed: Seed of the sampled labels and of the random errors of the circuits.
            **settings: Fields of `KfacSettings` except those of the step: momentum, schedule, weight decay. The KL clip
                needs `learning_rate`: it must be that of the torch optimizer.

        Raises:
            ParameterError: A setting is invalid or has no effect, a layer is not supported, or the factors do not fit
                into the memory.
            EngineNotFoundError: The simulator is not installed.
        """
        check_type("model", model, torch.nn.Module)
        check_type("circuit", circuit, Mapping, NoneType, mend="fields of CircuitSettings by name")
        for name in OF_TORCH & settings.keys():
            raise ParameterError(name, settings[name], "leave it out; the torch optimizer has its own")
        optimizer = settings | {"name": "kfac"}
        content = {"optimizer": optimizer, "solver": solver, "circuit": dict(circuit or {}), "seed": seed}
        self._spec = make_spec(content, type(self).__name__)
        check_circuit(solver, self._spec.circuit)
        self._layers = trained_layers(model)
        self._random = np.random.default_rng([seed, 2])  # the stream of `optimizer.training`
        inverter = make_inverter(solver, self._spec.circuit, seed, Ledger())
        check_factors(self._shapes)
        self._blocks = FisherBlocks(tuple(self._shapes), KfacSettings.model_validate(self._spec.optimizer), inverter)
        self._hooks = [model.register_forward_pre_hook(lambda *_: self._forget())]
        self._hooks += [self._hooked(layer) for layer in self._layers]

    @property
    def ledger(self) -> Ledger:
        """Inversions so far: their number, right-hand sides, simulated seconds and joules."""
        return self._blocks.inverter.ledger

    def sample(self, logits: torch.Tensor) -> None:
        """Collect the curvature of a batch from labels that are drawn from the model's own distribution.

        `.grad` is left unchanged. In a step without an update of the factors nothing is done.

        Args:
            logits: Logits of the batch, `samples x classes`, before `loss.backward()`.

        Raises:
            ParameterError: The logits do not have this shape, their graph is missing or freed, or the batch did not use
                each layer once.
        """
        if not self._blocks.due:
            return
        if logits.ndim != 2 or not logits.requires_grad:
            found = f"the shape {tuple(logits.shape)}, requires_grad={logits.requires_grad}"
            raise ParameterError("logits", found, "must be samples x classes, with gradients")
        values = sample_last(logits)
        own = cross_entropy_gradients(values, sample_labels(values, self._random))
        gradients = output_gradients(logits, self._layers, own)
        self._blocks.update([layer.curvature(dy) for layer, dy in zip(self._layers, gradients, strict=True)])
        self._forget()

    def step(self) -> None:
        """Replace `.grad` of every layer by the preconditioned gradient, scaled by the KL clip.

        Raises:
            ParameterError: A layer has no gradient, or `sample` was not called.
            SolveError: An inversion has no usable result, and `on_failure` of the circuit is `stop`.
        """
        gradients = tuple(layer.gradient for layer in self._layers)
        if self._blocks.due:
            raise ParameterError("sample", "no call before step", "call sample(logits) before loss.backward()")
        for layer, direction in zip(self._layers, self._blocks.directions(gradients), strict=True):
            layer.replace_gradient(direction)

    def state_dict(self) -> dict[str, Any]:
        """Return factors, inverses, random state and ledger as tensors, numbers and texts, for `torch.save`."""
        progress = {entry.name: getattr(self._blocks.progress, entry.name) for entry in fields(Progress)}
        for name in PAIRS:
            progress[name] = [
                {key: torch.from_numpy(matrix) for key, matrix in vars(pair).items()} for pair in progress[name]
            ]
        return {
            "shapes": self._shapes,
            "progress": progress,
            "random": self._random.bit_generator.state,
            "inversions": [asdict(entry) for entry in self.ledger.inversions],
            "failures": [asdict(entry) for entry in self.ledger.failures],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of a preconditioner of the same network, solver, settings and seed.

        The waveforms of the ledger's slowest result are not part of a state.

        Raises:
            ParameterError: The state belongs to another network, or is not that of a preconditioner.
        """
        check_type("state", state, Mapping, mend="take that of state_dict")
        for name in STATE:
            if name not in state:
                raise ParameterError("state", f"a mapping without {name}", "must be that of state_dict")
        if state["shapes"] != self._shapes:
            raise ParameterError("state", f"weights of shapes {state['shapes']}", f"must be those of {self._shapes}")
        progress = dict(state["progress"])
        for name, record in PAIRS.items():
            progress[name] = tuple(
                record(**{key: to_numpy(matrix) for key, matrix in pair.items()}) for pair in progress[name]
            )
        self._blocks.progress = Progress(**progress)
        self._random.bit_generator.state = state["random"]
        ledger = Ledger([Inversion(**entry) for entry in state["inversions"]])
        ledger.failures = [Failure(**entry) for entry in state["failures"]]
        self._blocks.inverter = make_inverter(self._spec.solver, self._spec.circuit, self._spec.seed, ledger)

    def remove(self) -> None:
        """Remove the hooks from the network."""
        for hook in self._hooks:
            hook.remove()
        self._forget()

    @property
    def _shapes(self) -> dict[str, tuple[int, int]]:
        return {layer.name: layer.weight_shape for layer in self._layers}

    def _hooked(self, layer: TorchLayer) -> torch.utils.hooks.RemovableHandle:
        def record(
            module: torch.nn.Module, args: tuple[torch.Tensor, ...], kwargs: dict[str, torch.Tensor], y: torch.Tensor
        ) -> None:
            if self._blocks.due and module.training and y.requires_grad:
                (x,) = (*args, *kwargs.values())
                layer.record(x, y)

        return layer.module.register_forward_hook(record, with_kwargs=True)

    def _forget(self) -> None:
        for layer in self._layers:
            layer.calls.clear()
