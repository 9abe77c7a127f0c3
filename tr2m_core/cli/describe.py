"""Sentences about images, without a human: a line per image, text files for a data set, or a recording's descriptions.

IMAGE       images and folders of them: a line each, for `tr2m infer --text FILE`. With --lines 10+5, OUT is a folder
            with a text file per image: 10 sentences and 5 lists of objects.
DATASET     a name of `tr2m evaluate --list`, with --root: a folder of such text files, which `tr2m train` and
            `tr2m evaluate` take as text_root.
BAG         a copy of the recording with the topic /scene_description, or with -o FILE.jsonl the descriptions alone.

The embedded captioner works offline with what the embedded model installs. It knows no people, counts nothing, and is
wrong at times: look at its sentences. `tr2m download captioner` brings better ones. An interrupted run goes on where it
stopped; under `accelerate launch` or torchrun the images are shared among processes, and the sentences are the same.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tr2m_core.caption.wording import MOST_SENTENCES, SENTENCE, STYLES
from tr2m_core.cli.common import add_device_arguments
from tr2m_core.cli.infer import find_images
from tr2m_core.console import track
from tr2m_core.errors import InputError
from tr2m_core.files.folders import make_output
from tr2m_core.processes import Processes, join_processes

if TYPE_CHECKING:
    from tr2m_core.caption.captioner import Captioner
    from tr2m_core.types import Pixels

HELP = "sentences about images, data sets and recordings, without a human"
EXAMPLES = """examples:
  tr2m describe photo.jpg
  tr2m describe photos/ -o descriptions.txt
  tr2m describe photos/ --lines 10+5 -o texts/
  tr2m describe nyu --root nyu/train --split nyu_train.txt --part train -o nyu/texts --model florence
  tr2m describe drive/ -o drive_described
  tr2m describe drive/ -o descriptions.jsonl --period 1
  accelerate launch --num_processes 4 -m tr2m_core describe photos/ -o descriptions.txt --model llava
"""
LINES = re.compile(r"(\d{1,2})(?:\+(\d{1,2}))?")
PAPER = "10+5"
ROS1 = ".bag"  # named as one, so that the error says how to convert it


class Wanted(NamedTuple):
    """How many sentences of an image and how many lists of its objects."""

    sentences: int
    lists: int


class Job(NamedTuple):
    """An image to be described: its name in the journal, and how to read it."""

    name: str
    read: Callable[[], Pixels]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", metavar="IMAGE|DATASET|BAG", help="images, folders; a data set; or a bag")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="file or folder; without it lines to stdout")
    parser.add_argument(
        "--model",
        default="embedded",
        metavar="MODEL",
        help="embedded, florence, smolvlm, blip, llava, a directory or a Hub id of such a model (default: embedded)",
    )
    add_device_arguments(parser)
    parser.add_argument(
        "--style",
        choices=STYLES,
        default=SENTENCE,
        help="sentence: the place and what is in it (default); objects: what is in it",
    )
    parser.add_argument(
        "--lines", metavar="N[+M]", help=f"a text file per image, of N sentences and M lists (data sets: {PAPER})"
    )
    files = parser.add_argument_group("data sets")
    files.add_argument("--root", metavar="DIR", help="folder of the images")
    files.add_argument("--split", metavar="FILE", help="split file, as for `tr2m evaluate`")
    files.add_argument("--part", choices=("train", "test"), default="test", help="of the data set (default: test)")
    bags = parser.add_argument_group("bags")
    bags.add_argument("--image-topic", metavar="TOPIC", help="the images to describe (default: the colour images)")
    bags.add_argument("--period", type=float, default=2.0, metavar="S", help="seconds between two looks (default: 2)")
    bags.add_argument("--change", type=float, default=0.3, metavar="D", help="of the image, 0 to 2 (default: 0.3)")
    bags.add_argument("--wordings", type=int, default=4, metavar="N", help="of each description (default: 4)")


def run(args: argparse.Namespace) -> int:
    from tr2m_core.data.registry import DATASETS

    first = args.inputs[0]
    if len(args.inputs) == 1 and is_bag(Path(first)):
        return describe_bag(Path(first), args)
    if len(args.inputs) == 1 and first in DATASETS and not Path(first).exists():
        return describe_dataset(first, args)
    paths = find_images([Path(name) for name in args.inputs])
    if args.lines is not None:
        targets = {path: relative_to_inputs(path, args.inputs).with_suffix(".txt") for path in paths}
        return write_text_files(targets, args)
    return write_lines(paths, args)


def is_bag(path: Path) -> bool:
    """Whether it is a rosbag2 folder or a storage file."""
    from tr2m_core.bags.files import METADATA, SUFFIXES, is_storage

    if path.is_dir():
        return (path / METADATA).is_file() or any(map(is_storage, path.iterdir()))
    return path.name.lower().endswith((*SUFFIXES, ROS1))


def relative_to_inputs(path: Path, inputs: Sequence[str]) -> Path:
    """The image's path below the folder it was found in; its name alone where it was named itself."""
    for folder in map(Path, inputs):
        if folder.is_dir() and path.is_relative_to(folder):
            return path.relative_to(folder)
    return Path(path.name)


