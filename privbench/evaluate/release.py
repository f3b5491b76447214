"""Did the attack get out of this release what is in it? Told apart from a release that it is not good enough for.

That a recipe trains on originals says nothing of what stands between an attack and a release. Two things prove that a
low figure is the release's doing: nothing of the single image is found in it (gone), or a trained attack fits the pairs
that it learns from, and what it learnt holds of others (saturated). An attack that links releases nearly as well as
originals has beaten it, and no figure is low. Where nothing of that is so, the release is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..metrics import intervals
from ..metrics.roc import margin_kept
from ..protocols.schema import CertificateSection
from ..record.attack import VERDICTS, AttackResult, Certificate, ImageMatch, ReleaseProof, ReleaseVerdict

LINKED_FROM = 0.55
"""Verification AUC from which an attack tells patients: below it, a release passes for private."""
MARGIN_KEPT = 0.8
"""Share of the originals' margin above chance from which an attack has seen through a release."""
_CHANCES = 12
"""Times chance that a match stays below where chance alone is that much: of n candidates, a release without anything of
its image finds one in n, that is one image of as many on the average, and six or more in one of 1,700 studies."""
_SURELY = 0.998
"""Confidence at which a match exceeds chance: whoever removes everything is called open once in 1,000 studies."""
_HELP = "a larger budget may, such as protocol full, more steps or more patients"
_HALF = 0.5

Proven = tuple[AttackResult, Certificate]


def found_from(candidates: int, found: float) -> float:
    """The own-image match below which a release has to stay surely, to hold nothing of its image.

    It is `found`, but 12 times chance among fewer than 12 / found candidates (240 where that is 0.05): of so few, the
    upper end of an exact interval exceeds `found` after a few lucky hits or, below 72, without any. So 240 patients
    prove that less than one image of 20 is found, 100 that less than one of eight is, 30 that less than two of five
    are: so few can prove no more, and the record tells it. It never exceeds a half; fewer than 24 prove nothing.
    """
    return min(_HALF, max(found, _CHANCES / max(1, candidates)))


def nothing_found(match: ImageMatch, found: float) -> bool:
    """Whether the match lies surely below `found_from`, and not surely above chance: one in 100 images is too many."""
    if _too_few(match):
        return False
    low, _ = intervals.clopper_pearson(match.rate, match.images, _SURELY)
    return _highest(match) < found_from(match.candidates, found) and low <= 1 / match.candidates


def best_proof(attacks: Sequence[AttackResult]) -> list[Proven]:
    """The trained attacks by an informed attacker whose recipe has the best verdict, with their certificates."""
    informed = [(one, one.certificate) for one in attacks if one.scenario == "informed" and one.certificate is not None]
    best = min((VERDICTS.index(proof.verdict) for _, proof in informed), default=None)
    return [(one, proof) for one, proof in informed if VERDICTS.index(proof.verdict) == best]


def release_proof(attacks: Sequence[AttackResult], section: CertificateSection) -> ReleaseProof | None:
    """What is proven of a release; None where no trained attack by an informed attacker looked for single images.

    gone: every attack finds own originals as `nothing_found` says, none surely links patients at 0.55, and one of the
    best-trained attacks by an informed attacker is among those that looked. It proves, at the protocol's confidence,
    that these attacks leave so few images to be found; not that nobody could find more. saturated: such an attack fits
    its own training pairs to `section.saturation`, and surely keeps at test patients at least half as much of that as
    its recipe keeps on originals, 0.8 as much where every image is found; else it learnt its pairs by heart, which
    noise allows too, or sees less than what is there. beaten: such an attack surely keeps, at test patients, 0.8 of the
    margin above chance that its recipe has on originals. Surely: at the lower end of the interval, for a few lucky
    patients are no proof. open: nothing of that.

    Args:
        attacks: all that compare releases with originals.
        section: states saturation and found.
    """
    trained = best_proof(attacks)
    matches = {one.label: one.match for one in attacks if one.match is not None}
    looked = any(one.match is not None for one, _ in trained)
    best = max(matches, key=lambda label: matches[label].rate, default=None)
    train_auc = max((one.train_auc or 0.0 for one, _ in trained), default=None)

    def proof(verdict: ReleaseVerdict, reason: str) -> ReleaseProof:
        return ReleaseProof(
            verdict=verdict,
            reason=reason,
            train_auc=train_auc,
            saturation=section.saturation,
            match=None if best is None else matches[best].rate,
            found=section.found if best is None else found_from(matches[best].candidates, section.found),
        )

    gone = all(nothing_found(match, section.found) for match in matches.values())
    linking = [one for one in attacks if one.interval.low > LINKED_FROM]
    if gone and looked and not linking:
        return proof("gone", _why_gone(list(matches.values()), section.found))
    if fit := next(_saturated(trained, section.saturation, matches[best].rate if best else 0.0), None):
        return proof("saturated", fit)
    if linked := next(_beaten(trained), None):
        return proof("beaten", linked)
    if best is None or (gone and not looked):
        return None
    fit = _best_fit(trained, section.saturation)
    if gone:
        strongest = max(linking, key=lambda one: one.verification_auc)
        return proof("open", _why_linked(strongest, fit))
    return proof("open", _why_open(best, matches[best], fit, section.found))


