// Outlines of instances and boxes as SVG. A dark line lies below each, to be seen on any ground.

import { drawing } from "./dom.js";

const ROOM = 36; // Screen pixels.

export function outlineShapes(instances, voidPath) {
  const shapes = voidPath ? [drawing("path", { d: voidPath, class: "void" })] : [];
  instances.forEach((instance, index) => {
    const tip = drawing("title", {});
    tip.textContent = `${instance.class}, ${instance.area} px`;
    const group = drawing("g", { class: "instance", "data-index": index }, tip);
    const halo = drawing("path", { d: instance.path, class: "halo" });
    const line = drawing("path", { d: instance.path, class: "line" });
    line.style.stroke = instance.line ?? instance.colour;
    line.style.fill = instance.colour;
    group.append(halo, line);
    shapes.push(group);
  });
  return shapes;
}

// A box has x0, y0, x1, y1 and a label; `kind` is a class of the style sheet. A `quiet` one has its
// label only where there is room for it, and `around` are the screen pixels between it and its line.
export function boxShapes(boxes, scale, size) {
  return boxes.map((box) => {
    const around = (box.around ?? 0) / scale;
    const frame = {
      x: box.x0 - around,
      y: box.y0 - around,
      width: box.x1 - box.x0 + 2 * around,
      height: box.y1 - box.y0 + 2 * around,
    };
    const group = drawing("g", { class: `box ${box.kind ?? ""}` });
    group.append(drawing("rect", { ...frame, class: "halo" }));
    group.append(drawing("rect", { ...frame, class: "line" }));
    const room = Math.min(frame.width, 1.5 * frame.height) * scale;
    if (box.label && (!box.quiet || room > ROOM)) group.append(label(box.label, frame, scale, size.width));
    return group;
  });
}

// Above its box, or within it where there is no room above; never beyond the image on the right.
function label(words, frame, scale, imageWidth) {
  const { y } = frame;
  const height = 16 / scale;
  const width = (words.length * 7 + 10) / scale;
  const x = Math.max(0, Math.min(frame.x, imageWidth - width));
  const top = y - height >= 0 ? y - height : y;
  const text = drawing("text", {
    x: x + 5 / scale, y: top + 11.8 / scale, "font-size": 11 / scale,
  });
  text.textContent = words;
  const ground = drawing("rect", { x, y: top, width, height, class: "ground" });
  return drawing("g", { class: "label" }, ground, text);
}
