// Requests to the server; every failure becomes an Error with a text for people.

// Whole numbers beyond 2^53 keep their digits, as texts, where the browser shows a number's source.
const keepDigits = (_key, value, context) =>
  typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source
    ? context.source : value;

export const parse = (text) => JSON.parse(text, keepDigits);

async function problem(response) {
  const text = await response.text();
  try {
    return new Error(parse(text).error ?? text);
  } catch {
    return new Error(`the server answered with status ${response.status}`);
  }
}

async function send(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the server does not answer; is it still running?");
  }
}

export async function get(path) {
  const response = await send(path);
  if (!response.ok) throw await problem(response);
  return parse(await response.text());
}

const posting = (body, signal, accept) => ({
  method: "POST", signal, body: JSON.stringify(body), headers: { "Content-Type": "application/json", Accept: accept },
});

export async function query(sql, database, signal) {
  const response = await send("query", posting({ sql, database }, signal, "application/json"));
  if (!response.ok) throw await problem(response);
  return parse(await response.text());
}

export async function upload(file) {
  const options = { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } };
  const response = await send(`upload?name=${encodeURIComponent(file.name)}`, options);
  if (!response.ok) throw await problem(response);
  return parse(await response.text());
}

// The events of one question: calls `heard(name, data)` for each and returns the answer.
export async function ask(body, signal, heard) {
  const response = await send("ask", posting(body, signal, "text/event-stream"));
  if (!response.ok) throw await problem(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the server ended the connection before the answer");
    waiting += value;
    const events = waiting.split("\n\n");
    waiting = events.pop();
    for (const event of events) {
      const lines = Object.fromEntries(event.split("\n").map((line) => [line.split(": ", 1)[0], line.slice(line.indexOf(": ") + 2)]));
      if (!lines.event) continue;
      const data = parse(lines.data);
      if (lines.event === "answer") return data;
      if (lines.event === "error") throw new Error(data.error);
      heard(lines.event, data);
    }
  }
}
