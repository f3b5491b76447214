"""Two commands at once on one store."""

import re

import pytest
from processes import Command

from privbench.record.run import read_run

SWEEP = """
name = "two"
description = "two rows"
[[rows]]
anonymizer = "identity"
[[rows]]
anonymizer = "dp-pix"
params = { b = 4 }
"""
MADE = re.compile(r": \d+\.\d s\s*$", re.MULTILINE)


@pytest.mark.slow
def test_each_stage_is_made_by_one_of_them(tiny_protocol, tmp_path):
    (tmp_path / "two.toml").write_text(SWEEP)
    told = ["--protocol", tiny_protocol, "--store", "store", "--jobs", "1"]
    sweep = Command(["-m", "privbench", "sweep", "two.toml", *told, "--out", "sweep"], tmp_path)
    run = Command(["-m", "privbench", "run", "--anonymizer", "dp-pix", "--b", "4", *told, "--out", "run"], tmp_path)
    said = [command.process.communicate(timeout=300)[1] for command in (sweep, run)]
    assert (sweep.process.returncode, run.process.returncode) == (0, 0), said
    stages = list((tmp_path / "store").glob("*/*/stage.json"))
    assert sum(len(MADE.findall(text)) for text in said) == len(stages) > 20
    assert not list((tmp_path / "store" / "unfinished").iterdir())
    alone, (row,) = read_run(tmp_path / "run"), (tmp_path / "sweep").glob("dp-pix*/run.json")
    assert read_run(row.parent).attacks == alone.attacks
