"""SUN RGB-D in the three layouts that are about: which depth goes with which image, in which order, in which unit."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_datasets import gradient, write_image, write_split

from tr2m_core.data.base import DatasetConfig
from tr2m_core.data.registry import DATASETS, check_dataset
from tr2m_core.errors import InputError
from tr2m_core.eval.file_samples import FileSamples

SIZE = (30, 40)
SUNRGBD = DATASETS["sunrgbd"]


def rotated(millimetres):
    """The counts of the official files."""
    wide = np.uint32(millimetres)
    return (wide << 3 | wide >> 13).astype(np.uint16)


def plant(image, depth, counts):
    write_image(image, gradient(SIZE))
    write_image(depth, np.full(SIZE, counts, np.uint16))


def found(root, gt_root=None, split=""):
    """Image, depth and value of the depth of each record."""
    config = DatasetConfig("sunrgbd", root=str(root), gt_root=str(gt_root or ""), split=split)
    listing = SUNRGBD.records(config, "test", texts=False)
    return [
        (
            record.image.relative_to(root).as_posix(),
            record.depth.relative_to(gt_root or root).as_posix(),
            round(float(SUNRGBD.read_depth(record)[3, 4]), 4),
        )
        for record in listing.records
    ]


@pytest.mark.parametrize(("rgb", "depth"), [("rgb", "depth"), ("rgb/rgb", "depth/depth")])
@pytest.mark.parametrize("apart", [False, True])
def test_numbered_copy_of_the_test_part(tmp_path, rgb, depth, apart):
    gt_root = tmp_path / "measured" if apart else tmp_path
    for number in (1, 2, 10):
        plant(tmp_path / rgb / f"img-{number:06d}.jpg", gt_root / depth / f"{number}.png", 1000 * number)
    assert found(tmp_path, gt_root) == [
        (f"{rgb}/img-{number:06d}.jpg", f"{depth}/{number}.png", number / 10) for number in (1, 2, 10)
    ]


def test_images_come_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 2, 1):
        plant(tmp_path / f"rgb/img-{number}.JPG", tmp_path / f"gt/img-{number}.png", 1000 * number)
    assert [image for image, _, _ in found(tmp_path)] == ["rgb/img-1.JPG", "rgb/img-2.JPG", "rgb/img-10.JPG"]


OFFICIAL = {  # scene: image, depth, metres
    "kv1/NYUdata/NYU0002": ("image/NYU0002.jpg", "depth/NYU0002.png", 1.5),
    "kv1/NYUdata/NYU0010": ("image/NYU0010.jpg", "depth_bfx/NYU0010.png", 2.0),
    "realsense/lg/2014_10_21": ("image/0000094.jpg", "depth/0000094.png", 0.5),
    "xtion/sun3ddata/brown_bm_1/brown_bm_1": ("image/0000044-000001464317.jpg", "depth/0000044-000001464300.png", 4.0),
}


def write_official(folder):
    for scene, (image, depth, metres) in OFFICIAL.items():
        plant(folder / scene / image, folder / scene / depth, rotated(1000 * metres))
        (folder / scene / "intrinsics.txt").write_text("529.5 0 365\n")
        (folder / scene / "annotation").mkdir()


@pytest.mark.parametrize("inside", [(), ("SUNRGBD",), ("download", "SUNRGBD")])
def test_official_release_from_any_level(tmp_path, inside):
    write_official(tmp_path.joinpath(*inside))
    prefix = "/".join([*inside, ""])
    assert found(tmp_path) == [
        (f"{prefix}{scene}/{image}", f"{prefix}{scene}/{depth}", round(0.8 * metres, 4))  # of 8000 counts to the metre
        for scene, (image, depth, metres) in OFFICIAL.items()
    ]


def test_official_release_through_links(tmp_path):
    write_official(tmp_path / "disk")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kv1").symlink_to(tmp_path / "disk" / "kv1")
    (tmp_path / "disk" / "kv1" / "again").symlink_to(tmp_path / "disk" / "kv1")
    assert len(found(tmp_path / "data")) == 2


def test_official_files_count_8000_to_the_metre_and_wrap():
    assert rotated(np.array([1000, 8191, 8192, 10000])).tolist() == [8000, 65528, 1, 14465]


def test_measured_depth_comes_before_the_filled_one(tmp_path):
    scene = tmp_path / "kv2" / "align" / "scene"
    plant(scene / "image/0000103.jpg", scene / "depth/0000103.png", 1000)
    plant(scene / "image/0000103.jpg", scene / "depth_bfx/0000103.png", 2000)
    assert [depth for _, depth, _ in found(tmp_path)] == ["kv2/align/scene/depth/0000103.png"]


@pytest.mark.parametrize("apart", [False, True])
def test_images_without_depth_are_told(tmp_path, apart):
    gt_root = tmp_path / "gt_only" if apart else tmp_path
    write_official(tmp_path / "SUNRGBD")
    for scene, (_, depth, _) in OFFICIAL.items():
        source = tmp_path / "SUNRGBD" / scene / depth
        if scene.startswith("kv1"):
            source.unlink()
        elif apart:
            target = gt_root / "SUNRGBD" / scene / depth
            target.parent.mkdir(parents=True)
            source.rename(target)
    config = DatasetConfig("sunrgbd", root=str(tmp_path), gt_root=str(gt_root))
    listing = SUNRGBD.records(config, "test", texts=False)
    assert [record.depth.is_file() for record in listing.records] == [False, False, True, True]
    check = check_dataset(config)
    assert check.findings["missing depth"].count == 2
    assert check.findings["missing depth"].examples[0].endswith("kv1/NYUdata/NYU0002/depth/NYU0002.png")


def test_lists_of_the_test_part(tmp_path):
    write_official(tmp_path)
    scene = "xtion/sun3ddata/brown_bm_1/brown_bm_1"
    image, depth, _ = OFFICIAL[scene]
    split = write_split(tmp_path / "lists" / "sunrgbd_testing_images.txt", [f"{scene}/{image}"])
    assert found(tmp_path, split=split) == [(f"{scene}/{image}", f"{scene}/{depth}", 3.2)]
    write_split(tmp_path / "lists" / "sunrgbd_testing_depths.txt", ["realsense/lg/2014_10_21/depth/0000094.png"])
    assert found(tmp_path, split=split) == [(f"{scene}/{image}", "realsense/lg/2014_10_21/depth/0000094.png", 0.4)]


def test_the_note_about_the_unit_is_for_published_files(tmp_path):
    plant(tmp_path / "own/rgb/a.jpg", tmp_path / "own/gt/a.png", 1000)
    plant(tmp_path / "copy/rgb/img-000001.jpg", tmp_path / "copy/depth/1.png", 1000)
    write_official(tmp_path / "official")
    notes = {
        name: FileSamples(DatasetConfig("sunrgbd", root=str(tmp_path / name)), texts=False).notes
        for name in ("own", "copy", "official")
    }
    assert notes["own"] == []
    assert notes["copy"] == notes["official"] and len(notes["copy"]) == 1
    assert "divided by 10000" in notes["copy"][0] and "0.8 of the true depth" in notes["copy"][0]


def test_a_folder_without_images(tmp_path):
    (tmp_path / "SUNRGBD" / "kv1").mkdir(parents=True)
    with pytest.raises(InputError, match=r"no images of its test part; set root to the folder of rgb/"):
        found(tmp_path)
