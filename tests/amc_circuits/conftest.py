"""Fixtures of the command's tests: the command itself, and a place of its own for temporary files."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from amc_circuits.cli import app as cli
from amc_circuits.studies.workers import start_server
from tests.command_line import Outcome
from tests.forked import LOADED


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of this test, in this process and in those it starts."""
    start_server(LOADED)  # while the path for its socket is short
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def amc(capsys: pytest.CaptureFixture[str], temporary: Path) -> Callable[..., Outcome]:
    """The command, run in this process."""

    def call(*arguments: object) -> Outcome:
        code = cli.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def sweep(amc: Callable[..., Outcome], tmp_path: Path) -> Callable[..., Outcome]:
    """`amc sweep` of a specification in the folder `out`."""

    def call(text: str, *arguments: object) -> Outcome:
        (tmp_path / "spec.toml").write_text(text)
        return amc("sweep", tmp_path / "spec.toml", "--out", tmp_path / "out", *arguments)

    return call


@pytest.fixture
def with_outputs(amc: Callable[..., Outcome], tmp_path: Path, temporary: Path) -> Callable[..., Outcome]:
    """A command that is to fail, with every kind of output asked for: none of them may be there afterwards."""

    def call(*arguments: object) -> Outcome:
        outputs = {"--plot": tmp_path / "p.png", "--save": tmp_path / "s.npz"}
        outcome = amc(*arguments, *(part for pair in outputs.items() for part in pair))
        assert not any(path.exists() for path in outputs.values())
        assert not list(temporary.iterdir())
        return outcome

    return call
