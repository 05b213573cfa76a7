// Verdicts on their way. They are kept in the browser until the server has confirmed each, so that
// neither a reload nor a server that is gone loses one; sent twice, one counts once.

import { postJson, Refused } from "../web/api.js";

const PAUSE = 1000; // Milliseconds before the server is tried again.

export class Outbox {
  // `onChange(waiting, error)` is told how many are on their way, and what went wrong.
  constructor(review, reviewer, onChange) {
    this.prefix = `verdict/${review}/${encodeURIComponent(reviewer)}/`;
    this.onChange = onChange;
    this.sending = false;
  }

  add(verdict) {
    const request = crypto.randomUUID ? crypto.randomUUID() : randomName();
    // Keys sort by time, so that they are sent in the order in which they were given.
    const time = String(Date.now()).padStart(15, "0");
    localStorage.setItem(`${this.prefix}${time}/${request}`, JSON.stringify({ request, ...verdict }));
    this.send();
  }

  keys() {
    return Object.keys(localStorage).filter((key) => key.startsWith(this.prefix)).sort();
  }

  // What waits, by image: it is newer than what the server knows.
  waiting() {
    const kept = this.keys().map((key) => localStorage.getItem(key));
    const verdicts = kept.filter((text) => text !== null).map((text) => JSON.parse(text));
    return new Map(verdicts.map((verdict) => [verdict.image, verdict]));
  }

  async send() {
    if (this.sending) return;
    this.sending = true;
    let error = null;
    for (let keys = this.keys(); keys.length; keys = this.keys()) {
      this.onChange(keys.length, error);
      const kept = localStorage.getItem(keys[0]);
      if (kept === null) continue; // Another tab has sent it.
      try {
        await postJson("/api/verdicts", JSON.parse(kept));
        localStorage.removeItem(keys[0]);
        error = null;
      } catch (problem) {
        error = problem instanceof Refused ? problem.message : "The server does not answer";
        this.onChange(keys.length, error);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
    this.sending = false;
    this.onChange(0, null);
  }
}

// Beyond loopback, pages without encryption have no randomUUID.
function randomName() {
  const parts = crypto.getRandomValues(new Uint32Array(4));
  return [...parts].map((part) => part.toString(16).padStart(8, "0")).join("-");
}
