"""Commands on circuits by name: `amc circuit NAME` and `amc netlist NAME`, built when one is needed.

`amc inv` and `amc mvm` are the same commands under their own names.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from amc_circuits.cases.circuits import CircuitRow, circuit_names, circuit_row
from amc_circuits.cases.options import NOT_IN_DECKS, NOT_IN_POLES, typed_options
from amc_circuits.cli.parameters import (
    DeckFile,
    Format,
    Jobs,
    Matrix,
    PlotFile,
    SaveFile,
    VectorFile,
    vector_argument,
    with_options,
)

Poles = Annotated[bool, typer.Option("--poles", help="Print poles and limits; nothing is solved.")]


def solve_command(row: CircuitRow) -> Callable[..., None]:
    """Build the command that solves by a circuit."""

    def solve(
        matrix: Matrix = None, vector: Path | None = None, *, jobs: Jobs = "1",
        format: Format = "table", plot: PlotFile = None, save: SaveFile = None, output: VectorFile = None,
        **options: Any,
    ) -> None:  # fmt: skip
        from amc_circuits.cli.commands import solve

        solve.solve(row.name, options, (matrix, vector), jobs, format, plot, save, output)

    return _as(row, with_options(typed_options(row.name), solve, vector=vector_argument(row.takes)))


def circuit_command(row: CircuitRow) -> Callable[..., None]:
    """Build the command that solves by a circuit, or prints its poles and limits with `--poles`."""

    def circuit(
        matrix: Matrix = None, vector: Path | None = None, *, poles: Poles = False, jobs: Jobs = "1",
        format: Format = "table", plot: PlotFile = None, save: SaveFile = None, output: VectorFile = None,
        **options: Any,
    ) -> None:  # fmt: skip
        if not poles:
            from amc_circuits.cli.commands import solve

            solve.solve(row.name, options, (matrix, vector), jobs, format, plot, save, output)
            return
        from amc_circuits.cli.commands import stability

        given = {"jobs": None if jobs == "1" else jobs, "save": save, "output": output, row.takes: vector}
        stability.check_acting(given | {name: options[name] for name in NOT_IN_POLES if name in options})
        stability.stability(row.name, options, matrix, format, plot)

    return _as(row, with_options(typed_options(row.name), circuit, vector=vector_argument(row.takes)))


def deck_command(row: CircuitRow) -> Callable[..., None]:
    """Build the command that writes a deck of a circuit."""

    def deck(output: DeckFile, matrix: Matrix = None, vector: Path | None = None, **options: Any) -> None:
        from amc_circuits.cli.commands import solve

        solve.write_deck(row.name, options, (matrix, vector), output)

    made = with_options(typed_options(row.name, NOT_IN_DECKS), deck, vector=vector_argument(row.takes))
    made.__doc__ = f"Deck of the circuit {row.name.upper()}."
    return made


def _as(row: CircuitRow, made: Callable[..., None]) -> Callable[..., None]:
    made.__doc__, made.__name__ = row.title, row.name
    return made


class _Circuits(TyperGroup):
    """Command group with one command for each circuit."""

    def command_of(self, row: CircuitRow) -> Callable[..., None]:
        """Build the command of a circuit."""
        raise NotImplementedError

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all circuits."""
        return circuit_names()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Build the command of the circuit of this name; None if there is no such circuit."""
        if cmd_name not in circuit_names():
            return None
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(self.command_of(circuit_row(cmd_name)))
        return typer.main.get_command(single)


class SolveGroup(_Circuits):
    """Command group of `amc circuit`: commands that solve."""

    def command_of(self, row: CircuitRow) -> Callable[..., None]:
        """Build `amc circuit NAME`."""
        return circuit_command(row)


class DeckGroup(_Circuits):
    """Command group of `amc netlist`: commands that write decks."""

    def command_of(self, row: CircuitRow) -> Callable[..., None]:
        """Build `amc netlist NAME`."""
        return deck_command(row)


def add_circuits(app: typer.Typer) -> None:
    """Add these commands to an application."""
    for name in ("inv", "mvm"):
        app.command(name)(solve_command(circuit_row(name)))
    circuit = typer.Typer(
        cls=SolveGroup, help="Solve by a circuit of that name, ours or of an installed package.", no_args_is_help=True
    )
    netlist = typer.Typer(
        cls=DeckGroup,
        help="Write a stand-alone deck that plain ngspice -b runs and that prints its own settling times.",
        no_args_is_help=True,
    )
    for group in (circuit, netlist):
        group.callback()(lambda: None)
    app.add_typer(circuit, name="circuit")
    app.add_typer(netlist, name="netlist")
