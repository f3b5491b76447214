"""The page in a real browser, opened from disk."""

import json
from pathlib import Path

import pytest
from browsers import chromium, find_all, resize
from report_runs import report_of, write_run

from privbench.report.page.build import PAGE

EVIL = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report of four runs: names that sort otherwise as text than as numbers, one evil, one not proven."""
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "1", "method-10", 0.95, 0.9, deformed=True, budget=True)
    write_run(folder / "2", "method-9", 0.6, 0.55)
    write_run(folder / "3", EVIL, 0.75, 0.8, warnings=[EVIL])
    write_run(folder / "4", "starved", 0.5, 0.85, verdict="weak")
    report_of(sorted(folder.iterdir()), folder / "report")
    return folder / "report"


@pytest.fixture(scope="module")
def browser(report, tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def page(browser, report):
    """The page, freshly opened in a window of 1200 x 900 pixels."""
    resize(browser, 1200)
    browser.get((report / PAGE).as_uri())
    return browser


def _names(page) -> list[str]:
    return [cell.text for cell in find_all(page, "table.leaderboard th[scope=row]")]


def _press(element, key: str) -> None:
    from selenium.webdriver.common.keys import Keys

    element.send_keys(getattr(Keys, key))


def test_it_opens_from_disk_without_an_error_or_a_request(page, report):
    page.get_log("browser")
    page.get_log("performance")
    page.get((report / PAGE).as_uri())
    page.execute_script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert page.execute_script("return [...document.images].every((one) => one.complete && one.naturalWidth > 0)")
    assert page.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert (report / PAGE).as_uri() in urls
    assert [url for url in urls if not url.startswith((f"{report.as_uri()}/", "data:,"))] == []


def test_a_header_sorts_by_click_and_by_key(page):
    head = find_all(page, "table.leaderboard thead th")
    by_name, by_utility = head[0], next(one for one in head if "classification" in one.text)
    button = find_all(page, "table.leaderboard thead button")[head.index(by_utility)]
    button.click()
    assert by_utility.get_attribute("aria-sort") == "ascending"
    assert _names(page) == ["method-9", EVIL, "method-10", "starved"]
    _press(button, "ENTER")
    assert by_utility.get_attribute("aria-sort") == "descending"
    # What is not proven stays below, though its utility would put it second.
    assert _names(page) == ["method-10", EVIL, "method-9", "starved"]
    assert "descending" in find_all(page, "#announcer")[0].get_attribute("textContent")
    _press(find_all(page, "table.leaderboard thead button")[0], "SPACE")
    assert by_utility.get_attribute("aria-sort") == "none"
    assert by_name.get_attribute("aria-sort") == "ascending"
    assert _names(page) == [EVIL, "method-9", "method-10", "starved"]


def test_figures_sort_as_numbers_and_what_is_missing_comes_last(page):
    table = "table.sortable:not(.leaderboard)"
    heads = find_all(page, f"{table} thead button")
    place = next(number for number, one in enumerate(heads) if one.text.startswith("positives"))
    heads[place].click()
    figures = page.execute_script(
        "return [...arguments[0].closest('table').tBodies[0].rows].map((row) => parseInt(row.cells[1].textContent))",
        heads[place],
    )
    assert figures == [9, 10]


def test_a_point_names_its_run_when_hovered_and_when_focused(page):
    from selenium.webdriver.common.action_chains import ActionChains

    marks = {mark.get_attribute("data-name"): mark for mark in find_all(page, "#b1-tradeoff .mark")}
    assert set(marks) == {"method-10", "method-9", EVIL, "starved"}
    tip = find_all(page, "#b1-tradeoff .tip")[0]
    assert not tip.is_displayed()
    ActionChains(page).move_to_element(marks["method-9"]).perform()
    assert tip.text.splitlines()[0] == "method-9"
    assert "privacy 0.600 [0.550, 0.650] by contrastive (informed)" in tip.text
    ActionChains(page).move_to_element(find_all(page, "h1")[0]).perform()
    assert not tip.is_displayed()
    page.execute_script("arguments[0].focus()", marks[EVIL])
    assert tip.text.splitlines()[0] == EVIL
    page.execute_script("arguments[0].focus()", marks["starved"])
    assert "not proven: the attack is weak" in tip.text
    assert page.switch_to.active_element.accessible_name.startswith("starved: privacy 0.500")
    _press(page.switch_to.active_element, "ESCAPE")
    assert not tip.is_displayed()


def test_an_evil_label_stays_text(page):
    assert page.title == "privbench report"
    assert len(find_all(page, "script")) == 1
    assert find_all(page, "img[src=x]") == []
    assert EVIL in _names(page)


@pytest.mark.parametrize("width", [400, 1600])
def test_the_body_never_scrolls_sideways(page, width):
    resize(page, width)
    page.execute_script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width


def test_the_first_key_leads_past_the_navigation(page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    ActionChains(page).send_keys(Keys.TAB).perform()
    assert page.switch_to.active_element.text == "Skip to the figures"
    _press(page.switch_to.active_element, "ENTER")
    assert page.switch_to.active_element.get_attribute("id") == "main"


def test_it_is_readable_in_the_dark(page):
    ask = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
    light = page.execute_script(ask)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})
    assert page.execute_script(ask) != light
    label = "return getComputedStyle(document.querySelector('#b1-tradeoff svg text')).fill"
    assert page.execute_script(label) == page.execute_script(ask)[1]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_links_lead_to_files_of_the_report(page, report):
    links = [link.get_attribute("href") for link in find_all(page, ".files a")]
    assert links
    assert all(Path(link.removeprefix("file://")).is_relative_to(report) for link in links)
    assert all(Path(link.removeprefix("file://")).is_file() for link in links)
