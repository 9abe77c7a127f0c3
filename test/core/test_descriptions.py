"""The scene descriptions: catalogue, facts, wording tables and sentences."""

from __future__ import annotations

import hashlib
import math
import random
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tr2m_core.data.procedural import descriptions as subject
from tr2m_core.data.procedural import english
from tr2m_core.data.procedural.descriptions import (
    COLOURS,
    DOMAINS,
    SIZES,
    SceneFacts,
    Wording,
    describe,
    places,
    sample_facts,
)
from tr2m_core.data.procedural.places import kinds
from tr2m_core.data.procedural.scenes import ProceduralScenes
from tr2m_core.data.procedural.wordings import words_of
from tr2m_core.settings import read_settings


def _sentences(count: int, seed: int, wording: Wording) -> list[str]:
    rng = random.Random(seed)
    return [describe(sample_facts(rng), rng, wording) for _ in range(count)]


def _names(wording: Wording) -> list[str]:
    return [name for place in places().values() for name in getattr(place, f"{wording}_names")]


def _flat(table: dict[str, tuple[str, ...]]) -> list[str]:
    return [text for texts in table.values() for text in texts]


def _has(words: Iterable[str], sentence: str) -> bool:
    return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", sentence, re.IGNORECASE) for word in words)


def test_catalogue_is_wide_and_consistent() -> None:
    assert len(places()) >= 300 and len(_names("train")) >= 2500 and len(kinds()) >= 1500
    for domain in DOMAINS:
        assert sum(place.domain == domain for place in places().values()) >= 15
    for key, place in places().items():
        assert key == place.name and place.domain in DOMAINS
        assert 0.005 <= place.distance_m <= 100 and place.weight > 0
        assert len(place.train_names) >= 3 and place.unseen_names and place.features
        assert len(place.objects) >= 3 and all(name in kinds() for name in place.objects)
    by_domain = [name for domain in DOMAINS for name, place in places().items() if place.domain == domain]
    assert by_domain == list(places())  # no place in two domains
    distances = [place.distance_m for place in places().values()]
    assert min(distances) < 0.02 and max(distances) > 60


@pytest.mark.parametrize(
    ("names", "nearest", "farthest"),
    [
        ("plate of food, keyboard in close-up, hand holding an object", 0.3, 0.5),
        ("desk, office desk, kitchen counter, table, workbench, shelf", 0.6, 1.2),
        ("bathroom, bedroom, living room, kitchen, office, basement, garage", 1.4, 3.2),
        ("office corridor, hotel corridor, supermarket aisle, classroom", 3.5, 5.0),
        ("residential street, city road, street from a car, crossroads", 10, 15),
    ],
)
def test_places_are_as_far_as_a_camera_sees_them(names: str, nearest: float, farthest: float) -> None:
    assert all(nearest <= places()[name].distance_m <= farthest for name in names.split(", "))


@pytest.mark.parametrize("name", ["places.yaml", "objects.yaml", "wordings.yaml"])
def test_tables_name_nothing_twice(name: str) -> None:
    assert read_settings(Path(subject.__file__).with_name(name))  # raises where a key comes again


def test_no_name_stands_for_two_places() -> None:
    names = _names("train") + _names("unseen")
    assert len(names) == len(set(names))


def test_every_colour_of_an_object_exists() -> None:
    assert all(0 <= value <= 1 for rgb in COLOURS.values() for value in rgb)
    for kind in kinds().values():
        assert kind.colours is None or set(kind.colours) <= set(COLOURS), kind.name


@pytest.mark.parametrize("domain", [None, *DOMAINS])
def test_facts_are_valid(domain: subject.Domain | None) -> None:
    rng = random.Random(5)
    for _ in range(1000):
        facts = sample_facts(rng, domain)
        place = places()[facts.place]
        assert facts.domain == place.domain and domain in (None, facts.domain)
        assert math.isclose(facts.distance_m, place.distance_m * SIZES[facts.size])
        assert len({fact.name for fact in facts.objects}) == len(facts.objects) <= 5
        for fact in facts.objects:
            assert fact.name in place.objects and 1 <= fact.count <= 6
            assert fact.shape == kinds()[fact.name].shape and (fact.colour is None or fact.colour in COLOURS)


def test_ordinary_size_is_the_most_frequent() -> None:
    rng = random.Random(6)
    sizes = [sample_facts(rng).size for _ in range(4000)]
    assert set(sizes) == set(SIZES)
    assert 0.58 < sizes.count("") / len(sizes) < 0.66


def test_same_seed_gives_the_same_sentences() -> None:
    assert _sentences(200, 7, "train") == _sentences(200, 7, "train")
    assert _sentences(200, 7, "train") != _sentences(200, 8, "train")


