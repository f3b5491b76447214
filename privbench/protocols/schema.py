"""The protocol: everything that is fixed so that two runs can be compared."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from ..base.errors import PrivbenchError, raise_all
from ..base.files import builtin_names, digest_of, read_toml, text_digest
from ..base.params import Params
from ..base.validation import validate
from ..data.squares import Fit
from ..learning.recipes import Compiled, GuidanceRecipe
from .modes import Mode
from .scenarios import FLOOR, Scenario

_PACKAGE = "privbench.protocols"
_LARGEST = 2048  # twice what ChestX-ray14 publishes; a mistyped size would fill the disk before anything is told


class DataSection(Params):
    dataset: str = Field(description="a registered data set")
    size: int = Field(ge=16, le=_LARGEST, description="side of the square images, in pixels")
    fit: Fit = Field("squeeze", description="how an image that is not square becomes square")
    validation: float = Field(gt=0, lt=1, description="share of the train_val patients held out for validation")
    params: dict[str, Any] = Field({}, description="the data set's parameters")
    exclude_file: Path | None = Field(None, description="leave out the images of this list, one name a line")


class PairsSection(Params):
    """How many verification pairs are drawn, half of them mated; or the lists that they are read from."""

    guidance: int = Field(ge=2, description="training pairs of the guidance verifier")
    train: int = Field(ge=2, description="training pairs of anonymizers and attacks")
    val: int = Field(ge=2, description="validation pairs")
    test: int = Field(ge=2, description="test pairs")
    cap: int | None = Field(None, ge=1, description="mated pairs of one patient at the most")
    within_study: bool = Field(
        False, description="whether two images of one study make a mated pair, where the data set knows studies"
    )
    train_file: Path | None = Field(None, description="read the training pairs from lines of 'image1 image2 label'")
    val_file: Path | None = Field(None, description="the same for the validation pairs")
    test_file: Path | None = Field(None, description="the same for the test pairs")

    def file(self, split: str) -> Path | None:
        """The list that a split's pairs are read from."""
        file: Path | None = getattr(self, f"{split}_file")
        return file


class AttackSection(Params):
    """An attack, in one or more scenarios; its name in the protocol is that of its rows."""

    attack: str = Field("", description="a registered attack; else the one of the section's name")
    scenarios: tuple[Scenario, ...] = Field(("informed",), min_length=1, description="what the attacker knows")
    seeds: int = Field(1, ge=1, description="independent trainings")
    floor: float = Field(0.75, ge=0.5, lt=1, description="AUC on originals below which its training counts as failed")
    params: dict[str, Any] = Field({}, description="the attack's parameters")


class CertificateSection(Params):
    """When an attack counts as trained, and a release as one that holds nothing more."""

    floor: str = Field("correlation", description="the attack, without training, that a trained one must beat")
    floor_params: dict[str, Any] = Field({}, description="its parameters")
    seeds: int = Field(1, ge=1, description="trainings of each attack on original images")
    saturation: float = Field(
        0.95, gt=0.5, le=1, description="AUC on its own training pairs below which more training would help an attack"
    )
    found: float = Field(
        0.05,
        gt=0,
        le=0.5,
        description="share of releases that find their own original, from which something of the image is in them; "
        "among few candidates, whom chance finds more often, a multiple of chance",
    )


class UtilitySection(Params):
    """A utility task, in one or more modes; its name in the protocol is that of its rows."""

    task: str = Field("", description="a registered utility task; else the one of the section's name")
    modes: tuple[Mode, ...] = Field(("frozen",), min_length=1, description="what is trained on, and what is read")
    seeds: int = Field(1, ge=1, description="independent trainings")
    params: dict[str, Any] = Field({}, description="the task's parameters")


class StatisticsSection(Params):
    resamples: int = Field(1000, ge=100, description="bootstrap resamples")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="share of resamples that an interval holds")
    interval: Literal["percentile", "bca"] = Field("percentile", description="how intervals are made of resamples")


