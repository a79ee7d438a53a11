"""Reads the imports of a source tree, those inside functions included, and holds them against the layers."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAYERS = ("netlists", "amc_circuits", "optimizer", "benchmarks")
INSTALLED = LAYERS[:3]
ROOT_ONLY = {"optimizer": "amc_circuits"}
JUDGES = ("tests.differential",)
"""What a benchmark takes from the tests: it judges more designs than a test has time for."""
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


def imports_of(file: Path, root: Path) -> Iterator[Import]:
    """All imports of a file, wherever they stand: statements, and calls with the module's name as a literal."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
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


def _broken_rule(layer: str, module: str) -> str | None:
    target = module.partition(".")[0]
    if layer == "benchmarks" and module in JUDGES:
        return None
    if target == "tests" or (target == "benchmarks" and layer != "benchmarks"):
        return f"{layer} imports {module}, and nothing may import {target}"
    if target in LAYERS and LAYERS.index(target) > LAYERS.index(layer):
        return f"{layer} imports {module}, which is above it"
    if ROOT_ONLY.get(layer) == target and module != target:
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