def test_seed_and_index_give_these_facts_and_sentences_for_good() -> None:
    """A change of these changes every training set and every figure measured on held-out scenes."""
    scenes = ProceduralScenes((8, 8), seed=990_000)
    counter, crates = (
        subject.ObjectFact("refrigerated counter", 1, "box", "purple", "centre"),
        subject.ObjectFact("stack of crates", 1, "box", None, "left"),
    )
    assert scenes.facts(0) == SceneFacts("room", "supermarket", "", 4.2, (counter, crates))
    assert (
        scenes.describe(0)
        == "Somebody's market hall with a purple refrigerated counter and the stack of crates at the left."
    )
    assert scenes.describe(0, "unseen") == (
        "Hanging signs overhead and a purple refrigerated counter and the stack of crates off to the left make up this"
        " corner of his hypermarket."
    )
    assert scenes.describe(3, variant=1) == "Fridge with yoghurt pot, six bottles of milk, butter dish."
    assert scenes.describe(55) == "The photo was taken in a pretty large park path."
    assert scenes.describe(13, variant=1) == "the robot arm is above a long window ledge"
    many = [repr((scenes.facts(i), scenes.describe(i), scenes.describe(i, "unseen"))) for i in range(300)]
    assert (
        hashlib.sha256("\n".join(many).encode()).hexdigest()
        == "4bd052f754c45347c28832dc7743494e288b2c1d5dd8ba2003ef51b2f3566f7b"
    )


def test_wording_tables_are_disjoint_and_large_enough() -> None:
    train, unseen = words_of("train"), words_of("unseen")
    assert len(set(train.openings)) >= 60 and len(set(unseen.openings)) >= 15
    assert not set(train.openings) & set(unseen.openings)
    assert not set(_names("train")) & set(_names("unseen"))
    assert train.frames.keys() == unseen.frames.keys() == subject._KIND_WEIGHTS.keys()
    for kind, frames in train.frames.items():
        assert frames and unseen.frames[kind] and not set(frames) & set(unseen.frames[kind])
    assert not set(_flat(train.size_words)) & set(_flat(unseen.size_words))
    for size in filter(None, SIZES):
        assert len(train.size_words[size]) >= 6 and len(unseen.size_words[size]) >= 3
    for position in ("left", "centre", "right"):
        assert not set(train.positions[position]) & set(unseen.positions[position])
    assert not set(train.size_clauses) & set(unseen.size_clauses)
    assert not set(train.distance_hints) & set(unseen.distance_hints)
    for kind in kinds().values():
        assert not set(kind.unseen_names) & {kind.name, *kind.train_names}, kind.name


def test_unseen_sentences_do_not_occur_in_training() -> None:
    train = {sentence.lower().rstrip(".") for sentence in _sentences(20_000, 9, "train")}
    assert not train & {sentence.lower().rstrip(".") for sentence in _sentences(2_000, 10, "unseen")}


@pytest.mark.parametrize("wording", ["train", "unseen"])
def test_size_is_always_said_and_never_invented(wording: Wording) -> None:
    rng = random.Random(11)
    for _ in range(3000):
        facts = sample_facts(rng)
        sentence = describe(facts, rng, wording)
        if facts.size:
            assert _has(words_of(wording).size_words[facts.size], sentence), (facts.size, sentence)


@pytest.mark.parametrize("wording", ["train", "unseen"])
def test_place_is_left_out_only_where_the_objects_tell_the_size(wording: Wording) -> None:
    rng = random.Random(12)
    left_out = 0
    for _ in range(3000):
        facts = sample_facts(rng)
        place = places()[facts.place]
        sentence = describe(facts, rng, wording)
        if not _has(getattr(place, f"{wording}_names"), sentence):
            left_out += 1
            assert facts.size == "" and place.telling and facts.objects, sentence
    assert left_out > 150


def test_a_sentence_of_objects_alone_names_no_place() -> None:
    rng = random.Random(16)
    facts = [fact for fact in (sample_facts(rng) for _ in range(1000)) if subject.place_may_go(fact)]
    assert 300 < len(facts) < 600
    sentences = [subject.describe_as("objects", fact, rng, "train") for fact in facts]
    named = sum(subject.names_place(sentence, fact) for sentence, fact in zip(sentences, facts, strict=True))
    assert named < 0.1 * len(facts)  # by an object called after the place


