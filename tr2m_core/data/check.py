"""Which records of a data set are usable, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from tr2m_core.data.dataset import FileDataset, Listing, Record
from tr2m_core.data.headers import image_size
from tr2m_core.data.texts import read_texts
from tr2m_core.errors import InputError
from tr2m_core.files.images import read_image
from tr2m_core.metrics.depth import valid_depth

T = TypeVar("T")

EXAMPLES = 3
THREADS = 16  # files may lie on a network drive, where most of the time is waiting


@dataclass
class Finding:
    """A fault, how often it occurs, and the first few cases."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, case: str) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(case)


@dataclass
class DatasetCheck:
    """What is in a data set."""

    name: str
    records: int = 0
    """Number of records with ground truth."""
    usable: int = 0
    """Number of records without a fault."""
    findings: dict[str, Finding] = field(default_factory=dict)
    """How often each fault occurs and its first cases, by fault."""
    error: str = ""
    """Why nothing could be examined, such as a missing root; empty otherwise."""

    def add(self, fault: str, case: str) -> None:
        self.findings.setdefault(fault, Finding()).add(case)

    def summary(self) -> str:
        """One line."""
        if self.error:
            return self.error if self.error.startswith(f"{self.name}:") else f"{self.name}: {self.error}"
        faults = [f"{finding.count} {fault}" for fault, finding in self.findings.items()]
        return f"{self.name}: {', '.join([f'{self.usable} of {self.records} records usable', *faults])}"

    def lines(self) -> list[str]:
        """The summary, and each fault's first cases."""
        cases = [f"  {fault}: {case}" for fault, finding in self.findings.items() for case in finding.examples]
        return [self.summary(), *cases]


def examine(
    dataset: FileDataset,
    listing: Listing,
    pixels: int | None = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Record], DatasetCheck]:
    """The usable records, and what is wrong with the others; each counts under its first fault.

    Every record's files are looked for, the headers of its image and depth and its text read. pixels: how many records,
    evenly spread, are also decoded, which finds damaged files and depth without a single valid pixel; None: all.
    """
    count = len(listing.records)
    decoded = set(range(count)) if pixels is None else set(np.linspace(0, count, pixels, endpoint=False, dtype=int))
    check = DatasetCheck(dataset.name, records=count)
    usable = []

    def fault(place: int) -> _Fault | None:
        try:
            _inspect(dataset, listing.records[place], place in decoded)
        except _Fault as found:
            return found
        return None

    with ThreadPoolExecutor(THREADS) as pool:
        for place, found in enumerate(pool.map(fault, range(count))):
            if found is None:
                usable.append(listing.records[place])
            else:
                check.add(found.kind, str(found))
            if on_progress:
                on_progress(place + 1, count)
    for path in listing.unmeasured:
        check.add("without ground truth", str(path))
    for path in listing.unassigned:
        check.add("folders of neither part", f"{path}: a split file may name what is in it")
    check.usable = len(usable)
    return usable, check


class _Fault(Exception):
    """kind: one of few, to count by; the message names the file."""

    def __init__(self, kind: str, case: object) -> None:
        super().__init__(str(case))
        self.kind = kind


def _inspect(dataset: FileDataset, record: Record, decode: bool) -> None:
    """Raises _Fault for the first thing wrong with a record."""
    files = [("missing image", record.image), ("missing depth", record.depth)]
    files += [("missing mask", path) for path in dataset.masks(record)]
    files += [] if record.text is None else [("missing text", record.text)]
    for kind, path in files:
        if not path.is_file():
            raise _Fault(kind, path)
    if record.text is not None:
        _attempt("empty text", read_texts, record.text)
    size = _attempt("unreadable image", image_size, record.image)
    depth_size = _attempt("unreadable depth", dataset.measured_size, record)
    _attempt("wrong size", dataset.check_sizes, record, size, depth_size)
    if decode:
        _inspect_pixels(dataset, record)


def _inspect_pixels(dataset: FileDataset, record: Record) -> None:
    image = _attempt("unreadable image", read_image, record.image, False)
    depth = _attempt("unreadable depth", dataset.read_depth, record)
    _attempt("wrong size", dataset.check_sizes, record, image.shape[:2], depth.shape)
    validity = _attempt("unreadable depth", dataset.validity, record)
    depth = dataset.training_depth(dataset.frame(image, depth)[1], validity)
    low, high = dataset.protocol.min_depth, dataset.protocol.max_depth
    if not valid_depth(depth, low, high).any():
        raise _Fault("no valid depth", f"{record.depth}: nothing between {low:g} and {high:g}")


def _attempt(kind: str, action: Callable[..., T], *arguments: Any) -> T:
    try:
        return action(*arguments)
    except InputError as error:
        raise _Fault(kind, error) from None
