// The viewer of files: turns pages in place, zooms, turns what lies on its side, and asks for what is in the making.
// Without it every page is a link.

const SCALES = [0.5, 0.75, 1, 1.5, 2, 3];
const WHOLE = 2; // the place in SCALES of the whole width
const SOON = 1500; // milliseconds between two questions whether it is made, at first
const LATE = 10000;
const TRIES = 15; // for a page that is being drawn
const PAPER = 720; // pixels of a page at the whole width, where there is room

export class Viewer {
  constructor(root, { follows = true } = {}) {
    this.root = root;
    this.follows = follows; // whether the page's address goes along
    this.base = root.dataset.viewer;
    this.page = Number(root.dataset.page);
    this.count = Number(root.dataset.count);
    this.pages = JSON.parse(root.dataset.pages ?? "{}");
    this.strings = JSON.parse(root.dataset.strings);
    this.stage = root.querySelector("[data-stage]");
    this.paper = root.querySelector("[data-paper]");
    this.image = this.paper?.querySelector("img");
    this.scale = WHOLE;
    this.turns = 0;
    this.listen();
    if ("making" in root.dataset) this.wait(SOON);
    else if (this.paper?.hidden) this.await(this.page);
    else this.prefetch();
  }

  listen() {
    this.root.addEventListener("click", (event) => this.clicked(event));
    this.root.querySelector(".reader-pages")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.go(Number(event.target.elements.page.value));
    });
    this.stage.addEventListener("keydown", (event) => this.pressed(event));
    const tools = this.root.querySelector("[data-tools]");
    if (tools) tools.hidden = false;
    if (this.paper) new ResizeObserver(() => this.layOut()).observe(this.stage);
  }

  clicked(event) {
    const step = event.target.closest("[data-go]");
    if (step && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      return this.go(this.page + Number(step.dataset.go));
    }
    const zoom = event.target.closest("[data-zoom]");
    if (zoom) return this.zoom(Number(zoom.dataset.zoom));
    if (event.target.closest("[data-turn]")) this.turn();
    return undefined;
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => this.go(this.page - 1),
      ArrowRight: () => this.go(this.page + 1),
      "+": () => this.zoom(1),
      "=": () => this.zoom(1),
      "-": () => this.zoom(-1),
      0: () => this.zoom(0),
    };
    const sideways = event.key.startsWith("Arrow") && this.stage.scrollWidth > this.stage.clientWidth;
    if (!acts[event.key] || sideways) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }

  go(page) {
    const wanted = Math.min(Math.max(page || 1, 1), this.count);
    const field = this.root.querySelector(".reader-pages input[name=page]");
    if (field) field.value = wanted;
    if (wanted === this.page || !this.count) return;
    this.page = wanted;
    this.turns = 0;
    if (this.paper) this.draw();
    this.tell();
    this.read();
    this.prefetch();
    this.stage.scrollTop = 0;
  }

  draw() {
    const sizes = this.pages[this.page];
    this.paper.hidden = !sizes;
    this.root.querySelector("[data-undrawn]").hidden = Boolean(sizes);
    if (!sizes) {
      this.await(this.page);
      return;
    }
    const [largest] = sizes.slice(-1);
    this.image.srcset = this.srcset(sizes);
    this.image.src = this.address(sizes[0][0]);
    this.image.width = largest[1];
    this.image.height = largest[2];
    this.image.alt = this.named();
    this.layOut();
  }

  srcset(sizes, page = this.page) {
    return sizes.map(([size, width]) => `${this.address(size, page)} ${width}w`).join(", ");
  }

  address(size, page = this.page) {
    return `${this.base}/pages/${page}/${size}`;
  }

  named() {
    return this.strings.page.replace("{page}", this.page).replace("{count}", this.count);
  }

  // Says which page this is: to the reader, in the links, in the address.
  tell() {
    this.stage.setAttribute("aria-label", this.named());
    for (const link of this.root.querySelectorAll("[data-go]")) {
      const other = this.page + Number(link.dataset.go);
      link.href = this.at(Math.min(Math.max(other, 1), this.count));
      link.toggleAttribute("aria-disabled", false);
      if (other < 1 || other > this.count) link.setAttribute("aria-disabled", "true");
    }
    if (this.follows) history.replaceState(history.state, "", this.at(this.page));
  }

  at(page) {
    const { here } = this.root.dataset;
    return `${here}${here.includes("?") ? "&" : "?"}page=${page}#viewer`;
  }

  async read() {
    const words = this.root.querySelector("[data-words]");
    if (!words) return;
    const asked = this.page;
    const [text, cut] = await this.textOf(asked);
    if (asked !== this.page) return;
    const shown = words.querySelector("[data-text]");
    words.hidden = Boolean(this.paper) && !this.paper.hidden && !text;
    shown.textContent = text || this.strings.none;
    shown.classList.toggle("quiet", !text);
    words.querySelector("[data-cut]").hidden = !cut;
  }

  async textOf(page) {
    try {
      const answer = await fetch(`${this.base}/pages/${page}/text`, { headers: { Accept: "application/json" } });
      if (!answer.ok) return [this.strings.unread, false];
      const reply = await answer.json();
      return [reply.text, reply.cut];
    } catch {
      return [this.strings.unread, false];
    }
  }

  prefetch() {
    const sizes = this.pages[this.page + 1];
    if (!sizes || !this.image) return;
    const next = new Image();
    next.sizes = this.image.sizes;
    next.srcset = this.srcset(sizes, this.page + 1);
  }

  // 1 larger, -1 smaller, 0 the whole width.
  zoom(by) {
    if (!this.paper) return;
    this.scale = by ? Math.min(Math.max(this.scale + by, 0), SCALES.length - 1) : WHOLE;
    this.root.querySelector("[data-scale]").textContent = `${SCALES[this.scale] * 100}%`;
    this.layOut();
  }

  turn() {
    this.turns = (this.turns + 1) % 4;
    this.layOut();
  }

  // A page on its side takes a box of the other shape, in whose middle it is turned.
  layOut() {
    if (this.paper.hidden || (this.scale === WHOLE && this.turns === 0 && !this.paper.style.width)) return;
    const room = this.stage.clientWidth - 2 * parseFloat(getComputedStyle(this.stage).paddingInlineStart);
    const width = Math.round(Math.min(room, PAPER) * SCALES[this.scale]);
    const shape = this.image.height / this.image.width || this.image.naturalHeight / this.image.naturalWidth;
    const ratio = this.ratio() || shape;
    const onSide = this.turns % 2 === 1;
    const across = onSide ? width / ratio : width;
    this.paper.style.width = `${width}px`;
    this.paper.style.height = `${onSide ? across : width * ratio}px`;
    this.paper.toggleAttribute("data-turned", this.turns > 0);
    this.paper.classList.toggle("wide", width > room);
    this.image.style.width = `${across}px`;
    this.image.style.transform = this.turns ? `translate(-50%, -50%) rotate(${this.turns * 90}deg)` : "";
    this.image.sizes = `${Math.round(across)}px`;
  }

  // Height over width of the page as it was drawn.
  ratio() {
    const sizes = this.pages[this.page];
    if (!sizes) return 0;
    const [, width, height] = sizes[sizes.length - 1];
    return height / width;
  }

  // A page far into a long file is drawn when it is first asked for.
  await(page, left = TRIES) {
    setTimeout(async () => {
      if (page !== this.page || !this.root.isConnected) return;
      const answer = await fetch(this.address("page", page), { method: "HEAD" }).catch(() => null);
      if (answer?.ok) this.renew();
      else if (left) this.await(page, left - 1);
    }, left === TRIES ? 0 : SOON);
  }

  wait(pause) {
    setTimeout(async () => {
      if (!this.root.isConnected) return;
      const state = document.hidden ? "waiting" : await this.state();
      if (state === "waiting" || state === "running") this.wait(Math.min(pause * 1.3, LATE));
      else this.renew();
    }, pause);
  }

  async state() {
    try {
      const answer = await fetch(`${this.base}/derivation`, { headers: { Accept: "application/json" } });
      return answer.ok ? (await answer.json()).state : "waiting";
    } catch {
      return "waiting";
    }
  }

  async renew() {
    const fresh = await viewerOf(this.at(this.page));
    if (!fresh) return;
    this.root.replaceWith(fresh);
    new Viewer(fresh, { follows: this.follows });
    dispatchEvent(new CustomEvent("portfolio:made"));
  }
}

// The viewer that stands on a page, fetched; null where there is none.
export async function viewerOf(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("[data-viewer]");
}

for (const root of document.querySelectorAll("[data-viewer]")) new Viewer(root);
