"""`tr2m download` against a local server that speaks as much of the Hub's protocol as a download needs."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import shutil
import time
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
from hub_server import COMMIT, HEAD, Place, Server

from tr2m_core import DepthPredictor
from tr2m_core.cli.main import main
from tr2m_core.model import RescaleHead
from tr2m_core.model.config import ModelConfig, TextEncoderConfig
from tr2m_core.model.presets import PAPER, RELEASED_HEADS
from tr2m_core.model.sources import find_model

ROOT = Path(__file__).resolve().parents[2]
HALF = 40_000_000  # about half of the released head
SOURCES = {
    "relative_depth": PAPER.relative_depth,
    "image_encoder": PAPER.image_encoder,
    "text_encoder": PAPER.text_encoder.source,
}


def folder_content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def saved(content):
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def spoil(path):
    """Changes the last byte of a file; of this name only, where several names have the file."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.fixture(scope="module")
def server(tiny_paper):
    """Serves `paper`: the miniature encoders under the published names, beside files that nobody needs, and a head."""
    server = Server()
    for role, hub_id in SOURCES.items():
        server.repos[hub_id] = folder_content(tiny_paper / role) | {"README.md": b"A card.", "pytorch_model.bin": b"0"}
    torch.manual_seed(0)
    server.files[f"/{HEAD}"] = saved({"state_dict": RescaleHead().state_dict()})
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def killed(server, tmp_path_factory):
    """A place where `tr2m download` was killed in the middle of the head, and what it had said until then."""
    place = Place(tmp_path_factory.mktemp("place"), server)
    server.stalls[f"/{HEAD}"] = HALF
    process = place.start("--head-url", f"{server.url}/{HEAD}")
    partial, deadline = place.weights / f"{HEAD}.partial", time.monotonic() + 250
    while not (partial.is_file() and partial.stat().st_size == HALF):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    del server.stalls[f"/{HEAD}"]
    yield place, process.communicate()[1]
    shutil.rmtree(place.folder)


@pytest.fixture(scope="module")
def resumed(killed):
    """The same place after a second run, with its exit code, output and requests."""
    place, _ = killed
    before = len(place.server.requests)
    result = place.run("--head-url", f"{place.server.url}/{HEAD}")
    return place, result, place.server.requests[before:]


@pytest.fixture
def here(resumed, tmp_path, monkeypatch, capsys):
    """Runs `tr2m download` in this process, where the Hub counts as offline, on a copy of the finished place."""
    place = Place(tmp_path / "copy", resumed[0].server)
    shutil.copytree(resumed[0].folder, place.folder, symlinks=True, copy_function=os.link)  # the head is large
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(place.hub))
    monkeypatch.setenv("TR2M_HOME", str(place.weights))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # the Hub's own library has read it already
    requests = len(place.server.requests)

    def run(*arguments):
        code = main(["download", *arguments])
        out, err = capsys.readouterr()
        return code, out, err, [path for _, path, _ in place.server.requests[requests:]]

    run.place = place
    yield run
    shutil.rmtree(place.folder)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_a_killed_download_goes_on_where_it_was(resumed):
    place, (code, out, _), requests = resumed
    assert code == 0
    assert requests == [("GET", f"/{HEAD}", f"bytes={HALF}-")]
    assert digest(place.head.read_bytes()) == digest(place.server.files[f"/{HEAD}"])
    assert sorted(os.listdir(place.weights)) == [HEAD, "paper.json"]
    assert out.splitlines()[-1].startswith("1 of ")


def test_licences_are_told_of_what_is_fetched(killed, resumed):
    _, first = killed
    lines = [
        f"tr2m: note: {killed[0].server.url}/{HEAD}: licence: {RELEASED_HEADS['paper'].licence}",
        f"tr2m: note: {PAPER.relative_depth}: licence: Apache-2.0",
        f"tr2m: note: {PAPER.image_encoder}: licence: Apache-2.0",
        f"tr2m: note: {PAPER.text_encoder.source}: licence: MIT",
    ]
    _, (_, _, second), _ = resumed
    assert [line for line in first.splitlines() if line.startswith("tr2m: ")] == lines
    assert [line for line in second.splitlines() if line.startswith("tr2m: ")] == lines[:1]


def test_the_record_tells_what_came_from_where(resumed):
    place, (_, out, _), _ = resumed
    record = json.loads(place.record.read_text())
    assert record["model"] == "paper"
    entries = {entry["file"]: entry for entry in record["files"]}
    for role, hub_id in SOURCES.items():
        served = place.server.repos[hub_id]
        taken = {name.partition("/")[2] for name in entries if name.startswith(f"{role}/")}
        assert taken == set(served) - {"README.md", "pytorch_model.bin"}
        for name in taken:
            entry = entries[f"{role}/{name}"]
            assert (entry["source"], entry["revision"]) == (hub_id, COMMIT)
            assert (entry["size"], entry["sha256"]) == (len(served[name]), digest(served[name]))
            assert Path(entry["path"]).read_bytes() == served[name]
    head = entries[f"rescale_head/{HEAD}"]
    assert (head["source"], head["revision"]) == (f"{place.server.url}/{HEAD}", None)
    assert (head["size"], head["sha256"]) == (place.head.stat().st_size, digest(place.head.read_bytes()))
    table = out.splitlines()
    assert len(table) == len(entries) + 3
    assert all(any(entry["sha256"][:12] in line and name in line for line in table) for name, entry in entries.items())


