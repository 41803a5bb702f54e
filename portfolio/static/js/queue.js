// Saves that wait for the line: kept in this browser until the server has them, each person's apart, sent in the
// order they were typed. Each names the row version it is based on, so that one sent twice is written once.

import { put } from "./put.js";

const PERSON = document.querySelector('meta[name="person"]')?.content ?? "";
const PREFIX = `unsent:${PERSON}:`;
const RETRY = 5000;
const PATIENCE = 20_000; // milliseconds until a line that doesn't answer counts as cut
const FOR_GOOD = { 403: "locked", 404: "locked", 409: "conflict", 422: "refused" };
const memory = new Map(); // where the browser keeps nothing
const channel = new BroadcastChannel(PREFIX);
let running = Promise.resolve();
let timer;

// What was saved since this page was loaded: key → the server's answer with the value. A page fetched ahead doesn't know of it.
export const saved = new Map();

// This window, over reloads: what it typed, it is told about.
const WINDOW = windowName();

function windowName() {
  try {
    sessionStorage.window ??= String(Math.random());
    return sessionStorage.window;
  } catch {
    return String(Math.random());
  }
}

// Everything that waits, the first typed first. An entry: { key, address, value, label, href, order, state, … }.
export function waiting() {
  const entries = keys().map((name) => read(name)).filter(Boolean);
  return entries.sort((one, other) => one.order - other.order);
}

export function waits(key) {
  return read(PREFIX + key);
}

// Puts an entry at the end; one that waits already keeps its place and gets the new value.
export function keep(entry) {
  const before = waits(entry.key);
  write({ ...entry, order: before?.order ?? Date.now() + performance.now() / 1e6, window: WINDOW, state: "waiting" });
}

export function drop(key) {
  memory.delete(PREFIX + key);
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // Nothing was kept.
  }
  changed();
}

// Sends what waits, one after the other; returns what became of `key`: saved, offline, login, or why it stopped.
export async function send(key) {
  const stopped = await (running = running.then(exclusively, exclusively));
  const entry = key && waits(key);
  if (!entry) return "saved";
  return entry.state === "waiting" ? (stopped ?? "offline") : entry.state;
}

// The last words of a page on its way out; what is sent here and again later is written once.
export function sendLeaving(key) {
  const entry = waits(key);
  if (entry?.state === "waiting") put(entry.address, entry.value, true).catch(() => {});
}

// One window at a time, where the browser can tell them apart.
function exclusively() {
  return navigator.locks ? navigator.locks.request(PREFIX, sendAll) : sendAll();
}

async function sendAll() {
  clearTimeout(timer);
  for (const { key } of waiting()) {
    const entry = waits(key);
    if (entry?.state !== "waiting") continue;
    const stopped = await sendOne(entry);
    if (!stopped) continue;
    if (stopped === "offline") timer = setTimeout(send, RETRY);
    tell({ entry, stopped });
    return stopped;
  }
  return undefined;
}

// Returns why nothing can be sent now, if so.
async function sendOne(entry) {
  let answer;
  try {
    answer = await Promise.race([put(entry.address, entry.value), silence()]);
  } catch {
    return "offline";
  }
  const reply = await answer.json().catch(() => ({}));
  if (answer.ok) settle(entry, reply);
  else if (answer.status === 409 && agrees(reply.current, entry.value)) settle(entry, reply.current);
  else if (answer.status in FOR_GOOD) stop(entry, FOR_GOOD[answer.status], reply);
  else return answer.status === 401 || answer.status === 400 ? "login" : "offline";
  return undefined;
}

function silence() {
  return new Promise((_, cut) => setTimeout(() => cut(new Error("no answer")), PATIENCE));
}

// What was typed meanwhile goes on from the version that is saved now.
function settle(entry, reply) {
  const { version } = reply;
  saved.set(entry.key, { ...reply, value: entry.value });
  const now = waits(entry.key);
  if (now && text(now) === text(entry)) drop(entry.key);
  else if (now && now.window === entry.window) write({ ...now, value: { ...now.value, version } });
  tell({ entry, reply, outcome: "saved" });
}

function stop(entry, state, reply) {
  const now = waits(entry.key);
  if (now && text(now) === text(entry)) write({ ...now, state, current: reply.current, errors: reply.errors, words: reply.error });
  tell({ entry, reply, outcome: state });
}

// Whether the server has this text already: its answer to the first sending was lost on the way.
function agrees(current, value) {
  return Boolean(current) && Object.entries(value).every(([name, typed]) => {
    if (name === "version") return true;
    const [one, other] = [current[name] ?? "", typed ?? ""];
    if (name === "score" && one !== "" && other !== "") return Number(one) === Number(other);
    return JSON.stringify(one) === JSON.stringify(other);
  });
}

function text(entry) {
  return JSON.stringify({ ...entry.value, version: null });
}

function tell(detail) {
  dispatchEvent(new CustomEvent("portfolio:sent", { detail: { ...detail, mine: detail.entry.window === WINDOW } }));
  channel.postMessage(detail);
  changed();
}

function changed() {
  dispatchEvent(new CustomEvent("portfolio:queue"));
}

function keys() {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)).concat([...memory.keys()]);
  } catch {
    return [...memory.keys()];
  }
}

function read(name) {
  if (memory.has(name)) return memory.get(name);
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function write(entry) {
  const name = PREFIX + entry.key;
  try {
    localStorage.setItem(name, JSON.stringify(entry));
    memory.delete(name);
  } catch {
    memory.set(name, entry); // a full or forbidden store: as long as this page is open
  }
  changed();
}

channel.addEventListener("message", ({ data }) => {
  const mine = data.entry.window === WINDOW;
  if (mine && data.outcome === "saved") saved.set(data.entry.key, { ...data.reply, value: data.entry.value });
  dispatchEvent(new CustomEvent("portfolio:sent", { detail: { ...data, mine } }));
  changed();
});
addEventListener("storage", ({ key }) => key?.startsWith(PREFIX) && changed());
for (const moment of ["online", "focus"]) addEventListener(moment, () => waiting().length && send());
if (waiting().length) send();
