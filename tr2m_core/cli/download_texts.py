"""`tr2m download texts`: the splits and captions of the paper's authors into one folder."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from tr2m_core.cli.download_record import TEXTS, Record, announce, byte_bar, files_report, note
from tr2m_core.console import format_table, print_json, track
from tr2m_core.data.published_texts import DIODE_OUTDOOR, PARTS, PublishedTexts, default_folder
from tr2m_core.data.texts_archive import COMMIT, LICENCE, URL, archive_commit, check_archive, extract_texts
from tr2m_core.errors import InputError
from tr2m_core.text_files import read_text, split_lines
from tr2m_core.weights.http import check_url, download_file
from tr2m_core.weights.hub import expanded, sha256, unwritable, weights_folder
from tr2m_core.weights.ledger import describe

ARCHIVE = "texts.tar.gz"  # in the folder, while it is fetched


def download_texts(args: argparse.Namespace) -> int:
    """Fetches what is not there or not as recorded, and prints what there is for which data set."""
    if args.head_url:
        raise InputError(f"--head-url: {TEXTS} have no rescale head; --texts-url is for them")
    folder = default_folder() if args.texts is None else expanded(args.texts).absolute()
    if problem := unwritable(folder):
        raise InputError(f"{folder}: {problem}; choose another --texts")
    record = Record(TEXTS, weights_folder() / f"{TEXTS}.json")
    if wanted(folder, record, args.texts_url):
        fetch(folder, record, args.texts_url)
    else:
        for entry in record.before.values():
            record.add(replace(entry, path=str(folder / entry.file)), fetched=False)  # `wanted` has hashed it
    record.save(complete=True)
    if args.json:
        print_json(files_report(record))
        return 0
    print(format_table(["data set", "part", "split", "captions"], rows(folder)))
    done = (
        f"{record.fetched} files fetched"
        if record.fetched
        else f"nothing to download: {len(record.now)} files are here"
    )
    print(f"{done}; in {folder}, where evaluate and train find them{'' if args.texts is None else ' with --texts'}")
    return 0


def wanted(folder: Path, record: Record, url: str | None) -> bool:
    """Whether anything recorded is missing or changed, or wanted from elsewhere."""
    if not record.before:
        return True
    for entry in record.before.values():
        path = folder / entry.file
        if not os.path.isfile(path):
            return True
        if sha256(path) != entry.sha256:
            note(f"{path}: changed on disk since {entry.date}; all are fetched again")
            return True
    return url is not None and url != next(iter(record.before.values())).source


def fetch(folder: Path, record: Record, url: str | None) -> None:
    """Fetches the archive, after telling the licence, and records what comes out of it."""
    source = url or URL
    check_url(source)
    announce(source, LICENCE)
    note("they come in an archive of the authors' whole repository, weights and all; only the texts are kept")
    archive, commit = folder / ARCHIVE, COMMIT if url is None else None
    with byte_bar(ARCHIVE) as moved:
        download_file(source, archive, check=lambda path: check_archive(path, commit), on_progress=moved)
    try:
        revision, names = archive_commit(archive), extract_texts(archive, folder)
    finally:
        archive.unlink()
    for name in track(names, len(names), "hashing texts"):
        record.add(describe(folder / name, name, source, revision), fetched=True)


def rows(folder: Path) -> list[list[str | None]]:
    """What the folder has for each data set and part."""
    known = [(name, part, texts) for part, sets in PARTS.items() for name, texts in sets.items()]
    known.append(("diode_outdoor", "test", PublishedTexts(text_file=DIODE_OUTDOOR)))
    return [[name, part, split(folder, texts), captions(folder, texts)] for name, part, texts in known]


def split(folder: Path, texts: PublishedTexts) -> str | None:
    return texts.split if texts.split and (folder / texts.split).is_file() else None


def captions(folder: Path, texts: PublishedTexts) -> str | None:
    if texts.text_file:
        path = folder / texts.text_file
        return f"{len(split_lines(read_text(path, 'text file', 'a line per image')))} lines" if path.is_file() else None
    files = sum(1 for path in (folder / texts.text_root).rglob("*.txt") if path.is_file())
    return f"{files} files" if files else None
