// The questions asked in this browser, newest first; they stay in the browser.

const KEY = "asked";
const MOST = 30;

export function all() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((entry) => typeof entry?.question === "string" && typeof entry?.sql === "string") : [];
  } catch {
    return [];
  }
}

export function add(entry) {
  const others = all().filter((old) => old.question !== entry.question || old.database !== entry.database);
  try {
    localStorage.setItem(KEY, JSON.stringify([entry, ...others].slice(0, MOST)));
  } catch {
    // private windows may keep nothing
  }
}

export function clear() {
  localStorage.removeItem(KEY);
}
