"""The virtual environments, and how a script that was started with another Python gets into the right one.

`.venv` holds LLaMA-Factory, the converters and the scoring; `.venv-vllm` holds vLLM. `./launch.sh setup` makes both.
`.venv-ask` holds llama.cpp and neither of them; `./launch.sh ask` makes it.
"""

import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
TRAIN = ROOT / ".venv"
VLLM = ROOT / ".venv-vllm"
ASK = ROOT / ".venv-ask"
# Set in many containers; then every start of ours, and of what it starts, compiles all of torch and transformers again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
COMMANDS = {TRAIN: "./launch.sh setup", ASK: "./launch.sh ask"}  # what makes an environment


def enter(needs: tuple[str, ...], venv: Path = TRAIN) -> None:
    """Go on in this Python where it has every module in `needs`, else start the script again with the one of `venv`.

    Exits with status 2 where there is no such environment, or it lacks a module too.
    """
    missing = [name for name in needs if importlib.util.find_spec(name) is None]
    if not missing:
        return
    python = venv / "bin/python"
    if Path(sys.prefix).resolve() == venv.resolve() or not python.exists():
        print(f"{sys.executable} has no module {missing[0]!r}. Run {COMMANDS[venv]}", file=sys.stderr)
        sys.exit(2)
    os.execv(python, [str(python), *sys.argv])
