"""The stages of a run: their kinds, versions, names and files."""

from __future__ import annotations

from ..engine.node import StageName
from ..protocols.kinds import Kind

# Go up with every change that gives the same configuration another output: fingerprints hang on them.
VERSIONS = {
    "data": "3",
    "classifier": "1",
    "verifier": "1",
    "embedder": "1",
    "anonymizer": "1",
    "release": "2",
    "attack": "4",
    "linkage": "5",
    "inference": "1",
    "task": "1",
    "utility": "2",
    "measure": "1",
    "copies": "2",
    "examples": "1",
    "figures": "3",
}

# Of releases whose images are of no one original; apart, because fingerprints of all other runs hang on those above.
UNPAIRED_VERSIONS = {"draws": "1", "nearest": "2", "nearness": "1"}

DATA, CLASSIFIER, VERIFIER = StageName("data"), StageName("classifier"), StageName("verifier")
EMBEDDER = StageName("embedder")
ANONYMIZER, RELEASE = StageName("anonymizer"), StageName("release")
"""The release is the one that is published, and under attack; further ones have numbers."""
EXAMPLES, FIGURES = StageName("examples"), StageName("figures")
COPIES, ORIGINALS_ALIKE = StageName("copies", (Kind.ANONYMIZED,)), StageName("copies", (Kind.ORIGINAL,))
"""What released images are copies of; and beside it how alike different originals are."""

DRAWS, LABELLED = StageName("draws"), StageName("draws", ("labelled",))
NEAREST, NEARNESS = StageName("nearest"), StageName("nearness")
"""The images of an unpaired release, all and those with findings; what each is most like; how near they come to
originals."""

IMAGES_FILE = "images.npy"
"""The images of data and of a release, sorted alike."""
LINKAGE_FILE, RETRIEVAL_FILE, SEARCH_FILE, MATCHES_FILE, INFERENCE_FILE, TASK_FILE = (
    f"{name}.parquet" for name in ("linkage", "retrieval", "searches", "matches", "inference", "scores")
)
"""The files in which stages keep scores."""
COPIES_FILE = "copies.parquet"
"""What a stage found when it looked for the originals that images are most like."""
NEAREST_FILE, NEARNESS_FILE, PATIENTS_FILE, DRAWN_TABLE = (
    f"{name}.parquet" for name in ("nearest", "nearness", "patients", "table")
)
"""What was found out of an unpaired release, which patients there are, and the findings of its images."""
MEASURES_FILE = "measures.json"
"""An attack's own figures."""
