// Photographs of findings: kept in this browser until the server has them, each person's apart, and sent once their
// finding is there. The server takes one picture sent twice for one photograph.

import { renewToken, token } from "./put.js";
import { waits } from "./queue.js";

const PERSON = document.querySelector('meta[name="person"]')?.content ?? "";
const STORE = "photos";
const RETRY = 5000;
const channel = new BroadcastChannel(`photos:${PERSON}`);
const memory = new Map(); // where the browser keeps nothing: as long as this page is open
let opened;
let waiting = [];
let running = Promise.resolve();
let timer;

// What waits, the first chosen first: { id, key, address, label, href, files, state, errors }.
export function waitingPhotos() {
  return waiting;
}

// Keeps files for a finding: its key in the queue, where they go, a label and where to look. Returns their id.
export async function keepPhotos({ key, address, label, href, files }) {
  const entry = { key, address, label, href, files, person: PERSON, state: "waiting" };
  let id;
  try {
    id = await store("readwrite", (photos) => photos.add(entry));
  } catch {
    id = `unkept-${Date.now()}-${Math.random()}`;
    memory.set(id, { ...entry, id });
  }
  await changed();
  return id;
}

export async function dropPhotos(id) {
  if (!memory.delete(id)) await store("readwrite", (photos) => photos.delete(id));
  await changed();
}

// Sends what waits, one after the other; returns what became of these: saved, offline, login, or why they were refused.
export async function sendPhotos(id) {
  const stopped = await (running = running.then(exclusively, exclusively));
  const entry = waiting.find((one) => one.id === id);
  if (!entry) return "saved";
  return entry.state === "waiting" ? (stopped ?? "offline") : entry.state;
}

// One window at a time, where the browser can tell them apart.
function exclusively() {
  return navigator.locks ? navigator.locks.request(`photos:${PERSON}`, sendAll) : sendAll();
}

async function sendAll() {
  clearTimeout(timer);
  await look();
  for (const entry of waiting) {
    if (entry.state !== "waiting" || waits(entry.key)) continue;
    const stopped = await sendOne(entry);
    if (!stopped) continue;
    if (stopped === "offline") timer = setTimeout(sendPhotos, RETRY);
    return stopped;
  }
  return undefined;
}

// Returns why nothing can be sent now, if so. A finding that isn't there yet (404) is waited for.
async function sendOne(entry) {
  const answer = await post(entry).catch(() => null);
  if (!answer || answer.status >= 500) return "offline";
  if ([400, 401].includes(answer.status)) return "login";
  if (answer.ok) {
    await dropPhotos(entry.id);
    dispatchEvent(new CustomEvent("portfolio:saved"));
  } else if (answer.status !== 404) {
    const reply = await answer.json().catch(() => ({}));
    await rewrite({ ...entry, state: "refused", errors: reply.errors ?? { "": reply.error } });
  }
  return undefined;
}

async function post(entry) {
  const answer = await send(entry);
  if (![400, 401].includes(answer.status) || !(await renewToken())) return answer;
  return send(entry);
}

function send({ address, files }) {
  const body = new FormData();
  for (const file of files) body.append("files", file);
  return fetch(address, { method: "POST", headers: { "X-CSRFToken": token(), Accept: "application/json" }, body });
}

async function rewrite(entry) {
  if (memory.has(entry.id)) memory.set(entry.id, entry);
  else await store("readwrite", (photos) => photos.put(entry));
  await changed();
}

async function changed() {
  channel.postMessage("changed");
  await look();
}

async function look() {
  const kept = await store("readonly", (photos) => photos.getAll()).catch(() => []);
  waiting = [...kept.filter(({ person }) => person === PERSON), ...memory.values()];
  dispatchEvent(new CustomEvent("portfolio:queue"));
}

// What `work` asks of the browser's store, once it has happened for good.
async function store(mode, work) {
  opened ??= open();
  const transaction = (await opened).transaction(STORE, mode);
  const asked = work(transaction.objectStore(STORE));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("portfolio", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

channel.addEventListener("message", look);
addEventListener("portfolio:sent", ({ detail }) => detail.outcome === "saved" && waiting.length && sendPhotos());
for (const moment of ["online", "focus"]) addEventListener(moment, () => waiting.length && sendPhotos());
look().then(() => waiting.length && sendPhotos());
