import numpy as np
import pandas as pd
import pytest

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.exclusion import Exclusion
from privbench.data.notices import Notice, read_notices
from privbench.data.splits import CELLS, SPACING
from privbench.datasets.chestxray14 import ChestXray14
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.engine.display import Display
from privbench.engine.engine import Engine
from privbench.engine.executors.serial import Serial
from privbench.engine.node import Conditions, Nodes
from privbench.engine.store import Store
from privbench.plugins.interfaces import Chunk, DataRequest, Dataset
from privbench.protocols.schema import PairsSection
from privbench.running.loading import ReadData, data_node, read_splits, write_data
from privbench.running.pairing import with_pairs
from privbench.running.stage_names import VERSIONS

PAIRS = PairsSection(guidance=60, train=40, val=10, test=10, cap=5)


def anything(table):
    """The check that every table passes."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_data(PhantomDataset(patients=40), DataRequest(32, 0, None, 1, Progress(quiet=True)), 0.25, folder, anything)
    return folder


def test_phantom_splits(folder):
    splits = with_pairs(read_splits(folder, PhantomDataset.findings), PAIRS, 0)
    patients = {name: set(split.table["patient"]) for name, split in splits.items()}
    assert {name: len(p) for name, p in patients.items()} == {"train": 24, "val": 8, "test": 8}
    assert patients["test"] == {f"{number:08d}" for number in range(33, 41)}
    for split in splits.values():
        assert split.images.shape == (len(split.table), 1, 32, 32)
        assert split.labels.shape == (len(split.table), 14)
        assert len(set(split.table["split"])) == 1


def test_images_and_masks_stay_with_their_rows(folder):
    from privbench.base.seeds import derive_seed
    from privbench.datasets.phantom import generate

    drawn = generate(patients=40, size=32, seed=derive_seed(0, "phantom"), workers=1)
    row_of = {image: row for row, image in enumerate(drawn.table["image"])}
    splits = with_pairs(read_splits(folder, PhantomDataset.findings), PAIRS, 0)
    for split in splits.values():
        rows = [row_of[image] for image in split.table["image"]]
        assert np.array_equal(split.images, drawn.images[rows])
        assert np.array_equal(split.masks, drawn.masks[rows])


def stage_of(dataset, root, store, helpers):
    display = Display(Progress(quiet=True))
    engine = Engine(Store(store), Serial(display.tell), display)
    nodes = Nodes(VERSIONS, Conditions(seed=0, device="cpu", precision="32-true", threads=1))
    work = ReadData(dataset, 32, "squeeze", 0.25, root, helpers, Exclusion(), anything, store / "decoded")
    node = data_node(nodes, work, {})
    engine.make({"data": [node]})
    return engine.made[node]


def test_how_fast_files_were_read_is_told_beside_what_comes_out(real_data, tmp_path):
    files = real_data / "chestxray14-1024"
    one, two = (stage_of(ChestXray14(), files, tmp_path / str(count), count) for count in (1, 2))
    for stage, helpers in ((one, 1), (two, 2)):
        told = stage.manifest.decoding
        assert (told.images, told.pixels, told.helpers) == (26, 26 * 1024**2, helpers)
        assert 0 < told.seconds <= stage.manifest.seconds
    assert (one.key, one.digest) == (two.key, two.digest)


def test_what_is_drawn_was_read_from_no_file(tmp_path):
    assert stage_of(PhantomDataset(patients=10), None, tmp_path, 1).manifest.decoding is None


class Listed(Dataset):
    """Six patients with two images each, listed backwards; an image's number is its grey value and all else."""

    name = "listed"
    findings = ("Mass", "Hernia")

    def __init__(self, chunks=("images masks locations",), **columns):
        super().__init__()
        self.chunks, self.columns = chunks, columns

    def source(self, request):
        return {}

    def table(self, request):
        numbers = np.arange(12)
        columns = {
            "image": [f"{n:02}.png" for n in numbers],
            "patient": numbers // 2,
            "follow_up": numbers % 2,
            "age": 50,
            "sex": np.repeat(["F", "", "NA"], 4),
            "view": "PA",
            "split": np.repeat(["train", "val", "test"], 4),
            "Mass": numbers % 2,
            "Hernia": numbers % 3 == 0,
        }
        return pd.DataFrame(columns | self.columns)[::-1]

    def read(self, table, request):
        all_numbers = table["image"].str[:2].astype(int).to_numpy(np.uint8)[:, None, None, None]
        for numbers, known in zip(np.split(all_numbers, len(self.chunks)), self.chunks, strict=True):
            images = np.tile(numbers, (1, 1, 8, 8))
            images[:, :, 0, 0] = 255  # no image is blank
            arrays = {
                "images": images,
                "masks": np.tile(numbers % 4, (1, 1, 8, 8)),
                "locations": np.tile(numbers + np.array([[[[0]], [[100]]]], np.uint8), (1, 1, CELLS, CELLS)),
            }
            yield Chunk(**{name: arrays[name] for name in known.split()})


