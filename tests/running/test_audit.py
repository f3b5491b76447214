"""Which released file is whose, and everything that is wrong with a folder or a map."""

import numpy as np
import pytest
from PIL import Image
from releases import write_map

from privbench.base.errors import PrivbenchError
from privbench.data.splits import SPLITS, hold_out_validation
from privbench.running.audit import Claim, found_release
from privbench.running.setting import Setting


@pytest.fixture
def setting(tiny_protocol):
    return Setting(protocol=str(tiny_protocol), overrides=["data.params.patients=10"])


@pytest.fixture
def originals(setting):
    dataset, request = setting.data(setting.load())
    return dataset.table(request)["image"].tolist()


@pytest.fixture
def by_split(setting):
    """The originals of each split."""
    table = roster(setting)
    return {split: table.loc[table["split"] == split, "image"].tolist() for split in SPLITS}


def roster(setting):
    protocol = setting.load()
    dataset, request = setting.data(protocol)
    return hold_out_validation(dataset.table(request), protocol.data.validation, request.seed)


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "release"
    folder.mkdir()
    return folder


def write(folder, *paths, size=32):
    for grey, path in enumerate(paths):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((size, size), grey, np.uint8)).save(folder / path)


def found(setting, folder, map_file=None):
    return found_release(Claim(folder, map_file, "theirs", {}), setting, setting.load())


def paths_of(release):
    return {name: file.path for name, file in release.params.release_files.items()}


def refusal(setting, folder, map_file=None):
    with pytest.raises(PrivbenchError) as told:
        found(setting, folder, map_file)
    return str(told.value)


def test_files_are_found_by_the_names_of_originals_with_any_ending_wherever_they_lie(setting, originals, release):
    first, second, third = originals[:3]
    stem = second.removesuffix(".png")
    write(release, first, f"deep/er/{stem}.jpg", "strange.png")
    made, notices = found(setting, release)
    assert paths_of(made) == {first: first, second: f"deep/er/{stem}.jpg"}
    assert third not in paths_of(made)
    assert [notice.text for notice in notices][1:] == [
        "1 images of the release's folder are of no original, and are not judged"
    ]


def test_a_map_tells_which_is_whose_and_one_file_may_stand_for_several(setting, by_split, release, tmp_path):
    write(release, "a.png", "b.tif")
    names = [*by_split["train"][:2], by_split["test"][0]]
    map_file = write_map(tmp_path / "map.csv", dict(zip(names, ["a.png", "a.png", "b.tif"], strict=True)))
    made, notices = found(setting, release, map_file)
    assert list(paths_of(made).values()) == ["a.png", "a.png", "b.tif"]
    assert [notice.text for notice in notices][1:] == ["1 of 2 released pictures stand for several originals, 2 in all"]


def test_a_file_of_several_splits_is_refused(setting, by_split, release, tmp_path):
    write(release, "a.png", "b.png")
    (release / "link.png").symlink_to("a.png")
    files = {by_split["train"][0]: "a.png", by_split["test"][0]: "link.png", by_split["val"][0]: "b.png"}
    told = refusal(setting, release, write_map(tmp_path / "map.csv", files))
    assert told.startswith("1 released files stand for images of several splits: a.png;")
    assert told.endswith("so release each split by itself, or choose splits so that no file belongs to two.")


def test_pictures_are_shared_whose_bytes_are_also_under_other_names(setting, by_split, release, tmp_path):
    """As copies, links and hard links; where splits share them, it is told."""
    write(release, "a.png", "other.png")
    (release / "copy.png").write_bytes((release / "a.png").read_bytes())
    (release / "soft.png").symlink_to("a.png")
    (release / "hard.png").hardlink_to(release / "a.png")
    paths = ["a.png", "copy.png", "soft.png", "hard.png"]
    files = dict(zip(by_split["train"][:4], paths, strict=True)) | {by_split["val"][0]: "other.png"}
    made, notices = found(setting, release, write_map(tmp_path / "map.csv", files))
    assert list(paths_of(made).values()) == ["a.png", "copy.png", "a.png", "a.png", "other.png"]
    shared = "1 of 2 released pictures stand for several originals, {} in all"
    assert [notice.text for notice in notices][1:] == [shared.format(4)]
    files[by_split["train"][1]], files[by_split["test"][0]] = "a.png", "copy.png"
    _, notices = found(setting, release, write_map(tmp_path / "map.csv", files))
    assert [notice.text for notice in notices][1:] == [
        shared.format(5),
        "1 of 2 released pictures are byte for byte the same in several splits: attackers who learnt whom they show in "
        "one are misled in another, and figures may flatter the release",
    ]


