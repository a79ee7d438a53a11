"""The `amc` command: what it prints, its exit codes, and what it leaves behind."""

import math
import signal
import subprocess
import sys
import time
from importlib.metadata import version

import numpy as np
import pytest

from amc_circuits.cli import app as cli
from tests.amc_circuits import broken_ngspice as broken
from tests.command_line import SMALL, ended, start

DOCUMENTED = [
    "circuit", "engine", "status", "notes", "size", "complex", "seed", "trial", "arrays", "lifted_cells",
    "lifting_cost", "x",
    "settling_time_s", "predicted_settling_time_s",
    "time_to_4_bits_s", "time_to_6_bits_s", "time_to_8_bits_s", "overshoot", "peak_output_current_a", "energy_j",
    "relative_error", "residual", "bits", "by_engine", "cross_checked", "largest_difference", "wall_time_s",
    "provenance",
]  # fmt: skip
EXPLAINED = ["schema_version", "type", "typed", "options", "opamp", "device", "problem"]
PROVENANCE = ["ngspice_version", "klu", "design_sha256", "deck_sha256", "package_version"]
UNSTABLE = np.array([[0.2, -1.0], [1.0, 0.2]])
"""Good eigenvalues, but real inverters make it grow."""


@pytest.fixture
def files(tmp_path):
    """Saves arrays and returns their paths."""

    def save(*arrays):
        paths = [tmp_path / f"{place}.npy" for place in range(len(arrays))]
        for path, array in zip(paths, arrays, strict=True):
            np.save(path, array)
        return paths

    return save


@pytest.mark.parametrize(("circuit", "vector"), [("inv", "x"), ("mvm", "y")])
def test_json_has_exactly_the_documented_keys(amc, circuit, vector):
    """One object with the documented keys in their order; y takes the place of x in MVM."""
    outcome = amc(circuit, "--size", 3, "--seed", 5, "--format", "json")
    assert (outcome.code, outcome.err) == (0, "")
    printed = outcome.json
    assert list(printed) == [vector if key == "x" else key for key in DOCUMENTED] + EXPLAINED
    assert printed["typed"] == {"size": "3", "seed": "5"}
    assert list(printed["energy_j"]) == ["total", "amplifiers", "array", "inputs"]
    assert list(printed["provenance"]) == PROVENANCE
    assert (printed["circuit"], printed["engine"], printed["status"]) == (circuit, "ngspice", "SETTLED")
    assert (printed["seed"], printed["size"]) == (5, 3 if circuit == "inv" else [3, 3])
    assert printed["bits"] == pytest.approx(-math.log2(printed["relative_error"]))
    parts = ("amplifiers", "array", "inputs")
    assert printed["energy_j"]["total"] == pytest.approx(sum(printed["energy_j"][part] for part in parts))


def test_json_has_null_where_there_is_no_number(amc, files):
    """For b = 0 there is no settling time, and without supply pins no energy: null, never NaN."""
    printed = amc("inv", *files(np.eye(2), np.zeros(2)), "--format", "json").json
    assert printed["x"] == [0, 0]
    assert printed["settling_time_s"] is None
    assert set(printed["energy_j"].values()) == {None}
    energy = amc("inv", *SMALL, "--format", "json").json["energy_j"]
    assert energy["total"] is None and energy["amplifiers"] is None and energy["array"] > 0


def test_unusable_result_is_exit_code_3_with_its_record(amc, files, tmp_path):
    """An unstable circuit ends in exit code 3; record and reason are given, and nothing was simulated."""
    outcome = amc("inv", *files(UNSTABLE, [1.0, 1.0]), "--format", "json", "--plot", tmp_path / "p.png")
    assert outcome.code == 3
    assert outcome.err.startswith("amc: UNSTABLE: pole at") and outcome.err.count("\n") == 1
    assert outcome.json["status"] == "UNSTABLE"
    assert outcome.json["x"] == [None, None]
    assert outcome.json["provenance"]["deck_sha256"] == ""
    assert not (tmp_path / "p.png").exists()


def test_saturated_result_is_exit_code_3(amc):
    """With --fixed-scale an input that drives outputs into the rails ends as SATURATED, exit code 3."""
    outcome = amc("inv", "--size", 4, "--input-voltage", "0.8", "--fixed-scale", "--format", "json")
    assert outcome.code == 3
    assert outcome.err.startswith("amc: SATURATED: ") and "--fixed-scale" in outcome.err
    assert outcome.json["status"] == "SATURATED"