def load(dataset, folder, check=anything):
    write_data(dataset, DataRequest(8, 0, None, 1, Progress(quiet=True)), 0.25, folder, check)
    return with_pairs(read_splits(folder, dataset.findings), PAIRS, 0)


def test_what_is_known_of_images_stays_with_their_rows(tmp_path):
    splits = load(Listed(["images masks locations"] * 3), tmp_path)
    for first, split in zip((0, 4, 8), splits.values(), strict=True):
        numbers = np.arange(first, first + 4)
        assert split.images[:, 0, 3, 3].tolist() == numbers.tolist()
        assert split.masks[:, 0, 3, 3].tolist() == (numbers % 4).tolist()
        assert split.locations.shape == (4, 2, CELLS, CELLS)
        assert split.locations[:, :, 3, 3].tolist() == [[number, number + 100] for number in numbers]


class ByPath(Listed):
    """Finds its images by a column of its own."""

    def table(self, request):
        table = super().table(request)
        return table.assign(path="folder/" + table["image"])

    def read(self, table, request):
        return super().read(table.assign(image=table["path"].str.removeprefix("folder/")), request)


def test_further_columns_reach_read_and_are_not_stored(tmp_path):
    splits = load(ByPath(), tmp_path)
    assert splits["test"].images[:, 0, 3, 3].tolist() == [8, 9, 10, 11]
    assert "path" not in splits["test"].table


@pytest.mark.parametrize("known", ["images", "images masks", "images locations"])
def test_what_nobody_knows_is_none(tmp_path, known):
    for split in load(Listed([known] * 2), tmp_path).values():
        assert {name for name in ("images", "masks", "locations") if getattr(split, name) is not None} == {
            *known.split()
        }


@pytest.mark.parametrize(
    "chunks", [("images masks", "images"), ("images", "images masks"), ("images", "images", "images locations")]
)
def test_what_is_known_of_some_images_alone_is_an_error(tmp_path, chunks):
    with pytest.raises(PrivbenchError, match=r"listed gives (masks|locations) for some images alone"):
        load(Listed(chunks), tmp_path)


def test_unknown_labels_are_empty_fields(tmp_path):
    mass = np.arange(12) % 2 * np.where(np.arange(12) % 5 == 4, np.nan, 1.0)  # 4 and 9 are unknown
    splits = load(Listed(Mass=mass), tmp_path)
    labels = np.concatenate([split.labels for split in splits.values()])
    assert labels.dtype == np.float32
    assert np.array_equal(labels[:, 0], mass, equal_nan=True)
    assert labels[:, 1].tolist() == [1, 0, 0] * 4
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[1].startswith("00.png,0,,0,50,F,PA,train,0,1,")
    assert lines[5].startswith("04.png,2,,0,50,,PA,val,,0,")
    assert splits["val"].table["sex"].tolist() == [""] * 4
    assert splits["test"].table["sex"].tolist() == ["NA"] * 4


