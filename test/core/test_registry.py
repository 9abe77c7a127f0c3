"""Data sets by name: batches that depend on their keys alone, and what a check finds wrong with files."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_datasets import (
    DIODE_SIZE,
    HYPERSIM_SIZE,
    SIMCOL_SIZE,
    gradient,
    write_c3vd,
    write_diode,
    write_hypersim,
    write_ibims,
    write_image,
    write_kitti,
    write_nyu,
    write_simcol,
    write_void,
)

from tr2m_core.data.base import DatasetConfig, SampleKey
from tr2m_core.data.procedural.source import ProceduralSource
from tr2m_core.data.registry import build_source, check_dataset, find_dataset
from tr2m_core.errors import InputError

SIZE = (42, 56)


def batches_equal(a, b):
    return torch.equal(a.image, b.image) and torch.equal(a.depth, b.depth) and a.descriptions == b.descriptions


@pytest.mark.parametrize(
    ("write", "depth_size"),
    [
        (write_nyu, (480, 640)),
        (write_kitti, (352, 1216)),
        (write_void, (480, 640)),
        (write_c3vd, (480, 640)),
        (write_ibims, (480, 640)),
        (write_hypersim, HYPERSIM_SIZE),
        (write_diode, DIODE_SIZE),
        (write_simcol, SIMCOL_SIZE),
    ],
)
def test_batches_of_every_set(tmp_path, write, depth_size):
    source = build_source(write(tmp_path), 1, "cpu")
    batch = source.batch([SampleKey(0, 0), SampleKey(len(source) - 1, 3), SampleKey(0, 1)], SIZE)
    assert batch.source == source.name
    assert batch.image.shape == (3, 3, *SIZE)
    assert batch.image.dtype == batch.depth.dtype == torch.float32
    assert 0 <= batch.image.min() < batch.image.max() <= 1
    assert batch.depth.shape == (3, 1, *depth_size)
    assert batch.protocol == find_dataset(source.name).protocol
    assert len(batch.descriptions) == 3


@pytest.mark.parametrize("write", [write_kitti, partial(write_c3vd, videos=("cecum_t1_b", "desc_t4_a"))])
def test_batches_depend_on_seed_index_and_epoch_alone(tmp_path, write):
    config = write(tmp_path)
    keys = [SampleKey(index, epoch) for epoch in range(3) for index in range(2)]
    whole = build_source(config, 5, "cpu").batch(keys, SIZE)
    again = build_source(config, 5, "cpu")
    for place, key in enumerate(reversed(keys), 1):
        single = again.batch([key], SIZE)
        assert torch.equal(single.image[0], whole.image[-place])
        assert torch.equal(single.depth[0], whole.depth[-place])
        assert single.descriptions[0] == whole.descriptions[-place]
    assert not batches_equal(build_source(config, 6, "cpu").batch(keys, SIZE), whole)


def test_every_sentence_has_its_turn_over_the_epochs(tmp_path):
    source = build_source(write_nyu(tmp_path, count=1), 0, "cpu")
    heard = source.batch([SampleKey(0, epoch) for epoch in range(60)], (14, 14)).descriptions
    assert len(set(heard)) > 10
    assert set(heard) <= {f"Sentence {number} about kitchen 0." for number in range(1, 16)}


def test_nyu_border_is_masked_before_the_flip(tmp_path):
    source = build_source(write_nyu(tmp_path, count=1), 0, "cpu")
    depth = source.batch([SampleKey(0, epoch) for epoch in range(8)], (14, 14)).depth[:, 0]
    first = {int(columns.min()) for columns in (torch.nonzero(d)[:, 1] for d in depth)}
    assert first == {43, 640 - 608}  # as it is, and mirrored


def test_the_configuration_may_change_focus_and_size(tmp_path):
    config = write_void(tmp_path)
    assert build_source(config, 0, "cpu").input_size == (434, 560)
    source = build_source(replace(config, mean_weight=0.85, input_size=(126, 168)), 0, "cpu")
    assert source.protocol == replace(find_dataset("void").protocol, mean_weight=0.85)
    assert source.input_size == (126, 168)


def test_procedural_scenes_are_a_data_set_too():
    source = build_source(DatasetConfig("procedural", scenes=3), 0, "cpu")
    assert isinstance(source, ProceduralSource)
    check = check_dataset(DatasetConfig("procedural", scenes=3))
    assert (check.usable, check.error) == (3, "")
    assert "scenes" in check_dataset(DatasetConfig("procedural", scenes=0)).error


def test_unknown_names():
    known = "nyu, kitti, void, c3vd, sunrgbd, ibims, hypersim, diode_outdoor, simcol, procedural"
    with pytest.raises(InputError, match=f"unknown data set 'nyu2'; known: {known}"):
        build_source(DatasetConfig("nyu2"), 0, "cpu")
    assert "unknown data set 'nyu2'" in check_dataset(DatasetConfig("nyu2")).summary()


def spoil(record, fault):
    if fault == "missing image":
        record.image.unlink()
    elif fault == "missing depth":
        record.depth.unlink()
    elif fault == "missing text":
        record.text.unlink()
    elif fault == "empty text":
        record.text.write_text("\n \n")
    elif fault == "unreadable image":
        record.image.write_text("no image")
    elif fault == "unreadable depth":
        Image.fromarray(np.full((480, 640), 9, np.uint8)).save(record.depth)  # 8 bits
    elif fault == "wrong size":
        write_image(record.depth, np.ones((480, 641), np.uint16))


FAULTS = (
    "missing image",
    "missing depth",
    "missing text",
    "empty text",
    "unreadable image",
    "unreadable depth",
    "wrong size",
)


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found_named_and_left_out_of_training(tmp_path, fault):
    config = write_void(tmp_path, count=3)
    record = find_dataset("void").records(config).records[1]
    spoil(record, fault)
    check = check_dataset(config)
    assert (check.records, check.usable) == (3, 2)
    assert {kind: finding.count for kind, finding in check.findings.items()} == {fault: 1}
    (case,) = check.findings[fault].examples
    assert str({"image": record.image, "text": record.text}.get(fault.split()[1], record.depth)) in case
    assert check.summary() == f"void: 2 of 3 records usable, 1 {fault}"
    source = build_source(config, 0, "cpu")
    assert len(source) == 2
    assert source.check == check
    assert "classroom1" not in "".join(source.batch([SampleKey(0, 0), SampleKey(1, 0)], SIZE).descriptions)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def test_damage_behind_the_header_is_found_by_decoding_only(tmp_path):
    config = write_void(tmp_path, count=4)
    records = find_dataset("void").records(config).records
    rng = np.random.default_rng(0)
    write_image(records[0].image, rng.integers(0, 256, (480, 640, 3), np.uint8))
    write_image(records[1].depth, rng.integers(100, 900, (480, 640)).astype(np.uint16))
    truncate(records[0].image)
    truncate(records[1].depth)
    write_image(records[2].depth, np.full((480, 640), 256 * 7, np.uint16))  # 7 m, the protocol ends at 5
    assert check_dataset(config, pixels=0).usable == 4
    check = check_dataset(config)
    assert check.usable == 1
    assert sorted(check.findings) == ["no valid depth", "unreadable depth", "unreadable image"]
    assert check.findings["no valid depth"].examples == [f"{records[2].depth}: nothing between 0.2 and 5"]
    with pytest.raises(InputError, match=r"1552097950\.0\.png: damaged image"):
        build_source(config, 0, "cpu").batch([SampleKey(0, 0)], SIZE)


def test_a_sample_of_the_pixels_is_spread_over_the_set(tmp_path):
    config = write_void(tmp_path, count=4)
    for record in find_dataset("void").records(config).records:
        write_image(record.depth, np.zeros((480, 640), np.uint16))
    assert check_dataset(config, pixels=2).findings["no valid depth"].count == 2


def test_at_most_three_cases_are_named_and_progress_is_told(tmp_path):
    config = write_void(tmp_path, count=5)
    for record in find_dataset("void").records(config).records[:4]:
        record.image.unlink()
    steps = []
    check = check_dataset(config, on_progress=lambda done, total: steps.append((done, total)))
    assert check.findings["missing image"].count == 4
    assert len(check.findings["missing image"].examples) == 3
    assert [line.partition(": ")[0].strip() for line in check.lines()] == ["void", *["missing image"] * 3]
    assert steps == [(done, 5) for done in range(1, 6)]


def test_lines_without_ground_truth_are_counted(tmp_path):
    check = check_dataset(write_kitti(tmp_path, count=1, unmeasured=2))
    assert check.summary() == "kitti: 1 of 1 records usable, 2 without ground truth"


def test_the_part_for_testing_is_checked_on_its_own(tmp_path):
    config = write_c3vd(tmp_path, ("cecum_t1_a", "cecum_t1_b", "cecum_t2_a"), frames=2)
    (tmp_path / "cecum_t1_a" / "0001_depth.tiff").unlink()
    assert check_dataset(config).summary() == "c3vd: 2 of 2 records usable"
    assert check_dataset(config, part="test").summary() == "c3vd: 3 of 4 records usable, 1 missing depth"


def test_kitti_images_smaller_than_the_crop(tmp_path):
    config = write_kitti(tmp_path, count=1)
    record = find_dataset("kitti").records(config).records[0]
    write_image(record.image, gradient((351, 1300)))
    write_image(record.depth, np.ones((351, 1300), np.uint16))
    (case,) = check_dataset(config).findings["wrong size"].examples
    assert case.endswith("0000000000.png: 1300x351 pixels; kitti needs 1216x352")


def test_nothing_usable(tmp_path):
    config = write_nyu(tmp_path, count=2)
    for record in find_dataset("nyu").records(config).records:
        record.text.unlink()
    assert check_dataset(config).usable == 0
    with pytest.raises(InputError, match="nyu: 0 of 2 records usable, 2 missing text"):
        build_source(config, 0, "cpu")


def test_a_missing_root_is_the_error_of_the_check(tmp_path):
    config = replace(write_nyu(tmp_path, count=1), root=str(tmp_path / "elsewhere"))
    check = check_dataset(config)
    assert check.summary() == f"nyu: no such folder: root {tmp_path}/elsewhere; set them to where the data set lies"
    assert (check.records, check.usable) == (0, 0)
    with pytest.raises(InputError, match=r"no such folder: root .*elsewhere"):
        build_source(config, 0, "cpu")
