"""Tables of a study, and the demands that are held against it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table

from benchmarks.residual.rows import Row
from benchmarks.second_order.methods import ADAM, MOMENTUM, QUADRATIC, RATE
from benchmarks.second_order.outcomes import Judged, saved, saving
from benchmarks.second_order.search import Found
from benchmarks.second_order.studies import AUTOENCODER, CNN, Study

PREPRINT = 0.61
"""Saving against Adam that arXiv 2512.05342 states; against SGD with momentum it states 26 %."""


@dataclass(frozen=True)
class Result:
    """A method in a study: what the search found, and its trainings with the judge seeds."""

    study: Study
    label: str
    found: Found
    judged: Judged


Results = Mapping[str, Result]


def epochs_table(title: str, study: Study, results: Results) -> Table:
    """Epochs to every target, one row a method."""
    grid = _grid(f"{title}: epochs to the target, mean with 95 % interval, median, missed", "method")
    for target in study.targets:
        _columns(grid, study.words(target), "median", "missed")
    for label, one in results.items():
        cells = [
            (epochs.words, f"{epochs.median:.2f}", f"{epochs.missed} of {len(epochs.each)}")
            for epochs in one.judged.targets
        ]
        grid.add_row(label, *(word for each in cells for word in each))
    return grid


def savings_table(title: str, study: Study, results: Results) -> Table:
    """Epochs that each K-FAC saves against every other method."""
    grid = _grid(f"{title}: epochs saved (in parentheses: at the worst case of both intervals)", "pair")
    _columns(grid, *map(study.words, study.targets))
    for kfac in (RATE, QUADRATIC):
        for label, rival in results.items():
            if kfac in results and label != kfac:
                bad = results[kfac].found.edges or rival.found.edges
                pairs = zip(results[kfac].judged.targets, rival.judged.targets, strict=True)
                grid.add_row(f"{kfac} against {label}", *("edge" if bad else saving(*pair) for pair in pairs))
    return grid


def lower_table(title: str, study: Study, searches: Sequence[Results]) -> Table:
    """Savings by several searches: the lower one of each pair and target is the result."""
    grid = _grid(f"{title}: epochs saved by the lower of {len(searches)} searches", "pair")
    _columns(grid, *map(study.words, study.targets))
    for kfac in (RATE, QUADRATIC):
        for label in dict.fromkeys(label for results in searches for label in results if label != kfac):
            each = [(results[kfac], results[label]) for results in searches if {kfac, label} <= results.keys()]
            if len(each) == len(searches) and not any(one.found.edges for pair in each for one in pair):
                places = range(len(study.targets))
                grid.add_row(f"{kfac} against {label}", *(_lower(each, place) for place in places))
    return grid


def _lower(each: Sequence[tuple[Result, Result]], place: int) -> str:
    pairs = [(ours.judged.targets[place], other.judged.targets[place]) for ours, other in each]
    lowest = min(pairs, key=lambda pair: saved(*pair))
    reached = not any(ours.missed for ours, _ in pairs)
    return f"{'> ' * bool(lowest[1].missed)}{saved(*lowest):.0%}" if reached else "not reached"


def costs_table(title: str, study: Study, results: Results) -> Table:
    """Steps, processor time, inversions and conditions of the judged trainings."""
    grid = _grid(f"{title}: cost of a run up to its end (the last target, or a miss), means", "method")
    headings = (
        "steps",
        "CPU",
        "inversions",
        "condition, median",
        "largest",
        "eigenvectors",
        "raw arrives (runs), ends",
    )
    _columns(grid, *headings, "settings")
    for label, one in results.items():
        judged = one.judged
        conditions = judged.median("median_condition"), judged.largest("largest_condition")
        grid.add_row(
            label,
            f"{judged.mean('steps'):.0f}",
            f"{judged.mean('processor_time_s'):.1f} s",
            f"{judged.mean('inversions'):.0f}",
            *("" if math.isnan(value) else f"{value:.0f}" for value in conditions),
            _eigenvectors(one),
            judged.raw,
            str(one.found.tried),
        )
    return grid


def setting_line(result: Result) -> str:
    """Chosen setting in words."""
    hidden = ("name", "step_size", "first_interval")
    given = {name: value for name, value in result.found.setting.items() if name not in hidden}
    words = ", ".join(
        f"{name} {value:.3g}" if value.__class__ is float else f"{name} {value}" for name, value in given.items()
    )
    edges = f"; AT THE EDGE of {', '.join(result.found.edges)}: no result, widen it"
    return f"{result.label}: {words}{edges * bool(result.found.edges)}"


def demands(all_results: Mapping[str, Results]) -> Iterator[Row | str]:
    """Savings that were hoped for, as rows; where one does not hold, the lower figure is the result."""
    for target in (0.86, 0.87, 0.88):
        for rival, low in ((ADAM, 0.30), (MOMENTUM, 0.40)):
            yield _demand(all_results, f"{CNN}-256", RATE, rival, target, low)
    for name, low in ((f"{AUTOENCODER}-512", 0.70), (f"{AUTOENCODER}-128", 0.55), (f"{AUTOENCODER}, own batch", 0.55)):
        yield _demand(all_results, name, QUADRATIC, ADAM, 20.0, low)
    for target in (0.84, 0.86, 0.87, 0.88):
        yield _demand(all_results, f"{CNN}-256", RATE, ADAM, target, PREPRINT)
    for target in (0.84, 0.86, 0.87, 0.88):
        yield _demand(all_results, f"{CNN}, own batch", RATE, ADAM, target, PREPRINT)


def _demand(
    all_results: Mapping[str, Results], name: str, kfac: str, rival: str, target: float, low: float
) -> Row | str:
    results = all_results.get(name, {})
    if kfac not in results or rival not in results:
        return f"  {name}: {kfac} against {rival} at {target:g}, at least {low:g}: not run"
    ours, other = results[kfac], results[rival]
    place = ours.study.targets.index(target)
    words = f"{name}: epochs that {kfac} saves against {rival} at {ours.study.words(target)}"
    if ours.found.edges or other.found.edges:
        return f"  {words}: at the edge of a range, no result"
    pair = ours.judged.targets[place], other.judged.targets[place]
    if pair[0].missed:
        return f"  {words}: not reached by {pair[0].missed} of {len(pair[0].each)} seeds, no result"
    words += ", a lower bound" * bool(pair[1].missed)
    return Row(words, saved(*pair), low, required=False)


def own_batches(all_results: Mapping[str, Results]) -> Iterator[tuple[str, Results]]:
    """Each method at the batch at which its search ranked best, of those that were run; judge seeds play no part."""
    for task in (CNN, AUTOENCODER):
        studies = [
            results for results in all_results.values() if results and next(iter(results.values())).study.task == task
        ]
        labels = dict.fromkeys(label for results in studies for label in results)
        each = {label: [results[label] for results in studies if label in results] for label in labels}
        most = max(map(len, each.values()), default=0)
        if most > 1:
            full = {label: found for label, found in each.items() if len(found) == most}
            yield (
                f"{task}, own batch",
                {label: min(found, key=lambda one: one.found.rank) for label, found in full.items()},
            )


def _eigenvectors(result: Result) -> str:
    """Number of matrices of which a rival computed eigenvectors, in the mean: two a layer at each renewal."""
    name, steps = result.found.setting["name"], result.judged.mean("steps")
    if name not in ("ek-fac", "soap") or math.isnan(steps):
        return ""
    renewals, step, interval = 0, 0, 5 if name == "ek-fac" else 10
    while step < steps:
        renewals, step = renewals + 1, step + interval
        interval = min(2 * interval, 20) if name == "ek-fac" else interval
    early = 3 if name == "soap" else 0
    return str(2 * result.study.layers * (renewals + early))


def _grid(title: str, first: str) -> Table:
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    grid.add_column(first, no_wrap=True)
    return grid


def _columns(grid: Table, *headings: str) -> None:
    for heading in headings:
        grid.add_column(heading, justify="right", no_wrap=True)
