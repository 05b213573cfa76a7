// Which rows are shown; the address of the page says so too, so that it can be sent to others.

import { byId } from "../web/dom.js";

const WAIT = 150; // Milliseconds after the last key.

export class Filter {
  constructor(classes, onChange) {
    this.order = "iou";
    this.descending = false;
    this.read(new URLSearchParams(location.hash.slice(1)), classes);
    let timer = null;
    const changed = () => {
      clearTimeout(timer);
      timer = setTimeout(() => { this.write(); onChange(); }, WAIT);
    };
    byId("filter").addEventListener("input", changed);
    byId("filter").addEventListener("submit", (event) => event.preventDefault());
    for (const button of document.querySelectorAll("[data-order]")) {
      button.addEventListener("click", () => { this.sortBy(button.dataset.order); changed(); });
    }
    this.showOrder();
  }

  sizes() {
    return [...document.getElementsByName("size")];
  }

  query() {
    const query = new URLSearchParams({ order: this.order });
    if (this.descending) query.set("descending", "1");
    for (const id of ["class", "image"]) if (byId(id).value) query.set(id, byId(id).value);
    for (const id of ["lowest", "highest"]) {
      if (byId(id).value !== "") query.set(id, byId(id).value);
    }
    for (const box of this.sizes()) if (box.checked) query.append("size", box.value);
    return query;
  }

  write() {
    history.replaceState(null, "", `#${this.query()}`);
  }

  read(query, classes) {
    if (query.has("order")) this.order = query.get("order");
    this.descending = query.get("descending") === "1";
    if (classes.some(({ id }) => String(id) === query.get("class"))) {
      byId("class").value = query.get("class");
    }
    for (const id of ["image", "lowest", "highest"]) {
      if (query.has(id)) byId(id).value = query.get(id);
    }
    for (const box of this.sizes()) box.checked = query.getAll("size").includes(box.value);
  }

  sortBy(order) {
    this.descending = order === this.order && !this.descending;
    this.order = order;
    this.showOrder();
  }

  showOrder() {
    for (const button of document.querySelectorAll("[data-order]")) {
      const head = button.parentElement;
      if (button.dataset.order !== this.order) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", this.descending ? "descending" : "ascending");
    }
  }
}
