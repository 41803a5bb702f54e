// Suggestions beside the pieces of the list that nothing cites. They come after the list, which waits for none, and
// come again whenever the list is replaced.

const address = document.querySelector("[data-suggestions]")?.dataset.suggestions;

async function fill() {
  const places = [...document.querySelectorAll("[data-suggest-for]:empty")];
  if (!places.length) return;
  const ids = places.map((place) => place.dataset.suggestFor).join(",");
  const answer = await fetch(`${address}?ids=${ids}`, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fragment = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const place of places) {
    const found = fragment.querySelector(`[data-suggested="${place.dataset.suggestFor}"]`);
    if (found) place.replaceChildren(...found.children);
  }
}

if (address) {
  fill();
  new MutationObserver(fill).observe(document.querySelector("main .stack"), { childList: true });
}
