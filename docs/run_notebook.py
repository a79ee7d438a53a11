"""Run the tutorial from beginning to end and store its outputs in it: `python docs/run_notebook.py`."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).with_name("tutorial.ipynb")
PATIENCE = 120
"""Time limit of a cell, s."""
LONGEST_TEXT = 1000
"""Most characters of a text beside a table."""


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Return a notebook with the outputs of a run in a folder; an error in a cell is raised."""
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=PATIENCE, resources=where, record_timing=False, coalesce_streams=True
    )
    return client.execute()


def store(path: Path) -> None:
    """Run a notebook in an empty folder and write it with its outputs, without the name of that folder."""
    with TemporaryDirectory() as folder:
        notebook = executed(path, Path(folder))
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            _shorten(output.get("data", {}))
    notebook.metadata.language_info = {"name": "python"}  # not the version of a run
    text = nbformat.writes(notebook, indent=1)
    path.write_text(without_folder(text) + "\n", encoding="utf-8")


def without_folder(text: str) -> str:
    """Remove the temporary folder of a run from the names of files in it."""
    return re.sub(rf"{re.escape(gettempdir())}/[\w./-]*?(?=first\b)", "", text)


def _shorten(data: dict[str, str]) -> None:
    """Drop the text of an output that has a picture or a table, if it is long."""
    if "text/html" in data and len(data.get("text/plain", "")) > LONGEST_TEXT:
        del data["text/plain"]


if __name__ == "__main__":
    store(NOTEBOOK)
