"""Analytic thorax phantom: closed forms, physics, streams, masks, findings."""

import hashlib
import sys

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_features__ as CPU_FEATURES
from scipy.stats import ks_2samp, norm

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.splits import CELLS
from privbench.datasets.findings import FINDINGS
from privbench.datasets.phantom import HEART, LUNG, SCANNERS, draw_table, generate, shapes, strokes
from privbench.datasets.phantom import generate as generate_function
from privbench.datasets.phantom.anatomy import Anatomy
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.datasets.phantom.generate import Patient, draw_patient, worth_beginning
from privbench.datasets.phantom.grid import Grid, make_grid
from privbench.datasets.phantom.illness import _FACTORS, _RESIDUAL, _THRESHOLDS, PREVALENCE, SITE_DRAWS, Disease
from privbench.datasets.phantom.layout import lay_out
from privbench.datasets.phantom.render import TISSUE_ATTENUATION, display, project, render, transmit
from privbench.datasets.phantom.scanners import raised
from privbench.datasets.phantom.visits import Visit
from privbench.plugins.interfaces import DataRequest

SEED = 11


@pytest.fixture(scope="module")
def drawn() -> list[Patient]:
    return [draw_patient(SEED, number) for number in range(1, 401)]


@pytest.fixture(scope="module")
def table():
    return draw_table(patients=3000, seed=SEED)


def disease(*findings: str, severity: float = 0.5, site: float = 0.3) -> Disease:
    present = np.array([finding in findings for finding in FINDINGS], dtype=np.uint8)
    return Disease(
        present=present,
        severity=np.full(len(FINDINGS), severity, dtype=np.float32),
        site=np.full((len(FINDINGS), SITE_DRAWS), site, dtype=np.float32),
    )


def plain(visit: Visit) -> Visit:
    """The visit in the average pose, without devices, marker or borders."""
    return visit._replace(
        view="PA", rotation=0.0, shift_x=0.0, shift_y=0.9, scale=1.0, yaw=0.0, pitch=0.0, inspiration=0.0,
        devices=(), marker=visit.marker[:0], collimation=np.zeros(4, dtype=np.float32),
    )  # fmt: skip


def traced(inside, half: float = 12.0, steps: int = 24001) -> float:
    """Length of the z axis for which ``inside(z)`` holds, by counting."""
    z = np.linspace(-half, half, steps)
    return float(inside(z).mean() * 2 * half)


def at(*values: float) -> tuple[np.ndarray, ...]:
    return tuple(np.array([value], dtype=np.float32) for value in values)


# Closed forms


def test_sphere_chord_is_its_diameter_at_the_centre_and_zero_outside() -> None:
    x, y = np.array([1.0, 1.0, 4.1], dtype=np.float32), np.array([2.0, 3.8, 2.0], dtype=np.float32)
    chord = shapes.ellipsoid(x, y, 1.0, 2.0, 3.0, 3.0, 3.0)
    np.testing.assert_allclose(chord, [6.0, 2 * np.sqrt(9 - 1.8**2), 0.0], rtol=1e-5)


@pytest.mark.parametrize("point", [(0.3, -0.4), (1.5, 1.2), (-2.0, -1.0)])
def test_turned_ellipsoid_matches_ray_counting(point: tuple[float, float]) -> None:
    a, b, c, angle = 4.0, 2.5, 5.0, 0.6
    dx, dy = point
    u, v = np.cos(angle) * dx + np.sin(angle) * dy, np.cos(angle) * dy - np.sin(angle) * dx
    expected = traced(lambda z: (u / a) ** 2 + (v / b) ** 2 + (z / c) ** 2 <= 1)
    assert shapes.ellipsoid(*at(*point), 0.0, 0.0, a, b, c, angle)[0] == pytest.approx(expected, abs=2e-3)


