"""The page in a real browser: ask, edit, run, table, chart, errors, repairs, history, uploads, hostile names and cells.

Needs chromium, chromedriver and the Python package selenium; without them every test here skips.
"""

import json
import time
from contextlib import closing

import pytest

from tests.databases import make_database
from tests.serve import attack_files
from tests.serve.conftest import Running

pytest.importorskip("selenium.webdriver", reason="needs the Python package selenium")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
BY_KIND = "SELECT kind, sum(price) AS total FROM item GROUP BY kind"
SET_VALUE = """
const [sql, text, database, name] = arguments;
database.value = name;
document.getElementById("answer").hidden = false;
document.getElementById("result").replaceChildren();
sql.value = JSON.parse(text);
"""
BY_DAY = "SELECT day, price FROM item WHERE price > 0"


class Page:
    """What a person does on the page."""

    def __init__(self, browser, server: Running) -> None:
        self.browser = browser
        browser.set_window_size(1280, 900)
        browser.get(server.address)
        self.until(lambda: self.all("#tables summary"))

    def one(self, selector: str):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        return [element.text for element in self.all(selector)]

    def until(self, condition, seconds: float = 20):
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, self.one("body").text
            time.sleep(0.05)
        return found

    def ask(self, question: str) -> None:
        field = self.one("#question")
        field.clear()
        field.send_keys(question, Keys.ENTER)
        self.until(lambda: self.one("#status").text.startswith("answered") or self.one("#error").is_displayed())

    def run(self, sql: str) -> None:
        field = self.one("#sql")
        field.clear()
        field.send_keys(sql, Keys.CONTROL, Keys.ENTER)
        self.until(lambda: self.all("#result table") or self.one("#error").is_displayed())

    def cells(self) -> list[list[str]]:
        return [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")] for row in self.all("#result tbody tr")]

    def problems(self) -> list[str]:
        """What the browser complained of, beside statuses that the page shows itself."""
        return [entry["message"] for entry in self.browser.get_log("browser") if "status of" not in entry["message"]]


@pytest.fixture
def page(browser, server):
    opened = Page(browser, server)
    browser.execute_script("localStorage.clear()")
    opened.problems()
    yield opened
    assert opened.problems() == []


def test_ask_edit_run_and_meet_an_error(page):
    page.ask(f"«{BY_KIND}»")
    assert page.one("#sql").get_property("value") == BY_KIND
    assert page.cells() == [["cup", "5.5"], ["plate", "7.25"], ["spoon", "NULL"]]
    assert page.one("#chart").get_attribute("data-kind") == "bar"
    assert len(page.all("#chart rect")) == 2
    assert page.one("#confidence").text == "confidence 50 %"

    page.run(BY_DAY)
    assert len(page.cells()) == 3
    assert page.one("#chart").get_attribute("data-kind") == "line"
    assert len(page.all("#chart circle")) == 3

    page.run("SELECT colour FROM item")
    assert page.one("#error").text == "no such column: colour"
    assert (page.all("#result table"), page.one("#chart").is_displayed()) == ([], False)

    page.run("SELECT name FROM item")
    assert not page.one("#error").is_displayed()
    assert not page.one("#chart").is_displayed()


def test_the_sql_grows_while_it_is_written_and_esc_stops_it(page):
    page.one("#question").send_keys(f"slowly «SELECT {'1' * 300}»", Keys.ENTER)
    lengths = [page.until(lambda n=n: len(page.one("#sql").get_property("value")) > n) for n in (3, 12)]
    assert all(lengths)
    assert page.one("#status").text == "writing"
    page.one("#question").send_keys(Keys.ESCAPE)
    page.until(lambda: page.one("#status").text == "stopped")
    page.ask("«SELECT 5»")
    assert page.cells() == [["5"]]


def test_repairs_are_shown(page):
    page.ask("«SELECT name, copies FROM item WHERE copies > 5»")
    assert page.cells() == [["red cup", "10"]]
    assert page.texts("#repairs li")


def test_a_header_sorts_and_rows_are_copied(page):
    page.ask("«SELECT name, price FROM item»")
    header = page.all("#result thead button")[1]
    header.click()
    assert [row[1] for row in page.cells()] == ["NULL", "2.5", "3", "7.25"]
    header.click()
    assert [row[1] for row in page.cells()] == ["7.25", "3", "2.5", "NULL"]
    assert page.all("#result th")[1].get_attribute("aria-sort") == "descending"
    header.click()
    assert [row[1] for row in page.cells()] == ["2.5", "3", "7.25", "NULL"]


def test_the_rows_are_downloaded_as_csv(page, browser, tmp_path):
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.ask("""«SELECT name, 'a "b", c' AS "q,r" FROM item WHERE id IN (1, 4)»""")
    page.one('#result button[title^="Download"]').click()
    file = tmp_path / "result.csv"
    page.until(file.exists)
    assert file.read_bytes().decode("utf-8-sig") == 'name,"q,r"\r\nred cup,"a ""b"", c"\r\n,"a ""b"", c"\r\n'


def test_whole_numbers_keep_all_their_digits(page):
    page.ask("«SELECT 9223372036854775807 AS big»")
    assert page.cells() == [["9223372036854775807"]]


def test_history_brings_a_question_back(page, browser):
    page.ask("«SELECT 1 AS a»")
    page.ask("«SELECT 2 AS a»")
    browser.refresh()
    page.until(lambda: page.texts("#asked button") == ["«SELECT 2 AS a»", "«SELECT 1 AS a»"])
    page.all("#asked button")[1].click()
    page.until(lambda: page.cells() == [["1"]])
    page.one("#forget").click()
    assert page.texts("#asked button") == []


def test_a_follow_up_sends_the_turns_before(page):
    page.ask("first")
    assert page.one("#sql").get_property("value") == "SELECT 2"  # pieces of a prompt without history
    page.one("#following").click()
    page.ask("second")
    assert page.one("#sql").get_property("value") == "SELECT 4"


def test_a_follow_up_builds_on_what_ran_as_it_was_edited(page):
    page.ask("«SELECT 1 AS a»")
    page.run("SELECT 7 AS a")
    page.one("#following").click()
    page.ask("«SELECT nothing»")
    page.ask("«again»")  # the model repeats what the turn before was answered
    assert page.one("#sql").get_property("value") == "SELECT 7 AS a"


def test_a_follow_up_of_an_old_question_builds_on_that(page):
    page.ask("«SELECT 1 AS a»")
    page.ask("«SELECT 2 AS a»")
    page.one("#following").click()
    page.all("#asked button")[1].click()
    page.until(lambda: page.cells() == [["1"]])
    assert not page.one("#following").is_selected()
    page.one("#following").click()
    page.ask("«again»")
    assert page.one("#sql").get_property("value") == "SELECT 1 AS a"


def test_where_nothing_ran_there_is_no_follow_up(page):
    page.ask("«SELECT nothing»")
    assert not page.one("#follow").is_displayed()


def test_the_schema_has_sample_rows_and_examples_suit_it(page):
    assert page.texts("#tables > details > summary") == ["item", "sale"]
    assert "red cup" in page.one("#tables .sample").text
    page.all(".examples button")[0].click()
    assert page.one("#question").get_property("value") == "How many items are there?"
    page.until(lambda: page.one("#status").text.startswith("answered"))


def test_keys_do_everything(page, browser):
    body = page.one("body")
    page.one("#question").send_keys(Keys.ESCAPE)
    assert browser.switch_to.active_element.tag_name == "body"
    body.send_keys("/")
    assert browser.switch_to.active_element.get_attribute("id") == "question"
    browser.switch_to.active_element.send_keys("«SELECT 3»", Keys.CONTROL, Keys.ENTER)
    page.until(lambda: page.cells() == [["3"]])


def test_an_upload_is_opened_and_an_unreadable_one_is_an_error(page, tmp_path):
    (tmp_path / "towns.csv").write_text("city,people\nParis,2100000\nLyon,520000\n")
    (tmp_path / "bad.sqlite").write_text("nothing")
    (tmp_path / "big.csv").write_bytes(b"a\n" + b"1\n" * 2**20)
    for name, error in (
        ("bad.sqlite", "bad.sqlite: not an SQLite database"),
        ("big.csv", "big.csv is larger than 1 MB"),
    ):
        page.one("#file").send_keys(str(tmp_path / name))
        page.until(lambda error=error: page.one("#error").text == error)
    page.one("#file").send_keys(str(tmp_path / "towns.csv"))
    page.until(lambda: page.one("#status").text.endswith("is open"))
    assert page.texts("#tables > details > summary") == [
        page.one("#status").text.removesuffix(" is open").split("-")[0]
    ]
    page.ask("«SELECT city, people FROM towns»")
    assert page.cells() == [["Paris", "2100000"], ["Lyon", "520000"]]
    assert page.one("#chart").get_attribute("data-kind") == "bar"


def test_a_million_rows_are_shown_in_part(page):
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000) SELECT i FROM n"
    page.ask(f"«{rows}»")
    assert page.one("#result .count").text == "the first 10,000 rows"
    assert len(page.all("#result tbody tr")) == 200


