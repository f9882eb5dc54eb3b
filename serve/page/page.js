// What the page does: asks, shows the SQL as it is written, runs it again once edited.

import * as api from "./api.js";
import * as chart from "./chart.js";
import { by, copy, element, fit } from "./dom.js";
import * as history from "./history.js";
import * as schema from "./schema.js";
import * as table from "./table.js";

const question = by("question"), sql = by("sql"), status = by("status"), database = by("database");
let running = null; // the AbortController of what is under way
let turns = []; // [{question, sql}] that a follow-up builds on: what ran, as it was edited
let earlier = []; // those of them before the question on the page
let onPage = ""; // that question
let uploadBytes = 0;
let shown = null; // the result on the page

function say(text, working = false) {
  status.textContent = text;
  status.classList.toggle("working", working);
}

function showError(text) {
  by("error").textContent = text;
  by("error").hidden = !text;
}

// Run one thing at a time: a new one ends the old one.
async function start(action) {
  running?.abort();
  const mine = (running = new AbortController());
  showError("");
  document.body.classList.add("busy");
  try {
    await action(mine.signal);
  } catch (error) {
    if (error.name === "AbortError") {
      if (running === mine) say("stopped");
    } else if (running === mine) {
      say("");
      showError(error.message);
    }
  } finally {
    if (running === mine) {
      running = null;
      document.body.classList.remove("busy");
    }
  }
}

function showSql(text) {
  by("answer").hidden = false;
  sql.value = text;
  fit(sql);
}

function clearResult() {
  shown = null;
  by("repairs").replaceChildren();
  by("confidence").textContent = "";
  by("chart").hidden = true;
  by("result").replaceChildren();
}

function showResult(result) {
  if (result.error) {
    showError(result.error);
    return;
  }
  shown = result;
  table.show(by("result"), result);
  chart.show(by("chart"), result);
}

function ask() {
  const asked = question.value.trim();
  if (!asked) {
    question.focus();
    return;
  }
  earlier = by("following").checked ? turns : [];
  onPage = asked;
  start(async (signal) => {
    clearResult();
    by("answer").hidden = true;
    say("asking", true);
    const body = { question: asked, database: database.value, history: earlier };
    const answer = await api.ask(body, signal, (name, data) => {
      if (name === "sql") {
        showSql(data.sql);
        say("writing", true);
      } else if (data.position > 0) {
        say(`${data.position} question${data.position === 1 ? "" : "s"} before yours`, true);
      } else {
        say("reading the question", true);
      }
    });
    if (answer.sql) showSql(answer.sql);
    by("repairs").replaceChildren(...answer.repairs.map((text) => element("li", { textContent: text })));
    if (answer.confidence !== null) by("confidence").textContent = `confidence ${Math.round(answer.confidence * 100)} %`;
    say(`answered in ${answer.seconds.toFixed(1)} s`);
    showResult({ ...answer, seconds: undefined });
    document.body.classList.add("answered");
    follow(answer.error ? earlier : [...earlier, { question: asked, sql: answer.sql }]);
    if (answer.sql) {
      history.add({ question: asked, sql: answer.sql, database: database.value });
      showHistory();
    }
  });
}

function run() {
  const text = sql.value.trim();
  if (!text) return;
  start(async (signal) => {
    clearResult();
    say("running", true);
    const result = await api.query(text, database.value, signal);
    say("");
    showResult(result);
    if (onPage && !result.error) follow([...earlier, { question: onPage, sql: text }]);
  });
}

// What the next question may build on.
function follow(conversation) {
  turns = conversation.slice(-10);
  by("follow").hidden = turns.length === 0;
  if (turns.length === 0) by("following").checked = false;
}

function leaveConversation(asked) {
  earlier = [];
  onPage = asked;
  follow([]);
}

function showHistory() {
  by("asked").replaceChildren(...history.all().map((entry) => {
    const button = element("button", { type: "button", textContent: entry.question, title: entry.sql });
    button.addEventListener("click", () => again(entry));
    return element("li", {}, button);
  }));
  by("history").hidden = history.all().length === 0;
}

async function again(entry) {
  const there = [...database.options].some((option) => option.value === entry.database);
  if (there && database.value !== entry.database) {
    database.value = entry.database;
    await showSchema();
  }
  leaveConversation(entry.question);
  question.value = entry.question;
  fit(question);
  showSql(entry.sql);
  run();
}

async function showSchema() {
  leaveConversation("");
  try {
    const found = await api.get(`schema?database=${encodeURIComponent(database.value)}`);
    schema.show(by("tables"), found, insert);
    by("examples").replaceChildren(...schema.examples(found).map((text) => {
      const button = element("button", { type: "button", textContent: text });
      button.addEventListener("click", () => { question.value = text; fit(question); ask(); });
      return element("li", {}, button);
    }));
  } catch (error) {
    by("tables").replaceChildren();
    by("examples").replaceChildren();
    showError(error.message);
  }
}

function insert(name) {
  const written = /^[A-Za-z_]\w*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
  by("answer").hidden = false;
  sql.setRangeText(written, sql.selectionStart, sql.selectionEnd, "end");
  fit(sql);
  sql.focus();
}

async function showDatabases(chosen) {
  const found = await api.get("databases");
  uploadBytes = found.upload_bytes;
  by("upload").hidden = !uploadBytes;
  database.replaceChildren(...found.databases.map((one) => element("option", { value: one.name, textContent: one.name })));
  if (chosen) database.value = chosen;
  await showSchema();
}

function upload(file) {
  start(async () => {
    if (file.size > uploadBytes) throw new Error(`${file.name} is larger than ${Math.floor(uploadBytes / 2 ** 20)} MB`);
    say(`reading ${file.name}`, true);
    const { name } = await api.upload(file);
    await showDatabases(name);
    clearResult();
    by("answer").hidden = true;
    say(`${name} is open`);
    question.focus();
  });
}

function onKey(event) {
  const typing = event.target.matches?.("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    question.focus();
    question.select();
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (event.target === question || by("answer").hidden) ask();
    else run();
  } else if (event.key === "Enter" && event.target === question && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    ask();
  } else if (event.key === "Escape") {
    if (running) running.abort();
    else document.activeElement?.blur();
  }
}

by("ask").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
by("run").addEventListener("click", run);
by("copy-sql").addEventListener("click", () => copy(sql.value));
by("forget").addEventListener("click", () => { history.clear(); showHistory(); });
by("upload").addEventListener("click", () => by("file").click());
by("file").addEventListener("change", () => {
  const [file] = by("file").files;
  by("file").value = "";
  if (file) upload(file);
});
database.addEventListener("change", () => { showError(""); clearResult(); by("answer").hidden = true; say(""); showSchema(); });
for (const area of [question, sql]) area.addEventListener("input", () => fit(area));
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  for (const area of [question, sql]) fit(area);
  if (shown && !by("answer").hidden) chart.show(by("chart"), shown);
});
document.addEventListener("keydown", onKey);
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file && uploadBytes) upload(file);
});

if (matchMedia("(max-width: 60rem)").matches) {
  by("schema").open = false;
  by("history").open = false;
}
showHistory();
showDatabases().then(() => question.focus(), (error) => showError(error.message));
