"""FileSource: a data set on disk as a training set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tr2m_core.data.base import BatchSource, DatasetConfig, SampleKey, TrainBatch
from tr2m_core.data.check import examine
from tr2m_core.data.dataset import FileDataset
from tr2m_core.data.transforms import augment, resize_image
from tr2m_core.errors import InputError


class FileSource(BatchSource):
    """The usable records of a data set, augmented, in CPU tensors.

    Records with a fault that shows without decoding images are left out; `check` says how many and why. A damaged
    image raises InputError when its turn comes.
    """

    def __init__(self, dataset: FileDataset, config: DatasetConfig, seed: int) -> None:
        self.dataset, self.seed = dataset, seed
        self.name = dataset.name
        self.protocol = dataset.chosen_protocol(config)
        self.input_size = config.input_size or dataset.input_size
        self.records, self.check = examine(dataset, dataset.records(config))
        if not self.records:
            raise InputError(f"{self.check.summary()}; see tr2m train --check")

    def __len__(self) -> int:
        return len(self.records)

    def batch(self, keys: Sequence[SampleKey], size: tuple[int, int]) -> TrainBatch:
        images, depths, descriptions = zip(*(self._sample(key, size) for key in keys), strict=True)
        if len({depth.shape for depth in depths}) > 1:
            raise InputError(f"{self.name}: depth of several sizes cannot share a batch; set batch_size to 1")
        return TrainBatch(self.name, self.protocol, torch.stack(images), torch.stack(depths), list(descriptions))

    def _sample(self, key: SampleKey, size: tuple[int, int]) -> tuple[Tensor, Tensor, str]:
        """Every choice comes from the key, so that neither resuming nor the number of workers changes it."""
        random = np.random.default_rng((self.seed, key.index, key.epoch))
        image, depth, descriptions, validity = self.dataset.read(self.records[key.index])
        description = descriptions[random.integers(len(descriptions))]
        pixels, depth = augment(image, self.dataset.training_depth(depth, validity), self.dataset.colours, random)
        return resize_image(pixels, size), torch.from_numpy(np.ascontiguousarray(depth))[None], description
