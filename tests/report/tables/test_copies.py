"""Whose radiographs are published, run by run."""

from copying import copies
from records import record

from privbench.report.tables.copies import copies_table


def test_what_the_images_of_each_run_are_copies_of():
    runs = [("copier", record("copier", 0.5, 0.9).model_copy(update={"copies": copies(0.9, own=0.0, exact=0.5)}))]
    table = copies_table([*runs, ("old", record("old", 0.5, 0.9))])
    (row,) = table.groups[0].rows
    assert [cell.text for cell in row] == [
        "copier", "0.000 [-0.050, 0.050]", "0.000", "0.900 [0.850, 0.950]", "0.500", "36", "0.900 [0.850, 0.950]",
        "+0.900 [+0.850, +0.950]", "0.800",
    ]  # fmt: skip
    assert row[3].doubtful
    assert len(row) == len(table.columns)


def test_older_runs_tell_nothing():
    assert copies_table([("old", record("old", 0.5, 0.9))]) is None
