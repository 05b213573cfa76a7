// What stands beside the image: classes, marks, boxes of missing objects, progress.

import { byId, count, element, swatch } from "../web/dom.js";

const HINTS = {
  not_exhaustive: "LVIS does not annotate all of:",
  only_in_coco: "Annotated in COCO, but not in LVIS:",
  narrower: "Shown, but not one of the classes:",
};

export function showClasses(classes, colours, onEmphasis) {
  byId("classes").replaceChildren(...classes.map(({ name, counts }) => {
    const on = () => onEmphasis(name);
    const off = () => onEmphasis(null);
    const numbers = counts.map((n) => element("span", { class: n ? "number" : "number none" }, String(n)));
    const title = `${counts[0]} small, ${counts[1]} medium, ${counts[2]} large`;
    const button = element("button",
      { type: "button", title, onmouseenter: on, onmouseleave: off, onfocus: on, onblur: off },
      swatch(colours[name]), element("span", { class: "name" }, name), ...numbers);
    return element("li", {}, button);
  }));
}

export function showHints(hints) {
  const shown = Object.keys(HINTS).filter((hint) => hints[hint]?.length);
  byId("hints-part").hidden = !shown.length;
  byId("hints").replaceChildren(...shown.map((hint) => element("li", {},
    element("span", { class: "muted" }, HINTS[hint]), " ",
    element("b", {}, hints[hint].map((name) => name.replaceAll("_", " ")).join(", ")))));
}

export function showBoxList(boxes, colours, onRemove) {
  byId("no-boxes").hidden = boxes.length > 0;
  byId("boxes").replaceChildren(...boxes.map((box, index) => element("li", {},
    swatch(colours[box.class_name]), element("span", {}, box.class_name),
    element("span", { class: "muted" }, `${box.x1 - box.x0} × ${box.y1 - box.y0}`),
    element("button", {
      type: "button", class: "plain", "aria-label": `Remove the box of ${box.class_name}`,
      onclick: () => onRemove(index),
    }, "✕"))));
}

export function showSaid(verdict) {
  const words = { accept: "✓ accepted", reject: "✕ rejected", skip: "skipped" };
  byId("said").className = verdict?.decision ?? "";
  byId("said").textContent = verdict ? words[verdict.decision] : "";
}

export function showProgress({ total, reviewers, per_hour: perHour }, reviewer) {
  const own = Object.entries(reviewers).find(([name]) => name.toLowerCase() === reviewer.toLowerCase());
  const { accept, reject } = own?.[1] ?? { accept: 0, reject: 0 };
  const done = accept + reject;
  byId("done").textContent = `${count(done)} of ${count(total)}`;
  byId("done").title = `${count(accept)} accepted, ${count(reject)} rejected`;
  byId("part-accept").style.width = `${(100 * accept) / total}%`;
  byId("part-reject").style.width = `${(100 * reject) / total}%`;
  const track = byId("part-accept").parentElement;
  track.setAttribute("aria-valuemax", total);
  track.setAttribute("aria-valuenow", done);
  byId("pace").textContent = perHour ? `${count(Math.round(perHour))} an hour · ${left(total - done, perHour)}` : "";
}

function left(images, perHour) {
  const hours = images / perHour;
  if (hours < 1) return `${Math.max(1, Math.round(60 * hours))} min left`;
  return `${hours < 10 ? hours.toFixed(1) : count(Math.round(hours))} h left`;
}
