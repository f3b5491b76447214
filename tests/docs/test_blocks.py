"""Every code block of the manual works: protocols load, commands parse, Python runs."""

import re
import shlex
import tomllib
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
import typer

import privbench
from privbench.cli.app import app
from privbench.cli.options import given_params
from privbench.judging.contract.checks import broken_promises
from privbench.plugins.registry import GROUPS, Registry
from privbench.protocols.schema import load_protocol
from privbench.record.submission import AboutRecord
from privbench.sweeps.schema import load_sweep

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "privbench" / "cli" / "templates"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_RUN = {
    "docs/images/phantom.png": "draws the manual's picture, as the block beside it draws phantoms",
    "privbench.audit(": "judges a folder of the reader's; tests/test_calls.py does so too",
}
"""Python blocks that are compiled alone, by what stands in them, and why."""
MINE = """
from privbench import Anonymizer, Params
class MineParams(Params):
    strength: int = 1
class Mine(Anonymizer):
    \"\"\"What the manual calls the reader's own.\"\"\"
    name = "mine"
    deterministic = True
    Params = MineParams
    def anonymize(self, images, generator):
        return images
"""


class Block(NamedTuple):
    page: str
    language: str
    text: str


BLOCKS = [
    Block(page.name, language, text)
    for page in PAGES
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
]


def of(*languages):
    blocks = [block for block in BLOCKS if block.language in languages]
    return pytest.mark.parametrize("block", blocks, ids=[f"{one.page}-{n}" for n, one in enumerate(blocks)])


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with the files that the manual names."""
    (tmp_path / "mine.py").write_text(MINE)
    mean_filter = next(block.text for block in BLOCKS if 'name = "mean-filter"' in block.text)
    (tmp_path / "my_method.py").write_text(mean_filter + MINE)
    (tmp_path / "k_same.py").write_text(next(block.text for block in BLOCKS if 'name = "k-same"' in block.text))
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    (tmp_path / "ci.toml").write_text((ROOT / "benchmarks" / "reference" / "ci.toml").read_text())
    state = {"encoder.weight": torch.ones(2, 2), "decoder.weight": torch.ones(2, 2)}
    for name, content in {"theirs.pth": torch.nn.Linear(2, 2), "checkpoint.pth": {"state_dict": state}}.items():
        torch.save(content, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_block_says_what_it_is():
    """What only shows what is printed is `text`."""
    assert {block.language for block in BLOCKS} <= {"python", "toml", "sh", "yaml", "text"}
    assert len(BLOCKS) > 30


@of("toml")
def test_protocols_load(block, desk):
    values = tomllib.loads(block.text)
    if "project" in values:
        assert set(values["project"]["entry-points"]) <= set(GROUPS.values())
        return
    if "licence" in values:  # of a method that is handed in
        plain = {name: " ".join(text.split()) if isinstance(text, str) else text for name, text in values.items()}
        assert AboutRecord.model_validate(plain).data
        return
    extends = "" if "extends" in values else 'extends = "quick"\n'
    (desk / "some.toml").write_text(extends + block.text)
    protocol = load_protocol("some.toml")
    registry = Registry()
    if protocol.data.dataset in registry.names("dataset") and "my-hospital" not in block.text:
        registry.get("dataset", protocol.data.dataset)(**protocol.data.params)


def commands():
    """Each `privbench …` of a shell or CI block, with variables filled in."""
    values: dict[str, str] = {}
    for block in BLOCKS:
        if block.language not in ("sh", "yaml"):
            continue
        for line in block.text.replace("\\\n", " ").splitlines():
            if assigned := re.fullmatch(r"([A-Z])='(.*)'", line):
                values[assigned[1]] = assigned[2]
            if called := re.search(r"(?:^|/|- |: )(privbench .*)", line):
                words = shlex.split(called[1], comments=True)
                yield pytest.param(
                    [values.get(word.removeprefix("$"), word) for word in words[1:]], id=line.strip()[:60]
                )


@pytest.mark.parametrize("arguments", list(commands()))
def test_commands_parse(arguments, desk):
    """Options exist and their values are valid; so are the anonymizer's parameters, and changes of the protocol."""
    name, *rest = arguments
    command = typer.main.get_command(app).commands[name]
    if name in ("plan", "data"):  # before another command
        name, *rest = rest
        command = command.commands[name]
    context = command.make_context(name, rest)
    registry = Registry(map(Path, context.params.get("plugin") or []))
    method = context.params.get("name" if name == "check-plugin" else "anonymizer")
    if method is not None:
        kind = next(kind for kind in GROUPS if method in registry.names(kind))
        given_params(context, registry.get(kind, method).Params, method)
    else:
        assert not context.args
    if name == "sweep":
        load_sweep(context.params["sweep"])
    if "protocol" in context.params:
        load_protocol(context.params["protocol"] or "quick", context.params.get("set_") or [])


@of("python")
def test_python_runs(block, desk, monkeypatch, tiny_protocol, store):
    """Plugins register; the rest is executed, under the tiny protocol."""
    code = compile(block.text, block.page, "exec")
    if any(mark in block.text for mark in NOT_RUN):
        return
    if "class " in block.text:
        (desk / "block.py").write_text(block.text)
        assert Registry([desk / "block.py"]).handed_over()
        return
    monkeypatch.syspath_prepend(str(desk))
    brief = partial(privbench.run, protocol=str(tiny_protocol), store=store, out=desk / "run")
    monkeypatch.setattr(privbench, "run", brief, raising=False)
    exec(code, {"__name__": "block"})


def test_the_manuals_method_of_sets_keeps_its_promises(desk):
    assert broken_promises(desk / "k_same.py", k=3) == {}


def test_the_templates_of_new_are_the_manuals_examples():
    shown = {block.text for block in BLOCKS if block.page == "plugins.md"}
    for kind in GROUPS:
        assert (TEMPLATES / f"{kind}.py").read_text() in shown, f"docs/plugins.md does not show {kind}.py"
