// An expert's score saves as it is typed, over the version it is based on, by way of the queue: what can't be sent
// waits in this browser. Where the element was saved elsewhere meanwhile, both texts are shown and one is chosen.

import { typedEarly } from "./drafts.js";
import { timeOf } from "./put.js";
import { drop, keep, saved, send, sendLeaving, waits } from "./queue.js";

const PAUSE = 900;
const LONGEST_WAIT = 1500;
const FIELDS = ["score", "channel", "reason", "note"];

export class Scoring {
  // `open` goes on to another element's address; `signal` ends with the form.
  constructor(form, { open, signal }) {
    this.form = form;
    this.open = open;
    this.key = form.dataset.key;
    this.strings = JSON.parse(form.dataset.strings);
    this.dialog = document.querySelector("[data-two-texts]");
    this.status = form.querySelector("[data-saved]");
    this.last = JSON.stringify(this.typed());
    this.overtake();
    if (typedEarly(form.elements)) this.early();
    else this.restore();
    this.compare();
    form.addEventListener("input", () => this.changed());
    form.addEventListener("submit", (event) => this.submitted(event));
    form.addEventListener("keydown", (event) => this.pressed(event));
    this.dialog.addEventListener("click", (event) => this.chosen(event.target.dataset.choose));
    addEventListener("portfolio:sent", ({ detail }) => this.heard(detail), { signal });
    addEventListener("pagehide", () => this.leaving(), { signal });
    signal.addEventListener("abort", () => this.left());
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

  // A page that was fetched before the last save shows what stood before it.
  overtake() {
    const known = saved.get(this.key);
    if (!known || known.version <= Number(this.form.elements.version.value)) return;
    this.fill(known.value);
    this.form.elements.version.value = known.version;
    this.last = JSON.stringify(this.typed());
  }

  // Text that was never saved comes back; if it was overtaken meanwhile, the save will say so.
  restore() {
    const entry = waits(this.key);
    if (!entry) return;
    const { version, ...values } = entry.value;
    if (JSON.stringify({ ...this.typed(), ...values }) === this.last) return drop(this.key);
    this.fill(values);
    this.form.elements.version.value = version;
    if (entry.state === "conflict") return this.ask(entry.current);
    if (entry.state === "refused") return this.refuse(entry.errors ?? {}, true);
    this.say("offline", this.strings.restored);
    this.changed();
  }

  early() {
    this.last = null;
    this.changed();
  }

  changed() {
    this.compare();
    this.refused = false;
    this.keep();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  keep() {
    const { label, self } = this.form.dataset;
    const value = { ...this.typed(), version: Number(this.form.elements.version.value) };
    const address = new URL(this.form.action).pathname;
    keep({ key: this.key, address, value, label, self, href: this.form.dataset.here, words: value.reason });
  }

  isSaved() {
    return JSON.stringify(this.typed()) === this.last;
  }

  // Returns what became of it: saved, offline, login, or why it stopped.
  async save({ asked = false } = {}) {
    clearTimeout(this.timer);
    if (this.isSaved() && !waits(this.key)) return "saved";
    this.say("saving", this.strings.saving);
    this.keep();
    const outcome = await send(this.key);
    if (outcome === "offline" || outcome === "login") this.say("offline", this.strings[outcome]);
    if (outcome === "refused") this.refuse(waits(this.key)?.errors ?? {}, asked);
    return outcome;
  }

  leaving() {
    if (!waits(this.key)) return;
    this.keep();
    sendLeaving(this.key);
  }

  // Another element is shown: what was typed here goes its way without this form.
  left() {
    clearTimeout(this.timer);
    if (waits(this.key)?.state === "waiting") send(this.key);
  }

  // What became of something in the queue: this form's own, or another element's.
  heard({ entry, reply, outcome, mine }) {
    if (entry.key !== this.key || !mine) return;
    if (outcome === "saved") this.saved(reply, entry.value);
    else if (outcome === "conflict") this.ask(reply.current);
    else if (outcome === "locked") this.say("offline", this.strings.locked);
    else if (outcome === "refused") this.refuse(reply.errors ?? {}, false);
  }

  saved(reply, { version, ...sent }) {
    this.form.elements.version.value = reply.version;
    this.last = JSON.stringify({ ...this.typed(), ...sent });
    this.show({});
    this.say("saved", `${this.strings.saved} ${timeOf(reply.saved_at)}`);
    this.mark();
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
    const state = stateOf(score, self);
    place.dataset.s = state;
    this.form.querySelector("[data-unscore]").hidden = state === "wait";
    place.replaceChildren(...(score === null ? [] : [dot(state), this.difference(score, self)]));
  }

  comparable() {
    return { score: hundredths(this.form.elements.score.value), self: hundredths(this.form.dataset.self) };
  }

  difference(score, self) {
    if (self === null) return this.strings.claimed_nothing;
    if (score === self) return this.strings.same;
    const points = String(Math.abs(score - self) / 100);
    return (score < self ? this.strings.below : this.strings.above).replace("{points}", points);
  }

  mark() {
    const { score, self } = this.comparable();
    const state = stateOf(score, self);
    const pill = this.form.querySelector("[data-state]");
    pill.dataset.s = state;
    pill.replaceChildren(dot(state), this.strings[state]);
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
      drop(this.key);
      this.say("saved", `${this.strings.saved} ${timeOf(this.current.saved_at)}`);
      return;
    }
    this.last = null;
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
    await this.goOn();
  }

  // What is complete goes to the next element at once and is saved behind it; what isn't, the server explains.
  async goOn() {
    const saving = this.save({ asked: true });
    const outcome = this.isComplete() ? "saved" : await saving;
    if (outcome === "saved" || outcome === "offline") this.open(this.form.dataset.next, { after: within(saving) });
  }

  isComplete() {
    const { score, self } = this.comparable();
    const { step, max } = this.form.querySelector("[data-stepper]").dataset;
    if (score === null || score < 0 || score > hundredths(max) || score % hundredths(step)) return false;
    const { reason, channel } = this.form.elements;
    return (score === hundredths(max) && score === self) || (reason.value.trim() !== "" && channel.value !== "");
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

// Points as whole hundredths; null where none are typed.
export function hundredths(text) {
  const value = Math.round(Number(text) * 100);
  return text.trim() === "" || Number.isNaN(value) ? null : value;
}

export function stateOf(score, self) {
  if (score === null) return "wait";
  return score === self ? "ok" : "diff";
}

export function dot(state) {
  const made = document.createElement("i");
  made.className = "dot";
  made.dataset.s = state;
  return made;
}

function within(saving) {
  return Promise.race([saving, new Promise((done) => setTimeout(done, LONGEST_WAIT))]);
}
