// Common code of both figures, and the first one: points over chosen axes.

const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down"];
// As many as have no common divisor with the symbols: pairs distinguish curves without colour.
const DASHES = ["solid", "dash", "dashdot", "dot", "longdash", "longdashdot", "8px,2px"];
const FEW = 8;
const MOST_NAMES = 24;
const MOST_SHADES = 4;  // ticks of the colour bar, which is narrow on a telephone
// Only buttons that keep everything here: plotly has one that sends a chart away.
const CONFIGURATION = {
  displaylogo: false, showSendToCloud: false, displayModeBar: true,
  modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]],
};

/** Escapes text, so that plotly does not read it as markup. */
const literally = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const distinct = (values) => [...new Set(values)].sort(order);

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Fits figures to the width of their place, which windows, scroll bars and turned screens change. */
const fitting = new ResizeObserver((entries) => {
  for (const { target } of entries) if (target.data && target.clientWidth) Plotly.relayout(target, { autosize: true });
});

/** Current colours of the page: text, lines and background, and colours visible on it. */
function looks({ colours, shades }) {
  const { color: text, borderTopColor: line, backgroundColor: ground } = getComputedStyle(element("points"));
  const scale = shades[Number(ground.match(/\d+/)[0]) < 128 ? "dark" : "light"];
  return { text, line, ground, colours: colours.map((colour) => (colour === "#000000" ? text : colour)),
    scale: scale.map((colour, k) => [k / (scale.length - 1), colour]) };
}

function layoutOf({ text, line, ground }, xaxis, yaxis, more) {
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: text, tickcolor: line, ticks: "outside",
    automargin: true };
  return {
    margin: { l: 10, r: 16, t: 10, b: 10 }, paper_bgcolor: ground, plot_bgcolor: ground,
    font: { color: text, family: "system-ui, sans-serif", size: 13 }, hovermode: "closest",
    hoverlabel: { bgcolor: ground, bordercolor: text, font: { color: text }, align: "left" },
    legend: { orientation: "h", x: 0, y: 1, yref: "container", yanchor: "top" },
    modebar: { bgcolor: ground, color: text, activecolor: text },
    xaxis: { ...axis, ...xaxis }, yaxis: { ...axis, ...yaxis }, ...more,
  };
}

/** Ticks with their unit. */
function ticks(unit) {
  if (unit === "%") return { tickformat: ".3~p" };
  if (unit === "K") return { tickformat: "~f", ticksuffix: " K" };
  return DIMENSIONLESS.includes(unit) ? { tickformat: "~r" } : { tickformat: "~s", ticksuffix: unit };
}

/** Ticks at these values, in the format of `ticks`. */
function ticksAt(values, unit, tickvals = values) {
  const texts = values.map((value) => engineering(value, unit).replace(" u", "\u00b5").replace(" ", ""));
  return { tickmode: "array", tickvals, ticktext: texts };
}

const POWERS = [...Array(43).keys()].map((k) => k - 24);
/** Numbers that are one of these digits times a power of ten. */
const rounds = (...digits) => POWERS.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)));

/** An axis of these points; over few decades with ticks 1, 2, 5, for which plotly omits the unit. */
function axisOf(column, log, places) {
  const axis = { title: { text: literally(column.title) }, type: log ? "log" : "linear", ...ticks(column.unit) };
  const values = distinct(places.map((place) => column.values[place]));
  const decades = Math.log10(values.at(-1) / values[0]);
  if (!log || (decades !== 0 && decades <= 0.5)) return axis;
  return { ...axis, ...ticksAt(decades < 3 ? rounds(1, 2, 5) : rounds(1), column.unit) };
}

class PointsFigure {
  constructor(data, choose) {
    Object.assign(this, { data, choose, place: element("figure"), drawn: [] });
    this.named = Object.fromEntries(data.columns.map((column) => [column.name, column]));
    this.varied = data.columns.filter((column) => column.option && column.main);
    this.usable = (place) => data.usable[place];
  }

  /** Draws those of the points that have both metrics. */
  async draw(places, axes, chosen) {
    const { x, y, hue, logX, logY } = axes;
    const has = (column, log) => (place) => column.values[place] !== null && (!log || column.values[place] > 0);
    const drawn = places.filter(has(x, logX)).filter(has(y, logY));
    Object.assign(this, { drawn, axes, chosen, look: looks(this.data) });
    const few = distinct(drawn.map((place) => x.values[place]));
    const at = few.length > FEW ? {} : ticksAt(few, x.unit);
    const across = { ...axisOf(x, logX, drawn), ...at };
    const up = { ...axisOf(y, logY, drawn), domain: [0, 0.97] };  // clear of the labels of the colour bar
    const layout = layoutOf(this.look, across, up, { annotations: this.label(chosen) });
    const traces = this.groups(hue).flatMap((group) => this.traces(group, axes));
    this.say(places.length - drawn.length, traces);
    await Plotly.react(this.place, traces, layout, CONFIGURATION);
    this.place.removeAllListeners("plotly_click");
    this.place.on("plotly_click", (event) => this.choose(event.points[0].customdata));
  }

  say(left, traces) {
    const said = [`Points drawn: ${this.drawn.length}${left ? `; without such a figure: ${left}` : ""}.`];
    if (traces.some((trace) => trace.mode === "lines")) said.push("Lines: medians of usable points.");
    if (!this.drawn.every(this.usable)) said.push("Open markers: no usable result.");
    if (traces.some((trace) => trace.error_y)) said.push("Bars: 5 to 95 % of the trials; of a yield 95 % confidence.");
    element("figure-caption").textContent = [...said, "A click chooses a point."].join(" ");
  }

