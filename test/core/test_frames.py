from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from stand_ins import FlatModel

from tr2m_core.data.frames import read_frames
from tr2m_core.errors import InputError
from tr2m_core.eval.conditions import OWN, conditions_for
from tr2m_core.eval.evaluator import add_constant, evaluate
from tr2m_core.eval.frames import by_source
from tr2m_core.eval.methods import TextModel
from tr2m_core.types import Intrinsics


def write_source(folder, source, depths, **changes):
    """A source of flat 8x6 images at the given depths, metres."""
    folder.mkdir(parents=True)
    entries = []
    for i, depth in enumerate(depths):
        Image.fromarray(np.full((6, 8, 3), 10 * i, np.uint8)).save(folder / f"{i}_rgb.png")
        counts = np.full((6, 8), round(depth * 1000), np.uint16)
        counts[0] = 0
        Image.fromarray(counts).save(folder / f"{i}_depth.png")
        entry = {"rgb": f"{i}_rgb.png", "depth": f"{i}_depth.png", "depth_scale": 0.001, "description": f"Scene {i}."}
        entries.append(entry | {"fx": 5, "fy": 6, "cx": 4, "cy": 3, "id": f"frame{i}"} | changes)
    (folder / "index.json").write_text(json.dumps({"source": source, "frames": entries}))


def test_frames_of_all_sources(tmp_path):
    write_source(tmp_path / "b", "second", [2.0])
    write_source(tmp_path / "a", "first", [1.0, 1.5])
    frames = read_frames(tmp_path)
    assert [(frame.source, frame.name) for frame in frames] == [
        ("first", "frame0"),
        ("first", "frame1"),
        ("second", "frame0"),
    ]
    assert frames[0].intrinsics == Intrinsics(5, 6, 4, 3)
    rgb, depth = frames[1].load()
    assert rgb.shape == (6, 8, 3)
    assert np.isnan(depth[0]).all()
    assert depth[1:] == pytest.approx(1.5)
    assert len(read_frames(tmp_path / "b")) == 1


def test_a_sample_set_for_each_source(tmp_path):
    write_source(tmp_path / "b", "second", [2.0])
    write_source(tmp_path / "a", "first", [1.0])
    write_source(tmp_path / "c", "first", [1.5, 2.5])
    first, second = by_source(read_frames(tmp_path), (0.001, 80))
    assert [(samples.name, len(samples)) for samples in (first, second)] == [("first", 3), ("second", 1)]
    assert [first.image(number) for number in range(3)] == ["frame0", "frame0", "frame1"]
    assert first.description(2) == "Scene 1."
    sample = first.read(range(2, 3))[0]
    assert sample.description == "Scene 1." and sample.limits == (0.001, 80)
    assert sample.rgb.max() == 10 and sample.valid.sum() == 40 and sample.depth[sample.valid] == pytest.approx(2.5)


def test_evaluation_beside_the_best_constant(tmp_path):
    write_source(tmp_path / "data", "flat", [1.0, 2.0, 4.0])
    (samples,) = by_source(read_frames(tmp_path / "data"), (0.001, 80))
    model = FlatModel()
    found = evaluate(samples, [TextModel("model", model)], conditions_for(samples, [OWN]), keep_truths=True)
    assert found.mean("model", OWN)["abs_rel"] == pytest.approx((0 + 0.5 + 0.75) / 3)
    assert add_constant(samples, found) == pytest.approx(1)  # the weight of a depth is 1 / depth
    assert found.mean("best constant", "")["abs_rel"] == pytest.approx((0 + 0.5 + 0.75) / 3)
    assert [description for description, *_ in model.seen] == ["Scene 0.", "Scene 1.", "Scene 2."]
    assert [each.measurement.valid_pixels for each in found.of("model", OWN)] == [40, 40, 40]


def test_frames_that_cannot_be_used_become_problems(tmp_path):
    write_source(tmp_path / "sub", "sub", [1.0, 2.0, 60.0])
    (tmp_path / "sub" / "0_rgb.png").write_text("not an image")
    (samples,) = by_source(read_frames(tmp_path), (0.001, 50))
    found = evaluate(samples, [TextModel("model", FlatModel())], conditions_for(samples, [OWN]))
    assert [each.image for each in found.outcomes] == ["frame1"]
    assert "0_rgb.png" in found.problems[0][1]
    assert "no valid depth between 0.001 and 50 m" in found.problems[1][1]


