// Links marked data-preview open their page's viewer in a dialog over this page.

import { Viewer, viewerOf } from "./viewer.js";

const dialog = document.querySelector("[data-preview-dialog]");
const body = dialog.querySelector("[data-preview-body]");

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-preview]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link);
});

async function open(link) {
  dialog.querySelector("h2").textContent = link.dataset.preview;
  dialog.querySelector("[data-preview-whole]").href = link.href;
  body.replaceChildren();
  body.setAttribute("aria-busy", "true");
  dialog.showModal();
  const viewer = await viewerOf(link.href).catch(() => null);
  body.setAttribute("aria-busy", "false");
  if (!viewer) {
    location.assign(link.href);
    return;
  }
  body.replaceChildren(document.adoptNode(viewer));
  new Viewer(viewer, { follows: false });
}

dialog.querySelector("[data-preview-close]").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
// What plays stops with the dialog.
dialog.addEventListener("close", () => body.replaceChildren());
