"""Commands on the parts of a circuit: `amc program`, `amc opamp` and `amc cost`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits.cases.options import COST, OF_ANSWERS, typed_options
from amc_circuits.cli.opamp_options import BENCH, FILE
from amc_circuits.cli.parameters import Format, Jobs, Matrix, RightHandSide, with_options
from amc_circuits.cli.write_verify_options import PROGRAM

opamp = typer.Typer(help="Op-amps: what there is, what they do on a test bench, the macro model that fits one.")

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="A preset: amc opamp list.", show_default=False)]
Picture = Annotated[Path | None, typer.Option("--plot", metavar="FILE.png", help="Picture of it.", show_default=False)]


def program(
    matrix: Annotated[Path, typer.Argument(metavar="A", help="File of the matrix.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.npz", help="Conductances.", show_default=False)
    ],
    *,
    format: Format = "table",
    plot: Picture = None,
    **options: Any,
) -> None:
    """Write a matrix into RRAM cells by pulses, each checked by a read; for amc inv --conductances."""
    from amc_circuits.cli.commands import program

    program.program(options, matrix, output, format, plot)


def characterize(name: Name = None, *, format: Format = "table", plot: Picture = None, **options: Any) -> None:
    """Gain, bandwidth, phase margin, slew rate, swing, currents of an op-amp, measured by ngspice."""
    from amc_circuits.cli.commands import opamp

    opamp.characterize(name, options, format, plot)


def fit(name: Name = None, *, format: Format = "table", **options: Any) -> None:
    """The macro model that does what an op-amp does on the test bench."""
    from amc_circuits.cli.commands import opamp

    opamp.fit(name, options, format)


def list_opamps(format: Format = "table") -> None:
    """The presets."""
    from amc_circuits.cli.commands import opamp

    opamp.list_opamps(format)


def cost(
    matrix: Matrix = None, vector: RightHandSide = None, *, jobs: Jobs = "1", format: Format = "table", **options: Any
) -> None:
    """Energy and time of solves: converters, settling, and a part of the programming."""
    from amc_circuits.cli.commands import cost

    cost.cost(options, (matrix, vector), jobs, format)


def add_parts(app: typer.Typer) -> None:
    """Add these commands to an application."""
    app.add_typer(opamp, name="opamp", no_args_is_help=True)
    app.command("program")(with_options(PROGRAM, program))
    app.command("cost")(with_options(typed_options("inv", OF_ANSWERS) + COST, cost))
    opamp.command("characterize")(with_options(BENCH + FILE, characterize))
    opamp.command("fit")(with_options(BENCH + FILE, fit))
    opamp.command("list")(list_opamps)
