"""Commands as rows of a table: the module of a command is imported only when the command runs or prints its help."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from amc_circuits.cli.unknown import leading_to_options, unknown_command

COMMANDS = "amc_circuits.cli.commands"
HELP_NAMES = {"help_option_names": ["-h", "--help"]}
typed: set[str] = set()
"""Names of the options of the command that runs."""
WHOLE_HELP = "amc.whole_help"
"""Key in the context of a command: True if the help lists every option."""


@dataclass(frozen=True)
class Row:
    """A command of the table.

    Attributes:
        help: Description in one line.
        place: `module:name` in the package, of a function with Typer's annotations. For a command of a circuit, it is
            a function of the circuit's name that returns such a function.
        circuit: Name of the circuit; empty for other commands.
        any_words: True if arguments of the command may begin like options.
        package: Package of the module; empty for a module that is named in full.
    """

    help: str
    place: str
    circuit: str = ""
    any_words: bool = False
    package: str = COMMANDS

    def load(self, name: str) -> Any:
        """Import the function and build the command of this name."""
        module, _, attribute = self.place.partition(":")
        function = getattr(import_module(f"{self.package}.{module}".lstrip(".")), attribute)
        return command_of(function(self.circuit) if self.circuit else function, name, self.help, self.any_words)


def command_of(function: Callable[..., None], name: str, text: str | None = None, any_words: bool = False) -> Any:
    """Build the command of a function with Typer's annotations; its docstring is the help unless a text is given."""
    single = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=HELP_NAMES)
    settings = HELP_NAMES | {"ignore_unknown_options": any_words}
    single.command(name, cls=PanelCommand, help=text, context_settings=settings)(function)
    return typer.main.get_command(single)


class PanelCommand(TyperCommand):
    """Command whose help has its options under headings; at first it lists the most used ones."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; the error about an unknown option names the one that may be meant."""
        with leading_to_options(
            tuple(args), self.params, f"{ctx.command_path} --help lists the options", str(ctx.info_name)
        ):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command unless it would overwrite its input; messages spell its options as they are typed."""
        typed.clear()
        typed.update(str(parameter.name) for parameter in self.params if parameter.param_type_name == "option")
        from amc_circuits.cli.overwriting import check_overwriting  # help needs no errors

        check_overwriting(self, ctx.params)
        if not gc.isenabled():  # the end of the imports, of which nothing becomes free
            gc.freeze()
            gc.enable()
        return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, each under its heading."""
        sections: dict[str, list[tuple[str, str]]] = {}
        hidden = 0
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            heading = getattr(parameter, "rich_help_panel", None)
            if record is None:
                continue
            if parameter.param_type_name == "argument":
                sections.setdefault("Arguments", []).append(record)
            elif heading is None or ctx.meta.get(WHOLE_HELP):
                sections.setdefault(heading or "Options", []).append(record)
            elif parameter.name in MOST_USED:
                sections.setdefault("Options, the most used", []).append(record)
            else:
                hidden += 1
        if hidden:
            sections.setdefault("Options", []).append(("--help-all", f"All options by subject, {hidden} more."))
        for heading in sorted(sections, key=lambda one: HEADINGS.index(one) if one in HEADINGS else 0):
            with formatter.section(heading):
                formatter.write_dl(sections[heading])


HEADINGS = ("Arguments", "Target", "Plan", "Matrix", "Op-amp", "Cells", "Wires", "Circuit", "Drive", "Engine",
            "Converters", "Statistics", "Cost", "Output", "Options, the most used", "Options")  # fmt: skip
"""Headings in their order."""
MOST_USED = {
    *("size", "seed", "seeds", "opamp", "gbwp", "engine", "device", "wire_resistance"),
    *("plot", "save", "format"),
    *("target", "free", "between"),
}
"""Options that the short help lists, if a command has panels of options."""


class TableGroup(TyperGroup):
    """Group of commands from a table."""

    def rows(self) -> Mapping[str, Row]:
        """Rows of the table, by the names of the commands."""
        raise NotImplementedError

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands, those of the table first."""
        return [*self.rows(), *self.commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Build the command of this name; None if there is no such command."""
        row = self.rows().get(cmd_name)
        return super().get_command(ctx, cmd_name) if row is None else row.load(cmd_name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options before the command."""
        with leading_to_options(tuple(args), self.params, "options follow a command, as in amc inv --size 4"):
            return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and its arguments; the error about an unknown name names the one that may be meant."""
        if not args or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        command = self.get_command(ctx, args[0])
        if command is None:
            ctx.fail(unknown_command(args[0], self.list_commands(ctx), ctx.command_path))
        return args[0], command, args[1:]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table into the help, without an import of any command."""
        width = formatter.width - 6 - max(map(len, self.list_commands(ctx)), default=0)
        others = {name: command.get_short_help_str(width) for name, command in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in self.rows().items()] + [*others.items()])
