// Sorts a table by the column whose heading is pressed: first downwards for numbers, upwards for
// words, then the other way. Cells without a number stay at the end either way.
"use strict";

function sortKey(row, column) {
  const cell = row.cells[column];
  if (!cell.classList.contains("number")) return cell.textContent;
  return cell.dataset.value === "" ? null : Number(cell.dataset.value);
}

function compare(first, second, sign) {
  if (first === null || second === null) return (first === null) - (second === null);
  if (typeof first === "number") return sign * (first - second);
  return sign * first.localeCompare(second);
}

function sortBy(heading) {
  const column = heading.cellIndex;
  const body = heading.closest("table").tBodies[0];
  const start = heading.classList.contains("number") ? "descending" : "ascending";
  const other = start === "ascending" ? "descending" : "ascending";
  const order = heading.getAttribute("aria-sort") === start ? other : start;
  for (const each of heading.parentElement.cells) each.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...body.rows];
  rows.sort((a, b) => compare(sortKey(a, column), sortKey(b, column), sign));
  body.append(...rows);
}

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sortBy(button.parentElement));
}