def test_keys_hang_on_the_bytes_of_files_and_whose_they_are_and_on_no_path(setting, originals, release, tmp_path):
    first, second = originals[:2]
    write(release, first, second)
    terms = found(setting, release)[0].terms()
    write(tmp_path / "moved", "x.png", "y.png")
    straight, turned = (
        found(setting, tmp_path / "moved", write_map(tmp_path / f"{b}.csv", {first: a, second: b}))[0].terms()
        for a, b in (("x.png", "y.png"), ("y.png", "x.png"))
    )
    assert straight == terms != turned
    write(release, second, first)
    assert found(setting, release)[0].terms() != terms
    assert str(tmp_path) not in str(terms)
    assert first not in str(terms)


def test_everything_that_is_wrong_with_a_map_and_its_files_is_told_together(setting, originals, release, tmp_path):
    write(release, "a.png")
    write(tmp_path, "outside.png")
    (release / "broken.png").write_bytes(b"no picture")
    (release / "link.png").symlink_to(tmp_path / "outside.png")
    lines = [
        "original,released",
        f"{originals[0]},a.png",
        f"{originals[0]},a.png",
        "nobody.png,a.png",
        f"{originals[1]},broken.png",
        f"{originals[2]},",
    ]
    map_file = tmp_path / "map.csv"
    map_file.write_text("\n".join([*lines, f"{originals[3]},gone.png"]))
    told = refusal(setting, release, map_file)
    assert told.startswith("5 things are wrong:")
    assert f"1 lines of {map_file} lack a name" in told
    assert f"1 originals of {map_file} are no images of the data set: nobody.png" in told
    assert f"1 originals stand on several lines of {map_file}: {originals[0]}" in told
    assert f"1 released files are not there below {release}: gone.png" in told
    assert "broken.png cannot be read as PNG, JPEG or TIFF" in told
    for path in ("../outside.png", str(tmp_path / "outside.png"), "link.png"):
        map_file.write_text("\n".join([*lines[:2], f"{originals[4]},{path}"]))
        assert "1 images are listed and do not lie below" in refusal(setting, release, map_file)


def test_a_map_of_other_columns_and_one_of_nothing_are_refused(setting, originals, release, tmp_path):
    write(release, "a.png")
    (tmp_path / "map.csv").write_text(f"image,released\n{originals[0]},a.png\n")
    assert "has no column original: give it original" in refusal(setting, release, tmp_path / "map.csv")
    (tmp_path / "map.csv").write_text("original,released\n")
    assert "lists no image" in refusal(setting, release, tmp_path / "map.csv")


def test_names_that_mean_several_files_or_none_are_refused(setting, originals, release):
    assert f"There is no folder {release / 'x'}" in refusal(setting, release / "x")
    write(release, "strange.png")
    assert "synthetic images, each made of no one original, are judged with --unpaired" in refusal(setting, release)
    write(release, f"a/{originals[0]}", f"b/{originals[0]}")
    told = refusal(setting, release)
    assert f"are of {originals[0]} cannot be told by their names, because several are called so" in told


def test_images_far_below_the_protocol_s_size_are_refused(setting, originals, release):
    write(release, originals[0], size=7)
    assert "has 7 x 7 pixels, too few for data.size = 32" in refusal(setting, release)


def test_of_more_than_8_bits_it_is_told_what_white_is_taken_to_be(setting, originals, release):
    Image.fromarray(np.full((32, 32), 1000, np.uint16)).save(release / originals[0])
    made, notices = found(setting, release)
    assert made.params.release_depth == 10
    assert "white is taken to be the whitest that 10 bits hold" in notices[-1].text


@pytest.mark.parametrize(("fit", "told"), [("squeeze", 0), ("pad", 1), ("crop", 1)])
def test_images_that_somebody_squared_are_told_where_originals_are_padded_or_cropped(
    tiny_protocol, originals, release, fit, told
):
    write(release, *originals[:3], size=40)
    Image.new("L", (48, 40), 9).save(release / originals[3])
    setting = Setting(protocol=str(tiny_protocol), overrides=["data.params.patients=10", f"data.fit={fit}"])
    texts = [notice.text for notice in found(setting, release)[1]]
    expected = f"3 of 4 released images are square as they come, and taken to show what data.fit = {fit} leaves"
    assert sum(text.startswith(expected) for text in texts) == told


@pytest.mark.parametrize("name", ["copy", "schema", "self", "model_config", "release_fit", "__dict__"])
def test_a_parameter_that_cannot_be_called_so_is_refused(setting, originals, release, name):
    write(release, originals[0])
    with pytest.raises(PrivbenchError, match=f"'{name}' has a name that privbench uses itself: call it otherwise"):
        found_release(Claim(release, None, "theirs", {name: 1}), setting, setting.load())
