// Ticking a group ticks what is in it; how many are chosen is shown beside the button. Without this the server reads
// a ticked group as all that is in it.

function count(form) {
  const place = form.querySelector("[data-chosen]");
  if (!place) return;
  const chosen = form.querySelectorAll('input[name="element"]:checked').length;
  place.hidden = !chosen;
  place.textContent = place.dataset.words.replace("{count}", chosen);
}

for (const form of document.querySelectorAll("[data-groups]")) {
  form.addEventListener("change", (event) => {
    const set = event.target.closest("fieldset");
    if (!set) return;
    const group = set.querySelector('input[name="group"]');
    const each = [...set.querySelectorAll('input[name="element"]')];
    if (event.target === group) for (const box of each) box.checked = group.checked;
    else group.checked = each.every((box) => box.checked);
    count(form);
  });
  count(form);
}
