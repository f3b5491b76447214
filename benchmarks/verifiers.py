"""Does a verifier learn more from patients than from drawn pairs? `python benchmarks/verifiers.py` (minutes).

Both learn of the same phantoms with the verifier's recipe of `quick`, in as many steps of as many images. Printed is
the verification AUC of pairs of other phantoms, of which neither training nor the choice of the epoch knew.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from privbench.base.progress import Progress
from privbench.data.gallery import KnownGallery
from privbench.data.pairs import draw_pairs
from privbench.data.patients import patient_codes
from privbench.datasets.phantom import generate
from privbench.learning.context import Context
from privbench.learning.device import create_fabric
from privbench.learning.recipes import Augmentation, VerifierRecipe
from privbench.learning.verifier import fit_verifier, score_pairs
from privbench.metrics.roc import auc
from privbench.protocols.schema import load_protocol

SIZE, CAP = 64, 10
MILD = Augmentation(shift=0.06, rotation=5, scale=0.08, exposure=0.12, noise=0.02)


def gallery(patients: int, seed: int, pairs: int) -> KnownGallery:
    drawn = generate(patients=patients, size=SIZE, seed=seed)
    chosen = draw_pairs(patient_codes(drawn.table["patient"]), pairs, CAP, np.random.default_rng(seed), "drawn")
    return KnownGallery(drawn.images, drawn.images, pairs=chosen, table=drawn.table.assign(study=""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    told = parser.parse_args()
    torch.set_num_threads(1)
    train, val, test = gallery(1500, 1, 10_000), gallery(200, 2, 1000), gallery(300, 3, 2000)
    recipe = load_protocol("quick").guidance.verifier
    steps = -(-len(train.pairs) // recipe.batch_size)
    ways = {
        "pairs": recipe,
        "pairs, augmented mildly": recipe.model_copy(update={"augmentation": MILD}),
        "patients, augmented mildly": recipe.model_copy(update={"augmentation": MILD, "steps": steps}),
        "patients": recipe.model_copy(update={"augmentation": Augmentation(), "steps": steps}),
    }
    print(f"{len(train.probes)} images, {len(train.pairs)} pairs")
    for name, way in ways.items():
        for seed in told.seeds:
            print(f"{name}, seed {seed}: {_auc(way, train, val, test, seed):.3f}", flush=True)


def _auc(recipe: VerifierRecipe, train: KnownGallery, val: KnownGallery, test: KnownGallery, seed: int) -> float:
    ctx = Context(create_fabric("cpu", "32-true"), seed, "t", Progress(quiet=True))
    verifier = fit_verifier(train, val, recipe, ctx, "v")
    return auc(test.pairs.mated, score_pairs(verifier, test, test.pairs.probe, test.pairs.reference, ctx))


if __name__ == "__main__":
    main()
