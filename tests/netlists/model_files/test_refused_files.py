"""Model files that are refused as a whole, and meaningless lines that are left out: bytes, includes, links, devices."""

import os
import re
import warnings
from pathlib import Path

import pytest

from netlists import ParameterError
from netlists.model_files.file import read_model
from tests.netlists.model_files import cases as files
from tests.netlists.model_files.cases import BODY, GOOD, HEAD, refused

WHOLE_FILES = {
    "look-alike letter": (GOOD.replace("R2", "\u0420\u0032").encode(), 5, "plain ASCII"),
    "letter of Latin-1": (GOOD.replace("R2", "R\xb5").encode("latin-1"), 5, "U\\+00B5 ?;.*plain ASCII"),
    "nul": (GOOD.replace("R2", "R2\0").encode(), 5, "U\\+0000"),
    "escape sequence": (GOOD.replace("R2", "R2\x1b[2J").encode(), 5, "U\\+001B"),
    "comment that a carriage return ends": (GOOD.encode() + b"*\a\r.control\n", 8, "accepted cards"),
    "comment that a carriage return ends, inside": (
        GOOD.replace("R2", "* a\r.control\nR2").encode(), 6, "accepted cards"
    ),
    "control behind a form feed": (GOOD.encode() + b"\f.control\n", 7, "accepted cards"),
    "control behind a byte order mark": (b"\xef\xbb\xbf.control\n" + GOOD.encode(), 1, "accepted cards"),
    "control in UTF-16": (f".control\n{GOOD}".encode("utf-16"), 1, "accepted cards"),
    "control behind the subcircuit": (f"{GOOD}.control\nshell touch hit\n.endc\n", 7, "accepted cards"),
    "control before it": (f".control\nshell touch hit\n.endc\n{GOOD}", 1, "accepted cards"),
    "continuation at the start": (f"+ .control\n{GOOD}", 1, "no line that this one could continue"),
    "no end": (GOOD.replace(".ends amp", ""), 2, "has no .ends"),
    "end too many": (f"{GOOD}.ends\n", 7, "no subcircuit that this could end"),
    "two subcircuits of one name": (f"{GOOD}{GOOD}", 8, "twice"),
    "pin twice": (GOOD.replace("inp inn out", "inp inp out"), 2, "pins"),
    "ground as a pin": (GOOD.replace("inp inn out", "inp 0 out"), 2, "pins"),
    "four pins": (GOOD.replace("vdd vss\nR", "vdd\nR"), 2, "has 4"),
    "deep definitions": ("".join(f".subckt s{k} a\n" for k in range(50)), 9, "deep at most"),
    "circle of two": (f"{HEAD}X1 inp b\n{BODY}.ends\n.subckt b p\nX2 p c\n.ends\n.subckt c p\nX3 p b\n.ends\n", 12,
                      "contains itself"),
    "ten to the tenth elements": (
        "".join(f".subckt s{k} a\n" + "".join(f"X{j} a s{k + 1}\n" for j in range(10)) + ".ends\n"
                for k in range(10)) + f".subckt s10 a\nR1 a 0 1\n.ends\n{HEAD}X1 inp s0\n.ends\n", r"\d+",
        "elements at most",
    ),
    "ten to the tenth empty subcircuits": (
        "".join(f".subckt s{k} a\n" + "".join(f"X{j} a s{k + 1}\n" for j in range(10)) + ".ends\n" for k in range(10))
        + f".subckt s10 a\n.ends\n{HEAD}X1 inp s0\n.ends\n", r"\d+", "elements at most",
    ),
    "chain of parameters": (
        "".join(f".param p{k}={{p{k + 1}+1}}\n" for k in range(3000)) + f".param p3000=1\n{HEAD}R9 a 0 {{p0}}\n.ends\n",
        r"\d+", "too deep",
    ),
    "too many bytes": (b"*" * 79 + b"\n" + (b"*" * 99 + b"\n") * 200_000, 1, "bytes at most"),
    "voltage outside of all subcircuits": (
        f".func f(x) {{x*v(inp)}}\n{HEAD}B3 a 0 V=f(2)\n{BODY}.ends\n", 4, "hand it over",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_file_is_refused_where_it_goes_wrong(tmp_path, name):
    """Each of these files is refused at its line, within the limits of time and room that there are."""
    text, line, words = WHOLE_FILES[name]
    path = files.written(tmp_path, "")
    path.write_bytes(text if isinstance(text, bytes) else text.encode("ascii"))
    with pytest.raises(ParameterError) as caught:
        read_model(path, "amp", files.PINS)
    message = str(caught.value)
    assert caught.value.parameter == "opamp_file" and message.isprintable(), message
    assert re.search(f"/model.lib:{line}[ ;].*({words})", message), message


# What means nothing: the file, what is said about it, and that ngspice gets the same text as without it.
MEANINGLESS = {
    "byte order mark": (b"\xef\xbb\xbf" + GOOD.encode(), ""),
    "utf-16": (GOOD.encode("utf-16"), ""),
    "utf-16 without a mark": (GOOD.encode("utf-16-le"), ""),
    "latin-1 in a comment": (GOOD.encode() + b"* 10 \xb5A\n", ""),
    "line separator in a comment": (GOOD.replace("R2", "* \u2028.control\nR2").encode(), ""),
    "nul in a comment": (GOOD.encode() + b"*\0\n", ""),
    "form feed in a comment": (GOOD.encode() + b"*\f.control\n", ""),
    "vertical tab in a comment": (GOOD.encode() + b"*\v.control\n", ""),
    "escape sequence in a comment": (GOOD.encode() + b"* \x1b[2J\n", ""),
    "carriage returns alone": (GOOD.replace("\n", "\r").encode(), ""),
    "command script": (f"*ng_script\nshell touch hit\n{GOOD}".encode(), r"text outside of all subcircuits \(line 2\)"),
    "element before the subcircuit": (f"R9 a 0 1\n{GOOD}".encode(), r"text outside of all subcircuits \(line 1\)"),
    "analyses outside": (f"{GOOD}.tran 1n 1\n.print tran v(out) > hit\n.end\n".encode(), r"outside .*\(lines 7, 8\)"),
    "options": (f"{HEAD}.options reltol=1\n{BODY}.ends\n".encode(), r"\.options \(line 3\)"),
    "option": (f"{HEAD}.option rshunt=1\n{BODY}.ends\n".encode(), r"\.option \(line 3\)"),
    "nodeset": (f"{HEAD}.nodeset v(out)=1\n{BODY}.ends\n".encode(), r"\.nodeset \(line 3\)"),
    "ic": (f"{HEAD}.ic v(out)=1\n{BODY}.ends\n".encode(), r"\.ic \(line 3\)"),
    "save": (f"{HEAD}.save all\n{BODY}.ends\n".encode(), r"\.save \(line 3\)"),
    "print": (f"{HEAD}.print tran v(out) > hit\n{BODY}.ends\n".encode(), r"\.print \(line 3\)"),
    "probe": (f"{HEAD}.probe alli\n{BODY}.ends\n".encode(), r"\.probe \(line 3\)"),
    "parameter twice": (f"{HEAD}.param a=1 a=2\n{BODY}.ends\n".encode(), r"the first a= \(line 3\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANINGLESS)
def test_what_means_nothing_is_left_out_and_named(tmp_path, name):
    """Bytes, lines outside and cards that say nothing of the circuit leave no trace in what ngspice gets."""
    plain = read_model(files.written(tmp_path, GOOD), "amp", files.PINS)
    content, said = MEANINGLESS[name]
    path = tmp_path / "model.lib"
    path.write_bytes(content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert read_model(path, "amp", files.PINS) == plain
    assert len(caught) == bool(said)
    assert not said or re.search(f"model.lib: left out: .*{said}", str(caught[0].message)), caught[0].message


def test_error_in_an_included_file_names_that_file(tmp_path):
    """The line is counted in the file where it stands."""
    files.written(tmp_path, "* one\n* two\n.control\n", "parts/inner.lib")
    refused(tmp_path, f"{HEAD}.include parts/inner.lib\n{BODY}.ends\n", 3, "accepted cards", name="parts/inner.lib")


def test_includes_in_a_circle_or_too_deep_are_refused(tmp_path):
    """Two files that include each other, and ten in a row."""
    files.written(tmp_path, "* one\n.include model.lib\n", "other.lib")
    refused(tmp_path, f".include other.lib\n{GOOD}", 2, "includes itself", name="other.lib")
    for k in range(10):
        files.written(tmp_path, f".include f{k + 1}.lib\n", f"f{k}.lib")
    refused(tmp_path, f".include f0.lib\n{GOOD}", 1, "deep at most", name="f7.lib")


def test_links_out_of_the_folder_are_refused(tmp_path):
    """By a link to a file, a link to a folder, and where the model file is such a link itself."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    files.written(outside, GOOD, "secret.lib")
    inside.mkdir()
    (inside / "link.lib").symlink_to(outside / "secret.lib")
    (inside / "folder").symlink_to(outside)
    (inside / "loop.lib").symlink_to(inside / "loop.lib")
    for name in ("link.lib", "folder/secret.lib", "loop.lib"):
        refused(inside, f".include {name}\n{GOOD}", 1, "link out of its folder|cannot be read")
    with pytest.raises(ParameterError, match="link out of its folder"):
        read_model(inside / "link.lib", "amp", files.PINS)


@pytest.mark.parametrize("name", ["folder", "fifo", "device", "nothing", "empty", "socket-like name\n"])
def test_what_is_no_file_is_refused_at_once(tmp_path, name):
    """A folder, a FIFO that nobody writes, an endless device, a missing and an empty file."""
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name == "fifo":
        os.mkfifo(path)
    elif name == "device":
        path = Path("/dev/zero")
    elif name == "empty":
        path.touch()
    with pytest.raises(ParameterError, match="opamp_"):
        read_model(path, "amp", files.PINS)


def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    """Its permissions are respected; root may read everything, so there the file is a good one."""
    path = files.written(tmp_path, GOOD)
    path.chmod(0)
    if os.access(path, os.R_OK):
        assert read_model(path, "amp", files.PINS).subcircuit == "core"
    else:
        with pytest.raises(ParameterError, match="cannot be read"):
            read_model(path, "amp", files.PINS)
