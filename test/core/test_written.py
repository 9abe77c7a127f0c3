"""Descriptions written by hand: what may stand in written.yaml, what is held out, and how they are reworded."""

from __future__ import annotations

import random

from tr2m_core.data.procedural.descriptions import DOMAINS
from tr2m_core.data.procedural.scenes import LIMITS
from tr2m_core.data.procedural.written import HELD_OUT_EVERY, reworded, written
from tr2m_core.description import check_description, why_no_description

TRAINING, HELD_OUT = written(held_out=False), written(held_out=True)


def test_each_is_a_description_with_a_distance_that_can_be_learnt():
    texts = [one.text for one in TRAINING + HELD_OUT]
    assert len({text.lower() for text in texts}) == len(texts) > 900
    for one in TRAINING + HELD_OUT:
        assert check_description(one.text) == one.text and why_no_description(one.text) is None, one
        assert LIMITS[0] < one.distance_m < LIMITS[1], one


def test_every_domain_is_in_both_parts():
    assert {one.domain for one in TRAINING} == {one.domain for one in HELD_OUT} == set(DOMAINS)
    assert abs(len(HELD_OUT) - len(TRAINING + HELD_OUT) / HELD_OUT_EVERY) < 1


def test_rewording_keeps_the_first_clause_or_most_of_its_words():
    text = "A kitchen with a gas stove, two pans, and a kettle; somebody cuts bread."
    versions = [reworded(text, random.Random(seed)) for seed in range(400)]
    assert versions == [reworded(text, random.Random(seed)) for seed in range(400)]
    assert 0.4 < versions.count(text) / 400 < 0.6
    first = set(["a", "kitchen", "with", "a", "gas", "stove"])
    for version in versions:
        words = version.lower().replace(",", "").replace(";", "").split()
        assert len(words) > 2 and len(first & set(words)) >= 3, version
        remaining = iter(text.lower().replace(",", "").replace(";", "").split())
        assert all(word in remaining for word in words), version  # nothing new, in the old order
    assert any("pans" not in version for version in versions) and any(version.islower() for version in versions)


def test_a_short_text_never_loses_all_its_words():
    assert {reworded("two cups", random.Random(seed)) for seed in range(200)} == {"two cups"}
