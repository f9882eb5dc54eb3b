"""data.html: the pairs of a database by shape, with a box for each question and each query that should go.

One file, no server: "Download" makes a text file of what is ticked, together with what was struck out before; put it
where the page says, and the next run leaves those pairs out (struck.py).
"""

import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from converters.questions.generate import Pair

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
header { position: sticky; top: 0; background: #fff; padding: .6rem 0; border-bottom: 1px solid #ccc }
h2 { margin: 2rem 0 .4rem; font-size: 1.1rem } code { font: 13px/1.4 ui-monospace, monospace; color: #555 }
.query { margin: .5rem 0; padding: .4rem .6rem; border-left: 3px solid #ddd } label { display: block; cursor: pointer }
label:has(input:checked) { text-decoration: line-through; color: #999 } .level { color: #888; font-size: .85em }
button { font: inherit; padding: .2rem .8rem } nav a { margin-right: .7rem; white-space: nowrap }
"""
MODEL = ' <span class="level">worded by the model</span>'
SCRIPT = """
const before = %s, file = %s;
const ticked = () => [...document.querySelectorAll("input:checked")].map(box => box.value);
document.addEventListener("change", () => { document.getElementById("number").textContent = ticked().length; });
document.getElementById("save").addEventListener("click", () => {
  const text = [...before, ...ticked()].join("\\n") + "\\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = file;
  link.click();
});
"""


def page(name: str, pairs: Sequence[Pair], struck: Path, before: Iterable[str]) -> str:
    """The page of a database's pairs. `struck`: the file that the next run reads; `before`: its lines now."""
    shapes: dict[str, dict[str, list[Pair]]] = {}
    for pair in pairs:
        shapes.setdefault(pair.shape, {}).setdefault(pair.sql, []).append(pair)
    links = " ".join(f'<a href="#{shape}">{words(shape)}</a>' for shape in shapes)
    parts = [section(shape, queries) for shape, queries in shapes.items()]
    script = SCRIPT % tuple(json.dumps(each).replace("<", "\\u003c") for each in (list(before), struck.name))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Pairs made from {escape(name)}</title>\n'
        f"<style>{STYLE}</style>\n<header><strong>{len(pairs)} pairs made from {escape(name)}</strong>. "
        "Tick what nobody would ask, or what the SQL does not answer. "
        f'<button id="save">Download the list (<span id="number">0</span> ticked)</button> and put it at '
        f"<code>{escape(str(struck))}</code>; the next run leaves those out.</header>\n<nav>{links}</nav>\n"
        + "\n".join(parts)
        + f"\n<script>{script}</script>\n</html>\n"
    )


def section(shape: str, queries: dict[str, list[Pair]]) -> str:
    """The pairs of one shape, the wordings of a query together."""
    blocks = []
    for sql, pairs in queries.items():
        boxes = [box(pair.question, escape(pair.question) + MODEL * (pair.wording == "model")) for pair in pairs]
        level = f' <span class="level">{pairs[0].hardness}</span>'
        blocks.append(f'<div class="query">{"".join(boxes)}{box(sql, f"<code>{escape(sql)}</code>{level}")}</div>')
    number = sum(map(len, queries.values()))
    return f'<h2 id="{shape}">{words(shape)} ({number})</h2>\n' + "\n".join(blocks)


def box(value: str, shown: str) -> str:
    return f'<label><input type="checkbox" value="{escape(value)}"> {shown}</label>'


def words(shape: str) -> str:
    return shape.replace("_", " ")