def test_depth_of_another_size(tmp_path):
    write_source(tmp_path / "sub", "sub", [1.0])
    Image.fromarray(np.ones((3, 4), np.uint16)).save(tmp_path / "sub" / "0_depth.png")
    with pytest.raises(InputError, match=r"4x3.*8x6"):
        read_frames(tmp_path)[0].load()


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_an_image_that_exif_turns_is_taken_as_its_depth_was_measured(tmp_path, orientation):
    write_source(tmp_path / "sub", "sub", [1.0])
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    Image.fromarray(pixels).save(tmp_path / "sub" / "0_rgb.png", exif=exif)
    rgb, depth = read_frames(tmp_path)[0].load()
    assert np.array_equal(rgb, pixels)
    assert depth.shape == (6, 8)
    Image.fromarray(np.ones((8, 6), np.uint16)).save(tmp_path / "sub" / "0_depth.png")
    with pytest.raises(InputError, match="6x8, the image 8x6 before EXIF turns it"):
        read_frames(tmp_path)[0].load()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_descriptions_are_cleaned(tmp_path, encoding):
    write_source(tmp_path / "sub", "sub", [1.0], description="A desk \ud83d with\u200b a\r\nlamp.")
    index = tmp_path / "sub" / "index.json"
    index.write_bytes(index.read_text().encode(encoding))
    assert read_frames(tmp_path)[0].description == "A desk with a lamp."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"description": None}, r"frame 0 is not usable .*description is None, not a text"),
        ({"description": ["A desk."]}, r"frame 0 .*not a text"),
        ({"description": "\u200b"}, r"frame 0: the scene description is empty"),
        ({"rgb": "../0_rgb.png"}, r"frame 0 .*'\.\./0_rgb\.png' is no file beside the index"),
        ({"depth": "/0_depth.png"}, r"frame 0 .*'/0_depth\.png' is no file beside the index"),
        ({"rgb": 3}, r"frame 0 .*rgb is 3, not a text"),
        ({"fx": None}, r"frame 0 .*fx, fy, cx and cy belong together"),
        ({"fx": 0}, r"frame 0 .*focal lengths must be positive"),
        ({"cx": float("nan")}, r"frame 0 .*all four numbers finite"),
    ],
)
def test_entries_that_cannot_be_used(tmp_path, changes, words):
    write_source(tmp_path / "sub", "sub", [1.0], **changes)
    with pytest.raises(InputError, match=r"index\.json: " + words):
        read_frames(tmp_path)


def test_a_frame_listed_twice_would_count_twice(tmp_path):
    write_source(tmp_path / "sub", "sub", [1.0, 2.0])
    index = tmp_path / "sub" / "index.json"
    content = json.loads(index.read_text())
    content["frames"] += [content["frames"][1] | {"description": "Another."}, content["frames"][1] | {"id": "again"}]
    index.write_text(json.dumps(content))
    with pytest.raises(InputError, match="frame 3 is frame 1 once more and would count twice"):
        read_frames(tmp_path)


def test_a_scale_of_counts_per_metre(tmp_path):
    write_source(tmp_path / "sub", "sub", [1.0], depth_scale=5000)
    with pytest.raises(InputError, match=r"frame 0.*for 5000 counts per metre give 0\.0002"):
        read_frames(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "index"),
        ("[]", "index"),
        ('{"frames": 3}', "index"),
        ('{"frames": [{}]}', "frame 0"),
        ('{"frames": []}', "no frames"),
    ],
)
def test_broken_indices_are_named(tmp_path, content, words):
    (tmp_path / "index.json").write_text(content)
    with pytest.raises(InputError, match=words):
        read_frames(tmp_path)


def test_scale_must_be_positive(tmp_path):
    write_source(tmp_path / "sub", "sub", [1.0], depth_scale=0)
    with pytest.raises(InputError, match="depth_scale"):
        read_frames(tmp_path)


def test_missing_folder(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_frames(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no frames"):
        read_frames(tmp_path)


def test_kit_frames_load(kit):
    frames = read_frames(kit / "frames")
    assert len({frame.source for frame in frames}) == 7
    for frame in frames:
        rgb, depth = frame.load()
        assert rgb.shape[:2] == depth.shape
        assert 0.2 < np.nanmedian(depth) < 60
