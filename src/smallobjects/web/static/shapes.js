// Outlines of instances and boxes as SVG. A dark line lies below each, to be seen on any ground.

import { drawing } from "./dom.js";

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

// A box has x0, y0, x1, y1 and a label; `kind` is a class of the style sheet.
export function boxShapes(boxes, scale) {
  return boxes.map((box) => {
    const frame = {
      x: box.x0, y: box.y0, width: box.x1 - box.x0, height: box.y1 - box.y0,
    };
    const group = drawing("g", { class: `box ${box.kind ?? ""}` });
    group.append(drawing("rect", { ...frame, class: "halo" }));
    group.append(drawing("rect", { ...frame, class: "line" }));
    if (box.label) group.append(label(box, scale));
    return group;
  });
}

function label(box, scale) {
  const height = 16 / scale;
  const width = (box.label.length * 6.4 + 10) / scale;
  const above = box.y0 - height >= 0;
  const top = above ? box.y0 - height : box.y0;
  const text = drawing("text", {
    x: box.x0 + 5 / scale, y: top + 11.8 / scale, "font-size": 11 / scale,
  });
  text.textContent = box.label;
  const ground = drawing("rect", { x: box.x0, y: top, width, height, class: "ground" });
  return drawing("g", { class: "label" }, ground, text);
}
