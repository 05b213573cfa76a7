// Images as elements that are decoded before they are shown, so that nothing flickers.

export async function decoded(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}
