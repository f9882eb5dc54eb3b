"""Export an adapter as GGUF for Ollama, llama.cpp and whatever is built on it.

    ./launch.sh export                                    the shipped adapter, merged into its base, Q8_0
    ./launch.sh export out/bookshop --gguf f16 --ollama   a training of your own; Ollama's Modelfile too
    ./launch.sh export --gguf q4_k_m                      not merged: the base in 4 bits, the adapter beside it

Writes `FOLDER/export/`: model-<type>.gguf, README.md with the prompt the model expects, the licence of the base, with
q4_k_m adapter.gguf, and with --ollama a Modelfile. No Python package makes K-quants, so a merged model in them takes
llama.cpp's own llama-quantize, from f16. Exit status: 0; 2 for what cannot be exported; 1 for a failed run.
"""

import argparse
import json
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

environment.enter(needs=("gguf", "numpy", "omegaconf", "sqlglot", "tqdm"))

from atomic import replacement, write_text  # noqa: E402
from models.adapter_gguf import AdapterFormatError, adapter_gguf  # noqa: E402
from models.catalogue import MODELS, Model, ModelError, name_of_folder  # noqa: E402
from models.making import ensure_gguf  # noqa: E402
from models.merged_gguf import FILE_TYPES, write_merged  # noqa: E402
from models.modelfile import TemplateError, frame_of, stops, system_prompt, write_modelfile  # noqa: E402
from prompts.chat_frames import prompt_pieces  # noqa: E402
from prompts.prompt import user_turn  # noqa: E402
from prompts.tags import prompt_for  # noqa: E402
from recipes import recipe  # noqa: E402

SHIPPED = Path("models/qwen2.5_coder_0.5b_sql")
LICENCES = ("LICENSE", "NOTICE", "NOTICE.md", "GEMMA_TERMS.html")  # in the base's folder, where it has them
EXAMPLE = """
CREATE TABLE author (author_id INTEGER PRIMARY KEY, name TEXT, country TEXT);
CREATE TABLE book (book_id INTEGER PRIMARY KEY, title TEXT, price REAL, author_id INTEGER REFERENCES author);
INSERT INTO author VALUES (1, 'Kenzaburo Oe', 'Japan');
"""
QUESTION = "How many authors come from Japan?"
APART = "q4_k_m"  # the type of the bases' own files: the adapter stays a file of its own
ADAPTER = "adapter.gguf"


class ExportError(Exception):
    """A folder or a type that cannot be exported; the message says what was expected and what to do."""


def read_arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./launch.sh export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        nargs="?",
        default=SHIPPED,
        help="output folder of a training (default: the shipped adapter, %(default)s)",
    )
    parser.add_argument(
        "--gguf",
        choices=(*FILE_TYPES, APART),
        default="q8_0",
        help="q8_0, 8 bits a weight; f16, 16 bits; q4_k_m, 4 bits, the adapter not merged (default: %(default)s)",
    )
    parser.add_argument("--ollama", action="store_true", help="write a Modelfile for Ollama too")
    return parser.parse_args(words)


def export(folder: Path, kind: str, ollama: bool) -> list[Path]:
    """Write the export of the adapter in `folder`; returns the files written.

    Raises ExportError, AdapterFormatError, TemplateError, recipe.RecipeError, ModelError, OSError.
    """
    out = folder / "export"
    if not (folder / "adapter_config.json").is_file():
        raise ExportError(f"{folder}: no adapter_config.json. Name the output folder of a LoRA training")
    values = recipe.read(folder / recipe.KEPT)
    frame, model = frame_of(values), base_of(folder, values)
    base, target, name = ensure_gguf(model), out / f"model-{kind}.gguf", folder.resolve().name
    ends, context = read_ends(base, model)
    beside = out / ADAPTER if kind == APART else None
    modelfile = write_modelfile(target, values, ends, context, beside) if ollama else None  # refused before the work
    if beside:
        written = [copied(base, target), copied(adapter_gguf(folder, base), beside)]
    else:
        write_merged(base, folder, target, kind, name=name, adds_bos=bool(frame.begins))
        written = [target]
    written.append(write_text(out / "README.md", readme(folder, target, model, values, ends, ollama)))
    if modelfile:
        written.append(write_text(out / "Modelfile", modelfile))
    return written + copy_licences(base.parent, out)


def base_of(folder: Path, values: dict) -> Model:
    """The model that an adapter was trained on. Raises ExportError for one that has no GGUF file here."""
    place = values["model_name_or_path"]
    if name_of_folder(place) not in MODELS:
        raise ExportError(
            f"{folder / recipe.KEPT}: model_name_or_path is {place}, of which there is no GGUF file here; there are "
            f"{', '.join(f'data/models/{name}' for name in MODELS)}. Merge it with llamafactory-cli export, then "
            "convert the folder with llama.cpp's convert_hf_to_gguf.py"
        )
    return MODELS[name_of_folder(place)]


