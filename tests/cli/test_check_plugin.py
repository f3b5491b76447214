import pytest

TASK = """
import numpy as np
from privbench import Params
from privbench.interfaces import Measure, MeasuringTask
class OneParams(Params):
    number: int
class One(MeasuringTask):
    \"\"\"Takes the number three alone.\"\"\"
    name = "one-parameter"
    measures = {"nothing": Measure("", None)}
    Params = OneParams
    def fit(self, train, val, guidance, ctx):
        assert self.params.number == 3
    def measure(self, test, ctx):
        return {"nothing": np.full(len(test.images), np.nan)}
"""


@pytest.mark.slow
def test_it_tells_kept_and_broken_promises(privbench, half):
    whole = privbench("check-plugin", "identity")
    assert (whole.code, "broken" in whole.out) == (0, False)
    half.write_text(half.read_text().replace("images / 2 + 0.25", "images + 1"))
    done = privbench("check-plugin", "half", "--plugin", half)
    assert done.code == 1
    assert "broken shape, dtype, device and range are kept: values from 1 to" in done.out
    assert "kept the guidance is left as it was" in done.out


@pytest.mark.slow
def test_it_takes_a_tasks_parameters_from_the_protocol(privbench, tiny_protocol, tmp_path):
    """Those of the section that names it, else `full`'s, which segmentation cannot do without."""
    mine = tmp_path / "mine.toml"
    mine.write_text(
        f'extends = "{tiny_protocol}"\n[utilities.blind]\ntask = "one-parameter"\nparams = {{ number = 3 }}'
    )
    plugin = tmp_path / "task.py"
    plugin.write_text(TASK)
    check = ["check-plugin", "--protocol", mine, "--plugin", plugin]
    kept = privbench(*check, "one-parameter")
    assert (kept.code, "broken" in kept.out) == (0, False)
    other = privbench(*check, "one-parameter", "--number", "4")
    assert (other.code, "kept" in other.out) == (1, True)
    segmented = privbench(*check, "segmentation", "--width", "2")
    assert segmented.code == 0
    assert "kept a saved state does the same when it is loaded" in segmented.out


def test_a_parameter_that_hides_an_option_of_another_command_is_seen(privbench, half):
    params = "from privbench import Params\nclass HalfParams(Params):\n    seed: int = 3\n"
    half.write_text(
        params + half.read_text().replace("    deterministic", "    Params = HalfParams\n    deterministic")
    )
    done = privbench("check-plugin", "half", "--plugin", half)
    assert (done.code, "--seed is an option of privbench run: rename the parameter" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["siamese", "--kind", "anonymizer"], "the name belongs to another kind: say --kind attack"),
        (["siames", "--kind", "attack"], "no attack 'siames': did you mean 'siamese'?"),
        (["siames"], "no plugin 'siames': did you mean 'siamese'"),
        (["siamese", "--kind", "attak"], "no kind 'attak' of plugins: did you mean 'attack'"),
    ],
)  # fmt: skip
def test_a_wrong_name_or_kind_is_told_with_the_right_one(privbench, arguments, message):
    done = privbench("check-plugin", *arguments)
    assert done.code == 2
    assert message in done.err


def test_one_name_of_two_kinds_is_asked_about(privbench, half):
    half.write_text(half.read_text().replace('"half"', '"siamese"'))
    done = privbench("check-plugin", "siamese", "--plugin", half)
    assert (done.code, "say which, --kind anonymizer and --kind attack" in done.err) == (2, True)
    assert privbench("check-plugin", "siamese", "--plugin", half, "--kind", "anonymizer").code == 0
