// The rows of scored instances, and how their IoU is spread.

import { byId, count, element, swatch } from "../web/dom.js";

export function showRows(rows, colours, onChoose) {
  byId("rows").replaceChildren(...rows.map((row) => element("tr",
    { "data-row": row.row, "aria-selected": "false", onclick: () => onChoose(row.row) },
    element("td", { title: row.image }, row.image),
    element("td", {}, swatch(colours[row.class]), row.class),
    element("td", { class: "number", title: row.size }, count(row.area), ` ${row.size[0].toUpperCase()}`),
    element("td", { class: "number" }, meter(row.iou), row.iou.toFixed(3)))));
}

function meter(share) {
  const filled = element("i");
  filled.style.width = `${100 * share}%`;
  return element("span", { class: "meter", "aria-hidden": "true" }, filled);
}

export function showHistogram(numbers) {
  const most = Math.max(1, ...numbers);
  const step = 1 / numbers.length;
  byId("histogram").setAttribute("aria-label", `Instances by IoU: ${numbers.join(", ")}`);
  byId("histogram").replaceChildren(...numbers.map((number, index) => {
    const title = `IoU ${(index * step).toFixed(1)}–${((index + 1) * step).toFixed(1)}: ${count(number)}`;
    const bar = element("span", { title });
    bar.style.height = `${(100 * number) / most}%`;
    return bar;
  }));
}
