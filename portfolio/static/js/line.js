// One file's line in the list of uploads: how far it is, how fast, what became of it and why, and what it offers.

import { renewToken, token } from "./put.js";
import { Refused, Stopped, TusUpload } from "./tus.js";

const MEGABYTE = 1024 * 1024;

export class Line {
  // found: { file, path, unreadable } as gather.js finds them
  constructor(zone, found) {
    this.zone = zone;
    this.found = found;
    this.file = found.file;
    this.strings = zone.strings;
    this.item = document.createElement("li");
    this.item.className = "up";
    zone.list.append(this.item);
    this.show({ note: this.strings.waiting });
  }

  async send() {
    const refusal = this.refusal();
    if (refusal) return this.fail(refusal, false);
    this.upload = new TusUpload(this.file, {
      endpoint: this.zone.rules.endpoint,
      token: token(),
      metadata: this.zone.metadata(this.file, this.found.path),
      key: this.zone.key(this.file, this.found.path),
      chunkBytes: Number(this.zone.rules.chunkBytes),
      onProgress: (sent, total) => this.progress(sent, total),
      onRetry: () => this.words(this.strings.retrying),
    });
    this.began = performance.now();
    this.show({ progress: true });
    try {
      this.finish(await this.upload.send());
    } catch (error) {
      if (error instanceof Stopped) this.stopped();
      else this.fail(this.reason(error), !(error instanceof Refused) || [400, 401, 507].includes(error.status));
    }
    return undefined;
  }

  // Known before anything is sent.
  refusal() {
    if (this.found.unreadable) return this.strings.unreadable;
    if (this.file.size === 0) return this.strings.empty;
    if (this.file.size > Number(this.zone.rules.maxBytes)) {
      return fill(this.strings.too_large, { size: megabytes(this.file.size) });
    }
    return null;
  }

  reason(error) {
    if (!(error instanceof Refused)) return this.strings.failed;
    if (error.status === 401 || error.status === 400) return this.strings.login;
    return error.message || this.strings.failed;
  }

  progress(sent, total) {
    const bar = this.item.querySelector("progress");
    if (!bar) return;
    bar.value = sent;
    bar.textContent = `${Math.floor((100 * sent) / total)}%`;
    this.item.querySelector(".num").textContent = bar.textContent;
    if (sent === total) return this.words(this.strings.storing);
    this.start ??= sent;
    const seconds = Math.max(0.2, (performance.now() - this.began) / 1000);
    const speed = ((sent - this.start) / MEGABYTE / seconds).toFixed(1);
    this.words(fill(this.strings.sending, { sent: megabytes(sent), size: megabytes(total), speed }));
  }

  finish({ location, duplicateOf }) {
    this.result = duplicateOf ? "duplicate" : "done";
    if (duplicateOf) {
      this.show({ state: "wait", label: this.strings.duplicate, note: this.strings.duplicate_of, href: duplicateOf });
    } else {
      this.show({ state: "ok", label: this.strings.done, href: location });
    }
    const { element, evidence } = this.zone.rules;
    const detail = { location, duplicateOf, element, evidence };
    this.zone.form.dispatchEvent(new CustomEvent("portfolio:uploaded", { bubbles: true, detail }));
    const isArchive = this.file.name.toLowerCase().endsWith(".zip");
    if (!evidence && (!element || duplicateOf || isArchive)) this.offer(location);
  }

  // What the piece offers stands on its line: elements, the copy that is here already, a ZIP to open.
  async offer(location) {
    const answer = await fetch(`${location}/offers`, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const fragment = new DOMParser().parseFromString(await answer.text(), "text/html");
    const offers = fragment.querySelector("[data-offers]");
    if (!offers?.children.length) return;
    if (offers.querySelector(".twin")) this.item.querySelector("p").remove();
    const urgent = offers.querySelector(".twin");
    this.item.append(document.importNode(offers, true));
    this.toTop(urgent);
  }

  stopped() {
    this.result = "stopped";
    this.show({ state: "none", label: this.strings.stopped });
  }

  fail(reason, again) {
    this.result = "refused";
    this.show({ state: "gap", label: this.strings.refused, note: reason, bad: true, again });
    this.toTop(true);
  }

  // Among hundreds, what waits for a person stands first.
  toTop(needed) {
    if (needed) this.zone.list.prepend(this.item);
  }

  words(text) {
    const note = this.item.querySelector("p");
    if (note) note.textContent = text;
  }

  // state: a glyph and its word; progress: a bar; note: words below; href: where to look; again: a button.
  show({ state, label, progress, note, href, bad, again }) {
    const name = element("span", "clip", this.file.name);
    name.title = this.file.name;
    const end = element("span", "up-end");
    if (state) end.append(glyph(state, label));
    if (progress) end.append(element("span", "num", "0%"), this.button(this.strings.stop, () => this.stop()));
    const parts = [name, end];
    if (this.found.path) parts.push(element("span", "up-path", this.found.path));
    if (progress) parts.push(bar(this.file));
    const below = element("p", "", note ?? "");
    if (bad) below.dataset.s = "gap";
    if (bad) below.setAttribute("role", "alert");
    if (href) below.append(" ", link(href, state === "wait" ? this.strings.look : this.strings.open));
    if (again) below.append(" ", this.button(this.strings.retry, () => this.again()));
    parts.push(below);
    this.item.replaceChildren(...parts);
  }

  button(text, act) {
    const made = element("button", "", text);
    made.type = "button";
    made.setAttribute("aria-label", `${text}: ${this.file.name}`);
    made.addEventListener("click", act);
    return made;
  }

  stop() {
    this.left = true;
    this.upload?.stop();
  }

  // A log-in elsewhere may have come between.
  async again() {
    await renewToken().catch(() => false);
    this.zone.replace(this, new Line(this.zone, this.found));
  }
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function glyph(state, label) {
  const made = element("span", "state");
  const dot = element("i", "dot");
  made.dataset.s = dot.dataset.s = state;
  made.append(dot, label);
  return made;
}

function bar(file) {
  const made = element("progress", "");
  made.max = file.size;
  made.value = 0;
  made.setAttribute("aria-label", file.name);
  return made;
}

function link(href, text) {
  const made = element("a", "", text);
  made.href = href;
  return made;
}

function megabytes(size) {
  const value = size / MEGABYTE;
  return value >= 10 ? value.toFixed(0) : value.toPrecision(2).replace(/\.0+$/, "");
}

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
