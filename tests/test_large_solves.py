"""Benchmark of large solves: words without a meaning are refused."""

import pytest
from typer import Typer
from typer.testing import CliRunner

from benchmarks.large_solves import main


@pytest.mark.parametrize(("words", "known"), [(["--family", "wishart"], "spd, random"), (["--largest", "255"], "256")])
def test_a_table_without_rows_is_refused(words, known):
    """A family that is not measured, and a size below the smallest one."""
    app = Typer()
    app.command()(main)
    outcome = CliRunner().invoke(app, words)
    assert outcome.exit_code == 2 and known in outcome.output and "processor time" not in outcome.output
