"""Where things stand in a procedural scene: facts in, solids, camera and light out, in normalised units.

World axes: x right, y down, z forward; the floor is at y = 0 and heights are negative y.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tr2m_core.data.descriptions import COLOURS, ObjectFact, SceneFacts
from tr2m_core.data.raycast import BOX, CYLINDER, ELLIPSOID, SHELL_FACES

Array = npt.NDArray[np.float64]

SLOTS = {"box": 14, "sphere": 5, "cylinder": 6}
KINDS = (BOX,) * SLOTS["box"] + (ELLIPSOID,) * SLOTS["sphere"] + (CYLINDER,) * SLOTS["cylinder"]
_FIRST = {"box": 0, "sphere": SLOTS["box"], "cylinder": SLOTS["box"] + SLOTS["sphere"]}
MATERIAL_SIZE = 15
NOWHERE = np.array([0.0, 0.0, -1e3])


@dataclass
class Layout:
    """One scene for `raycast.Scenes`, whose docstring names the fields; fov is horizontal, in radians."""

    rng: np.random.Generator
    fov: float = 1.0
    position: Array = field(default_factory=lambda: np.zeros(3))
    rotation: Array = field(default_factory=lambda: np.eye(3))
    centre: Array = field(default_factory=lambda: np.tile(NOWHERE, (len(KINDS), 1)))
    extent: Array = field(default_factory=lambda: np.full((len(KINDS), 3), 1e-3))
    to_local: Array = field(default_factory=lambda: np.tile(np.eye(3) * 1e3, (len(KINDS), 1, 1)))
    shell_centre: Array = field(default_factory=lambda: np.zeros(3))
    shell_to_local: Array = field(default_factory=lambda: np.eye(3))
    shell_extent: Array = field(default_factory=lambda: np.ones(3))
    shell_round: bool = False
    sky: list[bool] = field(default_factory=lambda: [False] * SHELL_FACES)
    material: Array = field(default_factory=lambda: np.zeros((len(KINDS) + SHELL_FACES, MATERIAL_SIZE)))
    light: Array = field(default_factory=lambda: np.array([0.0, -1.0, 0.0]))
    ambient: Array = field(default_factory=lambda: np.array([0.4]))
    headlight: Array = field(default_factory=lambda: np.zeros(1))
    haze: Array = field(default_factory=lambda: np.zeros(1))
    used: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SLOTS, 0))

    def uniform(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def add(
        self, shape: str, centre: Array, extent: Array, turn: Array | None = None, colour: Array | None = None
    ) -> None:
        """Puts a solid into a free slot; without one the scene stays as it is."""
        if self.used[shape] >= SLOTS[shape]:
            return
        slot = _FIRST[shape] + self.used[shape]
        self.used[shape] += 1
        extent = np.maximum(extent, 1e-3)
        turn = np.eye(3) if turn is None else turn
        self.centre[slot], self.extent[slot] = centre, extent
        self.to_local[slot] = np.diag(1.0 / extent) @ turn.T
        self.material[slot] = self.random_material(4.0 / float(extent.mean()), colour)

    def shell(self, centre: Array, extent: Array, turn: Array | None = None, *, is_round: bool = False) -> None:
        turn = np.eye(3) if turn is None else turn
        self.shell_centre, self.shell_extent, self.shell_round = centre, extent, is_round
        self.shell_to_local = np.diag(1.0 / extent) @ turn.T
        wall = self.random_material(3.0)
        for face in range(SHELL_FACES):
            same = face not in (2, 3) and self.chance(0.75)
            self.material[len(KINDS) + face] = wall if same else self.random_material(3.0)

    def look(self, position: Array, yaw: float, pitch: float, roll: float = 0.0) -> None:
        """Camera at `position`; yaw to the right, pitch downwards, in radians."""
        self.position = position
        self.rotation = turn_y(yaw) @ turn_x(-pitch) @ turn_z(roll)

    def random_material(self, frequency: float, colour: Array | None = None) -> Array:
        rng = self.rng
        m = np.zeros(MATERIAL_SIZE)
        first = random_colour(rng) if colour is None else np.clip(colour * rng.uniform(0.8, 1.2, 3), 0.02, 0.95)
        contrast = rng.uniform(0.0, 1.0) ** 2
        m[0:3] = first
        m[3:6] = (1 - contrast) * first + contrast * random_colour(rng)
        if not self.chance(0.25):
            m[6 + int(rng.choice(3, p=[0.2, 0.25, 0.55]))] = rng.uniform(0.4, 1.0)
            m[8] = max(m[8], rng.uniform(0.0, 0.5))
        m[9] = frequency * math.exp(rng.normal(0.0, 0.7))
        m[10:13] = rng.dirichlet(np.ones(3)) * rng.choice([-1.0, 1.0], 3)
        m[13] = rng.uniform(0.0, 10.0)
        m[14] = rng.uniform(0.0, 0.5) if self.chance(0.3) else 0.0
        return m


def build_layout(facts: SceneFacts, rng: np.random.Generator) -> Layout:
    """The scene that the facts describe; everything they leave open is random."""
    layout = Layout(rng)
    layout.light = random_direction(rng)
    layout.ambient[:] = rng.uniform(0.2, 0.6)
    _BUILDERS[facts.domain](layout, facts)
    return layout


def _room(s: Layout, facts: SceneFacts) -> None:
    width, length, height = s.uniform(0.8, 1.6), s.uniform(0.9, 2.2), s.uniform(0.85, 1.3)
    s.shell(
        np.array([0.0, -0.5 * height, length]), np.array([width, 0.5 * height, length]), turn_y(s.uniform(-0.5, 0.5))
    )
    s.fov = math.radians(s.uniform(45, 80))
    eye = np.array([s.uniform(-0.35, 0.35) * width, -height * s.uniform(0.4, 0.75), s.uniform(0.25, 0.9) * length])
    s.look(eye, s.uniform(-0.45, 0.45), math.radians(s.uniform(-4, 25)), s.uniform(-0.04, 0.04))
    reach = 2 * length - eye[2]
    _place_objects(s, facts.objects, near=0.35 * reach, far=0.9 * reach, size=0.22 * height)
    for _ in range(int(s.rng.integers(1, 7))):  # furniture along the walls
        side = s.rng.choice([-1.0, 1.0])
        w, h, d = s.uniform(0.1, 0.35), s.uniform(0.1, 0.45) * height, s.uniform(0.08, 0.2)
        if s.chance(0.5):
            place = np.array([side * (width - d), -h, eye[2] + s.uniform(0.2, 1.0) * reach])
            s.add("box", place, np.array([d, h, w]))
        else:
            s.add("box", np.array([s.uniform(-width, width), -h, 2 * length - d]), np.array([w, h, d]))
    if s.chance(0.5):  # something on the far wall: a picture, a window
        place = np.array([s.uniform(-0.6, 0.6) * width, -height * s.uniform(0.45, 0.7), 2 * length])
        s.add("box", place, np.array([s.uniform(0.1, 0.3), s.uniform(0.08, 0.2), 0.015]))


def _corridor(s: Layout, facts: SceneFacts) -> None:
    width, height, length = s.uniform(0.4, 0.75), s.uniform(0.9, 1.4), s.uniform(2.5, 7.0)
    s.shell(np.array([0.0, -0.5 * height, length - 0.3]), np.array([width, 0.5 * height, length]))
    s.fov = math.radians(s.uniform(45, 80))
    eye = np.array([s.uniform(-0.4, 0.4) * width, -height * s.uniform(0.4, 0.7), 0.0])
    s.look(eye, s.uniform(-0.2, 0.2), math.radians(s.uniform(-4, 14)), s.uniform(-0.04, 0.04))
    _place_objects(s, facts.objects, near=0.8, far=min(4.0, 1.5 * length), size=0.14, spread=0.8 * width)
    z = s.uniform(0.3, 1.0)
    while z < 2 * length and s.used["box"] < SLOTS["box"] - 1:  # doors, pillars, racks
        side = s.rng.choice([-1.0, 1.0])
        depth, h = s.uniform(0.02, 0.12), s.uniform(0.3, 0.5) * height
        s.add("box", np.array([side * width, -h, z]), np.array([depth, h, s.uniform(0.1, 0.4)]))
        z += s.uniform(0.4, 1.4)


def _street(s: Layout, facts: SceneFacts) -> None:
    half, length = s.uniform(0.7, 1.8), s.uniform(8.0, 16.0)
    s.shell(np.array([0.0, -10.0, length - 1.0]), np.array([12.0, 10.0, length]))
    s.sky = [True, True, True, False, True, True]
    s.fov = math.radians(s.uniform(45, 90))
    eye_height = s.uniform(0.22, 0.4)
    eye = np.array([s.uniform(-0.3, 0.3) * half, -eye_height, 0.0])
    s.look(eye, s.uniform(-0.15, 0.15), math.radians(s.uniform(-4, 10)), s.uniform(-0.02, 0.02))
    s.ambient[:], s.haze[:] = s.uniform(0.35, 0.7), s.uniform(0.0, 0.04)
    _place_objects(s, facts.objects, near=1.2, far=6.0, size=0.16, spread=0.75 * half)
    for side in (-1.0, 1.0):  # house fronts, walls, hedges
        z, setback = s.uniform(-0.5, 0.8), half * s.uniform(1.0, 1.5)
        for _ in range(4):
            length_along, h = s.uniform(0.3, 2.0), s.uniform(0.1, 1.2)
            if s.chance(0.85):
                d = s.uniform(0.3, 0.8)
                place = np.array([side * (setback + d + s.uniform(0.0, 0.3)), -h, z + length_along])
                s.add("box", place, np.array([d, h, length_along]))
            z += 2 * length_along + s.uniform(0.0, 0.8)
    for _ in range(int(s.rng.integers(0, 4))):  # trees, lamp posts
        x, z = s.rng.choice([-1.0, 1.0]) * half * s.uniform(0.8, 1.1), s.uniform(1.0, 7.0)
        h = s.uniform(0.25, 0.6)
        s.add("cylinder", np.array([x, -h, z]), np.array([0.025, h, 0.025]))
        if s.chance(0.6):
            crown = s.uniform(0.2, 0.45)
            s.add("sphere", np.array([x, -2 * h, z]), np.array([crown, crown * s.uniform(0.7, 1.2), crown]))


def _table(s: Layout, facts: SceneFacts) -> None:
    half_width, half_depth, floor = s.uniform(0.5, 1.4), s.uniform(0.4, 0.9), s.uniform(0.5, 1.2)
    back = half_depth + s.uniform(0.02, 2.0)
    s.shell(np.array([0.0, floor - 1.5, back - 2.5]), np.array([2.5, 1.5, 2.5]), turn_y(s.uniform(-0.2, 0.2)))
    s.add("box", np.array([0.0, 0.03, 0.0]), np.array([half_width, 0.03, half_depth]), turn_y(s.uniform(-0.4, 0.4)))
    s.fov = math.radians(s.uniform(40, 75))
    distance, pitch = s.uniform(0.55, 1.3), math.radians(s.uniform(12, 65))
    yaw = s.uniform(-0.4, 0.4)
    target = np.array([s.uniform(-0.2, 0.2), 0.0, s.uniform(-0.15, 0.15)])
    back_off = np.array([-math.sin(yaw) * math.cos(pitch), -math.sin(pitch), -math.cos(yaw) * math.cos(pitch)])
    s.look(target + distance * back_off, yaw, pitch, s.uniform(-0.06, 0.06))
    _scatter(s, facts.objects, half_width=min(half_width, 0.5), half_depth=min(half_depth, 0.4), size=0.07)
    for _ in range(int(s.rng.integers(0, 5))):  # clutter on the table and behind it
        h = s.uniform(0.01, 0.14)
        place = np.array([s.uniform(-1, 1) * half_width, -h, s.uniform(-0.6, 1.0) * half_depth])
        s.add("box", place, np.array([s.uniform(0.02, 0.15), h, s.uniform(0.02, 0.1)]), turn_y(s.uniform(-1.5, 1.5)))
    if s.chance(0.4):
        h = s.uniform(0.3, 1.0)
        s.add("box", np.array([s.uniform(-1.2, 1.2), floor - h, back - 0.2]), np.array([s.uniform(0.2, 0.8), h, 0.2]))


def _tube(s: Layout, facts: SceneFacts) -> None:
    length, squash = s.uniform(1.5, 9.0), s.uniform(0.8, 1.0)
    bend = turn_y(s.uniform(-0.25, 0.25)) @ turn_x(math.pi / 2 + s.uniform(-0.25, 0.25))
    s.shell(bend @ np.array([0.0, length - 0.5, 0.0]), np.array([1.0, length, squash]), bend, is_round=True)
    s.fov = math.radians(s.uniform(60, 105))
    s.look(
        np.array([s.uniform(-0.4, 0.4), s.uniform(-0.35, 0.35), 0.0]), s.uniform(-0.35, 0.35), s.uniform(-0.35, 0.35)
    )
    s.headlight[:], s.ambient[:] = s.uniform(0.5, 1.0), s.uniform(0.03, 0.3)
    bumps: list[ObjectFact | None] = [o for o in facts.objects for _ in range(o.count)]
    bumps += [None] * int(s.rng.integers(2, 6))
    for thing in bumps:  # folds, polyps, stones: half sunk into the wall
        angle, z, r = s.uniform(0, 2 * math.pi), s.uniform(0.6, min(6.0, 1.8 * length)), s.uniform(0.08, 0.35)
        centre = bend @ np.array([0.95 * math.cos(angle), z, 0.95 * squash * math.sin(angle)])
        shape = thing.shape if thing else str(s.rng.choice(["sphere", "box"], p=[0.8, 0.2]))
        colour = None if thing is None else named_colour(thing)
        s.add(shape, centre, r * s.rng.uniform(0.6, 1.3, 3), colour=colour)


_BUILDERS: dict[str, Callable[[Layout, SceneFacts], None]] = {
    "room": _room,
    "corridor": _corridor,
    "street": _street,
    "table": _table,
    "tube": _tube,
}


def _place_objects(
    s: Layout, objects: tuple[ObjectFact, ...], *, near: float, far: float, size: float, spread: float = 1e9
) -> None:
    """Stands the objects on the floor in front of the camera, left, right or in the middle as the facts say."""
    yaw = math.atan2(s.rotation[0, 2], s.rotation[2, 2])
    for thing in objects:
        low, high = {"left": (-0.85, -0.2), "centre": (-0.2, 0.2), "right": (0.2, 0.85)}[thing.position]
        for _ in range(thing.count):
            z = math.exp(s.uniform(math.log(near), math.log(far)))
            angle = yaw + 0.5 * s.fov * s.uniform(low, high)
            x = float(np.clip(s.position[0] + z * math.tan(angle), -spread, spread))
            extent = _object_extent(s, thing.shape, size)
            place = np.array([x, -extent[1], s.position[2] + z])
            s.add(thing.shape, place, extent, turn_y(s.uniform(-0.6, 0.6)), named_colour(thing))


def _scatter(s: Layout, objects: tuple[ObjectFact, ...], *, half_width: float, half_depth: float, size: float) -> None:
    """Stands the objects on the table top."""
    for thing in objects:
        low, high = {"left": (-1.0, -0.3), "centre": (-0.3, 0.3), "right": (0.3, 1.0)}[thing.position]
        for _ in range(thing.count):
            extent = _object_extent(s, thing.shape, size)
            x, z = half_width * s.uniform(low, high), half_depth * s.uniform(-0.9, 0.9)
            s.add(thing.shape, np.array([x, -extent[1], z]), extent, turn_y(s.uniform(-1.5, 1.5)), named_colour(thing))


def _object_extent(s: Layout, shape: str, size: float) -> Array:
    extent = size * np.exp(s.rng.normal(0.0, 0.35, 3))
    if shape == "cylinder":
        extent[0] = extent[2] = 0.6 * extent[0]
    if shape == "sphere":
        extent[:] = extent[0]
    return extent


def named_colour(thing: ObjectFact) -> Array | None:
    return None if thing.colour is None else np.array(COLOURS[thing.colour])


def random_colour(rng: np.random.Generator) -> Array:
    """Mostly dull, as the world is."""
    grey = rng.uniform(0.05, 0.9)
    colour: Array = np.clip(grey + rng.normal(0.0, 0.25, 3) * rng.random() ** 1.5, 0.02, 0.95)
    return colour


def random_direction(rng: np.random.Generator) -> Array:
    """A unit vector upwards (negative y), somewhat towards the camera."""
    v: Array = np.array([rng.normal(), -abs(rng.normal()) - 0.5, rng.normal() - 0.5])
    v /= np.linalg.norm(v)
    return v


def turn_x(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]], dtype=np.float64)


def turn_y(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=np.float64)


def turn_z(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=np.float64)
