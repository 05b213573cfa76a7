// The page of agreement: how well reviewers agree, and what is to be settled.

import { getJson, postJson } from "../web/api.js";
import { lineColour } from "../web/colours.js";
import { byId, count, element, keepInSight, percent } from "../web/dom.js";
import { decoded } from "../web/images.js";
import { listen } from "../web/keys.js";
import { Stage } from "../web/stage.js";
import { showClasses, showHints } from "./panel.js";

const PAGE = 20;
const WORDS = { accept: "✓ accept", reject: "✕ reject" };

class Disagreements {
  constructor({ version, colours }, reviewer) {
    this.version = version;
    this.colours = colours;
    this.reviewer = reviewer;
    this.asked = 0; // How often images were asked for: answers may come in another order.
    this.offset = 0;
    this.images = [];
    this.current = -1;
    this.stage = new Stage(byId("stage"));
  }

  async showPairs() {
    const pairs = await getJson("/api/agreement");
    byId("no-pairs").hidden = pairs.length > 0;
    byId("pairs").replaceChildren(...pairs.map(pairShape));
  }

  async load(offset, chosen = 0) {
    const asked = ++this.asked;
    const page = await getJson("/api/disagreements", { offset, count: PAGE });
    if (asked !== this.asked) return;
    this.offset = offset;
    this.images = page.images;
    byId("open").textContent = page.total
      ? `${count(page.unsettled)} open of ${count(page.total)}` : "none";
    byId("export").hidden = page.unsettled > 0;
    byId("range").textContent = page.total
      ? `${offset + 1}–${offset + page.images.length} of ${count(page.total)}` : "";
    byId("earlier").disabled = offset === 0;
    byId("later").disabled = offset + page.images.length >= page.total;
    await this.choose(Math.min(chosen, page.images.length - 1));
  }

  showList() {
    byId("list").replaceChildren(...this.images.map((item, index) => element("li", {},
      element("button", {
        "aria-current": index === this.current, onclick: () => this.choose(index),
      }, item.image, item.settlement
        ? element("span", { class: "settled" }, WORDS[item.settlement.decision])
        : element("span", { class: "muted" }, "open")))));
    const current = byId("list").querySelector("[aria-current]");
    if (current) keepInSight(current, byId("side"));
  }

  async choose(index) {
    const item = this.images[index];
    this.current = index;
    this.showList();
    for (const id of ["accept", "reject"]) byId(id).disabled = !item;
    if (!item) return this.showNothing();
    const name = encodeURIComponent(item.image);
    const [annotations, picture] = await Promise.all([
      getJson(`/api/annotations/${name}`, { v: this.version }), decoded(`/images/${name}`),
    ]);
    // Whoever went on meanwhile sees the later image.
    if (this.images[this.current] === item) this.show(item, annotations, picture);
  }

  show(item, annotations, picture) {
    byId("image-id").textContent = item.image;
    byId("note").value = item.settlement?.note ?? "";
    byId("verdicts").replaceChildren(...item.verdicts.map(verdictShape),
      ...(item.settlement ? [settlementShape(item.settlement)] : []));
    const { instances } = annotations;
    showClasses(annotations.classes, this.colours,
      (chosen) => this.stage.emphasise(chosen && ((index) => instances[index].class === chosen)));
    showHints(annotations.hints);
    this.stage.show({
      ...annotations,
      layers: [picture],
      voidPath: annotations.void,
      instances: instances.map((instance) => {
        const colour = this.colours[instance.class];
        return { ...instance, colour, line: lineColour(colour) };
      }),
      boxes: item.verdicts.flatMap(({ reviewer, boxes }) => JSON.parse(boxes).map((box) => ({
        ...box, kind: "missing", label: `${box.class_name} (${reviewer})`,
      }))),
    });
    byId("stage").dataset.image = item.image;
  }

  showNothing() {
    byId("image-id").textContent = "";
    byId("verdicts").replaceChildren(element("li", { class: "muted" }, "Nothing to settle."));
    showClasses([], this.colours, () => {});
    showHints({});
    this.stage.clear();
    delete byId("stage").dataset.image;
  }

  async settle(decision) {
    const item = this.images[this.current];
    if (!item || byId("stage").dataset.image !== item.image) return;
    await postJson("/api/settlements", {
      reviewer: this.reviewer, image: item.image, decision, note: byId("note").value,
    });
    // What is settled goes to the end of the list, so the next one is now at this place.
    await this.load(this.offset, item.settlement ? this.current + 1 : this.current);
  }

  step(by) {
    const index = this.current + by;
    if (this.images[index]) this.choose(index);
  }
}

function pairShape(pair) {
  const number = (name, value, kind) => element("div", { class: kind },
    element("dt", {}, name), element("dd", {}, value));
  return element("li", {}, element("b", {}, `${pair.first} – ${pair.second}`), element("dl", {},
    number("Cohen’s κ", short(pair.kappa), "kappa"), number("agree", percent(pair.observed)),
    number("on ✓", short(pair.on_accept)), number("on ✕", short(pair.on_reject)),
    number("images", count(pair.images))));
}

const short = (share) => (share === null ? "–" : share.toFixed(2));

function verdictShape({ reviewer, decision, note }) {
  return element("li", { class: decision }, element("b", {}, reviewer), ` ${WORDS[decision]}`,
    note && element("p", { class: "muted" }, note));
}

function settlementShape({ reviewer, decision, note }) {
  return element("li", { class: "settled" }, `Settled by ${reviewer}: ${WORDS[decision]}`,
    note && element("p", {}, note));
}

function connect(page) {
  const tell = (action) => () => action().then(
    () => { byId("notice").hidden = true; },
    (error) => { byId("notice").hidden = false; byId("notice").textContent = error.message; });
  const accept = tell(() => page.settle("accept"));
  const reject = tell(() => page.settle("reject"));
  byId("accept").addEventListener("click", accept);
  byId("reject").addEventListener("click", reject);
  byId("earlier").addEventListener("click", tell(() => page.load(Math.max(0, page.offset - PAGE))));
  byId("later").addEventListener("click", tell(() => page.load(page.offset + PAGE)));
  byId("note").addEventListener("keydown", (event) => {
    if (!["Escape", "Enter"].includes(event.key)) return;
    event.preventDefault();
    byId("note").blur();
  });
  const zoom = (factor) => () => page.stage.zoomBy(factor);
  listen({
    a: accept, r: reject, n: () => byId("note").focus(),
    arrowup: () => page.step(-1), arrowdown: () => page.step(1),
    o: () => byId("stage").classList.toggle("bare"),
    "+": zoom(1.5), "=": zoom(1.5), "-": zoom(1 / 1.5),
    0: () => page.stage.setView({ zoom: 1, x: 0.5, y: 0.5 }),
  });
  return tell;
}

async function main() {
  const reviewer = new URLSearchParams(location.search).get("reviewer");
  if (!reviewer) {
    location.href = "/";
    return;
  }
  byId("who").textContent = reviewer;
  for (const id of ["to-review", "to-disagreements"]) byId(id).search = location.search;
  const page = new Disagreements(await getJson("/api/review"), reviewer);
  const tell = connect(page);
  await tell(() => page.showPairs())();
  await tell(() => page.load(0))();
}

main();