def test_the_preset_is_found_offline_afterwards(here):
    paths = find_model("paper").require()
    assert paths["rescale_head"] == here.place.head
    for role, hub_id in SOURCES.items():
        assert (paths[role] / "model.safetensors").read_bytes() == here.place.server.repos[hub_id]["model.safetensors"]


def test_a_second_run_checks_everything_and_fetches_nothing(here, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    before = here.place.record.read_text()
    code, out, err, requests = here("paper", "--json")
    report = json.loads(out)
    assert (code, err, requests, report["fetched"]) == (0, "", [], 0)
    assert {entry["state"] for entry in report["files"]} == {"verified"}
    assert [entry["date"] for entry in report["files"]] == [e["date"] for e in json.loads(before)["files"]]
    assert here("paper")[1].splitlines()[-1] == (
        f"nothing to download: {len(report['files'])} files are here; record: {here.place.record}"
    )


def test_a_head_that_changed_on_disk_is_fetched_again(here):
    good = here.place.head.read_bytes()
    spoil(here.place.head)
    code, _, err, requests = here("--head-url", f"{here.place.server.url}/{HEAD}")
    assert (code, requests) == (0, [f"/{HEAD}"])
    assert f"{here.place.head}: changed on disk since " in err
    assert here.place.head.read_bytes() == good


def test_an_encoder_that_changed_on_disk_is_told_and_left(here):
    weights = Path(find_model("paper").require()["image_encoder"]) / "model.safetensors"
    spoil(weights.resolve())
    code, out, err, requests = here("--json")
    assert (code, requests) == (1, [])
    assert err.count("\n") == 1
    assert err.startswith(f"tr2m: error: {weights}: changed on disk: sha256 ")
    assert [e["file"] for e in json.loads(out)["files"] if e["state"] == "changed"] == [
        "image_encoder/model.safetensors"
    ]
    code, out, _, _ = here()  # the record still holds the good hash
    assert code == 1
    assert "files are here, 1 of them changed on disk; record: " in out.splitlines()[-1]


def test_a_head_without_record_is_checked_and_kept(here):
    here.place.record.unlink()
    code, out, err, requests = here("--json")
    assert (code, err, requests) == (0, "", [])
    head = json.loads(out)["files"][-1]
    assert (head["source"], head["state"]) == ("found on this machine", "found")
    here.place.record.unlink()
    here.place.head.unlink()
    here.place.head.write_bytes(b"not a head")
    code, _, err, requests = here("--head-url", f"{here.place.server.url}/{HEAD}")
    assert (code, requests) == (0, [f"/{HEAD}"])
    note = err.splitlines()[0]
    assert note.startswith(f"tr2m: note: {here.place.head}: ")
    assert note.endswith("; fetched again")


def test_another_head_url_is_fetched_and_a_difference_told(here):
    other = saved(RescaleHead().state_dict())
    here.place.server.files["/other.pth"] = other
    code, _, err, requests = here("--head-url", f"{here.place.server.url}/other.pth")
    assert (code, requests) == (0, ["/other.pth"])
    assert f"rescale_head/{HEAD}: the source has another file now: sha256 {digest(other)[:12]}" in err
    assert here.place.head.read_bytes() == other
    assert here()[3] == ["/other.pth"]  # nothing more; the file is as recorded, wherever it came from


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"<!doctype html><title>Sign in</title>", 2, "a web page, not the file"),
        (b"version https://git-lfs.github.com/spec/v1\n", 2, "a Git LFS pointer, not the file"),
        (b"x" * 1000, 2, f"{HEAD}.partial: "),
        (None, 1, "HTTP 404"),
    ],
)
def test_a_head_that_cannot_be_had_or_used_is_one_line(here, content, code, words):
    here.place.head.unlink()
    here.place.server.files.pop("/bad.pth", None)
    if content is not None:
        here.place.server.files["/bad.pth"] = content
    url = f"{here.place.server.url}/bad.pth"
    result, out, err, _ = here("--head-url", url)
    assert (result, out) == (code, "")
    last = err.splitlines()[-1]
    assert last.startswith(f"tr2m: error: {url}: ")
    assert words in last
    assert os.listdir(here.place.weights) == ["paper.json"]


