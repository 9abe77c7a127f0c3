"""One text file with a line per image: which line is about which image, and what is rejected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_datasets import (
    write_c3vd,
    write_diode,
    write_hypersim,
    write_ibims,
    write_kitti,
    write_nyu,
    write_simcol,
    write_split,
    write_sunrgbd,
)

from tr2m_core.data.base import DatasetConfig, SampleKey
from tr2m_core.data.registry import DATASETS, build_source, check_dataset
from tr2m_core.errors import InputError
from tr2m_core.eval.conditions import conditions_for
from tr2m_core.eval.file_samples import FileSamples

NAMES = ("office_07", "corridor_01", "kitchen_02")  # of iBims-1, in the order of its list


def told(config, lines, name="captions.txt", end="\n", **changes):
    """The configuration with a file of these lines in place of its texts."""
    path = Path(config.root).parent / name
    path.write_bytes((end.join(lines) + end).encode())
    return replace(config, text_root="", text_file=str(path), **changes)


def pairs(config, part="test"):
    """The sentence of each record by the name of its image."""
    return {record.image.stem: record.description for record in DATASETS[config.name].records(config, part).records}


def test_ibims_in_the_order_of_its_list(tmp_path):
    config = told(write_ibims(tmp_path / "data", NAMES), [f"About {name}." for name in NAMES])
    assert list(pairs(config).items()) == [(name, f"About {name}.") for name in NAMES]
    assert FileSamples(config).description(0) == "About office_07."


@pytest.mark.parametrize("listed", ["office_07.png\r\n\r\nkitchen_02\r\n", "\ufeffoffice_07\nkitchen_02"])
def test_ibims_list_says_which_images_count(tmp_path, listed):
    config = write_ibims(tmp_path / "data", NAMES)
    (tmp_path / "data" / "imagelist.txt").write_text(listed, newline="")
    assert list(pairs(told(config, ["One.", "Two."]))) == ["office_07", "kitchen_02"]


def test_ibims_list_of_something_else(tmp_path):
    config = write_ibims(tmp_path / "data", NAMES)
    (tmp_path / "data" / "imagelist.txt").write_text("office_07\n/etc/passwd\n")
    with pytest.raises(InputError, match=r"imagelist\.txt: '/etc/passwd' is not the name of an image in rgb/"):
        pairs(config)


def test_ibims_without_its_list_by_name(tmp_path):
    config = write_ibims(tmp_path / "data", NAMES)
    (tmp_path / "data" / "imagelist.txt").unlink()
    assert list(pairs(told(config, ["One.", "Two.", "Three."]))) == ["corridor_01", "kitchen_02", "office_07"]


def test_sunrgbd_by_number_and_by_split(tmp_path):
    config = write_sunrgbd(tmp_path / "data", ((90, 120),) * 11)
    for path in (tmp_path / "data").rglob("img-*.*"):
        path.rename(path.with_name(f"img-{int(path.stem[4:])}{path.suffix}"))  # sorted as text, 10 comes before 2
    by_number = told(config, [f"Room {number}." for number in range(1, 12)])
    assert pairs(by_number) == {f"img-{number}": f"Room {number}." for number in range(1, 12)}
    split = write_split(tmp_path / "list.txt", [f"rgb/img-{number}.jpg gt/img-{number}.png" for number in (7, 3)])
    assert pairs(told(config, ["Seven.", "Three."], split=split)) == {"img-7": "Seven.", "img-3": "Three."}


def test_hypersim_sorted(tmp_path):
    pytest.importorskip("h5py")
    config = told(write_hypersim(tmp_path / "data", count=4), ["A.", "B.", "C.", "D."])
    assert pairs(config) == {
        "frame.0000.tonemap": "A.",
        "frame.0002.tonemap": "B.",  # the cameras take turns
        "frame.0001.tonemap": "C.",
        "frame.0003.tonemap": "D.",
    }


def test_diode_needs_the_list_of_its_images(tmp_path):
    config = told(write_diode(tmp_path / "data", count=2), ["First.", "Second."])
    with pytest.raises(InputError, match="diode_outdoor: text_file needs split, the list of the images"):
        pairs(config)
    names = [f"outdoor/scene_00022/scan_00193/00022_00193_outdoor_000_{number}" for number in ("010", "000")]
    config = replace(config, split=write_split(tmp_path / "list.txt", [f"{name}.png" for name in names]))
    assert list(pairs(config).values()) == ["First.", "Second."]
    assert list(pairs(config)) == [Path(name).name for name in names]
    (note,) = FileSamples(config).notes
    assert "pairing is only as good as the split" in note
    assert FileSamples(write_diode(tmp_path / "data")).notes == []


# ---- images that are left out keep their lines ----


@pytest.mark.parametrize("texts", [True, False])
def test_unusable_images_do_not_move_the_lines(tmp_path, texts):
    config = told(write_nyu(tmp_path / "data", count=4), ["Zero.", "One.", "Two.", "Three."])
    scene = Path(config.root) / "kitchen_0028b"
    (scene / "rgb_00000.jpg").unlink()
    (scene / "sync_depth_00002.png").write_bytes(b"")
    samples = FileSamples(config, texts=texts)
    expected = [("rgb_00001.jpg", "One."), ("rgb_00003.jpg", "Three.")]
    found = [(Path(samples.image(number)).name, samples.description(number)) for number in range(len(samples))]
    assert found == (expected if texts else [(name, "") for name, _ in expected])


def test_images_without_ground_truth_do_not_move_the_lines(tmp_path):
    config = write_kitti(tmp_path / "data", count=2, unmeasured=1)
    lines = Path(config.split).read_text().splitlines()
    Path(config.split).write_text("\n".join([lines[2], lines[0], lines[1]]))
    config = told(config, ["Unmeasured.", "Zero.", "One."])
    assert pairs(config) == {f"{0:010d}": "Zero.", f"{1:010d}": "One."}
    with pytest.raises(InputError, match=r"captions\.txt: 2 lines for 3 images"):
        pairs(told(config, ["Zero.", "One."]))


def test_a_selection_keeps_the_lines(tmp_path):
    config = told(write_nyu(tmp_path / "data", count=5), [f"Number {number}." for number in range(5)])
    samples = FileSamples(config, limit=2)
    assert [samples.description(number) for number in range(2)] == ["Number 0.", "Number 2."]
    assert [samples.read(range(number, number + 1))[0].description for number in range(2)] == ["Number 0.", "Number 2."]


def test_shuffled_sentences_are_those_of_others(tmp_path):
    config = told(write_nyu(tmp_path / "data", count=3), ["A.", "B.", "C."])
    (condition,) = conditions_for(FileSamples(config), ["shuffled"])
    shuffled = [condition.told(number) for number in range(3)]
    assert sorted(shuffled) == ["A.", "B.", "C."] and all(a != b for a, b in zip(shuffled, "ABC", strict=True))


def test_training_hears_the_line_of_the_image(tmp_path):
    config = told(write_nyu(tmp_path / "data", count=3), ["Zero.", "One.", "Two."])
    (Path(config.root) / "kitchen_0028b" / "rgb_00000.jpg").unlink()
    assert check_dataset(config).summary() == "nyu: 2 of 3 records usable, 1 missing image"
    source = build_source(config, 0, "cpu")
    assert source.batch([SampleKey(1, 0), SampleKey(0, 5)], (14, 14)).descriptions == ["Two.", "One."]


# ---- the file ----


@pytest.mark.parametrize(
    "content",
    [
        b"A hall.\nA desk.\n",
        b"A hall.\nA desk.",  # nothing is cut off
        b"A hall.\r\nA desk.\r\n",
        b"A hall.\rA desk.",
        "\ufeffA hall.\nA desk.\n\n \n".encode(),
        "A hall.\nA desk.".encode("utf-16"),
    ],
)
def test_files_as_other_systems_leave_them(tmp_path, content):
    config = told(write_nyu(tmp_path / "data", count=2), [])
    Path(config.text_file).write_bytes(content)
    assert list(pairs(config).values()) == ["A hall.", "A desk."]


def test_quotes_are_part_of_the_sentence(tmp_path):
    config = told(write_nyu(tmp_path / "data", count=1), ['A sign that says "exit, left".'])
    assert list(pairs(config).values()) == ['A sign that says "exit, left".']


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"A hall.\n", "1 lines for 2 images"),
        (b"A hall.\nA desk.\nA bed.\n", "3 lines for 2 images"),
        (b"\n", "0 lines for 2 images"),
        (b"", "0 lines for 2 images"),
        (b"A hall.\n\nA desk.\n", "line 2: the scene description is empty"),
        (b"\nA desk.\n", "line 1: the scene description is empty"),
        (b"A hall.\nCaf\xe9.\n", "line 2: byte 0xe9 is not UTF-8"),
        (b"A hall.\n" + b"a" * 2001, "line 2: the scene description has 2001 characters"),
    ],
)
def test_lines_that_do_not_fit(tmp_path, content, words):
    config = told(write_nyu(tmp_path / "data", count=2), [])
    Path(config.text_file).write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        pairs(config)
    assert str(caught.value).startswith(config.text_file)
    assert check_dataset(config).error == str(caught.value)


def test_a_missing_file_matters_only_where_sentences_are_read(tmp_path):
    config = replace(told(write_nyu(tmp_path / "data", count=1), ["A."]), text_file=str(tmp_path / "no.txt"))
    with pytest.raises(InputError, match=r"no\.txt: no such text file"):
        pairs(config)
    assert len(FileSamples(config, texts=False)) == 1


@pytest.mark.parametrize("write", [write_c3vd, write_simcol])
def test_sets_with_sentences_of_their_own_take_no_file(tmp_path, write):
    with pytest.raises(InputError, match="takes no text_file: its protocol has a sentence for every image"):
        pairs(told(write(tmp_path / "data"), ["A.", "B."]), "train")


def test_text_root_and_text_file_exclude_each_other():
    with pytest.raises(InputError, match="nyu: text_root and text_file are both set"):
        DatasetConfig("nyu", text_root="a", text_file="b")
