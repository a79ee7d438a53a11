"""The application of the `amc` command: its commands and their entry point.

The work of a command is in `commands/`, which is imported only when the command runs. Commands on circuits by name are
in `circuits.py`. Commands on the parts of a circuit, cells and op-amps, are in `parts.py`, and those on sweeps in
`sweeps.py`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import Annotated, Any

import typer

from amc_circuits.cases.options import NOT_IN_POLES, typed_options
from amc_circuits.cli.circuits import add_circuits
from amc_circuits.cli.extensions import installed_extensions
from amc_circuits.cli.interrupts import end_at_once
from amc_circuits.cli.parameters import Format, Matrix, PolesFile, with_options
from amc_circuits.cli.parts import add_parts
from amc_circuits.cli.sweeps import add_sweeps

SUFFIXES = (
    "Numbers take SI suffixes: 1.73, 35u, 100M. Both M and MEG (any case) are 1e6 and m is 1e-3: "
    "not SPICE's M, which is milli."
)
EXIT_CODES = (
    "Exit codes: 0 usable result; 1 the simulator failed, deck and log are kept; 2 bad input or environment; "
    "3 no usable result (unstable, not settled, saturated, not linear; some rows of a sweep; the target of a training "
    "not reached); 130 Ctrl-C, 143 terminated."
)

app = typer.Typer(
    help="SPICE-level simulation of analog matrix computing with resistive memory.",
    epilog=f"{SUFFIXES} {EXIT_CODES}",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from amc_circuits.values.version import package_version

        print(f"amc {package_version()}")
        raise typer.Exit


@app.callback()
def _of_all(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options without a command."""


def stability(
    matrix: Matrix = None, *, format: Format = "table", plot: PolesFile = None, **options: Any,
) -> None:  # fmt: skip
    """Poles of an INV circuit: is it stable, how fast is it, and how far may its parts go."""
    from amc_circuits.cli.commands import stability

    stability.stability("inv", options, matrix, format, plot)


def doctor() -> None:
    """Say what is installed: ngspice, version, KLU, data sets; exit 2 with the mend if something lacks."""
    from amc_circuits.cli.doctor import print_checks

    print_checks()


def _assemble() -> None:
    app.command("doctor")(doctor)
    add_circuits(app)
    app.command("stability")(with_options(typed_options("inv", NOT_IN_POLES), stability))
    add_parts(app)
    add_sweeps(app)
    for extension in installed_extensions():
        for command in extension.commands:
            app.command(command.__name__.replace("_", "-"))(command)


_assemble()


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Small matrices are many times slower with several threads, and simulations run in parallel.
    from amc_circuits.studies.workers import BLAS_THREADS

    for variable in BLAS_THREADS:
        os.environ.setdefault(variable, "1")
    # Pictures go to files. The backend is set here, since the module of pictures must not change that of a notebook.
    os.environ.setdefault("MPLBACKEND", "Agg")
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run(sys.argv[1:]))


def _terminated(number: int, _: object) -> None:
    """End the process as Ctrl-C does, so that no simulation and no temporary file is left behind."""
    sys.exit(128 + number)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors are one line on stderr, never a traceback."""
    try:
        if signal.getsignal(signal.SIGINT) is end_at_once:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        command = typer.main.get_command(app)
        # command.main() is not used, since it handles Ctrl-C and errors by itself.
        with command.make_context("amc", list(arguments)) as context:
            command.invoke(context)
        sys.stdout.flush()
        return 0
    except typer.Exit as ending:
        return ending.exit_code
    except KeyboardInterrupt:
        print("amc: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        _drop_output()
        return 0
    except Exception as error:
        return _failed(error)


def _drop_output() -> None:
    """Discard output that could not be printed, so that Python does not print it again at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: Exception) -> int:
    """Print an expected error and return its exit code; raise any other error again."""
    # A usage error of Typer, which contains a copy of click or uses the installed one.
    if hasattr(error, "format_message"):
        text = error.format_message()
        print(text if "\n" in text else f"amc: {text}", file=sys.stderr)
        return int(getattr(error, "exit_code", 2))
    from amc_circuits.cli.messages import exit_code, message

    code = exit_code(error)
    if code is None:
        raise error
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    print(f"amc: {message(error)}", file=sys.stderr)
    return code
