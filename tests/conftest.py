"""The order of the tests: files that take minutes begin first, so that no process is left alone with one of them.

No test depends on how fast the machine is: examples that are drawn have no deadline, and drawing them none.
Nothing is collected as garbage while tests are found, and none of what was found while they run: that takes seconds.
"""

import gc
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("amc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("amc")

LONG = (
    "test_docs.py",
    "test_site.py",
    "test_howto.py",
    "test_demo.py",
    "test_gallery.py",
    "test_specification_memory.py",
    "test_resume.py",
    "test_html_report.py",
    "test_typing.py",
    "test_saturation.py",
    "test_every_circuit.py",
    "test_notebook.py",
    "test_kills.py",
)

BEGAN = time.time()
ROOT = Path(__file__).resolve().parents[1]

gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Moves the tests of these files to the front."""
    items.sort(key=lambda item: LONG.index(Path(item.path).name) if Path(item.path).name in LONG else len(LONG))


def pytest_collection_finish() -> None:
    """Collects garbage from here on, without the thousands of objects that stay until the end."""
    gc.enable()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names sources that changed while tests ran: commands import late, and fail where old and new files meet."""
    if not (terminalreporter.stats.keys() & {"failed", "error"}):
        return
    packages = (path.parent for path in ROOT.glob("*/__init__.py"))
    sources = (file for folder in (*packages, ROOT / "tests") for file in folder.rglob("*.py"))
    changed = sorted(str(file.relative_to(ROOT)) for file in sources if file.stat().st_mtime > BEGAN)
    if changed:
        terminalreporter.write_line(f"changed while the tests ran, so run them again: {', '.join(changed[:10])}")
