"""What is told of a method is short, whole, and can lead nobody astray."""

import json

import pytest
from handed_in import submission_of
from hostile import TEXTS
from pydantic import ValidationError
from records import record

from privbench.base.errors import PrivbenchError
from privbench.record.submission import FILE, read_submission, slug_of


@pytest.mark.parametrize(
    ("name", "slug"),
    [("PriCheXy-Net", "prichexy-net"), ("k-Same (α=2)", "k-same-2"), ("Fluß & Öl", "flu-ol"), ("プライバシー", ""),
     ("../../etc", "etc"), ("a" * 120, "a" * 120)],
)  # fmt: skip
def test_a_name_has_a_folder_of_letters_and_digits(name, slug):
    assert slug_of(name) == slug


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "プライバシー", "no letter or digit of ASCII"),
        ("name", " Site ", "blanks beside one another"),
        ("name", "Site", "the name of a folder, which holds the pages"),
        ("description", "too short", "at least 60 characters"),
        ("description", "x" * 2001, "at most 2000 characters"),
        ("description", "two\nlines" * 20, "line breaks"),
        ("description", "turned \u202eround" * 20, "cannot be shown"),
        ("authors", [], "at least 1 item"),
        ("contact", "me", "neither an e-mail address"),
        ("contact", "javascript:alert(1)", "neither an e-mail address"),
        ("contact", "a@b.org?subject=x", "neither an e-mail address"),
        ("licence", "free as in beer", "no SPDX expression"),
        ("code", "http://example.org", "begins with https://"),
        ("code", 'https://example.org/"onclick="x', "begins with https://"),
        ("code", "https://user:word@example.org/", "begins with https://"),
        ("paper", "doi 10.1234", "neither a DOI"),
        ("paper", "10.1234/<b>", "neither a DOI"),
    ],
)
def test_what_does_not_do_is_refused(field, value, why):
    with pytest.raises(ValidationError, match=why):
        submission_of(**{field: value})


def test_what_does_is_taken():
    method = submission_of(
        licence="apache-2.0 or LicenseRef-mine", contact="https://example.org/us", paper="10.1234/a-b.c(1)",
        code="https://example.org:8443/a/b?c=d#e",
    ).method  # fmt: skip
    assert method.licence == "Apache-2.0 OR LicenseRef-mine"
    assert method.paper_address == "https://doi.org/10.1234/a-b.c(1)"
    assert submission_of(paper="https://example.org/x").method.paper_address == "https://example.org/x"
    assert submission_of().method.paper_address is None


@pytest.mark.parametrize("text", TEXTS)
def test_texts_of_strangers_are_on_one_line_and_printable_or_refused(text):
    try:
        name = submission_of(name=f"a{text}").method.name
    except ValidationError:
        return
    assert name.isprintable()
    assert name == " ".join(name.split())


@pytest.mark.parametrize("day", ["2026-02-30", "20260301", "yesterday", "2026-03-01T00:00"])
def test_a_day_is_a_day(day):
    with pytest.raises(ValidationError, match="submitted"):
        submission_of(day=day)


@pytest.mark.parametrize("name", ["../run.json", "/etc/passwd", "a/b/c", "a b", ""])
def test_files_are_those_of_an_entry(name):
    with pytest.raises(ValidationError, match="no file of an entry"):
        submission_of(files={name: "0" * 64})


def test_its_place_hangs_on_day_method_fingerprint_and_run():
    run = record("../a", 0.8, 0.7, fingerprint="<x>")
    assert submission_of().place(run.model_copy(update={"fingerprint": "ab" * 32, "key": "c" * 64})) == (
        "shuffled-ribs/2026-03-01-abababab-cccccccc"
    )
    assert submission_of().place(run) == "shuffled-ribs/2026-03-01-x-a", "and is a path below the leaderboard"


def test_it_is_read_as_it_was_written_and_not_otherwise(tmp_path):
    told = submission_of().sealed()
    (tmp_path / FILE).write_text(told.model_dump_json())
    assert read_submission(tmp_path) == told
    values = json.loads(told.model_dump_json())
    for wrong in (values | {"schema_version": 2}, values | {"more": 1}, values | {"method": {}}, [], "x"):
        (tmp_path / FILE).write_text(json.dumps(wrong))
        with pytest.raises(PrivbenchError, match=r"submission.json is no submission \("):
            read_submission(tmp_path)
    (tmp_path / FILE).unlink()
    with pytest.raises(PrivbenchError, match="is no entry of a leaderboard: there is no submission.json"):
        read_submission(tmp_path)
