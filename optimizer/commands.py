"""The subcommands `amc train`, `demo` and `step-cost`, data sets in `amc doctor`, and trainings in `amc compare`.

Heavy imports wait until a command runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from amc_circuits import Check, Compared, Extension

Out = Annotated[Path, typer.Option(metavar="DIR", help="Results: a new or empty folder, or one of this command.")]
Spec = Annotated[
    Path | None, typer.Argument(metavar="SPEC.toml", help="Specification of the training.", show_default=False)
]
Preset = Annotated[str | None, typer.Option(metavar="NAME", help="digits-demo or ocr-letters.", show_default=False)]
# Numbers stay text here: the specification reads them and reports errors.
Seed = Annotated[
    str | None, typer.Option(metavar="INTEGER", help="Seed of weights, order, samples.", show_default=False)
]
Solver = Annotated[str | None, typer.Option(metavar="NAME", help="cholesky or inv-circuit.", show_default=False)]
Engine = Annotated[
    str | None, typer.Option(metavar="NAME", help="Simulator: ngspice, exact or auto.", show_default=False)
]
OpAmp = Annotated[str | None, typer.Option(metavar="NAME", help="Op-amp preset.", show_default=False)]
Topology = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Circuit of a pair of arrays: paired or compensated.", show_default=False),
]
Epochs = Annotated[str | None, typer.Option(metavar="NUMBER", help="Largest number of epochs.", show_default=False)]
Jobs = Annotated[str | None, typer.Option(metavar="INTEGER", help="Simulations at the same time.", show_default=False)]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the training in DIR.", show_default=False)]
Replace = Annotated[
    bool, typer.Option("--replace", help="Remove the training in DIR and start anew.", show_default=False)
]


def train(
    out: Out,
    spec: Spec = None,
    preset: Preset = None,
    seed: Seed = None,
    solver: Solver = None,
    engine: Engine = None,
    opamp: OpAmp = None,
    topology: Topology = None,
    epochs: Epochs = None,
    jobs: Jobs = None,
    *,
    resume: Resume = False,
    replace: Replace = False,
) -> None:
    """Train a network; the inversions of its second-order optimizer run in circuits.

    Options override SPEC.toml or the preset. The folder gets summary.json, history.json, weights.npz, state.npz,
    convergence.png and, if circuits computed, waveform.png. A training that was broken off continues with --resume,
    which needs no SPEC.toml.
    """
    from optimizer.train_command import Earlier, run

    changes = {
        "seed": seed,
        "solver": solver,
        "engine": engine,
        "opamp": opamp,
        "topology": topology,
        "epochs": epochs,
        "jobs": jobs,
    }
    if code := run(out, spec, preset, changes, Earlier(resume, replace)):
        raise typer.Exit(code)


Seeds = Annotated[str, typer.Option(metavar="INTEGER", help="Trainings of each optimizer.")]


def demo(out: Out = Path("runs/demo"), epochs: Epochs = None, seeds: Seeds = "3", jobs: Jobs = None) -> None:
    """Train on handwritten digits by K-FAC in circuits, by two engines, beside momentum and Adam.

    It takes about a minute. The folder gets the files of `amc train` for the training in ngspice, and the comparison.
    """
    from optimizer.demo import run

    if code := run(out, epochs, seeds, jobs):
        raise typer.Exit(code)


Net = Annotated[
    Path | None, typer.Argument(metavar="NET.toml", help="Layers of a network, and assumptions.", show_default=False)
]
NetPreset = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="resnet-18-cifar, resnet-50-imagenet or vgg-16-cifar.", show_default=False),
]
Format = Annotated[str, typer.Option(metavar="NAME", help="Format: table or json.")]
Plot = Annotated[Path | None, typer.Option(metavar="FILE.png", help="Picture of the tornado.", show_default=False)]


def step_cost(net: Net = None, preset: NetPreset = None, format: Format = "table", plot: Plot = None) -> None:
    """Compare the inversions of K-FAC on a digital processor and on arrays.

    Settling time and energy come from simulated arrays, which take half a minute. Both sides invert the same matrices.
    Each assumption is a key of NET.toml, and varied alone.
    """
    from optimizer.step_cost.command import run

    run(net, preset, format, plot)


def dataset_checks() -> Iterator[Check]:
    """Yield one line for each data set."""
    from optimizer.datasets import where_found

    for name, place in where_found().items():
        mend = "the first training on it downloads it; or name a folder that holds it by AMC_DATA_DIR"
        yield Check(f"data set {name}", bool(place), place or "not here", "" if place else mend, required=False)


def compare_trainings(folders: Sequence[Path]) -> Compared:
    """Compare folders of trainings."""
    from optimizer.comparison import compared

    return compared(folders)


extension = Extension(
    commands=(train, demo, step_cost), checks=(dataset_checks,), comparisons={"train": compare_trainings}
)
