"""Data sets by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tr2m_core.data.base import BatchSource, DatasetConfig
from tr2m_core.data.c3vd import C3VD
from tr2m_core.data.check import DatasetCheck, examine
from tr2m_core.data.dataset import FileDataset, Part
from tr2m_core.data.diode import DIODEOutdoor
from tr2m_core.data.hypersim import HyperSim
from tr2m_core.data.ibims import IBims
from tr2m_core.data.kitti import KITTI
from tr2m_core.data.nyu import NYU
from tr2m_core.data.simcol import SimCol
from tr2m_core.data.sunrgbd import SUNRGBD
from tr2m_core.data.void import VOID
from tr2m_core.errors import InputError

if TYPE_CHECKING:
    import torch

PROCEDURAL = "procedural"  # rendered, not read
_SETS = (NYU(), KITTI(), VOID(), C3VD(), SUNRGBD(), IBims(), HyperSim(), DIODEOutdoor(), SimCol())
DATASETS: dict[str, FileDataset] = {dataset.name: dataset for dataset in _SETS}


def find_dataset(name: str) -> FileDataset:
    """The data set of that name. Raises InputError, listing the known ones."""
    if name not in DATASETS:
        raise InputError(f"unknown data set '{name}'; known: {', '.join([*DATASETS, PROCEDURAL])}")
    return DATASETS[name]


def build_source(config: DatasetConfig, seed: int, device: str | torch.device) -> BatchSource:
    """The training set that a configuration describes. device: where procedural scenes are rendered.

    Raises InputError for unknown names, folders that are not there, split files, and sets without a usable record.
    """
    if config.name == PROCEDURAL:
        from tr2m_core.data.procedural.source import ProceduralSource

        return ProceduralSource(config, seed, device)
    dataset = find_dataset(config.name)
    from tr2m_core.data.file_source import FileSource  # torch is not needed to check a data set

    return FileSource(dataset, config, seed)


def check_dataset(
    config: DatasetConfig,
    pixels: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    part: Part = "train",
) -> DatasetCheck:
    """Goes over every record of a data set, see `examine`; pixels: how many are decoded, None for all.

    What keeps it from being looked at, such as a missing root, is the check's `error`; nothing is usable then.
    on_progress is called with records done and in all.
    """
    try:
        if config.name == PROCEDURAL:
            scenes = len(build_source(config, 0, "cpu"))
            return DatasetCheck(PROCEDURAL, records=scenes, usable=scenes)
        dataset = find_dataset(config.name)
        listing = dataset.records(config, part)
    except InputError as error:
        return DatasetCheck(config.name, error=str(error))
    return examine(dataset, listing, pixels, on_progress)[1]
