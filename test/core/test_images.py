from __future__ import annotations

import io
import struct
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from tr2m_core.errors import FrameError
from tr2m_core.files.images import MAX_PIXELS
from tr2m_core.messages.depth_images import decode_depth
from tr2m_core.messages.images import COLOUR_ENCODINGS, CheckedImage, pixel_format
from tr2m_core.messages.rvl import decode_rvl

RGB = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3) * 3
SMOOTH = cv2.resize(np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8), (32, 24))
BAYER = {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}


def image(encoding, data, width=6, height=4, step=None, is_bigendian=0):
    data = np.frombuffer(data, np.uint8)
    step = len(data) // height if step is None else step
    return SimpleNamespace(
        encoding=encoding, width=width, height=height, step=step, is_bigendian=is_bigendian, data=data
    )


def padded(pixels, padding=7):
    rows = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1).view(np.uint8)
    return np.pad(rows, ((0, 0), (0, padding)), constant_values=99).tobytes()


def compressed(image_format, data):
    return SimpleNamespace(format=image_format, data=np.frombuffer(bytes(data), np.uint8))


def png(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


ALPHA = np.full((4, 6, 1), 7, np.uint8)
LAYOUTS = {
    "rgb8": RGB,
    "bgr8": RGB[..., ::-1],
    "8UC3": RGB[..., ::-1],
    "rgba8": np.concatenate((RGB, ALPHA), axis=2),
    "bgra8": np.concatenate((RGB[..., ::-1], ALPHA), axis=2),
    "8UC4": np.concatenate((RGB[..., ::-1], ALPHA), axis=2),
    "RGB8": RGB,
    " Bgr8": RGB[..., ::-1],
    "8uc3": RGB[..., ::-1],
}
DEEP_LAYOUTS = {
    "rgb16": RGB,
    "bgr16": RGB[..., ::-1],
    "16UC3": RGB[..., ::-1],
    "rgba16": np.concatenate((RGB, ALPHA), axis=2),
    "BGRA16": np.concatenate((RGB[..., ::-1], ALPHA), axis=2),
    "16UC4": np.concatenate((RGB[..., ::-1], ALPHA), axis=2),
}


def rgb_of(message, out=None):
    return CheckedImage.parse(message).rgb(out)


@pytest.mark.parametrize("encoding", LAYOUTS)
@pytest.mark.parametrize("padding", [0, 7])
def test_packed_colours_and_row_padding(encoding, padding):
    decoded = rgb_of(image(encoding, padded(LAYOUTS[encoding], padding)))
    assert np.array_equal(decoded, RGB)
    assert decoded.flags.c_contiguous


@pytest.mark.parametrize("encoding", ["mono8", "8UC1"])
def test_grey_is_repeated(encoding):
    grey = RGB[..., 0]
    assert np.array_equal(rgb_of(image(encoding, padded(grey))), np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_are_reduced_to_eight(order):
    grey = (RGB[..., 0].astype("u2") * 257 + 100).astype(order + "u2")  # 129 would make the next one
    decoded = rgb_of(image("mono16", padded(grey, 3), is_bigendian=int(order == ">")))
    assert np.array_equal(decoded, np.repeat(RGB[..., :1], 3, axis=2))


@pytest.mark.parametrize("encoding", DEEP_LAYOUTS)
def test_colours_of_sixteen_bits(encoding):
    deep = (DEEP_LAYOUTS[encoding].astype("u2") * 257).astype(">u2")
    assert np.array_equal(rgb_of(image(encoding, padded(deep, 3), is_bigendian=1)), RGB)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("encoding", ["mono16", "bayer_gbrg16", "rgb16", "rgba16"])
def test_the_bits_that_are_used_are_all_there_are(encoding, bits):
    """Cameras of 12 bits send these in 16."""
    white = 2**bits - 1
    channels = {"rgb16": 3, "rgba16": 4}.get(encoding, 1)
    samples = np.full((4, 6, channels), white, np.uint16)
    if channels == 4:
        samples[..., 3] = 65535
    assert (rgb_of(image(encoding, samples.tobytes())) == 255).all()
    samples[..., :3] = round(0.6 * white)  # more than half, so of as many bits
    assert (rgb_of(image(encoding, samples.tobytes())) == 153).all()


def test_twelve_bits_in_every_container():
    deep = np.random.default_rng(0).integers(0, 4096, (4, 6), np.uint16)
    deep[0, 0] = 4095
    expected = np.repeat(np.rint(deep / 4095 * 255)[..., None], 3, axis=2)
    assert np.array_equal(rgb_of(image("mono16", deep.tobytes())), expected)
    for label in ("mono16; png compressed ", "mono16; png compressed mono16", "png", ""):
        assert np.array_equal(rgb_of(compressed(label, png(deep))), expected)


@pytest.mark.parametrize("order", BAYER)
def test_bayer_patterns(order):
    mosaic = np.random.default_rng(0).integers(0, 256, (4, 6), np.uint8)
    wanted = cv2.cvtColor(mosaic, BAYER[order])
    assert np.array_equal(rgb_of(image(f"bayer_{order}8", padded(mosaic))), wanted)
    deep = mosaic.astype("u2") * 257
    wanted = np.rint(cv2.cvtColor(deep, BAYER[order]) / 257)
    assert np.array_equal(rgb_of(image(f"bayer_{order}16", padded(deep.astype(">u2")), is_bigendian=1)), wanted)


def test_bayer_patterns_by_what_they_mean():
    mosaic = np.zeros((8, 8), np.uint8)
    mosaic[::2, ::2] = 200  # red of rggb, blue of bggr
    assert rgb_of(image("bayer_rggb8", mosaic.tobytes(), 8, 8))[4, 4].tolist() == [200, 0, 0]
    assert rgb_of(image("bayer_bggr8", mosaic.tobytes(), 8, 8))[4, 4].tolist() == [0, 0, 200]
    assert rgb_of(image("bayer_grbg8", mosaic.tobytes(), 8, 8))[4, 4].tolist() == [0, 200, 0]


@pytest.mark.parametrize(
    ("encoding", "conversion"),
    [
        ("yuv422", cv2.COLOR_YUV2RGB_UYVY),
        ("uyvy", cv2.COLOR_YUV2RGB_UYVY),
        ("yuv422_yuy2", cv2.COLOR_YUV2RGB_YUYV),
        ("yuyv", cv2.COLOR_YUV2RGB_YUYV),
    ],
)
def test_packed_yuv(encoding, conversion):
    samples = np.random.default_rng(0).integers(0, 256, (4, 6, 2), np.uint8)
    assert np.array_equal(rgb_of(image(encoding, padded(samples))), cv2.cvtColor(samples, conversion))


@pytest.mark.parametrize(
    ("encoding", "conversion"), [("nv12", cv2.COLOR_YUV2RGB_NV12), ("nv21", cv2.COLOR_YUV2RGB_NV21)]
)
def test_planar_yuv(encoding, conversion):
    samples = np.random.default_rng(0).integers(0, 256, (6, 6), np.uint8)
    decoded = rgb_of(image(encoding, padded(samples), step=13))
    assert decoded.shape == (4, 6, 3)
    assert np.array_equal(decoded, cv2.cvtColor(samples, conversion))


def test_yuv_by_what_it_means():
    red_in_bt601 = np.tile(np.array([90, 81, 240, 81], np.uint8), (4, 3))  # U Y V Y
    decoded = rgb_of(image("uyvy", red_in_bt601.tobytes()))
    assert abs(decoded.astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize(
    "image_format", ["rgb8; jpeg compressed bgr8", "bgr8; jpeg compressed bgr8", "jpeg", "jpg", ""]
)
def test_jpeg_in_the_right_order_of_colours(image_format):
    data = cv2.imencode(".jpg", SMOOTH[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1]
    decoded = rgb_of(compressed(image_format, data))
    assert decoded.shape == SMOOTH.shape
    assert abs(decoded.astype(int) - SMOOTH).mean() < 4


def test_png_is_exact_and_grey_repeated():
    assert np.array_equal(rgb_of(compressed("rgb8; png compressed bgr8", png(RGB[..., ::-1]))), RGB)
    assert np.array_equal(rgb_of(compressed("png", png(RGB[..., 0]))), np.repeat(RGB[..., :1], 3, axis=2))
    assert np.array_equal(rgb_of(compressed("rgb8; png compressed rgb8", png(RGB))), RGB)
    mosaic = np.ascontiguousarray(RGB[..., 0])
    decoded = rgb_of(compressed("bayer_rggb8; png compressed bayer_rggb8", png(mosaic)))
    assert np.array_equal(decoded, cv2.cvtColor(mosaic, cv2.COLOR_BayerBG2RGB))


def jpeg(pixels, mode="RGB"):
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "jpeg", quality=98)
    return file.getvalue()


@pytest.mark.parametrize("label", ["JPEG", "image/jpeg", "jpg", "BGR8; jpeg compressed bgr8", "", "png", "camera 3"])
def test_the_first_bytes_say_what_an_image_is(label):
    decoded = rgb_of(compressed(label, jpeg(SMOOTH)))
    assert abs(decoded.astype(int) - SMOOTH).mean() < 4
    assert np.array_equal(rgb_of(compressed(label, png(RGB[..., ::-1]))), RGB)


@pytest.mark.parametrize(
    ("label", "colours"),
    [
        ("bayer_rggb8; jpeg compressed bgr8", True),  # the camera's encoding, and the data's
        ("bayer_rggb8; jpeg compressed ", True),  # colours are no mosaic, whatever the label says
        ("bayer_rggb8; jpeg compressed mono8", False),  # as image_transport writes it since Jazzy
        ("BAYER_RGGB8; JPEG compressed MONO8", False),
        ("mono8; jpeg compressed mono8", False),
    ],
)
def test_what_the_transport_demosaiced_is_not_demosaiced_again(label, colours):
    decoded = rgb_of(compressed(label, jpeg(SMOOTH, "RGB" if colours else "L")))
    expected = SMOOTH if colours else np.array(Image.fromarray(SMOOTH).convert("L").convert("RGB"))
    assert abs(decoded.astype(int) - expected).mean() < 4


@pytest.mark.parametrize(
    "label", ["bayer_rggb8; jpeg compressed ", "bayer_rggb8; jpeg compressed bayer_rggb8", "bayer_rggb8"]
)
def test_a_mosaic_in_a_jpeg(label):
    grey = np.array(Image.fromarray(SMOOTH).convert("L"))
    stored = cv2.imdecode(np.frombuffer(jpeg(grey, "L"), np.uint8), cv2.IMREAD_GRAYSCALE)
    decoded = rgb_of(compressed(label, jpeg(grey, "L")))
    assert np.array_equal(decoded, cv2.cvtColor(stored, BAYER["rggb"]))


@pytest.mark.parametrize("mode", ["L", "CMYK", "YCbCr"])
def test_kinds_of_jpeg(mode):
    decoded = rgb_of(compressed("rgb8; jpeg compressed bgr8", jpeg(SMOOTH, mode)))
    expected = np.array(Image.fromarray(SMOOTH).convert("L").convert("RGB")) if mode == "L" else SMOOTH
    assert abs(decoded.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_kinds_of_png(mode):
    file = io.BytesIO()
    image = Image.fromarray(SMOOTH).convert(mode)
    image.save(file, "png")
    decoded = rgb_of(compressed("rgb8; png compressed bgr8", file.getvalue()))
    assert np.array_equal(decoded, np.array(image.convert("RGB")))


def test_sixteen_bits_are_reduced_alike_in_a_png():
    deep = np.random.default_rng(0).integers(0, 65536, (4, 6), np.uint16)
    for encoding in ("mono16", "bayer_gbrg16"):
        raw = rgb_of(image(encoding, deep.tobytes()))
        assert np.array_equal(rgb_of(compressed(f"{encoding}; png compressed {encoding}", png(deep))), raw)
    coloured = np.random.default_rng(0).integers(0, 65536, (4, 6, 3), np.uint16)
    decoded = rgb_of(compressed("rgb16; png compressed bgr16", png(coloured[..., ::-1])))
    assert np.array_equal(decoded, np.rint(coloured / 257))


def test_images_are_not_turned():
    image = Image.fromarray(SMOOTH)
    exif = image.getexif()
    exif[0x0112] = 6  # turn by a quarter
    file = io.BytesIO()
    image.save(file, "jpeg", exif=exif)
    assert rgb_of(compressed("jpeg", file.getvalue())).shape == SMOOTH.shape


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("padding", [0, 8, 3])
@pytest.mark.parametrize("encoding", ["16UC1", "mono16"])
def test_depth_in_millimetres(encoding, order, padding):
    counts = (np.arange(24).reshape(4, 6) * 400).astype(order + "u2")
    decoded = decode_depth(image(encoding, padded(counts, padding), is_bigendian=int(order == ">")))
    assert decoded.dtype == np.float32
    assert np.isnan(decoded[0, 0])
    assert decoded.ravel()[1:] == pytest.approx(np.arange(1, 24) * 0.4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_depth_in_metres(order):
    metres = np.linspace(0.5, 9.5, 24, dtype=order + "f4").reshape(4, 6)
    metres[0, :5] = np.nan, np.inf, -np.inf, 0, -1
    decoded = decode_depth(image("32FC1", padded(metres, 3), is_bigendian=int(order == ">")))
    assert np.isnan(decoded.ravel()[:5]).all()
    assert np.array_equal(decoded.ravel()[5:], metres.ravel()[5:])


COUNTS = np.array([[0, 1000, 65535], [250, 0, 4321]], np.uint16)


def config(content, a=0.0, b=0.0):
    return struct.pack("<iff", 0, a, b) + content


@pytest.mark.parametrize(
    "image_format", ["16UC1; compressedDepth png", "16UC1; compressedDepth", "mono16; compressedDepth"]
)
def test_compressed_depth_in_millimetres(image_format):
    decoded = decode_depth(compressed(image_format, config(png(COUNTS))))
    assert np.isnan(decoded[COUNTS == 0]).all()
    assert decoded[COUNTS > 0] == pytest.approx([1, 65.535, 0.25, 4.321])


@pytest.mark.parametrize(
    "label", ["16UC1; png compressed ", "16uc1; png compressed", "png", "", "rgb8; png compressed bgr8", "mono16"]
)
def test_depth_as_a_plain_png(label):
    assert decode_depth(compressed(label, png(COUNTS)))[1, 2] == pytest.approx(4.321)


@pytest.mark.parametrize("content", [config(png(COUNTS)), png(COUNTS)], ids=["header", "no header"])
@pytest.mark.parametrize(
    "label",
    [
        "16UC1; compressedDepth",
        "16UC1; compressedDepth rvl",
        "16uc1; CompressedDepth PNG",
        "16UC1; png compressed",
        "16UC1",
    ],
)
def test_compressed_depth_with_a_wrong_label(label, content):
    assert decode_depth(compressed(label, content))[1, 2] == pytest.approx(4.321)
    assert pixel_format(compressed(label, content)) == "16UC1"


@pytest.mark.parametrize("encoding", ["16uc1", "MONO16", "32fc1"])
def test_depth_encodings_in_other_spellings(encoding):
    stored = COUNTS if "16" in encoding else (COUNTS / 1000).astype("f4")
    assert decode_depth(image(encoding, stored.tobytes(), 3, 2))[1, 2] == pytest.approx(4.321)


def test_quantised_inverse_depth():
    # depth = a / (q - b): 100 / (q + 10) m
    counts = np.array([[0, 40, 90, 10]], np.uint16)
    decoded = decode_depth(compressed("32FC1; compressedDepth png", config(png(counts), 100.0, -10.0)))
    assert np.isnan(decoded[0, 0])
    assert decoded[0, 1:] == pytest.approx([2, 1, 5])
    beyond = decode_depth(compressed("32FC1; compressedDepth", config(png(counts), 100.0, 40.0)))
    assert np.isnan(beyond[0, [1, 3]]).all()  # infinitely far, and behind the camera
    assert beyond[0, 2] == pytest.approx(2)


def rvl(counts):
    """The encoder of the paper, number by number."""
    nibbles = []

    def put(number):
        while True:
            more = number >> 3
            nibbles.append((number & 7) | (8 if more else 0))
            number = more
            if not number:
                return

    flat, place, last = counts.ravel().astype(int), 0, 0
    while place < len(flat):
        zeros = next((i for i, value in enumerate(flat[place:]) if value), len(flat) - place)
        place += zeros
        others = next((i for i, value in enumerate(flat[place:]) if not value), len(flat) - place)
        put(zeros)
        put(others)
        for value in flat[place : place + others]:
            step = int(value) - last
            put(2 * step if step >= 0 else -2 * step - 1)
            last = int(value)
        place += others
    nibbles += [0] * (-len(nibbles) % 8)
    words = np.array(nibbles, np.uint32).reshape(-1, 8) << np.arange(28, -1, -4, dtype=np.uint32)
    return words.sum(axis=1).astype("<u4").tobytes()


def test_rvl_by_hand():
    # 1 zero, 2 others: +5 (10 = 2 + 1 * 8: nibbles 1010 0001), -1 (1), then 1 zero, no others
    words = struct.pack("<I", 0x12A11100)
    assert decode_rvl(np.frombuffer(words, np.uint8), 4).tolist() == [0, 5, 4, 0]


def test_rvl_depth():
    random = np.random.default_rng(0)
    counts = random.integers(0, 65536, (30, 41)).astype(np.uint16) * (random.random((30, 41)) > 0.4)
    data = config(struct.pack("<II", 41, 30) + rvl(counts))
    decoded = decode_depth(compressed("16UC1; compressedDepth rvl", data))
    assert np.array_equal(np.nan_to_num(decoded * 1000).round().astype(int), counts)


def announced(width, height):
    """A png that says it is that large."""
    data = bytearray(png(RGB))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


JPEG = cv2.imencode(".jpg", cv2.resize(SMOOTH, (320, 240)))[1].tobytes()
THUMBNAIL = b"Exif\0\0" + cv2.imencode(".jpg", SMOOTH)[1].tobytes()
WITH_THUMBNAIL = JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(THUMBNAIL) + 2) + THUMBNAIL + JPEG[2:]


def other(kind):
    file = io.BytesIO()
    Image.fromarray(SMOOTH).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (image("yuv444", bytes(40)), "encoding 'yuv444'"),
        (image("32FC1", bytes(96)), "encoding '32FC1'"),
        (image("32FC3", bytes(288)), "encoding '32FC3'"),
        (image("x" * 10**6, bytes(40)), "encoding 'x{40}\\.\\.\\.' is not"),
        (image("rgb8", bytes(72), width=0), "0x4"),
        (image("rgb8", bytes(72), height=0, step=18), "6x0"),
        (image("rgb8", bytes(72), step=17), "step of 17 bytes"),
        (image("rgb8", bytes(72), step=0), "step of 0 bytes"),
        (image("rgb8", bytes(71), step=18), "image data of 71 bytes"),
        (image("rgb8", b"", step=18), "image data of 0 bytes"),
        (image("rgb8", bytes(72), step=19), "image data of 72 bytes"),
        (image("rgb8", bytes(72), width=2**32 - 1, height=2**32 - 1, step=2**32 - 1), "4294967295x4294967295"),
        (image("rgb8", bytes(72), height=2**20, step=18), "image data of 72 bytes"),
        (image("mono16", bytes(72), step=11), "step of 11 bytes"),
        (image("uyvy", bytes(40), width=5), "5x4"),
        (image("nv12", bytes(36), height=3, step=6), "even sides"),
        (image("nv12", bytes(30), width=5, step=5), "5x4"),
        (image("nv12", bytes(24), step=6), "image data of 24 bytes: 6 rows of step 6 take 36"),
        (compressed("jpeg", b""), "neither a jpeg nor a png"),
        (compressed("jpeg", b"\xff\xd8\xff" + bytes(50)), "damaged header"),
        (compressed("png", png(SMOOTH)[:20]), "cut short"),
        (compressed("png", png(SMOOTH).replace(b"IHDR", b"IHDS")), "damaged header"),
        (compressed("png", png(SMOOTH)[:33] + b"\xf0" + png(SMOOTH)[34:]), "cut short"),  # a chunk of 4 GB
        (compressed("png", png(SMOOTH)[:33] + chunk(b"acTL", bytes(8)) + png(SMOOTH)[33:]), "animated"),
        (compressed("jpeg", JPEG.replace(b"\x00\xf0\x01\x40", b"\x1b\x58\x1b\x58")), "cut short"),  # 7000x7000
        (compressed("jpeg", WITH_THUMBNAIL[: len(WITH_THUMBNAIL) * 3 // 4]), "cut short"),
        (compressed("jpeg", JPEG[: len(JPEG) * 3 // 4]), "cut short"),
        (compressed("png", png(SMOOTH)[:300]), "cut short"),
        (compressed("png", announced(20_000, 20_000)), f"20000x20000 pixels: at most {MAX_PIXELS:,}"),
        (compressed("png", announced(10_000, 10_000)), "10000x10000 pixels: at most"),
        (compressed("png", announced(100, 100)), "damaged"),
        (compressed("16UC1; compressedDepth png", config(png(COUNTS))), "holds depth"),
        (compressed("16UC1; png compressed ", png(COUNTS)), "holds depth"),
        (compressed("", config(png(COUNTS))), "but compressedDepth"),
        (
            compressed("rgb8; jpeg compressed bgr8", other("webp")),
            "neither a jpeg nor a png image but webp; republish",
        ),
        (compressed("jpeg", other("bmp")), "but bmp;"),
        (compressed("rgb8; tiff compressed ", other("tiff")), "but tiff;"),
        (compressed("", other("gif")), "but gif;"),
        (compressed("h264", b"\0\0\0\1\x67" + bytes(50)), "but h264 or h265 video;"),
        (compressed("av1", b"\x12\0" + bytes(50)), r"image \(format 'av1'\)"),
    ],
)
def test_unusable_images_say_why(message, words):
    with pytest.raises(FrameError, match=words):
        rgb_of(message)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (image("rgb8", bytes(72)), "depth encoding 'rgb8'"),
        (compressed("rgb8; jpeg compressed bgr8", JPEG), "depth encoding 'rgb8'"),
        (compressed("16UC1; compressedDepth png", b"short"), "5 bytes"),
        (
            compressed("16UC1; compressedDepth png", config(png(RGB[..., 0]))),
            "a png of 1 channel of 8 bits, not .*16-bit",
        ),
        (compressed("16UC1; png compressed ", png(RGB)), "a png of 3 channels of 8 bits"),
        (compressed("16UC1; jpeg compressed mono8", JPEG), "a jpeg of 3 channels of 8 bits"),
        (compressed("16UC1; png compressed ", other("webp")), "depth encoding 'webp'"),
        (compressed("", config(png(COUNTS))), "names neither 16UC1 nor 32FC1"),
        (image("32FC1", np.full((4, 6), 1510, "f4").tobytes()), "in metres, .* beyond 1510: millimetres are 16UC1"),
        (compressed("16UC1; compressedDepth png", config(announced(20_000, 20_000))), "at most"),
        (compressed("32FC1; png compressed", png(COUNTS)), "compressedDepth only"),
        (compressed("16UC1; compressedDepth rvl", config(b"")), "without a size"),
        (compressed("16UC1; compressedDepth rvl", config(struct.pack("<II", 2**31, 2**31))), "not between"),
        (compressed("16UC1; compressedDepth rvl", config(struct.pack("<II", 4, 4))), "end early"),
        (compressed("16UC1; compressedDepth rvl", config(struct.pack("<III", 2, 2, 0x70000000))), "more pixels"),
        (
            compressed("16UC1; compressedDepth rvl", config(struct.pack("<IIII", 2, 2, 2**32 - 1, 2**32 - 1))),
            "end early",
        ),
        (
            compressed("16UC1; compressedDepth rvl", config(struct.pack("<IIIII", 2, 2, 2**32 - 1, 2**32 - 1, 0))),
            "30 bits",
        ),
    ],
)
def test_unusable_depth_says_why(message, words):
    with pytest.raises(FrameError, match=words):
        decode_depth(message)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_images_are_frame_errors_or_images(seed):
    random = np.random.default_rng(seed)
    for content, decode, image_format in (
        (JPEG, rgb_of, "jpeg"),
        (png(SMOOTH), rgb_of, "png"),
        (config(png(COUNTS)), decode_depth, "16UC1; compressedDepth png"),
        (config(struct.pack("<II", 3, 2) + rvl(COUNTS)), decode_depth, "32FC1; compressedDepth rvl"),
    ):
        for _ in range(25):
            data = bytearray(content)
            for place in random.integers(0, len(data), 4):
                data[place] = random.integers(0, 256)
            try:
                assert decode(compressed(image_format, data)).size > 0
            except FrameError:
                continue


def test_pixel_formats():
    assert pixel_format(image("bgr8", bytes(72))) == "bgr8"
    assert pixel_format(compressed("rgb8; jpeg compressed bgr8", b"")) == "rgb8"
    assert pixel_format(compressed("16UC1; compressedDepth", b"")) == "16UC1"
    assert pixel_format(compressed("jpeg", b"")) == "jpeg"
    assert pixel_format(image("RGB8", bytes(72))) == "rgb8"
    for label in ("JPEG", "image/jpeg", "jpg", "", "png"):
        assert pixel_format(compressed(label, JPEG)) == "jpeg"
    assert pixel_format(compressed("image/JPEG", b"")) == "jpeg"
    assert pixel_format(compressed("BGR8; jpeg compressed bgr8", JPEG)) == "bgr8"
    assert pixel_format(compressed("mono16; jpeg compressed mono8", JPEG)) == "jpeg"
    assert pixel_format(compressed("rgb8; png compressed bgr8", png(COUNTS))) == "mono16"  # or depth
    assert pixel_format(compressed("16UC1; png compressed ", png(COUNTS))) == "16UC1"
    assert pixel_format(compressed("png", config(png(COUNTS)))) == "compressedDepth"
    assert pixel_format(compressed("rgb8; jpeg compressed bgr8", other("webp"))) == "webp"
    assert {"rgb8", "bayer_grbg16", "yuv422_yuy2", "nv21"} < set(COLOUR_ENCODINGS)


def test_data_after_the_last_row_are_passed_over():
    assert np.array_equal(rgb_of(image("rgb8", padded(RGB) + bytes(50), step=18 + 7)), RGB)


def test_memory_of_the_caller_and_of_the_message():
    out = np.empty_like(RGB)
    for encoding in ("rgb8", "bgr8"):
        assert np.shares_memory(rgb_of(image(encoding, padded(LAYOUTS[encoding])), out), out)
        assert np.array_equal(out, RGB)
    message = image("rgb8", RGB.tobytes())
    assert np.shares_memory(rgb_of(message, out), message.data)
    wrong = np.zeros((2, 2, 3), np.uint8)
    assert np.array_equal(rgb_of(image("bgr8", LAYOUTS["bgr8"].tobytes()), wrong), RGB)


@pytest.mark.parametrize(
    "message",
    [
        image("rgb8", RGB.tobytes()),
        compressed("jpeg", JPEG),
        compressed("bgr8; png compressed bgr8", png(SMOOTH)),
        compressed("jpeg", WITH_THUMBNAIL),
        compressed("jpeg", JPEG + bytes(100)),
        image("nv21", bytes(36), step=6),
    ],
)
def test_what_can_be_decoded_passes_the_check(message):
    CheckedImage.parse(message)
    assert rgb_of(message).shape[2] == 3


def test_an_image_that_is_damaged_inside_passes_the_check_only():
    damaged = bytearray(png(SMOOTH))
    damaged[60] ^= 255
    CheckedImage.parse(compressed("png", damaged))
    with pytest.raises(FrameError) as caught:
        rgb_of(compressed("png", damaged))
    assert caught.value.reason == "compressed image"


def test_no_message_shows_what_a_terminal_obeys():
    for message in (image("\x1b[2J\n", bytes(72)), compressed("\x1b]0;\n compressedDepth", b"")):
        with pytest.raises(FrameError) as caught:
            CheckedImage.parse(message)
        assert str(caught.value).isprintable()


def test_whatever_passes_the_check_and_is_raw_can_be_decoded():
    """Random fields, half of them such that they nearly fit."""
    random = np.random.default_rng(0)
    extremes = [0, 1, 2, 3, 2**16, 2**31, 2**32 - 1]
    encodings = [*COLOUR_ENCODINGS, "", "rgb16", "32FC1", "\0"]
    passed = 0
    for _ in range(4000):
        encoding = encodings[random.integers(len(encodings))]
        width, height = (int(random.choice([*random.integers(0, 12, 9), extremes[random.integers(7)]])) for _ in "wh")
        step = int(random.choice([width, 2 * width, 3 * width, 4 * width, 6 * width + 1, *extremes]))
        size = int(min(random.choice([height * step, height * step * 3 // 2, random.integers(0, 300)]), 5000))
        data = random.integers(0, 256, size, np.uint8)
        message = image(encoding, data, width, height, step, int(random.integers(0, 2)))
        try:
            CheckedImage.parse(message)
        except FrameError as error:
            assert len(str(error)) < 500
            with pytest.raises(FrameError):
                rgb_of(message)
            continue
        passed += 1
        assert rgb_of(message).shape == (height, width, 3)
    assert passed > 300
