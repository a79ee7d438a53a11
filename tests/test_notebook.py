"""The tutorial notebook runs from beginning to end, in the kernel of this Python, and holds its outputs."""

import base64
import runpy
from pathlib import Path

import nbformat
import pytest

from tests.doc_blocks import assert_prints

DOCS = Path(__file__).resolve().parents[1] / "docs"
NOTEBOOK = DOCS / "tutorial.ipynb"
SCRIPT = runpy.run_path(str(DOCS / "run_notebook.py"))
LARGEST = 400_000
"""Most bytes of the stored notebook."""


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook with its outputs, run in an empty folder; any error in a cell fails."""
    return SCRIPT["executed"](NOTEBOOK, tmp_path_factory.mktemp("notebook"))


@pytest.fixture(scope="module")
def stored():
    """The notebook of the repository."""
    return nbformat.read(NOTEBOOK, as_version=4)


def code_cells(notebook):
    """Cells that run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell):
    """Text of the outputs of a cell, without names of pictures and long texts beside tables."""
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return SCRIPT["without_folder"]("\n".join(text for text in texts if not text.startswith(("<Figure", "Solution("))))


def outputs(notebook, kind):
    """Outputs of cells in one format."""
    cells = code_cells(notebook)
    return [output.data[kind] for cell in cells for output in cell.outputs if kind in output.get("data", {})]


def test_every_cell_is_stored_with_its_outputs(stored):
    """Each code cell of the repository's notebook was run in order, has outputs, and none is an error or a warning."""
    nbformat.validate(stored)
    code = code_cells(stored)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(cell.outputs for cell in code)
    kinds = {(output.output_type, output.get("name", "")) for cell in code for output in cell.outputs}
    assert kinds <= {("stream", "stdout"), ("display_data", ""), ("execute_result", "")}
    assert NOTEBOOK.stat().st_size < LARGEST and "/tmp/" not in NOTEBOOK.read_text(encoding="utf-8")


def test_stored_outputs_are_those_of_a_run(stored, executed):
    """Each cell prints what is stored, numbers within a tolerance, and draws as many pictures."""
    for cell, run in zip(code_cells(stored), code_cells(executed), strict=True):
        assert cell.source == run.source
        assert_prints(printed(run), printed(cell))
    assert len(outputs(stored, "image/png")) == len(outputs(executed, "image/png"))
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in outputs(stored, "image/png"))


def test_all_cells_run_without_a_warning(executed):
    """Every code cell was run, and nothing was written to its stderr."""
    code = code_cells(executed)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert [output.text for cell in code for output in cell.outputs if output.get("name") == "stderr"] == []


def test_it_shows_what_its_text_says(executed):
    """There are a solution, two tables, the rows of a sweep, and a picture for every `plt.show`."""
    shown = "\n".join(outputs(executed, "text/html"))
    assert "settling time" in shown and "data:image/svg+xml" in shown
    assert "ad823" in shown and "9 SETTLED" in shown and "condition" in shown
    wanted = sum(cell.source.count("plt.show()") for cell in executed.cells)
    assert len(outputs(executed, "image/png")) == wanted > 0
