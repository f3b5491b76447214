"""The tables of a check say what to do first."""

from io import StringIO

from rich.console import Console

from privbench.record.data_check import DataCheck, DataFinding, LabelCounts, SplitCounts
from privbench.report.tables.data_check import data_check_sheet
from privbench.report.terminal import print_sheets

CHECK = DataCheck(
    dataset="table",
    size=64,
    whole=True,
    listed=9,
    images=7,
    patients=3,
    splits={"test": SplitCounts(images=7, patients=3)},
    several={"1": 1, "2": 2},
    years={"0": 2},
    labels={"Mass": LabelCounts(present=1, absent=2, unknown=4)},
    known={"age": 5},
    sexes={"F": 6},
    views={},
    marked=None,
    notices=[],
    findings=[
        DataFinding(kind="not readable", weight="mend", text="Image a is cut short.", images=("a",)),
        DataFinding(kind="not readable", weight="mend", text="Image b is empty.", images=("b",)),
        DataFinding(kind="near copy", weight="look", text="c is nearly d.", images=("c",)),
    ],
)


def printed(check):
    console = Console(width=120, file=StringIO())
    print_sheets([data_check_sheet(check)], console)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_kinds_stand_once_with_their_images():
    lines = printed(CHECK)
    assert "Of 9 images 2 have to be mended, or left out" in lines
    assert "not readable 2 mend Image a is cut short. And 1 more such." in lines
    assert "near copy 1 look at c is nearly d." in lines
    assert "test 7 images, 3 patients" in lines
    assert "Mass 1 2 4" in lines


def test_it_says_whether_anything_is_to_do():
    assert "Nothing of 9 images has to be mended" in printed(CHECK.model_copy(update={"findings": []}))
    unseen = printed(CHECK.model_copy(update={"whole": False}))
    assert "The rest could not be looked at: mend this, and check again" in unseen
