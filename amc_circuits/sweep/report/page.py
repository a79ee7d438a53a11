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
from amc_circuits.sweep.report.content import Subject, content_of
from amc_circuits.sweep.report.sections import failures, provenance, summary
from amc_circuits.sweep.report.shades import SHADES
from amc_circuits.sweep.report.waveforms import in_base64, packed_waveforms
from amc_circuits.sweep.rows.columns import flat
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
        subject = Subject.of(store)
        numbers = {row.number for row in subject.page}
        kept = [row.number for row in subject.rows.packed() if row.waveforms]
        waveforms = packed_waveforms(store, [number for number in kept if number in numbers])
        sources = provenance(subject, store, version).text
        missing = failures(subject, folder, path).text
        content = content_of(subject) | {"colours": COLOURS, "shades": SHADES}
    content["waveforms"] = {"here": len(waveforms), "kept": len(kept)}
    some = [flat(row) for row in subject.some]
    script = "\n".join(_part(name) for name in SCRIPTS)
    text = Template(_part("page.html")).substitute(
        policy=POLICY.format(scripts=f"{_hash(script)} {plotly_hash}"),
        title=escape(folder.resolve().name),
        circuit=escape(circuit_of(some) if some else "Sweep"),
        conditions=escape(conditions_of(some) if some else ""),
        style=_part("page.css"),
        summary=summary(subject, folder).text,
        thinned=f"<p><strong>{escape(subject.thinned)}.</strong></p>" if subject.thinned else "",
        failures=missing,
        failures_link='<a href="#failures">Failures</a> ' if missing else "",
        provenance=sources,
        content=in_base64(json.dumps(content, separators=(",", ":"), allow_nan=False)),
        waveforms=json.dumps(waveforms),
        plotly=plotly,
        script=script,
    )
    with writing("output", path), replacing(path) as partial:
        # the name of a file need not be UTF-8
        partial.write_text(text, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")
    points = f"{len(subject.page)} of " * bool(subject.thinned) + counted(len(subject.rows), "point")
    contents = f"{points}, {counted(len(waveforms), 'waveform')}"
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
