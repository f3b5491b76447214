"""What an anonymizer promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ...learning.generators import global_seed
from ...metrics.deformation import moved
from ...plugins.interfaces import Anonymizer
from .promises import TOLERANCE, LearnerPromises, close, insist, through_a_file
from .surroundings import EDGES, Surroundings


class AnonymizerPromises(LearnerPromises[Anonymizer]):
    """Of an anonymizer: repeatable, blind to test images, and what is released keeps to the interface."""

    kind = Anonymizer

    def promises(self) -> dict[str, Callable[[], None]]:
        return {
            "fitting repeats to the bit": self.fitting_repeats,
            "fitting does not look at test images": self.test_is_not_seen,
            "fitting does without masks where there are none": self.fitting_without_masks,
            "the guidance is left as it was": self.guidance_is_lent,
            "images, tables, parameters and global random states are left as they were": self.nothing_is_changed,
            "shape, dtype, device and range are kept": self.shape_and_range,
            "the images handed over are left as they were": self.input_is_untouched,
            "noise is declared, and drawn from the generator alone": self.noise,
            "an image's release does not depend on its batch": self.batch,
            "what is published is told by the table, image by image": self.published,
            "it only moves pixels, where it declares so": self.moving,
            "a saved state does the same when it is loaded": self.state,
        }

    def fit(self, around: Surroundings) -> Anonymizer:
        anonymizer = self.create()
        with global_seed(0, "contract"):
            anonymizer.fit(around.splits["train"], around.splits["val"], around.guidance, around.context())
        return anonymizer

    @torch.no_grad()
    def _release(self, anonymizer: Anonymizer, images: Tensor, seed: int = 1) -> Tensor:
        return anonymizer.anonymize(images, torch.Generator().manual_seed(seed))

    def observe(self, plugin: Anonymizer) -> dict[str, np.ndarray]:
        return {"released": self._release(plugin, self.around.images).cpu().numpy()}

    def prepare(self, state: dict[str, Tensor]) -> Anonymizer:
        anonymizer = self.create()
        anonymizer.load_state(state, self.around.fabric.device)
        return anonymizer

    def shape_and_range(self) -> None:
        edges = self.around.many[: len(EDGES)]
        for images in (self.around.many, self.around.images, edges, *edges.split(1)):
            released = self._release(self.ready, images)
            insist(released.shape == images.shape, f"{tuple(images.shape)} became {tuple(released.shape)}")
            insist(released.dtype.is_floating_point, f"the values are {released.dtype}, not floats")
            insist(released.device == images.device, f"images on {images.device} were returned on {released.device}")
            finite = bool(released.isfinite().all())
            insist(finite, f"some values are no numbers; the images are {len(images)}, from {images.min():g} to "
                   f"{images.max():g}")  # fmt: skip
            low, high = float(released.min()), float(released.max())
            insist(low >= -TOLERANCE and high <= 1 + TOLERANCE, f"values from {low:g} to {high:g} leave [0, 1]")

    def input_is_untouched(self) -> None:
        images = self.around.images
        before = images.clone()
        self._release(self.ready, images)
        insist(torch.equal(images, before), "the images were changed in place")

    def noise(self) -> None:
        images, anonymizer = self.around.images, self.ready
        released = self._release(anonymizer, images)
        with global_seed(1, "another"):
            close(self._release(anonymizer, images).cpu(), released.cpu(), "twice with the same generator")
        other = self._release(anonymizer, images, seed=2)
        varies = bool((other - released).abs().max() > TOLERANCE)
        seen = f"declared deterministic = {anonymizer.deterministic}, and another generator "
        insist(varies != anonymizer.deterministic, seen + ("changes the release" if varies else "changes nothing"))

    def batch(self) -> None:
        images, anonymizer = self.around.images, self.ready
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            single = torch.cat([anonymizer.anonymize(image[None], generator) for image in images])
        close(single.cpu(), self._release(anonymizer, images).cpu(), "one by one and all at once")
        many = self.around.many
        half = len(many) // 2
        others = torch.cat([many[:half], 1 - many[half:]])
        first, again = (self._release(anonymizer, batch)[:half] for batch in (many, others))
        close(first.cpu(), again.cpu(), f"among other images, {len(many)} at once")
        if anonymizer.deterministic:
            backwards = self._release(anonymizer, images.flip(0)).flip(0)
            close(backwards.cpu(), self._release(anonymizer, images).cpu(), "in another order")

    def published(self) -> None:
        table = self.around.splits["test"].table
        first, again = (self.ready.published(table) for _ in range(2))
        insist(first.shape == (len(table),), f"of {len(table)} images it tells {first.shape}")
        insist(np.array_equal(first, again), "asked twice it tells other images")
        other = self.prepare(through_a_file(self.ready.state())).published(table)
        insist(np.array_equal(first, other), "another instance tells other images")

    @torch.no_grad()
    def moving(self) -> None:
        images, anonymizer = self.around.images, self.ready
        if anonymizer.moves_pixels_alone:
            displacement = anonymizer.displacement(images)
            alone = images if displacement is None else moved(images, displacement)
            close(
                self._release(anonymizer, images).cpu(), alone.cpu(), "what is released and what its displacement gives"
            )

    def state(self) -> None:
        twin = self.observe(self.prepare(through_a_file(self.ready.state())))
        close(twin["released"], self.observe(self.ready)["released"], "after loading")
