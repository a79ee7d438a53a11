"""Op-amp files as people download them: what means nothing leaves no trace, what is left out is named."""

import re
import time
import warnings

import pytest

from netlists import ParameterError
from netlists.model_files.file import ModelFileWarning, read_model
from tests.command_line import HANDED_IN
from tests.netlists.model_files.plain_opamp import BODY, HEAD, PLAIN, VENDORS, read


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The op-amp without anything around it."""
    return read(tmp_path_factory.mktemp("plain"), PLAIN)[0]


BYTES = {
    "DOS end of file": PLAIN.encode() + b"\x1a",
    "DOS end of file in a line of its own, and padding": PLAIN.encode() + b"\n\x1a" + bytes(100),
    "two files, each with its end": b"* one\n\x1a\n" + PLAIN.encode() + b"\x1a\x1a\n",
    "micro sign, UTF-8": b"* 12 V/\xc2\xb5s\n" + PLAIN.encode(),
    "copyright sign, Latin-1": b"* \xa9 nobody\n" + PLAIN.encode(),
    "quotation marks, Windows": b"* \x93as is\x94 \x85\n" + PLAIN.encode(),
    "Japanese, Shift JIS": "* \u6f14\u7b97\u5897\u5e45\u5668\n".encode("shift_jis") + PLAIN.encode(),
    "comment behind an element": PLAIN.replace("100meg", "100meg ; 100 M\u03a9 \u00b1 5 %").encode(),
    "byte-order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16 with its mark": PLAIN.encode("utf-16"),
    "UTF-16 without": ("* \u00b5\n" + PLAIN).encode("utf-16-le"),
    "CR LF": PLAIN.replace("\n", "\r\n").encode(),
    "CR CR LF": PLAIN.replace("\n", "\r\r\n").encode(),
    "CR alone": PLAIN.replace("\n", "\r").encode(),
    "all three": PLAIN.replace("\n", "\r\n", 2).replace("\nC1", "\rC1").encode(),
    "control characters in a comment": b"* \x00\x07\x08\x1b[1m\x7f\x0b\n" + PLAIN.encode(),
    "page breaks": PLAIN.replace("R1", "\f\nR1").replace("C1", "\fC1").encode(),
    "hard blanks around and between words": PLAIN.replace("R1 x", "\xa0R1\xa0x\xa0").encode(),
    "a hard blank, Latin-1": PLAIN.replace("R1 x", "R1\xa0x").encode("latin-1"),
    "nothing at the end of the last line": PLAIN.encode()[:-1],
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_mean_nothing_are_skipped(tmp_path, plain, name):
    """Ends of lines and of files, marks, blanks, and letters of any encoding in comments: the same op-amp, no word."""
    assert read(tmp_path, BYTES[name]) == (plain, "")


LETTERS = {
    "micro in a value": (PLAIN.replace("15.9p", "15.9\u00b5"), "U\\+00B5"),
    "minus that is a dash": (PLAIN.replace("-200u", "\u2013200u"), "U\\+2013"),
    "look-alike letter": (PLAIN.replace("Rout", "R\u043eut"), "U\\+043E"),
    "bell in a name": (PLAIN.replace("Rq", "R\x07q"), "U\\+0007"),
    "quotation marks": (PLAIN.replace("Rq", "R\u201cq"), "U\\+201C"),
}


@pytest.mark.parametrize("name", LETTERS)
def test_outside_of_comments_all_is_ascii(tmp_path, name):
    """A letter that another program may read otherwise is refused by its number, at its line."""
    content, words = LETTERS[name]
    with pytest.raises(ParameterError, match=f"model.lib:[0-9]+ character {words}"):
        read(tmp_path, content)


ELSEWHERE = {
    "Laplace": ".subckt other a b\nE1 b 0 LAPLACE {V(a)}={1/(1+s)}\n.ends\n",
    "another name behind .ends": ".subckt foo103 a b\nR1 a b 1\n.ends foo104\n",
    "a code model": ".subckt compar a b\nA1 a 0 0 0 0 b 0 0 SCHMITT Vt=0.5\n.ends\n",
    "defined twice": ".subckt dup a b\nR1 a b 1\n.ends\n" * 2,
    "digital parts": ".subckt gate a b\nU1 buf(1) $G_DPWR $G_DGND a b D0 IO\n.model D0 ugate()\n.ends\n",
    "elements that are none": ".subckt broken a b\nR1\n.ends\n.subckt worse\nfoo bar (\n.ends\n",
    "an unknown function, a card of its own": ".subckt odd a\nB1 a 0 V=foo(v(a))\n.step x\n.if (1)\n.ends\n",
    "a model of a type of its own": ".model x vdmos(nchan)\n.model y ako:nothere d\n",
    "letters": ".subckt greek a\nR\u03a9 a 0 1k\n.ends\n",
    "lines too long": f".subckt long a\nR1 a 0 {'1' * 30_000}\n.ends\n",
    "a file that is not there, inside": ".subckt lost a\n.include nothere.lib\n.ends\n",
    "pins of one name": ".subckt pins a a 0\n.ends\n",
}


@pytest.mark.parametrize("where", ["before", "behind"])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_stands_elsewhere_does_not_matter(tmp_path, plain, name, where):
    """Another subcircuit of the library may hold what is not understood, before the wanted one or behind it."""
    other = ELSEWHERE[name]
    found, _ = read(tmp_path, other + PLAIN if where == "before" else PLAIN + other)
    assert found.text == plain.text


NAMED = {
    "a title": ("LM0 OPERATIONAL AMPLIFIER\n", "", r"text outside of all subcircuits \(line 1\)"),
    "a test circuit": ("", "V1 a 0 1\nX1 a b c d e amp\n.tran 1n 1u\n.end\n", "text outside .*and 1 more"),
    "a file that is not there": (".lib nom.lib\n", "", r"\.lib nom\.lib, which is not there \(line 1\)"),
    "an .ends before all": (".ends\n", "", r"\.ends \(line 1\)"),
    "a continuation of it": ("TITLE\n+ OF TWO LINES\n", "", r"text outside of all subcircuits \(line 1\)"),
}


@pytest.mark.parametrize("name", NAMED)
def test_lines_outside_are_left_out_and_named(tmp_path, plain, name):
    """Outside of all subcircuits a line that is not understood is left out; the warning has its number."""
    before, behind, words = NAMED[name]
    found, said = read(tmp_path, f"{before}{PLAIN}{behind}")
    assert found.text == plain.text and re.search(words, said), said


def test_a_subcircuit_without_an_end_swallows_no_other(tmp_path, plain):
    """The wanted one is found inside of one that is never closed; wanted itself, that one is refused."""
    text = f".subckt open a b c\nR1 a b 1\n{PLAIN}"
    assert read(tmp_path, text) == (plain, "")
    with pytest.raises(ParameterError, match=r"model.lib:1 .*no \.ends"):
        read(tmp_path, text, "open", ("inp", "inn", "out"))


def test_a_library_of_megabytes_is_read_within_seconds(tmp_path, plain):
    """Four megabytes of other subcircuits do not matter."""
    many = "".join(f".subckt s{k} a b\nR1 a b 1\n{'* x' * 40}\n.ends\n" for k in range(30_000))
    assert len(many) > 4e6
    started = time.process_time()
    assert read(tmp_path, many + PLAIN) == (plain, "")
    assert time.process_time() - started < 10


def test_models_and_functions_outside_are_used(tmp_path, plain):
    """Models and functions around a subcircuit are read, and refused at their own lines where they are broken."""
    body = BODY.replace("100meg", "{r(1)}").replace("15.9p", "{cap}")
    found, said = read(tmp_path, f".func r(x) {{x*100meg}}\n.param cap=15.9p\n{HEAD}{body}.ends\n")
    assert (found, said) == (plain, "")
    with pytest.raises(ParameterError, match=r"model.lib:1 .*accepted types"):
        read(tmp_path, f".model dx vdmos(nchan)\n{HEAD}{BODY}D1 vee vcc dx\n.ends\n")


@pytest.mark.parametrize("name", ["AMP/XY", "AMP$1", "LM741/NS", "A", "2N_AMP!%&", "amp|<b>[c]@~^"])
def test_subcircuits_may_have_any_name(tmp_path, plain, name):
    """Names are never written out: any printable sign may stand in one, whatever the case."""
    text = PLAIN.replace("subckt amp", f"subckt {name}")
    assert read(tmp_path, text, name.upper()) == read(tmp_path, text, name.lower()) == (plain, "")


NAMES = {
    "one letter": ("L y2 0 50p\nR y2 0 1\n", r"l\d+ n\d+ 0 5e-11\nr\d+ n\d+ 0 1.0"),
    "dollar": ("R9 $N_0001 0 1k\nR10 $N_0001 vee 1meg\n", r"r\d+ n\d+ 0 1000.0"),
    "slash and dot": ("R/9.1 net/a.b 0 1k\n", r"r\d+ n\d+ 0 1000.0"),
    "brackets": ("R[9] bus<3> 0 1k\nE9 q 0 bus<3> 0 2\n", r"r\d+ (n\d+) 0 1000.0\ne\d+ n\d+ 0 \1 0 2.0"),
    "in an expression": ("B9 q 0 V=v(a/b)+v($n_1,x!)*2\nR9 a/b 0 1\nR8 $n_1 x! 1\n", r"b\d+ n\d+ 0 v="),
    "plus and minus alone": ("R9 + - 1k\nB9 q 0 V=v(+,-)\n", r"r\d+ n\d+ n\d+ 1000.0"),
}


@pytest.mark.parametrize("name", NAMES)
def test_elements_and_nodes_may_have_any_name(tmp_path, name):
    """Elements and nodes, too, get numbers of ours."""
    more, pattern = NAMES[name]
    found, said = read(tmp_path, f"{HEAD}{BODY}{more}.ends\n")
    assert not said and re.search(pattern, found.text), found.text


def test_nodes_of_other_parts_are_no_nodes_here(tmp_path):
    """A node inside of an X element would be one that hangs in the air: it is refused."""
    text = f"{HEAD}{BODY}X1 x s\nB9 q 0 V=v(x1.y)\n.ends\n.subckt s a\nR1 a y 1\nR2 y 0 1\n.ends\n"
    with pytest.raises(ParameterError, match=r"x1\.y is a node inside of another part"):
        read(tmp_path, text)


HARMLESS = {
    "model behind the value": ("R7 vcc vee 1e6 RM\n.model RM RES(T_ABS=27)", "temp=27.0", ""),
    "noiseless by its model": ("R7 vcc vee 1e6 RN\n.model RN RES(T_ABS=-273.15)", "1000000.0 noisy=0.0", ""),
    "noiseless by a word": ("R7 vcc vee 1e6 noiseless", "1000000.0 noisy=0.0", ""),
    "noiseless where nothing makes noise": ("C7 vcc vee 1p noiseless", "1e-12", r"noiseless \(line 8\)"),
    "initial conditions": (".IC V(x)=0\n.NODESET V(x)=0", "", r"\.ic \(line 8\), \.nodeset \(line 9\)"),
    "what to show": (".SAVE v(x)\n.PROBE v(x)\n.PRINT DC v(x)", "", r"\.save .*\.probe .*\.print"),
    "options": (".OPTIONS gmin=1p", "", r"\.options \(line 8\)"),
    "names for a schematic": (".ALIASES\nX_U1 U1(A=a)\nR_R9 ?? ()\n.ENDALIASES", "", r"\.aliases \(line 8\)"),
    "texts": ('.TEXT t="a b"', "", r"\.text \(line 8\)"),
    "DC with =": ("I7 vcc vee DC=10u", "dc 1e-05", ""),
    "a load of LTspice": ("I7 vcc vee 10u load", "dc 1e-05", r"load \(line 8\)"),
    "AC without a number": ("V7 q 0 DC 1 AC", "dc 1.0 ac 1.0", ""),
    "a parameter of a model twice": ("D1 vee vcc DX\n.MODEL DX D(IS=1f RS=1 RS=2)", "is=1e-15 rs=2.0", "the first rs="),
    "a parameter twice": (".PARAM a=1 a=2\nR7 q 0 {a}", "0 2.0", "the first a="),
    "a model not closed": ("D1 vee vcc DX\n.MODEL DX D(IS=1f RS=1", "rs=1.0", "parenthesis without its other half"),
    "a model closed twice": ("D1 vee vcc DX\n.MODEL DX D(IS=1f RS=1))", "rs=1.0", "parenthesis without"),
    "a model without parentheses, without =": ("D1 vee vcc DX\n.MODEL DX D IS 1f RS=1", "is=1e-15 rs=1.0", ""),
    "a parameter that ngspice lacks": ("D1 vee vcc DX\n.MODEL DX D(IS=1f IBVL=1n)", "is=1e-15", r"ibvl= \(line 9\)"),
    "a maker": ("D1 vee vcc DX\n.MODEL DX D(IS=1f mfg=Some_Maker type=silicon)", "is=1e-15", "mfg=.*type="),
    "pi": (".PARAM PI=3.14\nR7 q 0 {2*pi}", "0 6.28", ""),
    "ends with a comment": (".ENDS* next part", "", "next after .ends of amp"),
    "ends with a word": (".ENDS of this", "", "of after .ends of amp"),
    "series and parallel parts of LTspice": ("L7 q 0 1m Rser=2 Cpar=3p Rpar=4k", "r[0-9]+ n[0-9]+ 0 2.0", ""),
    "zero in series": ("C7 q 0 1p Rser=0 Lser=0", "c[0-9]+ n[0-9]+ 0 1e-12", ""),
    "tolerance": ("R7 q 0 1k tol=1 pwr=0.1", "1000.0", "tol=.*pwr="),
    "temperature coefficients without =": ("R7 q 0 100 TC 1m 2u", "100.0 tc1=0.001 tc2=2e-06", ""),
    "a table not closed": ("G7 q 0 TABLE {V(x)} ((-1,-1)(0,0)(1,1))(2,1))", "pwl", "parenthesis without"),
    "a table of LTspice": ("G7 q 0 x 0 table=(-1 -1m, 1 1m)", "pwl", ""),
    "numbers": ("R7 q 0 1.5MOHM\nR8 q 0 1MEG\nR9 q 0 1Meg\nC7 q 0 5pF\nI7 q 0 1e-3A\nR6 q 0 1D+3", "0 0.0015", ""),
    "tabs and continuations": ("R7\tq\t0\n\n* comment\n+\t1k\n+\n+ tc=1m", "1000.0 tc1=0.001", ""),
    "brackets of a substrate": ("Q7 q x y [0] QX\n.model QX NPN(BF=100)", "q[0-9]+ (n[0-9]+ ){3}0 m[0-9]+", ""),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_words_are_understood_or_named(tmp_path, name):
    """Words of PSpice and LTspice beside the circuit are put into ngspice's, or left out and named by their lines."""
    more, pattern, words = HARMLESS[name]
    end = "" if more.startswith(".ENDS") else ".ends\n"
    found, said = read(tmp_path, f"{HEAD}{BODY}{more}\n{end}")
    assert re.search(pattern, found.text), found.text
    assert re.search(words, said) if words else not said, said


def test_the_project_has_the_like_of_every_shared_case():
    """The files that stand beside the project, where there are any, are read as the classes here say."""
    if not HANDED_IN.is_dir():
        pytest.skip("there are no such files here")
    for path in sorted(HANDED_IN.glob("k[1-9]*.lib")):
        name = {"k2a": "MYOP/XY", "k15": "DEAD"}.get(path.name[:3], "MYOP")
        extra = {"k5a": (*VENDORS, "nc", "nc"), "k5c": ("gnd", *VENDORS)}.get(path.name[:3], VENDORS)
        with warnings.catch_warnings(action="ignore", category=ModelFileWarning):
            assert read_model(path, name, extra).text.startswith(".subckt core"), path.name
