"""What protocols cost: how many images their networks train on and read, and, from measured rates, how many hours.

    python benchmarks/cost_of_protocols.py measure --out rates.json          # this processor's, with one thread
    python benchmarks/cost_of_protocols.py measure --device cuda --batch 64 --out rates.json
    python benchmarks/cost_of_protocols.py project --rates rates.json                      # else by this repository's
    python benchmarks/cost_of_protocols.py project --protocol benchmarks/reference/table1-phantom.toml

`measure` times training steps and forward passes of every network of `paper` and `standard`, or of other protocols
(--protocol), in seconds of the process on a processor and of the clock on a device, and counts their operations, and
what a gradient keeps of an image (`kept_mib`).
`project` prints, for a new method and for the nine rows of Table 1, the images and the hours. A training with
patience is taken to end after so many epochs (--stops-after).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from network_rates import MEASURED, measure
from protocol_work import CHESTXRAY14, PHANTOM, STOPS_AFTER, Sizes, hours, operations, protocol_work, sizes_of, totals

from privbench.protocols.schema import Protocol, load_protocol
from privbench.sweeps.schema import load_sweep

REFERENCE = Path(__file__).parent / "reference" / "rates-cpu.json"


def project(names: Sequence[str], file: Path, stops_after: int) -> None:
    """Prints a table for a new method (PriCheXy-Net's kind), for one that learns nothing, and for Table 1.

    Ends with a sentence where a protocol has a network that the file has no rate of.
    """
    rates = json.loads(file.read_text(encoding="utf-8"))
    rows = [row.anonymizer for row in load_sweep("table1").rows]
    kinds = {
        "one that trains no network": ["dp-pix"],
        "one like PriCheXy-Net": ["prichexy"],
        "Table 1's nine rows": rows,
    }
    heads = ["protocol", "methods", "million images trained on", "read", "PFLOP", "hours"]
    own = rates["networks"]
    loaded = {name: load_protocol(name) for name in names}
    _all_known(loaded, rows, own, file, stops_after)
    print(f"rates: {rates['device']}\n")
    print(f"| {' | '.join(heads)} |\n{'| --- ' * len(heads)}|")
    for protocol in loaded.values():
        sizes = _sizes(protocol)
        for kind, methods in kinds.items():
            work = protocol_work(protocol, sizes, methods, stops_after)
            trained, read = (sum(part) / 1e6 for part in zip(*totals(work).values(), strict=True))
            cells = [
                f"{trained:.1f}",
                f"{read:.1f}",
                f"{operations(work, own) / 1e15:,.0f}",
                f"{hours(work, own):,.0f}",
            ]
            print(f"| `{protocol.name}` | {kind} | {' | '.join(cells)} |")


def _all_known(
    protocols: Mapping[str, Protocol], methods: Sequence[str], rates: Mapping[str, Any], file: Path, stops_after: int
) -> None:
    unknown = {
        network
        for protocol in protocols.values()
        for network in totals(protocol_work(protocol, _sizes(protocol), [*methods, "prichexy"], stops_after))
        if network not in rates
    }
    if unknown:
        command = f"python benchmarks/cost_of_protocols.py measure --protocol {' '.join(protocols)} --out rates.json"
        sys.exit(
            f"There is no rate of {', '.join(sorted(unknown))} in {file}: measure with `{command}`, and add --rates "
            "rates.json."
        )


def stages(name: str, anonymizer: str, stops_after: int) -> None:
    """Prints every stage of a protocol for one method."""
    protocol = load_protocol(name)
    sizes = _sizes(protocol)
    print("| stage | shared | network | thousand images trained on | read |\n| --- | --- | --- | --- | --- |")
    for one in protocol_work(protocol, sizes, [anonymizer], stops_after):
        for network, (trained, read) in totals([one]).items():
            shared = "yes" if one.shared else ""
            print(f"| {one.stage} | {shared} | {network} | {trained / 1e3:.0f} | {read / 1e3:.0f} |")


def _sizes(protocol: Protocol) -> Sizes:
    told = PHANTOM if protocol.data.dataset == "phantom" else CHESTXRAY14
    return sizes_of(*told, validation=protocol.data.validation)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    measuring.add_argument("--precision", default="32-true")
    measuring.add_argument("--batch", type=int, default=4)
    measuring.add_argument("--threads", type=int, default=1)
    measuring.add_argument("--seconds", type=float, default=8.0)
    measuring.add_argument("--protocol", nargs="+", default=MEASURED, help="whose networks are measured")
    measuring.add_argument("--out", type=Path, required=True)
    projecting = commands.add_parser("project")
    projecting.add_argument("--protocol", nargs="+", default=["paper", "standard", "standard-phantom"])
    projecting.add_argument("--rates", type=Path, default=REFERENCE, help="what measure wrote")
    projecting.add_argument("--stops-after", type=int, default=STOPS_AFTER)
    listing = commands.add_parser("stages")
    listing.add_argument("protocol")
    listing.add_argument("--anonymizer", default="prichexy")
    listing.add_argument("--stops-after", type=int, default=STOPS_AFTER)
    told = parser.parse_args()
    if told.command == "measure":
        from privbench.running.environment import device

        where = device(told.device, told.precision, told.threads)
        rates = measure(told.device, told.precision, told.batch, told.threads, told.seconds, told.protocol)
        about = f"{where['name']}, {told.precision}, batches of {told.batch}"
        about += f", {told.threads} thread" if told.device == "cpu" else ""
        told.out.write_text(json.dumps({"device": about, "networks": rates}, indent=1) + "\n", encoding="utf-8")
    elif told.command == "project":
        project(told.protocol, told.rates, told.stops_after)
    else:
        stages(told.protocol, told.anonymizer, told.stops_after)


if __name__ == "__main__":
    main()
