"""launch.sh as it is typed: what it prints, what it refuses, and that a dry run touches nothing."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from recipes import hardware
from tests.conftest import ROOT

# Without a GPU, LLaMA-Factory's training is started by a program that leaves out what a CPU need not compute.
TRAINER = "llamafactory-cli train" if shutil.which("nvidia-smi") else "python recipes/train_on_cpu.py"
COPIED = ("launch.sh", "recipes", "prompts", "sql", "seq2seq", "requirements", "atomic.py", "environment.py")


@pytest.fixture
def clone(tmp_path) -> Path:
    """The launcher alone in a fresh folder whose name has a space: no virtual environment."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


def launch(folder: Path, *words: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WANDB")} | variables
    command = ["bash", str(folder / "launch.sh"), *words]
    return subprocess.run(command, cwd=cwd or folder, env=environment, capture_output=True, text=True)


def test_no_arguments_print_the_usage(clone):
    run = launch(clone)
    assert run.returncode == 0
    assert run.stdout.startswith("Usage: ./launch.sh RECIPE [KEY=VALUE ...]")


def test_list_shows_every_recipe_with_its_title(clone):
    lines = launch(clone, "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml"))
    assert any(line.endswith(" Gemma-3-270M (base) on the exoplanets sample, LoRA rank 16, bf16.") for line in lines)


def test_the_memory_of_the_recipes_needs_the_set_up(clone):
    run = launch(clone, "list", "--memory")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "launch.sh: list --memory needs .venv. Run ./launch.sh setup\n"


def test_a_dry_run_prints_every_command_and_makes_nothing(clone, tmp_path):
    before = sorted(clone.rglob("*"))
    run = launch(clone, "gemma3_270m_lora", "--dry-run", "learning_rate=1.0e-4", cwd=tmp_path)
    commands = [line for line in run.stdout.splitlines() if line.startswith("+")]
    assert run.returncode == 0
    for part in (
        "-m venv --clear .venv",
        "-m venv --clear --without-pip .venv-vllm",
        "-m pip install --quiet --disable-pip-version-check uv==",
        "uv pip install --system-certs --python .venv/bin/python --no-deps -r requirements/train.txt",
        "recipes/recipe.py check recipes/gemma3_270m_lora.yaml learning_rate=1.0e-4",
        "models/run.py recipes/gemma3_270m_lora.yaml learning_rate=1.0e-4",
        "converters/run.py --recipe recipes/gemma3_270m_lora.yaml learning_rate=1.0e-4",
        "recipes/recipe.py begin recipes/gemma3_270m_lora.yaml",
        f"{TRAINER} recipes/gemma3_270m_lora.yaml",
        "evaluate/run.py --adapter out/gemma3_270m_lora --base",
    ):
        assert any(part in command for command in commands), part
    assert sorted(clone.rglob("*")) == before


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="this machine has a GPU")
def test_without_a_gpu_the_trainer_gets_the_keys_a_cpu_needs(clone):
    train = next(
        line for line in launch(clone, "gemma3_270m_lora", "--dry-run").stdout.splitlines() if "train_on_cpu" in line
    )
    bf16 = str(hardware.cpu_has_bf16()).lower()
    assert train.endswith(f"train_on_cpu.py recipes/gemma3_270m_lora.yaml use_cpu=true bf16={bf16} fp16=false")


@pytest.mark.parametrize("variable", ["USE_RAY", "FORCE_TORCHRUN"])
def test_several_processes_without_a_gpu_are_left_to_llamafactory(plain_clone, variable):
    out = launch(plain_clone, "gemma3_270m_lora", "--dry-run", **{variable: "1"}).stdout
    assert "llamafactory-cli train recipes/gemma3_270m_lora.yaml" in out
    assert "train_on_cpu" not in out


def test_with_a_gpu_the_recipe_is_left_as_it_is(clone, tmp_path):
    smi = tmp_path / "bin/nvidia-smi"
    smi.parent.mkdir()
    smi.write_text("#!/bin/sh\nexit 0\n")
    smi.chmod(0o755)
    out = launch(clone, "gemma3_270m_lora", "--dry-run", PATH=f"{smi.parent}:{os.environ['PATH']}").stdout
    assert next(line for line in out.splitlines() if "-cli train" in line).endswith(
        "train recipes/gemma3_270m_lora.yaml"
    )
    assert "requirements/vllm-cuda.txt" in out


