"""A solution in a notebook: its metrics as a table, its slowest right-hand side as a small picture."""

from __future__ import annotations

import base64
import io
from html import escape

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from amc_circuits.pictures.responses import draw_response
from amc_circuits.pictures.style import STYLE
from amc_circuits.pictures.traces import pack_traces, unpack_traces
from amc_circuits.results.solution import Solution
from amc_circuits.results.tables import figures_table

SIZE = (5.4, 3.0)
"""Size of the picture, inches."""


def solution_html(solution: Solution) -> str:
    """Status, advice, value, metrics and, after a simulation, outputs over time, as HTML."""
    advice = "" if solution.usable else f": {escape(solution.message)}"
    value = np.array2string(solution.value, precision=4, threshold=50, edgeitems=3)
    title = f"<p><strong>{solution.status.name}</strong>{advice}</p><pre>{value}</pre>"
    parts = "".join(f'<div style="margin-right: 2em">{part}</div>' for part in (_table(solution), _picture(solution)))
    return f'<div>{title}<div style="display: flex; flex-wrap: wrap">{parts}</div></div>'


def _table(solution: Solution) -> str:
    """Table of the metrics of `amc inv`, with its units."""
    grid = figures_table(solution, {}, "")
    head = "".join(f"<th>{escape(str(column.header))}</th>" for column in grid.columns)
    rows = zip(*(column.cells for column in grid.columns), strict=True)
    body = "".join(f"<tr>{''.join(_cell(str(text)) for text in row)}</tr>" for row in rows)
    caption = f"<p><small>{escape(str(grid.caption))}</small></p>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{caption}"


def _cell(text: str) -> str:
    """One cell; parts of a sum are indented."""
    indent = "\N{EM SPACE}" if text.startswith(" ") else ""
    return f"<td>{indent}{escape(text.strip())}</td>"


def _picture(solution: Solution) -> str:
    """Picture of the slowest right-hand side, thinned as a sweep stores it; white also on a dark page."""
    packed = pack_traces(solution.responses)
    if packed is None:
        return ""
    response, places = unpack_traces(packed)
    file = io.StringIO()
    with matplotlib.rc_context(STYLE):  # no pyplot, whose figures belong to the user of the notebook
        figure = Figure(figsize=SIZE)
        draw_response(figure.subplots(), response, places.tolist())
        figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
    said = _said(solution, len(places))
    source = base64.b64encode(file.getvalue().encode()).decode("ascii")
    image = f'<img src="data:image/svg+xml;base64,{source}" alt="{said}" style="max-width: 100%"/>'
    return f"{image}<p><small>{said}</small></p>"


def _said(solution: Solution, shown: int) -> str:
    count = sum(response is not None for response in solution.responses)
    outputs = len(solution.value)
    names = f"{outputs} outputs" if shown == outputs else f"{shown} of {outputs} outputs, the last to settle"
    return names + (f", the slowest of {count} right-hand sides" if count > 1 else "")
