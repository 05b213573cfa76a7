// A reviewer's way through the images: what is shown, what is said, and where it goes on.

import { getJson, Refused } from "../web/api.js";
import { lineColour } from "../web/colours.js";
import { byId } from "../web/dom.js";
import { Stage } from "../web/stage.js";
import { ClassDialog } from "./dialogs.js";
import { Outbox } from "./outbox.js";
import { showBoxList, showClasses, showHints, showProgress, showSaid } from "./panel.js";
import { Queue } from "./queue.js";

const PAUSE = 1000; // Milliseconds before the server is tried again.
const MOST_PASSED = 5; // Images in a row that cannot be shown; then something else is wrong.

export class Review {
  constructor({ review, version, colours }, reviewer) {
    this.reviewer = reviewer;
    this.colours = colours;
    this.item = null;
    this.boxes = [];
    this.busy = false;
    this.position = 0;
    this.asked = 0; // How often progress was asked for: answers may come in another order.
    this.notices = {}; // By what they are about, so that none takes the place of another.
    this.outbox = new Outbox(review, reviewer, (waiting, error) => this.showSaving(waiting, error),
      (image, words) => this.showNotice("refusal", `The verdict on ${image} was refused: ${words}`));
    this.queue = new Queue(version, reviewer, this.outbox);
    this.classDialog = new ClassDialog(colours);
    this.stage = new Stage(byId("stage"), { onBox: (box) => this.addBox(box) });
  }

  async start() {
    this.outbox.send();
    this.showProgress();
    await this.move(() => this.queue.next(0, null));
  }

  // Go to the item that `find` promises; until it is on the screen, nothing else is decided.
  async move(find) {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.retry);
    let again = find;
    try {
      const item = await find();
      again = async () => item;
      this.showNotice("images", await this.showOrPassOver(item));
    } catch (error) {
      this.showNotice("images", `${error.message}. Trying again …`);
      this.retry = setTimeout(() => this.move(again), PAUSE);
    } finally {
      this.busy = false;
    }
  }

  // Show an item, or the first after it that can be shown; return what was wrong with the others.
  async showOrPassOver(first) {
    let words = null;
    for (let item = first, passed = 0; ; passed += 1) {
      try {
        await this.show(item);
        return words;
      } catch (error) {
        if (!(error instanceof Refused) || passed === MOST_PASSED) throw error;
        words = `Passed over ${item.image}: ${error.message}`;
        this.queue.passOver(item.image);
        item = await this.queue.next(item.position + 1, item.image);
      }
    }
  }

  async show(item) {
    byId("finished").hidden = item !== null;
    if (item === null) return this.showEnd();
    const { annotations, picture } = await this.queue.content(item.image);
    const verdict = this.outbox.waiting().get(item.image) ?? item.verdict;
    this.item = item;
    this.shown = item;
    this.position = item.position;
    this.annotations = annotations;
    this.boxes = [...(verdict?.boxes ?? [])];
    byId("image-id").textContent = item.image;
    byId("note").value = verdict?.note ?? "";
    showSaid(verdict);
    showClasses(annotations.classes, this.colours, (name) => this.emphasise(name));
    showHints(annotations.hints);
    this.stage.show({
      width: annotations.width,
      height: annotations.height,
      layers: [picture],
      voidPath: annotations.void,
      instances: annotations.instances.map((instance) => {
        const colour = this.colours[instance.class];
        return { ...instance, colour, line: lineColour(colour) };
      }),
    });
    this.showBoxes();
    byId("stage").dataset.image = item.image;
  }

  showEnd() {
    this.item = null;
    this.stage.clear();
    delete byId("stage").dataset.image;
    byId("image-id").textContent = "";
    showSaid(null);
    showClasses([], this.colours, () => {});
    showHints({});
    this.boxes = [];
    this.showBoxes();
    byId("finished").textContent = "Every image has a verdict of yours. Back (B) goes through them again.";
    this.position = Number.MAX_SAFE_INTEGER;
  }

  decide(decision) {
    if (!this.item || this.busy) return;
    const { image, position } = this.item;
    const note = byId("note").value;
    try {
      this.outbox.add({ reviewer: this.reviewer, image, decision, note, boxes: this.boxes });
    } catch (error) {
      this.showNotice("saving", `This browser cannot keep the verdict, so it was not given: ${error.message}`);
      return;
    }
    // However long the next image takes, this one is not decided again.
    this.item = null;
    this.onward(position, image);
  }

  onward(position, leaving) {
    this.move(() => this.queue.next(position + 1, leaving));
  }

  forward() {
    if (this.item) this.onward(this.item.position, this.item.image);
  }

  back() {
    this.move(async () => {
      const before = Math.min(this.position, 10 ** 9);
      const item = await this.queue.previous(before);
      this.queue.restart();
      return item ?? this.shown;
    });
  }

  async addBox(box) {
    if (!this.item || this.busy) return;
    this.stage.showBoxes([...this.labelled(), { ...box, kind: "missing", label: "?" }]);
    const name = await this.classDialog.ask();
    if (name) this.boxes.push({ class_name: name, ...box });
    this.showBoxes();
  }

  removeBox(index) {
    this.boxes.splice(index, 1);
    this.showBoxes();
  }

  labelled() {
    return this.boxes.map((box) => ({ ...box, kind: "missing", label: box.class_name }));
  }

  showBoxes() {
    this.stage.showBoxes(this.labelled());
    showBoxList(this.boxes, this.colours, (index) => this.removeBox(index));
  }

  emphasise(name) {
    const { instances } = this.annotations;
    this.stage.emphasise(name && ((index) => instances[index].class === name));
  }

  showSaving(waiting, error) {
    byId("saved").textContent = waiting ? `${waiting} to save` : "saved";
    byId("saved").className = waiting ? "waiting" : "";
    document.body.dataset.waiting = waiting;
    this.showNotice("saving", error && `${error}. ${waiting} ${waiting === 1 ? "verdict is" : "verdicts are"} `
      + "kept in this browser and will be sent.");
    if (!waiting) this.showProgress();
  }

  showNotice(about, text) {
    this.notices[about] = text;
    const words = Object.values(this.notices).filter(Boolean).join(" · ");
    byId("notice").hidden = !words;
    byId("notice").textContent = words;
  }

  async showProgress() {
    const asked = ++this.asked;
    try {
      const progress = await getJson("/api/progress", { reviewer: this.reviewer });
      if (asked === this.asked) showProgress(progress, this.reviewer);
    } catch {
      // The next verdict asks again; a server that is gone is told of elsewhere.
    }
  }
}
