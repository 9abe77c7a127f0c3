"""The sets that are evaluated without training on them: layouts, units, sizes, masks, crops, and faults of files."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from tiny_datasets import (
    write_c3vd,
    write_diode,
    write_hypersim,
    write_ibims,
    write_image,
    write_kitti,
    write_nyu,
    write_simcol,
    write_split,
    write_sunrgbd,
    write_text,
    write_void,
)

from tr2m_core.data.base import DatasetConfig, SampleKey
from tr2m_core.data.registry import DATASETS, build_source, check_dataset, find_dataset
from tr2m_core.errors import InputError
from tr2m_core.eval.protocols import PUBLISHED, evaluation_crop
from tr2m_core.metrics.depth import METRIC_NAMES, valid_depth

WRITERS = {
    "nyu": write_nyu,
    "kitti": write_kitti,
    "void": write_void,
    "c3vd": write_c3vd,
    "sunrgbd": write_sunrgbd,
    "ibims": write_ibims,
    "hypersim": write_hypersim,
    "diode_outdoor": write_diode,
    "simcol": write_simcol,
}
ZERO_SHOT = ("sunrgbd", "ibims", "hypersim", "diode_outdoor", "simcol")
CECUM = "The image shows a medical scene of cecum with texture type one."  # of cecum_t1_a
SIMCOL = "The image shows a medical scene of a cecum with texture type one."


def records_of(config, **options):
    return find_dataset(config.name).records(config, "test", **options).records


def read_first(config):
    return find_dataset(config.name).read(records_of(config)[0])


def inside(mask):
    """First and last row and column of a mask that is one rectangle."""
    rows, columns = np.nonzero(mask)
    edges = (rows.min(), rows.max(), columns.min(), columns.max())
    assert mask.sum() == (edges[1] - edges[0] + 1) * (edges[3] - edges[2] + 1)
    return tuple(int(edge) for edge in edges)


def test_crops_masks_and_normalisation_by_data_set():
    assert {name: dataset.crop for name, dataset in DATASETS.items()} == {
        "nyu": "eigen",
        "kitti": "garg",
        "void": "eigen",
        "c3vd": None,
        "sunrgbd": "eigen",
        "ibims": "eigen",
        "hypersim": None,
        "diode_outdoor": "garg",
        "simcol": None,
    }
    fed = {name: dataset.normalisation for name, dataset in DATASETS.items()}
    assert fed.pop("ibims") == (False, True)
    assert set(fed.values()) == {(True,)}
    counted = {name: dataset.masking for name, dataset in DATASETS.items()}
    assert counted.pop("diode_outdoor") == (False, True)
    assert set(counted.values()) == {(False,)}


@pytest.mark.parametrize(
    ("crop", "size", "edges"),
    [
        ("eigen", (480, 640), (45, 470, 41, 600)),
        ("eigen", (427, 561), (45, 426, 41, 560)),
        ("eigen", (1080, 1920), (45, 470, 41, 600)),
        ("garg", (352, 1216), (143, 348, 43, 1171)),  # 143.65, 349.15, 43.71, 1172.29
        ("garg", (768, 1024), (313, 760, 36, 986)),  # 313.43, 761.77, 36.81, 987.19
        (None, (30, 40), (0, 29, 0, 39)),
    ],
)
def test_crops(crop, size, edges):
    mask = evaluation_crop(crop, size)
    assert mask.shape == size
    assert inside(mask) == edges


def test_an_unknown_crop_is_not_taken_for_none():
    with pytest.raises(KeyError):
        evaluation_crop("nyu", (480, 640))


def test_published_figures_are_of_known_sets_and_metrics():
    assert set(PUBLISHED) == set(DATASETS) - {"void", "c3vd"}
    assert {name for row in PUBLISHED.values() for name in row} <= set(METRIC_NAMES)
    assert PUBLISHED["kitti"]["rmse"] == 2.328
    assert (PUBLISHED["diode_outdoor"]["abs_rel"], PUBLISHED["diode_outdoor"]["delta1"]) == (0.673, 0.274)


@pytest.mark.parametrize("nested", [False, True])
def test_sunrgbd_images_keep_their_sizes(tmp_path, nested):
    config = write_sunrgbd(tmp_path, ((90, 120), (106, 146)), 20000, nested)
    counts = np.full((90, 120), 15000)
    counts[0, :3] = (0, 39999, 65535)
    write_sunrgbd(tmp_path, ((90, 120),), counts, nested)  # the first one again
    first, second = (DATASETS["sunrgbd"].read(record) for record in records_of(config))
    assert (first.image.shape, first.depth.shape) == ((90, 120, 3), (90, 120))
    assert (second.image.shape, second.depth.shape) == ((106, 146, 3), (106, 146))
    assert first.depth[0, :4] == pytest.approx([0, 3.9999, 6.5535, 1.5])
    assert np.unique(second.depth) == pytest.approx([2.0])
    assert second.descriptions[0] == "Sentence 1 about bedroom 1."


def test_sunrgbd_beyond_eight_metres_does_not_count():
    protocol = DATASETS["sunrgbd"].protocol
    depth = np.float32([7.999, 8.0, 8.001, 0.0])
    assert valid_depth(depth, protocol.min_depth, protocol.max_depth).tolist() == [True, False, False, False]


def test_sunrgbd_depth_of_another_size_than_its_image(tmp_path):
    config = write_sunrgbd(tmp_path)
    record = records_of(config)[0]
    write_image(record.depth, np.ones((90, 121), np.uint16))
    with pytest.raises(InputError, match=r"gt/img-000001\.png: the depth has 121x90 pixels, its image has 120x90"):
        DATASETS["sunrgbd"].read(record)


def test_sunrgbd_sizes_do_not_share_a_training_batch(tmp_path):
    source = build_source(write_sunrgbd(tmp_path), 0, "cpu")
    assert source.batch([SampleKey(0, 0), SampleKey(0, 1)], (14, 14)).depth.shape == (2, 1, 90, 120)
    with pytest.raises(InputError, match="sunrgbd: depth of several sizes cannot share a batch; set batch_size to 1"):
        source.batch([SampleKey(0, 0), SampleKey(1, 0)], (14, 14))


@pytest.mark.parametrize("name", ["sunrgbd", "ibims", "diode_outdoor"])
def test_files_that_macos_leaves_beside_images_are_none(tmp_path, name):
    config = WRITERS[name](tmp_path)
    records = DATASETS[name].records(config).records
    for record in records:
        record.image.with_name(f"._{record.image.name}").write_bytes(b"\x00\x05\x16\x07")
    assert DATASETS[name].records(config).records == records


def test_ibims_counts_where_both_masks_do(tmp_path):
    invalid, transparent = np.ones((480, 640), bool), np.ones((480, 640), bool)
    invalid[:10], transparent[:, :5] = False, False
    counts = np.full((480, 640), 4369)
    counts[479, 639] = 0
    sample = read_first(write_ibims(tmp_path, counts=counts, invalid=invalid, transparent=transparent))
    expected = np.full((480, 640), 10 / 3)
    expected[:10] = expected[:, :5] = expected[479, 639] = 0
    assert sample.image.shape == (480, 640, 3)
    assert sample.depth == pytest.approx(expected)
    assert sample.descriptions[0] == "Sentence 1 about corridor_01."


@pytest.mark.parametrize("stored", [np.bool_, np.uint8, 255])
def test_ibims_masks_of_every_kind(tmp_path, stored):
    config = write_ibims(tmp_path)
    mask = np.ones((480, 640), np.uint8)
    mask[7, 9] = 0
    mask = mask * np.uint8(255) if stored == 255 else mask.astype(stored)
    record = records_of(config)[0]
    write_image(DATASETS["ibims"].masks(record)[0], mask)
    depth = DATASETS["ibims"].read(record).depth
    assert np.argwhere(depth == 0).tolist() == [[7, 9]]


def test_hypersim_distance_becomes_depth(tmp_path):
    distance = np.full((768, 1024), 2.0)
    distance[0, :3] = (np.nan, np.inf, 0)
    sample = read_first(write_hypersim(tmp_path, 1, distance, (768, 1024)))
    # The ray through the centre of the last pixel: half a pixel inside the corner of the image.
    corner = 2 / np.sqrt(1 + (511.5**2 + 383.5**2) / 886.81**2)
    assert sample.depth[767, 1023] == pytest.approx(corner)
    assert sample.depth[383, 511] == pytest.approx(2 / np.sqrt(1 + (0.5**2 + 0.5**2) / 886.81**2))
    assert sample.depth[383, 1023] == pytest.approx(2 / np.sqrt(1 + (511.5**2 + 0.5**2) / 886.81**2))
    assert sample.depth[0, :3].tolist() == [0, 0, 0]
    assert (sample.depth.shape, sample.depth.dtype) == ((768, 1024), np.float32)
    assert sample.image.shape == (480, 640, 3)
    assert sample.descriptions[0] == "Sentence 1 about hall 0."


def test_hypersim_images_of_every_camera_in_order(tmp_path):
    pairs = [(record.image.parent.name, record.depth.name) for record in records_of(write_hypersim(tmp_path, 3))]
    assert pairs == [
        ("scene_cam_00_final_preview", "frame.0000.depth_meters.hdf5"),
        ("scene_cam_00_final_preview", "frame.0002.depth_meters.hdf5"),
        ("scene_cam_01_final_preview", "frame.0001.depth_meters.hdf5"),
    ]
    assert check_dataset(DatasetConfig("hypersim", root=str(tmp_path), text_root=str(tmp_path / "texts"))).usable == 3


def test_smaller_hypersim_copies_have_the_same_rays_but_not_another_shape(tmp_path):
    sample = read_first(write_hypersim(tmp_path / "a", 1, 2.0, (96, 128)))
    assert sample.depth[95, 127] == pytest.approx(2 / np.sqrt(1 + (63.5**2 + 47.5**2) / (886.81 / 8) ** 2))
    with pytest.raises(InputError, match=r"depth_meters\.hdf5: 128x100 pixels; hypersim needs 1024x768"):
        read_first(write_hypersim(tmp_path / "b", 1, 2.0, (100, 128)))


def test_hypersim_without_h5py(tmp_path, monkeypatch):
    config = write_hypersim(tmp_path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert check_dataset(config).error == "hypersim: its depth files need h5py: pip install 'tr2m_ros[eval]'"


def test_diode_has_all_depth_and_its_mask_beside(tmp_path):
    mask, depth = np.ones((96, 128)), np.full((96, 128), 5.25)
    mask[:4], mask[5, 0] = 0, np.nan
    depth[10, :3] = (np.nan, np.inf, -1)
    sample = read_first(write_diode(tmp_path, 1, depth, mask))
    expected = np.full((96, 128), 5.25)
    expected[10, :3] = 0
    assert np.array_equal(sample.depth, expected)
    assert np.array_equal(sample.validity, mask == 1)
    assert sample.image.shape == (480, 640, 3)
    assert sample.descriptions[0] == "Sentence 1 about street 0."


def test_training_on_diode_would_take_valid_depth_only(tmp_path):
    mask = np.ones((96, 128))
    mask[:, :100] = 0
    config = write_diode(tmp_path, 1, 5.0, mask)
    batch = build_source(config, 0, "cpu").batch([SampleKey(0, epoch) for epoch in range(8)], (14, 14))
    columns = (batch.depth != 0).any(dim=2)[:, 0].sum(dim=1)
    assert columns.tolist() == [28] * 8


@pytest.mark.parametrize("root", ["", "val", "val/outdoor"])
def test_diode_from_each_of_its_folders_without_indoors(tmp_path, root):
    write_diode(tmp_path / "val", 2)
    write_diode(tmp_path / "train", 1)
    (tmp_path / "val/outdoor").rename(tmp_path / "outdoor")
    write_diode(tmp_path / "val", 1)
    (tmp_path / "val/outdoor").rename(tmp_path / "val/indoors")
    (tmp_path / "outdoor").rename(tmp_path / "val/outdoor")
    records = records_of(DatasetConfig("diode_outdoor", root=str(tmp_path / root)), texts=False)
    assert [record.image.name for record in records] == [
        "00022_00193_outdoor_000_000.png",
        "00022_00193_outdoor_000_010.png",
    ]
    assert {record.image.parents[2] for record in records} == {tmp_path / "val/outdoor"}


def test_simcol_has_one_sentence_with_an_article_and_keeps_the_size_of_its_depth(tmp_path):
    counts = np.full((95, 95), 3264)
    counts[0, :2] = (0, 65280)
    sample = read_first(write_simcol(tmp_path, 1, counts))
    assert sample.image.shape == (480, 640, 3)
    assert sample.depth.shape == (95, 95)
    assert sample.depth[0, :3] == pytest.approx([0, 200, 10])
    assert sample.descriptions == [SIMCOL]


def test_simcol_is_evaluated_on_the_videos_of_its_list(tmp_path):
    config = write_simcol(tmp_path, 2)
    (tmp_path / "SyntheticColon_I" / "Frames_S5").rename(tmp_path / "SyntheticColon_I" / "Frames_S10")
    write_simcol(tmp_path, 1)
    assert [record.image.parent.name for record in records_of(config)] == ["Frames_S10", "Frames_S10", "Frames_S5"]
    (tmp_path / "misc").mkdir()
    (tmp_path / "misc" / "test_file.txt").write_text("SyntheticColon_I/Frames_S10/\nSyntheticColon_II/Frames_B5/\n")
    assert [record.depth.name for record in records_of(config)] == ["Depth_0000.png", "Depth_0001.png"]
    within = replace(config, root=f"{config.root}/SyntheticColon_I")
    assert len(records_of(within)) == 3


def planted(config, size):
    """An image of random pixels in place of the first record's."""
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    write_image(records_of(config)[0].image.with_suffix(".png"), image)
    return image


