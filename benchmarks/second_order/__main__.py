"""How many epochs does K-FAC save against rivals that are tuned as well as it is, on a CNN and on an autoencoder?

Method: each study has a task, a batch size and targets, set before any run. Every method gets the same budget of
random search with tuning seeds: settings from its ranges and around the best of them, each for half of the largest
number of epochs; the best few in full; the winner with a cosine, too. Settings are ranked by misses, then by the
geometric mean of the epochs to all targets, then by their best score. A best setting at the edge of a range is
refused: the range is widened, up to three times, and a setting still at an edge gives no saving. The chosen setting
is trained with judge seeds. All targets are read from the same runs, on the same scoring grid for all methods. All
average their weights, and the average is scored; epochs of the weights themselves stand beside it. A miss counts as
all epochs that its run had, and such a mean is a lower bound, marked `>`. Savings are of means; the worst case of
both intervals is wider than an interval of paired seeds. Intervals are those of judge seeds: another search would
find another setting. The batch that is tuned is the one at which the search of the method ranked best, of those that
were run.

Bias: an autoencoder favours second order, and is another task than that of arXiv 2512.05342. One net and one data set a
task. Ranges were chosen after a look at earlier runs of all methods. An epoch of K-FAC takes longer: see the processor
time. Inverses are by Cholesky; no circuit takes part. EK-FAC and SOAP need eigenvectors, which INV does not give: they
are digital rivals, of this benchmark only.

`--quick` uses the digits and a small budget. Trainings are rows of a sweep, in the folder `--store`: a broken run
continues, `amc table` shows them, and `--scheduler` runs them on a cluster whose workers have this repository and the
store's folder `packages` in their PYTHONPATH. `--report` prints what is there, of both searches that were run, and runs
nothing; `--also STORE` counts the trainings of other stores, and may be repeated.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.machine import machine_line
from benchmarks.second_order.methods import METHODS, Method
from benchmarks.second_order.outcomes import Judged
from benchmarks.second_order.report import (
    Result,
    Results,
    costs_table,
    demands,
    epochs_table,
    lower_table,
    own_batches,
    savings_table,
    setting_line,
)
from benchmarks.second_order.search import SMALL, Budget, Search, Train
from benchmarks.second_order.studies import QUICK, STUDIES, Study
from benchmarks.second_order.sweeps import NotRunError, Trainer, announce_rivals, executor_of


def result_of(study: Study, method: Method, budget: Budget, train: Train) -> Result | None:
    """Search and judge one method; None if its trainings are not there and may not be run."""
    began = time.perf_counter()
    try:
        found = Search(study, method, budget, train).run()
        points = [study.options(found.setting, study.epochs, seed) for seed in range(budget.seeds)]
        judged = train(points)
    except NotRunError:
        return None
    result = Result(study, method.label, found, Judged.of(study, judged, points[0]["epochs"]))
    if time.perf_counter() - began > 1:
        last = result.judged.targets[-1].words
        print(f"{study.name} {setting_line(result)}: {last} ({time.perf_counter() - began:.0f} s)", file=sys.stderr)
    return result


def print_study(console: Console, study: Study, methods: str, budget: Budget, train: Train) -> Results:
    """Run a study, and print its settings and tables."""
    wanted = [one for one in METHODS[study.task] if not methods or one.label in methods.split(";")]
    found = {method.label: result_of(study, method, budget, train) for method in wanted}
    results = {label: one for label, one in found.items() if one is not None}
    if results:
        for result in results.values():
            console.print(setting_line(result), highlight=False)
        for table in (epochs_table, savings_table, costs_table):
            console.print(table(study.title, study, results))
    if missing := [label for label in found if label not in results]:
        console.print(f"{study.title}: not run: {', '.join(missing)}", highlight=False)
    return results


def print_summary(console: Console, all_results: Mapping[str, Results], demanded: bool) -> None:
    """Print the tables of the batch that each method chose, and the demands."""
    own = dict(own_batches(all_results))
    for name, results in own.items():
        batches = ", ".join(f"{label} {one.study.batch}" for label, one in results.items())
        console.print(f"\n{name}: {batches}", highlight=False)
        study = next(iter(results.values())).study
        console.print(epochs_table(name, study, results), savings_table(name, study, results))
    if demanded:
        for row in demands({**all_results, **own}):
            console.print(str(row), highlight=False)


def main(
    studies: Annotated[str, typer.Option(help="Studies, separated by commas")] = ",".join(STUDIES),
    methods: Annotated[str, typer.Option(help="Methods by their labels, separated by semicolons; all by default")] = "",
    settings: Annotated[int, typer.Option(min=1, help="Settings drawn from the ranges, a method")] = 12,
    nearby: Annotated[int, typer.Option(min=0, help="Settings drawn around the best one, a method")] = 8,
    short: Annotated[int, typer.Option(min=1, help="Part of the largest number of epochs that each gets, 1 in N")] = 2,
    at_once: Annotated[int, typer.Option(min=1, help="Settings of a round; more suit more jobs")] = 2,
    finalists: Annotated[int, typer.Option(min=1, help="Best settings that are trained in full")] = 3,
    tuning: Annotated[int, typer.Option(min=1, help="Seeds of the search")] = 2,
    seeds: Annotated[int, typer.Option(min=2, help="Judge seeds")] = 10,
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at the same time")] = 1,
    scheduler: Annotated[str | None, typer.Option(help="Dask scheduler that runs the trainings")] = None,
    store: Annotated[Path, typer.Option(help="Folder of the sweep")] = Path("runs/second_order"),
    also: Annotated[list[Path] | None, typer.Option(help="Folder of another store whose trainings count too")] = None,
    report: Annotated[bool, typer.Option("--report", help="Print what the stores have, both searches")] = False,
    small: Annotated[bool, typer.Option("--small", help="The small search, by its rules")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Digits and a small budget: minutes")] = False,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Epochs to targets of six methods with equal budgets: momentum, Adam, K-FAC twice, EK-FAC, SOAP."""
    name, given = "quick" if quick else "rows", Budget(settings, nearby, short, at_once, finalists, tuning, seeds)
    _check(methods, small and quick)
    others = [_store(folder / name) for folder in also or ()]
    budget = Budget(4, 2, 2, 2, 2, 2, 3) if quick else SMALL if small else given
    chosen = list(QUICK.values()) if quick else [_named(name, STUDIES) for name in studies.split(",")]
    announce_rivals(store / "packages")
    console = Console(record=True, width=200)
    console.print(machine_line(), highlight=False)
    with nullcontext() if report else executor_of(jobs, scheduler) as executor:
        train = Trainer(store / name, executor, others)
        console.print(train.words, highlight=False)
        both = report and not (small or quick)
        searches = [print_search(console, chosen, methods, one, train) for one in (budget, *[SMALL] * both)]
    for study in chosen if both else ():
        if (lower := lower_table(study.title, study, [one[study.name] for one in searches])).row_count:
            console.print(lower)
    if out is not None:
        console.save_text(str(out))


def print_search(
    console: Console, studies: Sequence[Study], methods: str, budget: Budget, train: Trainer
) -> dict[str, Results]:
    """Run the search of a budget, and print its tables."""
    console.print(f"\n{budget.words}\n", highlight=False)
    found = {study.name: print_study(console, study, methods, budget, train) for study in studies}
    print_summary(console, found, studies[0].name in STUDIES)
    return found


def _named(name: str, known: dict[str, Study]) -> Study:
    if name not in known:
        sys.exit(f"no study {name}; there are {', '.join(known)}")
    return known[name]


def _store(folder: Path) -> Path:
    if not folder.is_dir():
        sys.exit(f"--also: there is no store {folder.parent}: it has no folder {folder.name}")
    return folder


def _check(methods: str, twice: bool) -> None:
    """Refuse methods that are not known, and two searches at once."""
    if twice:
        sys.exit("--small and --quick: each has a search of its own; leave one out")
    known = list(dict.fromkeys(method.label for some in METHODS.values() for method in some))
    if unknown := [label for label in methods.split(";") if methods and label not in known]:
        sys.exit(f"no method {unknown[0]}; there are {'; '.join(known)}")


if __name__ == "__main__":
    typer.run(main)
