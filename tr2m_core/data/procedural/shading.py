"""Colours of what the ray caster hits: patterned, shaded, glossy surfaces under a lamp, in shadow or in haze."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tr2m_core.data.procedural.raycast import BOX, CONE, CYLINDER, ELLIPSOID, FAR, Floats, Hits, Scene
from tr2m_core.data.procedural.textures import LEVELS, SIDE, textures

# Columns of a material: three linear colours; pattern and its period in metres, twice; weights; gloss; glow.
COLOUR, SECOND, THIRD = slice(0, 3), slice(3, 6), slice(6, 9)
PATTERN, PERIOD, SHIFT, FINE_PATTERN, FINE_PERIOD, FINE_WEIGHT, GLOSS, GLOW, TURNED = range(9, 18)
MATERIAL_SIZE = 18
SHARPNESS = 40.0  # of highlights


@dataclass
class Light:
    """The light of a scene, its sky and its haze."""

    ambient: float
    """Share of the light that comes from everywhere, 0..1."""
    headlight: float
    """Share of the light that comes from the camera, 0..1; the lamp's share is (1 - ambient) * (1 - headlight)."""
    haze: float
    """Density per metre."""
    sky: Floats
    """(2, 3) colours above and at the horizon."""
    warmth: Floats
    """(3,) colour of the lamp."""
    corners: float
    """How much darker the edges of the shell are, 0..1."""
    clouds: float = 0.0
    """How white the clouds are, 0..1."""
    cloud_pattern: int = 5
    """Index of the clouds' texture."""


def shade(scene: Scene, material: Floats, light: Light, rays: Floats, hits: Hits, free: Floats) -> Floats:
    """Linear RGB (H, W, 3). material (S + SHELL_FACES, MATERIAL_SIZE); free: `raycast.lit`."""
    height, width = scene.size
    flat_rays, depth = rays.reshape(3, -1), hits.depth.ravel()
    image = np.empty((height * width, 3), np.float32)
    surface = hits.surface.ravel()
    order = np.argsort(surface, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(surface[order]) > 0])
    for pixels in np.split(order, starts[1:]):
        index = int(surface[pixels[0]])
        image[pixels] = _surface(
            scene, material[index], light, index, flat_rays[:, pixels], depth[pixels], free.ravel()[pixels]
        )
    sky = _sky(light, flat_rays)
    clear = np.exp(-light.haze * np.minimum(depth, 1e4))[:, None]
    image = image * clear + sky * (1 - clear)
    open_sky = depth >= FAR
    image[open_sky] = sky[open_sky]
    colours: Floats = image.reshape(height, width, 3)
    return colours


def _sky(light: Light, rays: Floats) -> Floats:
    """(N, 3) colours of the sky along rays (3, N): paler towards the horizon, with clouds."""
    x, y, z = rays / np.linalg.norm(rays, axis=0)
    up = np.clip(-y, 0.02, 1)
    u, v = x / up, z / up
    level = np.clip(-np.log2(up), 0, LEVELS - 1).astype(np.int32)
    clouds = textures().sample(light.cloud_pattern, 0.05 * u, 0.05 * v, level) * light.clouds
    clear = light.sky[1] + (light.sky[0] - light.sky[1]) * np.minimum(2.0 * up, 1)[:, None]
    sky: Floats = clear + (light.sky[0].max() * 1.3 - clear) * clouds[:, None]
    return sky


