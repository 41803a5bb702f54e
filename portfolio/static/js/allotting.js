// Counts along while somebody ticks who scores what: elements and points a line, scores a column.

import { typedEarly } from "./drafts.js";

const sum = (boxes, of) => boxes.reduce((total, box) => total + (box.checked ? Number(box.dataset[of]) : 0), 0);

function count(table) {
  const needed = Number(table.dataset.needed);
  const columns = [...table.tFoot.querySelectorAll("[data-scorers]")];
  const scorers = columns.map(() => 0);
  for (const line of table.querySelectorAll("[data-line]")) {
    const cells = [...line.querySelectorAll("td.c")];
    const boxes = cells.map((cell) => cell.querySelector("input[type=checkbox]"));
    boxes.forEach((box, at) => { scorers[at] += box?.checked ? 1 : 0; });
    const given = boxes.filter(Boolean);
    if (!given.length) continue;
    line.querySelector("[data-sum=elements]").textContent = sum(given, "elements");
    line.querySelector("[data-sum=points]").textContent = sum(given, "points");
  }
  columns.forEach((cell, at) => {
    const state = scorers[at] < needed ? "gap" : "ok";
    for (const part of cell.querySelectorAll("[data-s]")) part.dataset.s = state;
    cell.querySelector(".state").lastChild.textContent = scorers[at];
    cell.querySelector(".visually-hidden").textContent = table.dataset[state === "gap" ? "short" : "enough"];
  });
}

for (const table of document.querySelectorAll("[data-allotting]")) {
  table.addEventListener("change", () => count(table));
  if (typedEarly(table.querySelectorAll("input[type=checkbox]"))) count(table);
}
