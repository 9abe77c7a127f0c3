"""Finds the String topic with the sentences about the scene among all else that robots publish as text."""

from __future__ import annotations

from itertools import islice

from tr2m_core.bags.bag import Bag, shown
from tr2m_core.bags.candidates import Found, hinted, is_own, recorded
from tr2m_core.description import MAX_CHARACTERS, says_something, why_no_description

TEXT_TYPE = "std_msgs/msg/String"
EXACT = "scene_description"  # what the node listens to
HINTS = ("scene", "caption", "description", "prompt", "sentence")
READ = 20  # texts that a topic is judged by


def find_description(bag: Bag, image: str) -> Found:
    """The topic with the sentences about what `image` shows.

    One named scene_description that says something, of several the one in the image's namespace; else the one whose
    name has a hint and whose texts read as sentences; else the only String topic, if its texts do.
    """
    topics = recorded(bag, TEXT_TYPE)
    exact = [name for name in topics if name.rpartition("/")[2] == EXACT and _is_usable(bag, name)]
    if exact:
        return _the_one(_in_namespace(exact, image))
    fitting = [name for name in hinted(topics, HINTS) if _objection(bag, name) is None]
    if fitting:
        return _the_one([name for name in fitting if not is_own(name)] or fitting)
    objections = {name: _objection(bag, name) for name in topics}
    return Found(topics[0]) if [*objections.values()] == [None] else Found(None, _why_none(objections))


def _the_one(fitting: list[str]) -> Found:
    if len(fitting) == 1:
        return Found(fitting[0])
    return Found(None, f"several topics may hold it: {', '.join(map(shown, sorted(fitting)))}")


def _in_namespace(names: list[str], image: str) -> list[str]:
    """Those of the innermost namespace around the image, all where none is around it."""
    around = [name for name in names if image.startswith(name.removesuffix(EXACT))]
    innermost = max(map(len, around), default=0)
    return [name for name in around if len(name) == innermost] or names


def _texts(bag: Bag, name: str) -> list[str]:
    """The first texts of a topic that say something."""
    texts = (str(message.data) for message in bag.readable(name))
    return list(islice(filter(says_something, texts), READ))


def _is_usable(bag: Bag, name: str) -> bool:
    return any(len(text.strip()) <= MAX_CHARACTERS for text in _texts(bag, name))


def _objection(bag: Bag, name: str) -> str | None:
    """What most of the topic's texts are instead of sentences; None where at least half are sentences."""
    reasons = [why_no_description(text) for text in _texts(bag, name)]
    objections = [reason for reason in reasons if reason is not None]
    if not reasons:
        return "nothing"
    return objections[0] if 2 * len(objections) > len(reasons) else None


def _why_none(objections: dict[str, str | None]) -> str:
    if not objections:
        return "the bag has no String topic to take it from"
    said = [
        f"{shown(name)} holds {what or 'sentences that may be about anything'}" for name, what in objections.items()
    ]
    return f"no String topic has it by name and content: {', '.join(said)}"
