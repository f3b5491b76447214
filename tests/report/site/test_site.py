"""The pages of a leaderboard say what its tables say, lead where they say, and obey no stranger."""

import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest
from handed_in import list_run, submission_of
from hostile import TEXTS, obeyed
from pydantic import ValidationError

from privbench.base.errors import PrivbenchError
from privbench.judging.ranking import make_boards
from privbench.record.submission import SITE_MARKER
from privbench.report.page.build import PAGE
from privbench.report.site.build import build_site
from privbench.report.site.citing import bibtex_of
from privbench.report.tables.leaderboard import leaderboard

EVIL = "<script>alert(1)</script>\"' onfocus=alert(2) $x$ &amp; ]]> --"
STRONGER = {"fingerprint": "b" * 64, "changes": {"created": "2026-05-05T00:00:00+00:00", "key": "later"}}


class Parts(HTMLParser):
    """The elements of a page with their attributes, and all of its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Five entries of three methods under two fingerprints, one of them attacked again."""
    root = tmp_path_factory.mktemp("board")
    return [
        list_run(root / "ribs" / "1", "ribs", 0.6, 0.8, params={"b": 1}, files={"run.json": "0" * 64}),
        list_run(root / "ribs" / "2", "ribs", 0.7, 0.9, params={"b": 2}),
        list_run(root / "ribs" / "3", "ribs", 0.9, 0.8, params={"b": 1}, day="2026-05-06", **STRONGER),
        list_run(root / "blur" / "1", "blur", 0.8, 0.7, method="Blur & Smear", paper="10.1234/blur"),
        list_run(root / "none" / "1", "none", 0.5, 0.95, method="None", verdict="open"),
    ]


@pytest.fixture(scope="module")
def site(board, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "pages"
    build_site(board, folder)
    return folder


def pages_of(site):
    return {path.relative_to(site).as_posix(): Parts(path.read_text()) for path in sorted(site.rglob("*.html"))}


def test_there_is_a_page_a_method_and_one_of_all(site):
    assert list(pages_of(site)) == [
        PAGE, "methods/blur-smear.html", "methods/none.html", "methods/shuffled-ribs.html",
    ]  # fmt: skip
    front = pages_of(site)[PAGE]
    assert [one["id"] for one in front.all("section") if one.get("class") == "board"] == [
        f"table-{'0' * 12}", f"table-{'b' * 12}",
    ]  # fmt: skip
    assert "5 entries of 3 methods" in " ".join(front.text.split())


def test_the_same_entries_give_the_same_bytes(board, site, tmp_path):
    build_site(list(reversed(board)), tmp_path / "again")
    one, two = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (site, tmp_path / "again")
    )
    assert one == two


def test_every_link_leads_somewhere_and_nothing_is_loaded(board, site):
    pages = pages_of(site)
    for name, page in pages.items():
        assert not page.all("img")
        assert not [one for one in page.all("link") if one["href"] != "data:,"]
        assert "default-src 'none'" in page.all("meta")[1]["content"]
        for link in (one["href"] or "" for one in page.all("a")):
            address = urlsplit(link)
            if address.scheme in ("https", "mailto"):
                continue
            target = (site / name).parent / unquote(address.path) if address.path else site / name
            of_entry = {one.folder / "run.json" for one in board} | {one.folder / "submission.json" for one in board}
            assert target.resolve() in of_entry or target.is_file(), (name, link)
            if address.fragment:
                there = pages[target.resolve().relative_to(site).as_posix()]
                assert address.fragment in [attributes.get("id") for _, attributes in there.elements]


def test_figures_are_those_of_the_leaderboard_and_machines_get_them(board, site):
    told = pd.read_csv(site / "leaderboard.csv")
    assert len(told) == 5
    assert told["entry"].tolist() == ["ribs/1", "ribs/2", "blur/1", "none/1", "ribs/3"]
    (first, _) = make_boards([one.entry for one in board])
    expected = [row[0].figures["anonymizer"] for group in leaderboard(first).groups for row in group.rows]
    assert told["anonymizer"].tolist()[:4] == expected
    assert told["worst_case_auc"].tolist() == [0.6, 0.7, 0.8, 0.5, 0.9]
    assert told["privacy_rank_best"].tolist()[:3] == [1, 2, 3]
    assert pd.isna(told["privacy_rank_best"][3]), "an open one has no rank, though its figure is the lowest"
    assert [one["entry"] for one in json.loads((site / "leaderboard.json").read_text())] == told["entry"].tolist()


def test_an_entry_says_when_it_was_last_attacked_with_what_and_what_was_found(site):
    told = pd.read_csv(site / "leaderboard.csv").set_index("entry")
    assert told["last_attacked"].to_dict() == {
        "ribs/1": "2026-05-05", "ribs/2": "2026-01-01", "blur/1": "2026-01-01", "none/1": "2026-01-01",
        "ribs/3": "2026-05-05",
    }  # fmt: skip
    assert told["worst_known_auc"].to_dict()["ribs/1"] == 0.9
    assert set(told["last_attacked_with"]) == {"siamese (paper), contrastive (informed)"}
    text = " ".join(pages_of(site)[PAGE].text.split())
    assert f"by contrastive (informed), 2026-05-05, in {'b' * 12}" in text
    method = " ".join(pages_of(site)["methods/shuffled-ribs.html"].text.split())
    assert "Last attacked on 2026-05-05 by siamese (paper), contrastive (informed)." in method


