// While something on the page is in the making, the regions that js/refresh.js renews are asked for again and again;
// not while somebody is choosing or stands in them.

const SOON = 2000; // milliseconds
const LATE = 15000;
let pause = SOON;

function look() {
  const waits = document.querySelector("[data-refresh] [data-making]");
  if (waits && !document.hidden && !isInUse()) dispatchEvent(new CustomEvent("portfolio:made"));
  pause = waits ? Math.min(pause * 1.3, LATE) : SOON;
  setTimeout(look, pause);
}

function isInUse() {
  return document.activeElement.closest("[data-refresh]") || document.querySelector("[data-refresh] [name=ids]:checked");
}

setTimeout(look, pause);
