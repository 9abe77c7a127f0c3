"""Random scene facts and English sentences about them, for the procedural training scenes.

Pixels cannot tell how large a scene is; the sentence must. ``sample_facts`` draws a place, its size and objects that
belong there; ``describe`` words them. The wordings "train" and "unseen" share no opening, sentence frame, size word or
place name, so sentences of the second measure how well a listener copes with wording it was never taught.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tr2m_core.data.places import KINDS, PLACES, Domain, ObjectKind, Place, Shape

__all__ = [
    "COLOURS", "DOMAINS", "PLACES", "SIZES", "Domain", "ObjectFact", "Place", "Position", "SceneFacts", "Shape",
    "Wording",
    "describe", "describe_as", "names_place", "place_may_go", "sample_facts",
]  # fmt: skip

DOMAINS: tuple[Domain, ...] = ("room", "corridor", "street", "table", "tube")
Wording = Literal["train", "unseen"]
Position = Literal["left", "centre", "right"]

COLOURS: dict[str, tuple[float, float, float]] = {  # linear RGB, 0..1
    "red": (0.55, 0.03, 0.03), "blue": (0.03, 0.10, 0.50), "green": (0.05, 0.30, 0.06), "yellow": (0.75, 0.55, 0.03),
    "orange": (0.70, 0.22, 0.02), "purple": (0.20, 0.04, 0.35), "pink": (0.75, 0.30, 0.40), "brown": (0.16, 0.07, 0.03),
    "black": (0.02, 0.02, 0.02), "white": (0.80, 0.80, 0.80), "grey": (0.22, 0.22, 0.22), "beige": (0.55, 0.45, 0.30),
    "turquoise": (0.06, 0.50, 0.48), "silver": (0.45, 0.46, 0.48),
}  # fmt: skip
SIZES: dict[str, float] = {"tiny": 0.6, "small": 0.8, "": 1.0, "large": 1.25, "huge": 1.6}  # factor on the distance

_DOMAIN_WEIGHTS: dict[Domain, float] = {"room": 0.29, "corridor": 0.15, "street": 0.2, "table": 0.24, "tube": 0.12}
_SIZE_WEIGHTS: dict[str, float] = {"": 0.62, "tiny": 0.07, "small": 0.12, "large": 0.12, "huge": 0.07}
_KIND_WEIGHTS: dict[str, float] = {
    "both": 0.32,
    "place": 0.18,
    "objects": 0.17,
    "list": 0.09,
    "caption": 0.15,
    "terse": 0.09,
}
_MAX_OBJECT_SPREAD = 0.4  # rms of the log distance among the places that the objects could come from
_DISTANCE_HINT_SHARE = 0.05
_EVERYDAY = 1.5  # exponent on the places' weights: above 1, common places are drawn more often still
_CASUAL_SHARE = 0.05


@dataclass(frozen=True)
class ObjectFact:
    """Some equal objects: a singular noun, how many, their shape, colour (key of ``COLOURS``) and position."""

    name: str
    count: int
    shape: Shape
    colour: str | None
    position: Position


@dataclass(frozen=True)
class SceneFacts:
    """What a scene is; ``distance_m`` is the typical distance in metres from the camera to its middle."""

    domain: Domain
    place: str
    size: str
    distance_m: float
    objects: tuple[ObjectFact, ...]


# ---- Tables per wording. The same key in both wordings never lists the same text. ----

_OPENINGS: dict[Wording, tuple[str, ...]] = {
    "train": (
        "", "", "", "", "", "", "", "", "", "", "", "",
        "an image of", "a photo of", "a picture of", "a photograph of", "a view of", "a close look at", "a snapshot of",
        "a shot of",
        "a colour image of", "a camera image of", "a camera frame of", "a video frame of", "a still of", "a scene with",
        "an image with", "a photo with", "a picture with", "the image shows", "the picture shows", "the photo shows",
        "the photograph shows",
        "the camera shows", "the camera sees", "the view shows", "the scene shows", "the frame shows",
        "this image shows",
        "this picture shows", "this photo shows", "this scene shows", "this frame contains", "the image contains",
        "the picture contains", "the image depicts", "the picture depicts", "this photograph depicts",
        "the image features",
        "the photo features", "the scene features", "we see", "we can see", "one can see", "you can see", "I see",
        "I can see",
        "here we see", "in the image we see", "in the picture there {be}", "in the image there {be}", "there {be}",
        "here {be}",
        "in this photo you see", "in front of the camera {be}", "in front of me I see", "in front of us {be}",
        "visible {be}", "shown {be}", "pictured {be}", "the robot sees", "the robot camera shows", "we are looking at",
        "we look at",
        "I am looking at", "looking at", "a look at", "an indoor or outdoor shot of", "the subject is",
        "it is a picture of",
        "this is a photo of", "this is an image of", "this is a view of", "a blurry photo of", "a sharp image of",
        "an amateur photo of",
        "a typical view of", "a wide view of", "a front view of", "a side view of", "a test image of", "a rendering of",
        "a drawing of",
        "scene:", "image:", "photo of", "picture of", "image of", "view of",
    ),
    "unseen": (
        "captured here {be}", "my camera is pointed at", "before us lies the sight of", "what we have here {be}",
        "displayed {be}",
        "the shot captures", "the viewer gets to see", "a glimpse of", "the lens is trained on",
        "depicted in this visual {be}",
        "an impression of", "in this capture one finds", "the footage presents", "a recording of",
        "you are presented with",
        "the snapshot reveals", "a sensor reading of", "seen from the vehicle:", "caught on film {be}",
        "this visual gives us",
    ),
}  # fmt: skip

# {place} is the place with its article, {at} the same after its preposition, {things} all named objects.
_FRAMES: dict[str, dict[Wording, tuple[str, ...]]] = {
    "both": {
        "train": (
            "{open} {place} with {things}.", "{open} {place} with {things}.", "{open} {place} with {things}{feature}.",
            "{open} {place} with {things} {state}.", "{place} with {things}{feature}.",
            "{open} {place} containing {things}.",
            "{open} {place} where {things} can be seen.", "{open} {place} that has {things}.",
            "{open} {place} and {things}.",
            "{open} {place}, {things}.", "{open} {place} in which {things} {are} visible.",
            "{open} {place} full of things: {things}.",
            "{open} {things} {at}.", "{open} {things} {at}{feature}.", "{things} {at}.", "{things} {at}{feature}.",
            "{things} {state} {at}.",
            "{open} {things} {state} {at}.", "{open} {things} inside or around {place}.", "{at} there {are} {things}.",
            "{at} we see {things}.", "{at} I can see {things}.", "{at}, {things} {are} visible.",
            "{the_place} has {things}.",
            "{the_place} contains {things}.", "{the_place} is furnished or filled with {things}.",
            "{things} {are} {at}.",
            "{things} can be found {at}.", "{the_place}: {things}.", "{open} {first} {at}, next to {rest}.",
            "{open} {first} {at} and, further back, {rest}.", "{first} {state} {at} in front of {rest}.",
            "{place} with {first} beside {rest}.",
            "{open} {first} {at}; there {are_rest} also {rest}.", "{at}, {first} {state} behind {rest}.",
            "there {are} {things} {at}.",
            "{place} seen from the front, with {things}.", "{open} {place} equipped with {things}.",
            "{open} {place} showing {things}{feature}.",
            "this is {place}. It has {things}.", "{open} {place}. There {are} {things}.",
            "{open} {place}. {things} can be seen.",
            "{place}. {things}.", "{first} leaning against {rest} {at}.", "a person {at} beside {things}.",
            "people {at}; {things} behind them.",
            "somebody works {at} next to {things}.", "{open} {place}{feature}. There {are} {things} {state}.",
        ),
        "unseen": (
            "{open} {place}, home to {things}.", "{open} {place} together with {things}.",
            "{open} {place} along with {things}{feature}.",
            "{things} can be made out {at}.", "{open} {place}, and among other things {things}.",
            "{the_place} accommodates {things}.",
            "someone has put {things} {at}.", "{open} {things}, all of it {at}.",
            "{open} {first}, while {rest} occupy the remainder of {place}.",
            "{at} one notices {things}.", "{place} that is occupied by {things}.",
            "{open} {place} featuring, from left to right, {things}.",
        ),
    },
    "place": {
        "train": (
            "{open} {place}.", "{open} {place}.", "{open} {place}{feature}.", "{open} {place}{feature}.", "{place}.",
            "{place}{feature}.",
            "this is {place}.", "{open} an empty scene: {place}.", "{open} the inside or surface of {place}.",
            "{place} {light}.", "{open} {place} {light}.",
            "{place}, nothing else.", "we are {at}.", "a view {at}.", "a picture taken {at}.",
            "the photo was taken {at}.", "{open} the view {at}.",
            "{open} {place} {view}.", "{place} {view}.", "the camera is {at}.", "{at}{feature}.", "the robot is {at}.",
            "it is {place}{feature}.",
        ),
        "unseen": (
            "{open} {place} and not much besides.", "the setting is {place}.", "one finds oneself {at}.",
            "{open} nothing other than {place}{feature}.",
            "somewhere {at}{feature}.", "what is shown is {place} {light}.", "a moment {at}.",
        ),
    },
    "objects": {
        "train": (
            "{open} {things}.", "{open} {things}.", "{open} {things}{feature}.", "{things}.", "{things}{feature}.",
            "{open} {things} {state}.",
            "{things} {state}.", "{open} {first} next to {rest}.", "{open} {first} in front of {rest}.",
            "{first} behind {rest}.",
            "{open} {first} beside {rest}{feature}.", "{first} {state} near {rest}.", "there {are} {things}.",
            "{first} and, further back, {rest}.",
            "{open} {first}; next to it {are_rest} {rest}.", "{first} {state} between {rest}.",
            "{first}, with {rest} in the background.",
            "{open} {first}, with {rest} in the foreground.", "{first} close to {rest}{feature}.",
            "{things} {are} {state}.",
            "{open} several things: {things}.", "{open} {first}. There {are_rest} also {rest}.",
            "{open} {first} {state} in front of {rest}.",
            "{first} {stand} in front of {rest}.", "{first} {lie} next to {rest}.", "somebody works beside {things}.",
            "{first} leaning against {rest}.", "people walk past {things}.", "close to the camera {are} {first}.",
            "{things}, viewed frontally.", "a person stands near {first}.",
            "{first} {stand} beside {rest}{feature}.",
            "behind {first} one sees {rest}.", "someone is busy with {things}.", "{first}{feature}, and {rest}.",
        ),
        "unseen": (
            "{open} {things}, arranged loosely.", "{open} {first}, flanked by {rest}.",
            "{first} sharing the space with {rest}{feature}.",
            "nothing but {things}.", "{open} {first}, not far from {rest}.", "one makes out {things}{feature}.",
            "{open} {first} plus {rest}.",
            "{first} partly hiding {rest}.",
        ),
    },
    "list": {
        "train": (
            "an image with {items}.", "a picture with {items}.", "a photo with {items}.", "a scene with {items}.",
            "{open} {items}.", "{items}.",
            "the image contains {items}.", "objects: {items}.", "there {are_items} {items}.", "one can count {items}.",
            "contents: {items}.",
            "the scene consists of {items}.", "in the scene: {items}.", "things in view: {items}.",
            "the picture has {items} in it.",
        ),
        "unseen": (
            "an inventory of the view: {items}.", "spotted: {items}.", "the following is present: {items}.",
            "made up of {items}.",
            "detected in this frame: {items}.",
        ),
    },
    "caption": {
        "train": (
            "{open} {place}. In the foreground, {first} can be seen, while {rest} {are_rest} further back.",
            "{open} {place}. On one side {are} {first}, while {rest} {are_rest} on the other side.",
            "{open} {place}{feature}. There {are} {first} near the camera and {rest} in the background.",
            "{open} {place} with {first}. In addition, there {are_rest} {rest} {state}. {mood}",
            "{open} {place} {light}. {mood} There {are} {first}, and {rest} can be seen as well.",
            "{open} {place}. {first} {are} {state} in the middle, surrounded by {rest}. {mood}",
            "{open} {place} featuring {things}. {mood}", "{open} {place}{feature}. {mood}",
            "{at}, there {are} {things}. {mood}",
            "{open} {first} {at}. There {are_rest} also {rest} in the scene. {mood}",
            "{mood} {open} {place} with {things}{feature}.",
            "{open} {place}. It has {first} in the front and {rest} in the back.",
            "the main object in the scene is {first} {at}. Besides, {rest} {are_rest} visible.",
            "{open} {place}. The camera looks {direction}. {first} {are} visible first, then {rest}.",
            "{open} {place}. The most prominent thing is {first}. Around it there {are_rest} {rest}. {mood}",
            "{open} {place} filled with various items. There {are} {things}. {mood}",
        ),
        "unseen": (
            "{open} {place}. Up close {are} {first}; towards the rear one recognises {rest}.",
            "{open} {place}, whose foremost part is taken up by {first}. Behind that, {rest} {are_rest} discernible."
            " {mood}",
            "the composition centres on {place}. Its contents include {things}. {mood}",
            "{open} {first} {at}. Completing the scene, {rest} {are_rest} likewise in view. {mood}",
            "overall, the setting appears to be {place}{feature}. Additionally, {things} {are} noticeable. {mood}",
        ),
    },
    "terse": {
        "train": (
            "{bare_place}, {bare_things}", "{bare_place}, {bare_things}", "{bare_things}, {bare_place}",
            "{bare_place}: {bare_things}",
            "{bare_place} {bare_things}", "{bare_place}; {bare_things}", "{bare_place}",
            "{bare_place} with {bare_things}",
            "{bare_place} - {bare_things}", "{bare_place} / {bare_things}", "{bare_place} ({bare_things})",
        ),
        "unseen": (
            "[{bare_place}] {bare_things}", "{bare_place} + {bare_things}", "{bare_place} incl. {bare_things}",
            "loc = {bare_place}, obj = {bare_things}",
        ),
    },
}  # fmt: skip

_SIZE_WORDS: dict[Wording, dict[str, tuple[str, ...]]] = {
    "train": {
        "tiny": ("tiny", "very small", "extremely small", "minute", "minuscule", "diminutive", "really tiny",
            "exceptionally small", "teeny", "unusually tiny", "extra small", "incredibly small", "tiny little",
            "remarkably small", "much smaller than normal",
            "awfully small", "miniscule", "extraordinarily small", "wee"),
        "small": ("small", "compact", "rather small", "fairly small", "little", "smallish", "small-sized",
            "quite small", "modest-sized", "smaller than usual", "pretty small", "somewhat small", "below-average",
            "reduced-size", "relatively small",
            "not very big", "small and compact", "slightly small", "medium-small", "narrow-built"),
        "large": ("large", "big", "fairly large", "rather large", "sizeable", "quite big", "spacious", "roomy",
            "larger than usual", "generously sized", "pretty large", "relatively big", "somewhat large",
            "above-average", "bigger than normal",
            "large-sized", "oversized", "substantial", "extensive", "fair-sized"),
        "huge": ("huge", "enormous", "gigantic", "very large", "vast", "immense", "extremely large", "giant", "massive",
            "colossal", "really huge", "very big", "extremely big", "extraordinarily large", "monstrous", "tremendous",
            "extra large",
            "incredibly big", "titanic", "monumental", "whopping", "much larger than normal", "super-sized",
            "towering"),
    },
    "unseen": {
        "tiny": ("teeny-weeny", "itsy-bitsy", "ultra-small", "super small"),
        "small": ("smaller-than-average", "on-the-small-side", "petite", "undersized"),
        "large": ("good-sized", "larger-than-average", "ample", "considerable"),
        "huge": ("humongous", "mammoth", "gargantuan", "super large"),
    },
}  # fmt: skip

# The size said in a clause of its own.
_SIZE_CLAUSES: dict[Wording, tuple[str, ...]] = {
    "train": (
        "The whole place is {size}.", "It is {size}.", "Everything here is {size}.", "The scene is {size}.",
        "It looks {size}.", "The space is {size}.",
        "For its kind it is {size}.", "In reality it is {size}.",
    ),
    "unseen": ("Overall the thing is {size}.", "Note that it is {size} as such things go.",
        "Its dimensions are {size}."),
}  # fmt: skip

_POSITIONS: dict[Wording, dict[Position, tuple[str, ...]]] = {
    "train": {
        "left": ("on the left", "to the left", "on the left side", "at the left", "in the left part",
            "on the left-hand side", "at left"),
        "centre": ("in the middle", "in the centre", "in the center", "straight ahead", "in the middle of the picture",
            "at the centre"),
        "right": ("on the right", "to the right", "on the right side", "at the right", "in the right part",
            "on the right-hand side", "at right"),
    },
    "unseen": {
        "left": ("toward the left edge", "off to the left"),
        "centre": ("in a central position", "dead ahead"),
        "right": ("toward the right edge", "off to the right"),
    },
}  # fmt: skip

_DISTANCE_HINTS: dict[Wording, tuple[str, ...]] = {
    "train": (
        "It is about {metres} away.", "Everything is roughly {metres} from the camera.",
        "The scene is around {metres} deep.", "The distance is {metres}.",
        "The middle is approximately {metres} away.", "The objects are about {metres} away.",
        "The typical distance is {metres}.",
        "The camera is {metres} away from it.", "Most of it lies at a distance of {metres}.",
    ),
    "unseen": ("The range is some {metres}.", "Expect distances near {metres}.",
        "Count on {metres} or so to the midpoint."),
}  # fmt: skip

# Frames that suit one domain only, and whether they need objects.
_DOMAIN_FRAMES: dict[Wording, dict[Domain, dict[str, tuple[str, ...]]]] = {
    "train": {
        "room": {
            "place": (
                "standing {at}.", "a corner of {place}.", "the interior of {place}{feature}.", "one wall of {place}.",
                "we have just entered {place}.",
                "a glance into {place} through the door.", "I am {at} {light}.", "somebody walks {at}.",
                "the far end of {place}{feature}.",
            ),
            "both": (
                "a corner of {place} with {things}.", "the interior of {place}: {things}.", "{first} {stand} {at}.",
                "{first} {stand} {at} next to {rest}.",
                "standing {at}, I see {things}.", "we have just entered {place} and see {things}.",
                "{first} {stand} against the wall {at}.",
                "{at} somebody has left {things}.", "a glance into {place} where {first} {stand} in front of {rest}.",
                "somebody has put {things} {at}.",
            ),
        },
        "corridor": {
            "place": (
                "walking along {place}.", "the far end of {place}.", "looking down {place}{feature}.",
                "nobody is {at}.", "an endless {bare_place}{feature}.",
                "going through {place} {light}.", "the robot drives through {place}.", "{place} leading straight on.",
            ),
            "both": (
                "walking along {place} past {things}.", "looking down {place} with {things}.", "{first} {stand} {at}.",
                "{at} we pass {things}.",
                "{first} {stand} at the side {at}, then {rest}.", "the robot drives through {place} towards {things}.",
            ),
        },
        "street": {
            "place": (
                "outdoors {at}.", "driving {at}.", "a drive {at} {light}.", "walking {at}{feature}.",
                "a dashboard camera {at}.", "traffic {at}.",
                "the vehicle is {at}{feature}.", "the windscreen view {at}.", "a rainy day {at}.",
                "an outdoor scene: {place}.",
            ),
            "both": (
                "driving {at} past {things}.", "driving {at} behind {first}.", "an outdoor scene {at} with {things}.",
                "{first} ahead of us {at}.",
                "{first} {stand} {at}.", "walking {at}, we pass {things}.",
                "{first} at the side {at}; further on {rest}.", "outdoors {at}: {things}.",
                "{first} {stand} in front of {rest} {at}.", "the car stops {at} next to {first}.",
            ),
        },
        "table": {
            "place": (
                "a surface: {place}.", "{place} seen from close by.", "looking down on {place}.",
                "the top of {place}{feature}.", "the robot arm is above {place}.",
                "nothing is {at}.", "{place} right in front of me.", "the edge of {place}.",
            ),
            "both": (
                "{first} {lie} {at}.", "{first} {stand} {at} beside {rest}.", "somebody left {things} {at}.",
                "looking down on {place} with {things} on it.",
                "{place} with {things} on it.", "{place} and {things} on it.", "{things} lying {at}.",
                "{first} {lie} {at} among {rest}.",
                "the gripper reaches for {first} {at}.", "{at}: {things}.", "{things} are spread out {at}.",
                "{first} placed {at} near {rest}.",
            ),
        },
        "tube": {
            "place": (
                "looking into {place}.", "the camera moves through {place}.", "a round view along {place}.",
                "the probe is {at}.", "deep {at}.",
                "a look along the inside of {place}.", "an inspection camera {at}{feature}.",
                "the interior of {place}{feature}.", "the wall of {place}.",
            ),
            "both": (
                "looking into {place} with {things}.", "the camera moves through {place} towards {things}.",
                "{first} on the wall of {place}.",
                "the inside of {place} with {things}.", "an inspection camera {at} finds {things}.",
                "{first} {lie} {at}.", "the view along {place}: {things}.",
            ),
        },
    },
    "unseen": {
        "room": {"place": ("stepping through the doorway one arrives {at}.",), "both": ("{place} houses {things}.",)},
        "corridor": {"place": ("making our way down {place}.",),
        "both": ("making our way down {place}, with {things} en route.",)},
        "street": {"place": ("the ride takes us to {place}.",), "both": ("rolling past {things} {at}.",)},
        "table": {"place": ("leaning over {place}.",), "both": ("strewn over {place}: {things}.",
        "{first} resting {at}.")},
        "tube": {"place": ("advancing the lens down {place}.",),
        "both": ("advancing down {place} until {things} {are} reached.",)},
    },
}  # fmt: skip

_ARTICLES: dict[Wording, tuple[str, ...]] = {
    "train": ("the", "the", "this", "my", "our", "somebody's", "another", "some"),
    "unseen": ("that", "their", "his", "one particular"),
}

# ---- Words that say nothing about size, shared by both wordings. ----

_LIGHTS: tuple[str, ...] = (
    "in bright light", "in dim light", "at night", "by day", "in soft light", "under artificial light", "in warm light",
    "in cold light", "lit from above",
    "in the evening", "in the morning", "on a rainy day", "half in shadow", "in poor light", "with strong shadows",
)  # fmt: skip
_VIEWS: tuple[str, ...] = (
    "seen from above", "seen from the front", "viewed at an angle", "seen from the side", "with a slight tilt",
    "viewed straight on", "in perspective",
    "out of focus", "in black and white", "taken with a phone",
)  # fmt: skip
_MOODS: tuple[str, ...] = (
    "The atmosphere is calm.", "The light is soft.", "The scene looks tidy.", "It all looks rather messy.",
    "Nobody is in the picture.", "The colours are muted.",
    "The colors are vivid.", "The lighting is uneven.", "Overall, the scene conveys a sense of order.",
    "The image is slightly blurred.", "Everything looks worn and old.",
    "Everything looks new and clean.", "The arrangement suggests that someone has just left.",
    "The picture is a bit dark.", "The walls are plain.", "", "", "",
)  # fmt: skip
_DIRECTIONS: tuple[str, ...] = (
    "straight ahead", "slightly down", "slightly up", "towards the far end", "to the front", "at an angle",
)  # fmt: skip
_ADJECTIVES: dict[Domain, tuple[str, ...]] = {
    "room": (
        "bright", "dark", "tidy", "cluttered", "empty", "old", "modern", "clean", "white", "well-lit", "simple",
        "plain", "untidy", "typical",
    ),
    "corridor": (
        "long", "bright", "dark", "empty", "straight", "clean", "old", "well-lit", "quiet", "white", "modern",
        "deserted", "typical",
    ),
    "street": (
        "quiet", "busy", "wet", "sunny", "empty", "straight", "snowy", "rainy", "foggy", "paved", "typical", "dusty",
        "lively", "curved",
    ),
    "table": (
        "wooden", "white", "cluttered", "tidy", "clean", "dusty", "old", "brown", "black", "dark", "light", "plain",
        "polished", "messy",
    ),
    "tube": (
        "dark", "wet", "round", "straight", "curved", "smooth", "bending", "clean", "dirty", "dimly lit", "circular",
        "old",
    ),
}  # fmt: skip
# A table top keeps its material in every wording; elsewhere such an adjective would rename the place.
_OBJECT_ADJECTIVES: tuple[str, ...] = (
    "old", "new", "dirty", "shiny", "worn", "clean", "plain", "striped", "used", "dusty", "bright", "dark",
)  # fmt: skip
_STATES: tuple[str, ...] = (
    "standing there", "standing around", "side by side", "in a row", "close together", "in view", "placed at random",
    "next to each other",
)  # fmt: skip
_PARKED: tuple[str, ...] = ("parked in front", "parked at the side", "waiting", "parked there")
_VEHICLES = frozenset(
    ("car", "lorry", "van", "bus", "motorcycle", "bicycle", "taxi", "scooter", "coach", "tractor", "tanker", "forklift")
)
_COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "dark red", "bright red"), "blue": ("blue", "light blue", "dark blue", "navy"), "green": ("green",
        "dark green", "light green"),
    "grey": ("grey", "gray", "dark grey"), "purple": ("purple", "violet"), "brown": ("brown", "dark brown"),
        "beige": ("beige", "cream-coloured"),
    "turquoise": ("turquoise", "teal"), "silver": ("silver", "metallic"), "black": ("black",), "white": ("white",),
        "yellow": ("yellow",),
    "orange": ("orange",), "pink": ("pink",),
}  # fmt: skip

_NUMBERS: tuple[str, ...] = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)  # fmt: skip
_IRREGULAR_PLURALS: dict[str, str] = {
    "person": "people", "man": "men", "woman": "women", "child": "children", "mouse": "mice", "foot": "feet",
        "shelf": "shelves", "knife": "knives",
    "leaf": "leaves", "loaf": "loaves", "scarf": "scarves", "wife": "wives", "policeman": "policemen", "tooth": "teeth",
        "fish": "fish", "sheep": "sheep",
    "passer-by": "passers-by", "potato": "potatoes", "tomato": "tomatoes", "steps": "steps", "lights": "lights",
        "crackers": "crackers",
    "crew": "crew", "residue": "residue", "lattice": "lattices",
}  # fmt: skip
_PLURAL_PLACES = re.compile(r"\b(?:stairs|steps|stacks|works|baths|gardens|lessons|surroundings)\b")
# Nouns that begin with a vowel sound despite a consonant letter, and the reverse.
_AN = re.compile(r"^(?:[AEIOaeio]|[Uu](?!ni|se|til)|hour|honest|X-ray|MRI|LED|SUV|HVAC)")
_A_EXCEPTIONS = re.compile(r"^(?:one\b|euro|UPS|USB|ewer)")


def sample_facts(rng: random.Random, domain: Domain | None = None) -> SceneFacts:
    """Draw a place (of ``domain`` if given), its size and up to five kinds of objects that belong there."""
    if domain is None:
        domain = rng.choices(DOMAINS, [_DOMAIN_WEIGHTS[name] for name in DOMAINS])[0]
    candidates = _PLACES_OF[domain]
    place = rng.choices(candidates, [candidate.weight**_EVERYDAY for candidate in candidates])[0]
    size = rng.choices(list(_SIZE_WEIGHTS), list(_SIZE_WEIGHTS.values()))[0]
    names = _sample_objects(place, rng.choices((0, 1, 2, 3, 4, 5), (5, 15, 25, 25, 20, 10))[0], rng)
    objects = tuple(_sample_object(KINDS[name], rng) for name in names)
    return SceneFacts(domain, place.name, size, place.distance_m * SIZES[size], objects)


def describe(facts: SceneFacts, rng: random.Random, wording: Wording = "train") -> str:
    """One English description of ``facts``. A size other than the ordinary one is always mentioned."""
    kinds = list(_KIND_WEIGHTS)
    return describe_as(rng.choices(kinds, [_KIND_WEIGHTS[kind] for kind in kinds])[0], facts, rng, wording)


def describe_as(kind: str, facts: SceneFacts, rng: random.Random, wording: Wording) -> str:
    """Like ``describe`` with the kind of sentence given, replaced where the facts do not allow it."""
    place = PLACES[facts.place]
    without_place = kind in ("objects", "list") and place_may_go(facts)
    if kind == "objects" and not without_place:
        kind = "both"
    if not facts.objects and kind not in ("place", "terse"):
        kind = "place"
    text = _fill_frame(kind, facts, place, without_place, rng, wording)
    if rng.random() < _DISTANCE_HINT_SHARE:
        hint = rng.choice(_DISTANCE_HINTS[wording]).format(metres=_distance_words(facts.distance_m, rng))
        text = f"{text.rstrip('.')}. {hint}"
    return _finish(text, rng)


def place_may_go(facts: SceneFacts) -> bool:
    """Whether a sentence may leave the place out: its objects tell the size, and that is the ordinary one."""
    return facts.size == "" and PLACES[facts.place].telling and _objects_tell_size(facts)


def names_place(sentence: str, facts: SceneFacts, wording: Wording = "train") -> bool:
    """Whether one of the place's names stands in the sentence, be it in an object's ("a garage door")."""
    place = PLACES[facts.place]
    names = "|".join(map(re.escape, place.train_names if wording == "train" else place.unseen_names))
    return re.search(rf"(?<![\w-])(?:{names})(?![\w-])", sentence, re.IGNORECASE) is not None


def _fill_frame(
    kind: str, facts: SceneFacts, place: Place, without_place: bool, rng: random.Random, wording: Wording
) -> str:
    """Choose a frame of ``kind`` and fill its gaps; adds the size where the frame does not carry it."""
    frames = _FRAMES[kind][wording]
    if kind in ("place", "both") and rng.random() < 0.25:
        frames = _DOMAIN_FRAMES[wording][facts.domain][kind]
    if len(facts.objects) < 2:  # nothing to put in {rest}
        frames = tuple(frame for frame in frames if "{rest}" not in frame and "bare_things}" not in frame) or frames[:1]
    frame = rng.choice(frames)
    names = place.train_names if wording == "train" else place.unseen_names
    place_name = rng.choice(names)
    size_word = rng.choice(_SIZE_WORDS[wording][facts.size]) if facts.size else ""
    size_clause = ""
    if size_word and rng.random() < 0.2:
        size_clause = " " + rng.choice(_SIZE_CLAUSES[wording]).format(size=size_word)
        size_word = ""
    adjective = rng.choice(_ADJECTIVES[facts.domain]) if rng.random() < 0.25 else ""
    noun_phrase = _join_words(size_word, adjective, place_name)
    article = rng.choice(_ARTICLES[wording]) if rng.random() < 0.25 else ""
    with_article = f"{article} {noun_phrase}" if article else _with_article(noun_phrase)
    phrases = [_object_phrase(fact, rng, wording, place.domain) for fact in facts.objects]
    plural = [fact.count > 1 for fact in facts.objects]
    things_plural = len(phrases) > 1 or any(plural)
    items = phrases if without_place and rng.random() < 0.4 else [*phrases, with_article]
    if kind == "list":
        rng.shuffle(items)
    feature = (
        rng.choice((" with {}", ", {}", " and {}", "; {}")).format(rng.choice(place.features))
        if rng.random() < 0.6
        else ""
    )
    opening = rng.choice(_OPENINGS[wording])
    starts_plural = plural[:1] == [True] and not frame.startswith("{open} {place}")
    text = frame.format(
        open=opening.format(be="are" if starts_plural else "is"),
        place=with_article,
        the_place=f"the {noun_phrase}",
        at=f"{place.preposition} {with_article}",
        things=_enumerate(phrases, rng),
        first=phrases[0] if phrases else "",
        rest=_enumerate(phrases[1:], rng),
        stand=rng.choice(("stand", "sit") if plural[:1] == [True] else ("stands", "sits")),
        lie=rng.choice(("lie", "stand", "sit") if plural[:1] == [True] else ("lies", "stands", "sits")),
        are="are" if (things_plural if "{things} {are}" in frame else plural[:1] == [True]) else "is",
        are_rest="are" if len(phrases) > 2 or plural[1:] == [True] else "is",
        are_items="are" if len(items) > 1 or things_plural else "is",
        items=_enumerate(items, rng),
        bare_place=noun_phrase,
        bare_things=", ".join(_bare_object(fact, rng, wording) for fact in facts.objects),
        feature=feature,
        state=rng.choice(_STATES),
        light=rng.choice(_LIGHTS),
        view=rng.choice(_VIEWS),
        mood=rng.choice(_MOODS),
        direction=rng.choice(_DIRECTIONS),
    )
    return f"{text.rstrip(' .')}.{size_clause}" if size_clause else text


def _objects_tell_size(facts: SceneFacts) -> bool:
    """Whether somebody who hears only the objects, and knows the catalogue, can tell the distance."""
    names = [fact.name for fact in facts.objects if fact.name in KINDS]
    if not names:
        return False
    common = frozenset.intersection(*(_PLACES_WITH.get(name, frozenset()) for name in names))
    places = [PLACES[name] for name in sorted(common)]
    weights = [_LIKELIHOODS[place.name] / len(place.objects) ** len(names) for place in places]
    total = sum(weights)
    logs = [math.log(place.distance_m / facts.distance_m) for place in places]
    square = sum(weight * log**2 for weight, log in zip(weights, logs, strict=True))
    return total > 0 and math.sqrt(square / total) < _MAX_OBJECT_SPREAD


def _sample_objects(place: Place, count: int, rng: random.Random) -> list[str]:
    """Distinct objects of a place, those named for the place itself coming up more often than the shared ones."""
    chosen: list[str] = []
    while len(chosen) < min(count, len(place.objects)):
        pool = place.objects[: place.own] if place.own and rng.random() < 0.5 else place.objects
        name = rng.choice(pool)
        if name not in chosen:
            chosen.append(name)
        elif len(pool) <= len(chosen):
            count -= 1
    return chosen


def _sample_object(kind: ObjectKind, rng: random.Random) -> ObjectFact:
    count = rng.choices((1, 2, 3, 4, 5, 6), (66, 16, 8, 5, 3, 2))[0]
    colours = [colour for colour in kind.colours if colour in COLOURS] if kind.colours else list(COLOURS)
    colour = rng.choice(colours) if colours and rng.random() < 0.6 else None
    position: Position = rng.choice(("left", "centre", "right"))
    return ObjectFact(kind.name, count, kind.shape, colour, position)


def _noun(fact: ObjectFact, rng: random.Random, wording: Wording) -> str:
    """One of the names of an object, plural if there are several."""
    kind = KINDS.get(fact.name)
    names: Sequence[str] = ()
    if kind is not None and rng.random() < 0.5:
        names = kind.train_names if wording == "train" else kind.unseen_names or kind.train_names
    noun = rng.choice(names) if names else fact.name
    return noun if fact.count == 1 else _plural(noun)


def _object_phrase(fact: ObjectFact, rng: random.Random, wording: Wording, domain: Domain) -> str:
    """An object with article or number, colour, and sometimes its position and an adjective."""
    noun = _noun(fact, rng, wording)
    colour = rng.choice(_COLOUR_WORDS[fact.colour]) if fact.colour and rng.random() < 0.5 else ""
    adjective = rng.choice(_OBJECT_ADJECTIVES) if rng.random() < 0.08 and domain != "tube" else ""
    phrase = _join_words(adjective, colour, noun)
    if fact.name in _VEHICLES and rng.random() < 0.25:
        phrase = f"{phrase} {rng.choice(_PARKED)}" if rng.random() < 0.6 or "parked" in phrase else f"parked {phrase}"
    if fact.count == 1:
        phrase = _with_article(phrase) if rng.random() < 0.95 else f"the {phrase}"
    else:
        number = _NUMBERS[fact.count] if rng.random() < 0.6 else str(fact.count)
        if fact.count >= 3 and rng.random() < 0.3:
            number = rng.choice(("several", "some", "a few"))
        phrase = f"{number} {phrase}"
    return f"{phrase} {rng.choice(_POSITIONS[wording][fact.position])}" if rng.random() < 0.15 else phrase


def _bare_object(fact: ObjectFact, rng: random.Random, wording: Wording) -> str:
    """An object without article, as in a note."""
    noun = _noun(fact, rng, wording)
    colour = fact.colour if fact.colour and rng.random() < 0.3 else ""
    return _join_words(_NUMBERS[fact.count] if fact.count > 1 else "", colour, noun)


def _plural(noun: str) -> str:
    """Plural of a noun; of the first noun in "box of cereal" or "person on foot"."""
    for link in (" of ", " on ", " at ", " in ", " for ", " walking"):
        head, found, tail = noun.partition(link)
        if found:
            return _plural(head) + found + tail
    stem, space, last = noun.rpartition(" ")
    if last in _IRREGULAR_PLURALS:
        last = _IRREGULAR_PLURALS[last]
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        last += "es"
    elif last.endswith("man") and last != "human":
        last = last[:-2] + "en"
    else:
        last += "s"
    return stem + space + last


def _with_article(phrase: str) -> str:
    """The phrase with "a" or "an", or alone where its noun is a plural."""
    if _PLURAL_PLACES.search(phrase):
        return phrase
    return f"{'an' if _AN.match(phrase) and not _A_EXCEPTIONS.match(phrase) else 'a'} {phrase}"


def _join_words(*words: str) -> str:
    return " ".join(word for word in words if word)


def _enumerate(phrases: Sequence[str], rng: random.Random) -> str:
    """ "a, b and c" with or without the second comma."""
    if len(phrases) < 2:
        return "".join(phrases)
    return (
        ", ".join(phrases[:-1])
        + rng.choice((" and ", " and ", ", and ", " and also " if len(phrases) > 3 else " and "))
        + phrases[-1]
    )


def _distance_words(metres: float, rng: random.Random) -> str:
    """A distance in words, rounded to about 10 %, e.g. "three metres", "40 cm"."""
    if metres >= 0.95:
        rounded = (
            float(f"{metres:.2g}") if metres >= 10 else round(metres * 2) / 2 if metres >= 2.5 else round(metres, 1)
        )
        unit = rng.choice((" m", " metres", " meters", " metres"))
    elif metres >= 0.02:
        rounded, unit = (
            float(f"{metres * 100:.2g}") if metres >= 0.1 else round(metres * 100, 1),
            rng.choice((" cm", " centimetres", " centimeters")),
        )
    else:
        rounded, unit = round(metres * 1000), rng.choice((" mm", " millimetres", " millimeters"))
    number = f"{rounded:g}"
    if rounded == int(rounded) and rounded <= 12 and len(unit) > 3:
        number = _NUMBERS[int(rounded)] if rng.random() < 0.6 else number
        unit = unit[:-1] if rounded == 1 else unit
    return number + unit


def _finish(text: str, rng: random.Random) -> str:
    """Tidy the spaces, capitalise each sentence and end it with a full stop; a few texts stay casual."""
    text = re.sub(r"\s+([,.;:])", r"\1", re.sub(r"\s+", " ", text)).strip()
    text = re.sub(r"([.,;:])(?:[.,;:])+", r"\1", text)
    if rng.random() < _CASUAL_SHARE:
        return text.lower().rstrip(".")
    text = re.sub(r"(^|[.] )([a-z])", lambda match: match.group(1) + match.group(2).upper(), text)
    return text if text.endswith(".") or rng.random() < 0.03 else text + "."


_PLACES_OF: dict[Domain, list[Place]] = {
    domain: [place for place in PLACES.values() if place.domain == domain] for domain in DOMAINS
}
_LIKELIHOODS: dict[str, float] = {  # chance of each place, up to a factor
    place.name: _DOMAIN_WEIGHTS[domain] * place.weight / sum(other.weight for other in _PLACES_OF[domain])
    for domain in DOMAINS
    for place in _PLACES_OF[domain]
}
_PLACES_WITH: dict[str, frozenset[str]] = {  # telling places of each object
    name: frozenset(place.name for place in PLACES.values() if place.telling and name in place.objects)
    for name in KINDS
}
