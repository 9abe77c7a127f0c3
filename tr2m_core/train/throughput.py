"""How many procedural scenes can be rendered per second: python -m tr2m_core.train.throughput --size 256x320

Measures `ProceduralSource.batch` alone, which is scene layout, ray casting, photograph and sentence, without networks;
training cannot be faster. Wall clock of one process over whole batches of new scenes; a first batch is not counted.
"""

from __future__ import annotations

import argparse
import time
from itertools import count

import torch

from tr2m_core.data.base import DatasetConfig, SampleKey
from tr2m_core.data.input_size import parse_input_size
from tr2m_core.data.procedural.source import ProceduralSource


def images_per_second(source: ProceduralSource, size: tuple[int, int], batch: int, seconds: float) -> float:
    """Renders batches until `seconds` have passed."""
    places = count()

    def render() -> None:
        source.batch([SampleKey(next(places) % len(source), 0) for _ in range(batch)], size)
        if source.device.type == "cuda":
            torch.cuda.synchronize(source.device)

    render()
    started, batches = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < seconds or batches == 0:
        render()
        batches += 1
    return batches * batch / passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", metavar="D", help="cpu, cuda or cuda:N (default: cpu)")
    parser.add_argument("--size", type=parse_input_size, default=(256, 320), metavar="HxW", help="(default: 256x320)")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="images per batch (default: 8)")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: torch's)")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="S", help="how long (default: 10)")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    source = ProceduralSource(DatasetConfig(), seed=0, device=args.device)
    rate = images_per_second(source, args.size, args.batch, args.seconds)
    size = "x".join(str(side) for side in args.size)
    threads = torch.get_num_threads()
    print(f"{rate:.1f} images/s of {size}, batches of {args.batch}, {args.device}, {threads} threads")


if __name__ == "__main__":
    main()
