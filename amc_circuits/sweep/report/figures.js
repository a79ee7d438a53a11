// What both figures have in common, and the first: points over chosen axes.

const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down"];
const FEW = 8;
const MOST_NAMES = 24;
// Only buttons that keep everything here: plotly has one that sends a chart away.
const CONFIGURATION = {
  responsive: true, displaylogo: false, showSendToCloud: false, displayModeBar: true,
  modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]],
};

/** Text that plotly shall not read as markup. */
const literally = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const distinct = (values) => [...new Set(values)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The page as it looks now: its text, lines and ground, and colours that can be seen on it. */
function looks(colours) {
  const { color: text, borderTopColor: line, backgroundColor: ground } = getComputedStyle(element("points"));
  return { text, line, ground, colours: colours.map((colour) => (colour === "#000000" ? text : colour)) };
}

function layoutOf({ text, line, ground }, xaxis, yaxis, more) {
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: text, tickcolor: line, ticks: "outside",
    automargin: true };
  return {
    margin: { l: 10, r: 40, t: 10, b: 10 }, paper_bgcolor: ground, plot_bgcolor: ground,
    font: { color: text, family: "system-ui, sans-serif", size: 13 }, hovermode: "closest",
    hoverlabel: { bgcolor: ground, bordercolor: text, font: { color: text }, align: "left" },
    legend: { orientation: "h", x: 0, y: 1, yref: "container", yanchor: "top" },
    modebar: { orientation: "v", bgcolor: ground, color: text, activecolor: text },
    xaxis: { ...axis, ...xaxis }, yaxis: { ...axis, ...yaxis }, ...more,
  };
}

/** Ticks with their unit. */
function ticks(unit) {
  if (unit === "%") return { tickformat: ".3~p" };
  return unit ? { tickformat: "~s", ticksuffix: unit } : { exponentformat: "SI" };
}

/** An axis of these points; of few decades the ticks 1, 2, 5, where plotly would put all digits or none. */
function axisOf(column, log, places) {
  const axis = { title: { text: literally(column.title) }, type: log ? "log" : "linear", ...ticks(column.unit) };
  const values = distinct(places.map((place) => column.values[place]));
  const decades = Math.log10(values.at(-1) / values[0]);
  return log && (decades === 0 || decades > 0.5) ? { ...axis, dtick: decades < 3 ? "D2" : 1 } : axis;
}

class PointsFigure {
  constructor(data, choose) {
    Object.assign(this, { data, choose, place: element("figure"), drawn: [] });
    this.named = Object.fromEntries(data.columns.map((column) => [column.name, column]));
    this.varied = data.columns.filter((column) => column.option && column.main);
    this.usable = (place) => this.named.status.values[place] === "SETTLED";
  }

  /** Draws these of the points, as far as they have both figures. */
  async draw(places, axes, chosen) {
    const { x, y, hue, logX, logY } = axes;
    const has = (column, log) => (place) => column.values[place] !== null && (!log || column.values[place] > 0);
    const drawn = places.filter(has(x, logX)).filter(has(y, logY));
    Object.assign(this, { drawn, axes, chosen, look: looks(this.data.colours) });
    const few = distinct(drawn.map((place) => x.values[place]));
    const at = few.length > FEW ? {} : { tickvals: few, ticktext: few.map((value) => engineering(value, x.unit)) };
    const [across, up] = [{ ...axisOf(x, logX, drawn), ...at }, axisOf(y, logY, drawn)];
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

  /** The drawn points by the value of a column, each with name, colour and symbol; by shade where there are many.
      Usable ones come first: the legend shows the symbol of the first. */
  groups(hue) {
    const [colours, values] = [this.look.colours, hue ? distinct(hue.values) : []];
    this.drawn.sort((a, b) => this.usable(b) - this.usable(a) || a - b);
    if (!hue || (hue.numeric && values.length > FEW)) {
      return [{ name: "", color: colours[0], symbol: SYMBOLS[0], places: this.drawn, shades: hue }];
    }
    const groups = values.map((value, k) => ({
      name: `${hue.title} ${hue.numeric ? engineering(value, hue.unit) : value ?? "-"}`,
      color: colours[k % colours.length],
      symbol: SYMBOLS[(k + Math.floor(k / SYMBOLS.length)) % SYMBOLS.length],
      places: this.drawn.filter((place) => hue.values[place] === value),
    }));
    return groups.filter((group) => group.places.length);
  }

  /** The points of a group and, unless they are shaded, a line through the medians of those that are usable. */
  traces({ name, color, symbol, places, shades }, { x, y, hue }) {
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
      showlegend: false, line: { color, width: 1.5 } };
    return shades || !x.option || across.length < 2 ? [points] : [line, points];
  }

  hover(place, told) {
    const { number, status } = this.named;
    const lines = told.map((column) => `${literally(column.title)}: ${literally(shown(column, place))}`);
    return [`<b>point ${number.values[place]}</b>, ${literally(status.values[place])}`, ...lines].join("<br>");
  }

  shaded(hue, places) {
    const colorbar = { title: { text: literally(hue.title), side: "right" }, thickness: 12, ...ticks(hue.unit) };
    return { color: places.map((place) => hue.values[place]), colorscale: "Cividis", showscale: true, colorbar };
  }

  /** Bars from 5 to 95 % of the trials, or around a yield; none where there are no such columns. */
  bars(y, places) {
    const ends = [["_q05", "_q95"], ["_low", "_high"]].map((pair) => pair.map((end) => this.named[y.name + end]));
    const [low, high] = ends.find(([one, other]) => one?.numeric && other?.numeric) ?? [];
    if (!low) return {};
    const away = (column) => places.map((place) => Math.abs(column.values[place] - y.values[place]));
    const look = { type: "data", symmetric: false, thickness: 1, width: 3 };
    return { error_y: { ...look, array: away(high), arrayminus: away(low) } };
  }

  /** An arrow at the chosen point, where it is drawn. */
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
