"""Trains a patient verifier on pairs, and scores pairs and galleries with it.

The guidance and the paper's attack are the same network under the same recipe; both come here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..data.gallery import Gallery, KnownGallery
from .ahead import Loaded
from .augmentation import vary
from .context import Context, Pixels
from .embedder import PatientSampler
from .generators import global_seed
from .networks import EmbeddedPairs, Verifier, outputs_of, start_from_guidance
from .recipes import VerifierRecipe
from .training import Losses, adam, train
from .updating import Update

_PAIRS = 2**16  # whose features are compared at once
_DIFFERENCES = 2**27
"""Of features of pairs that an accelerator holds at once: 512 MiB."""


def fit_verifier(
    train_set: KnownGallery,
    val_set: KnownGallery,
    recipe: VerifierRecipe,
    ctx: Context,
    title: str,
    guidance: Verifier | None = None,
) -> Verifier:
    """A verifier trained on the pairs of `train_set` with binary cross entropy, selected on those of `val_set`.

    Or on its patients, where the recipe tells `steps`. Mated and other pairs weigh alike in either way.
    """
    with global_seed(ctx.derive(title, "weights")):
        verifier = Verifier(recipe, recipe.features)
    if recipe.init == "guidance" and guidance is not None:
        start_from_guidance(verifier, guidance, title)
    probes = Pixels(train_set.probes, ctx.device)
    same = train_set.probes is train_set.references  # then they need not be held twice
    references = probes if same else Pixels(train_set.references, ctx.device)
    noise = ctx.device_generator(title, "augmentation")

    def seen(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        images = (probes[first], references[second])
        one, other = (vary(part, recipe.augmentation, noise)[0] for part in images)
        return one, other

    if recipe.steps is None:
        count = len(train_set.pairs)
        load, step = _of_pairs(verifier, train_set, seen, recipe, ctx, title)
    else:
        count = recipe.steps * recipe.batch_size
        load, step = _of_patients(verifier, train_set, seen, recipe, ctx, title)

    def validate() -> Losses:
        pairs = val_set.pairs
        logits = torch.from_numpy(score_pairs(verifier, val_set, pairs.probe, pairs.reference, ctx))
        target = torch.from_numpy(pairs.mated).double()
        return {"loss": functional.binary_cross_entropy_with_logits(logits, target)}

    train(
        verifier,
        count=count,
        recipe=recipe,
        step=step,
        validate=validate,
        ctx=ctx,
        title=title,
        load=load,
    )
    return verifier


_Seen = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Takes rows of probes and of references; their images, as they are trained with."""
_Steps = tuple[Callable[[Tensor], Loaded], Callable[..., Losses]]
"""What `train` loads and what it does with that."""


def _of_pairs(
    verifier: Verifier, known: KnownGallery, seen: _Seen, recipe: VerifierRecipe, ctx: Context, title: str
) -> _Steps:
    """Learns from the drawn pairs."""
    update = Update(verifier, ctx, *adam(verifier, recipe, len(known.pairs)), title=title)
    probe_rows, reference_rows, mated = (
        torch.from_numpy(told).to(ctx.device)
        for told in (known.pairs.probe, known.pairs.reference, known.pairs.mated.astype(np.float32))
    )

    def load(rows: Tensor) -> Loaded:
        return *seen(probe_rows[rows], reference_rows[rows]), mated[rows]

    def step(first: Tensor, second: Tensor, told: Tensor) -> Losses:
        entropy = functional.binary_cross_entropy_with_logits
        return {"loss": update((first, second), lambda logits: entropy(logits.float(), told))}

    return load, step


def _of_patients(
    verifier: Verifier, known: KnownGallery, seen: _Seen, recipe: VerifierRecipe, ctx: Context, title: str
) -> _Steps:
    """Learns from all pairs of two images each of the batch's patients."""
    network, steps = EmbeddedPairs(verifier), recipe.steps or 1
    update = Update(network, ctx, *adam(network, recipe, steps * recipe.batch_size), title=title)
    sampler = PatientSampler(known.patients, known.visits, ctx.numpy_generator(title, "patients"))
    batches = sampler.batches(recipe.batch_size, steps, ctx.device)

    def load(slots: Tensor) -> Loaded:
        return seen(*next(batches)[:, : len(slots)])

    def loss_of(points: Tensor) -> Tensor:
        first, second = points.float().unbind(1)
        return crossed_loss(verifier.compare(first[:, None], second[None]))

    def step(first: Tensor, second: Tensor) -> Losses:
        return {"loss": update((first, second), loss_of)}

    return load, step


def crossed_loss(logits: Tensor) -> Tensor:
    """Binary cross entropy of each with each, of which the diagonal is mated; both kinds weigh alike.

    Shape: (N, N) to (), for two and more.
    """
    count = len(logits)
    mated, strange = functional.softplus(-logits.diagonal()).mean(), functional.softplus(logits).fill_diagonal_(0)
    return (mated + strange.sum() / (count * (count - 1))) / 2


def embed(verifier: Verifier, images: np.ndarray, ctx: Context) -> Tensor:
    """Embeds every image once. Shape: (N, 1, H, W), uint8, to (N, features) in (0, 1), on the device."""
    pixels = Pixels(images, ctx.device)
    return outputs_of(verifier, len(pixels), lambda rows: (pixels[rows],), verifier.embed, ctx)


@torch.no_grad()
def score_pairs(
    verifier: Verifier, gallery: Gallery, probe: np.ndarray, reference: np.ndarray, ctx: Context
) -> np.ndarray:
    """The logit of each pair of rows; only the images that stand in a pair are embedded, each once.

    Shape: two times (n,), int, to (n,), float64.
    """
    if gallery.probes is gallery.references:  # an image may stand on either side
        rows, at = np.unique(np.concatenate([probe, reference]), return_inverse=True)
        probes = references = embed(verifier, gallery.probes[rows], ctx)
        probe_at, reference_at = np.split(at, 2)
    else:
        (probe_rows, probe_at), (reference_rows, reference_at) = (
            np.unique(one, return_inverse=True) for one in (probe, reference)
        )
        probes = embed(verifier, gallery.probes[probe_rows], ctx)
        references = embed(verifier, gallery.references[reference_rows], ctx)
    sides = (torch.from_numpy(at).to(ctx.device).split(_PAIRS) for at in (probe_at, reference_at))
    logits = [verifier.compare(probes[one], references[other]) for one, other in zip(*sides, strict=True)]
    return torch.cat(logits).cpu().double().numpy()


@torch.no_grad()
def scores_by_rows(verifier: Verifier, gallery: Gallery, ctx: Context) -> Callable[[np.ndarray], np.ndarray]:
    """What gives the logits of some probes with every reference. Shape: rows (n,), int, to (n, R), float32."""
    references = embed(verifier, gallery.references, ctx)
    probes = references if gallery.probes is gallery.references else embed(verifier, gallery.probes, ctx)
    # One probe's differences fit a processor's caches; an accelerator has enough to do with many alone.
    at_once = 1 if ctx.device.type == "cpu" else max(1, _DIFFERENCES // references.numel())

    @torch.no_grad()
    def scores_of(rows: np.ndarray) -> np.ndarray:
        scores = torch.empty(len(rows), len(references))
        parts = torch.from_numpy(rows).split(at_once)
        for told, part in zip(scores.split(at_once), parts, strict=True):
            told.copy_(verifier.compare(probes[part.to(ctx.device)][:, None], references))
        return scores.numpy()

    return scores_of
