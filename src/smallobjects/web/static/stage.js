// An image with outlines and boxes over it, to be zoomed, moved and drawn on.

import { drawing, element } from "./dom.js";
import { boxShapes, outlineShapes } from "./shapes.js";
import { followPointer } from "./pointer.js";

const MARGIN = 10; // Screen pixels, so that what touches the border can be seen to.
const MOST_ZOOM = 32;
const CRISP_FROM = 3; // Screen pixels per image pixel from which on pixels are shown as they are.

export class Stage {
  constructor(place, { onBox = null, onPick = null, onView = null } = {}) {
    this.place = place;
    this.onView = onView;
    this.size = null;
    this.view = { zoom: 1, x: 0.5, y: 0.5 }; // The point of the image in the middle, 0..1.
    this.picture = element("div", { class: "picture" });
    this.outlines = drawing("g", { class: "outlines" });
    this.boxes = drawing("g", { class: "boxes" });
    this.draft = drawing("rect", { class: "draft", visibility: "hidden" });
    this.moved = drawing("g", {}, this.outlines, this.boxes, this.draft);
    this.overlay = drawing("svg", { class: "overlay", "aria-hidden": "true" }, this.moved);
    place.classList.add("stage");
    place.replaceChildren(this.picture, this.overlay);
    followPointer(this, { onBox, onPick });
    new ResizeObserver(() => this.layout()).observe(place);
  }

  // `layers` are decoded images of one size, the lowest first.
  show({ width, height, layers, instances = [], voidPath = null, boxes = [] }, keepView = false) {
    this.size = { width, height };
    this.picture.replaceChildren(...layers);
    this.outlines.replaceChildren(...outlineShapes(instances, voidPath));
    this.showBoxes(boxes);
    if (keepView) this.layout();
    else this.setView({ zoom: 1, x: 0.5, y: 0.5 });
  }

  clear() {
    this.size = null;
    this.picture.replaceChildren();
    this.outlines.replaceChildren();
    this.boxes.replaceChildren();
  }

  showBoxes(boxes) {
    this.boxList = boxes;
    if (this.size) this.layout();
  }

  // The outlines of which `chosen` is true stand out, the others step back; null ends it.
  emphasise(chosen) {
    this.outlines.classList.toggle("choosing", chosen !== null);
    for (const shape of this.outlines.querySelectorAll("[data-index]")) {
      const is = chosen !== null && chosen(Number(shape.dataset.index));
      shape.classList.toggle("chosen", is);
    }
  }

  // Show a part of the image with as much around it on every side as it has itself.
  closeUp({ x0, y0, x1, y1 }) {
    const { width, height } = this.size;
    const scale = Math.min(this.place.clientWidth / (x1 - x0), this.place.clientHeight / (y1 - y0)) / 3;
    this.setView({ zoom: scale / this.fit(), x: (x0 + x1) / 2 / width, y: (y0 + y1) / 2 / height });
  }

  fit() {
    if (!this.size) return 1;
    const { clientWidth, clientHeight } = this.place;
    const across = Math.max(1, clientWidth - 2 * MARGIN) / this.size.width;
    return Math.min(across, Math.max(1, clientHeight - 2 * MARGIN) / this.size.height);
  }

  scale() {
    return this.fit() * this.view.zoom;
  }

  setView(view, quietly = false) {
    const zoom = Math.min(Math.max(view.zoom, 1), MOST_ZOOM);
    const clamp = (value) => Math.min(Math.max(value, 0), 1);
    this.view = zoom === 1 ? { zoom, x: 0.5, y: 0.5 } : { zoom, x: clamp(view.x), y: clamp(view.y) };
    this.layout();
    if (this.onView && !quietly) this.onView(this.view);
  }

  // Zoom so that the point under the pointer stays there; without one, the middle.
  zoomBy(factor, point = null) {
    if (!this.size) return;
    const { x, y } = point ?? { x: this.view.x, y: this.view.y };
    const zoom = Math.min(Math.max(this.view.zoom * factor, 1), MOST_ZOOM);
    const kept = this.view.zoom / zoom;
    this.setView({ zoom, x: x + (this.view.x - x) * kept, y: y + (this.view.y - y) * kept });
  }

  moveBy(pixelsX, pixelsY) {
    const scale = this.scale();
    this.setView({
      ...this.view,
      x: this.view.x - pixelsX / (scale * this.size.width),
      y: this.view.y - pixelsY / (scale * this.size.height),
    });
  }

  offset() {
    const { clientWidth, clientHeight } = this.place;
    const scale = this.scale();
    return {
      left: clientWidth / 2 - this.view.x * this.size.width * scale,
      top: clientHeight / 2 - this.view.y * this.size.height * scale,
    };
  }

  // Where a pointer is in the image, in its pixels.
  locate(event) {
    const frame = this.place.getBoundingClientRect();
    const { left, top } = this.offset();
    const scale = this.scale();
    return {
      x: (event.clientX - frame.left - left) / scale,
      y: (event.clientY - frame.top - top) / scale,
    };
  }

  layout() {
    if (!this.size) return;
    const scale = this.scale();
    const { left, top } = this.offset();
    const { style } = this.picture;
    style.left = `${left}px`;
    style.top = `${top}px`;
    style.width = `${this.size.width * scale}px`;
    style.height = `${this.size.height * scale}px`;
    this.picture.classList.toggle("crisp", scale >= CRISP_FROM);
    this.moved.setAttribute("transform", `translate(${left} ${top}) scale(${scale})`);
    this.boxes.replaceChildren(...boxShapes(this.boxList ?? [], scale, this.size));
  }
}