def test_no_evaluate_stops_after_the_training(clone):
    assert "evaluate/run.py" not in launch(clone, "gemma3_270m_lora", "--dry-run", "--no-evaluate").stdout


def test_no_base_evaluates_the_adapter_alone(clone):
    out = launch(clone, "gemma3_270m_lora", "--dry-run", "--no-base").stdout
    assert "evaluate/run.py --adapter out/gemma3_270m_lora\n" in out


def test_a_sweep_without_evaluation_is_refused(clone):
    run = launch(clone, "sweep", "gemma3_270m_lora", "seed=1,2", "--no-evaluate")
    assert run.returncode == 2
    assert run.stderr == (
        "launch.sh: sweep --no-evaluate: there would be nothing to compare. Leave --no-evaluate out.\n"
    )


def test_board_writes_the_presets_before_it_starts_the_form(clone):
    lines = launch(clone, "board", "--dry-run").stdout.splitlines()
    assert lines[-2:] == ["+ .venv/bin/python recipes/llamaboard.py", "+ .venv/bin/llamafactory-cli webui"]


def test_an_output_dir_override_is_what_is_evaluated(clone):
    out = launch(clone, "gemma3_270m_lora", "--dry-run", "output_dir=out/other").stdout
    assert "evaluate/run.py --adapter out/other --base" in out


def test_wandb_runs_offline_without_a_key_and_says_where(clone):
    out = launch(clone, "gemma3_270m_lora", "--dry-run").stdout
    assert "== WANDB_API_KEY is not set: Weights & Biases writes to out/gemma3_270m_lora/wandb (mode offline)" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gemma4"], "launch.sh: no recipe 'gemma4'; the recipes are: gemma3_270m_dora "),
        (["gemma3_270m_lora", "3"], "launch.sh: '3' is not KEY=VALUE, as in learning_rate=5.0e-5\n"),
        (["--frobnicate"], "Usage: ./launch.sh RECIPE"),
    ],
)
def test_misuse_is_one_clear_line_and_exit_2(clone, words, message):
    run = launch(clone, *words)
    assert run.returncode == 2
    assert run.stderr.startswith(message)


def fake_python(folder: Path, script: str) -> str:
    """A PATH whose every Python is a shell script, with the few tools launch.sh uses."""
    folder.mkdir()
    for name in ("python3.11", "python3.12", "python3", "python"):
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)
    for name in ("bash", "dirname", "cmp", "grep", "cat", "rm", "cp", "head", "sed", "basename", "xargs", "cut"):
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)


@pytest.fixture
def set_up_clone(clone) -> Path:
    """The launcher with environments that count as made, whose Python is the repository's."""
    if not (ROOT / ".venv/bin/python").exists():
        pytest.skip("needs .venv: ./launch.sh setup")
    for name, pins in ((".venv", "train"), (".venv-vllm", "vllm-cuda" if shutil.which("nvidia-smi") else "vllm-cpu")):
        (clone / name / "bin").mkdir(parents=True)
        shutil.copy(clone / f"requirements/{pins}.txt", clone / name / "pins.txt")
        (clone / name / "bin/python").write_text(f'#!/bin/sh\nexec "{ROOT}/.venv/bin/python" "$@"\n')
        (clone / name / "bin/python").chmod(0o755)
    return clone


@pytest.mark.parametrize("how", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("lora_rnak=4", "unknown key 'lora_rnak'; did you mean 'lora_rank'?"),
        ("learning_rate=abc", "key learning_rate: 'abc' is not a number."),
    ],
)
def test_a_wrong_override_is_told_before_weights_and_data_are_made(set_up_clone, override, message, how):
    run = launch(set_up_clone, "gemma3_270m_lora", override, *how)
    assert (run.returncode, run.stderr) == (2, f"recipe: recipes/gemma3_270m_lora.yaml: {message}\n")
    assert "models/run.py" not in run.stdout
    assert not (set_up_clone / "data").exists()


