// An expert's score saves as it is typed, over the version it is based on. What isn't saved stays in this browser;
// where the element was saved elsewhere meanwhile, both texts are shown and one is chosen.

import { forget, keep, kept, typedEarly } from "./drafts.js";
import { put, timeOf } from "./put.js";

const PAUSE = 900;
const RETRY = 5000;
const FIELDS = ["score", "channel", "reason", "note"];

class Scoring {
  constructor(form) {
    this.form = form;
    this.key = form.dataset.key;
    this.strings = JSON.parse(form.dataset.strings);
    this.dialog = document.querySelector("[data-two-texts]");
    this.status = form.querySelector("[data-saved]");
    this.last = JSON.stringify(this.typed());
    if (typedEarly(form.elements)) this.early();
    else this.restore();
    this.compare();
    form.addEventListener("input", () => this.changed());
    form.addEventListener("submit", (event) => this.submitted(event));
    form.addEventListener("keydown", (event) => this.pressed(event));
    this.dialog.addEventListener("click", (event) => this.chosen(event.target.dataset.choose));
    for (const moment of ["online", "focus"]) addEventListener(moment, () => this.save());
    addEventListener("pagehide", () => this.save({ leaving: true }));
  }

  typed() {
    const { score, channel, reason, note, flagged } = this.form.elements;
    const points = score.value.trim();
    return {
      score: points === "" ? null : points,
      channel: channel.value,
      reason: reason.value,
      note: note.value,
      flagged: flagged.checked,
    };
  }

  fill(values) {
    const { score, channel, reason, note, flagged } = this.form.elements;
    score.value = values.score ?? "";
    for (const choice of channel) choice.checked = choice.value === values.channel;
    reason.value = values.reason;
    note.value = values.note;
    flagged.checked = values.flagged;
    this.compare();
  }

  // Text that was never saved comes back; if it was overtaken meanwhile, the save will say so.
  restore() {
    const draft = kept(this.key);
    if (!draft) return;
    const { version, ...values } = draft;
    if (JSON.stringify({ ...this.typed(), ...values }) === this.last) return forget(this.key);
    this.fill(values);
    this.form.elements.version.value = version;
    this.say("offline", this.strings.restored);
    this.changed();
  }

  early() {
    this.last = null;
    this.changed();
  }

