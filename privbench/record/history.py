"""Brings the `run.json` of older schemas up to the present one. What they did not tell is left empty, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def upgraded(values: Any) -> Any:
    """The values of a `run.json` as the present schema names them; what is none stays as it is."""
    while isinstance(values, dict) and (step := _STEPS.get(values.get("schema_version"))):
        values = step(values)
    return values


def _from_1(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 1 knew one attack, in the paper's scenario, and no certificates."""
    attack = old["attack"]
    known = {"train_auc": None, "fit_auc": None, "validation_auc": None, "verification": None, "retrieval": None}
    result = attack | known | {"plugin": attack["name"], "scenario": "paper", "measures": {}, "certificate": None}
    worst = {
        "attack": attack["name"],
        "scenario": "paper",
        "validation_auc": None,
        "verification_auc": attack["verification_auc"],
        "interval": attack["interval"],
        "verdict": "weak",
        "reason": "the run was made before attacks were certified",
    }
    rest = {key: value for key, value in old.items() if key != "attack"}
    return rest | {"schema_version": 2, "worst_case": worst, "attacks": [result], "inferences": []}


def _from_2(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 2 had intervals over patients alone, and neither the fingerprint's terms nor the files' digests."""

    def attack(values: dict[str, Any]) -> dict[str, Any]:
        ranks = values["retrieval"]
        more = {"patient_interval": values["interval"], "image_wise_interval": None}
        return values | more | {"retrieval": ranks and ranks | {"interval": None, "effective_patients": None}}

    return old | {
        "schema_version": 3,
        "attacks": [attack(values) for values in old["attacks"]],
        "utility": old["utility"] | {"image_wise_interval": None},
        "terms": {},
        "files": {},
    }


def _from_3(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 3 knew one utility task, trained once on originals and shown the release, and no control of it.

    Scores and estimates had other names then, so the digests prove nothing that is still read.
    """
    told = old["utility"]
    unknown = (
        "average_precision", "average_precision_interval", "sensitivity", "sensitivity_interval", "specificity",
        "calibration_error", "change",
    )  # fmt: skip
    utility = told | {
        "task": told["name"],
        "mode": "frozen",
        "train": "O",
        "test": "A",
        "mean_over": [finding["name"] for finding in told["findings"] if finding["auc"] is not None],
        "findings": [finding | dict.fromkeys(unknown) for finding in told["findings"]],
        **dict.fromkeys(("seed_std", "original", "change", "lost")),
        **{name: [] for name in ("seed_aucs", "few", "groups", "gaps")},
    }
    rest = {key: value for key, value in old.items() if key != "utility"}
    return rest | {"schema_version": 4, "utilities": [utility], "measurements": [], "files": {}}


def _from_4(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 4 had a field for every figure of an attack."""
    return old | {"schema_version": 5, "attacks": [_with_figures(attack) for attack in old["attacks"]]}


def _with_figures(attack: dict[str, Any]) -> dict[str, Any]:
    told, ranks = attack["verification"], attack["retrieval"]
    known: list[tuple[str, str, str, bool | None, float | None]] = []
    if told is not None:
        known.append(("equal error rate", "verification", "", True, told["equal_error_rate"]))
        for rate in told["match_rates"]:
            at = f"at FMR {100 * rate['fmr']:g}%"
            known.append((f"FNMR {at}", "verification", "", True, rate["test_fnmr"]))
            known.append((f"FMR met {at}", "verification", "", None, rate["test_fmr"]))
        known.append(("Cllr", "verification", "bits", True, told["cllr"]))
        known.append(("least Cllr", "verification", "bits", True, told["min_cllr"]))
        known.append(("linkability", "verification", "", False, told["linkability"]))
    if ranks is not None:
        names = {"rank_5": "rank 5", "rank_10": "rank 10", "map_at_r": "mAP@R", "r_precision": "R-precision"}
        names["precision_at_1"] = "precision at 1"
        known += [(name, "retrieval", "", False, ranks[field]) for field, name in names.items()]
        ranks = {field: value for field, value in ranks.items() if field not in names}
    fields = ("name", "of", "unit", "more_is_private", "value")
    rest = {field: value for field, value in attack.items() if field != "verification"}
    return rest | {"retrieval": ranks, "figures": [dict(zip(fields, one, strict=True)) for one in known]}


def _from_5(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 5 told of stages what they cost, and not what they put out; nor whether the data are of people."""
    unknown: dict[str, Any] = {"digest": "", "inputs": {}}
    return old | {"schema_version": 6, "public": False, "stages": [stage | unknown for stage in old["stages"]]}


def _from_6(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 6 knew of a release what attacks made of it, and not what of its images is still in there."""
    return old | {
        "schema_version": 7,
        "copies": None,
        "worst_case": old["worst_case"] | {"release": None},
        "attacks": [attack | {"match": None, "risk": None} for attack in old["attacks"]],
        "inferences": [inference | {"change": None} for inference in old["inferences"]],
    }


def _from_7(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 7 knew no weights of files but ImageNet's."""
    return old | {"schema_version": 8, "weights": []}


def _from_8(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 8 knew no release that lacks images."""
    return old | {"schema_version": 9, "released": {}}


def _from_9(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 9 knew no run whose privacy is not judged, and no release whose images are of no one original."""
    return old | {"schema_version": 10, "unjudged": None, "unpaired": None}


_STEPS: dict[Any, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _from_1,
    2: _from_2,
    3: _from_3,
    4: _from_4,
    5: _from_5,
    6: _from_6,
    7: _from_7,
    8: _from_8,
    9: _from_9,
}
