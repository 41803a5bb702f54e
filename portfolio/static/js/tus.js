// A small client of the tus 1.0.0 protocol: creates an upload, sends it in chunks, and continues where it stopped,
// after a cut line or a reload. What the server refuses for good is a Refused with its words.

const VERSION = "1.0.0";
const BODY_TYPE = "application/offset+octet-stream";
const PAUSES = [0, 1000, 3000, 5000, 10000, 20000, 30000];
const STORE = "portfolio-upload:";

export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

export class Stopped extends Error {}

// The names of files whose uploads for a purpose (the beginning of their keys, a list) were cut off; those that the
// server has given up by now, after `lifetime` milliseconds, are forgotten.
export function unfinished(purpose, lifetime) {
  const names = [];
  try {
    for (const stored of Object.keys(localStorage).filter((name) => name.startsWith(STORE))) {
      const key = JSON.parse(stored.slice(STORE.length));
      if (Date.now() - JSON.parse(localStorage.getItem(stored)).begun > lifetime) localStorage.removeItem(stored);
      else if (purpose.every((part, at) => key[at] === part)) names.push(key[purpose.length]);
    }
  } catch {
    // no storage, or something of another hand in it
  }
  return names;
}

export class TusUpload {
  // options: endpoint, token (CSRF), metadata {name: text}, key (what makes the same file the same upload),
  // chunkBytes, onProgress(sent, total), onRetry()
  constructor(file, options) {
    this.file = file;
    this.options = options;
    this.stopping = new AbortController();
  }

  // Sends the file; resolves to { location, duplicateOf }. Rejects with Refused, Stopped or the last network error.
  async send() {
    this.url = this.remembered();
    let failures = 0;
    for (;;) {
      const before = this.offset ?? 0;
      try {
        return await this.advance();
      } catch (error) {
        if (this.stopping.signal.aborted) throw new Stopped();
        if (error instanceof Refused) {
          this.forget();
          throw error;
        }
        if ((this.offset ?? 0) > before) failures = 0;
        if (++failures >= PAUSES.length) throw error;
        this.options.onRetry?.();
        await this.pause(PAUSES[failures]);
      }
    }
  }

  // Stops, and lets the server forget what has arrived.
  async stop() {
    this.stopping.abort();
    this.forget();
    if (this.url) await fetch(this.url, { method: "DELETE", headers: this.headers() }).catch(() => {});
  }

  async advance() {
    const finished = this.url ? await this.resume() : await this.create();
    if (finished) return finished;
    // A chunk of nothing asks once more for what a server that had no room could not finish.
    do {
      const chunk = this.file.slice(this.offset, this.offset + this.options.chunkBytes);
      const answer = await this.patch(chunk);
      this.offset = Number(answer.headers.get("Upload-Offset"));
      this.options.onProgress?.(this.offset, this.file.size);
      const result = this.result(answer);
      if (result) return result;
    } while (this.offset < this.file.size);
    throw new Error("not finished");
  }

  async create() {
    const headers = this.headers({
      "Upload-Length": String(this.file.size),
      "Upload-Metadata": Object.entries(this.options.metadata)
        .filter(([, value]) => value)
        .map(([name, value]) => `${name} ${base64(new TextEncoder().encode(value))}`)
        .join(","),
    });
    const answer = await fetch(this.options.endpoint, { method: "POST", headers, signal: this.stopping.signal });
    await check(answer, [201]);
    this.url = new URL(answer.headers.get("Location"), location.href).href;
    this.offset = 0;
    this.remember();
    return null;
  }

  async resume() {
    const answer = await fetch(this.url, { method: "HEAD", headers: this.headers(), signal: this.stopping.signal });
    if (answer.status === 404 || answer.status === 410) {
      this.forget();
      this.url = null;
      return this.create();
    }
    // A refusal has no words here; asking to continue brings them.
    if (answer.status === 415 || answer.status === 422) this.offset = 0;
    else {
      await check(answer, [200]);
      if (!answer.headers.has("Upload-Offset")) throw new Error("no upload here");
      this.offset = Number(answer.headers.get("Upload-Offset"));
    }
    this.options.onProgress?.(this.offset, this.file.size);
    return this.result(answer);
  }

  // With XMLHttpRequest, as fetch can't tell how much of a body has left.
  async patch(chunk) {
    const headers = this.headers({ "Upload-Offset": String(this.offset), "Content-Type": BODY_TYPE });
    const checksum = await sha256(chunk);
    if (checksum) headers["Upload-Checksum"] = `sha256 ${checksum}`;
    const answer = await new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("PATCH", this.url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => this.options.onProgress?.(this.offset + event.loaded, this.file.size);
      request.onload = () => resolve(asResponse(request));
      request.onerror = request.ontimeout = () => reject(new Error("the line was cut"));
      request.onabort = () => reject(new Stopped());
      this.stopping.signal.addEventListener("abort", () => request.abort(), { once: true });
      request.send(chunk);
    });
    await check(answer, [204]);
    return answer;
  }

  result(answer) {
    const location = answer.headers.get("Evidence-Location");
    if (!location) return null;
    this.forget();
    return { location, duplicateOf: answer.headers.get("Evidence-Duplicate-Of") };
  }

  headers(more = {}) {
    return { "Tus-Resumable": VERSION, "X-CSRFToken": this.options.token, Accept: "application/json", ...more };
  }

  remembered() {
    try {
      return JSON.parse(localStorage.getItem(STORE + this.options.key))?.url ?? null;
    } catch {
      return null;
    }
  }

  remember() {
    try {
      localStorage.setItem(STORE + this.options.key, JSON.stringify({ url: this.url, begun: Date.now() }));
    } catch {
      // Without storage an upload still continues after a cut line, only not after a reload.
    }
  }

  forget() {
    try {
      localStorage.removeItem(STORE + this.options.key);
    } catch {
      // nothing was kept
    }
  }

  pause(milliseconds) {
    return new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
      addEventListener("online", resolve, { once: true });
      this.stopping.signal.addEventListener("abort", resolve, { once: true });
    });
  }
}

// Wrong offsets, busy uploads, damaged chunks, full disks and failing servers pass; other refusals are for good.
async function check(answer, wanted) {
  if (wanted.includes(answer.status)) return;
  const passing = [408, 409, 423, 429, 460].includes(answer.status) || answer.status >= 500;
  const said = await answer.json().catch(() => ({}));
  const words = said.error ?? "";
  if (passing && answer.status !== 507) throw new Error(words);
  throw new Refused(answer.status, words);
}

function asResponse(request) {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split(/[\r\n]+/)) {
    const [name, ...value] = line.split(": ");
    if (name) headers.append(name, value.join(": "));
  }
  const empty = [101, 204, 205, 304].includes(request.status);
  return new Response(empty ? null : request.responseText, { status: request.status, headers });
}

// Only where the page came over a safe line (https or localhost) do browsers offer digests.
async function sha256(chunk) {
  if (!globalThis.crypto?.subtle || chunk.size === 0) return null;
  return base64(new Uint8Array(await crypto.subtle.digest("SHA-256", await chunk.arrayBuffer())));
}

function base64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
