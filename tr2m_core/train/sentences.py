"""What the frozen text encoder says of generated sentences: encoded once, kept on disk.

A store is a folder of shards, one file each. A shard gets its name when it is whole, so an interrupted run goes on
with the next one, and a store of more sentences begins with those of a smaller one. In advance of a training:
`python -m tr2m_core.train.features CONFIG.yaml`.
"""

from __future__ import annotations

import copy
import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tr2m_core.data.procedural.descriptions import DOMAINS, SIZES, places
from tr2m_core.data.procedural.scenes import ProceduralScenes
from tr2m_core.devices import has_fast_bf16
from tr2m_core.model.tensors import writing
from tr2m_core.model.text_encoder import TextEncoder
from tr2m_core.train.config import FeaturesConfig
from tr2m_core.train.workers import begin_work, sigint_held

SENTENCES_PER_SHARD = 4000
SENTENCES_AT_ONCE = 64  # more of them spend their time on padding
IDENTIFIED_BY = 256  # sentences that tell one store from another
SENTENCES_SEED = 1_000_003  # added to the scenes' seed: sentences of other scenes than those rendered

Progress = Callable[[int, int], None]


@torch.inference_mode()
def stored_sentences(encoder: TextEncoder, config: FeaturesConfig, progress: Progress) -> dict[str, Tensor]:
    """text (N, Ct) in half precision, size (N,) metres, domain (N,); what is missing of the store is encoded first.

    progress: is told of sentences done and to do. Raises OSError when a process dies or the disk is full.
    """
    scenes = ProceduralScenes((1, 1), seed=config.seed + SENTENCES_SEED)
    folder = _folder(encoder, scenes, config.folder)
    starts = range(0, config.sentences, SENTENCES_PER_SHARD)
    shards = [range(start, min(start + SENTENCES_PER_SHARD, config.sentences)) for start in starts]
    missing = [shard for shard in shards if not _path(folder, shard).is_file()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        left = sum(map(len, missing))
        for shard in _encoded(fast(encoder), scenes, folder, missing, config.workers):
            left -= len(shard)
            progress(config.sentences - left, config.sentences)
    parts = [load_file(_path(folder, shard)) for shard in shards]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def fast(encoder: TextEncoder) -> TextEncoder:
    """The encoder in bf16 where its device multiplies that in hardware: 3.5 times as fast, cosine to fp32 > 0.9998."""
    if not has_fast_bf16(next(encoder.network.parameters()).device):
        return encoder
    encoder = copy.deepcopy(encoder)
    encoder.network.to(torch.bfloat16)
    return encoder


def encode(encoder: TextEncoder, sentences: Sequence[str]) -> Tensor:
    """Embeddings (N, Ct) in half precision on the CPU; equal sentences are encoded once."""
    # Alike lengths together: padding costs time.
    distinct = sorted(set(sentences), key=lambda text: (len(text), text))
    parts = [
        encoder.encode(distinct[start : start + SENTENCES_AT_ONCE]).squeeze(1).half().cpu()
        for start in range(0, len(distinct), SENTENCES_AT_ONCE)
    ]
    indices = {text: index for index, text in enumerate(distinct)}
    return torch.cat(parts)[[indices[text] for text in sentences]]


def _folder(encoder: TextEncoder, scenes: ProceduralScenes, parent: str) -> Path:
    """Where the store lies, by all that its content depends on, except how many sentences there are."""
    first = [scenes.describe(index) for index in range(IDENTIFIED_BY)]
    metres = [f"{place.name} {place.distance_m}" for place in places().values()]
    # Four digits: the last ones differ between processors.
    embedding = f"{encoder.encode(first[:1]).double().abs().sum().item():.4g}"
    text = "\n".join([*first, *metres, repr(SIZES), embedding])
    return Path(parent) / f"sentences-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _path(folder: Path, shard: range) -> Path:
    return folder / f"{shard.start:07}-{shard.stop:07}.safetensors"


def _write(encoder: TextEncoder, scenes: ProceduralScenes, folder: Path, shard: range) -> range:
    facts = [scenes.facts(index) for index in shard]
    tensors = {
        "text": encode(encoder, [scenes.describe(index) for index in shard]),
        "size": torch.tensor([fact.distance_m for fact in facts]),
        "domain": torch.tensor([DOMAINS.index(fact.domain) for fact in facts]),
    }
    path = _path(folder, shard)
    temporary = path.with_suffix(f".{os.getpid()}.partial")
    with writing(path):
        save_file(tensors, temporary)
    os.replace(temporary, path)
    return shard


def _encoded(
    encoder: TextEncoder, scenes: ProceduralScenes, folder: Path, shards: Sequence[range], workers: int
) -> Iterator[range]:
    """Writes the shards and yields each when it is whole; on a GPU, or for a single shard, in this process."""
    workers = min(workers or len(os.sched_getaffinity(0)), len(shards))
    if workers == 1 or next(encoder.network.parameters()).device.type != "cpu":
        for shard in shards:
            yield _write(encoder, scenes, folder, shard)
        return
    context = multiprocessing.get_context("spawn")  # a forked process would hang in torch's threads
    with ProcessPoolExecutor(workers, context, _start, (encoder, scenes, folder)) as pool:
        try:
            with sigint_held():
                futures = [pool.submit(_write_shard, shard) for shard in shards]
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            raise OSError("a process that encodes sentences ended; out of memory? Use fewer features.workers") from None
        finally:
            pool.shutdown(cancel_futures=True)
            for left in folder.glob("*.partial"):
                left.unlink(missing_ok=True)


# ---- in the processes that encode ----

_writer: tuple[TextEncoder, ProceduralScenes, Path]


def _start(encoder: TextEncoder, scenes: ProceduralScenes, folder: Path) -> None:
    global _writer
    _writer = encoder, scenes, folder
    begin_work()


def _write_shard(shard: range) -> range:
    with torch.inference_mode():
        return _write(*_writer, shard)