@pytest.mark.parametrize(
    ("name", "size"), [("c3vd", (1080, 1350)), ("c3vd", (108, 135)), ("simcol", (475, 475)), ("simcol", (95, 95))]
)
def test_endoscopic_images_are_resized_by_pillow_in_8_bits(tmp_path, name, size):
    config = WRITERS[name](tmp_path)
    image = planted(config, size)
    if name == "c3vd":
        write_image(records_of(config)[0].depth, np.full(size, 30000, np.uint16))
    else:
        write_image(records_of(config)[0].depth, np.full(size, 3264, np.uint16))
    found = read_first(config).image
    assert found.dtype == np.uint8
    assert np.array_equal(found, np.asarray(Image.fromarray(image).resize((640, 480), Image.Resampling.BILINEAR)))


@pytest.mark.parametrize(("name", "size"), [("diode_outdoor", (768, 1024)), ("diode_outdoor", (96, 128))])
def test_diode_images_are_resized_with_antialiasing_and_not_rounded(tmp_path, name, size):
    config = write_diode(tmp_path, 1, 5.0, 1.0, size)
    channels = torch.from_numpy(planted(config, size)).permute(2, 0, 1)[None].float()
    expected = F.interpolate(channels, (480, 640), mode="bilinear", antialias=True, align_corners=False)
    found = read_first(config).image
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected[0].permute(1, 2, 0), atol=1e-4)
    assert not np.array_equal(found, found.round())


