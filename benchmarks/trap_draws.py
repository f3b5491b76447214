"""Whether what the attacks see of the self-test's traps hangs on the draw of their parameters.

    python benchmarks/trap_draws.py [--draws 0 1 2] [--protocol quick] [--trap NAME]… [--set FIELD=VALUE]…

Runs each trap that hides identity in plain sight with each seed of its parameters, beside identity, and prints a
Markdown table: for each trap and draw the share of identity's margin that the worst case keeps, and how the trap is
sorted. Each `--trap` names a trap to run in place of all; each `--set` changes the protocol, as with `privbench run`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from many_runs import Wanted, made_together, options, setting_of

from privbench.judging.selftest.catalogue import PLAIN_SIGHT, traps
from privbench.judging.selftest.judge import judge
from privbench.plugins.interfaces import Anonymizer

_NAMES = [trap.name for trap in PLAIN_SIGHT]


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    told = options(__doc__, Path("runs/trap_draws"))
    told.add_argument("--draws", type=int, nargs="+", default=[0, 1, 2])
    told.add_argument("--trap", action="append", choices=_NAMES, metavar="NAME", help="a trap to run; repeatable")
    return told


def main() -> None:
    chosen = parser().parse_args()
    setting = setting_of(chosen)
    names, draws = chosen.trap or _NAMES, chosen.draws
    drawn = {draw: {one.anonymizer.name: one for one in traps(setting.load(), draw)} for draw in draws}
    methods: dict[str, str | Anonymizer] = {"identity": "identity"}
    methods |= {f"{name}-{draw}": drawn[draw][name].anonymizer for name in names for draw in draws}
    made = made_together([Wanted(method, setting, chosen.out / name) for name, method in methods.items()])
    records = dict(zip(methods, made, strict=True))
    identity = records["identity"]
    found = {name: [judge(records[f"{name}-{draw}"], identity, drawn[draw][name]) for draw in draws] for name in names}
    worst = identity.worst_case
    print(f"identity: worst case {worst.verification_auc:.3f}, {worst.label}, {worst.verdict}\n")
    print(f"| trap | {' | '.join(f'draw {draw}' for draw in draws)} |")
    print("| --- " * (len(draws) + 1) + "|")
    for name, results in found.items():
        cells = (f"{'' if one.sorted else 'WRONG: '}{one.margin:.2f} {one.verdict}" for one in results)
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