def test_soft_ellipsoid_matches_the_integral_of_its_density() -> None:
    z = np.linspace(-5.0, 5.0, 20001)
    density = np.maximum(1 - (0.9 / 3) ** 2 - (1.1 / 2) ** 2 - (z / 4) ** 2, 0)
    expected = density.sum() * (z[1] - z[0])
    assert shapes.soft_ellipsoid(*at(0.9, 1.1), 0.0, 0.0, 3.0, 2.0, 4.0)[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("power", [2, 4])
def test_tube_matches_ray_counting(power: int) -> None:
    x, left, right, depth = at(2.0, -1.0, 5.5, 6.0)
    u = (2.0 - 2.25) / 3.25
    expected = traced(lambda z: (z / 6.0) ** 2 + np.abs(u) ** power <= 1)
    assert shapes.tube(x, left, right, depth, power)[0] == pytest.approx(expected, abs=2e-3)
    assert shapes.tube(*at(6.0, -1.0, 5.5, 6.0), power)[0] == 0.0


@pytest.mark.parametrize("point", [(-1.0, 1.0), (2.0, 2.0), (1.0, 6.0)])
def test_dome_is_a_cap_on_a_cylinder(point: tuple[float, float]) -> None:
    x, y = point
    u, v = x / (3.0 if x < 0 else 5.0), min(y - 4.0, 0.0) / 4.0
    expected = traced(lambda z: u**2 + v**2 + (z / 8.0) ** 2 <= 1)
    assert shapes.dome(*at(x, y), 0.0, 4.0, 3.0, 5.0, 4.0, 8.0)[0] == pytest.approx(expected, abs=2e-3)


def test_capsule_matches_ray_counting_along_its_side_and_past_its_end() -> None:
    ends = at(0.0, 0.0, 10.0, 0.0, 2.0, 2.0)
    for x, y in ((5.0, 1.0), (11.0, 1.0)):
        near = min(x, 10.0)
        expected = traced(lambda z, x=x, y=y, near=near: (x - near) ** 2 + y**2 + z**2 <= 4)
        assert shapes.capsule(*at(x, y), *ends)[0] == pytest.approx(expected, abs=2e-3)
    assert shapes.capsule(*at(5.0, 2.1), *ends)[0] == 0.0


def test_a_capsule_thinner_than_a_pixel_keeps_its_cross_section() -> None:
    y = np.linspace(-2.0, 2.0, 4001, dtype=np.float32)
    ends = at(-9.0, 0.0, 9.0, 0.0, 0.2, 0.2)
    area = shapes.capsule(np.zeros_like(y), y, *ends, 0.5).sum() * (y[1] - y[0])
    assert area == pytest.approx(np.pi * 0.2**2, rel=1e-3)


def test_hoop_matches_counting_points_of_a_bent_tube() -> None:
    w, h, radius, depth = 12.0, 4.5, 0.6, 3.0
    phase = np.linspace(0.0, np.pi, 6001)
    axis = np.stack([w * np.sin(phase), -h * np.cos(phase), -depth * np.cos(phase)], axis=1)
    for p, offset in ((0.5, 0.0), (0.5, 0.3), (1.2, 0.2)):
        normal = np.array([np.sin(p) / w, -np.cos(p) / h])
        normal /= np.linalg.norm(normal)
        x, y = np.array([w * np.sin(p), -h * np.cos(p)]) + offset * normal
        z = np.linspace(-6.0, 6.0, 1201)
        near = np.full(len(z), np.inf)
        for point in axis[np.hypot(axis[:, 0] - x, axis[:, 1] - y) < 2.5]:
            near = np.minimum(near, (x - point[0]) ** 2 + (y - point[1]) ** 2 + (z - point[2]) ** 2)
        expected = (near <= radius**2).mean() * 12.0
        chord = shapes.hoop(*at(x, y, 0.0, 0.0, w, h, 0.0), radius, depth)[0]
        assert chord == pytest.approx(expected, rel=0.08)


def test_strokes_agree_with_evaluating_every_pixel(drawn: list[Patient]) -> None:
    grid = make_grid(48, drawn[0].visits[0][0])
    rng = np.random.default_rng(0)
    segments = rng.uniform(-16, 16, (20, 6)).astype(np.float32)
    segments[:, 4:] = rng.uniform(0.1, 2.0, (20, 2))
    columns = [segments[:, i].reshape(-1, 1, 1) for i in range(6)]
    dense = shapes.capsule(grid.x, grid.y, *columns, grid.aperture)
    np.testing.assert_allclose(strokes.stroke_sum(grid, segments), dense.sum(axis=0), atol=1e-4)
    np.testing.assert_allclose(strokes.stroke_union(grid, segments), dense.max(axis=0), atol=1e-4)


def test_transmission_of_a_slab_follows_beer_lambert() -> None:
    slab = np.full((2, 2), TISSUE_ATTENUATION * 10.0, dtype=np.float32)
    np.testing.assert_allclose(transmit(slab), np.exp(-2.0), rtol=1e-6)
    np.testing.assert_allclose(transmit(2 * slab), transmit(slab) ** 2, rtol=1e-6)


# Data set


def test_schema_order_and_types() -> None:
    counts: list[int] = []
    data = generate(patients=5, size=32, seed=SEED, workers=1, on_patient=counts.append)
    n = len(data.table)
    assert counts == [1, 2, 3, 4, 5]
    assert data.images.shape == data.masks.shape == (n, 1, 32, 32)
    assert data.locations.shape == (n, len(FINDINGS), CELLS, CELLS)
    assert data.images.dtype == data.masks.dtype == data.locations.dtype == np.uint8
    assert list(data.table.columns) == ["image", "patient", "follow_up", "age", "sex", "view", *FINDINGS]
    assert data.table.equals(data.table.sort_values(["patient", "follow_up"]))
    assert data.table.image.tolist() == [
        f"{p}_{f:03d}.png" for p, f in zip(data.table.patient, data.table.follow_up, strict=True)
    ]
    assert set(data.table.patient) == {f"{number:08d}" for number in range(1, 6)}
    assert all(data.table[finding].dtype == np.uint8 for finding in FINDINGS)
    assert set(np.unique(data.masks)) <= {0, LUNG, HEART}


def test_patients_do_not_depend_on_their_number_nor_on_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    one = generate(patients=12, size=32, seed=SEED, workers=1)
    module = sys.modules["privbench.datasets.phantom.generate"]  # in the package its function has that name
    monkeypatch.setattr(module, "worth_beginning", lambda tasks, size: tasks)
    two = generate(patients=12, size=32, seed=SEED, workers=2)
    few = generate(patients=3, size=32, seed=SEED, workers=1)
    other = generate(patients=3, size=32, seed=SEED + 1, workers=1)
    np.testing.assert_array_equal(one.images, two.images)
    np.testing.assert_array_equal(one.masks, two.masks)
    np.testing.assert_array_equal(one.locations, two.locations)
    assert one.table.equals(two.table)
    np.testing.assert_array_equal(one.images[: len(few.images)], few.images)
    assert one.table[: len(few.table)].equals(few.table)
    assert few.images.shape != other.images.shape or (few.images != other.images).any()


@pytest.mark.parametrize(
    ("tasks", "size", "processes"), [(8, 32, 0), (16, 64, 2), (8, 128, 2), (8, 256, 7), (2, 256, 1)]
)
def test_a_process_begins_where_it_draws_for_longer_than_that_takes(tasks: int, size: int, processes: int) -> None:
    assert worth_beginning(tasks, size) == processes


@pytest.mark.parametrize("bad", [{"patients": 0}, {"size": 31}, {"workers": 0}, {"seed": -1}, {"scanners": 5}])
def test_bad_arguments_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="need patients"):
        generate_function(**{"patients": 1, "size": 32, "seed": 0, "workers": 1} | bad)


