// The images that come next, with their pictures and annotations there before they are asked for.

import { getJson } from "../web/api.js";
import { decoded } from "../web/images.js";

const AHEAD = 5;
const KEPT = 24;

export class Queue {
  constructor(version, reviewer, outbox) {
    this.version = version;
    this.reviewer = reviewer;
    this.outbox = outbox;
    this.items = []; // What comes next.
    this.loaded = new Map(); // Promises of content, by image, the oldest first.
    this.left = new Map(); // When an image was left, by `clock`.
    this.clock = 0;
    this.refused = new Set(); // Images that cannot be shown.
  }

  // The next item from a position on, or null at the end. `leaving` is the image on the screen.
  async next(position, leaving) {
    if (leaving) this.left.set(leaving, ++this.clock);
    this.items = this.items.filter((item) => item.image !== leaving);
    if (!this.items.length) await this.refill(position, leaving);
    const item = this.items.shift() ?? null;
    // Whoever waits for this one need not wait for those behind it.
    this.refill(item ? item.position + 1 : position, item?.image).catch(() => {});
    return item;
  }

  async refill(position, leaving) {
    const waiting = this.outbox.waiting();
    const started = this.clock;
    const count = AHEAD + Math.min(waiting.size, 20) + 1;
    const found = await getJson("/api/next", { reviewer: this.reviewer, from: position, count });
    const now = this.outbox.waiting();
    // An answer may be older than what was decided while it was on its way.
    const done = (image) => image === leaving || waiting.has(image) || now.has(image)
      || this.refused.has(image) || (this.left.get(image) ?? 0) > started;
    this.items = found.filter((item) => !done(item.image)).slice(0, AHEAD);
    for (const item of this.items) this.content(item.image).catch(() => {});
  }

  passOver(image) {
    this.refused.add(image);
    this.items = this.items.filter((item) => item.image !== image);
  }

  // Forget what was to come: the reviewer went somewhere else.
  restart() {
    this.items = [];
  }

  previous(position) {
    return getJson("/api/previous", { reviewer: this.reviewer, before: position });
  }

  // Picture and annotations of an image.
  content(image) {
    if (!this.loaded.has(image)) {
      const promise = this.load(image);
      promise.catch(() => this.loaded.delete(image));
      this.loaded.set(image, promise);
      const [oldest] = this.loaded.keys();
      if (this.loaded.size > KEPT) this.loaded.delete(oldest);
    }
    return this.loaded.get(image);
  }

  async load(image) {
    const name = encodeURIComponent(image);
    const [annotations, picture] = await Promise.all([
      getJson(`/api/annotations/${name}`, { v: this.version }),
      decoded(`/images/${name}`),
    ]);
    return { annotations, picture };
  }
}
