"""Specifications of sweeps: what they mean, and which are refused."""

import itertools
import json
import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amc_circuits.cases.option import Option
from amc_circuits.cases.options import parse_options
from amc_circuits.cli.messages import message
from amc_circuits.files.toml_file import LARGEST_FILE
from amc_circuits.sweep.plan.spec import read_sweep, sweep_from
from netlists import ParameterError
from tests.command_line import ROOT

FAST = 'circuit = "inv"\n[fixed]\nopamp = "single-pole"\n'
ALL_FORMS = """# Everything.
circuit = "inv"
[fixed]
opamp = "single-pole"
[zip]
size = [2, 3]
g_max = ["100u", "50u"]
[grid]
gbwp = {log = ["1MEG", "100MEG", 3]}
wire_resistance = {linear = [0, 2, 2]}
seed = {range = [0, 2]}
[[points]]
[[points]]
family = "wishart"
fixed_scale = true
"""


def read(folder, text):
    """A specification in a file."""
    path = folder / "spec.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return read_sweep(path)


def test_listed_points_are_combined_with_the_grid():
    """Each of [[points]] is taken with every value of the grid, over what is fixed."""
    spec = {"circuit": "mvm", "fixed": {"size": 4, "seed": 7}, "points": [{"size": 2}, {"family": "random"}]}
    points = sweep_from(spec | {"grid": {"gbwp": [1e6, "2M"]}})
    found = [(point["size"], point["family"], point["gbwp"], point["seed"]) for point in points]
    assert found == [(2, "spd", 1e6, 7), (2, "spd", 2e6, 7), (4, "random", 1e6, 7), (4, "random", 2e6, 7)]


def test_points_come_listed_first_then_zip_then_grid():
    """The last axis of the grid changes fastest, the zip slower than the grid, the listed points slowest."""
    points = sweep_from(
        {
            "circuit": "inv",
            "fixed": {"size": 2},
            "grid": {"seed": [5, 6], "trial": {"range": [0, 2]}},
            "zip": {"gbwp": [1e6, 2e6], "slew_rate": ["1MEG", "2MEG"]},
            "points": [{"family": "spd"}, {"family": "wishart"}],
        }
    )
    names = ("family", "gbwp", "slew_rate", "seed", "trial")
    loops = itertools.product(("spd", "wishart"), (1e6, 2e6), (5, 6), (0, 1))
    expected = [(kind, gbwp, gbwp, seed, trial) for kind, gbwp, seed, trial in loops]
    assert [tuple(point[name] for name in names) for point in points] == expected
    assert len(points) == len(expected)
    assert list(points) == list(points)


def test_every_point_is_what_its_options_alone_are(tmp_path):
    """A point of a sweep has the options, all of them, that `parse_options` makes of what is given; by engine auto."""
    sweep = read(tmp_path, ALL_FORMS)
    fixed = {"opamp": "single-pole", "engine": "auto"}
    listed = ({}, {"family": "wishart", "fixed_scale": True})
    zipped = ({"size": 2, "g_max": "100u"}, {"size": 3, "g_max": "50u"})
    loops = itertools.product(listed, zipped, ("1M", "10M", "100M"), (0, 2), (0, 1))
    expected = [
        parse_options("inv", {**fixed, **point, **step, "gbwp": gbwp, "wire_resistance": wire, "seed": seed})
        for point, step, gbwp, wire, seed in loops
    ]
    assert list(sweep) == expected
    assert sweep.text == ALL_FORMS


def test_resolved_specification_rebuilds_the_sweep(tmp_path):
    """From `resolved()`, as JSON, all points can be made again: the same ones in the same order."""
    sweep = read(tmp_path, ALL_FORMS)
    resolved = json.loads(json.dumps(sweep.resolved()))
    assert (resolved["circuit"], resolved["points"]) == ("inv", 48)
    steps = [
        [
            dict(zip(names, values, strict=True))
            for values in zip(*(resolved["axes"][name] for name in names), strict=True)
        ]
        for names in resolved["together"]
    ]
    points = [resolved["fixed"] | dict(itertools.chain(*map(dict.items, step))) for step in itertools.product(*steps)]
    assert points == list(sweep)


@pytest.mark.parametrize("name", ["settling", "wires", "mvm", "monte_carlo"])
def test_our_own_specifications_have_as_many_points_as_they_say(name):
    """Specifications in `benchmarks/specs` can be read, and their first lines count right where they count."""
    sweep = read_sweep(ROOT / "benchmarks" / "specs" / f"{name}.toml")
    counted = re.search(r"(\d+) points", sweep.text)
    assert len(sweep) == (int(counted[1]) if counted else 4 * 2)


