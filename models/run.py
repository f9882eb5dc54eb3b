"""Make the weights that a recipe names, where they come from no hub.

    python models/run.py recipes/gemma3_270m_lora.yaml [KEY=VALUE ...]

A `model_name_or_path` below data/models/ is made by the module of this folder that says it makes it (`DEFAULT_OUT`).
Any other is left to transformers, which downloads it from its hub when the training starts.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

environment.enter(needs=("omegaconf",))

from models.gemma3_270m import ModelError  # noqa: E402
from recipes import recipe  # noqa: E402


def maker(folder: Path) -> ModuleType | None:
    """The module beside this file that makes the model folder `folder`."""
    names = (path.stem for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem not in ("run", "__init__"))
    modules = (importlib.import_module(f"models.{name}") for name in names)
    return next((module for module in modules if folder == module.DEFAULT_OUT), None)


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        name = recipe.read(Path(arguments[0]), arguments[1:])["model_name_or_path"]
        module = maker((ROOT / name).resolve())
        if module:
            return module.ensure((ROOT / name).resolve())
    except recipe.RecipeError as error:
        print(f"models: {error}", file=sys.stderr)
        return 2
    except ModelError as error:
        print(f"models: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("models: stopped, nothing half made is left; the same command starts anew.", file=sys.stderr)
        return 130
    print(f"models: {name} is {'there' if Path(name).is_dir() else 'left to the model hub'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