def test_what_beats_a_method_is_called_as_its_makers_do(site):
    told = pd.read_csv(site / "leaderboard.csv").set_index("entry")["dominated_by"].dropna().to_dict()
    assert told == {"blur/1": "ribs/1"}
    page = pages_of(site)[PAGE]
    assert "Shuffled Ribs, ribs b=1" in " ".join(page.text.split())
    said = [figures for _, attributes in page.elements if (figures := attributes.get("data-figures"))]
    (of_blur,) = [one for one in said if "surely beaten in both by" in one]
    assert of_blur.startswith("blur; ")
    assert of_blur.endswith("surely beaten in both by Shuffled Ribs, ribs b=1")


def test_a_setting_is_beaten_by_another_one_of_its_method(tmp_path):
    runs = [(0.6, 0.9, 1), (0.8, 0.7, 2)]
    build_site(
        [list_run(tmp_path / "ribs" / str(b), "ribs", p, u, params={"b": b}) for p, u, b in runs], tmp_path / "pages"
    )
    page = pages_of(tmp_path / "pages")[PAGE]
    (figures,) = [
        one for _, attributes in page.elements if "surely beaten" in (one := attributes.get("data-figures") or "")
    ]
    assert figures.startswith("ribs b=2; ")
    assert figures.endswith("by Shuffled Ribs, ribs b=1")


def test_a_table_of_data_without_findings_has_its_page(tmp_path):
    build_site([list_run(tmp_path / "ribs" / "1", "ribs", 0.6, findings=False)], tmp_path / "pages")
    assert pd.read_csv(tmp_path / "pages" / "leaderboard.csv")["worst_case_auc"].tolist() == [0.6]


def test_what_was_replaced_stays_in_the_history(board, tmp_path):
    again = list_run(
        tmp_path / "ribs" / "4", "ribs", 0.65, 0.8, params={"b": 1}, day="2026-07-01",
        changes={"created": "2026-06-30T00:00:00+00:00", "key": "again"},
    )  # fmt: skip
    build_site([*board, again], tmp_path / "pages")
    told = pd.read_csv(tmp_path / "pages" / "leaderboard.csv")
    assert told["entry"].tolist() == ["ribs/4", "ribs/2", "blur/1", "none/1", "ribs/3"]
    for name in (PAGE, "methods/shuffled-ribs.html"):
        text = " ".join(pages_of(tmp_path / "pages")[name].text.split())
        assert "no: 2026-06-30 found 0.650" in text
        assert "6 entries of 3 methods" in text or name != PAGE


def test_a_method_is_cited(site):
    bib, cff = ((site / "methods" / f"blur-smear.{ending}").read_text() for ending in ("bib", "cff"))
    assert bib.startswith(
        "@misc{blur-smear-privbench-2026,\n  title = {{Blur \\& Smear} on the privbench leaderboard},"
    )
    assert "url = {https://doi.org/10.1234/blur}" in bib
    assert bib.count("{") == bib.count("}")
    lines = dict(line.split(": ", 1) for line in cff.splitlines() if ": " in line and not line.startswith("  "))
    assert lines["cff-version"] == "1.2.0"
    assert json.loads(lines["title"]) == "Blur & Smear on the privbench leaderboard"
    assert json.loads(lines["date-released"]) == "2026-03-01"
    assert bib.splitlines()[0] in pages_of(site)["methods/blur-smear.html"].text


def test_no_text_ends_a_citation():
    bib = bibtex_of(submission_of("a } , year = {1} \\ %_#^~$& {").method, "2026", ["f" * 64])
    depth, lowest = 0, 1
    for number, letter in enumerate(bib):
        depth += (letter == "{") - (letter == "}")
        if 10 < number < len(bib) - 2:
            lowest = min(lowest, depth)
    assert (depth, lowest) == (0, 1), "all fields stand within the entry, which ends where it ends"
    assert "year = {1}" not in bib
    assert r"\textbackslash{} \%\_\#\textasciicircum{}\textasciitilde{}\$\&" in bib


def test_a_protocol_that_is_not_the_one_of_its_name_says_so(board, tmp_path):
    protocol = board[0].record.protocol
    other = protocol | {"certificate": protocol["certificate"] | {"found": 0.4}}
    mine = list_run(tmp_path / "e" / "1", "e", 0.5, 0.9, method="E", fingerprint="e" * 64, changes={"protocol": other})
    own = list_run(
        tmp_path / "f" / "1", "f", 0.5, 0.9, method="F", fingerprint="f" * 64,
        changes={"protocol": protocol | {"name": "/etc/hosts.toml"}},
    )  # fmt: skip
    sections = build_site([mine, own, board[0]], tmp_path / "pages")
    assert [(one.fingerprint[0], one.changes) for one in sections] == [
        ("0", []), ("f", None), ("e", ["certificate.found: 0.05 / 0.4"]),
    ]  # fmt: skip
    text = " ".join(pages_of(tmp_path / "pages")[PAGE].text.split())
    assert "Not the protocol of that name which comes with privbench: 1 field differs" in text
    assert "A protocol of the submitters’ own" in text