def test_table_has_no_escape_codes_and_no_bar(amc):
    """Away from a terminal there is neither colour nor progress bar, on stdout or stderr."""
    outcome = amc("inv", *SMALL)
    assert (outcome.code, outcome.err) == (0, "")
    assert "INV 2 x 2: SETTLED" in outcome.out
    assert "settling time" in outcome.out
    assert "\x1b" not in outcome.out and "\r" not in outcome.out


def test_warning_is_one_line_and_names_the_option(amc, files):
    """Slow inverters are a warning with the option as typed, before the result; after an error there is none."""
    problem = files([[2.0, -1.0], [-1.0, 2.0]], [1.0, 2.0])
    outcome = amc("inv", *problem, "--inverter-resistance", "50k")
    assert outcome.code == 0
    assert outcome.err.startswith("amc: warning: --inverter-resistance: 50000 ohm") and outcome.err.count("\n") == 1
    amc("inv", *problem, "--inverter-resistance", "50k", "--tolerance", "3").refused("--tolerance")


@pytest.mark.parametrize("circuit", ["inv", "mvm"])
def test_results_do_not_depend_on_the_number_of_jobs(amc, files, circuit):
    """Twenty right-hand sides give the same numbers, bit for bit, one chunk after the other or two at a time."""
    generator = np.random.default_rng(0)
    paths = files(np.diag([3.0, 2.0, 4.0]) - 0.5, generator.uniform(-1, 1, (3, 20)))
    one, two = (amc(circuit, *paths, "--jobs", jobs, "--format", "json").json for jobs in (1, 2))
    for key in ("x" if circuit == "inv" else "y", "settling_time_s", "energy_j", "provenance"):
        assert one[key] == two[key]
    assert len(one["settling_time_s"]) == 20


def test_same_seed_same_result(amc):
    """Two runs of one seed print the same numbers, another seed others."""
    first, second, other = (amc("inv", *SMALL, "--seed", seed, "--format", "json").json for seed in (1, 1, 2))
    assert first | {"wall_time_s": 0} == second | {"wall_time_s": 0}
    assert first["x"] != other["x"]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_pictures_are_written(amc, tmp_path, suffix):
    """--plot and `amc plot` write pictures of the kind that their names say, and nothing beside them."""
    begins = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix]
    direct, saved, later = tmp_path / f"a{suffix}", tmp_path / "a.npz", tmp_path / f"b{suffix}"
    assert amc("inv", *SMALL, "--plot", direct, "--save", saved).code == 0
    assert amc("plot", saved, "-o", later).out == f"wrote {later}\n"
    assert direct.read_bytes().startswith(begins)
    assert later.read_bytes().startswith(begins)
    assert {path.name for path in tmp_path.iterdir()} == {direct.name, saved.name, later.name, "temporary"}


def test_doctor_names_what_is_installed(amc):
    """With everything there, doctor names version and path of ngspice and ends in exit code 0."""
    outcome = amc("doctor")
    assert (outcome.code, outcome.err) == (0, "")
    assert "ok   ngspice: " in outcome.out and " at /" in outcome.out
    assert "ok   numpy: " in outcome.out and "LACK" not in outcome.out


def test_upper_layers_add_commands_and_checks(tmp_path):
    """An installed package with an entry point in amc.commands has its subcommands and its line in doctor."""
    (tmp_path / "extra.py").write_text(
        "from amc_circuits import Check, CommandGroup, Extension\n"
        "def say_hello(name: str) -> None:\n    print('hello', name)\n"
        "def checks():\n    yield Check('extra', False, 'a part is missing', 'fetch it')\n"
        "group = CommandGroup('Several.', {'greet': ('Greet.', 'extra:say_hello')})\n"
        "extension = Extension(commands=(say_hello,), groups={'more': group}, checks=(checks,))\n"
    )
    record = tmp_path / "extra-1.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1\n")
    (record / "entry_points.txt").write_text("[amc.commands]\nextra = extra:extension\n")
    hello, more = (start(*words, "you", PYTHONPATH=str(tmp_path)) for words in (("say-hello",), ("more", "greet")))
    doctor = start("doctor", PYTHONPATH=str(tmp_path))
    assert ended(hello).out == ended(more).out == "hello you\n"
    outcome = ended(doctor)
    assert "LACK extra: a part is missing; fetch it" in outcome.out
    assert outcome.code == 2


