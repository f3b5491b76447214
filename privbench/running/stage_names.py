"""The stages of a run: their kinds, versions and names."""

from __future__ import annotations

from dataclasses import dataclass

# Go up with every change that gives the same configuration another output: fingerprints hang on them.
VERSIONS = {
    "data": "2",
    "classifier": "1",
    "verifier": "1",
    "anonymizer": "1",
    "release": "1",
    "attack": "2",
    "linkage": "2",
    "inference": "1",
    "task": "1",
    "utility": "2",
    "measure": "1",
    "examples": "1",
}


@dataclass(frozen=True)
class StageName:
    """A stage of a run: its kind, one of VERSIONS; what it is of, such as an attack; its number among several alike.

    As text, such as `attack contrastive AO 0`, it stands in run.json and names its streams of random numbers.
    """

    kind: str
    of: tuple[str, ...] = ()
    number: int | None = None

    def __str__(self) -> str:
        return " ".join([self.kind, *self.of, *([] if self.number is None else [str(self.number)])])


DATA, CLASSIFIER, VERIFIER = StageName("data"), StageName("classifier"), StageName("verifier")
ANONYMIZER, RELEASE = StageName("anonymizer"), StageName("release")
"""The release is the one that is published, and under attack; further ones have numbers."""
EXAMPLES = StageName("examples")

LINKAGE_FILE, RETRIEVAL_FILE, INFERENCE_FILE, TASK_FILE = (
    f"{name}.parquet" for name in ("linkage", "retrieval", "inference", "scores")
)
"""The files in which stages keep scores."""
