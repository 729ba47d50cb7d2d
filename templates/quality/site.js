/* The site's one script. Without it every page is whole; with it one finds things:
   - the search over the site, by an index that is loaded as a script when it is first needed (files cannot be fetched);
   - pickers over rows: <div data-pick='{"kind": "类别"}' data-pick-text="检索" data-pick-days="自,至" data-pick-count="{shown} / {all}"
     data-pick-any="全部">, around tables whose <tr>s have data-kind, and data-day where days are picked. Groups (.group) in it
     whose rows are all hidden are hidden too. */
"use strict";
(() => {
  const make = (name, more = {}) => Object.assign(document.createElement(name), more);

  for (const area of document.querySelectorAll("[data-pick]")) {
    const rows = [...area.querySelectorAll("tbody tr[data-row]")];
    if (rows.length < 8) continue;  // all are seen at once
    const form = make("form", { className: "picker" });
    const wanted = {};
    const labelled = (text, field) => {
      const label = make("label");
      label.append(text, field);
      form.append(label);
      return field;
    };
    for (const [key, name] of Object.entries(JSON.parse(area.dataset.pick))) {
      const select = labelled(name, make("select"));
      select.add(new Option(area.dataset.pickAny, ""));
      for (const value of new Set(rows.map((row) => row.dataset[key]).filter(Boolean))) select.add(new Option(value, value));
      select.addEventListener("change", () => { wanted[key] = select.value; show(); });
    }
    const [from, to] = (area.dataset.pickDays || "").split(",").filter(Boolean)
      .map((name) => labelled(name, make("input", { type: "date" })));
    const words = labelled(area.dataset.pickText, make("input", { type: "search" }));
    const count = make("output");
    form.append(count);
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const show = () => {
      const sought = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const day = row.dataset.day;
        row.hidden = !(Object.entries(wanted).every(([key, value]) => !value || row.dataset[key] === value)
          && (!from || !from.value || day >= from.value) && (!to || !to.value || day <= to.value)
          && sought.every((word) => texts.get(row).includes(word)));
        shown += !row.hidden;
      }
      for (const group of area.querySelectorAll(".group")) group.hidden = !group.querySelector("tr[data-row]:not([hidden])");
      if (shown < rows.length) for (const fold of area.querySelectorAll("details:not(.more)")) fold.open = true;
      count.value = area.dataset.pickCount.replace("{shown}", shown).replace("{all}", rows.length);
    };
    for (const field of [from, to, words]) if (field) field.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    area.prepend(form);
    show();
  }

  const search = document.querySelector("form.search");
  const field = search.querySelector("input"), found = search.querySelector("ul");
  let asked = false;
  const find = () => {
    const sought = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    found.hidden = !sought.length || !window.siteIndex;
    if (found.hidden) return;
    const hits = window.siteIndex.filter(([title, note]) => {
      const text = (title + " " + note).toLowerCase();
      return sought.every((word) => text.includes(word));
    }).slice(0, 30);
    found.replaceChildren(...hits.map(([title, note, path]) => {
      const item = make("li"), link = make("a", { href: document.body.dataset.root + "/" + path, textContent: title });
      link.append(make("small", { textContent: note }));
      item.append(link);
      return item;
    }));
    if (!hits.length) found.append(make("li", { className: "nothing", textContent: found.dataset.nothing }));
  };
  field.addEventListener("focus", () => {
    if (asked) return;
    asked = true;
    document.head.append(make("script", { src: document.body.dataset.searchIndex, onload: find }));
  });
  field.addEventListener("input", find);
  search.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("keydown", (event) => { if (event.key === "Escape") found.hidden = true; });
  search.hidden = false;
})();
