"""What is known of copies, made by hand."""

from __future__ import annotations

from records import around, change

from privbench.record.copies import ControlledRate, CopiesResult, CopyRate
from privbench.record.values import Counts


def copies(others: float, *, own: float = 0.1, exact: float = 0.0) -> CopiesResult:
    """Copies of others with that share, an interval of ± 0.05 and a control of 0; of them these to the bit."""
    controlled = ControlledRate(
        share=others, interval=around(others), exact=exact, control=0.0, difference=change(others)
    )
    return CopiesResult(
        split="test",
        counts=Counts(patients=10, images=20, effective_patients=8.0),
        originals=100,
        original_patients=40,
        different=0.5,
        threshold=0.8,
        own=CopyRate(share=own, interval=around(own), exact=0.0),
        own_patient=CopyRate(share=0.0, interval=None, exact=0.0),
        others=controlled,
        training=controlled,
        patients_shown=round(40 * others),
    )
