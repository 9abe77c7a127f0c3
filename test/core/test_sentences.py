"""Stored sentences: their embeddings, and what an interrupted run leaves."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tr2m_core.data.procedural.descriptions import DOMAINS
from tr2m_core.data.procedural.scenes import ProceduralScenes
from tr2m_core.model.text_encoder import TextEncoder
from tr2m_core.model.tr2m import load_model
from tr2m_core.train import features, sentences
from tr2m_core.train.config import FeaturesConfig
from tr2m_core.train.sentences import SENTENCES_SEED, encode, stored_sentences


class Letters(TextEncoder):
    """Embeds a text as the counts of its letters, and remembers what it was asked."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.network = nn.Linear(1, 1)
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> Tensor:
        self.asked += texts
        counts = [[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        return torch.tensor(counts).float().unsqueeze(1)

    def __deepcopy__(self, memo: dict[int, object]) -> Letters:
        return self


def settings(folder: Path, **changes: object) -> FeaturesConfig:
    return FeaturesConfig(**{"sentences": 50, "seed": 3, "folder": str(folder), "workers": 1, **changes})


def silent(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return load_model("embedded").text_encoder


def test_stored_is_what_the_encoder_says_of_each_sentence_and_what_it_tells(encoder: TextEncoder, tmp_path: Path):
    stored = stored_sentences(encoder, settings(tmp_path), silent)
    scenes = ProceduralScenes((8, 8), seed=3 + SENTENCES_SEED)
    said = encoder.encode([scenes.describe(i) for i in range(50)]).squeeze(1)
    assert stored["text"].dtype == torch.float16 and stored["text"].shape == said.shape
    assert bool((torch.cosine_similarity(stored["text"].float(), said) > 0.9995).all())
    facts = [scenes.facts(i) for i in range(50)]
    assert torch.allclose(stored["size"], torch.tensor([fact.distance_m for fact in facts]))
    assert [DOMAINS[place] for place in stored["domain"]] == [fact.domain for fact in facts]


def test_several_processes_store_the_same(encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sentences, "SENTENCES_PER_SHARD", 20)
    seen: list[tuple[int, int]] = []
    shared = stored_sentences(
        encoder, settings(tmp_path / "a", workers=2), lambda done, total: seen.append((done, total))
    )
    alone = stored_sentences(encoder, settings(tmp_path / "b"), silent)
    assert torch.equal(shared["size"], alone["size"]) and torch.allclose(shared["text"], alone["text"], atol=2e-3)
    assert sorted(done for done, _ in seen) in ([20, 40, 50], [10, 30, 50], [20, 30, 50]) and seen[-1] == (50, 50)
    names = sorted(path.name for path in (tmp_path / "a").glob("*/*"))
    assert names == ["0000000-0000020.safetensors", "0000020-0000040.safetensors", "0000040-0000050.safetensors"]


def test_what_is_there_is_not_encoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sentences, "SENTENCES_PER_SHARD", 20)
    letters = Letters()
    first = stored_sentences(letters, settings(tmp_path), silent)
    folder = next(tmp_path.iterdir())
    (folder / "0000020-0000040.safetensors").unlink()
    letters.asked.clear()
    again = stored_sentences(letters, settings(tmp_path), silent)
    assert len(letters.asked) == 21  # the lost shard and the sentence that tells one store from another
    assert all(torch.equal(first[name], again[name]) for name in first)
    letters.asked.clear()
    more = stored_sentences(letters, settings(tmp_path, sentences=60), silent)
    assert len(letters.asked) == 21 and torch.equal(more["text"][:50], first["text"])
    stored_sentences(letters, settings(tmp_path, seed=4), silent)
    monkeypatch.setitem(sentences.places(), "desk", dataclasses.replace(sentences.places()["desk"], distance_m=0.9))
    stored_sentences(letters, settings(tmp_path), silent)
    assert len(list(tmp_path.iterdir())) == 3


def test_equal_sentences_are_encoded_once():
    letters = Letters()
    texts = ["A desk.", "A bed and a lamp.", "A desk.", "A bee."]
    assert torch.equal(encode(letters, texts), Letters().encode(texts).squeeze(1).half())
    assert sorted(letters.asked) == sorted(set(texts))


def test_bf16_says_nearly_the_same(encoder: TextEncoder):
    texts = ["A colon with a polyp.", "A huge aircraft hangar with two airliners and a fuel truck at night."]
    half = copy.deepcopy(encoder)
    half.network.to(torch.bfloat16)
    assert bool((torch.cosine_similarity(half.encode(texts), encoder.encode(texts), dim=-1) > 0.9995).all())
    assert encoder.encode(texts).dtype == torch.float32 and next(encoder.network.parameters()).dtype == torch.float32


def test_the_command_encodes_in_advance(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    config = tmp_path / "text.yaml"
    config.write_text(
        "stage: rescale\n"
        "model: {base: embedded, relative_depth: not/there/yet}\n"
        f"features: {{scenes: 4, sentences: 30, seed: 3, folder: {tmp_path}/stored}}\n"
        "steps: 1\n"
    )
    assert features.main([str(config)]) == 0
    assert "30 sentences in" in capsys.readouterr().out
    assert len(list((tmp_path / "stored").glob("sentences-*/0000000-0000030.safetensors"))) == 1
    assert features.main([str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml" in capsys.readouterr().err