def _surface(scene: Scene, m: Floats, light: Light, index: int, rays: Floats, depth: Floats, free: Floats) -> Floats:
    """(N, 3) colours of one surface at N pixels; rays (3, N) and depth, free (N,)."""
    points = scene.position[:, None] + rays * np.minimum(depth, 1e4)
    if index < len(scene.kind):
        kind, turn, extent = int(scene.kind[index]), scene.turn[index], scene.extent[index]
        local = turn.T @ (points - scene.centre[index][:, None]) / extent[:, None]
        normal, uv = _solid_normal(kind, local, extent)
        closed = np.ones(len(depth), np.float32)
    else:
        turn, extent = scene.shell_turn, scene.shell_extent
        local = turn.T @ (points - scene.shell_centre[:, None]) / extent[:, None]
        kind = CYLINDER if scene.shell_round else BOX
        normal, uv = _solid_normal(kind, local, extent)
        normal = -normal
        closed = _corner_light(local, extent, light.corners) if kind == BOX else np.ones(len(depth), np.float32)
    normal = turn @ normal
    distance = np.linalg.norm(rays, axis=0)
    towards = -rays / distance
    facing = np.clip((normal * towards).sum(0), 0.05, 1)
    colour = _albedo(m, uv, depth / (scene.focal[0] * facing))
    if scene.lamp[3] > 0:
        to_lamp = scene.lamp[:3, None] - points
        far = np.linalg.norm(to_lamp, axis=0)
        to_lamp, falloff = to_lamp / far, 1.6 / (1.0 + 0.15 * far * far)
    else:
        to_lamp, falloff = np.broadcast_to(scene.lamp[:3, None], points.shape), np.ones(len(depth), np.float32)
    direct = np.clip((normal * to_lamp).sum(0), 0, 1) * falloff * free
    above = 0.75 - 0.25 * normal[1]
    near = 1.0 / (1.0 + (0.6 * depth * distance) ** 2)
    received = (
        light.ambient * above[:, None] * closed[:, None] * (0.6 + 0.4 * light.sky[0] / light.sky[0].mean())
        + (1 - light.ambient) * (1 - light.headlight) * direct[:, None] * light.warmth
        + light.headlight * (facing * 2.0 * near)[:, None]
    )
    shaded = colour * (received + m[GLOW])
    if m[GLOSS] > 0:
        half = to_lamp + towards
        half /= np.linalg.norm(half, axis=0)
        highlight = np.clip((normal * half).sum(0), 0, 1) ** SHARPNESS * direct
        mirrored = 2 * (normal * towards).sum(0) * normal - towards
        bright = np.clip(0.5 - 1.5 * mirrored[1], 0, 1)  # rooms and skies are brighter above
        fresnel = m[GLOSS] * (0.08 + 0.92 * (1 - facing) ** 4)
        shaded = shaded * (1 - fresnel[:, None]) + (fresnel * bright * light.ambient)[:, None] * light.sky[1]
        shaded = shaded + (m[GLOSS] * highlight)[:, None] * light.warmth
    result: Floats = shaded.astype(np.float32)
    return result


def _corner_light(local: Floats, extent: Floats, darkness: float) -> Floats:
    """Less light where walls meet; local (3, N) canonical."""
    gap = np.sort(np.maximum(1 - np.abs(local), 0) * extent[:, None], axis=0)[
        1:
    ]  # without the face's own, which is nothing
    light: Floats = (1 - darkness * np.exp(-gap / 0.25)).prod(0)
    return light


def _solid_normal(kind: int, local: Floats, extent: Floats) -> tuple[Floats, Floats]:
    """Unit normals (3, N) along the solid's axes and pattern coordinates (2, N) in metres."""
    metres = local * extent[:, None]
    flat = np.zeros_like(local)
    if kind == BOX:
        axis = np.abs(local).argmax(0)
        np.put_along_axis(flat, axis[None], np.sign(np.take_along_axis(local, axis[None], 0)), 0)
        return flat, np.stack((np.where(axis == 0, metres[2], metres[0]), np.where(axis == 1, metres[2], metres[1])))
    around = np.arctan2(local[0], local[2]) * extent[0]
    if kind == ELLIPSOID:
        gradient = local / extent[:, None]
        return gradient / np.linalg.norm(gradient, axis=0), np.stack((around, metres[1]))
    gradient = np.stack((local[0] / extent[0], np.zeros_like(local[1]), local[2] / extent[2]))
    if kind == CONE:
        gradient[1] = -0.25 * (local[1] + 1.0) / extent[1]
    end = local[1] > 0.999 if kind == CONE else np.abs(local[1]) > 0.999
    flat[1] = np.sign(local[1])
    normal = np.where(end, flat, gradient / np.maximum(np.linalg.norm(gradient, axis=0), 1e-9))
    uv = np.where(end, np.stack((metres[0], metres[2])), np.stack((around, metres[1])))
    return normal, uv


def _albedo(m: Floats, uv: Floats, footprint: Floats) -> Floats:
    """(N, 3) surface colour at pattern coordinates (2, N); footprint (N,): metres across a pixel there."""
    bank = textures()
    if m[TURNED] > 0:
        uv = uv[::-1]
    coarse = _pattern(bank.sample, m[PATTERN], uv, m[PERIOD], m[SHIFT], footprint)
    fine = _pattern(bank.sample, m[FINE_PATTERN], uv, m[FINE_PERIOD], 0.37 * m[SHIFT], footprint)
    colour = m[COLOUR] + (m[SECOND] - m[COLOUR]) * coarse[:, None]
    mixed: Floats = colour + (m[THIRD] - colour) * (m[FINE_WEIGHT] * fine)[:, None]
    return mixed


def _pattern(sample, pattern: float, uv: Floats, period: float, shift: float, footprint: Floats) -> Floats:  # type: ignore[no-untyped-def]
    level = np.log2(np.maximum(footprint * (SIDE / period), 1.0)).astype(np.int32)
    found: Floats = sample(
        int(pattern), uv[0] / period + shift, uv[1] / period + 2 * shift, np.minimum(level, LEVELS - 1)
    )
    return found