@pytest.mark.parametrize("command", [(), ("inv",), ("mvm",), ("netlist",), ("netlist", "inv"), ("sweep",), ("table",)])
def test_help_is_printed(amc, command):
    """Every command has a help that goes to stdout with exit code 0."""
    outcome = amc(*command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Usage: amc" in outcome.out


def test_help_explains_suffixes_and_exit_codes(amc):
    """The general help says that M is 1e6, unlike in SPICE, and what the exit codes are."""
    text = " ".join(amc("--help").out.split())
    assert "Both M and MEG (any case) are 1e6" in text
    assert "130 Ctrl-C" in text


UNASKED = {
    *("amc_circuits.engines.auto", "amc_circuits.engines.exact.engine", "amc_circuits.engines.exact.reading"),
    *("amc_circuits.studies", "amc_circuits.linear.noise", "amc_circuits.solvers.answers.budgeting", "multiprocessing"),
    *("amc_circuits.cli.extensions", "netlists.circuits.mvm", "rich._emoji_codes"),
}
"""Modules that a solve by ngspice needs only if it is asked for more."""


@pytest.mark.parametrize(
    ("commands", "others"),
    [
        ([["--help"], ["circuit", "--help"], ["opamp", "--help"]], {"numpy", "PySpice"}),
        ([["inv", "--size", "2", "--opamp", "single-pole"]], {"pandas", "plotly", "distributed", *UNASKED}),
    ],
    ids=["help", "a solve"],
)
def test_no_command_waits_for_what_it_does_not_need(commands, others):
    """Help imports no NumPy, a solve by ngspice no other engine and nothing that draws, and neither of them SciPy."""
    code = (
        "import sys; from amc_circuits.cli.app import run\n"
        f"codes = [run(arguments) for arguments in {commands}]\n"
        f"heavy = {others | {'scipy', 'matplotlib'}} & set(sys.modules)\n"
        "sys.exit(f'{codes} {heavy}' if any(codes) or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_version_is_that_of_the_package(amc):
    """`amc --version` says what `pip` installed, and no more."""
    assert amc("--version").out == f"amc {version('amc')}\n"


def test_reader_that_leaves_ends_quietly():
    """When nobody reads the output any more, the command ends without a word."""
    process = start("inv", *SMALL)
    process.stdout.close()
    process.stdout = None
    assert (ended(process).code, ended(process).err) == (0, "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_leaves_nothing_behind(tmp_path, temporary, number, code):
    """Ctrl-C, and a plea to terminate, end simulation and command at once: no process, no file, no output."""
    simulator = tmp_path / "simulator"
    process = start(
        "inv", "--size", 64, "--plot", tmp_path / "p.png", AMC_NGSPICE=broken.program(simulator, broken.BOOKKEEPING)
    )
    wait_until(lambda: broken.started(simulator))
    process.send_signal(number)
    outcome = ended(process)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err == ("amc: interrupted\n" if number == signal.SIGINT else "")
    assert not broken.still_running(simulator)
    assert not list(temporary.iterdir())
    assert not (tmp_path / "p.png").exists()


COUNTS_IMPORTS = """
import os, signal, sys
place, count = {place}, 0
def imported(event, _):
    global count
    count += event == "import"
    if event == "import" and count == place:
        os.kill(os.getpid(), signal.SIGINT)
{before}
from amc_circuits.cli.start import main
sys.addaudithook(imported)
try:
    main()
finally:
    if place < 0:
        os.write(2, str(count).encode())
"""
"""A command that sends itself Ctrl-C when it begins to import so many modules, or, of -1, says how many they are."""


def imports_of(*arguments):
    """How many imports a command takes."""
    outcome = ended(start(*arguments, code=COUNTS_IMPORTS.format(place=-1, before="")))
    return int(outcome.err)


def test_ctrl_c_is_one_line_from_the_beginning(temporary):
    """While the command loads itself and what it needs, Ctrl-C is as short as later on, whenever it comes."""
    total = imports_of("inv", *SMALL)
    assert total > 300
    for place in range(1, total, total // 8):
        outcome = ended(start("inv", *SMALL, code=COUNTS_IMPORTS.format(place=place, before="")))
        assert (outcome.code, outcome.out, outcome.err) == (130, "", "amc: interrupted\n"), place
        assert not list(temporary.iterdir())


def test_ctrl_c_is_ignored_where_it_was():
    """A command that is started with Ctrl-C ignored, as in the background of a shell, goes on."""
    ignored = "signal.signal(signal.SIGINT, signal.SIG_IGN)"
    outcome = ended(start("doctor", code=COUNTS_IMPORTS.format(place=imports_of("doctor") // 2, before=ignored)))
    assert (outcome.code, outcome.err) == (0, "") and "ok   amc: " in outcome.out


def wait_until(condition, within=30):
    """Waits until something holds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_unforeseen_errors_are_not_hidden(monkeypatch):
    """An error that nobody foresaw is a bug and keeps its traceback."""

    def broken_command():
        raise ZeroDivisionError

    monkeypatch.setattr("amc_circuits.cli.commands.doctor.doctor", broken_command)
    with pytest.raises(ZeroDivisionError):
        cli.run(["doctor"])
