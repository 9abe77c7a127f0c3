"""docs/protocols.md as a plain program: nothing of tr2m_core in it, everything spelled out, no options.

`evaluate` returns the nine metrics by row, for a network given as a function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

# (1, 3, h, w) normalised and a sentence -> metric depth (1, 1, h, w)
Network = Callable[[torch.Tensor, str], torch.Tensor]

INPUT_SIZE = {"kitti": (350, 1204), "sunrgbd": (518, 728)}
RANGE = {
    "nyu": (0.001, 10),
    "kitti": (0.001, 80),
    "void": (0.2, 5),
    "c3vd": (0.1, 100),
    "sunrgbd": (0.001, 8),
    "ibims": (0.001, 10),
    "hypersim": (0.001, 80),
    "diode_outdoor": (0.001, 80),
    "simcol": (0.1, 100),
}
PER_COUNT = {
    "nyu": 1 / 1000,
    "kitti": 1 / 256,
    "void": 1 / 256,
    "c3vd": 100 / 65535,
    "sunrgbd": 1 / 10000,
    "ibims": 50 / 65535,
    "simcol": 200 / (255 * 256),
}
C3VD_TEST = (
    "cecum_t1_a cecum_t2_a cecum_t3_a sigmoid_t1_a sigmoid_t3_b trans_t2_b trans_t3_b trans_t4_b".split()  # noqa: SIM905
)
PLACES = {"cecum": "cecum", "desc": "descending colon", "sigmoid": "sigmoid colon", "trans": "transcending colon"}
NUMBERS = {"1": "one", "2": "two", "3": "three", "4": "four"}
SIMCOL_DESCRIPTION = "The image shows a medical scene of a cecum with texture type one."


def evaluate(name: str, folders: dict[str, Path], network: Network) -> dict[str, list[float]]:
    """Means over the images by row: the mean of each metric. folders: root, gt, texts, split, text_file as needed."""
    rows: dict[str, list[list[float]]] = {}
    for image, depth_file, description in samples(name, folders):
        image, truth, mask = np.array(Image.open(image).convert("RGB")), read_depth(name, depth_file), None
        if name == "kitti":
            height, width = truth.shape
            left = (width - 1216) // 2
            image = image[height - 352 :, left : left + 1216]
            truth = truth[height - 352 :, left : left + 1216]
        if name == "c3vd":
            height, width = truth.shape
            truth = truth[np.arange(480) * height // 480][:, np.arange(640) * width // 640]
        if name == "diode_outdoor":
            mask = np.load(str(depth_file).replace("_depth.npy", "_depth_mask.npy")).reshape(truth.shape) > 0
        for normalised in (False, True) if name == "ibims" else (True,):
            prediction = predict(name, image, description, normalised, truth.shape, network)
            label = "" if normalised else "colours not normalised"
            rows.setdefault(label, []).append(measure(name, truth, prediction, None))
            if mask is not None:
                rows.setdefault("validity mask applied", []).append(measure(name, truth, prediction, mask))
    return {label: np.mean([row for row in found if row], axis=0).tolist() for label, found in rows.items()}


# ---- which images, with which depth and sentence ----


def samples(name: str, folders: dict[str, Path]) -> Iterator[tuple[Path, Path, str]]:
    root = folders["root"]
    if name in ("nyu", "kitti", "void"):
        for line in folders["split"].read_text().splitlines():
            image, depth = (path.lstrip("/") for path in line.split()[:2])
            if depth != "None":
                text = (folders.get("texts", root) / image).with_suffix(".txt")
                yield root / image, folders.get("gt", root) / depth, text.read_text().splitlines()[0]
        return
    if name == "c3vd":
        for video in sorted(C3VD_TEST):
            place, texture = re.fullmatch(r"(\w+)_t(\d)_\w", video).groups()
            description = f"The image shows a medical scene of {PLACES[place]} with texture type {NUMBERS[texture]}."
            for image in sorted((root / video).glob("*_color.png")):
                yield image, image.with_name(image.name.replace("_color.png", "_depth.tiff")), description
        return
    if name == "simcol":
        for image in sorted(root.glob("*/Frames_*/FrameBuffer_*.png")):
            yield image, image.with_name(image.name.replace("FrameBuffer", "Depth")), SIMCOL_DESCRIPTION
        return
    if name == "sunrgbd":
        images = sorted((root / "rgb").glob("img-*.jpg"))
        depths = [root / "depth" / f"{int(image.stem[4:])}.png" for image in images]
    elif name == "ibims":
        names = (root / "imagelist.txt").read_text().split()
        images = [root / "rgb" / f"{name}.png" for name in names]
        depths = [root / "depth" / f"{name}.png" for name in names]
    elif name == "hypersim":
        images = sorted(root.glob("*/images/scene_cam_*_final_preview/frame.*.tonemap.jpg"))
        depths = [
            Path(str(image).replace("_final_preview", "_geometry_hdf5").replace(".tonemap.jpg", ".depth_meters.hdf5"))
            for image in images
        ]
    else:
        images = [root / line for line in folders["split"].read_text().split()]
        depths = [Path(str(image).replace(".png", "_depth.npy")) for image in images]
    yield from zip(images, depths, folders["text_file"].read_text().splitlines(), strict=True)


def read_depth(name: str, path: Path) -> np.ndarray:
    """(H, W), 0 where there is no measurement."""
    if name == "hypersim":
        import h5py

        with h5py.File(path) as file:
            distance = file["dataset"][:].astype(np.float64)
        height, width = distance.shape
        focal = 886.81 * width / 1024
        x = np.arange(width) + 0.5 - width / 2
        y = (np.arange(height) + 0.5 - height / 2)[:, None]
        depth = distance * focal / np.sqrt(x**2 + y**2 + focal**2)
    elif name == "diode_outdoor":
        depth = np.load(path)[..., 0]
    else:
        depth = np.asarray(Image.open(path)).astype(np.float64) * PER_COUNT[name]
    if name == "ibims":
        for folder in ("mask_invalid", "mask_transp"):
            depth = np.where(np.asarray(Image.open(path.parents[1] / folder / path.name)) != 0, depth, 0)
    return np.where(np.isfinite(depth), depth, 0)


# ---- prediction ----


def predict(
    name: str, image: np.ndarray, description: str, normalised: bool, size: tuple[int, int], network: Network
) -> np.ndarray:
    if name in ("c3vd", "simcol"):
        image = np.array(Image.fromarray(image).resize((640, 480), Image.Resampling.BILINEAR))
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    if normalised:
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        pixels = (pixels - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    if name in ("hypersim", "diode_outdoor"):
        pixels = F.interpolate(pixels, (480, 640), mode="bilinear", antialias=True, align_corners=False)
    pixels = F.interpolate(pixels, INPUT_SIZE.get(name, (434, 560)), mode="bilinear", align_corners=True)
    depth = F.interpolate(network(pixels, description), size, mode="bilinear", align_corners=True)
    return depth[0, 0].numpy()


# ---- measurement ----


def measure(name: str, truth: np.ndarray, prediction: np.ndarray, mask: np.ndarray | None) -> list[float]:
    """The nine metrics; none when nothing counts."""
    low, high = RANGE[name]
    counts = (truth > low) & (truth < high)
    inside = np.zeros(truth.shape, bool)
    height, width = truth.shape
    if name in ("nyu", "void", "sunrgbd", "ibims"):
        inside[45:471, 41:601] = True
    elif name in ("kitti", "diode_outdoor"):
        rows = slice(int(0.40810811 * height), int(0.99189189 * height))
        inside[rows, int(0.03594771 * width) : int(0.96405229 * width)] = True
    else:
        inside[:] = True
    counts &= inside if mask is None else inside & mask
    if not counts.any():
        return []
    prediction = np.where(np.isnan(prediction), low, np.where(np.isposinf(prediction), high, prediction))
    t, p = truth[counts].astype(np.float64), np.clip(prediction, low, high)[counts].astype(np.float64)
    e = np.log(p) - np.log(t)
    ratio = np.maximum(t / p, p / t)
    return [
        100 * np.sqrt(np.mean(e**2) - np.mean(e) ** 2),
        np.mean(np.abs(t - p) / t),
        np.mean(np.abs(e)) / np.log(10),
        np.sqrt(np.mean((t - p) ** 2)),
        np.mean((t - p) ** 2 / t),
        np.sqrt(np.mean(e**2)),
        *(np.mean(ratio < 1.25**k) for k in (1, 2, 3)),
    ]
