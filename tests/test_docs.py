"""Examples in README and docs run and print what they say."""

import re
from pathlib import Path

import pytest
import typer

from amc_circuits.cli.app import app
from amc_circuits.cli.lazy import TableGroup
from tests.doc_blocks import assert_prints, blocks, end_started, run, run_session

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)]
SESSIONS = [
    DOCS / "first_steps.md",
    DOCS / "commands.md",
    DOCS / "matrices.md",
    DOCS / "sweeps.md",
    DOCS / "schema.md",
]
"""Pages whose examples are run in order, shell and Python, in one folder, as those of `docs/howto` in `test_howto.py`.
Of the others the Python ones run alone."""


@pytest.fixture(autouse=True)
def _nothing_is_left_running():
    yield
    end_started()


def name(page):
    """Name of a page, for people."""
    return str(page.relative_to(ROOT))


def python_examples():
    """Every Python example of the other pages with, where one follows, the output it announces."""
    for page in PAGES:
        session = page in SESSIONS or page.parent.name == "howto"
        examples = [] if session else [one for one in blocks(page) if one.runs and one.language == "python"]
        for number, block in enumerate(examples):
            yield pytest.param(block, id=f"{name(page)}-{number}")


@pytest.mark.parametrize("block", list(python_examples()))
def test_examples_run_and_print_what_they_say(block):
    """Each Python block runs by itself; an output stated below it is what it prints."""
    printed = run(block, ROOT)
    if block.output is not None:
        assert_prints(printed, block.output)


@pytest.mark.parametrize("page", SESSIONS, ids=name)
def test_sessions_run_and_print_what_they_say(page, tmp_path):
    """All that a page tells to type works, in a new folder with the files that it tells to write."""
    run_session(page, tmp_path)


def test_the_page_of_options_is_that_of_the_records(monkeypatch):
    """Names, units, defaults and meanings stand at the fields of the records alone."""
    monkeypatch.syspath_prepend(DOCS)
    import write_options

    assert write_options.PAGE.read_text(encoding="utf-8") == write_options.page()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    """Relative links and pictures exist."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def commands(command, name="amc"):
    """All commands below one, as they are typed."""
    if not isinstance(command, TableGroup):
        yield name
        return
    for key in command.list_commands(None):
        yield from commands(command.get_command(None, key), f"{name} {key}")


EVERY_COMMAND = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_every_command_has_an_example(command):
    """Every command in `amc --help` and the help of its groups is in a running example of the page of commands."""
    examples = [block for block in blocks(DOCS / "commands.md") if block.runs or block.by]
    assert re.search(rf"^{command}\b", "\n".join(block.text for block in examples if block.language == "sh"), re.M)
    assert all(list(ROOT.glob(f"tests/**/{block.by}.py")) for block in examples if block.by)


def test_commands_of_groups_are_found():
    """The walk over the commands enters groups and extensions."""
    assert {"amc inv", "amc opamp fit", "amc draw mvm", "amc train"} <= set(EVERY_COMMAND)