@pytest.mark.parametrize("wording", ["train", "unseen"])
def test_a_sentence_about_a_photograph_names_the_place_and_often_its_backdrop(wording: Wording) -> None:
    rng = random.Random(17)
    facts = [fact for fact in (sample_facts(rng) for _ in range(1000)) if fact.objects]
    sentences = [subject.describe_as("photo", fact, rng, wording) for fact in facts]
    assert all(subject.names_place(text, fact, wording) for text, fact in zip(sentences, facts, strict=True))
    backdrops = [_has(places()[fact.place].features, text) for text, fact in zip(sentences, facts, strict=True)]
    assert 0.3 < sum(backdrops) / len(backdrops) < 0.9


def test_every_gap_of_a_frame_is_filled_whatever_the_number_of_objects() -> None:
    rng = random.Random(18)
    for place in list(places())[::7]:
        objects = tuple(subject.ObjectFact(name, 1, "box", None, "left") for name in places()[place].objects[:3])
        for count in range(4):
            facts = SceneFacts(places()[place].domain, place, "", places()[place].distance_m, objects[:count])
            for kind in words_of("train").frames:
                sentence = subject.describe_as(kind, facts, rng, "train")
                assert not re.search(r"\b(?:with|and|of|a|the)(?:[.;]|$)", sentence), sentence


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("a view of a GARAGE", True),
        ("A workbench beside the garage door.", True),
        ("Two garages.", False),
        ("A workbench and a bicycle.", False),
    ],
)
def test_names_of_places_are_whole_words(sentence: str, named: bool) -> None:
    facts = SceneFacts("room", "garage", "", places()["garage"].distance_m, ())
    assert subject.names_place(sentence, facts) == named
    assert not subject.names_place(sentence, facts, "unseen")


@pytest.mark.parametrize("wording", ["train", "unseen"])
def test_sentences_are_tidy(wording: Wording) -> None:
    sentences = _sentences(5000, 13, wording)
    for sentence in sentences:
        assert not re.search(r"[{}]|  |\s[,.;]|[.,;]{2}|^\W?\s|\s$", sentence), sentence
        assert not re.search(r"\b[Aa] (?:[aio]\w|apple|umbrella)|\b[Aa]n (?:[bcdfgjklmnpqrstvwyz]\w)", sentence), (
            sentence
        )
        assert 3 <= len(sentence) < 600
    casual = sum(sentence == sentence.lower() and not sentence.endswith(".") for sentence in sentences)
    assert 0.02 < casual / len(sentences) < 0.1
    assert len(set(sentences)) > 4900


@pytest.mark.parametrize(
    ("singular", "plural"),
    [
        ("mug", "mugs"),
        ("box of cereal", "boxes of cereal"),
        ("shelf", "shelves"),
        ("lorry", "lorries"),
        ("bench", "benches"),
        ("person on foot", "people on foot"),
        ("kitchen knife", "kitchen knives"),
        ("tray", "trays"),
        ("computer mouse", "computer mice"),
    ],
)
def test_plurals(singular: str, plural: str) -> None:
    assert english.plural(singular) == plural


@pytest.mark.parametrize(
    "phrase",
    [
        "an office",
        "a unit",
        "an X-ray machine",
        "a mug",
        "an umbrella stand",
        "a one-way road",
        "a street lined with trees",
    ],
)
def test_articles(phrase: str) -> None:
    assert english.with_article(phrase.partition(" ")[2]) == phrase


@pytest.mark.parametrize("phrase", ["wooden stairs", "shelves with books", "busy city traffic", "leaves on the ground"])
def test_plurals_and_what_cannot_be_counted_have_no_article(phrase: str) -> None:
    assert english.with_article(phrase) == phrase


def test_explicit_distances_agree_with_the_facts() -> None:
    rng = random.Random(14)
    units = {"m": 1.0, "metre": 1.0, "meter": 1.0, "cm": 0.01, "centimetre": 0.01, "centimeter": 0.01}
    units |= {"mm": 0.001, "millimetre": 0.001, "millimeter": 0.001}
    for _ in range(2000):
        metres = math.exp(rng.uniform(math.log(0.008), math.log(130)))
        number, unit = english.distance_words(metres, rng).split(" ")
        value = float(english.NUMBERS.index(number) if number in english.NUMBERS else number)
        assert abs(math.log(value * units[unit.rstrip("s")] / metres)) < 0.11


def test_facts_from_elsewhere_can_be_described() -> None:
    """An object that is in no table, several of it, and no colour."""
    fact = subject.ObjectFact("gizmo", 3, "box", None, "left")
    facts = SceneFacts("table", "desk", "", 0.8, (fact,))
    rng = random.Random(15)
    sentences = [describe(facts, rng) for _ in range(50)]
    assert any("gizmos" in sentence for sentence in sentences)
