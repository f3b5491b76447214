"""The nine rows of the PriCheXy-Net paper's Table 1 under a protocol, and two floors that they are read against.

    python benchmarks/table1.py [--out runs/table1] [options of `privbench run`, such as --dataset …]

The floors: an anonymizer that releases a constant image, which must score chance on both axes, and the normalized
correlation of raw pixels, without any training, on the test pairs of `identity`. A trained attack that does not
beat it has not been trained.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from privbench.api import default_store
from privbench.data.loading import read_splits
from privbench.metrics.roc import auc
from privbench.protocol import Protocol
from privbench.registry import Registry
from privbench.results import read_run

CONSTANT = """
import torch
from privbench import Anonymizer

class Constant(Anonymizer):
    \"\"\"Releases the same grey image for everyone.\"\"\"
    name = "constant"
    deterministic = True

    def anonymize(self, images, generator):
        return torch.full_like(images, 0.5)
"""
ROWS = [
    ["identity"],
    ["privacy-net"],
    *(["prichexy", "--mu", mu] for mu in ("0.001", "0.005", "0.01")),
    *(["dp-pix", "--b", b] for b in ("1", "2", "4", "8")),
    ["constant"],
]


def main() -> None:
    arguments = sys.argv[1:]
    out = Path("runs/table1")
    if arguments[:1] == ["--out"]:
        out, arguments = Path(arguments[1]), arguments[2:]
    out.mkdir(parents=True, exist_ok=True)
    plugin = out / "constant.py"
    plugin.write_text(CONSTANT)
    folders = []
    for name, *params in ROWS:
        folders.append(out / "-".join([name, *params[1:]]))
        extra = ["--plugin", str(plugin)] if name == "constant" else []
        command = [sys.executable, "-m", "privbench", "run", "--anonymizer", name, *params, *extra, "--quiet"]
        subprocess.run([*command, "--out", str(folders[-1]), *arguments], check=True, stdout=subprocess.DEVNULL)
        print(name, *params, flush=True, file=sys.stderr)
    plot = ["--format", "markdown", "--plot", str(out / "tradeoff.png")]
    subprocess.run([sys.executable, "-m", "privbench", "leaderboard", *map(str, folders), *plot], check=True)
    print(f"normalized correlation of raw pixels on identity: AUC {correlation(folders[0]):.3f}")


def correlation(folder: Path) -> float:
    """The verification AUC of raw pixels on the test pairs of a run whose stages are in the default store."""
    record = read_run(folder)
    protocol = Protocol(**record.protocol)
    key = next(stage.key for stage in record.stages if stage.name == "data")
    findings = Registry().get("dataset", protocol.data.dataset).findings
    test = read_splits(default_store() / "data" / key, findings, protocol.pairs, protocol.seed)["test"]
    flat = test.images.reshape(len(test.images), -1).astype(float)
    flat -= flat.mean(1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    return auc(test.pairs.mated, (flat[test.pairs.probe] * flat[test.pairs.reference]).sum(1))


if __name__ == "__main__":
    main()
