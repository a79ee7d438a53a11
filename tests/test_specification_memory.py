"""Specifications of sweeps and trainings take memory in proportion to their size, whatever is written in them.

Each is read by a process of its own that may not have more than so much memory: what takes more does not end in the
error that is wanted.
"""

import os
import subprocess
import sys

import pytest

from tests.command_line import ROOT

READS = """
import resource, sys
from pathlib import Path
from netlists import ParameterError
if sys.argv[1] == "sweep":
    from amc_circuits.sweep.plan.spec import read_sweep as read
else:
    from optimizer.specification import read_spec as read

pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
try:
    read(Path(sys.argv[2]))
except ParameterError as error:
    print("refused:", error)
else:
    print("read")
"""
SIZE = 200_000
"""Bytes."""
MOST, AT_ONCE = 160, 60_000_000
"""Bytes that a byte may take, and those that the longest axes and the reader itself may take."""


def times(text, size=SIZE):
    """A text that often is so long."""
    return text * (size // len(text))


def numbered(text, size=SIZE):
    """The same with another number each time."""
    return "".join(text.format(f"{number:x}") for number in range(size // (len(text) + 3)))


SIX = "\n".join(
    f"{name} = {{linear = [1, 2, 1_000_000]}}"
    for name in ("gbwp", "open_loop_gain", "slew_rate", "second_pole", "temperature", "wire_resistance")
)
TEXTS = {
    "a dotted key": "a" + times(".a") + " = 1",
    "a dotted key of 80 kB": "a" + times(".a", 80_000) + " = 1",
    "a dotted key in quotes": "a" + times(".'a'") + " = 1",
    "a dotted key with blanks": "a" + times(" . a") + " = 1",
    "a dotted key after others": "[fixed]\nsize = 2\na" + times(".a") + " = 1",
    "a dotted key in a table": "a = {b = 1, a" + times(".a") + " = 1}",
    "a dotted key in a list": "a = [1, {a" + times(".a") + " = 1}]",
    "a dotted heading": "[a" + times(".a") + "]",
    "a dotted heading of lists": "[[a" + times(".a") + "]]",
    "dotted keys": numbered("a{}.a.a.a.a.a.a.a = 1\n"),
    "keys under a dotted heading": "[a.a.a.a.a.a.a.a]\n" + numbered("a{}.a.a.a.a.a.a.a = 1\n"),
    "dotted headings": numbered("[a.a.a.a.a.a.a.a{}]\n"),
    "lists in lists": "a = " + times("[", SIZE // 2) + times("]", SIZE // 2),
    "tables in tables": "a = " + times("{a=", SIZE // 2) + "1" + times("}", SIZE // 6),
    "empty lists": f"a = [{times('[],')}]",
    "empty tables": f"a = [{times('{},')}]",
    "small tables": f"convolutions = [{times('{a=1,b=1},')}]",
    "headings of lists": times("[[points]]\n"),
    "headings": numbered("[a{}]\n"),
    "keys": numbered("a{}=1\n"),
    "numbers": f"a = [{times('1,')}]",
    "texts": f"a = [{times(repr('') + ',')}]",
    "a text": f'a = "{times("x")}"',
    "a text without an end": 'a = """' + times("x"),
    "escapes without an end": 'a = """' + times('\\"""'),
    "quotes": times('"""'),
    "brackets": times("["),
    "a key given twice": times("a=1\n"),
    "six axes of a million": f'circuit = "inv"\n[fixed]\nsize = 2\n[grid]\n{SIX}\n',
    "six axes of a million side by side": f'circuit = "inv"\n[fixed]\nsize = 2\n[zip]\n{SIX}\n',
    "a long range": 'circuit = "inv"\n[grid]\nsize = {range = [1, 1_000_000_000_000]}\n',
    "bad points": 'circuit = "inv"\n' + times("[[points]]\nsize = 2\n") + "[[points]]\nsize = 'x'\n",
    "layers": f"model.layers = [{times(repr('dense 5') + ',')}]",
    "bad convolutions": times("[[convolutions]]\nchannels = 1\n"),
}


@pytest.mark.parametrize("reader", ["sweep", "train"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_memory_is_in_proportion(tmp_path, text, reader):
    """All of these are refused in one line, within the memory that there is for a text of this size."""
    path = tmp_path / "spec.toml"
    path.write_text(text)
    command = [sys.executable, "-c", READS, reader, str(path), str(MOST * len(text) + AT_ONCE)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 0 and ended.stderr == "", ended.stderr[-500:]
    assert ended.stdout.startswith("refused: ") and ended.stdout.count("\n") == 1 and len(ended.stdout) < 2500
