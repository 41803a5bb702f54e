// The element page saves as one types: PUT over the row version the text is based on. What isn't saved stays in
// this browser; a save that somebody else overtook shows both texts on the server's conflict page.

import { forget, keep, kept, typedEarly } from "./drafts.js";
import { put, timeOf, token } from "./put.js";

const PAUSE = 700;
const RETRY = 5000;

class Autosave {
  constructor(form) {
    this.form = form;
    this.key = form.dataset.key;
    this.strings = JSON.parse(form.dataset.strings);
    this.status = form.querySelector("[data-saved]");
    this.score = form.elements.score;
    this.text = form.elements.justification;
    this.version = form.elements.version;
    this.last = JSON.stringify(this.typed());
    this.takeSaved();
    // the page shows two texts: nothing is saved until one of them is chosen
    this.undecided = "conflict" in form.dataset;
    if (this.undecided) this.keep();
    else if (typedEarly(form.elements)) this.early();
    else this.restore();
    form.addEventListener("input", () => this.changed());
    form.addEventListener("submit", (event) => this.submitted(event));
    for (const moment of ["online", "focus"]) addEventListener(moment, () => this.save());
    addEventListener("pagehide", () => this.save(true));
  }

  typed() {
    const score = this.score.value.trim();
    return { score: score === "" ? null : score, justification: this.text.value };
  }

  // Of two texts the saved one was chosen: the address says it once, then it is as ever.
  takeSaved() {
    const address = new URL(location.href);
    if (address.searchParams.get("take") !== "saved") return;
    forget(this.key);
    address.searchParams.delete("take");
    history.replaceState(history.state, "", address);
  }

  // Text that was never saved comes back, unless the saved one is newer than what it was based on.
  restore() {
    const draft = kept(this.key);
    if (!draft) return;
    if (JSON.stringify({ score: draft.score, justification: draft.justification }) === this.last) return forget(this.key);
    this.score.value = draft.score ?? "";
    this.text.value = draft.justification;
    this.version.value = draft.version;
    this.say("offline", this.strings.restored);
    this.changed();
  }

  early() {
    this.last = null;
    this.changed();
  }

  changed() {
    this.count();
    this.keep();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  // Undecided text is kept as one that was never based on the saved one: coming back, both are shown again.
  keep() {
    keep(this.key, { ...this.typed(), version: this.undecided ? "0" : this.version.value });
  }

  count() {
    const counter = this.form.querySelector("[data-count]");
    if (counter) counter.textContent = [...this.text.value].length;
  }

  async save(leaving = false) {
    clearTimeout(this.timer);
    const typed = this.typed();
    const body = JSON.stringify(typed);
    if (body === this.last || this.busy || this.undecided) return;
    this.busy = true;
    this.say("saving", this.strings.saving);
    try {
      await this.answered(await put(this.form.action, { ...typed, version: this.version.value }, leaving), body);
    } catch {
      this.say("offline", this.strings.offline);
      this.timer = setTimeout(() => this.save(), RETRY);
    } finally {
      this.busy = false;
    }
    if (JSON.stringify(this.typed()) !== body) this.changed();
  }

  async answered(answer, body) {
    const reply = await answer.json().catch(() => ({}));
    if (answer.ok) return this.saved(reply, body);
    if (answer.status === 409) return this.conflict();
    if (answer.status === 422) {
      this.last = body;
      this.show(reply.errors ?? {});
      return this.say("offline", this.strings.refused);
    }
    if (answer.status === 401 || answer.status === 400) return this.say("offline", this.strings.login);
    if (answer.status === 403 || answer.status === 404) {
      this.last = body;
      return this.say("offline", this.strings.locked);
    }
    throw new Error(String(answer.status));
  }

  saved(reply, body) {
    this.version.value = reply.version;
    this.last = body;
    if (JSON.stringify(this.typed()) === body) forget(this.key);
    this.show({});
    this.say("saved", `${this.strings.saved} ${timeOf(reply.saved_at)}`);
    this.form.dispatchEvent(new CustomEvent("portfolio:saved", { bubbles: true, detail: reply }));
  }

  // The server draws the page with both texts; a plain submit brings it.
  conflict() {
    this.undecided = true;
    this.form.submit();
  }

  show(errors) {
    for (const field of [this.score, this.text]) {
      const place = document.getElementById(`${field.id}-error`);
      const words = errors[field.name];
      field.toggleAttribute("aria-invalid", Boolean(words));
      if (words) {
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", place.id);
      }
      place.textContent = words ?? "";
      place.hidden = !words;
    }
  }

  say(state, words) {
    this.status.dataset.state = state;
    this.status.querySelector("[data-words]").textContent = words;
  }

  submitted(event) {
    event.preventDefault();
    if (this.undecided) return this.decide();
    if (event.submitter?.name === "unscore") {
      this.score.value = "";
      this.changed();
    }
    return this.save();
  }

  // Of two texts, this one: once it is saved, the page comes anew without the other.
  async decide() {
    this.undecided = false;
    this.last = null;
    this.form.addEventListener("portfolio:saved", () => location.assign(this.form.action));
    await this.save();
  }
}

class Preview {
  constructor(bar) {
    this.bar = bar;
    this.text = document.getElementById("justification");
    this.place = document.querySelector("[data-previewed]");
    bar.hidden = false;
    bar.addEventListener("click", (event) => {
      const mode = event.target.closest("[data-mode]")?.dataset.mode;
      if (mode) this.turn(mode);
    });
  }

  async turn(mode) {
    for (const button of this.bar.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    const reading = mode === "preview";
    if (reading) this.place.innerHTML = await this.rendered();
    this.text.hidden = reading;
    this.place.hidden = !reading;
  }

  async rendered() {
    const body = new URLSearchParams({ justification: this.text.value });
    const headers = { "X-CSRFToken": token() };
    const answer = await fetch(this.bar.dataset.preview, { method: "POST", body, headers });
    return answer.ok ? answer.text() : "";
  }
}

for (const form of document.querySelectorAll("[data-autosave]")) {
  if (form.elements.justification) new Autosave(form);
}
for (const bar of document.querySelectorAll("[data-preview]")) new Preview(bar);
