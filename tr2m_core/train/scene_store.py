"""What a frozen backbone says of procedural scenes, and their inverse depth: rendered once, kept on disk.

A store is a folder of shards, each one memory-mapped file with a record per scene. A shard gets its name when it is
whole, so an interrupted run goes on with the next one, and a store of more scenes begins with those of a smaller one.
In advance of a training, with the settings of its configuration:

    python -m tr2m_core.train.scene_store config/train/embedded_relative.yaml
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import multiprocessing
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from numpy.lib.format import open_memmap
from torch import Tensor, nn

from tr2m_core.data.procedural.scenes import ProceduralScenes
from tr2m_core.errors import InputError
from tr2m_core.model.config import ModelConfig
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.presets import EMBEDDED
from tr2m_core.train.config import SceneStoreConfig, TrainConfig
from tr2m_core.train.prepare import prepare
from tr2m_core.train.progress import bar
from tr2m_core.train.workers import begin_work, sigint_held

SCENES_PER_SHARD = 500
SCENES_AT_ONCE = 10  # what a process renders before it looks up
IDENTIFIED_BY = 3  # scenes whose content tells one store from another
LARGEST = 8.0  # inverse depth in units of the scene's median
TARGET = "inverse_depth"

Progress = Callable[[int, int], None]
Halves = npt.NDArray[np.float16]
Moments = npt.NDArray[np.float64]  # (2, channels of all levels): sums of the features and of their squares


class SceneDescriber:
    """Scenes of one seed and size, as a backbone sees them; a function of the index alone."""

    def __init__(self, backbone: nn.Module, model: ModelConfig, seed: int, size: tuple[int, int]) -> None:
        """model: how images are normalised."""
        self.backbone = backbone.eval()
        self.normalize = Normalizer(model, torch.device("cpu"))
        self.scenes = ProceduralScenes(size, seed=seed, varied=True)

    @torch.inference_mode()
    def __call__(self, index: int) -> tuple[list[Halves], Halves]:
        """Features (h, w, C) of every level, and inverse depth (H / 2, W / 2) as `relative_target` gives it."""
        batch = self.scenes.batch([index])
        features = self.backbone(self.normalize(batch.image))
        target = relative_target(batch.depth)
        return [level[0].permute(1, 2, 0).half().numpy() for level in features], target[0, 0].half().numpy()


def relative_target(depth: Tensor) -> Tensor:
    """Inverse depth in units of each image's median, at half the resolution, at most LARGEST.

    depth: (B, 1, H, W) in any unit, 0 where there is none: in the sky, which is infinitely far and gets 0.
    """
    valid = depth > 0
    inverse = torch.where(valid, 1.0 / depth.clamp_min(1e-9), 0.0)
    median = torch.where(valid, inverse, torch.nan).flatten(1).nanmedian(1).values.nan_to_num(1.0)
    return (F.avg_pool2d(inverse, 2) / median.view(-1, 1, 1, 1)).clamp_max(LARGEST)


@dataclass(frozen=True)
class Shard:
    """Scenes `first` to `stop` - 1 of the store in `folder`."""

    folder: Path
    first: int
    stop: int

    @property
    def path(self) -> Path:
        return self.folder / f"{self.first:06}-{self.stop:06}.npy"

    @property
    def moments_path(self) -> Path:
        return self.path.with_suffix(".moments.npy")

    @property
    def partial(self) -> Path:
        return self.path.with_suffix(".partial")

    def chunks(self) -> list[range]:
        return [
            range(start, min(start + SCENES_AT_ONCE, self.stop))
            for start in range(self.first, self.stop, SCENES_AT_ONCE)
        ]


class SceneStore:
    """The scenes of a store, readable in windows.

    size: (height, width) of the images. means, stds: (C,) of every level's features over all scenes.
    """

    def __init__(self, shards: Sequence[Shard], size: tuple[int, int]) -> None:
        self.size, self.folder = size, shards[0].folder
        self._records = [np.load(shard.path, mmap_mode="r") for shard in shards]
        self._firsts = [shard.first for shard in shards]
        self._count = shards[-1].stop
        names = [name for name in self._records[0].dtype.names or () if name != TARGET]
        self.levels = tuple(names)
        self.means, self.stds = self._statistics(np.sum([np.load(shard.moments_path) for shard in shards], axis=0))

    def __len__(self) -> int:
        return self._count

    def shape(self, name: str) -> tuple[int, ...]:
        """(h, w, C) of a level, (H / 2, W / 2) of the target."""
        fields = self._records[0].dtype.fields or {}
        shape: tuple[int, ...] = fields[name][0].shape
        return shape

    def window(self, index: int, name: str, rows: slice, columns: slice) -> Halves:
        """Part of a level or of the target of one scene, not yet read; rows and columns in pixels of the image."""
        place = int(np.searchsorted(self._firsts, index, side="right")) - 1
        stride = self.size[0] // self.shape(name)[0]
        part: Halves = self._records[place][index - self._firsts[place]][name][
            rows.start // stride : rows.stop // stride, columns.start // stride : columns.stop // stride
        ]
        return part

    def _statistics(self, moments: Moments) -> tuple[list[Tensor], list[Tensor]]:
        means, stds, start = [], [], 0
        for name in self.levels:
            height, width, channels = self.shape(name)
            mean, square = moments[:, start : start + channels] / (len(self) * height * width)
            start += channels
            means.append(torch.from_numpy(mean).float())
            stds.append(torch.from_numpy(np.sqrt(np.maximum(square - mean**2, 1e-12))).float())
        return means, stds


def open_store(backbone: nn.Module, model: ModelConfig, config: SceneStoreConfig, progress: Progress) -> SceneStore:
    """The store of these scenes; what is missing of it is rendered first, by `config.workers` processes.

    backbone: on the CPU; images (1, 3, H, W), normalised as `model` says, -> features of several strides.
    progress: is told of scenes done and to do. Raises InputError when there is too little room, OSError when a process
    dies.
    """
    if not config.count:
        raise InputError("relative.scenes.count: 0 must be at least 1; there is nothing to train on")
    describer = SceneDescriber(backbone, model, config.seed, config.size)
    folder, record = _identity(describer, config)
    shards = [
        Shard(folder, first, min(first + SCENES_PER_SHARD, config.count))
        for first in range(0, config.count, SCENES_PER_SHARD)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        missing = [shard for shard in shards if not shard.path.is_file()]
        if missing:
            scenes = sum(shard.stop - shard.first for shard in missing)
            _require_room(folder, scenes * record.itemsize)
            try:
                _render(describer, missing, record, config.workers, lambda n: progress(config.count - n, config.count))
            finally:
                for shard in missing:
                    shard.partial.unlink(missing_ok=True)
    return SceneStore(shards, config.size)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits while another process renders into the folder."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"tr2m: note: {folder}: another process renders these scenes; waiting for it", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _identity(describer: SceneDescriber, config: SceneStoreConfig) -> tuple[Path, np.dtype[np.void]]:
    """Where the store lies, by all that its content depends on, and what a record holds."""
    digest = hashlib.sha256(repr((config.seed, config.size)).encode())
    for name, weights in describer.backbone.state_dict().items():
        digest.update(name.encode() + weights.contiguous().numpy().tobytes())
    for index in range(IDENTIFIED_BY):
        levels, target = describer(index)
        # Four digits: the last ones differ between processors.
        digest.update(" ".join(f"{np.abs(part, dtype=np.float32).mean():.4g}" for part in [*levels, target]).encode())
    fields = [(f"level_{place}", np.float16, level.shape) for place, level in enumerate(levels)]
    record = np.dtype([*fields, (TARGET, np.float16, target.shape)])
    height, width = config.size
    return Path(config.folder) / f"{height}x{width}-seed{config.seed}-{digest.hexdigest()[:16]}", record


def _require_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(
            f"{folder}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free; "
            "choose another relative.scenes.folder, or fewer scenes"
        )


def _render(
    describer: SceneDescriber,
    shards: Sequence[Shard],
    record: np.dtype[np.void],
    workers: int,
    progress: Callable[[int], None],
) -> None:
    """Renders the shards, in order, and gives each its name when it is whole; `progress` is told of scenes left."""
    workers = workers or len(os.sched_getaffinity(0))
    left = sum(shard.stop - shard.first for shard in shards)
    progress(left)
    todo = ((shard, chunk) for shard in shards for chunk in shard.chunks())
    moments: dict[Shard, dict[int, Moments]] = defaultdict(dict)
    running: dict[Future[Moments], tuple[Shard, range]] = {}
    context = multiprocessing.get_context("spawn")  # a forked process would hang in torch's threads
    with ProcessPoolExecutor(workers, context, _start, (describer,)) as pool:
        try:
            while left:
                for shard, chunk in itertools.islice(todo, 2 * workers - len(running)):
                    if chunk.start == shard.first:
                        open_memmap(shard.partial, "w+", record, (shard.stop - shard.first,))
                    with sigint_held():  # Ctrl-C reaches all processes of a terminal: here alone it is to be heeded
                        running[pool.submit(_describe, shard.partial, shard.first, chunk)] = shard, chunk
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    shard, chunk = running.pop(future)
                    moments[shard][chunk.start] = future.result()
                    left -= len(chunk)
                    if len(moments[shard]) == len(shard.chunks()):
                        _finish(shard, moments.pop(shard))
                progress(left)
        except BrokenProcessPool:
            raise OSError(
                "a process that renders scenes ended; out of memory, or no room on the disk? "
                "Use fewer relative.scenes.workers"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _finish(shard: Shard, moments: dict[int, Moments]) -> None:
    total = np.sum([moments[start] for start in sorted(moments)], axis=0)  # in order: sums round
    np.save(shard.moments_path, total)
    os.replace(shard.partial, shard.path)


# ---- in the processes that render ----

_describer: SceneDescriber


def _start(describer: SceneDescriber) -> None:
    global _describer
    _describer = describer
    begin_work()


def _describe(path: Path, first: int, indices: range) -> Moments:
    """Writes the records of these scenes into the shard's file; first: the scene that it begins with."""
    records = open_memmap(path, "r+")
    sums: Moments | float = 0.0
    for index in indices:
        levels, target = _describer(index)
        record = records[index - first]
        for place, level in enumerate(levels):
            record[f"level_{place}"] = level
        record[TARGET] = target
        flat = [level.reshape(-1, level.shape[-1]).astype(np.float64) for level in levels]
        sums = sums + np.concatenate([np.stack((level.sum(0), (level**2).sum(0))) for level in flat], axis=1)
    return np.asarray(sums)


def prepare_scenes(config: TrainConfig) -> str:
    """Renders the scenes of a training's configuration, or what is missing of them, in advance."""
    from tr2m_core.model.relative_depth import load_backbone  # here, for every process that renders imports this module

    settings = config.relative
    store = open_store(load_backbone(settings.backbone), EMBEDDED, settings.scenes, bar("scenes"))
    return f"{len(store):,} scenes in {store.folder}"


def main(arguments: Sequence[str] | None = None) -> int:
    """See `prepare`."""
    return prepare("tr2m_core.train.scene_store", prepare_scenes, arguments)


if __name__ == "__main__":
    sys.exit(main())
