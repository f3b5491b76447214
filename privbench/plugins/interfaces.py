"""What a plugin has to be: the four interfaces that the harness knows, and nothing more.

An anonymizer, an attack, a utility task or a data set is a class with a `name`, frozen `Params` (whose fields,
with their help texts and bounds, become options of the command line) and the methods below. It registers
through an entry point, or is handed over from Python or from a file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self, final

from ..base.errors import PrivbenchError
from ..base.params import Params
from ..base.validation import validate
from ..data.exclusion import Exclusion
from ..data.notices import Notice, log_notice
from ..data.squares import Fit
from ..protocols.modes import MODES, Mode
from ..protocols.scenarios import SCENARIOS, Scenario
from .guard import guard

if TYPE_CHECKING:  # so that `privbench list`, which reads declarations alone, loads neither torch nor pandas
    import numpy as np
    import pandas as pd
    import torch
    from torch import Tensor

    from ..base.progress import Progress
    from ..base.timing import Decoding
    from ..data.gallery import Gallery, KnownGallery
    from ..data.problems import Problem
    from ..data.splits import Split
    from ..learning.context import Context, Pixels
    from ..learning.guidance import Guidance
    from ..learning.transfer import Transfer


MEMBERSHIP = "membership"
"""What an attack infers that tells whether the anonymizer learnt from a patient: no column of any table."""


class Plugin(ABC):
    """What all four kinds share.

    `name` is what the user types; `version` goes up whenever the same parameters give another result.
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    version: ClassVar[str] = "1"
    Params: ClassVar[type[Params]] = Params

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        guard(cls)

    def __init__(self, **params: Any) -> None:
        """Raises PrivbenchError when a parameter is unknown or out of range."""
        self.params: Any = validate(self.Params, params, f"the parameters of {self.kind} {self.name!r}")

    def inputs(self) -> dict[str, str]:
        """Digests of what it reads besides its parameters and what it is handed, such as starting weights."""
        return {}

    def transfer(self, findings: int) -> Transfer | None:
        """What its network takes from the file of weights that a parameter `weights_file` names, before it is run.

        Asked before anything is computed, where there is such a file, for data of so many findings. None where it
        leaves that to `fit`. Raises PrivbenchError where the file does not fit.
        """
        return None

    @final
    def terms(self) -> dict[str, Any]:
        """Name, version, parameters and inputs: what cache keys and fingerprints hold of it beside its code."""
        return {
            "plugin": self.name,
            "version": self.version,
            "params": self.params.model_dump(mode="json"),
            "inputs": self.inputs(),
        }

    @final
    def anew(self) -> Self:
        """Another instance with the same parameters, which knows nothing of what this one did."""
        make, arguments = self.__reduce__()
        return make(*arguments)

    @final
    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Any, ...]]:
        """Who travels to another process arrives as `anew` makes him: what he knows beside goes by way of his state."""
        # Field by field, because a dump would leave out what tells where something lies.
        return _rebuilt, (type(self), {name: getattr(self.params, name) for name in self.params.model_fields_set})

    def parts(self) -> Sequence[Plugin]:
        """Other plugins that it hands work to: their code decides what comes out as its own does."""
        return ()


def _rebuilt(plugin: type[Any], params: dict[str, Any]) -> Any:
    return plugin(**params)


