// Elements made from data. Text only ever becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(made, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

export function element(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

export function drawing(name, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, name), properties, children);
}

export function byId(id) {
  return document.getElementById(id);
}

export function swatch(colour) {
  const made = element("span", { class: "swatch", "aria-hidden": "true" });
  made.style.backgroundColor = colour;
  return made;
}

// Scrolls what holds an element, but never the page, as scrollIntoView would. `above` are the pixels
// that a head covers.
export function keepInSight(inside, scrolled, above = 0) {
  const below = inside.offsetTop + inside.offsetHeight - scrolled.clientHeight;
  scrolled.scrollTop = Math.max(Math.min(scrolled.scrollTop, inside.offsetTop - above), below);
}

const numbers = new Intl.NumberFormat("en");

export function count(number) {
  return numbers.format(number);
}

export function percent(share) {
  return share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;
}
