"""Solutions in .npz files: numbers and text only, nothing that could be executed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.run_folder import replacing
from amc_circuits.solution import Response, Solution
from netlists import ParameterError


def save_solution(solution: Solution, record: dict[str, Any], path: Path) -> None:
    """Writes `record` (JSON), `tolerance` and `settling_time` (K,), and for each k `time_k` and `outputs_k`."""
    responses = [response for response in solution.responses if response is not None]
    arrays: dict[str, Any] = {
        "record": np.array(json.dumps(record, allow_nan=False)),
        "tolerance": np.array([response.tolerance for response in responses]),
        "settling_time": np.array([response.settling_time for response in responses]),
    }
    for k, response in enumerate(responses):
        arrays[f"time_{k}"], arrays[f"outputs_{k}"] = response.time, response.outputs
    with replacing(path) as partial:
        np.savez_compressed(partial, allow_pickle=False, **arrays)


def load_responses(path: Path) -> tuple[Sequence[Response], str]:
    """The responses in a file written by `save_solution`, and a title for them.

    Raises:
        ParameterError: It is no such file.
    """
    try:
        # Opened here, because np.load leaves a damaged file open.
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as content:
            tolerance, settled = content["tolerance"], content["settling_time"]
            record = json.loads(str(content["record"]))
            responses = [
                Response(content[f"time_{k}"], content[f"outputs_{k}"], float(tolerance[k]), float(settled[k]))
                for k in range(len(tolerance))
            ]
            return responses, title(record)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        EOFError,
        zipfile.BadZipFile,
    ) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else "it was not made by --save"
        raise ParameterError("FILE", str(path), f"cannot be plotted: {what}") from None


def title(record: dict[str, Any]) -> str:
    """What a picture of a record is called."""
    size = record["size"]
    shape = " x ".join(map(str, size)) if isinstance(size, list) else f"{size} x {size}"
    return f"{record['circuit'].upper()} {shape}, {record['status'].lower().replace('_', ' ')}"
