"""Downloads the public weights of a model, which runs offline afterwards, or the paper's splits and captions.

Only this command downloads, and commands in which you name a Hub id.

Encoders go into the cache of the Hugging Face Hub, a released rescale head into $TR2M_HOME (default: ~/.cache/tr2m).
There MODEL.json records source, revision, size and SHA-256 of every file; existing files are checked against it.
The texts go into its folder texts, where `tr2m evaluate` and `tr2m train` find them.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tr2m_core.cli.download_record import CAPTIONER, TEXTS, Part, Record, announce, byte_bar, files_report, note
from tr2m_core.console import format_table, print_json, track
from tr2m_core.errors import InputError
from tr2m_core.weights.ledger import describe

if TYPE_CHECKING:
    from tr2m_core.model.config import ModelConfig
    from tr2m_core.weights.hub import ReleasedHead

HELP = "download public weights and captions; resumable, hashes recorded"
EXAMPLES = """examples:
  tr2m download
  tr2m download paper-base
  tr2m download paper --head-url https://mirror.example.org/da_s_vitl_vitl.pth
  tr2m download runs/nyu/model
  tr2m download captioner
  tr2m download captioner smolvlm
  tr2m download texts
  tr2m download texts --texts /data/tr2m_texts
"""

LICENCES = {
    "LiheYoung/depth-anything-small-hf": "Apache-2.0",
    "LiheYoung/depth-anything-base-hf": "CC-BY-NC-4.0, not for commercial use",
    "LiheYoung/depth-anything-large-hf": "CC-BY-NC-4.0, not for commercial use",
    "facebook/dinov2-large": "Apache-2.0",
    "openai/clip-vit-large-patch14": "MIT",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        nargs="?",
        default="paper",
        metavar="MODEL",
        help="paper, paper-base, paper-large, a model directory, a Hub id, texts or captioner (default: paper)",
    )
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="captioner: florence (default), smolvlm, blip, llava or a Hub id",
    )
    parser.add_argument("--head-url", metavar="URL", help="download the released rescale head from here instead")
    parser.add_argument(
        "--texts", type=Path, metavar="DIR", help="texts: folder for them (default: texts in $TR2M_HOME)"
    )
    parser.add_argument("--texts-url", metavar="URL", help="texts: download the archive from here instead")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")


def run(args: argparse.Namespace) -> int:
    from tr2m_core.weights.hub import weights_folder

    if args.model == TEXTS:
        from tr2m_core.cli.download_texts import download_texts

        return download_texts(args)
    if args.texts or args.texts_url:
        raise InputError(f"--texts and --texts-url are for `tr2m download {TEXTS}`")
    if args.name is not None and args.model != CAPTIONER:
        raise InputError(f"{args.name}: a second name is for `tr2m download {CAPTIONER} NAME`")
    quiet_hub()
    if args.model == CAPTIONER:
        from tr2m_core.cli.download_captioner import captioner_parts, captioner_source

        hub_id = captioner_source(args)
        name = f"{CAPTIONER}-{hub_id.replace('/', '--')}"
        return finish(Record(name, weights_folder() / f"{name}.json"), captioner_parts(hub_id), args)
    head = released_head(args.model, args.head_url)
    record = Record(args.model, weights_folder() / f"{record_name(args.model)}.json")
    target = weights_folder() / head.file if head else None
    wanted = target is not None and head_is_wanted(target, record, args.head_url)
    if head and wanted:
        announce(head.url, head.licence)
    return finish(record, groups_of_parts(args.model), args, (head, target, wanted) if head and target else None)


def finish(
    record: Record,
    groups: Iterator[list[Part]],
    args: argparse.Namespace,
    head: tuple[ReleasedHead, Path, bool] | None = None,
) -> int:
    """Takes the groups and then the head (its target, and whether it is to be fetched); returns the exit code."""
    for group in groups:
        take(group, record)
    if head is not None:
        released, target, wanted = head
        take_head(released, target, record, fetch=wanted)
    record.save(complete=True)
    show(record, as_json=args.json)
    return 1 if "changed" in record.states.values() else 0


def groups_of_parts(model: str) -> Iterator[list[Part]]:
    """What to take from the Hub. A model that lies there itself comes first: its configuration names the rest."""
    from tr2m_core.model.config import STORED, ModelConfig
    from tr2m_core.model.presets import PRESETS
    from tr2m_core.model.sources import HEAD_FILE, ROLES
    from tr2m_core.weights import hub

    directory = hub.expanded(model)
    if model in PRESETS:
        yield from_hub(encoders(PRESETS[model]))
    elif model and directory.is_dir():
        yield from_hub(encoders(ModelConfig.from_json(directory / "config.json")), directory)
    elif hub.is_hub_id(model):
        own = Part("", model, ("config.json", HEAD_FILE), tuple(f"{role}/*" for role in ROLES))
        yield [own]
        directory = hub.find_cached(model, own.files)
        parts = encoders(ModelConfig.from_json(directory / "config.json"))
        stored = tuple(f"{part.role}/{name}" for part in parts if part.source == STORED for name in part.files)
        yield [dataclasses.replace(own, files=own.files + stored), *from_hub(parts, directory)]
    else:
        raise InputError(f"model '{model}': not one of {', '.join(PRESETS)}, a model directory or a Hub id")


def encoders(config: ModelConfig) -> list[Part]:
    """The three encoders of a model, wherever they come from."""
    from tr2m_core.weights.hub import OPTIONAL_FILES, PART_FILES

    return [
        Part("relative_depth", config.relative_depth, PART_FILES["relative_depth"]),
        Part("image_encoder", config.image_encoder, PART_FILES["image_encoder"]),
        Part("text_encoder", config.text_encoder.source, PART_FILES["text_encoder"], OPTIONAL_FILES),
    ]


def from_hub(parts: list[Part], directory: Path | None = None) -> list[Part]:
    """Those that are named by Hub id and do not lie in the model's directory."""
    from tr2m_core.weights.hub import is_hub_id

    return [part for part in parts if is_hub_id(part.source) and not (directory and (directory / part.source).exists())]