def read_ends(base: Path, model: Model) -> tuple[list[str], int]:
    """The tokens that end an answer, as text, and how many tokens the model can read."""
    from gguf import GGUFReader

    fields = GGUFReader(base).fields
    tokens = fields["tokenizer.ggml.tokens"]
    architecture = fields["general.architecture"].contents()
    return [tokens.contents(end) for end in model.end_tokens], fields[f"{architecture}.context_length"].contents()


def copy_licences(base: Path, out: Path) -> list[Path]:
    """Copy the licence texts of the base's folder; returns the copies."""
    return [copied(base / name, out / name) for name in LICENCES if (base / name).is_file()]


def copied(file: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacement(target) as new:
        shutil.copy(file, new)
    return target


def example_turn(folder: Path) -> str | None:
    """The user turn of a question, as the adapter was trained with; None where its folder does not say how."""
    noted = folder / recipe.FINISHED
    tags = json.loads(noted.read_text(encoding="utf-8")).get("prompt_tags") if noted.is_file() else None
    if not tags:
        return None
    with tempfile.TemporaryDirectory() as place:
        database = Path(place) / "shop.sqlite"
        connection = sqlite3.connect(database)
        connection.executescript(EXAMPLE)
        connection.close()
        return user_turn(*prompt_for(database, QUESTION, tags))


def readme(folder: Path, gguf: Path, model: Model, values: dict, ends: list[str], ollama: bool) -> str:
    """The text of the export's README.md."""
    name, frame, apart = folder.resolve().name, frame_of(values), gguf.stem == f"model-{APART}"
    lora, score, report = (
        (f" --lora {ADAPTER}", "--engine llamacpp", "evaluation_llamacpp")
        if apart
        else ("", f"--gguf {gguf}", f"evaluation_{gguf.stem}")
    )
    licence = f"Licence of the base: {model.licence}. {model.copyright}".rstrip()
    parts = [
        f"# {name} as GGUF",
        files_section(name, gguf, model),
        f"{licence}. Changed by the training: the linear layers that the adapter names.",
        f"## Prompt\n\nOne user turn holds the schema and the question; greedy decoding; answers end at "
        f"{', '.join(f'`{text}`' for text in stops(frame, ends))}. Another prompt form costs accuracy.",
        prompt_section(folder, values),
        f"## llama.cpp\n\n```\nllama-server -m {gguf.name}{lora} --alias {name} -c 16384 --port 8080\n```\n\n"
        "From a clone of the recipes, which writes the prompts itself:\n\n```\n"
        f'./launch.sh ask shop.sqlite "{QUESTION}" --adapter {folder} --server http://localhost:8080\n```',
    ]
    if ollama:
        parts.append(
            f"## Ollama\n\n```\nollama create {name} -f Modelfile\nollama run {name}\n```\n\n"
            "The Modelfile holds the template, the system prompt and the stops of the training. A message to it is a "
            "whole user turn, schema included, as above."
        )
    parts.append(
        "## Score\n\nFrom a clone, on the questions the adapter was scored on:\n\n```\n"
        f"python models/run.py {model.name}\n"
        f"python evaluate/run.py --adapter {folder} {score} --data data/NAME_eval.json\n```\n\n"
        f"The report is written to `{folder}/{report}/`; `python evaluate/compare.py` compares two."
    )
    return "\n\n".join(parts) + "\n"


def files_section(name: str, gguf: Path, model: Model) -> str:
    """What the GGUF files hold."""
    kind = gguf.stem.removeprefix("model-")
    if kind == APART:
        return (
            f"`{gguf.name}`: {model.source} ({model.gguf_source}), unchanged. `{ADAPTER}`: the LoRA adapter `{name}`, "
            "without which the other file is the untuned model."
        )
    return (
        f"`{gguf.name}`: the LoRA adapter `{name}` merged into {model.source} ({model.gguf_source}, de-quantised), "
        f"stored as {kind.upper()}. Embedding and output matrix are one, as in training."
    )


def prompt_section(folder: Path, values: dict) -> str:
    """The system prompt, a user turn, and both as the model reads them."""
    system, turn = system_prompt(values), example_turn(folder)
    if turn is None:
        return f"{folder} does not say how its prompts were made ({recipe.FINISHED}): they are those of its data."
    said = f"System prompt: `{system}`\n\n" if system else ""
    whole = "".join(prompt_pieces(values, [turn]))
    return f"{said}A user turn:\n\n```\n{turn}\n```\n\nAll of it, as the model reads it:\n\n```\n{whole}```"


def main(words: list[str] | None = None) -> int:
    options = read_arguments(words)
    try:
        written = export(options.folder, options.gguf, options.ollama)
    except (AdapterFormatError, ExportError, TemplateError, recipe.RecipeError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 2
    except (ModelError, OSError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("export: interrupted; no partial files remain. Run the same command to start over.", file=sys.stderr)
        return 130
    for path in written:
        print(f"{path} ({path.stat().st_size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
