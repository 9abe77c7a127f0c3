from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from PIL import Image

from tr2m_core import DepthPredictor
from tr2m_core.cli.main import main
from tr2m_core.files import images as files


@pytest.fixture
def infer(tmp_path, monkeypatch, constant_predictor, capsys):
    """Runs `tr2m infer` with a stand-in model; returns exit code, stdout and stderr."""
    loads = []
    monkeypatch.setattr("tr2m_core.cli.infer.load_predictor", lambda args: loads.append(args) or constant_predictor)

    def run(*arguments, text="A desk."):
        output = ["-o", str(tmp_path / "out")]
        code = main(["infer", *map(str, arguments), "--text", str(text), *output])
        out, err = capsys.readouterr()
        return code, out, err, len(loads)

    return run


@pytest.fixture
def image(tmp_path):
    def write(name="photo.png", pixels=None, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((12, 16, 3), 90, np.uint8) if pixels is None else pixels).save(path, **options)
        return path

    return write


def test_results_of_an_image(infer, image, tmp_path, constant_predictor):
    constant_predictor.depth = 1.2344
    code, out, err, _ = infer(image(), "--intrinsics", "10,10,8,6")
    assert (code, err) == (0, "")
    assert "1.234" in out
    saved = np.load(tmp_path / "out" / "photo_depth.npy", allow_pickle=False)
    assert (saved.shape, saved.dtype) == ((12, 16), np.float32)
    depth_png = cv2.imread(str(tmp_path / "out" / "photo_depth.png"), cv2.IMREAD_UNCHANGED)
    assert (depth_png.shape, depth_png.dtype) == ((12, 16), np.uint16)
    assert (depth_png == 1234).all()
    assert Image.open(tmp_path / "out" / "photo_panel.png").mode == "RGB"
    header, _, body = (tmp_path / "out" / "photo.ply").read_bytes().partition(b"end_header\n")
    assert b"format binary_little_endian 1.0\nelement vertex 192\n" in header
    points = np.frombuffer(body, [("xyz", "<f4", 3), ("rgb", "u1", 3)])
    assert points["xyz"][0] == pytest.approx([-0.8 * 1.2344, -0.6 * 1.2344, 1.2344])
    assert (points["rgb"] == 90).all()


def test_depth_png_marks_what_does_not_fit_as_invalid(tmp_path):
    depth = np.array([[0.0004, 0.0006, 65.535, 65.54, np.nan, np.inf, -1.0]])
    files.write_depth_png(tmp_path / "depth.png", depth)
    assert np.asarray(Image.open(tmp_path / "depth.png")).tolist() == [[0, 1, 65535, 0, 0, 0, 0]]


@pytest.mark.parametrize(("option", "antialias"), [([], True), (["--antialias"], True), (["--no-antialias"], False)])
def test_images_are_filtered_unless_told(tiny_paper, image, tmp_path, option, antialias):
    rgb = np.random.default_rng(9).integers(0, 255, (120, 200, 3), np.uint8)
    told = ["--text", "A desk.", "--model", str(tiny_paper), "--device", "cpu", "-o", str(tmp_path / "out")]
    assert main(["infer", str(image(pixels=rgb)), *told, *option]) == 0
    predictor = DepthPredictor.from_pretrained(tiny_paper, device="cpu", antialias=antialias)
    expected = predictor.predict(rgb, "A desk.").metric_depth
    assert np.array_equal(np.load(tmp_path / "out" / "photo_depth.npy"), expected)


def test_json(infer, image):
    code, out, _, _ = infer(image(), "--json")
    report = json.loads(out)
    assert code == 0
    assert report["images"][0]["size"] == "16x12"
    assert report["images"][0]["median_m"] == 1


def test_folders_and_a_sentence_per_image(infer, image, tmp_path, constant_predictor):
    first, second = image("in/b.jpg"), image("in/a.png")
    lines = tmp_path / "sentences.txt"
    lines.write_text("First.\nSecond.\n")
    assert infer(first.parent, text=lines)[0] == 0
    assert [text for text, _ in constant_predictor.seen] == ["First.", "Second."]
    assert {path.name for path in (tmp_path / "out").iterdir()} > {"a_depth.npy", "b_depth.npy"}
    lines.write_text("First.\n")
    code, _, err, _ = infer(first, second, text=lines)
    assert code == 2
    assert "1 lines for 2 images" in err
    lines.write_bytes(b"First.\r\nSecond.\r\n\r\n")
    assert infer(first.parent, text=lines)[0] == 0
    lines.write_text("First.\n\nSecond.\n")
    assert "sentences.txt: line 2: the scene description is empty" in infer(first, second, text=lines)[2]


