"use strict";
// The table of examples: filters, pages of fifty, and the rows that open. All text goes in as text nodes.
(() => {
  const PAGE_SIZE = 50;
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("filters");
  const body = document.querySelector("#examples-table tbody");
  const openAll = document.getElementById("open-all");
  const several = data.runs.length > 1;
  const letter = (place) => String.fromCharCode(65 + place); // as in the tables of a comparison
  const words = (name) => name.replaceAll("_", " ");
  const FLAGS = {
    gold_empty: "The gold result is empty, so any query without rows matches.",
    tied_limit: "The gold's LIMIT cuts through a tie, so another order of equal rows is as right.",
    repaired: "The query did not compile as it was written and was repaired before it ran.",
  };
  const FIELDS = {
    outcome: ["Verdict", (e) => e.answers.map((a) => a.outcome), (v) => data.outcomes[v] || v],
    change: ["Change", (e) => e.changes, (v) => v],
    hardness: ["Hardness", (e) => [e.hardness], (v) => v],
    error_class: ["Error class", (e) => e.answers.map((a) => a.error_class).filter(Boolean), words],
    feature: ["SQL feature", (e) => (e.features.length ? e.features : ["none"]), words],
    database: ["Database", (e) => [e.database], (v) => v],
    flag: ["Rests on", (e) => e.flags, words],
  };
  let matching = data.examples;
  let page = 0;

  function element(tag, properties, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (value !== undefined && value !== null) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  function searchText(example) {
    if (example.searchable === undefined) {
      const answers = example.answers.flatMap((a) => [a.sql, a.completion, a.error, words(a.error_class)]);
      const parts = [example.id, example.database, example.question, example.gold, ...answers];
      example.searchable = parts.join("\n").toLowerCase();
    }
    return example.searchable;
  }

  function buildFilters() {
    for (const [name, [label, valuesOf, show]] of Object.entries(FIELDS)) {
      const counts = new Map();
      for (const example of data.examples) {
        for (const value of new Set(valuesOf(example))) counts.set(value, (counts.get(value) || 0) + 1);
      }
      const isNearlyAnId = counts.size > 20 && 2 * counts.size > data.examples.length; // as a database a row: search finds it
      if (!counts.size || isNearlyAnId) continue;
      const select = element("select", { name });
      select.append(element("option", { value: "" }, "all"));
      const ordered = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
      for (const [value, count] of ordered) select.append(element("option", { value }, `${show(value)} (${count})`));
      form.append(element("label", {}, label, select));
    }
  }

  function applyFilters() {
    const wanted = new FormData(form);
    const text = (wanted.get("text") || "").trim().toLowerCase();
    const chosen = Object.keys(FIELDS).filter((name) => wanted.get(name));
    matching = data.examples.filter(
      (example) =>
        chosen.every((name) => FIELDS[name][1](example).includes(wanted.get(name))) &&
        (!text || searchText(example).includes(text)),
    );
    page = 0;
    draw();
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(matching.length / PAGE_SIZE));
    const start = page * PAGE_SIZE;
    const shown = matching.slice(start, start + PAGE_SIZE);
    body.replaceChildren(...shown.map((example, place) => summaryRow(example, start + place)));
    if (openAll.getAttribute("aria-pressed") === "true") body.querySelectorAll(".open").forEach(toggle);
    const range = shown.length ? `${start + 1} to ${start + shown.length} of ` : "";
    const of = matching.length === data.examples.length ? "" : ` (${data.examples.length} in all)`;
    document.getElementById("shown").textContent =
      `${range}${matching.length} ${matching.length === 1 ? "example" : "examples"}${of}`;
    document.getElementById("page").textContent = `Page ${page + 1} of ${pages}`;
    document.getElementById("previous").disabled = page === 0;
    document.getElementById("next").disabled = page >= pages - 1;
  }

  // Roles are said aloud because the phone layout takes display: table away, and with it the roles in some browsers.
  function summaryRow(example, number) {
    const button = element("button", { type: "button", class: "open", "aria-expanded": "false" }, example.id);
    button.addEventListener("click", () => toggle(button));
    const facts = element("span", { class: "facts" }, `${example.database} · ${example.hardness}`);
    const verdicts = example.answers.map((answer, place) => verdict(answer, several ? letter(place) : ""));
    const row = element(
      "tr",
      { class: "example", role: "row" },
      element("th", { scope: "row", role: "rowheader" }, button, facts),
      element("td", { role: "cell" }, example.question),
      element("td", { role: "cell" }, ...verdicts),
    );
    button.example = example;
    button.number = number;
    return row;
  }

  function verdict(answer, run) {
    const label = data.outcomes[answer.outcome] || answer.outcome;
    const reason = answer.error_class ? words(answer.error_class) : "";
    const more = reason && reason !== words(answer.outcome) ? reason : "";
    const text = element("span", {}, element("span", { class: `swatch ${answer.outcome}` }), run ? `${run}: ${label}` : label);
    return element("div", {}, text, element("span", { class: "facts" }, more));
  }

  function toggle(button) {
    const open = button.getAttribute("aria-expanded") === "true";
    const row = button.closest("tr");
    button.setAttribute("aria-expanded", String(!open));
    if (open) {
      row.nextElementSibling.remove();
      button.removeAttribute("aria-controls");
      return;
    }
    const id = `detail-${button.number}`;
    row.after(detailRow(button.example, id));
    button.setAttribute("aria-controls", id);
  }

  function detailRow(example, id) {
    const gold = [element("h4", {}, "Gold"), element("pre", {}, example.gold), resultTable(example.gold_result, "Gold result")];
    for (const flag of example.flags) gold.push(element("p", { class: "muted" }, FLAGS[flag] || words(flag)));
    if (example.features.length) gold.push(element("p", { class: "muted" }, `Features: ${example.features.map(words).join(", ")}.`));
    const sides = [element("div", { class: "side" }, ...gold), ...example.answers.map(answerSide)];
    const cell = element("td", { colspan: "3", role: "cell" }, element("div", { class: "sides" }, ...sides));
    return element("tr", { class: "detail", id, role: "row" }, cell);
  }

  function answerSide(answer, place) {
    const heading = several ? `Prediction of ${letter(place)}, ${data.runs[place]}` : "Prediction";
    const side = element("div", { class: "side" }, element("h4", {}, heading));
    if (answer.sql) side.append(element("pre", {}, answer.sql));
    side.append(resultTable(answer.result, "Predicted result"));
    side.append(element("p", {}, element("strong", {}, "Reason: "), reasonOf(answer)));
    if (answer.held.length || ["correct", "wrong_result"].includes(answer.outcome)) {
      const missed = data.rules.filter((rule) => !answer.held.includes(rule));
      const rules = `Rules that hold: ${answer.held.join(", ") || "none"}. Rules that do not: ${missed.join(", ") || "none"}.`;
      side.append(element("p", { class: "muted" }, `${rules} Ran for ${answer.seconds}.`));
    }
    if (answer.completion) {
      side.append(element("details", {}, element("summary", {}, "Whole completion"), element("pre", {}, answer.completion)));
    }
    return side;
  }

  function reasonOf(answer) {
    const parts = [data.outcomes[answer.outcome] || answer.outcome];
    const kind = words(answer.error_class);
    if (kind && kind !== words(answer.outcome)) parts.push(kind);
    if (answer.error && answer.error.toLowerCase() !== parts[0].toLowerCase()) parts.push(answer.error);
    return parts.join(", ") + (/[.!?]$/.test(parts.at(-1)) ? "" : ".");
  }

  function resultTable(result, label) {
    if (!result) return element("p", { class: "muted" }, `${label}: none, it did not run.`);
    const more = result.rows.length < result.total ? `, the first ${result.rows.length} shown` : "";
    const caption = `${label}: ${result.total} ${result.total === 1 ? "row" : "rows"}${more}`;
    const isNumeric = (place) => result.rows.length > 0 && result.rows.every((cells) => Array.isArray(cells[place]));
    const head = result.columns.map((name, place) =>
      element("th", { scope: "col", class: isNumeric(place) ? "number" : null }, String(name)),
    );
    const rows = result.rows.map((cells) => element("tr", {}, ...cells.map(resultCell)));
    const table = element("table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...head)));
    table.append(element("tbody", {}, ...rows));
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);
  }

  function resultCell(value) {
    if (value === null) return element("td", { class: "null" }, "NULL");
    return Array.isArray(value) ? element("td", { class: "number" }, value[0]) : element("td", {}, value);
  }

  let waiting = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(applyFilters, 120);
  });
  // Not for the search field: it changes when it loses focus, and drawing then would undo the click that took it.
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) applyFilters();
  });
  document.getElementById("clear").addEventListener("click", () => {
    form.reset();
    applyFilters();
  });
  openAll.addEventListener("click", () => {
    const pressed = openAll.getAttribute("aria-pressed") !== "true";
    openAll.setAttribute("aria-pressed", String(pressed));
    body.querySelectorAll(`.open[aria-expanded="${!pressed}"]`).forEach(toggle);
  });
  for (const [id, step] of [["previous", -1], ["next", 1]]) {
    document.getElementById(id).addEventListener("click", () => {
      page += step;
      draw();
      document.getElementById("examples").scrollIntoView();
    });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-filter]");
    if (!link) return;
    event.preventDefault();
    const [field, ...rest] = link.getAttribute("data-filter").split(":");
    form.reset();
    if (form.elements[field]) form.elements[field].value = rest.join(":");
    applyFilters();
    const heading = document.getElementById("examples");
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  });
  for (const node of document.querySelectorAll("#examples-table, #examples-table tbody, #examples-table thead")) {
    node.setAttribute("role", node.tagName === "TABLE" ? "table" : "rowgroup");
  }
  document.querySelector("#examples-table thead tr").setAttribute("role", "row");
  document.querySelectorAll("#examples-table thead th").forEach((cell) => cell.setAttribute("role", "columnheader"));
  buildFilters();
  applyFilters();
})();
