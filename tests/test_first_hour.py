"""The first commands of new users: each ends as `benchmarks/first_hour.toml` states."""

from collections import Counter
from subprocess import CompletedProcess

import pytest

from benchmarks import first_hour
from benchmarks.first_hour import Command
from tests import forked

FILES, COMMANDS = first_hour.read()
QUICK = [command for command in COMMANDS if command.quick]


def process(words, folder):
    """`amc` in a forked process."""
    done = forked.ended(forked.amc, *words, folder=folder)
    return CompletedProcess(words, done.code, done.out, done.err)


def test_each_role_has_fifteen_commands():
    """There are four roles of at least fifteen commands, a third of them mistakes or more, and a quick part of each."""
    counts = Counter(command.role for command in COMMANDS)
    assert len(counts) == 4 and min(counts.values()) >= 15
    assert sum(command.code != 0 for command in COMMANDS) >= len(COMMANDS) / 3
    assert {command.role for command in QUICK} == set(counts)


@pytest.mark.parametrize("command", QUICK, ids=lambda command: command.command)
def test_quick_commands_end_as_stated(tmp_path, command):
    """Exit code, words, files and the length of the message are those of the list."""
    (outcome,) = first_hour.work([command], FILES, tmp_path, process)
    assert outcome.differences == ()


@pytest.mark.parametrize(
    ("command", "difference"),
    [
        (Command("r", "--version", code=2), "exit code 0"),
        (Command("r", "--version", words=("no such word",)), "not printed: no such word"),
        (Command("r", "--version", files=("none.png",)), "not written: none.png"),
    ],
)
def test_a_difference_is_found(tmp_path, command, difference):
    """A wrong exit code, a missing word and a missing file are named."""
    (outcome,) = first_hour.work([command], {}, tmp_path, process)
    assert outcome.differences == (difference,)
