"""What a sweep runs: the folders of its points, and the commands, in the order they are needed.

    out/sweep_<recipe>_<axes>/                          sweep.md, sweep.svg, sweep.json
    out/sweep_<recipe>_<axes>/<point>/                  what ./launch.sh leaves for any training, evaluation/ included
    out/sweep_<recipe>_<axes>/<model>_base_<data>/      the untuned model

Where the prompt style is given, each style has a folder of its own between (`prompt_style=ddl/`), with its converted
files, its points and its untuned model; the trainer finds the files through `dataset_dir`.
"""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import environment
from evaluate.baselines import base_name, how_asked, own_name, plain_name
from prompts.prompt import STYLES
from recipes import provenance, recipe
from sweep.grid import Grid, SweepError, name_of, points

ROOT = environment.ROOT
STYLE = "prompt_style"  # an axis that is no key of the trainer: it converts the data
REPORT = "evaluation/report.json"
CPU = {"use_cpu": True, "bf16": True, "fp16": False}


class Point(NamedTuple):
    """One training: its name, the values of the axes, its folder, its overrides, and the recipe with them.

    `style` is the prompt style asked for; None for that of the data as it lies there.
    """

    name: str
    values: dict[str, str]
    folder: Path
    overrides: list[str]
    recipe: dict
    style: str | None


class Sweep(NamedTuple):
    """A sweep over a recipe file, below its folder."""

    recipe: Path
    folder: Path
    grid: Grid
    points: list[Point]


class Command(NamedTuple):
    """A command line with the name it is spoken of by."""

    name: str
    words: list[str]


def plan(path: Path, grid: Grid, samples: int | None = None, seed: int = 0) -> Sweep:
    """The sweep over the recipe at `path`. Raises SweepError or RecipeError for what is wrong before anything runs."""
    check_style(grid)
    folder = Path(grid.constants.get("output_dir", f"out/sweep_{path.stem}_{'_'.join(grid.axes)}"))
    made = [make_point(path, folder, grid, values) for values in points(grid, samples, seed)]
    names = [point.name for point in made]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SweepError(f"two points would share the folder {twice}: their values differ in punctuation only")
    return Sweep(path, folder, grid, made)


def check_style(grid: Grid) -> None:
    """Raise SweepError for a prompt style that is unknown, or one whose data folder is given away."""
    asked = grid.axes.get(STYLE) or [grid.constants[key] for key in grid.constants if key == STYLE]
    if unknown := next((style for style in asked if style not in STYLES), None):
        raise SweepError(f"{STYLE}={unknown}: unknown; the styles are: {', '.join(STYLES)}")
    if asked and "dataset_dir" in grid.constants:
        raise SweepError(f"{STYLE} and dataset_dir cannot be used together: each style has its own data folder")


def make_point(path: Path, folder: Path, grid: Grid, values: dict[str, str]) -> Point:
    """A point with all that its command needs."""
    given, name = grid.constants | values, name_of(values)
    style = given.pop(STYLE, None)
    parent = folder / f"{STYLE}={style}" if style else folder
    own = {"output_dir": str(parent / name), "run_name": f"{folder.name}/{name}"}
    own |= {"dataset_dir": str(parent)} if style else {}
    overrides = [f"{key}={value}" for key, value in (given | own).items()]
    return Point(name, values, parent / name, overrides, recipe.read(path, overrides), style)


def check(sweep: Sweep, gpu: bool) -> None:
    """Let the trainer's parser read every point. Raises RecipeError or SweepError; nothing has run then."""
    for point in sweep.points:
        recipe.check(sweep.recipe, point.recipe | ({} if gpu else CPU), also=(STYLE,))
        if not recipe.datasets(point.recipe, "eval_dataset"):
            raise SweepError(f"{sweep.recipe}: no key eval_dataset, so there is nothing to compare points by. Add it.")
    check_folders(sweep)


