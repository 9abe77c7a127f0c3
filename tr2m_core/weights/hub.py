"""Where weights lie on this machine: the Hub's cache, installed packages, a folder for released heads."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tr2m_core.errors import InputError

PACKAGE = "package:"

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]*[\w]")
NETWORK_FILES = ("config.json", "model.safetensors")
TOKENIZER_FILES = ("tokenizer_config.json", "tokenizer.json")
PART_FILES = {
    "relative_depth": NETWORK_FILES,
    "image_encoder": NETWORK_FILES,
    "text_encoder": NETWORK_FILES + TOKENIZER_FILES,
}
OPTIONAL_FILES = ("special_tokens_map.json", "vocab.json", "merges.txt", "vocab.txt")  # older tokenizers


@dataclass(frozen=True)
class ReleasedHead:
    """A rescale head that its authors publish as one file: its name here, where it comes from, and its licence."""

    file: str
    url: str
    licence: str


def is_hub_id(source: str) -> bool:
    """Whether the text has the form OWNER/NAME and is nothing that lies on this machine."""
    return _HUB_ID.fullmatch(source) is not None and not Path(source).exists()


def weights_folder() -> Path:
    """Where `tr2m download` puts released heads: $TR2M_HOME, else tr2m in the user's cache folder."""
    if home := os.environ.get("TR2M_HOME"):
        return expanded(home)
    return expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "tr2m"


def expanded(path: str | Path) -> Path:
    """The path with ~ as the home folder, or as it is where there is none, as in containers run by an unknown user."""
    return Path(os.path.expanduser(path))


def require_writable(folder: Path, variable: str) -> None:
    """Raises InputError when nothing can be put into the folder, which the environment variable chooses."""
    if problem := unwritable(folder):
        raise InputError(f"{folder}: {problem}; set {variable} to a folder for downloads")


def unwritable(folder: Path) -> str:
    """Why nothing can be put into a folder, which may have to be made yet; empty when it can."""
    if folder.parts[:1] == ("~",):
        return "there is no home folder"
    place = folder.absolute()
    while not os.path.exists(place):  # where Path.exists raises, nothing is to be seen for us
        place = place.parent
    if not place.is_dir():
        return f"{place} is a file"
    return "" if os.access(place, os.W_OK | os.X_OK) else f"{place} cannot be written"


def find_cached(hub_id: str, files: Sequence[str]) -> Path:
    """The folder in the Hub's cache that holds `files` of a repository; asks nobody but the disk.

    Raises InputError that names the missing files.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = {name: try_to_load_from_cache(hub_id, name) for name in files}
    except HFValidationError as error:
        raise InputError(f"{hub_id}: not a Hub id ({' '.join(str(error).split())})") from None
    missing = [f"{hub_id}/{name}" for name, path in found.items() if not isinstance(path, str)]
    if missing:
        raise InputError(f"missing {', '.join(missing)}")
    return Path(str(found[files[0]])).parent


def find_or_fetch(hub_id: str, files: Sequence[str], patterns: Sequence[str] = ()) -> Path:
    """As `find_cached`, and as `fetch` when that finds files missing."""
    try:
        return find_cached(hub_id, files)
    except InputError as error:
        missing = error
    try:
        return fetch(hub_id, files, patterns)
    except InputError as error:
        raise InputError(f"{missing}: {error}") from None


def fetch(hub_id: str, files: Sequence[str], patterns: Sequence[str] = ()) -> Path:
    """Downloads `files` of a repository, and what else matches `patterns`, into the Hub's cache; returns the folder.

    Goes on with what an earlier call left unfinished. Raises InputError when there is no such repository or file, or
    downloads are forbidden; ConnectionError when the network or the Hub fails.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    require_network(hub_id)
    require_writable(Path(constants.HF_HUB_CACHE), "HF_HOME")
    try:
        snapshot_download(hub_id, allow_patterns=[*files, *patterns])
    except GatedRepoError:
        raise InputError(f"{hub_id}: asks for an agreement first: accept it on the Hub, then `hf auth login`") from None
    except RepositoryNotFoundError:
        raise InputError(f"{hub_id}: no such repository on the Hugging Face Hub") from None
    except HFValidationError as error:
        raise InputError(f"{hub_id}: not a Hub id ({error})") from None
    except LocalEntryNotFoundError as error:
        raise ConnectionError(f"{hub_id}: the Hub cannot be reached ({error.__cause__ or error})") from None
    except (transport_error(), OSError, ValueError) as error:  # ValueError: a web page in place of an answer
        raise ConnectionError(f"{hub_id}: cannot be downloaded ({error}); run again to go on") from None
    return find_cached(hub_id, files)


def transport_error() -> type[Exception]:
    """What broken connections to the Hub raise besides OSErrors: of httpx or requests, as huggingface_hub has it."""
    from huggingface_hub.errors import HfHubHTTPError

    return HfHubHTTPError.__mro__[1]


def require_network(what: str) -> None:
    """Raises InputError when the environment forbids downloads."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE"):
            raise InputError(f"{what}: not downloaded, {name}={os.environ[name]} forbids it; unset it for this command")


@functools.lru_cache
def package_file(source: str, file: str, sha256_expected: str | None, what: str) -> Path:
    """A file inside the installed package of a "package:NAME" source, hash verified; nothing is imported.

    file: relative to the package's folder. what: the part of the model in words. Raises InputError.
    """
    name = source.removeprefix(PACKAGE)
    pip_name = name.replace("_", "-")
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            f"{what}'s package {name} is not installed: pip install 'tr2m_ros[embedded]', or pip install {pip_name}"
        )
    path = Path(spec.submodule_search_locations[0]) / file
    if not path.is_file():
        raise InputError(f"{path}: missing; reinstall the package {pip_name}")
    if sha256_expected is not None and (digest := sha256(path)) != sha256_expected:
        raise InputError(f"{path}: sha256 {digest} is not the expected {sha256_expected}; reinstall the package")
    return path


def sha256(path: Path) -> str:
    """The file's hash in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
