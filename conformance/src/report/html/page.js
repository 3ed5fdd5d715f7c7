// Owns what the page does beyond being read: filters, copying, opening what a link points to. Without it everything is
// there and nothing is hidden.
(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const all = (selector) => [...document.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const say = (text) => { byId("live").textContent = text; };

  const search = byId("search");
  const chips = all(".chip");
  const rows = all("[data-row]").map((row) => ({
    row,
    tile: document.querySelector(`[data-tile="${row.dataset.row}"]`),
    words: row.textContent.toLowerCase(),
  }));
  const pressed = (name) => chips
    .filter((chip) => chip.dataset[name] && chip.getAttribute("aria-pressed") === "true")
    .map((chip) => chip.dataset[name]);

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const status = pressed("status");
    const level = pressed("level");
    let shown = 0;
    for (const { row, tile, words: text } of rows) {
      const fits = (!status.length || status.includes(row.dataset.is))
        && (!level.length || level.includes(row.dataset.level))
        && words.every((word) => text.includes(word));
      row.hidden = !fits;
      tile.classList.toggle("out", !fits);
      shown += fits;
    }
    byId("shown").textContent = shown;
    byId("nothing-shown").hidden = shown > 0;
    say(`${shown} of ${rows.length} requirements shown`);
  };
  const clear = () => {
    search.value = "";
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    filter();
    search.focus();
  };

  if (search) {
    search.addEventListener("input", filter);
    for (const chip of chips) {
      chip.addEventListener("click", () => {
        chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
        filter();
      });
    }
    for (const button of all("[data-clear]")) button.addEventListener("click", clear);
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, textarea, [contenteditable]");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        search.focus();
        search.select();
      } else if (event.key === "Escape" && event.target === search) {
        clear();
      }
    });
  }

  const copy = async (button) => {
    const code = button.parentElement.querySelector("code");
    let done = false;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      done = true;
    } catch {
      // Pages from a disk may not reach the clipboard in this way: the selection can be copied everywhere.
      getSelection().selectAllChildren(code);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    say(done ? "Copied" : "Selected; copy it with Ctrl+C");
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });

  // What a link points to may be hidden by the filters or lie in something that is closed.
  const reveal = () => {
    const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.hidden) clear();
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
