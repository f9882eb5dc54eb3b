"""Train and evaluate every point of a grid, and say which is best and how sure that is.

    python sweep/run.py gemma3_270m_lora learning_rate=1e-4,2e-4 prompt_style=ddl,compact cutoff_len=1088

Typed as `./launch.sh sweep RECIPE ...`. A key with several values is an axis, one with a single value is the same for
all points; `prompt_style` converts the data in each style. Points that are done are not run again. Exit status: 0;
2 for misuse, and nothing has run then; 1 where a point failed: the others have run, and the table says which.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

environment.enter(needs=("llamafactory",))

from recipes.hardware import has_gpu  # noqa: E402
from recipes.recipe import RecipeError  # noqa: E402
from sweep import plan, show, work  # noqa: E402
from sweep.grid import SweepError, read_grid  # noqa: E402
from sweep.results import find  # noqa: E402


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="sweep/run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", metavar="RECIPE", help="its name, as ./launch.sh list shows it")
    parser.add_argument("words", nargs="*", metavar="KEY=VALUE,...", help="axes and constants")
    parser.add_argument("--samples", type=int, metavar="N", help="run N points, drawn from the grid")
    parser.add_argument("--seed", type=int, default=0, help="for --samples (default: %(default)s)")
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        default=os.environ.get("RAY_ADDRESS"),
        help="run the points on this Ray cluster (default: RAY_ADDRESS, else one after the other, here)",
    )
    parser.add_argument("--dry-run", action="store_true", help="print the commands without running them")
    return parser.parse_intermixed_args(arguments)


def recipe_path(name: str) -> Path:
    """The file of a recipe, relative to the repository. Raises SweepError for a name that is none."""
    known = sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml"))
    name = name.removeprefix("recipes/").removesuffix(".yaml")  # a file name, as a shell completes it, is good too
    if name not in known:
        raise SweepError(f"no recipe {name!r}; the recipes are: {' '.join(known)}")
    return Path("recipes", f"{name}.yaml")


def check(sweep: plan.Sweep) -> None:
    """`plan.check` in a process of its own: it loads the trainer, whose 800 MB the points may need."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(plan.check, sweep, has_gpu()).result()


def run(sweep: plan.Sweep, ray: str | None) -> int:
    """Run what is not done yet, then show what was found; returns the exit status."""
    os.environ.setdefault("WANDB_RUN_GROUP", sweep.folder.name)
    plan.register_styles(sweep)
    if failed := [each for each in work.run_here(plan.preparations(sweep)) if each.failure]:
        print(
            f"sweep: {failed[0].name}: {failed[0].failure}; see its message above. No point was run.",
            file=sys.stderr,
        )
        return 1
    plan.check_folders(sweep)  # again: data that were out of date have been converted anew
    failed = run_all(sweep, [plan.point_command(sweep, point) for point in unfinished(sweep)], ray)
    missing = {each.name for each in failed}
    trained = [point for point in sweep.points if point.name not in missing]
    for bases in plan.base_rounds(trained):
        failed += run_all(sweep, bases, ray)
    for path in show.show(sweep, find(trained), failed):
        print(path)
    return 1 if failed else 0


def unfinished(sweep: plan.Sweep) -> list[plan.Point]:
    """The points that are not done; says which are."""
    done = [point.name for point in sweep.points if plan.is_done(point)]
    for name in done:
        print(f"== {name}: done already")
    return [point for point in sweep.points if point.name not in done]


def run_all(sweep: plan.Sweep, commands: list[plan.Command], ray: str | None) -> list[work.Ended]:
    """Run commands here or on Ray and say how each ended, as it ends; returns those that failed."""
    failed, over_ray = [], ray and commands
    ended = work.run_on_ray(commands, ray, sweep.folder / "logs") if over_ray else work.run_here(commands)
    for number, each in enumerate(ended, start=1):
        outcome = f"FAILED, {each.failure}" if each.failure else "done"
        print(f"== {number} of {len(commands)}: {each.name}: {outcome} ({each.seconds:.0f} s)", flush=True)
        failed += [each] if each.failure else []
    return failed


def dry_run(sweep: plan.Sweep) -> int:
    """Print every command in order."""
    points = [plan.point_command(sweep, point) for point in sweep.points]
    for command in chain(plan.preparations(sweep), points, *plan.base_rounds(sweep.points)):
        print("+", *command.words)
    return 0


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    os.chdir(ROOT)
    try:
        grid = read_grid(options.words)
        sweep = plan.plan(recipe_path(options.recipe), grid, options.samples, options.seed)
        check(sweep)
        return dry_run(sweep) if options.dry_run else run(sweep, options.ray)
    except (SweepError, RecipeError) as error:
        print(f"sweep: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("sweep: stopped. Points that are done are kept: the same command goes on from there.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
