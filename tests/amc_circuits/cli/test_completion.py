"""Completion of the command line in a real bash."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ASKS = 'COMP_WORDS=({words}); COMP_CWORD={last}; _amc_completion amc; printf "%s\\n" "${{COMPREPLY[@]}}"'

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


@pytest.fixture
def bash(tmp_path):
    """Run lines in a bash with an own home folder, whose PATH begins with an `amc` of this Python."""
    command = tmp_path / "bin" / "amc"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m amc_circuits "$@"\n')
    command.chmod(0o755)
    environ = {
        **os.environ,
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "PATH": os.pathsep.join([str(command.parent), os.environ["PATH"]]),
    }

    def run(*lines):
        done = subprocess.run(
            ["bash", "--norc", "-c", "\n".join(lines)], env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    return run


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("amc in", {"inv"}),
        ("amc st", {"stability", "step-cost"}),
        ("amc inv --wire", {"--wire-resistance", "--wire-temperature-coefficient"}),
        ("amc draw m", {"mvm"}),
        ("amc opamp c", {"characterize"}),
        ("amc train --pre", {"--preset"}),
    ],
)
def test_bash_completes_commands_and_options(bash, words, wanted):
    """After `_AMC_COMPLETE=source_bash` bash completes commands, commands of groups, extensions, and options."""
    asks = ASKS.format(words=words, last=len(words.split()) - 1)
    assert set(bash('eval "$(_AMC_COMPLETE=source_bash amc)"', asks)) == wanted


def test_completion_is_installed_for_the_next_bash(bash, tmp_path):
    """`amc --install-completion` changes `.bashrc` so that the next bash completes."""
    bash("amc --install-completion bash", "true")
    asks = ASKS.format(words="amc in", last=1)
    assert bash(f'. "{tmp_path}/.bashrc"', asks)[-1] == "inv"
