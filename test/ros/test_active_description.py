"""What is done to sentences, and which one is in force."""

from __future__ import annotations

import pytest

from tr2m_core.errors import FrameError
from tr2m_ros.active_description import ActiveDescription, parse_description


def test_descriptions_lose_control_characters() -> None:
    assert parse_description("  A\x00small\n\toffice\x7f. ", 100) == "A small office ."
    assert parse_description("Ein Büro \u2013 日本", 100) == "Ein Büro \u2013 日本"
    assert parse_description("desk \u202egnidliub\u2066", 100) == "desk gnidliub"
    assert parse_description("A \x1b[31mdesk\udc80", 100) == "A desk"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x" * 100_000, "description too long"),
        (" \n\x00\u202e", "description empty"),
        ("\u200b\ufeff\u00ad\ufe0f", "description empty"),
    ],
)
def test_descriptions_that_say_nothing_or_too_much(text: str, reason: str) -> None:
    with pytest.raises(FrameError) as caught:
        parse_description(text, 1000)
    assert caught.value.reason == reason
    assert len(str(caught.value)) < 200


def test_the_cameras_own_sentence_comes_first_then_that_for_all_then_the_default() -> None:
    active = ActiveDescription()
    assert active.text == ""
    assert active.set_default("default")
    assert (active.text, active.age()) == ("default", None)
    assert active.take("all", for_all=True)
    assert active.text == "all"
    assert not active.set_default("another default")
    assert active.take("own", for_all=False)
    assert not active.take("all again", for_all=True)
    assert active.text == "own"
    active.forget()
    assert active.text == "another default"


def test_the_age_is_that_of_the_last_hearing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("tr2m_ros.active_description.time.monotonic", lambda: now)
    active = ActiveDescription()
    active.take("a desk", for_all=True)
    now = 107.0
    assert active.age() == 7.0
    assert not active.take("a desk", for_all=True)
    assert active.age() == 0.0
