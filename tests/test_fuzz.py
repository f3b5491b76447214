"""Damaged and hostile run folders work, or are refused with a sentence; no figure changes in silence."""

import pytest
from conftest import TINY
from fuzz import OVERRIDES, TARGETS, changed_toml, outcome, protocol_outcome
from fuzz_images import FILES, changed_images, image_outcome
from fuzz_tables import changed_tables, listing_outcome, listings, table_outcome, write_images, write_tree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FEW = settings(max_examples=5, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", TARGETS)
def test_run_folders(name, finished, tmp_path):
    target = TARGETS[name]

    @FEW
    @given(target.change(finished.folder))
    def holds(change):
        assert outcome(target, change, finished.folder, tmp_path / "run") in ("works", "refused")

    holds()


def test_tables(tmp_path):
    write_images(tmp_path / "data")

    @settings(FEW, max_examples=80)
    @given(changed_tables())
    def holds(change):
        outcomes.append(table_outcome(change, tmp_path / "data", tmp_path / "stored"))

    outcomes = []
    holds()
    assert set(outcomes) == {"works", "refused"}, "both are tried"


def test_listings(tmp_path):
    write_tree(tmp_path / "data")

    @settings(FEW, max_examples=150)
    @given(listings())
    def holds(change):
        outcomes.append(listing_outcome(change, tmp_path / "data", tmp_path / "stored"))

    outcomes = []
    holds()
    assert set(outcomes) == {"works", "refused"}, "both are tried"


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_to_be_changed_are_read_or_refused_for_what_they_are(name, tmp_path):
    refused = name in ("palette.png", "interlaced.png")  # transparent in places; other passes than it says
    assert image_outcome((name, FILES[name]()), tmp_path) == ("refused" if refused else "works")


def test_images(tmp_path):
    @settings(FEW, max_examples=300)
    @given(changed_images())
    def holds(change):
        outcomes.append(image_outcome(change, tmp_path))

    outcomes = []
    holds()
    assert set(outcomes) == {"works", "refused"}, "both are tried"


@settings(FEW, max_examples=60)
@given(text=changed_toml(TINY), overrides=st.lists(OVERRIDES, max_size=2))
def test_protocols(text, overrides, tmp_path_factory):
    file = tmp_path_factory.getbasetemp() / "changed.toml"
    assert protocol_outcome(text, overrides, file) in ("works", "refused")
