"""`amc compare`: sorts of designs, their comparison, and its outputs."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits.cases.option import Option, output_format, parse_table
from amc_circuits.cases.options import ENGINE, JOBS, PROBLEM, SEED, panel
from amc_circuits.cli.commands.case import PICTURES
from amc_circuits.cli.commands.compare.designs import CIRCUITS, SWEEP, common_sort, designs_of
from amc_circuits.cli.commands.compare.table import heading_of, notes_of, table_of, unusable_of
from amc_circuits.cli.commands.waiting import counting, waiting
from amc_circuits.cli.extensions import Compared, installed_extensions
from amc_circuits.cli.messages import NO_RESULT, as_typed, finish, one_line_warnings, print_written
from amc_circuits.cli.parameters import OUTPUT, Format, Jobs, with_options
from amc_circuits.files.run_folder import check_output_file, replacing, writing
from amc_circuits.studies.comparison import Comparison
from netlists import ParameterError

SEEDS = panel("Statistics", (Option("seeds", "integer", "Number of seeds, from seed on", 5, minimum=1),))
OF_RUNS = (*PROBLEM, *panel("Statistics", (SEED,)), *SEEDS, *(one for one in ENGINE if one.name == "engine"))
"""Options of a comparison that runs circuits; the engine is for designs that name none."""
MOST_SEEDS = 100_000
"""Most seeds: days of small circuits."""
WRITTEN = (".json", ".csv")
Designs = Annotated[
    list[str],
    typer.Argument(
        metavar="DESIGN...",
        help="Two or more: quoted options ('ginv --gbwp 1G'), FILE.toml, FILE.npz of --save, or DIR of sweep or train.",
        show_default=False,
    ),
]
PlotFile = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE.png", help="Picture: png, svg or pdf.", show_default=False,
                 rich_help_panel=OUTPUT),
]  # fmt: skip
TableFile = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="The comparison: .json or .csv.", show_default=False,
                 rich_help_panel=OUTPUT),
]  # fmt: skip


@with_options(OF_RUNS)
def compare(
    designs: Designs, *, jobs: Jobs = "1", format: Format = "table", plot: PlotFile = None, output: TableFile = None,
    **options: Any,
) -> None:  # fmt: skip
    """Compare designs on the same matrices."""
    output_format("table", "json").parse(format)
    for name, file, suffixes in (("plot", plot, PICTURES), ("output", output, WRITTEN)):
        if file is not None:
            check_output_file(name, file, suffixes)
    with one_line_warnings():
        compared, notes = _compared(designs, options, JOBS.parse(jobs))
        if plot is not None and compared.rows:
            with writing("plot", plot):
                compared.plot(plot)
        if output is not None:
            _write(compared, output)
    _print(compared, format)
    print_written(format, plot if compared.rows else None, output)
    for note in notes:
        print(f"amc: note: {as_typed(' '.join(note.split()))}", file=sys.stderr)
    if compared.unusable:
        print(f"amc: {as_typed(' '.join('; '.join(compared.unusable).split()))}", file=sys.stderr)
        finish(NO_RESULT)


def _compared(texts: list[str], options: dict[str, Any], jobs: int) -> tuple[Compared, list[str]]:
    """Compare designs, and collect the notes for the reader."""
    if len(texts) < 2:
        raise ParameterError("DESIGN", f"{texts[0]!r} alone", "give two designs or more")
    sort = common_sort(texts)
    if sort == CIRCUITS:
        found = _run(texts, options, jobs)
        return _of_circuits(found), notes_of(found)
    given = {name: value for name, value in options.items() if value not in (None, False)}
    for name, value in (given | ({"jobs": jobs} if jobs > 1 else {})).items():
        raise ParameterError(name, value, "has no effect on runs that are done; leave it out")
    folders = [Path(text) for text in texts]
    if sort == SWEEP:
        from amc_circuits.sweep.run.compared import compare_sweeps  # here, for other designs need no database

        with waiting("rows"):
            found = compare_sweeps(folders)
        return _of_circuits(found), notes_of(found)
    for extension in installed_extensions():
        if sort in extension.comparisons:
            return extension.comparisons[sort](folders), []
    raise ParameterError("DESIGN", texts[0], f"runs of amc {sort} cannot be compared")


def _run(texts: list[str], options: dict[str, Any], jobs: int) -> Comparison:
    """Run all designs on the same systems."""
    from amc_circuits.studies.compare import compare
    from amc_circuits.sweep.plan.designs import common_problem

    parsed = parse_table("amc compare", OF_RUNS, options)
    first, count = parsed["seed"], parsed["seeds"]
    stated = designs_of(texts)
    common = common_problem({option.name: options[option.name] for option in PROBLEM}, stated)
    if count > MOST_SEEDS:
        raise ParameterError("seeds", count, f"must be at most {MOST_SEEDS}")
    with counting("seeds", count) as advance:
        return compare(
            [one.design for one in stated],
            common,
            range(first, first + count),
            engine=options["engine"],
            jobs=jobs,
            on_seeds=advance,
        )


def _of_circuits(found: Comparison) -> Compared:
    return Compared(found.record, heading_of(found), table_of(found), found.rows, found.plot, unusable_of(found))


def _print(compared: Compared, form: str) -> None:
    from amc_circuits.results.tables import print_table

    if form == "json":
        print(json.dumps(compared.record, indent=2, allow_nan=False))
    else:
        print(*compared.heading, sep="\n")
        print_table(compared.table)


def _write(compared: Compared, path: Path) -> None:
    """Write the comparison as JSON, or as CSV with one line for each design and metric."""
    if path.suffix.lower() == ".json":
        text = json.dumps(compared.record, indent=2, allow_nan=False) + "\n"
    else:
        lines = io.StringIO()
        writer = csv.DictWriter(lines, list(compared.rows[0]) if compared.rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(compared.rows)
        text = lines.getvalue()
    with writing("output", path), replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
