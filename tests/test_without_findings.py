"""Data whose images nobody has read: privacy is judged, utility by what is measured alone."""

import pytest
from report_runs import with_record

import privbench
from privbench.api import outlook, plan
from privbench.base.errors import PrivbenchError
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.baseline import make_baseline
from privbench.judging.compare import compare_runs
from privbench.judging.ranking import make_boards, read_entry
from privbench.judging.verify import verify_run
from privbench.plugins.interfaces import Chunk
from privbench.plugins.registry import Registry
from privbench.record.run import read_run
from privbench.report.page.build import PAGE, build_report
from privbench.report.plots.tradeoff import write_tradeoffs
from privbench.running.setting import Setting


class Unread(PhantomDataset):
    """The phantom without findings."""

    name = "unread"
    findings = ()

    def table(self, request):
        return super().table(request).drop(columns=list(PhantomDataset.findings))

    def read(self, table, request):
        for chunk in super().read(table, request):
            yield Chunk(chunk.images, chunk.masks)


@pytest.fixture(scope="module")
def runs(tiny_protocol, tmp_path_factory):
    """The folders of runs of identity and of DP-Pix, and what makes more of them."""
    folder = tmp_path_factory.mktemp("unread")
    registry = Registry()
    registry.add(Unread)

    def run(anonymizer, **params):
        out = folder / anonymizer
        privbench.run(
            anonymizer,
            params=params,
            protocol=str(tiny_protocol),
            dataset="unread",
            overrides=[
                "data.params={patients=60,test_share=0.3}",
                "attacks.siamese=none",
                "attacks.contrastive=none",
                "utilities.quality={}",
                "utilities.saliency={}",
            ],
            registry=registry,
            store=folder / "store",
            out=out,
        )
        return out

    return [run("identity"), run("dp-pix", b=2)], run


@pytest.fixture(scope="module")
def certified(runs, tmp_path_factory):
    """The same runs, which say that their attack is certified, as none on so few patients is."""
    folder, copies = tmp_path_factory.mktemp("certified"), []
    for run in runs[0]:
        worst = read_run(run).worst_case.model_copy(update={"verdict": "certified"})
        copies.append(with_record(run, folder / run.name, worst_case=worst))
    return copies


def test_privacy_is_judged_and_what_needs_findings_is_left_out_and_told(runs):
    identity, noisy = map(read_run, runs[0])
    for record in (identity, noisy):
        assert record.utilities == []
        assert record.utility is None
        assert "classification is left out: the data set has no findings" in record.warnings
        assert "saliency is left out: the data set has no locations" in record.warnings
        measures = {one.measure for one in record.measurements}
        assert {"SSIM", "PSNR"} <= measures
        assert "feature distance" not in measures, "a classifier that learnt nothing sees nothing"
    assert identity.worst_case.verification_auc > noisy.worst_case.verification_auc
    for folder in runs[0]:
        assert list(verify_run(folder)) == []


def test_tables_and_page_tell_privacy_alone(certified, tmp_path):
    boards = make_boards([read_entry(folder) for folder in certified])
    (board,) = boards
    for standing in board.standings:
        assert standing.privacy_rank is not None
        assert (standing.utility_rank, standing.on_front, standing.dominated_by) == (None, None, None)
    with pytest.raises(PrivbenchError, match="no trade-off to draw"):
        write_tradeoffs(boards, tmp_path / "plot.png")
    build_report([standing.entry for standing in board.standings], tmp_path / "page")
    page = (tmp_path / "page" / PAGE).read_text()
    assert "The data set tells no findings, so nothing is known of utility" in page
    assert "What can still be read" not in page


def test_they_are_compared_and_become_a_baseline(certified):
    told = [str(one.name).partition("/")[0] for one in compare_runs(*certified).differences]
    assert "privacy" in told
    assert "utility" not in told
    (kept,) = make_baseline(certified[:1]).runs
    assert {name.partition("/")[0] for name in kept.figures} == {"privacy"}


def test_a_plan_names_no_task_that_reads_findings(tiny_protocol, tmp_path):
    """The data set is known to tell none before its images are read."""
    registry = Registry()
    registry.add(Unread)
    changes = ["data.params={patients=60,test_share=0.3}", "utilities.quality={}"]
    setting = Setting(
        protocol=str(tiny_protocol), overrides=changes, dataset="unread", registry=registry, store=tmp_path / "store"
    )
    planned = plan("identity", {}, setting, tmp_path / "out", overwrite=False)
    names = [one.name for one in outlook([planned], setting).stages]
    assert not [name for name in names if "classification" in name]
    assert [name for name in names if "quality" in name]


def test_who_learns_from_findings_is_refused(runs):
    with pytest.raises(PrivbenchError, match="'prichexy' learns from findings, and the data set tells none"):
        runs[1]("prichexy")
