from pathlib import Path
from typing import Literal

import pytest
from privbench.anonymizers.prichexy import PriCheXyParams
from pydantic import Field

from privbench.base.errors import PrivbenchError
from privbench.base.params import Params
from privbench.cli.options import _values_of, describe_params, parse_params

CONTEXTUAL = """
from privbench import Anonymizer, Params
class ContextParams(Params):
    context: int
class Contextual(Anonymizer):
    \"\"\"Grey images, with a parameter that the harness has a variable of.\"\"\"
    name = "contextual"
    deterministic = True
    Params = ContextParams
    def anonymize(self, images, generator):
        return images * 0 + self.params.context / 10
"""


def test_a_parameter_must_not_hide_an_option():
    with pytest.raises(PrivbenchError, match="prichexy has a parameter --mu, an option of the command itself"):
        parse_params([], PriCheXyParams, "prichexy", ["--mu"])


def test_a_parameter_may_be_called_as_what_is_no_option(privbench, tiny_protocol, store, tmp_path):
    plugin = tmp_path / "contextual.py"
    plugin.write_text(CONTEXTUAL)
    chosen = ["--anonymizer", "contextual", "--plugin", plugin, "--protocol", tiny_protocol]
    few = ["--set", "attacks.siamese=none", "--set", "attacks.contrastive=none"]
    done = privbench("run", *chosen, *few, "--context", "5", "--store", store, "--out", tmp_path / "run", "--quiet")
    assert done.code == 0, done.err
    assert "contextual context=5" in done.out


class FileParams(Params):
    weights_file: Path | None = Field(None, exclude=True)
    out_file: Path | None = Field(None, exclude=True)


def test_a_parameter_that_names_a_file_may_be_written_short():
    for option in ("--weights", "--weights-file"):
        assert parse_params([option, "a.pth"], FileParams, "it", ["--out"]) == {"weights_file": "a.pth"}
    with pytest.raises(PrivbenchError, match="--weights-file is given twice"):
        parse_params(["--weights", "a.pth", "--weights-file", "b.pth"], FileParams, "it", [])
    with pytest.raises(PrivbenchError, match="There is no option --out, of"):
        parse_params(["--out", "a"], FileParams, "it", ["--out"])


def test_parameters_are_parsed_and_described():
    parsed = parse_params(["--mu", "0.005", "--init_features=4"], PriCheXyParams, "prichexy", [])
    assert parsed == {"mu": 0.005, "init_features": 4}
    with pytest.raises(PrivbenchError, match="--mu is given twice"):
        parse_params(["--mu", "1", "--mu", "2"], PriCheXyParams, "prichexy", [])
    described = {option: (default, text) for option, default, text in describe_params(PriCheXyParams, "--")}
    assert described["--mu"] == ("0.01", "degree of deformation, in half widths of the image (>= 0, <= 1)")
    assert "--init-features" in described


@pytest.mark.parametrize("arguments", [["--anonymizer", "prichexy", "--help"], ["--help", "--anonymizer=prichexy"]])
@pytest.mark.parametrize("command", ["run", "selftest"])
def test_help_shows_the_parameters_of_the_anonymizer_that_is_named(privbench, command, arguments):
    shown = privbench(command, *arguments)
    assert shown.code == 0
    assert "--protocol" in shown.out
    _, _, parameters = shown.out.partition("Parameters of prichexy")
    assert "--mu degree of deformation, in half widths of the image (>= 0, <= 1) [default: 0.01]" in parameters
    assert (
        "--init-features filters of the U-Net's first level (>= 1) [default: 4 in protocol quick, else 32]"
        in parameters
    )


class Inner(Params):
    width: int = 3
    rates: dict[str, float] = {"a": 0.5}  # noqa: RUF012


class Nested(Params):
    inner: Inner = Inner()
    made: list[int] = Field(default_factory=lambda: [1, 2])
    how: Literal["near", "far"] = "near"


def test_nested_made_and_chosen_parameters_are_described_as_they_are_typed():
    described = {option: (default, text) for option, default, text in describe_params(Nested, "--")}
    assert described == {
        "--inner": ("{width = 3, rates = {a = 0.5}}", ""),
        "--made": ("[1, 2]", ""),
        "--how": ("near", " (one of near, far)"),
    }
    parsed = parse_params(["--inner", "{width = 4, rates = {a = 1.0}}"], Nested, "nested", [])
    assert Nested(**parsed).inner.width == 4


def test_an_option_is_no_value():
    with pytest.raises(PrivbenchError, match="--mu needs a value"):
        parse_params(["--mu", "--epochs", "3"], PriCheXyParams, "prichexy", [])
    assert _values_of("--anonymizer", ["--anonymizer", "--help"]) == []
    assert _values_of("--anonymizer", ["--anonymizer=a", "--anonymizer", "b"]) == ["a", "b"]


def test_help_shows_a_plugin_files_parameters_and_those_of_no_one(privbench, tmp_path):
    plugin = tmp_path / "contextual.py"
    plugin.write_text(CONTEXTUAL)
    shown = privbench("run", "--help", "--plugin", plugin, "--anonymizer", "contextual")
    assert "Parameters of contextual" in shown.out
    assert "--context [default: required]" in shown.out
    assert "Parameters of" not in privbench("run", "--help").out
    unknown = privbench("run", "--help", "--anonymizer", "prichexi")
    assert (unknown.code, "did you mean 'prichexy'" in unknown.err) == (2, True)
