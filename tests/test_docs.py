"""Examples in README and docs run and print what they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def python_blocks():
    """Every Python example with, where one follows, the output it announces."""
    for page in PAGES:
        pattern = r"```python\n(.*?)```(?:\s*prints\s*```text\n(.*?)```)?"
        for number, found in enumerate(re.finditer(pattern, page.read_text(), re.S)):
            yield pytest.param(found[1], found[2], id=f"{page.name}-{number}")


@pytest.mark.parametrize(("code", "output"), list(python_blocks()))
def test_examples_run_and_print_what_they_say(code, output):
    """Each Python block runs by itself; an output stated below it is what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    if output is not None:
        assert done.stdout == output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """Relative links and pictures exist."""
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