def test_offline_is_rejected_before_anything_is_asked(here, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    here.place.head.unlink()
    code, out, err, requests = here("--head-url", f"{here.place.server.url}/{HEAD}")
    assert (code, out, requests) == (2, "", [])
    assert err.count("\n") == 1
    assert "HF_HUB_OFFLINE=1" in err


def test_a_damaged_record_is_told(here):
    here.place.record.unlink()
    here.place.record.write_text("{")
    code, _, err, requests = here()
    assert (code, requests) == (2, [])
    assert err == f"tr2m: error: {here.place.record}: damaged record of `tr2m download`; delete it and run again\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no such model"], "not one of"),
        (["lab..x/model"], "lab..x/model: not a Hub id"),
        (["paper", "--head-url", "file:///etc/passwd"], "file:///etc/passwd: not a URL to download from"),
        (
            ["paper-base", "--head-url", "https://example.org/head.pth"],
            "no rescale head was released for model 'paper-base'",
        ),
    ],
)
def test_bad_usage(here, arguments, words):
    code, out, err, requests = here(*arguments)
    assert (code, out, requests) == (2, "", [])
    assert err.startswith("tr2m: error: ")
    assert err.count("\n") == 1
    assert words in err


def test_the_embedded_model_needs_nothing(here):
    assert here("embedded") == (0, "nothing to download: 'embedded' needs nothing from elsewhere\n", "", [])


def test_a_directory_needs_the_encoders_that_its_configuration_names(here, tmp_path, tiny_paper):
    directory = tmp_path / "own" / "model"
    (directory / "nearby" / "encoder").mkdir(parents=True)
    config = ModelConfig.from_json(tiny_paper / "config.json")
    config = dataclasses.replace(config, relative_depth=PAPER.relative_depth, image_encoder="nearby/encoder")
    (directory / "config.json").write_text(config.to_json())
    code, out, err, requests = here(str(directory), "--json")
    report = json.loads(out)
    assert (code, err, requests) == (0, "", [])
    assert [entry["file"] for entry in report["files"]] == [
        "relative_depth/config.json",
        "relative_depth/model.safetensors",
    ]
    assert Path(report["record"]).parent == here.place.weights
    assert Path(report["record"]).name.startswith("model-")


def test_a_model_on_the_hub_runs_offline_afterwards(server, tiny_paper, tmp_path, monkeypatch):
    config = ModelConfig.from_json(tiny_paper / "config.json")
    config = dataclasses.replace(
        config,
        image_encoder=PAPER.image_encoder,
        text_encoder=TextEncoderConfig("clip", PAPER.text_encoder.source),
    )
    files = {
        n: d for n, d in folder_content(tiny_paper).items() if not n.startswith(("image_encoder/", "text_encoder/"))
    }
    server.repos["lab/tiny-paper"] = files | {"config.json": config.to_json().encode(), "notes.txt": b"0"}
    place = Place(tmp_path, server)
    code, out, err = place.run("lab/tiny-paper", "--json")
    assert code == 0, err
    assert err.splitlines()[0] == "tr2m: note: lab/tiny-paper: licence: see https://huggingface.co/lab/tiny-paper"
    report = json.loads(out)
    assert {entry["state"] for entry in report["files"]} == {"fetched"}
    names = {entry["file"] for entry in report["files"]}
    assert {"config.json", "rescale_head.safetensors", "relative_depth/model.safetensors"} < names
    assert {"image_encoder/model.safetensors", "text_encoder/tokenizer.json"} < names
    assert Path(report["record"]) == place.weights / "lab--tiny-paper.json"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(place.hub))
    predictor = DepthPredictor.from_pretrained("lab/tiny-paper", device="cpu", precision="fp32")
    expected = DepthPredictor.from_pretrained(tiny_paper, device="cpu", precision="fp32")
    frame = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    depth = predictor.predict(frame, "A desk.").metric_depth
    np.testing.assert_array_equal(depth, expected.predict(frame, "A desk.").metric_depth)


def test_a_repository_that_is_not_on_the_hub(server, tmp_path):
    code, out, err = Place(tmp_path, server).run("paper-base")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "tr2m: note: no rescale head was released for paper-base: train one, or give one with --checkpoint",
        "tr2m: note: LiheYoung/depth-anything-base-hf: licence: CC-BY-NC-4.0, not for commercial use",
        "tr2m: note: facebook/dinov2-large: licence: Apache-2.0",
        "tr2m: note: openai/clip-vit-large-patch14: licence: MIT",
        "tr2m: error: LiheYoung/depth-anything-base-hf: no such repository on the Hugging Face Hub",
    ]


def test_a_disk_without_room_is_told_before_anything_is_fetched(server, tmp_path, monkeypatch):
    monkeypatch.setitem(server.sizes, "model.safetensors", 1 << 60)
    place, before = Place(tmp_path, server), len(server.requests)
    code, out, err = place.run()
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith(f"tr2m: error: {place.hub}: ")
    assert "bytes are needed" in err
    assert not any("/resolve/" in path for _, path, _ in server.requests[before:])


def test_no_network_is_no_bad_input(server, tmp_path):
    code, out, err = Place(tmp_path, server).run(HF_ENDPOINT="http://127.0.0.1:9")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith(f"tr2m: error: {PAPER.relative_depth}: ")
    assert "Traceback" not in err
