// Introductions of the report: what is typed is kept in this browser until the server has saved it.

import { forget, keep, kept, typedEarly } from "./drafts.js";

for (const form of document.querySelectorAll("[data-introduction]")) {
  const key = form.dataset.introduction;
  const area = form.querySelector("textarea");
  const saved = area.defaultValue;
  const draft = kept(key);
  if (typedEarly([area])) keep(key, { text: area.value });
  else if (draft && draft.text !== saved && !("refused" in form.dataset)) {
    area.value = draft.text;
    form.querySelector("[data-restored]").hidden = false;
  } else if (draft && draft.text === saved) {
    forget(key);
  }
  area.addEventListener("input", () => keep(key, { text: area.value }));
}
