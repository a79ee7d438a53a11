"""Data of one's own in a specification: files, names in them, split, normalisation."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from amc_circuits import ParameterError
from optimizer.settings import Count, Settings

Part = Annotated[float, Field(gt=0, lt=1)]
OF_TEST = ("test_labels", "test_x_name", "test_y_name")
OF_SPLIT = ("split", "split_seed")
OF_FILES = ("train", "test", "labels", "test_labels")


class DataSettings(Settings):
    """Samples and labels from files. A path is relative to the folder where the command is typed.

    Attributes:
        train: Training samples: a .npz or .mat file of named arrays; an .npy or IDX file beside `labels`; a table in
            text; or a folder with a folder of PNG pictures for each class.
        test: Test samples in the same form; None for a part of the training samples.
        labels: File of the training labels, .npy or IDX.
        test_labels: File of the test labels.
        x_name: Name of the array of the samples; `samples x height x width`, `samples x height x width x channels` or
            `samples x features`.
        y_name: Name of the array of the labels, one a sample.
        test_x_name: Name of the array of the test samples, in `test` or, without `test`, in `train`.
        test_y_name: Name of the array of the test labels.
        label: Column of the labels in a table: its name, or its number from 1 on; None for the last.
        shape: Height and width, or height, width and channels, of images that are rows of a table or array.
        split: Part of the samples for training, without test samples.
        split_seed: Seed of the order of the samples before the split.
        normalisation: Mean and deviation of the training samples that are taken off and divided by: one for all values
            (`overall`), one a channel (`per-channel`) or a feature or pixel (`per-feature`), or `none`; `auto` is
            `per-feature` for tables of features and `overall` for images.
    """

    train: Annotated[str, Field(min_length=1)]
    test: str | None = None
    labels: str | None = None
    test_labels: str | None = None
    x_name: str = "X"
    y_name: str = "y"
    test_x_name: str | None = None
    test_y_name: str | None = None
    label: str | Count | None = None
    shape: Annotated[tuple[Count, ...], Field(min_length=2, max_length=3)] | None = None
    split: Part = 0.8
    split_seed: Annotated[int, Field(ge=0)] = 0
    normalisation: Literal["auto", "overall", "per-channel", "per-feature", "none"] = "auto"

    @property
    def has_test(self) -> bool:
        """True if test samples are given."""
        return self.test is not None or self.test_x_name is not None

    @property
    def given(self) -> frozenset[str]:
        """Names of the settings that differ from their defaults."""
        return frozenset(
            name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default
        )

    @model_validator(mode="after")
    def _effective(self) -> Self:
        for name in self.given & set(OF_SPLIT):
            if self.has_test:
                raise ParameterError(name, getattr(self, name), "has no effect beside test samples; leave it out")
        for name in self.given & set(OF_TEST):
            if not self.has_test:
                raise ParameterError(name, getattr(self, name), "has no effect without test; add test")
        return self
