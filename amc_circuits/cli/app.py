"""The `amc` command: the table of its commands, and their entry point."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amc_circuits.cases.circuits import CASCADE, EGV, GINV, INV, MVM, RECOVER, circuit_names, circuit_row
from amc_circuits.cli.interrupts import end_at_once
from amc_circuits.cli.lazy import HELP_NAMES, Row, TableGroup, command_of
from amc_circuits.values.blas_threads import BLAS_THREADS

if TYPE_CHECKING:
    from amc_circuits.cli.extensions import CommandGroup

SUFFIXES = (
    "Numbers take SI suffixes: 1.73, 35u, 100M. Both M and MEG (any case) are 1e6 and m is 1e-3: "
    "not SPICE's M, which is milli."
)
EXIT_CODES = (
    "Exit codes: 0 usable result; 1 the simulator failed, deck and log are kept; 2 bad input or environment; "
    "3 no usable result (unstable, not settled, saturated, not linear; some rows of a sweep; the target of a training "
    "not reached); 130 Ctrl-C, 143 terminated."
)
OPAMPS = {
    "characterize": Row("Measure an op-amp on the test bench by ngspice.", "opamp:characterize"),
    "fit": Row("Fit a macro model to what an op-amp does on the test bench.", "opamp:fit"),
    "list": Row("List the presets.", "opamp:list_opamps"),
}
DEVICES = {"calibrate": Row("Measure a cell by identical pulses, and fit its response.", "cells.device:calibrate")}
ABOVE = {
    "doctor": Row("Check ngspice, its version, KLU, data sets; exit 2 with the mend if a part lacks.", "doctor:doctor"),
    "inv": Row(INV.title, "solving:solving", INV.name),
    "mvm": Row(MVM.title, "solving:solving", MVM.name),
    "ginv": Row(GINV.title, "solving:solving", GINV.name),
    "cascade": Row(CASCADE.title, "solving:solving", CASCADE.name),
    "egv": Row(EGV.title, "solving:solving", EGV.name),
    "recover": Row(RECOVER.title, "solving:solving", RECOVER.name),
}
BELOW = {
    "macro": Row("Run a schedule of phases, one circuit after the other, on the same op-amps.", "macro:macro"),
    "solve": Row("Solve A x = b to a wanted number of bits by a planned circuit.", "planning.solve:solve"),
    "program": Row("Write a matrix into RRAM cells by pulses and reads.", "cells.program:program"),
    "cost": Row("Compute energy and time of solves: converters, settling, programming.", "cost:cost"),
    "compare": Row("Compare designs on the same matrices.", "compare.command:compare", any_words=True),
    "sweep": Row("Run many points over any options of a circuit or a training; one row a point.", "sweeps.sweep:sweep"),
    "replay": Row("Run a saved result or a row of a sweep again; exit code 3 if anything differs.", "replay:replay"),
    "merge": Row("Put the rows of several sweeps into one folder.", "sweeps.folders:merge"),
    "table": Row("Show the rows of a sweep.", "sweeps.table:table"),
    "plot": Row("Draw saved waveforms, a sweep, or the waveforms of a row of it.", "plot:plot"),
    "report": Row("Write a sweep as one HTML file that needs no network.", "sweeps.folders:report"),
}


def _of_table(table: Mapping[str, Row]) -> Any:
    """Return the class of a group with these commands."""
    return type("_Table", (TableGroup,), {"rows": lambda _: table})


class _Circuits(TableGroup):
    """Commands of `amc circuit`, one for each circuit."""

    place = "circuit:circuit"

    def rows(self) -> Mapping[str, Row]:
        """Rows by the names of the commands."""
        return {name: Row(circuit_row(name).title, self.place, name) for name in circuit_names()}


class _Decks(_Circuits):
    """Commands of `amc netlist`, one for each circuit."""

    place = "netlist:deck"


class _Sizes(_Circuits):
    """Commands of `amc size`, one for each circuit."""

    place = "sizing.size:sizing"

    def rows(self) -> Mapping[str, Row]:
        """Rows by the names of the commands."""
        return {
            name: replace(row, help=f"Find a parameter of {name} for a target.") for name, row in super().rows().items()
        }


class _Sensitivities(_Circuits):
    """Commands of `amc sensitivity`, one for each circuit without limiters."""

    place = "gradients.sensitivity:sensitivities"

    def rows(self) -> Mapping[str, Row]:
        """Rows by the names of the commands."""
        return {
            name: replace(row, help=f"Differentiate a metric of {name} with respect to its parts.")
            for name, row in super().rows().items()
            if not circuit_row(name).limited
        }


class _Optimizations(_Circuits):
    """Commands of `amc optimize`, one for each circuit that settles and has no limiters."""

    place = "gradients.optimize:optimizing"

    def rows(self) -> Mapping[str, Row]:
        """Rows by the names of the commands."""
        return {
            name: replace(row, help=f"Find the best parameters of {name} by gradients.")
            for name, row in super().rows().items()
            if not (circuit_row(name).grows or circuit_row(name).limited)
        }


class _Drawings(_Circuits):
    """Commands of `amc draw`, one for each circuit."""

    place = "circuit:drawing"


class _Stabilities(_Circuits):
    """Commands of `amc stability`, one for each circuit; without a name it is that of INV."""

    place = "stability:stability"

    def rows(self) -> Mapping[str, Row]:
        """Rows by the names of the commands."""
        return {
            name: replace(row, help=f"Compute poles and stability limits of {name}.")
            for name, row in super().rows().items()
        }

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments: those of INV unless the first one is a circuit or asks for help."""
        if not args or args[0] not in (*self.rows(), "-h", "--help"):
            args = [INV.name, *args]
        return super().parse_args(ctx, args)


