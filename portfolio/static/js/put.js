// Saving by script: JSON with the token by which the server knows a page of its own. A log-in in another tab makes
// the token void; a fresh one is fetched, and the save sent once more.

const meta = document.querySelector('meta[name="csrf-token"]');

export function token() {
  return meta.content;
}

// The answer to a PUT of `value`; rejects where the line is cut. `leaving`: the page is on its way out.
export async function put(address, value, leaving = false) {
  const answer = await send(address, value, leaving);
  if (leaving || ![400, 401].includes(answer.status) || !(await renewToken())) return answer;
  return send(address, value, leaving);
}

// Whether there is a fresh token now; there is none while nobody is logged in, and none of another person's.
export async function renewToken() {
  const answer = await fetch(document.querySelector("a.who").href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const person = (from) => from.querySelector('meta[name="person"]')?.content;
  if (person(page) !== person(document)) return false;
  meta.content = page.querySelector('meta[name="csrf-token"]').content;
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = meta.content;
  return true;
}

function send(address, value, keepalive) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() };
  return fetch(address, { method: "PUT", headers, body: JSON.stringify(value), keepalive });
}

// A moment of the server's as hours and minutes, in the page's language.
export function timeOf(moment) {
  const form = { hour: "2-digit", minute: "2-digit", hour12: false };
  return new Date(moment).toLocaleTimeString(document.documentElement.lang, form);
}