def test_points_are_made_when_they_are_asked_for(monkeypatch):
    """A million points take no room for a million, and none of their values is converted again."""
    grid = {"seed": {"range": [0, 1000]}, "gbwp": {"log": ["1M", "1G", 1000]}}
    sweep = sweep_from({"circuit": "inv", "fixed": {"size": 4}, "grid": grid})
    monkeypatch.setattr(Option, "parse", None)
    tracemalloc.start()
    try:
        found = sum(1 for _ in itertools.islice(sweep, 10_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(sweep), found) == (1_000_000, 10_000)
    assert peak < 1e6


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FAST + "gbw = 1\n", ("line 4, [fixed] gbw: got 1;", "did you mean gbwp")),
        (FAST + 'gbwp = "10 apples"\n', ("line 4, [fixed] gbwp: got '10 apples'", "such as")),
        (FAST + "\n# gbwp\n[grid]\nsizes = [1]\n", ("line 7, [grid] sizes", "did you mean size")),
        (FAST + "[grid]\nsize = [1]\ngbwp = [\n  '1M',\n  '12x',\n]\n", ("line 6, [grid] gbwp: got '12x'; must be",)),
        ('circuit = "inv"\nfixed.opamp = "741"\n', ("line 2, [fixed] opamp: got '741'", "single-pole")),
        ('circuit = "inv"\nfixed.engine = "hspice"\n', ("line 2, [fixed] engine: got 'hspice'", "ngspice")),
        ('circuit = "pll"\n', ("spec.toml, line 1, circuit: got 'pll'", "inv or mvm")),
        ("[grid]\nsize = [1]\n", ("spec.toml, circuit: got nothing", "inv or mvm")),
        (FAST + "[gird]\nsize = [1]\n", ("line 4, gird", "circuit, run, fixed, grid, zip, points")),
        (FAST + '"x\\n y" = 1\n', ('line 4, [fixed] "x\\n y": got 1', "no such option")),
        (FAST + "[grid]\nsize = 3\n", ("line 5, [grid] size: got 3", "[fixed]")),
        (FAST + "[grid]\nsize = []\n", ("line 5, [grid] size", "has no value")),
        (FAST + "size = [1, 2]\n", ("line 4, [fixed] size: got [1, 2]", "[grid]")),
        (FAST + "[grid]\nseed = {range = [0, 2.5]}\n", ("line 5, [grid] seed", "{range = [first, end]}")),
        (FAST + "[grid.seed]\nlog = [0, 5, 3]\n", ("line 4, [grid] seed", "above 0")),
        (FAST + "[grid]\nsize = {range = [1, 2001]}\nseed = {range = [0, 2000]}\n",
         ("line 4, [grid]: got 4000000 points (2000 size x 2000 seed); a sweep has", "at most 1000000")),
        (FAST + "[zip]\nsize = {range = [1, 2001]}\n[grid]\nseed = {range = [0, 500]}\n[[points]]\n[[points]]\n",
         ("line 4, [zip]: got 2000000 points (2 [[points]] x 2000 [zip] x 500 seed);",)),
        (FAST + 'size = 2\n[grid]\nopamp = ["ad823"]\n', ("line 6, [grid] opamp", "[fixed]", "give it in one place")),
        (FAST + "[zip]\nseed = [1]\n[grid]\nseed = [2]\n", ("line 7, [grid] seed: got [2]", "[zip]", "one place")),
        (FAST + "[zip]\nseed = [1]\n[[points]]\nseed = 1\n", ("line 5, [zip] seed: got [1]", "[[points]]", "in one")),
        (FAST + "[zip]\nsize = [2, 3]\ngbwp = [1e6]\n", ("line 6, [zip] gbwp: got 1 value;", "must have 2, like size")),
        (FAST + "[zip]\nsize = {log = [1, 4, 9]}\nseed = {range = [0, 9]}\n", ("seed: got 9 values", "4, like size")),
        (FAST + "[[points]]\nsize = 2\n[[points]]\nsize = 0\n", ("line 7, [[points]] size: got 0", "1 or more")),
        (FAST + "[[points]]\nsize = 2\n[[points]]\nsizes = 3\n", ("line 7, [[points]] sizes", "did you mean size")),
        ('circuit = "inv"\npoints = []\n', ("line 2, [[points]]: got 0 points", "at least 1 point")),
        ('circuit = "inv"\npoints = [{size = 2}, 3]\n', ("line 2, [[points]]: got 3", "tables of options")),
        ('circuit = "inv"\npoints = 3\n', ("line 2, [[points]]: got 3", "tables of options")),
        ('circuit = "inv"\ngrid = 3\n', ("line 2, [grid]: got 3", "must be a table")),
        ("circuit = inv\n", ("SPEC", "spec.toml", "cannot be read as TOML", "line 1, column 11")),
        (FAST + "size = 1\nsize = 2\n", ("SPEC", "cannot be read as TOML: size is given twice (at line 5, column 9)")),
        (FAST + "[grid]\nsize = [\n 1, 2\n", ("Unclosed array (at end of document), in size, which begins in line 5",)),
        (FAST + "[grid]\nsize = [1, 2\nseed = [1]\n", ("line 6, column 1), in size, which begins in line 5",)),
        ('circuit = "inv"\n[grid]\nseed = [1, 2]\n', ("spec.toml, [fixed] size: got nothing;", "[grid]")),
        ('circuit = "mvm"\n[fixed]\ncolumns = 3\n', ("spec.toml, line 2, [fixed] size: got nothing;",)),
        (FAST + f"conductances = '{__file__}'\n", ("spec.toml, line 2, [fixed] size: got nothing;",)),
        (FAST + "[[points]]\nsize = 2\n[[points]]\nseed = 3\n", ("line 6, [[points]] size: got nothing;",)),
    ],
)  # fmt: skip
def test_unusable_specification_is_refused(sweep, tmp_path, text, words):
    """A specification that cannot be used is refused by file, line, section and key, before the folder is made."""
    outcome = sweep(text)
    outcome.refused("spec.toml", *words)
    assert "--" not in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FAST + 'noise_bandwidth = "1M"\n', "line 4, [fixed] noise_bandwidth: got '1M'; has no effect without noise"),
        (FAST + "noise_bandwidth = 1\n[grid]\nnoise = [true, false]\n", "line 4, [fixed] noise_bandwidth"),
        (FAST + "noise = true\n[grid]\nspec = ['bits>4']\n", "line 6, [grid] spec: got ['bits>4']; has no effect"),
        (FAST + "[zip]\nadc_range = [1]\nseed = [1]\n", "line 5, [zip] adc_range"),
        (FAST + "[[points]]\nadc_bits = 6\nadc_range = 1\n[[points]]\nadc_range = 1\n", "line 8, [[points]] adc_range"),
        (FAST + "[[points]]\nsize = 2\n[[points]]\nopamp_file = '" + __file__ + "'\n", "line 3, [fixed] opamp"),
        (FAST + "[grid]\ndevice = ['ideal']\nconductances = ['" + __file__ + "']\n", "line 5, [grid] device"),
    ],
)
def test_options_that_say_nothing_somewhere_are_refused(sweep, tmp_path, text, words):
    """An option that lacks what it needs in any point, or meets what it excludes, is refused where it stands."""
    sweep(text).refused(words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text",
    [
        FAST + "size = 2\nnoise_bandwidth = 1\n[grid]\nnoise = [true]\n",
        FAST + "[[points]]\nsize = 2\n[[points]]\nsize = 3\nadc_bits = 6\nadc_range = 1\n",
        'circuit = "mvm"\n[zip]\nsize = [2]\nspec = ["bits>4"]\nmonte_carlo = [5]\n',
        'circuit = "inv"\n[grid]\nsize = [2]\n[[points]]\nopamp = "ad823"\n[[points]]\nopamp_file = "'
        + __file__
        + '"\n',
    ],
)
def test_options_that_say_something_everywhere_are_taken(tmp_path, text):
    """An option's partner may stand in any section, as long as it holds wherever the option is given."""
    assert len(read(tmp_path, text)) >= 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'circuit = "inv"\n# \xe9\n', "no utf-8 text (at line 2)"),
        (b'circuit = "inv"\x00', "cannot be read as TOML"),
        (b"a = " + b"[" * 3000 + b"]" * 3000, "nested too deeply"),
        (b"circuit = 'inv'\n[fixed]\nseed = " + b"9" * 5000, "too many digits (at line 3)"),
        (b"circuit = 'inv'\n[fixed]\nseed = 0x" + b"f" * 9000, "line 3, [fixed] seed"),
        (b"circuit = 'inv'\n[fixed]\nseed = 99999999999999999999", "below 2^63"),
        (b"circuit = 'inv'\n[fixed]\nseed" + b".a" * 400 + b" = 1", "nested too deeply (at line 3)"),
        (b"circuit = 'inv'\n[fixed]\nseed" + b".a" * 4 + b" = 1", "line 3, [fixed] seed"),
        (b"circuit = 'inv'\n[fixed]\n" + b"a" * 5000 + b" = 1", "line 3, [fixed] aaaa"),
        (b"circuit = 'inv'\n[fixed]\ngbwp = '" + b"a" * 5000 + b"'", "line 3, [fixed] gbwp"),
        (b"circuit = 'inv'\n[fixed]\ngbwp = nan", "got nan; must be a number"),
        (b"circuit = 'inv'\n[fixed]\nsize = -inf", "got -inf; must be a whole number"),
        (b"circuit = 'inv'\n[fixed]\ngbwp = 1979-05-27", "got 1979-05-27; must be one number"),
        (b"circuit = 'inv'\n[fixed]\ngbwp = 07:32:00", "got 07:32:00; must be one number"),
        (b"circuit = 'inv'\n[fixed]\nconductances = 'a\\u0000'".replace(b"'a", b'"a').replace(b"0'", b'0"'), "got 'a"),
        (b"#" * (LARGEST_FILE + 1), "larger than 2 MB"),
    ],
)
def test_hostile_files_are_refused_in_one_short_line(amc, tmp_path, content, words):
    """A file that is no text, too deep, too long or full of wrong values is refused in one line of bearable length."""
    (tmp_path / "spec.toml").write_bytes(content)
    outcome = amc("sweep", tmp_path / "spec.toml", "--out", tmp_path / "out")
    outcome.refused("spec.toml", words)
    assert len(outcome.err) < 2500 and outcome.err.rstrip("\n").isprintable()
    assert not (tmp_path / "out").exists()


