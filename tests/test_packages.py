"""Op-amps and optimizers of other packages: found by entry points, imported only when named, named in errors."""

import json
import subprocess
import sys

import pytest

from tests import forked
from tests.command_line import ROOT

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "test-lab"
version = "1.0"
[project.entry-points."amc.opamps"]
lab-record = "test_lab:RECORD"
lab-function = "test_lab:function"
lab-fails = "test_lab:fails"
lab-text = "test_lab:TEXT"
lab-missing = "test_lab:missing"
lab-broken = "test_lab_broken:RECORD"
ad823 = "test_lab:RECORD"
[project.entry-points."amc.optimizers"]
scaled = "test_lab_optimizer:Scaled"
not-a-class = "test_lab:TEXT"
broken = "test_lab_broken:Scaled"
[tool.hatch.build.targets.wheel]
only-include = ["test_lab.py", "test_lab_broken.py", "test_lab_optimizer.py"]
"""
OPAMPS = '''
"""Op-amps, and what is none."""
from netlists import SinglePoleOpAmp, preset

RECORD = SinglePoleOpAmp(gbwp=GBWP)
TEXT = "no op-amp"


def function():
    """A subcircuit under another name."""
    return preset("cmos-100meg-transistor")


def fails():
    """Nothing."""
    raise OSError("no model here")
'''
OPTIMIZER = '''
"""Gradient descent that scales its steps by an inverse of the unit matrix, by the solver of the run."""
from typing import ClassVar, Literal

import numpy as np
from optimizer import InstalledSettings, loss_gradients


class Settings(InstalledSettings):
    """Settings of the optimizer."""

    inverts: ClassVar[bool] = True
    name: Literal["scaled"] = "scaled"
    learning_rate: float = 0.05
    reach: float = 1.0
    parts: tuple[int, ...] = ()


class Scaled:
    """The optimizer."""

    Settings = Settings

    def __init__(self, model, settings, inverter, random, schedule):
        assert isinstance(random, np.random.Generator)
        assert schedule(0) == 1.0
        solved = inverter.solver.compute(inverter.solver.init(np.eye(2)), np.eye(2)).value
        self.model, self.rate = model, settings.learning_rate * np.float32(solved[0, 0])

    def step(self, weights, passed, labels):
        """Returns the next weights."""
        return tuple(w - self.rate * g for w, g in zip(weights, loss_gradients(self.model, weights, passed, labels)))

    @property
    def state(self):
        """None."""
        return {}

    def restore(self, state):
        """Does nothing."""
'''
REPORT = """
import json, sys
from netlists import ParameterError
def outcome(call):
    try:
        return repr(call())
    except ParameterError as error:
        return f"error: {error}"
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the installed package."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "test_lab.py").write_text(OPAMPS.replace("GBWP", "7e6"))
    (folder / "test_lab_optimizer.py").write_text(OPTIMIZER)
    (folder / "test_lab_broken.py").write_text("raise ImportError('a library is missing')\n")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--target", folder / "site"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, folder], check=True, capture_output=True)
    return folder / "site"


def python(site, *words, call=forked.code, folder=ROOT):
    """What a process with the package prints; it ends well."""
    done = forked.ended(call, *words, folder=folder, packages=site)
    assert done.code == 0, done.err
    return done


def amc(site, *words, folder=ROOT):
    """What an `amc` command prints."""
    return python(site, *words, call=forked.amc, folder=folder)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("lab-record", "SinglePoleOpAmp(\n    model='single-pole', open_loop_gain=100000.0, gbwp=7000000.0"),
        ("lab-function", "SubcircuitOpAmp("),
        ("ad823", "MacroOpAmp("),
        ("lab-fails", "error: opamp: got 'lab-fails'; the function of its package test-lab failed: OSError: no model"),
        ("lab-text", "error: opamp: got 'lab-text'; its package test-lab gives 'no op-amp', which is no op-amp record"),
        ("lab-missing", "error: opamp: got 'lab-missing'; its package test-lab cannot be loaded: AttributeError"),
        ("lab-broken", "error: opamp: got 'lab-broken'; its package test-lab cannot be loaded: ImportError: a library"),
        ("lab-recrod", "error: opamp: got 'lab-recrod'; must be one of single-pole, "),
    ],
)
def test_an_op_amp_of_a_package_is_a_preset(site, name, wanted):
    """A record, and what a function returns, are found by name; ours come first; errors name the package."""
    code = f"{REPORT}\nfrom netlists import preset; print(outcome(lambda: preset(sys.argv[1])))"
    assert python(site, code, name).out.startswith(wanted)


def test_a_package_is_imported_only_when_it_is_named(site):
    """A solve with a preset imports none of its modules, and one with its op-amp only the module of this op-amp."""
    code = (
        "import sys; from amc_circuits import InvCircuit\n"
        "loaded = lambda: sorted(name for name in sys.modules if name.startswith('test_lab'))\n"
        "InvCircuit.program([[1.0]], opamp='single-pole', engine='exact').solve([1.0])\n"
        "first = loaded()\n"
        "found = InvCircuit.program([[1.0]], opamp='lab-record', engine='exact')\n"
        "print(first, loaded(), found.hardware.opamp.gbwp)"
    )
    assert python(site, code).out == "[] ['test_lab'] 7000000.0\n"


