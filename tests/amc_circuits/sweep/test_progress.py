"""What a sweep says while it runs: lines where there is no terminal, a bar where there is one, nothing on request."""

import re

import pytest

from amc_circuits.sweep import progress
from amc_circuits.sweep.plan import Handling, plan_of
from amc_circuits.sweep.spec import sweep_from
from tests.amc_circuits.sweep.made_rows import made
from tests.amc_circuits.sweep.sweeps import EXACT, exact

LINE = re.compile(r"sweep: (\d+) of (\d+) done, (\d+) failed, (\d+) cached, ([\d.e+]+)/s, about (.+) left")


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand, in s."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_every_while_where_there_is_no_terminal(clock, capsys):
    """Done, failed, cached, rate and time left, by plain arithmetic; not more often than every 10 s."""
    plan = plan_of(sweep_from(exact(range(200))), {}, Handling())
    with progress.reporting(True) as advance:
        advance((), plan)
        for number in range(100):
            clock[0] += 0.5
            advance([made(number, status="FAILED" if number % 10 == 0 else "SETTLED")], plan)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "sweep: 20 of 200 done, 2 failed, 0 cached, 2/s, about 1 min 30 s left",
        "sweep: 40 of 200 done, 4 failed, 0 cached, 2/s, about 1 min 20 s left",
        "sweep: 60 of 200 done, 6 failed, 0 cached, 2/s, about 1 min 10 s left",
        "sweep: 80 of 200 done, 8 failed, 0 cached, 2/s, about 1 min 0 s left",
        "sweep: 100 of 200 done, 10 failed, 0 cached, 2/s, about 50 s left",
    ]


def test_hours_are_hours(clock, capsys):
    """One point in 30 s of 300: 299 are left, which take 2 h 29.5 min."""
    plan = plan_of(sweep_from(exact(range(300))), {}, Handling())
    with progress.reporting(True) as advance:
        clock[0] += 30
        advance([made(0)], plan)
    assert capsys.readouterr().err.endswith("0.0333/s, about 2 h 29 min left\n")


def test_a_sweep_tells_how_far_it_is(sweep, monkeypatch):
    """Counted from what there was before; the last line is at the end."""
    monkeypatch.setattr(progress, "INTERVAL", 600.0)
    assert sweep(EXACT + "seed = [0, 1, 2]\n").err == ""  # done long before the first line is due
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    outcome = sweep(EXACT + "seed = {range = [0, 10]}\n")
    lines = [LINE.fullmatch(line).groups() for line in outcome.err.splitlines()]
    assert {line[1:4] for line in lines} == {("7", "0", "3")}
    done = [int(line[0]) for line in lines]
    assert done == sorted(done) and done[-1] == 7
    assert lines[-1][5] == "0 s"


def test_nothing_is_said_on_request(sweep, monkeypatch):
    """--no-progress."""
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    assert sweep(EXACT + "seed = [0, 1, 2]\n", "--no-progress").err == ""


def test_a_terminal_has_a_bar(sweep, monkeypatch):
    """With how many are done, failed and cached; it is gone when the sweep has ended."""
    assert sweep(EXACT + "seed = [0, 1]\n").code == 0
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich take anything for a terminal
    monkeypatch.setenv("COLUMNS", "150")
    outcome = sweep(EXACT + 'seed = [0, 1]\ng_min = ["1u", "1m"]\n')
    assert outcome.code == 3
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", outcome.err)
    assert "4/4" in text and "2 failed, 0 cached" in text
    assert outcome.err.endswith("\x1b[2K") and "\x1b" not in outcome.out