@pytest.mark.parametrize("kind", [np.uint8, bool, float, "Int64"])
def test_known_labels_are_plain_integers(tmp_path, kind):
    splits = load(Listed(Mass=pd.Series(np.arange(12) % 2).astype(kind)), tmp_path)
    lines = (tmp_path / "table.csv").read_text().splitlines()[:3]
    assert [line.rsplit(",", 2)[0] for line in lines] == [  # pseudonyms come last
        "image,patient,study,follow_up,age,sex,view,split,Mass,Hernia",
        "00.png,0,,0,50,F,PA,train,0,1",
        "01.png,0,,1,50,F,PA,train,1,0",
    ]
    assert splits["train"].table["Mass"].dtype == np.int64


def test_spacing_is_kept_where_it_is_given(tmp_path):
    across = np.where(np.arange(12) == 2, np.nan, 0.1 + np.arange(12) / 7)
    splits = load(Listed(spacing_x=across, spacing_y=3.5), tmp_path)
    tables = pd.concat([split.table for split in splits.values()])
    np.testing.assert_allclose(tables["spacing_x"], across, rtol=1e-12)
    assert (tables["spacing_y"] == 3.5).all()
    assert not set(SPACING) & set(load(Listed(), tmp_path)["train"].table.columns)


def test_spacing_may_be_unknown_throughout(tmp_path):
    tables = [split.table for split in load(Listed(spacing_x=np.nan, spacing_y=np.nan), tmp_path).values()]
    assert all(table[list(SPACING)].isna().all(axis=None) for table in tables)
    assert all(table[list(SPACING)].dtypes.eq(float).all() for table in tables)


def test_patients_are_texts_that_stay_apart(tmp_path):
    patients = np.repeat(["1.00003", "1.00004", "NA", "1", "Ä, b", "7"], 2)
    tables = [split.table for split in load(Listed(patient=patients), tmp_path).values()]
    assert [sorted(table["patient"].unique()) for table in tables] == [
        ["1.00003", "1.00004"],
        ["1", "NA"],
        ["7", "Ä, b"],
    ]


def test_unknown_follow_ups_and_ages_stay_unknown(tmp_path):
    unknown = np.where(np.arange(12) == 3, np.nan, np.arange(12) % 2 + 0.5)
    splits = load(Listed(follow_up=unknown, age=unknown), tmp_path)
    for column in ("follow_up", "age"):
        kept = np.concatenate([split.table.sort_values("image")[column] for split in splits.values()])
        assert np.array_equal(kept, unknown, equal_nan=True)


class Unread(Listed):
    """No image of it may be asked for."""

    def read(self, table, request):
        raise AssertionError("an image was read")
        yield


def test_the_final_table_is_checked_before_an_image_is_read(tmp_path):
    def check(table):
        assert table["image"].tolist() == [f"{number:02}.png" for number in range(12)]
        assert table["split"].unique().tolist() == ["train", "val", "test"]
        raise PrivbenchError("too few patients")

    with pytest.raises(PrivbenchError, match="too few patients"):
        load(Unread(split=np.repeat(["train_val", "train_val", "test"], 4)), tmp_path, check_some)
    with pytest.raises(PrivbenchError, match="too few patients"):
        load(Unread(), tmp_path, check)


def check_some(table):
    """Validation patients are held out by then."""
    assert set(table["split"]) == {"train", "val", "test"}
    raise PrivbenchError("too few patients")


class Told(Listed):
    """It says of its images what a reader has to know."""

    def read(self, table, request):
        request.notice(Notice("the images are numbers", ("00.png",)))
        yield from super().read(table, request)


def test_notices_lie_beside_the_data(tmp_path):
    load(Listed(), tmp_path)
    assert read_notices(tmp_path) == []
    load(Told(), tmp_path)
    assert read_notices(tmp_path) == [Notice("the images are numbers", ("00.png",))]


class Copied(Listed):
    def read(self, table, request):
        for chunk in super().read(table, request):
            chunk.images[:2] = chunk.images[2:4]
            yield chunk


def test_copies_of_images_are_refused_of_any_data_set(tmp_path):
    with pytest.raises(PrivbenchError, match=r"2 of 12 images are copies of others, .* such as 00\.png = 02\.png"):
        load(Copied(), tmp_path)
