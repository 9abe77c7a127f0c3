"""Image and depth files of strangers: each is read for what it is, or rejected in one line."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from tr2m_core.errors import InputError
from tr2m_core.files.eight_bits import eight_bits
from tr2m_core.files.images import read_depth_png, read_image, write_csv, write_json

RANDOM = np.random.default_rng(0)
RGB = RANDOM.integers(0, 256, (6, 8, 3), np.uint8)
DEEP = RANDOM.integers(0, 65536, (6, 8, 3), np.uint16)


def save(path, pixels, mode=None, orientation=None, **options):
    """An image of 8 bits by Pillow, of 16 by OpenCV."""
    if pixels.dtype == np.uint16 and (pixels.ndim == 3 or path.suffix == ".pgm"):
        bgr = pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]
        cv2.imwrite(str(path), bgr)
        return path
    image = Image.fromarray(pixels)
    if orientation:
        options["exif"] = exif(orientation)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    return data


@pytest.mark.parametrize("name", ["grey.png", "grey.tif", "grey.pgm", "grey_4095.pgm"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_grey_of_sixteen_bits_is_as_bright_as_its_bits_allow(tmp_path, name, bits):
    grey = RANDOM.integers(0, 2**bits, (6, 8), np.uint16)
    grey[0, 0] = 2**bits - 1
    if name == "grey_4095.pgm":  # the file says what white is
        grey = grey >> max(0, bits - 12)
        (tmp_path / name).write_bytes(b"P5\n8 6\n4095\n" + grey.astype(">u2").tobytes())
        expected = eight_bits(np.rint(grey / 4095 * 65535).astype(np.uint16))
    else:
        save(tmp_path / name, grey)
        expected = np.rint(grey / (2**bits - 1) * 255).astype(np.uint8)
        assert np.array_equal(eight_bits(grey), expected)
    assert np.array_equal(read_image(tmp_path / name), np.repeat(expected[..., None], 3, axis=2))


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("channels", [3, 4])
def test_colours_of_sixteen_bits(tmp_path, name, bits, channels):
    deep = DEEP >> (16 - bits)
    deep[0, 0] = 2**bits - 1
    stored = deep if channels == 3 else np.concatenate((deep, np.full((6, 8, 1), 65535, np.uint16)), axis=2)
    assert np.array_equal(read_image(save(tmp_path / name, stored)), np.rint(deep / (2**bits - 1) * 255))


def test_deep_colours_that_are_damaged(tmp_path):
    path = save(tmp_path / "deep.png", np.tile(DEEP, (20, 20, 1)))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"deep\.png: damaged image"):
        read_image(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "grey16.png"])
def test_turned_upright_or_as_stored(tmp_path, name, orientation):
    pixels = RGB[..., 0].astype(np.uint16) * 257 if name == "grey16.png" else RGB
    path = save(tmp_path / name, pixels, orientation=orientation)
    stored = read_image(path, upright=False)
    assert stored.shape == RGB.shape
    turned = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.swapaxes(0, 1),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(stored),
    }
    assert np.array_equal(read_image(path), turned[orientation])


def test_deep_colours_are_turned_too(tmp_path):
    path = save(tmp_path / "deep.png", DEEP)
    stored = read_image(path)
    content = path.read_bytes()
    block = exif(6).tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(block)) + b"eXIf" + block + struct.pack(">I", zlib.crc32(b"eXIf" + block))
    path.write_bytes(content[:33] + chunk + content[33:])
    assert np.array_equal(read_image(path, upright=False), stored)
    assert np.array_equal(read_image(path), np.rot90(stored, -1))


def test_a_tiff_with_an_orientation(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.tif", tiffinfo={0x0112: 6})
    assert np.array_equal(read_image(tmp_path / "a.tif"), np.rot90(RGB, -1))
    with pytest.raises(InputError, match=r"a\.tif: a TIFF with an orientation"):
        read_image(tmp_path / "a.tif", upright=False)


def test_the_first_of_several_images(tmp_path):
    pages = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    for name in ("pages.tif", "moving.png", "moving.webp"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:], lossless=True)
        assert np.array_equal(read_image(tmp_path / name), RGB)


def test_a_cmyk_jpeg(tmp_path):
    smooth = np.kron(RGB[:3, :3], np.ones((16, 16, 1))).astype(np.uint8)
    read = read_image(save(tmp_path / "print.jpg", smooth, "CMYK", quality=95))
    assert abs(read.astype(int) - smooth).mean() < 4


def test_integers_beyond_sixteen_bits(tmp_path):
    for value in (-1, 65536):
        save(tmp_path / "a.tif", np.full((6, 8), value, np.int32))
        with pytest.raises(InputError, match=r"a\.tif: holds integers beyond 16 bits"):
            read_image(tmp_path / "a.tif")


COUNTS = RANDOM.integers(0, 65536, (6, 8), np.uint16)


@pytest.mark.parametrize(
    ("name", "counts"),
    [("d.png", COUNTS), ("d.tif", COUNTS), ("d.pgm", COUNTS), ("d32.tif", COUNTS.astype(np.int32) * 3 - 9)],
)
def test_depth_is_integers_of_sixteen_bits_or_more(tmp_path, name, counts):
    expected = np.where(counts > 0, counts * 0.001, np.nan).astype(np.float32)
    np.testing.assert_array_equal(read_depth_png(save(tmp_path / name, counts), 0.001), expected)


def test_depth_in_a_big_endian_tiff(tmp_path):
    Image.frombytes("I;16B", (8, 6), COUNTS.astype(">u2").tobytes()).save(tmp_path / "d.tif")
    np.testing.assert_array_equal(np.nan_to_num(read_depth_png(tmp_path / "d.tif", 1.0)), COUNTS)


@pytest.mark.parametrize(
    ("name", "pixels", "mode", "words"),
    [
        ("d.png", RGB[..., 0], "P", "colours of a palette"),
        ("d.png", RGB, "P", "colours of a palette"),
        ("d.png", RGB[..., 0], None, "8-bit grey"),
        ("d.jpg", RGB[..., 0], None, "8-bit grey"),
        ("d.png", RGB[..., 0], "1", "one bit per pixel"),
        ("d.png", RGB[..., 0], "LA", "grey with alpha"),
        ("d.png", RGB, None, "colours"),
        ("d.png", RGB, "RGBA", "colours"),
        ("d.jpg", RGB, None, "colours"),
        ("d.png", DEEP, None, "colours"),
        ("d.tif", RGB[..., 0].astype(np.float32), None, "floating-point numbers"),
    ],
)
def test_what_is_no_depth(tmp_path, name, pixels, mode, words):
    with pytest.raises(InputError, match=f"{name}: not a 16-bit depth image: it holds {words}$"):
        read_depth_png(save(tmp_path / name, pixels, mode), 0.001)


def test_pgms_whose_numbers_would_be_scaled(tmp_path):
    (tmp_path / "d.pgm").write_bytes(b"P5\n8 6\n5000\n" + (COUNTS % 5000).astype(">u2").tobytes())
    with pytest.raises(InputError, match=r"d\.pgm: a pgm of depth needs a maximum of 65535"):
        read_depth_png(tmp_path / "d.pgm", 0.001)


def test_names_that_are_not_utf8_come_out_escaped(tmp_path):
    write_csv(tmp_path / "a.csv", [{"image": "caf\udce9.png"}])
    assert (tmp_path / "a.csv").read_text("utf-8").splitlines() == ["image", "caf\\udce9.png"]
    write_json(tmp_path / "a.json", {"image": "caf\udce9.png"})
    assert "caf\\udce9.png" in (tmp_path / "a.json").read_text("ascii")
