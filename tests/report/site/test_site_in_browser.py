"""The pages of a leaderboard in a real browser, opened from disk."""

import json

import pytest
from browsers import chromium, find_all, resize
from handed_in import list_run

from privbench.report.page.build import PAGE
from privbench.report.site.build import build_site

EVIL = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two tables: three methods, one of them evil and one not proven, and one that was attacked again."""
    root = tmp_path_factory.mktemp("board")
    again = {"fingerprint": "b" * 64, "changes": {"created": "2026-05-05T00:00:00+00:00", "key": "later"}}
    listed = [
        list_run(root / "ribs" / "1", "ribs", 0.6, 0.8, params={"b": 1}, files={"run.json": "0" * 64}),
        list_run(root / "ribs" / "2", "ribs", 0.7, 0.9, params={"b": 2}),
        list_run(root / "ribs" / "3", "ribs", 0.9, 0.8, params={"b": 1}, day="2026-05-06", **again),
        list_run(root / "evil" / "1", EVIL, 0.8, 0.7, method=EVIL, description=EVIL + EVIL, warnings=[EVIL]),
        list_run(root / "none" / "1", "none", 0.5, 0.95, method="None", verdict="open"),
    ]
    build_site(listed, root / "a folder" / "site")
    return root / "a folder" / "site"


@pytest.fixture(scope="module")
def browser(site, tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def page(browser, site):
    """The front page, freshly opened in a window of 1200 x 900 pixels."""
    resize(browser, 1200)
    browser.get("about:blank")
    browser.get((site / PAGE).as_uri())
    return browser


def _shown(page):
    """The methods whose rows are to be seen, table by table."""
    return [row.text.split("\n")[0] for row in find_all(page, "table.leaderboard tbody tr:not(.group) th")
            if row.is_displayed()]  # fmt: skip


def test_every_page_opens_from_disk_without_an_error_or_a_request(browser, site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) == 4
    browser.get((site / PAGE).as_uri())  # the page that the browser begins with asks for much
    browser.get_log("browser")
    browser.get_log("performance")
    for one in pages:
        browser.get(one.as_uri())
        browser.execute_script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert browser.title != "broken"
        assert browser.execute_script("return document.images.length") == 0
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert {url for url in urls if not url.startswith("data:,")} == {one.as_uri() for one in pages}


def test_filters_show_what_is_asked_for(page):
    from selenium.webdriver.support.ui import Select

    whole = ["Shuffled Ribs", "Shuffled Ribs", EVIL, "None", "Shuffled Ribs"]
    assert _shown(page) == whole
    count, (text,) = find_all(page, "#filter-count")[0], find_all(page, "#filter-text")
    assert count.text == "5 of 5 shown"
    text.send_keys("RIBS B=1")
    assert _shown(page) == ["Shuffled Ribs", "Shuffled Ribs"]
    assert count.text == "2 of 5 shown"
    left = "return [...document.querySelectorAll('#table-000000000000 .mark:not(.out)')].map((one) => one.dataset.name)"
    assert page.execute_script(left) == ["Shuffled Ribs"]
    text.clear()
    text.send_keys("nobody")
    assert (_shown(page), count.text) == ([], "0 of 5 shown")
    page.execute_script(
        "arguments[0].value = ''; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))", text
    )
    find_all(page, "#filter-certified")[0].click()
    assert _shown(page) == ["Shuffled Ribs", "Shuffled Ribs", EVIL, "Shuffled Ribs"]
    assert not any(head.is_displayed() for head in find_all(page, "tr.group"))
    Select(find_all(page, "#filter-table")[0]).select_by_value("table-bbbbbbbbbbbb")
    assert (_shown(page), count.text) == (["Shuffled Ribs"], "1 of 5 shown")


def test_an_open_entry_stays_below_however_the_table_is_sorted(page):
    head = find_all(page, "table.leaderboard thead th")
    place = next(number for number, one in enumerate(head) if one.text.startswith("worst-case AUC"))
    for _ in range(2):
        find_all(page, "table.leaderboard thead button")[place].click()
        assert _shown(page)[3] == "None"


def test_a_method_leads_to_its_page_and_back_to_its_table(page, site):
    link = next(one for one in find_all(page, "table.leaderboard th a") if one.text == "Shuffled Ribs")
    link.click()
    assert page.current_url == (site / "methods" / "shuffled-ribs.html").as_uri()
    assert find_all(page, "h1")[0].text == "Shuffled Ribs"
    next(one for one in find_all(page, "#history td a") if one.text.startswith("phantom")).click()
    assert page.current_url == f"{(site / PAGE).as_uri()}#table-bbbbbbbbbbbb"
    top = "return document.querySelector(location.hash).getBoundingClientRect().top"
    assert abs(page.execute_script(top)) < 900


def test_a_point_names_its_entry(page):
    mark = next(one for one in find_all(page, ".mark") if one.get_attribute("data-name") == "Shuffled Ribs")
    page.execute_script("arguments[0].focus()", mark)
    tip = next(one for one in find_all(page, ".tip") if one.is_displayed())
    assert tip.text.startswith("Shuffled Ribs\nribs b=")
    assert "privacy 0." in tip.text


@pytest.mark.parametrize("name", [PAGE, "methods/shuffled-ribs.html"])
def test_on_a_telephone_only_tables_scroll_sideways(page, site, name):
    resize(page, 360)
    page.get((site / name).as_uri())
    page.execute_script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360
    too_wide = (
        "return [...document.querySelectorAll('main *')].filter((one) => !one.closest('.scroll, svg, .tip') &&"
        " one.getBoundingClientRect().right > 361).map((one) => one.outerHTML.slice(0, 80))"
    )
    assert page.execute_script(too_wide) == []


def test_it_is_dark_where_the_reader_wants_it_dark(page):
    ask = "const s = getComputedStyle(document.querySelector('.filters')); return [s.backgroundColor, s.color]"
    light = page.execute_script(ask)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})
    assert page.execute_script(ask) != light
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
