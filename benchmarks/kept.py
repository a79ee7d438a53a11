"""Results of the parts of a benchmark in a file, a line each, so that an interrupted run goes on."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from amc_circuits import engine_version

ROOT = Path(__file__).resolve().parents[1]
START = '{"part": '
"""Characters with which every line begins, a broken one too."""


class Kept:
    """Results by the names of their parts. Those of other sources, or of another simulator, do not count.

    Args:
        path: The file; None keeps nothing.
        sources: Files and folders of which a result is one, relative to the project's folder.

    Raises:
        SystemExit: The file cannot be written, or holds something else.
    """

    def __init__(self, path: Path | None, sources: Sequence[str]) -> None:
        self.path, self.found = path, dict[str, Any]()
        self.sources = "" if path is None else _hash_of(sources)
        text = "" if path is None else _text_of(path)
        whole, _, broken = text.rpartition("\n")  # the last line of a run that was killed may be a part
        self._gap = "\n" if broken else ""
        for line in whole.splitlines():
            try:
                content = json.loads(line)
            except ValueError:
                continue
            if content["sources"] == self.sources:
                self.found[content["part"]] = content["result"]

    def add(self, part: str, result: Any) -> None:
        """Keep the result of a part, plain data."""
        self.found[part] = result
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                line = {"part": part, "sources": self.sources, "result": result}
                file.write(f"{self._gap}{json.dumps(line)}\n")
            self._gap = ""

    def result(self, part: str, compute: Callable[[], Any]) -> Any:
        """Return the result of a part; compute and keep it if it is not there."""
        if part not in self.found:
            self.add(part, compute())
        return self.found[part]


def _text_of(path: Path) -> str:
    """Text of a file of kept results, which is made if there is none: a long run must not end at its first result."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8", errors="replace") as file:
            file.seek(0)
            text = file.read()
    except OSError as error:
        sys.exit(f"results cannot be kept in {path}: {error.strerror}; name another file")
    if any(line[: len(START)] != START[: len(line)] for line in text.splitlines()):
        sys.exit(f"{path} holds something else than kept results; name another file")
    return text


def _hash_of(sources: Sequence[str]) -> str:
    digest = hashlib.sha256(engine_version("ngspice").encode())
    for name in sources:
        place = ROOT / name
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(file.read_bytes())
    return digest.hexdigest()