def test_the_list_holds_op_amps_of_packages(site):
    """`amc opamp list` shows those that can be loaded and warns of the others, in one line each."""
    done = amc(site, "opamp", "list", "--format", "json")
    listed = json.loads(done.out)
    assert listed["lab-record"]["gbwp"] == 7e6
    assert listed["lab-function"]["model"] == "subcircuit"
    assert {"lab-fails", "lab-text", "lab-missing", "lab-broken"} & set(listed) == set()
    assert len([line for line in done.err.splitlines() if line.startswith("amc: warning: opamp: got 'lab-")]) == 4


def test_a_sweep_counts_an_op_amp_by_its_numbers(site, tmp_path):
    """The key of a point changes with the numbers of the record, and not with its name; a subcircuit has its text."""
    code = (
        "from amc_circuits.cases.options import parse_options\n"
        "from amc_circuits.sweep.plan.keys import key_of\n"
        "for opamp in ({'opamp': 'lab-record'}, {'opamp': 'single-pole', 'gbwp': '7M'}, {'opamp': 'single-pole'},\n"
        "              {'opamp': 'lab-function'}, {'opamp': 'cmos-100meg-transistor'}):\n"
        "    print(key_of('inv', parse_options('inv', {'size': 2} | opamp), 'version'))"
    )
    record, same, other, function, preset = python(site, code).out.split()
    assert record == same
    assert len({record, other, function, preset}) == 4
    specification = 'circuit = "inv"\n[fixed]\nsize = 2\nengine = "exact"\n[grid]\nopamp = ["lab-record"]\n'
    (tmp_path / "s.toml").write_text(specification)
    amc(site, "sweep", "s.toml", "--out", "out", "--no-progress", folder=tmp_path)
    rows = json.loads(amc(site, "table", "out", "--format", "json", folder=tmp_path).out)
    assert [row["status"] for row in rows] == ["SETTLED"]


def test_an_optimizer_of_a_package_trains(site, tmp_path):
    """It is named in a specification, has its settings, and may use the solver of the run."""
    (tmp_path / "t.toml").write_text(
        'dataset = "digits"\nsolver = "cholesky"\nepochs = 1\ntarget_accuracy = 0.2\nconvolutions = []\n'
        '[optimizer]\nname = "scaled"\nlearning_rate = 0.1\n'
    )
    assert "digits, scaled" in amc(site, "train", "t.toml", "--out", "out", folder=tmp_path).out
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["spec"]["optimizer"].items() >= {"name": "scaled", "learning_rate": 0.1}.items()
    assert summary["best_accuracy"] >= 0.2


SWEEP = """
run = "train"
[fixed]
convolutions = "[]"
epochs = 0.5
target_accuracy = 0.1
optimizer.name = "scaled"
optimizer.parts = "[1, 2]"
[grid]
optimizer.reach = [1, 2.5]
"""


def test_settings_of_its_own_are_options_of_a_sweep(site, tmp_path):
    """Beside packages that cannot be loaded; they are in the rows, lists as text, and a replay knows them."""
    (tmp_path / "sweep.toml").write_text(SWEEP)
    assert amc(site, "sweep", "sweep.toml", "--out", "out", folder=tmp_path).out.startswith("2 points")
    rows = json.loads(amc(site, "table", "out", "--format", "json", folder=tmp_path).out)
    assert [row["optimizer.reach"] for row in rows] == [1.0, 2.5]
    assert "row 1: DONE again" in amc(site, "replay", "out", "1", folder=tmp_path).out


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"name": "scaled"}, "Settings(\n    learning_rate=0.05, schedule='constant'"),
        ({"name": "scaled", "weight_decay": -1}, "error: specification: optimizer.weight_decay: got -1; must be"),
        ({"name": "scaled", "rate": 1}, "error: specification: optimizer.rate: got an unknown name; remove it"),
        ({"name": "sclaed"}, "error: specification: optimizer.name: got 'sclaed'; must be one of momentum, adam, kfac"),
        (
            {"name": "not-a-class"},
            "error: specification: optimizer.name: got 'not-a-class'; its package test-lab gives",
        ),
        ({"name": "broken"}, "error: specification: optimizer.name: got 'broken'; its package test-lab cannot be load"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_settings_of_an_optimizer_are_checked(site, settings, wanted):
    """Values, names and the package itself are checked when the specification is made."""
    code = (
        f"{REPORT}\nfrom optimizer import make_spec, override\n"
        "made = lambda: override(make_spec({'optimizer': json.loads(sys.argv[1])}), seed=3).optimizer\n"
        "print(outcome(made))"
    )
    assert python(site, code, json.dumps(settings)).out.startswith(wanted)