def test_a_dry_run_after_the_set_up_prints_all_commands(set_up_clone):
    run = launch(set_up_clone, "gemma3_270m_lora", "--dry-run")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[-1] == "+ .venv/bin/python evaluate/run.py --adapter out/gemma3_270m_lora --base"


@pytest.mark.parametrize(
    ("words", "trainer"),
    [
        (["t5_small_full"], "python seq2seq/train.py recipes/t5_small_full.yaml"),
        (["gemma3_270m_lora", "stage=seq2seq"], "python seq2seq/train.py recipes/gemma3_270m_lora.yaml"),
        (["t5_small_full", "stage=sft"], f"{TRAINER} recipes/t5_small_full.yaml"),
    ],
)
def test_a_dry_run_before_the_set_up_shows_the_trainer_of_the_stage(clone, words, trainer):
    assert f"+ .venv/bin/{trainer}" in launch(clone, *words, "--dry-run").stdout


@pytest.mark.parametrize("name", ["gemma3_270m_lora.yaml", "recipes/gemma3_270m_lora.yaml"])
def test_a_recipe_may_be_named_by_its_file(clone, name):
    named = launch(clone, name, "--dry-run")
    assert (named.returncode, named.stdout) == (0, launch(clone, "gemma3_270m_lora", "--dry-run").stdout)


def test_list_takes_no_other_word(clone):
    run = launch(clone, "list", "--memroy")
    assert (run.returncode, run.stderr) == (2, "launch.sh: list takes --memory or nothing, not '--memroy'\n")


def test_a_python_without_venv_is_told_what_to_install(clone, tmp_path):
    path = fake_python(tmp_path / "bin", 'case "$2" in *ensurepip*) exit 1;; esac')
    run = launch(clone, "setup", PATH=path)
    assert run.returncode == 1
    assert run.stderr == "launch.sh: python3.11 lacks the module venv. Debian, Ubuntu: apt-get install python3-venv\n"


def test_an_old_python_is_told_what_to_install(clone, tmp_path):
    run = launch(clone, "setup", PATH=fake_python(tmp_path / "bin", "exit 1"))
    assert run.returncode == 1
    assert run.stderr.startswith("launch.sh: no Python 3.11 or 3.12 found. ")


def stages_that_fail(clone: Path) -> None:
    """The set-up counts as done; the first stage is a Python that fails with status 7."""
    made = ((".venv", "train"), (".venv-ask", "ask"), (".venv-vllm", "vllm-cpu"), (".venv-vllm", "vllm-cuda"))
    for folder, pins in made:
        (clone / folder / "bin").mkdir(parents=True, exist_ok=True)
        (clone / folder / "bin/python").write_text("#!/bin/sh\nexit 7\n")
        (clone / folder / "bin/python").chmod(0o755)
        if not (pins == "vllm-cuda" and shutil.which("nvidia-smi") is None):
            shutil.copy(clone / f"requirements/{pins}.txt", clone / folder / "pins.txt")


def test_a_failing_stage_stops_the_run_with_its_status(clone):
    stages_that_fail(clone)
    run = launch(clone, "gemma3_270m_lora")
    assert run.returncode == 7
    assert TRAINER not in run.stdout
    assert "-m venv" not in run.stdout


def test_ask_brings_the_base_while_pip_installs_and_then_asks(clone):
    run = launch(clone, "ask", "shop.sqlite", "How many?", "--json", "--dry-run")
    assert (run.returncode, run.stdout) == (0, "")
    commands = [line for line in run.stderr.splitlines() if line.startswith("+ ")]
    brought = "+ .venv-ask/bin/python models/run.py qwen2.5-coder-0.5b-instruct --gguf"
    assert commands.count(brought) == 1  # at any time: it runs beside the others
    made, installed, noted, asked = [line for line in commands if line != brought]
    assert made.endswith(" -m venv --clear .venv-ask")
    assert installed.startswith("+ .venv-ask/bin/python -m pip ")
    assert installed.endswith(" --no-deps --quiet -r requirements/ask.txt")
    assert noted == "+ cp requirements/ask.txt .venv-ask/pins.txt"
    assert asked == "+ .venv-ask/bin/python evaluate/ask.py shop.sqlite How\\ many\\? --json"


