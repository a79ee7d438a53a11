"""Op-amp model files that must be refused, each at its line; for the dangerous ones, that the danger is real."""

import os
import re
import string
import subprocess
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amc_circuits.engines import find_ngspice
from amc_circuits.engines.ngspice.rawfile import read_plots
from amc_circuits.engines.ngspice.runner import run_deck
from netlists import ParameterError
from netlists.model_files.file import ModelFileWarning, read_model
from tests.netlists.model_files import cases as files
from tests.netlists.model_files.cases import BODY, GOOD, HEAD, refused

DANGEROUS = (
    ".control", ".endc", "shell", "source", "codemodel", "osdi", "write", "file=", "filesource", "`", '"', "$", ";",
    "\\", "@", ".include", ".lib", ".exec", ".options", ".global",
)  # fmt: skip
CANONICAL = re.compile(
    r"\.subckt core( n\d+){5}|\.ends core|\.model m\d+ [a-z]+ [a-z0-9_.=+ -]*"
    r"|[rclkviefghdqjmswbt]\d+ [a-z0-9_.=+\-*/^()<>!&|?:, ]*"
)


# What is put before the third line of a good file, words of the answer, and how many lines further the error is.
THIRD_LINE = {
    "control": (".control\nshell touch hit\n.endc", "accepted cards"),
    "control in capitals": (".CoNtRoL\nshell touch hit\n.ENDC", "accepted cards"),
    "control after blanks and tabs": (" \t .control\nshell touch hit\n.endc", "accepted cards"),
    "control in two lines": (".con\n+trol\nshell touch hit", "accepted cards"),
    "control in two lines and a comment": (".con\n* nothing\n\n+ trol\nshell touch hit", "accepted cards"),
    "control behind a blank": (". control\nshell touch hit", "accepted cards"),
    "control with a tail": (".controlled\nshell touch hit", "accepted cards"),
    "exec": (".exec touch hit", "accepted cards"),
    "temp": (".temp 100", "accepted cards"),
    "global": (".global inp", "accepted cards"),
    "plot": (".plot v(out)", "accepted cards"),
    "meas": (".meas tran a max v(out)", "accepted cards"),
    "tran": (".tran 1n 1", "accepted cards"),
    "ac": (".ac dec 10 1 1k", "accepted cards"),
    "op": (".op", "accepted cards"),
    "end": (".end", "accepted cards"),
    "csparam": (".csparam a=1", "accepted cards"),
    "title": (".title other", "accepted cards"),
    "if": (".if (1)\nR9 inp 0 1\n.endif", "accepted cards"),
    "libsave": (".libsave other.lib typ", "accepted cards"),
    "incpslt": (".incpslt other.lib", "accepted cards"),
    "hdl": (".hdl x.va", "accepted cards"),
    "endl": (".endl", "accepted cards"),
    "dot alone": (".", "accepted cards"),
    "xspice device": ("A1 %v([out]) fs", "accepted elements"),
    "verilog-a device": ("N1 out 0 mod", "accepted elements"),
    "digital device": ("U1 dff vdd vss out model", "accepted elements"),
    "coupled line": ("P1 out 0 out 0 mod", "accepted elements"),
    "command": ("shell touch hit", "missing"),
    "command source": ("source other.sp", "missing"),
    "command write": ("write hit", "missing"),
    "command codemodel": ("codemodel evil.cm", "missing"),
    "end of input": ("@ nothing from here", "accepted elements"),
    "shell comment": ("# comment", "accepted elements"),
    "plain title": ("An op-amp by nobody", "accepted elements"),
    "filesource": ('.model fs filesource (file="secret" amploffset=[0])', "no name|accepted types"),
    "filesource without quotes": (".model fs filesource(file=secret)", "accepted types"),
    "process": (".model p d_process(process_file=sh)", "accepted types"),
    "cosimulation": (".model p d_cosim(simulation=evil)", "accepted types"),
    "cider": (".model dn numd(rootfile=hit)", "accepted types"),
    "model of unknown type": (".model x gold(a=1)", "accepted types"),
    "model after another": (".model x ako:dn d(is=1)", "no model dn"),
    "model with a string": ('.model dn d(is="1")', "cannot have"),
    "model with a flag": (".model dn vdmos(nchan)", "accepted types"),
    "semicolon in quotes": ("R3 inp 0 '1k ; .control'", "' is not closed"),
    "back-ticks": ("R3 inp 0 `touch hit`", "must be a number|there is no model|no name"),
    "back-ticks in braces": ("R3 inp 0 {`touch hit`}", "cannot have"),
    "dollar in braces": ("R3 inp 0 {$HOME}", "cannot have"),
    "backslash": ("R3 inp 0 1k \\\\", "not expected"),
    "backslash that hides a line": ("R3 inp 0 1k \\\\\n.control", "not expected"),
    "double quotes": ('R3 inp 0 "1k"', "no name"),
    "string in an option": ("D1 inp 0 dn ic.file=secret", "not expected"),
    "file of a source": ('V1 inp 0 pwl file="secret"', "must be a number"),
    "file option of a source": ("V1 inp 0 pwl(0 0 1 1) file=secret", "file is not accepted"),
    "noise source": ("V1 inp 0 trnoise(1 1n 0 0)", "not accepted"),
    "external source": ("V1 inp 0 external", "not accepted"),
    "port": ("V1 inp 0 dc 0 portnum 1", "not accepted"),
    "unknown option": ("R3 inp 0 1k noisy=0", "not accepted"),
    "behavioural resistor": ("R3 inp 0 {v(out)}", "must be a number"),
    "resistor by time": ("R3 inp 0 {time*1k}", "must be a number"),
    "laplace": ("E2 x 0 LAPLACE {v(inp)} = {1/(1+s)}", "laplace is not accepted"),
    "frequency table": ("E2 x 0 FREQ {v(inp)} = (1,0,0) (2,0,0)", "freq is not accepted"),
    "random": (".param a={agauss(1,1,1)}\nR3 inp 0 {a}", "no function agauss"),
    "unknown function": ("B1 x 0 V=system(v(inp))", "no function system"),
    "string in an expression": ('B1 x 0 V="touch hit"', "cannot have"),
    "statements in an expression": ("B1 x 0 V=v(inp) v(inn)", "expected the end"),
    "assignment in an expression": ("B1 x 0 V=(a=1)", r"expected \)"),
    "vector in an expression": ("B1 x 0 V=@r1[i]", "cannot have"),
    "node that is no name": ("B1 x 0 V=v({inp})", "no parameter inp"),
    "current of a resistor": ("B1 x 0 V=i(R1)", "there is no r1"),
    "open brace": ("R3 inp 0 {1+(2}", r"expected \)"),
    "closing brace": ("R3 inp 0 1}", "closes nothing"),
    "closing parenthesis": ("R3 inp) 0 1", "closes nothing"),
    "two expressions": ("R3 inp 0 {1}{2}", "not expected"),
    "unknown parameter": ("R3 inp 0 {rx}", "no parameter rx"),
    "parameter that is taken": (".param time=1", "no parameter can be called"),
    "parameter that needs itself": (".param a={b} b={a}\nR3 inp 0 {a}", "depends on itself"),
    "function that needs itself": (".func f(x) {f(x)+1}\nR3 inp 0 {f(1)}", "contain itself", 1),
    "function that doubles": (
        ".func f0(x) {x+x}\n" + "".join(f".func f{k}(x) {{f{k - 1}(x)+f{k - 1}(x)}}\n" for k in range(1, 40))
        + "R3 inp 0 {f39(1)}", "takes too long", 40),
    "function that doubles a voltage": (
        ".func f0(x) {x+x}\n" + "".join(f".func f{k}(x) {{f{k - 1}(f{k - 1}(x))}}\n" for k in range(1, 20))
        + "B1 x 0 V=f19(v(inp))", "grows beyond|takes too long", 20),
    "deep parentheses": ("R3 inp 0 {" + "(" * 5000 + "1" + ")" * 5000 + "}", "nested"),
    "deep conditions": ("R3 inp 0 {" + "1?1:" * 2000 + "1}", "nested"),
    "many signs": ("R3 inp 0 {" + "-" * 5000 + "1}", "signs"),
    "number out of range": ("R3 inp 0 1e999", "out of range"),
    "value out of range": ("R3 inp 0 {1e300*1e300}", "out of range"),
    "power out of range": ("R3 inp 0 {10^400}", "no value"),
    "division by zero": ("R3 inp 0 {1/0}", "no value"),
    "root of a negative number": ("R3 inp 0 {sqrt(-1)}", "no value"),
    "power of a negative number": ("R3 inp 0 {(-1)^0.5}", "no value"),
    "atto or ampere": ("I3 inp 0 1A", "atto"),
    "table that falls": ("E2 x 0 TABLE {v(inp)} = (1,0) (0,1)", "must rise"),
    "digits behind a unit": ("R3 inp 0 1k5", "must be a number|there is no model"),
    "long line": ("* x\nR3 inp 0 1k " + " " * 10 + "z" * 30_000, "characters at most", 1),
    "long continued line": ("V1 inp 0 pwl(" + "\n+ 0 0" * 8_000 + ")", "characters at most"),
    "too few nodes": ("R3 inp", "missing"),
    "value missing": ("C3 inp 0", "missing"),
    "element twice": ("R1 inp 0 1k", "twice", 1),
    "missing model": ("D1 inp 0 nothere", "no model nothere"),
    "model of another type": (".model nm nmos(level=1)\nD1 inp 0 nm", "of type nmos", 1),
    "level that is not accepted": (".model nm nmos(level=44)\nM1 out inp 0 0 nm", "accepted levels"),
    "missing subcircuit": ("X1 inp inn nothere", "no subcircuit nothere"),
    "subcircuit that contains itself": ("X1 inp inn out vdd vss amp", "contains itself"),
    "wrong number of pins": (".subckt two a b\nR1 a b 1\n.ends\nX1 inp two", "2 pins", 3),
    "unknown parameter of a subcircuit": (".subckt one a\nR1 a 0 1\n.ends\nX1 inp one k=2", "no parameter k", 3),
    "switch beyond all numbers": ("S3 a b inp inn sm\n.model sm vswitch(von=1e308 voff=-1e308)", "switch needs", 1),
    "three nodes of a source": ("B3 a,b c V=1", "c is not expected"),
    "argument that is taken": (".func f(time) {time}", "no argument can be called"),
    "source of many voltages": ("B3 a 0 V=" + "*".join(f"v(q{k})" for k in range(1500)), "too many voltages"),
    "name without an end": (f"D3 inp 0 {'d' * 15_000}", "no model ddd"),
    "magnetic core": ("L1 inp 0 1\nK1 L1 R1 0.5 core", "couples two inductors", 1),
    "poly of many variables": ("E2 x 0 POLY(1e9) inp 0 1", "POLY takes"),
    "poly of a fraction": ("E2 x 0 POLY(1.5) inp 0 1", "POLY takes"),
    "subcircuit without pins": (".subckt empty\n.ends", "needs pins"),
    "end of another subcircuit": (".ends other", "open here is amp"),
    "include of nothing": (".include", "name a file"),
    "include of an absolute path": (".include /etc/passwd", "name a file in the folder"),
    "include of the folder above": (".include ../other.lib", "name a file in the folder"),
    "include by way of a folder": (".include sub/../../other.lib", "name a file in the folder"),
    "include of the home": (".include ~/other.lib", "name a file in the folder"),
    "include of the environment": (".include $HOME/other.lib", "name a file in the folder|write .include"),
    "include of a pipe": ('.include "|touch hit"', "name a file in the folder"),
    "include of a hidden file": (".include .spiceinit", "name a file in the folder"),
    "include of itself": (".include model.lib", "includes itself"),
    "include of nothing there": (".include nothere.lib", "cannot be read"),
    "include of a folder": ('.inc "sub"', "no regular file|is a folder"),
    "lib without a section": (".lib other.lib", "write .include"),
    "lib without that section": (".lib other.lib fast", "no section fast"),
    "two files": (".include plain.lib ; x\n.include two files.lib extra words", "name a file", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", THIRD_LINE)
def test_line_is_refused_where_it_stands(tmp_path, name):
    """Each of these in an otherwise good file is refused, at the line where the offending one begins."""
    text, words, *further = THIRD_LINE[name]
    (tmp_path / "sub").mkdir()
    files.written(tmp_path, ".lib typ\n.param z=1\n.endl\n", "other.lib")
    files.written(tmp_path, "* nothing\n", "plain.lib")
    refused(tmp_path, f"{HEAD}{text}\n{BODY}.ends amp\n", 3 + sum(further), words)


def test_good_file_is_accepted(tmp_path):
    """The file that the attacks are put into is itself accepted."""
    assert read_model(files.written(tmp_path, GOOD), "amp", files.PINS).pins == files.PINS


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


@pytest.mark.parametrize("line", ["R inp 0 1k", "R3 inp $HOME 1k", "R3 inp $N_0001 1k", "R/x&%! <a|b> [c] 1k"])
def test_names_are_never_written_out(tmp_path, line):
    """A name may be a letter alone or hold any sign, for ngspice gets a number in its place."""
    model = read_model(files.written(tmp_path, f"{HEAD}{line}\n{BODY}.ends\n"), "amp", files.PINS)
    assert all(CANONICAL.fullmatch(each) for each in model.text.split("\n"))
    assert re.search(r"^r\d+ n\d+ (0|n\d+) 1000.0$", model.text, re.MULTILINE)


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


# Now that the danger is real: the same texts in a deck of their own, in an empty folder.


def unchecked(folder, text, *, system_start_up=False):
    """Runs a deck with this text in it as the engine would, without our check; returns what ngspice said."""
    work = folder / "work"
    work.mkdir()
    (work / "deck.cir").write_text(f"* deck\nV1 a 0 1\nR1 a 0 1\n{text}\n.op\n.end\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(work), "LC_ALL": "C"}
    if not system_start_up:
        environment["SPICE_SCRIPTS"] = str(work)
    command = [str(find_ngspice().path), "-n", "-b", "-r", "out.raw", "deck.cir"]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


SHELLS = {
    "control": ".control\nshell touch ../hit\n.endc",
    "capitals and blanks": " \t.CONTROL\n\tshell touch ../hit\n.ENDC",
    "in a subcircuit": ".subckt s a\nR1 a 0 1\n.control\nshell touch ../hit\n.endc\n.ends\nX1 a s",
    "back-ticks": ".control\necho `touch ../hit`\n.endc",
    "write": ".control\nop\nwrite ../hit\n.endc",
    "include of a folder above": ".include ../outside.lib",
    "section of a folder above": ".lib ../outside.lib typ",
    "include of an absolute path": ".include {tmp}/outside.lib",
    "include of the home": ".include ~/../outside.lib",
    "include of the environment": ".include $HOME/../outside.lib",
}


@pytest.mark.parametrize("name", SHELLS)
def test_unchecked_text_runs_commands(tmp_path, name):
    """Without the check these texts touch a file outside the folder where ngspice runs; with it they are refused."""
    touch = ".control\nshell touch ../hit\n.endc\n"
    (tmp_path / "outside.lib").write_text(touch if "section" not in name else f".lib typ\n{touch}.endl\n")
    text = SHELLS[name].replace("{tmp}", str(tmp_path))
    said = unchecked(tmp_path, text)
    if "environment" in name and "filename missing" in said:
        pytest.skip("this ngspice knows no environment variables in file names")
    assert (tmp_path / "hit").exists() or (tmp_path / "hit.raw").exists(), said
    with pytest.raises(ParameterError, match="opamp_file"):
        read_model(files.written(tmp_path, f"{text}\n{GOOD}"), "amp", files.PINS)


def code_models_missing(said):
    """True where this ngspice came without the library of code models, or its start-up file, that go with it."""
    return "spinit" in said or "no such parameter on this device" in said or "Unable to find definition" in said


def test_unchecked_filesource_reads_a_file(tmp_path):
    """XSPICE's filesource plays any file of numbers into the circuit, once the system's code models are there."""
    (tmp_path / "secret").write_text("0 42\n1 42\n")
    text = f'A1 %v([b]) fs\n.model fs filesource (file="{tmp_path}/secret"'
    text += " amploffset=[0] amplscale=[1] timeoffset=0 timescale=1)\nR2 b 0 1\n"
    said = unchecked(tmp_path, text, system_start_up=True)
    if code_models_missing(said):
        pytest.skip("this ngspice has no code models")
    assert read_plots(tmp_path / "work" / "out.raw")[0]["v(b)"][0] == pytest.approx(42), said


def test_unchecked_model_card_starts_a_program(tmp_path):
    """XSPICE's d_process starts the program that its `.model` names."""
    program = files.written(tmp_path, f"#!/bin/sh\ntouch {tmp_path}/hit\n", "program")
    program.chmod(0o700)
    text = f'.model p d_process(process_file="{program}" clk_delay=1n)\nA1 [d] c null [q] p\n'
    text += "A2 [a] [d] ad\nA3 [a] [c] ad\n.model ad adc_bridge(in_low=0.1 in_high=0.9)\n.tran 1n 10n"
    said = unchecked(tmp_path, text, system_start_up=True)
    if code_models_missing(said):
        pytest.skip("this ngspice has no such code model")
    assert (tmp_path / "hit").exists(), said


def test_unchecked_cards_change_other_parts_of_the_circuit(tmp_path):
    """`.global`, `.temp` and `.end` reach beyond the subcircuit in which they stand."""
    bench = "* b\n{}\nV1 vdd 0 1\nR1 vdd 0 1\nX1 a s\nRa a 0 1\n.save all\n.op\n"
    text = ".subckt s p\nR1 p vdd 1\n.ends"
    alone = run_deck(bench.format(text) + ".end\n")[0]
    joined = run_deck(bench.format(f"{text}\n.global vdd") + ".end\n")[0]
    assert alone["v(a)"][0] == pytest.approx(0, abs=1e-9) and joined["v(a)"][0] == pytest.approx(0.5)


@pytest.mark.parametrize("place", [".spiceinit", "home/.spiceinit", "home/.config/ngspice/.spiceinit", "spinit"])
def test_engine_reads_no_start_up_file(tmp_path, monkeypatch, place):
    """Start-up files in the folder one stands in, at home, in XDG's places and of the system are not read."""
    home = tmp_path / "home"
    files.written(home, "", "nothing")
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"* start\nshell touch {tmp_path}/hit\n")
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "SPICE_USERINIT_DIR"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    for name in ("SPICE_SCRIPTS", "SPICE_LIB_DIR", "NGSPICE_INPUT_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    plot = run_deck("* deck\nV1 a 0 1\nR1 a 0 1\n.op\n.end\n")[0]
    assert plot["v(a)"][0] == 1 and not (tmp_path / "hit").exists()
    if "config" not in place:
        # A plain start reads the same file, so that the check means something; ngspice knows nothing of XDG.
        (tmp_path / "deck.cir").write_text("* deck\nV1 a 0 1\nR1 a 0 1\n.op\n.end\n")
        command = [str(find_ngspice().path), "-b", "-r", "out.raw", "deck.cir"]
        subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
        assert (tmp_path / "hit").exists()


PIECES = st.one_of(
    st.sampled_from([
        ".control\n", "\n+", "\n*", ".include x\n", "shell touch hit\n", ".subckt a b\n", ".ends\n", ".model x d\n",
        ".param q={1}\n", "A1 ", "X9 ", "v(", "poly(2)", "table", "params:", " off ", "file=x", "value={v(1)}", "1e308",
        "{", "}", "(", ")", "'", "=", "`", "$ ", ";", "//", "\\\\\n", "\t", "@", '"', "\r", "\x0c", "\u00b5", ",", "-",
        "^", "?", ":",
    ]),
    st.text(string.printable, max_size=4),
)  # fmt: skip
GOOD_FILES = [GOOD, files.BOYLE.replace("BOYLE-1", "amp"), files.BEHAVIOURAL.replace("ABM_OPAMP", "amp")]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.sampled_from(GOOD_FILES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), max_size=3))
def test_changed_files_are_refused_or_hold_plain_elements_only(tmp_path, text, changes):
    """Whatever is put in or taken out: an error of ours, or text in which every line is an element or a model."""
    for part, taken, put in changes:
        place = int(part * len(text))
        text = text[:place] + put + text[place + taken :]
    path = tmp_path / "model.lib"
    path.write_bytes(text.encode("latin-1"))
    try:
        with warnings.catch_warnings(action="ignore", category=ModelFileWarning):
            model = read_model(path, "amp", files.PINS)
    except ParameterError as error:
        assert str(error).isprintable()
        return
    for line in model.text.split("\n"):
        assert CANONICAL.fullmatch(line), line
    assert not any(word in model.text for word in DANGEROUS)
    assert model.text.count(".subckt") == model.text.count(".ends") == 1
