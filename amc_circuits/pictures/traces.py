"""Waveforms of a row: outputs of the slowest right-hand side, thinned to the resolution of a picture, compressed."""

from __future__ import annotations

import heapq
import io
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.files.array_files import DAMAGED
from amc_circuits.results.response import Response, slowest
from netlists import ParameterError
from netlists.record import FloatArray

Places = NDArray[np.intp]
ACCURACY = 1e-3
"""Largest distance of a dropped sample from the straight line between its neighbours, as a part of full scale."""
MOST_SAMPLES = 500
MOST_OUTPUTS = 16
"""Most stored outputs: the last to settle, and the largest final value, because it is the unit of the tolerance."""
LARGEST_UNPACKED = 1_000_000
"""Most bytes after decompression, many times a regular file: a small foreign file could fill the memory."""


def pack_traces(responses: Sequence[Response | None]) -> bytes | None:
    """Pack the waveforms of the slowest right-hand side as an .npz file; None if nothing was simulated.

    `time` (S,), `outputs` (S, n) and `target` (n,) as 32-bit floats, `places` (n,), the numbers of these outputs from
    0, `tolerance` and `settling_time`; complex systems add `names` (n,).
    """
    known = [response for response in responses if response is not None]
    if not known:
        return None
    response = known[slowest(known)]
    places = _last_to_settle(response)
    outputs = response.outputs[:, places]
    kept = thinned(response.time, outputs)
    content: dict[str, NDArray[Any]] = {
        "time": response.time[kept].astype(np.float32),
        "outputs": outputs[kept].astype(np.float32),
        "places": places,
        "tolerance": np.array(response.tolerance),
        "settling_time": np.array(response.settling_time),
    }
    if response.target is not None:
        content["target"] = response.target[places].astype(np.float32)
    if response.names:
        content["names"] = np.array([response.names[place] for place in places])
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **content)
    return file.getvalue()


def unpack_traces(content: bytes) -> tuple[Response, Places]:
    """Unpack the result of `pack_traces`: the response, and the numbers of its outputs, from 0.

    Raises:
        ParameterError: The content is something else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(one.file_size for one in packed.infolist()) > LARGEST_UNPACKED:
                raise ValueError(f"they are larger than {LARGEST_UNPACKED // 10**6} MB")
        with np.lib.npyio.NpzFile(io.BytesIO(content), allow_pickle=False) as file:
            response = Response(
                time=file["time"].astype(np.float64),
                outputs=file["outputs"].astype(np.float64),
                tolerance=float(file["tolerance"]),
                settling_time=float(file["settling_time"]),
                target=file["target"].astype(np.float64) if "target" in file else None,
                names=tuple(map(str, file["names"])) if "names" in file else (),
            )
            places = file["places"]
        _check(response, places)
        return response, places
    except (OSError, *DAMAGED) as error:
        raise ParameterError("ROW", "its waveforms", f"cannot be read: {error}") from None


def _check(response: Response, places: Places) -> None:
    shape = response.outputs.shape
    if (response.time.ndim, places.ndim) != (1, 1) or shape != (*response.time.shape, *places.shape) or 0 in shape:
        raise ValueError(f"{shape} outputs at {response.time.shape} times")
    if response.names and len(response.names) != len(places):
        raise ValueError(f"{len(response.names)} names of {len(places)} outputs")
    if places.dtype.kind != "i":
        raise ValueError(f"numbers of outputs are {places.dtype}")


def _last_to_settle(response: Response) -> Places:
    """Numbers of the stored outputs, in order."""
    count = response.outputs.shape[1]
    if count <= MOST_OUTPUTS:
        return np.arange(count)
    final = response.outputs[-1]
    outside = np.abs(response.outputs - final) > response.tolerance * np.abs(final).max()
    last = outside.shape[0] - np.argmax(outside[::-1], axis=0)
    last[~outside.any(axis=0)] = 0
    last[np.abs(final).argmax()] = len(outside) + 1
    return np.sort(np.argsort(last, kind="stable")[-MOST_OUTPUTS:])


def thinned(time: FloatArray, outputs: FloatArray) -> Places:
    """Choose samples such that straight lines between them miss no output by more than `ACCURACY`.

    Douglas and Peucker (1973), on all outputs at once, in time, the worst place first, until all errors are small
    enough or there are `MOST_SAMPLES`.

    Args:
        time: Shape (T,), s.
        outputs: Shape (T, n), V.

    Returns:
        Indices of the samples, in order, with the first and the last one.
    """
    allowed = ACCURACY * max(float(np.abs(outputs).max()), 1e-300)
    kept = [0, len(time) - 1]
    gaps = [_worst(time, outputs, 0, len(time) - 1)]
    while len(kept) < MOST_SAMPLES and -gaps[0][0] > allowed:
        _, first, middle, last = heapq.heappop(gaps)
        kept.append(middle)
        heapq.heappush(gaps, _worst(time, outputs, first, middle))
        heapq.heappush(gaps, _worst(time, outputs, middle, last))
    return np.array(sorted(set(kept)))


def _worst(time: FloatArray, outputs: FloatArray, first: int, last: int) -> tuple[float, int, int, int]:
    """Largest distance of the samples between two from their line, negative, and its place."""
    if last - first < 2:
        return 0.0, first, first, last
    inside = slice(first + 1, last)
    along = ((time[inside] - time[first]) / (time[last] - time[first]))[:, None]
    line = outputs[first] + along * (outputs[last] - outputs[first])
    far = np.abs(outputs[inside] - line).max(axis=1)
    return -float(far.max()), first, first + 1 + int(far.argmax()), last