def take(parts: list[Part], record: Record) -> None:
    """Fetches what the Hub's cache lacks of the parts, after telling their licences, and records all their files."""
    from tr2m_core.weights import hub

    if parts:
        hub.require_writable(record.path.parent, "TR2M_HOME")
    present = {part.source: cached_files(part.source) for part in parts}
    lacking = [part for part in parts if not present[part.source].issuperset(part.files)]
    for part in lacking:
        announce(part.source, licence(part))
    for part in parts:
        if part in lacking:
            require_hub_space(part, present[part.source])
            folder = hub.fetch(part.source, part.files, part.optional)
        else:
            folder = hub.find_cached(part.source, part.files)
        names = sorted(name for name in files_below(folder) if matches(part, name))
        for name in track(names, len(names), f"hashing {part.source}"):
            file = f"{part.role}/{name}" if part.role else name
            entry = describe(folder / name, file, part.source, revision=folder.name)
            record.add(entry, fetched=name not in present[part.source])
        record.save()


def licence(part: Part) -> str:
    """What is known of the licence of a part."""
    if part.role == CAPTIONER:
        from tr2m_core.cli.download_captioner import licence_of

        known = licence_of(part.source)
    else:
        known = LICENCES.get(part.source)
    return known or f"see https://huggingface.co/{part.source}"


def matches(part: Part, name: str) -> bool:
    """Whether the part asks for a file of that name."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in (*part.files, *part.optional))


def cached_files(hub_id: str) -> set[str]:
    """A repository's files in the Hub's cache; none while its config.json, which every part has, is not there."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(hub_id, "config.json")
    except HFValidationError as error:
        raise InputError(f"{hub_id}: not a Hub id ({error})") from None
    return files_below(Path(config).parent) if isinstance(config, str) else set()


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def require_hub_space(part: Part, present: set[str]) -> None:
    """Raises OSError when the Hub tells the sizes of what is to be fetched and the disk has no room for it."""
    from huggingface_hub import HfApi, constants

    from tr2m_core.weights.http import require_space
    from tr2m_core.weights.hub import transport_error

    try:
        files = HfApi().model_info(part.source, files_metadata=True, timeout=10).siblings or []
    except (transport_error(), OSError, ValueError):
        return  # the download itself will say what is wrong
    size = sum(file.size or 0 for file in files if matches(part, file.rfilename) and file.rfilename not in present)
    require_space(Path(constants.HF_HUB_CACHE), size)


