"""Progress of a sweep: lines where there is no terminal, a bar where there is one, nothing on request."""

import re
import signal
import threading

import pytest

from amc_circuits.sweep.plan.plan import Handling, plan_of
from amc_circuits.sweep.plan.spec import sweep_from
from amc_circuits.sweep.run import progress
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.sweep.made_rows import made
from tests.amc_circuits.sweep.sweeps import EXACT, FAST, exact
from tests.command_line import ended, start

LINE = re.compile(
    r"sweep: (\d+) of (\d+) done, (\d+) failed, (\d+) cached, (?:[\d.e+-]+/s, about (.+) left|none ended in .+)"
)
SLOW = 'sleep 3; exec "$real" "$@"'


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand, in s."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress, "LOOKED_AT", 600.0)
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
    assert lines[-1][4] == "0 s"


def test_lines_come_while_nothing_ends(sweep, monkeypatch, tmp_path):
    """A point that takes long, or hangs, does not keep the sweep from saying so; the summary is the last word."""
    monkeypatch.setattr(progress, "INTERVAL", 0.5)
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", SLOW))
    before = threading.active_count()
    outcome = sweep(FAST + "size = 2\n")
    assert (outcome.code, threading.active_count()) == (0, before)
    lines = outcome.err.splitlines()
    assert sum(line.startswith("sweep: 0 of 1 done, 0 failed, 0 cached, none ended in ") for line in lines) >= 3
    assert all(LINE.fullmatch(line) for line in lines)


def test_ctrl_c_ends_the_lines(tmp_path):
    """Ctrl-C while a simulator hangs and lines are printed: one last line, and nothing is left running."""
    simulator, spec = tmp_path / "simulator", tmp_path / "spec.toml"
    spec.write_text(FAST + "size = 2\n")
    quick = "from amc_circuits.sweep.run import progress; progress.INTERVAL = 0.3"
    code = f"{quick}; from amc_circuits.cli.app import main; main()"
    hangs = broken.program(simulator, 'touch "{folder}/$$"; exec sleep 600')
    process = start("sweep", spec, "--out", tmp_path / "out", code=code, AMC_NGSPICE=hangs)
    said = [process.stderr.readline()]
    while said[-1] and not broken.started(simulator):
        said.append(process.stderr.readline())
    process.send_signal(signal.SIGINT)
    outcome = ended(process)
    *rest, last = outcome.err.splitlines()
    assert (outcome.code, last) == (130, "amc: interrupted")
    assert all(LINE.fullmatch(line.rstrip("\n")) for line in said + rest)
    assert not broken.still_running(simulator)


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
    assert "4/4, 2 failed, about 0 s left, 0 cached" in text
    assert outcome.err.endswith("\x1b[2K") and "\x1b" not in outcome.out


@pytest.mark.parametrize(
    ("width", "figures"),
    [
        (150, "600/2000, 60 failed, about 1 min 10 s left, 0 cached, 20/s, 30 s so far"),
        (80, "600/2000, 60 failed, about 1 min 10 s left, 0 cached, 20/s"),
        (60, "600/2000, 60 failed, about 1 min 10 s left"),
        (40, "600/2000, 60 failed"),
        (20, "600/2000"),
    ],
)
def test_a_narrow_terminal_has_fewer_figures(clock, capsys, monkeypatch, width, figures):
    """Figures are whole or not there, and what is drawn keeps to the width."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    plan = plan_of(sweep_from(exact(range(2000))), {}, Handling())
    with progress.reporting(True) as advance:
        clock[0] += 30
        advance([made(number, status="FAILED" if number % 10 == 0 else "SETTLED") for number in range(600)], plan)
    drawn = re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", capsys.readouterr().err))
    assert any(line.rstrip().endswith(figures) for line in drawn), drawn
    assert max(map(len, drawn)) <= width
    assert not any("\u2026" in line for line in drawn)
