"""What an attack promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor

from ...data.gallery import Gallery
from ...learning.generators import global_seed
from ...plugins.interfaces import Attack, InferenceAttack, LinkageAttack, Plugin
from ...protocols.scenarios import SCENARIOS
from .promises import LearnerPromises, close_scores, insist, through_a_file
from .surroundings import EDGES, MANY, Surroundings


class AttackPromises(LearnerPromises[Attack]):
    """Of an attack, in the informed scenario where it knows it, else in its first."""

    kind = Attack

    def __init__(self, create: Callable[[], Plugin], around: Surroundings) -> None:
        super().__init__(create, around)
        plugin = self.create()
        self._more = plugin.releases - 1
        scenario = "informed" if "informed" in plugin.scenarios else plugin.scenarios[0]
        self._train, self._test = SCENARIOS[scenario].train, SCENARIOS[scenario].test

    def promises(self) -> dict[str, Callable[[], None]]:
        return {
            "its scenarios are known ones": self.scenarios,
            "fitting repeats to the bit": self.fitting_repeats,
            "fitting does not look at test images": self.test_is_not_seen,
            "the guidance is left as it was": self.guidance_is_lent,
            "images, tables, parameters and global random states are left as they were": self.nothing_is_changed,
            "the gallery is left as it was": self.gallery_is_lent,
            "scores of dark, bright, grey and equal images are finite": self.edges,
            "scores are finite and of the right shape": self.shape,
            "a score does not depend on what else is in the gallery, or on its order": self.order,
            "a saved state does the same when it is loaded": self.state,
        }

    def fit(self, around: Surroundings) -> Attack:
        attack = self.create()
        train, val = (around.known(split, self._train, self._more) for split in ("train", "val"))
        with global_seed(0, "contract"):
            attack.fit(train, val, around.guidance, around.context())
        return attack

    def _said(self, attack: Attack, gallery: Gallery) -> dict[str, np.ndarray]:
        """Everything that an attack says about a gallery, by name, a row a probe. Shape: (N, …) each."""
        ctx = self.around.context()
        if isinstance(attack, InferenceAttack):
            return {"scores": np.stack(list(attack.infer(gallery, ctx).values()), 1)}
        assert isinstance(attack, LinkageAttack)
        scores, alike = attack.similarity_matrix(gallery, ctx), attack.image_similarity(gallery, ctx)
        return {"scores": scores} | ({} if alike is None else {"image similarity": alike})

    def observe(self, plugin: Attack) -> dict[str, np.ndarray]:
        return self._said(plugin, self.around.gallery(self._test, self._more))

    def prepare(self, state: dict[str, Tensor]) -> Attack:
        attack = self.create()
        attack.load_state(state, self.around.fabric.device)
        return attack

    def gallery_is_lent(self) -> None:
        gallery, before = (self.around.gallery(self._test, self._more) for _ in range(2))
        self._said(self.ready, gallery)
        for name, (one, other) in {
            "probes": (gallery.probes, before.probes),
            "references": (gallery.references, before.references),
            **{f"release {n}": both for n, both in enumerate(zip(gallery.releases, before.releases, strict=True))},
        }.items():
            insist(np.array_equal(one, other), f"the {name} were changed in place")

    def edges(self) -> None:
        for scores in self._said(self.ready, self.around.edge_gallery(self._test, self._more)).values():
            wrong = ~np.isfinite(scores).all(axis=tuple(range(1, scores.ndim)))
            insist(not wrong.any(), f"of {EDGES[int(wrong.argmax())]}, some scores are no numbers")

    def scenarios(self) -> None:
        plugin = self.create()
        unknown = set(plugin.scenarios) - set(SCENARIOS)
        insist(not unknown and bool(plugin.scenarios), f"{sorted(unknown)} are none of {', '.join(SCENARIOS)}")

    def shape(self) -> None:
        gallery, ctx = self.around.gallery(self._test, self._more), self.around.context()
        count = len(gallery.probes)
        said = self._said(self.ready, gallery)
        scores = said["scores"]
        insist(all(bool(np.isfinite(one).all()) for one in said.values()), "some scores are no numbers")
        if isinstance(self.ready, InferenceAttack):
            names = tuple(self.ready.infer(gallery, ctx))
            insist(names == self.ready.attributes, f"it declares {self.ready.attributes} and infers {names}")
            insist(scores.shape == (count, len(names)), f"the shape is {scores.shape}")
            return
        assert isinstance(self.ready, LinkageAttack)
        for name, matrix in said.items():
            insist(matrix.shape == (count, count), f"{name} of {count} images: the shape is {matrix.shape}")
        probes, references = np.arange(count), np.arange(count)[::-1].copy()
        pairs = self.ready.similarity(gallery, probes, references, ctx)
        insist(pairs.shape == (count,), f"{count} pairs got scores of shape {pairs.shape}")
        close_scores(pairs, scores[probes, references], "pairs and matrix")
        some = references[: count // 2]
        close_scores(self.ready.similarity_by_rows(gallery, ctx)(some), scores[some], "rows and matrix")

    def order(self) -> None:
        gallery = self.around.gallery(self._test, self._more)
        rows = np.random.default_rng(0).permutation(len(gallery.probes))[: len(gallery.probes) // 2]
        half = self._said(self.ready, gallery.rows(rows))
        for name, scores in self._said(self.ready, gallery).items():
            expected = scores[rows] if isinstance(self.ready, InferenceAttack) else scores[np.ix_(rows, rows)]
            close_scores(half[name], expected, f"{name} of half of the gallery in another order")
        self._many(gallery)

    def _many(self, gallery: Gallery) -> None:
        """Of more images than the harness hands over at once, such as large data sets have."""
        ctx, rows = self.around.context(), np.arange(MANY) % len(gallery.probes)
        large, mates = gallery.rows(rows), np.arange(MANY)[::-1].copy()
        if isinstance(self.ready, InferenceAttack):
            expected, scores = (self._said(self.ready, one)["scores"] for one in (gallery, large))
            expected = expected[rows]
        else:
            assert isinstance(self.ready, LinkageAttack)
            expected = self.ready.similarity(gallery, rows, rows[mates], ctx)
            scores = self.ready.similarity(large, np.arange(MANY), mates, ctx)
        close_scores(scores, expected, f"in a gallery of {MANY} images")

    def state(self) -> None:
        twin = self.observe(self.prepare(through_a_file(self.ready.state())))
        for name, scores in self.observe(self.ready).items():
            close_scores(twin[name], scores, f"{name} after loading")