def test_what_systems_leave_beside_images_is_no_image(infer, image, tmp_path, constant_predictor):
    folder = image("in/A.JPG").parent
    (folder / "._A.JPG").write_bytes(b"\x00\x05\x16\x07")
    (folder / ".DS_Store").write_bytes(b"Bud1")
    (folder / "folder.png").mkdir()
    code, _, err, _ = infer(folder)
    assert (code, err, len(constant_predictor.seen)) == (0, "", 1)


def test_broken_images_are_reported_and_the_others_done(infer, image, tmp_path):
    good, truncated = (
        image("good.png"),
        image("cut.png", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)),
    )
    truncated.write_bytes(truncated.read_bytes()[:2000])
    text = tmp_path / "text.png"
    text.write_text("not an image")
    tiny = image("tiny.png", np.zeros((1, 1, 3), np.uint8))
    code, out, err, _ = infer(truncated, text, tmp_path / "none.png", tiny, good)
    assert code == 2
    lines = err.splitlines()
    assert [line.startswith("tr2m: error: ") for line in lines] == [True] * 4
    for line, words in zip(lines, ["damaged", "not an image", "no such file", "1x1"], strict=True):
        assert words in line
    assert "good.png" in out
    assert (tmp_path / "out" / "good_depth.npy").is_file()


def test_bad_input_alone_does_not_wait_for_the_model(infer, tmp_path):
    assert infer(tmp_path / "none.png")[::3] == (2, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\u200b\ufeff", "empty"),
        ("x" * 100_000, "100000 characters"),
        ("a\0" * 1500, "3000 characters"),
        ("senteces.txt", "'senteces.txt' looks like a file, and there is none"),
        ("/", "'/' is a folder"),
    ],
)
def test_unusable_sentences(infer, image, text, words):
    code, _, err, loads = infer(image(), text=text)
    assert (code, loads) == (2, 0)
    assert words in err


def test_results_do_not_overwrite_each_other_or_the_input(infer, image, tmp_path):
    code, _, err, _ = infer(image("a/photo.png"), image("b/photo.jpg"))
    assert code == 2
    assert "both would write photo_depth.png" in err
    original = image("out/x_depth.png")
    before = original.read_bytes()
    code, _, err, _ = infer(image("out/x.png"), original)
    assert code == 2
    assert "would be overwritten" in err
    assert original.read_bytes() == before


def test_folders_that_cannot_be_used(infer, image, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no images" in infer(tmp_path / "empty")[2]
    (tmp_path / "out").write_text("a file")
    code, _, err, _ = infer(image())
    assert code == 2
    assert "output folder" in err


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((4, 6), 200, np.uint8),
        np.full((4, 6), 200 * 257 + 100, np.uint16),
        np.full((4, 6, 4), 200, np.uint8),
        np.full((4, 6, 2), 200, np.uint8),
        np.full((4, 6), True),
    ],
    ids=["grey", "16-bit grey", "alpha", "grey with alpha", "1 bit"],
)
def test_other_kinds_of_images_become_rgb(image, pixels):
    rgb = files.read_image(image(pixels=pixels))
    assert (rgb.shape, rgb.dtype) == ((4, 6, 3), np.uint8)
    assert (rgb == (255 if pixels.dtype == bool else 200)).all()


def test_images_are_turned_upright(image):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    assert files.read_image(image("turned.jpg", exif=exif)).shape == (16, 12, 3)


def test_floating_point_and_huge_images_are_rejected(image, monkeypatch):
    with pytest.raises(files.InputError, match="floating-point"):
        files.read_image(image("x.tif", np.ones((3, 3), np.float32)))
    monkeypatch.setattr(files, "MAX_PIXELS", 100)
    with pytest.raises(files.InputError, match="16x12 pixels"):
        files.read_image(image())


def test_embedded_model_end_to_end(image, tmp_path, capsys):
    code = main(["infer", str(image()), "--text", "A desk.", "--device", "cpu", "-o", str(tmp_path / "out")])
    assert code == 0
    assert np.isfinite(np.load(tmp_path / "out" / "photo_depth.npy", allow_pickle=False)).all()
    assert "embedded model" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--model", "nowhere"], ["--device", "gpu"], ["--checkpoint", "none.safetensors"]])
def test_unusable_models_are_one_line(image, tmp_path, capsys, options):
    code = main(["infer", str(image()), "--text", "A desk.", "-o", str(tmp_path / "out"), *options])
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1
