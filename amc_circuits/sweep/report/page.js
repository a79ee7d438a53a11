// The page: effects of its controls on table and figures.

class Page {
  constructor(data, waveforms) {
    Object.assign(this, { data, waveforms, chosen: null });
    this.named = Object.fromEntries(data.columns.map((column) => [column.name, column]));
    this.table = new PointsTable(data.columns, data.rows, (place) => this.select(place, false));
    this.figure = new PointsFigure(data, (place) => this.select(place, true));
    this.fillControls();
    this.listen();
  }

  fillControls() {
    const { columns, axes } = this.data;
    const fill = (id, entries) => element(id).append(...entries.map(([value, text]) => new Option(text, value)));
    const named = (some) => some.map(({ name, title, unit }) => [name, unit ? `${title} (${unit})` : title]);
    const varying = columns.filter((column) => !column.constant);
    const few = (column) => column.numeric || distinct(column.values).length <= MOST_NAMES;
    fill("status", distinct(this.named.status.values).map((status) => [status, status]));
    fill("x", named(columns.filter((column) => column.numeric && (column.main || !column.constant))));
    fill("y", [...element("x").options].map((option) => [option.value, option.text]));
    fill("hue", [["", "none"], ...named(varying.filter(few))]);
    for (const axis of ["x", "y", "hue"]) element(axis).value = axes[axis];
    if (element("hue").selectedIndex < 0) element("hue").value = "";
    for (const axis of ["x", "y"]) element(`log-${axis}`).checked = axes[`log_${axis}`];
  }

  listen() {
    const on = (id, event, answer) => element(id)?.addEventListener(event, answer);  // failures may be missing
    let waiting;
    on("filter", "input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.filter(), 200);
    });
    on("status", "change", () => this.filter());
    for (const id of ["x", "y", "hue", "log-x", "log-y"]) on(id, "change", () => this.drawFigure());
    on("all-columns", "change", (event) => this.table.showAll(event.target.checked));
    on("failures", "click", ({ target }) => {
      if (!target.dataset.number) return;
      this.select(this.named.number.values.indexOf(Number(target.dataset.number)), true);
      element("chosen").scrollIntoView();
    });
    for (const id of ["figure", "waveform"]) fitting.observe(element(id));
    on("theme", "click", () => this.turnTheme());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    for (const event of ["beforeprint", "afterprint"]) addEventListener(event, () => this.redraw());
  }

  turnTheme() {
    const root = document.documentElement;
    const theme = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.dataset.theme = theme === "dark" ? "light" : "dark";
    return this.redraw();
  }

  /** Shows the points that pass the filter and the status. */
  async filter() {
    const status = element("status").value;
    element("filter-error").textContent = "";
    try {
      const passes = conditions(element("filter").value, this.data.columns, (place) => this.table.textAt(place));
      const has = (place) => !status || this.named.status.values[place] === status;
      this.table.leave([...Array(this.data.rows).keys()].filter((place) => has(place) && passes(place)));
    } catch (error) {
      element("filter-error").textContent = error.message;
      return;
    }
    element("count").textContent = `${this.table.places.length} of ${this.data.rows} points`;
    await this.drawFigure();
  }

  async drawFigure() {
    const [x, y, hue] = ["x", "y", "hue"].map((axis) => this.named[element(axis).value]);
    const [logX, logY] = ["x", "y"].map((axis) => element(`log-${axis}`).checked);
    await this.figure.draw(this.table.places, { x, y, hue, logX, logY }, this.chosen);
  }

  async redraw() {
    await this.drawFigure();
    await this.drawWaveform();
  }

  /** Selects a point; turns to its page of the table if it was selected elsewhere. */
  async select(place, turning) {
    const { number, status, error } = this.named;
    this.chosen = place;
    element("chosen-title").textContent = `Chosen point: ${number.values[place]}, ${status.values[place]}`;
    element("chosen-error").textContent = error.values[place];
    const known = this.data.columns.filter((column) => shown(column, place) !== "-");
    const entry = (column) => made("div", [made("dt", column.title), made("dd", shown(column, place))]);
    element("chosen-values").replaceChildren(...known.map(entry));
    this.table.mark(place, turning);
    await this.figure.mark(place);
    await this.drawWaveform();
  }

  async drawWaveform() {
    const packed = this.waveforms[this.named.number.values[this.chosen]];
    element("waveform").hidden = !packed;
    if (!packed) element("chosen-values").parentElement.open = true;  // no empty card
    if (packed) return drawWaveform(JSON.parse(await inflated(packed)), looks(this.data));
    const { here, kept } = this.data.waveforms;
    const none = kept ? "No waveform of this point was kept." : "No waveforms were kept: amc sweep --waveforms does.";
    element("waveform-caption").textContent = here === kept ? none
      : `This page holds ${here} of the ${kept} waveforms that were kept, and none of this point.`;
    return undefined;
  }
}

function notice(text) {
  element("notice").textContent = text;
  element("notice").hidden = false;
}

async function start() {
  const data = JSON.parse(await inflated(element("content").textContent));
  if (!data.rows) {
    notice("No point has been run yet.");
    return;
  }
  const library = document.createElement("script");
  library.textContent = await inflated(element("plotly").textContent);
  document.head.append(library);
  for (const section of document.querySelectorAll(".live")) section.hidden = false;
  const page = new Page(data, JSON.parse(element("waveforms").textContent));
  page.chosen = Math.max(0, page.named.number.values.findIndex((number) => number in page.waveforms));
  await page.filter();
  await page.select(page.chosen, false);
  window.amcReport = page;
}

start().catch((error) => notice(`Table and figures cannot be shown; they need a current browser. ${error.message}`));
