"""The subcommand `amc analog-train`. Heavy imports wait until it runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from amc_circuits import Compared, Extension

Spec = Annotated[
    Path | None,
    typer.Argument(metavar="SPEC.toml", help="Settings; without it, those of the defaults.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Results: a new or empty folder, or one of this command.", show_default=False),
]
# Numbers stay text here: the specification reads them and reports errors.
Algorithm = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="digital, analog-sgd, tiki-taka-1, tiki-taka-2, mixed-precision or residual.",
        show_default=False,
    ),
]
Device = Annotated[str | None, typer.Option(metavar="NAME", help="Device preset.", show_default=False)]
States = Annotated[str | None, typer.Option(metavar="NUMBER", help="Conductance states.", show_default=False)]
Tiles = Annotated[str | None, typer.Option(metavar="INTEGER", help="Tiles of residual learning.", show_default=False)]
Gamma = Annotated[
    str | None, typer.Option(metavar="NUMBER", help="Weight of a tile over that above.", show_default=False)
]
Epochs = Annotated[str | None, typer.Option(metavar="INTEGER", help="Epochs.", show_default=False)]
Seed = Annotated[str | None, typer.Option(metavar="INTEGER", help="Seed of everything random.", show_default=False)]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the training in DIR.", show_default=False)]
Replace = Annotated[
    bool, typer.Option("--replace", help="Remove the training in DIR and start anew.", show_default=False)
]
Format = Annotated[str, typer.Option(metavar="NAME", help="Format: table or json.")]


def analog_train(
    spec: Spec = None,
    out: Out = None,
    algorithm: Algorithm = None,
    device: Device = None,
    states: States = None,
    tiles: Tiles = None,
    gamma: Gamma = None,
    epochs: Epochs = None,
    seed: Seed = None,
    *,
    resume: Resume = False,
    replace: Replace = False,
    format: Format = "table",
) -> None:
    """Train a network in memory: its weights are devices with few states, moved by pulses.

    Options override SPEC.toml. The folder gets summary.json, weights.npz, accuracy.png and state.npz. A training that
    was broken off continues with --resume, which needs no SPEC.toml.
    """
    from analog_training.command.train import Earlier, run

    changes = {
        "algorithm": algorithm,
        "device": device,
        "states": states,
        "tiles": tiles,
        "gamma": gamma,
        "epochs": epochs,
        "seed": seed,
    }
    run(spec, out, changes, Earlier(resume, replace), format)


def compare_trainings(folders: Sequence[Path]) -> Compared:
    """Compare folders of trainings."""
    from analog_training.command.comparison import compared

    return compared(folders)


extension = Extension(commands=(analog_train,), comparisons={"analog-train": compare_trainings})
