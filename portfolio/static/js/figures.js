// Basic figures save one by one as they are typed, each over the version it is based on. What isn't saved stays in
// this browser; where somebody else saved first, both numbers are shown and one is chosen.

import { forget, keep, kept, typedEarly } from "./drafts.js";
import { put, timeOf } from "./put.js";

const PAUSE = 900;
const RETRY = 5000;

class Figure {
  constructor(place, form) {
    this.form = form;
    this.address = place.dataset.address;
    this.strings = JSON.parse(form.dataset.strings);
    this.input = place.querySelector("input.form-control");
    this.version = place.querySelector('input[type="hidden"]');
    this.error = place.querySelector(".field-error");
    this.key = `${form.dataset.key}/${this.input.name}`;
    this.last = this.error.hidden ? this.input.value : null;
    if (typedEarly([this.input])) this.early();
    else this.restore();
    this.input.addEventListener("input", () => this.changed());
    this.input.addEventListener("change", () => this.left());
    for (const moment of ["online", "focus"]) addEventListener(moment, () => this.save());
    addEventListener("pagehide", () => this.save(true));
  }

  get status() {
    return document.getElementById(`s-${this.input.name}`).querySelector("[data-saved]");
  }

  restore() {
    const draft = kept(this.key);
    if (!draft) return;
    if (draft.value === this.input.value) return forget(this.key);
    this.input.value = draft.value;
    this.version.value = draft.version;
    this.say(this.strings.restored);
    this.changed();
  }

  early() {
    this.last = null;
    this.changed();
  }

  changed() {
    keep(this.key, { value: this.input.value, version: this.version.value });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  async save(leaving = false) {
    clearTimeout(this.timer);
    const value = this.input.value;
    if (value === this.last || this.busy || this.input.readOnly) return;
    this.busy = true;
    this.say(this.strings.saving);
    try {
      await this.answered(await put(this.address, { value, version: this.version.value }, leaving), value);
    } catch {
      this.say(this.strings.offline);
      this.timer = setTimeout(() => this.save(), RETRY);
    } finally {
      this.busy = false;
    }
    if (this.input.value !== value) this.changed();
  }

  async answered(answer, value) {
    const reply = await answer.json().catch(() => ({}));
    if (answer.ok) return this.saved(reply, value);
    if (answer.status >= 500) throw new Error(String(answer.status));
    this.last = value;
    if (answer.status === 409) return this.conflict(reply);
    if (answer.status === 422) {
      this.refused = Boolean(reply.beside);
      this.show(Object.values(reply.errors ?? {})[0]);
      return this.say(this.strings.refused);
    }
    if (answer.status === 401 || answer.status === 400) this.last = null;
    return this.say(answer.status < 402 ? this.strings.login : (reply.error ?? ""));
  }

  saved(reply, value) {
    this.version.value = reply.version;
    this.last = value;
    this.read = reply.value;
    this.refused = false;
    this.show("");
    if (this.input.value === value) forget(this.key);
    if (this.input !== document.activeElement) this.left();
    this.say(`${this.strings.saved} ${timeOf(reply.saved_at)}`);
    this.form.dispatchEvent(new CustomEvent("portfolio:saved", { bubbles: true }));
  }

  // As it was read, once one has gone on: 12,000人 becomes 12000, and 12. isn't turned into 12 under the hand.
  left() {
    if (this.input.value !== this.last) return this.save();
    if (this.read !== undefined) this.input.value = this.last = this.read;
  }

  // Refused beside another figure that has changed since: it may be right now.
  again() {
    if (!this.refused) return;
    this.last = null;
    this.save();
  }

  conflict(reply) {
    this.version.value = reply.current.version;
    this.show(reply.error);
    this.say("");
    this.error.append(" ", this.button(this.strings.mine, this.input.value), " ", this.button(this.strings.theirs, reply.current.value));
  }

  button(words, value) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "btn btn-sm btn-plain", textContent: words });
    button.addEventListener("click", () => {
      this.input.value = value;
      this.last = null;
      this.save();
    });
    return button;
  }

  show(words) {
    this.error.textContent = words ?? "";
    this.error.hidden = !words;
    if (words) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }

  say(words) {
    this.status.textContent = words;
  }
}

for (const form of document.querySelectorAll("[data-figures]")) {
  const figures = [...form.querySelectorAll("[data-figure]")].map((place) => new Figure(place, form));
  form.addEventListener("portfolio:saved", () => figures.forEach((figure) => figure.again()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    for (const figure of figures) figure.save();
  });
}
