import numpy as np
import pandas as pd
import pytest
import torch
from privbench.anonymizers.dp_pix import DPPix
from privbench.anonymizers.identity import Identity
from stage_folders import COUNTS, GREY, source, stage_folders

from privbench import Anonymizer, PrivbenchError, SetAnonymizer
from privbench.data.arrays import ArrayWriter, read_array
from privbench.learning.states import load_state, save_state
from privbench.running.release import FitAnonymizer, Release, fitted, write_release
from privbench.running.stage_names import ANONYMIZER, IMAGES_FILE, RELEASE, StageName

IMAGES = np.random.default_rng(0).integers(0, 256, (300, 1, 8, 8)).astype(np.uint8)


def release(anonymizer, ctx, path, images=IMAGES):
    with ArrayWriter(path, images.shape) as writer:
        write_release(anonymizer, images, pd.DataFrame({"patient": np.arange(len(images)) // 2}), ctx, writer)
    return read_array(path)


def returning(function):
    class Method(Anonymizer):
        name = "method"
        deterministic = True

        def anonymize(self, images, generator):
            return function(images)

    return Method()


def test_identity_is_released_bit_for_bit(ctx, tmp_path):
    assert np.array_equal(release(Identity(), ctx, tmp_path / "a.npy"), IMAGES)


def test_values_are_rounded_to_8_bits(ctx, tmp_path):
    released = release(returning(lambda x: x * 0 + 100.6 / 255), ctx, tmp_path / "a.npy")
    assert set(released.ravel()) == {101}


def test_a_noisy_release_repeats_with_its_seed(ctx, tmp_path):
    a, b = (release(DPPix(b=2), ctx, tmp_path / name) for name in ("a.npy", "b.npy"))
    assert np.array_equal(a, b)
    assert not np.array_equal(a[0], a[1])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x[:, :, :4], "it must keep the shape"),
        (lambda x: x * 2, "they must lie in \\[0, 1\\]"),
        (lambda x: x - 0.5, "they must lie in \\[0, 1\\]"),
        (lambda x: x * torch.nan, "they must lie in \\[0, 1\\]"),
    ],
)
def test_what_is_no_image_is_refused(function, message, ctx, tmp_path):
    with pytest.raises(PrivbenchError, match=message):
        release(returning(function), ctx, tmp_path / "a.npy")


def test_undeclared_randomness_is_refused(ctx, tmp_path):
    class Noisy(Anonymizer):
        name = "noisy"
        deterministic = True

        def anonymize(self, images, generator):
            return torch.rand(images.shape, generator=generator)

    with pytest.raises(PrivbenchError, match="'noisy' is declared deterministic"):
        release(Noisy(), ctx, tmp_path / "a.npy")


SEEN = []
"""What anonymizers were shown, the latest last."""


class Offset(Anonymizer):
    """Adds the mean grey value of the training images that it learnt."""

    name = "offset"
    deterministic = True
    mean = 0.0

    def fit(self, train, val, guidance, ctx):
        SEEN.append((train, val, guidance))
        self.mean = float(train.images.mean()) / 255

    def anonymize(self, images, generator):
        return images + self.mean

    def state(self):
        return {"mean": torch.tensor(self.mean)}

    def load_state(self, state, device):
        self.mean = float(state["mean"])


@pytest.fixture
def reads(ctx, tmp_path):
    """What a release reads, with an anonymizer that learnt."""
    folders = stage_folders(tmp_path, releases=0)
    (tmp_path / "anonymizer").mkdir()
    FitAnonymizer(Offset(), source())(folders, tmp_path / "anonymizer", ctx)
    return folders | {ANONYMIZER: tmp_path / "anonymizer"}


def test_an_anonymizer_is_shown_training_and_validation_images_and_never_those_of_the_test(reads):
    train, val, guidance = SEEN[-1]
    assert [np.unique(split.images).tolist() for split in (train, val)] == [[GREY["train"]], [GREY["val"]]]
    assert [set(split.table["split"]) for split in (train, val)] == [{"train"}, {"val"}]
    assert guidance.recipe == source().recipe
    assert float(load_state(reads[ANONYMIZER])["mean"]) == pytest.approx(GREY["train"] / 255)


