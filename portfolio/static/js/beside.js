// At the table, what the visit brought for the element stands in its page; without this it is a link.

for (const place of document.querySelectorAll("[data-beside]")) {
  const address = place.querySelector("a").href;
  fetch(address, { headers: { Accept: "text/html" } })
    .then(async (answer) => {
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.getElementById("beside");
      if (found) place.replaceChildren(...found.childNodes);
    })
    .catch(() => {}); // the link stays
}
