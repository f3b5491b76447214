"""The report of a shared run of real radiographs, in a browser: no picture of anybody, and no name."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browsers import chromium
from PIL import Image

import privbench
from privbench.judging.sharing import share_runs
from privbench.record.folder import LINKAGE_SCORES, UTILITY_SCORES
from privbench.report.page.build import PAGE, build_report
from privbench.report.page.runs import read_reported

PATIENTS = 70
_DATA = re.compile(r"data:image/[a-z+]+;base64,([A-Za-z0-9+/=]+)")


@pytest.fixture(scope="module")
def hospital(real_data, tmp_path_factory):
    """The radiographs of some patients, in their published layout, in a folder of its own."""
    source, root = real_data / "chestxray14-mini", tmp_path_factory.mktemp("ward-qzxjvk")
    table = pd.read_csv(source / "Data_Entry_2017_v2020.csv", dtype=str)
    lists = {name: (source / name).read_text().split() for name in ("train_val_list.txt", "test_list.txt")}
    column = table.columns[table.columns.str.lower().str.startswith("patient id")][0]
    kept = []
    for names in lists.values():  # those of most images, who have pairs
        own = table[table["Image Index"].isin(names)]
        kept += own[column].value_counts().index[4 : 4 + PATIENTS // 2].tolist()
    table = table[table[column].isin(kept)]
    table.to_csv(root / "Data_Entry_2017_v2020.csv", index=False)
    (root / "images").mkdir()
    for name in table["Image Index"]:
        (root / "images" / name).symlink_to(source / "images" / name)
    for file, names in lists.items():
        (root / file).write_text("\n".join(name for name in names if name in set(table["Image Index"])))
    return root


@pytest.fixture(scope="module")
def handed_on(hospital, tiny_protocol, tmp_path_factory):
    """Its run, as others get it."""
    base = tmp_path_factory.mktemp("home-of-qzxuser")
    run = privbench.run(
        "prichexy", params={"mu": 0.05}, protocol=str(tiny_protocol), dataset="chestxray14", data_root=hospital,
        store=base / "store", out=base / "run",
    ).folder  # fmt: skip
    (one,) = share_runs([run], base / "shared")
    return one.folder


@pytest.fixture(scope="module")
def report(handed_on, tmp_path_factory):
    folder = tmp_path_factory.mktemp("receiver") / "report"
    build_report([read_reported(handed_on)], folder)
    return folder


@pytest.fixture(scope="module")
def shown(report, tmp_path_factory):
    """What a browser makes of the page, all of it unfolded: its text, and the addresses that it asked for."""
    with chromium(tmp_path_factory.mktemp("browser")) as browser:
        for _ in range(2):
            browser.get_log("performance")  # the first time of the page that the browser begins with
            browser.get((report / PAGE).as_uri())
        browser.execute_script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        whole = browser.execute_script("return document.documentElement.outerHTML + document.body.innerText")
        pictures = browser.execute_script("return [...document.images].map((one) => one.src)")
        assert browser.get_log("browser") == []
        messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return whole, pictures, asked


def tokens_of(hospital, handed_on):
    """Names of images and patients, pseudonyms of both, and folders."""
    names = [file.stem for file in (hospital / "images").iterdir()]
    scores = pd.read_parquet(handed_on / UTILITY_SCORES)
    pseudonyms = {*scores["image"], *scores["patient"]}
    assert len(names) > 150
    assert len(pseudonyms) > PATIENTS / 2
    patients = {name.partition("_")[0] for name in names}
    return {*names, *patients, *pseudonyms, "qzxjvk", "qzxuser", str(Path.home()), str(hospital.parent)}


def originals_of(hospital, handed_on):
    """The radiographs as they lie on disk and as runs decode them, each as the bytes of its pixels."""
    drawn = [np.asarray(Image.open(file).convert("L")) for file in (hospital / "images").iterdir()]
    stored = np.load(next((handed_on.parents[1] / "store" / "data").glob("*/*.npy")), mmap_mode="r")
    assert stored.ndim == 4
    return [*drawn, *stored[:, 0]]


def pictures_in(text, folder):
    """All pictures of a report, as grey pixels: those of its files and those that stand in its page."""
    contents = [file.read_bytes() for file in folder.rglob("*") if file.suffix == ".png"]
    contents += [base64.b64decode(found) for found in _DATA.findall(text)]
    return [np.asarray(Image.open(io.BytesIO(content)).convert("L")) for content in contents]


def test_no_name_is_on_the_page_nor_in_a_file(shown, report, hospital, handed_on):
    tokens = tokens_of(hospital, handed_on)
    whole, _, _ = shown
    assert "prichexy mu=0.05" in whole
    assert [token for token in tokens if token in whole] == []
    for file in (file for file in report.rglob("*") if file.is_file()):
        content = file.name.encode() + file.read_bytes()
        assert [token for token in tokens if token.encode() in content] == [], file


def test_no_name_is_in_the_shared_folder_but_its_pseudonyms(hospital, handed_on):
    scores = pd.read_parquet(handed_on / UTILITY_SCORES)
    tokens = tokens_of(hospital, handed_on) - {*scores["image"], *scores["patient"]}
    for file in (file for file in handed_on.rglob("*") if file.is_file()):
        content = file.name.encode() + file.read_bytes()
        if file.suffix == ".parquet":
            content += pd.read_parquet(file).to_csv().encode()
        assert [token for token in tokens if token.encode() in content] == [], file
    assert len(pd.read_parquet(handed_on / LINKAGE_SCORES)) > 100


def test_no_picture_shows_a_radiograph(shown, report, hospital, handed_on):
    whole, pictures, asked = shown
    originals = originals_of(hospital, handed_on)
    files = [file.read_bytes() for file in (hospital / "images").iterdir()]
    everything = b"".join(file.read_bytes() for file in report.rglob("*") if file.is_file()) + whole.encode()
    for content in files:
        assert content not in everything
        assert base64.b64encode(content)[:200] not in everything
    found = pictures_in(whole, report)
    assert len(found) > 3, "plots"
    sizes = {one.shape for one in originals}
    assert not [one.shape for one in found if one.shape in sizes]
    pixels = [one.tobytes() for one in found]
    assert not [one for one in originals if any(one.tobytes() in content for content in pixels)]
    # A picture within a plot has its rows there.
    rows = {one[len(one) // 2].tobytes() for one in originals}
    assert not [row for row in rows if any(row in content for content in pixels)]
    assert (report / PAGE).as_uri() in asked
    ours = (f"{report.as_uri()}/", "data:")
    assert [url for url in [*pictures, *asked] if not url.startswith(ours)] == []


def test_the_search_finds_a_radiograph_where_there_is_one(hospital, handed_on, tmp_path):
    """So that the one above can fail."""
    original = originals_of(hospital, handed_on)[0]
    Image.fromarray(np.pad(original, 7)).save(tmp_path / "plot.png")
    buffer = io.BytesIO()
    Image.fromarray(original).save(buffer, "PNG")
    text = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    padded, inline = pictures_in(text, tmp_path)
    assert original[32].tobytes() in padded.tobytes()
    assert np.array_equal(inline, original)
