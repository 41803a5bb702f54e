// Items of the agenda are ticked off in place, also while the line is cut.

import { keep, send, waiting } from "./queue.js";

function isDone(form) {
  return form.querySelector("button").getAttribute("aria-pressed") === "true";
}

function show(form, done) {
  const button = form.querySelector("button");
  button.setAttribute("aria-pressed", String(done));
  button.value = done ? "0" : "1";
  form.closest("li").toggleAttribute("data-done", done);
  const count = document.querySelectorAll('[data-tick] [aria-pressed="true"]').length;
  document.querySelector("[data-ticked]").textContent = count;
  document.querySelector("[data-ticked-of]").value = count;
}

function change(form) {
  const done = !isDone(form);
  show(form, done);
  const { key, label, item } = form.dataset;
  const address = new URL(form.action).pathname;
  keep({ key, address, value: { done }, label, href: `${location.pathname}#${item}`, words: "" });
  send(key);
}

const forms = new Map([...document.querySelectorAll("[data-tick]")].map((form) => [form.dataset.key, form]));
for (const form of forms.values()) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    change(form);
  });
}
// what was ticked before, without a line, and isn't sent yet
for (const { key, value } of waiting()) if (forms.has(key)) show(forms.get(key), value.done);