def test_hypersim_images_are_not_rounded(tmp_path):
    config = write_hypersim(tmp_path, 1)
    record = records_of(config)[0]
    channels = torch.from_numpy(np.array(Image.open(record.image))).permute(2, 0, 1)[None].float()
    expected = F.interpolate(channels, (480, 640), mode="bilinear", antialias=True, align_corners=False)
    found = read_first(config).image
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected[0].permute(1, 2, 0), atol=1e-4)


@pytest.mark.parametrize("name", ["c3vd", "hypersim", "diode_outdoor", "simcol"])
def test_training_sees_the_images_that_evaluation_does(tmp_path, name):
    config = WRITERS[name](tmp_path)
    image = DATASETS[name].read(DATASETS[name].records(config).records[0]).image
    batch = build_source(config, 0, "cpu").batch([SampleKey(0, epoch) for epoch in range(16)], (480, 640))
    expected = torch.from_numpy(image / np.float32(255)).permute(2, 0, 1)
    assert sum(torch.allclose(image, expected, atol=1e-6) for image in batch.image) >= 1  # neither changed nor flipped


def test_images_of_another_shape_than_their_depth_are_rejected(tmp_path):
    config = write_c3vd(tmp_path)
    planted(config, (108, 120))
    with pytest.raises(InputError, match=r"0000_depth\.tiff: the depth has 135x108 pixels, its image has 120x108"):
        read_first(config)
    planted(config, (54, 68))  # of another size, and the same up to rounding
    assert read_first(config).image.shape == (480, 640, 3)


