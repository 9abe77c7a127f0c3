from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tr2m_core.data.frames import read_frames
from tr2m_core.eval.frames import evaluate_frames
from tr2m_core.types import InputError, Intrinsics


def write_source(folder, source, depths, **changes):
    """A source of flat 8x6 pictures at the given depths, metres."""
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


def test_evaluation_beside_the_best_constant(tmp_path, constant_predictor):
    write_source(tmp_path / "data", "flat", [1.0, 2.0, 4.0])
    (tmp_path / "out").mkdir()
    frames = read_frames(tmp_path / "data")
    result = evaluate_frames(frames, constant_predictor, (0.001, 80), tmp_path / "out", save_predictions=True)
    source = result.report()["sources"]["flat"]
    assert source["model"]["abs_rel"] == pytest.approx((0 + 0.5 + 0.75) / 3)
    assert source["best_constant_m"] == pytest.approx(1)  # the weight of a depth is 1 / depth
    assert source["best_constant"]["abs_rel"] == pytest.approx((0 + 0.5 + 0.75) / 3)
    assert [text for text, _ in constant_predictor.seen] == ["Scene 0.", "Scene 1.", "Scene 2."]
    assert [row["frame"] for row in result.rows()] == ["frame0", "frame1", "frame2"]
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 3
    assert np.load(tmp_path / "out" / "predictions" / "flat_frame1.npy", allow_pickle=False).shape == (6, 8)


def test_frames_that_cannot_be_used_become_problems(tmp_path, constant_predictor):
    write_source(tmp_path / "sub", "sub", [1.0, 2.0, 60.0])
    (tmp_path / "sub" / "0_rgb.png").write_text("not a picture")
    result = evaluate_frames(read_frames(tmp_path), constant_predictor, (0.001, 50))
    assert [row["frame"] for row in result.rows()] == ["frame1"]
    assert "0_rgb.png" in result.problems[0]
    assert "no valid depth" in result.problems[1]


def test_depth_of_another_size(tmp_path):
    write_source(tmp_path / "sub", "sub", [1.0])
    Image.fromarray(np.ones((3, 4), np.uint16)).save(tmp_path / "sub" / "0_depth.png")
    with pytest.raises(InputError, match=r"4x3.*8x6"):
        read_frames(tmp_path)[0].load()


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
