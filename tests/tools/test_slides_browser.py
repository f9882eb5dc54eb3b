"""docs/slides.html in a real browser: keys, swipes, a phone's width, dark mode, and one page a slide when printed.

Needs chromium, chromedriver and the Python package selenium; without them every test here skips.
"""

import base64
import re

import pytest

from tests.conftest import ROOT

pytest.importorskip("selenium.webdriver", reason="needs the Python package selenium")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.common.print_page_options import PrintOptions

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs/slides.html").as_uri()
SLIDES = range(1, 11)


def visit(browser, width: int, height: int, *, slide: int = 1, touch: bool = False) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch, "maxTouchPoints": 1})
    browser.get("about:blank")
    browser.get_log("browser")  # reading empties it
    browser.get(f"{PAGE}#{slide}")


def shown(browser) -> list[int]:
    """The numbers of the slides that can be seen."""
    slides = browser.find_elements(By.CSS_SELECTOR, ".slide")
    return [number for number, slide in enumerate(slides, start=1) if slide.is_displayed()]


def press(browser, key: str) -> None:
    browser.find_element(By.TAG_NAME, "body").send_keys(key)


def swipe(browser, start: int, end: int, *, down: int = 0) -> None:
    points = [[{"x": start, "y": 300}], [{"x": end, "y": 300 + down}], []]
    for kind, touched in zip(("touchStart", "touchMove", "touchEnd"), points, strict=True):
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})


def test_arrow_keys_go_through_all_ten_and_no_further(browser):
    visit(browser, 1280, 720)
    seen = [shown(browser)]
    for _ in range(10):
        press(browser, Keys.ARROW_RIGHT)
        seen.append(shown(browser))
    assert seen == [[number] for number in (*SLIDES, 10)]
    press(browser, Keys.ARROW_LEFT)
    assert shown(browser) == [9]
    press(browser, Keys.HOME)
    assert shown(browser) == [1]


def test_swipes_turn_the_slides_and_scrolling_does_not(browser):
    visit(browser, 380, 760, touch=True)
    swipe(browser, 300, 100)
    assert shown(browser) == [2]
    swipe(browser, 200, 140, down=-200)
    assert shown(browser) == [2]
    swipe(browser, 100, 300)
    assert shown(browser) == [1]


def test_the_buttons_turn_the_slides_and_say_where_one_is(browser):
    visit(browser, 380, 760)
    browser.find_element(By.ID, "next").click()
    assert (shown(browser), browser.find_element(By.ID, "place").text) == ([2], "2 / 10")
    assert browser.current_url.endswith("#2")
    browser.find_element(By.ID, "previous").click()
    assert shown(browser) == [1]


@pytest.mark.parametrize("slide", SLIDES)
@pytest.mark.parametrize("width", [320, 380, 768, 1280])
def test_nothing_is_wider_than_the_screen_and_no_error_is_logged(browser, width, slide):
    visit(browser, width, 720, slide=slide, touch=width < 500)
    assert shown(browser) == [slide]
    wide = """
        const limit = document.documentElement.clientWidth;
        const boxes = [...document.querySelectorAll(".slide.current *")].map((node) => node.getBoundingClientRect());
        return [document.documentElement.scrollWidth, Math.max(...boxes.map((box) => box.right)), limit];
    """
    page, right, limit = browser.execute_script(wide)
    assert page <= limit == width
    assert right <= limit + 0.5
    assert browser.get_log("browser") == []
    assert browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)") == []


@pytest.mark.parametrize("slide", SLIDES)
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1366, 768), (1920, 1080)])
def test_a_slide_fits_a_wide_screen_without_scrolling(browser, width, height, slide):
    visit(browser, width, height, slide=slide)
    assert browser.execute_script("return document.documentElement.scrollHeight") <= height


@pytest.mark.parametrize("slide", [4, 7])
@pytest.mark.parametrize("width", [320, 1280])
def test_labels_and_figures_of_a_chart_do_not_touch(browser, width, slide):
    visit(browser, width, 720, slide=slide)
    script = """
        return [...document.querySelectorAll(".slide.current .chart g")].map((group) => {
            const box = (name) => group.querySelector(name).getBoundingClientRect();
            return box(".figure").left - box(".label").right;
        });
    """
    gaps = browser.execute_script(script)
    assert len(gaps) >= 6
    assert min(gaps) > 0


def pages(pdf: str) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(pdf)))


@pytest.mark.parametrize(("width", "height"), [(21.59, 27.94), (21.0, 29.7), (29.7, 21.0)])
def test_it_prints_one_slide_a_page_on_paper(browser, width, height):
    visit(browser, 1280, 720, slide=3)
    options = PrintOptions()
    options.page_width, options.page_height = width, height
    assert pages(browser.print_page(options)) == 10


def test_it_prints_one_slide_a_page_in_its_own_size(browser):
    visit(browser, 380, 760)
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    assert pages(printed["data"]) == 10


def test_without_script_every_slide_is_there(browser):
    visit(browser, 380, 760)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(PAGE)
        assert shown(browser) == list(SLIDES)
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
