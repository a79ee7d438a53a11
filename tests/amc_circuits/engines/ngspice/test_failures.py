"""The ngspice engine with simulators that go wrong, and with surroundings that would lead the real one astray."""

import os
import re
import resource
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from amc_circuits import InvCircuit, SimulationError
from amc_circuits.engines import NgspiceEngine, find_ngspice, run_deck
from amc_circuits.engines.ngspice import processes
from amc_circuits.engines.ngspice.rawfile import RawFileError, read_plots, read_raw
from tests.amc_circuits import broken_ngspice as broken
from tests.command_line import SMALL
from tests.runs import waveforms

MATRIX = np.array([[2.0, -1.0], [-1.0, 2.0]])
FAILURES = {
    "crashes": (broken.CRASHES, "signal 11"),
    "fails": (broken.FAILS, "ended with code 3 (Error: no such luck)"),
    "says nothing": (broken.SAYS_NOTHING, "no raw file"),
    "garbage": (broken.GARBAGE, "raw file"),
    "truncated": (broken.TRUNCATED, "truncated"),
    "header only": (broken.HEADER_ONLY, "no binary part"),
    "nan": (broken.NOT_A_NUMBER, "not finite"),
    "stops early": (broken.STOPS_EARLY, "Timestep too small"),
    "ends early": (broken.ENDS_EARLY, "the transient ends at"),
    "ascii": (broken.ASCII, "no binary part"),
    "other vectors": (broken.OTHER_VECTORS, "lacks v(c1)"),
}


def kept_folder(message: str) -> Path:
    """The folder that an error names."""
    return Path(re.search(r"kept in (\S+)$", message.strip())[1])


@pytest.fixture
def simulator(tmp_path, monkeypatch):
    """Makes a script the simulator."""

    def install(script):
        monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", script))
        return tmp_path / "simulator"

    return install


@pytest.mark.parametrize("failure", FAILURES)
def test_broken_simulator_ends_in_exit_code_1(amc, simulator, temporary, tmp_path, failure):
    """One line says what went wrong and where deck and log are; nothing else is printed, written or left behind."""
    script, reason = FAILURES[failure]
    simulator(script)
    outcome = amc("inv", *SMALL, "--plot", tmp_path / "p.png", "--save", tmp_path / "s.npz", "--format", "json")
    outcome.refused("ngspice: ", reason, code=1)
    kept = kept_folder(outcome.err)
    assert {path.name for path in kept.iterdir()} == {"deck.cir", "ngspice.log"}
    assert ".tran" in (kept / "deck.cir").read_text()
    assert list(temporary.iterdir()) == [kept]
    assert {path.name for path in tmp_path.iterdir()} == {"simulator", "temporary"}


def test_hanging_simulator_is_ended_after_the_timeout(amc, simulator, temporary):
    """A run that takes longer than --timeout is ended with all it started, and keeps deck and log."""
    folder = simulator('touch "{folder}/$$"; exec sleep 600')
    outcome = amc("inv", *SMALL, "--timeout", "0.3")
    outcome.refused("ran longer than 0.3 s", code=1)
    assert broken.started(folder) and not broken.still_running(folder)
    assert (kept_folder(outcome.err) / "deck.cir").is_file()


def test_failed_run_ends_the_others_of_its_stream(simulator, temporary):
    """When one of several runs fails, the others are ended and leave nothing behind."""
    folder = simulator('mkdir "{folder}/first" 2>/dev/null && exit 3; touch "{folder}/$$"; exec sleep 600')
    circuit = InvCircuit.program(MATRIX, opamp="single-pole", jobs=2)
    with pytest.raises(SimulationError) as caught:
        circuit.solve(np.ones((2, 20)))
    assert [path.name for path in temporary.iterdir()] == [caught.value.folder.name]
    assert not broken.still_running(folder)


def test_simulator_that_vanishes_is_a_failed_run(amc, simulator):
    """A simulator that is no longer there when it is to run ends in exit code 1, with the deck kept."""
    folder = simulator(broken.SAYS_NOTHING)
    find_ngspice()
    (folder / "ngspice").unlink()
    outcome = amc("inv", *SMALL)
    outcome.refused("No such file or directory", code=1)
    assert (kept_folder(outcome.err) / "deck.cir").is_file()


def test_engine_is_usable_after_a_failure(simulator):
    """A run that failed leaves the circuit ready: the next solve, with a simulator that works, is right."""
    simulator(broken.FAILS_ONCE)
    circuit = InvCircuit.program(MATRIX, opamp="single-pole")
    with pytest.raises(SimulationError):
        circuit.solve([1.0, 2.0])
    # A x = b: 2 * 4/3 - 5/3 = 1 and -4/3 + 2 * 5/3 = 2.
    np.testing.assert_allclose(circuit.solve([1.0, 2.0]).value, [4 / 3, 5 / 3], rtol=1e-3)


