// What hasn't been sent yet, on every page of the panel: how much it is, what it is, and what it waits for.

import { dropPhotos, waitingPhotos } from "./photos.js";
import { drop, waiting } from "./queue.js";

const LONGEST = 60; // characters of a text in the list
const root = document.querySelector("[data-unsent]");
const strings = JSON.parse(root.dataset.strings);
const list = root.querySelector("[data-entries]");
const GLYPHS = { waiting: "wait", conflict: "diff", refused: "gap", locked: "none" };
let login = false;

function show() {
  const entries = [...waiting(), ...waitingPhotos()];
  root.querySelector("[data-count]").textContent = strings.count.replace("{count}", entries.length);
  root.querySelector("[data-list]").hidden = !entries.length;
  root.querySelector("[data-login]").hidden = !login || !entries.length;
  list.replaceChildren(...entries.map(row));
}

function row(entry) {
  const made = document.createElement("li");
  const link = document.createElement("a");
  link.href = entry.href;
  link.textContent = entry.label;
  const state = document.createElement("span");
  state.className = "state";
  state.dataset.s = GLYPHS[entry.state];
  const dot = document.createElement("i");
  dot.className = "dot";
  dot.dataset.s = state.dataset.s;
  state.append(dot, reason(entry));
  made.append(link, state, words(entry));
  if (entry.state === "locked" || entry.files) made.append(remover(entry));
  return made;
}

// Why it waits: what the server said, where it said something of a field.
function reason(entry) {
  return entry.state === "refused" ? (Object.values(entry.errors ?? {})[0] ?? strings.refused) : strings[entry.state];
}

// What can't be sent any more is shown whole: it can be copied from here.
function words(entry) {
  const made = document.createElement("p");
  const points = entry.value?.score ?? "";
  const text = [points, entry.words, ...(entry.files ?? []).map(({ name }) => name)].filter(Boolean).join(" · ");
  made.className = "kept quiet";
  made.textContent = entry.state !== "locked" && text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return made;
}

function remover(entry) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm btn-plain";
  made.textContent = strings.remove;
  made.addEventListener("click", () => (entry.files ? dropPhotos(entry.id) : drop(entry.key)));
  return made;
}

addEventListener("portfolio:queue", show);
addEventListener("portfolio:sent", ({ detail }) => {
  login = detail.stopped === "login";
  show();
});
show();
