"""Write docs/options.md, the tables of all options, from the fields of the parameter records.

Type `python docs/write_options.py` after a change of an option; a test compares the page with the records.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from amc_circuits.cases.circuits import OURS
from amc_circuits.cases.option import Option
from amc_circuits.cases.options import COMMON, COST, JOBS, panel, solver_options
from amc_circuits.cli.lazy import HEADINGS
from amc_circuits.cli.parameters import default_text
from amc_circuits.values.quantities import format_quantity
from analog_training.devices.record import PulsedDevice
from analog_training.training.specification import spec_options
from optimizer.step_cost.assumptions import assumptions

PAGE = Path(__file__).with_name("options.md")
HEAD = """# Options

Every option of a circuit, with its unit and its default, as `amc inv --help-all` lists them.
Specifications of sweeps and trainings ([sweeps.md](sweeps.md), [training.md](training.md)) have them with `_`.
So have the keywords of `program()` in Python.
`python docs/write_options.py` writes this page from the parameter records.
"""


def page() -> str:
    """Return the text of the page."""
    own = {(option.name, option.help): option for name in OURS for option in solver_options(name)}
    options = [*COMMON, *own.values(), JOBS, *panel("Cost", COST)]
    return "\n".join(
        [HEAD, *(line for heading in HEADINGS for line in _table(heading, options)), *_assumptions(), *_analog()]
    )


def _table(heading: str, options: list[Option]) -> Iterator[str]:
    rows = [option for option in options if option.panel == heading]
    if rows:
        yield from (f"## {heading}", "| option | unit | default | meaning |", "|---|---|---|---|")
        for option in rows:
            meaning = option.help.replace("|", r"\|")
            yield f"| `{option.flag}` | {option.unit} | {default_text(option)} | {meaning} |"
        yield ""


def _assumptions() -> Iterator[str]:
    """Yield the table of the assumptions of `amc step-cost`."""
    yield from ("## Assumptions of amc step-cost", "Keys of NET.toml ([step_cost.md](step_cost.md)), in SI units.", "")
    yield from ("| key | default | range of the tornado | meaning |", "|---|---|---|---|")
    for section, name, field in assumptions():
        unit, span = field.json_schema_extra["unit"], field.json_schema_extra["span"]
        ends = " to ".join(format_quantity(end, unit) for end in span or ())
        default = format_quantity(field.default, unit) if isinstance(field.default, float) else field.default
        yield f"| `{section}.{name}` | {'' if default is None else default} | {ends} | {field.description} |"
    yield ""


def _analog() -> Iterator[str]:
    """Yield the table of the settings of `amc analog-train`."""
    yield "## Settings of amc analog-train"
    yield from ("Keys of SPEC.toml and of sweeps ([analog_training.md](analog_training.md)); weights have no unit.", "")
    yield from ("| key | unit | default | meaning |", "|---|---|---|---|")
    for option in spec_options():
        unit = option.unit if option.kind == "quantity" else ""
        default = "preset's" if option.name in PulsedDevice.model_fields else default_text(option)
        yield f"| `{option.name}` | {unit} | {default} | {option.help} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