def wanted_lines(text: str) -> Wanted:
    """What --lines asks for. Raises InputError."""
    found = LINES.fullmatch(text.strip())
    wanted = Wanted(int(found[1]), int(found[2] or 0)) if found else Wanted(0, 0)
    if not any(wanted) or max(wanted) > MOST_SENTENCES:
        raise InputError(
            f"--lines {text}: give how many sentences and lists, up to {MOST_SENTENCES} each, as in {PAPER}"
        )
    return wanted


def wanted_of(style: str, count: int) -> Wanted:
    """So many of one style."""
    return Wanted(count, 0) if style == SENTENCE else Wanted(0, count)


def sentences_about(captioner: Captioner, rgb: Pixels, wanted: Wanted) -> list[str]:
    """All of them, sentences first."""
    found: list[str] = []
    for style, count in zip(STYLES, wanted, strict=True):
        if count:
            found += captioner.describe([rgb], style, count)[0]
    return found


def write_lines(paths: list[Path], args: argparse.Namespace) -> int:
    """A line per image."""
    wanted = wanted_of(args.style, 1)
    jobs = [Job(str(path), reader(path)) for path in paths]
    if args.output is None:
        captioner = load(args)
        for job in jobs:
            print(sentences_about(captioner, job.read(), wanted)[0], flush=True)
        return 0
    if args.output.resolve() in {path.resolve() for path in paths}:
        raise InputError(f"{args.output}: is an image and would be overwritten")
    require_file(args.output)
    processes, texts = describe_all(jobs, len(jobs), wanted, args)
    if processes.is_main:
        write_text(args.output, (texts[job.name][0] for job in jobs))
        print(f"{len(jobs)} sentences written to {args.output}")
    return 0


def describe_dataset(name: str, args: argparse.Namespace) -> int:
    """Text files for a published data set, named as `text_root` wants them."""
    from tr2m_core.data.base import DatasetConfig
    from tr2m_core.data.registry import find_dataset

    if not args.root:
        raise InputError(f"{name}: --root names the folder of its images")
    listing = find_dataset(name).records(
        DatasetConfig(name=name, root=args.root, split=args.split or ""), args.part, texts=False
    )
    images = [*(record.image for record in listing.records), *listing.unmeasured]
    root = Path(args.root).expanduser()
    targets = {image: image.relative_to(root).with_suffix(".txt") for image in images if image.is_file()}
    if len(targets) < len(images):
        print(f"tr2m: note: {len(images) - len(targets)} images of {name} are not there", file=sys.stderr)
    args.lines = args.lines or PAPER
    return write_text_files(targets, args)


def write_text_files(targets: dict[Path, Path], args: argparse.Namespace) -> int:
    """A text file per image, by its path below OUT. Those that are there already are kept."""
    wanted = wanted_lines(args.lines)
    if args.output is None:
        raise InputError("--lines: -o names the folder for the text files")
    if len(set(targets.values())) < len(targets):
        raise InputError("two of the images have the same name: describe their folders one by one")
    missing = {path: args.output / target for path, target in targets.items() if not (args.output / target).exists()}
    processes = join_processes(args.device)
    mine = list(missing.items())[processes.index :: processes.count]
    captioner = load(args, processes) if mine else None
    for path, target in track(mine, len(mine), "describe"):
        assert captioner is not None
        make_output(target.parent)
        write_text(target, sentences_about(captioner, reader(path)(), wanted))
    done = sum(processes.gather([len(mine)]))
    if processes.is_main:
        kept = len(targets) - done
        print(f"{done} text files written to {args.output}" + (f", {kept} were there" if kept else ""))
    return 0


