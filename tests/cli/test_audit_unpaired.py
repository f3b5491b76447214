"""`privbench audit --unpaired`: folders of synthetic images whose truth is known, through all commands."""

import json
import shutil

import numpy as np
import pytest
from command_line import call
from PIL import Image
from report_runs import forge

from privbench.base.progress import Progress
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.interfaces import DataRequest
from privbench.record.folder import CURVES_PLOT, DRAW_SCORES, UNPAIRED_RUNS_HAVE, files_of
from privbench.record.run import read_run
from privbench.record.scores import read_scores, write_scores
from privbench.report.page.build import PAGE

COUNT = 120
FINDINGS = list(PhantomDataset.findings)


def phantom(seed):
    """The images and the table of the tiny protocol's phantom; of another seed, those of other patients."""
    data = PhantomDataset(patients=60, test_share=0.3)
    request = DataRequest(32, seed, None, 1, Progress(quiet=True))
    table = data.table(request)
    return np.concatenate([chunk.images for chunk in data.read(table, request)]), table


def write(folder, images):
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image[0]).save(folder / f"{number:04d}.png")
    return folder


@pytest.fixture(scope="module")
def runs(tiny_protocol, store, tmp_path_factory):
    """The run of one who copies training and validation images, and of one who draws others; with findings, without."""
    folder = tmp_path_factory.mktemp("unpaired")
    images, table = phantom(0)
    rows = np.random.default_rng(0).permutation(np.flatnonzero(table["split"] != "test"))[:COUNT]
    copier = write(folder / "copier", images[rows])
    labels = table[FINDINGS].iloc[rows].reset_index(drop=True)
    labels.insert(0, "image", [f"{number:04d}.png" for number in range(COUNT)])
    labels.to_csv(folder / "labels.csv", index=False)
    fresh = write(folder / "fresh", phantom(77)[0][:COUNT])
    told = {
        "copies": [copier, "--learnt-from", "train,val", "--findings", folder / "labels.csv", "--param", "steps=9"],
        "fresh": [fresh],
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, arguments in told.items():
            assert not call(patch, "audit", *arguments, "--unpaired", "--name", name, "--protocol", tiny_protocol,
                            "--store", store, "--out", folder / f"run {name}", "--quiet")  # fmt: skip
    return {name: folder / f"run {name}" for name in told}


def test_who_copies_is_told_to_copy_and_to_remember(runs):
    record = read_run(runs["copies"])
    found = record.unpaired
    assert record.label == "copies steps=9"
    assert (found.images, found.labelled, found.learnt_from, found.assumed) == (COUNT, COUNT, ["train", "val"], False)
    assert (found.copies.share, found.copies.exact, found.copies.training) == (1, 1, 1)
    assert (found.copies.originals, found.copies.original_patients) == (265, 60)
    assert found.memorization.value == 1
    assert found.memorization.alarms
    assert found.membership.value > 0.8
    assert record.utility.mode == "retrained-transfer"
    assert record.utility.original is not None
    assert (record.worst_case, record.attacks, record.copies, record.measurements) == (None, [], None, [])
    for sentence in ("it publishes radiographs of patients: 100.0%", "it memorizes", "it tells whom it learnt from"):
        assert any(sentence in warning for warning in record.warnings), sentence


def test_who_draws_others_is_accused_of_nothing_and_cleared_of_nothing(runs):
    record = read_run(runs["fresh"])
    found = record.unpaired
    assert (found.copies.exact, found.copies.share, found.copies.patients_shown) == (0, 0, 0)
    assert not found.copies.publishes_originals
    assert not found.copies.saw_test
    for figure in (found.memorization, found.membership):
        assert figure.interval.low <= 0.5 <= figure.interval.high
        assert figure.verdict == "not shown"
    assert (found.assumed, found.labelled, record.utilities) == (True, 0, [])
    assert not record.certified
    assert "nothing here says that it is private" in record.doubt
    assert any("utility is not judged" in warning for warning in record.warnings)


def test_a_run_holds_what_it_has_to_and_nothing_tells_where_the_release_lies(runs):
    for folder in runs.values():
        record = read_run(folder)
        assert set(files_of(record)) == set(record.files)
        assert set(UNPAIRED_RUNS_HAVE) <= set(record.files)
        assert (CURVES_PLOT in record.files) == bool(record.utilities), "without findings nothing is trained"
        for file in folder.rglob("*"):
            assert file.is_dir() or str(folder.parent).encode() not in file.read_bytes(), file


def test_figures_are_recomputed_and_an_edit_is_found(privbench, runs, store, tmp_path):
    for folder in runs.values():
        told = privbench("verify", folder, "--store", store)
        assert told.code == 0, told.out
    forged = tmp_path / "forged"
    shutil.copytree(runs["copies"], forged)
    scores = read_scores(forged / DRAW_SCORES)
    write_scores(scores.assign(exact=False, likeness=0.1), forged / DRAW_SCORES)
    forge(forged, DRAW_SCORES)
    told = privbench("verify", forged, "--store", tmp_path / "none")
    assert told.code == 1
    assert "unpaired.copies.share is 1" in told.out
    values = json.loads((forged / "run.json").read_bytes())
    for name, value in {"learnt_from": ["train"], "assumed": True, "labelled": 9, "test_named": False}.items():
        changed = values | {"unpaired": values["unpaired"] | {name: value}}
        (forged / "run.json").write_text(json.dumps(changed))
        told = privbench("verify", forged, "--store", tmp_path / "none").out
        assert f"unpaired.{name} is not what the fingerprint was made of" in told
    silent = shutil.copytree(runs["fresh"], tmp_path / "silent")
    values = json.loads((silent / "run.json").read_bytes())
    values["warnings"] = [text for text in values["warnings"] if "nobody said from which" not in text]
    (silent / "run.json").write_text(json.dumps(values))
    assert "nobody said from which patients" in privbench("verify", silent, "--store", tmp_path / "none").out


def test_tables_report_and_shared_runs_tell_what_was_not_attacked(privbench, runs, tmp_path):
    folders = list(runs.values())
    told = privbench("leaderboard", *folders).out
    assert told.count("NOT ATTACKED for linkage") == 2
    assert "cannot be judged: no one knows of which original an image was made" in told
    assert privbench("report", *folders, "--out", tmp_path / "report").code == 0
    page = (tmp_path / "report" / PAGE).read_text()
    assert "What cannot be judged" in page
    assert "Not judged: nobody said which findings the released images show." in page
    shared = privbench("share", *folders, "--out", tmp_path / "shared")
    assert shared.code == 0, shared.err
    assert privbench("verify", *(tmp_path / "shared").iterdir()).code == 0
    refused = privbench("share", folders[0], "--with-weights", "--out", tmp_path / "more")
    assert refused.code == 2
    assert "the weights of who made it are not known" in refused.err
    told = privbench("compare", folders[0], folders[0])
    assert told.code == 0
    assert "unpaired release: memorization" in told.out


def test_of_a_table_without_splits_copies_are_judged_and_memory_is_not(privbench, runs, tiny_protocol, store, tmp_path):
    """Nobody but privbench knows its own test patients, so no generator can have left them out."""
    images, table = phantom(0)
    root = write(tmp_path / "house", images)
    names = [f"{row:04d}.png" for row in range(len(table))]
    listed = table.drop(columns=["split", "spacing_x", "spacing_y"]).assign(image=names)
    listed.to_csv(root / "list.csv", index=False)
    out = tmp_path / "run"
    told = privbench("audit", runs["copies"].parent / "copier", "--unpaired", "--name", "g", "--originals", root,
                     "--dataset", "table", "--protocol", tiny_protocol, "--store", store, "--out", out)  # fmt: skip
    assert told.code == 0, told.err
    found = read_run(out).unpaired
    assert (found.copies.share, found.test_named, found.learnt_from) == (1, False, ["train", "val"])
    assert found.copies.saw_test, "some of whom it copied were drawn for the test"
    assert (found.memorization.verdict, found.membership.verdict) == ("not judged", "not judged")
    assert "nobody knows which patients the generator never saw" in told.out
    assert privbench("verify", out).code == 0
    counts = table["patient"].value_counts()
    alone = int((counts.value_counts() == 1).sum())
    assert alone, "somebody has a number of images that nobody else has"
    told = privbench("share", out, "--out", tmp_path / "shared")
    assert told.code == 0, told.err
    assert f"{alone} of 60 patients are the only ones with as many images" in " ".join((told.out + told.err).split())
    assert privbench("verify", *(tmp_path / "shared").iterdir()).code == 0


@pytest.mark.parametrize("command", [["baseline", "-o", "b.json"], ["budget"], ["leaderboard", "--plot", "p.png"]])
def test_what_needs_a_worst_case_is_refused_in_a_sentence(privbench, runs, command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    name, *options = command
    told = privbench(name, runs["copies"], *options)
    assert told.code == 2
    assert "was not judged: no one knows of which original an image was made" in told.err
    assert not list(tmp_path.iterdir())


def test_no_release_is_made_by_a_generator_that_is_not_at_hand(privbench, runs, tmp_path):
    told = privbench("anonymize", runs["fresh"].parent / "fresh", tmp_path / "out", "--run", runs["fresh"])
    assert told.code == 2
    assert "made elsewhere, so its method is not at hand" in told.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--unpaired", "--map", "m.csv"], "--map tells of which original each image is"),
        (["--learnt-from", "train"], "--learnt-from and --findings are told of unpaired images"),
        (["--unpaired", "--learnt-from", "train,test"], "a generator is judged beside test patients"),
        (["--unpaired", "--learnt-from", "train"], "patients whom privbench draws for its own validation"),
        (["--unpaired", "--findings", "nowhere.csv"], "There is no file nowhere.csv"),
    ],
)
def test_mistakes_are_told_before_anything_is_computed(privbench, tiny_protocol, tmp_path, arguments, message):
    folder = write(tmp_path / "release", np.zeros((2, 1, 32, 32), np.uint8))
    told = privbench("audit", folder, "--name", "g", "--protocol", tiny_protocol, "--store", tmp_path / "s", *arguments)
    assert told.code == 2
    assert message in told.err
