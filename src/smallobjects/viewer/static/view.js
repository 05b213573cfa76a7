// The page on which predictions are looked at: a table of instances, and the images behind a row.

import { getJson } from "../web/api.js";
import { byId, count, element, keepInSight } from "../web/dom.js";
import { listen } from "../web/keys.js";
import { Detail } from "./detail.js";
import { Filter } from "./filter.js";
import { showHistogram, showRows } from "./table.js";

const PAGE = 100;

class View {
  constructor(about) {
    this.colours = Object.fromEntries(about.classes.map(({ name, colour }) => [name, colour]));
    this.rows = [];
    this.offset = 0;
    this.asked = 0;
    this.filter = new Filter(about.classes, () => this.load(0));
    this.detail = new Detail(this.colours, (row) => this.mark(row));
  }

  async load(offset, chosen = 0) {
    const asked = ++this.asked;
    const query = this.filter.query();
    query.append("offset", offset);
    query.append("count", PAGE);
    const found = await getJson("/api/rows", query);
    if (asked !== this.asked) return; // The filter has changed meanwhile.
    this.rows = found.rows;
    this.offset = offset;
    byId("total").textContent = `${count(found.total)} instances`;
    byId("mean").textContent = found.mean === null ? "" : `mean IoU ${found.mean.toFixed(3)}`;
    showHistogram(found.histogram);
    byId("range").textContent = found.total ? `${offset + 1}–${offset + this.rows.length}` : "none";
    byId("earlier").disabled = offset === 0;
    byId("later").disabled = offset + this.rows.length >= found.total;
    showRows(this.rows, this.colours, (row) => this.choose(row));
    await this.choose(this.rows.at(chosen)?.row ?? null);
  }

  async choose(row) {
    this.mark(row);
    const record = this.rows.find((other) => other.row === row);
    if (record) await this.detail.show(record.image, row);
    else this.detail.clear();
  }

  mark(row) {
    this.chosen = row;
    for (const line of byId("rows").children) {
      const is = Number(line.dataset.row) === row;
      line.setAttribute("aria-selected", is);
      if (is) keepInSight(line, byId("scrolled"), byId("scrolled").querySelector("thead").offsetHeight);
    }
  }

  async step(by) {
    const index = this.rows.findIndex((record) => record.row === this.chosen) + by;
    if (this.rows[index]) await this.choose(this.rows[index].row);
    else if (index < 0 && this.offset > 0) await this.load(this.offset - PAGE, -1);
    else if (index >= PAGE && !byId("later").disabled) await this.load(this.offset + PAGE);
  }
}

function connect(view) {
  const tell = (action) => () => action().then(
    () => { byId("notice").hidden = true; },
    (error) => { byId("notice").hidden = false; byId("notice").textContent = error.message; });
  const load = view.load.bind(view);
  view.load = (...given) => tell(() => load(...given))();
  const choose = view.choose.bind(view);
  view.choose = (...given) => tell(() => choose(...given))();
  byId("earlier").addEventListener("click", () => view.load(view.offset - PAGE));
  byId("later").addEventListener("click", () => view.load(view.offset + PAGE));
  const boxes = byId("show-boxes");
  const showBoxes = () => document.body.classList.toggle("no-boxes", !boxes.checked);
  boxes.addEventListener("change", showBoxes);
  const { detail } = view;
  listen({
    arrowup: () => view.step(-1), arrowdown: () => view.step(1),
    b: () => { boxes.checked = !boxes.checked; showBoxes(); },
    m: () => detail.toggleMasks(),
    "+": () => detail.zoomBy(1.5), "=": () => detail.zoomBy(1.5), "-": () => detail.zoomBy(1 / 1.5),
    0: () => detail.zoomBy(0),
  });
}

async function main() {
  const about = await getJson("/api/view");
  byId("title").textContent = `${about.title} · ${count(about.instances)} instances, ${count(about.images)} images`;
  document.title = `${about.title} – predictions`;
  byId("class").append(...about.classes.map(({ id, name }) => element("option", { value: id }, name)));
  const view = new View(about);
  connect(view);
  await view.load(0);
}

main();
