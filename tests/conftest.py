"""A tiny random model with a real tokenizer, made by the tests; every test runs with the hubs switched off.

`--allowed-skips REGEX`, which CI gives, fails the run for every skipped test whose reason does not match.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests were started in the background
ROOT = Path(__file__).resolve().parents[1]
LONGEST = ("test_end_to_end.py", "test_methods.py")

# The special tokens of every template the recipes use, so that one tokenizer serves them all.
SPECIAL_TOKENS = (
    *("<pad>", "<eos>", "<bos>", "<unk>", "<s>", "</s>"),
    *("<start_of_turn>", "<end_of_turn>"),
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>"),
    *("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>"),
    *("<|EOT|>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
)


def pytest_addoption(parser):
    parser.addoption("--allowed-skips", metavar="REGEX", help="fail the run for a skip whose reason does not match")


def forbidden_skips(config) -> list[str]:
    """The reasons of the skips that this run was not allowed, each once; none without the option."""
    allowed, reporter = config.getoption("allowed_skips"), config.pluginmanager.get_plugin("terminalreporter")
    if allowed is None or reporter is None:  # the workers of pytest-xdist have no reporter
        return []
    reasons = dict.fromkeys(
        report.longrepr[2].removeprefix("Skipped: ") for report in reporter.stats.get("skipped", [])
    )
    return [reason for reason in reasons if not re.search(allowed, reason)]


def pytest_collection_modifyitems(items):
    """The files that take longest first: two processes share the files, and neither shall wait for the other's last."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    if forbidden_skips(session.config):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    for reason in forbidden_skips(config):
        terminalreporter.write_line(f"FAILED by --allowed-skips: {reason}", red=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


BROWSER_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium without a window, driven by selenium."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs the Python package selenium")
    from selenium.webdriver.chrome.service import Service

    chromium, driver = (shutil.which(name) for name in ("chromium", "chromedriver"))
    if not (chromium and driver):
        pytest.skip("needs chromium and chromedriver on PATH")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*BROWSER_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    yield started
    started.quit()


@pytest.fixture(scope="session")
def converted() -> Path:
    """The folder of the converted exoplanets rows, made where missing: any test file may be the first to run."""
    command = [sys.executable, "converters/run.py", "--recipe", "recipes/gemma3_270m_lora.yaml"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return ROOT / "data"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A folder with a random two-layer Llama of about 100,000 weights and a byte-level BPE tokenizer."""
    torch = pytest.importorskip("torch", reason="needs .venv: ./launch.sh setup")
    transformers = pytest.importorskip("transformers", reason="needs .venv: ./launch.sh setup")
    folder = tmp_path_factory.mktemp("models") / "tiny-llama"
    tokenizer = byte_level_tokenizer(transformers)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=1024,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    transformers.LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    return folder


def byte_level_tokenizer(transformers):
    """A byte-level BPE tokenizer trained on a few lines of SQL, with all of SPECIAL_TOKENS."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["SELECT name FROM planets WHERE year = 2009", "Write a SQLite query."] * 9, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", unk_token="<unk>"
    )


def copy_repository(folder: Path) -> Path:
    """Copy the repository's files into `folder`, with links to its environments, to run it where nobody's data are."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    for name in listed:
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for name in (".venv", ".venv-vllm"):
        (folder / name).symlink_to((ROOT / name).resolve())
    return folder