def test_every_image_of_every_split_is_released_in_its_place_by_what_was_learnt(reads, ctx, tmp_path):
    Release(Offset(), RELEASE, source())(reads, tmp_path, ctx)
    released = np.load(tmp_path / IMAGES_FILE)
    assert released.dtype == np.uint8
    assert released.shape == (sum(COUNTS.values()), 1, 32, 32)
    assert released[:, 0, 0, 0].tolist() == [GREY[name] + GREY["train"] for name in COUNTS for _ in range(COUNTS[name])]


def test_every_split_and_every_release_has_noise_of_its_own(reads, ctx, tmp_path):
    drawn = {}
    for number in (None, 1):
        name, folder = StageName(RELEASE.kind, number=number), tmp_path / f"release {number}"
        folder.mkdir()
        Release(DPPix(b=2), name, source())(reads | {ANONYMIZER: empty_state(tmp_path)}, folder, ctx)
        images = np.load(folder / IMAGES_FILE).astype(int)
        train, val = images[: COUNTS["train"]] - GREY["train"], images[COUNTS["train"] :][: COUNTS["val"]] - GREY["val"]
        assert not np.array_equal(train[: len(val)], val)
        drawn[number] = images
    assert not np.array_equal(drawn[None], drawn[1])


def empty_state(root):
    """The stage of an anonymizer that learns nothing."""
    folder = root / "nothing learnt"
    folder.mkdir(exist_ok=True)
    save_state({}, folder)
    return folder


def test_what_was_learnt_is_in_an_instance_of_its_own(reads):
    handed_over = Offset()
    made = fitted(handed_over, reads, torch.device("cpu"))
    assert made.mean == pytest.approx(GREY["train"] / 255)
    assert handed_over.mean == 0


class Mean(SetAnonymizer):
    """Releases the mean of a patient's images, in parts of one."""

    name = "mean"
    deterministic = True
    lost = 0

    def anonymize_set(self, images, table, generator):
        pixels = torch.cat(list(images.batches()))
        for patient in table["patient"][self.lost :]:
            yield pixels[torch.tensor((table["patient"] == patient).tolist())].mean(0, keepdim=True)


def test_a_set_is_released_whole_by_whoever_sees_all_of_it(ctx, tmp_path):
    released = release(Mean(), ctx, tmp_path / "a.npy")
    pairs = IMAGES.reshape(150, 2, 1, 8, 8).astype(float).mean(1).repeat(2, 0)
    assert np.abs(released - pairs).max() <= 0.5 + 1e-4
    with pytest.raises(PrivbenchError, match="releases whole sets"):
        Mean().anonymize(torch.zeros(1, 1, 8, 8), torch.Generator())


def test_a_set_that_loses_images_or_draws_what_it_does_not_declare_is_refused(ctx, tmp_path):
    class Drawing(Mean):
        def anonymize_set(self, images, table, generator):
            for batch in images.batches():
                yield torch.rand(batch.shape, generator=generator)

    fewer = Mean()
    fewer.lost = 1
    with pytest.raises(PrivbenchError, match="released 299 of 300 images: it must keep their number"):
        release(fewer, ctx, tmp_path / "a.npy")
    with pytest.raises(PrivbenchError, match="is declared deterministic and anonymizes a set in two ways"):
        release(Drawing(), ctx, tmp_path / "b.npy")


def test_parts_of_a_set_may_be_empty(ctx, tmp_path):
    class Halting(Mean):
        def anonymize_set(self, images, table, generator):
            yield torch.zeros(0, *IMAGES.shape[1:])
            yield from super().anonymize_set(images, table, generator)

    whole = release(Mean(), ctx, tmp_path / "a.npy")
    assert np.array_equal(release(Halting(), ctx, tmp_path / "b.npy"), whole)