def describe_bag(path: Path, args: argparse.Namespace) -> int:
    """A copy of the bag with descriptions, or these alone."""
    from tr2m_core.bags.bag import Bag
    from tr2m_core.bags.topics import find_topics
    from tr2m_core.caption.bags import json_lines, new_scenes, write_copy

    if args.output is None:
        raise InputError("-o names the new bag, or a file that ends in .jsonl")
    if args.lines is not None:
        raise InputError("--lines is for images; a bag's descriptions have --wordings")
    if not 1 <= args.wordings <= MOST_SENTENCES:
        raise InputError(f"--wordings {args.wordings}: must be 1 to {MOST_SENTENCES}")
    if not (args.period >= 0 and 0 <= args.change <= 2):  # also rejects NaN
        raise InputError("--period must not be negative, and --change be 0 to 2")
    alone = args.output.suffix.lower() == ".jsonl"
    if not alone and args.output.exists():
        raise InputError(f"{args.output} exists: choose a new folder for the bag, or remove it")
    wanted = wanted_of(args.style, args.wordings)
    with Bag(path) as bag:
        topic = find_topics(bag, image=args.image_topic, depth="none").image
        scenes = new_scenes(bag, topic, args.period, args.change)
        processes, found = describe_all((Job(str(recorded), lambda: rgb) for recorded, rgb in scenes), 0, wanted, args)  # noqa: B023
        damage = bag.damage
    if not found:
        raise InputError(f"{path}: no image on {topic} can be read")
    if processes.is_main:
        texts = {int(name): "\n".join(dict.fromkeys(sentences)) for name, sentences in found.items()}
        if alone:
            write_text(args.output, json_lines(texts))
        elif left_out := write_copy(path, args.output, texts):
            print(f"tr2m: note: {left_out} descriptions of {path} itself are left out", file=sys.stderr)
        if damage:
            print(f"tr2m: note: {path} is damaged: {damage}", file=sys.stderr)
        print(f"{len(texts)} descriptions of {topic} written to {args.output}")
    return 0


def describe_all(
    jobs: Iterable[Job], total: int, wanted: Wanted, args: argparse.Namespace
) -> tuple[Processes, dict[str, list[str]]]:
    """The sentences of all jobs in every process, by name in the order of the jobs; a journal lies beside OUT.

    total: how many jobs there are, 0 where nobody knows.
    """
    from tr2m_core.caption.journal import Journal

    processes = join_processes(args.device)
    settings: dict[str, Any] = {"model": args.model, "wanted": list(wanted)}
    with Journal(args.output, settings, processes) as journal:
        if journal and processes.is_main:
            print(f"going on: {len(journal)} are described already", file=sys.stderr)
        captioner = None
        order, mine = [], {}
        for number, job in enumerate(track(jobs, total, "describe")):
            order.append(job.name)
            if number % processes.count != processes.index:
                continue
            if job.name not in journal:
                captioner = captioner or load(args, processes)
                journal.add(job.name, sentences_about(captioner, job.read(), wanted))
            mine[job.name] = journal[job.name]
        found = dict(processes.gather(list(mine.items())))
        if processes.is_main:
            journal.remove()
    return processes, {name: found[name] for name in order}


def load(args: argparse.Namespace, processes: Processes | None = None) -> Captioner:
    from tr2m_core.caption.captioner import Captioner

    device = (processes.device if processes else None) or args.device
    return Captioner.from_pretrained(args.model, device=device, precision=args.precision)


def reader(path: Path) -> Callable[[], Pixels]:
    from tr2m_core.files.images import read_image

    return lambda: read_image(path)


def require_file(path: Path) -> None:
    """Raises InputError when no file of that name can be made."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; -o names a file here")
    make_output(path.parent)


def write_text(path: Path, lines: Iterable[str]) -> None:
    """The lines, whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
