"""Each data set read from a small tree in its own layout: paths, units, crops, sentences, faults of split files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_datasets import (
    C3VD_SIZE,
    KITTI_SIZES,
    gradient,
    write_c3vd,
    write_image,
    write_kitti,
    write_nyu,
    write_split,
    write_void,
)

from tr2m_core.data.base import DatasetConfig, DepthProtocol
from tr2m_core.data.c3vd import video_description
from tr2m_core.data.colours import ColourJitter, GammaAndGain
from tr2m_core.data.registry import DATASETS, check_dataset
from tr2m_core.data.split import read_split
from tr2m_core.data.texts import read_texts
from tr2m_core.errors import InputError

# Sorted names of the 22 published videos; those with a star are for testing.
C3VD_VIDEOS = [
    "cecum_t1_a*", "cecum_t1_b", "cecum_t2_a*", "cecum_t2_b", "cecum_t2_c", "cecum_t3_a*", "cecum_t4_a", "cecum_t4_b",
    "desc_t4_a", "sigmoid_t1_a*", "sigmoid_t2_a", "sigmoid_t3_a", "sigmoid_t3_b*", "trans_t1_a", "trans_t1_b",
    "trans_t2_a", "trans_t2_b*", "trans_t2_c", "trans_t3_a", "trans_t3_b*", "trans_t4_a", "trans_t4_b*",
]  # fmt: skip


def read_all(config):
    dataset = DATASETS[config.name]
    return [dataset.read(record) for record in dataset.records(config).records]


def test_protocols_are_those_of_the_paper():
    assert {name: dataset.protocol for name, dataset in DATASETS.items()} == {
        "nyu": DepthProtocol(0.001, 10.0, 0.6),
        "kitti": DepthProtocol(0.001, 80.0, 1.0),
        "void": DepthProtocol(0.2, 5.0, 0.6),
        "c3vd": DepthProtocol(0.1, 100.0, 1.0),
        "sunrgbd": DepthProtocol(0.001, 8.0, 0.6),
        "ibims": DepthProtocol(0.001, 10.0, 0.6),
        "hypersim": DepthProtocol(0.001, 80.0, 0.6),
        "diode_outdoor": DepthProtocol(0.001, 80.0, 1.0),
        "simcol": DepthProtocol(0.1, 100.0, 1.0),
    }
    sizes = {"kitti": (350, 1204), "sunrgbd": (518, 728)}
    assert all(dataset.input_size == sizes.get(name, (434, 560)) for name, dataset in DATASETS.items())
    assert DATASETS["nyu"].colours == GammaAndGain(brightness=(0.75, 1.25))
    assert DATASETS["c3vd"].colours == ColourJitter((0.8, 1.2), (0.8, 1.2), (0.8, 1.2), (-0.1, 0.1))
    assert {DATASETS[name].colours for name in set(DATASETS) - {"nyu", "c3vd"}} == {GammaAndGain((0.9, 1.1))}


def test_nyu_is_in_millimetres_and_its_split_lines_begin_with_a_slash(tmp_path):
    samples = read_all(write_nyu(tmp_path, counts=2000))
    assert [sample.image.shape for sample in samples] == [(480, 640, 3)] * 2
    assert samples[0].depth.dtype == np.float32
    assert np.unique(samples[0].depth) == pytest.approx([2.0])
    assert samples[1].descriptions[0] == "Sentence 1 about kitchen 1."
    assert len(samples[1].descriptions) == 15


def test_nyu_trains_on_the_measured_part_only():
    depth = DATASETS["nyu"].training_depth(np.ones((480, 640), np.float32))
    rows, columns = np.nonzero(depth)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (45, 471, 43, 607)
    assert depth.sum() == (472 - 45) * (608 - 43)


def test_zero_counts_stay_zero(tmp_path):
    config = write_nyu(tmp_path, count=1)
    record = DATASETS["nyu"].records(config).records[0]
    counts = np.full((480, 640), 1500, np.uint16)
    counts[100:200] = 0
    write_image(record.depth, counts)
    depth = DATASETS["nyu"].read(record).depth
    assert (depth[100:200] == 0).all()
    assert depth[99] == pytest.approx(1.5)


def test_kitti_is_cropped_at_the_bottom_and_in_the_middle(tmp_path):
    config = write_kitti(tmp_path, count=3)
    for sample, size in zip(read_all(config), KITTI_SIZES, strict=True):
        top, left = size[0] - 352, (size[1] - 1216) // 2
        assert np.array_equal(sample.image, gradient(size)[top:, left : left + 1216])
        rows = np.arange(top, size[0])
        expected = np.where(rows < 100, 0, 1 + rows // 10)
        assert np.array_equal(sample.depth, np.repeat(expected[:, None], 1216, axis=1))


def test_kitti_images_without_ground_truth_are_set_apart(tmp_path):
    listing = DATASETS["kitti"].records(write_kitti(tmp_path, count=2, unmeasured=1))
    assert len(listing.records) == 2
    assert [path.name for path in listing.unmeasured] == ["0000000002.png"]


def test_void_counts_256_to_the_metre_and_its_texts_lie_beside_the_images(tmp_path):
    sample = read_all(write_void(tmp_path, count=1, counts=384))[0]
    assert np.unique(sample.depth).tolist() == [1.5]
    assert sample.descriptions[0] == "Sentence 1 about classroom 0."


def test_c3vd_is_in_millimetres_and_brought_to_one_size(tmp_path):
    sample = read_all(write_c3vd(tmp_path, ("cecum_t1_a", "desc_t4_a")))[0]
    assert sample.image.shape == (480, 640, 3)
    assert sample.depth.shape == (480, 640)
    assert sample.depth[0, 0] == pytest.approx(6554 * 100 / 65535)
    assert sample.depth[-1, -1] == pytest.approx(58982 * 100 / 65535)
    # Nearest neighbours: no value that is not in the file, and each as often as its share of the width.
    values, times = np.unique(sample.depth[0], return_counts=True)
    assert len(values) == C3VD_SIZE[1]
    assert set(times) == {4, 5}


def test_some_of_the_c3vd_videos_are_divided_as_all_are(tmp_path):
    config = write_c3vd(tmp_path, ("cecum_t1_b", "cecum_t2_a", "trans_t4_b"))
    dataset = DATASETS["c3vd"]
    parts = {part: [r.image.parent.name for r in dataset.records(config, part).records] for part in ("train", "test")}
    assert parts == {"train": ["cecum_t1_b"], "test": ["cecum_t2_a", "trans_t4_b"]}


def test_c3vd_videos_that_the_published_list_does_not_have_are_told(tmp_path):
    config = write_c3vd(tmp_path, ("cecum_t1_a", "cecum_t1_b", "cecum_t1_c", "desc_t1_a"))
    for part in ("train", "test"):
        check = check_dataset(config, part=part)
        assert check.summary() == "c3vd: 1 of 1 records usable, 2 folders of neither part"
        assert check.lines()[1].endswith(f"{tmp_path}/cecum_t1_c: a split file may name what is in it")
    split = write_split(tmp_path / "split.txt", ["cecum_t1_c/0000_color.png cecum_t1_c/0000_depth.tiff"])
    assert check_dataset(replace(config, split=split)).summary() == "c3vd: 1 of 1 records usable"


def test_c3vd_videos_are_divided_as_published(tmp_path):
    videos = [name.rstrip("*") for name in C3VD_VIDEOS]
    config = write_c3vd(tmp_path, tuple(videos))
    (tmp_path / "screening").mkdir()  # no registered video
    dataset = DATASETS["c3vd"]
    parts = {part: [r.image.parent.name for r in dataset.records(config, part).records] for part in ("train", "test")}
    assert parts["test"] == [name.rstrip("*") for name in C3VD_VIDEOS if name.endswith("*")]
    assert parts["train"] == [name for name in C3VD_VIDEOS if not name.endswith("*")]


@pytest.mark.parametrize(
    ("video", "words"),
    [
        ("cecum_t1_a", "cecum with texture type one"),
        ("desc_t4_a", "descending colon with texture type four"),
        ("sigmoid_t2_b", "sigmoid colon with texture type two"),
        ("trans_t3_a", "transcending colon with texture type three"),
    ],
)
def test_c3vd_sentences_come_from_the_names_of_videos(video, words):
    assert video_description(video) == f"The image shows a medical scene of {words}."


def test_c3vd_frames_in_order_of_their_numbers(tmp_path):
    config = write_c3vd(tmp_path, ("cecum_t1_a", "cecum_t1_b"), frames=11)
    video = tmp_path / "cecum_t1_b"
    for number in range(11):  # without padding, 10 would sort before 2
        (video / f"{number:04d}_color.png").rename(video / f"{number}_color.png")
    records = DATASETS["c3vd"].records(config).records
    assert [record.image.name for record in records] == [f"{number}_color.png" for number in range(11)]
    assert [record.depth.name for record in records] == [f"{number:04d}_depth.tiff" for number in range(11)]


def test_c3vd_by_a_split_file(tmp_path):
    config = write_c3vd(tmp_path)
    split = write_split(tmp_path / "split.txt", ["cecum_t1_a/0000_color.png cecum_t1_a/0000_depth.tiff"])
    (sample,) = read_all(replace(config, split=split))
    assert sample.descriptions == ["The image shows a medical scene of cecum with texture type one."]
    write_split(tmp_path / "split.txt", ["cecum_t1_a/a.png cecum_t1_a/a.tiff", "room/a.png room/a.tiff"])
    with pytest.raises(InputError, match=r"split\.txt: line 2: room/a\.png names no video"):
        DATASETS["c3vd"].records(replace(config, split=split))


def test_c3vd_folder_without_videos(tmp_path):
    with pytest.raises(InputError, match=r"no images of its train part; set root to the folder of cecum_t1_a"):
        DATASETS["c3vd"].records(DatasetConfig("c3vd", root=str(tmp_path)))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("../secret.png a.png", "line 2: '../secret.png' leads out of the root"),
        ("a.png /b/../../c.png", "line 2: '/b/../../c.png' leads out of the root"),
        ("a.png", "line 2: 1 columns"),
        ("my image.png my depth.png", "line 2: 4 columns"),
        ("/ a.png", "line 2: '/' is no path"),
        ("a\\..\\..\\b.png a.png", "line 2: 'a\\..\\..\\b.png' leads out of the root"),
        ("C:\\data\\a.png a.png", "line 2: 'C:\\data\\a.png' leads out of the root"),
    ],
)
def test_split_lines_that_cannot_be_used(tmp_path, line, message):
    split = write_split(tmp_path / "split.txt", ["a.png b.png 518.9", line])
    with pytest.raises(InputError) as raised:
        read_split(Path(split))
    assert str(raised.value).startswith(f"{split}: {message}")


def test_split_files_that_cannot_be_used(tmp_path):
    with pytest.raises(InputError, match=r"missing\.txt: no such split file"):
        read_split(tmp_path / "missing.txt")
    (tmp_path / "empty.txt").write_text("\n\n")
    with pytest.raises(InputError, match=r"empty\.txt: an empty split file"):
        read_split(tmp_path / "empty.txt")
    (tmp_path / "image.txt").write_bytes(b"\x89PNG\r\n\xff")
    with pytest.raises(InputError, match=r"image\.txt: not a readable split file"):
        read_split(tmp_path / "image.txt")


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf# image depth\r\na/1.png\tb/1.png 518.9\r\n\r\n#end\r\n",
        "a\\1.png b\\1.png\n".encode("utf-16"),
        b"/a/1.png /b/1.png\r",
    ],
)
def test_split_files_as_other_systems_leave_them(tmp_path, data):
    (tmp_path / "split.txt").write_bytes(data)
    (line,) = read_split(tmp_path / "split.txt")
    assert (str(line.image), str(line.depth)) == ("a/1.png", "b/1.png")


def test_texts_are_cleaned(tmp_path):
    (tmp_path / "a.txt").write_bytes("\u200b\r\nA\x0croom\u2028with\u00ad a \ufeffbed.\rTwo chairs.".encode("utf-16"))
    assert read_texts(tmp_path / "a.txt") == ["A room with a bed.", "Two chairs."]
    (tmp_path / "a.txt").write_bytes(b"A room.\nB\xfcro.\n")
    with pytest.raises(InputError, match=r"a\.txt: not a readable text file: line 2: byte 0xfc is not UTF-8; save it"):
        read_texts(tmp_path / "a.txt")
    with pytest.raises(InputError, match=r"b\.txt: no such text file; it holds the sentences about an image"):
        read_texts(tmp_path / "b.txt")


def test_texts_without_their_empty_lines(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeff\r\n A room. \r\n\r\nTwo chairs.\r\n".encode())
    assert read_texts(tmp_path / "a.txt") == ["A room.", "Two chairs."]
    (tmp_path / "a.txt").write_text(" \n\n")
    with pytest.raises(InputError, match=r"a\.txt: empty"):
        read_texts(tmp_path / "a.txt")


@pytest.mark.parametrize("name", ["nyu", "kitti", "void"])
def test_settings_that_are_missing_are_named(tmp_path, name):
    dataset = DATASETS[name]
    with pytest.raises(InputError, match=f"{name}: root is not set"):
        dataset.records(DatasetConfig(name))
    with pytest.raises(InputError, match=f"{name}: split is not set"):
        dataset.records(DatasetConfig(name, root=str(tmp_path)))
    with pytest.raises(InputError, match=f"{name}: no such folder: text_root {tmp_path}/no; set them"):
        dataset.records(DatasetConfig(name, root=str(tmp_path), text_root=str(tmp_path / "no")))


def test_images_of_another_size_are_rejected(tmp_path):
    config = write_nyu(tmp_path, count=1)
    record = DATASETS["nyu"].records(config).records[0]
    write_image(record.depth, np.full((240, 320), 1000, np.uint16))
    with pytest.raises(InputError, match=r"00000\.png: the depth has 320x240 pixels, its image has 640x480"):
        DATASETS["nyu"].read(record)
    write_image(record.image, gradient((240, 320)))
    with pytest.raises(InputError, match=r"00000\.jpg: 320x240 pixels; nyu needs 640x480"):
        DATASETS["nyu"].read(record)


def test_coloured_depth_is_rejected(tmp_path):
    record = DATASETS["void"].records(write_void(tmp_path, count=1)).records[0]
    Image.fromarray(gradient((480, 640))).save(record.depth)
    with pytest.raises(InputError, match="not a 16-bit depth image: it holds colours"):
        DATASETS["void"].read(record)


@pytest.mark.parametrize("size", [[434], [434, 0], [434.0, 560]])
def test_input_sizes_that_cannot_be_used(size):
    with pytest.raises(InputError):
        DatasetConfig("nyu", input_size=size)


@pytest.mark.parametrize("focus", [-0.1, 1.5])
def test_mean_weight_that_cannot_be_used(focus):
    with pytest.raises(InputError, match="nyu: mean_weight"):
        DatasetConfig("nyu", mean_weight=focus)