class Anonymizer(Plugin):
    """Turns radiographs into radiographs that should not be linkable to a patient."""

    kind = "anonymizer"
    deterministic: ClassVar[bool]
    """True: the same image always becomes the same image. False: noise is drawn from the generator."""
    made_elsewhere: ClassVar[bool] = False
    """True: it hands out a release that somebody else made, so how that was made is not known."""
    needs_findings: ClassVar[bool] = False
    """True: it learns from what the guidance classifier reads, so the data set has to tell findings."""
    needs_patients: ClassVar[bool] = False
    """True: it learns from the guidance verifier, or asks of a set who is who, so the data set has to name patients."""
    moves_pixels_alone: ClassVar[bool] = False
    """True: it releases the image as `metrics.deformation.moved` samples it along `displacement`, or as it is where
    that is None, and does nothing else. So a larger image is anonymized as its small version is, by scaling that up.

    What paints, covers or adds noise is none: cells and noise of so many pixels hide less on an image that has more.
    """

    @property
    def learns(self) -> bool:
        """Whether it learns from the run's patients, whom it may then remember: it has a `fit` of its own."""
        return type(self).fit is not Anonymizer.fit

    @property
    @final
    def leaves_out(self) -> bool:
        """Whether it may release some images alone: it has a `published` of its own."""
        return type(self).published is not Anonymizer.published

    def check_size(self, size: int) -> None:
        """Raises PrivbenchError where images of this side cannot be anonymized; asked before anything is computed."""

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        """Learns from the publisher's own images. The default learns nothing."""

    @abstractmethod
    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The anonymized images.

        Shape: (N, 1, H, W), float in [0, 1], in and out. `generator` lives on the CPU; draw noise there and
        move it, so that a release does not depend on the device.
        """

    def published(self, table: pd.DataFrame) -> np.ndarray:
        """Which images of a split are released at all, by its table; all, unless a method suppresses some.

        Those that are not are not attacked, and their originals stay where attackers and copies are sought among.
        Shape: N rows to (N,), bool.
        """
        import numpy

        return numpy.ones(len(table), bool)

    def anonymize_set(self, images: Pixels, table: pd.DataFrame, generator: torch.Generator) -> Iterator[Tensor]:
        """The release of all images of a split that are released, in their order, in parts of any length.

        The harness asks for releases here alone. The default anonymizes batch by batch.

        Shape: images (N, 1, H, W), which index by rows to floats in [0, 1], beside N rows as `Dataset.table` has them,
        to parts (n, 1, H, W), float in [0, 1], N together. `generator` as in `anonymize`.
        """
        for batch in images.batches():
            yield self.anonymize(batch, generator)

    def displacement(self, images: Tensor) -> Tensor | None:
        """Where each pixel is taken from, relative to its place; None where the method deforms nothing.

        Shape: (N, 1, H, W), float in [0, 1], to (N, 2, H, W) in pixels, along x and along y.
        """
        return None

    def state(self) -> dict[str, Tensor]:
        """What `fit` learnt; it is stored as safetensors."""
        return {}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        """Takes over what another instance with the same parameters learnt, and moves it to the device."""


class SetAnonymizer(Anonymizer):
    """Releases a whole split at once: what becomes of an image hangs on the others, or on whose it is.

    `deterministic` is said of the set: the same images with the same table always become the same release. Each split
    is released by itself, and the releases of one hang on nothing of another.
    """

    @abstractmethod
    def anonymize_set(self, images: Pixels, table: pd.DataFrame, generator: torch.Generator) -> Iterator[Tensor]:
        """As `Anonymizer.anonymize_set`."""

    @final
    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Raises PrivbenchError: images without the rest of their set have no release."""
        raise PrivbenchError(f"The anonymizer {self.name!r} releases whole sets: ask its anonymize_set().")


class Attack(Plugin):
    """An adversary: a LinkageAttack or an InferenceAttack."""

    kind = "attack"
    scenarios: ClassVar[tuple[Scenario, ...]] = tuple(SCENARIOS)
    """The scenarios in which it can be carried out."""
    trained: ClassVar[bool] = True
    """False: `fit` learns nothing, so there is nothing that can fail to train."""
    has_teacher: ClassVar[bool] = False
    """True: it learns from the guidance's embedder, so the protocol has to have one."""

    @property
    def releases(self) -> int:
        """How many independent releases of every image it wants to see, where the anonymizer draws noise."""
        return 1

    @property
    @final
    def infers_membership(self) -> bool:
        """Whether it tells patients whom the anonymizer learnt from; it is left out where this learns from nobody."""
        return isinstance(self, InferenceAttack) and MEMBERSHIP in self.attributes

    @abstractmethod
    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        """Trains on `train` and selects on `val`; `guidance` are networks that were trained on original images."""

    def state(self) -> dict[str, Tensor]:
        """What `fit` learnt; it is stored as safetensors."""
        return {}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        """Takes over what another instance with the same parameters learnt, and moves it to the device."""


