"""The schema of `run.json`: typed, versioned, and closed to what it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationError, field_validator, model_validator

from ..base import exact_json
from ..base.errors import PrivbenchError
from ..base.validation import told_by
from .attack import AttackResult, InferenceResult, WorstCase
from .copies import CopiesResult
from .figures import Figures
from .history import upgraded
from .names import MEAN_AUC, FigureName, Subject
from .unpaired import UnpairedResult
from .utility import MeasurementResult, UtilityResult
from .values import Amount, Counts, Interval, Record
from .weights import WeightsRecord

SCHEMA_VERSION: Literal[10] = 10
FILE = "run.json"


class StageRecord(Record):
    """A stage: what it put out, from what, and its cost. A cached stage tells what it cost when it was made.

    `digest` is the SHA-256 of what it put out, `inputs` those of the stages that it read, by name; empty in runs of
    schemas before 6.
    """

    name: str
    key: str
    digest: str
    inputs: dict[str, str]
    seconds: Amount
    peak_memory_mib: Amount
    cached: bool


class AnonymizerRecord(Record):
    """The method. `params` are all of its parameters, `given` the names of those that the user chose.

    `deterministic` is None where its release was made elsewhere, so that nobody knows.
    """

    name: str
    version: str
    deterministic: bool | None
    params: dict[str, Any]
    given: list[str]
    code: str

    @property
    def label(self) -> str:
        """The method with the parameters that the user chose, e.g. `prichexy mu=0.005`."""
        told = (name for name in self.given if name in self.params)  # without what tells where something lies
        plain = (name for name in told if not isinstance(self.params[name], dict | list))
        return " ".join([self.name, *(f"{name}={self.params[name]}" for name in plain)])


class ReleasedRecord(Record):
    """How many images of a split there are, and how many of them are released and thus judged."""

    images: int
    released: int


class GitRecord(Record):
    """The checkout that privbench ran from: the commit, and whether files that git knows differ from it."""

    commit: str
    modified: bool


class RunRecord(Record):
    """A run: one anonymizer under one protocol, and everything it produced.

    `public` tells that nothing in its data is of a person, so that pictures of originals and names may be shown.
    `unjudged` tells why privacy was not judged, in a clause, and is None where it was. Where it was not, there are no
    attacks, no worst case and no verdict: utility is the headline or, where nobody knows of which original an image was
    made, what `unpaired` tells, beside which there is no figure that needs an original of an image. `released` tells of
    each split how much of it is released, and is empty in runs of schemas before 9. `copies` is None in runs of schemas
    before 7, and where privacy was not judged; `weights` are those that it did not learn itself, which no run of a
    schema before 8 had. `terms` is what the fingerprint hashes beside the data's digest, empty in runs of schemas
    before 3; `files` the SHA-256 of all other files of the run folder, empty in runs of all old schemas.
    """

    schema_version: Literal[10] = SCHEMA_VERSION
    key: str
    created: str
    protocol: dict[str, Any]
    fingerprint: str
    data_digest: str
    public: bool
    terms: dict[str, Any]
    anonymizer: AnonymizerRecord
    released: dict[str, ReleasedRecord]
    unjudged: str | None
    worst_case: WorstCase | None
    attacks: list[AttackResult]
    inferences: list[InferenceResult]
    utilities: list[UtilityResult]
    measurements: list[MeasurementResult]
    copies: CopiesResult | None
    unpaired: UnpairedResult | None
    weights: list[WeightsRecord]
    warnings: list[str]
    stages: list[StageRecord]
    versions: dict[str, str]
    device: dict[str, str]
    git: GitRecord | None
    files: dict[str, str]

    @field_validator("protocol")
    @classmethod
    def _told(cls, protocol: dict[str, Any]) -> dict[str, Any]:
        """The protocol of an old schema may lack fields of the present one, but none that tables begin with."""
        data = protocol.get("data")
        if not isinstance(data, dict) or not {"dataset", "size"} <= data.keys() or "name" not in protocol:
            raise ValueError("it lacks name, data.dataset or data.size")
        return protocol

    @model_validator(mode="after")
    def _of_its_attacks(self) -> Self:
        if (worst := self.worst_case) is None:
            if not self.unjudged:
                raise ValueError("there is no worst case, and nothing tells why privacy was not judged")
            if self.attacks or self.inferences or not (self.utilities or self.unpaired):
                raise ValueError("privacy was not judged, yet there are attacks, or there is nothing else")
        elif self.unjudged is not None:
            raise ValueError(f"there is a worst case, {worst.label}, although privacy was not judged")
        elif all(attack.label != worst.label for attack in self.attacks):
            raise ValueError(f"the worst case, {worst.label}, is none of the attacks")
        if self.unpaired is not None and (worst or self.measurements or self.copies):
            raise ValueError("an unpaired release has figures that need an original beside an image")
        return self

    @property
    def figures(self) -> Figures:
        """All that its scores say."""
        return Figures.model_validate({name: getattr(self, name) for name in Figures.model_fields})

    @property
    def partly_released(self) -> str | None:
        """How much of each split is released, in words; None where all is."""
        whole = all(one.released == one.images for one in self.released.values())
        return None if whole else released_text(self.released)

    @property
    def utility(self) -> UtilityResult | None:
        """The headline of utility: the protocol's first task that reads findings, in its first mode.

        None where the data set tells no findings.
        """
        return self.utilities[0] if self.utilities else None

    @property
    def utility_name(self) -> FigureName | None:
        """What the headline of utility is called among the run's estimates; None where there is none."""
        return None if self.utility is None else FigureName(Subject.UTILITY, self.utility.label, MEAN_AUC)

    @property
    def judged(self) -> WorstCase:
        """The worst case. Raises PrivbenchError where privacy was not judged."""
        if self.worst_case is None:
            instead = "Look at it with privbench report" if self.unpaired else "Name runs whose privacy was judged"
            raise PrivbenchError(f"{self.unjudged_text} {instead}.")
        return self.worst_case

    @property
    def unjudged_text(self) -> str:
        """That privacy was not judged, and why, in a sentence; empty where it was."""
        return "" if self.unjudged is None else f"Privacy of {self.label} was not judged: {self.unjudged}."

    @property
    def interval(self) -> Interval:
        """That of the headline: of the worst case or, where privacy was not judged, of what else there is."""
        if self.worst_case is not None:
            return self.worst_case.interval
        if (found := self.unpaired) is not None:
            return found.memorization.interval or found.membership.interval or found.copies.interval
        return self.utilities[0].interval

    @property
    def counts(self) -> Counts:
        """Of what its headline was computed: of pairs, or of images where privacy was not judged.

        Not asked of unpaired releases, which may have neither.
        """
        return (self.attacks or self.utilities)[0].counts

    @property
    def certified(self) -> bool:
        """Whether its privacy may be believed: the attack is proven to be trained, and to get out what is there.

        And nothing that was learnt elsewhere knew the test patients before. Where it was not judged it may not.
        """
        return self.worst_case is not None and self.worst_case.verdict == "certified" and not self.contaminated

    @property
    def contaminated(self) -> bool:
        """Whether weights that it did not learn itself saw test patients."""
        return any(one.contaminated for one in self.weights)

    @property
    def contamination(self) -> str | None:
        """Which weights saw test patients, and what that means, in a sentence; None where none did."""
        told = [one.told for one in self.weights if one.contaminated]
        if not told:
            return None
        return f"{'; '.join(told)}: every figure of the run is of patients who were known before."

    @property
    def doubt(self) -> str | None:
        """What has to be said before any figure of the run; None where it is certified."""
        if self.certified:
            return None
        worst, told = self.worst_case, []
        if self.contamination is not None:
            told.append(self.contamination)
        if self.unpaired is not None:
            told.append(
                f"it was not attacked for linkage, because {self.unjudged}: nothing here says that it is private."
            )
        elif worst is None:
            told.append(f"privacy was not judged, because {self.unjudged}: no figure here is any evidence of it.")
        elif worst.verdict != "certified":
            told.append(f"{worst.standing}, so a low figure is no evidence of privacy ({worst.reason}).")
        return f"{self.label}: {' Besides, '.join(told)}"

    @property
    def label(self) -> str:
        """The anonymizer with the parameters that the user chose, e.g. `prichexy mu=0.005`."""
        return self.anonymizer.label


def released_text(released: Mapping[str, ReleasedRecord]) -> str:
    """How much of each split is released, such as `8 of 8 train, 4 of 6 test images`."""
    return ", ".join(f"{one.released} of {one.images} {name}" for name, one in released.items()) + " images"


def read_run(path: Path) -> RunRecord:
    """The record of a run folder, or of its run.json, of this schema or an older one.

    Raises PrivbenchError where it is none.
    """
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise PrivbenchError(
            f"{path} is no run folder: there is no {FILE} in it; name a folder that privbench run wrote."
        )
    try:
        values = upgraded(exact_json.parse(file.read_bytes()))
        if isinstance(values, dict):  # the default is for new runs, and none for what tells no schema
            values.setdefault("schema_version", None)
        return RunRecord.model_validate(values, strict=True)
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # no JSON, no run, or no old run
        what = told_by(error) if isinstance(error, ValidationError) else error
        raise PrivbenchError(
            f"{file} is no run of schema {SCHEMA_VERSION} or older ({what}): "
            "run it again with --overwrite, or read it with the privbench version that wrote it."
        ) from error
