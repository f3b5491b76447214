"""A stage's name as text stands in run.json and names its streams: it must never change by the way."""

import re
from pathlib import Path

import pytest

import privbench
from privbench.base.seeds import derive_seed
from privbench.protocols.kinds import Compared, Kind
from privbench.running.stage_names import (
    ANONYMIZER,
    CLASSIFIER,
    DATA,
    RELEASE,
    UNPAIRED_VERSIONS,
    VERIFIER,
    VERSIONS,
    StageName,
)

RUNNING = Path(privbench.__file__).parent / "running"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (DATA, "data"),
        (CLASSIFIER, "classifier"),
        (VERIFIER, "verifier"),
        (ANONYMIZER, "anonymizer"),
        (RELEASE, "release"),
        (StageName("release", number=0), "release 0"),
        (StageName("attack", ("contrastive", "AO"), 0), "attack contrastive AO 0"),
        (StageName("attack", ("contrastive", Compared.ACROSS), 12), "attack contrastive AO 12"),
        (StageName("task", ("classification", Kind.ANONYMIZED), 1), "task classification A 1"),
        (StageName("linkage", ("(floor)",)), "linkage (floor)"),
    ],
)
def test_a_name_reads_as_it_always_did(name, text):
    assert str(name) == text


def test_the_streams_of_a_stage_hang_on_its_text():
    """The numbers are those of a stage's first release: a name that read otherwise would draw other noise."""
    assert derive_seed(0, str(StageName("attack", ("contrastive", "AO"), 0)), "gallery") == derive_seed(
        0, "attack contrastive AO 0", "gallery"
    )
    seeds = {derive_seed(0, str(one), "noise") for one in (RELEASE, *(StageName("release", (), n) for n in range(3)))}
    assert len(seeds) == 4


def test_names_that_differ_are_different_stages():
    one = StageName("attack", ("a",), 0)
    assert len({one, StageName("attack", ("a",), 1), StageName("attack", ("a",)), StageName("attack", ("a",), 0)}) == 3


def test_every_kind_of_stage_has_a_version_and_every_version_a_stage():
    sources = "\n".join(path.read_text() for path in RUNNING.glob("*.py"))
    named = set(re.findall(r'StageName\(\s*"([a-z]+)"', sources))
    assert {"data", "attack", "task"} <= named <= VERSIONS.keys() | UNPAIRED_VERSIONS.keys()
    code = "\n".join(path.read_text() for path in RUNNING.glob("*.py") if path.name != "stage_names.py")
    constants = {"data": "DATA", "classifier": "CLASSIFIER", "verifier": "VERIFIER", "anonymizer": "ANONYMIZER"}
    for kind in VERSIONS | UNPAIRED_VERSIONS:
        assert f'"{kind}"' in code or constants.get(kind, kind.upper()) in code, f"no stage is of the kind {kind}"


def test_every_stage_of_a_run_is_of_a_known_kind(finished):
    assert {stage.name.split()[0] for stage in finished.record.stages} <= VERSIONS.keys()


def test_versions_are_whole_numbers_as_text():
    assert all(version.isdigit() and int(version) > 0 for version in VERSIONS.values())
