// The bar that changes all ticked pieces: shown once one is ticked, with their number; a button waits for its choice.
// The list is replaced after uploads: what was ticked is ticked again.

const bar = () => document.querySelector("[data-bulk]");
const boxes = () => [...document.querySelectorAll("input[name=ids][form=bulk]")];
const chosen = new Set();
let last;

function remember() {
  for (const box of boxes()) box.checked ? chosen.add(box.value) : chosen.delete(box.value);
}

function tickAgain() {
  for (const box of boxes()) box.checked ||= chosen.has(box.value);
  show();
}

function show() {
  const form = bar();
  if (!form) return;
  const all = boxes();
  const count = all.filter((box) => box.checked).length;
  form.hidden = count === 0;
  form.querySelector("[data-bulk-count]").textContent = form.dataset.chosen.replace("{count}", count);
  for (const button of form.querySelectorAll("[data-needs]")) button.disabled = !form.elements[button.dataset.needs].value;
  const every = document.querySelector("[data-bulk-all]");
  if (!every) return;
  every.hidden = false;
  every.checked = count > 0 && count === all.length;
  every.indeterminate = count > 0 && count < all.length;
}

// With Shift, all boxes between the last one and this become like this one.
function stretch(box, event) {
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const other of all.slice(from, to + 1)) other.checked = box.checked;
  last = box;
}

document.addEventListener("click", (event) => {
  if (event.target.matches("input[name=ids][form=bulk]")) stretch(event.target, event);
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-bulk-all]")) for (const box of boxes()) box.checked = event.target.checked;
  remember();
  show();
});
addEventListener("pageshow", () => {
  remember();
  show();
});
new MutationObserver(tickAgain).observe(document.querySelector("main .stack"), { childList: true });
show();
