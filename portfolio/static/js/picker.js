// The library beside an element: opened, it lists what the element doesn't cite yet; typing narrows it.

const PAUSE = 250;

for (const picker of document.querySelectorAll("[data-picker]")) {
  const place = picker.querySelector("[data-picked]");
  const search = picker.querySelector("[data-picker-search]");
  let timer;

  const load = async () => {
    const address = new URL(picker.dataset.picker, location.href);
    address.searchParams.set("q", search.value);
    const answer = await fetch(address);
    if (answer.ok) place.innerHTML = await answer.text();
  };

  picker.addEventListener("toggle", () => {
    if (picker.open) load();
  });
  if (picker.open) load();
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(load, PAUSE);
  });
}
