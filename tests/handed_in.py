"""Runs made up from their scores, so that every figure follows from these and `verify` finds nothing; and entries.

No network is trained: attackers and classifiers say what a strength and noise make them say.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from records import image_table, log_odds, readings
from report_runs import write_run

from privbench.base.files import digest_of, digests, sha256
from privbench.data.pairs import Pairs
from privbench.data.patients import one_a_patient
from privbench.data.splits import Split
from privbench.evaluate.run import Evaluation, evaluate, warnings_of
from privbench.judging.attack_track import ListedRun
from privbench.judging.provenance import _NEEDED, _scored
from privbench.judging.ranking import read_entry
from privbench.judging.submitting import submit_runs
from privbench.protocols.kinds import CONTROL, Kind
from privbench.protocols.schema import FLOOR, Protocol, fingerprint_of, load_protocol, without_places
from privbench.record.estimates import write_estimates
from privbench.record.folder import ANONYMIZER, ANONYMIZER_STATE, files_of, seal, write_run_scores
from privbench.record.run import FILE as RUN
from privbench.record.run import AnonymizerRecord, RunRecord, StageRecord, read_run
from privbench.record.scores import (
    COPIES_COLUMNS,
    INFERENCE_COLUMNS,
    MEASUREMENT_COLUMNS,
    OTHER_PATIENT,
    AttackOrigin,
    AttackScores,
    gallery_searches,
    linkage_scores,
    own_image_ranks,
    retrieval_ranks,
    stacked,
)
from privbench.record.submission import FILE, MethodRecord, SubmissionRecord, read_submission
from privbench.running.run_folder import MARKER
from privbench.running.stage_names import DATA

CHANGES = (
    "attacks.siamese=none", "attacks.distillation=none", "attacks.correlation=none", "attacks.contrastive={}",
    "statistics.resamples=100",
)  # fmt: skip
STRONGER = "attacks.correlation={}"
"""A change of the protocol by which one more attack is tried."""
CLASSES = ("Mass",)
ABOUT = {
    "name": '"Shuffled Ribs"',
    "description": """'''
Moves the ribs of a radiograph about, so that nobody is known by them,
and leaves the lungs where they were.
'''""",
    "authors": '["A. Author", "B. Author"]',
    "contact": '"author@example.org"',
    "licence": '"apache-2.0"',
    "code": '"https://example.org/ribs"',
    "paper": '"10.1234/ribs"',
    "data": '"Radiographs of nobody, made up for a test, which everybody may publish."',
}
"""What is told of the method, as TOML values by name."""
DAY = date(2025, 3, 1)


def protocol_of(*changes: str) -> Protocol:
    """The one that made-up runs have, with other changes."""
    return load_protocol("quick", [*CHANGES, *changes])


def write_proven_run(
    folder: Path,
    strength: float = 3.0,
    usefulness: float = 1.5,
    *,
    name: str = "ribs",
    params: Mapping[str, Any] | None = None,
    trained: float = 5.0,
    image_strength: float = 0.0,
    public: bool = False,
    protocol: Protocol | None = None,
    patients: int = 30,
    pairs: int = 300,
    created: str = "2025-02-01T12:00:00+00:00",
    changes: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> RunRecord:
    """Writes the folder of a run whose figures follow from its scores.

    Args:
        folder: a new one.
        strength: by which mated pairs of releases and originals stand out of noise of one; 3 gives an AUC of 0.98.
        usefulness: the same of findings.
        name: of the anonymizer.
        params: those that were given.
        trained: the strength on the attacker's own training pairs, and on originals.
        image_strength: by which a release is alike to its own original.
        public: that nobody is in the data.
        protocol: what it is under.
        patients: of the test; each has three images.
        pairs: of a split.
        created: when.
        changes: of the record.
        seed: of the noise.
    """
    rng, protocol = np.random.default_rng(seed), protocol or protocol_of()
    test = _split(patients, pairs, np.random.default_rng(1))  # the same in all runs
    scores = _attack_scores(test, rng, protocol.attacks, strength, trained, image_strength)
    # Of groups ages alone are known, so that there are few figures, and each is made in no time.
    table = image_table(3 * patients, patients).assign(
        image=test.table["image"].to_numpy(), patient=test.table["patient"].to_numpy(), sex="", view=""
    )
    labels = (np.random.default_rng(2).random((3 * patients, len(CLASSES))) < 0.4).astype(float)
    read = [
        readings("frozen", labels, log_odds(labels, rng, 1, usefulness), CLASSES, table.assign(**told), split=split)
        for split, told in (("test", {}), ("val", {"patient": "v" + table["patient"], "image": "v" + table["image"]}))
    ]
    utility, measured = pd.concat(read, ignore_index=True), stacked([], MEASUREMENT_COLUMNS)
    copies = _copies(test, rng)
    versions = {attack: "1" for attack in protocol.attacks}
    found = evaluate(scores, utility, measured, copies, protocol, versions, {"classification": "1"})
    (folder / "scores").parent.mkdir(parents=True)
    write_run_scores(folder, scores, utility, measured, copies)
    return _sealed(folder, found, protocol, name, dict(params or {}), public, created, dict(changes or {}))


def _sealed(
    folder: Path,
    found: Evaluation,
    protocol: Protocol,
    name: str,
    params: dict[str, Any],
    public: bool,
    created: str,
    changes: dict[str, Any],
) -> RunRecord:
    write_estimates(found.estimates, folder / "estimates.safetensors")
    method = AnonymizerRecord(name=name, version="1", deterministic=True, params=params, given=list(params), code=name)
    (folder / ANONYMIZER).write_text(json.dumps(method.model_dump(mode="json")), encoding="utf-8")
    terms = {"protocol": protocol.fixed()}
    of_stages = {
        stage: StageRecord(name=stage, key="k", digest=digest_of(stage), inputs={}, seconds=1.0, peak_memory_mib=1.0,
                           cached=False)
        for stage in [*map(str, _NEEDED), *_scored(folder)]
    }  # fmt: skip
    data_digest = of_stages[str(DATA)].digest
    record = RunRecord(
        key=digest_of([name, params, terms]), created=created,
        protocol=without_places(protocol.model_dump(mode="json")),
        fingerprint=fingerprint_of(terms, data_digest), data_digest=data_digest, public=public, terms=terms,
        anonymizer=method, released={}, unjudged=None, **dict(found.figures), weights=[],
        warnings=warnings_of(found.figures), stages=list(of_stages.values()), versions={}, device={}, git=None,
        files={},
    )  # fmt: skip
    for file in files_of(record):
        if not (folder / file).is_file():
            (folder / file).write_bytes(b"stage,training,epoch\n" if file.endswith(".csv") else b"made up")
    assert (folder / ANONYMIZER_STATE).is_file()
    return seal(folder, record.model_copy(update=changes), without="run.json")


def _split(patients: int, pairs: int, rng: np.random.Generator) -> Split:
    """Three images each of patients whose names are numbers, drawn so that no place in an order tells of them."""
    numbers = np.sort(rng.choice(90_000, patients, replace=False) + 10_000)
    whose = numbers.repeat(3)
    images = [f"{number:08}_{k % 3:03}.png" for k, number in enumerate(whose)]
    told = {"image": images, "patient": [f"{one:08}" for one in whose], "age": 40 + np.arange(len(whose)) % 30}
    table = pd.DataFrame(told).assign(study="", sex=np.where(whose % 2, "M", "F"))
    probe = rng.integers(0, len(whose), pairs)
    mate = probe - probe % 3 + (probe + rng.integers(1, 3, pairs)) % 3
    reference = np.where(np.arange(pairs) % 2, mate, rng.integers(0, len(whose), pairs))
    made = Pairs(probe, reference, whose[probe] == whose[reference])
    return Split(np.zeros((len(whose), 1, 2, 2), np.uint8), table, (), made)


def _attack_scores(
    split: Split,
    rng: np.random.Generator,
    attacks: Iterable[str],
    strength: float,
    trained: float,
    image_strength: float,
) -> AttackScores:
    mated = split.pairs.mated
    parts, ranks, searches, matches = [], [], [], []
    once, codes = one_a_patient(split.patients, 500), split.patients
    alike = codes[:, None] == codes

    def say(origin: AttackOrigin, name: str, kinds: str, power: float) -> None:
        values = power * mated + rng.normal(0, 1, len(mated))
        parts.append(linkage_scores(origin, split, name, kinds, split.pairs, values))  # type: ignore[arg-type]

    say(AttackOrigin(FLOOR, CONTROL, 0), "test", "OO", 0.5)
    for name, scenario in [("contrastive", CONTROL), *((one, "informed") for one in attacks)]:
        origin, kinds = AttackOrigin(name, scenario, 0), "OO" if scenario == CONTROL else "AO"
        weak = 0.3 if name == "correlation" else 1.0
        for part in ("train", "val", "test"):
            knows = trained if scenario == CONTROL or part == "train" else strength
            say(origin, part, kinds, weak * knows)
        if scenario == CONTROL:
            continue
        similarity = weak * strength * alike + rng.normal(0, 1, alike.shape)
        ranks.append(retrieval_ranks(origin, split, similarity, rng))
        own = image_strength * np.eye(len(once)) + rng.normal(0, 1, (len(once), len(once)))
        matches.append(own_image_ranks(origin, split, once, own, rng))
        searches += [gallery_searches(origin, split, part, similarity, rng) for part in ("val", "test")]
    linkage, retrieval, matched, searched = (pd.concat(one, ignore_index=True) for one in
                                             (parts, ranks, matches, searches))  # fmt: skip
    return AttackScores(linkage, retrieval, stacked([], INFERENCE_COLUMNS), {}, matched, searched)


def _copies(split: Split, rng: np.random.Generator) -> pd.DataFrame:
    """Of each image the most alike original of a split, which is somebody else's and no copy."""
    images, patients = split.table[["image", "patient"]], split.table["patient"].nunique()
    nearest = images.shift(-3).fillna(images.iloc[0].to_dict())
    parts = [
        images.assign(
            shown=str(kind), split=split_name, exact=False, originals=len(images), original_patients=patients,
            nearest=where + nearest["image"], nearest_patient=where + nearest["patient"], relation=OTHER_PATIENT,
            likeness=rng.uniform(0.3, 0.5, len(images)),
        )[COPIES_COLUMNS]
        for kind in (Kind.ANONYMIZED, Kind.ORIGINAL) for split_name, where in (("train", "t"), ("test", ""))
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def write_about(path: Path, **changes: str | None) -> Path:
    """The TOML file that tells of a method, with other values of those names; without one where it is None."""
    told = {name: value for name, value in (ABOUT | changes).items() if value is not None}
    path.write_text("".join(f"{name} = {value}\n" for name, value in told.items()), encoding="utf-8")
    return path


def hand_in(runs: Sequence[Path], leaderboard: Path, day: date = DAY, **about: str | None) -> list[Path]:
    """The folders of entries that are written of runs."""
    leaderboard.mkdir(parents=True, exist_ok=True)
    told = write_about(leaderboard.parent / f"{leaderboard.name}-about.toml", **about)
    return [one.folder for one in submit_runs(runs, told, leaderboard, day)]


def submission_of(name: str = "Shuffled Ribs", day: str = "2026-03-01", **told: Any) -> SubmissionRecord:
    """What an entry tells of a method of that name, with no files unless they are told."""
    about = {
        "name": name, "description": "Does something to radiographs that is told in some more words than these.",
        "authors": ["A. Author"], "contact": "author@example.org", "licence": "Apache-2.0",
    }  # fmt: skip
    method = MethodRecord.model_validate(about | {key: told.pop(key) for key in list(told) if key in ABOUT})
    values = {"method": method, "data_terms": None, "submitted": day, "privbench": "0.1.0", "files": {}}
    return SubmissionRecord.model_validate(values | told)


def list_run(
    folder: Path, *told: Any, method: str = "Shuffled Ribs", day: str = "2026-03-01", **more: Any
) -> ListedRun:
    """An entry that nobody verified, of a run folder that `write_run` of the report's tests writes."""
    about = {key: more.pop(key) for key in list(more) if key in ABOUT or key in ("data_terms", "files")}
    write_run(folder, *told, examples=False, **more)
    return ListedRun(f"{folder.parent.name}/{folder.name}", submission_of(method, day, **about), read_entry(folder))


def forge(folder: Path, *names: str) -> None:
    """Writes the new digests of files wherever an entry tells them, as a careful forger would."""
    for told in (RUN, MARKER):
        values = json.loads((folder / told).read_text())
        values["files"] |= {name: sha256(folder / name) for name in names if name in values["files"]}
        if told == MARKER:
            values["files"][RUN] = sha256(folder / RUN)
        (folder / told).write_text(json.dumps(values))
    submission = read_submission(folder).model_copy(update={"files": digests(folder, without=FILE)})
    (folder / FILE).write_text(submission.sealed().model_dump_json(indent=1))


def hand_in_as(entry: Path, name: str, leaderboard: Path, **params: Any) -> Path:
    """The same entry as that of another method, with these parameters, which holds as well."""
    part = shutil.copytree(entry, leaderboard / ".part")
    method = json.loads((part / ANONYMIZER).read_text())
    method |= {"name": name, "code": name, "params": params, "given": list(params)}
    (part / ANONYMIZER).write_text(json.dumps(method))
    values = json.loads((part / RUN).read_text())
    values |= {"anonymizer": method, "key": digest_of([values["fingerprint"], name, params])}
    (part / RUN).write_text(json.dumps(values))
    submission = read_submission(part)
    about = submission.method.model_copy(update={"name": name})
    (part / FILE).write_text(submission.model_copy(update={"method": about}).model_dump_json())
    forge(part, ANONYMIZER)
    place = leaderboard / read_submission(part).place(read_run(part))
    place.parent.mkdir(exist_ok=True)
    return part.rename(place)
