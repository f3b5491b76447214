"""All figures of a run as a file, read as they were written."""

import pytest
from pydantic import ValidationError
from records import record

from privbench.record.figures import FILE, Figures, read_figures, write_figures

FIGURES = record("a", 1 / 3, 0.7).figures


def test_they_are_read_as_they_were_written_to_the_last_digit(tmp_path):
    write_figures(FIGURES, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    read = read_figures(tmp_path)
    assert read == FIGURES
    assert read.attacks[-1].verification_auc == FIGURES.attacks[-1].verification_auc


def test_a_record_tells_them_all():
    made = record("a", 1 / 3, 0.7)
    for name in Figures.model_fields:
        assert getattr(made.figures, name) == getattr(made, name)


@pytest.mark.parametrize("change", [lambda text: text.replace('"attacks"', '"others"'), lambda text: text[:-1]])
def test_what_is_something_else_is_refused(tmp_path, change):
    write_figures(FIGURES, tmp_path)
    (tmp_path / FILE).write_text(change((tmp_path / FILE).read_text()))
    with pytest.raises((ValidationError, ValueError)):
        read_figures(tmp_path)
