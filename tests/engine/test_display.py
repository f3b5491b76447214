"""What a person sees of stages that are made."""

import io
import logging

import pytest
from rich.console import Console

from privbench.base.progress import Progress, log
from privbench.engine.display import Display, duration
from privbench.engine.events import Advanced


@pytest.fixture
def shown():
    """A display, and what stands on its terminal."""
    console = Console(file=io.StringIO(), force_terminal=True, width=140, color_system=None)
    progress = Progress(console)
    display = Display(progress)

    def look():
        with console.capture() as seen:
            console.print(progress._bars.get_renderable())
        return seen.get()

    return display, look


def test_a_line_for_each_running_stage_and_one_for_all(shown):
    display, look = shown
    display.begun("attack siamese OO 0")
    display.begun("anonymizer")
    display.tell(Advanced("anonymizer", "prichexy pretraining", 92, 23, "val loss 0.1234"))
    display.left(3, 40, 200.0)
    lines = look().splitlines()
    assert len([line for line in lines if line.strip()]) == 3
    assert any("anonymizer: prichexy pretraining" in line and "23/92" in line and "0.1234" in line for line in lines)
    assert any("attack siamese OO 0" in line for line in lines)
    assert any("all stages" in line and "3/40" in line and "about 3 min left" in line for line in lines)
    display.ended("anonymizer")
    display.tell(Advanced("anonymizer", "prichexy pretraining", 92, 92, ""))
    display.ended("attack siamese OO 0")
    display.left(40, 40, 0.0)
    assert not look().strip(), "a late word of a stage brings its line not back"


def test_what_a_stage_logs_is_logged_here(shown, caplog):
    display, _ = shown
    with caplog.at_level(logging.INFO, "privbench"):
        display.tell(log.makeRecord("privbench", logging.WARNING, "file", 1, "far away", (), None))
    assert [record.getMessage() for record in caplog.records] == ["far away"]


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (600, "10 min"), (5340, "89 min"), (7200, "2.0 h")]
)
def test_a_duration_is_not_told_more_exactly_than_it_is_known(seconds, told):
    assert duration(seconds) == told
