// After uploads and saves, and when something was made, the regions marked data-refresh come anew; what is being typed stays, in them as elsewhere.

const PAUSE = 300;
let timer;

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of document.querySelectorAll("[data-refresh][id]")) {
    const newer = fresh.getElementById(region.id);
    if (newer) replace(region, newer);
  }
}

// Forms somebody is filling in, and what is unfolded, are carried over.
function replace(region, newer) {
  const focused = document.activeElement;
  for (const form of [...region.querySelectorAll("form[action]")]) {
    const twin = [...newer.querySelectorAll("form[action]")].find((other) => other.action === form.action);
    if (!twin) continue;
    const fold = twin.closest("details");
    if (fold) fold.open = form.closest("details").open;
    if (isTouched(form)) twin.replaceWith(form);
  }
  region.replaceWith(newer);
  if (newer.contains(focused)) focused.focus();
}

function isTouched(form) {
  const typed = [...form.elements].some((field) => "defaultValue" in field && field.value !== field.defaultValue);
  return typed || form.contains(document.activeElement);
}

for (const happened of ["portfolio:uploaded", "portfolio:saved", "portfolio:made"]) {
  addEventListener(happened, () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE);
  });
}
