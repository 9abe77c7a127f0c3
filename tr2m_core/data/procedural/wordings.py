"""Wording tables of the procedural scene descriptions: openings, sentence frames, words for sizes and positions.

Both wordings have every table, and the same key never lists the same text in both: "unseen" stays out of training.
Gaps of the frames: {place} is the place with its article, {at} the same after its preposition, {the_place} with "the",
{bare_place} without article; {things} all named objects, {first} and {rest}, {fore} and {last} parts of them,
{items} objects and place in any order; {backdrop} a feature of the place, {feature} the same after "with" or a comma,
or nothing.
"""

from __future__ import annotations

from typing import Literal

from tr2m_core.data.procedural.places import Domain

Wording = Literal["train", "unseen"]
Position = Literal["left", "centre", "right"]

OPENINGS: dict[Wording, tuple[str, ...]] = {
    "train": (
        "", "", "", "", "", "", "", "", "", "", "", "",
        "an image of", "a photo of", "a picture of", "a photograph of", "a view of", "a close look at",
        "a snapshot of",
        "a shot of",
        "a colour image of", "a camera image of", "a camera frame of", "a video frame of", "a still of",
        "a scene with",
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
        "visible {be}", "shown {be}", "pictured {be}", "the robot sees", "the robot camera shows",
        "we are looking at",
        "we look at",
        "I am looking at", "looking at", "a look at", "an indoor or outdoor shot of", "the subject is",
        "it is a picture of",
        "this is a photo of", "this is an image of", "this is a view of", "a blurry photo of", "a sharp image of",
        "an amateur photo of",
        "a typical view of", "a wide view of", "a front view of", "a side view of", "a test image of",
        "a rendering of",
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

FRAMES: dict[str, dict[Wording, tuple[str, ...]]] = {
    "both": {
        "train": (
            "{open} {place} with {things}.", "{open} {place} with {things}.",
            "{open} {place} with {things}{feature}.",
            "{open} {place} with {things} {state}.", "{place} with {things}{feature}.",
            "{open} {place} containing {things}.",
            "{open} {place} where {things} can be seen.", "{open} {place} that has {things}.",
            "{open} {place} and {things}.",
            "{open} {place}, {things}.", "{open} {place} in which {things} {are} visible.",
            "{open} {place} full of things: {things}.",
            "{open} {things} {at}.", "{open} {things} {at}{feature}.", "{things} {at}.", "{things} {at}{feature}.",
            "{things} {state} {at}.",
            "{open} {things} {state} {at}.", "{open} {things} inside or around {place}.",
            "{at} there {are} {things}.",
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
            "{open} {place} {view}.", "{place} {view}.", "the camera is {at}.", "{at}{feature}.",
            "the robot is {at}.",
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
    "photo": {  # as people describe a photograph to somebody who cannot see it
        "train": (
            "{place} with {things}.", "{place} with {things}, {backdrop} and {rest}.",
            "{place} with {things} and {backdrop}.",
            "{place} with {backdrop} and {things}.", "{place} with {first}, {backdrop} and {rest}.",
            "{place} with {first} on the left and {rest} on the right.",
            "{place} with {first} on the left, {rest} on the right and {backdrop}.",
            "{place} with {fore} in the foreground and {last} in the background.",
            "{place} with {fore} and, behind {them}, {last}.",
            "{place} with {backdrop}, {fore} and {last} further back.",
            "{place} with {fore} in front of {last}.", "{first} {at} with {rest} behind it.",
            "{first} {stand} {at}, with {rest} on the left and {backdrop}.",
            "{first} {stand} in front of {last} {at}, with {backdrop}.",
            "{first} {stand} against the wall {at}, with {rest} beside it.",
            "{first} {at} in front of {rest}, with {backdrop}.", "{first} and {rest} {at}, with {backdrop}.",
            "{place} seen from the side, with {things} and {backdrop}.", "{place}, {backdrop}, {things}.",
            "{place} with {backdrop}.", "{place} with {backdrop}; {things} {are} visible.",
            "{place}, with {fore} and {last} ahead.",
            "view over {place} with {things} and {backdrop}.", "{place} in front of {backdrop}, with {things}.",
            "{place} next to {last}, with {fore}.", "{place} where {first} {stand} beside {rest}, with {backdrop}.",
            "{place} {light} with {things} and {backdrop}.", "{place} {view}, {things} and {backdrop}.",
            "a person standing {at} near {things}, with {backdrop}.", "{place} with {first}, {rest} and a person.",
            "some {bare_things} {at}.", "{place} with {fore} around {last}.",
            "there {are} {things} {at}, and {backdrop}.",
            "{fore} {at} with {last} in view.", "close-up of {first} {at}, with {rest} behind.",
            "{backdrop} behind {things} {at}.",
            "{things} {at} with {backdrop}.", "{first} surrounded by {rest} {at}.",
        ),
        "unseen": (
            "{place} bearing {things}, and {backdrop}.",
            "{place}: on one hand {first}, on the other {rest}, plus {backdrop}.",
            "{first} beside which {rest} can be found, {at}, as well as {backdrop}.",
            "{place} showing off {fore}, and beyond that {last}.",
            "{backdrop} and {things} make up this corner of {place}.", "{fore} over by {last} {at}.",
            "{place} whose notable elements are {things} and {backdrop}.",
        ),
    },
    "list": {
        "train": (
            "an image with {items}.", "a picture with {items}.", "a photo with {items}.", "a scene with {items}.",
            "{open} {items}.", "{items}.",
            "the image contains {items}.", "objects: {items}.", "there {are_items} {items}.",
            "one can count {items}.",
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

SIZE_WORDS: dict[Wording, dict[str, tuple[str, ...]]] = {
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
        "huge": ("huge", "enormous", "gigantic", "very large", "vast", "immense", "extremely large", "giant",
        "massive",
            "colossal", "really huge", "very big", "extremely big", "extraordinarily large", "monstrous",
            "tremendous",
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
SIZE_CLAUSES: dict[Wording, tuple[str, ...]] = {
    "train": (
        "The whole place is {size}.", "It is {size}.", "Everything here is {size}.", "The scene is {size}.",
        "It looks {size}.", "The space is {size}.",
        "For its kind it is {size}.", "In reality it is {size}.",
    ),
    "unseen": ("Overall the thing is {size}.", "Note that it is {size} as such things go.",
        "Its dimensions are {size}."),
}  # fmt: skip

POSITIONS: dict[Wording, dict[Position, tuple[str, ...]]] = {
    "train": {
        "left": ("on the left", "to the left", "on the left side", "at the left", "in the left part",
            "on the left-hand side", "at left"),
        "centre": ("in the middle", "in the centre", "in the center", "straight ahead",
        "in the middle of the picture",
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

DISTANCE_HINTS: dict[Wording, tuple[str, ...]] = {
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
DOMAIN_FRAMES: dict[Wording, dict[Domain, dict[str, tuple[str, ...]]]] = {
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
                "somebody has put {things} {at}.", "{place} with {first} by the window and {rest} along the wall.",
                "{first} {stand} in the corner of {place}, next to {rest}.", "{place} with {things} on the floor.",
                "{place} seen through a doorway, with {things}.", "{place} with {first} on both sides of {rest}.",
                "{place} with {fore} under {last}.", "{place} with {first} against a wall and {rest} in front.",
            ),
        },
        "corridor": {
            "place": (
                "walking along {place}.", "the far end of {place}.", "looking down {place}{feature}.",
                "nobody is {at}.", "an endless {bare_place}{feature}.",
                "going through {place} {light}.", "the robot drives through {place}.", "{place} leading straight on.",
            ),
            "both": (
                "walking along {place} past {things}.", "looking down {place} with {things}.",
                "{first} {stand} {at}.",
                "{at} we pass {things}.",
                "{first} {stand} at the side {at}, then {rest}.",
                "the robot drives through {place} towards {things}.",
                "{place} leading to {last}, with {fore} on the sides.",
                "{place} with {first} on both sides and {rest} at the end.",
                "{place} with {things} along the walls.", "{first} far ahead {at}, {rest} closer.",
                "{place} lined with {things}.",
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
                "{place} leads towards {things}.", "{place} leading towards {last}, with {fore} at the sides.",
                "{place} with {fore} and {last} far ahead.", "{place} with {first} on both sides and {rest} ahead.",
                "{place} with {first} on the right, {rest} on the left and {backdrop}.",
                "{place} with {things} in the distance.",
                "{place} seen from the car, with {things} crossing.", "{place} lined with {things}.",
                "{place} towards {first}, with {rest} on the right.",
                "{place} with {first} parked at the kerb and {rest} behind.",
                "{place} between {first} and {rest}, with {backdrop}.",
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
                "{place} with {things} spread across it.", "{place} holding {things}.",
                "{place} holding {things}, with {backdrop}.",
                "{place} with {first} in the middle and {rest} around it.",
                "{place} with {things} on it, and {backdrop}.",
                "{place} covered with {things}.", "{place} topped with {things}.", "{place} full of {things}.",
                "{place} with {first} holding {rest}.", "{place} with {things} in a row.",
                "{place} with {fore} and {last} on top of it.",
                "{things} on top of {place}.", "{first} between {rest} {at}, with {backdrop}.",
                "{place} seen from above with {things}.",
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

ARTICLES: dict[Wording, tuple[str, ...]] = {
    "train": ("the", "the", "this", "my", "our", "somebody's", "another", "some"),
    "unseen": ("that", "their", "his", "one particular"),
}

# ---- Words that say nothing about size, shared by both wordings. ----

LIGHTS: tuple[str, ...] = (
    "in bright light", "in dim light", "at night", "by day", "in soft light", "under artificial light",
    "in warm light",
    "in cold light", "lit from above",
    "in the evening", "in the morning", "on a rainy day", "half in shadow", "in poor light", "with strong shadows",
)  # fmt: skip
VIEWS: tuple[str, ...] = (
    "seen from above", "seen from the front", "viewed at an angle", "seen from the side", "with a slight tilt",
    "viewed straight on", "in perspective",
    "out of focus", "in black and white", "taken with a phone",
)  # fmt: skip
MOODS: tuple[str, ...] = (
    "The atmosphere is calm.", "The light is soft.", "The scene looks tidy.", "It all looks rather messy.",
    "Nobody is in the picture.", "The colours are muted.",
    "The colors are vivid.", "The lighting is uneven.", "Overall, the scene conveys a sense of order.",
    "The image is slightly blurred.", "Everything looks worn and old.",
    "Everything looks new and clean.", "The arrangement suggests that someone has just left.",
    "The picture is a bit dark.", "The walls are plain.", "", "", "",
)  # fmt: skip
DIRECTIONS: tuple[str, ...] = (
    "straight ahead", "slightly down", "slightly up", "towards the far end", "to the front", "at an angle",
)  # fmt: skip
ADJECTIVES: dict[Domain, tuple[str, ...]] = {
    "room": (
        "bright", "dark", "tidy", "cluttered", "empty", "old", "modern", "clean", "white", "well-lit", "simple",
        "plain", "untidy", "typical", "sunny", "narrow", "carpeted", "crowded", "half-empty", "furnished",
    ),
    "corridor": (
        "long", "bright", "dark", "empty", "straight", "clean", "old", "well-lit", "quiet", "white", "modern",
        "deserted", "typical", "narrow", "wide", "carpeted", "windowless", "crowded", "tiled",
    ),
    "street": (
        "quiet", "busy", "wet", "sunny", "empty", "straight", "snowy", "rainy", "foggy", "paved", "typical", "dusty",
        "lively", "curved", "wide", "narrow", "tree-lined", "two-lane", "paved", "sloping", "shady", "winding",
    ),
    "table": (
        "wooden", "white", "cluttered", "tidy", "clean", "dusty", "old", "brown", "black", "dark", "light", "plain",
        "polished", "messy", "light-wood", "dark-wood", "grey", "round", "long", "low", "metal", "green", "crowded",
        "wide", "stained", "square",
    ),
    "tube": (
        "dark", "wet", "round", "straight", "curved", "smooth", "bending", "clean", "dirty", "dimly lit", "circular",
        "old",
    ),
}  # fmt: skip
# A table top keeps its material in every wording; elsewhere such an adjective would rename the place.
OBJECT_ADJECTIVES: tuple[str, ...] = (
    "old", "new", "dirty", "shiny", "worn", "clean", "plain", "striped", "used", "dusty", "bright", "dark", "wooden",
    "metal", "plastic", "round", "open", "closed", "empty", "full", "half-empty", "broken", "modern", "patterned",
    "upright", "leaning", "square", "tall", "low", "transparent", "painted", "folded", "framed",
)  # fmt: skip
STATES: tuple[str, ...] = (
    "standing there", "standing around", "side by side", "in a row", "close together", "in view", "placed at random",
    "next to each other",
)  # fmt: skip
PARKED: tuple[str, ...] = ("parked in front", "parked at the side", "waiting", "parked there")
VEHICLES = frozenset(
    ("car", "lorry", "van", "bus", "motorcycle", "bicycle", "taxi", "scooter", "coach", "tractor", "tanker", "forklift")
)
COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "dark red", "bright red", "red and white", "red and black"), "blue": ("blue", "light blue",
    "dark blue", "navy", "pale blue", "blue and white"), "green": ("green",
        "dark green", "light green"),
    "grey": ("grey", "gray", "dark grey"), "purple": ("purple", "violet"), "brown": ("brown", "dark brown"),
        "beige": ("beige", "cream-coloured"),
    "turquoise": ("turquoise", "teal"), "silver": ("silver", "metallic"), "black": ("black",), "white": ("white",),
        "yellow": ("yellow",),
    "orange": ("orange",), "pink": ("pink",),
}  # fmt: skip
