"""A batched ray caster: boxes, ellipsoids and cylinders inside a shell, with exact depth.

Camera axes: x right, y down, z forward. World axes are the camera's before it is turned, so y points down. Rays are
not normalised and have z = 1 in the camera, so the ray parameter of a hit is its depth along the optical axis.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

BOX, ELLIPSOID, CYLINDER = 0, 1, 2  # canonical solids: [-1, 1]^3; unit ball; unit disc in x, z times [-1, 1] in y
SHELL_FACES = 6  # -x, +x, -y (ceiling), +y (floor), -z, +z
NEAR = 1e-3
FAR = 1e6


@dataclass
class Scenes:
    """B scenes of S solids each, in normalised units, as float tensors.

    camera: position (B, 3); rotation (B, 3, 3) camera to world; rays (B, 3, P) in the camera, z = 1.
    solids: kind (S,) the same in every scene; centre (B, S, 3); to_local (B, S, 3, 3) world to canonical; extent
    (B, S, 3) half sizes; unused slots are small and far behind the camera.
    shell: centre (B, 3), to_local (B, 3, 3), extent (B, 3); round (B,) bool makes it a tube along local y.
    sky (B, 6) bool: faces of the shell that are open.
    material (B, S + 6, M): see `shade`. light (B, 3) direction towards the light, ambient (B, 1) in 0..1,
    headlight (B, 1) in 0..1 the share of light that comes from the camera; haze (B, 1) density.
    """

    position: Tensor
    rotation: Tensor
    rays: Tensor
    kind: tuple[int, ...]
    centre: Tensor
    to_local: Tensor
    extent: Tensor
    shell_centre: Tensor
    shell_to_local: Tensor
    shell_extent: Tensor
    shell_round: Tensor
    sky: Tensor
    material: Tensor
    light: Tensor
    ambient: Tensor
    headlight: Tensor
    haze: Tensor

    def to(self, device: torch.device) -> Scenes:
        moved: dict[str, Any] = {f.name: getattr(self, f.name).to(device) for f in fields(self) if f.name != "kind"}
        return replace(self, **moved)


def cast(scenes: Scenes) -> tuple[Tensor, Tensor]:
    """Depth (B, P), FAR where nothing is hit, and the surface index (B, P): a solid's, or S + face of the shell."""
    directions = scenes.rotation @ scenes.rays
    depth, face = _shell_exit(scenes, directions)
    surface = face + len(scenes.kind)
    depth = torch.where(torch.gather(scenes.sky, 1, face), FAR, depth)
    for slot, kind in enumerate(scenes.kind):
        m = scenes.to_local[:, slot]
        origin = m @ (scenes.position - scenes.centre[:, slot]).unsqueeze(-1)
        t = _ENTRIES[kind](origin, m @ directions)
        nearer = (t > NEAR) & (t < depth)
        depth = torch.where(nearer, t, depth)
        surface = torch.where(nearer, slot, surface)
    return depth, surface


def _box_entry(o: Tensor, d: Tensor) -> Tensor:
    inverse = 1.0 / torch.where(d.abs() < 1e-9, 1e-9, d)
    centre, half = -o * inverse, inverse.abs()
    t_in, t_out = (centre - half).amax(1), (centre + half).amin(1)
    return torch.where(t_in < t_out, t_in, FAR)


def _ellipsoid_entry(o: Tensor, d: Tensor) -> Tensor:
    a, b, c = (d * d).sum(1), (o * d).sum(1), (o * o).sum(1) - 1.0
    root = b * b - a * c
    return torch.where(root > 0, (-b - root.clamp_min(0).sqrt()) / a, FAR)