def check_folders(sweep: Sweep) -> None:
    """Raise SweepError where a point's folder holds a training with other settings or other data."""
    for point in sweep.points:
        if not point.recipe.get("overwrite_output_dir") and (changed := recipe.differences(point.folder, point.recipe)):
            raise SweepError(
                f"{point.folder} was trained with other settings ({'; '.join(changed)}). Sweep into another folder "
                f"with output_dir={sweep.folder}_2, or start over with overwrite_output_dir=true."
            )


def is_done(point: Point) -> bool:
    """Whether a point was trained with these settings and data, and evaluated since."""
    finished, report = point.folder / recipe.FINISHED, point.folder / REPORT
    if point.recipe.get("overwrite_output_dir") or not finished.is_file() or not is_scored(point.folder, point):
        return False
    return report.stat().st_mtime >= finished.stat().st_mtime


def is_scored(folder: Path, point: Point) -> bool:
    """Whether the report in `folder` is about the evaluation data of `point` as they are now."""
    if not (folder / REPORT).is_file() or not eval_file(point).is_file():
        return False
    run = json.loads((folder / REPORT).read_text(encoding="utf-8"))["run"]
    return run.get("data_hash") == provenance.file_hash(eval_file(point))


def eval_file(point: Point) -> Path:
    """The converted file a point is evaluated on."""
    name = recipe.datasets(point.recipe, "eval_dataset")[0]
    if not point.style:
        return recipe.data_file(name, point.recipe)
    return ROOT / point.folder.parent / recipe.data_file(name).relative_to(ROOT)  # its registry may not be there yet


def base_folders(points: list[Point]) -> dict[Path, Point]:
    """Where `evaluate/run.py --base` puts the untuned models of some points, each with the first point it belongs to.

    Points that ask a model alike share one. Of those that do not, the first takes the plain name.
    """
    first: dict[Path, Point] = {}
    for point in points:
        parent, asked, data = point.folder.parent, how_asked(point.recipe), eval_file(point)
        folder = parent / base_name(parent, asked, data)
        if folder in first and how_asked(first[folder].recipe) != asked:
            folder = parent / own_name(asked, data)
        first.setdefault(folder, point)
    return first


def preparations(sweep: Sweep) -> list[Command]:
    """Weights and data of all points, each once: points that run side by side find them made."""
    found = {}
    for point in sweep.points:
        words = [str(sweep.recipe), *point.overrides]
        found.setdefault(("weights", point.recipe["model_name_or_path"]), program("models/run.py", *words))
        style = ["--style", point.style] if point.style else []
        key = ("data", str(point.folder.parent), *recipe.corpora(point.recipe))
        found.setdefault(key, program("converters/run.py", "--recipe", *words, *style))
    return [Command(key[0], words) for key, words in found.items()]


def program(*words: str) -> list[str]:
    """A program of this repository, with the Python of the training."""
    return [str((environment.TRAIN / "bin/python").relative_to(ROOT)), *words]


def register_styles(sweep: Sweep) -> None:
    """Put the registry of data sets into the folder of every prompt style."""
    for folder in {point.folder.parent for point in sweep.points if point.style}:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "dataset_info.json", folder / "dataset_info.json")


def point_command(sweep: Sweep, point: Point) -> Command:
    """The command that trains and evaluates a point."""
    return Command(point.name, ["./launch.sh", sweep.recipe.stem, "--no-base", *point.overrides])


def base_rounds(done: list[Point]) -> tuple[list[Command], list[Command]]:
    """The evaluations of the untuned models, each once, through a point that was trained from it.

    The second round has to wait for the first: only a report that is there shows that a plain name is taken.
    """
    first, second = [], []
    for folder, point in base_folders(done).items():
        if not is_scored(folder, point):
            words = program("evaluate/run.py", "--adapter", str(point.folder), "--base")
            is_plain = folder.name == plain_name(how_asked(point.recipe), eval_file(point))
            (first if is_plain else second).append(Command(folder.name, words))
    return first, second
