// The page of files that nothing cites: how many suggestions are ticked, and the first of each file ticked at once.

const accept = document.querySelector("[data-accept]");
const boxes = () => [...accept.form.querySelectorAll("input[name=picks]")];
const plain = accept?.textContent;

function tell() {
  const count = boxes().filter((box) => box.checked).length;
  accept.disabled = count === 0;
  accept.textContent = count ? accept.dataset.words.replace("{count}", count) : plain;
}

if (accept) {
  for (const button of accept.form.querySelectorAll("[data-tick-best], [data-untick]")) button.hidden = false;
  accept.form.querySelector("[data-tick-best]").addEventListener("click", () => {
    for (const box of accept.form.querySelectorAll("[data-best] input")) box.checked = true;
    tell();
  });
  accept.form.addEventListener("change", tell);
  accept.form.addEventListener("reset", () => setTimeout(tell));
  addEventListener("pageshow", tell);
  tell();
}