def test_names_and_cells_with_html_are_text(browser, start, tmp_path):
    literal = "'" + HOSTILE.replace("'", "''") + "'"
    script = f"CREATE TABLE {literal} ({literal} TEXT, n INT); INSERT INTO {literal} VALUES ({literal}, 1), ('x', 2);"
    database = make_database(tmp_path / f"{HOSTILE.replace('/', '')}.sqlite", script)
    page = Page(browser, start(database))
    quoted = HOSTILE.replace('"', '""')
    page.ask(f'«SELECT * FROM "{quoted}"»')
    assert page.cells()[0][0] == HOSTILE
    assert page.one("#chart").get_attribute("data-kind") == "bar"
    page.run(f"SELECT [{HOSTILE}x]")
    assert page.one("#error").text == f"no such column: {HOSTILE}x"
    assert HOSTILE in page.texts("#tables summary")
    assert page.all("main img, aside img, main script, aside script") == []
    assert browser.title == "Ask the database"
    assert page.problems() == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_on_a_phone_or_a_desk(browser, server, width, scheme):
    view = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", view)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        page = Page(browser, server)
        columns = ", ".join(f"'{'wide' * 9}' AS a_long_column_name_{n}" for n in range(12))
        for question in (f"«SELECT {columns}»", f"«{BY_KIND}»", f"«{BY_DAY}»"):
            page.ask(question)
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, ground[4:-1].split(","))) < 200) == (scheme == "dark")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_server_that_is_gone_is_said(browser, start, shop):
    server = start(shop)
    with closing(server.client):
        page = Page(browser, server)
        server.stop()
        page.ask("«SELECT 1»")
        assert page.one("#error").text == "the server does not answer; is it still running?"
        page.problems()


@attack_files.NEEDED
def test_every_attack_in_the_edit_box_ends_in_rows_or_an_error(browser, start, tmp_path):
    with attack_files.served(start, tmp_path) as server:
        page = Page(browser, server)
        for attack in attack_files.attacks():
            text = json.dumps(attack.text)  # half a character does not pass the driver
            browser.execute_script(SET_VALUE, page.one("#sql"), text, page.one("#database"), attack.database)
            page.one("#sql").send_keys(Keys.CONTROL, Keys.ENTER)
            page.until(lambda: "busy" not in page.one("body").get_attribute("class"))
            assert page.all("#result table") or page.one("#error").text or not attack.text.strip(), attack.text[:80]
        assert page.all("main img, aside img, main script, aside script") == []
        assert browser.title == "Ask the database"
        assert page.problems() == []