@pytest.mark.parametrize("name", ZERO_SHOT)
def test_both_parts_are_the_whole_set(tmp_path, name):
    dataset, config = DATASETS[name], WRITERS[name](tmp_path)
    assert len(dataset.records(config, "train").records) == 2
    assert dataset.records(config, "train") == dataset.records(config, "test")


@pytest.mark.parametrize("name", ZERO_SHOT)
def test_a_split_file_chooses(tmp_path, name):
    config = WRITERS[name](tmp_path)
    chosen = records_of(config)[1]
    line = " ".join(str(path.relative_to(tmp_path)) for path in (chosen.image, chosen.depth))
    split = write_split(tmp_path / "split.txt", [line])
    records = records_of(replace(config, split=split))
    assert records == [chosen]
    assert np.array_equal(DATASETS[name].read(records[0]).depth, DATASETS[name].read(chosen).depth)


@pytest.mark.parametrize("name", ZERO_SHOT)
def test_depth_may_lie_under_a_root_of_its_own(tmp_path, name):
    config = WRITERS[name](tmp_path / "both")
    for record in records_of(config):
        for path in (record.depth, *DATASETS[name].masks(record)):
            moved = tmp_path / "apart" / path.relative_to(tmp_path / "both")
            moved.parent.mkdir(parents=True, exist_ok=True)
            path.rename(moved)
    assert check_dataset(replace(config, gt_root=str(tmp_path / "apart"))).usable == 2