def test_table_only_draw_equals_the_rendered_table() -> None:
    assert draw_table(patients=4, seed=SEED).equals(generate(patients=4, size=32, seed=SEED, workers=1).table)


def test_image_counts_are_heavy_tailed(table) -> None:
    counts = table.groupby("patient").size()
    assert counts.mean() == pytest.approx(3.6, abs=0.25)
    assert (counts == 1).mean() == pytest.approx(1 / 3, abs=0.04)
    assert counts.max() == 20
    assert (counts >= 10).mean() > 0.03


def test_thresholds_are_the_prevalences_quantiles() -> None:
    np.testing.assert_allclose(norm.sf(_THRESHOLDS), PREVALENCE, rtol=1e-3)
    correlation = _FACTORS @ _FACTORS.T + np.diag(_RESIDUAL**2)
    np.testing.assert_allclose(np.diag(correlation), 1.0)
    assert (_RESIDUAL > 0).all()


def test_prevalences(table) -> None:
    # Visits of one patient resemble each other, so the tolerance counts patients' first images.
    first = table[table.follow_up == 0]
    for finding, expected in zip(FINDINGS, PREVALENCE, strict=True):
        tolerance = 4.0 * np.sqrt(expected * (1 - expected) / len(first))
        assert first[finding].mean() == pytest.approx(expected, abs=tolerance), finding


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Effusion", "Atelectasis"), ("Effusion", "Infiltration"), ("Edema", "Infiltration"),
        ("Consolidation", "Effusion"), ("Emphysema", "Pneumothorax"), ("Mass", "Nodule"),
        ("Cardiomegaly", "Effusion"), ("Pneumonia", "Infiltration"),
    ],
)  # fmt: skip
def test_common_pairs_of_findings_occur_together(table, one: str, other: str) -> None:
    both = (table[one] & table[other]).mean()
    assert both > 1.25 * table[one].mean() * table[other].mean()


