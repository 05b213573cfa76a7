// The page on which images are accepted and rejected.

import { getJson } from "../web/api.js";
import { byId } from "../web/dom.js";
import { listen } from "../web/keys.js";
import { askReviewer } from "./dialogs.js";
import { Review } from "./session.js";

function connect(review) {
  const click = (id, action) => byId(id).addEventListener("click", action);
  const accept = () => review.decide("accept");
  const reject = () => review.decide("reject");
  const skip = () => review.decide("skip");
  const back = () => review.back();
  const help = () => byId("help-dialog").showModal();
  click("accept", accept);
  click("reject", reject);
  click("skip", skip);
  click("back", back);
  click("help", help);
  click("who", () => { location.search = ""; });
  byId("note").addEventListener("keydown", (event) => {
    if (!["Escape", "Enter"].includes(event.key)) return;
    event.preventDefault();
    byId("note").blur();
  });
  const zoom = (factor) => () => review.stage.zoomBy(factor);
  listen({
    a: accept, r: reject, s: skip, b: back, arrowleft: back, arrowright: () => review.forward(),
    n: () => byId("note").focus(),
    o: () => byId("stage").classList.toggle("bare"),
    u: () => review.removeBox(-1),
    "+": zoom(1.5), "=": zoom(1.5), "-": zoom(1 / 1.5),
    0: () => review.stage.setView({ zoom: 1, x: 0.5, y: 0.5 }),
    "?": help,
  });
}

async function main() {
  const about = await getJson("/api/review");
  let reviewer = new URLSearchParams(location.search).get("reviewer");
  if (!reviewer?.trim()) {
    reviewer = await askReviewer(about.reviewers);
    history.replaceState(null, "", `?${new URLSearchParams({ reviewer })}`);
  }
  byId("who").textContent = reviewer;
  for (const id of ["to-review", "to-disagreements"]) {
    byId(id).search = `?${new URLSearchParams({ reviewer })}`;
  }
  const review = new Review(about, reviewer);
  connect(review);
  await review.start();
}

main().catch((error) => {
  byId("notice").hidden = false;
  byId("notice").textContent = error.message;
});
