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

PAGE = Path(__file__).with_name("options.md")
HEAD = """# Options

Every option of a circuit, with its unit and its default, as `amc inv --help-all` lists them.
Specifications of sweeps and trainings ([sweeps.md](sweeps.md), [training.md](training.md)) have them with `_`.
So have the keywords of `program()` in Python.
`python docs/write_options.py` writes this page from the parameter records.
"""


def page() -> str:
    """Return the text of the page."""
    own = {option.name: option for name in OURS for option in solver_options(name)}
    options = [*COMMON, *own.values(), JOBS, *panel("Cost", COST)]
    return "\n".join([HEAD, *(line for heading in HEADINGS for line in _table(heading, options))])


def _table(heading: str, options: list[Option]) -> Iterator[str]:
    rows = [option for option in options if option.panel == heading]
    if rows:
        yield from (f"## {heading}", "| option | unit | default | meaning |", "|---|---|---|---|")
        for option in rows:
            meaning = option.help.replace("|", r"\|")
            yield f"| `{option.flag}` | {option.unit} | {default_text(option)} | {meaning} |"
        yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