def test_ask_prints_answers_alone_and_ends_with_their_status(clone):
    stages_that_fail(clone)
    (clone / ".venv-ask/bin/python").write_text('#!/bin/sh\necho "asked $*"\nexit 1\n')
    run = launch(clone, "ask", "shop.sqlite", "How many?")
    assert (run.returncode, run.stdout) == (1, "asked evaluate/ask.py shop.sqlite How many?\n")


def test_the_base_of_the_shipped_adapter_is_not_brought_for_another(clone):
    run = launch(clone, "ask", "shop.sqlite", "How many?", "--adapter", "out/mine", "--dry-run")
    assert "models/run.py" not in run.stderr


def test_serve_starts_in_the_environment_of_ask(clone):
    run = launch(clone, "serve", "shop.sqlite", "sales.csv", "--port", "9000", "--dry-run")
    assert (run.returncode, run.stdout) == (0, "")
    commands = [line for line in run.stderr.splitlines() if line.startswith("+ ")]
    assert commands[0].endswith(" -m venv --clear .venv-ask")
    assert commands[-1] == "+ .venv-ask/bin/python serve/run.py shop.sqlite sales.csv --port 9000"


def test_export_starts_in_the_training_environment(clone):
    run = launch(clone, "export", "out/bookshop", "--gguf", "f16", "--ollama", "--dry-run")
    commands = [line for line in run.stdout.splitlines() if line.startswith("+ ")]
    assert run.returncode == 0
    assert commands[0].endswith(" -m venv --clear .venv")
    assert commands[-1] == "+ .venv/bin/python models/export.py out/bookshop --gguf f16 --ollama"


SECOND = {"NNODES": "2", "NODE_RANK": "1", "MASTER_ADDR": "10.0.0.1"}


@pytest.fixture
def plain_clone(clone, tmp_path) -> Path:
    """The launcher in a folder without a space in its name, which torchrun needs."""
    return clone.rename(tmp_path / "clone")


def test_a_further_machine_trains_but_keeps_no_records_and_evaluates_nothing(plain_clone):
    out = launch(plain_clone, "gemma3_270m_lora", "--dry-run", **SECOND).stdout
    assert "== machine 1 of 2 (counted from 0); they meet at 10.0.0.1:29500" in out
    assert "recipes/recipe.py join recipes/gemma3_270m_lora.yaml" in out
    assert "llamafactory-cli train recipes/gemma3_270m_lora.yaml" in out
    assert not [part for part in ("recipe.py begin", "recipe.py finish", "evaluate/run.py", "WANDB") if part in out]


def test_the_first_machine_keeps_the_records_and_evaluates(plain_clone):
    out = launch(plain_clone, "gemma3_270m_lora", "--dry-run", **SECOND | {"NODE_RANK": "0"}).stdout
    assert not [part for part in ("recipe.py begin", "recipe.py finish", "evaluate/run.py") if part not in out]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"NNODES": "two"}, "NNODES=two is not a number of machines"),
        ({"NNODES": "2"}, "NNODES=2 needs NODE_RANK, from 0 to 1, a different one on each machine"),
        (SECOND | {"NODE_RANK": "2"}, "NNODES=2 needs NODE_RANK, from 0 to 1, a different one on each machine"),
        (SECOND | {"MASTER_ADDR": ""}, "NNODES=2 needs MASTER_ADDR, the address of the machine with NODE_RANK=0"),
        (
            {"FORCE_TORCHRUN": "1", "USE_RAY": "1"},
            "USE_RAY and torchrun (NNODES, FORCE_TORCHRUN) cannot be used together: Ray manages its machines itself",
        ),
    ],
)
def test_variables_that_would_hang_the_training_are_refused(plain_clone, variables, message):
    run = launch(plain_clone, "gemma3_270m_lora", "--dry-run", **variables)
    assert (run.returncode, run.stderr) == (2, f"launch.sh: {message}\n")


