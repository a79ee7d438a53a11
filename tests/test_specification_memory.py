"""Specifications of sweeps and trainings take memory in proportion to their size, whatever is written in them.

Each is read by a process of its own that may not have more than so much memory: what takes more does not end in the
error that is wanted. The processes of a reader are forked from one that has just loaded it.
"""

import os
import re
import subprocess
import sys

import pytest

from tests.command_line import ROOT

READS = """
import os, resource, sys
from pathlib import Path
from netlists import ParameterError
if sys.argv[1] == "sweep":
    from amc_circuits.sweep.plan.spec import read_sweep as read
else:
    from optimizer.specification import read_spec as read

for path in map(Path, sys.argv[4:]):
    sys.stdout.flush()
    if os.fork():
        print("ended", os.waitstatus_to_exitcode(os.wait()[1]))
        continue
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + int(sys.argv[2]) * path.stat().st_size + int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
    try:
        read(path)
    except ParameterError as error:
        print("refused:", error)
    else:
        print("read")
    break
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


@pytest.fixture(scope="module", params=["sweep", "train"])
def ends(request, tmp_path_factory):
    """Ends of the processes that read the texts: what each printed, and its exit code; and what all wrote to stderr."""
    folder = tmp_path_factory.mktemp(request.param)
    paths = [folder / f"{place}.toml" for place in range(len(TEXTS))]
    for path, text in zip(paths, TEXTS.values(), strict=True):
        path.write_text(text)
    command = [sys.executable, "-c", READS, request.param, str(MOST), str(AT_ONCE), *map(str, paths)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=1200)
    found = re.findall(r"(.*?)^ended (-?\d+)$\n", done.stdout, re.M | re.S)
    assert done.returncode == 0 and len(found) == len(TEXTS), done
    return dict(zip(TEXTS, found, strict=True)), done.stderr


@pytest.mark.parametrize("name", TEXTS)
def test_memory_is_in_proportion(ends, name):
    """All of these are refused in one line, within the memory that there is for a text of this size."""
    (printed, code), errors = ends[0][name], ends[1]
    assert code == "0" and errors == "", (printed, errors[-500:])
    assert printed.startswith("refused: ") and printed.count("\n") == 1 and len(printed) < 2500
