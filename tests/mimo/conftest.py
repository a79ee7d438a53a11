"""The command, run in this process."""

from collections.abc import Callable

import pytest

from amc_circuits.cli import app as cli
from tests.command_line import Outcome


@pytest.fixture
def amc(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """`amc` with these arguments."""

    def call(*arguments: object) -> Outcome:
        code = cli.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call
