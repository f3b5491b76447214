import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pandas as pd
import pytest
from records import finding, measurement, record, with_modes
from report_runs import report_of, write_gallery, write_run

from privbench.base.errors import PrivbenchError
from privbench.judging.ranking import make_boards, read_entry
from privbench.report.marked import marked_folder
from privbench.report.page.build import MARKER, PAGE
from privbench.report.page.runs import split_shared
from privbench.report.tables.areas import areas_table
from privbench.report.tables.leaderboard import leaderboard

EVIL = "<script>alert(1)</script>\"' onfocus=alert(2) $x$ &amp; ]]> --"


class Page(HTMLParser):
    """The elements of a page with their attributes, and the text of each table's rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.tables[-1][-1][-1] += data.strip()

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def build(tmp_path, *folders):
    report_of(folders, tmp_path / "report")
    text = (tmp_path / "report" / PAGE).read_text(encoding="utf-8")
    return text, Page(text)


def leaderboards(page):
    return [table for table in page.tables if table[0][:2] == ["anonymizer", "proven"]]


def test_report_holds_the_page_and_every_plot_for_a_paper(tmp_path):
    write_run(tmp_path / "a", "a", budget=True)
    write_run(tmp_path / "b", "b", 0.6, deformed=True)
    text, page = build(tmp_path, tmp_path / "a", tmp_path / "b")
    plots = {path.name for path in (tmp_path / "report/plots").iterdir()}
    names = [f"b1-{kind}" for kind in ("tradeoff", "roc", "det", "cmc", "findings", "training")]
    names += ["b1-02-a-budget", "b1-01-b-training", "b1-02-a-training"]  # the more private run comes first
    assert plots == {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    assert {link["href"] for link in page.all("a") if "plots/" in (link["href"] or "")} == {f"plots/{p}" for p in plots}
    for image in page.all("img"):
        assert image["alt"] is not None
        assert (tmp_path / "report" / (image["src"] or "")).is_file()
    assert "100.00% of them are folded" not in text
    assert "33.33% of them are folded" in text


def test_same_runs_give_the_same_report(tmp_path):
    write_run(tmp_path / "a", deformed=True)
    for name in ("one", "two"):
        report_of([tmp_path / "a"], tmp_path / name)
    one, two = ({p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*") if p.is_file()}
                for n in ("one", "two"))  # fmt: skip
    assert one == two


def test_the_page_says_the_figures_of_the_leaderboard(tmp_path):
    """Machines get their figures of the same table."""
    for name, verification in (("a", 0.8), ("b", 0.6)):
        write_run(tmp_path / name, name, verification)
    folders = [tmp_path / "a", tmp_path / "b"]
    _, page = build(tmp_path, *folders)
    (board,) = make_boards([read_entry(folder) for folder in folders])
    table = leaderboard(board)
    shown = [place for place, column in enumerate(table.columns) if column.place != "machines"]
    told = [[row[place].text + row[place].below for place in shown] for row in table.groups[0].rows]
    assert [[cell.replace("\u00a0", " ") for cell in row] for row in leaderboards(page)[0][1:]] == told


def test_settings_of_a_method_are_a_curve_and_methods_have_areas(tmp_path):
    write_run(tmp_path / "identity", "identity", 0.95, 0.8, examples=False)
    for setting, verification, classification in ((2, 0.9, 0.75), (8, 0.7, 0.7)):
        told = {"params": {"b": setting}, "examples": False}
        write_run(tmp_path / f"pixelate-{setting}", "pixelate", verification, classification, **told)
    write_run(tmp_path / "noise", "noise", 0.94, 0.55, examples=False)
    text, page = build(tmp_path, *sorted(tmp_path.iterdir()))
    marks = {mark["data-name"]: mark for mark in page.all("g") if mark.get("class") == "mark"}
    assert set(marks) == {"identity", "pixelate b=2", "pixelate b=8", "noise"}
    assert {mark["id"] for mark in marks.values()} == {f"b1-tradeoff-run-{number}" for number in range(4)}
    assert {name for name, mark in marks.items() if "surely beaten in both by" in mark["data-figures"]} == {"noise"}
    assert "var(--faded)" in text
    key = text[text.index('id="b1-tradeoff"') :]
    key = key[key.index('class="key"') : key.index("</ul>")]
    assert re.findall("<bdi>(.*?)</bdi>", key) == ["pixelate, b 2…8", "noise", "identity"]
    assert "Lines join the settings of a method" in text
    (areas,) = [table for table in page.tables if table[0][0] == "method"]
    (board,) = make_boards([read_entry(folder) for folder in tmp_path.glob("[inp]*")])
    told = [[cell.text for cell in row[:3]] for row in areas_table(board).groups[0].rows]
    assert [[cell.replace("\u00a0", " ") for cell in row] for row in areas[1:]] == told


def test_labels_are_text_wherever_they_stand(tmp_path):
    write_run(
        tmp_path / "a", EVIL, params={"b": EVIL}, verdict="weak", warnings=[EVIL], deformed=True, budget=True,
        changes={"versions": {EVIL: EVIL}, "files": {"estimates.safetensors": "f", EVIL: EVIL}},
    )  # fmt: skip
    text, page = build(tmp_path, tmp_path / "a")
    assert len(page.all("script")) == 1
    assert "<script>alert" not in text
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]
    for file in (tmp_path / "report/plots").glob("*.svg"):
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(file.read_bytes()).iter()}
        assert "script" not in tags
    marks = [attributes for attributes in page.all("g") if attributes.get("class") == "mark"]
    assert [mark["data-name"] for mark in marks] == [f"{EVIL} b={EVIL}"]
    assert leaderboards(page)[0][2][0] == f"{EVIL} b={EVIL}"


def test_utility_is_told_in_every_mode(tmp_path):
    for name, classification in (("a", 0.9), ("b", 0.8)):
        run = with_modes(record(name, 0.8, classification))
        write_run(tmp_path / name, name, 0.8, classification,
                  changes={"utilities": run.utilities, "measurements": run.measurements})  # fmt: skip
    text, page = build(tmp_path, tmp_path / "a", tmp_path / "b")
    assert 'id="b1-utility"' in text
    assert len(leaderboards(page)[0][0]) == len(leaderboards(page)[0][1])
    place = [cell.split("⇅")[0] for cell in leaderboards(page)[0][0]].index("retrained-transfer\u00a0↑")
    assert [row[place] for row in leaderboards(page)[0][1:]] == ["0.812", "0.812"]
    tables = {tuple(table[0]): table[1:] for table in page.tables}
    modes = tables["anonymizer", "mean AUC\u00a0↑", "originals", "change", "lost"]
    assert modes[3] == ["classification (retrained-transfer): trained on anonymized images, tested on original ones"]
    assert modes[4][0] == "a"
    assert modes[4][2:] == ["0.893", "-0.081 [-0.131,\u00a0-0.031]", "1"]
    gaps = tables["anonymizer", "groups by", "read worst", "read best", "gap\u00a0↓", "originals", "change", "widened"]
    assert [row[-1] for row in gaps[1:]] == ["yes", "yes"]
    measured = tables["anonymizer", "measure", "mean", "single images", "originals", "change"]
    measures = [["a", "SSIM ↑"], ["b", "SSIM ↑"], ["a", "PSNR, dB ↑"], ["b", "PSNR, dB ↑"]]
    assert [row[:2] for row in measured[1:5]] == measures, "runs stand together"
    by_finding = [table for table in page.tables if table[0][0] == "finding" and table[0][-1] == "p"]
    assert len(by_finding) == 2, "one a run"
    assert by_finding[0][2][1] == "20"
    assert by_finding[0][3][1] == "9*"


def test_every_run_is_told_in_plain_words_above_all_figures(tmp_path):
    for name, verification in (("a", 0.8), ("b", 0.6)):
        write_run(tmp_path / name, name, verification)
    text, page = build(tmp_path, tmp_path / "a", tmp_path / "b")
    assert text.count("Singling out (can one patient be told from all others?)") == 2
    assert text.index("Who was found") < text.index("<table")
    assert 'href="#b1-words"' in text
    ((head, *risks),) = (table for table in page.tables if any(cell.startswith("with one visit") for cell in table[0]))
    place = next(number for number, cell in enumerate(head) if cell.startswith("patients singled out"))
    assert [(row[0], row[place]) for row in risks] == [(name, "0.200 [0.150,\u00a00.250]") for name in ("b", "a")]
    assert len([table for table in page.tables if table[0][0] == "a patient's images"]) == 2, "one a run"


def test_one_run_is_told_in_open_words(tmp_path):
    write_run(tmp_path / "a")
    assert re.search(r'id="b1-words">.*?<details open>', build(tmp_path, tmp_path / "a")[0], re.DOTALL)


def test_names_of_findings_and_measures_are_text(tmp_path):
    run = record("a", 0.8, 0.9)
    told = run.utility.model_copy(update={"findings": [finding(EVIL, 0.7)], "name": EVIL})
    write_run(tmp_path / "a", changes={"utilities": [told], "measurements": [measurement(EVIL, 0.5, unit=EVIL)]})
    text, page = build(tmp_path, tmp_path / "a")
    assert len(page.all("script")) == 1
    assert "<script>alert" not in text
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]


def test_control_characters_do_not_break_the_plots(tmp_path):
    write_run(tmp_path / "a", "nul\x00 esc\x1b turned\u202earound _", params={"b": "_"})
    _, page = build(tmp_path, tmp_path / "a")
    assert leaderboards(page)[0][1][0] == "nul\ufffd esc\ufffd turned\ufffdaround _ b=_"


def test_nothing_is_fetched_and_only_the_own_script_runs(tmp_path):
    write_run(tmp_path / "a")
    text, page = build(tmp_path, tmp_path / "a")
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", text)
    assert "@import" not in text
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "script-src 'sha256-" in policy


def test_ids_are_unique_and_references_resolve(tmp_path):
    write_run(tmp_path / "a", "a", budget=True)
    write_run(tmp_path / "b", "b", fingerprint="f" * 64)
    text, page = build(tmp_path, tmp_path / "a", tmp_path / "b")
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    references = re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"|aria-labelledby=\"([^\"]+)\"", text)
    assert {name for found in references for name in next(filter(None, found)).split()} <= set(ids)


def test_fingerprints_never_share_a_table(tmp_path):
    for name, fingerprint in (("a", "0"), ("b", "0"), ("c", "f")):
        write_run(tmp_path / name, name, fingerprint=fingerprint * 64)
    text, page = build(tmp_path, tmp_path / "a", tmp_path / "b", tmp_path / "c")
    assert [{row[0] for row in table[1:]} for table in leaderboards(page)] == [{"a", "b"}, {"c"}]
    assert "must not be compared" in text


def test_what_is_not_proven_says_so_first_and_stays_below(tmp_path):
    write_run(tmp_path / "starved", "starved", 0.5, verdict="weak")
    write_run(tmp_path / "honest", "honest", 0.9)
    text, page = build(tmp_path, tmp_path / "starved", tmp_path / "honest")
    table = leaderboards(page)[0]
    assert [row[0] for row in table[1:]][::2] == ["honest", "starved"]
    assert table[2][0].startswith("Not ranked")
    assert table[3][1:3] == ["NOT PROVEN: weak", "–"]
    doubt = "starved: the attack is weak, so a low figure is no evidence of privacy"
    assert text.index(doubt) < text.index("<table")


def test_runs_of_one_label_are_told_apart_and_one_run_counts_once(tmp_path):
    for name in ("first", "second"):
        write_run(tmp_path / name, "same", changes={"key": name})
    _, page = build(tmp_path, tmp_path / "first", tmp_path / "second", tmp_path / "first" / ".")
    assert [row[0] for row in leaderboards(page)[0][1:]] == ["same (first)", "same (second)"]


def test_runs_without_examples_findings_or_estimates_are_reported(tmp_path):
    write_run(tmp_path / "a", "a", examples=False, findings=False, changes={"files": {}})
    text, page = build(tmp_path, tmp_path / "a")
    assert "No example images were kept by these runs" in text
    assert leaderboards(page)[0][1][2] == "–"
    write_run(tmp_path / "b", "b")
    text, _ = build(tmp_path, tmp_path / "a", tmp_path / "b")
    assert "No example images were kept by a: " in text


def test_originals_that_runs_share_are_written_once(tmp_path):
    for name in ("a", "b"):
        write_run(tmp_path / name, name)
    build(tmp_path, tmp_path / "a", tmp_path / "b")
    assert len(list((tmp_path / "report/examples").iterdir())) == 3 * 3 + 1  # and the colour bar


@pytest.mark.parametrize("what", ["file", "folder"])
def test_nothing_but_a_report_is_replaced(tmp_path, what):
    write_run(tmp_path / "a")
    out = tmp_path / "mine"
    if what == "file":
        out.write_text("precious")
    else:
        out.mkdir()
        (out / "precious").write_text("x")
    with pytest.raises(PrivbenchError, match="mine .*choose another --out"):
        report_of([tmp_path / "a"], out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "mine"]
    assert (out if what == "file" else out / "precious").is_file()


def test_an_older_report_stays_until_the_new_one_is_finished(tmp_path):
    write_run(tmp_path / "a")
    out = tmp_path / "report"
    out.mkdir()  # an empty folder is in nobody's way
    report_of([tmp_path / "a"], out)
    before = (out / PAGE).read_bytes()
    (tmp_path / "a/scores/linkage.parquet").write_bytes(b"no Parquet")
    with pytest.raises(PrivbenchError, match=r"linkage\.parquet cannot be read"):
        report_of([tmp_path / "a"], out)
    assert (out / PAGE).read_bytes() == before
    with marked_folder(out, MARKER, "report") as folder:
        (folder / "other").touch()
    assert {p.name for p in out.iterdir()} == {"other", MARKER}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "report"]


def test_broken_files_are_told_in_a_sentence(tmp_path):
    write_run(tmp_path / "a", budget=True)
    (tmp_path / "a/budget/budget.csv").write_text("axis,factor\nx,1\n")
    with pytest.raises(PrivbenchError, match=r"budget\.csv lacks the columns amount"):
        report_of([tmp_path / "a"], tmp_path / "report")
    write_run(tmp_path / "b")
    (tmp_path / "b/gallery.safetensors").write_bytes(b"nothing")
    with pytest.raises(PrivbenchError, match=r"gallery\.safetensors cannot be read"):
        report_of([tmp_path / "b"], tmp_path / "report")
    with pytest.raises(PrivbenchError, match="no run"):
        report_of([], tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_many_large_examples_are_cut_down_and_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("privbench.report.page.example_pictures._PIXELS", 2 * 5 * 2000)
    write_run(tmp_path / "a")
    text, _ = build(tmp_path, tmp_path / "a")
    assert "Shown are 2 of 3" in text


def test_trainings_of_all_runs_are_drawn_once(tmp_path):
    def curves(*losses):
        return pd.DataFrame([{"stage": "s", "training": t, "epoch": 0, "train_loss": x} for t, x in losses])

    shared, own = split_shared([curves(("guidance", 1.0), ("a", 2.0)), curves(("guidance", 1.0), ("a", 3.0))])
    assert shared["training"].tolist() == ["guidance"]
    assert [frame["train_loss"].tolist() for frame in own] == [[2.0], [3.0]]
    alone = curves(("guidance", 1.0))
    shared, own = split_shared([alone])
    assert not len(shared)
    assert own[0].equals(alone)


def test_pictures_that_do_not_belong_together_are_refused(tmp_path):
    write_run(tmp_path / "a")
    write_gallery(tmp_path / "a", deformed=True)
    from safetensors.numpy import load_file, save

    tensors = load_file(tmp_path / "a/gallery.safetensors")
    (tmp_path / "a/gallery.safetensors").write_bytes(save(tensors | {"released": tensors["released"][:2]}))
    with pytest.raises(PrivbenchError, match="do not belong together"):
        report_of([tmp_path / "a"], tmp_path / "report")
