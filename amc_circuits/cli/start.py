"""Entry point of the `amc` command. It imports almost nothing, so that Ctrl-C is handled before other modules load."""

import gc
import io
import os
import signal
import sys

from amc_circuits.cli.interrupts import end_at_once


def main() -> None:
    """Load the command line and run it; until a command runs, Ctrl-C ends the process at once."""
    # If the signal is ignored, as with nohup, it stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end_at_once)
    _open_closed_streams()
    _escape_what_has_no_code()
    gc.disable()  # while modules are imported; `PanelCommand` enables it
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")  # to look for them takes longer than to build a record
    from amc_circuits.cli.app import main

    try:
        main()
    finally:
        gc.freeze()  # the process ends: to look through all modules for garbage once more takes longer than a help text


def _open_closed_streams() -> None:
    """Open streams that the shell closed, as by `>&-`: Python has None for them, and a file would take their number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _escape_what_has_no_code() -> None:
    """Print signs that the encoding of stdout lacks, as in the locale C, as their numbers: stderr does so by itself."""
    if isinstance(sys.stdout, io.TextIOWrapper) and (sys.stdout.errors == "strict" or sys.stdout.encoding != "utf-8"):
        sys.stdout.reconfigure(errors="backslashreplace")
