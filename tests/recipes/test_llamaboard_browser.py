"""LlamaBoard as `./launch.sh board` starts it, in a real browser: load a preset, look at its data, preview, train.

Needs both virtual environments, chromium, chromedriver and selenium; without them every test here skips.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")
pytest.importorskip("selenium.webdriver", reason="needs the Python package selenium")
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

import environment
from recipes import llamaboard, recipe
from tests.conftest import ROOT, copy_repository

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (environment.VLLM / "bin/python").exists(), reason="needs .venv-vllm: ./launch.sh setup"),
]
RECIPES = sorted(path for path in (ROOT / "recipes").glob("gemma3_270m_*.yaml") if "\nstage: sft\n" in path.read_text())
TINY = {
    "output_dir": "out/tiny",
    "run_name": "tiny",
    "report_to": "none",
    "use_cpu": True,
    "max_steps": 2,
    "logging_steps": 1,
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory, tiny_model) -> Path:
    """A copy of the repository with converted data, and one recipe more: a tiny model, two steps on the CPU."""
    import yaml

    folder = copy_repository(tmp_path_factory.mktemp("clone"))
    values = recipe.read(ROOT / "recipes/gemma3_270m_lora.yaml") | TINY | {"model_name_or_path": str(tiny_model)}
    best = ("load_best_model_at_end", "metric_for_best_model")
    without_evaluation = {key: value for key, value in values.items() if "eval" not in key and key not in best}
    (folder / "recipes/tiny.yaml").write_text(yaml.safe_dump(without_evaluation))
    convert = [sys.executable, "converters/run.py", "exoplanets"]
    subprocess.run(convert, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def address(clone, browser):
    """The address of a running board, which ends with the tests; asks for the browser first, to skip without it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = os.environ | {"GRADIO_SERVER_PORT": str(port), "BROWSER": "true"}
    with (clone / "board.log").open("w") as log:
        command = ["./launch.sh", "board"]
        server = subprocess.Popen(
            command, cwd=clone, env=variables, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        yield wait_for_board(f"http://127.0.0.1:{port}/", server, clone / "board.log")
    finally:
        end(server)


def wait_for_board(url: str, server: subprocess.Popen, log: Path) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and server.poll() is None:
        try:
            opener.open(url, timeout=5).close()
            return url
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"the board did not start:\n{log.read_text()}")


def end(server: subprocess.Popen) -> None:
    """End the launcher and all it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
            server.wait(timeout=20)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


@pytest.fixture
def board(browser, address):
    """The page, freshly opened, with the model "Custom" already chosen and its consequences over."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 1700, "deviceScaleFactor": 1, "mobile": False}
    )
    browser.get(address)
    wait(browser, lambda: field(browser, "Model name").get_attribute("value") == "Custom")
    wait(browser, lambda: "non-instruct" in browser.find_element(By.TAG_NAME, "body").text)
    return browser


def wait(browser, condition, seconds: float = 30) -> None:
    WebDriverWait(browser, seconds, ignored_exceptions=[StaleElementReferenceException, WebDriverException]).until(
        lambda _: condition()
    )


def field(browser, label: str):
    """The input with this label: Gradio writes it into some inputs and beside the others."""
    path = f"//*[@aria-label='{label}'] | //label[.//span[normalize-space()='{label}']]//textarea"
    return browser.find_element(By.XPATH, path)


def click(browser, text: str) -> None:
    button = browser.find_element(By.XPATH, f"//button[normalize-space()='{text}']")
    wait(browser, button.is_enabled)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", button)


def choose(browser, label: str, value: str) -> None:
    """Choose from a list, as a person who types the name."""
    chosen = field(browser, label)
    chosen.click()
    chosen.send_keys(Keys.CONTROL, "a")
    chosen.send_keys(value)
    wait(browser, lambda: browser.find_elements(By.XPATH, f"//li[@aria-label='{value}']"))
    chosen.send_keys(Keys.ENTER)
    wait(browser, lambda: field(browser, label).get_attribute("value") == value)


def load(browser, name: str) -> None:
    """The two steps that README names: choose the preset, load it."""
    choose(browser, "Config path", f"{name}.yaml")
    click(browser, "Load arguments")
    wait(browser, lambda: field(browser, "Output dir").get_attribute("value") == f"out/{name}")


def previewed(browser, name: str) -> dict[str, str]:
    """Keys and values, as text, of the command that "Preview command" shows."""
    click(browser, "Preview command")
    shown = lambda: browser.find_element(By.CSS_SELECTOR, "pre code").get_property("textContent")  # noqa: E731
    wait(browser, lambda: f"--output_dir out/{name} " in shown())
    words = shlex.split(shown().replace("\\\n", " "))
    assert words[:2] == ["llamafactory-cli", "train"]
    return {key.removeprefix("--"): value for key, value in zip(words[2::2], words[3::2], strict=True)}


def as_text(value: object) -> object:
    """A value as the command shows it, numbers as numbers: 4 and 4.0 are one."""
    try:
        return float(str(value))
    except ValueError:
        return str(value)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_previewed_command_says_what_the_recipe_says(board, path):
    load(board, path.stem)
    command = {key: as_text(value) for key, value in previewed(board, path.stem).items()}
    wanted = {key: as_text(value) for key, value in recipe.read(path).items()}
    assert {key: command.get(key) for key in wanted} == wanted
    assert llamaboard.ADDED.keys() <= command.keys()
    assert "trust_remote_code" not in command


def test_a_preset_replaces_the_one_before(board):
    load(board, "gemma3_270m_dora")
    assert previewed(board, "gemma3_270m_dora")["use_dora"] == "True"
    load(board, "gemma3_270m_full")
    assert not {"use_dora", "lora_rank"} & previewed(board, "gemma3_270m_full").keys()
    load(board, "gemma3_270m_lora")
    command = previewed(board, "gemma3_270m_lora")
    assert (command["finetuning_type"], command["lora_rank"], command.get("use_dora")) == ("lora", "16", None)


def test_after_a_change_by_hand_a_second_load_mends_the_form(board):
    choose(board, "Stage", "DPO")
    load(board, "gemma3_270m_lora")
    wait(board, lambda: not board.find_elements(By.XPATH, "//*[text()='exoplanets_train']"))
    click(board, "Preview command")
    wait(board, lambda: "Please choose a dataset." in board.find_element(By.TAG_NAME, "body").text)
    click(board, "Load arguments")
    wait(board, lambda: board.find_elements(By.XPATH, "//*[text()='exoplanets_train']"))
    command = previewed(board, "gemma3_270m_lora")
    assert (command["dataset"], command["packing"], command["stage"]) == ("exoplanets_train", "True", "sft")


def test_the_data_set_of_a_preset_can_be_looked_at(board):
    load(board, "gemma3_270m_lora")
    click(board, "Preview dataset")
    wait(board, lambda: field(board, "Count").get_attribute("value") == "445")
    samples = board.find_element(By.CSS_SELECTOR, ".modal-box").text
    assert "SELECT name FROM exoplanets WHERE discovery_year = 2009" in samples


def test_start_trains_into_the_recipes_folder(board, clone):
    load(board, "tiny")
    click(board, "Start")
    out = clone / "out/tiny"
    wait(board, lambda: (out / "adapter_model.safetensors").is_file() and (out / "training_loss.png").is_file(), 180)
    wait(board, lambda: board.find_elements(By.XPATH, "//*[contains(text(), 'Running 2/2')]"))
