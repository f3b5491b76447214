"""What is lent is looked at whole: whoever changes any of it is seen."""

import random

import numpy as np

from privbench.judging.contract.lent import lent


def test_what_is_left_as_it_was_looks_the_same_and_every_change_is_named(around):
    before = lent(around)
    assert lent(around) == before
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    table, network = around.splits["train"].table, around.guidance.classifier
    age = int(table.loc[0, "age"])
    try:
        random.random()
        np.random.rand()  # noqa: NPY002
        table.loc[0, "age"] = age + 1
        network.train()
        changed = {name for name, value in lent(around).items() if value != before[name]}
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        table.loc[0, "age"] = age
        network.eval()
    assert changed == {"the guidance", "the tables", "Python's global random state", "numpy's global random state"}
    assert lent(around) == before
