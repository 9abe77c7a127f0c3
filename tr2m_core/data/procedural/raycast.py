"""A ray caster for scenes of many simple solids inside a shell, with exact depth and cast shadows.

Camera axes: x right, y down, z forward. World axes are the camera's before it is turned, so y points down. Rays are
not normalised and have z = 1 in the camera, so the ray parameter of a hit is its depth along the optical axis. A solid
is tried only on the pixels of its window, the rectangle that its corners project into; small things cost little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

# Canonical solids: [-1, 1]^3; the unit ball; the unit disc in x, z times [-1, 1] in y; a cone over the unit disc at
# y = 1 with its tip at y = -1.
BOX, ELLIPSOID, CYLINDER, CONE = 0, 1, 2, 3
SHELL_FACES = 6  # -x, +x, -y (ceiling), +y (floor), -z, +z
NEAR = 1e-3
FAR = np.float32(1e6)
SHADOW_STEP = 2  # shadows are cast on every second pixel of every second row
SHADOW_OFFSET = 4e-3  # of the depth: what is nearer to a surface than that casts no shadow on it
LONGEST_SHADOW = 8.0  # metres

_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)


@dataclass
class Scene:
    """S solids in a shell before a camera, in metres, as float32 arrays."""

    position: Floats
    """(3,) of the camera."""
    rotation: Floats
    """(3, 3) from the camera's axes to the world's."""
    focal: Floats
    """(2,) fx, fy in pixels."""
    size: tuple[int, int]
    """(height, width) of the image."""
    kind: Integers
    """(S,) kind of each solid: BOX, ELLIPSOID, CYLINDER or CONE."""
    centre: Floats
    """(S, 3) of the solids."""
    extent: Floats
    """(S, 3) half sizes of the solids."""
    turn: Floats
    """(S, 3, 3) from each solid's axes to the world's."""
    shell_centre: Floats
    """(3,) of the shell."""
    shell_extent: Floats
    """(3,) half sizes of the shell."""
    shell_turn: Floats
    """(3, 3) from the shell's axes to the world's."""
    shell_round: bool
    """Whether the shell is a tube along its local y axis."""
    sky: npt.NDArray[np.bool_]
    """(6,) bool: faces of the shell that are open."""
    lamp: Floats
    """(4,): a position and 1, or a direction towards the light and 0."""
    ground: float
    """Height y at which shadows end."""

    def to_local(self, solid: int) -> Floats:
        """(3, 3), world directions to the canonical solid's."""
        local: Floats = self.turn[solid].T / self.extent[solid][:, None]
        return local

    def corners(self) -> Floats:
        """(S, 8, 3) corners of the boxes around the solids, in the world."""
        corners: Floats = self.centre[:, None] + np.einsum("sij,skj->ski", self.turn, _CORNERS * self.extent[:, None])
        return corners

    def rays(self) -> Floats:
        """(3, H, W) world directions of the rays through pixel centres."""
        height, width = self.size
        x = (np.arange(width, dtype=np.float32) - 0.5 * (width - 1)) / self.focal[0]
        y = (np.arange(height, dtype=np.float32) - 0.5 * (height - 1)) / self.focal[1]
        r = self.rotation
        rays: Floats = r[:, 0, None, None] * x + r[:, 1, None, None] * y[:, None] + r[:, 2, None, None]
        return rays


@dataclass
class Hits:
    """What each pixel's ray meets. depth (H, W), FAR in the sky; surface (H, W): a solid's index, or S + shell face."""

    depth: Floats
    surface: npt.NDArray[np.int16]


def cast(scene: Scene, rays: Floats) -> Hits:
    """The nearest surface along each ray of `Scene.rays`."""
    height, width = scene.size
    depth, face = shell_exit(scene, rays.reshape(3, -1))
    depth, surface = depth.reshape(height, width), (face + len(scene.kind)).astype(np.int16).reshape(height, width)
    for solid, (top, bottom, left, right) in enumerate(_windows(scene, scene.corners()).tolist()):
        if top >= bottom or left >= right:
            continue
        rows, columns = slice(top, bottom), slice(left, right)
        m = scene.to_local(solid)
        origin = m @ (scene.position - scene.centre[solid])
        directions = m @ rays[:, rows, columns].reshape(3, -1)
        t, _ = _INTERVALS[scene.kind[solid]](origin[:, None], directions)
        t = t.reshape(bottom - top, right - left)
        nearer = (t > NEAR) & (t < depth[rows, columns])
        depth[rows, columns][nearer] = t[nearer]
        surface[rows, columns][nearer] = solid
    return Hits(depth, surface)


