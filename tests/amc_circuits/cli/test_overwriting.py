"""Outputs that are an input of their command, or each other: refused before anything is written."""

import numpy as np
import pytest
import typer

from amc_circuits.cli.app import app
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.command_line import SMALL

CASES = {
    "inv -o A": (("inv", "A", "b", "-o", "A"), "--output"),
    "inv -o b through a link": (("inv", "A", "b", "-o", "link"), "--output"),
    "mvm -o A under another name": (("mvm", "A", "-o", "same"), "--output"),
    "trials --save conductances": (
        ("inv", "A", "--monte-carlo", "2", "--conductances", "C", "--save", "C"), "--save", "--conductances"),
    "inv -o and --save": (("inv", *SMALL, "--save", "new.npz", "-o", "new.npz"), "--output", "--save"),
    "ginv -o A": (("circuit", "ginv", "A", "-o", "A"), "--output"),
    "netlist -o A": (("netlist", "inv", "A", "b", "-o", "A"), "--output"),
    "netlist -o of an op-amp": (
        ("netlist", "inv", *SMALL[:2], "--opamp-file", "model", "--opamp-subckt", "X", "-o", "model"),
        "--output", "--opamp-file"),
    "program -o A": (("program", "C", "-o", "C"), "--output"),
    "draw -o A": (("draw", "inv", "picture", "-o", "picture"), "--output"),
    "stability --plot A": (("stability", "picture", "--plot", "picture"), "--plot"),
    "size --plot A": (
        ("size", "inv", "picture", "--free", "gbwp", "--target", "settling_time < 1u", "--plot", "picture"), "--plot"),
    "opamp --plot model": (
        ("opamp", "characterize", "--opamp-file", "picture", "--opamp-subckt", "X", "--plot", "picture"), "--plot"),
    "plot -o of its points": (("plot", "C", "--overlay", "picture", "-o", "picture"), "--output", "--overlay"),
    "compare -o of a file in a design": (
        ("compare", "inv --size 2", "inv --size 3 --conductances=b", "-o", "b"), "--output"),
    "compare -o of a file in a TOML design": (("compare", "toml", "inv --size 3", "-o", "b"), "--output"),
    "table -o of its rows": (("table", "sweep", "-o", "rows"), "--output"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "named"), [(words, named) for words, *named in CASES.values()], ids=CASES)
def test_an_output_never_overwrites_another_file_of_its_command(amc, tmp_path, words, named):
    """The refusal is one line that names the options, and all inputs keep their content."""
    names = {"A": "A.csv", "b": "b.csv", "C": "C.npz", "model": "model.lib", "picture": "p.png"}
    places = {word: tmp_path / name for word, name in names.items()}
    np.savetxt(places["A"], np.eye(2), delimiter=",")
    np.savetxt(places["b"], np.ones(2))
    np.savez(places["C"], positive=np.eye(2))
    places["model"].write_text("* a model\n")
    places["picture"].write_text("1,0\n0,1\n")
    places |= {
        "toml": tmp_path / "design.toml",
        "sweep": tmp_path / "sweep",
        "rows": tmp_path / "sweep" / "results.sqlite",
    }
    places["toml"].write_text(f"circuit = 'inv'\nsize = 3\nconductances = '{places['b']}'\n")
    stored(places["sweep"], [made(0, {"circuit": "inv", "size": 2, "status": "SETTLED"}, size=2)])
    places |= {"link": tmp_path / "link.csv", "same": tmp_path / "same.csv", "new.npz": tmp_path / "new.npz"}
    places["link"].symlink_to(places["b"])
    places["same"].hardlink_to(places["A"])
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    typed = [str(places.get(word, word)) for word in words]
    typed = [text.replace("--conductances=b", f"--conductances={places['b']}") for text in typed]
    amc(*typed).refused("too; name another file", *named)
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def commands_of(group, words=()):
    """Words of every command of a group, and its Typer command."""
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from commands_of(command, (*words, name))
        else:
            yield (*words, name), command


def is_file(option):
    """True for an option that names a file."""
    return option.param_type_name == "option" and str(option.metavar).startswith("FILE")


def written(command):
    """Options that name a file to write."""
    return [one for one in command.params if is_file(one) and one.name in ("output", "plot", "save")]


WRITERS = [one for one in commands_of(typer.main.get_command(app)) if written(one[1])]


@pytest.mark.parametrize(("words", "command"), WRITERS, ids=[" ".join(words) for words, _ in WRITERS])
def test_every_output_of_every_command_is_held_against_every_input(amc, tmp_path, words, command):
    """For each command of the table, each option that writes a file, and each argument and option that reads one."""
    file = tmp_path / "file.png"
    file.write_text("content")
    outputs = written(command)
    required = [(one.opts[-1], "x") for one in command.params if one.param_type_name == "option" and one.required]
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if is_file(one) and not one.hidden]
    assert options and (arguments or len(options) > 1)
    for output in outputs:
        more = [word for name, text in required if name != output.opts[-1] for word in (name, text)]
        typed = [*words, *more, output.opts[-1], file]
        for number in range(len(arguments)):
            amc(*typed, *["x"] * number, file).refused("is an input of this command, too", output.opts[-1])
        for option in options:
            if option is not output:
                filled = ["x" for one in arguments if one.required]
                amc(*typed, *filled, option.opts[-1], file).refused("too; name another file", option.opts[-1])
    assert file.read_text() == "content"


def test_the_walk_meets_the_commands_that_write():
    """Commands of circuits, of op-amps, and of sweeps are among them."""
    names = {words[0] for words, _ in WRITERS}
    assert {"inv", "mvm", "circuit", "netlist", "size", "draw", "opamp", "stability", "program"} <= names
    assert {"compare", "table", "plot", "report"} <= names


def test_a_picture_in_the_folder_of_a_sweep_can_be_drawn_again(amc, tmp_path):
    """No command reads it."""
    rows = [made(k, {"circuit": "inv", "size": 2 + k, "status": "SETTLED", "settling_time_s": 1e-7}, size=2 + k)
            for k in range(2)]  # fmt: skip
    folder = stored(tmp_path / "sweep", rows)
    for _ in range(2):
        assert amc("plot", folder, "-o", folder / "picture.png").code == 0
