// The workspace from element to element: the next ones are fetched before they are asked for and take this one's
// place without a new page, also while the line is cut. Without this every step is a page of its own.

import { ahead, forgetAll, known, page } from "./ahead.js";
import { token } from "./put.js";
import { waits } from "./queue.js";
import { Scoring, hundredths, stateOf } from "./review.js";
import { stepper } from "./stepper.js";
import { Viewer } from "./viewer.js";

const ELEMENT = /^\/reviews\/(\d+)\/elements\/(\w+)$/;
const review = ELEMENT.exec(location.pathname)?.[1];
const strings = JSON.parse(document.querySelector("main.desk").dataset.strings);
let mounted = new AbortController();
let step = 0; // counts moves: what an earlier one still waits for is no longer wanted

function mount() {
  mounted = new AbortController();
  const form = document.querySelector("[data-review]");
  if (form) new Scoring(form, { open, signal: mounted.signal });
}

// Where one goes from here most often: to what is to be done next, and to the neighbours.
function followers(from) {
  const next = from.querySelector("[data-review]")?.dataset.next;
  const beside = [...from.querySelectorAll('.desk-right [rel="next"], .desk-right [rel="prev"]')].map((link) => link.href);
  return [...new Set([next, ...beside].filter(Boolean).map(absolute))].filter((address) => address !== here());
}

function here() {
  return location.pathname + location.search;
}

function absolute(address) {
  const { pathname, search } = new URL(address, location.href);
  return pathname + search;
}

function isElement(address) {
  return ELEMENT.exec(new URL(address, location.href).pathname)?.[1] === review;
}

// Shows an element's page in place of this one. `after`: a save to wait for where the browser has to load it anew.
async function open(address, { after, push = true } = {}) {
  const wanted = absolute(address);
  const move = (step += 1);
  say("");
  const ready = known(wanted);
  const { html, cut } = ready ? { html: ready } : await page(wanted);
  if (move !== step) return;
  if (html) {
    show(html, wanted, push);
    refresh(wanted, move);
  } else if (cut) {
    say(strings.not_here);
  } else {
    await after;
    location.assign(wanted);
  }
}

function show(html, address, push) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const [old, main] = [document.querySelector("main.desk"), fresh.querySelector("main.desk")];
  mounted.abort();
  if (push) history.pushState({ desk: true }, "", address);
  document.title = fresh.title;
  // how far one is, this page knows better than one that was fetched before the last save
  const left = old.querySelector(".desk-left");
  main.querySelector(".desk-left").replaceWith(left);
  old.replaceWith(main);
  pointTo(left, ELEMENT.exec(location.pathname)[2]);
  for (const field of main.querySelectorAll('input[name="csrf_token"]')) field.value = token();
  for (const root of main.querySelectorAll("[data-viewer]")) new Viewer(root);
  for (const root of main.querySelectorAll("[data-stepper]")) stepper(root);
  scrollTo(0, 0);
  main.querySelector("h1").focus({ preventScroll: true });
  mount();
  ahead(followers(document));
}

// The page as it stands now: what was fetched ahead may be older. Somebody who may no longer see it is told so.
async function refresh(address, move) {
  const { html, gone } = await page(address, { anew: true });
  if (move !== step) return;
  if (gone) return location.reload();
  if (!html) return;
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const form = document.querySelector("[data-review]");
  const newer = fresh.querySelector("[data-review]");
  if (form && isOutdated(form, newer)) return show(html, address, false);
  if (newer) form.dataset.next = newer.dataset.next;
  const [left, other] = [document.querySelector(".desk-left"), fresh.querySelector(".desk-left")];
  if (!left.contains(document.activeElement)) replaceScrolled(left, other);
  ahead(followers(document));
}

// Saved elsewhere since, or handed in, with nothing typed here that would be lost.
function isOutdated(form, newer) {
  if (waits(form.dataset.key)) return false;
  return !newer || Number(newer.elements.version.value) > Number(form.elements.version.value);
}

function replaceScrolled(left, other) {
  const { scrollTop } = left;
  left.replaceWith(other);
  other.scrollTop = scrollTop;
}

function links(code) {
  const of = (link) => ELEMENT.exec(link.pathname)?.[2] === code;
  return [...document.querySelectorAll(".desk-left :is(.heat-cell, .todo a)")].filter(of);
}

function pointTo(left, code) {
  for (const link of left.querySelectorAll(":is(.heat-cell, .todo a)[aria-current]")) link.removeAttribute("aria-current");
  for (const link of links(code)) link.setAttribute("aria-current", "true");
  for (const link of left.querySelectorAll(".chips a")) link.pathname = location.pathname;
}

// The grid, the list and the count follow a save, also of an element that isn't shown any more.
function follow({ entry, reply, outcome }) {
  const [, of, code] = /^review\/(\d+)\/(\w+)$/.exec(entry.key) ?? [];
  if (outcome !== "saved" || of !== review) return;
  forgetAll((address) => address.includes(`/elements/${code}`));
  const state = stateOf(hundredths(String(entry.value.score ?? "")), hundredths(entry.self));
  for (const link of links(code)) (link.querySelector(".dot") ?? link).dataset.s = state;
  if (reply.progress) count(reply.progress);
}

function count({ done, total }) {
  document.querySelector("[data-done]").textContent = done;
  const todo = document.querySelector("[data-todo]");
  if (todo) todo.textContent = total - done;
  document.querySelector("[data-progress]").value = done;
  const form = document.querySelector("[data-hand-in]");
  if (form) form.hidden = done < total;
}

function say(words) {
  const place = document.querySelector("[data-moved]");
  place.textContent = words;
  place.hidden = !words;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("main.desk a[href]");
  if (!link || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  if (link.target || link.origin !== location.origin || link.hash || !isElement(link.href)) return;
  event.preventDefault();
  open(link.href);
});
addEventListener("popstate", () => isElement(location.href) && open(location.href, { push: false }));
addEventListener("portfolio:sent", ({ detail }) => detail.outcome && follow(detail));
history.replaceState({ desk: true }, "");
mount();
ahead([...followers(document), here()]);
