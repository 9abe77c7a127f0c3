"""Small trees in the layouts of the published data sets, of gradients and flat depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tr2m_core.data.base import DatasetConfig

KITTI_SIZES = ((375, 1242), (370, 1226), (376, 1241))  # those of the first, third and fourth day of recording
C3VD_SIZE = (108, 135)  # a tenth of the published frames
SUNRGBD_SIZES = ((90, 120), (106, 146))
HYPERSIM_SIZE = DIODE_SIZE = (96, 128)  # an eighth of the published frames
SIMCOL_SIZE = (95, 95)  # a fifth


def gradient(size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8: red grows to the right, green downwards, blue is 64."""
    height, width = size
    image = np.full((height, width, 3), 64, np.uint8)
    image[..., 0] = np.linspace(0, 255, width)
    image[..., 1] = np.linspace(0, 255, height)[:, None]
    return image


def write_image(path: Path, image: np.ndarray) -> None:
    """Images (H, W, 3) uint8, depth counts (H, W) uint16 and masks (H, W) bool."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def write_text(path: Path, name: str, lines: int = 15) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"Sentence {number} about {name}.\n" for number in range(1, lines + 1)))


def write_split(path: Path, lines: list[str]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def write_nyu(folder: Path, count: int = 2, counts: int = 2000) -> DatasetConfig:
    """sync/SCENE/rgb_NNNNN.jpg and sync_depth_NNNNN.png, texts apart; `counts` millimetres everywhere."""
    lines = []
    for number in range(count):
        image, depth = f"kitchen_0028b/rgb_{number:05d}.jpg", f"kitchen_0028b/sync_depth_{number:05d}.png"
        write_image(folder / "sync" / image, gradient((480, 640)))
        write_image(folder / "sync" / depth, np.full((480, 640), counts, np.uint16))
        write_text(folder / "texts" / f"kitchen_0028b/rgb_{number:05d}.txt", f"kitchen {number}")
        lines.append(f"/{image} /{depth} 518.8579")
    split = write_split(folder / "nyu_train.txt", lines)
    return DatasetConfig("nyu", root=str(folder / "sync"), text_root=str(folder / "texts"), split=split)


def write_kitti(folder: Path, count: int = 2, unmeasured: int = 0) -> DatasetConfig:
    """Raw drives and ground truth under roots of their own. Counts name the place: 256 * (1 + row // 10), 0 above 100.

    unmeasured: how many further lines of the split have None in place of a depth path.
    """
    lines = []
    for number in range(count + unmeasured):
        drive = "2011_09_26_drive_0048_sync"
        image = f"2011_09_26/{drive}/image_02/data/{number:010d}.png"
        depth = f"{drive}/proj_depth/groundtruth/image_02/{number:010d}.png"
        size = KITTI_SIZES[number % len(KITTI_SIZES)]
        rows = np.arange(size[0])[:, None]
        counts = np.where(rows < 100, 0, 256 * (1 + rows // 10)).astype(np.uint16)
        write_image(folder / "raw" / image, gradient(size))
        if number < count:
            write_image(folder / "gt" / depth, np.repeat(counts, size[1], axis=1))
        write_text((folder / "texts" / image).with_suffix(".txt"), f"street {number}")
        lines.append(f"{image} {depth if number < count else 'None'} 721.5377")
    return DatasetConfig(
        "kitti",
        root=str(folder / "raw"),
        gt_root=str(folder / "gt"),
        text_root=str(folder / "texts"),
        split=write_split(folder / "eigen_train.txt", lines),
    )


def write_void(folder: Path, count: int = 2, counts: int = 512) -> DatasetConfig:
    """void_1500/data/SEQUENCE/{image,ground_truth}/TIME.png, texts beside the images."""
    lines = []
    for number in range(count):
        sequence = f"void_1500/data/classroom{number}"
        image, depth = f"{sequence}/image/1552097950.{number}.png", f"{sequence}/ground_truth/1552097950.{number}.png"
        write_image(folder / image, gradient((480, 640)))
        write_image(folder / depth, np.full((480, 640), counts, np.uint16))
        write_text((folder / image).with_suffix(".txt"), f"classroom {number}")
        lines.append(f"{image} {depth}")
    return DatasetConfig("void", root=str(folder), split=write_split(folder / "void_train.txt", lines))


def write_c3vd(folder: Path, videos: tuple[str, ...] = ("cecum_t1_a", "desc_t4_a"), frames: int = 1) -> DatasetConfig:
    """VIDEO/NNNN_color.png and NNNN_depth.tiff, and other files that the set has; the counts grow to the right."""
    counts = np.repeat(np.linspace(6554, 58982, C3VD_SIZE[1])[None], C3VD_SIZE[0], axis=0).astype(np.uint16)
    for video in videos:
        for number in range(frames):
            write_image(folder / video / f"{number:04d}_color.png", gradient(C3VD_SIZE))
            write_image(folder / video / f"{number:04d}_depth.tiff", counts)
            write_image(folder / video / f"{number:04d}_occlusion.png", gradient(C3VD_SIZE))
        (folder / video / "pose.txt").write_text("1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1\n" * frames)
    return DatasetConfig("c3vd", root=str(folder))


def write_sunrgbd(
    folder: Path,
    sizes: tuple[tuple[int, int], ...] = SUNRGBD_SIZES,
    counts: int | np.ndarray = 20000,
    nested: bool = False,
) -> DatasetConfig:
    """rgb/NAME.jpg and gt/NAME.png, nested: rgb/rgb and gt/gt. `counts` ten-thousandths of a metre everywhere."""
    rgb, gt = ("rgb/rgb", "gt/gt") if nested else ("rgb", "gt")
    for number, size in enumerate(sizes):
        name = f"img-{number + 1:06d}"
        write_image(folder / rgb / f"{name}.jpg", gradient(size))
        write_image(folder / gt / f"{name}.png", np.broadcast_to(np.uint16(counts), size))
        write_text(folder / "texts" / rgb / f"{name}.txt", f"bedroom {number}")
    return DatasetConfig("sunrgbd", root=str(folder), text_root=str(folder / "texts"))


def write_ibims(
    folder: Path,
    names: tuple[str, ...] = ("corridor_01", "kitchen_02"),
    counts: int | np.ndarray = 4369,
    invalid: bool | np.ndarray = True,
    transparent: bool | np.ndarray = True,
) -> DatasetConfig:
    """rgb, depth and masks, each NAME.png; 4369 counts are 10/3 m. invalid, transparent: what counts."""
    for name in names:
        write_image(folder / "rgb" / f"{name}.png", gradient((480, 640)))
        write_image(folder / "depth" / f"{name}.png", np.broadcast_to(np.uint16(counts), (480, 640)))
        write_image(folder / "mask_invalid" / f"{name}.png", np.broadcast_to(np.bool_(invalid), (480, 640)))
        write_image(folder / "mask_transp" / f"{name}.png", np.broadcast_to(np.bool_(transparent), (480, 640)))
        write_text(folder / "texts" / "rgb" / f"{name}.txt", name)
    (folder / "imagelist.txt").write_text("".join(f"{name}\n" for name in names))
    return DatasetConfig("ibims", root=str(folder), text_root=str(folder / "texts"))


def write_hypersim(
    folder: Path, count: int = 2, distance: float | np.ndarray = 2.0, size: tuple[int, int] = HYPERSIM_SIZE
) -> DatasetConfig:
    """ai_001_001/images, two cameras in turn; metres from the camera's centre in half precision, as published."""
    import h5py

    for number in range(count):
        camera = f"ai_001_001/images/scene_cam_{number % 2:02d}"
        image = f"{camera}_final_preview/frame.{number:04d}.tonemap.jpg"
        depth = folder / f"{camera}_geometry_hdf5/frame.{number:04d}.depth_meters.hdf5"
        write_image(folder / image, gradient(size))
        depth.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(depth, "w") as file:
            file["dataset"] = np.broadcast_to(np.float16(distance), size)
        write_text((folder / "texts" / image).with_suffix(".txt"), f"hall {number}")
    return DatasetConfig("hypersim", root=str(folder), text_root=str(folder / "texts"))


def write_diode(
    folder: Path,
    count: int = 2,
    depth: float | np.ndarray = 5.0,
    mask: float | np.ndarray = 1.0,
    size: tuple[int, int] = DIODE_SIZE,
) -> DatasetConfig:
    """outdoor/scene_00022/scan_00193: images, metres (H, W, 1) and masks as arrays."""
    for number in range(count):
        image = f"outdoor/scene_00022/scan_00193/00022_00193_outdoor_000_{10 * number:03d}.png"
        stem = str(folder / image).removesuffix(".png")
        write_image(folder / image, gradient(size))
        np.save(f"{stem}_depth.npy", np.broadcast_to(np.float32(depth), size)[..., None])
        np.save(f"{stem}_depth_mask.npy", np.broadcast_to(np.float64(mask), size))
        write_text((folder / "texts" / image).with_suffix(".txt"), f"street {number}")
    return DatasetConfig("diode_outdoor", root=str(folder), text_root=str(folder / "texts"))


def write_simcol(
    folder: Path, count: int = 2, counts: int | np.ndarray = 3264, size: tuple[int, int] = SIMCOL_SIZE
) -> DatasetConfig:
    """SyntheticColon_I/Frames_S5 with FrameBuffer_NNNN.png and Depth_NNNN.png; 3264 counts are 10 mm."""
    video = folder / "SyntheticColon_I" / "Frames_S5"
    for number in range(count):
        write_image(video / f"FrameBuffer_{number:04d}.png", gradient(size))
        write_image(video / f"Depth_{number:04d}.png", np.broadcast_to(np.uint16(counts), size))
    return DatasetConfig("simcol", root=str(folder))
