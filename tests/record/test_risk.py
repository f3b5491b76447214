"""What is known of the risk of patients: figures by name, shares that are shares."""

import pytest
from pydantic import ValidationError
from records import record, risk, with_risk

from privbench.record.names import PRECISION, SINGLED_OUT
from privbench.record.risk import RiskFigure
from privbench.record.run import RunRecord


def test_a_figure_is_asked_for_by_its_name():
    found = risk(0.25, None)
    assert found.figure(SINGLED_OUT).value == 0.25
    assert found.figure(PRECISION).value is None
    assert found.figure("patients of another privbench") is None


def test_a_run_tells_the_risk_by_its_attack_or_none():
    run = with_risk(record("a", 0.8, 0.7), risk())
    assert RunRecord.model_validate_json(run.model_dump_json()) == run
    assert [attack.risk is None for attack in run.attacks] == [True, False], "the paper's attack is another one"


def test_more_than_all_patients_cannot_be_singled_out():
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        RiskFigure(name=SINGLED_OUT, more_is_private=False, value=1.5, interval=None)
