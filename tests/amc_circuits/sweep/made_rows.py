"""Rows of sweeps that never ran, with figures that are known beforehand."""

from pathlib import Path
from typing import Any

from amc_circuits.options import parse_options
from amc_circuits.sweep.store import Row, Store


def made(number: int, figures: dict[str, Any] | None = None, status: str = "SETTLED", **options: Any) -> Row:
    """A row of INV with these options, the others at their defaults; `error`, `kept` and `engine_version`, too."""
    about = {name: options.pop(name) for name in ("error", "kept", "engine_version") if name in options}
    parameters = {"circuit": "inv", **parse_options("inv", options)}
    return Row(key=str(number), number=number, parameters=parameters, status=status, figures=figures or {},
               **{"error": ""} | about)  # fmt: skip


def stored(folder: Path, rows: list[Row], waveforms: dict[int, bytes] | None = None) -> Path:
    """The folder of a sweep that holds these rows."""
    folder.mkdir(exist_ok=True)
    with Store(folder, create=True) as store:
        store.put([(row, (waveforms or {}).get(row.number)) for row in rows])
    return folder
