// What a mouse, pen or finger does on a stage: draw a box, pick a point, move the image, zoom.

const STILL = 4; // Screen pixels that a hand moves when it clicks.
const SMALLEST = 2; // Image pixels; a click draws nothing.

export function followPointer(stage, { onBox, onPick }) {
  const { place } = stage;
  const fingers = new Map(); // Where each pointer is that is down.
  let action = null; // What the only one of them does.

  place.addEventListener("pointerdown", (event) => {
    if (!stage.size) return;
    event.preventDefault();
    place.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    stage.draft.setAttribute("visibility", "hidden");
    action = fingers.size === 1 ? begin(stage, event, onBox !== null) : null;
  });

  place.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before || !stage.size) return;
    const now = { x: event.clientX, y: event.clientY };
    if (fingers.size === 2) pinch(stage, [...fingers.values()].find((it) => it !== before), before, now);
    else if (action?.draws) {
      showDraft(stage.draft, boxBetween(action.start, inside(stage, stage.locate(event))));
    } else if (action) {
      action.way += Math.hypot(now.x - before.x, now.y - before.y);
      stage.moveBy(now.x - before.x, now.y - before.y);
    }
    fingers.set(event.pointerId, now);
  });

  const end = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    const ended = action;
    action = null;
    stage.draft.setAttribute("visibility", "hidden");
    if (!ended || !stage.size || event.type !== "pointerup") return;
    if (!ended.draws) {
      if (onPick && ended.way < STILL) onPick(stage.locate(event));
      return;
    }
    const box = boxBetween(ended.start, inside(stage, stage.locate(event)));
    if (box.x1 - box.x0 >= SMALLEST && box.y1 - box.y0 >= SMALLEST) onBox(box);
  };
  place.addEventListener("pointerup", end);
  place.addEventListener("pointercancel", end);

  place.addEventListener("wheel", (event) => {
    if (!stage.size) return;
    event.preventDefault();
    stage.zoomBy(2 ** (-event.deltaY / 300), share(stage, event));
  }, { passive: false });
}

function begin(stage, event, canDraw) {
  const draws = canDraw && event.button === 0 && !event.shiftKey;
  return { draws, start: inside(stage, stage.locate(event)), way: 0 };
}

// Two fingers move the image with them, and zoom as they part; one of them went on a bit.
function pinch(stage, other, before, now) {
  const distance = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
  stage.moveBy((now.x - before.x) / 2, (now.y - before.y) / 2);
  const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 };
  stage.zoomBy(distance(now) / distance(before), share(stage, middle));
}

// Where a pointer is in the image, 0..1.
function share(stage, event) {
  const { x, y } = stage.locate(event);
  return { x: x / stage.size.width, y: y / stage.size.height };
}

function inside(stage, { x, y }) {
  const { width, height } = stage.size;
  return { x: Math.min(Math.max(x, 0), width), y: Math.min(Math.max(y, 0), height) };
}

// All pixels that are touched, with exclusive ends.
function boxBetween(a, b) {
  return {
    x0: Math.floor(Math.min(a.x, b.x)),
    y0: Math.floor(Math.min(a.y, b.y)),
    x1: Math.ceil(Math.max(a.x, b.x)),
    y1: Math.ceil(Math.max(a.y, b.y)),
  };
}

function showDraft(draft, box) {
  draft.setAttribute("x", box.x0);
  draft.setAttribute("y", box.y0);
  draft.setAttribute("width", box.x1 - box.x0);
  draft.setAttribute("height", box.y1 - box.y0);
  draft.setAttribute("visibility", "visible");
}