class LinkageAttack(Attack):
    """Says how likely two images show the same patient. Scores are larger for the more likely pair."""

    @abstractmethod
    def similarity(self, gallery: Gallery, probes: np.ndarray, references: np.ndarray, ctx: Context) -> np.ndarray:
        """One score a pair of rows. Shape: probes and references (n,), int, to (n,) float."""

    @abstractmethod
    def similarity_matrix(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        """Every probe against every reference. Shape: (P, R), float."""

    def similarity_by_rows(self, gallery: Gallery, ctx: Context) -> Callable[[np.ndarray], np.ndarray]:
        """What gives the rows of `similarity_matrix` that it is asked for, so that the whole need not be held.

        The harness searches galleries by it, some probes after the other. The default makes the matrix, which takes
        gigabytes where there are ten thousands of images; others embed the gallery, and compare when they are asked.

        Shape: what is returned takes rows of the probes, (n,), int, to (n, R), float.
        """
        matrix = self.similarity_matrix(gallery, ctx)
        return lambda rows: matrix[rows]

    def image_similarity(self, gallery: Gallery, ctx: Context) -> np.ndarray | None:
        """How alike every probe and every reference are as single images, by which a release finds its own original.

        It asks nothing of patients, so it may be large where whoever is on the image was not learnt to be told. None
        where the attack has no such notion. Shape: (P, R), float.
        """
        return None

    def measures(self, gallery: Gallery, originals: np.ndarray, ctx: Context) -> dict[str, float]:
        """Further figures of its own on the test images; `originals` are what the probes were made from."""
        return {}


class InferenceAttack(Attack):
    """Reads attributes of the patient off a single image, the gallery's probes.

    One that infers membership is fitted to half of the training patients, who are members, and to half of the
    validation patients, who are none, and sees each probe's own original in the gallery's references.
    """

    attributes: ClassVar[tuple[str, ...]]
    """Columns of the table that it infers: text columns of two values, or numbers. Or MEMBERSHIP alone."""

    @abstractmethod
    def infer(self, gallery: Gallery, ctx: Context) -> dict[str, np.ndarray]:
        """Of each attribute a value an image. Shape: (N,), float.

        A number in its own unit; of two values, sorted, a score that is larger for the second; of membership, one that
        is larger for members.
        """


class UtilityTask(Plugin):
    """What a release must still be good for: a ReadingTask or a MeasuringTask.

    The harness fits it to original images or to released ones, and shows it others, as the mode says.
    """

    kind = "utility"
    modes: ClassVar[tuple[Mode, ...]] = tuple(MODES)
    """The modes in which it makes sense."""
    needs: ClassVar[tuple[Literal["masks", "locations"], ...]] = ()
    """What the data set has to know; the task is left out where it does not."""

    def adopt(self, guidance: Guidance) -> bool:
        """Takes over what the guidance knows of original images; False where the task has to be fitted to them."""
        return False

    @abstractmethod
    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        """Makes the task's model ready; `train` and `val` hold originals or released images, as the mode says."""

    def state(self) -> dict[str, Tensor]:
        """What `fit` learnt; it is stored as safetensors."""
        return {}

    def load_state(self, state: dict[str, Tensor], guidance: Guidance, device: torch.device) -> None:
        """Takes over what another instance with the same parameters learnt, and moves it to the device."""


class ReadingTask(UtilityTask):
    """Reads findings off images; it is left out where the data set tells none."""

    @abstractmethod
    def predict(self, images: np.ndarray, ctx: Context) -> np.ndarray:
        """The log-odds of each finding on each image. Shape: (N, 1, H, W) uint8 to (N, findings) float."""


class Measure(NamedTuple):
    """What a value of an image tells: its unit, and whether more of it is better; None where neither is."""

    unit: str
    more_is_better: bool | None


@dataclass(frozen=True)
class ShownImages:
    """The test images as a mode shows them, beside what they were made from.

    Shape: images (N, 1, H, W), uint8, originals or released ones; `originals` holds the originals with table, masks
    and locations. `displacement` is the anonymizer's, of original images; None where the images are originals.
    """

    images: np.ndarray
    originals: Split
    displacement: Callable[[Tensor], Tensor | None] | None


class MeasuringTask(UtilityTask):
    """Gives every test image values, such as the overlap of its segmentation with the true one."""

    measures: ClassVar[Mapping[str, Measure]]
    """What it may measure, by name, such as `Dice of the lungs`."""
    has_control: ClassVar[bool] = True
    """Whether it says something of original images too. False: it compares a release with them."""

    @abstractmethod
    def measure(self, test: ShownImages, ctx: Context) -> dict[str, np.ndarray]:
        """Values by measure, NaN where an image has none; a measure that no image has is left out.

        Shape: (N,), float, each.
        """


def _untold(decoding: Decoding) -> None:
    """Nobody asks."""


@dataclass(frozen=True)
class DataRequest:
    """How a data set is to be read: the side of the square images, the seed, the folder, the helpers.

    `notice` takes what a reader of the figures has to know of the data; `fit` tells how images become square. Images
    that `exclude` names are left out; a data set that looks at them before its table is whole asks for those it keeps.
    `tell_decoding` takes how many images were read from files, and how long that lasted, for who tells where time went.
    """

    size: int
    seed: int
    root: Path | None
    workers: int
    progress: Progress
    notice: Callable[[Notice], None] = log_notice
    fit: Fit = "squeeze"
    exclude: Exclusion = field(default_factory=Exclusion)
    tell_decoding: Callable[[Decoding], None] = _untold


@dataclass(frozen=True)
class Chunk:
    """Some consecutive images, with the masks of the organs and the locations of findings where these are known.

    `broken` tells of images that cannot be read why not, in a sentence, by their place in the chunk; what stands there
    counts for nothing. So all of them are told together, once all others are read.

    Shape: as in `Split`.
    """

    images: np.ndarray
    masks: np.ndarray | None = None
    locations: np.ndarray | None = None
    broken: Mapping[int, str] = field(default_factory=dict)


class Dataset(Plugin):
    """Radiographs with a table of what is known of them."""

    kind = "dataset"
    findings: tuple[str, ...]
    public: bool = False
    """True: nothing in it is of a person, so records may show names and pictures."""
    names_patients: bool = True
    """False: nothing tells which images are of one patient, so a run measures utility and cannot judge privacy.

    Its table needs no patients then: the harness takes every image for one of a patient of its own.
    """

    def collection(self, request: DataRequest) -> str | None:
        """The published collection whose patients these are, if whoever has any part of it calls them alike.

        Contamination ledgers know patients by it. None where their names are somebody's own.
        """
        return None

    def names_test(self, request: DataRequest) -> bool:
        """Whether the data themselves say who the test patients are, so that others can have left the same ones out.

        False where patients are drawn for the test: then nobody knows whom a generator made elsewhere never saw, and
        whom an unpaired release remembers is not judged. Raises PrivbenchError where the data say nothing at all.
        """
        return False

    @abstractmethod
    def source(self, request: DataRequest) -> dict[str, Any]:
        """What tells one source from another, cheaply: it becomes part of the key of the cached copy."""

    @abstractmethod
    def table(self, request: DataRequest) -> pd.DataFrame:
        """One row an image: image, patient, split, and one 0/1 column a finding; study, follow_up, age, sex, view.

        Without findings no utility task reads any, and releases are judged for privacy and by what is measured.

        `split` is train, val or test, or train_val where the harness is to hold out the validation patients. A label
        that nobody gave is NaN. Patients are texts, or whole numbers from 0; numbers, also in texts, get leading zeros
        to equal length, so that they sort as numbers do.

        The others may be missing, or empty in places: `study` tells which images of a patient were taken in one visit,
        `follow_up` (a number) orders his images in time, age is in years. `spacing_x` and `spacing_y` may tell the
        millimetres per pixel at the requested size. `made_from`, a text, may tell what an image's pixels are made
        from, such as its file's bytes and time of change: while that stays the same, it is not decoded again.

        Raises:
            PrivbenchError: what is wrong; a DataError where images are, which tells all of it by the image.
        """

    @abstractmethod
    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        """The images of the table's rows, in its order."""

    def file_problems(self, images: Sequence[str], request: DataRequest) -> Sequence[Problem]:
        """What is wrong with the files of those images, whatever the table says of them.

        `privbench data check` asks it of rows that are wrong, which are in no table; they are named as their problems
        name them. The default knows of nothing.
        """
        return ()


PLUGIN_TYPES: dict[str, type[Plugin]] = {t.kind: t for t in (Anonymizer, Attack, UtilityTask, Dataset)}
