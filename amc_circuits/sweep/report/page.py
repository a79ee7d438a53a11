"""HTML file of a report: it contains all that it needs, and the browser fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from amc_circuits.files.run_folder import replacing, writing
from amc_circuits.pictures.style import COLOURS
from amc_circuits.sweep.report.content import content_of
from amc_circuits.sweep.report.sections import failures, provenance, summary
from amc_circuits.sweep.report.shades import SHADES
from amc_circuits.sweep.report.waveforms import in_base64, packed_waveforms
from amc_circuits.sweep.rows.columns import flat, newest
from amc_circuits.sweep.rows.description import circuit_of, conditions_of
from amc_circuits.sweep.store import Store
from amc_circuits.values.quantities import counted
from netlists import ParameterError

NAME = "report.html"
SCRIPTS = ("values.js", "table.js", "figures.js", "waveform.js", "page.js")
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
"""Content policy: nothing is fetched, and only these two scripts run; plotly sets styles and makes pictures."""


def write_report(folder: Path, path: Path) -> str:
    """Write the report of a sweep, which may be running; return one line about it.

    Raises:
        ParameterError: The folder holds no sweep, plotly is not installed, or the file cannot be written.
    """
    plotly_hash, plotly, version = _plotly()
    with Store(folder) as store:
        stored = store.rows()
        rows = newest(stored)
        numbers = {row.number for row in rows}
        kept = [number for number in store.with_waveforms() if number in numbers]
        waveforms = packed_waveforms(store, kept)
    flat_rows = [flat(row) for row in rows]
    content = content_of(rows) | {"colours": COLOURS, "shades": SHADES}
    content["waveforms"] = {"here": len(waveforms), "kept": len(kept)}
    script = "\n".join(_part(name) for name in SCRIPTS)
    text = Template(_part("page.html")).substitute(
        policy=POLICY.format(scripts=f"{_hash(script)} {plotly_hash}"),
        title=escape(folder.resolve().name),
        circuit=escape(circuit_of(flat_rows) if flat_rows else "Sweep"),
        conditions=escape(conditions_of(flat_rows) if flat_rows else ""),
        style=_part("page.css"),
        summary=summary(rows, content, folder, len(stored) - len(rows)).text,
        failures=failures(rows, folder, path).text,
        failures_link='<a href="#failures">Failures</a> ' if any(not row.usable for row in rows) else "",
        provenance=provenance(rows, content, folder, version).text,
        content=in_base64(json.dumps(content, separators=(",", ":"), allow_nan=False)),
        waveforms=json.dumps(waveforms),
        plotly=plotly,
        script=script,
    )
    with writing("output", path), replacing(path) as partial:
        # the name of a file need not be UTF-8
        partial.write_text(text, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")
    contents = f"{counted(len(rows), 'point')}, {counted(len(waveforms), 'waveform')}"
    return f"wrote {path}: {contents}, {path.stat().st_size / 1e6:.1f} MB"


def _part(name: str) -> str:
    return (files("amc_circuits.sweep.report") / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """Hash of a script in the form of a policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@cache
def _plotly() -> tuple[str, str, str]:
    """Plotly's script as the policy names it, its packed text, and its name with version."""
    try:
        import plotly
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise ParameterError("plotly", "no such package", "amc report needs it: pip install 'amc[report]'") from None
    script = get_plotlyjs()
    return _hash(script), in_base64(script), f"plotly {plotly.__version__}"