class Protocol(Params):
    name: str
    version: int = Field(ge=1)
    description: str
    seed: int = Field(0, ge=0, description="what every random draw derives from")
    threads: int = Field(
        1, ge=1, description="CPU threads of each stage: the order in which they add is seen in the last digits"
    )
    tf32: bool | None = Field(
        None,
        exclude_if=lambda told: told is None,
        description="whether a GPU rounds factors of float32 to ten bits; none: in convolutions alone, as torch does",
    )
    compile: Compiled | None = Field(
        None,
        exclude_if=lambda told: told is None,
        description="the mode of torch.compile for networks in training; none: they are not compiled",
    )
    data: DataSection
    pairs: PairsSection
    guidance: GuidanceRecipe
    attacks: dict[str, AttackSection] = Field(min_length=1, description="the stated set of attacks, by name")
    certificate: CertificateSection = CertificateSection()
    utilities: dict[str, UtilitySection] = Field(
        min_length=1,
        description="what the release is to be good for, by name; the headline is the first one's that reads findings",
    )
    statistics: StatisticsSection
    anonymizers: dict[str, dict[str, Any]] = Field(
        {},
        description="parameters that a method takes here unless it is told others; no part of the fingerprint",
    )

    @field_validator("attacks", mode="before")
    @classmethod
    def _attacks_by_name(cls, attacks: Any) -> Any:
        if isinstance(attacks, dict) and FLOOR in attacks:
            raise ValueError(f"{FLOOR} cannot be the name of an attack: choose another")
        return _by_name(attacks, "attack")

    @field_validator("utilities", mode="before")
    @classmethod
    def _utilities_by_name(cls, utilities: Any) -> Any:
        return _by_name(utilities, "task")

    def fixed(self) -> dict[str, Any]:
        """What makes runs comparable: all but the words, the anonymizers' parameters, and where files lie.

        A parameter called `root`, or whose name ends in `_file`, tells where something lies; what lies there counts
        through the plugin's `inputs()`. Of a list of pairs, and of one of images that are left out, the digest counts.
        """
        fixed: dict[str, Any] = without_places(
            self.model_dump(mode="json", exclude={"name", "version", "description", "anonymizers"})
        )
        problems = []
        for split in ("train", "val", "test"):
            file = self.pairs.file(split)
            try:
                fixed["pairs"][f"{split}_file"] = None if file is None else _digest(file)
            except PrivbenchError as error:
                problems.append(str(error))
        raise_all(problems)
        if (listed := self.data.exclude_file) is not None:
            fixed["data"]["exclude_file"] = _digest(listed)
        return fixed


def without_places(values: Any) -> Any:
    """JSON values of a protocol without those that tell where files lie: `root`, and names that end in `_file`.

    A table may be called so, such as a part of the data set `merged`: it stays.
    """
    if isinstance(values, dict):
        return {
            key: without_places(value)
            for key, value in values.items()
            if isinstance(value, dict) or not (key == "root" or key.endswith("_file"))
        }
    return [without_places(value) for value in values] if isinstance(values, list) else values


def _by_name(sections: Any, field: str) -> Any:
    """`--set attacks.siamese=none` leaves a section out; one that does not name its plugin is named after it."""
    if not isinstance(sections, dict):
        return sections
    if (slashed := next((label for label in sections if "/" in str(label)), None)) is not None:
        raise ValueError(f"the name {slashed!r} holds a slash, which parts the names of figures: choose another")
    return {
        label: {field: label} | section if isinstance(section, dict) else section
        for label, section in sections.items()
        if section is not None
    }


def fingerprint_of(terms: Mapping[str, Any], data_digest: str) -> str:
    """SHA-256 of the terms of a comparison and the data that was read; runs that share it may share a table."""
    return digest_of({**terms, "data": data_digest})


def builtin_protocols() -> list[str]:
    """The names of the protocols that come with privbench."""
    return builtin_names(_PACKAGE)


def load_protocol(name: str, overrides: Sequence[str] = ()) -> Protocol:
    """The built-in protocol of that name, or the one in that TOML file, with `section.field=value` overrides.

    A file that says `extends = "quick"` changes or adds to that protocol's fields.

    Raises:
        PrivbenchError: there is no such protocol or field, or a value does not fit.
    """
    return _changed(_read(name), overrides, f"protocol {name}")


def recorded_protocol(values: Mapping[str, Any], overrides: Sequence[str], where: str) -> Protocol:
    """The protocol that a run recorded, with overrides. Raises PrivbenchError as `load_protocol`, and calls it so."""
    return _changed(copy.deepcopy(dict(values)), overrides, where)


def _changed(values: dict[str, Any], overrides: Sequence[str], where: str) -> Protocol:
    for override in overrides:
        _apply(values, override)
    return validate(Protocol, values, where)


def _read(name: str, extended_by: Sequence[str] = ()) -> dict[str, Any]:
    if name in extended_by:
        raise PrivbenchError(f"Protocol {name} extends itself by way of {', '.join(extended_by)}: break the circle.")
    values = read_toml(name, _PACKAGE, "protocol")
    if (base := values.pop("extends", None)) is None:
        return values
    return _merged(_read(str(base), [*extended_by, name]), values)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Tables field by field, all else as the changes say; another data set takes none of the first's parameters."""
    if base.get("dataset") != changes.get("dataset", base.get("dataset")):
        base = {key: value for key, value in base.items() if key != "params"}
    both = {
        key: _merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        for key, value in changes.items()
    }
    return base | both


def _apply(values: dict[str, Any], override: str) -> None:
    """Sets one dotted field, e.g. `attacks.siamese.seeds=1`; what is no TOML value is text, `none` is no value."""
    path, separator, text = override.partition("=")
    keys = path.strip().split(".")
    if not separator or not all(keys):
        raise PrivbenchError(f"--set {override!r} is not section.field=value, such as statistics.resamples=2000.")
    for key in keys[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise PrivbenchError(f"--set {override!r}: {key!r} is a value and has no fields.")
    values[keys[-1]] = parse_value(text.strip())


def parse_value(text: str) -> Any:
    """A TOML value (number, true, text in quotes, list, …), None for `none`, else the text as it stands."""
    if text.lower() == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


@cache
def _digest(file: Path) -> str:
    """Of a list, read once a process, so that all keys of a run agree on it."""
    return text_digest(file, "check the path of the list in the protocol")