  changed() {
    this.compare();
    keep(this.key, { ...this.typed(), version: this.form.elements.version.value });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  // Returns whether everything typed is now saved.
  async save({ leaving = false, asked = false } = {}) {
    clearTimeout(this.timer);
    await this.running;
    const typed = this.typed();
    const body = JSON.stringify(typed);
    if (body === this.last && !(asked && this.refused)) return !this.refused;
    this.say("saving", this.strings.saving);
    const value = { ...typed, version: this.form.elements.version.value };
    this.running = put(this.form.action, value, leaving).then(
      (answer) => this.answered(answer, body, asked),
      () => {
        this.say("offline", this.strings.offline);
        this.timer = setTimeout(() => this.save(), RETRY);
        return false;
      },
    );
    return this.running;
  }

  async answered(answer, body, asked) {
    const reply = await answer.json().catch(() => ({}));
    this.refused = !answer.ok;
    if (answer.ok) return this.saved(reply, body);
    // what was refused for good isn't sent again as it is
    if ([403, 404, 409, 422].includes(answer.status)) this.last = body;
    if (answer.status === 409) this.ask(reply.current);
    else if (answer.status === 422) this.refuse(reply.errors ?? {}, asked);
    else if (answer.status === 401 || answer.status === 400) this.say("offline", this.strings.login);
    else if (answer.status === 403 || answer.status === 404) this.say("offline", this.strings.locked);
    else this.say("offline", this.strings.offline);
    return false;
  }

  saved(reply, body) {
    this.form.elements.version.value = reply.version;
    this.last = body;
    if (JSON.stringify(this.typed()) === body) forget(this.key);
    this.show({});
    this.say("saved", `${this.strings.saved} ${timeOf(reply.saved_at)}`);
    this.advance(reply.progress);
    return true;
  }

  // A half-typed score is no mistake yet: fields turn red when somebody asked to save.
  refuse(errors, asked) {
    if (asked) this.show(errors);
    this.say("offline", errors[""] ?? `${this.strings.refused}: ${Object.values(errors)[0] ?? ""}`);
    if (asked) this.form.querySelector('[aria-invalid="true"], fieldset:has(#channel-error:not([hidden])) input')?.focus();
  }

  show(errors) {
    for (const name of FIELDS) {
      const place = document.getElementById(`${name}-error`);
      place.textContent = errors[name] ?? "";
      place.hidden = !errors[name];
      const field = document.getElementById(name);
      if (!field) continue;
      if (errors[name]) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }

  say(state, words) {
    this.status.dataset.state = state;
    this.status.textContent = words;
  }

  // The words beside the score, as it is typed.
  compare() {
    const { score, self } = this.comparable();
    const place = this.form.querySelector("[data-difference]");
    const state = score === null ? "wait" : score === self ? "ok" : "diff";
    place.dataset.s = state;
    this.form.querySelector("[data-unscore]").hidden = state === "wait";
    place.replaceChildren(...(score === null ? [] : [dot(state), this.difference(score, self)]));
  }

  comparable() {
    const hundredths = (text) => {
      const value = Math.round(Number(text) * 100);
      return text.trim() === "" || Number.isNaN(value) ? null : value;
    };
    return { score: hundredths(this.form.elements.score.value), self: hundredths(this.form.dataset.self) };
  }

  difference(score, self) {
    if (self === null) return this.strings.claimed_nothing;
    if (score === self) return this.strings.same;
    const points = String(Math.abs(score - self) / 100);
    return (score < self ? this.strings.below : this.strings.above).replace("{points}", points);
  }

  // The grid, the list and the count follow a save without a new page.
  advance(progress) {
    const { score, self } = this.comparable();
    const state = score === null ? "wait" : score === self ? "ok" : "diff";
    for (const cell of document.querySelectorAll('.heat-cell[aria-current], .todo a[aria-current] .dot')) cell.dataset.s = state;
    const pill = this.form.querySelector("[data-state]");
    pill.dataset.s = state;
    pill.replaceChildren(dot(state), this.strings[state]);
    document.querySelector("[data-done]").textContent = progress.done;
    document.querySelector("[data-todo]").textContent = progress.total - progress.done;
    document.querySelector("[data-progress]").value = progress.done;
    document.querySelector("[data-hand-in]").hidden = progress.done < progress.total;
  }

  ask(current) {
    this.current = current;
    const mine = this.typed();
    const texts = {
      "mine-score": mine.score ?? this.strings.unscored,
      "mine-reason": mine.reason,
      "other-score": current.score ?? this.strings.unscored,
      "other-reason": current.reason,
      "other-time": current.saved_at ? timeOf(current.saved_at) : "",
    };
    for (const [name, text] of Object.entries(texts)) {
      this.dialog.querySelector(`[data-text="${name}"]`).textContent = text;
    }
    if (!this.dialog.open) this.dialog.showModal();
  }

  chosen(which) {
    if (!which) return;
    this.form.elements.version.value = this.current.version;
    this.dialog.close();
    if (which === "other") {
      this.fill(this.current);
      this.last = JSON.stringify(this.typed());
      this.refused = false;
      forget(this.key);
      this.say("saved", `${this.strings.saved} ${timeOf(this.current.saved_at)}`);
      return;
    }
    this.last = null;
    this.changed();
    this.save();
  }

  pressed(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.form.requestSubmit(this.form.querySelector("[data-primary]"));
  }

  async submitted(event) {
    event.preventDefault();
    const { name, value } = event.submitter ?? {};
    if (name === "phrase") return this.take(value);
    if (name === "same" || name === "unscore") {
      this.form.elements.score.value = name === "same" ? value : "";
      if (name === "same") this.confirm(event.submitter.dataset);
      this.changed();
      await this.save();
      return;
    }
    if (await this.save({ asked: true })) location.assign(this.form.dataset.next);
  }

  // A reason given before goes to the end of what is typed.
  take(phrase) {
    const { reason } = this.form.elements;
    reason.value = [reason.value.trimEnd(), phrase].filter(Boolean).join("\n");
    reason.focus();
    this.changed();
  }

  // The school's own score says why by itself, unless something is typed already.
  confirm(words) {
    const { reason, channel } = this.form.elements;
    if (!reason.value.trim()) reason.value = words.reason;
    if (!channel.value) channel.value = words.channel;
  }
}

function dot(state) {
  const made = document.createElement("i");
  made.className = "dot";
  made.dataset.s = state;
  return made;
}

for (const form of document.querySelectorAll("[data-review]")) new Scoring(form);