  /** The drawn points by the value of a column, each with name, colour and symbol; by shade if there are many.
      Usable ones come first: the legend shows the symbol of the first. */
  groups(hue) {
    const [colours, values] = [this.look.colours, hue ? distinct(hue.values) : []];
    this.drawn.sort((a, b) => this.usable(b) - this.usable(a) || a - b);
    if (!hue || (hue.numeric && values.length > FEW)) {
      return [{ name: "", color: colours[0], symbol: SYMBOLS[0], places: this.drawn, shades: hue }];
    }
    const groups = values.map((value, k) => ({
      name: `${hue.title} ${written(value, hue)}`,
      color: colours[k % colours.length],
      dash: DASHES[k % DASHES.length],
      symbol: SYMBOLS[(k + Math.floor(k / SYMBOLS.length)) % SYMBOLS.length],
      places: this.drawn.filter((place) => hue.values[place] === value),
    }));
    return groups.filter((group) => group.places.length);
  }

  /** The points of a group and, unless they are shaded, a line through the medians of those that are usable. */
  traces({ name, color, dash, symbol, places, shades }, { x, y, hue }) {
    const told = [...new Set([x, y, hue, ...this.varied].filter(Boolean))];
    const marker = { size: 7, color, symbol: places.map((place) => symbol + (this.usable(place) ? "" : "-open")) };
    const points = {
      mode: "markers", name: literally(name), showlegend: Boolean(name), customdata: places, ...this.bars(y, places),
      x: places.map((place) => x.values[place]), y: places.map((place) => y.values[place]),
      text: places.map((place) => this.hover(place, told)), hovertemplate: "%{text}<extra></extra>",
      marker: shades ? { ...marker, ...this.shaded(shades, places) } : marker,
    };
    const found = new Map();
    for (const place of places.filter(this.usable)) {
      if (!found.has(x.values[place])) found.set(x.values[place], []);
      found.get(x.values[place]).push(y.values[place]);
    }
    const across = distinct(found.keys());
    const line = { mode: "lines", x: across, y: across.map((value) => median(found.get(value))), hoverinfo: "skip",
      showlegend: false, line: { color, dash, width: 1.5 } };
    return shades || !x.option || across.length < 2 ? [points] : [line, points];
  }

  hover(place, told) {
    const { number, status } = this.named;
    const lines = told.map((column) => `${literally(column.title)}: ${literally(shown(column, place))}`);
    return [`<b>point ${number.values[place]}</b>, ${literally(status.values[place])}`, ...lines].join("<br>");
  }

  /** Colours by a column, and their bar above the points; independent of the filter. */
  shaded(hue, places) {
    const known = hue.values.filter((value) => value !== null);
    const [low, high] = [Math.min, Math.max].map((end) => known.reduce((a, b) => end(a, b)));
    const scaled = (value) => (hue.wide && value !== null ? Math.log10(value) : value);
    const within = (values) => values.filter((value) => value >= low && value <= high);
    const found = [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]].map((digits) => within(rounds(...digits)));
    const at = found.find((values) => values.length <= MOST_SHADES) ?? found[3].filter((_, k) => k % 3 === 0);
    const colorbar = {
      orientation: "h", title: { text: literally(hue.title), side: "top" }, tickfont: { size: 12 }, ticks: "outside",
      x: 0, xanchor: "left", y: 0.98, yref: "container", yanchor: "top", ypad: 0, thickness: 12, outlinewidth: 0,
      ...(hue.wide ? ticksAt(at, hue.unit, at.map(scaled)) : { nticks: MOST_SHADES, ...ticks(hue.unit) }),
    };
    return { color: places.map((place) => scaled(hue.values[place])), colorscale: this.look.scale, showscale: true,
      cmin: scaled(low), cmax: scaled(high), colorbar };
  }

  /** Bars from 5 to 95 % of the trials, or around a yield; none without such columns. */
  bars(y, places) {
    const ends = [["_q05", "_q95"], ["_low", "_high"]].map((pair) => pair.map((end) => this.named[y.name + end]));
    const [low, high] = ends.find(([one, other]) => one?.numeric && other?.numeric) ?? [];
    if (!low) return {};
    const away = (column) => places.map((place) => Math.abs(column.values[place] - y.values[place]));
    const look = { type: "data", symmetric: false, thickness: 1, width: 3 };
    return { error_y: { ...look, array: away(high), arrayminus: away(low) } };
  }

  /** An arrow at the chosen point, if it is drawn. */
  label(chosen) {
    if (!this.drawn.includes(chosen)) return [];
    const { x, y, logX, logY } = this.axes;
    const at = (column, log) => (log ? Math.log10(column.values[chosen]) : column.values[chosen]);
    const { text, ground } = this.look;
    return [{ x: at(x, logX), y: at(y, logY), text: `point ${this.named.number.values[chosen]}`, ax: 24, ay: -28,
      arrowcolor: text, arrowwidth: 1.5, standoff: 5, bgcolor: ground, bordercolor: text, font: { color: text } }];
  }

  async mark(chosen) {
    if (chosen === this.chosen) return;
    this.chosen = chosen;
    await Plotly.relayout(this.place, { annotations: this.label(chosen) });
  }
}
