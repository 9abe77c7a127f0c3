"""`tr2m download captioner` against a local server, and a captioner that runs from what it brought."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hub_server import Place, Server
from PIL import Image
from tiny_captioners import write_blip

from tr2m_core.caption.families import FAMILIES

BLIP = FAMILIES["blip"].hub_id


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blip")
    write_blip(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def place(files, tmp_path):
    """A home with empty caches, and a server of BLIP under its published name."""
    server = Server()
    server.repos[BLIP] = files | {"pytorch_model.bin": b"pickled", "README.md": b"A card."}
    yield Place(tmp_path, server)
    server.release.set()
    server.shutdown()
    server.server_close()


def test_a_captioner_is_brought_and_describes(place, tmp_path):
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(tmp_path / "photo.png")
    describe = (str(tmp_path / "photo.png"), "--model", "blip", "--device", "cpu")
    code, _, err = place.run(*describe, verb="describe")
    assert code == 2 and "run `tr2m download captioner blip`" in err
    code, out, err = place.run("captioner", "blip", "--json")
    assert code == 0, err
    brought = {file["file"] for file in json.loads(out)["files"]}
    assert {"captioner/config.json", "captioner/model.safetensors", "captioner/tokenizer.json"} <= brought
    assert "captioner/pytorch_model.bin" not in brought
    assert f"{BLIP}: licence: BSD-3-Clause" in err
    code, out, _ = place.run("captioner", "blip")
    assert code == 0 and "nothing to download" in out
    code, out, err = place.run(*describe, verb="describe")
    assert code == 0 and out.strip(), err


def test_weights_in_parts_are_all_brought(place, files):
    weights = files["model.safetensors"]
    index = {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    parts = {"model-1-of-2.safetensors": weights, "model-2-of-2.safetensors": weights[:8]}
    others = {name: data for name, data in files.items() if name != "model.safetensors"}
    place.server.repos[BLIP] = others | parts | {"model.safetensors.index.json": json.dumps(index).encode()}
    code, out, err = place.run("captioner", "blip", "--json")
    assert code == 0, err
    brought = {file["file"] for file in json.loads(out)["files"]}
    assert {f"captioner/{name}" for name in parts} <= brought


def test_what_is_no_captioner_is_told(place, files):
    place.server.repos["lab/eagle"] = files | {"config.json": b'{"model_type": "eagle"}'}
    for arguments, words in (
        (["captioner", "lab/eagle"], "model_type 'eagle' is none of florence2, smolvlm, blip, llava_next"),
        (["captioner", "eagle"], "captioner 'eagle': not one of florence, smolvlm, blip, llava or a Hub id"),
        (["captioner", "blip", "--head-url", place.server.url], "a captioner has no rescale head"),
        (["paper", "blip"], "a second name is for `tr2m download captioner NAME`"),
    ):
        code, _, err = place.run(*arguments)
        assert code == 2
        assert words in err
