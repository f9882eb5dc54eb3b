// A chart where the result is one: bars for a category and a number, a line for a date and a number.

import { drawing, element } from "./dom.js";
import { isNumber } from "./table.js";

const COLUMNS = 4; // a wider result is a list of things, not figures
const BARS = 40;
const POINTS = 2000;
const DATE = /^\d{4}(-\d{2}(-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?)?)?$/;
const IDENTIFIER = /(^|_)id$|[a-z]I[dD]$/i;

// {kind: "bar" | "line", label: column, value: column}, or null where no chart says more than the table.
export function choose({ columns, rows }) {
  if (rows.length < 2 || columns.length < 2 || columns.length > COLUMNS) return null;
  const filled = columns.map((_, n) => rows.map((row) => row[n]).filter((cell) => cell !== null));
  const numbers = columns.map((_, n) => filled[n].length > 0 && filled[n].every(isNumber));
  const years = columns.map((name, n) => numbers[n] && /year/i.test(name) && filled[n].every((cell) => Number.isInteger(cell) && cell > 999 && cell < 3000));
  const dates = columns.map((_, n) => filled[n].length === rows.length && (years[n] || filled[n].every((cell) => typeof cell === "string" && DATE.test(cell))));
  const value = columns.findIndex((name, n) => numbers[n] && !years[n] && !IDENTIFIER.test(name));
  if (value < 0) return null;
  const distinct = (n) => new Set(rows.map((row) => row[n])).size === rows.length;
  const date = columns.findIndex((_, n) => n !== value && dates[n] && distinct(n));
  if (date >= 0 && rows.length <= POINTS) return { kind: "line", label: date, value };
  const label = columns.findIndex((_, n) => n !== value && !numbers[n] && distinct(n));
  return label >= 0 && rows.length <= BARS ? { kind: "bar", label, value } : null;
}

const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const plain = (number) => number.toLocaleString("en", { maximumFractionDigits: Math.abs(number) < 10 ? 2 : 1 });

// Round steps that cover low to high.
function steps(low, high, wanted) {
  if (low === high) high = low + (Math.abs(low) || 1);
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const made = [];
  for (let at = Math.floor(low / step) * step; at < high + step; at += step) made.push(Math.abs(at) < step / 1e6 ? 0 : at);
  return made;
}

function bars(points, width) {
  const longest = Math.max(...points.map((point) => point.label.length));
  const left = Math.min(width * 0.38, 14 + longest * 6.6);
  const [low, high] = [Math.min(0, ...points.map((point) => point.value)), Math.max(0, ...points.map((point) => point.value))];
  const right = 14 + 7.2 * Math.max(...points.map((point) => plain(point.value).length));
  const scale = (value) => left + ((value - low) / (high - low || 1)) * (width - left - right);
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${points.length * 26}`, role: "img" });
  points.forEach((point, n) => {
    const [y, from, to] = [n * 26, Math.min(scale(point.value), scale(0)), Math.max(scale(point.value), scale(0))];
    const mark = drawing("rect", { class: "bar-mark", x: from, y: y + 4, width: Math.max(to - from, 1), height: 18, rx: 3 });
    mark.append(drawing("title", {}, `${point.label}: ${point.value}`));
    svg.append(
      drawing("text", { x: left - 8, y: y + 17, "text-anchor": "end" }, short(point.label, Math.floor((left - 8) / 6.4))),
      mark,
      drawing("text", { class: "soft", x: to + 6, y: y + 17 }, plain(point.value)),
    );
  });
  return svg;
}

function line(points, width) {
  const height = Math.round(Math.min(300, Math.max(190, width * 0.42)));
  const time = (text) => (/^\d{4}$/.test(text) ? Number(text) * 31_556_952_000 : Date.parse(text.length < 11 ? text : text.replace(" ", "T")));
  const sorted = points.map((point) => ({ ...point, at: time(point.label) })).sort((a, b) => a.at - b.at);
  const values = sorted.map((point) => point.value);
  const least = Math.min(...values), most = Math.max(...values);
  const ticks = steps(least > 0 && least < most / 2 ? 0 : least, most, 4);
  const left = 16 + 7 * Math.max(...ticks.map((tick) => plain(tick).length));
  const [first, last] = [sorted[0].at, sorted.at(-1).at];
  const x = (at) => left + ((at - first) / (last - first || 1)) * (width - left - 18);
  const y = (value) => height - 26 - ((value - ticks[0]) / (ticks.at(-1) - ticks[0])) * (height - 40);
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  for (const tick of ticks) {
    svg.append(
      drawing("line", { class: "grid", x1: left, x2: width - 10, y1: y(tick), y2: y(tick) }),
      drawing("text", { class: "soft", x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, plain(tick)),
    );
  }
  let free = -Infinity;
  for (const point of sorted) {
    const text = point.label.slice(0, 10);
    const half = text.length * 3.6;
    if (x(point.at) - half < free || x(point.at) + half > width) continue;
    svg.append(drawing("text", { class: "soft", x: x(point.at), y: height - 6, "text-anchor": "middle" }, text));
    free = x(point.at) + half + 14;
  }
  svg.append(drawing("polyline", { class: "line-mark", points: sorted.map((point) => `${x(point.at).toFixed(1)},${y(point.value).toFixed(1)}`).join(" ") }));
  for (const point of sorted.length > 150 ? [] : sorted) {
    const dot = drawing("circle", { class: "dot", cx: x(point.at), cy: y(point.value), r: 3.5 });
    dot.append(drawing("title", {}, `${point.label}: ${point.value}`));
    svg.append(dot);
  }
  return svg;
}

// Fill the figure, or hide it.
export function show(figure, result) {
  const chosen = choose(result);
  figure.hidden = chosen === null;
  if (chosen === null) return;
  const points = result.rows
    .filter((row) => isNumber(row[chosen.value]))
    .map((row) => ({ label: row[chosen.label] === null ? "NULL" : String(row[chosen.label]), value: row[chosen.value] }));
  const caption = `${result.columns[chosen.value]} by ${result.columns[chosen.label]}`;
  const width = Math.max(300, Math.min(860, figure.clientWidth - 32));
  const svg = (chosen.kind === "bar" ? bars : line)(points, width);
  svg.setAttribute("aria-label", caption);
  figure.dataset.kind = chosen.kind;
  figure.replaceChildren(element("figcaption", { textContent: caption }), svg);
}