def lit(scene: Scene, rays: Floats, hits: Hits) -> Floats:
    """1 where the lamp shines on the surface, 0 in the shadow of a solid; (H, W), soft at the edges of shadows."""
    step = SHADOW_STEP
    coarse = rays[:, ::step, ::step]
    depth = hits.depth[::step, ::step]
    points = scene.position[:, None, None] + coarse * depth
    free = np.ones(depth.shape, bool)
    lamp, is_point = scene.lamp[:3], scene.lamp[3] > 0
    corners = scene.corners()
    away = corners - lamp if is_point else np.broadcast_to(-lamp, corners.shape)
    fall = (scene.ground - corners[..., 1]) / np.maximum(away[..., 1], 0.05)
    longest = LONGEST_SHADOW / np.linalg.norm(away, axis=-1)
    reach = np.clip(np.where(away[..., 1] > 0, fall, longest), 0, longest)
    swept = np.concatenate((corners, corners + away * reach[..., None]), axis=1)
    windows = _coarse(_windows(scene, swept), step)
    for solid, (top, bottom, left, right) in enumerate(windows.tolist()):
        if top >= bottom or left >= right:
            continue
        rows, columns = slice(top, bottom), slice(left, right)
        m = scene.to_local(solid)
        start = points[:, rows, columns].reshape(3, -1)
        origin = m @ (start - scene.centre[solid][:, None])
        towards = m @ (lamp[:, None] - start) if is_point else (m @ lamp)[:, None]
        enter, leave = _INTERVALS[scene.kind[solid]](origin, np.broadcast_to(towards, origin.shape))
        offset = SHADOW_OFFSET * depth[rows, columns].reshape(-1)
        if is_point:
            offset = offset / np.linalg.norm(lamp[:, None] - start, axis=0)
        shaded = (enter < leave) & (leave > offset) & (enter < (1.0 if is_point else FAR))
        free[rows, columns] &= ~shaded.reshape(bottom - top, right - left)
    return _enlarged(free.astype(np.float32), scene.size)


def shell_exit(scene: Scene, rays: Floats) -> tuple[Floats, Integers]:
    """Where rays (3, P) leave the shell they start in, FAR through an open face, and through which of its six faces."""
    m = scene.shell_turn.T / scene.shell_extent[:, None]
    o, d = (m @ (scene.position - scene.shell_centre))[:, None], _no_zeros(m @ rays)
    exits = (np.sign(d) - o) / d
    if scene.shell_round:
        # A tube runs along local y: its wall counts as face 0, its ends as faces 2 and 3.
        wall = _round_interval(o, d)[1]
        depth = np.minimum(wall, exits[1])
        face = np.where(wall < exits[1], 0, 2 + (d[1] > 0))
    else:
        axis = exits.argmin(0)
        depth = np.take_along_axis(exits, axis[None], 0)[0]
        face = 2 * axis + (np.take_along_axis(d, axis[None], 0)[0] > 0)
    return np.where(scene.sky[face], FAR, depth).astype(np.float32), face


def _windows(scene: Scene, points: Floats) -> Integers:
    """(S, 4) top, bottom, left, right in pixels of what lies between the points (S, K, 3); empty behind the camera."""
    height, width = scene.size
    seen = (points - scene.position) @ scene.rotation
    z = np.maximum(seen[..., 2], NEAR)
    u = seen[..., 0] / z * scene.focal[0] + 0.5 * (width - 1)
    v = seen[..., 1] / z * scene.focal[1] + 0.5 * (height - 1)
    bounds = np.stack((v.min(1), v.max(1) + 2, u.min(1), u.max(1) + 2), 1)
    limits = np.array([height, height, width, width])
    windows: Integers = np.clip(bounds, 0, limits).astype(np.int32)
    crosses = seen[..., 2].min(1) < 10 * NEAR  # the projection of what reaches behind the camera says nothing
    windows[crosses] = (0, height, 0, width)
    windows[seen[..., 2].max(1) < NEAR] = 0
    return windows


