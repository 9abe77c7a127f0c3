"""Things built of simple solids: furniture, people, plants, vehicles, houses, and what lies on tables.

Each stands in a frame of reference whose origin is on the surface that bears it, and is as large as in life.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tr2m_core.data.procedural import textures
from tr2m_core.data.procedural.layout import Array, Frame, turn_x, turn_y, turn_z

Builder = Callable[[Frame, "Array | None"], Any]  # the second: the thing's colour, if it has one


def table(
    f: Frame, colour: Array | None = None, width: float = 0.0, depth: float = 0.0, height: float = 0.0
) -> tuple[float, float, float]:
    """Returns half width, half depth and height of its top."""
    s = f.layout
    w, d = width or s.uniform(0.3, 1.0), depth or s.uniform(0.25, 0.5)
    h = height or (s.uniform(0.35, 0.5) if s.chance(0.2) else s.uniform(0.68, 0.8))
    top, leg = s.material(textures.WOODEN, 0.6, colour, gloss=0.4), s.material(period=0.3)
    f.box((0, -h + 0.015, 0), (w, 0.015, d), top)
    style = s.pick(0, 3)
    if style == 0:
        f.cylinder((0, -h / 2, 0), 0.05, h / 2, leg)
        f.cylinder((0, -0.02, 0), 0.3 * w, 0.02, leg)
    elif style == 1:
        for side in (-1, 1):
            f.box((side * (w - 0.03), -h / 2, 0), (0.02, h / 2, d * 0.9), leg)
        f.box((0, -h * 0.6, d * 0.85), (w, h * 0.2, 0.01), leg)
    else:
        r = s.uniform(0.015, 0.04)
        for x in (-1, 1):
            for z in (-1, 1):
                f.box((x * (w - r), -h / 2, z * (d - r)), (r, h / 2, r), leg)
    if s.chance(0.35):
        drawers = s.uniform(0.12, 0.25)
        side = s.rng.choice([-1, 1])
        cabinet(f.at(side * (w - drawers), 0, 0), None, drawers, h - 0.03, d * 0.95)
    return w, d, h


def desk(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    w, d, h = table(f, colour, s.uniform(0.5, 1.0), s.uniform(0.3, 0.45), s.uniform(0.7, 0.78))
    on = f.at(0, -h, 0)
    for _ in range(s.pick(0, 2)):
        screen(on.at(s.uniform(-0.7, 0.7) * w, 0, s.uniform(0.2, 0.7) * d, s.uniform(-0.5, 0.5)), None)
    clutter(on, w, d, s.pick(1, 10))


def chair(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    seat, frame = s.material(period=0.3, colour=colour), s.material(textures.WOODEN, 0.3)
    h, w = s.uniform(0.42, 0.5), s.uniform(0.19, 0.26)
    thick = s.uniform(0.01, 0.05)
    f.box((0, -h, 0), (w, thick, w), seat)
    back = s.uniform(0.2, 0.36)
    lean = turn_x(-s.uniform(0.0, 0.25))
    if s.chance(0.8):
        f.box(
            (0, -h - back - s.uniform(0.03, 0.12), w), (w * s.uniform(0.8, 1), back, s.uniform(0.01, 0.04)), seat, lean
        )
    if s.chance(0.4):
        f.cylinder((0, -h / 2, 0), 0.03, h / 2, frame)
        for arm in range(5):
            angle = 2 * math.pi * arm / 5
            f.rod((0, -0.1, 0), (0.28 * math.cos(angle), -0.03, 0.28 * math.sin(angle)), 0.018, frame)
    else:
        r = s.uniform(0.01, 0.025)
        for x in (-1, 1):
            for z in (-1, 1):
                f.box((x * (w - r), -h / 2, z * (w - r)), (r, h / 2, r), frame)
            if s.chance(0.5):
                f.box((x * (w - r), -h - back, w), (r, back, r), frame)
    if s.chance(0.3):
        for x in (-1, 1):
            f.box((x * w, -h - 0.2, 0), (0.02, 0.015, w), frame)


def sofa(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    cover = s.material(textures.WOVEN, 0.3, colour)
    w, d, h, arm = s.uniform(0.4, 1.1), s.uniform(0.38, 0.48), s.uniform(0.36, 0.46), s.uniform(0.06, 0.13)
    back = s.uniform(0.2, 0.28)
    f.box((0, -h / 2, 0), (w, h / 2, d), cover)
    f.box((0, -h - back, d - 0.1), (w, back, 0.1), cover, turn_x(-s.uniform(0, 0.2)))
    for x in (-1, 1):
        f.box((x * (w + arm), -(h + 0.2) / 2, 0), (arm, (h + 0.2) / 2, d), cover)
    seats = max(1, round(w / 0.35))
    for i in range(seats):
        middle = (i + 0.5) * 2 * w / seats - w
        f.box((middle, -h - 0.05, -0.05), (w / seats - 0.01, 0.05, d - 0.12), cover)
        if s.chance(0.4):
            cushion = s.material(textures.WOVEN, 0.15)
            f.ball((middle, -h - 0.25, d - 0.28), (0.2, 0.18, 0.08), cushion, turn_x(-0.3))


def bed(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    cover, wood, linen = (
        s.material(textures.WOVEN, 0.5, colour),
        s.material(textures.WOODEN, 0.4),
        s.material(textures.GRAINY, 0.4),
    )
    w, length, h = s.uniform(0.45, 0.95), s.uniform(0.95, 1.05), s.uniform(0.4, 0.6)
    f.box((0, -h * 0.3, 0), (w, h * 0.3, length), wood)
    f.box((0, -h * 0.75, 0), (w * 0.98, h * 0.2, length * 0.98), linen)
    f.box((0, -h * 0.85, -0.25 * length), (w * 1.01, h * 0.17, length * 0.75), cover)
    f.box((0, -h * s.uniform(0.9, 1.3), length), (w, h * s.uniform(0.6, 1.1), 0.03), wood)
    for _ in range(s.pick(1, 4)):
        f.ball(
            (s.uniform(-0.6, 0.6) * w, -h - 0.07, length * s.uniform(0.6, 0.8)),
            (0.3, 0.09, 0.2),
            linen,
            turn_x(s.uniform(-0.5, 0)),
        )


def shelf(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    wood = s.material(textures.WOODEN, 0.5, colour)
    w, h, d = s.uniform(0.3, 0.9), s.uniform(0.8, 2.2), s.uniform(0.12, 0.25)
    boards = max(2, round(h / s.uniform(0.28, 0.5)))
    for x in (-1, 1):
        f.box((x * w, -h / 2, 0), (0.015, h / 2, d), wood)
    if s.chance(0.7):
        f.box((0, -h / 2, d), (w, h / 2, 0.008), wood)
    full = s.rng.random() ** 0.7
    for i in range(boards + 1):
        y = -h * i / boards
        f.box((0, y, 0), (w, 0.012, d), wood)
        if i < boards and s.chance(full):
            row(f.at(0, y - 0.012, 0), w * 0.95, d * 0.9, 0.85 * h / boards)


def row(f: Frame, w: float, d: float, height: float) -> None:
    """Books, boxes or jars side by side."""
    s = f.layout
    books = s.chance(0.6)
    x = -w
    while x < w and len(s.kinds) < 330:
        half = s.uniform(0.012, 0.03) if books else s.uniform(0.04, 0.12)
        half *= 1.6 if s.chance(0.3) else 1.0
        h = height * s.uniform(0.35, 0.95) / 2
        deep = d * s.uniform(0.5, 0.95)
        m = s.material(textures.PRINTED if s.chance(0.5) else textures.GRAINY, 0.2)
        if books or s.chance(0.6):
            f.box(
                (x + half, -h, d - deep - 0.01),
                (half, h, deep),
                m,
                turn_z(s.uniform(-0.15, 0.15)) if s.chance(0.1) else None,
            )
        else:
            f.cylinder((x + half, -h, 0), min(half, d), h, m)
        x += 2 * half + (s.uniform(0.0, 0.02) if books else s.uniform(0.01, 0.15))
        if s.chance(0.07):
            x += s.uniform(0.05, 0.4)


def cabinet(f: Frame, colour: Array | None = None, w: float = 0.0, h: float = 0.0, d: float = 0.0) -> None:
    s = f.layout
    w, d = w or s.uniform(0.25, 0.8), d or s.uniform(0.2, 0.32)
    h = h or s.rng.choice([s.uniform(0.5, 1.0), s.uniform(1.6, 2.2)])
    body, metal = (
        s.material(textures.WOODEN if s.chance(0.6) else textures.GRAINY, 0.5, colour, gloss=0.3),
        s.material(period=0.1, gloss=0.8),
    )
    f.box((0, -h / 2, 0), (w, h / 2, d), body)
    columns, rows = max(1, round(w / s.uniform(0.2, 0.4))), s.pick(1, 4)
    front = s.material(textures.WOODEN if s.chance(0.6) else textures.GRAINY, 0.5, colour) if s.chance(0.4) else body
    for i in range(columns):
        for j in range(rows):
            x, y = (2 * i + 1) * w / columns - w, -(j + 0.5) * h / rows
            f.box((x, y, -d - 0.008), (w / columns - 0.008, h / rows / 2 - 0.008, 0.01), front)
            f.box((x + 0.6 * w / columns * (-1) ** i, y, -d - 0.03), (0.008, 0.05, 0.012), metal)
    if s.chance(0.5) and h < 1.3:
        clutter(f.at(0, -h, 0), w, d, s.pick(1, 5))


def lamp(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    h = s.uniform(1.2, 1.8) if s.chance(0.5) else s.uniform(0.3, 0.6)
    pole, shade = (
        s.material(period=0.2, gloss=0.5),
        s.material(textures.WOVEN, 0.2, colour, glow=s.rng.choice([0.0, 0.5, 1.2])),
    )
    f.cylinder((0, -0.01, 0), 0.12, 0.012, pole)
    f.cylinder((0, -h / 2, 0), 0.012, h / 2, pole)
    if s.chance(0.6):
        f.cone((0, -h, 0), s.uniform(0.12, 0.22), s.uniform(0.1, 0.18), shade)
    else:
        f.cylinder((0, -h, 0), s.uniform(0.1, 0.2), s.uniform(0.08, 0.15), shade)


def plant(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    green = np.array([0.05, 0.2, 0.04]) * s.uniform(0.5, 1.8) if colour is None else colour
    leaf, pot = s.material(textures.LEAFY, 0.12, green, 0.8), s.material(period=0.2)
    r, h = s.uniform(0.08, 0.2), s.uniform(0.2, 1.0)
    f.cylinder((0, -r, 0), r, r, pot)
    for _ in range(s.pick(3, 8)):
        angle, out, up = s.uniform(0, 2 * math.pi), s.uniform(0, 0.3) * h, 2 * r + h * s.uniform(0.1, 1)
        x, z = out * math.cos(angle), out * math.sin(angle)
        f.rod((0, -2 * r, 0), (x, -up, z), 0.008, leaf)
        tilt = turn_y(angle) @ turn_z(s.uniform(-1, 1))
        f.ball((x, -up, z), (s.uniform(0.05, 0.2), s.uniform(0.03, 0.15), s.uniform(0.05, 0.2)), leaf, tilt)


def person(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    size = s.uniform(1.5, 1.9) / 1.75 if s.chance(0.85) else s.uniform(0.9, 1.4) / 1.75
    f = f.at(0, 0, 0, 0, size)
    skin = s.material(textures.GRAINY, 0.3, np.array([0.45, 0.25, 0.16]) * s.uniform(0.25, 1.3), 0.1)
    top, legs, hair = (
        s.material(textures.WOVEN, 0.3, colour),
        s.material(textures.GRAINY, 0.3),
        s.material(textures.GRAINY, 0.1, np.array([0.05, 0.03, 0.02]) * s.uniform(0.4, 5)),
    )
    stride, sway = s.uniform(-0.25, 0.25), s.uniform(-0.1, 0.1)
    for side in (-1, 1):
        f.rod((side * 0.09, -0.88, 0), (side * 0.1 + sway, -0.06, side * stride), 0.075, legs)
        f.box((side * 0.1 + sway, -0.04, side * stride - 0.05), (0.045, 0.04, 0.13), hair)
        hand = (side * s.uniform(0.22, 0.45), -s.uniform(0.75, 1.3), s.uniform(-0.35, 0.15))
        f.rod((side * 0.2, -1.38, 0), hand, 0.05, top)
        f.ball(hand, (0.05, 0.06, 0.05), skin)
    f.ball((0, -1.15, 0), (0.21, 0.34, 0.14), top)
    f.box((0, -1.12, 0), (0.17, 0.27, 0.1), top)
    f.cylinder((0, -1.48, 0), 0.055, 0.08, skin)
    f.ball((0, -1.63, 0), (0.085, 0.125, 0.1), skin)
    f.ball((0, -1.67, 0.02), (0.095, 0.11, 0.1), hair)


def screen(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    w = s.uniform(0.2, 0.35) if s.chance(0.7) else s.uniform(0.4, 0.7)
    h, lift = w * s.uniform(0.55, 0.7), s.uniform(0.05, 0.15)
    dark = s.material(textures.GRAINY, 0.3, np.array([0.03, 0.03, 0.03]) if colour is None else colour, gloss=0.6)
    face = s.material(textures.PRINTED, 2 * w, glow=s.rng.choice([0.0, 0.8, 1.5]), gloss=0.5)
    f.box((0, -lift - h, 0), (w, h, 0.02), dark)
    f.box((0, -lift - h, -0.022), (w - 0.012, h - 0.015, 0.002), face)
    f.box((0, -lift / 2, 0.03), (0.03, lift / 2 + 0.02, 0.012), dark)
    f.box((0, -0.006, 0.02), (0.12, 0.006, 0.09), dark)


def laptop(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    shell, keys = (
        s.material(textures.GRAINY, 0.3, colour, gloss=0.3),
        s.material(textures.TILED, 0.1, np.array([0.04, 0.04, 0.04])),
    )
    w, d = s.uniform(0.14, 0.19), s.uniform(0.1, 0.13)
    f.box((0, -0.01, 0), (w, 0.01, d), shell)
    f.box((0, -0.021, 0.02), (w * 0.9, 0.001, d * 0.6), keys)
    angle = s.uniform(-0.1, 0.6)
    centre = (0, -0.02 - d * math.cos(angle), d + d * math.sin(angle))
    f.box(centre, (w, d, 0.005), shell, turn_x(-angle))
    face = s.material(textures.PRINTED, 0.3, glow=s.rng.choice([0.0, 1.0]))
    f.box((0, centre[1], centre[2] - 0.006), (w * 0.95, d * 0.92, 0.001), face, turn_x(-angle))


def keyboard(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    m = s.material(textures.TILED, 0.08, colour)
    f.box((0, -0.012, 0), (s.uniform(0.14, 0.23), 0.012, s.uniform(0.06, 0.08)), m)
    if s.chance(0.6):
        f.ball((0.3, -0.015, 0), (0.032, 0.02, 0.055), s.material(period=0.1))


def cup(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    m = s.material(textures.PRINTED if s.chance(0.3) else textures.GRAINY, 0.2, colour, gloss=0.6)
    r, h = s.uniform(0.03, 0.05), s.uniform(0.04, 0.07)
    if s.chance(0.3):
        f.cone((0, -h * 1.2, 0), r, h * 3, m, turn_x(math.pi))
    f.cylinder((0, -h, 0), r, h, m)
    f.cylinder((0, -2 * h, 0), r * 0.88, 0.002, s.material(textures.GRAINY, 0.1, np.array([0.06, 0.03, 0.02])))
    if s.chance(0.7):
        angle = s.uniform(0, 2 * math.pi)
        c, sn = math.cos(angle), math.sin(angle)
        f.box((c * r * 1.5, -h, sn * r * 1.5), (0.006, h * 0.6, 0.006), m)
        for y in (0.6, 1.4):
            f.rod((c * r, -h * y, sn * r), (c * r * 1.5, -h * y, sn * r * 1.5), 0.006, m)


def bottle(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    m, cap, label = (
        s.material(textures.GRAINY, 0.2, colour, 0.2, gloss=0.8),
        s.material(period=0.1),
        s.material(textures.PRINTED, 0.12),
    )
    r, h = s.uniform(0.025, 0.05), s.uniform(0.06, 0.11)
    lying = s.chance(0.1)
    if lying:
        f.rod((-h, -r, 0), (h, -r, 0), r, m)
        f.rod((h, -r, 0), (h * 1.5, -r, 0), r * 0.35, cap)
        return
    f.cylinder((0, -h, 0), r, h, m)
    f.cone((0, -2 * h - 0.4 * h, 0), r, 0.4 * h, m)
    f.cylinder((0, -2.6 * h, 0), r * 0.38, 0.35 * h, m)
    f.cylinder((0, -2.95 * h, 0), r * 0.42, 0.1 * h, cap)
    if s.chance(0.7):
        f.cylinder((0, -h, 0), r * 1.02, h * s.uniform(0.3, 0.7), label)


def can(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    r, h = s.uniform(0.025, 0.06), s.uniform(0.03, 0.09)
    m = s.material(textures.PRINTED, 0.15, colour, gloss=0.5)
    if s.chance(0.15):
        f.rod((-h, -r, 0), (h, -r, 0), r, m)
    else:
        f.cylinder((0, -h, 0), r, h, m)
        f.cylinder((0, -2 * h, 0), r * 0.93, 0.003, s.material(textures.GRAINY, 0.1, gloss=1))


def bowl(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    m = s.material(textures.GRAINY, 0.2, colour, gloss=0.5)
    r = s.uniform(0.05, 0.14)
    h = r * s.uniform(0.15, 0.6)
    f.cone((0, -h * 0.6, 0), r, h * 1.4, m, turn_x(math.pi))
    f.cylinder((0, -h * 1.3, 0), r * 0.75, h * 0.3, m)
    for _ in range(s.pick(0, 4)):
        fruit = r * s.uniform(0.2, 0.4)
        f.ball(
            (s.uniform(-0.4, 0.4) * r, -h * 1.6 - fruit * 0.5, s.uniform(-0.4, 0.4) * r),
            (fruit,) * 3,
            s.material(textures.GRAINY, 0.1),
        )


def carton(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    size = math.exp(s.uniform(math.log(0.02), math.log(0.16)))
    extent = size * np.exp(0.4 * s.rng.standard_normal(3))
    m = s.material(textures.PRINTED if s.chance(0.5) else textures.GRAINY, 2 * size, colour)
    f.box((0, -extent[1], 0), tuple(extent), m, turn_y(s.uniform(-0.5, 0.5)))


def books(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    y = 0.0
    for _ in range(s.pick(1, 6)):
        half = s.uniform(0.006, 0.025)
        m = s.material(textures.PRINTED, 0.25, colour)
        f.box(
            (s.uniform(-0.01, 0.01), y - half, s.uniform(-0.01, 0.01)),
            (s.uniform(0.07, 0.11), half, s.uniform(0.1, 0.15)),
            m,
            turn_y(s.uniform(-0.3, 0.3)),
        )
        y -= 2 * half


def paper(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    m = s.material(textures.PRINTED, 0.3, np.array([0.8, 0.8, 0.78]) if colour is None else colour)
    f.box((0, -0.002, 0), (s.uniform(0.07, 0.15), 0.002, s.uniform(0.1, 0.2)), m, turn_y(s.uniform(-0.8, 0.8)))


def ball(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    r = s.uniform(0.02, 0.06)
    f.ball((0, -r, 0), (r, r * s.uniform(0.8, 1.1), r), s.material(period=0.15, colour=colour, gloss=0.4))


def tool(f: Frame, colour: Array | None = None) -> None:
    """A pen, a knife, a screwdriver, a cable: something long that lies."""
    s = f.layout
    length, r = s.uniform(0.05, 0.2), s.uniform(0.004, 0.014)
    f.rod((-length, -r, 0), (length * 0.2, -r, 0), r, s.material(period=0.1, colour=colour, gloss=0.4))
    if s.chance(0.5):
        f.rod((length * 0.2, -r, 0), (length, -r, 0), r * 0.5, s.material(textures.GRAINY, 0.1, gloss=0.9))
    if s.chance(0.2):
        f.box((length, -r, 0), (0.02, r * 1.2, 0.05), s.material(textures.GRAINY, 0.1, gloss=0.6))


def vase(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    m = s.material(period=0.2, colour=colour, gloss=0.5)
    r, h = s.uniform(0.04, 0.1), s.uniform(0.05, 0.13)
    f.ball((0, -h, 0), (r, h, r), m)
    f.cylinder((0, -2 * h, 0), r * 0.4, h * 0.3, m)
    if s.chance(0.4):
        leaf = s.material(textures.LEAFY, 0.05, np.array([0.06, 0.2, 0.05]), 0.8)
        for _ in range(s.pick(2, 6)):
            x, z, up = s.uniform(-0.1, 0.1), s.uniform(-0.1, 0.1), 2.2 * h + s.uniform(0.05, 0.2)
            f.rod((0, -2.2 * h, 0), (x, -up, z), 0.004, leaf)
            f.ball((x, -up, z), (0.03, 0.03, 0.03), s.material(textures.GRAINY, 0.1))


SMALL: tuple[Builder, ...] = (
    cup,
    bottle,
    can,
    bowl,
    carton,
    carton,
    carton,
    books,
    paper,
    ball,
    tool,
    tool,
    vase,
    laptop,
    keyboard,
)


def clutter(f: Frame, w: float, d: float, count: int, spread: float = 0.9) -> None:
    """Small things anywhere on a surface of half width w and half depth d."""
    s = f.layout
    kinds = [SMALL[s.pick(0, len(SMALL) - 1)] for _ in range(s.pick(2, 5))]
    for _ in range(count):
        build = kinds[s.pick(0, len(kinds) - 1)] if s.chance(0.6) else SMALL[s.pick(0, len(SMALL) - 1)]
        place = f.at(
            s.uniform(-1, 1) * w * spread, 0, s.uniform(-1, 1) * d * spread, s.uniform(-3, 3), s.uniform(0.8, 1.3)
        )
        build(place, None)


def bicycle(f: Frame, colour: Array | None = None) -> None:
    """Two wheels, a frame, a saddle and a handlebar; with a tank it is a motorcycle."""
    s = f.layout
    paint, rubber, metal = (
        s.material(period=0.3, colour=colour, gloss=0.8),
        s.material(textures.GRAINY, 0.2, np.array([0.03, 0.03, 0.03])),
        s.material(textures.GRAINY, 0.2, gloss=0.9),
    )
    heavy = s.chance(0.5)
    r, base, thick = (0.3, 0.68, 0.06) if heavy else (0.34, 0.52, 0.02)
    across = turn_x(math.pi / 2)
    for x in (-base, base):
        f.cylinder((x, -r, 0), r, thick, rubber, across)
        f.cylinder((x, -r, 0), r * 0.72, thick * 1.06, metal, across)
    seat, bar = (-0.2, -0.85, 0.0), (base - 0.25, -0.95, 0.0)
    rod = 0.03 if heavy else 0.018
    for a, b in (
        ((-base, -r, 0.0), seat),
        ((base, -r, 0.0), bar),
        (seat, bar),
        ((0.0, -r, 0.0), seat),
        ((0.0, -r, 0.0), bar),
        ((-base, -r, 0.0), (0.0, -r, 0.0)),
    ):
        f.rod(a, b, rod, paint)
    f.rod((bar[0], bar[1] - 0.05, -0.3), (bar[0], bar[1] - 0.05, 0.3), 0.015, metal)
    f.box((seat[0], seat[1] - 0.03, 0), (0.13, 0.03, 0.06), rubber)
    if heavy:
        f.ball((0.1, -0.78, 0), (0.25, 0.13, 0.13), paint)
        f.box((0, -0.42, 0), (0.2, 0.18, 0.14), metal)
        f.box((-0.35, -0.75, 0), (0.35, 0.06, 0.12), rubber)
        f.rod((-0.7, -0.35, 0.15), (0.1, -0.3, 0.15), 0.04, metal)


def car(f: Frame, colour: Array | None = None) -> None:
    """Its front looks along z."""
    s = f.layout
    paint = s.material(textures.GRAINY, 1.0, colour, 0.1, gloss=0.9)
    glass = s.material(textures.GRAINY, 1.0, np.array([0.03, 0.04, 0.05]), 0.2, gloss=1.0)
    rubber, light = (
        s.material(textures.GRAINY, 0.2, np.array([0.02, 0.02, 0.02])),
        s.material(textures.GRAINY, 0.2, glow=s.uniform(0, 1)),
    )
    style = s.pick(0, 4)
    w, length, h = s.uniform(0.82, 0.95), s.uniform(1.9, 2.4), s.uniform(0.7, 0.85)
    if style == 4:  # a van, a lorry, a bus
        w, length, h = s.uniform(0.95, 1.25), s.uniform(2.4, 5.5), s.uniform(1.0, 1.6)
        f.box((0, -h - 0.35, 0), (w, h, length), paint)
        for side in (-1, 1):
            f.box((side * (w + 0.005), -1.35 * h - 0.35, 0.1), (0.01, 0.3 * h, length * 0.85), glass)
        f.box((0, -1.35 * h - 0.35, length), (w * 0.9, 0.35 * h, 0.02), glass)
        f.box((0, -1.35 * h - 0.35, -length), (w * 0.8, 0.3 * h, 0.02), glass)
    else:
        cabin, shift = length * s.uniform(0.45, 0.62), s.uniform(-0.45, 0.0)
        f.box((0, -0.58, 0), (w, 0.32, length), paint)
        top = 0.9 + s.uniform(0.0, 0.12) * h
        f.box((0, -top - 0.18, shift), (w * 0.86, 0.28, cabin), glass)
        f.box((0, -top - 0.46, shift), (w * 0.8, 0.04, cabin * 0.85), paint)
        for side in (-1, 1):
            for z in (-0.9, 0.0, 0.9):
                f.rod(
                    (side * w * 0.85, -0.85, shift + z * cabin * 1.1),
                    (side * w * 0.78, -top - 0.45, shift + z * cabin * 0.85),
                    0.04,
                    paint,
                )
            f.box((side * w * 1.08, -0.95, shift + cabin * 0.85), (0.08, 0.06, 0.04), paint)
        f.box(
            (0, -0.5, -length - 0.01), (0.26, 0.06, 0.01), s.material(textures.PRINTED, 0.5, np.array([0.8, 0.8, 0.7]))
        )
    for side in (-1, 1):
        for z in (-0.62, 0.62):
            f.cylinder((side * (w - 0.1), -0.32, z * length), 0.32, 0.12, rubber, turn_z(math.pi / 2))
            f.cylinder(
                (side * (w - 0.09), -0.32, z * length),
                0.19,
                0.12,
                s.material(textures.GRAINY, 0.2, gloss=0.7),
                turn_z(math.pi / 2),
            )
        for end in (-1, 1):
            f.box((side * w * 0.75, -0.65, end * length), (0.15, 0.07, 0.02), light)


def tree(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    bark = s.material(textures.GRAINY, 0.2, np.array([0.12, 0.08, 0.05]) * s.uniform(0.4, 2.0), 0.5)
    green = np.array([0.05, 0.16, 0.03]) * s.uniform(0.4, 2.2) if colour is None else colour
    leaf = s.material(textures.LEAFY, 0.7, green, 0.9)
    h, r = s.uniform(1.8, 5.0), s.uniform(0.06, 0.22)
    if s.chance(0.2):
        f.cylinder((0, -0.4, 0), r, 0.4, bark)
        f.cone((0, -h, 0), h * s.uniform(0.22, 0.4), h * 0.85, leaf)
        return
    lean = (s.uniform(-0.3, 0.3), -h, s.uniform(-0.3, 0.3))
    f.rod((0, 0, 0), lean, r, bark)
    bare = s.chance(0.15)
    for _ in range(s.pick(4, 12)):
        spread = h * 0.35
        tip = (lean[0] + s.uniform(-1, 1) * spread, -h * s.uniform(0.85, 1.6), lean[2] + s.uniform(-1, 1) * spread)
        f.rod((lean[0], -h * s.uniform(0.6, 1), lean[2]), tip, r * 0.35, bark)
        if not bare:
            crown = h * s.uniform(0.13, 0.3)
            f.ball(tip, (crown, crown * s.uniform(0.6, 1.0), crown * s.uniform(0.8, 1.2)), leaf)


def bush(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    leaf = s.material(
        textures.LEAFY, 0.5, np.array([0.05, 0.15, 0.03]) * s.uniform(0.4, 2.2) if colour is None else colour, 0.9
    )
    for _ in range(s.pick(2, 6)):
        r = s.uniform(0.25, 0.7)
        f.ball((s.uniform(-0.7, 0.7), -r * 0.7, s.uniform(-0.7, 0.7)), (r, r * s.uniform(0.6, 0.8), r), leaf)


def pole(f: Frame, colour: Array | None = None) -> None:
    """A lamp post, a traffic light, a road sign, a bollard."""
    s = f.layout
    metal = s.material(textures.GRAINY, 0.3, colour, gloss=0.3)
    style = s.pick(0, 3)
    if style == 3:
        f.cylinder((0, -0.45, 0), s.uniform(0.05, 0.12), 0.45, metal)
        return
    h = (s.uniform(2.5, 3.5), s.uniform(4.0, 8.0), s.uniform(2.2, 3.0))[style]
    f.cylinder((0, -h / 2, 0), s.uniform(0.035, 0.09), h / 2, metal)
    if style == 0:
        f.box((0, -h, -0.1), (0.15, 0.42, 0.13), s.material(textures.GRAINY, 0.3, np.array([0.04, 0.05, 0.04])))
        for i, hue in enumerate(([0.8, 0.05, 0.03], [0.8, 0.5, 0.03], [0.05, 0.7, 0.2])):
            f.ball(
                (0, -h - 0.25 + 0.25 * i, -0.22),
                (0.09, 0.09, 0.04),
                s.material(textures.GRAINY, 0.3, np.array(hue), glow=s.rng.choice([0.0, 2.0])),
            )
    elif style == 1:
        f.rod((0, -h, 0), (s.rng.choice([-1, 1]) * s.uniform(0.5, 2.0), -h - 0.3, 0), 0.05, metal)
    else:
        sign = s.material(textures.PRINTED, 1.0, gloss=0.3)
        if s.chance(0.5):
            f.cylinder((0, -h, -0.06), 0.32, 0.015, sign, turn_x(math.pi / 2))
        else:
            f.box((0, -h, -0.06), (s.uniform(0.2, 0.6), s.uniform(0.2, 0.4), 0.015), sign)


def fence(f: Frame, length: float) -> None:
    s = f.layout
    m = s.material(textures.WOODEN, 0.3)
    h, gap = s.uniform(0.7, 1.8), s.uniform(0.15, 0.5)
    if s.chance(0.4):
        f.box((0, -h / 2, 0), (length, h / 2, 0.06), s.material(textures.WALLED, 0.8))
        return
    for i in range(min(int(2 * length / gap), 40)):
        f.box((-length + i * gap, -h / 2, 0), (0.03, h / 2, 0.02), m)
    for y in (0.25, 0.9):
        f.box((0, -h * y, 0.02), (length, 0.03, 0.015), m)


def house(f: Frame, w: float, h: float, d: float) -> None:
    """Its front looks along -z; w, h and d are half sizes."""
    s = f.layout
    wall = s.material(textures.FACADE if s.chance(0.5) else textures.WALLED, s.uniform(3, 8), contrast=0.8)
    f.box((0, -h, 0), (w, h, d), wall)
    if s.chance(0.5):
        glass, frame = (
            s.material(textures.GRAINY, 1.0, np.array([0.05, 0.06, 0.08]), gloss=1.0),
            s.material(textures.GRAINY, 1.0),
        )
        floors, columns = max(1, min(5, round(2 * h / 3))), max(1, min(7, round(2 * w / 2.6)))
        depth = s.rng.choice([-0.05, 0.03, 0.12])
        for i in range(floors):
            for j in range(columns):
                x, y = (2 * j + 1) * w / columns - w, -(2 * i + 1.1) * h / floors
                f.box((x, y, -d - max(depth, 0)), (0.55 * w / columns, 0.5 * h / floors, 0.03), glass)
                if s.chance(0.5):
                    f.box((x, y + 0.55 * h / floors, -d - 0.1), (0.62 * w / columns, 0.05, 0.12), frame)
    if s.chance(0.4):
        f.box((s.uniform(-0.7, 0.7) * w, -1.05, -d - 0.02), (0.5, 1.05, 0.05), s.material(textures.WOODEN, 1.0))
    if s.chance(0.3):
        roof = s.material(textures.WALLED, 0.6, np.array([0.2, 0.07, 0.04]) * s.uniform(0.4, 1.5))
        slope = s.uniform(0.4, 0.8)
        for side in (-1, 1):
            f.box(
                (0, -2 * h - 0.5 * d * slope, side * d * 0.5),
                (w * 1.05, 0.08, 0.62 * d),
                roof,
                turn_x(side * slope * 0.9),
            )
    if s.chance(0.25):
        f.box((0, -s.uniform(2.4, 3.0), -d - 0.6), (w * 0.8, 0.06, 0.6), s.material(textures.WOVEN, 0.6))


def box_of_things(
    f: Frame, colour: Array | None = None, w: float = 0.0, d: float = 0.0, h: float = 0.0, count: int = 0
) -> None:
    """An open box, a crate, a bin, and what lies in it."""
    s = f.layout
    w, d, h = w or s.uniform(0.12, 0.35), d or s.uniform(0.1, 0.28), h or s.uniform(0.08, 0.25)
    m = s.material(textures.WOODEN if s.chance(0.4) else textures.GRAINY, 0.4, colour)
    thick = 0.02 * w + 0.003
    f.box((0, -thick, 0), (w, thick, d), m)
    for side in (-1, 1):
        f.box((side * w, -h / 2, 0), (thick, h / 2, d), m)
        f.box((0, -h / 2, side * d), (w, h / 2, thick), m)
    for _ in range(count or s.pick(3, 14)):
        lift = -2 * thick - s.uniform(0, 0.4) * h
        place = f.at(s.uniform(-0.75, 0.75) * w, lift, s.uniform(-0.75, 0.75) * d, s.uniform(-3, 3), min(1.0, w / 0.25))
        SMALL[s.pick(0, len(SMALL) - 4)](place, None)


def stool(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    m = s.material(textures.WOODEN, 0.3, colour)
    h, r = s.uniform(0.4, 0.75), s.uniform(0.14, 0.2)
    f.cylinder((0, -h, 0), r, 0.02, m)
    for i in range(s.rng.choice([3, 4])):
        angle = i * math.pi / 2
        f.rod(
            (0.6 * r * math.cos(angle), -h, 0.6 * r * math.sin(angle)),
            (r * math.cos(angle), 0, r * math.sin(angle)),
            0.018,
            m,
        )


def appliance(f: Frame, colour: Array | None = None) -> None:
    """A washing machine, an oven, a refrigerator, a machine."""
    s = f.layout
    m = s.material(
        textures.GRAINY, 0.6, np.array([0.7, 0.7, 0.7]) if colour is None and s.chance(0.6) else colour, 0.2, gloss=0.5
    )
    w, d, h = s.uniform(0.28, 0.4), s.uniform(0.28, 0.36), s.uniform(0.8, 1.9)
    f.box((0, -h / 2, 0), (w, h / 2, d), m)
    dark = s.material(textures.GRAINY, 0.4, np.array([0.05, 0.05, 0.06]), gloss=0.8)
    if s.chance(0.4):
        f.cylinder((0, -0.45, -d), 0.2, 0.02, dark, turn_x(math.pi / 2))
    else:
        f.box((0, -h * 0.4, -d - 0.01), (w * 0.8, h * 0.25, 0.01), dark)
    f.box((0, -h * 0.75, -d - 0.03), (w * 0.7, 0.012, 0.015), s.material(period=0.1, gloss=0.9))


def carton_pile(f: Frame, colour: Array | None = None) -> None:
    s = f.layout
    y = 0.0
    for _ in range(s.pick(1, 4)):
        w, h, d = s.uniform(0.12, 0.4), s.uniform(0.1, 0.3), s.uniform(0.12, 0.35)
        brown = np.array([0.35, 0.22, 0.12]) if colour is None and s.chance(0.6) else colour
        f.box(
            (s.uniform(-0.08, 0.08), y - h, s.uniform(-0.08, 0.08)),
            (w, h, d),
            s.material(textures.PRINTED, 0.8, brown, 0.3),
            turn_y(s.uniform(-0.4, 0.4)),
        )
        y -= 2 * h


FURNITURE: tuple[Builder, ...] = (
    table, desk, chair, chair, sofa, bed, shelf, cabinet, lamp, plant, person, stool, appliance, carton_pile, bicycle,
    box_of_things,
)  # fmt: skip

# Words in a thing's name -> how it is built; the first that fits counts.
_NAMED: tuple[tuple[str, Builder], ...] = (
    (r"lamp ?post|traffic light|sign|bollard|pole|post|mast|flag|hydrant|parking meter", pole),
    (r"\b(car|van|bus|truck|lorry|taxi|tram|tractor|jeep|ambulance|vehicle|caravan|forklift|excavator)\b", car),
    (r"bicycle|bike|motorcycle|moped|scooter", bicycle),
    (r"\b(tree|palm|oak|birch|fir|pine|spruce)\b", tree),
    (r"bush|hedge|shrub", bush),
    (r"plant|flower|fern|cactus", plant),
    (r"person|people|man|woman|child|boy|girl|student|worker|customer|nurse|player|visitor|pedestrian|cyclist|shopper|"
     r"waiter|lecturer|librarian|mechanic|traveller|swimmer|referee|operator|spectator|jogger|doctor|surgeon", person),
    (r"sofa|couch|armchair|settee", sofa),
    (r"\bbeds?\b|\bcot\b|mattress|stretcher|bunk", bed),
    (r"desk", desk),
    (r"stool|ottoman|footstool", stool),
    (r"chair|seat|throne|pew", chair),
    (r"table|workbench|bench|counter|worktop|altar", table),
    (r"shelf|bookcase|rack|library", shelf),
    (r"wardrobe|cabinet|cupboard|locker|drawers|sideboard|dresser|closet|chest", cabinet),
    (r"lamp|chandelier|lantern", lamp),
    (r"television|monitor|screen|display", screen),
    (r"laptop|notebook computer", laptop),
    (r"keyboard", keyboard),
    (r"washing machine|oven|refrigerator|fridge|dishwasher|dryer|freezer|stove|machine", appliance),
    (r"\b(mug|cup|glass|beaker|tumbler)\b", cup),
    (r"bottle|flask|thermos", bottle),
    (r"\b(can|tin|jar|pot|bucket|drum|barrel|bin)\b", can),
    (r"bowl|plate|dish|saucer", bowl),
    (r"\b(book|books|magazine|dictionary)\b", books),
    (r"paper|letter|newspaper|envelope|card", paper),
    (r"\b(pen|pencil|knife|fork|spoon|screwdriver|cable|hammer|wrench|pliers|brush|ruler|scissors)\b", tool),
    (r"vase|jug|teapot|kettle|pitcher", vase),
)  # fmt: skip
_COMPILED = tuple((re.compile(words), build) for words, build in _NAMED)


def named(name: str) -> Builder | None:
    """How a thing of this name is built; None for what has no form of its own."""
    return next((build for words, build in _COMPILED if words.search(name)), None)