def test_startup_files_are_not_read(amc, tmp_path, monkeypatch):
    """No start-up file of the user, the current folder or SPICE_SCRIPTS is read, although plain ngspice reads them."""
    marker = tmp_path / "marker"
    for name in (".spiceinit", "spinit"):
        (tmp_path / name).write_text(f"* start-up\nshell touch {marker}\n")
    (tmp_path / "plain.cir").write_text("plain\nV1 a 0 1\nR1 a 0 1\n.op\n.end\n")
    for name, value in {"HOME": tmp_path, "SPICE_SCRIPTS": tmp_path, "SPICE_ASCIIRAWFILE": "1"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(tmp_path)
    subprocess.run([find_ngspice().path, "-b", "plain.cir"], capture_output=True, check=False)
    assert marker.exists(), "the bait does not work"
    marker.unlink()
    assert amc("inv", *SMALL).code == 0
    assert not marker.exists()


def test_named_simulator_may_be_on_the_path(monkeypatch):
    """AMC_NGSPICE takes a name that is on the PATH as well as a path."""
    real = find_ngspice().path
    monkeypatch.setenv("PATH", str(real.parent))
    monkeypatch.setenv("AMC_NGSPICE", real.name)
    assert find_ngspice().path == real


def test_klu_and_sparse_agree():
    """Both matrix solvers give the same answer, to a millionth."""
    if not find_ngspice().klu:
        pytest.skip("this ngspice has one solver")
    circuit = InvCircuit.program(MATRIX, opamp="single-pole")
    job = circuit.job(np.array([[1.0], [2.0]]))
    klu, sparse = (waveforms(job, NgspiceEngine(solver=solver)) for solver in ("klu", "sparse"))
    np.testing.assert_allclose(klu.voltages(["c1", "c2"])[-1], sparse.voltages(["c1", "c2"])[-1], rtol=1e-6)


HEAD = (
    "Title: t\nDate: d\nPlotname: Transient Analysis\nFlags: {flags}\nNo. Variables: {variables}\n"
    "No. Points: {points}\nVariables:\n\t0\ttime\ttime\n\t1\tv(a)\tvoltage\nBinary:\n"
)


def raw_bytes(*values: float, flags: str = "real", variables: int = 2, points: int = 2) -> bytes:
    """A raw file with these values."""
    head = HEAD.format(flags=flags, variables=variables, points=points)
    return head.encode() + struct.pack(f"={len(values)}d", *values)


def test_raw_file_is_read_as_written(tmp_path):
    """Times and values come out bit for bit."""
    (tmp_path / "a.raw").write_bytes(raw_bytes(0.0, 0.1, 1e-9, -0.3))
    waveforms = read_raw(tmp_path / "a.raw")
    assert waveforms.time.tolist() == [0.0, 1e-9]
    assert waveforms.voltages(["a"]).tolist() == [[0.1], [-0.3]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (raw_bytes(0.0, 0.1, 1e-9), "truncated"),
        (raw_bytes(0.0, 0.1, 1e-9, 0.2, 0.3), "no binary part"),
        (raw_bytes(0.0, 0.1, 1e-9, float("inf")), "not finite"),
        (raw_bytes(1e-9, 0.1, 0.0, 0.2), "backwards"),
        (raw_bytes(points=0), "empty"),
        (raw_bytes(1.0, variables=-1, points=-1), "raw file"),
        (raw_bytes(0.0, 0.0, 0.1, 0.0, 1e-9, 0.0, 0.2, 0.0, flags="complex"), "real transient"),
        (2 * raw_bytes(0.0, 0.1, 1e-9, 0.2), "real transient"),
        (raw_bytes(0.0, 0.1, 1e-9, 0.2, variables=10**9), "raw file"),
        (raw_bytes(0.0, 0.1, 1e-9, 0.2).replace(b"No. Points: 2", b"No. Points: x"), "garbled"),
        (raw_bytes(0.0, 0.1, 1e-9, 0.2).replace(b"Title", b"T\xfftle"), "garbled"),
    ],
)
def test_garbled_raw_file_is_refused(tmp_path, content, reason):
    """A raw file that is not one whole real transient is an error that says why."""
    (tmp_path / "a.raw").write_bytes(content)
    with pytest.raises(RawFileError, match=reason):
        read_raw(tmp_path / "a.raw")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limit from outside")
def test_a_simulation_that_fills_the_disk_is_ended(monkeypatch):
    """Beyond the largest file the process is ended, and deck and log are kept."""
    monkeypatch.setattr(processes, "LARGEST_FILE", 100_000)
    deck = "* endless\nV1 a 0 SIN(0 1 1G)\nR1 a 0 1\n.tran 1p 1u 0 1p\n.end\n"
    with pytest.raises(SimulationError, match="ended") as caught:
        run_deck(deck, timeout=60)
    assert (caught.value.folder / "deck.cir").read_text() == deck


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limit from outside")
def test_a_lower_limit_of_the_user_stays(tmp_path):
    """A simulation may not write larger files than whoever started the command allowed."""
    # The limits are set while it runs, that of its time as the last one.
    says = (
        "import resource, time\n"
        "while resource.getrlimit(resource.RLIMIT_CPU)[0] == resource.RLIM_INFINITY: time.sleep(0.01)\n"
        "print(*resource.getrlimit(resource.RLIMIT_FSIZE))"
    )
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        processes.call([sys.executable, "-c", says], tmp_path, tmp_path / "log", os.environ, 60, None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / "log").read_text() == "1000000 1000000\n"


def test_a_raw_file_beyond_the_memory_is_refused_unread(tmp_path):
    """Its size is looked at first: a file of terabytes is an error, not an end."""
    with (tmp_path / "a.raw").open("wb") as file:
        file.truncate(2**42)
    with pytest.raises(RawFileError, match="GB of memory"):
        read_plots(tmp_path / "a.raw")
