// The tables of the chosen database with sample rows, and questions that suit them.

import { element } from "./dom.js";
import { cells } from "./table.js";

const words = (name) => name.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ").trim().toLowerCase();
const plural = (name) => (/s$/.test(name) ? name : /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`);
const isNumeric = (column) => /int|real|num|dec|float|double/i.test(column.type);
const isKey = (column, table) => column.primary_key || /(^|_)id$/i.test(column.name) || table.foreign_keys.some((key) => key.column === column.name);

// A few questions about the first tables: a count, a share by category, an extreme, an average.
export function examples(schema) {
  const found = [];
  for (const table of schema.tables.slice(0, 3)) {
    const things = plural(words(table.name));
    const free = table.columns.filter((column) => !isKey(column, table));
    const texts = free.filter((column) => !isNumeric(column));
    const numbers = free.filter((column) => isNumeric(column) && !/born|year|date|code|zip|phone|number|rank|lat|lon/i.test(column.name));
    const group = texts.find((column) => /type|kind|country|city|status|category|state|genre|sex|method/i.test(column.name)) ?? texts[1];
    found.push(`How many ${things} are there?`);
    if (group) found.push(`How many ${things} are there for each ${words(group.name)}?`);
    if (numbers[0] && texts[0]) found.push(`Which ${words(table.name).replace(/s$/, "")} has the highest ${words(numbers[0].name)}?`);
    if (numbers[0]) found.push(`What is the average ${words(numbers[0].name)} of ${things}?`);
  }
  const mixed = [0, 1, 2, 4, 3, 5].map((n) => found[n]).filter(Boolean);
  return [...new Set(mixed)].slice(0, 4);
}

// Fill `place`; a click on a column calls `chosen(name)`.
export function show(place, schema, chosen) {
  place.replaceChildren(...schema.tables.map((table, n) => {
    const keys = new Map(table.foreign_keys.map((key) => [key.column, `→ ${key.table}.${key.referenced}`]));
    const columns = table.columns.map((column) => {
      const button = element("button", { type: "button", textContent: column.name, title: "Insert into the SQL" });
      button.addEventListener("click", () => chosen(column.name));
      const about = [column.type.toLowerCase(), column.primary_key ? "key" : "", keys.get(column.name) ?? ""].filter(Boolean).join(" ");
      return element("li", {}, button, element("span", { textContent: about }));
    });
    const details = element("details", { open: schema.tables.length < 4 && n === 0 },
      element("summary", { textContent: table.name }), element("ul", { className: "columns-list" }, ...columns));
    if (table.rows.length) {
      const head = element("tr", {}, ...table.columns.map((column) => element("th", { textContent: column.name })));
      const rows = table.rows.map((row) => element("tr", {}, ...cells(row)));
      details.append(element("div", { className: "sample", tabIndex: 0 }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))));
    }
    return details;
  }));
}
