"""What commands answer, for tests that read it whole, and the plugin that several of them name."""

from typing import NamedTuple

import pytest
from command_line import call

HALF = """
from privbench import Anonymizer
class Half(Anonymizer):
    \"\"\"Halves the contrast.\"\"\"
    name = "half"
    deterministic = True
    def anonymize(self, images, generator):
        return images / 2 + 0.25
"""


class Answer(NamedTuple):
    """What a command ended with; the texts without their line breaks, which the terminal's width decides."""

    code: int
    out: str
    err: str


@pytest.fixture
def privbench(monkeypatch, capsys):
    """Carries out `privbench …` as on a terminal of 200 columns."""

    def run(*arguments) -> Answer:
        capsys.readouterr()
        code, printed = call(monkeypatch, *arguments), capsys.readouterr()
        return Answer(code, " ".join(printed.out.split()), " ".join(printed.err.split()))

    return run


@pytest.fixture
def half(tmp_path):
    """A plugin file with an anonymizer that halves the contrast."""
    plugin = tmp_path / "half.py"
    plugin.write_text(HALF)
    return plugin
