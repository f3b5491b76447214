"""Public collections in their published layouts, of drawn images of people who never were."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from dicoms import write_dicom
from PIL import Image

CHEXPERT = [
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema",
    "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture",
    "Support Devices",
]  # fmt: skip

VINDR = [
    "Aortic enlargement", "Atelectasis", "Calcification", "Cardiomegaly", "Clavicle fracture", "Consolidation", "Edema",
    "Emphysema", "Enlarged PA", "ILD", "Infiltration", "Lung Opacity", "Lung cavity", "Lung cyst", "Mediastinal shift",
    "Nodule/Mass", "Pleural effusion", "Pleural thickening", "Pneumothorax", "Pulmonary fibrosis", "Rib fracture",
    "Other lesion", "COPD", "Lung tumor", "Pneumonia", "Tuberculosis", "No finding",
]  # fmt: skip


class Shot(NamedTuple):
    """A radiograph; every second patient is ill. Those of split `test` come last."""

    patient: int
    study: int
    view: str
    split: str

    @property
    def ill(self) -> bool:
        return self.patient % 2 == 1

    @property
    def sex(self) -> str:
        return "MF"[self.patient % 3 % 2]

    @property
    def age(self) -> int:
        return 40 + self.patient + self.study

    @property
    def date(self) -> str:
        return f"{2010 + self.study}0{1 + self.patient % 9}17"

    @property
    def number(self) -> int:
        return 10 * self.patient + 3 * self.study + ("PA", "AP", "L").index(self.view)


def shots() -> list[Shot]:
    """Two studies of each of 24 patients, one of them with a lateral image too."""
    found = []
    for patient in range(24):
        split = "train" if patient < 12 else "val" if patient < 16 else "test"
        found += [Shot(patient, 0, "PA", split), Shot(patient, 0, "L", split), Shot(patient, 1, "AP", split)]
    return found


def draw(path: Path, shot: Shot, depth: int = 8) -> None:
    """The image, which looks like others of its patient."""
    coarse = np.random.default_rng(shot.patient).uniform(0.1, 0.9, (4, 4))
    noise = np.random.default_rng(1000 + shot.number).normal(0, 0.05, (32, 32))
    grey = np.clip(np.kron(coarse, np.ones((8, 8))) + noise, 0, 1) * (2**depth - 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grey.astype(np.uint8 if depth == 8 else np.uint16)).save(path)


def write(path: Path, rows: Iterable[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = pd.DataFrame(rows).to_csv(index=False, sep="\t" if ".tsv" in path.name else ",")
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def chexpert_labels(shot: Shot) -> dict[str, object]:
    """Of the ill cardiomegaly, a device, and perhaps an edema; of the others it is said that they have no finding."""
    ill = {"Cardiomegaly": "1.0", "Edema": "-1.0", "Support Devices": "1.0"}
    return dict.fromkeys(CHEXPERT, "") | (ill if shot.ill else {"No Finding": "1.0"})


def chexpert(root: Path, shot: Shot, *, valid: bool) -> tuple[str, dict[str, object]]:
    folder = "valid" if valid else "train"
    side = "lateral" if shot.view == "L" else "frontal"
    image = f"{folder}/patient{shot.patient:05}/study{shot.study + 1}/view1_{side}.jpg"
    draw(root / image, shot)
    told = {
        "Path": f"CheXpert-v1.0-small/{image}", "Sex": {"M": "Male", "F": "Female"}[shot.sex], "Age": shot.age,
        "Frontal/Lateral": side.capitalize(), "AP/PA": "" if shot.view == "L" else shot.view,
    }  # fmt: skip
    return image, told | chexpert_labels(shot)


def write_chexpert(root: Path) -> dict[str, Shot]:
    found, rows = {}, {"train.csv": [], "valid.csv": []}
    for shot in shots():
        valid = shot.patient >= 22
        image, row = chexpert(root, shot, valid=valid)
        found[image] = shot
        rows["valid.csv" if valid else "train.csv"].append(row)
    for name, told in rows.items():
        write(root / name, told)
    return found


def write_chexpert_plus(root: Path) -> dict[str, Shot]:
    found, rows, labels = {}, [], []
    for shot in shots():
        side = "lateral" if shot.view == "L" else "frontal"
        stem = f"train/patient{shot.patient:05}/study{shot.study + 1}/view1_{side}"
        draw(root / "PNG" / f"{stem}.png", shot)
        found[f"PNG/{stem}.png"] = shot
        rows.append({
            "path_to_image": f"{stem}.jpg", "path_to_dcm": f"{stem}.dcm", "frontal_lateral": side.capitalize(),
            "ap_pa": "" if shot.view == "L" else shot.view, "deid_patient_id": f"patient{shot.patient:05}",
            "patient_report_date_order": 2 - shot.study, "report": 'One line,\n"and another".', "age": float(shot.age),
            "sex": {"M": "Male", "F": "Female"}[shot.sex], "split": "train",
        })  # fmt: skip
        told = {name: None if text == "" else float(text) for name, text in chexpert_labels(shot).items()}
        labels.append(json.dumps({"path_to_image": f"{stem}.jpg", **told}))
    write(root / "df_chexpert_plus_240401.csv", rows)
    (root / "chexbert_labels").mkdir()
    (root / "chexbert_labels" / "impression_fixed.json").write_text("\n".join(labels) + "\n")
    return found


def write_mimic_cxr_jpg(root: Path) -> dict[str, Shot]:
    found, images, splits, labels = {}, [], [], {}
    for shot in shots():
        subject, study = str(10000000 + shot.patient), str(50000000 + 10 * shot.patient + shot.study)
        dicom = f"d-{shot.number}"
        image = f"files/p{subject[:2]}/p{subject}/s{study}/{dicom}.jpg"
        draw(root / image, shot)
        found[image] = shot
        keys = {"dicom_id": dicom, "study_id": study, "subject_id": subject}
        view = "LATERAL" if shot.view == "L" else shot.view
        images.append(keys | {"ViewPosition": view, "StudyDate": shot.date, "StudyTime": "101530.25"})
        splits.append(keys | {"split": {"val": "validate"}.get(shot.split, shot.split)})
        labels[study] = {"subject_id": subject, "study_id": study} | chexpert_labels(shot)
    for name, rows in {"metadata": images, "split": splits, "chexpert": labels.values()}.items():
        write(root / f"mimic-cxr-2.0.0-{name}.csv.gz", rows)
    return found


def write_padchest(root: Path) -> dict[str, Shot]:
    found, rows = {}, []
    for shot in shots():
        name = f"2168401113669640{shot.number:04}_{shot.number:03}.png"
        folder = str(shot.patient % 3)
        draw(root / folder / name, shot, depth=12)
        found[f"{folder}/{name}"] = shot
        labels = ["laminar atelectasis", "cardiomegaly"] if shot.ill else ["normal"]
        rows.append({
            "": shot.number, "ImageID": name, "ImageDir": folder, "StudyDate_DICOM": shot.date,
            "StudyID": f"31372317427108299284761080226640{shot.patient:03}{shot.study}",
            "PatientID": f"8398604886942923316379882356814{shot.patient:05}",
            "PatientBirth": f"{2010 - 40 - shot.patient}.0", "PatientSex_DICOM": shot.sex,
            "Projection": {"AP": "AP_horizontal"}.get(shot.view, shot.view), "MethodLabel": "Physician",
            "Labels": "nan" if shot.patient == 0 else str(labels),
        })  # fmt: skip
    write(root / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv", rows)
    return found


def write_brax(root: Path) -> dict[str, Shot]:
    found, rows = {}, []
    for shot in shots():
        place = f"id_{shot.patient:04}/Study_{shot.patient:04}.{shot.study}/Series_{shot.number}/image-{shot.number}"
        draw(root / "images" / f"{place}.png", shot)
        found[f"images/{place}.png"] = shot
        rows.append({
            "DicomPath": f"Anonymized_DICOMs/{place}.dcm", "PngPath": f"images/{place}.png",
            "PatientID": f"id_{shot.patient:04}", "PatientSex": shot.sex, "PatientAge": shot.age,
            "StudyDate": shot.date, **chexpert_labels(shot), "ViewPosition": shot.view, "Rows": 32, "Columns": 32,
        })  # fmt: skip
    write(root / "master_spreadsheet_update.csv", rows)
    return found


def write_bimcv_covid19(root: Path) -> dict[str, Shot]:
    found, labels, people = {}, {}, {}
    for shot in shots():
        subject, session = f"sub-S{shot.patient:05}", f"ses-E{10 * shot.patient + shot.study:05}"
        view = {"L": "ll"}.get(shot.view, shot.view.lower())
        image = f"{subject}/{session}/mod-rx/{subject}_{session}_run-1_bp-chest_vp-{view}_dx.png"
        draw(root / image, shot, depth=12)
        (root / image).with_suffix(".json").write_text("{}")
        found[image] = shot
        names = ["COVID 19", "cardiomegaly", ""] if shot.ill else ["normal"]
        labels[session] = {"PatientID": subject, "ReportID": session, "Report": "una\nlínea", "Labels": str(names)}
        people[subject] = {
            "participant": subject, "modality_dicom": "['DX']", "body_parts": "[['chest']]",
            "age": f"[{40 + shot.patient}]", "gender": shot.sex,
        }  # fmt: skip
    write(root / "derivatives" / "labels" / "labels_covid19_posi.tsv", labels.values())
    write(root / "participants.tsv", people.values())
    return found


def write_covid19_image_data(root: Path) -> dict[str, Shot]:
    found, rows = {}, []
    for shot in shots():
        name = f"case {shot.patient}-{shot.study}{shot.view}.{'jpeg' if shot.study else 'png'}"
        draw(root / "images" / name, shot)
        found[f"images/{name}"] = shot
        rows.append({
            "patientid": f"{shot.patient}a", "offset": 5 * shot.study, "sex": shot.sex, "age": shot.age,
            "finding": "Pneumonia/Viral/COVID-19" if shot.ill else "No Finding" if shot.patient else "todo",
            "view": {"AP": "AP Supine"}.get(shot.view, shot.view), "modality": "X-ray", "date": "January 22, 2020",
            "location": "Somewhere, on earth", "folder": "images", "filename": name, "": "",
        })  # fmt: skip
    scan = rows[0] | {"view": "Axial", "modality": "CT", "folder": "volumes", "filename": "volume.nii.gz"}
    write(root / "metadata.csv", [*rows, scan])
    return found


def write_taix_ray(root: Path) -> dict[str, Shot]:
    found, told, splits = {}, [], []
    parts = ("PleuralEffusion", "PulmonaryOpacities", "Atelectasis")
    names = [f"{part}_{side}" for part in parts for side in ("Right", "Left")]
    for shot in shots():
        if shot.view == "L":
            continue
        shot = shot._replace(view="AP")
        uid = f"{shot.number:064x}"
        draw(root / "data" / f"{uid}.png", shot, depth=12)
        found[f"data/{uid}.png"] = shot
        grades = dict.fromkeys(["HeartSize", "PulmonaryCongestion", *names], 2 if shot.ill else 0)
        told.append({
            "UID": uid, "PatientID": f"{shot.patient:03}", "PhysicianID": 7, "Age": shot.age, "Sex": shot.sex,
            "StudyDate": f"{shot.date[:4]}-{shot.date[4:6]}-{shot.date[6:]}", **grades,
        })  # fmt: skip
        splits.append({"UID": uid, "Split": shot.split})
    write(root / "metadata" / "annotation.csv", told)
    write(root / "metadata" / "split.csv", splits)
    return found


def write_rexgradient(root: Path) -> dict[str, Shot]:
    found, studies = {}, {"train": {}, "val": {}, "test": {}}
    for shot in shots():
        patient, accession = f"GRDN{shot.patient:04}", f"GRDA{shot.patient:04}{shot.study}"
        study_uid = f"1.2.{shot.patient}.{shot.study}"
        image = f"deid_png/{patient}/{accession}/studies/{study_uid}/series/1/instances/{shot.number}.png"
        draw(root / image, shot)
        found[image] = shot
        study = studies[shot.split].setdefault(f"p{patient}_a{accession}", {
            "PatientID": patient, "StudyInstanceUid": study_uid, "AccessionNumber": accession,
            "StudyDate": shot.date, "PatientAge": f"{shot.age:03}Y", "PatientSex": shot.sex, "Findings": "None.",
            "ImagePath": [], "ImageViewPosition": [],
        })  # fmt: skip
        study["ImagePath"].append(f"../{image}")
        study["ImageViewPosition"].append({"PA": "POSTERO_ANTERIOR", "AP": "AP", "L": "LATERAL"}[shot.view])
    (root / "metadata").mkdir()
    for split, told in studies.items():
        name = {"val": "valid"}.get(split, split)
        (root / "metadata" / f"{name}_metadata_view_position.json").write_text(json.dumps(told))
    return found


LAYOUTS = {
    "bimcv-covid19": write_bimcv_covid19,
    "brax": write_brax,
    "chexpert": write_chexpert,
    "chexpert-plus": write_chexpert_plus,
    "covid19-image-data": write_covid19_image_data,
    "mimic-cxr-jpg": write_mimic_cxr_jpg,
    "padchest": write_padchest,
    "rexgradient": write_rexgradient,
    "taix-ray": write_taix_ray,
}
"""What writes each collection into a folder, and tells which image is of whom."""


def write_vindr_cxr(root: Path, images: int = 48, tested: int = 16) -> dict[str, bool]:
    """A collection that names no patients: DICOM files, a few of them as PNG, and who is ill, by the images' names.

    Of each training image three readers tell; of the ill ones two see what there is, and of one of these all three.
    """
    found, rows = {}, {"train": [], "test": []}
    for number in range(images):
        split, ill = "test" if number < tested else "train", number % 2 == 1
        name, rng = f"{number:032x}", np.random.default_rng(number)
        stored = np.kron(rng.uniform(200, 3000, (4, 4)), np.ones((8, 8))) + rng.normal(0, 60, (32, 32)) + 900 * ill
        stored = np.clip(stored, 0, 4095).astype(np.uint16)
        if number % 8 == 7:
            ending = "png"
            (root / split).mkdir(parents=True, exist_ok=True)
            Image.fromarray((stored >> 4).astype(np.uint8)).save(root / split / f"{name}.png")
        else:
            ending = "dicom"
            write_dicom(root / split / f"{name}.dicom", stored, WindowCenter=2048, WindowWidth=4096)
        found[f"{split}/{name}.{ending}"] = ill
        readers = [None] if split == "test" else [f"R{1 + (number + place) % 17}" for place in range(3)]
        for place, reader in enumerate(readers):
            seen = ill and (reader is None or place > 0 or number == tested + 1)
            labels = dict.fromkeys(VINDR, 0)
            labels |= {"Cardiomegaly": int(seen), "Nodule/Mass": int(place == 2), "No finding": int(not seen)}
            labels |= {"Pleural effusion": number % 3 % 2}
            other = {"Other disease" if reader is None else "Other diseases": 0}
            rows[split].append({"image_id": name, **({"rad_id": reader} if reader else {}), **labels, **other})
    for split, told in rows.items():
        write(root / "annotations" / f"image_labels_{split}.csv", told)
    return found
