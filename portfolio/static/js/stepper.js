// The score stepper: − and + by the step, within 0 and the element's points; typing stays free.

const decimals = (text) => (String(text).split(".")[1] ?? "").length;

// Steps are added as whole hundredths, so 0.1 + 0.2 is 0.3.
function stepped(input, direction, step, max) {
  const hundredths = (text) => Math.round(Number(text) * 100);
  const typed = input.value.trim();
  const start = typed === "" || Number.isNaN(Number(typed)) ? (direction > 0 ? -hundredths(step) : hundredths(max) + hundredths(step)) : hundredths(typed);
  const next = Math.min(hundredths(max), Math.max(0, start + direction * hundredths(step)));
  return (next / 100).toFixed(Math.max(1, Math.min(2, decimals(step))));
}

export function stepper(root) {
  const input = root.querySelector("input");
  const { step, max } = root.dataset;
  const move = (direction) => {
    input.value = stepped(input, direction, step, max);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-by]");
    if (button) move(Number(button.dataset.by));
  });
  input.addEventListener("keydown", (event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!direction || input.readOnly) return;
    event.preventDefault();
    move(direction);
  });
}

for (const root of document.querySelectorAll("[data-stepper]")) stepper(root);