@pytest.mark.skipif(not (ROOT / ".venv/bin/python").exists(), reason="needs .venv: ./launch.sh setup")
def test_an_encoder_decoder_is_trained_by_torchrun_but_not_on_ray():
    many = launch(ROOT, "t5_small_full", "--dry-run", FORCE_TORCHRUN="1", NPROC_PER_NODE="2")
    assert (many.returncode, "python seq2seq/train.py recipes/t5_small_full.yaml" in many.stdout) == (0, True)
    ray = launch(ROOT, "t5_small_full", "--dry-run", USE_RAY="1")
    assert ray.returncode == 2
    assert ray.stderr == (
        "launch.sh: recipes/t5_small_full.yaml cannot be trained on Ray. Unset USE_RAY; "
        "for several machines see NNODES in docs/clusters.md\n"
    )
    assert "models/run.py" not in ray.stdout


def program(path: Path, script: str) -> str:
    """A PATH on which a shell script comes first."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"{path.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("gpus", "variables", "status"),
    [
        (1, {}, 0),
        (2, {}, 2),
        (2, {"USE_RAY": "1"}, 0),
        (2, {"CUDA_VISIBLE_DEVICES": "0"}, 0),
        (2, {"CUDA_VISIBLE_DEVICES": "0,1"}, 2),
    ],
)
def test_several_gpus_refuse_a_space_as_torchrun_does(clone, tmp_path, gpus, variables, status):
    path = program(tmp_path / "bin/nvidia-smi", "".join(f"echo 'GPU {number}: one'\n" for number in range(gpus)))
    run = launch(clone, "gemma3_270m_lora", "--dry-run", PATH=path, **variables)
    assert run.returncode == status
    assert ("no spaces are allowed" in run.stderr) == (status == 2)


def test_a_space_that_torchrun_cannot_take_is_refused(plain_clone):
    run = launch(plain_clone, "gemma3_270m_lora", "--dry-run", "run_name=a run", FORCE_TORCHRUN="1")
    assert run.returncode == 2
    assert "no spaces are allowed" in run.stderr
    assert launch(plain_clone, "gemma3_270m_lora", "--dry-run", "run_name=a_run", FORCE_TORCHRUN="1").returncode == 0


def test_two_launchers_do_not_prepare_the_same_files_at_once(clone):
    stages_that_fail(clone)
    with (clone / ".launch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = ["bash", str(clone / "launch.sh"), "gemma3_270m_lora"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout.readline() == (
                "== waiting for another run of launch.sh that prepares the same files\n"
            )
            assert second.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert "recipes/recipe.py check" in second.stdout.read()
            assert second.wait() == 7


def ready(clone: Path) -> None:
    """The set-up counts as done; its Python runs the recipes' own scripts and nothing else."""
    stages_that_fail(clone)
    real = f'case "$1" in recipes/recipe.py) exec "{ROOT}/.venv/bin/python" "$@";; esac'
    (clone / ".venv/bin/python").write_text(f"#!/bin/sh\n{real}\n")
    (clone / ".venv/bin/llamafactory-cli").write_text("#!/bin/sh\nexit 0\n")
    (clone / ".venv/bin/llamafactory-cli").chmod(0o755)


