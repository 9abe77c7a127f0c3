"""Split files of image paths alone; those with both columns are tested with the data sets."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tr2m_core.data.split import read_split
from tr2m_core.errors import InputError


@pytest.mark.parametrize(
    ("images", "depths"),
    [("test_image.txt", "test_ground_truth.txt"), ("sunrgbd_testing_images.txt", "sunrgbd_testing_depths.txt")],
)
def test_a_list_of_images_goes_with_the_list_of_depths_beside_it(tmp_path, images, depths):
    (tmp_path / images).write_text("# VOID\na/image/1.png\n\na/image/2.png\n")
    (tmp_path / depths).write_bytes(b"a/ground_truth/1.png\r\nNone\r\n")
    assert read_split(tmp_path / images) == [
        (2, PurePosixPath("a/image/1.png"), PurePosixPath("a/ground_truth/1.png")),
        (4, PurePosixPath("a/image/2.png"), None),
    ]


def test_lists_of_different_lengths(tmp_path):
    (tmp_path / "test_image.txt").write_text("1.png\n2.png\n")
    (tmp_path / "test_ground_truth.txt").write_text("1.png\n")
    with pytest.raises(InputError, match=r"test_image\.txt: 2 images, but .*test_ground_truth\.txt has 1 lines"):
        read_split(tmp_path / "test_image.txt")


def test_without_a_list_of_depths_the_layout_tells(tmp_path):
    path = tmp_path / "images.txt"
    path.write_text("/a/1.png\n")
    assert read_split(path, lambda image: image.with_suffix(".npy"))[0].depth == PurePosixPath("a/1.npy")
    with pytest.raises(InputError, match=r"images\.txt: line 1: 1 columns; an image path and a depth path are needed"):
        read_split(path)
    path.write_text("../1.png\n")
    with pytest.raises(InputError, match=r"line 1: '\.\./1\.png' leads out of the root"):
        read_split(path, lambda image: image)


def test_one_line_with_two_columns_makes_it_a_split_of_two(tmp_path):
    (tmp_path / "test_image.txt").write_text("1.png 1d.png\n2.png\n")
    (tmp_path / "test_ground_truth.txt").write_text("x.png\ny.png\n")
    with pytest.raises(InputError, match="line 2: 1 columns"):
        read_split(tmp_path / "test_image.txt")