GROUPS = {
    "circuit": (_Circuits, "Solve by a circuit of that name, ours or of an installed package."),
    "netlist": (
        _Decks,
        "Write a stand-alone deck: for plain ngspice -b, with its own settling times, or for another simulator.",
    ),
    "size": (_Sizes, "Find the value of a parameter that keeps a target, such as a GBWP for a settling time."),
    "sensitivity": (_Sensitivities, "Differentiate a metric with respect to all parts, and list the largest shares."),
    "optimize": (_Optimizations, "Find the parameters that make a metric smallest while others keep their limits."),
    "stability": (_Stabilities, "Compute poles and stability limits of a circuit; without a name, of INV."),
    "draw": (_Drawings, "Draw the block diagram of a circuit with its values."),
    "device": (_of_table(DEVICES), "Calibrate a cell by pulses."),
    "opamp": (_of_table(OPAMPS), "List, measure and fit op-amps."),
}


class _Commands(TableGroup):
    """All commands of `amc`; extensions are loaded for the help, and for a name that is not in the tables."""

    def rows(self) -> Mapping[str, Row]:
        """Rows by the names of the commands."""
        return ABOVE | {name: Row(text, "") for name, (_, text) in GROUPS.items()} | BELOW

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands, those of extensions last."""
        self._load_extensions()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Build the command or group of this name; None if there is none."""
        if cmd_name in GROUPS:
            group, text = GROUPS[cmd_name]
            return group(
                name=cmd_name, help=text, no_args_is_help=True, rich_markup_mode=None, context_settings=HELP_NAMES
            )
        if cmd_name not in self.rows():
            self._load_extensions()
        return super().get_command(ctx, cmd_name)

    def _load_extensions(self) -> None:
        from amc_circuits.cli.extensions import installed_extensions  # here, for the commands above need none

        for extension in () if self.commands else installed_extensions():
            for command in extension.commands:
                name = command.__name__.replace("_", "-")
                self.commands[name] = command_of(command, name)
            self.commands.update({name: _group_of(name, group) for name, group in extension.groups.items()})


def _group_of(name: str, group: CommandGroup) -> Any:
    """Build a group of an extension."""
    kind = _of_table({key: Row(text, place, package="") for key, (text, place) in group.commands.items()})
    return kind(name=name, help=group.help, no_args_is_help=True, rich_markup_mode=None, context_settings=HELP_NAMES)


app = typer.Typer(
    cls=_Commands,
    help="SPICE-level simulation of analog matrix computing with resistive memory.",
    epilog=f"{SUFFIXES} {EXIT_CODES}",
    no_args_is_help=True,
    context_settings=HELP_NAMES,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from netlists.version import package_version

        print(f"amc {package_version()}")
        raise typer.Exit


@app.callback()
def _without_command(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options without a command."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Small matrices are many times slower with several threads, and simulations run in parallel.
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
        if COMPLETION in os.environ:
            command.main(arguments, prog_name="amc")
        # command.main() is not used otherwise, since it handles Ctrl-C and errors by itself.
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


COMPLETION = "_AMC_COMPLETE"
"""Variable of the environment by which a shell requests completions."""


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
