"""Network of a specification for the samples of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from amc_circuits import ParameterError
from optimizer.datasets import Dataset
from optimizer.model import Model, build_model
from optimizer.settings import ConvolutionShape, DenseShape
from optimizer.specification import TrainingSpec
from optimizer.tasks import TASKS

FOR_FEATURES = (DenseShape(outputs=64),)
"""Hidden layers for tables of features, unless the specification gives others."""


def build_network(spec: TrainingSpec, dataset: Dataset) -> Model:
    """Build the network of a specification.

    Raises:
        ParameterError: The layers do not fit the samples, or the read-out has not as many outputs as the task.
    """
    task = TASKS[spec.task](dataset)
    hidden: Sequence[ConvolutionShape | DenseShape] = spec.convolutions
    parameter = "convolutions"
    if spec.model is not None:
        hidden, parameter = spec.model.hidden, "model.layers"
        if spec.model.classes not in (None, task.outputs):
            words = "classes" if spec.task == "classification" else "values an image"
            mend = f"the data has {task.outputs} {words}; write `dense` alone"
            raise ParameterError(parameter, spec.model.layers[-1], mend)
    elif len(dataset.input_shape) == 1 and "convolutions" not in spec.model_fields_set:
        hidden = FOR_FEATURES
    return replace(build_model(dataset.input_shape, hidden, task.outputs, parameter), loss=task.loss)
