"""The tutorial notebook runs from beginning to end, in the kernel that belongs to this Python."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "tutorial.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook with its outputs, run in an empty folder; any error in a cell fails."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    where = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    return NotebookClient(notebook, kernel_name="python3", timeout=60, resources=where).execute()


def outputs(notebook, kind):
    """Outputs of cells in one format."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output.data[kind] for cell in cells for output in cell.outputs if kind in output.get("data", {})]


def test_it_is_stored_without_outputs():
    """The notebook in the repository has no outputs of any run."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_all_cells_run_without_a_warning(executed):
    """Every code cell was run, and nothing was written to its stderr."""
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert [output.text for cell in code for output in cell.outputs if output.get("name") == "stderr"] == []


def test_it_shows_what_its_text_says(executed):
    """There are a solution, two tables, the rows of a sweep, and a picture for every `plt.show`."""
    shown = "\n".join(outputs(executed, "text/html"))
    assert "settling time" in shown and "data:image/svg+xml" in shown
    assert "ad823" in shown and "9 SETTLED" in shown and "condition" in shown
    wanted = sum(cell.source.count("plt.show()") for cell in executed.cells)
    assert len(outputs(executed, "image/png")) == wanted > 0