@pytest.mark.parametrize("name", WRITERS)
def test_sets_can_be_read_without_text_files(tmp_path, name):
    config = replace(WRITERS[name](tmp_path), text_root=str(tmp_path / "nowhere"))
    (record, *_) = records_of(config, texts=False)
    assert record.text is None
    sentences = DATASETS[name].read(record).descriptions
    assert sentences == {"c3vd": [CECUM], "simcol": [SIMCOL]}.get(name, [])
    with pytest.raises(InputError, match=f"{name}: no such folder: text_root"):
        records_of(config)


@pytest.mark.parametrize("name", ZERO_SHOT)
def test_folders_without_images_are_named(tmp_path, name):
    layout = DATASETS[name].layout
    with pytest.raises(InputError) as raised:
        records_of(DatasetConfig(name, root=str(tmp_path)))
    assert str(raised.value) == f"{name}: {tmp_path}: no images of its test part; set root to {layout}"


@pytest.mark.parametrize("name", WRITERS)
def test_whole_sets_pass_their_check(tmp_path, name):
    check = check_dataset(WRITERS[name](tmp_path))
    assert check.summary() == f"{name}: {check.records} of {check.records} records usable"
    assert check.records == (1 if name == "c3vd" else 2)  # one of its two videos is for testing


def only_finding(config, pixels=None):
    check = check_dataset(config, pixels)
    assert (check.records, check.usable) == (2, 1)
    ((kind, finding),) = check.findings.items()
    (case,) = finding.examples
    return kind, case


@pytest.mark.parametrize("name", ZERO_SHOT)
def test_missing_files_are_found(tmp_path, name):
    config = WRITERS[name](tmp_path)
    record = records_of(config)[1]
    record.depth.unlink()
    assert only_finding(config, 0) == ("missing depth", str(record.depth))


@pytest.mark.parametrize(("name", "place"), [("ibims", 0), ("ibims", 1), ("diode_outdoor", 0)])
def test_masks_that_cannot_be_used(tmp_path, name, place):
    config = WRITERS[name](tmp_path)
    record = records_of(config)[1]
    mask = DATASETS[name].masks(record)[place]
    if name == "ibims":
        write_image(mask, np.ones((480, 641), bool))
    else:
        np.save(mask, np.ones((96, 129)))
    kind, case = only_finding(config, 0)
    assert kind == "unreadable depth"
    assert case.startswith(f"{mask}: the mask has ")
    with pytest.raises(InputError, match="the mask has"):
        DATASETS[name].read(record)
    mask.write_bytes(b"no mask")
    assert only_finding(config, 0)[1].startswith(f"{mask}: not a")
    mask.unlink()
    assert only_finding(config, 0) == ("missing mask", str(mask))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([{"a": 1}], object), "not an npy file that can be read (ValueError"),
        (np.ones((96, 128, 2), np.float32), "96x128x2 float32; one number per pixel"),
        (np.ones(5, np.float32), "5 float32; one number per pixel"),
        (np.ones((96, 128), np.complex64), "96x128 complex64; one number per pixel"),
        (np.full((96, 128), "5 m"), "96x128 <U3; one number per pixel"),
    ],
)
def test_diode_arrays_that_are_no_depth(tmp_path, array, message):
    config = write_diode(tmp_path)
    record = records_of(config)[1]
    np.save(record.depth, array, allow_pickle=True)
    assert only_finding(config, 0)[1].startswith(f"{record.depth}: {message}")


