"""The bundled model: small, offline, verified, and led by the sentence."""

import dataclasses

import numpy as np
import pytest

from tr2m_core.errors import InputError
from tr2m_core.eval.procedural import evaluate_procedural
from tr2m_core.model.config import ModelConfig
from tr2m_core.model.presets import EMBEDDED, EMBEDDED_DIRECTORY, MINILM
from tr2m_core.model.sources import text_encoder_folder

MEGABYTE = 1_000_000


def test_it_is_small_and_carries_its_model_card():
    files = [path for path in EMBEDDED_DIRECTORY.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 12 * MEGABYTE
    assert {path.suffix for path in files} == {".json", ".safetensors", ".md"}
    assert "procedural" in (EMBEDDED_DIRECTORY / "README.md").read_text(encoding="utf-8")


def test_its_configuration_is_the_preset():
    assert ModelConfig.from_json(EMBEDDED_DIRECTORY / "config.json") == EMBEDDED


def test_another_text_encoder_under_its_name_is_rejected():
    with pytest.raises(InputError, match="is not the expected 000"):
        text_encoder_folder(dataclasses.replace(MINILM, sha256="0" * 64))


def test_a_missing_text_encoder_is_named():
    with pytest.raises(InputError, match="the text encoder's package no_such_encoder is not installed"):
        text_encoder_folder(dataclasses.replace(MINILM, source="package:no_such_encoder"))


def test_the_sentence_sets_the_size(embedded):
    """The same image under three sentences: a doll's house, a room, a hangar."""
    image = np.full((120, 160, 3), 128, np.uint8)
    image[60:] = 90
    sentences = ("A doll's house bedroom.", "A bedroom.", "An aircraft hangar.")
    sizes = [float(np.median(embedded.predict(image, s, maps=False).metric_depth)) for s in sentences]
    assert sizes[0] < 0.5 * sizes[1] < sizes[1] < 0.25 * sizes[2]


def smooth_images() -> list[np.ndarray]:
    """Flat ones, dark to bright, and some shaded from side to side, top to bottom and corner to corner."""
    y, x = np.mgrid[0:1:480j, 0:1:640j]
    flat = [np.full((480, 640), level) for level in (40, 110, 180, 240)]
    shaded = [60 + 140 * part for part in (x, 1 - x, y, 1 - y, (x + y) / 2)]
    return [np.repeat(image[..., None], 3, -1).astype(np.uint8) for image in flat + shaded]


@pytest.mark.parametrize("name", ["relative_depth", "scale_map", "shift_map"])
def test_maps_of_smooth_images_have_no_frame_and_no_grid(embedded, name):
    """Slopes at the border and on the edges of tokens against those elsewhere, over flat and shaded images."""
    size, token = embedded.input_size, embedded.config.patch_size
    slopes = []
    for image in smooth_images():
        values = getattr(embedded.predict(image, "A room.", size=size), name)
        down, across = np.gradient(values / values.mean())
        slopes.append(np.hypot(down, across))
    slope = np.mean(slopes, 0)
    frame = np.ones(size, bool)
    frame[8:-8, 8:-8] = False
    assert slope[frame].mean() <= 2 * slope[~frame].mean()
    edges = np.zeros(size, bool)
    for line in range(token, max(size), token):
        edges[line - 1 : line + 1] = True
        edges[:, line - 1 : line + 1] = True
    inside = ~frame
    assert slope[edges & inside].mean() <= 1.5 * slope[~edges & inside].mean()


def test_right_sentences_beat_wrong_ones_and_none_on_unseen_scenes(embedded):
    rows = {kind: metrics["abs_rel"] for kind, metrics in evaluate_procedural(embedded, count=40).items()}
    assert rows["training wording"] < 0.6 * rows["best constant"]
    assert rows["object-only"] < rows["best constant"]
    assert rows["other size"] > 2 * rows["unseen wording"]
    assert rows["other size"] > 3 * rows["training wording"]
    assert rows["empty sentence"] > 3 * rows["training wording"]


@pytest.mark.slow
def test_the_model_card_says_what_is_measured(embedded):
    card = (EMBEDDED_DIRECTORY / "README.md").read_text(encoding="utf-8")
    for kind, metrics in evaluate_procedural(embedded).items():
        row = next(line for line in card.splitlines() if line.startswith(f"| {kind} |"))
        said = dict(zip(("scenes", "abs_rel", "rmse_log", "delta1"), map(float, row.split("|")[2:-1]), strict=True))
        # The card has three digits.
        assert said == pytest.approx({name: metrics[name] for name in said}, rel=0.02, abs=5e-4), row
