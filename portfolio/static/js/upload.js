// A drop zone: files and folders dropped, chosen, photographed or pasted are sent two at a time; each file has its own
// line (line.js). The page hears "portfolio:uploaded" with the evidence's address.

import { dropped, picked } from "./gather.js";
import { Line, fill } from "./line.js";
import "./offers.js";
import { unfinished } from "./tus.js";

const AT_ONCE = 2;
const HOUR = 3600 * 1000;
const NAMES_SHOWN = 5;

class DropZone {
  constructor(form) {
    this.form = form;
    this.rules = form.dataset;
    this.strings = JSON.parse(form.dataset.strings);
    this.list = form.parentElement.querySelector("[data-uploads]");
    this.count = form.parentElement.querySelector("[data-upload-count]");
    this.waiting = [];
    this.running = 0;
    this.lines = new Set();
    this.remind();
    this.listen();
  }

  listen() {
    for (const input of this.form.querySelectorAll('input[type="file"]')) {
      input.addEventListener("change", () => this.chosen(input));
      this.chosen(input); // over a slow line somebody chose before this script had come
    }
    this.form.addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("dragover", (event) => this.over(event));
    document.addEventListener("dragleave", (event) => !event.relatedTarget && this.mark(false));
    document.addEventListener("drop", (event) => this.dropped(event));
    document.addEventListener("paste", (event) => this.pasted(event));
    addEventListener("beforeunload", (event) => this.running && event.preventDefault());
  }

  chosen(input) {
    this.take(picked(input.files));
    input.value = "";
  }

  // The whole page takes files, so that nobody loses it by missing the zone; the nearest zone gets them.
  over(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.mark(true);
  }

  dropped(event) {
    this.mark(false);
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const zone = event.target.closest?.("[data-upload]");
    if (zone ? zone === this.form : this.form === document.querySelector("[data-upload]")) {
      dropped(event.dataTransfer).then((found) => this.take(found));
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
    this.take(picked(files.map((file) => (/^image\.\w+$/.test(file.name) ? this.renamed(file) : file))));
  }

  // Every pasted picture is called image.png; its time tells them apart.
  renamed(file) {
    const time = new Date().toISOString().slice(0, 19).replaceAll(":", "").replace("T", " ");
    return new File([file], `${this.strings.pasted} ${time}.${file.name.split(".").pop()}`, { type: file.type });
  }

  take(found) {
    const chosen = this.rules.evidence ? found.slice(0, 1) : found;
    for (const one of chosen) this.queue(new Line(this, one));
    if (chosen.length) this.reminder?.remove();
  }

  queue(line) {
    this.lines.add(line);
    this.waiting.push(line);
    this.next();
  }

  // A line that is tried again stands where it stood.
  replace(line, newer) {
    line.item.replaceWith(newer.item);
    this.lines.delete(line);
    this.queue(newer);
  }

  next() {
    this.tell();
    while (this.running < AT_ONCE && this.waiting.length) {
      const line = this.waiting.shift();
      if (line.left) continue;
      this.running += 1;
      line.send().finally(() => {
        this.running -= 1;
        this.next();
      });
    }
  }

  tell() {
    if (!this.count) return;
    const of = (result) => [...this.lines].filter((line) => line.result === result).length;
    const [refused, duplicate] = [of("refused"), of("duplicate")];
    const parts = [fill(this.strings.count, { done: of("done") + duplicate, all: this.lines.size })];
    if (refused) parts.push(fill(this.strings.count_refused, { count: refused }));
    if (duplicate) parts.push(fill(this.strings.count_duplicate, { count: duplicate }));
    this.count.textContent = this.lines.size ? parts.join(" · ") : "";
  }

  // What was cut off before a reload, or the last time: the file itself must be chosen again, as no page may keep it.
  remind() {
    const names = unfinished(this.purpose(), Number(this.rules.lifetimeHours) * HOUR);
    if (!names.length) return;
    const shown = names.slice(0, NAMES_SHOWN).join(this.strings.comma) + (names.length > NAMES_SHOWN ? " …" : "");
    this.reminder = document.createElement("p");
    this.reminder.className = "notice up-cut";
    this.reminder.textContent = fill(this.strings.unfinished, { count: names.length, names: shown });
    this.list.before(this.reminder);
  }

  metadata(file, path) {
    const { element, evidence } = this.rules;
    return { filename: file.name, path, element, evidence, reason: this.form.elements.reason?.value };
  }

  purpose() {
    const { school, element = "", evidence = "" } = this.rules;
    return [school, element, evidence];
  }

  // The same file chosen again for the same purpose is the same upload.
  key(file, path) {
    return JSON.stringify([...this.purpose(), file.name, path, file.size, file.lastModified]);
  }
}

for (const form of document.querySelectorAll("[data-upload]")) new DropZone(form);
