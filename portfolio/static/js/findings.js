// Findings are written down where they are made: what can't be sent waits in the queue, what is being typed is kept.

import { forget, keep as keepDraft, kept, typedEarly } from "./drafts.js";
import { dropPhotos, keepPhotos, sendPhotos, waitingPhotos } from "./photos.js";
import { drop, keep, saved, send, waits } from "./queue.js";

const PERSON = document.querySelector('meta[name="person"]').content;
const FIELDS = ["channel", "words", "codes"];
const LONGEST_LABEL = 16;

class FindingForm {
  constructor(form) {
    this.form = form;
    this.strings = JSON.parse(form.dataset.strings);
    this.isNew = "new" in form.dataset;
    this.photos = form.querySelector("[data-photos]");
    if (this.photos) form.querySelector("[data-photo-field]").hidden = false;
    this.draft = `finding/${PERSON}/${form.dataset.address}/${this.isNew ? "new" : form.dataset.token}`;
    if (typedEarly(form.elements)) keepDraft(this.draft, this.typed());
    else this.restore();
    form.addEventListener("input", () => keepDraft(this.draft, this.typed()));
    form.addEventListener("submit", (event) => this.submitted(event));
  }

  get key() {
    return `finding${this.form.dataset.address}/${this.form.elements.token.value}`;
  }

  typed() {
    const { channel, words, codes, contradicts } = this.form.elements;
    return { channel: channel.value, words: words.value, codes: codes.value, contradicts: contradicts.checked };
  }

  fill(values) {
    const { channel, words, codes, contradicts } = this.form.elements;
    for (const choice of channel) choice.checked = choice.value === values.channel;
    words.value = values.words;
    codes.value = values.codes;
    contradicts.checked = values.contradicts;
  }

  // What was being typed comes back; so does what was overtaken, to be decided about.
  restore() {
    const entry = this.isNew ? null : waits(this.key);
    const values = entry?.value ?? kept(this.draft);
    if (!values?.words && !entry) return;
    this.fill(values);
    if (!entry) return;
    this.form.closest("details").open = true;
    if (entry.state !== "conflict") return;
    this.form.elements.version.value = entry.current.version;
    this.say(`${this.strings.conflict} ${entry.current.words}`);
  }

  async submitted(event) {
    event.preventDefault();
    if (this.busy) return;
    this.busy = true;
    this.show({});
    this.say(this.strings.saving);
    const { key } = this;
    const files = this.photos ? [...this.photos.files] : [];
    this.enqueue(key);
    const photos = files.length ? await keepPhotos(this.parcel(files)) : null;
    await this.ended(await send(key), key, photos);
    this.busy = false;
  }

  enqueue(key) {
    const value = { ...this.typed(), noted_at: new Date().toISOString(), version: Number(this.form.elements.version.value) };
    const address = `${this.form.dataset.address}/${this.form.elements.token.value}`;
    const label = `${this.strings.label} · ${value.words.trim().slice(0, LONGEST_LABEL)}`;
    keep({ key, address, value, label, href: this.form.dataset.address, words: value.words });
  }

  parcel(files) {
    const { form, key, strings } = this;
    const label = `${strings.photographs} · ${form.elements.words.value.trim().slice(0, LONGEST_LABEL)}`;
    return { key, address: `${form.dataset.address}/${form.elements.token.value}/photos`, label, href: form.dataset.address, files };
  }

  async ended(outcome, key, photos) {
    // the form still holds the files
    if (photos && ["refused", "conflict"].includes(outcome)) await dropPhotos(photos);
    if (outcome === "refused") {
      this.show(waits(key)?.errors ?? {});
      this.say(this.strings.refused);
      drop(key); // it stands in the form
      return;
    }
    if (outcome === "conflict") return this.restore();
    forget(this.draft);
    if (this.isNew) this.clear();
    this.say(this.strings[outcome]);
    if (outcome !== "saved") return;
    if (photos) this.say(told(await sendPhotos(photos), photos, this.strings));
    if (!this.isNew) this.form.remove(); // the list comes anew, with what stands now in another
    dispatchEvent(new CustomEvent("portfolio:saved"));
  }

  clear() {
    const { channel } = this.typed();
    this.form.reset();
    for (const choice of this.form.elements.channel) choice.checked = choice.value === channel;
    this.form.elements.words.value = "";
    this.form.elements.token.value = uuid();
    this.form.elements.version.value = 0;
  }

  show(errors) {
    const id = this.isNew ? "new" : this.form.dataset.token;
    for (const name of FIELDS) {
      const place = document.getElementById(`${name}-${id}-error`);
      place.textContent = errors[name] ?? "";
      place.hidden = !errors[name];
      const field = document.getElementById(`${name}-${id}`);
      if (errors[name]) field?.setAttribute("aria-invalid", "true");
      else field?.removeAttribute("aria-invalid");
    }
    const [first] = FIELDS.filter((name) => errors[name]);
    if (first) (document.getElementById(`${first}-${id}`) ?? this.form.elements.channel[0]).focus();
  }

  say(words) {
    this.form.querySelector("[data-said]").textContent = words;
  }
}

// Photographs of a finding that stands: they wait for the line as it did.
class PhotoForm {
  constructor(form) {
    this.form = form;
    form.addEventListener("submit", (event) => this.submitted(event));
  }

  async submitted(event) {
    event.preventDefault();
    const { form } = this;
    const strings = JSON.parse(form.dataset.strings);
    const { pathname } = new URL(form.action);
    const parcel = { key: `finding${pathname.replace(/\/photos$/, "")}`, address: pathname, label: strings.photographs };
    const photos = await keepPhotos({ ...parcel, href: location.pathname, files: [...form.elements.files.files] });
    form.reset();
    form.querySelector("[data-said]").textContent = told(await sendPhotos(photos), photos, strings);
  }
}

// What became of photographs, in words; what was refused is said here and waits no more.
function told(outcome, id, strings) {
  if (outcome !== "refused") return outcome === "saved" ? strings.saved : strings.photos;
  const { errors } = waitingPhotos().find((one) => one.id === id);
  dropPhotos(id);
  return Object.values(errors)[0] ?? strings.refused;
}

// A version 4 UUID (RFC 9562), also where the page didn't come over HTTPS.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const known = new WeakSet();

function begin() {
  for (const form of document.querySelectorAll("[data-finding]")) {
    if (known.has(form)) continue;
    known.add(form);
    new FindingForm(form);
  }
  for (const form of document.querySelectorAll(".photo-form")) {
    if (known.has(form)) continue;
    known.add(form);
    new PhotoForm(form);
  }
}

// The list comes anew after a save (js/refresh.js), with forms of its own.
new MutationObserver(begin).observe(document.querySelector("main"), { childList: true, subtree: true });
begin();
