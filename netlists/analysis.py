"""What is to be simulated, as data: the transient analysis and the lines that ask ngspice for it."""

from __future__ import annotations

from netlists.record import Positive, Record

OUTPUT_POINTS = 50
"""`.tran` wants a printing step; ngspice saves every time point it computes, so this one only has to be valid."""

TRTOL = 20.0
"""In the place of ngspice's 7: fewer time points where the estimate of the error, not the largest step, decides. The
tests hold waveforms against exact ones."""


class Transient(Record):
    """A transient analysis.

    Attributes:
        stop_time: s.
        max_step: Largest time step, s.
        reltol: Relative tolerance of the simulator. With a short enough step 1e-5 keeps a waveform within 2e-4 of full
            scale of the exact one, 1e-4 within 1e-3.
        trtol: ngspice divides its estimate of the truncation error by this.
        saved: Vectors to keep, such as `v(c1)` or `i(vdd)`.
    """

    stop_time: Positive
    max_step: Positive
    reltol: Positive = 1e-5
    trtol: Positive = TRTOL
    saved: tuple[str, ...] = ()


def analysis_lines(analysis: Transient, klu: bool) -> str:
    """`.options`, `.save` and `.tran` of an analysis; `klu` asks for that matrix solver (ngspice 42 and later)."""
    lines = [
        f".options {'klu ' if klu else ''}reltol={analysis.reltol!r} vntol=1e-8 abstol=1e-13 method=trap "
        f"trtol={analysis.trtol:g}"
    ]
    lines += [f".save {' '.join(analysis.saved[k : k + 16])}" for k in range(0, len(analysis.saved), 16)]
    step = analysis.stop_time / OUTPUT_POINTS
    lines.append(f".tran {step!r} {analysis.stop_time!r} 0 {analysis.max_step!r}")
    return "\n".join(lines)
