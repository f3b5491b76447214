"""What a plugin keeps outside of its state, and reads past its code, is seen in a process of its own."""

import pytest
from contracts import broken

from privbench import Anonymizer
from privbench.judging.contract.elsewhere import has_home
from privbench.plugins.registry import Registry

PLUGIN = """
from pathlib import Path
from privbench import Anonymizer
LEARNT = []
{top}
class Method(Anonymizer):
    \"\"\"Darkens by what it learnt.\"\"\"
    name = "method"
    deterministic = True
    def fit(self, train, val, guidance, ctx):
        {keep}
    def anonymize(self, images, generator):
        return images * {kept}
    {more}
"""
ANEW = "what it learnt does the same in a new process"
READS = "it reads no file that its code and inputs() do not tell of"
BY_FILE = "FACTOR = float(Path(__file__).with_name('factor.txt').read_text())"
TOLD = "def inputs(self): return {'factor': str(FACTOR)}"


@pytest.mark.parametrize(
    ("keep", "kept", "top", "more", "promises"),
    [
        ("self.factor = 0.5", "0.5", "", "", set()),
        ("type(self).factor = 0.5", "getattr(self, 'factor', 1.0)", "", "", {ANEW}),
        ("LEARNT.append(0.5)", "([1.0, *LEARNT][-1])", "", "", {ANEW}),
        ("pass", "FACTOR", BY_FILE, "", {READS}),
        ("pass", "FACTOR", BY_FILE, TOLD, set()),
        ("pass", "FACTOR", "exec(Path(__file__).with_name('helper.py').read_text())", TOLD, {READS}),
    ],
)
def test_what_stands_outside_of_the_state_and_the_code_is_seen(keep, kept, top, more, promises, around, tmp_path):
    (tmp_path / "factor.txt").write_text("0.5")
    (tmp_path / "helper.py").write_text("FACTOR = 0.5")
    file = tmp_path / "kept.py"
    file.write_text(PLUGIN.format(keep=keep, kept=kept, top=top, more=more))
    (cls,) = Registry([file]).handed_over()
    assert broken(cls, around, elsewhere=True).keys() == promises


def test_a_class_that_no_process_can_import_has_no_home(tmp_path):
    class Local(Anonymizer):
        name = "local"

    assert not has_home(Local)
    assert has_home(Anonymizer)
