"""The folder of an untuned model's evaluation, shared by all trainings that ask that model alike on the same data."""

import hashlib
import json
from pathlib import Path

from prompts.template import TEMPLATE_KEYS


def how_asked(values: dict) -> dict:
    """The keys of a recipe that the answers of its untuned model depend on."""
    keys = ("model_name_or_path", *TEMPLATE_KEYS)
    asked = {key: values[key] for key in keys if values.get(key) is not None}
    return {"model": asked.pop("model_name_or_path", None), "template": None} | asked


def base_name(parent: Path, asked: dict, data: Path) -> str:
    """What the folder of an untuned model is called: `<model>_base_<data>`, and `own_name` where that is taken.

    It is taken where a report there is about other answers (another template, system prompt, or model of that name).
    """
    name = plain_name(asked, data)
    report = parent / name / "evaluation/report.json"
    if not report.is_file():
        return name
    run = json.loads(report.read_text(encoding="utf-8"))["run"]
    return name if how_asked({**run, "model_name_or_path": run.get("model")}) == asked else own_name(asked, data)


def plain_name(asked: dict, data: Path) -> str:
    return f"{Path(asked['model']).name}_base_{data.stem}"


def own_name(asked: dict, data: Path) -> str:
    """A name that no other way of asking has: the plain one, the template and a hash of `asked`."""
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:6]
    return "_".join([plain_name(asked, data), *filter(None, [asked["template"]]), digest])
