"""report.html in a real browser: filters, layout from phone to desktop, light and dark, and hostile text.

Needs chromium, chromedriver and the Python package selenium; without them every test here skips.
"""

import re
import time
from pathlib import Path

import pytest

from evaluate.compare import compare
from evaluate.reports.aggregate import aggregate
from evaluate.reports.compare_report import Run, render_comparison
from evaluate.reports.report_html import render_report
from tests.evaluate.reports.result_rows import make_row, make_rows

pytest.importorskip("selenium.webdriver", reason="needs the Python package selenium")
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.slow

WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
LONG_SQL = "SELECT\n\t" + ", ".join(f"a_rather_long_column_name_{n}" for n in range(40)) + "\nFROM t\n  -- x\n"
HOSTILE = "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"


def rows() -> list[dict]:
    """1034 examples: two hostile or unwieldy ones first, then plain ones of which every third is wrong."""
    wide = {"columns": [f"column {n}" for n in range(20)], "rows": [[f"value {n}" for n in range(20)]], "total": 900}
    changes = {"sql": LONG_SQL, "preview": {"gold": wide, "prediction": wide}, "error_class": "wrong_columns"}
    first = [
        make_row("hostile", outcome="error", question=HOSTILE, sql=HOSTILE, completion=HOSTILE, error=HOSTILE),
        make_row("wide" * 12, outcome="wrong_result", db_id="a_database_with_a_name_of_many_words_in_it", **changes),
    ]
    plain = [
        make_row(n, outcome="correct" if n % 3 else "wrong_result", db_id=f"database_{n % 20}") for n in range(1032)
    ]
    return first + plain


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    examples = rows()
    report, base = (aggregate(some, run={"name": "adapter"}, resamples=50) for some in (examples, make_rows(20, 20)))
    path.write_text(render_report(report, examples, baseline=base), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def comparison(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("comparison") / "comparison.html"
    second = [row | {"outcome": "correct"} if row["id"] == 0 else row for row in rows()]
    runs = [Run("a_base_model_with_quite_a_long_name", rows()), Run("adapter", second)]
    path.write_text(render_comparison(runs, compare(runs)), encoding="utf-8")
    return path


def visit(browser, page: Path, width: int = 1280, scheme: str = "light") -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get_log("browser")  # reading empties it
    browser.get(page.as_uri())


def shown(browser) -> str:
    return browser.find_element(By.ID, "shown").text


def buttons(browser) -> list:
    """Those of the examples, once the page's script has made them."""
    deadline = time.monotonic() + 10
    while (
        not (found := browser.find_elements(By.CSS_SELECTOR, "#examples-table .open")) and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    return found


def wait_for(browser, text: str) -> None:
    deadline = time.monotonic() + 3
    while shown(browser) != text and time.monotonic() < deadline:
        time.sleep(0.02)
    assert shown(browser) == text


def choose(browser, name: str, value: str) -> None:
    option = f'#filters select[name="{name}"] option[value="{value}"]'
    browser.find_element(By.CSS_SELECTOR, option).click()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["page", "comparison"])
def test_nothing_is_wider_than_the_screen_with_every_example_open(browser, request, name, width):
    visit(browser, request.getfixturevalue(name), width)
    browser.find_element(By.ID, "open-all").click()
    for details in browser.find_elements(By.CSS_SELECTOR, "figure details > summary"):
        details.click()
    script = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    needed, given = browser.execute_script(script)
    assert needed <= given == width


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("selector", ["body", ".muted", ".rule", ".facts", "summary", ".open", "pre", "caption"])
def test_text_stands_out_from_what_is_behind_it(browser, page, scheme, selector):
    visit(browser, page, scheme=scheme)
    buttons(browser)[0].click()
    assert contrast(browser, selector) >= 4.5


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_the_page_follows_light_and_dark(browser, page, scheme, is_dark):
    visit(browser, page, scheme=scheme)
    assert (luminance(behind(browser, "body")) < 0.1) == is_dark


def test_hostile_text_is_shown_and_never_run(browser, page):
    visit(browser, page)
    buttons(browser)[0].click()
    text = browser.find_element(By.CSS_SELECTOR, "#examples-table").text
    assert HOSTILE in text
    assert browser.title == "adapter: text-to-SQL evaluation"


def test_the_page_asks_nothing_of_the_network_and_reports_no_error(browser, page):
    visit(browser, page)
    requests = browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    # The icon is `data:,` so that the browser does not ask for /favicon.ico.
    assert [name for name in requests if not name.startswith("data:")] == []
    assert browser.get_log("browser") == []


def test_sql_is_shown_with_its_white_space(browser, page):
    visit(browser, page)
    buttons(browser)[1].click()
    texts = [block.get_property("textContent") for block in browser.find_elements(By.CSS_SELECTOR, ".detail pre")]
    assert LONG_SQL in texts


def test_an_example_opens_to_both_queries_results_and_reason_and_closes(browser, page):
    visit(browser, page)
    button = buttons(browser)[2]
    button.click()
    detail = browser.find_element(By.ID, button.get_attribute("aria-controls")).text
    expected = [
        "Gold",
        "Gold result: 1 row",
        "Prediction",
        "Predicted result: 1 row",
        "Reason: Wrong result, wrong value.",
    ]
    assert [part for part in expected if part not in detail] == []
    button.click()
    assert browser.find_elements(By.CSS_SELECTOR, ".detail") == []


def test_filters_combine_and_clear(browser, page):
    visit(browser, page)
    choose(browser, "outcome", "wrong_result")
    wait_for(browser, "1 to 50 of 345 examples (1034 in all)")
    choose(browser, "database", "database_3")
    wait_for(browser, "1 to 18 of 18 examples (1034 in all)")
    browser.find_element(By.ID, "clear").click()
    wait_for(browser, "1 to 50 of 1034 examples")


def test_a_filter_that_would_name_every_example_is_left_out(browser, tmp_path):
    examples = [make_row(n, db_id=f"row_{n}") for n in range(30)]
    path = tmp_path / "report.html"
    path.write_text(render_report(aggregate(examples, run={}, resamples=20), examples), encoding="utf-8")
    visit(browser, path)
    names = [field.get_attribute("name") for field in browser.find_elements(By.CSS_SELECTOR, "#filters select")]
    assert "hardness" in names
    assert "database" not in names
    browser.find_element(By.NAME, "text").send_keys("row_17")
    wait_for(browser, "1 to 1 of 1 example (30 in all)")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("OLDER THAN 1031", "1 to 1 of 1 example (1034 in all)"),
        ("a_rather_long_column_name_39", "1 to 1 of 1 example (1034 in all)"),
        ("no such text", "0 examples (1034 in all)"),
    ],
)
def test_search_looks_into_questions_and_sql(browser, page, text, result):
    visit(browser, page)
    browser.find_element(By.NAME, "text").send_keys(text)
    wait_for(browser, result)


