"""Memory against what models need, room on the disks, and where downloads go."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tr2m_core.doctor.compute import device_seen, torch_seen
from tr2m_core.doctor.finding import OK, WARNING, Finding, gigabytes
from tr2m_core.doctor.model import WEIGHTS, not_cached
from tr2m_core.errors import InputError
from tr2m_core.model.config import RescaleHeadConfig
from tr2m_core.model.presets import MINILM, PRESETS, RELEASED_HEADS
from tr2m_core.model.sources import ModelSources, Overrides, Part, find_model
from tr2m_core.weights import hub

# Parameters of what models use, and of the file to download where that holds more.
PARAMETERS = {
    "LiheYoung/depth-anything-small-hf": 25e6,
    "LiheYoung/depth-anything-base-hf": 97e6,
    "LiheYoung/depth-anything-large-hf": 335e6,
    "facebook/dinov2-large": 304e6,
    "openai/clip-vit-large-patch14": 124e6,
    MINILM.source: 23e6,
}
DOWNLOADED_PARAMETERS = PARAMETERS | {"openai/clip-vit-large-patch14": 428e6}  # with the image tower
RELEASED_HEAD_PARAMETERS = 19e6
BYTES = 4  # per parameter, float32
# Measured on a CPU in float32, one frame: the process peaks at 2.3 to 2.4 GiB with `paper`, 3.5 with `paper-large`
# (434x560), 2.5 with `paper` at 518x728 and 0.5 with `embedded`; weights and these two terms give the same within 10 %.
RUNTIME = 0.4 * 2**30  # torch, transformers and Python
PER_PIXEL = 1000  # bytes of activations per pixel of model input
MEMORY = Path("/proc/meminfo")
SHARED_MEMORY = Path("/dev/shm")
LOADING = 0.87e9  # bytes that the eight workers of config/train/paper.yaml take


def memory(name: str, overrides: Overrides, device: str) -> Iterator[Finding]:
    """One line per preset, and one for the selected model when that is none of them."""
    free, gpu = free_memory(), free_gpu_memory(device)
    for preset in PRESETS:
        yield fits(find_model(preset), free, gpu)
    if name not in PRESETS and not name.endswith(".onnx") and not list(not_cached(name, overrides)):
        try:
            yield fits(find_model(name, overrides), free, gpu)
        except InputError:
            return  # told by `model.parts`


def needed_memory(sources: ModelSources, copies: int = 1) -> float:
    """Bytes that a frame in float32 takes; parts that are neither known nor here count as nothing."""
    height, width = sources.config.input_size
    weights = sum(BYTES * (_parameters(part, sources) or 0) for part in sources.parts.values())
    return RUNTIME + copies * weights + PER_PIXEL * height * width


def free_memory(file: Path = MEMORY) -> int:
    """Bytes that processes can still have without swapping."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", file.read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{file}: no MemAvailable")
    return int(found[1]) * 1024


def free_gpu_memory(device: str) -> int | None:
    """Free bytes of the GPU that the models would run on, None where they run on the processor or not at all."""
    facts, chosen = torch_seen(), device_seen(device)
    return facts.gpus[chosen.index].free if facts and chosen and chosen.index is not None else None


def fits(sources: ModelSources, free: float, gpu: float | None) -> Finding:
    """Whether the model fits into so many free bytes of memory, and of the GPU's unless that is None."""
    check = f"memory: {Path(sources.name).name}"
    need = needed_memory(sources)
    if gpu is None:
        found = f"{gigabytes(need)} needed, {gigabytes(free)} free"
        fix = "end other programs, or use a smaller model"
        return Finding(check, OK, found) if need <= free else Finding(check, WARNING, found, fix)
    # On its way to the GPU a model in half precision is copied once in main memory.
    loading = needed_memory(sources, copies=2)
    found = f"GPU: up to {gigabytes(need)} needed, {gigabytes(gpu)} free; loading: {gigabytes(loading)} needed, "
    found += f"{gigabytes(free)} free"
    if need <= gpu and loading <= free:
        return Finding(check, OK, found)
    return Finding(check, WARNING, found, "end other programs, use a smaller model or --device cpu")


def shared_memory(folder: Path = SHARED_MEMORY) -> Iterator[Finding]:
    """Room for the batches that processes hand over; nothing on systems without such a folder."""
    if not folder.is_dir():
        return
    free = shutil.disk_usage(folder).free
    found = f"{gigabytes(free)} free in {folder}; training as published needs {gigabytes(LOADING)}"
    fix = "start the container with --shm-size=8g or --ipc=host, or train with --set workers=0"
    yield Finding("shared memory", OK, found) if free >= LOADING else Finding("shared memory", WARNING, found, fix)


def _parameters(part: Part, sources: ModelSources) -> float | None:
    if part.source in PARAMETERS:
        return PARAMETERS[part.source]
    if part.role == "rescale_head" and sources.config.rescale_head == RescaleHeadConfig():
        return RELEASED_HEAD_PARAMETERS
    if part.path is None:
        return None
    file = part.path if part.path.is_file() else part.path / WEIGHTS
    return file.stat().st_size / BYTES


def downloads(name: str) -> Iterator[Finding]:
    """Whether downloads are allowed, where they go, and whether the published weights that are not here would fit."""
    from huggingface_hub import constants

    from tr2m_core.weights.hub import require_network

    try:
        require_network("weights")
        yield Finding("downloads", OK, "allowed (HF_HUB_OFFLINE not set)")
    except InputError as error:
        yield Finding("downloads", OK, str(error))
    model = name if name in PRESETS and name != "embedded" else "paper"
    absent = [part for part in find_model(model).parts.values() if part.path is None]
    encoders = BYTES * sum(DOWNLOADED_PARAMETERS.get(part.source, 0) for part in absent)
    lacks_head = model in RELEASED_HEADS and any(part.role == "rescale_head" for part in absent)
    head = BYTES * RELEASED_HEAD_PARAMETERS if lacks_head else 0
    yield room("Hub cache", Path(constants.HF_HUB_CACHE), "HF_HOME", encoders, model)
    yield room("released heads", hub.weights_folder(), "TR2M_HOME", head, model)


def room(check: str, folder: Path, variable: str, size: float, model: str) -> Finding:
    """Room for `size` more bytes on the disk that holds the folder, or will; the environment variable chooses it."""
    if problem := hub.unwritable(folder):
        return Finding(check, WARNING, f"{folder}: {problem}", f"set {variable} to a folder for downloads")
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    setting = f"{variable}={os.environ[variable]}" if os.environ.get(variable) else f"{variable} not set"
    wanted = f"`tr2m download {model}` adds {gigabytes(size) if size else 'nothing'}"
    found = f"{folder} ({setting}), {gigabytes(free)} free; {wanted}"
    if size <= free:
        return Finding(check, OK, found)
    return Finding(check, WARNING, found, f"make room, or set {variable} to a folder on a larger disk")
