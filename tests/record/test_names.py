import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.record.names import AUC, MEAN_AUC, RANK_1, FigureName, Subject, worst_case

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1)


def test_names_read_as_they_stand_in_files():
    """Baselines that projects have committed, and run folders, hold these texts."""
    assert str(worst_case(AUC)) == "privacy/worst case/AUC"
    assert str(worst_case(RANK_1)) == "privacy/worst case/rank 1"
    assert str(FigureName(Subject.UTILITY, "classification (frozen)", MEAN_AUC)) == (
        "utility/classification (frozen)/mean AUC"
    )
    of_mass = FigureName(Subject.UTILITY, "classification (frozen)", AUC, "Mass")
    assert str(of_mass) == "utility/classification (frozen)/AUC of Mass"
    dice = FigureName(Subject.MEASUREMENT, "segmentation (frozen)", "Dice of the lungs")
    assert str(dice) == "measurement/segmentation (frozen)/Dice of the lungs"
    assert FigureName.parse(str(dice)) == dice, "a measure may have such a name, and is that of no finding"


@given(whose=WORDS, finding=st.none() | st.text(min_size=1))
def test_a_name_that_is_written_is_read_again(whose, finding):
    name = FigureName(Subject.UTILITY, whose, AUC, finding)
    assert FigureName.parse(str(name)) == name


@given(subject=st.sampled_from([Subject.PRIVACY, Subject.MEASUREMENT]), whose=WORDS, metric=st.text(min_size=1))
def test_metrics_may_hold_anything(subject, whose, metric):
    name = FigureName(subject, whose, metric)
    assert FigureName.parse(str(name)) == name


@pytest.mark.parametrize("text", ["AUC", "privacy/AUC", "beauty/worst case/AUC", ""])
def test_what_names_no_figure_is_refused(text):
    with pytest.raises(ValueError, match="."):
        FigureName.parse(text)
