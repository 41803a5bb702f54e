// A drop zone: files dropped, chosen, photographed or pasted are sent one after another, two at a time; each has its
// own line with progress, result and reason. The page hears "portfolio:uploaded" with the evidence's address.

import { renewToken, token } from "./put.js";
import { Refused, Stopped, TusUpload } from "./tus.js";

const AT_ONCE = 2;
const MEGABYTE = 1024 * 1024;

class DropZone {
  constructor(form) {
    this.form = form;
    this.rules = form.dataset;
    this.strings = JSON.parse(form.dataset.strings);
    this.list = form.parentElement.querySelector("[data-uploads]");
    this.count = form.parentElement.querySelector("[data-upload-count]");
    this.waiting = [];
    this.running = 0;
    this.all = 0;
    this.done = 0;
    this.listen();
  }

  listen() {
    for (const input of this.form.querySelectorAll('input[type="file"]')) {
      input.addEventListener("change", () => {
        this.take(input.files);
        input.value = "";
      });
    }
    this.form.addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("dragover", (event) => this.over(event));
    document.addEventListener("dragleave", (event) => !event.relatedTarget && this.mark(false));
    document.addEventListener("drop", (event) => this.dropped(event));
    document.addEventListener("paste", (event) => this.pasted(event));
    addEventListener("beforeunload", (event) => this.running && event.preventDefault());
  }

  // The whole page takes files, so that nobody loses it by missing the zone; the nearest zone gets them.
  over(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.mark(true);
  }

  dropped(event) {
    this.mark(false);
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    const zone = event.target.closest?.("[data-upload]");
    if (zone ? zone === this.form : this.form === document.querySelector("[data-upload]")) {
      this.take(event.dataTransfer.files);
    }
  }

  mark(over) {
    this.form.classList.toggle("is-over", over);
  }

  pasted(event) {
    if (event.target.closest?.("input, textarea") || this.form !== document.querySelector("[data-upload]")) return;
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.take(files.map((file) => (/^image\.\w+$/.test(file.name) ? this.renamed(file) : file)));
  }

  // Every pasted picture is called image.png; its time tells them apart.
  renamed(file) {
    const time = new Date().toISOString().slice(0, 19).replaceAll(":", "").replace("T", " ");
    return new File([file], `${this.strings.pasted} ${time}.${file.name.split(".").pop()}`, { type: file.type });
  }

  take(files) {
    const chosen = this.rules.evidence ? [...files].slice(0, 1) : [...files];
    for (const file of chosen) this.queue(new Line(this, file));
  }

  queue(line) {
    this.all += 1;
    this.waiting.push(line);
    this.next();
  }

  next() {
    this.tell();
    while (this.running < AT_ONCE && this.waiting.length) {
      const line = this.waiting.shift();
      if (line.left) continue;
      this.running += 1;
      line.send().finally(() => {
        this.running -= 1;
        this.done += 1;
        this.next();
      });
    }
  }

  tell() {
    if (this.count) this.count.textContent = this.all ? fill(this.strings.count, { done: this.done, all: this.all }) : "";
  }

  metadata(file) {
    const { element, evidence } = this.rules;
    return { filename: file.name, element, evidence, reason: this.form.elements.reason?.value };
  }

  // The same file chosen again for the same purpose is the same upload.
  key(file) {
    const { school, element = "", evidence = "" } = this.rules;
    return [school, element, evidence, file.name, file.size, file.lastModified].join("|");
  }
}

// One file's line in the list.
class Line {
  constructor(zone, file) {
    this.zone = zone;
    this.file = file;
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
      metadata: this.zone.metadata(this.file),
      key: this.zone.key(this.file),
      chunkBytes: Number(this.zone.rules.chunkBytes),
      onProgress: (sent, total) => this.progress(sent, total),
      onRetry: () => this.words(this.strings.retrying),
    });
    this.began = performance.now();
    this.show({ progress: true });
    try {
      this.finish(await this.upload.send());
    } catch (error) {
      if (error instanceof Stopped) this.show({ state: "none", label: this.strings.stopped });
      else this.fail(this.reason(error), !(error instanceof Refused) || [400, 401, 507].includes(error.status));
    }
    return undefined;
  }

  // Known before anything is sent.
  refusal() {
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
    if (duplicateOf) {
      this.show({ state: "wait", label: this.strings.duplicate, note: this.strings.duplicate_of, href: duplicateOf });
    } else {
      this.show({ state: "ok", label: this.strings.done, href: location });
    }
    const { element, evidence } = this.zone.rules;
    const detail = { location, duplicateOf, element, evidence };
    this.zone.form.dispatchEvent(new CustomEvent("portfolio:uploaded", { bubbles: true, detail }));
  }

  fail(reason, again) {
    this.show({ state: "gap", label: this.strings.refused, note: reason, bad: true, again });
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
    if (progress) parts.push(bar(this.file));
    const below = element("p", "", note ?? "");
    if (bad) below.dataset.s = "gap";
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
    this.item.remove();
    this.zone.all -= 1;
    this.zone.done -= 1;
    this.zone.queue(new Line(this.zone, this.file));
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

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

for (const form of document.querySelectorAll("[data-upload]")) new DropZone(form);