@pytest.mark.skipif(not (ROOT / ".venv/bin/python").exists(), reason="needs .venv: ./launch.sh setup")
def test_two_runs_do_not_train_in_one_folder_at_once(plain_clone):
    ready(plain_clone)
    (plain_clone / "out/other").mkdir(parents=True)
    with (plain_clone / "out/other/.launch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = launch(plain_clone, "gemma3_270m_lora", "output_dir=out/other")
    assert run.returncode == 1
    assert run.stderr == (
        "launch.sh: out/other: another run of launch.sh trains or evaluates there. "
        "Wait for it, or train into another folder with output_dir=out/other_2\n"
    )
    assert "models/run.py" not in run.stdout


@pytest.mark.skipif(not (ROOT / ".venv/bin/python").exists(), reason="needs .venv: ./launch.sh setup")
def test_a_recipe_with_a_folder_of_another_name_is_evaluated_there(plain_clone):
    ready(plain_clone)
    text = (plain_clone / "recipes/gemma3_270m_lora.yaml").read_text()
    (plain_clone / "recipes/mine.yaml").write_text(
        text.replace("output_dir: out/gemma3_270m_lora", "output_dir: out/my")
    )
    out = launch(plain_clone, "mine", "--dry-run").stdout
    assert "recipes/recipe.py finish out/my " in out
    assert "evaluate/run.py --adapter out/my --base" in out


def test_a_file_system_without_locks_is_told_and_no_reason_to_stop(clone, tmp_path):
    stages_that_fail(clone)
    run = launch(clone, "gemma3_270m_lora", PATH=program(tmp_path / "bin/flock", "exit 71"))
    assert "== flock fails here (status 71): continuing without a lock; " in run.stdout
    assert "waiting for another run" not in run.stdout
    assert ("recipes/recipe.py check" in run.stdout, run.returncode) == (True, 7)


@pytest.mark.parametrize("words", [["setup"], ["test"], ["board"], ["sweep", "gemma3_270m_lora", "seed=1,2"]])
def test_every_set_up_waits_for_one_that_is_under_way(clone, words):
    stages_that_fail(clone)
    with (clone / ".launch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = ["bash", str(clone / "launch.sh"), *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout.readline().startswith("== waiting for another run of launch.sh")
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert second.wait() == 7


PINS = "requirements/vllm-cuda.txt" if shutil.which("nvidia-smi") else "requirements/vllm-cpu.txt"
# A shell command that waits for a file, for a minute at most: the machine may be busy.
WAIT = 'for _ in $(seq 600); do [ ! -f "$F" ] || break; sleep 0.1; done; [ -f "$F" ]'


def without_vllm(clone: Path, *, uv: str, python: str = "exit 0") -> None:
    """All is set up but vLLM, which `uv`, a shell script, installs; `python` is a shell script that does the rest."""
    stages_that_fail(clone)
    shutil.rmtree(clone / ".venv-vllm")
    answers = 'case "$2" in check) echo out/one; echo llamafactory-cli train;; esac'
    (clone / ".venv/bin/python").write_text(f"#!/bin/sh\n{answers}\n{python}\n")
    (clone / ".venv/bin/uv").write_text(f"#!/bin/sh\n{uv}\n")
    (clone / ".venv/bin/uv").chmod(0o755)


def test_vllm_is_installed_while_the_data_are_made_and_before_the_evaluation(plain_clone):
    data = f"touch data_begun; F=installing; {WAIT}"
    evaluation = "[ -f .venv-vllm/pins.txt ] || exit 9"
    without_vllm(
        plain_clone,
        uv=f"touch installing; F=data_begun; {WAIT}; sleep 1",
        python=f'case "$1" in converters/*) {data};; evaluate/*) {evaluation};; esac',
    )
    run = launch(plain_clone, "gemma3_270m_lora")
    assert (run.returncode, run.stderr) == (0, "")
    assert "== set-up of .venv-vllm: in the background; its output goes to .venv-vllm.log" in run.stdout
    assert f"uv pip install --system-certs --python .venv-vllm/bin/python --no-deps -r {PINS}" not in run.stdout
    assert f"-r {PINS}\n" in (plain_clone / ".venv-vllm.log").read_text()
    again = launch(plain_clone, "gemma3_270m_lora")
    assert (again.returncode, "set-up of" in again.stdout) == (0, False)


def test_each_stage_is_one_process(plain_clone):
    without_vllm(plain_clone, uv="exit 0", python='case "$1" in -m) ;; *) echo "$1 $2" >>calls;; esac')
    program(plain_clone / ".venv/bin/llamafactory-cli", "echo the trainer >>calls")
    run = launch(plain_clone, "gemma3_270m_lora")
    assert (run.returncode, run.stderr) == (0, "")
    check, weights, data, begin, _trainer, finish, evaluation = (plain_clone / "calls").read_text().splitlines()
    assert (check, begin, finish) == tuple(f"recipes/recipe.py {step}" for step in ("check", "begin", "finish"))
    assert weights == "models/run.py recipes/gemma3_270m_lora.yaml"
    assert (data, evaluation) == ("converters/run.py --recipe", "evaluate/run.py --adapter")


def test_a_failed_installation_in_the_background_is_an_error_after_the_training(plain_clone):
    pip = 'case "$*" in *"-m pip"*-r*) echo "no space left" >&2; exit 4;; esac'
    without_vllm(plain_clone, uv="exit 2", python=pip)
    run = launch(plain_clone, "gemma3_270m_lora")
    assert run.returncode == 1
    assert run.stderr.splitlines()[-2:] == [
        "no space left",
        "launch.sh: the set-up of .venv-vllm failed, see above; all of its output is in .venv-vllm.log. "
        "Run the same command to continue",
    ]
    assert ("recipe.py finish" in run.stdout, "evaluate/run.py" in run.stdout) == (True, False)
    assert not (plain_clone / ".venv-vllm/pins.txt").exists()


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_the_installation_in_the_background(plain_clone, ends):
    without_vllm(
        plain_clone,
        uv="echo $$ >pid; mv pid installing; exec sleep 60",
        python=f'case "$1" in models/*) F=installing; {WAIT}; touch training; exec sleep 60;; esac',
    )
    command = ["bash", str(plain_clone / "launch.sh"), "gemma3_270m_lora"]
    with subprocess.Popen(command, cwd=plain_clone, stdout=subprocess.DEVNULL, start_new_session=True) as run:
        assert wait_until((plain_clone / "training").exists)
        os.killpg(run.pid, ends)  # as the terminal does for Ctrl-C
        assert run.wait(timeout=60) != 0
    installer = Path("/proc", (plain_clone / "installing").read_text().strip())
    assert wait_until(lambda: not installer.exists())
    assert not (plain_clone / ".venv-vllm/pins.txt").exists()


def wait_until(condition, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize("words", [["gemma3_270m_lora", "--no-evaluate"], ["t5_small_full"]])
def test_what_needs_no_vllm_does_not_install_it(clone, words):
    out = launch(clone, *words, "--dry-run").stdout
    assert "-m venv --clear .venv\n" in out
    assert ".venv-vllm" not in out


@pytest.mark.parametrize(("status", "by_pip"), [(0, False), (2, True)])
def test_where_uv_cannot_install_pip_does(plain_clone, status, by_pip):
    without_vllm(plain_clone, uv=f"exit {status}")
    run = launch(plain_clone, "setup")
    assert run.returncode == 0
    assert (f"== uv could not install {PINS}, see above; trying pip, which takes longer" in run.stdout) == by_pip
    pip = "pip --python .venv-vllm/bin/python install --disable-pip-version-check --no-compile --no-deps -r"
    assert (f"{pip} {PINS}" in run.stdout) == by_pip
    assert (plain_clone / ".venv-vllm/pins.txt").read_text() == (plain_clone / PINS).read_text()


def test_an_interrupted_uv_is_no_reason_to_try_pip(plain_clone):
    without_vllm(plain_clone, uv="exit 130")
    run = launch(plain_clone, "setup")
    assert (run.returncode, "trying pip" in run.stdout) == (130, False)
    assert not (plain_clone / ".venv-vllm/pins.txt").exists()


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="this machine has a GPU")
@pytest.mark.parametrize("known", [True, False])
def test_the_cpu_build_of_torch_comes_from_pytorch_where_pip_knows_no_other_place(plain_clone, known):
    without_vllm(plain_clone, uv="exit 0", python=f'case "$*" in *--dry-run*) exit {0 if known else 1};; esac')
    (torch,) = (line for line in launch(plain_clone, "setup").stdout.splitlines() if "torch==" in line)
    assert torch.endswith("+cpu")
    assert ("--extra-index-url https://download.pytorch.org/whl/cpu" in torch) == (not known)


def test_it_is_clean_for_shellcheck():
    shellcheck = shutil.which("shellcheck") or shutil.which(str(ROOT / ".venv/bin/shellcheck"))
    if not shellcheck:
        pytest.skip("shellcheck is not installed")
    run = subprocess.run([shellcheck, ROOT / "launch.sh", ROOT / ".ci/run"], capture_output=True, text=True)
    assert run.stdout == ""


def test_own_prints_the_way_from_a_database_to_an_adapter(clone, tmp_path):
    (tmp_path / "my shop.sqlite").touch()
    (tmp_path / "mine.csv").touch()
    options = ("--questions", str(tmp_path / "mine.csv"), "--generate", "50", "num_train_epochs=1", "--dry-run")
    run = launch(clone, "own", str(tmp_path / "my shop.sqlite"), *options)
    assert (run.returncode, run.stderr) == (0, "")
    commands = [line for line in run.stdout.splitlines() if line.startswith("+")]
    places = [
        next(number for number, line in enumerate(commands) if part in line)
        for part in (
            "converters/run.py own --name own_chat --database",
            "converters/run.py practice --name practice_replay",
            "cp data/own_chat_data.html out/own_my_shop/data.html",
            "converters/questions/plan.py own_chat",
            "recipes/recipe.py begin recipes/qwen2.5_coder_0.5b_own_lora.yaml",
            "evaluate/run.py --adapter out/own_my_shop",
            "--adapter models/qwen2.5_coder_0.5b_sql --data data/own_chat_eval.json --out out/own_my_shop/before",
        )
    ]
    assert places == sorted(places)
    scored = ["--engine llamacpp" in line for line in commands if "evaluate/run.py" in line]
    assert scored == [not hardware.has_gpu()] * 2
    assert any(".venv-ask" in line for line in commands) == (not hardware.has_gpu())
    (converted,) = [line for line in commands if "converters/run.py own" in line]
    assert "--db-id my_shop --generate 50 --questions" in converted
    assert "--hold-back-questions" in converted
    assert "output_dir=out/own_my_shop num_train_epochs=1" in run.stdout
    assert "my\\ shop.sqlite --adapter out/own_my_shop" in run.stdout


def test_own_with_paraphrase_words_the_made_pairs_before_it_converts_them(clone, tmp_path):
    (tmp_path / "shop.sqlite").touch()
    run = launch(clone, "own", str(tmp_path / "shop.sqlite"), "--paraphrase", "--generate", "50", "--dry-run")
    assert (run.returncode, run.stderr) == (0, "")
    commands = [line for line in run.stdout.splitlines() if line.startswith("+ .venv") and "recipe" not in line]
    made = f"--database {tmp_path}/shop.sqlite --db-id shop --generate 50"
    place = next(number for number, line in enumerate(commands) if "own_made" in line)
    assert commands[place : place + 3] == [
        f"+ .venv/bin/python converters/run.py own --name own_made {made}",
        "+ .venv-ask/bin/python evaluate/paraphrase.py data/own_made_train.json --databases data/databases/own_made "
        "--out data/own_shop_wordings.jsonl",
        f"+ .venv/bin/python converters/run.py own --name own_chat {made} --wordings data/own_shop_wordings.jsonl",
    ]


def test_own_with_a_model_that_has_no_gguf_is_scored_by_vllm(clone, tmp_path):
    (tmp_path / "shop.sqlite").touch()
    out = launch(clone, "own", str(tmp_path / "shop.sqlite"), "model_name_or_path=some/model", "--dry-run").stdout
    assert "evaluate/run.py --adapter out/own_shop" in out
    assert "--engine" not in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "own needs a database: ./launch.sh own FILE.sqlite"),
        (("gone.sqlite",), "gone.sqlite: no such file. Give the path of a SQLite database"),
        (("launch.sh", "--generate"), "--generate needs a value"),
        (("launch.sh", "more"), "own takes --questions FILE, --generate N, --paraphrase and KEY=VALUE, not 'more'"),
    ],
)
def test_own_says_what_it_lacks(clone, words, message):
    run = launch(clone, "own", *words)
    assert (run.returncode, run.stderr) == (2, f"launch.sh: {message}\n")
