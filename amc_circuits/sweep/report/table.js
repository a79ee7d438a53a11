// The table: points that pass the filter, sorted, a page at a time.

const PAGE = 100;

function made(tag, content, properties = {}) {
  const one = Object.assign(document.createElement(tag), properties);
  one.append(...[content].flat());
  return one;
}

class PointsTable {
  constructor(columns, count, choose) {
    Object.assign(this, { columns, first: 0, chosen: null, sorted: null, down: false });
    this.places = [...Array(count).keys()];
    [this.head, this.body] = [element("rows").tHead, element("rows").tBodies[0]];
    this.showAll(false);
    this.body.addEventListener("click", (event) => choose(Number(event.target.closest("tr").dataset.place)));
    for (const [id, by] of [["back", -PAGE], ["on", PAGE]]) {
      element(id).addEventListener("click", () => {
        this.first += by;
        this.draw();
      });
    }
  }

  /** Shows the main columns, or all columns in which points differ. */
  showAll(all) {
    this.visible = this.columns.filter((column) => column.main || (all && !column.constant));
    this.texts = [];
    this.head.replaceChildren(made("tr", this.visible.map((column) => {
      const button = made("button", column.title, { type: "button" });
      button.addEventListener("click", () => this.sortBy(column));
      return made("th", button, { scope: "col" });
    })));
    this.draw();
  }

  /** Text of a point in the table, for the filter. */
  textAt(place) {
    return (this.texts[place] ??= this.visible.map((column) => shown(column, place)).join("\n").toLowerCase());
  }

  /** Keeps these points, in the same order. */
  leave(places) {
    Object.assign(this, { places, first: 0 });
    if (this.sorted) this.sort();
    this.draw();
  }

  sortBy(column) {
    Object.assign(this, { down: this.sorted === column && !this.down, sorted: column, first: 0 });
    this.sort();
    this.draw();
  }

  /** Sorts; unknown values are last in both directions. */
  sort() {
    const [values, sign] = [this.sorted.values, this.down ? -1 : 1];
    const known = (place) => values[place] !== null && values[place] !== "";
    const compared = (a, b) => sign * order(values[a], values[b]);
    this.places.sort((a, b) => known(b) - known(a) || (known(a) && compared(a, b)) || a - b);
  }

  /** Marks a point, and turns to its page on request. */
  mark(place, turning) {
    this.chosen = place;
    const at = this.places.indexOf(place);
    if (turning && at >= 0) this.first = at - (at % PAGE);
    this.draw();
    const line = this.body.querySelector("[aria-selected='true']");
    if (turning && line) element("rows").parentElement.scrollTop = line.offsetTop - 3 * line.offsetHeight;
  }

  draw() {
    const places = this.places.slice(this.first, this.first + PAGE);
    this.body.replaceChildren(...places.map((place) => this.line(place)));
    this.visible.forEach((column, k) => {
      this.head.rows[0].cells[k].ariaSort = column !== this.sorted ? "none" : this.down ? "descending" : "ascending";
    });
    const [total, last] = [this.places.length, this.first + places.length];
    element("page").textContent = total ? `${this.first + 1} to ${last} of ${total}` : "no point is left";
    element("back").disabled = this.first === 0;
    element("on").disabled = last >= total;
  }

  line(place) {
    const cells = this.visible.map((column) => {
      const text = shown(column, place);
      const content = column.name === "number" ? made("button", text, { type: "button" }) : text;
      return made("td", content, { className: column.numeric ? "number" : "text" });
    });
    const line = made("tr", cells, { ariaSelected: String(place === this.chosen) });
    line.dataset.place = place;
    return line;
  }
}
