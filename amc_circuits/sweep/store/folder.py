"""Folder of a sweep, owned by one process at a time: specification, rows, log and evidence of failures.

All of these are files of its own: a folder may come from anywhere, and a link in it is not followed.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amc_circuits.files.run_folder import LOCK, check_own_files, claim_folder, owning, replacing, writing
from amc_circuits.sweep.store.evidence import FAILURES
from netlists import ParameterError

SPECIFICATION, RESOLVED, LOG = "sweep.toml", "resolved.json", "sweep.log"
SPECIFICATIONS = "specifications"
"""Folder of the specifications of merged folders that are not the folder's own."""
LARGEST_KEPT = 200_000_000
"""Most bytes of a resolved specification."""
_LOGGER = logging.getLogger("amc.sweep")


@contextmanager
def owned(folder: Path) -> Iterator[logging.Logger]:
    """Own a folder until this process ends, and yield its log.

    Raises:
        ParameterError: Another process owns it, it holds something else, or it cannot be written to.
    """
    claim_folder(folder, "sweep")
    check_own_files(folder, (LOCK, LOG, SPECIFICATION, RESOLVED))
    for name in (FAILURES, SPECIFICATIONS):
        if (folder / name).is_symlink():
            mend = "is a link, where amc has a folder of its own; remove it, or name another folder"
            raise ParameterError("out", str(folder / name), mend)
    with owning(folder), _logging_to(folder / LOG) as logger:
        yield logger


class _LogFile(logging.FileHandler):
    """Log file whose write error, as on a full disk, ends the sweep with one line instead of a traceback a row."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Raise the failure as an error of the option."""
        error = sys.exc_info()[1]
        reason = getattr(error, "strerror", None) or error
        mend = f"cannot be written: {reason}; what is done is kept: make room, then run the same command again"
        raise ParameterError("out", self.baseFilename, mend) from None


@contextmanager
def _logging_to(path: Path) -> Iterator[logging.Logger]:
    with writing("out", path):
        handler = _LogFile(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False
    try:
        yield _LOGGER
    finally:
        _LOGGER.removeHandler(handler)
        with contextlib.suppress(OSError):  # unwritten text is tried once more
            handler.close()


def write_specification(folder: Path, text: str, resolved: Mapping[str, Any]) -> None:
    """Keep the text of the specification and its full meaning: complete options, in SI units."""
    with writing("out", folder / SPECIFICATION), replacing(folder / SPECIFICATION, follow=False) as partial:
        partial.write_text(text, encoding="utf-8")
    with writing("out", folder / RESOLVED), replacing(folder / RESOLVED, follow=False) as partial:
        partial.write_text(json.dumps(resolved, indent=2) + "\n", encoding="utf-8")
