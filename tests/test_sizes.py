"""Sizes of files, functions and rooms: what is longer or fuller has two subjects."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("netlists", "amc_circuits", "optimizer", "mimo", "analog_training", "benchmarks", "scripts", "tests")
LONGEST_FILE, LONGEST_FUNCTION = 300, 40
"""Lines; a function counts from its name to its end, docstring included."""
FEWEST, MOST = 2, 14
"""Modules of a room besides `__init__` and `__main__`, and rooms of a package."""


def python_files(root):
    """Files of Python in all folders."""
    return [file for folder in FOLDERS for file in sorted((root / folder).rglob("*.py"))]


def long_files(root):
    """Files above the limit, with their numbers of lines."""
    counts = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in python_files(root)}
    return [f"{file.relative_to(root)}: {count}" for file, count in counts.items() if count > LONGEST_FILE]


def long_functions(root):
    """Functions above the limit, with their numbers of lines."""
    found = []
    for file in python_files(root):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = node.end_lineno - node.lineno + 1
                if count > LONGEST_FUNCTION:
                    found.append(f"{file.relative_to(root)}: {node.name}: {count}")
    return found


def odd_rooms(package):
    """Rooms with too few or too many modules, or rooms inside; a folder of rooms alone counts these."""
    found = []
    for init in sorted(package.rglob("__init__.py")):
        room = init.parent
        modules = [file for file in room.glob("*.py") if file.name not in ("__init__.py", "__main__.py")]
        rooms = [inner for inner in room.iterdir() if (inner / "__init__.py").is_file()]
        fine = FEWEST <= len(modules) <= MOST or (not modules and len(rooms) >= FEWEST)
        if not fine or len(rooms) > MOST:
            found.append(f"{room.relative_to(package.parent)}: {len(modules)} modules, {len(rooms)} rooms")
    return found


def test_no_file_is_long():
    """No file of Python has more than 300 lines."""
    assert long_files(ROOT) == []


def test_no_function_is_long():
    """No function has more than 40 lines."""
    assert long_functions(ROOT) == []


def test_rooms_are_neither_empty_nor_crowded():
    """Every room of amc_circuits has 2 to 14 modules, and every package of rooms at most 14 of them."""
    assert odd_rooms(ROOT / "amc_circuits") == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_long_file_is_found(tmp_path, folder):
    """A file of 300 lines passes; one of 301, in whichever folder, is named with its number of lines."""
    path = tmp_path / folder / "inner" / "module.py"
    path.parent.mkdir(parents=True)
    path.write_text("x = 1\n" * 300)
    assert long_files(tmp_path) == []
    path.write_text("x = 1\n" * 301)
    assert long_files(tmp_path) == [f"{folder}/inner/module.py: 301"]


@pytest.mark.parametrize("head", ["def f():\n", "async def f():\n", "@decorator\ndef f():\n"])
def test_a_long_function_is_found(tmp_path, head):
    """A function of 40 lines passes; one of 41 is named, inside a class, too; its decorators do not count."""
    (tmp_path / "tests").mkdir()
    path = tmp_path / "tests" / "module.py"
    path.write_text(head + "    pass\n" * 39)
    assert long_functions(tmp_path) == []
    path.write_text(head + "    pass\n" * 40)
    assert long_functions(tmp_path) == ["tests/module.py: f: 41"]
    path.write_text("class A:\n" + "".join(f"    {line}\n" for line in (head + "    pass\n" * 40).splitlines()))
    assert long_functions(tmp_path) == ["tests/module.py: f: 41"]


FULL = [(2, 0), (14, 0), (0, 2), (2, 14)]
ODD = [(1, 0), (15, 0), (0, 1), (2, 15)]
"""Numbers of modules and rooms of a package."""


@pytest.mark.parametrize(("modules", "rooms"), [*FULL, *ODD])
def test_an_odd_room_is_found(tmp_path, modules, rooms):
    """Too few and too many modules or rooms are named with their numbers."""
    package = tmp_path / "package"
    for room, count in [("", modules), *((f"room{k}", 2) for k in range(rooms))]:
        (package / room).mkdir(parents=True, exist_ok=True)
        for name in ("__init__", *(f"module{k}" for k in range(count))):
            (package / room / f"{name}.py").touch()
    assert odd_rooms(package) == ([] if (modules, rooms) in FULL else [f"package: {modules} modules, {rooms} rooms"])