def released_head(model: str, url: str | None) -> ReleasedHead | None:
    """The head that was published for a preset, to be had from `url` when that is given."""
    from tr2m_core.model.presets import PRESETS, RELEASED_HEADS
    from tr2m_core.weights.http import check_url

    head = RELEASED_HEADS.get(model)
    if head is None:
        if url is not None:
            known = ", ".join(RELEASED_HEADS)
            raise InputError(f"--head-url: no rescale head was released for model '{model}', only for {known}")
        if model in PRESETS and model != "embedded":
            note(f"no rescale head was released for {model}: train one, or give one with --checkpoint")
        return None
    if url is not None:
        check_url(url)
        head = dataclasses.replace(head, url=url)
    return head


def head_is_wanted(target: Path, record: Record, url: str | None) -> bool:
    """Whether the head must be fetched: it is not there, is not what was recorded, or is wanted from elsewhere."""
    from tr2m_core.weights.hub import sha256

    if not os.path.isfile(target):
        return True
    before = record.before.get(head_file(target))
    if before is None:
        try:
            check_head(target)
        except InputError as error:
            note(f"{error}; fetched again")
            return True
        return False
    if sha256(target) != before.sha256:
        note(f"{target}: changed on disk since {before.date}; fetched again")
        return True
    return url is not None and url != before.source


def take_head(head: ReleasedHead, target: Path, record: Record, *, fetch: bool) -> None:
    """Fetches the released head if need be, and records it."""
    from tr2m_core.weights.http import download_file

    if fetch:
        with byte_bar(head.file) as moved:
            download_file(head.url, target, check=check_head, on_progress=moved)
    before = record.before.get(head_file(target))
    source = head.url if fetch else before.source if before else "found on this machine"
    record.add(describe(target, head_file(target), source), fetched=fetch)


def head_file(target: Path) -> str:
    return f"rescale_head/{target.name}"


def check_head(path: Path) -> None:
    """Raises InputError unless the file holds a rescale head of the released sizes."""
    from tr2m_core.model import RescaleHead
    from tr2m_core.model.checkpoints import load_head

    load_head(RescaleHead(), path)


def record_name(model: str) -> str:
    """A preset's name, OWNER--NAME of a Hub id, or a folder's name with a hash of its path."""
    from tr2m_core.model.presets import PRESETS
    from tr2m_core.weights.hub import expanded, is_hub_id

    if model in PRESETS:
        return model
    if is_hub_id(model):
        return model.replace("/", "--")
    path = expanded(model).resolve()
    return f"{path.name}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"


def show(record: Record, *, as_json: bool) -> None:
    """The table of the model's files and one line about what was done."""
    if as_json:
        print_json(files_report(record))
        return
    if not record.now:
        print(f"nothing to download: '{record.model}' needs nothing from elsewhere")
        return
    rows = [
        [entry.file, entry.source, entry.size, entry.sha256[:12], record.states[entry.file], Path(entry.path).parent]
        for entry in record.now.values()
    ]
    print(format_table(["file", "source", "bytes", "sha256", "state", "folder"], rows))
    fetched = record.fetched
    done = f"{fetched} of {len(rows)} files fetched" if fetched else f"nothing to download: {len(rows)} files are here"
    if changed := sum(state == "changed" for state in record.states.values()):
        done += f", {changed} of them changed on disk"
    print(f"{done}; record: {record.path}")


def quiet_hub() -> None:
    """Keeps the Hub's progress bars off what is no terminal."""
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
