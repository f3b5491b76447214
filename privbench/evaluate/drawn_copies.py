"""What the images of an unpaired release are copies of, and whose: shares of pictures, and patients one by one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..metrics import memorization
from ..metrics.intervals import clopper_pearson
from ..metrics.memorization import CERTAIN
from ..protocols.schema import StatisticsSection
from ..record.scores import OTHER_PATIENT
from ..record.unpaired import CopiedPatients, DrawnCopies
from ..record.unpaired_scores import LEARNT, UnpairedScores
from ..record.values import Interval
from .copies import threshold
from .measurements import counts_of
from .resampling import Resampling

EXACT = "exact binomial interval over different released pictures, each a draw of the generator by itself"


def drawn_copies(
    scores: UnpairedScores, learnt_from: Sequence[str], resampling: Resampling, statistics: StatisticsSection
) -> DrawnCopies:
    """What released images are copies of; how alike different originals are is told as of any release.

    Images that are equal to the bit are one picture, which counts once: to write a file twice is no second draw.
    """
    alike = scores.originals.sort_values(["image", "likeness"], ascending=[True, False], kind="stable")
    different = alike.drop_duplicates("image")
    told = threshold(different["likeness"].to_numpy(float))
    likely = (different["relation"] == OTHER_PATIENT) & (different["likeness"] >= told.copies)
    control = float(likely.mean())
    _, high = clopper_pearson(control, counts_of(different, resampling)[1], statistics.confidence)
    draws = scores.draws[scores.draws["image"] == scores.draws["picture"]]
    copied = draws[draws["exact"] | (draws["likeness"] >= told.copies)]
    pictures = draws["image"].nunique()
    share = copied["image"].nunique() / pictures
    ends = clopper_pearson(share, pictures, statistics.confidence)
    from_training = copied[copied["split"].isin(learnt_from)]
    # Whose copy an image is says the original that it is most like of all, and not that of either arm.
    most = copied.sort_values(["image", "exact", "likeness"], ascending=[True, False, False], kind="stable")
    of_test = most.drop_duplicates("image").loc[lambda rows: rows["split"] == "test"]
    test = len(of_test) / pictures
    return DrawnCopies(
        images=scores.draws["image"].nunique(),
        pictures=pictures,
        originals=int(scores.patients["images"].sum()),
        original_patients=len(scores.patients),
        different=told.different,
        threshold=told.copies,
        share=share,
        interval=Interval(low=ends[0], high=ends[1], confidence=statistics.confidence, method=EXACT, resamples=0),
        exact=draws[draws["exact"]]["image"].nunique() / pictures,
        certain=_certain(copied)["image"].nunique() / pictures,
        training=from_training["image"].nunique() / pictures,
        test=test,
        test_low=clopper_pearson(test, pictures, statistics.confidence)[0],
        test_certain=len(_certain(of_test)) / pictures,
        control=control,
        control_high=high,
        patients_shown=copied["nearest_patient"].nunique(),
        of_patients=_patients(copied[copied["arm"] == LEARNT], scores.patients, learnt_from),
    )


def _certain(copied: pd.DataFrame) -> pd.DataFrame:
    return copied[copied["exact"] | (copied["likeness"] >= CERTAIN)]


def _patients(copied: pd.DataFrame, patients: pd.DataFrame, learnt_from: Sequence[str]) -> CopiedPatients:
    """How many members are copied, and how many test patients, who lie in one gallery."""
    of_arm = patients[patients["split"].isin([*learnt_from, "test"])]
    hit = of_arm["patient"].isin(copied["nearest_patient"]).to_numpy(bool)
    member = of_arm["split"].isin(learnt_from).to_numpy(bool)
    return CopiedPatients(
        members=int(member.sum()),
        members_copied=int((hit & member).sum()),
        outsiders=int((~member).sum()),
        outsiders_copied=int((hit & ~member).sum()),
        p_value=memorization.p_of_members(hit, member, memorization.strata_of(of_arm["images"].to_numpy())),
    )
