// What a piece that has come in offers, answered without leaving the page: a suggested element is cited by one click
// and can be taken back, a copy is merged, a ZIP is left as it is. Uploads under way go on.

import { token } from "./put.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-suggests], [data-merge], [data-undo]");
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  const submitter = event.submitter;
  if (submitter) submitter.disabled = true;
  try {
    const reply = await post(form, submitter);
    if (form.matches("[data-suggests]")) cited(form, submitter, reply);
    else if (form.matches("[data-merge]")) merged(form, reply);
    else form.remove();
    changed();
  } catch (error) {
    if (submitter) submitter.disabled = false;
    tell(error.message, "gap");
  }
});

document.addEventListener("click", (event) => {
  event.target.closest("[data-keep]")?.closest("form").remove();
});

// A ZIP is opened in a page beside this one, so that uploads go on; back here, its files are in the list.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-opens][target]")) addEventListener("focus", changed, { once: true });
});

async function post(form, submitter) {
  const body = new FormData(form);
  if (submitter?.name) body.set(submitter.name, submitter.value);
  const headers = { Accept: "application/json", "X-CSRFToken": token() };
  const answer = await fetch(form.action, { method: "POST", body, headers });
  const reply = await answer.json();
  if (!answer.ok) throw new Error(reply.error ?? Object.values(reply.errors ?? {}).join(" "));
  return reply;
}

// The chip stays where it was, as what it now is; the others can still be taken.
function cited(form, submitter, reply) {
  const chip = element("span", "chip", reply.element);
  chip.prepend(dot("ok"));
  submitter.replaceWith(chip);
  tell(reply.words, "ok", reply.undo);
}

function merged(form, reply) {
  const link = element("a", "", reply.words);
  link.href = reply.href;
  form.closest("[data-offers]").replaceChildren(link);
}

function tell(words, state, undo) {
  for (const old of document.querySelectorAll(".toast-bar")) old.remove();
  const bar = element("form", "toast-bar");
  bar.method = "post";
  bar.setAttribute("role", state === "gap" ? "alert" : "status");
  bar.append(dot(state), element("span", "", words));
  if (undo) {
    bar.action = undo.action;
    bar.dataset.undo = "";
    for (const [name, value] of Object.entries(undo.fields)) bar.append(hidden(name, value ?? ""));
    bar.append(element("button", "", undo.label));
  }
  document.body.append(bar);
}

function changed() {
  document.dispatchEvent(new CustomEvent("portfolio:saved", { bubbles: true }));
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function dot(state) {
  const made = element("i", "dot");
  made.dataset.s = state;
  return made;
}

function hidden(name, value) {
  const made = element("input");
  Object.assign(made, { type: "hidden", name, value });
  return made;
}
