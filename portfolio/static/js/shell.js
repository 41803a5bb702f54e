// Small behaviour every page shares.

// What unfolds over the page closes when something else is pressed, or by Escape.
const OVER = "details:is(.app-more, .downloads)[open]";
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll(OVER)) if (!open.contains(event.target)) open.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll(OVER)) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// Arrow keys walk the heat grid; every cell stays a plain link without this.
document.addEventListener("keydown", (event) => {
  const grid = event.target.closest(".heat");
  if (!grid) return;
  const cells = [...grid.querySelectorAll(".heat-cell")];
  const at = cells.indexOf(document.activeElement);
  if (at < 0) return;
  const rows = [...grid.querySelectorAll(".heat-row")];
  const row = rows.indexOf(cells[at].closest(".heat-row"));
  const column = [...rows[row].querySelectorAll(".heat-cell")].indexOf(cells[at]);
  const inRow = (other) => {
    const others = [...(rows[other]?.querySelectorAll(".heat-cell") ?? [])];
    return others[Math.min(column, others.length - 1)];
  };
  const next = {
    ArrowRight: cells[at + 1],
    ArrowLeft: cells[at - 1],
    ArrowDown: inRow(row + 1),
    ArrowUp: inRow(row - 1),
  }[event.key];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

// Keys named by aria-keyshortcuts follow their link or press their button, except while somebody types.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  const wanted = [...document.querySelectorAll("[aria-keyshortcuts]")].find(
    (target) => target.getAttribute("aria-keyshortcuts").toLowerCase() === event.key.toLowerCase(),
  );
  if (!wanted) return;
  event.preventDefault();
  wanted.click();
});

// A link to something folded away unfolds it.
function unfold() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const fold = target && target.closest("details");
  if (fold) fold.open = true;
}
addEventListener("hashchange", unfold);
unfold();
