"""The authors' splits and captions in a folder: what is taken from it for which data set, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tr2m_core.data.base import DatasetConfig
from tr2m_core.data.published_texts import DIODE_OUTDOOR, PARTS, default_folder, find_folder, with_published_texts
from tr2m_core.data.registry import DATASETS
from tr2m_core.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """Everything that is known, empty."""
    for sets in PARTS.values():
        for texts in sets.values():
            for path in filter(None, (texts.split, texts.text_file)):
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).touch()
            (tmp_path / texts.text_root).mkdir(parents=True, exist_ok=True)
    (tmp_path / DIODE_OUTDOOR).parent.mkdir()
    (tmp_path / DIODE_OUTDOOR).touch()
    return tmp_path


def taken(folder, part="test", **settings):
    """What is set afterwards, paths below the folder."""
    config, _ = with_published_texts(DatasetConfig(**settings), folder, part)
    named = {key: getattr(config, key).removeprefix(f"{folder}/") for key in ("split", "text_root", "text_file")}
    return {key: path for key, path in named.items() if path}


def test_a_folder_gives_what_the_configuration_does_not_name(folder):
    splits, texts = "data_splits", "text/text_all"
    assert taken(folder, name="nyu") == {
        "split": f"{splits}/nyudepthv2/nyudepthv2_test_files_with_gt.txt",
        "text_root": f"{texts}/nyu/test",
    }
    assert taken(folder, "train", name="kitti") == {
        "split": f"{splits}/kitti/eigen_train_files_with_gt.txt",
        "text_root": f"{texts}/kitti/train",
    }
    assert taken(folder, name="void") == {"split": f"{splits}/void/test_image.txt", "text_root": f"{texts}/void/test"}
    assert taken(folder, name="sunrgbd") == {
        "split": f"{splits}/sunrgbd/sunrgbd_testing_images.txt",
        "text_file": f"{texts}/sunrgbd/sunrgbd_all.txt",
    }
    assert taken(folder, name="ibims") == {"text_file": f"{texts}/ibims1/ibims1_all.txt"}
    assert taken(folder, name="hypersim") == {"text_file": f"{texts}/hypersim/hypersim_all.txt"}
    for name in ("c3vd", "simcol", "diode_outdoor", "procedural"):
        assert taken(folder, name=name) == {}
    assert taken(folder, "train", name="sunrgbd") == {}
    assert {name for sets in PARTS.values() for name in sets} <= set(DATASETS)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"name": "nyu", "split": "own.txt"}, {"split", "text_root"}),
        ({"name": "nyu", "text_root": "own"}, {"split", "text_root"}),
        ({"name": "nyu", "text_file": "own.txt"}, {"split", "text_file"}),
        ({"name": "sunrgbd", "split": "own.txt"}, {"split"}),  # its lines may be in another order
        ({"name": "sunrgbd", "text_file": "own.txt"}, {"text_file"}),  # likewise
        ({"name": "sunrgbd", "text_root": "own"}, {"text_root"}),
        ({"name": "ibims", "split": "own.txt"}, {"split"}),
        ({"name": "ibims", "text_root": "own"}, {"text_root"}),
    ],
)
def test_what_the_configuration_names_stays(folder, settings, kept):
    found = taken(folder, **settings)
    assert set(found) == kept
    assert all(found[key] == value for key, value in settings.items() if key != "name")


def test_what_the_folder_lacks_is_not_taken(folder):
    (folder / PARTS["test"]["nyu"].text_root).rmdir()
    (folder / PARTS["test"]["sunrgbd"].split).unlink()
    (folder / PARTS["test"]["ibims"].text_file).unlink()
    assert set(taken(folder, name="nyu")) == {"split"}
    assert taken(folder, name="sunrgbd") == {}  # without its order
    assert taken(folder, name="ibims") == {}


def test_a_line_says_what_was_taken(folder):
    config = DatasetConfig("sunrgbd", root="data")
    changed, line = with_published_texts(config, folder, "test")
    assert line == (
        "split data_splits/sunrgbd/sunrgbd_testing_images.txt, text_file text/text_all/sunrgbd/sunrgbd_all.txt, "
        f"in {folder}"
    )
    assert replace(changed, split="", text_file="") == config
    assert with_published_texts(changed, folder, "test") == (changed, "")


def test_the_folder(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TR2M_HOME", str(tmp_path / "home"))
    assert find_folder(folder) == folder
    assert find_folder(None) is None
    (default_folder() / "data_splits").mkdir(parents=True)
    assert find_folder(None) == default_folder() == tmp_path / "home" / "texts"
    with pytest.raises(InputError, match=r"elsewhere: holds neither data_splits/ nor text/text_all/; `tr2m download"):
        find_folder(tmp_path / "elsewhere")