def _too_few(match: ImageMatch) -> bool:
    """Whether 12 times chance is more than a half."""
    return match.interval is None or match.candidates * _HALF < _CHANCES


def _highest(match: ImageMatch) -> float:
    """What the rate may be at the most; anything where the patients are too few to tell."""
    return 1.0 if match.interval is None else match.interval.high


def _saturated(trained: Sequence[Proven], saturation: float, match: float) -> Iterator[str]:
    """Of each attack that fits its own training pairs and, as on originals, those of others: how well.

    Where every image is found, nothing of it is lost, and an attack that saw through the release would keep as much as
    one that has beaten it.
    """
    least = max(_HALF, MARGIN_KEPT * match)
    for attack, proof in trained:
        train = attack.train_auc
        if train is None or train < saturation:
            continue
        if margin_kept(attack.interval.low, train) >= least * margin_kept(proof.control_auc, proof.train_auc):
            others = f"and links releases of others at {attack.verification_auc:.3f}"
            yield f"{attack.label} fits its own training pairs to {train:.3f}, {others}"


def _beaten(trained: Sequence[Proven]) -> Iterator[str]:
    """Of each attack that links releases of others nearly as well as its recipe links originals: how well."""
    for attack, proof in trained:
        if margin_kept(attack.interval.low, proof.control_auc) >= MARGIN_KEPT:
            on_originals = f"and its recipe originals at {proof.control_auc:.3f}"
            yield f"{attack.label} links releases of others at {attack.verification_auc:.3f}, {on_originals}"


def _best_fit(trained: Sequence[Proven], saturation: float) -> str:
    """Why the best-trained attack is not saturated."""
    if not trained:
        return "no attack by an informed attacker was trained"
    attack, _ = max(trained, key=lambda one: one[0].train_auc or 0.0)
    train, others = attack.train_auc or 0.0, attack.verification_auc
    if train < saturation:
        return f"{attack.label} fits its own training pairs only to {train:.3f}, below {saturation:g}"
    return f"{attack.label} fits its own training pairs to {train:.3f}, but links those of others only at {others:.3f}"


def _why_gone(matches: Sequence[ImageMatch], found: float) -> str:
    worst = max(matches, key=_highest)
    return (
        f"no attack finds a release's own original among {worst.candidates} more often than {_highest(worst):.3f}, "
        f"below {found_from(worst.candidates, found):.3g}"
    )


def _why_linked(strongest: AttackResult, fit: str) -> str:
    told = f"{strongest.label} links patients at {strongest.verification_auc:.3f}"
    return f"{told}, so more is left than its images' matches tell, and no attack is done: {fit}; {_HELP}"


def _why_open(best: str, match: ImageMatch, fit: str, found: float) -> str:
    least = found_from(match.candidates, found)
    told = f"{best} finds a release's own original among {match.candidates} at {match.rate:.3f}"
    if match.rate < least and (_too_few(match) or _highest(match) >= least):
        return f"{told}, which may be {_highest(match):.3f} and so not below {least:.3g}: more test patients would tell"
    surely = f", surely more often than the {1 / match.candidates:.3g} of chance" if match.rate < least else ""
    return f"{told}{surely}, so something of the image is left that no attack may have made use of: {fit}; {_HELP}"
