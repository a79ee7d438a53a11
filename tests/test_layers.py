"""An import never goes up, the three exceptions to free downward imports hold, and no imports form a ring."""

import ast
import re
from pathlib import Path

import pytest

from tests.import_rules import INSTALLED, LAYERS, cycles, imports_of, violations

ROOT = Path(__file__).resolve().parents[1]


def test_the_project_keeps_its_layers():
    """No import of the project goes up, past a root, or into tests, benchmarks and examples."""
    assert violations(ROOT) == []


@pytest.mark.parametrize("layer", LAYERS)
def test_no_rooms_and_no_modules_import_each_other(layer):
    """Rooms that lie side by side have an order, and so have the modules of a room, lazy imports included."""
    assert cycles(ROOT, layer) == []


@pytest.mark.parametrize("layer", INSTALLED)
def test_tests_mirror_the_packages(layer):
    """Every folder of tests is one of the package, and no test file is imported: what tests share stands elsewhere."""
    files = list((ROOT / "tests" / layer).rglob("*.py"))
    assert [
        file for file in files if not (ROOT / file.relative_to(ROOT / "tests").parent / "__init__.py").is_file()
    ] == []
    assert [item for file in files for item in imports_of(file, ROOT) if ".test_" in item.module] == []


def test_the_project_works_without_torch():
    """Two modules import torch, and no other module of the project but an example imports these."""
    files = [file for layer in (*INSTALLED, "benchmarks") for file in (ROOT / layer).rglob("*.py")]
    imports = [item for file in files for item in imports_of(file, ROOT)]
    direct = {item.file.name for item in imports if item.module.split(".")[0] == "torch"}
    indirect = {item.file.name for item in imports if item.module.startswith("optimizer.torch")}
    assert direct == {"torch_layers.py", "torch_kfac.py"} and indirect == {"torch_kfac.py"}


def test_the_walk_sees_the_project():
    """The walk above is not empty: every installed layer has sources, and the upper ones import the one below."""
    seen = {
        layer: {item.module for file in (ROOT / layer).rglob("*.py") for item in imports_of(file, ROOT)}
        for layer in INSTALLED
    }
    assert all(seen.values())
    assert any(module.startswith("netlists") for module in seen["amc_circuits"])
    assert "amc_circuits" in seen["optimizer"] and "amc_circuits" in seen["mimo"]


@pytest.mark.parametrize(
    ("file", "source", "sentence"),
    [
        (
            "netlists/inv.py",
            "import amc_circuits.cells.mapping",
            "imports amc_circuits.cells.mapping, which is above it",
        ),
        ("netlists/inv.py", "from optimizer import kfac", "netlists imports optimizer.kfac, which is above it"),
        (
            "amc_circuits/cli/app.py",
            "def train():\n    from optimizer import training",
            "optimizer.training, which is above",
        ),
        ("amc_circuits/engines/auto.py", "from ...optimizer import kfac", "optimizer.kfac, which is above it"),
        (
            "amc_circuits/cli/app.py",
            "import importlib\nimportlib.import_module('optimizer.kfac')",
            "optimizer.kfac, which",
        ),
        ("optimizer/kfac.py", "import amc_circuits.cells.mapping", "may import the root of amc_circuits only"),
        ("optimizer/kfac.py", "from amc_circuits import cells", "may import the root of amc_circuits only"),
        (
            "optimizer/kfac.py",
            "from amc_circuits.cells.mapping import scale",
            "may import the root of amc_circuits only",
        ),
        ("optimizer/kfac.py", "from benchmarks import settling", "nothing may import benchmarks"),
        ("amc_circuits/cli/app.py", "from tests import cases", "nothing may import tests"),
        ("benchmarks/settling.py", "from tests import cases", "nothing may import tests"),
        ("optimizer/kfac.py", "from tests.differential import check", "nothing may import tests"),
        ("benchmarks/settling.py", "import examples.energy", "nothing may import examples"),
        ("examples/energy.py", "from benchmarks import settling", "nothing may import benchmarks"),
        ("examples/energy.py", "import netlists.inv", "may import the root of netlists only"),
        ("examples/energy.py", "from amc_circuits.cells import mapping", "may import the root of amc_circuits only"),
    ],
)
def test_a_violation_is_found(tmp_path, file, source, sentence):
    """Each way to break a rule, planted in a small tree, is named with its file."""
    _small_tree(tmp_path)
    (tmp_path / file).write_text(source)
    found = violations(tmp_path)
    assert len(found) == 1, found
    assert found[0].startswith(f"{file}:")
    assert sentence in found[0]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        (
            "amc_circuits/cells/devices.py",
            "from netlists.inv import InvDesign\nfrom . import mapping\nfrom .mapping import scale",
        ),
        ("optimizer/kfac.py", "from amc_circuits import InvCircuit\nimport numpy\nfrom optimizer.layers import Dense"),
        ("benchmarks/settling.py", "from amc_circuits.cells.mapping import scale\nimport optimizer, netlists"),
        (
            "examples/energy.py",
            "from amc_circuits import InvCircuit\nfrom netlists import preset\nimport optimizer.kfac",
        ),
    ],
)
def test_an_allowed_import_is_not_found(tmp_path, file, source):
    """Imports of one's own layer, of lower ones and of roots pass."""
    _small_tree(tmp_path)
    (tmp_path / file).write_text(source)
    assert violations(tmp_path) == []


