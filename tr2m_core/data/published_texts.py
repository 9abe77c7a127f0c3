"""The splits and captions that the paper's authors publish: which is for which data set, and the folder they lie in.

The folder has the paths of the authors' repository, so that a copy of that serves as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from tr2m_core.data.base import DatasetConfig
from tr2m_core.data.dataset import Part
from tr2m_core.errors import InputError
from tr2m_core.weights.hub import expanded, weights_folder

SPLITS, TEXTS = "data_splits", "text/text_all"


@dataclass(frozen=True)
class PublishedTexts:
    """Paths below the folder. text_file: a line per image of the split or, where there is none, of the layout."""

    split: str = ""
    text_root: str = ""
    text_file: str = ""


PARTS = {
    part: {
        "nyu": PublishedTexts(f"{SPLITS}/nyudepthv2/nyudepthv2_{part}_files_with_gt.txt", f"{TEXTS}/nyu/{part}"),
        "kitti": PublishedTexts(f"{SPLITS}/kitti/eigen_{part}_files_with_gt.txt", f"{TEXTS}/kitti/{part}"),
        "void": PublishedTexts(f"{SPLITS}/void/{part}_image.txt", f"{TEXTS}/void/{part}"),
    }
    for part in get_args(Part)
}
PARTS["test"] |= {
    "sunrgbd": PublishedTexts(
        f"{SPLITS}/sunrgbd/sunrgbd_testing_images.txt", text_file=f"{TEXTS}/sunrgbd/sunrgbd_all.txt"
    ),
    "ibims": PublishedTexts(text_file=f"{TEXTS}/ibims1/ibims1_all.txt"),
    "hypersim": PublishedTexts(text_file=f"{TEXTS}/hypersim/hypersim_all.txt"),
}
# In the order of no list that is published, so that it is used with one of the user's own only.
DIODE_OUTDOOR = f"{TEXTS}/diode_outdoor/diode_outdoor_all.txt"


def default_folder() -> Path:
    """Where `tr2m download texts` puts them unless told otherwise."""
    return weights_folder() / "texts"


def find_folder(given: Path | None) -> Path | None:
    """The folder that was named, else the default one where there is one. Raises InputError for one without texts."""
    folder = default_folder() if given is None else expanded(given)
    if (folder / SPLITS).is_dir() or (folder / TEXTS).is_dir():
        return folder
    if given is None:
        return None
    what = f"holds neither {SPLITS}/ nor {TEXTS}/"
    raise InputError(f"{folder}: {what}; `tr2m download texts --texts {folder}` puts the published ones there")


def with_published_texts(config: DatasetConfig, folder: Path, part: Part) -> tuple[DatasetConfig, str]:
    """The configuration with what the folder has and it does not name itself, and a line that says so, or nothing.

    A text file with a line per image is taken together with the order of its images, or not at all.
    """
    known = PARTS[part].get(config.name, PublishedTexts())
    wanted = {key: path for key, path in vars(known).items() if path and not getattr(config, key)}
    if config.text_root or config.text_file:
        wanted.pop("text_root", None)
    taken = {key: path for key, path in wanted.items() if (folder / path).exists()}
    ordered = bool(known.text_file)
    if not taken or (ordered and (len(taken) < len(wanted) or config.split or config.text_root or config.text_file)):
        return config, ""
    told = ", ".join(f"{key} {path}" for key, path in taken.items())
    paths: dict[str, Any] = {key: str(folder / path) for key, path in taken.items()}
    return replace(config, **paths), f"{told}, in {folder}"
