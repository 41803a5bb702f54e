// Settling an element: the rule follows the score, what is typed is kept until it is saved, and the next element
// opens after a save. A save that was overtaken is shown by the server, with both texts.

import { forget, keep, kept, typedEarly } from "./drafts.js";
import { put } from "./put.js";

class Settling {
  constructor(form) {
    this.form = form;
    this.key = form.dataset.draft;
    this.strings = JSON.parse(form.dataset.strings);
    if (typedEarly(form.elements)) this.keep();
    // on a page with both texts the form holds what was typed already
    else if (!("conflict" in form.dataset)) this.restore();
    form.addEventListener("input", (event) => this.changed(event.target));
    form.addEventListener("submit", (event) => this.submitted(event));
    form.addEventListener("keydown", (event) => this.pressed(event));
  }

  typed() {
    const { score, rule, reason } = this.form.elements;
    return { score: score.value.trim(), rule: rule.value, reason: reason.value };
  }

  restore() {
    const draft = kept(this.key);
    if (!draft) return;
    const { score, rule, reason, version } = this.form.elements;
    version.value = draft.version;
    score.value = draft.score;
    for (const choice of rule) choice.checked = choice.value === draft.rule;
    reason.value = draft.reason;
    this.say(this.strings.restored);
  }

  changed(field) {
    if (field.name === "score") this.followScore();
    if (field.value === "not_assessed" && field.checked) this.form.elements.score.value = "";
    this.keep();
  }

  keep() {
    keep(this.key, { ...this.typed(), version: this.form.elements.version.value });
  }

  // Another score than the median can't rest on it, and the median itself usually does.
  followScore() {
    const { score, rule } = this.form.elements;
    if (!score.value.trim()) return;
    const isMedian = Number(score.value) === Number(this.form.dataset.median);
    if (isMedian) rule.value = "median";
    else if (rule.value === "median" || rule.value === "not_assessed") rule.value = "agreed";
  }

  pressed(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.form.requestSubmit(this.form.querySelector("[data-primary]"));
  }

  async submitted(event) {
    event.preventDefault();
    if (this.busy) return;
    this.busy = true;
    this.say(this.strings.saving);
    try {
      const value = { ...this.typed(), version: this.form.elements.version.value };
      await this.answered(await put(new URL(this.form.action).pathname, value));
    } catch {
      this.say(this.strings.offline);
    }
    this.busy = false;
  }

  async answered(answer) {
    const reply = await answer.json().catch(() => ({}));
    if (answer.ok) {
      forget(this.key);
      location.assign(this.form.dataset.next);
    } else if (answer.status === 409) {
      this.form.submit();
    } else if (answer.status === 422) {
      this.show(reply.errors ?? {});
    } else {
      this.say(answer.status === 401 || answer.status === 400 ? this.strings.login : this.strings.offline);
    }
  }

  show(errors) {
    this.say(errors[""] ?? "");
    for (const name of ["score", "rule", "reason"]) {
      const place = document.getElementById(`${name}-error`);
      place.textContent = errors[name] ?? "";
      place.hidden = !errors[name];
      const field = document.getElementById(name);
      if (!field) continue;
      if (errors[name]) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
    this.form.querySelector('[aria-invalid="true"]')?.focus();
  }

  say(words) {
    this.form.querySelector("[data-said]").textContent = words;
  }
}

// The opinion is kept too, until the review is closed, and a remark until it is said.
function keepText(form) {
  const text = form.querySelector("textarea");
  if (typedEarly([text])) keep(form.dataset.draft, { text: text.value });
  else if (!text.value) text.value = kept(form.dataset.draft)?.text ?? "";
  const fold = form.closest("details");
  if (fold && text.value) fold.open = true;
  form.addEventListener("input", () => keep(form.dataset.draft, { text: text.value }));
}

for (const form of document.querySelectorAll("[data-settle]")) new Settling(form);
for (const form of document.querySelectorAll("[data-draft]:not([data-settle])")) keepText(form);

// The chosen row stays in sight within the table; the page itself doesn't move.
const pane = document.querySelector(".settle-scroll");
const chosen = pane?.querySelector('tr[aria-selected="true"]');
if (chosen) pane.scrollTop = Math.max(0, chosen.offsetTop - pane.clientHeight / 2);
