"""A scene under construction: solids with materials, put down in frames of reference, a shell, a camera and a lamp.

World axes: x right, y down, z forward, metres of an ordinary scene; the floor is at y = 0 and heights are negative y.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tr2m_core.data.procedural import shading, textures
from tr2m_core.data.procedural.raycast import BOX, CONE, CYLINDER, ELLIPSOID, SHELL_FACES, Scene
from tr2m_core.data.procedural.shading import MATERIAL_SIZE, Light

Array = npt.NDArray[np.float64]

SOLIDS = 400  # the most in one scene
CLEARANCE = 0.12  # metres around the camera that stay empty


@dataclass
class Layout:
    """One scene. fov: horizontal, in radians; squeeze: pixel's height over its width (see `ProceduralScenes`)."""

    rng: np.random.Generator
    fov: float = 1.0
    squeeze: float = 1.0
    position: Array = field(default_factory=lambda: np.zeros(3))
    rotation: Array = field(default_factory=lambda: np.eye(3))
    shell_centre: Array = field(default_factory=lambda: np.zeros(3))
    shell_turn: Array = field(default_factory=lambda: np.eye(3))
    shell_extent: Array = field(default_factory=lambda: np.ones(3))
    shell_round: bool = False
    shell_material: Array = field(default_factory=lambda: np.zeros((SHELL_FACES, MATERIAL_SIZE)))
    sky: list[bool] = field(default_factory=lambda: [False] * SHELL_FACES)
    lamp: tuple[float, float, float, float] = (0.0, -1.0, 0.0, 0.0)
    light: Light = field(
        default_factory=lambda: Light(0.4, 0.0, 0.0, np.ones((2, 3), np.float32), np.ones(3, np.float32), 0.4)
    )
    ground: float = 0.0
    clearance: float = CLEARANCE
    kinds: list[int] = field(default_factory=list)
    centres: list[Array] = field(default_factory=list)
    extents: list[Array] = field(default_factory=list)
    turns: list[Array] = field(default_factory=list)
    materials: list[Array] = field(default_factory=list)

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.rng.random()

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def add(self, kind: int, centre: Array, extent: Array, turn: Array, material: Array) -> None:
        """Puts a solid down; a scene that is full stays as it is."""
        if len(self.kinds) < SOLIDS:
            self.kinds.append(kind)
            self.centres.append(centre)
            self.extents.append(np.maximum(extent, 1e-4))
            self.turns.append(turn)
            self.materials.append(material)

    def shell(
        self, centre: Sequence[float], extent: Sequence[float], turn: Array | None = None, *, is_round: bool = False
    ) -> None:
        self.shell_centre, self.shell_extent, self.shell_round = np.array(centre), np.array(extent), is_round
        self.shell_turn = np.eye(3) if turn is None else turn

    def look(self, position: Array, yaw: float, pitch: float, roll: float = 0.0) -> None:
        """Camera at `position`, or the next place within the shell; yaw to the right, pitch downwards, in radians."""
        local = self.shell_turn.T @ (position - self.shell_centre) / self.shell_extent
        self.position = self.shell_centre + self.shell_turn @ (np.clip(local, -0.93, 0.93) * self.shell_extent)
        self.rotation = turn_y(yaw) @ turn_x(-pitch) @ turn_z(roll)

    def at(self, x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0, size: float = 1.0) -> Frame:
        """A frame of reference on the ground; size scales all that is put down in it."""
        return Frame(self, np.array([x, y, z], np.float64), turn_y(yaw), size)

    def material(
        self,
        patterns: Sequence[int] | None = None,
        period: float = 0.5,
        colour: Array | None = None,
        contrast: float | None = None,
        gloss: float = 0.15,
        glow: float = 0.0,
    ) -> Array:
        """A random material; patterns: which may be used, period: typical metres of their repetition.

        colour: of the surface's mean. contrast, 0..1: how far its colours differ; gloss: chance of being shiny.
        """
        rng = self.rng
        chosen = textures.ALL if patterns is None else patterns
        m = np.zeros(MATERIAL_SIZE)
        first = random_colour(rng) if colour is None else np.clip(colour * rng.uniform(0.75, 1.3), 0.01, 0.95)
        apart = rng.random() if contrast is None else contrast * rng.uniform(0.4, 1.0)
        second = random_colour(rng) if rng.random() < 0.35 else np.clip(first * rng.uniform(0.2, 2.2), 0.01, 0.95)
        m[shading.COLOUR] = first
        m[shading.SECOND] = (1 - apart) * first + apart * second
        m[shading.THIRD] = np.clip(first * rng.choice([rng.uniform(0.05, 0.6), rng.uniform(0.6, 2.0)]), 0.01, 0.95)
        m[shading.PATTERN] = chosen[int(rng.integers(len(chosen)))]
        m[shading.PERIOD] = period * math.exp(0.5 * rng.standard_normal())
        m[shading.SHIFT] = rng.random()
        m[shading.FINE_PATTERN] = textures.GRAINY[int(rng.integers(len(textures.GRAINY)))]
        m[shading.FINE_PERIOD] = period * rng.uniform(0.1, 0.6)
        m[shading.FINE_WEIGHT] = 0.8 * rng.random()
        m[shading.GLOSS] = rng.uniform(0.2, 1.0) if rng.random() < gloss else 0.0
        m[shading.GLOW] = glow
        m[shading.TURNED] = float(rng.random() < 0.5)
        return m

    def scene(self, size: tuple[int, int]) -> tuple[Scene, Array]:
        """The scene for the ray caster and the materials (S + shell faces, M); nothing touches the camera."""
        kept = [i for i in range(len(self.kinds)) if not self._touches_camera(i)]

        def stack(parts: list[Array], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
            chosen = [parts[i] for i in kept]
            return np.stack(chosen).astype(np.float32) if chosen else np.zeros((0, *shape), np.float32)

        focal = 0.5 * size[1] / math.tan(0.5 * self.fov)
        scene = Scene(
            position=self.position.astype(np.float32),
            rotation=self.rotation.astype(np.float32),
            focal=np.array([focal, focal / self.squeeze], np.float32),
            size=size,
            kind=np.array([self.kinds[i] for i in kept], np.int64),
            centre=stack(self.centres, (3,)),
            extent=stack(self.extents, (3,)),
            turn=stack(self.turns, (3, 3)),
            shell_centre=self.shell_centre.astype(np.float32),
            shell_extent=self.shell_extent.astype(np.float32),
            shell_turn=self.shell_turn.astype(np.float32),
            shell_round=self.shell_round,
            sky=np.array(self.sky),
            lamp=np.array(self.lamp, np.float32),
            ground=self.ground,
        )
        materials = stack(self.materials, (MATERIAL_SIZE,))
        return scene, np.concatenate((materials, self.shell_material.astype(np.float32)))

    def _touches_camera(self, solid: int) -> bool:
        local = self.turns[solid].T @ (self.position - self.centres[solid])
        return bool((np.abs(local) < self.extents[solid] + self.clearance).all())


@dataclass
class Frame:
    """Where a thing's parts are put down: origin on its supporting surface, x right, y down, z away, in its metres."""

    layout: Layout
    origin: Array
    turn: Array
    size: float = 1.0

    def at(self, x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0, size: float = 1.0) -> Frame:
        """A frame within this one."""
        return Frame(self.layout, self.point(x, y, z), self.turn @ turn_y(yaw), self.size * size)

    def point(self, x: float, y: float, z: float) -> Array:
        where: Array = self.origin + self.turn @ (self.size * np.array([x, y, z]))
        return where

    def solid(
        self,
        kind: int,
        centre: tuple[float, float, float],
        extent: tuple[float, float, float],
        material: Array,
        turn: Array | None = None,
    ) -> None:
        turned = self.turn if turn is None else self.turn @ turn
        self.layout.add(kind, self.point(*centre), self.size * np.array(extent), turned, material)

    def box(
        self,
        centre: tuple[float, float, float],
        extent: tuple[float, float, float],
        material: Array,
        turn: Array | None = None,
    ) -> None:
        """extent: half sizes, as of all solids."""
        self.solid(BOX, centre, extent, material, turn)

    def ball(
        self,
        centre: tuple[float, float, float],
        extent: tuple[float, float, float],
        material: Array,
        turn: Array | None = None,
    ) -> None:
        self.solid(ELLIPSOID, centre, extent, material, turn)

    def cylinder(
        self, centre: tuple[float, float, float], radius: float, half: float, material: Array, turn: Array | None = None
    ) -> None:
        """Upright unless turned; half of its height."""
        self.solid(CYLINDER, centre, (radius, half, radius), material, turn)

    def cone(
        self, centre: tuple[float, float, float], radius: float, half: float, material: Array, turn: Array | None = None
    ) -> None:
        """Its tip is above its base unless turned."""
        self.solid(CONE, centre, (radius, half, radius), material, turn)

    def rod(
        self, start: tuple[float, float, float], end: tuple[float, float, float], radius: float, material: Array
    ) -> None:
        """A cylinder between two points."""
        a, b = np.array(start), np.array(end)
        along = b - a
        length = float(np.linalg.norm(along))
        self.cylinder(tuple(0.5 * (a + b)), radius, 0.5 * length, material, turn_to(along / max(length, 1e-9)))


NATURAL = np.array(  # linear RGB of wood, brick, sand, cream, white, concrete, asphalt, black, leather, jeans
    [
        [0.25, 0.13, 0.06], [0.42, 0.26, 0.13], [0.30, 0.10, 0.06], [0.55, 0.45, 0.32], [0.75, 0.70, 0.58],
        [0.80, 0.80, 0.78], [0.35, 0.34, 0.32], [0.10, 0.10, 0.10], [0.03, 0.03, 0.03], [0.12, 0.06, 0.03],
        [0.07, 0.10, 0.20],
    ]
)  # fmt: skip


def random_colour(rng: np.random.Generator) -> Array:
    """Half of them as the world has most, the others mostly dull; linear RGB."""
    if rng.random() < 0.5:
        base = NATURAL[int(rng.integers(len(NATURAL)))] * rng.uniform(0.6, 1.4) * rng.uniform(0.9, 1.1, 3)
    else:
        base = rng.uniform(0.03, 0.85) ** 1.2 * (1 + rng.standard_normal(3) * 0.8 * rng.random() ** 1.5)
    colour: Array = np.clip(base, 0.015, 0.95)
    return colour


def turn_x(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]], dtype=np.float64)


def turn_y(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=np.float64)


def turn_z(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=np.float64)


def turn_to(direction: Array) -> Array:
    """A rotation that takes the y axis to a unit vector."""
    side = np.cross(direction, [1.0, 0.0, 0.0] if abs(direction[0]) < 0.9 else [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    turned: Array = np.stack((side, direction, np.cross(side, direction)), axis=1)
    return turned
