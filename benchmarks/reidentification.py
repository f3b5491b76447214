"""How well the contrastive attack links original images over all test pairs, and in what time.

    python benchmarks/reidentification.py ROOT [FIELD=VALUE …]

ROOT is a folder in ChestX-ray14's layout. Data, split and recipe are those of the protocol quick, changed as
`privbench run --set` does, such as attacks.contrastive.params.epochs=10. The clock runs while the attack is fitted. No
test image is looked at before. Raw pixels, which need no training, stand beside it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from privbench.base.progress import Progress
from privbench.data.gallery import Gallery, KnownGallery
from privbench.learning.context import Context
from privbench.learning.device import create_fabric, deterministic
from privbench.learning.generators import global_seed
from privbench.learning.guidance import untrained_guidance
from privbench.metrics.retrieval import cumulative_match, rank_mates
from privbench.metrics.roc import auc
from privbench.plugins.interfaces import DataRequest, Dataset, LinkageAttack
from privbench.plugins.registry import Registry
from privbench.protocols.schema import load_protocol
from privbench.running.loading import read_splits, write_data
from privbench.running.pairing import with_pairs


def main() -> None:
    root, *overrides = sys.argv[1:]
    protocol, registry = load_protocol("quick", ["data.dataset=chestxray14", "data.params={}", *overrides]), Registry()
    section, progress = protocol.attacks["contrastive"], Progress(Console(stderr=True), quiet=True)
    dataset = registry.create(Dataset, protocol.data.dataset, {})
    with tempfile.TemporaryDirectory() as name, deterministic():
        request = DataRequest(protocol.data.size, protocol.seed, Path(root), 2, progress)
        write_data(dataset, request, protocol.data.validation, Path(name), lambda table: None)
        splits = with_pairs(read_splits(Path(name), dataset.findings), protocol.pairs, protocol.seed)
        known = {
            split: KnownGallery(part.images, part.images, pairs=part.pairs, table=part.table)
            for split, part in splits.items()
        }
        test = splits["test"]
        with global_seed(protocol.seed, "guidance"):  # the recipe starts from scratch, so nothing is learnt from it
            guidance = untrained_guidance(protocol.guidance, len(dataset.findings), torch.device("cpu"))
        print("attack, seconds of training, AUC over all test pairs, rank-1")
        for name, params in (("correlation", {}), (section.attack, section.params)):
            attack = registry.create(LinkageAttack, name, params)
            ctx = Context(create_fabric("cpu", "32-true"), protocol.seed, "attack contrastive OO 0", progress)
            start = time.perf_counter()
            attack.fit(known["train"], known["val"], guidance, ctx)
            seconds = time.perf_counter() - start
            similarity = attack.similarity_matrix(Gallery(test.images, test.images), ctx)
            first, second = np.triu_indices(len(test.images), 1)
            mated = test.patients[first] == test.patients[second]
            ranks = rank_mates(similarity, test.patients, test.patients, np.random.default_rng(0))
            figures = f"{auc(mated, similarity[first, second]):.3f}, {cumulative_match(ranks, 1):.3f}"
            print(f"{attack.name}, {seconds:.0f}, {figures}", flush=True)


if __name__ == "__main__":
    main()