def test_unreadable_specification_is_refused(amc, tmp_path):
    """A missing file, a folder and an endless device are refused by name."""
    reasons = {tmp_path / "none.toml": "No such file", tmp_path: "Is a directory", "/dev/zero": "larger than 2 MB"}
    for path, reason in reasons.items():
        amc("sweep", path, "--out", tmp_path / "out").refused(f"SPEC: got {path}", reason)
    assert not (tmp_path / "out").exists()


def test_other_editors_files_are_read(tmp_path):
    """Windows' line ends and its mark at the beginning are no obstacle, and lines are counted as there."""
    text = ALL_FORMS.replace("\n", "\r\n")
    assert list(read(tmp_path, "\ufeff" + text)) == list(read(tmp_path, ALL_FORMS))
    with pytest.raises(ParameterError, match=r"line 9, \[grid\] gbwp"):
        read(tmp_path, "\ufeff" + text.replace("100MEG", "100 apples"))


def test_a_sweep_from_python_is_refused_like_one_from_a_file():
    """`sweep_from` names the key alone."""
    with pytest.raises(ParameterError) as caught:
        sweep_from({"circuit": "inv", "fixed": {"gbw": 1}})
    assert caught.value.parameter == "gbw"


PIECES = st.sampled_from(
    ["[", "]", "[[points]]\n", "{", "}", "=", "\n", '"', "'", '"""', ",", "#", "nan", "-inf", "1e999", "size", "gbwp",
     "spec", "opamp_file", "noise", "[zip]\n", "[grid]\n", "[fixed]\n", "log", "range", "linear", "-1", "0.5", "true",
     "1979-05-27", "1" * 4400, "\x00", "\\u0000", "\ufeff", "[" * 900, "9" * 30, ".", "_", "u", "MEG", "\ud800", "\r"]
)  # fmt: skip

SIGNS = st.text("aZ09 \t-+eE\\\u00e9\u00b2\u0663\u2028\x1b\x7f\U0001f600", max_size=4)


@st.composite
def mutated(draw):
    """A good specification with pieces cut out, doubled and put in."""
    text = ALL_FORMS
    for _ in range(draw(st.integers(1, 4))):
        place, length = draw(st.integers(0, len(text))), draw(st.integers(0, 25))
        piece = draw(PIECES | SIGNS | st.just(text[place : place + length] * 2))
        text = text[:place] + piece + text[place + length :]
    return text


@given(text=mutated() | st.lists(PIECES, max_size=30).map("".join))
@settings(max_examples=120, deadline=None)
def test_whatever_is_written_is_a_sweep_or_one_clear_line(tmp_path_factory, text):
    """No text, however wrong, is anything but a sweep, whose points can be made, or a `ParameterError` of one line."""
    folder = tmp_path_factory.getbasetemp()
    try:
        sweep = read(folder, text)
    except ParameterError as error:
        assert "\n" not in message(error) and len(message(error)) < 2500
        return
    assert len(list(itertools.islice(sweep, 5))) == min(5, len(sweep))
    json.dumps(sweep.resolved())
