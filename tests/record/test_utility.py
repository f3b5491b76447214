"""The records of utility: what they are called."""

import pytest
from pydantic import ValidationError
from records import measurement, utility

from privbench.protocols.modes import MODES


@pytest.mark.parametrize("mode", MODES)
def test_a_result_is_called_by_its_task_and_mode(mode):
    assert utility(0.8, name="lungs", mode=mode).label == f"lungs ({mode})"
    assert measurement("SSIM", 0.9, name="lungs", mode=mode).label == f"lungs ({mode})"


def test_a_mode_that_there_is_not_is_refused():
    for make in (lambda: utility(0.8, mode="melted"), lambda: measurement("SSIM", 0.9, mode="control")):
        with pytest.raises(ValidationError, match="mode"):
            make()