def test_chronic_findings_persist_more_than_acute_ones(table) -> None:
    def persistence(finding: str) -> float:
        after = table[finding].groupby(table.patient).shift(-1)
        return float(after[(table[finding] == 1) & after.notna()].mean())

    chronic = [persistence(f) for f in ("Cardiomegaly", "Emphysema", "Fibrosis", "Pleural_Thickening")]
    acute = [persistence(f) for f in ("Atelectasis", "Consolidation", "Infiltration", "Pneumothorax")]
    assert min(chronic) > max(acute)
    assert min(acute) > 0.1


def test_sick_visits_are_more_often_ap(table) -> None:
    count = table[list(FINDINGS)].sum(axis=1)
    assert (table["view"][count >= 2] == "AP").mean() > (table["view"][count == 0] == "AP").mean() + 0.2


# Identity


def _numeric(visit: Visit) -> np.ndarray:
    return np.array([value for value in visit if isinstance(value, float)])


def test_nuisance_does_not_tell_patients_apart(drawn: list[Patient]) -> None:
    """Within the same view, visits of one patient differ as much as visits of different patients."""
    within, between = [], []
    pool = [visit for patient in drawn for visit, _ in patient.visits if visit.view == "PA"]
    scale = np.std([_numeric(visit) for visit in pool], axis=0)
    for patient in drawn:
        own = [visit for visit, _ in patient.visits if visit.view == "PA"][:2]
        if len(own) == 2:
            within.append(np.abs(_numeric(own[0]) - _numeric(own[1])) / scale)
    rng = np.random.default_rng(0)
    for _ in range(len(within)):
        i, j = rng.choice(len(pool), 2, replace=False)
        between.append(np.abs(_numeric(pool[i]) - _numeric(pool[j])) / scale)
    assert len(within) > 80
    assert np.mean(within) == pytest.approx(np.mean(between), rel=0.05)
    p_values = [ks_2samp(a, b).pvalue for a, b in zip(np.array(within).T, np.array(between).T, strict=True)]
    assert min(p_values) > 0.01 / len(p_values)


def test_nuisance_is_uncorrelated_with_anatomy(drawn: list[Patient]) -> None:
    numbers = [
        np.concatenate([np.ravel(value) for value in patient.anatomy[1:]] + [_numeric(patient.visits[0][0])])
        for patient in drawn
        if patient.visits[0][0].view == "PA"
    ]
    split = len(numbers[0]) - len(_numeric(drawn[0].visits[0][0]))
    correlation = np.corrcoef(np.array(numbers).T)[:split, split:]
    pairs = correlation.size
    assert np.abs(correlation).max() < norm.isf(0.001 / pairs) / np.sqrt(len(numbers) - 3)


