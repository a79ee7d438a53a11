"""Outputs that are an input of their command, or each other: refused before anything is written."""

import numpy as np
import pytest

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
    places |= {"link": tmp_path / "link.csv", "same": tmp_path / "same.csv", "new.npz": tmp_path / "new.npz"}
    places["link"].symlink_to(places["b"])
    places["same"].hardlink_to(places["A"])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    typed = [str(places.get(word, word)) for word in words]
    typed = [text.replace("--conductances=b", f"--conductances={places['b']}") for text in typed]
    amc(*typed).refused("too; name another file", *named)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
