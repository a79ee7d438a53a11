"""Pictures of sweeps: `amc plot DIR`."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from amc_circuits.pictures.style import COLOURS, curve_style
from amc_circuits.sweep.rows import picture
from amc_circuits.sweep.rows.curves import chart_of
from amc_circuits.sweep.store import Store
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.svg import texts
from tests.amc_circuits.sweep.sweeps import rows as rows_of

GENERATOR = np.random.default_rng(5)
SIZES, SPEEDS, SEEDS = (4, 8, 64), (16e6, 1e8), range(25)
SWEPT = [
    made(number, {"settling_time_s": float(GENERATOR.lognormal(-16)), "overshoot": 0.1 * (seed % 2)},
         size=size, gbwp=gbwp, seed=seed)
    for number, (size, gbwp, seed) in enumerate(itertools.product(SIZES, SPEEDS, SEEDS))
]  # fmt: skip


@pytest.fixture
def swept(tmp_path):
    """Three sizes, two bandwidths, 25 seeds, all settled."""
    return stored(tmp_path / "swept", SWEPT)


def values(rows, figure="settling_time_s", **options):
    """The figure of the rows with these options."""
    return [row.figures[figure] for row in rows if options.items() <= row.parameters.items()]


def drawn(figures):
    """The curves of the last figure, as {label: (x, y)}."""
    return {line.get_label(): line.get_data() for line in figures[-1].axes[0].lines}


def test_curves_are_medians_and_bands_quantiles(swept, amc, figures):
    """First option across, next as hue, median over the seeds, of 20 rows and more the band from 5 to 95 %."""
    assert amc("plot", swept, "-o", swept / "p.png").code == 0
    axes = figures[0].axes[0]
    for label, gbwp in (("16 MHz", 16e6), ("100 MHz", 1e8)):
        x, y = drawn(figures)[label]
        np.testing.assert_array_equal(x, SIZES)
        np.testing.assert_array_equal(y, [np.median(values(SWEPT, size=size, gbwp=gbwp)) for size in SIZES])
    for band, gbwp in zip(axes.collections, SPEEDS, strict=True):
        for size in SIZES:
            edge = [y for x, y in band.get_paths()[0].vertices if x == size]
            low, high = np.quantile(values(SWEPT, size=size, gbwp=gbwp), (0.05, 0.95))
            assert (min(edge), max(edge)) == (low, high)
    assert axes.get_title(loc="left") == "settling time: median over seed; band: 5 to 95 %"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("size", "settling time")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_legend().get_title().get_text() == "gbwp"


def test_few_rows_show_their_range(figures, tmp_path, amc):
    """Fewer than 20 rows at one place: the band goes from the smallest to the largest."""
    few = [row for row in SWEPT if row.parameters["seed"] < 4]
    assert amc("plot", stored(tmp_path / "few", few), "--hue", "none", "-o", tmp_path / "p.png").code == 0
    (band,) = figures[0].axes[0].collections
    for size in SIZES:
        edge = [y for x, y in band.get_paths()[0].vertices if x == size]
        assert (min(edge), max(edge)) == (min(values(few, size=size)), max(values(few, size=size)))
    assert figures[0].axes[0].get_title(loc="left") == "settling time: median over seed, gbwp; band: range"


def test_any_column_is_an_axis(swept, amc, figures):
    """--x, --y, --hue and --where take any columns; over a figure there are points and no line."""
    arguments = ("--x", "gbwp", "--y", "overshoot", "--hue", "size", "--where", "seed<3,size!=8")
    assert amc("plot", swept, *arguments, "-o", swept / "p.png").code == 0
    assert set(drawn(figures)) == {"4", "64"}
    np.testing.assert_array_equal(drawn(figures)["64"][0], SPEEDS)
    np.testing.assert_array_equal(drawn(figures)["64"][1], [0, 0])
    axes = figures[0].axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["16 MHz", "100 MHz"]
    assert amc("plot", swept, "--x", "settling_time", "--y", "number", "--hue", "none", "-o", swept / "p.png").code == 0
    (line,) = figures[1].axes[0].lines
    assert line.get_linestyle() == "None" and len(line.get_xdata()) == len(SWEPT)
    assert figures[1].axes[0].get_legend() is None


@pytest.mark.parametrize(("log", "scales"), [("x", "xl"), ("y", "ly"), ("xy", "xy"), ("none", "ll")])
def test_axes_are_logarithmic_where_that_is_asked_for(swept, amc, figures, log, scales):
    """--log names the logarithmic axes; the others are linear."""
    assert amc("plot", swept, "--log", log, "-o", swept / "p.png").code == 0
    axes = figures[0].axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == tuple("linear" if scale == "l" else "log" for scale in scales)


def test_narrow_values_get_linear_axes(tmp_path, amc, figures):
    """Values within a factor of 3, bits and yields are on linear axes; every tick has its unit."""
    rows = [made(k, {"bits": 10.0**k, "settling_time_s": (2 + k) * 1e-8}, gbwp=1e8 * (2 + k)) for k in range(3)]
    folder = stored(tmp_path / "out", rows)
    for y in ("bits", "settling_time"):
        assert amc("plot", folder, "--y", y, "-o", tmp_path / "p.png").code == 0
        assert (figures[-1].axes[0].get_xscale(), figures[-1].axes[0].get_yscale()) == ("linear", "linear")
    axes = figures[-1].axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["200 MHz", "300 MHz", "400 MHz"]
    assert all(tick.get_text().endswith(" ns") for tick in axes.get_yticklabels())


def test_rows_that_are_not_drawn_are_counted(tmp_path, amc):
    """Unusable rows, and those without the figure, are told in the picture."""
    rows = [made(k, {"settling_time_s": 1e-8 * (k + 1), "bits": 4.0 if k else None}, size=k + 1) for k in range(4)]
    rows += [made(4, {}, "FAILED", size=5), made(5, {}, "UNSTABLE", size=6), made(6, {}, "UNSTABLE", size=7)]
    folder = stored(tmp_path / "out", rows)
    assert amc("plot", folder, "--y", "bits", "-o", tmp_path / "p.svg").code == 0
    note = "not drawn: 4 of 7 rows (2 UNSTABLE, 1 FAILED, 1 without these figures)"
    assert note in texts(tmp_path / "p.svg")
    amc("plot", folder, "--where", "status=SETTLED", "-o", tmp_path / "p.svg")
    assert not any("not drawn" in text for text in texts(tmp_path / "p.svg"))


def test_curves_differ_without_colour():
    """Line and marker alone tell 60 curves apart, neighbours differ in both, and colour tells eight."""
    styles = [curve_style(place) for place in range(60)]
    assert len({(style["linestyle"], style["marker"]) for style in styles}) == 60
    for one, other in itertools.pairwise(styles):
        assert all(one[name] != other[name] for name in ("linestyle", "marker", "color"))
    assert len({style["color"] for style in styles[:8]}) == len(COLOURS) == 8


def test_many_numbers_get_a_colour_bar(tmp_path, amc, figures):
    """More than eight numeric hues: no legend but a bar, its unit on the ticks, and lighter the larger the number."""
    rows = [
        made(10 * k + size, {"settling_time_s": 1e-8 * size * k}, size=size, gbwp=1e6 * 1.3**k)
        for k in range(1, 13) for size in (1, 2)
    ]  # fmt: skip
    assert amc("plot", stored(tmp_path / "out", rows), "-o", tmp_path / "p.png").code == 0
    axes, bar = figures[0].axes
    assert axes.get_legend() is None and bar.get_ylabel() == "gbwp"
    assert any(tick.get_text().endswith(" MHz") for tick in bar.get_yticklabels())
    # Luma of ITU-R BT.601, which is what greyscale prints show.
    luma = [np.dot(to_rgb(line.get_color()), (0.299, 0.587, 0.114)) for line in axes.lines]
    assert len(luma) == 12 and np.all(np.diff(luma) > 0) and max(luma) < 0.8


def test_many_names_get_a_legend(tmp_path, amc, figures):
    """Each of twenty names has its entry, and so has a missing one."""
    rows = [made(k, {"settling_time_s": 1e-8}, size=2 + k % 2, opamp_file=f"{k // 2}.lib") for k in range(40)]
    rows.append(made(40, {"settling_time_s": 1e-8}, size=2))
    assert amc("plot", stored(tmp_path / "out", rows), "-o", tmp_path / "p.png").code == 0
    entries = [text.get_text() for text in figures[0].axes[0].get_legend().get_texts()]
    assert entries == [f"{k}.lib" for k in range(20)] + ["not given"]


def test_more_names_than_a_legend_holds_are_refused(tmp_path, amc):
    """Forty-one of them; one less by a condition is drawn."""
    rows = [made(k, {"settling_time_s": 1e-8}, size=2 + k, opamp_file=f"{k}.lib") for k in range(41)]
    picture = ("plot", stored(tmp_path / "out", rows), "--hue", "opamp_file", "-o", tmp_path / "p.png")
    amc(*picture).refused("--hue: got opamp_file", "41 values", "with where")
    assert not (tmp_path / "p.png").exists()
    assert amc(*picture, "--where", "size<42").code == 0


def test_bands_of_monte_carlo_rows_are_their_own(sweep, tmp_path, amc, figures):
    """Figures of many trials by their names: median and 5 to 95 % of the trials, yields with their confidence."""
    spec = '[fixed]\nengine = "exact"\nprogramming_error = "1u"\nmonte_carlo = 20\nspec = "relative_error<0.1"'
    assert sweep(f'circuit = "inv"\n{spec}\n[grid]\nsize = [2, 3]\n').code == 0
    rows = rows_of(tmp_path)
    keys = {
        "settling_time": "settling_time_s",
        "energy": "energy_total_j",
        "peak_output_current": "peak_output_current_a",
    }
    for name in (*keys, "relative_error", "bits", "yield"):
        key = keys.get(name, name)
        assert amc("plot", tmp_path / "out", "--y", name, "-o", tmp_path / "p.png").code == 0
        low, high = ("low", "high") if name == "yield" else ("q05", "q95")
        (line,), (band,) = figures[-1].axes[0].lines, figures[-1].axes[0].collections
        np.testing.assert_array_equal(line.get_ydata(), [row.figures[key] for row in rows])
        for row in rows:
            edge = [y for x, y in band.get_paths()[0].vertices if x == row.parameters["size"]]
            assert (min(edge), max(edge)) == (row.figures[f"{key}_{low}"], row.figures[f"{key}_{high}"])
        words = "95 % confidence" if name == "yield" else "5 to 95 % of the trials"
        assert figures[-1].axes[0].get_title(loc="left").endswith(f"band: {words}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--y", "speed"), ("--y: got 'speed'", "no row has such a column")),
        (("--y", "relative_noise"), ("--y: got 'relative_noise'", "no row has such a column")),
        (("--y", "family"), ("none of 150 rows", "family that is a number")),
        (("--x", "sise"), ("x: got 'sise'", "did you mean size")),
        (("--x", "slew_rate"), ("x: got 'slew_rate'", "slew rate that is a number")),
        (("--hue", "sise"), ("hue: got 'sise'", "size")),
        (("--log", "z"), ("log: got 'z'", "x, y, xy, none")),
        (("--y", "overshoot", "--log", "y"), ("log: got y", "overshoot has values of 0 or less")),
        (("--where", "size=5"), ("where: got 'size=5'", "no row keeps this")),
        (("--where", "size=4,gbwp=16M,seed=1"), ("x: got nothing", "no numeric option varies in 1 usable rows")),
        (("--row", "3", "--y", "bits"), ("--y: got bits", "drop --row")),
        (("--row", "3"), ("row: got 3", "no waveforms", "with waveforms, into a new folder")),
        (("--row", "999"), ("ROW: got 999", "no such row")),
        (("--row", "x"), ("row: got 'x'", "whole number")),
        (("--error",), ("--error", "goes with a file", "--row N")),
        (("--rhs", "1"), ("--rhs", "goes with a file")),
    ],
)
def test_what_cannot_be_drawn_is_refused(swept, amc, tmp_path, arguments, words):
    """One line says why, and no picture is made."""
    amc("plot", swept, *arguments, "-o", tmp_path / "p.png").refused(*words)
    assert not (tmp_path / "p.png").exists()


def test_sweeps_without_a_usable_row_are_refused(tmp_path, amc):
    """Nothing to draw is told in one line, of failed rows and of none alike."""
    for name, rows in (("none", []), ("failed", [made(0, {"settling_time_s": 1e-9}, "UNSTABLE")])):
        outcome = amc("plot", stored(tmp_path / name, rows), "-o", tmp_path / "p.png")
        outcome.refused(f"none of {len(rows)} rows is usable")


def test_the_number_is_an_axis_of_a_single_point(swept, amc, figures):
    """Where nothing varies a column can be named, and its one point is drawn."""
    outcome = amc("plot", swept, "--where", "number=7", "--x", "number", "-o", swept / "p.png")
    assert outcome.code == 0 and drawn(figures).popitem()[1][0].tolist() == [7]


def test_files_have_text_and_no_dates(swept, amc, tmp_path):
    """The same rows give the same file; words in an svg are words, a pdf embeds its fonts, neither has a date."""
    for suffix in ("svg", "pdf"):
        content = []
        for name in ("one", "two"):
            path = tmp_path / f"{name}.{suffix}"
            assert amc("plot", swept, "-o", path).out == f"wrote {path}\n"
            content.append(path.read_bytes())
        assert content[0] == content[1]
        assert b"<dc:date>" not in content[0] and b"CreationDate" not in content[0]
    assert {"settling time", "size", "16 MHz", "gbwp"} <= set(texts(tmp_path / "one.svg"))
    pdf = (tmp_path / "one.pdf").read_bytes()
    assert b"/CIDFontType2" in pdf and b"/Type3" not in pdf


def test_defaults_prefer_options_over_repeats():
    """Seed and trial are across only where nothing else varies, and are never the hue by default."""
    chart = chart_of(SWEPT, None, "settling_time", None)
    assert (chart.x.name, chart.hue.name, chart.over) == ("size", "gbwp", ("seed",))
    same = [row for row in SWEPT if row.parameters["size"] == 4 and row.parameters["gbwp"] == 1e8]
    chart = chart_of(same, None, "settling_time", None)
    assert (chart.x.name, chart.hue, chart.over) == ("seed", None, ())


def test_a_sweep_can_be_drawn_while_it_is_written(swept, tmp_path, figures):
    """A picture reads the rows that are there; the store stays as it was."""
    with Store(swept, create=True) as writing:
        for number in (1000, 1001):
            with Store(swept) as store:
                picture.plot_sweep(store, tmp_path / "p.png", picture.Drawing())
                writing.put([(made(number, {"settling_time_s": 1e-6}, size=128, gbwp="16M"), None)])
    sizes = [figure.axes[0].lines[0].get_xdata().tolist() for figure in figures]
    assert sizes == [[4, 8, 64], [4, 8, 64, 128]]