def _coarse(windows: Integers, step: int) -> Integers:
    low, high = windows // step, -(-windows // step)
    coarse: Integers = np.stack((low[:, 0], high[:, 1], low[:, 2], high[:, 3]), 1)
    return coarse


def _enlarged(values: Floats, size: tuple[int, int]) -> Floats:
    smooth = cv2.blur(values.astype(np.float32), (2, 2))
    return np.asarray(cv2.resize(smooth, (size[1], size[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def _no_zeros(d: Floats) -> Floats:
    return np.where(np.abs(d) < 1e-9, np.float32(1e-9), d)


def _box_interval(o: Floats, d: Floats) -> tuple[Floats, Floats]:
    inverse = 1.0 / _no_zeros(d)
    centre, half = -o * inverse, np.abs(inverse)
    t_in, t_out = (centre - half).max(0), (centre + half).min(0)
    return np.where(t_in < t_out, t_in, FAR), t_out


def _ellipsoid_interval(o: Floats, d: Floats) -> tuple[Floats, Floats]:
    a, b, c = (d * d).sum(0), (o * d).sum(0), (o * o).sum(0) - 1.0
    root = b * b - a * c
    width = np.sqrt(np.maximum(root, 0))
    return np.where(root > 0, (-b - width) / a, FAR), (-b + width) / a


def _round_interval(o: Floats, d: Floats) -> tuple[Floats, Floats]:
    """Where a ray is inside the infinite unit cylinder around y; an empty interval when it misses."""
    a = np.maximum(d[0] * d[0] + d[2] * d[2], 1e-9)
    b, c = o[0] * d[0] + o[2] * d[2], o[0] * o[0] + o[2] * o[2] - 1.0
    root = b * b - a * c
    width = np.sqrt(np.maximum(root, 0))
    return np.where(root > 0, (-b - width) / a, FAR), np.where(root > 0, (-b + width) / a, -FAR)


def _cylinder_interval(o: Floats, d: Floats) -> tuple[Floats, Floats]:
    t_in, t_out = _round_interval(o, d)
    inverse = 1.0 / _no_zeros(d[1])
    centre, half = -o[1] * inverse, np.abs(inverse)
    t_in, t_out = np.maximum(t_in, centre - half), np.minimum(t_out, centre + half)
    return np.where(t_in < t_out, t_in, FAR), t_out


def _cone_interval(o: Floats, d: Floats) -> tuple[Floats, Floats]:
    radius, slope = 0.5 * (o[1] + 1.0), 0.5 * d[1]
    a = d[0] * d[0] + d[2] * d[2] - slope * slope
    b, c = o[0] * d[0] + o[2] * d[2] - radius * slope, o[0] * o[0] + o[2] * o[2] - radius * radius
    width = np.sqrt(np.maximum(b * b - a * c, 0))
    a = _no_zeros(a)
    cap = (1.0 - o[1]) / _no_zeros(d[1])
    crossings = [(-b - width) / a, (-b + width) / a]
    enter, leave = np.full(cap.shape, FAR, np.float32), np.full(cap.shape, -FAR, np.float32)
    for t in crossings:
        hit = (b * b > a * c) & (np.abs(o[1] + t * d[1]) <= 1.0)
        enter, leave = np.where(hit, np.minimum(enter, t), enter), np.where(hit, np.maximum(leave, t), leave)
    x, z = o[0] + cap * d[0], o[2] + cap * d[2]
    hit = x * x + z * z <= 1.0
    return np.where(hit, np.minimum(enter, cap), enter), np.where(hit, np.maximum(leave, cap), leave)


_INTERVALS = (_box_interval, _ellipsoid_interval, _cylinder_interval, _cone_interval)
