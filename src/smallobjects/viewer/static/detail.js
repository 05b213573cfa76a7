// Image, ground truth and prediction side by side, moved together; and the chosen instance from near.

import { getJson } from "../web/api.js";
import { lineColour } from "../web/colours.js";
import { byId, count, element, swatch } from "../web/dom.js";
import { decoded } from "../web/images.js";
import { Stage } from "../web/stage.js";

const HIT = 0.5; // IoU from which on an instance counts as found.
const WHOLE = { zoom: 1, x: 0.5, y: 0.5 };

export class Detail {
  constructor(colours, onChoose) {
    this.colours = colours;
    this.onChoose = onChoose;
    this.image = null;
    this.opacity = byId("opacity");
    this.opacity.addEventListener("input", () => this.showMasks());
    this.stages = ["image", "truth", "prediction"].map((name) => {
      const stage = new Stage(byId(`pane-${name}`), {
        onView: (view) => this.stages.forEach((other) => other !== stage && other.setView(view, true)),
        onPick: (point) => this.pick(point),
      });
      return stage;
    });
    this.close = new Stage(byId("pane-close"));
  }

  async show(image, row) {
    this.wanted = image;
    this.row = row;
    if (image !== this.image) {
      const name = encodeURIComponent(image);
      byId("panes").setAttribute("aria-busy", "true");
      const [content, ...pictures] = await Promise.all([
        getJson(`/api/images/${name}`), ...[1, 2, 3, 4].map(() => decoded(`/images/${name}`)),
        ...["truth", "prediction", "prediction"].map((kind) => decoded(`/masks/${kind}/${name}`)),
      ]).finally(() => {
        if (this.wanted === image) byId("panes").removeAttribute("aria-busy");
      });
      if (this.wanted !== image) return; // Whoever went on meanwhile sees the later image.
      this.showImage(content, pictures);
    }
    this.choose(this.row);
  }

  showImage(content, [first, second, third, fourth, truth, prediction, near]) {
    this.image = content.image;
    this.instances = content.instances;
    this.masks = [truth, prediction, near];
    for (const mask of this.masks) mask.className = "mask";
    const { width, height } = content;
    const instances = this.instances.map((instance) => {
      const colour = this.colours[instance.class];
      return { ...instance, colour, line: lineColour(colour) };
    });
    const outlines = this.instances.map((instance) => ({ ...instance, colour: "transparent", line: "#fff" }));
    arrange(byId("panes"), width / height);
    this.stages[0].show({ width, height, layers: [first], instances, voidPath: content.void });
    this.stages[1].show({ width, height, layers: [second, truth] });
    this.stages[2].show({ width, height, layers: [third, prediction] });
    this.close.show({ width, height, layers: [fourth, near], instances: outlines });
    this.showMasks();
    this.showLegend();
    byId("image-id").textContent = this.image;
    byId("pane-image").dataset.image = this.image;
  }

  choose(row) {
    const boxes = this.instances.map((instance) => {
      const [x0, y0, x1, y1] = instance.box;
      const asked = instance.row === row;
      const kind = `${instance.iou >= HIT ? "hit" : "miss"}${asked ? " asked" : ""}`;
      const iou = instance.iou.toFixed(2);
      const label = asked ? `${instance.class} ${iou}` : iou;
      return { x0, y0, x1, y1, kind, asked, quiet: !asked, around: asked ? 4 : 0, label };
    });
    // The one that is asked for lies above the others.
    boxes.sort((a, b) => a.asked - b.asked);
    for (const stage of this.stages) stage.showBoxes(boxes);
    const chosen = this.instances.find((instance) => instance.row === row);
    byId("chosen").textContent = chosen
      ? `${chosen.class}, ${chosen.size}, ${count(chosen.area)} px, IoU ${chosen.iou.toFixed(3)}` : "";
    this.close.emphasise((index) => this.instances[index] === chosen);
    if (chosen) this.showClose(chosen.box);
  }

  showClose([x0, y0, x1, y1]) {
    this.close.closeUp({ x0, y0, x1, y1 });
  }

  clear() {
    this.image = null;
    this.wanted = null;
    for (const stage of [...this.stages, this.close]) stage.clear();
    byId("image-id").textContent = "";
    byId("chosen").textContent = "";
    byId("legend").replaceChildren();
  }

  // The smallest instance whose box is there.
  pick({ x, y }) {
    const hit = ({ box: [x0, y0, x1, y1] }) => x >= x0 && x < x1 && y >= y0 && y < y1;
    const area = ({ box: [x0, y0, x1, y1] }) => (x1 - x0) * (y1 - y0);
    const [found] = this.instances.filter(hit).sort((a, b) => area(a) - area(b));
    if (!found) return;
    this.choose(found.row);
    this.onChoose(found.row);
  }

  toggleMasks() {
    this.opacity.value = Number(this.opacity.value) ? 0 : 60;
    this.showMasks();
  }

  showMasks() {
    for (const mask of this.masks ?? []) mask.style.opacity = this.opacity.value / 100;
  }

  zoomBy(factor) {
    if (factor) this.stages[0].zoomBy(factor);
    else this.stages[0].setView(WHOLE);
  }

  showLegend() {
    const names = [...new Set(this.instances.map((instance) => instance.class))];
    const keys = [["hit", "IoU ≥ 0.5"], ["miss", "IoU < 0.5"], ["asked", "chosen"]];
    byId("legend").replaceChildren(
      ...names.map((name) => element("li", {}, swatch(this.colours[name]), name)),
      ...keys.map(([kind, text]) => element("li", { class: "muted" },
        element("span", { class: `key ${kind}` }), text)));
  }
}

// As many panes beside each other as make the images largest.
function arrange(panes, aspect) {
  const { clientWidth, clientHeight } = panes;
  const size = (columns) => Math.min(clientWidth / columns / aspect, clientHeight / (4 / columns));
  const [best] = [4, 2, 1].sort((a, b) => size(b) - size(a));
  panes.style.gridTemplateColumns = `repeat(${best}, minmax(0, 1fr))`;
}
