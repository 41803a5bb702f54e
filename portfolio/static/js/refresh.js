// After uploads, the regions marked data-refresh come anew; what is being typed elsewhere stays.

const PAUSE = 300;
let timer;

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of document.querySelectorAll("[data-refresh][id]")) {
    const newer = fresh.getElementById(region.id);
    if (newer) region.replaceWith(newer);
  }
}

addEventListener("portfolio:uploaded", () => {
  clearTimeout(timer);
  timer = setTimeout(refresh, PAUSE);
});
