// Pages fetched before they are asked for, with the first picture on each. They are held by this window only and are
// gone with it; nothing is kept in the browser's cache that isn't otherwise.

const FAR = 5; // pages along the way of what is to be done
const NEAR = 2; // of them with their pictures
const YOUNG = 900_000; // milliseconds for which a page is shown first and asked for again behind it
const PATIENCE = 8000; // milliseconds until a line that doesn't answer counts as cut
const held = new Map(); // address → { html, at, next }

// The page of an address, if it was fetched not long ago.
export function known(address) {
  const found = held.get(address);
  return found && Date.now() - found.at < YOUNG ? found.html : null;
}

// Fetches a page: { html }, or { gone } where it can't be seen any more; without a line { html } as last seen, else { cut }.
export async function page(address, { anew = false } = {}) {
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok || answer.redirected) {
      held.clear();
      return { gone: true };
    }
    return { html: hold(address, await answer.text()) };
  } catch {
    const last = held.get(address)?.html;
    if (anew || !last) return { cut: true };
    return { html: last };
  }
}

// What was saved since is no longer what these pages show; without a line they are better than nothing.
export function forgetAll(which) {
  for (const [address, found] of held) if (which(address)) found.at = 0;
}

// Fetches these pages, and those that follow the first of them, while nothing else is to be done.
export function ahead(addresses) {
  const idle = window.requestIdleCallback ?? ((then) => setTimeout(then, 200));
  idle(() => fetchAll(addresses));
}

let way = 0; // a newer way ends an older one

async function fetchAll([first, ...beside]) {
  if (!first) return;
  const mine = (way += 1);
  const saving = navigator.connection?.saveData;
  let address = first;
  for (let far = 0; far < (saving ? 1 : FAR) && address; far += 1) {
    const found = await fetched(address);
    if (mine !== way || !found) return;
    if (far < NEAR) picture(found.html);
    address = found.next;
  }
  for (const each of saving ? [] : beside) {
    if (mine !== way) return;
    await fetched(each);
  }
}

async function fetched(address) {
  if (!known(address)) await page(address);
  return held.get(address);
}

function hold(address, html) {
  const next = parsed(html).querySelector("[data-review]")?.dataset.next;
  held.set(address, { html, at: Date.now(), next });
  return html;
}

function picture(html) {
  const image = parsed(html).querySelector("[data-paper]:not([hidden]) img[srcset]");
  if (!image) return;
  const early = new Image();
  early.sizes = image.sizes;
  early.srcset = image.srcset;
}

function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html");
}
