"""Reads the imports of a source tree, those inside functions included, and holds them against layers and rooms."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

LAYERS = ("netlists", "amc_circuits", "optimizer", "mimo", "analog_training", "benchmarks", "examples")
INSTALLED = LAYERS[:5]
ROOT_ONLY = {
    "optimizer": ("amc_circuits",),
    "mimo": ("amc_circuits",),
    "analog_training": ("amc_circuits", "optimizer"),
    "examples": ("netlists", "amc_circuits"),
}
TOPS = ("tests", "benchmarks", "examples")
"""Nothing may import these."""
JUDGES = ("tests.differential", "tests.exactness", "tests.family")
"""Modules of the tests that a benchmark may import: it judges more designs than a test has time for."""
CALLS_THAT_IMPORT = ("import_module", "__import__")


@dataclass(frozen=True)
class Import:
    """One import: where it stands and which module it loads, in full."""

    file: Path
    line: int
    module: str


def violations(root: Path) -> list[str]:
    """Every import of the layers under a folder that breaks a rule, as `file:line: sentence`."""
    found = []
    for layer in LAYERS:
        for file in sorted((root / layer).rglob("*.py")):
            for item in imports_of(file, root):
                if sentence := _broken_rule(layer, item.module):
                    found.append(f"{file.relative_to(root)}:{item.line}: {sentence}")
    return found


def cycles(root: Path, layer: str) -> list[str]:
    """A ring of imports for every package of a layer whose modules and rooms, side by side, are not in order.

    A room is one with all that is in it, so that two rooms are in order where all their modules are. Imports inside
    functions and for type checkers count. A package's own `__init__` stands beside what is in it.
    """
    arrows: defaultdict[tuple[str, ...], defaultdict[str, dict[str, Import]]] = defaultdict(lambda: defaultdict(dict))
    for file in sorted((root / layer).rglob("*.py")):
        importer = file.relative_to(root).with_suffix("").parts
        for item in imports_of(file, root):
            imported = _parts_of(root, item.module)
            if imported[0] == layer and imported != importer:
                shared = next(k for k, pair in enumerate(zip(importer, imported, strict=False)) if pair[0] != pair[1])
                arrows[importer[:shared]][importer[shared]].setdefault(imported[shared], item)
    return [sentence for package, graph in sorted(arrows.items()) if (sentence := _ring(root, package, graph))]


def _ring(root: Path, package: tuple[str, ...], graph: dict[str, dict[str, Import]]) -> str:
    """One ring of a package with a file and line for each arrow; empty where all is in order."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring = error.args[1][::-1]
        steps = [graph[one][other] for one, other in pairwise(ring)]
        where = ", ".join(f"{step.file.relative_to(root)}:{step.line}" for step in steps)
        return f"{'.'.join(package)}: {' -> '.join(ring)} ({where})"
    return ""


def _parts_of(root: Path, module: str) -> tuple[str, ...]:
    """The names on the way to a module, to the `__init__` of a package."""
    parts = tuple(module.split("."))
    return (*parts, "__init__") if root.joinpath(*parts).is_dir() else parts


def imports_of(file: Path, root: Path) -> Iterator[Import]:
    """All imports of a file, wherever they stand: statements, and calls with the module's name as a literal."""
    for node in _statements(file.read_text(encoding="utf-8")):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(file, node.lineno, name.name)
        elif isinstance(node, ast.ImportFrom):
            base = _base_of(node, file, root)
            for name in node.names:
                whole = f"{base}.{name.name}"
                yield Import(file, node.lineno, whole if _is_module(root, whole) else base)
        elif isinstance(node, ast.Call) and (module := _called_module(node)):
            yield Import(file, node.lineno, module)


@cache
def _statements(source: str) -> tuple[ast.AST, ...]:
    """What may import in a source, which is parsed once for all rules."""
    nodes = ast.walk(ast.parse(source))
    return tuple(node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom, ast.Call)))


def _broken_rule(layer: str, module: str) -> str | None:
    target = module.partition(".")[0]
    if layer == "benchmarks" and module in JUDGES:
        return None
    if target in TOPS and target != layer:
        return f"{layer} imports {module}, and nothing may import {target}"
    if target in LAYERS and LAYERS.index(target) > LAYERS.index(layer):
        return f"{layer} imports {module}, which is above it"
    if target in ROOT_ONLY.get(layer, ()) and module != target:
        return f"{layer} imports {module}, and may import the root of {target} only"
    return None


def _base_of(node: ast.ImportFrom, file: Path, root: Path) -> str:
    """The module behind `from`, with leading dots resolved."""
    if node.level == 0:
        return node.module or ""
    package = file.relative_to(root).parent.parts
    kept = package[: len(package) - (node.level - 1)]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _is_module(root: Path, name: str) -> bool:
    path = root.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def _called_module(node: ast.Call) -> str | None:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    first = node.args[0] if node.args else None
    if name in CALLS_THAT_IMPORT and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return None
