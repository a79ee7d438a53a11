"""Fixtures of tests of pictures and reports of sweeps."""

import matplotlib.pyplot as plt
import pytest

from amc_circuits.sweep.rows import pareto, picture
from tests.amc_circuits.sweep.reports import reported_sweep


@pytest.fixture
def figures(monkeypatch):
    """The figures that are drawn, kept instead of written."""
    kept = []

    def keep(figure, path):
        figure.draw_without_rendering()
        kept.append(figure)
        plt.close(figure)

    for module in (picture, pareto):
        monkeypatch.setattr(module, "save_figure", keep)
    return kept


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of the sweep that is reported."""
    return tmp_path_factory.mktemp("report") / "out"


@pytest.fixture(scope="module")
def rows(folder):
    """All rows of it."""
    return reported_sweep(folder)