def test_a_bar_lists_its_examples(browser, page):
    visit(browser, page)
    link = browser.find_element(By.CSS_SELECTOR, 'a[data-filter="outcome:error"]')
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", link)
    link.click()
    wait_for(browser, "1 to 1 of 1 example (1034 in all)")


def test_gained_examples_are_a_click_away(browser, comparison):
    visit(browser, comparison)
    browser.find_element(By.CSS_SELECTOR, 'a[data-filter="change:gained by B"]').click()
    wait_for(browser, "1 to 1 of 1 example (1034 in all)")
    assert re.sub(r"\s+", " ", browser.find_element(By.CSS_SELECTOR, ".example td:last-child").text) == (
        "A: Wrong result wrong value B: Correct wrong value"
    )


def test_pages_lead_to_the_last_example(browser, page):
    visit(browser, page)
    following = browser.find_element(By.ID, "next")
    while following.is_enabled():
        browser.execute_script("arguments[0].click()", following)
    assert (shown(browser), buttons(browser)[-1].text) == ("1001 to 1034 of 1034 examples", "1031")


def test_a_search_of_a_thousand_examples_takes_less_than_half_a_second(browser, page):
    visit(browser, page)
    script = """
        const input = document.querySelector('#filters select[name="outcome"]');
        const done = arguments[0], start = performance.now();
        new MutationObserver(() => done(performance.now() - start))
            .observe(document.getElementById("shown"), {childList: true});
        input.value = "wrong_result";
        input.dispatchEvent(new Event("change", {bubbles: true}));
    """
    assert browser.execute_async_script(script) < 500


def test_every_field_has_a_label_and_every_column_a_heading(browser, page):
    visit(browser, page)
    fields = browser.find_elements(By.CSS_SELECTOR, "#filters input, #filters select")
    assert all(browser.execute_script("return arguments[0].labels.length", field) == 1 for field in fields)
    assert len(fields) == 6
    headings = browser.find_elements(By.CSS_SELECTOR, "#examples-table > thead th[scope=col]")
    assert [heading.text for heading in headings] == ["Example", "Question", "Verdict and reason"]


def contrast(browser, selector: str) -> float:
    """WCAG 2's contrast ratio of the first element's text with the background behind it."""
    color = browser.execute_script("return getComputedStyle(document.querySelector(arguments[0])).color", selector)
    lighter, darker = sorted((luminance(numbers(color)), luminance(behind(browser, selector))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def behind(browser, selector: str) -> list[float]:
    """The first background up the tree that is not transparent."""
    script = """
        let node = document.querySelector(arguments[0]);
        while (getComputedStyle(node).backgroundColor === "rgba(0, 0, 0, 0)") node = node.parentElement;
        return getComputedStyle(node).backgroundColor;
    """
    return numbers(browser.execute_script(script, selector))


def numbers(color: str) -> list[float]:
    return [float(part) for part in re.findall(r"[\d.]+", color)[:3]]


def luminance(color: list[float]) -> float:
    """WCAG 2's relative luminance of an sRGB colour given as 0..255."""
    parts = [part / 255 for part in color]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
