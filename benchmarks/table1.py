"""The nine rows of the PriCheXy-Net paper's Table 1 under a protocol: its scenario and the worst case side by side.

python benchmarks/table1.py [--out runs/table1] [options of `privbench run`, such as --dataset …]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROWS = [
    ["identity"],
    ["privacy-net"],
    *(["prichexy", "--mu", mu] for mu in ("0.001", "0.005", "0.01")),
    *(["dp-pix", "--b", b] for b in ("1", "2", "4", "8")),
]


def main() -> None:
    arguments = sys.argv[1:]
    out = Path("runs/table1")
    if arguments[:1] == ["--out"]:
        out, arguments = Path(arguments[1]), arguments[2:]
    out.mkdir(parents=True, exist_ok=True)
    folders = []
    for name, *params in ROWS:
        folders.append(out / "-".join([name, *params[1:]]))
        command = [sys.executable, "-m", "privbench", "run", "--anonymizer", name, *params, "--quiet"]
        subprocess.run([*command, "--out", str(folders[-1]), *arguments], check=True, stdout=subprocess.DEVNULL)
        print(name, *params, flush=True, file=sys.stderr)
    plot = ["--format", "markdown", "--plot", str(out / "tradeoff.png")]
    subprocess.run([sys.executable, "-m", "privbench", "leaderboard", *map(str, folders), *plot], check=True)


if __name__ == "__main__":
    main()