def test_diode_arrays_that_promise_more_than_they_hold(tmp_path):
    config = write_diode(tmp_path)
    depth = records_of(config)[1].depth
    whole = depth.read_bytes()
    depth.write_bytes(whole[:-100])
    assert only_finding(config, 0)[1].startswith(f"{depth}: not an npy file that can be read (ValueError: mmap length")
    depth.write_bytes(whole.replace(b"(96, 128, 1)", b"(9999999,9,)"))
    assert only_finding(config, 0)[1].startswith(f"{depth}: not an npy file that can be read")


def test_arrays_of_too_many_pixels_are_not_loaded(tmp_path):
    config = write_diode(tmp_path)
    depth = records_of(config)[1].depth
    np.lib.format.open_memmap(depth, mode="w+", dtype=np.uint8, shape=(8000, 8000))  # a hole in the file system
    assert only_finding(config, 0)[1].startswith(f"{depth}: 8000x8000 uint8; one number per pixel")


def test_hypersim_files_that_are_no_distance(tmp_path):
    import h5py

    config = write_hypersim(tmp_path)
    depth = records_of(config)[1].depth
    outside = tmp_path / "outside.hdf5"
    os.link(depth, outside)

    def case_of(fill):
        depth.unlink()
        with h5py.File(depth, "w") as file:
            fill(file)
        kind, case = only_finding(config, 0)
        assert kind == "unreadable depth"
        return case.removeprefix(f"{depth}: ")

    def external_storage(file):
        file.create_dataset("dataset", (96, 128), "f2", external=[(str(outside), 0, 2 * 96 * 128)])

    def virtual(file):
        layout = h5py.VirtualLayout((96, 128), "f2")
        layout[:] = h5py.VirtualSource(str(outside), "dataset", (96, 128))
        file.create_virtual_dataset("dataset", layout)

    missing = "no HDF5 data set named 'dataset' in it"
    assert case_of(lambda file: file.create_group("dataset")) == missing
    assert case_of(lambda file: file.create_dataset("depth", data=np.ones((96, 128)))) == missing
    assert case_of(lambda file: file.update(dataset=h5py.ExternalLink(str(outside), "dataset"))) == missing
    assert case_of(external_storage) == missing
    assert case_of(virtual) == missing
    assert case_of(lambda file: file.create_dataset("dataset", (96, 128, 1), "f2")).startswith("96x128x1 float16; one")
    assert case_of(lambda file: file.create_dataset("dataset", (9000, 9000), "f2")).startswith("9000x9000 float16; one")
    assert case_of(lambda file: file.create_dataset("dataset", (96, 128), "S3")).startswith("96x128 |S3; one number")


def test_hypersim_files_that_are_damaged(tmp_path):
    config = write_hypersim(tmp_path)
    record = records_of(config)[1]
    record.depth.write_bytes(record.depth.read_bytes()[:-500])
    kind, case = only_finding(config, 0)
    assert kind == "unreadable depth"
    assert case.startswith(f"{record.depth}: not an HDF5 file that can be read (")
    assert "\n" not in case
    record.depth.write_text("no HDF5")
    with pytest.raises(InputError, match="not an HDF5 file that can be read"):
        DATASETS["hypersim"].read(record)


def test_simcol_depth_of_eight_bits_is_rejected(tmp_path):
    config = write_simcol(tmp_path)
    depth = records_of(config)[1].depth
    Image.fromarray(np.full((95, 95), 9, np.uint8)).save(depth)
    assert only_finding(config, 0) == ("unreadable depth", f"{depth}: not a 16-bit depth image: it holds 8-bit grey")


def test_nothing_inside_the_range_is_found_by_decoding(tmp_path):
    config = write_ibims(tmp_path)
    record = records_of(config)[1]
    write_image(DATASETS["ibims"].masks(record)[1], np.zeros((480, 640), bool))
    assert only_finding(config) == ("no valid depth", f"{record.depth}: nothing between 0.001 and 10")


def test_texts_are_named_after_images(tmp_path):
    config = write_hypersim(tmp_path, 1)
    image = "ai_001_001/images/scene_cam_00_final_preview/frame.0000.tonemap"
    write_text(tmp_path / "texts" / f"{image}.txt", "the same hall", lines=2)
    assert read_first(config).descriptions == ["Sentence 1 about the same hall.", "Sentence 2 about the same hall."]
