// Images as elements that are decoded before they are shown, so that nothing flickers.

import { Refused } from "./api.js";

export async function decoded(address) {
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    await explain(address);
  }
  return image;
}

// An image element does not tell what the server said.
async function explain(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Refused((await response.text()).split("\n").slice(1).join(" ").trim());
  throw new Refused(`${address} is no image that a browser shows; fetch it again`);
}
