"""The evaluation part of a published data set on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tr2m_core.data.base import DatasetConfig
from tr2m_core.data.check import DatasetCheck, examine
from tr2m_core.data.registry import find_dataset
from tr2m_core.data.texts import read_texts
from tr2m_core.errors import InputError
from tr2m_core.eval.protocols import PUBLISHED, evaluation_crop
from tr2m_core.eval.samples import Sample, SampleSet
from tr2m_core.weights.hub import expanded

MILLIMETRES = ("c3vd", "simcol")  # sets whose depth is in millimetres


class FileSamples(SampleSet):
    """The usable records of a data set, in its order.

    unmeasured: how many more the split has no ground truth for; these are no fault, and not in `check`.
    """

    check: DatasetCheck

    def __init__(
        self,
        config: DatasetConfig,
        *,
        texts: bool = True,
        limit: int = 0,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """texts: whether own sentences are needed. limit: at most so many records, spread over the set; 0: all.

        Raises InputError for roots and split files.
        """
        self.dataset = find_dataset(config.name)
        self.name = self.dataset.name
        self.unit = unit_of(self.name)
        self.input_size = config.input_size or self.dataset.input_size
        self.normalisation, self.masking = self.dataset.normalisation, self.dataset.masking
        self.published = PUBLISHED.get(self.name)
        self.limits = (self.dataset.protocol.min_depth, self.dataset.protocol.max_depth)
        self.root = expanded(config.root)
        listing = self.dataset.records(config, "test", texts)
        self.unmeasured = len(listing.unmeasured)
        self.notes = self.dataset.notes(config, listing)
        records, self.check = examine(self.dataset, replace(listing, unmeasured=[]), on_progress=on_progress)
        step = max(1, len(records) // limit) if limit else 1
        self.records = records[::step][: limit or None]

    def __len__(self) -> int:
        return len(self.records)

    def image(self, number: int) -> str:
        return self.records[number].image.relative_to(self.root).as_posix()

    def description(self, number: int) -> str:
        record = self.records[number]
        return record.description if record.text is None else read_texts(record.text)[0]

    def read(self, numbers: range) -> list[Sample | InputError]:
        return [self._read(number) for number in numbers]

    def _read(self, number: int) -> Sample | InputError:
        try:
            image, depth, descriptions, validity = self.dataset.read(self.records[number])
        except InputError as error:
            return error
        crop = evaluation_crop(self.dataset.crop, (depth.shape[0], depth.shape[1]))
        return Sample(image, descriptions[0] if descriptions else "", depth, crop, self.limits, validity)

    def about(self) -> dict[str, Any]:
        return {"crop": self.dataset.crop, "without_ground_truth": self.unmeasured}


def unit_of(dataset: str) -> str:
    """Of a data set's depth: see `SampleSet`."""
    return "mm" if dataset in MILLIMETRES else "m"
