// The rows of a result: sorted by a click on a header, copied, downloaded as CSV.

import { copy, element } from "./dom.js";

const SHOWN = 200;
const CELL_CHARACTERS = 1000;

export const isNumber = (cell) => typeof cell === "number";

// NULL first, then numbers, then texts, as SQLite orders them.
function compare(a, b) {
  const rank = (cell) => (cell === null ? 0 : isNumber(cell) ? 1 : 2);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (a === null) return 0;
  return isNumber(a) ? a - b : a.localeCompare(b, undefined, { numeric: true });
}

function shown(cell) {
  const text = isNumber(cell) && !Number.isInteger(cell) ? String(Number(cell.toPrecision(10))) : String(cell);
  return text.length > CELL_CHARACTERS ? `${text.slice(0, CELL_CHARACTERS)}…` : text;
}

export function cells(row, numeric = []) {
  return row.map((cell, n) => cell === null
    ? element("td", { className: numeric[n] ? "number null" : "null", textContent: "NULL" })
    : element("td", { className: numeric[n] ? "number" : "", textContent: shown(cell) }));
}

const csvField = (cell) => {
  const text = cell === null ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csv = (result) => [result.columns, ...result.rows].map((row) => row.map(csvField).join(",")).join("\r\n") + "\r\n";
const tabbed = (result) => [result.columns, ...result.rows]
  .map((row) => row.map((cell) => (cell === null ? "" : String(cell).replace(/[\t\r\n]+/g, " "))).join("\t")).join("\n");

function download(result) {
  const link = element("a", { download: "result.csv" });
  link.href = URL.createObjectURL(new Blob(["\ufeff", csv(result)], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function count(result) {
  const rows = result.rows.length;
  const more = result.truncated ? `the first ${rows.toLocaleString("en")} rows` : `${rows.toLocaleString("en")} row${rows === 1 ? "" : "s"}`;
  return result.seconds === undefined ? more : `${more} in ${result.seconds < 0.01 ? "less than 0.01" : result.seconds.toFixed(2)} s`;
}

// Fill `place` with a table of `{columns, rows}`.
export function show(place, result) {
  const numeric = result.columns.map((_, n) => result.rows.every((row) => row[n] === null || isNumber(row[n])) && result.rows.some((row) => row[n] !== null));
  let [order, direction, most] = [null, 1, SHOWN];
  const body = element("tbody");
  const more = element("button", { type: "button", hidden: true });
  const heads = result.columns.map((name, n) => {
    const button = element("button", { type: "button", title: `Sort by ${name}` }, name, element("span", { className: "sorted" }));
    button.addEventListener("click", () => sort(n));
    return element("th", { className: numeric[n] ? "number" : "", scope: "col" }, button);
  });

  function fill() {
    const rows = order === null ? result.rows : result.rows.toSorted((a, b) => direction * compare(a[order], b[order]));
    body.replaceChildren(...rows.slice(0, most).map((row) => element("tr", {}, ...cells(row, numeric))));
    more.hidden = rows.length <= most;
    more.textContent = `Show ${Math.min(rows.length - most, 1000).toLocaleString("en")} more`;
  }
  function sort(n) {
    [order, direction] = order !== n ? [n, 1] : direction === 1 ? [n, -1] : [null, 1];
    heads.forEach((head, m) => {
      const on = order === m;
      head.setAttribute("aria-sort", on ? (direction === 1 ? "ascending" : "descending") : "none");
      head.querySelector(".sorted").textContent = on ? (direction === 1 ? "▲" : "▼") : "";
    });
    fill();
  }
  more.addEventListener("click", () => { most += 1000; fill(); });

  const copied = element("button", { type: "button", textContent: "Copy", title: "Copy all rows, separated by tabs" });
  copied.addEventListener("click", async () => {
    await copy(tabbed(result));
    copied.textContent = "Copied";
    setTimeout(() => { copied.textContent = "Copy"; }, 1500);
  });
  const file = element("button", { type: "button", textContent: "CSV", title: "Download all rows as CSV" });
  file.addEventListener("click", () => download(result));

  const bar = element("div", { className: "result-bar" }, element("span", { className: "count", textContent: count(result) }), copied, file);
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
  fill();
  place.replaceChildren(bar, element("div", { className: "scroll", tabIndex: 0 }, table), more);
}
