// Questions that the page asks: who reviews, and which class an object has.

import { byId, element, swatch } from "../web/dom.js";

// The reviewer of the page, from its address or asked for.
export function askReviewer(known) {
  const dialog = byId("name-dialog");
  byId("known").replaceChildren(...known.map((value) => element("option", { value })));
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  return new Promise((resolve) => {
    byId("name-form").addEventListener("submit", (event) => {
      const name = byId("name").value.trim().replace(/\s+/g, " ");
      if (name) resolve(name);
      else event.preventDefault();
    });
  });
}

export class ClassDialog {
  constructor(colours) {
    this.colours = colours;
    this.recent = [];
    this.dialog = byId("class-dialog");
    this.search = byId("class-search");
    this.search.addEventListener("input", () => this.list());
    byId("class-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const [first] = this.matching();
      if (first) this.choose(first);
    });
    this.dialog.addEventListener("close", () => this.resolve?.(this.chosen));
  }

  // The class, or null if the box is discarded.
  ask() {
    this.chosen = null;
    this.search.value = "";
    this.list();
    this.dialog.showModal();
    this.search.focus();
    return new Promise((resolve) => { this.resolve = resolve; });
  }

  matching() {
    const text = this.search.value.trim().toLowerCase();
    const others = Object.keys(this.colours).filter((name) => !this.recent.includes(name));
    const found = [...this.recent, ...others].filter((name) => name.includes(text));
    // What begins as it was typed comes first.
    return text ? found.sort((a, b) => b.startsWith(text) - a.startsWith(text)) : found;
  }

  list() {
    byId("class-list").replaceChildren(...this.matching().map((name) => element("li", {},
      element("button", { type: "button", onclick: () => this.choose(name) },
        swatch(this.colours[name]), name))));
  }

  choose(name) {
    this.chosen = name;
    this.recent = [name, ...this.recent.filter((other) => other !== name)].slice(0, 4);
    this.dialog.close();
  }
}
