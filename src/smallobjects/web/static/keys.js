// One table of keys for a page; nothing happens while somebody writes.

function writing(target) {
  return target.closest("textarea, select, dialog, input:not([type=checkbox]):not([type=range])");
}

// `actions` maps keys, as in KeyboardEvent.key in lower case, to functions.
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && writing(event.target)) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    // A key that is held down decides once, not about image after image.
    event.preventDefault();
    if (!event.repeat) action();
  });
}
