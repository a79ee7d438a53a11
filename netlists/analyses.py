"""Analyses as data: the transient analysis and its lines for ngspice."""

from __future__ import annotations

from collections.abc import Sequence

from netlists.errors import check_type
from netlists.record import Positive, Record

OUTPUT_POINTS = 50
"""Printing step that `.tran` requires, s. ngspice saves every computed time point, so any valid value works."""

TRTOL = 20.0
"""Value of trtol instead of ngspice's 7: fewer time points where the error estimate, not the largest step, sets the
step. The tests compare waveforms with exact ones."""


class Transient(Record):
    """Transient analysis.

    Attributes:
        stop_time: End of the analysis, s.
        max_step: Largest time step, s.
        reltol: Relative tolerance of the simulator. With a short enough step 1e-5 keeps a waveform within 2e-4 of full
            scale of the exact one, 1e-4 within 1e-3.
        trtol: ngspice divides its estimate of the truncation error by this.
        saved: Names of the vectors to save, such as `v(c1)` or `i(vdd)`.
        discharged: True starts with all capacitors discharged, not at the operating point.
    """

    stop_time: Positive
    max_step: Positive
    reltol: Positive = 1e-5
    trtol: Positive = TRTOL
    saved: tuple[str, ...] = ()
    discharged: bool = False


OPERATING_POINT_RELTOL = 1e-6
"""Relative tolerance of the operating point with which the end of a transient is compared."""


def operating_point_lines(saved: Sequence[str], klu: bool) -> str:
    """Return `.options`, `.save` and `.op`; `klu` as in `analysis_lines`."""
    check_type("saved", saved, list, tuple)
    options = f".options {'klu ' if klu else ''}reltol={OPERATING_POINT_RELTOL!r} vntol=1e-9 abstol=1e-13"
    return "\n".join([options, *_saves(saved), ".op"])


def _saves(saved: Sequence[str]) -> list[str]:
    return [f".save {' '.join(saved[k : k + 16])}" for k in range(0, len(saved), 16)]


def analysis_lines(analysis: Transient, klu: bool) -> str:
    """Return `.options`, `.save` and `.tran` of an analysis; `klu` selects that matrix solver (from ngspice 42)."""
    check_type("analysis", analysis, Transient)
    lines = [
        f".options {'klu ' if klu else ''}reltol={analysis.reltol!r} vntol=1e-8 abstol=1e-13 method=trap "
        f"trtol={analysis.trtol:g}"
    ]
    lines += _saves(analysis.saved)
    step = analysis.stop_time / OUTPUT_POINTS
    start = " uic" * analysis.discharged
    lines.append(f".tran {step!r} {analysis.stop_time!r} 0 {analysis.max_step!r}{start}")
    return "\n".join(lines)
