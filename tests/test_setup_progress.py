"""scripts/setup: long steps print what they do, and how long they took."""

import re
import sys

import pytest
from installer.progress import Pip, duration, reporting
from installer.steps import CommandError, run

LINES = """\
Looking in indexes: https://registry.example.org/simple
Obtaining file:///work
  Installing build dependencies: started
Collecting numpy>=2.0
  Downloading https://registry.example.org/numpy-2.4.6-cp311.whl (16.6 MB)
Collecting scipy>=1.11
  Downloading scipy-1.17.0-cp311.whl (36 MB)
Installing collected packages: scipy, numpy
"""


def test_pip_is_followed_line_by_line(tmp_path):
    """The activity names packages and phases as pip prints them, never an address."""
    (tmp_path / "lib" / "python3.11" / "site-packages" / "scipy-1.17.0.dist-info").mkdir(parents=True)
    activity, seen = Pip(tmp_path), []
    for line in LINES.splitlines():
        activity(line)
        seen.append(str(activity))
    assert seen[0] == "starting pip" and seen[2] == "preparing the build of the project"
    assert seen[3] == "1 package so far, collecting numpy"
    assert seen[6] == "2 packages so far, downloading scipy"
    assert seen[7] == "1 of 2 packages unpacked"
    assert "example.org" not in "".join(seen)


def test_a_long_step_is_not_silent(capsys, tmp_path):
    """A line comes every interval with the present activity, and one at the end with the time."""
    activity = Pip(tmp_path)
    code = "import time\nfor name in 'abc': print('Collecting', name, flush=True); time.sleep(0.2)"
    with reporting("pip", activity, interval=0.1):
        run([sys.executable, "-c", code], on_line=activity)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 4
    assert re.fullmatch(r"setup:   pip: \d+ s, [123] packages? so far, collecting [abc]", lines[-2])
    assert re.fullmatch(r"setup: pip took \d+ s", lines[-1])


def test_a_failure_has_its_last_lines_and_no_address(tmp_path):
    """The error of a command has its last lines; the list of registries is left out."""
    program = tmp_path / "program.py"
    program.write_text(f"print({LINES!r}); print('ERROR: no space'); raise SystemExit(3)")
    with pytest.raises(CommandError, match="ended with 3:") as failure:
        run([sys.executable, program])
    assert str(failure.value).endswith("ERROR: no space") and "Looking in" not in str(failure.value)


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (185.2, "3 min 05 s")])
def test_durations(seconds, text):
    """Times are whole seconds, and minutes from 60 s on."""
    assert duration(seconds) == text