def _cylinder_interval(o: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
    """Where a ray is inside the infinite unit cylinder around y; an empty interval when it misses."""
    o, d = o[:, 0::2], d[:, 0::2]
    a, b, c = (d * d).sum(1).clamp_min(1e-9), (o * d).sum(1), (o * o).sum(1) - 1.0
    root = b * b - a * c
    width = root.clamp_min(0).sqrt()
    return torch.where(root > 0, (-b - width) / a, FAR), torch.where(root > 0, (-b + width) / a, -FAR)


def _cylinder_entry(o: Tensor, d: Tensor) -> Tensor:
    t_in, t_out = _cylinder_interval(o, d)
    inverse = 1.0 / torch.where(d[:, 1].abs() < 1e-9, 1e-9, d[:, 1])
    centre, half = -o[:, 1] * inverse, inverse.abs()
    t_in, t_out = torch.maximum(t_in, centre - half), torch.minimum(t_out, centre + half)
    return torch.where(t_in < t_out, t_in, FAR)


_ENTRIES = {BOX: _box_entry, ELLIPSOID: _ellipsoid_entry, CYLINDER: _cylinder_entry}


def _shell_exit(scenes: Scenes, directions: Tensor) -> tuple[Tensor, Tensor]:
    """Where a ray leaves the shell it starts in, and through which of its six faces."""
    o = scenes.shell_to_local @ (scenes.position - scenes.shell_centre).unsqueeze(-1)
    d = scenes.shell_to_local @ directions
    d = torch.where(d.abs() < 1e-9, 1e-9, d)
    exits = (d.sign() - o) / d
    box_exit, axis = exits.min(1)
    side = (torch.gather(d, 1, axis.unsqueeze(1)).squeeze(1) > 0).long()
    # A tube runs along local y: its wall counts as face 0, its ends as faces 2 and 3.
    wall = _cylinder_interval(o, d)[1]
    tube_exit = torch.minimum(wall, exits[:, 1])
    tube_face = torch.where(wall < exits[:, 1], 0, 2 + (d[:, 1] > 0).long())
    is_round = scenes.shell_round.unsqueeze(1)
    return torch.where(is_round, tube_exit, box_exit), torch.where(is_round, tube_face, 2 * axis + side)


def shade(scenes: Scenes, depth: Tensor, surface: Tensor) -> Tensor:
    """Linear RGB (B, 3, P) in 0..1 of the surfaces that `cast` found.

    A material holds: two colours (6), pattern weights for checks, stripes and cloudiness (3), frequency (1), three
    stripe directions (3), phase (1), gloss (1).
    """
    directions = scenes.rotation @ scenes.rays
    local, normal, extent = _local_hit(scenes, directions, depth, surface)
    towards = -directions / directions.norm(dim=1, keepdim=True)
    normal = normal * (normal * towards).sum(1, keepdim=True).sign()

    m = scenes.material.gather(1, surface.unsqueeze(-1).expand(-1, -1, scenes.material.shape[-1])).transpose(1, 2)
    albedo = _albedo(m, local * extent)
    light = scenes.light.unsqueeze(-1)
    lambert = (normal * light).sum(1, keepdim=True).clamp_min(0) + 0.25 * (0.5 - 0.5 * normal[:, 1:2])
    facing = (normal * towards).sum(1, keepdim=True).clamp_min(0)
    falloff = (2.0 / (1.0 + depth.clamp_max(1e3).square())).clamp_max(1.0).unsqueeze(1)
    ambient, headlight = scenes.ambient.unsqueeze(-1), scenes.headlight.unsqueeze(-1)
    brightness = ambient + (1 - ambient) * ((1 - headlight) * lambert + headlight * facing * falloff)
    mirrored = 2 * (normal * light).sum(1, keepdim=True) * normal - light
    highlight = (mirrored * towards).sum(1, keepdim=True).clamp_min(0) ** 24 * m[:, 14:15]
    colour = albedo * brightness + highlight

    sky = torch.lerp(colour.new_tensor([0.9, 0.93, 0.97]), colour.new_tensor([0.35, 0.55, 0.9]), 0.7).view(1, 3, 1)
    open_air = depth >= FAR
    clear = torch.exp(-scenes.haze * depth.clamp_max(1e3)).unsqueeze(1)
    colour = colour * clear + (1 - clear) * sky.mean()
    height = (-directions[:, 1:2]).clamp(0, 1)
    return torch.where(open_air.unsqueeze(1), 1 - (1 - sky) * height.sqrt(), colour).clamp(0, 1)


def _local_hit(scenes: Scenes, directions: Tensor, depth: Tensor, surface: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Canonical coordinates, outward or inward unit normals in the world, and half sizes at each hit, all (B, 3, P)."""
    solids = len(scenes.kind)
    to_local = torch.cat((scenes.to_local, scenes.shell_to_local.unsqueeze(1)), 1)
    centre = torch.cat((scenes.centre, scenes.shell_centre.unsqueeze(1)), 1)
    extents = torch.cat((scenes.extent, scenes.shell_extent.unsqueeze(1)), 1)
    which = surface.clamp_max(solids)
    m = to_local.flatten(2).gather(1, which.unsqueeze(-1).expand(-1, -1, 9)).reshape(*which.shape, 3, 3)
    c = centre.gather(1, which.unsqueeze(-1).expand(-1, -1, 3))
    extent = extents.gather(1, which.unsqueeze(-1).expand(-1, -1, 3)).transpose(1, 2)
    point = (scenes.position.unsqueeze(-1) + directions * depth.unsqueeze(1).clamp_max(1e4)).transpose(1, 2)
    local = (m @ (point - c).unsqueeze(-1)).squeeze(-1)

    kinds = torch.tensor([*scenes.kind, BOX], device=which.device)[which]
    kinds = torch.where((which == solids) & scenes.shell_round.unsqueeze(1), CYLINDER, kinds)
    flat = local * (local.abs() >= local.abs().amax(-1, keepdim=True) - 1e-6)
    cap = local[..., 1].abs() > 0.999
    upright = local * local.new_tensor([1.0, 0.0, 1.0])
    end = local * local.new_tensor([0.0, 1.0, 0.0])
    gradient = torch.where((kinds == BOX).unsqueeze(-1), flat, local)
    round_part = torch.where(cap.unsqueeze(-1), end, upright)
    gradient = torch.where((kinds == CYLINDER).unsqueeze(-1), round_part, gradient)
    normal = (m.transpose(-1, -2) @ gradient.unsqueeze(-1)).squeeze(-1)
    return local.transpose(1, 2), torch.nn.functional.normalize(normal, dim=-1).transpose(1, 2), extent


def _albedo(m: Tensor, position: Tensor) -> Tensor:
    """Surface colour (B, 3, P) from materials (B, M, P) and positions on the solid in scene units (B, 3, P)."""
    frequency, phase = m[:, 9:10], m[:, 13:14]
    u = position * frequency + phase
    checks = (torch.sin(u).prod(1, keepdim=True) * 20).clamp(-1, 1)
    stripes = (torch.sin((u * m[:, 10:13]).sum(1, keepdim=True)) * 6).clamp(-1, 1)
    v = torch.sin(1.7 * u[:, [1, 2, 0]] + 2.1 * torch.sin(0.9 * u[:, [2, 0, 1]]))
    clouds = (v + torch.sin(2.9 * u + 1.3 * v)).mean(1, keepdim=True)
    mix = 0.5 + 0.5 * (m[:, 6:9] * torch.cat((checks, stripes, clouds), 1)).sum(1, keepdim=True)
    return torch.lerp(m[:, 0:3], m[:, 3:6], mix.clamp(0, 1))
