"""`tr2m download captioner` against a local server, and a captioner that runs from what it brought."""

from __future__ import annotations

import json

import huggingface_hub
import numpy as np
import pytest
from hub_server import Server
from PIL import Image
from tiny_captioners import write_blip

from tr2m_core.caption.families import FAMILIES
from tr2m_core.cli.main import main

BLIP = FAMILIES["blip"].hub_id


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blip")
    write_blip(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def server(files, tmp_path, monkeypatch):
    """Serves BLIP under its published name, to this process, whose caches are empty."""
    server = Server()
    server.repos[BLIP] = files | {"pytorch_model.bin": b"pickled", "README.md": b"A card."}
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.url)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()


def test_a_captioner_is_brought_and_describes(server, tmp_path, capsys):
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(tmp_path / "photo.png")
    describe = ["describe", str(tmp_path / "photo.png"), "--model", "blip", "--device", "cpu"]
    assert main(describe) == 2
    assert "run `tr2m download captioner blip`" in capsys.readouterr().err
    assert main(["download", "captioner", "blip", "--json"]) == 0
    said = capsys.readouterr()
    brought = {file["file"] for file in json.loads(said.out)["files"]}
    assert {"captioner/config.json", "captioner/model.safetensors", "captioner/tokenizer.json"} <= brought
    assert "captioner/pytorch_model.bin" not in brought
    assert f"{BLIP}: licence: BSD-3-Clause" in said.err
    assert main(["download", "captioner", "blip"]) == 0
    assert "nothing to download" in capsys.readouterr().out
    assert main(describe) == 0
    assert capsys.readouterr().out.strip()


def test_weights_in_parts_are_all_brought(server, files, capsys):
    weights = files["model.safetensors"]
    index = {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    parts = {"model-1-of-2.safetensors": weights, "model-2-of-2.safetensors": weights[:8]}
    others = {name: data for name, data in files.items() if name != "model.safetensors"}
    server.repos[BLIP] = others | parts | {"model.safetensors.index.json": json.dumps(index).encode()}
    assert main(["download", "captioner", "blip", "--json"]) == 0
    brought = {file["file"] for file in json.loads(capsys.readouterr().out)["files"]}
    assert {f"captioner/{name}" for name in parts} <= brought


def test_what_is_no_captioner_is_told(server, files, capsys):
    server.repos["lab/eagle"] = files | {"config.json": b'{"model_type": "eagle"}'}
    for arguments, words in (
        (["captioner", "lab/eagle"], "model_type 'eagle' is none of florence2, smolvlm, blip, llava_next"),
        (["captioner", "eagle"], "captioner 'eagle': not one of florence, smolvlm, blip, llava or a Hub id"),
        (["captioner", "blip", "--head-url", server.url], "a captioner has no rescale head"),
        (["paper", "blip"], "a second name is for `tr2m download captioner NAME`"),
    ):
        assert main(["download", *arguments]) == 2
        assert words in capsys.readouterr().err