def _correlation_auc(images: np.ndarray, patients: np.ndarray) -> float:
    flat = images.reshape(len(images), -1).astype(np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    a, b = np.triu_indices(len(flat), 1)
    score, mated = (flat @ flat.T)[a, b], patients[a] == patients[b]
    return float((score[mated][:, None] > score[~mated][None, ::7]).mean())


def test_images_tell_patients_apart_by_anatomy_alone(drawn: list[Patient]) -> None:
    """Raw correlation links a patient's images; with one anatomy for all, it links nothing."""
    several = [patient for patient in drawn if len(patient.visits) >= 3][:40]
    own, same, numbers = [], [], []
    for patient in several:
        for i, (visit, _) in enumerate(patient.visits[:3]):
            visit = visit._replace(view="PA", devices=())
            rng = np.random.default_rng([patient.number, i])
            own.append(render(patient.anatomy, visit, disease(), 32, rng).image)
            same.append(render(several[0].anatomy, visit, disease(), 32, rng).image)
            numbers.append(patient.number)
    assert 0.60 < _correlation_auc(np.array(own), np.array(numbers)) < 0.85
    assert _correlation_auc(np.array(same), np.array(numbers)) == pytest.approx(0.5, abs=0.06)


def test_anatomy_differs_visibly_between_patients(drawn: list[Patient]) -> None:
    """In one pose, lung and heart outlines of two patients disagree on many pixels at 64 px."""
    pose = plain(drawn[0].visits[0][0])
    masks = [project(patient.anatomy, pose, disease(), make_grid(64, pose))[1] for patient in drawn[:30]]
    again = project(drawn[0].anatomy, pose, disease(), make_grid(64, pose))[1]
    np.testing.assert_array_equal(masks[0], again)
    differing = [(masks[i] != masks[j]).sum() for i in range(30) for j in range(i)]
    assert np.median(differing) > 150
    assert min(differing) > 40


# Masks and findings


def _view(patient: Patient, found: Disease, size: int = 96) -> tuple[np.ndarray, np.ndarray, Grid]:
    pose = plain(patient.visits[0][0])
    grid = make_grid(size, pose)
    integral, mask, _ = project(patient.anatomy, pose, found, grid)
    return integral, mask, grid


def test_lungs_are_darker_than_heart_and_lie_beside_it(drawn: list[Patient]) -> None:
    for patient in drawn[:12]:
        integral, mask, grid = _view(patient, disease())
        lung, heart = mask == LUNG, mask == HEART
        assert integral[lung].mean() < 0.75 * integral[heart].mean()
        assert grid.x[heart].mean() > 0  # the apex points to the patient's left, image right
        right, left = lung & (grid.x < 0), lung & (grid.x > 0)
        assert min(right.sum(), left.sum()) > 0.05 * mask.size
        assert grid.x[right].mean() < grid.x[heart].mean() < grid.x[left].mean()
        assert right.sum() > 0.9 * left.sum()
        image = display(integral, plain(patient.visits[0][0]), SCANNERS[0])
        assert image[lung].mean() + 40 < image[heart].mean()


def test_masks_follow_the_pose(drawn: list[Patient]) -> None:
    patient = drawn[3]
    pose = plain(patient.visits[0][0])
    moved = pose._replace(shift_x=35.0 / 64 * 3)  # three pixels of the 35 cm field
    still = project(patient.anatomy, pose, disease(), make_grid(64, pose))[1]
    shifted = project(patient.anatomy, moved, disease(), make_grid(64, moved))[1]
    np.testing.assert_array_equal(np.roll(still, 3, axis=1)[:, 3:], shifted[:, 3:])


def test_cardiomegaly_widens_the_heart(drawn: list[Patient]) -> None:
    for patient in drawn[:6]:
        widths = [np.ptp(np.flatnonzero((_view(patient, found)[1] & HEART).any(axis=0)))
                  for found in (disease(), disease("Cardiomegaly"))]  # fmt: skip
        assert widths[1] > 1.12 * widths[0]


def test_emphysema_flattens_the_domes_and_clears_the_lungs(drawn: list[Patient]) -> None:
    patient = drawn[0]
    pose = plain(patient.visits[0][0])
    healthy, sick = (lay_out(patient.anatomy, pose, d) for d in (disease(), disease("Emphysema")))
    assert sick.lungs[0].dome_top > healthy.lungs[0].dome_top + 1
    assert sick.lungs[0].dome[4] < 0.6 * healthy.lungs[0].dome[4]
    assert sick.lung_attenuation < 0.7 * healthy.lung_attenuation


REGION = {  # where the change must lie: body-frame box x0, y0, x1, y1 that holds most of it, and its sign
    "Atelectasis": ((0, 0, 15, 18), 1),
    "Cardiomegaly": ((-8, -8, 13, 13), 1),
    "Consolidation": ((0, -14, 15, 12), 1),
    "Edema": ((-13, -10, 13, 9), 1),
    "Effusion": ((0, 2, 15, 13), 1),
    "Emphysema": ((-16, -16, 16, 17), -1),
    "Fibrosis": ((-16, -4, 16, 18), 1),
    "Hernia": ((-5, 0, 8, 11), 1),
    "Infiltration": ((-15, -14, 15, 10), 1),
    "Mass": ((0, -13, 15, 9), 1),
    "Nodule": ((0, -14, 15, 9), 1),
    "Pleural_Thickening": ((-16, -16, 16, 12), 1),
    "Pneumonia": ((0, -8, 15, 12), 1),
    "Pneumothorax": ((0, -16, 15, 10), -1),
}


@pytest.mark.parametrize("finding", FINDINGS)
def test_each_finding_changes_the_picture_where_it_belongs(drawn: list[Patient], finding: str) -> None:
    (x0, y0, x1, y1), sign = REGION[finding]
    for patient in (drawn[0], drawn[1]):
        healthy, _, grid = _view(patient, disease())
        change = _view(patient, disease(finding))[0] - healthy
        amount = np.abs(change)
        inside = (grid.x > x0) & (grid.x < x1) & (grid.y > y0) & (grid.y < y1)
        assert amount.max() > 0.1
        assert amount[inside].sum() > 0.8 * amount.sum()
        assert sign * change[inside].sum() > 0
        assert amount[healthy == 0].sum() == 0  # nothing outside the body


def test_severity_grows_the_finding(drawn: list[Patient]) -> None:
    healthy = _view(drawn[0], disease())[0]
    for finding in ("Effusion", "Pneumothorax", "Mass", "Cardiomegaly", "Edema", "Pneumonia"):
        mild, severe = (np.abs(_view(drawn[0], disease(finding, severity=s))[0] - healthy).sum() for s in (0.1, 0.9))
        assert severe > 1.15 * mild, finding


def test_ap_films_magnify_the_heart(drawn: list[Patient]) -> None:
    patient = drawn[0]
    pose = plain(patient.visits[0][0])
    areas = {}
    for view in ("PA", "AP"):
        turned = pose._replace(view=view)
        areas[view] = (project(patient.anatomy, turned, disease(), make_grid(96, turned))[1] & HEART).sum()
    assert areas["AP"] > 1.1 * areas["PA"]


def test_right_dome_is_usually_higher(drawn: list[Patient]) -> None:
    anatomies: list[Anatomy] = [patient.anatomy for patient in drawn]
    assert np.mean([anatomy.dome_left_drop > 0 for anatomy in anatomies]) > 0.8


def test_a_phantom_reads_no_folder(tmp_path):
    with pytest.raises(PrivbenchError, match="leave out --data-root"):
        PhantomDataset().source(DataRequest(32, 0, tmp_path, 1, Progress(quiet=True)))


def test_a_phantom_has_a_smallest_size():
    with pytest.raises(PrivbenchError, match="at least 32 px, not 16"):
        PhantomDataset().source(DataRequest(16, 0, None, 1, Progress(quiet=True)))


@pytest.mark.skipif(not CPU_FEATURES.get("AVX2") or not CPU_FEATURES.get("FMA3"), reason="another kind of processor")
def test_processors_with_avx2_draw_the_same_with_avx_512_and_without():
    """Or no two machines would have the same fingerprints, and a gate could judge on none but its own."""
    drawn = generate(patients=150, size=64, seed=0, scanners=len(SCANNERS), workers=1)
    assert hashlib.sha256(drawn.images.tobytes()).hexdigest()[:16] == "b681b243ea175c70"


def test_powers_are_those_of_64_bits_rounded_once(rng):
    values = rng.random(5000).astype(np.float32)
    exponent = float(np.float32(0.83))
    assert raised(values, 0.83).tolist() == [float(np.float32(float(value) ** exponent)) for value in values]
