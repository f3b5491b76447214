import io

from copying import copies
from records import record, risk, with_modes, with_risk
from rich.console import Console

from privbench.report.tables.summary import headline, summary_sheet
from privbench.report.terminal import print_sheets


def test_the_summary_tells_every_mode_beside_originals():
    run = with_modes(record("a", 0.8, 0.9, warnings=["lost: Effusion (0.90 to 0.70)", "the gap widened"]))
    console = Console(record=True, width=100, file=io.StringIO())
    print_sheets([summary_sheet(run)], console)
    told = console.export_text().splitlines()
    assert max(map(len, told)) <= 100
    rows = [" ".join(line.split()) for line in told]
    assert "classification (frozen) 0.900 [0.850, 0.950] 0.893 +0.000 [-0.050, +0.050]" in rows
    assert "classification (retrained-transfer) 0.812 [0.762, 0.862] 0.893 -0.081 [-0.131, -0.031]" in rows
    assert "PSNR, dB ↑ 31.500 [31.450, 31.550] – –" in rows
    assert "Dice of the lungs ↑ 0.800 [0.750, 0.850] 0.900 -0.100 [-0.150, -0.050]" in rows
    assert not any("sharpness" in row for row in rows), "neither more nor less of it is better"
    assert rows[-2:] == ["! lost: Effusion (0.90 to 0.70).", "! the gap widened."]


def test_the_summary_tells_how_releases_find_their_own_originals():
    console = Console(record=True, width=110, file=io.StringIO())
    print_sheets([summary_sheet(record("a", 0.5, 0.9, verdict="open"))], console)
    told = " ".join(console.export_text().split())
    assert told.startswith("a: the release is open, so a low figure is no evidence of privacy")
    assert (
        "own original found ↓ 0.400 [0.352, 0.450] contrastive (informed), 400 releases among 400 originals: open"
        in told
    )


def test_the_run_in_plain_words_stands_above_its_figures():
    run = with_risk(record("a", 0.8, 0.9), risk(0.25, 0.95))
    console = Console(record=True, width=100, file=io.StringIO())
    print_sheets([summary_sheet(run)], console)
    rows = [" ".join(line.split()) for line in console.export_text().splitlines()]
    first, table = (next(n for n, row in enumerate(rows) if row.startswith(one)) for one in ("What was", "Headline"))
    assert first < table
    assert "patients singled out ↓ 0.250 [0.200, 0.300] contrastive (informed)" in rows
    assert "rank 1 of the 5% hit worst ↓ 0.400 [0.350, 0.450] contrastive (informed)" in rows
    assert not any("precision" in row for row in shown(with_risk(run, risk(0.0, None)))), "of no names"


def shown(run):
    return [" ".join(cell.text for cell in row) for row in headline(run).groups[0].rows]


def test_the_summary_tells_whose_radiographs_are_published():
    run = record("a", 0.5, 0.9).model_copy(update={"copies": copies(0.9)})
    (row,) = (row for row in summary_sheet(run).tables[0].groups[0].rows if "copies" in row[0].text)
    assert [cell.text for cell in row] == [
        "copies of other patients' originals ↓",
        "0.900 [0.850, 0.950]",
        "20 test images beside 100 originals; of their own: 0.100",
    ]
    assert row[1].doubtful