@pytest.mark.parametrize(
    ("sources", "ring"),
    [
        (
            {
                "cells/mapping": "from amc_circuits.cli.app import app",
                "cli/app": "def run():\n    from amc_circuits.cells import mapping",
            },
            {"cells", "cli"},
        ),
        (
            {
                "engines/auto": "from amc_circuits.engines.job import Job",
                "engines/job": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .auto import Auto",
            },
            {"auto", "job"},
        ),
        (
            {
                "engines/auto": "import amc_circuits.cells.mapping",
                "cells/devices": "import amc_circuits.engines.job",
                "engines/job": "",
            },
            {"engines", "cells"},
        ),
        (
            {"engines/__init__": "from .auto import Auto", "engines/auto": "from amc_circuits.engines import ENGINES"},
            {"__init__", "auto"},
        ),
    ],
    ids=["between rooms", "between modules", "between rooms by other modules", "with a package's own names"],
)
def test_a_ring_is_found(tmp_path, sources, ring):
    """Whoever closes it: a lazy import, one for type checkers, another module of the room, or its `__init__`."""
    _small_tree(tmp_path)
    assert cycles(tmp_path, "amc_circuits") == []
    for name, source in sources.items():
        (tmp_path / f"amc_circuits/{name}.py").write_text(source)
    (found,) = cycles(tmp_path, "amc_circuits")
    names = found.partition(": ")[2].partition(" (")[0].split(" -> ")
    assert set(names) == ring and names[0] == names[-1], found
    assert found.count(".py:") == len(ring), found


def _small_tree(root: Path) -> None:
    """A project with one or two empty modules a layer."""
    names = ("netlists/inv", "amc_circuits/cells/mapping", "amc_circuits/cli/app", "amc_circuits/engines/auto")
    for name in (
        *names,
        "optimizer/kfac",
        "optimizer/training",
        "benchmarks/settling",
        "examples/energy",
        "tests/cases",
    ):
        path = root / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_only_the_command_line_spells_flags():
    """Texts of the library name a parameter as Python has it; `cli/messages.py` makes `--g-max` of `g_max`."""
    spelled = []
    for file in (file for layer in INSTALLED for file in (ROOT / layer).rglob("*.py")):
        tree, place = ast.parse(file.read_text()), str(file.relative_to(ROOT))
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in prose]
        spelled += [
            (place, node.value)
            for node in texts
            if isinstance(node.value, str) and re.search(r"(?<![\w-])--[a-z]", node.value)
        ]
    command_line = ("amc_circuits/cli/", "optimizer/commands.py", "mimo/command_line.py", "analog_training/commands.py")
    assert {place for place, text in spelled if place.startswith(command_line)}
    library = [(place, text) for place, text in spelled if not place.startswith(command_line)]
    # The argument of a program that is asked for its version.
    assert library == [("amc_circuits/engines/ngspice/binary.py", "--version")]
