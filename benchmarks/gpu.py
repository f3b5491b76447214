"""What a GPU makes of privbench, in eight minutes and without data: is it right, how fast, and how long would it take.

    python benchmarks/gpu.py --json gpu.json                         # on a GPU: phantoms of 256 px, standard's networks
    python benchmarks/gpu.py --device cpu --small                    # the same paths on a processor, in a minute
    python benchmarks/gpu.py --device cpu --small --only precision --steps 160
    python benchmarks/gpu.py --device cpu --small --only seeds --seeds 3

Correctness comes first: the tests that are marked `gpu` hold every anonymizer, attack and utility task in fp32 and bf16
against the processor. Then come privbench's trainings beside plain ones in the same process (`plain_trainings.py`),
with memory and the busy share of the GPU; three seeds one after the other, in processes, on streams and stacked
(`seeds_together.py`); hours of protocols from measured rates; the trainings that fewer stages have
(`further_trainings.py`), in bf16 alone; AUCs of five seeds in bf16 and fp32; and torch.compile.

It prints a row as soon as it is known, and the whole table at the end. What fails is a row, and the rest goes on; exit
status 1 then. What the time (--seconds) does not allow for is told as skipped. Targets that are missed are told, and
are no failure.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gpu_rows import FAILED, SECTIONS, Bench
from seeds_together import end_all


def ended_by_the_clock(bench: Bench, file: Path | None, about: dict[str, Any]) -> threading.Timer:
    """Ends all when the time is over, even where a section hangs: what is known is told, and children are ended."""

    def stop() -> None:
        bench.add(bench.doing.partition(":")[0], bench.doing, status=FAILED, note="the time was over; --seconds")
        end_all()
        print(f"\n{bench.table()}", flush=True)
        with suppress(OSError):
            bench.written(file, about)
        os._exit(1)

    timer = threading.Timer(bench.left, stop)
    timer.daemon = True
    timer.start()
    return timer


def parser() -> argparse.ArgumentParser:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--device", choices=["cuda", "cpu"], help="else cuda where there is one")
    told.add_argument("--small", action="store_true", help="small networks and images; always so on a processor")
    told.add_argument("--json", type=Path, metavar="FILE", help="where the rows go, too")
    told.add_argument("--seconds", type=float, default=450, help="it ends within them, whatever is left to do")
    told.add_argument("--steps", type=int, help="of each training whose AUC is compared in bf16 and fp32")
    told.add_argument(
        "--seeds", type=int, metavar="COUNT", help="so many, together for five seconds each way, and in each precision"
    )
    told.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="these sections alone")
    return told


def main() -> None:
    begun, chosen = time.monotonic(), parser().parse_args()  # what is loaded below takes time, too
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # counts only before the device is first used
    import gpu_sections as sections
    import torch

    there = torch.cuda.is_available()
    if chosen.device == "cuda" and not there:
        sys.exit("There is no CUDA device on this machine: use --device cpu --small.")
    device = chosen.device or ("cuda" if there else "cpu")
    small = chosen.small or device == "cpu"
    bench = Bench(device, small, chosen.seconds, chosen.only, chosen.steps, chosen.seeds, begun=begun)
    about = sections.about(bench)
    print("\n".join(f"{name}: {value}" for name, value in about.items()), flush=True)
    if not bench.on_gpu:
        print("No GPU is used: everything runs at small size on the processor, and no figure says anything of a GPU.")
    clock = ended_by_the_clock(bench, chosen.json, about)
    try:
        sections.every(bench)
    finally:
        clock.cancel()
        end_all()
        print(f"\n{bench.table()}\n\n{bench.seconds - bench.left:.0f} s", flush=True)
        bench.written(chosen.json, about)
    sys.exit(1 if bench.failed else 0)


if __name__ == "__main__":
    main()
