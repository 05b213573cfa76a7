// Classes keep the colour of the dataset's palette; their lines are lighter, to be seen on dark ground.

export function lineColour(colour) {
  const parts = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
  const luminance = (0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]) / 255;
  const share = Math.max(0, 0.8 - luminance);
  const lighter = parts.map((part) => Math.round(part + (255 - part) * share));
  return `#${lighter.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
