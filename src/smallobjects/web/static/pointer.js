// What a mouse, pen or finger does on a stage: draw a box, pick a point, move the image, zoom.

const STILL = 4; // Screen pixels that a hand moves when it clicks.
const SMALLEST = 2; // Image pixels; a click draws nothing.

export function followPointer(stage, { onBox, onPick }) {
  const { place } = stage;
  let action = null;

  place.addEventListener("pointerdown", (event) => {
    if (!stage.size || action) return;
    const draws = onBox !== null && event.button === 0 && !event.shiftKey;
    const start = draws ? inside(stage, stage.locate(event)) : null;
    action = { draws, start, x: event.clientX, y: event.clientY, way: 0 };
    place.setPointerCapture(event.pointerId);
    event.preventDefault();
  });

  place.addEventListener("pointermove", (event) => {
    if (!action) return;
    if (action.draws) {
      showDraft(stage.draft, boxBetween(action.start, inside(stage, stage.locate(event))));
    } else {
      const [x, y] = [event.clientX - action.x, event.clientY - action.y];
      action.way += Math.abs(x) + Math.abs(y);
      stage.moveBy(x, y);
      Object.assign(action, { x: event.clientX, y: event.clientY });
    }
  });

  const end = (event) => {
    if (!action) return;
    const { draws, start, way } = action;
    action = null;
    stage.draft.setAttribute("visibility", "hidden");
    if (event.type !== "pointerup") return;
    if (!draws) {
      if (onPick && way < STILL) onPick(stage.locate(event));
      return;
    }
    const box = boxBetween(start, inside(stage, stage.locate(event)));
    if (box.x1 - box.x0 >= SMALLEST && box.y1 - box.y0 >= SMALLEST) onBox(box);
  };
  place.addEventListener("pointerup", end);
  place.addEventListener("pointercancel", end);

  place.addEventListener("wheel", (event) => {
    if (!stage.size) return;
    event.preventDefault();
    const { x, y } = stage.locate(event);
    const point = { x: x / stage.size.width, y: y / stage.size.height };
    stage.zoomBy(2 ** (-event.deltaY / 300), point);
  }, { passive: false });
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