def test_a_table_speaks_for_all_of_its_entries(board, tmp_path):
    """And not its first one alone: whose protocol differs, what is a curve, and what is certified."""
    protocol = board[0].record.protocol
    other = protocol | {"certificate": protocol["certificate"] | {"found": 0.4}}
    listed = [
        list_run(tmp_path / "e" / "1", "identity", 0.9, 0.9, method="Not proven"),
        list_run(tmp_path / "e" / "2", "pixelate", 0.7, 0.7, method="P", params={"b": 8}, changes={"protocol": other}),
        list_run(tmp_path / "e" / "3", "pixelate", 0.8, 0.8, method="P", params={"b": 2}),
        list_run(tmp_path / "e" / "4", "blur", 0.6, 0.8, method="Proven", verdict="open"),
    ]
    (joined,) = build_site(listed, tmp_path / "pages")
    assert joined.changes == ["certificate.found: 0.05 / 0.4"]
    assert "Lines join the settings of a method" in joined.curves.note
    marks = [one for one in Parts(joined.curves.svg).all("g") if one.get("class") == "mark"]
    assert {one["data-name"]: one["data-certified"] for one in marks} == {
        "Not proven": "true", "P": "true", "Proven": "false",
    }  # fmt: skip
    told = pd.read_csv(tmp_path / "pages" / "leaderboard.csv")
    assert set(told["method"]) == {"Not proven", "P", "Proven"}, "areas call them by the names of their anonymizers"
    (single,) = build_site(listed[::3], tmp_path / "others")
    assert "grey" not in single.curves.note


def test_texts_of_strangers_are_texts(tmp_path):
    evil = list_run(
        tmp_path / "evil" / "1", EVIL, 0.7, 0.8, method=EVIL, description=f"{EVIL} " + EVIL, authors=[EVIL],
        data_terms=EVIL, params={"b": EVIL}, warnings=[EVIL],
    )  # fmt: skip
    build_site([evil], tmp_path / "pages")
    for name, page in pages_of(tmp_path / "pages").items():
        assert len(page.all("script")) == 1
        assert "<script>alert" not in (tmp_path / "pages" / name).read_text()
        assert not [one for _, attributes in page.elements for one in attributes if one.startswith("on")]
        assert EVIL in page.text
        for link in page.all("a"):
            assert (link["href"] or "").split(":")[0] not in ("javascript", "data")


def test_no_text_gives_a_row_the_name_of_another(board, tmp_path):
    """Runs of one label are told apart by their folders, and a label may say what comes of that."""
    one = list_run(tmp_path / "one" / "1", "one", 0.7, 0.8, method="One", changes={"key": "1"})
    two = list_run(tmp_path / "two" / "2", "one", 0.75, 0.8, method="Two", changes={"key": "2"})
    forged = list_run(tmp_path / "evil" / "3", f"{one.record.label} (1)", 0.9, 0.8, method="Evil", changes={"key": "3"})
    build_site([one, two, forged], tmp_path / "pages")
    told = pd.read_csv(tmp_path / "pages" / "leaderboard.csv")
    assert list(zip(told["method"], told["entry"], told["worst_case_auc"], strict=True)) == [
        ("One", "one/1", 0.7), ("Two", "two/2", 0.75), ("Evil", "evil/3", 0.9),
    ]  # fmt: skip


def test_no_text_turns_a_page_around(tmp_path):
    listed = []
    for number, text in enumerate(TEXTS):
        told = {"params": {"b": text}, "warnings": [text], "changes": {"key": str(number)}}
        folder, name = tmp_path / f"m{number}" / "1", f"A{number} {text}"
        try:
            listed.append(list_run(folder, f"a{number}{text}", 0.7, 0.8, method=name, **told))
        except ValidationError:  # refused before it is shown
            listed.append(list_run(folder.with_name("2"), f"a{number}{text}", 0.7, 0.8, method=f"A{number}", **told))
    assert len({one.submission.method.name for one in listed}) == len(TEXTS)
    build_site(listed, tmp_path / "pages")
    for path in (path for path in (tmp_path / "pages").rglob("*") if path.suffix in (".html", ".bib", ".cff", ".csv")):
        assert obeyed(path.read_text()) == set(), path


def test_pages_take_the_place_of_older_ones_and_of_nothing_else(board, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("mine")
    with pytest.raises(PrivbenchError, match="holds something else than a leaderboard's site of privbench"):
        build_site(board, tmp_path / "mine")
    build_site(board, tmp_path / "pages")
    build_site(board[-1:], tmp_path / "pages")
    assert list(pages_of(tmp_path / "pages")) == [PAGE, "methods/none.html"]
    assert json.loads((tmp_path / "pages" / SITE_MARKER).read_text())["files"].keys() >= {PAGE, "methods/none.html"}
    assert Path(tmp_path / "mine" / "note.txt").read_text() == "mine"
