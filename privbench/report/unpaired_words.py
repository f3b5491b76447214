"""An unpaired release as a data steward reads it: what was tried, what was found, and what nobody knows."""

from __future__ import annotations

from ..record.run import RunRecord
from ..record.unpaired import WHY_NOT_JUDGED, WHY_UNPAIRED, MemoryFigure, UnpairedResult
from .figures import interval_text


def unpaired_words(record: RunRecord, found: UnpairedResult) -> list[str]:
    """A paragraph each; what is not known comes first."""
    return [
        f"Read this first: this release was not attacked for linkage, because {WHY_UNPAIRED}. Whether its images can "
        "be linked to patients is not known, and no figure below is evidence that it is private.",
        *([f"Read this, too: {record.contamination}"] if record.contamination else []),
        f"Copies (is an image somebody's radiograph?): {_copies(found)}.",
        "Memorization (do images come nearer to patients whom the generator learnt from than to others?): "
        f"{_told(found.memorization, found, 'of the nearest patients, counted alike on both sides, members are')}.",
        "Membership (can one tell whom it learnt from?): "
        f"{_told(found.membership, found, 'of a member and a test patient, the member is told with probability')}.",
        f"Utility (does a model that learnt from it read radiographs?): {_utility(record, found)}.",
        "What this does not prove: a generator may remember a few patients so that no mean shows it, or things that no "
        "nearest image tells, such as a device or a rare finding; and whoever can ask it for more images may find "
        "more.",
    ]


def _copies(found: UnpairedResult) -> str:
    copies = found.copies
    again = f" (of {copies.images}, the others equal one of them)" if copies.pictures < copies.images else ""
    told = (
        f"{copies.share:.1%} of {copies.pictures} different released images{again} are copies of an original, "
        f"mirrored, cropped, with another grey curve or not, and {copies.exact:.1%} to the bit; {copies.training:.1%} "
        "copy an image that the generator learnt from"
    )
    if copies.publishes_originals:
        whose = copies.of_patients
        seen = "; it saw test patients, so memorization and membership mean nothing" if copies.saw_test else ""
        return (
            f"yes: {told}; they hand out radiographs of {copies.patients_shown} of {copies.original_patients} "
            f"patients, of {whose.members_copied} of {whose.members} whom the generator learnt from and of "
            f"{whose.outsiders_copied} of {whose.outsiders} test patients{seen}"
        )
    if copies.share > 0:
        return f"{told}; look at these, though originals of different patients may look as alike by chance"
    return f"none was found: {told}; strongly altered copies may be missed"


def _told(figure: MemoryFigure, found: UnpairedResult, what: str) -> str:
    if not figure.judged:
        return f"cannot be judged: {WHY_NOT_JUDGED}, because the data name no test patients"
    if figure.value is None:
        return "cannot be judged: no member has as many images as a test patient"
    value = f"{what} {interval_text(figure.value, figure.interval)}, where 0.5 is chance"
    assumed = " (which is assumed: nobody said whom it learnt from)" if found.assumed else ""
    members = (
        f"{figure.members} members of {' and '.join(found.learnt_from)}{assumed}, {figure.outsiders} test patients"
    )
    control = f", {interval_text(figure.control, figure.control_interval)} for patients held out"
    beside = f"{members}{'' if figure.control is None else control}"
    words = {
        "remembered": "yes, surely",
        "above chance": "surely more than chance, and too few were held out to tell whether the splits differ as much",
        "above control": "surely more than for patients held out, though not surely more than chance",
        "splits differ": "more than chance, and so for patients held out: either the splits differ, or it learnt from "
        "those held out, too",
        "not shown": "not shown, which does not prove that nothing is remembered",
        "too few": "not known, because the patients are too few for an interval",
    }
    return f"{words[figure.verdict]}: {value} ({beside})"


def _utility(record: RunRecord, found: UnpairedResult) -> str:
    one = record.utility
    if one is None:
        return "not judged, because no released image has findings that could be learnt"
    beside = "" if one.original is None else f", one that learnt from originals {one.original:.3f}"
    return (
        f"trained on {found.labelled} released images with findings it reads the {one.counts.images} original test "
        f"images at a mean AUC of {interval_text(one.mean_auc, one.interval)}{beside}"
    )
